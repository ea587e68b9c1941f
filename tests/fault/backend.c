/* SPDX-License-Identifier: MIT */
/*
 * A backend around another that falsifies one result, or makes every transfer a byte long.
 *
 * This file defines co_backend_choose, so the program is linked without the library's own
 * (backends.c): the library needs no hook for its tests.
 */
#include "backend.h"

#include "inject.h"
#include "runtime/pool.h"
#include "runtime/rt.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct co_backend faulty;
static const struct co_backend *base;
static __thread struct co_op *delayed; /* falsified, and completed by the next poll */

/* A gather list of few bytes for each operation that may be in flight, in turn: one that waits for
 * its peer keeps its own while thousands of others come and go. */
static __thread struct iovec bytes[4096];
static __thread unsigned byte_next;

/* A byte; of what is large, the time that this takes tells nothing more. */
static size_t short_size(size_t size)
{
    return size > 16384 ? 997 : size > 0;
}

static void shorten_send(struct co_op *op)
{
    const struct iovec *first = &op->a.send.pieces[0];
    struct iovec *byte = &bytes[byte_next++ % CO_LENGTH(bytes)];
    *byte = (struct iovec){first->iov_base, short_size(first->iov_len)};
    op->a.send.pieces = byte;
    op->a.send.count = 1;
}

static void shorten(struct co_op *op)
{
    switch (op->code) {
    case CO_OP_RECEIVE:
        if (op->a.receive.at)
            op->a.receive.size = short_size(op->a.receive.size);
        break;
    case CO_OP_SEND: shorten_send(op); break;
    case CO_OP_SEND_FILE: op->a.file.size = short_size(op->a.file.size); break;
    case CO_OP_SPLICE: op->a.splice.size = short_size(op->a.splice.size); break;
    case CO_OP_RECEIVE_MESSAGES:
    case CO_OP_SEND_MESSAGES: op->a.messages.count = 1; break;
    default: break;
    }
}

/* A receive that lets the backend choose the buffer gets one byte, if one is there already. */
static bool receive_byte(struct co_rt *rt, struct co_op *op)
{
    int raw = base->raw(rt, op->fd);
    char *buffer = raw < 0 ? NULL : co_buffer_take(rt, CO_BUFFER_SMALL);
    if (!buffer || recv(raw, buffer, 1, MSG_DONTWAIT) != 1) {
        if (buffer)
            co_buffer_give(rt, buffer, CO_BUFFER_SMALL);
        return base->submit(rt, op);
    }
    op->a.receive.at = buffer;
    op->a.receive.size = CO_BUFFER_SMALL;
    op->result = 1;
    rt->input_serial++;
    return true;
}

static bool submit_short(struct co_rt *rt, struct co_op *op)
{
    if (op->code == CO_OP_RECEIVE && !op->a.receive.at)
        return receive_byte(rt, op);
    shorten(op);
    return base->submit(rt, op);
}

/* Who cannot send any more for that reason receives nothing more either, and the peer sees a reset,
 * where there are such. */
static void break_off(struct co_rt *rt, const struct co_op *op, int error)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    int raw = base->raw(rt, op->fd);
    bool is_end = error == EPIPE || error == ECONNRESET || error == ETIMEDOUT;
    if (op->code == CO_OP_SEND && is_end && raw >= 0 && connect(raw, &nobody, sizeof nobody) < 0)
        shutdown(raw, SHUT_RDWR);
}

static bool faulty_submit(struct co_rt *rt, struct co_op *op)
{
    const struct fault *fault = fault_get();
    int error = fault_strikes(op->code);
    if (error == FAULT_SHORT || (!error && fault->shortens))
        return submit_short(rt, op);
    if (!error)
        return base->submit(rt, op);
    break_off(rt, op, error);
    op->result = error == FAULT_END ? 0 : -error;
    op->in_flight = fault->later && !delayed && !(op->flags & CO_OP_NOW);
    if (op->in_flight)
        delayed = op;
    return !op->in_flight;
}

static void faulty_cancel(struct co_rt *rt, struct co_op *op)
{
    if (op != delayed)
        base->cancel(rt, op);
}

static int faulty_poll(struct co_rt *rt, int64_t until_ns)
{
    struct co_op *op = delayed;
    int error = fault_strikes(FAULT_POLL);
    if (error)
        return -error;
    delayed = NULL;
    if (op)
        co_op_complete(rt, op, op->result);
    return base->poll(rt, op ? 0 : until_ns);
}

static int faulty_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    int error = fault_strikes(FAULT_SOCKET);
    return error ? -error : base->socket(rt, family, type, protocol, ret);
}

static long faulty_control(struct co_rt *rt, co_fd fd, struct co_control *control)
{
    int error = fault_strikes(FAULT_CONTROL);
    return error ? -error : base->control(rt, fd, control);
}

static int faulty_offload(struct co_rt *rt, struct co_job *job)
{
    int error = fault_strikes(FAULT_OFFLOAD);
    return error ? -error : base->offload(rt, job);
}

void fault_backend_reset(void)
{
    delayed = NULL;
}

/* Shards choose too, at once; what the first has set is theirs. */
static void wrap(const struct co_backend *found)
{
    base = found;
    faulty = *found;
    faulty.submit = faulty_submit;
    faulty.cancel = faulty_cancel;
    faulty.poll = faulty_poll;
    faulty.socket = faulty_socket;
    faulty.control = faulty_control;
    faulty.offload = faulty_offload;
}

int co_backend_choose(struct co_rt *rt)
{
    static const struct co_backend *const all[] = {FAULT_BACKENDS};
    const struct co_backend *found = NULL;
    const char *name = rt->options->backend;
    if (!name)
        name = getenv("CORONET_BACKEND");
    for (size_t i = 0; i < CO_LENGTH(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            found = all[i];
    if (!found)
        return -EINVAL;
    if (base != found)
        wrap(found);
    rt->backend = &faulty;
    return found->open(rt);
}

/* SPDX-License-Identifier: MIT */
/*
 * A backend around another that falsifies one result, or makes every transfer a byte long.
 *
 * This file defines co_backend_choose, so the program is linked without the library's own
 * (backends.c): the library needs no hook for its tests.
 */
#include "backend.h"

#include "runtime/rt.h"

#include <errno.h>

static struct co_backend faulty;
static const struct co_backend *base;
static struct fault fault;
static long met; /* calls of the chosen kind since the run began */
static bool shortens;
static struct co_op *delayed; /* falsified, and completed by the next poll */

/* A gather list of one byte for each operation that may be in flight. */
static struct iovec bytes[64];
static unsigned byte_next;

static bool strikes(unsigned code)
{
    return fault.code == code && ++met == fault.ordinal;
}

static void shorten(struct co_op *op)
{
    if (op->code == CO_OP_RECEIVE && op->a.receive.at)
        op->a.receive.size = 1;
    if (op->code == CO_OP_SEND_FILE && op->a.file.size > 7)
        op->a.file.size = 7;
    if (op->code != CO_OP_SEND)
        return;
    struct iovec *byte = &bytes[byte_next++ % CO_LENGTH(bytes)];
    *byte = (struct iovec){op->a.send.pieces[0].iov_base, 1};
    op->a.send.pieces = byte;
    op->a.send.count = 1;
}

static bool faulty_submit(struct co_rt *rt, struct co_op *op)
{
    if (shortens)
        shorten(op);
    if (!strikes(op->code))
        return base->submit(rt, op);
    op->result = -fault.error;
    op->in_flight = fault.later;
    if (fault.later)
        delayed = op;
    return !fault.later;
}

static void faulty_cancel(struct co_rt *rt, struct co_op *op)
{
    if (op != delayed)
        base->cancel(rt, op);
}

static int faulty_poll(struct co_rt *rt, int64_t until_ns)
{
    struct co_op *op = delayed;
    delayed = NULL;
    if (op)
        co_op_complete(rt, op, op->result);
    return base->poll(rt, op ? 0 : until_ns);
}

static int faulty_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    return strikes(FAULT_SOCKET) ? -fault.error : base->socket(rt, family, type, protocol, ret);
}

static long faulty_control(struct co_rt *rt, co_fd fd, struct co_control *control)
{
    return strikes(FAULT_CONTROL) ? -fault.error : base->control(rt, fd, control);
}

static int faulty_offload(struct co_rt *rt, struct co_job *job)
{
    return strikes(FAULT_OFFLOAD) ? -fault.error : base->offload(rt, job);
}

void fault_set(const struct fault *next, bool short_transfers)
{
    fault = *next;
    met = 0;
    delayed = NULL;
    shortens = short_transfers;
}

bool fault_struck(void)
{
    return met >= fault.ordinal;
}

int co_backend_choose(struct co_rt *rt)
{
    static const struct co_backend *const all[] = {FAULT_BACKENDS};
    for (size_t i = 0; i < CO_LENGTH(all); i++)
        if (strcmp(all[i]->name, rt->options->backend) == 0)
            base = all[i];
    if (!base || strcmp(base->name, rt->options->backend) != 0)
        return -EINVAL;
    faulty = *base;
    faulty.submit = faulty_submit;
    faulty.cancel = faulty_cancel;
    faulty.poll = faulty_poll;
    faulty.socket = faulty_socket;
    faulty.control = faulty_control;
    faulty.offload = faulty_offload;
    rt->backend = &faulty;
    return base->open(rt);
}

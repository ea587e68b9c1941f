/* SPDX-License-Identifier: MIT */
#include "runtime/sysop.h"
#include "runtime/pool.h"
#include "runtime/rt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_READ_STEP ((size_t)64 << 10) /* a pool thread's scratch buffer */

static struct co_sys *sys_of(struct co_rt *rt)
{
    return rt->backend_state;
}

/* A system call's result; waiting, if that is what it wants, told apart from real results. */
static long outcome(struct co_slot *slot, enum co_slot_bits bit, long result)
{
    if (result >= 0)
        return result;
    int error = errno;
    if (error != EAGAIN)
        return -error;
    slot->bits &= (uint8_t)~bit;
    return CO_SYS_WAIT;
}

static void drained(struct co_slot *slot)
{
    if (!(slot->bits & CO_SLOT_ENDING))
        slot->bits &= (uint8_t)~CO_SLOT_READABLE;
}

bool co_sys_accept_again(int error)
{
    /* accept(2): the network errors of the new socket are passed on; treat them as EAGAIN. */
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
           error == ENETUNREACH || error == EHOSTDOWN || error == EHOSTUNREACH;
}

long co_sys_accepted(struct co_rt *rt, const struct co_slot *listener, struct co_op *op, int raw)
{
    struct co_sys *sys = sys_of(rt);
    uint8_t bits = sys->fresh_bits | (listener->bits & CO_SLOT_PIECEWISE);
    int rc = co_fdtable_add(&sys->fds, raw, bits, &op->a.accept.fd);
    if (rc < 0)
        close(raw);
    return rc;
}

static long try_accept(struct co_rt *rt, struct co_slot *slot, struct co_op *op)
{
    co_address *peer = op->a.accept.peer;
    struct sockaddr *at = peer ? &peer->as.any : NULL;
    socklen_t size;
    int raw;
    do {
        size = sizeof peer->as;
        raw = accept4(slot->raw, at, at ? &size : NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (raw < 0 && co_sys_accept_again(errno));
    if (raw < 0)
        return outcome(slot, CO_SLOT_READABLE, raw);
    if (peer)
        peer->size = size;
    return co_sys_accepted(rt, slot, op, raw);
}

static long try_connected(struct co_slot *slot)
{
    struct pollfd wait = {.fd = slot->raw, .events = POLLOUT};
    int error;
    socklen_t size = sizeof error;
    int n = poll(&wait, 1, 0);
    if (n == 0) {
        slot->bits &= (uint8_t)~CO_SLOT_WRITABLE;
        return CO_SYS_WAIT;
    }
    if (n < 0 || getsockopt(slot->raw, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        return -errno;
    return -error;
}

/* Asked again while one is under way, connect(2) answers EALREADY, 0 or the error it came to. */
static long try_connect(struct co_slot *slot, struct co_op *op)
{
    const co_address *address = op->a.connect.address;
    if (!address)
        return try_connected(slot);
    if (connect(slot->raw, &address->as.any, address->size) == 0)
        return 0;
    int error = errno;
    if (error != EINPROGRESS && error != EALREADY && error != EINTR)
        return -error; /* EAGAIN too: a Unix socket's backlog is full, and nothing tells of room */
    slot->bits &= (uint8_t)~CO_SLOT_WRITABLE;
    return CO_SYS_WAIT;
}

static long receive_at(struct co_rt *rt, struct co_slot *slot, void *at, size_t size)
{
    ssize_t n = recv(slot->raw, at, size, MSG_DONTWAIT);
    if (n <= 0)
        return outcome(slot, CO_SLOT_READABLE, n);
    if ((size_t)n < size && !(slot->bits & CO_SLOT_PIECEWISE))
        drained(slot);
    else
        slot->bits |= CO_SLOT_READABLE;
    rt->input_serial++;
    return n;
}

static long try_receive(struct co_rt *rt, struct co_slot *slot, struct co_op *op)
{
    if (op->a.receive.at)
        return receive_at(rt, slot, op->a.receive.at, op->a.receive.size);
    void *buffer = co_buffer_take(rt, CO_BUFFER_SMALL);
    if (!buffer)
        return -ENOMEM;
    long n = receive_at(rt, slot, buffer, CO_BUFFER_SMALL);
    if (n <= 0) {
        co_buffer_give(rt, buffer, CO_BUFFER_SMALL);
        return n;
    }
    op->a.receive.at = buffer;
    op->a.receive.size = CO_BUFFER_SMALL;
    return n;
}

static long try_splice(struct co_rt *rt, struct co_slot *slot, struct co_op *op)
{
    ssize_t n;
    do {
        n = splice(slot->raw, NULL, op->a.splice.pipe_fd, NULL, op->a.splice.size,
            SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    } while (n < 0 && errno == EINTR);
    if (n > 0) { /* fewer than asked for may be all that the pipe takes: there may be more */
        slot->bits |= CO_SLOT_READABLE;
        rt->input_serial++;
    }
    return outcome(slot, CO_SLOT_READABLE, n);
}

static long try_send(struct co_slot *slot, struct co_op *op)
{
    const struct iovec *pieces = op->a.send.pieces;
    const int more = op->flags & CO_OP_MORE ? MSG_MORE : 0;
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | more;
    if (op->a.send.count == 1) /* spares the kernel reading a message header and a list */
        return outcome(
            slot, CO_SLOT_WRITABLE, send(slot->raw, pieces->iov_base, pieces->iov_len, flags));
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)pieces, /* sendmsg only reads it */
        .msg_iovlen = op->a.send.count,
    };
    return outcome(slot, CO_SLOT_WRITABLE, sendmsg(slot->raw, &message, flags));
}

static long try_messages(struct co_rt *rt, struct co_slot *slot, struct co_op *op)
{
    struct mmsghdr *at = op->a.messages.at;
    unsigned count = op->a.messages.count;
    if (op->code == CO_OP_SEND_MESSAGES)
        return outcome(
            slot, CO_SLOT_WRITABLE, sendmmsg(slot->raw, at, count, MSG_DONTWAIT | MSG_NOSIGNAL));
    long n = recvmmsg(slot->raw, at, count, MSG_DONTWAIT, NULL);
    if (n > 0)
        rt->input_serial++;
    if (n > 0 && (unsigned)n < count)
        drained(slot);
    else if (n > 0)
        slot->bits |= CO_SLOT_READABLE;
    return outcome(slot, CO_SLOT_READABLE, n);
}

static long try_readable(struct co_slot *slot)
{
    struct pollfd one = {.fd = slot->raw, .events = POLLIN};
    int n = poll(&one, 1, 0);
    if (n > 0)
        return one.revents & POLLNVAL ? -EBADF : 0;
    if (n < 0 && errno != EINTR)
        return -errno;
    slot->bits &= (uint8_t)~CO_SLOT_READABLE;
    return CO_SYS_WAIT;
}

/* ---- files --------------------------------------------------------------------------------- */

static size_t slice_size(const struct co_op *op)
{
    return op->a.file.size < CO_SYS_FILE_SLICE ? op->a.file.size : CO_SYS_FILE_SLICE;
}

/* Is the byte at `offset` in memory? The end of the file is. */
static bool byte_is_cached(int fd, uint64_t offset)
{
    char byte;
    struct iovec piece = {&byte, 1};
    return preadv2(fd, &piece, 1, (off_t)offset, RWF_NOWAIT) >= 0;
}

/* Files are read ahead in order, so the last byte speaks for the slice; cachestat(2) would count
 * each page and costs a tenth of the sending. The question is about latency only. */
static bool slice_is_cached(const struct co_op *op)
{
    uint64_t size = slice_size(op);
    return size == 0 || byte_is_cached(op->a.file.file_fd, op->a.file.offset + size - 1);
}

/* Does not ask whether the slice is in memory. */
static long send_slice(struct co_slot *slot, struct co_op *op)
{
    off_t offset = (off_t)op->a.file.offset;
    ssize_t n;
    do {
        n = sendfile(slot->raw, op->a.file.file_fd, &offset, slice_size(op));
    } while (n < 0 && errno == EINTR);
    return outcome(slot, CO_SLOT_WRITABLE, n);
}

struct warming {
    struct co_job job;
    struct co_op *op;
};

/* On a pool thread. What it reads is thrown away: it is in the page cache then. */
static int warm_run(void *arg)
{
    const struct co_op *op = ((struct warming *)arg)->op;
    size_t left = slice_size(op);
    uint64_t offset = op->a.file.offset;
    char *scratch = malloc(FILE_READ_STEP);
    ssize_t n = 1;
    while (scratch && left > 0 && n > 0) {
        size_t step = left < FILE_READ_STEP ? left : FILE_READ_STEP;
        n = pread(op->a.file.file_fd, scratch, step, (off_t)offset);
        left -= n > 0 ? (size_t)n : 0;
        offset += n > 0 ? (size_t)n : 0;
    }
    free(scratch);
    return 0;
}

static void warm_done(struct co_rt *rt, struct co_job *job)
{
    struct warming *warming = CO_CONTAINER(job, struct warming, job);
    struct co_op *op = warming->op;
    struct co_slot *slot = co_fdtable_get(&sys_of(rt)->fds, op->fd);
    free(warming);
    long result = -ECANCELED;
    if (!op->canceling)
        result = co_sys_settle(rt, slot, op, send_slice(slot, op), false);
    if (result != CO_SYS_WAIT)
        co_op_complete(rt, op, result);
}

/* Reads the slice of a cold SEND_FILE on a pool thread. 0, -ENOMEM. */
static int warm(struct co_rt *rt, struct co_op *op)
{
    struct warming *warming = malloc(sizeof *warming);
    if (!warming)
        return -ENOMEM;
    *warming = (struct warming){{.run = warm_run, .arg = warming, .done = warm_done}, op};
    int rc = co_workers_offload(rt, &warming->job);
    if (rc < 0)
        free(warming);
    return rc;
}

long co_sys_try(struct co_rt *rt, struct co_slot *slot, struct co_op *op)
{
    switch ((enum co_op_code)op->code) {
    case CO_OP_ACCEPT: return try_accept(rt, slot, op);
    case CO_OP_CONNECT: return try_connect(slot, op);
    case CO_OP_RECEIVE: return try_receive(rt, slot, op);
    case CO_OP_SEND: return try_send(slot, op);
    case CO_OP_SEND_FILE: return slice_is_cached(op) ? send_slice(slot, op) : CO_SYS_COLD;
    case CO_OP_RECEIVE_MESSAGES:
    case CO_OP_SEND_MESSAGES: return try_messages(rt, slot, op);
    case CO_OP_SPLICE: return try_splice(rt, slot, op);
    case CO_OP_READABLE: return try_readable(slot);
    case CO_OP_NONE: break;
    }
    return -EINVAL;
}

/* ---- from attempt to attempt ----------------------------------------------------------------- */

long co_sys_settle(
    struct co_rt *rt, struct co_slot *slot, struct co_op *op, long result, bool refused)
{
    bool waits = result == CO_SYS_WAIT || result == CO_SYS_COLD;
    if (waits && op->canceling)
        return -ECANCELED;
    if (result == CO_SYS_COLD) {
        if (warm(rt, op) == 0)
            return CO_SYS_WAIT;
        result = send_slice(slot, op); /* slow is better than not at all */
    }
    if (result != CO_SYS_WAIT)
        return result;
    int rc = sys_of(rt)->wait(rt, slot, op, refused);
    return rc < 0 ? rc : CO_SYS_WAIT;
}

bool co_sys_submit(struct co_rt *rt, struct co_op *op)
{
    struct co_slot *slot = co_fdtable_get(&sys_of(rt)->fds, op->fd);
    op->canceling = false;
    op->in_flight = true;
    co_list_init(&op->link);
    long result = -EBADF;
    if (slot) {
        assert(!*co_sys_waiter(slot, op));
        uint8_t bit = co_sys_reads(op) ? CO_SLOT_READABLE : CO_SLOT_WRITABLE;
        bool now = op->flags & CO_OP_NOW;
        bool hopeful =
            (slot->bits & bit) || (op->flags & CO_OP_LIKELY) || op->code == CO_OP_CONNECT;
        result = hopeful ? co_sys_try(rt, slot, op) : CO_SYS_WAIT;
        if (now && result == CO_SYS_WAIT)
            result = -EAGAIN;
        result = co_sys_settle(rt, slot, op, result, false);
    }
    if (result == CO_SYS_WAIT)
        return false;
    op->in_flight = false;
    op->result = result;
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * The backend on io_uring. What can probably be done at once is done by the direct system call, as
 * on epoll; what has to wait becomes a request: a receive into a buffer that the kernel chooses
 * when there is input, an accept, or for everything else a poll after which the direct call is
 * tried again. Requests are handed over once a turn, together with the wait.
 *
 * Each operation has at most one request in the kernel, with the operation's address as its key,
 * and each request answers exactly once. A cancel is a request of its own, whose answer says
 * nothing: the operation's own answer decides.
 */
#include "runtime/pool.h"
#include "runtime/ring.h"
#include "runtime/rt.h"
#include "runtime/sysop.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Buffers offered to the kernel: as many receives as may complete between two turns before the
 * rest falls back to polls. They are not touched before they are used. */
#define OFFERED      128
#define OFFERED_SIZE (OFFERED * sizeof(struct io_uring_buf))

enum { KEY_WAKE = 1, KEY_IGNORED = 2 }; /* no operation's address */

struct uring {
    struct co_sys sys; /* first */
    struct co_ring ring;
    struct io_uring_buf_ring *offer;
    void *offered[OFFERED];    /* by the kernel's buffer number; NULL: used up */
    uint16_t missing[OFFERED]; /* the numbers that are used up */
    unsigned missing_count;
    bool receives; /* some operation has asked for a buffer */
    bool wake_is_watched;
};

static struct uring *uring_of(struct co_rt *rt)
{
    return rt->backend_state;
}

/* ---- offered buffers ----------------------------------------------------------------------- */

/* Offers a fresh buffer for each that was used: the warmest, since they were given back last. */
static void offer_buffers(struct co_rt *rt, struct uring *uring)
{
    uint16_t tail = uring->offer->tail;
    while (uring->missing_count > 0) {
        void *buffer = co_buffer_take(rt, CO_BUFFER_SMALL);
        if (!buffer)
            break;
        uint16_t number = uring->missing[--uring->missing_count];
        uring->offered[number] = buffer;
        struct io_uring_buf *entry = &uring->offer->bufs[tail++ % OFFERED];
        entry->addr = (uint64_t)(uintptr_t)buffer;
        entry->len = CO_BUFFER_SMALL;
        entry->bid = number;
    }
    __atomic_store_n(&uring->offer->tail, tail, __ATOMIC_RELEASE);
}

static void *take_offered(struct uring *uring, unsigned number)
{
    void *buffer = uring->offered[number];
    uring->offered[number] = NULL;
    uring->missing[uring->missing_count++] = (uint16_t)number;
    return buffer;
}

static int offer_open(struct uring *uring)
{
    void *at = mmap(NULL, OFFERED_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return -ENOMEM;
    uring->offer = at;
    for (uint16_t i = 0; i < OFFERED; i++)
        uring->missing[uring->missing_count++] = i;
    struct io_uring_buf_reg reg = {.ring_addr = (uint64_t)(uintptr_t)at, .ring_entries = OFFERED};
    int rc = co_ring_register(&uring->ring, IORING_REGISTER_PBUF_RING, &reg, 1);
    return rc < 0 ? -ENOSYS : 0;
}

static void offer_close(struct co_rt *rt, struct uring *uring)
{
    if (!uring->offer)
        return;
    struct io_uring_buf_reg reg = {.bgid = 0};
    co_ring_register(&uring->ring, IORING_UNREGISTER_PBUF_RING, &reg, 1);
    munmap(uring->offer, OFFERED_SIZE);
    for (size_t i = 0; i < OFFERED; i++)
        if (uring->offered[i])
            co_buffer_give(rt, uring->offered[i], CO_BUFFER_SMALL);
}

/* ---- requests ------------------------------------------------------------------------------ */

static void fill_poll(struct io_uring_sqe *sqe, int raw, uint16_t events)
{
    sqe->opcode = IORING_OP_POLL_ADD;
    sqe->fd = raw;
    sqe->poll_events = events;
}

static void fill_accept(struct io_uring_sqe *sqe, int raw, co_address *peer)
{
    sqe->opcode = IORING_OP_ACCEPT;
    sqe->fd = raw;
    sqe->accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (!peer)
        return;
    peer->size = sizeof peer->as;
    sqe->addr = (uint64_t)(uintptr_t)&peer->as;
    sqe->addr2 = (uint64_t)(uintptr_t)&peer->size;
}

/* No MSG_DONTWAIT: it would end the request instead of waiting. */
static void fill_receive(struct io_uring_sqe *sqe, int raw, const struct co_op *op)
{
    size_t size = op->a.receive.at ? op->a.receive.size : CO_BUFFER_SMALL;
    sqe->opcode = IORING_OP_RECV;
    sqe->fd = raw;
    sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
    sqe->addr = (uint64_t)(uintptr_t)op->a.receive.at;
    sqe->len = size < INT_MAX ? (uint32_t)size : INT_MAX;
    sqe->flags = op->a.receive.at ? 0 : IOSQE_BUFFER_SELECT; /* of group 0 */
}

/* Can io_uring do it by itself? An accept is woken in place of all others that wait at the socket,
 * and who had it before us may have died with one in his ring: a poll is woken beside them. */
static bool does_by_itself(const struct co_slot *slot, const struct co_op *op)
{
    return op->code == CO_OP_RECEIVE ||
           (op->code == CO_OP_ACCEPT && !(slot->bits & CO_SLOT_ADOPTED));
}

/* Makes the operation a request: a poll, if io_uring cannot do it by itself or has refused. */
static int request(struct co_rt *rt, struct co_slot *slot, struct co_op *op, bool refused)
{
    struct uring *uring = uring_of(rt);
    struct io_uring_sqe *sqe = co_ring_request(&uring->ring);
    if (!sqe)
        return -ENOMEM;
    bool polls = refused || !does_by_itself(slot, op);
    if (polls)
        fill_poll(sqe, slot->raw, co_sys_reads(op) ? POLLIN : POLLOUT);
    else if (op->code == CO_OP_ACCEPT)
        fill_accept(sqe, slot->raw, op->a.accept.peer);
    else
        fill_receive(sqe, slot->raw, op);
    sqe->user_data = (uint64_t)(uintptr_t)op;
    uring->receives |= sqe->flags & IOSQE_BUFFER_SELECT;
    if (co_sys_reads(op))
        slot->bits = (uint8_t)(polls ? slot->bits | CO_SLOT_POLLED : slot->bits & ~CO_SLOT_POLLED);
    *co_sys_waiter(slot, op) = op;
    return 0;
}

static int request_wake(struct uring *uring)
{
    struct io_uring_sqe *sqe = co_ring_request(&uring->ring);
    if (!sqe)
        return -ENOMEM;
    fill_poll(sqe, uring->sys.wake_fd, POLLIN);
    sqe->len = IORING_POLL_ADD_MULTI;
    sqe->user_data = KEY_WAKE;
    return 0;
}

static void request_cancels(struct uring *uring)
{
    while (!co_list_empty(&uring->sys.canceled)) {
        struct io_uring_sqe *sqe = co_ring_request(&uring->ring);
        if (!sqe)
            return;
        struct co_op *op = CO_CONTAINER(co_list_pop(&uring->sys.canceled), struct co_op, link);
        sqe->opcode = IORING_OP_ASYNC_CANCEL;
        sqe->addr = (uint64_t)(uintptr_t)op;
        sqe->user_data = KEY_IGNORED;
        sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
    }
}

/* ---- operations ---------------------------------------------------------------------------- */

static void uring_cancel(struct co_rt *rt, struct co_op *op)
{
    struct uring *uring = uring_of(rt);
    if (op->canceling)
        return;
    op->canceling = true;
    struct co_slot *slot = co_fdtable_get(&uring->sys.fds, op->fd);
    if (*co_sys_waiter(slot, op) ==
        op) /* else a pool thread reads its file: it ends with the job */
        co_list_append(&uring->sys.canceled, &op->link);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The kernel gave up on our request, or we on it; no answer to the operation yet. */
static bool is_interruption(int res)
{
    return res == -ECANCELED || res == -EINTR;
}

static long polled(struct co_rt *rt, struct co_slot *slot, struct co_op *op, int res)
{
    if (is_interruption(res) || op->canceling)
        return CO_SYS_WAIT;
    if (res < 0)
        return res;
    slot->bits |= co_sys_reads(op) ? CO_SLOT_READABLE : CO_SLOT_WRITABLE;
    if (op->code != CO_OP_READABLE)
        return co_sys_try(rt, slot, op);
    slot->bits &= (uint8_t)~CO_SLOT_READABLE; /* it is not read through us: ask the kernel again */
    return 0;
}

static long accepted(struct co_rt *rt, struct co_slot *slot, struct co_op *op, int res)
{
    if (res >= 0) {
        slot->bits |= CO_SLOT_READABLE; /* where one was, more may be */
        return co_sys_accepted(rt, slot, op, res);
    }
    if (is_interruption(res))
        return CO_SYS_WAIT;
    return co_sys_accept_again(-res) || res == -EAGAIN ? co_sys_try(rt, slot, op) : res;
}

static long received(
    struct co_rt *rt, struct co_slot *slot, struct co_op *op, const struct io_uring_cqe *cqe)
{
    if (cqe->flags & IORING_CQE_F_BUFFER) {
        void *buffer = take_offered(uring_of(rt), cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        if (cqe->res > 0) {
            op->a.receive.at = buffer;
            op->a.receive.size = CO_BUFFER_SMALL;
        } else {
            co_buffer_give(rt, buffer, CO_BUFFER_SMALL);
        }
    }
    if (cqe->res > 0) {
        rt->input_serial++;
        if (cqe->flags & IORING_CQE_F_SOCK_NONEMPTY)
            slot->bits |= CO_SLOT_READABLE;
        return cqe->res;
    }
    if (is_interruption(cqe->res))
        return CO_SYS_WAIT;
    /* ENOBUFS: input is there, but the offered buffers are all in use. */
    bool direct = cqe->res == -ENOBUFS || cqe->res == -EAGAIN;
    return direct ? co_sys_try(rt, slot, op) : cqe->res;
}

static void answer(struct co_rt *rt, struct co_op *op, const struct io_uring_cqe *cqe)
{
    struct co_slot *slot = co_fdtable_get(&uring_of(rt)->sys.fds, op->fd);
    long result;
    *co_sys_waiter(slot, op) = NULL;
    co_list_remove(&op->link);
    bool by_itself = co_sys_reads(op) && !(slot->bits & CO_SLOT_POLLED);
    if (!by_itself)
        result = polled(rt, slot, op, cqe->res);
    else if (op->code == CO_OP_ACCEPT)
        result = accepted(rt, slot, op, cqe->res);
    else
        result = received(rt, slot, op, cqe);
    /* What io_uring could not do by itself is polled for: it must not refuse in a circle. */
    result = co_sys_settle(rt, slot, op, result, cqe->res < 0);
    if (result != CO_SYS_WAIT)
        co_op_complete(rt, op, result);
}

static void handle_completion(struct co_rt *rt, const struct io_uring_cqe *cqe)
{
    if (cqe->user_data == KEY_IGNORED)
        return;
    if (cqe->user_data != KEY_WAKE)
        answer(rt, (struct co_op *)(uintptr_t)cqe->user_data, cqe);
    else if (!(cqe->flags & IORING_CQE_F_MORE))
        uring_of(rt)->wake_is_watched = false;
}

static int uring_poll(struct co_rt *rt, int64_t until_ns)
{
    struct uring *uring = uring_of(rt);
    struct co_ring *ring = &uring->ring;
    request_cancels(uring);
    if (!uring->wake_is_watched)
        uring->wake_is_watched = request_wake(uring) == 0;
    if (uring->receives && uring->missing_count > 0)
        offer_buffers(rt, uring);
    bool may_sleep = until_ns != 0 && uring->wake_is_watched &&
                     co_list_empty(&uring->sys.canceled) && co_ring_ready(ring) == 0;
    int rc = 0;
    if (may_sleep && co_sys_sleep(&uring->sys))
        rc = co_ring_enter(ring, until_ns == CO_NEVER ? CO_RING_FOREVER : co_sys_until(until_ns));
    else if (co_ring_is_pending(ring))
        rc = co_ring_enter(ring, 0);
    co_sys_awake(&uring->sys);
    for (unsigned left = co_ring_ready(ring); left > 0; left--) {
        struct io_uring_cqe cqe;
        co_ring_take(ring, &cqe);
        handle_completion(rt, &cqe);
    }
    return rc;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static void uring_close(struct co_rt *rt)
{
    struct uring *uring = uring_of(rt);
    offer_close(rt, uring);
    co_ring_close(&uring->ring);
    co_sys_close(rt);
}

static int uring_open(struct co_rt *rt)
{
    struct uring *uring = co_sys_new(rt, sizeof *uring);
    if (!uring)
        return -ENOMEM;
    uring->sys.wait = request;
    int rc = co_ring_open(&uring->ring);
    rt->uring_refusal = uring->ring.refusal;
    if (rc == 0)
        rc = co_sys_open(&uring->sys, CO_SLOT_WRITABLE);
    if (rc == 0)
        rc = offer_open(uring);
    if (rc < 0)
        uring_close(rt);
    return rc;
}

const struct co_backend co_backend_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .cancel = uring_cancel,
    .poll = uring_poll,
    CO_SYS_MEMBERS,
};

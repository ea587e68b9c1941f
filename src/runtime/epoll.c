/* SPDX-License-Identifier: MIT */
/*
 * The backend on epoll. An operation is tried at once when it may succeed; the first that has to
 * wait registers its descriptor, edge-triggered, for both directions and for life. From then on
 * the bits of its slot remember what the edges and the short counts told, so that neither an
 * epoll_ctl nor a read that finds nothing is paid per operation.
 */
#include "runtime/feature.h"
#include "runtime/rt.h"
#include "runtime/sysop.h"
#include "runtime/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX   256 /* of one epoll_wait: 3 KiB; the rest comes with the next turn */
#define EVENT_OF_ALL (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)
#define EVENT_ENDS   (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define WAKE_KEY     0 /* of the eventfd; no handle's, for generations begin with 1 */

struct epoll {
    struct co_sys sys; /* first */
    int fd;
    bool has_pwait2;
    struct co_link canceled; /* operations taken off their slots, to be completed by poll */
    struct epoll_event events[EVENTS_MAX];
};

static struct epoll *epoll_of(struct co_rt *rt)
{
    return rt->backend_state;
}

/* ---- waiting for one descriptor ------------------------------------------------------------ */

static struct co_op **waiter(struct co_slot *slot, const struct co_op *op)
{
    return co_sys_reads(op) ? &slot->reader : &slot->writer;
}

static int register_slot(struct epoll *epoll, struct co_slot *slot, co_fd fd)
{
    if (slot->bits & CO_SLOT_REGISTERED)
        return 0;
    struct epoll_event event = {
        .events = EVENT_OF_ALL,
        .data.u64 = (uint64_t)fd.generation << 32 | fd.index,
    };
    if (epoll_ctl(epoll->fd, EPOLL_CTL_ADD, slot->raw, &event) < 0)
        return -errno;
    slot->bits |= CO_SLOT_REGISTERED;
    return 0;
}

/* What close(2) does by itself, unless another process or number refers to the open file. */
static void forget_slot(struct co_rt *rt, struct co_slot *slot)
{
    if ((slot->bits & CO_SLOT_REGISTERED) && (slot->bits & CO_SLOT_ADOPTED))
        epoll_ctl(epoll_of(rt)->fd, EPOLL_CTL_DEL, slot->raw, NULL);
}

/* Goes on with what an attempt came to: leaves the operation waiting (CO_SYS_WAIT), or says its
 * result. */
static long wait_or_result(struct co_rt *rt, struct co_slot *slot, struct co_op *op, long result)
{
    if (result == CO_SYS_COLD) {
        if (co_sys_warm(rt, op) == 0)
            return CO_SYS_WAIT;
        result = co_sys_send_file(slot, op); /* slow is better than not at all */
    }
    if (result != CO_SYS_WAIT)
        return result;
    int rc = register_slot(epoll_of(rt), slot, op->fd);
    if (rc < 0)
        return rc;
    *waiter(slot, op) = op;
    return CO_SYS_WAIT;
}

static bool epoll_submit(struct co_rt *rt, struct co_op *op)
{
    struct co_slot *slot = co_fdtable_get(&epoll_of(rt)->sys.fds, op->fd);
    op->canceling = false;
    op->in_flight = true;
    long result = -EBADF;
    if (slot) {
        assert(!*waiter(slot, op));
        uint8_t bit = co_sys_reads(op) ? CO_SLOT_READABLE : CO_SLOT_WRITABLE;
        bool hopeful =
            (slot->bits & bit) || (op->flags & CO_OP_LIKELY) || op->code == CO_OP_CONNECT;
        result = hopeful ? co_sys_try(rt, slot, op) : CO_SYS_WAIT;
        result = wait_or_result(rt, slot, op, result);
    }
    if (result == CO_SYS_WAIT)
        return false;
    op->in_flight = false;
    op->result = result;
    return true;
}

/* A SEND_FILE whose slice is in memory now. */
static void epoll_resume(struct co_rt *rt, struct co_op *op)
{
    struct co_slot *slot = co_fdtable_get(&epoll_of(rt)->sys.fds, op->fd);
    long result = wait_or_result(rt, slot, op, co_sys_send_file(slot, op));
    if (result != CO_SYS_WAIT)
        co_op_complete(rt, op, result);
}

static void epoll_cancel(struct co_rt *rt, struct co_op *op)
{
    struct epoll *epoll = epoll_of(rt);
    struct co_slot *slot = co_fdtable_get(&epoll->sys.fds, op->fd);
    if (op->canceling)
        return;
    op->canceling = true;
    struct co_op **at = waiter(slot, op);
    if (*at != op)
        return; /* a pool thread reads its file: it ends with the job */
    *at = NULL;
    co_list_append(&epoll->canceled, &op->link);
}

/* ---- the turn of the loop ------------------------------------------------------------------ */

/* The operation at `at` may be possible now. */
static void attempt(struct co_rt *rt, struct co_slot *slot, struct co_op **at)
{
    struct co_op *op = *at;
    *at = NULL;
    long result = op->code == CO_OP_READABLE ? 0 : co_sys_try(rt, slot, op);
    result = wait_or_result(rt, slot, op, result);
    if (result != CO_SYS_WAIT)
        co_op_complete(rt, op, result);
}

/* A `done` may close descriptors, this one too: the slot is looked up again after each. */
static void handle_event(struct co_rt *rt, const struct epoll_event *event)
{
    struct co_fdtable *fds = &epoll_of(rt)->sys.fds;
    co_fd fd = {(uint32_t)event->data.u64, (uint32_t)(event->data.u64 >> 32)};
    struct co_slot *slot = co_fdtable_get(fds, fd);
    if (!slot)
        return; /* closed since, or WAKE_KEY */
    if (event->events & EVENT_ENDS)
        slot->bits |= CO_SLOT_READABLE | CO_SLOT_ENDING;
    if (event->events & EPOLLIN)
        slot->bits |= CO_SLOT_READABLE;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        slot->bits |= CO_SLOT_WRITABLE;
    if ((slot->bits & CO_SLOT_READABLE) && slot->reader)
        attempt(rt, slot, &slot->reader);
    slot = co_fdtable_get(fds, fd);
    if (slot && (slot->bits & CO_SLOT_WRITABLE) && slot->writer)
        attempt(rt, slot, &slot->writer);
}

static int wait_events(struct epoll *epoll, int64_t until_ns)
{
    int64_t ns = until_ns == 0 || until_ns == CO_NEVER ? 0 : co_sys_until(until_ns);
    if (epoll->has_pwait2) {
        struct timespec time = {ns / CO_SECOND, ns % CO_SECOND};
        return epoll_pwait2(
            epoll->fd, epoll->events, EVENTS_MAX, until_ns == CO_NEVER ? NULL : &time, NULL);
    }
    int64_t ms = ns / CO_MS + (ns % CO_MS > 0); /* up: a timer must not fire too early */
    int timeout = until_ns == CO_NEVER ? -1 : (int)(ms < INT_MAX ? ms : INT_MAX);
    return epoll_wait(epoll->fd, epoll->events, EVENTS_MAX, timeout);
}

static void complete_canceled(struct co_rt *rt, struct epoll *epoll)
{
    struct co_link *link;
    while ((link = co_list_pop(&epoll->canceled)))
        co_op_complete(rt, CO_CONTAINER(link, struct co_op, link), -ECANCELED);
}

static int epoll_poll(struct co_rt *rt, int64_t until_ns)
{
    struct epoll *epoll = epoll_of(rt);
    bool sleeps = until_ns != 0 && co_list_empty(&epoll->canceled) && co_sys_sleep(&epoll->sys);
    int count = wait_events(epoll, sleeps ? until_ns : 0);
    int error = count < 0 ? errno : 0;
    co_sys_awake(&epoll->sys);
    if (error && error != EINTR)
        return -error;
    complete_canceled(rt, epoll);
    for (int i = 0; i < count; i++)
        handle_event(rt, &epoll->events[i]);
    return 0;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static void epoll_close(struct co_rt *rt)
{
    struct epoll *epoll = epoll_of(rt);
    if (epoll->fd >= 0)
        close(epoll->fd);
    co_sys_close(&epoll->sys);
    free(epoll);
    rt->backend_state = NULL;
}

static int epoll_start(struct epoll *epoll)
{
    int rc = co_sys_open(&epoll->sys, CO_SLOT_READABLE | CO_SLOT_WRITABLE);
    if (rc < 0)
        return rc;
    epoll->fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll->fd < 0)
        return -errno;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKE_KEY};
    if (epoll_ctl(epoll->fd, EPOLL_CTL_ADD, epoll->sys.wake_fd, &event) < 0)
        return -errno;
    struct timespec zero = {0, 0};
    epoll->has_pwait2 = !co_feature_masked("epoll_pwait2") &&
                        epoll_pwait2(epoll->fd, epoll->events, 1, &zero, NULL) >= 0;
    return 0;
}

static int epoll_open(struct co_rt *rt)
{
    struct epoll *epoll = calloc(1, sizeof *epoll);
    if (!epoll)
        return -ENOMEM;
    epoll->fd = epoll->sys.wake_fd = -1;
    epoll->sys.forget = forget_slot;
    epoll->sys.resume = epoll_resume;
    co_list_init(&epoll->canceled);
    rt->backend_state = epoll;
    int rc = epoll_start(epoll);
    if (rc < 0)
        epoll_close(rt);
    return rc;
}

const struct co_backend co_backend_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .poll = epoll_poll,
    .wake = co_sys_wake,
    .now = co_sys_now,
    .wall = co_sys_wall,
    .random = co_sys_random,
    .socket = co_sys_socket,
    .adopt = co_sys_adopt,
    .control = co_sys_control,
    .close_fd = co_sys_close_fd,
    .raw = co_sys_raw,
    .offload = co_workers_offload,
};

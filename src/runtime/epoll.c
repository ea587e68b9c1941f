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

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX   256 /* of one epoll_wait: 3 KiB; the rest comes with the next turn */
#define EVENT_OF_ALL (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)
#define EVENT_ENDS   (EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define WAKE_KEY     0 /* of the eventfd; no handle's, for generations begin with 1 */

struct epoll {
    struct co_sys sys; /* first */
    int fd;
    bool has_pwait2;
    struct epoll_event events[EVENTS_MAX];
};

static struct epoll *epoll_of(struct co_rt *rt)
{
    return rt->backend_state;
}

/* ---- waiting for one descriptor ------------------------------------------------------------ */

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

static int epoll_wait_for(struct co_rt *rt, struct co_slot *slot, struct co_op *op, bool refused)
{
    (void)refused;
    int rc = register_slot(epoll_of(rt), slot, op->fd);
    if (rc == 0)
        *co_sys_waiter(slot, op) = op;
    return rc;
}

static void epoll_cancel(struct co_rt *rt, struct co_op *op)
{
    struct epoll *epoll = epoll_of(rt);
    struct co_slot *slot = co_fdtable_get(&epoll->sys.fds, op->fd);
    if (op->canceling)
        return;
    op->canceling = true;
    struct co_op **at = co_sys_waiter(slot, op);
    if (*at != op)
        return; /* a pool thread reads its file: it ends with the job */
    *at = NULL;
    co_list_append(&epoll->sys.canceled, &op->link);
}

/* ---- the turn of the loop ------------------------------------------------------------------ */

/* The operation at `at` may be possible now. */
static void attempt(struct co_rt *rt, struct co_slot *slot, struct co_op **at)
{
    struct co_op *op = *at;
    *at = NULL;
    long result = op->code == CO_OP_READABLE ? 0 : co_sys_try(rt, slot, op);
    result = co_sys_settle(rt, slot, op, result, false);
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
    if (event->events & EPOLLPRI) /* reads stop short of urgent data, with more behind it */
        slot->bits |= CO_SLOT_PIECEWISE;
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
    while ((link = co_list_pop(&epoll->sys.canceled)))
        co_op_complete(rt, CO_CONTAINER(link, struct co_op, link), -ECANCELED);
}

static int epoll_poll(struct co_rt *rt, int64_t until_ns)
{
    struct epoll *epoll = epoll_of(rt);
    bool sleeps = until_ns != 0 && co_list_empty(&epoll->sys.canceled) && co_sys_sleep(&epoll->sys);
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
    co_sys_close(rt);
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
    struct epoll *epoll = co_sys_new(rt, sizeof *epoll);
    if (!epoll)
        return -ENOMEM;
    epoll->fd = -1;
    epoll->sys.wait = epoll_wait_for;
    epoll->sys.forget = forget_slot;
    int rc = epoll_start(epoll);
    if (rc < 0)
        epoll_close(rt);
    return rc;
}

const struct co_backend co_backend_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .cancel = epoll_cancel,
    .poll = epoll_poll,
    CO_SYS_MEMBERS,
};

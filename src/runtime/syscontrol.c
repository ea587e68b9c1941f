/* SPDX-License-Identifier: MIT */
/* The calls of the kernel backends that never wait, and sleeping and waking (see sysop.h). */
#include "runtime/rt.h"
#include "runtime/sysop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AWAKE, SLEEPING, NOTIFIED };

static struct co_sys *sys_of(struct co_rt *rt)
{
    return rt->backend_state;
}

void *co_sys_new(struct co_rt *rt, size_t size)
{
    struct co_sys *sys = calloc(1, size);
    if (!sys)
        return NULL;
    sys->wake_fd = -1;
    co_list_init(&sys->canceled);
    return rt->backend_state = sys;
}

int co_sys_open(struct co_sys *sys, uint8_t fresh_bits)
{
    sys->fresh_bits = fresh_bits;
    sys->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return sys->wake_fd < 0 ? -errno : 0;
}

void co_sys_close(struct co_rt *rt)
{
    struct co_sys *sys = sys_of(rt);
    if (sys->wake_fd >= 0)
        close(sys->wake_fd);
    co_fdtable_free(&sys->fds);
    free(sys);
    rt->backend_state = NULL;
}

/* ---- sleeping and time --------------------------------------------------------------------- */

bool co_sys_sleep(struct co_sys *sys)
{
    int awake = AWAKE;
    return atomic_compare_exchange_strong(&sys->sleep, &awake, SLEEPING);
}

void co_sys_awake(struct co_sys *sys)
{
    if (atomic_load_explicit(&sys->sleep, memory_order_relaxed) != AWAKE)
        atomic_exchange(&sys->sleep, AWAKE);
}

/* The eventfd is never read: it is watched for edges, and its counter outlasts the process. */
void co_sys_wake(struct co_rt *rt)
{
    struct co_sys *sys = sys_of(rt);
    if (atomic_exchange(&sys->sleep, NOTIFIED) != SLEEPING)
        return;
    int before = errno; /* a signal handler must not change it */
    uint64_t one = 1;
    ssize_t n = write(sys->wake_fd, &one, sizeof one);
    (void)n;
    errno = before;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * CO_SECOND + time.tv_nsec;
}

int64_t co_sys_now(struct co_rt *rt)
{
    (void)rt;
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t co_sys_wall(struct co_rt *rt)
{
    (void)rt;
    return clock_ns(CLOCK_REALTIME);
}

int64_t co_sys_until(int64_t until_ns)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    return until_ns > now ? until_ns - now : 0;
}

void co_sys_random(struct co_rt *rt, void *bytes, size_t size)
{
    (void)rt;
    uint8_t *at = bytes;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

/* ---- sockets ------------------------------------------------------------------------------- */

static uint8_t bits_of_type(int type)
{
    return type == SOCK_STREAM ? 0 : CO_SLOT_PIECEWISE;
}

/* What is no socket is not received from at all. */
static uint8_t bits_of(int raw)
{
    int type = SOCK_STREAM;
    socklen_t size = sizeof type;
    getsockopt(raw, SOL_SOCKET, SO_TYPE, &type, &size);
    return bits_of_type(type);
}

int co_sys_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    struct co_sys *sys = sys_of(rt);
    int raw = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (raw < 0)
        return -errno;
    int rc = co_fdtable_add(&sys->fds, raw, sys->fresh_bits | bits_of_type(type), ret);
    if (rc < 0)
        close(raw);
    return rc;
}

int co_sys_adopt(struct co_rt *rt, int raw, co_fd *ret)
{
    struct co_sys *sys = sys_of(rt);
    int flags = fcntl(raw, F_GETFL);
    if (flags < 0 || fcntl(raw, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(raw, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return co_fdtable_add(&sys->fds, raw, sys->fresh_bits | CO_SLOT_ADOPTED | bits_of(raw), ret);
}

static long get_name(
    int raw, int (*get)(int, struct sockaddr *restrict, socklen_t *restrict), co_address *ret)
{
    co_address address;
    address.size = sizeof address.as;
    if (get(raw, &address.as.any, &address.size) < 0)
        return -errno;
    *ret = address;
    return 0;
}

int co_sys_connected(int raw, co_address *ret_peer)
{
    int type;
    socklen_t size = sizeof type;
    if (getsockopt(raw, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return -errno;
    return type == SOCK_STREAM ? (int)get_name(raw, getpeername, ret_peer) : -EINVAL;
}

/* How many bytes wait in one of the socket's queues. */
static long queued(int raw, unsigned long queue)
{
    int bytes = 0;
    return ioctl(raw, queue, &bytes) < 0 ? -errno : bytes;
}

/* Is anybody there to be accepted? */
static long knocks(int raw)
{
    struct pollfd one = {.fd = raw, .events = POLLIN};
    int n = poll(&one, 1, 0);
    return n < 0 ? -errno : n;
}

static long result_of(int rc)
{
    return rc < 0 ? -errno : rc;
}

static long set_option(struct co_rt *rt, co_fd fd, int raw, const struct co_control *c)
{
    if (setsockopt(raw, c->level, c->name, c->option, *c->option_size) < 0)
        return -errno;
    struct co_slot *slot = co_fdtable_get(&sys_of(rt)->fds, fd);
    if (slot && c->level == SOL_SOCKET && c->name == SO_OOBINLINE)
        slot->bits |= CO_SLOT_PIECEWISE;
    return 0;
}

long co_sys_control(struct co_rt *rt, co_fd fd, struct co_control *c)
{
    int raw = co_sys_raw(rt, fd);
    if (raw < 0)
        return -EBADF;
    switch (c->code) {
    case CO_CONTROL_BIND: return result_of(bind(raw, &c->address->as.any, c->address->size));
    case CO_CONTROL_LISTEN: return result_of(listen(raw, c->value));
    case CO_CONTROL_SHUTDOWN: return result_of(shutdown(raw, c->value));
    case CO_CONTROL_SET_OPTION: return set_option(rt, fd, raw, c);
    case CO_CONTROL_GET_OPTION:
        return result_of(getsockopt(raw, c->level, c->name, c->option, c->option_size));
    case CO_CONTROL_LOCAL_NAME: return get_name(raw, getsockname, c->ret_address);
    case CO_CONTROL_PEER_NAME: return get_name(raw, getpeername, c->ret_address);
    case CO_CONTROL_UNREAD: return queued(raw, SIOCINQ);
    case CO_CONTROL_UNSENT: return queued(raw, SIOCOUTQ);
    case CO_CONTROL_KNOCKS: return knocks(raw);
    }
    return -EINVAL;
}

void co_sys_close_fd(struct co_rt *rt, co_fd fd)
{
    struct co_sys *sys = sys_of(rt);
    struct co_slot *slot = co_fdtable_get(&sys->fds, fd);
    if (!slot)
        return;
    if (sys->forget)
        sys->forget(rt, slot);
    int raw = slot->raw;
    co_fdtable_remove(&sys->fds, fd.index);
    close(raw);
}

int co_sys_raw(struct co_rt *rt, co_fd fd)
{
    struct co_slot *slot = co_fdtable_get(&sys_of(rt)->fds, fd);
    return slot ? slot->raw : -1;
}

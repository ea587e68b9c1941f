/* SPDX-License-Identifier: MIT */
/*
 * What both kernel backends share: the operations as non-blocking system calls, the calls that
 * never wait, and sleeping and waking.
 *
 * Waking: `sleep` is AWAKE while the loop runs, SLEEPING while it may be blocked in the kernel and
 * NOTIFIED once somebody called wake. A waker swaps in NOTIFIED and writes to the eventfd only when
 * it found SLEEPING; the loop goes to sleep only by AWAKE -> SLEEPING and swaps in AWAKE after. All
 * of these are sequentially consistent read-modify-writes on one object, so a wake falls either
 * before the loop's swap, and then all that its caller wrote is seen after poll, or behind it, and
 * then the next poll does not sleep.
 */
#ifndef CO_RUNTIME_SYSOP_H
#define CO_RUNTIME_SYSOP_H

#include "runtime/fdtable.h"
#include "runtime/workers.h"

#include <limits.h>
#include <stdatomic.h>

/* The head of a kernel backend's state: rt->backend_state points to it. */
struct co_sys {
    struct co_fdtable fds;
    atomic_int sleep;
    int wake_fd;
    uint8_t fresh_bits;      /* enum co_slot_bits of a new descriptor */
    struct co_link canceled; /* operations whose cancel the next poll sees to */
    /* Makes the operation the slot's reader or writer, to be tried again when its socket is ready.
     * refused: the kernel would not do it by itself. 0 or -errno. */
    int (*wait)(struct co_rt *rt, struct co_slot *slot, struct co_op *op, bool refused);
    /* Called after close_fd's checks, before the descriptor goes; may be NULL. */
    void (*forget)(struct co_rt *rt, struct co_slot *slot);
};

/* Makes rt->backend_state, of so many bytes that begin with a struct co_sys: zeroed, its head ready
 * to be opened and, also when that fails, closed. NULL when memory is out. */
void *co_sys_new(struct co_rt *rt, size_t size);
/* 0 or -errno. */
int co_sys_open(struct co_sys *sys, uint8_t fresh_bits);
/* Frees the state, too. */
void co_sys_close(struct co_rt *rt);

/* ---- operations ---------------------------------------------------------------------------- */

#define CO_SYS_WAIT LONG_MIN       /* not possible now: wait for readiness */
#define CO_SYS_COLD (LONG_MIN + 1) /* the file's bytes are not in memory: co_sys_warm */

#define CO_SYS_FILE_SLICE ((size_t)1 << 20) /* bytes of a file sent without a look at others */

static inline bool co_sys_reads(const struct co_op *op)
{
    return op->code == CO_OP_ACCEPT || op->code == CO_OP_RECEIVE ||
           op->code == CO_OP_RECEIVE_MESSAGES || op->code == CO_OP_SPLICE ||
           op->code == CO_OP_READABLE;
}

/* What the slot has waiting in the operation's direction. */
static inline struct co_op **co_sys_waiter(struct co_slot *slot, const struct co_op *op)
{
    return co_sys_reads(op) ? &slot->reader : &slot->writer;
}

/* The operation's system call, and what it tells about the socket's readiness. Its result,
 * CO_SYS_WAIT or CO_SYS_COLD. */
long co_sys_try(struct co_rt *rt, struct co_slot *slot, struct co_op *op);

/* Goes on with what an attempt came to: leaves the operation waiting, for its socket or for a pool
 * thread that reads its file (CO_SYS_WAIT), or says its result. refused: see sys->wait. */
long co_sys_settle(
    struct co_rt *rt, struct co_slot *slot, struct co_op *op, long result, bool refused);

/* Enters a freshly accepted descriptor and fills in the operation. 0, or -ENOMEM with it closed. */
long co_sys_accepted(struct co_rt *rt, const struct co_slot *listener, struct co_op *op, int raw);

/* Did accept(2) fail because of that one connection, so that the next may do? */
bool co_sys_accept_again(int error);

/* ---- sleeping ------------------------------------------------------------------------------ */

/* False: somebody called wake, do not sleep. */
bool co_sys_sleep(struct co_sys *sys);
void co_sys_awake(struct co_sys *sys);

/* Nanoseconds from now to a monotonic time, 0 when it is past. */
int64_t co_sys_until(int64_t until_ns);

/* ---- sockets of others --------------------------------------------------------------------- */

/* Is it a stream socket, and connected to whom? 0; -ENOTSOCK, -EINVAL for one of another type,
 * -ENOTCONN and other -errno. */
int co_sys_connected(int raw, co_address *ret_peer);

/* ---- members of struct co_backend ---------------------------------------------------------- */

bool co_sys_submit(struct co_rt *rt, struct co_op *op);
void co_sys_wake(struct co_rt *rt);
int64_t co_sys_now(struct co_rt *rt);
int64_t co_sys_wall(struct co_rt *rt);
void co_sys_random(struct co_rt *rt, void *bytes, size_t size);
int co_sys_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret);
int co_sys_adopt(struct co_rt *rt, int raw, co_fd *ret);
long co_sys_control(struct co_rt *rt, co_fd fd, struct co_control *control);
void co_sys_close_fd(struct co_rt *rt, co_fd fd);
int co_sys_raw(struct co_rt *rt, co_fd fd);

/* The members that are the same in both backends. */
#define CO_SYS_MEMBERS                                                                             \
 .submit = co_sys_submit, .wake = co_sys_wake, .now = co_sys_now, .wall = co_sys_wall,             \
 .random = co_sys_random, .socket = co_sys_socket, .adopt = co_sys_adopt,                          \
 .control = co_sys_control, .close_fd = co_sys_close_fd, .raw = co_sys_raw,                        \
 .offload = co_workers_offload

#endif

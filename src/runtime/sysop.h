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

#include <limits.h>
#include <stdatomic.h>

/* The head of a kernel backend's state: rt->backend_state points to it. */
struct co_sys {
    struct co_fdtable fds;
    atomic_int sleep;
    int wake_fd;
    uint8_t fresh_bits; /* enum co_slot_bits of a new descriptor */
    /* Called after close_fd's checks, before the descriptor goes; may be NULL. */
    void (*forget)(struct co_rt *rt, struct co_slot *slot);
    /* Tries, and if need be waits for, a SEND_FILE whose slice has been read into memory. */
    void (*resume)(struct co_rt *rt, struct co_op *op);
};

/* 0 or -errno; closing is harmless after a failed open. */
int co_sys_open(struct co_sys *sys, uint8_t fresh_bits);
void co_sys_close(struct co_sys *sys);

/* ---- operations ---------------------------------------------------------------------------- */

#define CO_SYS_WAIT LONG_MIN       /* not possible now: wait for readiness */
#define CO_SYS_COLD (LONG_MIN + 1) /* the file's bytes are not in memory: co_sys_warm */

#define CO_SYS_FILE_SLICE ((size_t)64 << 10) /* bytes of a file sent without a look at others */

static inline bool co_sys_reads(const struct co_op *op)
{
    return op->code == CO_OP_ACCEPT || op->code == CO_OP_RECEIVE ||
           op->code == CO_OP_RECEIVE_MESSAGES || op->code == CO_OP_READABLE;
}

/* The operation's system call, and what it tells about the socket's readiness. Its result,
 * CO_SYS_WAIT or CO_SYS_COLD. */
long co_sys_try(struct co_rt *rt, struct co_slot *slot, struct co_op *op);

/* The same for a SEND_FILE that need not ask whether the slice is in memory. */
long co_sys_send_file(struct co_slot *slot, struct co_op *op);

/* Reads the slice of a cold SEND_FILE on a pool thread, then calls sys->resume (or completes it
 * with -ECANCELED when op->canceling is set by then). 0, -ENOMEM. */
int co_sys_warm(struct co_rt *rt, struct co_op *op);

/* Enters a freshly accepted descriptor and fills in the operation. 0, or -ENOMEM with it closed. */
long co_sys_accepted(struct co_rt *rt, struct co_op *op, int raw);

/* Did accept(2) fail because of that one connection, so that the next may do? */
bool co_sys_accept_again(int error);

/* ---- sleeping ------------------------------------------------------------------------------ */

/* False: somebody called wake, do not sleep. */
bool co_sys_sleep(struct co_sys *sys);
void co_sys_awake(struct co_sys *sys);

/* Nanoseconds from now to a monotonic time, 0 when it is past. */
int64_t co_sys_until(int64_t until_ns);

/* ---- members of struct co_backend ---------------------------------------------------------- */

void co_sys_wake(struct co_rt *rt);
int64_t co_sys_now(struct co_rt *rt);
int64_t co_sys_wall(struct co_rt *rt);
void co_sys_random(struct co_rt *rt, void *bytes, size_t size);
int co_sys_socket(struct co_rt *rt, int family, int type, int protocol, co_fd *ret);
int co_sys_adopt(struct co_rt *rt, int raw, co_fd *ret);
long co_sys_control(struct co_rt *rt, co_fd fd, struct co_control *control);
void co_sys_close_fd(struct co_rt *rt, co_fd fd);
int co_sys_raw(struct co_rt *rt, co_fd fd);

#endif

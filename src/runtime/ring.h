/* SPDX-License-Identifier: MIT */
/*
 * One io_uring: its three system calls and its two queues, and no more. The constants are the
 * kernel's own where its 6.1 headers have them. Only the thread that opened it may use it, and only
 * for what uring.c asks of it: the kernel refuses everything else.
 */
#ifndef CO_RUNTIME_RING_H
#define CO_RUNTIME_RING_H

#include "base/base.h"

#include <linux/io_uring.h>

struct co_ring {
    int fd, enter_fd; /* enter_fd: the registered number, when there is one */
    int refusal;      /* what the kernel said instead of opening it; 0: nothing */
    unsigned enter_flags;
    unsigned *sq_head, *sq_tail, *sq_flags, *cq_head, *cq_tail;
    unsigned sq_mask, sq_entries, cq_mask;
    unsigned tail; /* of the requests filled in; the kernel's copy follows in enter */
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
    void *map;
    size_t map_size, sqes_size;
};

#define CO_RING_FOREVER (-1LL)

/* 0; -ENOSYS when the kernel has not what it takes, or forbids it; -errno. */
int co_ring_open(struct co_ring *ring);
void co_ring_close(struct co_ring *ring);

/* io_uring_register(2): a result >= 0 or -errno. */
int co_ring_register(struct co_ring *ring, unsigned code, void *arg, unsigned count);

/* A zeroed request at the end of the submission queue, handed over by the next enter. NULL when
 * the queue is full and the kernel, short of memory, takes nothing from it. */
struct io_uring_sqe *co_ring_request(struct co_ring *ring);

/* Is there something that only an enter moves on: requests to hand over, completions held back? */
bool co_ring_is_pending(const struct co_ring *ring);

/* Hands over the requests and waits at most so many nanoseconds (0: not, CO_RING_FOREVER) for a
 * completion. 0, also when time or a signal ended the wait; -errno. */
int co_ring_enter(struct co_ring *ring, int64_t wait_ns);

/* How many completions can be taken now. */
unsigned co_ring_ready(const struct co_ring *ring);

/* Takes the first of the completions, of which there must be one. */
void co_ring_take(struct co_ring *ring, struct io_uring_cqe *ret);

#endif

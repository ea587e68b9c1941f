/* SPDX-License-Identifier: MIT */
/* Several threads, each with a runtime of its own; and the way from one thread to another. */
#ifndef CORONET_SHARD_H
#define CORONET_SHARD_H

#include "coronet/sync.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * co_shards - run a task on several threads, each with a runtime of its own.
 *
 * Suspends until all have returned. The calling fiber's thread is the first of them. Cancelling or
 * draining the caller's scope does the same to the main fiber of each shard; its deadline, and the
 * first failure of one of them, cancel the others. Channels, locks and streams belong to one shard;
 * values get from one to another by co_post. In virtual time each has a clock and a network of its
 * own, and the threads' own order is not the seed's.
 * count: threads in all, at most 256; 0: one per processor this process may use. task, arg: the
 * main fiber of each; arg is shared by all.
 * Returns: the first negative result, else 0; CO_ECANCELED, CO_EDEADLINE; -EINVAL for too many;
 * -ENOMEM, -EAGAIN when there is no thread to be had.
 */
CO_API int co_shards(unsigned count, co_task *task, void *arg);

/*
 * co_shard_index - which shard this is.
 *
 * Does not suspend; inside a fiber.
 * Returns: 0 for the first thread of co_shards or outside of it, else 1 and up.
 */
CO_API unsigned co_shard_index(void);

/* ---- from one thread to another -------------------------------------------------------------- */

/*
 * The way into a channel for other threads: other shards, jobs of co_block, and threads that know
 * nothing of this library. A sender outlives its channel and the runtime: who has one may always
 * post, and is told when nobody receives any more.
 */
typedef struct co_sender co_sender;

/*
 * co_sender_new - open a channel to other threads.
 *
 * Does not suspend; in a fiber of the channel's shard. The channel's fibers receive and select as
 * ever, and may send, too. While one waits for what another thread may post there is no deadlock.
 * Several threads may share a sender, or each be given one: every call needs its co_sender_free.
 * channel: with room for at least one value. It closes, if not before, when co_run returns.
 * Returns: 0; CO_ECLOSED when the channel is closed; -EBUSY when it was not open and fibers wait to
 * receive from it; -EINVAL when its capacity is 0; -ENOMEM.
 */
CO_API int co_sender_new(co_sender **ret, co_channel *channel) CO_MUST_USE;

/*
 * co_post - put a value into the channel from any thread.
 *
 * Neither suspends nor blocks; any thread, but not in a signal's handler (see co_signal_wait).
 * Values of one thread arrive in its order. A fiber that waits for them is woken.
 * value: value_bytes of the channel are copied.
 * Returns: 0; -EAGAIN when the channel is full; CO_ECLOSED when it is closed or freed, or its
 * runtime has ended; -ENOSYS from another thread to the virtual backend, which knows none.
 */
CO_API int co_post(co_sender *sender, const void *value);

/*
 * co_sender_free - give a sender back; NULL is allowed.
 *
 * Neither suspends nor blocks; any thread, at any time, also when channel and runtime are gone.
 * With the last one the channel closes: receivers get what is left, then CO_ECLOSED. A channel
 * whose posters come and go stays open as long as its own shard keeps a sender.
 */
CO_API void co_sender_free(co_sender *sender);

#ifdef __cplusplus
}
#endif
#endif

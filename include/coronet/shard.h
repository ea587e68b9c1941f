/* SPDX-License-Identifier: MIT */
/* Several threads, each with a runtime of its own. */
#ifndef CORONET_SHARD_H
#define CORONET_SHARD_H

#include "coronet/fiber.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * co_shards - run a task on several threads, each with a runtime of its own.
 *
 * Suspends until all have returned. The calling fiber's thread is the first of them. Cancelling or
 * draining the caller's scope does the same to the main fiber of each shard. Channels, locks and
 * streams belong to one shard.
 * count: threads in all; 0: one per processor this process may use.
 * Returns: the first negative result, else 0.
 */
CO_API int co_shards(unsigned count, co_task *task, void *arg);

/*
 * co_shard_index - which shard this is.
 *
 * Does not suspend; inside a fiber.
 * Returns: 0 for the first thread of co_shards or outside of it, else 1 and up.
 */
CO_API unsigned co_shard_index(void);

#ifdef __cplusplus
}
#endif
#endif

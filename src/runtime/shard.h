/* SPDX-License-Identifier: MIT */
/* How the loop and the shards start a runtime. */
#ifndef CO_RUNTIME_SHARD_H
#define CO_RUNTIME_SHARD_H

#include "runtime/rt.h"

struct co_shard;

/* Runs the task with `shard` as its argument on a runtime of the caller's (a shard's thread). The
 * caller frees rt->exit_detail. */
int co_rt_run_shard(
    struct co_rt *rt, struct co_shard *shard, co_task *task, const struct co_run_options *options);

/* Prints the fiber tree of this runtime now and that of each other shard of the program when its
 * loop comes to it, never two at once. reason: static; begins each tree's first line. */
void co_shards_dump(struct co_rt *rt, int fd, const char *reason);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Threads for blocking jobs. They are started when first needed, block every signal and know
 * nothing of the runtime but its list of finished jobs and its wake.
 */
#ifndef CO_RUNTIME_WORKERS_H
#define CO_RUNTIME_WORKERS_H

#include "runtime/backend.h"

#define CO_WORKERS_DEFAULT 4  /* threads, unless options->pool_threads says otherwise */
#define CO_WORKERS_MAX     64 /* more would only fight for the disk */

/* Queues the job; counts it in rt->jobs_in_flight until its `done` runs. 0, -ENOMEM. */
int co_workers_offload(struct co_rt *rt, struct co_job *job);

/* Takes a job back that no thread has begun: its `done` does not run. False when it is too late. */
bool co_workers_withdraw(struct co_rt *rt, struct co_job *job);

/* Runs the `done` of each finished job. The runtime's thread calls it after each poll. */
void co_workers_reap(struct co_rt *rt);

/* Waits until all queued jobs have run, ends the threads, reaps: before the backend closes. */
void co_workers_stop(struct co_rt *rt);

#endif

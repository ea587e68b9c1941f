/* SPDX-License-Identifier: MIT */
#include "transfer/insist.h"

#include "coronet/fiber.h"
#include "http/retry.h"

#include <errno.h>

static bool is_in_time(const struct co_job *job, int64_t wait_ms)
{
    return job->until_ns == 0 || co_now_ns() + wait_ms * CO_MS < job->until_ns;
}

/* How long to wait after a failure; -1: it is for good. */
static int64_t wait_after(
    const struct co_job *job, struct co_retry *retry, int rc, int status, bool final)
{
    struct co_retry_failure failure = {
        .rc = rc,
        .status = status,
        .after_ms = job->result->retry_after_ms,
        .may_repeat = !final,
    };
    co_random(&failure.random, sizeof failure.random);
    int64_t wait_ms = co_retry_wait_ms(retry, &failure);
    return wait_ms >= 0 && is_in_time(job, wait_ms) ? wait_ms : -1;
}

static bool is_one_too_many(int rc, int status)
{
    bool is_cut = rc == -ECONNRESET || rc == -ECONNREFUSED || rc == CO_EEOF;
    return (rc == CO_ESTATUS && status == 503) || (is_cut && status == 0);
}

/* One attempt. Who is refused goes on when another has ended, not when one was refused as well: all
 * of them would run in circles. */
static int try_once(const struct co_job *job, unsigned nth, int *ret_status, bool *ret_final)
{
    struct co_crowd *crowd = job->crowd;
    if (!crowd)
        return job->attempt(job->arg, nth, ret_status, ret_final);
    for (;;) {
        uint64_t served = crowd->served;
        crowd->active++;
        int rc = job->attempt(job->arg, nth, ret_status, ret_final);
        crowd->active--;
        bool refused = is_one_too_many(rc, *ret_status) && job->result->retry_after_ms < 0 &&
                       !*ret_final && is_in_time(job, 0);
        bool alone = crowd->active == 0 && crowd->served == served;
        crowd->served += !refused;
        if (!refused || alone) {
            co_event_set(&crowd->ended);
            return rc;
        }
        if (crowd->served != served)
            continue;
        co_event_clear(&crowd->ended);
        rc = co_event_wait(&crowd->ended);
        if (rc < 0)
            return rc;
    }
}

static int insist(const struct co_job *job, int *ret_status)
{
    struct co_retry retry = {.limits.times = job->retries};
    for (unsigned i = 0;; i++) {
        bool final = false;
        job->result->retry_after_ms = -1;
        int rc = try_once(job, i, ret_status, &final);
        job->result->tries = i + 1;
        if (rc == 0 || co_status() < 0)
            return rc;
        int64_t wait_ms = wait_after(job, &retry, rc, *ret_status, final);
        if (wait_ms < 0)
            return rc;
        job->events->again(job->events->arg, job->what, rc, wait_ms);
        rc = co_sleep(wait_ms);
        if (rc < 0)
            return rc;
    }
}

int co_job_run(const struct co_job *job)
{
    int64_t start = co_now_ns();
    int rc = insist(job, &job->result->status);
    job->result->took_ns = co_now_ns() - start;
    job->events->ended(job->events->arg, job->index, job->what, rc, job->result);
    return rc;
}

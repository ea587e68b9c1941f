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

/* One attempt of a job, in its crowd. */
struct attempt {
    const struct co_job *job;
    unsigned nth;
    int *ret_status;
    bool *ret_final;
};

static int attempt_in_crowd(void *arg, bool *ret_refused)
{
    const struct attempt *attempt = arg;
    const struct co_job *job = attempt->job;
    int rc = job->attempt(job->arg, attempt->nth, attempt->ret_status, attempt->ret_final);
    *ret_refused = co_crowd_is_full(rc, *attempt->ret_status) && job->result->retry_after_ms < 0 &&
                   !*attempt->ret_final && is_in_time(job, 0);
    return rc;
}

static int try_once(const struct co_job *job, unsigned nth, int *ret_status, bool *ret_final)
{
    struct attempt attempt = {job, nth, ret_status, ret_final};
    if (!job->crowd)
        return job->attempt(job->arg, nth, ret_status, ret_final);
    return co_crowd_try(job->crowd, attempt_in_crowd, &attempt);
}

int co_job_insist(const struct co_job *job, int *ret_status)
{
    struct co_retry retry = {.limits.times = job->retries};
    for (unsigned i = 0;; i++) {
        bool final = false;
        job->result->retry_after_ms = -1;
        int rc = try_once(job, i, ret_status, &final);
        job->result->tries = i + 1;
        if (rc >= 0 || co_status() < 0)
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
    int rc = co_job_insist(job, &job->result->status);
    job->result->took_ns = co_now_ns() - start;
    job->events->ended(job->events->arg, job->index, job->what, rc, job->result);
    return rc;
}

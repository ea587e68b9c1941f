/* SPDX-License-Identifier: MIT */
#include "transfer/insist.h"

#include "coronet/fiber.h"

#include <errno.h>

#define FIRST_WAIT_MS 1000  /* before the first repetition; each later wait is twice as long, */
#define LAST_WAIT_MS  60000 /* up to this */

bool co_may_pass(int rc, int status)
{
    switch (rc) {
    case CO_ESTATUS:
        return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
    case CO_EEOF:
    case CO_ETRUNCATED:
    case CO_ETOOSLOW:
    case CO_EDEADLINE:
    case CO_ENAMESERVER:
    case -ECONNRESET:
    case -ECONNREFUSED:
    case -EPIPE:
    case -ETIMEDOUT:
    case -ENETUNREACH:
    case -EHOSTUNREACH: return true;
    default: return false;
    }
}

static int insist(const struct co_job *job, int *ret_status)
{
    int64_t wait_ms = FIRST_WAIT_MS;
    for (unsigned i = 0;; i++) {
        bool final = false;
        int rc = job->attempt(job->arg, i, ret_status, &final);
        if (rc == 0 || final || i == job->retries || co_status() < 0 ||
            !co_may_pass(rc, *ret_status))
            return rc;
        job->events->again(job->events->arg, job->what, rc, wait_ms);
        rc = co_sleep(wait_ms);
        if (rc < 0)
            return rc;
        wait_ms = wait_ms < LAST_WAIT_MS / 2 ? 2 * wait_ms : LAST_WAIT_MS;
    }
}

int co_job_run(const struct co_job *job)
{
    int status = 0;
    int rc = insist(job, &status);
    job->events->ended(job->events->arg, job->index, job->what, rc, status);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* A file's job: what is told of it, and that it is tried again where that may help. */
#ifndef CO_TRANSFER_INSIST_H
#define CO_TRANSFER_INSIST_H

#include "transfer/crowd.h"
#include "transfer/download.h"

/* More of how a file went, as far as it is known. */
struct co_transfer_result {
    int status;       /* HTTP's or the like; 0: there was none */
    const char *file; /* what it is called here; NULL: it has no name */
    struct co_download_progress progress;
    int64_t retry_after_ms; /* what the server said at last; -1: nothing; the attempt's to say */
    bool unchanged;         /* there was nothing to do */
    uint64_t kept;          /* bytes here that a later run can go on from, after a failure */
    unsigned tries;         /* co_job_run's, as is the following; 0: it was not begun */
    int64_t took_ns;
};

/* Told of each file by its number, 0 and up. None may suspend. */
struct co_transfer_events {
    void (*begun)(void *arg, size_t index, const char *name); /* what it is called on the screen */
    /* version: of HTTP, as co_http_response_version. */
    void (*answered)(void *arg, const char *what, int status, int version);
    void (*progress)(void *arg, size_t index, const struct co_download_progress *progress);
    void (*again)(void *arg, const char *what, int why, int64_t wait_ms); /* what: URL or path */
    /* It does not go on from what is there. */
    void (*anew)(void *arg, const char *what, const char *why);
    void (*ended)(
        void *arg, size_t index, const char *what, int rc, const struct co_transfer_result *result);
    void *arg;
};

/* One file's. */
struct co_job {
    const struct co_transfer_events *events;
    size_t index;
    const char *what;
    unsigned retries;
    int64_t until_ns; /* of co_now_ns: no try begins later; 0: any time */
    struct co_transfer_result *result;
    /* With it a refusal (co_crowd_is_full, without Retry-After) while others are under way is no
     * failure. Only for what does no harm when it is begun more often than is tried. NULL: none. */
    struct co_crowd *crowd;
    /* One attempt, the nth. 0 or negative; *ret_status as a result's. Whether it may be repeated it
     * can deny by *ret_final. */
    int (*attempt)(void *arg, unsigned nth, int *ret_status, bool *ret_final);
    void *arg;
};

/* Tries until it is done, cannot be done, or has been tried often enough (http/retry.h), and tells.
 * Suspends. Returns the last attempt's result. */
int co_job_run(const struct co_job *job);

/* As co_job_run, of something that is no file: nobody is told how it ended. What is not negative
 * ends it. */
int co_job_insist(const struct co_job *job, int *ret_status);

#endif

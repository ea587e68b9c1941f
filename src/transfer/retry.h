/* SPDX-License-Identifier: MIT */
/*
 * Whether a failed request is tried again, and after how long (RFC 9110 9.2.2, 10.2.3). Pure
 * functions: no clock, no sleep.
 */
#ifndef CO_TRANSFER_RETRY_H
#define CO_TRANSFER_RETRY_H

#include "base/base.h"

#define CO_RETRY_AFTER_MAX_MS 300000 /* a server that wants more of a pause is not waited for */

struct co_retry {
    unsigned left;   /* how often it is tried again, at most */
    unsigned failed; /* the function's own count; 0 at first */
};

/* How a try failed. */
struct co_retry_failure {
    int rc, status;   /* status: HTTP's; 0: there was no response */
    int64_t after_ms; /* what Retry-After says; -1: nothing */
    bool may_repeat;  /* once more does no harm: it is idempotent, or nothing of it was sent */
    uint32_t random;  /* any number */
};

/*
 * Milliseconds to wait before the next try; -1: there is none, since it would not help, might do
 * harm, or was tried often enough. 1 s, then twice as long each time up to 60 s, give or take a
 * quarter at random, so that clients that failed together do not come back together; but what
 * Retry-After asks for, where that is said.
 */
int64_t co_retry_wait_ms(struct co_retry *retry, const struct co_retry_failure *failure);

/* What a Retry-After means, in milliseconds from now: seconds, or a date, which counts from the
 * response's own Date where it has one, since clocks differ. -1: nothing. now: seconds since 1970.
 */
int64_t co_retry_after_ms(co_text value, co_text date, int64_t now);

#endif

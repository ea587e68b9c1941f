/* SPDX-License-Identifier: MIT */
/*
 * Whether a failed request is tried again, and after how long (RFC 9110 9.2.2, 10.2.3). Pure
 * functions: no clock, no sleep.
 */
#ifndef CO_HTTP_RETRY_H
#define CO_HTTP_RETRY_H

#include "base/base.h"
#include "coronet/http_client.h"

struct co_retry {
    struct co_http_retries limits;
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
 * Milliseconds to wait before the next try, as struct co_http_retries says; -1: there is none,
 * since it would not help, might do harm, or was tried often enough. Clients that failed together
 * do not come back together: random draws each its own wait.
 */
int64_t co_retry_wait_ms(struct co_retry *retry, const struct co_retry_failure *failure);

/* What a Retry-After means, in milliseconds from now: seconds, or a date, which counts from the
 * response's own Date where it has one, since clocks differ. -1: nothing. now: seconds since 1970.
 */
int64_t co_retry_after_ms(co_text value, co_text date, int64_t now);

#endif

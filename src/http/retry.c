/* SPDX-License-Identifier: MIT */
#include "http/retry.h"

#include "codec/cookie_date.h"

#include <errno.h>

#define FIRST_MS     1000 /* the defaults */
#define WAIT_MAX_MS  60000
#define AFTER_MAX_MS 300000
#define SECONDS_MAX  (INT64_MAX / 1000)

/* 500 is no promise that the next one will be better, unless the server says when to come back. */
static bool status_may_pass(int status, bool says_when)
{
    switch (status) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504: return true;
    default: return status >= 500 && says_when;
    }
}

/* May it be otherwise when it is tried again? */
static bool may_pass(const struct co_retry_failure *failure)
{
    switch (failure->rc) {
    case CO_ESTATUS: return status_may_pass(failure->status, failure->after_ms >= 0);
    case CO_EEOF:
    case CO_ETRUNCATED:
    case CO_ETOOSLOW:
    case CO_EDEADLINE:
    case CO_ENAMESERVER:
    case -ECONNABORTED:
    case -ECONNRESET:
    case -ECONNREFUSED:
    case -EPIPE:
    case -ETIMEDOUT:
    case -ENETDOWN:
    case -ENETUNREACH:
    case -EHOSTUNREACH: return true;
    default: return false;
    }
}

static int64_t either(int64_t given, int64_t usual)
{
    return given > 0 ? given : usual;
}

/* The middle of what is drawn. */
static int64_t wait_of(const struct co_retry *retry)
{
    int64_t wait = either(retry->limits.first_ms, FIRST_MS);
    int64_t max = either(retry->limits.wait_max_ms, WAIT_MAX_MS);
    for (unsigned i = 0; i < retry->failed && wait < max; i++)
        wait = wait > max / 2 ? max : wait * 2;
    return wait < max ? wait : max;
}

int64_t co_retry_wait_ms(struct co_retry *retry, const struct co_retry_failure *failure)
{
    if (retry->failed >= retry->limits.times || !failure->may_repeat || !may_pass(failure))
        return -1;
    int64_t wait = wait_of(retry), after_max = either(retry->limits.after_max_ms, AFTER_MAX_MS);
    retry->failed++;
    if (failure->after_ms >= 0)
        return failure->after_ms <= after_max ? failure->after_ms : -1;
    return wait - wait / 4 + failure->random % (wait / 2 + 1);
}

int64_t co_retry_after_ms(co_text value, co_text date, int64_t now)
{
    uint64_t seconds;
    int64_t then, from;
    if (co_text_number(value, SECONDS_MAX, &seconds) == 0)
        return (int64_t)seconds * 1000;
    if (co_date_read_loosely(value, now, &then) < 0)
        return -1;
    if (co_date_read_loosely(date, now, &from) < 0)
        from = now;
    return then > from ? (then - from) * 1000 : 0;
}

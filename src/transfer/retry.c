/* SPDX-License-Identifier: MIT */
#include "transfer/retry.h"

#include "codec/date.h"

#include <errno.h>

#define FIRST_WAIT_MS 1000  /* before the first repetition; each later wait is twice as long, */
#define LAST_WAIT_MS  60000 /* up to this */
#define SECONDS_MAX   (INT64_MAX / 1000)

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

int64_t co_retry_wait_ms(struct co_retry *retry, const struct co_retry_failure *failure)
{
    if (retry->failed >= retry->left || !failure->may_repeat || !may_pass(failure))
        return -1;
    int64_t wait = FIRST_WAIT_MS;
    for (unsigned i = 0; i < retry->failed && wait < LAST_WAIT_MS; i++)
        wait *= 2;
    retry->failed++;
    if (failure->after_ms >= 0)
        return failure->after_ms <= CO_RETRY_AFTER_MAX_MS ? failure->after_ms : -1;
    if (wait > LAST_WAIT_MS)
        wait = LAST_WAIT_MS;
    return wait * 3 / 4 + failure->random % (wait / 2 + 1);
}

int64_t co_retry_after_ms(co_text value, co_text date, int64_t now)
{
    uint64_t seconds;
    int64_t then, from;
    if (co_text_number(value, SECONDS_MAX, &seconds) == 0)
        return (int64_t)seconds * 1000;
    if (co_date_read(value, now, &then) < 0)
        return -1;
    if (co_date_read(date, now, &from) < 0)
        from = now;
    return then > from ? (then - from) * 1000 : 0;
}

/* SPDX-License-Identifier: MIT */
#include "tree/quota.h"

#include <errno.h>
#include <stdlib.h>

#define VISIT ((uint64_t)1 << 32)

static uint64_t add_clamped(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

int co_quota_take(struct co_quota *quota, uint64_t bytes)
{
    return co_quota_take_beyond(quota, bytes, 0);
}

int co_quota_take_beyond(struct co_quota *quota, uint64_t bytes, uint64_t beyond)
{
    if (!quota || bytes == 0)
        return 0;
    uint64_t limit = add_clamped(quota->bytes_max, beyond), sum;
    uint64_t used = __atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED);
    do
        if (__builtin_add_overflow(used, bytes, &sum) || sum > limit) {
            __atomic_store_n(&quota->has_refused, true, __ATOMIC_RELAXED);
            return -EDQUOT;
        }
    while (!__atomic_compare_exchange_n(
        &quota->bytes_used, &used, sum, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return 0;
}

void co_quota_give(struct co_quota *quota, uint64_t bytes)
{
    if (!quota)
        return;
    uint64_t used = __atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED), rest;
    do
        rest = used > bytes ? used - bytes : 0;
    while (!__atomic_compare_exchange_n(
        &quota->bytes_used, &used, rest, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

uint64_t co_quota_left(const struct co_quota *quota)
{
    if (!quota)
        return UINT64_MAX;
    uint64_t used = __atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED);
    return used < quota->bytes_max ? quota->bytes_max - used : 0;
}

bool co_quota_is_exceeded(const struct co_quota *quota)
{
    return quota && __atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED) > quota->bytes_max;
}

uint64_t co_quota_enter(struct co_quota *quota)
{
    uint64_t before = __atomic_fetch_add(&quota->visits, VISIT + 1, __ATOMIC_ACQ_REL);
    return before % VISIT ? 0 : before + VISIT + 1;
}

void co_quota_leave(struct co_quota *quota)
{
    __atomic_fetch_sub(&quota->visits, 1, __ATOMIC_ACQ_REL);
}

bool co_quota_has_refused(const struct co_quota *quota)
{
    return __atomic_load_n(&quota->has_refused, __ATOMIC_RELAXED);
}

uint64_t co_quota_used(const struct co_quota *quota)
{
    return __atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED);
}

/* Who comes after the look at the visits finds all that was counted, or books first. */
void co_quota_correct(struct co_quota *quota, uint64_t ticket, uint64_t booked, uint64_t used)
{
    if (__atomic_load_n(&quota->visits, __ATOMIC_ACQUIRE) == ticket &&
        __atomic_compare_exchange_n(
            &quota->bytes_used, &booked, used, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        __atomic_store_n(&quota->has_refused, false, __ATOMIC_RELAXED);
}

void co_quota_hold(struct co_quota *quota)
{
    if (quota)
        pthread_mutex_lock(&quota->edits);
}

void co_quota_release(struct co_quota *quota)
{
    if (quota)
        pthread_mutex_unlock(&quota->edits);
}

int co_quota_new(co_quota **ret, uint64_t bytes_max, uint64_t bytes_used)
{
    co_quota *quota = malloc(sizeof *quota);
    if (!quota)
        return -ENOMEM;
    *quota = (co_quota){.bytes_max = bytes_max, .bytes_used = bytes_used};
    pthread_mutex_init(&quota->edits, NULL);
    *ret = quota;
    return 0;
}

void co_quota_free(co_quota *quota)
{
    if (!quota)
        return;
    pthread_mutex_destroy(&quota->edits);
    free(quota);
}

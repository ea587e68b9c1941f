/* SPDX-License-Identifier: MIT */
/*
 * How many bytes a user may keep: an account that all threads and protocols share.
 *
 * What is written is booked first and written then. What a name stood for is given back by whoever
 * took the name away: between looking at the file and taking it, the account is held, so that no
 * two give the same bytes back (attacks F18).
 */
#ifndef CO_TREE_QUOTA_H
#define CO_TREE_QUOTA_H

#include "base/base.h"
#include "coronet/account.h"

#include <pthread.h>

/* {.bytes_max = ...} is a good account; it must stay where it is. */
struct co_quota {
    uint64_t bytes_max;  /* set before use */
    uint64_t bytes_used; /* atomic */
    uint64_t visits;     /* atomic: how many may book, and in the upper half how often one came */
    bool has_refused;    /* atomic: since it was counted */
    pthread_mutex_t edits;
};

/* Books `bytes` more. 0, or -EDQUOT (nothing is booked). quota: NULL has no limit. */
int co_quota_take(struct co_quota *quota, uint64_t bytes);

/* The same, with `beyond` bytes above the limit: those that a copy has in common with a file which
 * it is to replace, so that they are counted once. */
int co_quota_take_beyond(struct co_quota *quota, uint64_t bytes, uint64_t beyond);

/* Gives bytes back; what was never booked (files from before, removed by now) does not go below 0.
 */
void co_quota_give(struct co_quota *quota, uint64_t bytes);

/* Do bytes stand above the limit, lent? */
bool co_quota_is_exceeded(const struct co_quota *quota);

uint64_t co_quota_left(const struct co_quota *quota); /* UINT64_MAX when NULL */

/* Who may book comes, and goes when all that they booked is written. Returns a ticket for whoever
 * is alone; 0: others are there. */
uint64_t co_quota_enter(struct co_quota *quota);
void co_quota_leave(struct co_quota *quota);

/* Others change what lies there, too: an account that has refused something may be wrong. Whoever
 * is alone in it reads what is booked, counts, and corrects that; not if anybody has come since. */
bool co_quota_has_refused(const struct co_quota *quota);
uint64_t co_quota_used(const struct co_quota *quota);
void co_quota_correct(struct co_quota *quota, uint64_t ticket, uint64_t booked, uint64_t used);

/* Holds the account while a file is taken away: for pool threads, and for no longer than a rename
 * takes. quota: may be NULL. */
void co_quota_hold(struct co_quota *quota);
void co_quota_release(struct co_quota *quota);

#endif

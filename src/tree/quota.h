/* SPDX-License-Identifier: MIT */
/* How many bytes a user may keep: an atomic account that all threads and protocols share. */
#ifndef CO_TREE_QUOTA_H
#define CO_TREE_QUOTA_H

#include "base/base.h"

struct co_quota {
    uint64_t bytes_max;  /* set before use */
    uint64_t bytes_used; /* atomic */
};

/* Books `bytes` more. 0, or -EDQUOT (nothing is booked). quota: NULL has no limit. */
int co_quota_take(struct co_quota *quota, uint64_t bytes);

/* Gives bytes back; what was never booked (files from before, removed by now) does not go below 0. */
void co_quota_give(struct co_quota *quota, uint64_t bytes);

uint64_t co_quota_left(const struct co_quota *quota); /* UINT64_MAX when NULL */

#endif

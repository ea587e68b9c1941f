/* SPDX-License-Identifier: MIT */
/*
 * What is known of the latest so-many keys of 16 bytes, addresses or digests: a map of bounded size
 * in which a new key takes the place of the one that was longest untouched. No lock of its own.
 */
#ifndef CO_AUTH_RECENT_H
#define CO_AUTH_RECENT_H

#include "base/list.h"
#include "base/map.h"

#define CO_RECENT_KEY 16

struct co_recent_entry {
    struct co_link link; /* the longest untouched first */
    uint8_t key[CO_RECENT_KEY];
    int64_t until; /* monotonic ns; what they mean is the owner's affair */
    int64_t forgiven_at;
};

struct co_recent {
    struct co_map map;
    struct co_link entries;
    size_t count_max;
};

void co_recent_init(struct co_recent *recent, size_t count_max, const uint64_t secret[2]);
void co_recent_free(struct co_recent *recent); /* empty and usable again */

/* What is known of the key, or NULL. */
struct co_recent_entry *co_recent_find(
    const struct co_recent *recent, const uint8_t key[CO_RECENT_KEY]);

/* The same, made when there is none, all zero; it is the latest now. NULL: no memory. */
struct co_recent_entry *co_recent_touch(struct co_recent *recent, const uint8_t key[CO_RECENT_KEY]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A hash map from byte strings to pointers, keyed with a secret (SipHash-1-3), so that names chosen
 * by an attacker cannot make it slow. Open addressing; the map owns neither keys nor values: a key
 * must live as long as its entry (it usually lies within the value).
 */
#ifndef CO_MAP_H
#define CO_MAP_H

#include "base/base.h"

struct co_map_entry {
    co_text key;
    void *value; /* NULL: empty slot */
    uint64_t hash;
};

struct co_map {
    struct co_map_entry *entries;
    size_t count, room; /* room is a power of two, or 0 */
    uint64_t secret[2];
};

/* An empty map; `secret` should come from the runtime's random source. */
void co_map_init(struct co_map *map, const uint64_t secret[2]);
void co_map_free(struct co_map *map);

/* The value at key, or NULL. */
void *co_map_get(const struct co_map *map, co_text key);

/* Sets or replaces. 0 or -ENOMEM, in which case nothing has changed. */
int co_map_set(struct co_map *map, co_text key, void *value);

/* Removes the entry and returns its value, or NULL when there is none. */
void *co_map_remove(struct co_map *map, co_text key);

/* SipHash-1-3 of bytes under a 128-bit key. Ref: Aumasson and Bernstein, "SipHash" (2012). */
uint64_t co_siphash(const uint64_t secret[2], const void *bytes, size_t size);

#endif

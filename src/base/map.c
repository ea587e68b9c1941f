/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define MAP_ROOM_FIRST 16 /* slots of the first allocation; a power of two */

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t co_siphash(const uint64_t secret[2], const void *bytes, size_t size)
{
    uint64_t v[4] = {
        secret[0] ^ 0x736f6d6570736575,
        secret[1] ^ 0x646f72616e646f6d,
        secret[0] ^ 0x6c7967656e657261,
        secret[1] ^ 0x7465646279746573,
    };
    const uint8_t *at = bytes;
    uint64_t word, last = (uint64_t)size << 56;
    for (; size >= 8; at += 8, size -= 8) {
        memcpy(&word, at, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < size; i++)
        last |= (uint64_t)at[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void co_map_init(struct co_map *map, const uint64_t secret[2])
{
    *map = (struct co_map){.secret = {secret[0], secret[1]}};
}

void co_map_free(struct co_map *map)
{
    free(map->entries);
    map->entries = NULL;
    map->count = map->room = 0;
}

/* The entry of the key, or the empty slot where it would go. */
static struct co_map_entry *map_slot(
    struct co_map_entry *entries, size_t room, uint64_t hash, co_text key)
{
    size_t at = (size_t)hash & (room - 1);
    while (entries[at].value && !(entries[at].hash == hash && co_text_equal(entries[at].key, key)))
        at = (at + 1) & (room - 1);
    return &entries[at];
}

void *co_map_get(const struct co_map *map, co_text key)
{
    if (map->count == 0)
        return NULL;
    return map_slot(map->entries, map->room, co_siphash(map->secret, key.at, key.size), key)->value;
}

static int map_grow(struct co_map *map)
{
    size_t room = map->room ? map->room * 2 : MAP_ROOM_FIRST;
    struct co_map_entry *entries = calloc(room, sizeof *entries);
    if (!entries)
        return -ENOMEM;
    for (size_t i = 0; i < map->room; i++)
        if (map->entries[i].value)
            *map_slot(entries, room, map->entries[i].hash, map->entries[i].key) = map->entries[i];
    free(map->entries);
    map->entries = entries;
    map->room = room;
    return 0;
}

int co_map_set(struct co_map *map, co_text key, void *value)
{
    assert(value);
    if (map->count * 4 >= map->room * 3) {
        int rc = map_grow(map);
        if (rc < 0)
            return rc;
    }
    uint64_t hash = co_siphash(map->secret, key.at, key.size);
    struct co_map_entry *entry = map_slot(map->entries, map->room, hash, key);
    if (!entry->value)
        map->count++;
    *entry = (struct co_map_entry){key, value, hash};
    return 0;
}

/* Closes the gap at `hole` by moving back entries that were displaced past it. */
static void map_close_gap(struct co_map *map, size_t hole)
{
    size_t mask = map->room - 1, at = hole;
    for (;;) {
        at = (at + 1) & mask;
        if (!map->entries[at].value)
            break;
        size_t home = (size_t)map->entries[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole] = (struct co_map_entry){0};
}

void *co_map_remove(struct co_map *map, co_text key)
{
    if (map->count == 0)
        return NULL;
    uint64_t hash = co_siphash(map->secret, key.at, key.size);
    struct co_map_entry *entry = map_slot(map->entries, map->room, hash, key);
    void *value = entry->value;
    if (value) {
        map->count--;
        map_close_gap(map, (size_t)(entry - map->entries));
    }
    return value;
}

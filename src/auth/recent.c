/* SPDX-License-Identifier: MIT */
#include "auth/recent.h"

#include <stdlib.h>

void co_recent_init(struct co_recent *recent, size_t count_max, const uint64_t secret[2])
{
    recent->count_max = count_max;
    co_map_init(&recent->map, secret);
    co_list_init(&recent->entries);
}

void co_recent_free(struct co_recent *recent)
{
    struct co_link *link;
    while ((link = co_list_pop(&recent->entries)))
        free(CO_CONTAINER(link, struct co_recent_entry, link));
    co_map_free(&recent->map);
}

static co_text key_text(const uint8_t key[CO_RECENT_KEY])
{
    return (co_text){(const char *)key, CO_RECENT_KEY};
}

struct co_recent_entry *co_recent_find(
    const struct co_recent *recent, const uint8_t key[CO_RECENT_KEY])
{
    return co_map_get(&recent->map, key_text(key));
}

/* An entry that is in no list: a fresh one, or at the limit the longest untouched. */
static struct co_recent_entry *entry_get(struct co_recent *recent)
{
    if (recent->map.count < recent->count_max)
        return malloc(sizeof(struct co_recent_entry));
    struct co_recent_entry *oldest =
        CO_CONTAINER(co_list_pop(&recent->entries), struct co_recent_entry, link);
    co_map_remove(&recent->map, key_text(oldest->key));
    return oldest;
}

static struct co_recent_entry *entry_add(struct co_recent *recent, const uint8_t key[CO_RECENT_KEY])
{
    struct co_recent_entry *entry = entry_get(recent);
    if (!entry)
        return NULL;
    *entry = (struct co_recent_entry){0};
    memcpy(entry->key, key, CO_RECENT_KEY);
    if (co_map_set(&recent->map, key_text(entry->key), entry) < 0) {
        free(entry);
        return NULL;
    }
    co_list_append(&recent->entries, &entry->link);
    return entry;
}

struct co_recent_entry *co_recent_touch(struct co_recent *recent, const uint8_t key[CO_RECENT_KEY])
{
    struct co_recent_entry *entry = co_recent_find(recent, key);
    if (!entry)
        return entry_add(recent, key);
    co_list_remove(&entry->link);
    co_list_append(&recent->entries, &entry->link);
    return entry;
}

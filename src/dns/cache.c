/* SPDX-License-Identifier: MIT */
#include "dns/cache.h"

#include "base/list.h"
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

struct co_dns_cache {
    struct co_map entries; /* by key_text */
    struct co_link used;   /* the same, the longest unused first */
};

struct entry {
    struct co_link used;
    int64_t until_ns;
    uint8_t rcode, count, first; /* first: of the addresses, the next time */
    uint8_t address_bytes;
    uint16_t key_bytes;
    uint8_t bytes[]; /* the key, then the addresses */
};

struct key_text {
    char bytes[sizeof(uint64_t) + 1 + CO_NAME_MAX];
    size_t size;
};

/* A number for the servers of a configuration: the same when they are. */
static uint64_t servers_of(const struct co_dns_cache *cache, const struct co_resolv_conf *conf)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < conf->server_count; i++) {
        const co_address *server = &conf->servers[i];
        uint64_t pair[2] = {all, co_siphash(cache->entries.secret, server->as.bytes, server->size)};
        all = co_siphash(cache->entries.secret, pair, sizeof pair);
    }
    return all;
}

/* False when the name is too long to be one. That a name does not exist is so for every type
 * (RFC 2308 5): such a reply has the type 0. */
static bool key_write(const struct co_dns_cache *cache, const struct co_dns_key *key, unsigned type,
    struct key_text *ret)
{
    uint64_t servers = servers_of(cache, key->conf);
    size_t size = strlen(key->name);
    if (size && key->name[size - 1] == '.')
        size--;
    if (size > CO_NAME_MAX)
        return false;
    memcpy(ret->bytes, &servers, sizeof servers);
    ret->bytes[sizeof servers] = (char)type;
    ret->size = sizeof servers + 1;
    for (size_t i = 0; i < size; i++)
        ret->bytes[ret->size++] = co_lower(key->name[i]);
    return true;
}

static co_text key_of(const struct entry *entry)
{
    return (co_text){(const char *)entry->bytes, entry->key_bytes};
}

static void entry_forget(struct co_dns_cache *cache, struct entry *entry)
{
    co_map_remove(&cache->entries, key_of(entry));
    co_list_remove(&entry->used);
    free(entry);
}

int co_dns_cache_new(struct co_dns_cache **ret, const uint64_t secret[2])
{
    struct co_dns_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return -ENOMEM;
    co_map_init(&cache->entries, secret);
    co_list_init(&cache->used);
    *ret = cache;
    return 0;
}

void co_dns_cache_free(struct co_dns_cache *cache)
{
    if (!cache)
        return;
    while (!co_list_empty(&cache->used))
        entry_forget(cache, CO_CONTAINER(cache->used.next, struct entry, used));
    co_map_free(&cache->entries);
    free(cache);
}

static struct entry *entry_find(
    struct co_dns_cache *cache, const struct co_dns_key *key, unsigned type, int64_t now_ns)
{
    struct key_text text;
    if (!key_write(cache, key, type, &text))
        return NULL;
    struct entry *entry = co_map_get(&cache->entries, (co_text){text.bytes, text.size});
    if (!entry || entry->until_ns > now_ns)
        return entry;
    entry_forget(cache, entry);
    return NULL;
}

bool co_dns_cache_get(struct co_dns_cache *cache, const struct co_dns_key *key, int64_t now_ns,
    struct co_dns_reply *ret)
{
    struct entry *entry = entry_find(cache, key, key->type, now_ns);
    if (!entry && !(entry = entry_find(cache, key, 0, now_ns)))
        return false;
    co_list_remove(&entry->used);
    co_list_append(&cache->used, &entry->used);
    *ret = (struct co_dns_reply){.rcode = entry->rcode, .count = entry->count};
    for (unsigned i = 0; i < entry->count; i++)
        memcpy(ret->addresses[i],
            entry->bytes + entry->key_bytes +
                (size_t)((i + entry->first) % entry->count) * entry->address_bytes,
            entry->address_bytes);
    if (entry->count)
        entry->first = (uint8_t)((entry->first + 1) % entry->count);
    return true;
}

static struct entry *entry_new(
    const struct key_text *text, enum co_dns_type type, const struct co_dns_reply *reply)
{
    size_t address_bytes = type == CO_DNS_A ? 4 : 16;
    struct entry *entry = malloc(sizeof *entry + text->size + reply->count * address_bytes);
    if (!entry)
        return NULL;
    *entry = (struct entry){
        .rcode = (uint8_t)reply->rcode,
        .count = (uint8_t)reply->count,
        .first = reply->count ? (uint8_t)(1 % reply->count) : 0, /* 0 has had its turn */
        .address_bytes = (uint8_t)address_bytes,
        .key_bytes = (uint16_t)text->size,
    };
    memcpy(entry->bytes, text->bytes, text->size);
    for (unsigned i = 0; i < reply->count; i++)
        memcpy(entry->bytes + text->size + i * address_bytes, reply->addresses[i], address_bytes);
    return entry;
}

void co_dns_cache_put(struct co_dns_cache *cache, const struct co_dns_key *key, int64_t now_ns,
    const struct co_dns_reply *reply)
{
    struct key_text text;
    unsigned type = reply->rcode == CO_DNS_NXDOMAIN ? 0 : key->type;
    uint32_t ttl_max = reply->count ? CO_DNS_TTL_MAX : CO_DNS_TTL_NEGATIVE_MAX;
    uint32_t ttl_s = reply->ttl_s < ttl_max ? reply->ttl_s : ttl_max;
    if (ttl_s == 0 || !key_write(cache, key, type, &text))
        return;
    struct entry *old = co_map_get(&cache->entries, (co_text){text.bytes, text.size});
    if (!old && cache->entries.count == CO_DNS_CACHE_MAX)
        old = CO_CONTAINER(cache->used.next, struct entry, used);
    if (old)
        entry_forget(cache, old);
    struct entry *entry = entry_new(&text, key->type, reply);
    if (!entry)
        return;
    entry->until_ns = now_ns + (int64_t)ttl_s * CO_SECOND;
    if (co_map_set(&cache->entries, key_of(entry), entry) < 0)
        free(entry);
    else
        co_list_append(&cache->used, &entry->used);
}

/* SPDX-License-Identifier: MIT */
#include "transfer/hosts.h"

#include "base/heap.h"
#include "base/map.h"
#include "codec/url.h"
#include "coronet/fiber.h"

#include <errno.h>
#include <stdlib.h>

#define NONE SIZE_MAX

/* Its URLs that wait are a list, by their places. */
struct host {
    struct co_heap_node node; /* in `ready`, by its first one's place: some wait, and it has room */
    unsigned at_work;
    struct co_crowd crowd;
    size_t first, last;
};

struct co_hosts {
    unsigned per_host;
    struct co_heap ready;
    size_t count, host_count;
    struct host *hosts;  /* as many as there are URLs, at most */
    struct host **owner; /* of each URL */
    size_t *next;        /* of the same host */
};

static void make_ready(struct co_hosts *hosts, struct host *host)
{
    bool has_room = hosts->per_host == 0 || host->at_work < hosts->per_host;
    if (host->first != NONE && has_room && host->node.index == 0)
        (void)co_heap_insert(&hosts->ready, &host->node, (int64_t)host->first); /* reserved */
}

/* The port is part of it: another port is another server. */
static co_text name_of(const char *url)
{
    struct co_url parsed;
    co_text text = co_text_of(url);
    if (co_url_parse(text, &parsed) < 0)
        return text;
    const char *end = parsed.path.at;
    return (co_text){parsed.host.at, (size_t)(end - parsed.host.at)};
}

static void append(struct co_hosts *hosts, struct host *host, size_t index)
{
    hosts->owner[index] = host;
    hosts->next[index] = NONE;
    if (host->first == NONE)
        host->first = index;
    else
        hosts->next[host->last] = index;
    host->last = index;
}

static int sort(struct co_hosts *hosts, const char *const *urls, struct co_map *known)
{
    for (size_t i = 0; i < hosts->count; i++) {
        co_text name = name_of(urls[i]);
        struct host *host = co_map_get(known, name);
        if (!host) {
            host = &hosts->hosts[hosts->host_count++];
            host->first = NONE;
            int rc = co_map_set(known, name, host);
            if (rc < 0)
                return rc;
        }
        append(hosts, host, i);
    }
    for (size_t i = 0; i < hosts->host_count; i++)
        make_ready(hosts, &hosts->hosts[i]);
    return 0;
}

int co_hosts_new(struct co_hosts **ret, const char *const *urls, size_t count, unsigned per_host)
{
    struct co_hosts *hosts = calloc(1, sizeof *hosts);
    struct co_map known;
    uint64_t secret[2];
    if (!hosts)
        return -ENOMEM;
    co_random(secret, sizeof secret);
    co_map_init(&known, secret);
    hosts->per_host = per_host;
    hosts->count = count;
    hosts->hosts = calloc(count + 1, sizeof *hosts->hosts);
    hosts->owner = calloc(count + 1, sizeof(struct host *));
    hosts->next = calloc(count + 1, sizeof *hosts->next);
    bool all = hosts->hosts && hosts->owner && hosts->next && count < UINT32_MAX;
    int rc = all ? co_heap_reserve(&hosts->ready, (uint32_t)count) : -ENOMEM;
    if (rc == 0)
        rc = sort(hosts, urls, &known);
    co_map_free(&known);
    if (rc < 0)
        co_hosts_free(hosts);
    else
        *ret = hosts;
    return rc;
}

void co_hosts_free(struct co_hosts *hosts)
{
    if (!hosts)
        return;
    co_heap_free(&hosts->ready);
    free(hosts->hosts);
    free(hosts->owner);
    free(hosts->next);
    free(hosts);
}

ssize_t co_hosts_take(struct co_hosts *hosts)
{
    int64_t key;
    struct co_heap_node *node = co_heap_first(&hosts->ready, &key);
    if (!node)
        return -1;
    struct host *host = CO_CONTAINER(node, struct host, node);
    co_heap_remove(&hosts->ready, node);
    host->first = hosts->next[key];
    host->at_work++;
    make_ready(hosts, host);
    return (ssize_t)key;
}

void co_hosts_give(struct co_hosts *hosts, size_t index)
{
    struct host *host = hosts->owner[index];
    host->at_work--;
    make_ready(hosts, host);
}

struct co_crowd *co_hosts_crowd(struct co_hosts *hosts, size_t index)
{
    return &hosts->owner[index]->crowd;
}

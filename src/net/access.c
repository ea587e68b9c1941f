/* SPDX-License-Identifier: MIT */
/*
 * Access rules and counts.
 *
 * Addresses are compared as base/client.h makes them, so one list serves IPv4 and IPv6.
 */
#include "net/access.h"

#include "base/map.h"
#include "net/network.h"
#include "net/stream.h"
#include "runtime/sysop.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define RULES_MAX 4096 /* of one set */

struct rule {
    struct co_network network;
    bool allow;
};

/* Connections of one client. */
struct client {
    uint8_t key[16];
    unsigned count;
};

struct co_access {
    pthread_mutex_t lock; /* guards what follows; rules are fixed once served */
    struct co_map clients;
    unsigned connections;
    unsigned connections_max, per_address_max;
    struct rule *rules;
    size_t rule_count;
    bool has_allow;
};

int co_access_new(co_access **ret, unsigned connections_max, unsigned per_address_max)
{
    struct co_access *access = calloc(1, sizeof *access);
    if (!access)
        return -ENOMEM;
    uint64_t secret[2];
    if (co_rt_current())
        co_random(secret, sizeof secret);
    else
        co_sys_random(NULL, secret, sizeof secret);
    co_map_init(&access->clients, secret);
    pthread_mutex_init(&access->lock, NULL);
    access->connections_max = connections_max;
    access->per_address_max = per_address_max;
    *ret = access;
    return 0;
}

void co_access_free(co_access *access)
{
    if (!access)
        return;
    for (size_t i = 0; i < access->clients.room; i++)
        free(access->clients.entries[i].value);
    co_map_free(&access->clients);
    pthread_mutex_destroy(&access->lock);
    free(access->rules);
    free(access);
}

int co_access_rule(co_access *access, const char *cidr, bool allow)
{
    struct rule rule = {.allow = allow};
    if (co_network_parse(co_text_of(cidr), &rule.network) < 0)
        return co_fail(-EINVAL, "\"%s\" is not an address or CIDR such as 10.0.0.0/8 or ::1", cidr);
    if (access->rule_count == RULES_MAX)
        return -ENOMEM;
    struct rule *rules = realloc(access->rules, (access->rule_count + 1) * sizeof *rules);
    if (!rules)
        return -ENOMEM;
    access->rules = rules;
    rules[access->rule_count++] = rule;
    access->has_allow |= allow;
    return 0;
}

static bool rules_allow(const struct co_access *access, const uint8_t address[16])
{
    int best = -1;
    bool allow = !access->has_allow;
    for (size_t i = 0; i < access->rule_count; i++) {
        const struct rule *rule = &access->rules[i];
        int bits = rule->network.bits;
        if (bits < best || !co_network_has(&rule->network, address))
            continue;
        allow = bits == best ? allow && rule->allow : rule->allow;
        best = bits;
    }
    return allow;
}

static int client_count(struct co_access *access, const uint8_t key[16])
{
    const co_text text = {(const char *)key, 16};
    struct client *client = co_map_get(&access->clients, text);
    if (!client) {
        client = calloc(1, sizeof *client);
        if (!client)
            return -ENOMEM;
        memcpy(client->key, key, 16);
        if (co_map_set(&access->clients, (co_text){(const char *)client->key, 16}, client) < 0) {
            free(client);
            return -ENOMEM;
        }
    }
    if (client->count >= access->per_address_max)
        return -EUSERS;
    client->count++;
    return 0;
}

static int access_count(struct co_access *access, const uint8_t *key)
{
    if (access->connections_max && access->connections >= access->connections_max)
        return -EUSERS;
    int rc = key && access->per_address_max ? client_count(access, key) : 0;
    if (rc == 0)
        access->connections++;
    return rc;
}

int co_access_enter(struct co_access *access, const co_address *peer)
{
    uint8_t address[16];
    bool known = co_client_address(peer, address);
    if (known && !rules_allow(access, address))
        return CO_EREFUSED;
    if (!access->connections_max && !access->per_address_max)
        return 0;
    if (known)
        co_client_widen(address);
    pthread_mutex_lock(&access->lock);
    int rc = access_count(access, known ? address : NULL);
    pthread_mutex_unlock(&access->lock);
    return rc;
}

void co_access_leave(struct co_access *access, const struct co_stream *stream)
{
    uint8_t address[16];
    co_address peer;
    if (!access->connections_max && !access->per_address_max)
        return;
    co_stream_peer(stream, &peer);
    bool known = co_client_address(&peer, address);
    if (known)
        co_client_widen(address);
    const co_text key = {(const char *)address, 16};
    pthread_mutex_lock(&access->lock);
    access->connections--;
    struct client *client = known ? co_map_get(&access->clients, key) : NULL;
    if (client && --client->count == 0) {
        co_map_remove(&access->clients, key);
        free(client);
    }
    pthread_mutex_unlock(&access->lock);
}

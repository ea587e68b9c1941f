/* SPDX-License-Identifier: MIT */
#include "net/doors.h"

#include "coronet/shard.h"
#include "net/address.h"
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A port that the system chose for one loopback may be taken on the other. */
#define PORT_TRIES 16

/* One call of co_doors_open. */
struct opening {
    struct co_doors *doors;
    const struct co_service *service;
};

static struct co_listen_options listen_options(
    const struct co_doors *doors, const struct co_service *service, bool shared)
{
    return (struct co_listen_options){.client_first = service->client_first,
        .too_many = service->too_many,
        .shared_port = shared,
        .ipv6_only = doors->family == AF_INET6,
        .access = doors->access};
}

/* ---- listening ---------------------------------------------------------------------------- */

static void door_shut(struct co_door *door)
{
    for (unsigned i = 0; i < door->count; i++) {
        co_listener_discard(door->sockets[i]);
        door->sockets[i] = -1;
    }
}

static void door_close(struct co_door *door)
{
    door_shut(door);
    free(door->sockets);
}

/* Puts the listener's socket among the door's. 0 or -errno. */
static int door_add(struct co_door *door, co_listener *listener)
{
    int rc = co_listener_detach(listener);
    if (rc < 0)
        return rc;
    door->sockets[door->count++] = rc;
    return 0;
}

/*
 * The other shards' sockets. The first one was bound alone, so that a second server on this port is
 * refused; SO_REUSEPORT lets our own join it. It asks for the same user, hence before privileges
 * are dropped.
 */
static int door_share(const struct co_doors *doors, struct co_door *door, bool only_v6)
{
    char where[CO_ADDRESS_TEXT_MAX];
    struct co_listen_options options = listen_options(doors, door->service, true);
    options.ipv6_only |= only_v6;
    int rc = 0;
    while (rc == 0 && door->count < doors->workers) {
        co_listener *other;
        rc = co_listen(&other, co_address_text(&door->address, where), &options);
        if (rc == 0)
            rc = door_add(door, other);
    }
    return rc;
}

/* Listens at one address. Only TCP is spread over shards: a Unix socket's path has one owner, and
 * an inherited descriptor is one socket. */
static int door_open(const struct opening *opening, const char *where, bool shareable, bool only_v6)
{
    struct co_doors *doors = opening->doors;
    struct co_door *door = &doors->at[doors->count];
    struct co_listen_options options = listen_options(doors, opening->service, false);
    co_listener *listener;
    options.ipv6_only |= only_v6;
    if (doors->count == CO_DOORS_MAX)
        return co_fail(CO_ETOOBIG, "too many addresses: at most %d", CO_DOORS_MAX);
    *door = (struct co_door){
        .service = opening->service, .sockets = malloc(doors->workers * sizeof *door->sockets)};
    int rc = door->sockets ? co_listen(&listener, where, &options) : -ENOMEM;
    if (rc < 0) {
        free(door->sockets);
        return rc;
    }
    doors->count++;
    door->address = *co_listener_address(listener);
    door->owns_path = co_listener_leave_path(listener);
    shareable &= doors->workers > 1;
    rc = shareable ? co_listener_share(listener) : 0;
    if (rc == 0)
        rc = door_add(door, listener);
    else
        co_listener_close(listener);
    return rc == 0 && shareable ? door_share(doors, door, only_v6) : rc;
}

static void doors_forget(struct co_doors *doors, unsigned count)
{
    while (doors->count > count) {
        door_close(&doors->at[--doors->count]);
        doors->at[doors->count] = (struct co_door){0};
    }
}

static bool is_without_v6(int rc)
{
    return rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL;
}

static int open_number(const struct opening *opening, const char *host, unsigned port)
{
    char where[64];
    bool is_v6 = strchr(host, ':') != NULL;
    snprintf(where, sizeof where, is_v6 ? "[%s]:%u" : "%s:%u", host, port);
    return door_open(opening, where, true, is_v6 && strcmp(host, "::1") == 0);
}

/* Both loopbacks with the same port: which of them "localhost" means differs between clients. */
static int open_localhost(const struct opening *opening, unsigned port)
{
    struct co_doors *doors = opening->doors;
    unsigned before = doors->count;
    if (doors->family == AF_INET6)
        return open_number(opening, "::1", port);
    for (int tries = PORT_TRIES;; tries--) {
        int rc = open_number(opening, "127.0.0.1", port);
        if (rc < 0 || doors->family == AF_INET)
            return rc;
        rc = open_number(opening, "::1", co_address_port(&doors->at[before].address));
        if (rc >= 0 || is_without_v6(rc))
            return 0;
        if (rc != -EADDRINUSE || port != 0 || tries == 1)
            return rc;
        doors_forget(doors, before);
    }
}

static int open_everywhere(const struct opening *opening, unsigned port)
{
    int family = opening->doors->family;
    if (family == AF_INET)
        return open_number(opening, "0.0.0.0", port);
    int rc = open_number(opening, "::", port);
    if (is_without_v6(rc) && family == 0)
        rc = open_number(opening, "0.0.0.0", port);
    return rc;
}

static int open_where(const struct opening *opening, const char *where)
{
    struct co_where parsed;
    int rc = co_where_parse(where, &parsed);
    if (rc < 0)
        return rc;
    if (parsed.kind != CO_WHERE_HOST)
        return door_open(opening, where, false, false);
    if (strcmp(parsed.host, "localhost") == 0)
        return open_localhost(opening, parsed.port);
    if (strcmp(parsed.host, "*") == 0)
        return open_everywhere(opening, parsed.port);
    return door_open(opening, where, true, false);
}

int co_doors_open(struct co_doors *doors, const char *where, const struct co_service *service)
{
    return open_where(&(struct opening){doors, service}, where);
}

void co_doors_close(struct co_doors *doors)
{
    doors_forget(doors, 0);
}

void co_doors_shut(struct co_doors *doors)
{
    for (unsigned i = 0; i < doors->count; i++) {
        struct co_door *door = &doors->at[i];
        if (door->owns_path)
            co_listener_remove_path(&door->address);
        door->owns_path = false;
        door_shut(door);
    }
}

int co_door_take(const struct co_doors *doors, struct co_door *door, co_listener **ret)
{
    char where[16];
    unsigned shard = co_shard_index();
    *ret = NULL;
    if (shard >= door->count)
        return 0;
    int *taken = &door->sockets[shard];
    struct co_listen_options options = listen_options(doors, door->service, true);
    snprintf(where, sizeof where, "fd:%d", *taken);
    *taken = -1; /* whatever comes of it */
    int rc = co_listen(ret, where, &options);
    if (rc == 0)
        co_listener_close_drained(*ret);
    return rc;
}

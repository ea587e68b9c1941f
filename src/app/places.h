/* SPDX-License-Identifier: MIT */
/*
 * Where a server listens: a socket for each shard on every address.
 *
 * The first shard's thread opens them all, before privileges are dropped and other threads start;
 * each shard then takes its own.
 */
#ifndef CO_APP_PLACES_H
#define CO_APP_PLACES_H

#include "coronet/net.h"

#include <stdbool.h>

#define CO_PLACES_MAX 64 /* listening sockets of a shard, "localhost" counting as two */

enum co_service { CO_SERVICE_HTTP, CO_SERVICE_FTP, CO_SERVICES };

struct co_place {
    enum co_service service;
    co_address address;
    co_listener *listener; /* the first shard's */
    int *handed;           /* one for each other shard, -1 when there is none (any more) */
};

struct co_places {
    int family; /* AF_INET or AF_INET6 only; 0: both */
    unsigned workers;
    co_access *access;
    unsigned count;
    struct co_place at[CO_PLACES_MAX];
};

/* Opens an address as the command writes it: "localhost" is both loopbacks, "*" every interface.
 * Suspends. 0 or as co_listen. */
int co_places_open(struct co_places *places, const char *where, enum co_service service);
void co_places_close(struct co_places *places);

/* The listener of this shard; NULL at *ret when the place is the first shard's alone. The first
 * shard's stays the place's, another is the caller's to close. 0 or as co_listen. */
int co_place_take(const struct co_places *places, struct co_place *place, co_listener **ret);

#endif

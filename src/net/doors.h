/* SPDX-License-Identifier: MIT */
/*
 * Where a server listens: a socket for each shard on every address.
 *
 * The first shard's thread opens them all, before privileges are dropped and other threads start;
 * each shard then takes its own.
 */
#ifndef CO_NET_DOORS_H
#define CO_NET_DOORS_H

#include "coronet/net.h"

#include <stdbool.h>

#define CO_DOORS_MAX 64 /* listening sockets of a shard, "localhost" counting as two */

/* What is served at a door. */
struct co_service {
    const char *scheme; /* "http" */
    bool client_first;  /* clients speak first */
};

struct co_door {
    const struct co_service *service;
    co_address address;
    co_listener *listener; /* the first shard's */
    int *handed;           /* one for each other shard, -1 when there is none (any more) */
};

struct co_doors {
    int family; /* AF_INET or AF_INET6 only; 0: both */
    unsigned workers;
    co_access *access;
    unsigned count;
    struct co_door at[CO_DOORS_MAX];
};

/* Opens an address as the command writes it: "localhost" is both loopbacks, "*" every interface.
 * Suspends. 0 or as co_listen. */
int co_doors_open(struct co_doors *doors, const char *where, const struct co_service *service);
void co_doors_close(struct co_doors *doors);

/* The listener of this shard; NULL at *ret when the door is the first shard's alone. The first
 * shard's stays the door's, another is the caller's to close. 0 or as co_listen. */
int co_door_take(const struct co_doors *doors, struct co_door *door, co_listener **ret);

#endif

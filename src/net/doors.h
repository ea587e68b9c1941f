/* SPDX-License-Identifier: MIT */
/*
 * Where a server listens: a socket for each shard on every address.
 *
 * They are opened all at once, as bare descriptors: in a process that has the privileges for it,
 * before those that serve are forked and their threads start. Each shard then takes its own.
 */
#ifndef CO_NET_DOORS_H
#define CO_NET_DOORS_H

#include "coronet/net.h"

#include <stdbool.h>

#define CO_DOORS_MAX 64 /* listening sockets of a shard, "localhost" counting as two */

/* What is served at a door. */
struct co_service {
    const char *scheme;   /* "http" */
    bool client_first;    /* clients speak first */
    const char *too_many; /* as in co_listen_options */
};

struct co_door {
    const struct co_service *service;
    co_address address;
    int *sockets;   /* one for each shard, or the first one's alone; -1: taken */
    unsigned count; /* of them */
    bool owns_path; /* a Unix socket's file is ours to remove */
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

/* Closes the sockets that are left; outside of a fiber, too. In each process that has them. */
void co_doors_close(struct co_doors *doors);

/* Nobody shall come any more: closes the sockets that are left, and removes the files of Unix
 * sockets, which a successor may make anew. For the process that opened them; once more does
 * nothing. The addresses stay. */
void co_doors_shut(struct co_doors *doors);

/* The listener of this shard, which is the caller's to close; NULL at *ret when the door is the
 * first shard's alone. 0 or as co_listen. */
int co_door_take(const struct co_doors *doors, struct co_door *door, co_listener **ret);

#endif

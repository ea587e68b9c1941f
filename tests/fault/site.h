/* SPDX-License-Identifier: MIT */
/* A server with a folder of files and a few handlers, and the ways in which rooms use it. */
#ifndef CO_FAULT_SITE_H
#define CO_FAULT_SITE_H

#include "http_client.h"

#define SITE_SMALL  3000       /* bytes of the pattern in small.txt and page.css */
#define SITE_MEDIUM 1200       /* in medium.bin: for those that read it byte by byte */
#define SITE_RATE   (1u << 30) /* bytes a second: a limit, and no delay to speak of */
#define SITE_LARGE  70000      /* in large.bin and large.txt: more than the cache keeps */

struct site {
    co_http_server *server;
    co_listener *listener;
    co_address where;
    co_group group;
};

/* Builds the server and listens. limit_rate: of each connection, as in struct co_http_options. */
int site_open(struct site *site, uint64_t limit_rate);

/* Serves in the background until site_close; returns when it has begun. */
void site_serve(struct site *site);

/* Frees all; returns what serving came to. */
int site_close(struct site *site);

/* Asks one after the other, over one connection as long as it lasts. Returns the first error. */
int site_ask_all(const struct site *site, const struct ask *asks, size_t count);

/* The whole of a room that only asks: faults strike while it does, and then the server goes on. */
int site_work(int (*clients)(const struct site *site), uint64_t limit_rate);

/* After the faults: requests on new connections get their right answers. */
void site_must_go_on(const struct site *site);

#endif

/* SPDX-License-Identifier: MIT */
/* What the servers of all protocols do alike: serve connections until drained, then give those at
 * work a bounded time to finish. */
#ifndef CO_NET_PROTOCOL_H
#define CO_NET_PROTOCOL_H

#include "coronet/net.h"

struct co_protocol {
    co_handler *handler;
    void *arg;            /* the handler's */
    bool client_first;    /* clients speak first */
    const char *too_many; /* as in co_listen_options */
    unsigned connections_max;
    int64_t park_timeout_ms;
    int64_t drain_timeout_ms; /* after a drain, before what still runs is cancelled */
    co_access *access;        /* NULL: those of the listener */
};

/* As co_serve; of `options` only listen, listening and arg are used; NULL is allowed. Returns 0
 * after a drain, also when it had to be cut short. */
int co_protocol_serve(
    const struct co_protocol *protocol, const char *where, const struct co_serve_options *options);

/* The same on a listener that is open already; it stays open. */
int co_protocol_serve_listener(const struct co_protocol *protocol, co_listener *listener);

#endif

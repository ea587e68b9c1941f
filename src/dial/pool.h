/* SPDX-License-Identifier: MIT */
/*
 * Connections that are kept for later, by the one key that tells whether two are the same (attacks
 * C02): what is not in the key cannot differ between users of one pool.
 */
#ifndef CO_DIAL_POOL_H
#define CO_DIAL_POOL_H

#include "base/list.h"
#include "coronet/dial.h"
#include "coronet/tls.h"

#define CO_POOL_KEY_MAX 300 /* bytes: a scheme, a host's 255, a port */

/* Where a connection leads. */
struct co_pool_place {
    bool secure;  /* by TLS */
    co_text host; /* a name, or an address without brackets; compared without case */
    uint16_t port;
    unsigned speaks; /* which protocols are asked for, by a number of the caller's */
};

struct co_pool {
    struct co_dial_options dial;
    co_tls *tls;             /* for secure places; NULL: made at the first, of the system's trust */
    const char *const *alpn; /* offered there; borrowed */
    unsigned idle_max;
    /* May an idle connection that has a slot still be used? Suspends shortly. May be NULL. */
    bool (*is_fit)(co_stream *stream);
    co_tls *own_tls; /* the pool's own, as is the following */
    struct co_link idle;
    unsigned idle_count;
};

/* The one key. False for a host that is longer than any name. */
bool co_pool_key(const struct co_pool_place *place, char ret[CO_POOL_KEY_MAX]);

/* Set the options before; all else may be zero. Does not suspend. */
void co_pool_start(struct co_pool *pool);

/* Closes what is idle. Suspends. */
void co_pool_end(struct co_pool *pool);

/* Finds an idle connection that the peer has not ended. Suspends only to close those that it has.
 * NULL: there is none. */
co_stream *co_pool_take(struct co_pool *pool, const struct co_pool_place *place);

/* Makes a new connection, with TLS where the place is secure. Suspends. 0, or as co_dial and
 * co_tls_connect. */
int co_pool_connect(struct co_pool *pool, const struct co_pool_place *place, co_stream **ret);

/* Keeps a connection on which nothing is under way; the longest idle one may have to go for it.
 * Suspends then. */
void co_pool_keep(struct co_pool *pool, const struct co_pool_place *place, co_stream *stream);

#endif

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

/* The key: where a connection leads, by which way, and all that is settled once for the whole of
 * it. Texts are compared as they are, but for the host, whose case does not count. */
struct co_pool_place {
    bool secure;   /* by TLS */
    bool upgrades; /* TLS begins in its midst, by its user, who does not go on without: STARTTLS */
    co_text host;  /* a name, or an address without brackets */
    uint16_t port;
    unsigned speaks;   /* which protocols are asked for, by a number of the caller's */
    co_text user;      /* whose login holds for the connection, with whatever tells one login from
                        * another; empty: every request says itself who asks */
    co_tls *tls;       /* whom to trust and whom to be; NULL: as the system, and nobody */
    co_text proxy;     /* the URL, with its user, of the proxy that leads there; empty: none */
    bool forwarded;    /* the proxy reads what is asked: no tunnel (RFC 9112 3.2.2) */
    co_tls *proxy_tls; /* whom to trust as the proxy; NULL: as the system */
};

/* Is a connection to the one as good as a connection to the other? Pure. */
bool co_pool_place_equal(const struct co_pool_place *a, const struct co_pool_place *b);

/* A copy with its texts, in one piece that free() ends; NULL when memory is out. */
struct co_pool_place *co_pool_place_copy(const struct co_pool_place *place);

struct co_pool {
    struct co_dial_options dial; /* of all; a proxy is the place's */
    /* What is offered where there is TLS, borrowed. NULL: nothing. */
    const char *const *(*alpn)(const struct co_pool_place *place);
    unsigned idle_max;
    /* May an idle connection that has a slot still be used? Suspends shortly. May be NULL. */
    bool (*is_fit)(co_stream *stream);
    co_tls *own_tls, *own_proxy_tls; /* made when first needed; the pool's own, as the following */
    struct co_link idle;
    unsigned idle_count;
};

/* Set the options before; all else may be zero. Does not suspend. */
void co_pool_start(struct co_pool *pool);

/* Closes what is idle. Suspends. */
void co_pool_end(struct co_pool *pool);

/* Finds an idle connection that the peer has not ended. Suspends only to close those that it has.
 * NULL: there is none. */
co_stream *co_pool_take(struct co_pool *pool, const struct co_pool_place *place);

/* Makes a new connection, with TLS where the place has it from the first byte, all within the dial
 * options' time. Suspends. 0, or as co_dial and co_tls_connect. */
int co_pool_connect(struct co_pool *pool, const struct co_pool_place *place, co_stream **ret);

/* Keeps a connection on which nothing is under way; the longest idle one may have to go for it.
 * Suspends then. */
void co_pool_keep(struct co_pool *pool, const struct co_pool_place *place, co_stream *stream);

#endif

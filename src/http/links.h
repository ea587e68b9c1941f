/* SPDX-License-Identifier: MIT */
/* A client's connections: each exchange gets one that leads to its place, of its own over HTTP/1,
 * shared with others over HTTP/2. */
#ifndef CO_HTTP_LINKS_H
#define CO_HTTP_LINKS_H

#include "coronet/http_client.h"
#include "dial/pool.h"
#include "http/exchange.h"

struct co_http_links {
    struct co_pool pool;   /* what is idle, of either version */
    struct co_link shared; /* of HTTP/2, with something under way; the latest first */
    struct co_link dials;  /* places that it is not known of yet what they speak */
};

/* Set the pool's options before; all else may be zero. Places say by a co_http_version what they
 * speak. Does not suspend. */
void co_http_links_start(struct co_http_links *links);

/* Ends what is idle; nothing may be under way. Suspends. */
void co_http_links_end(struct co_http_links *links);

/*
 * A connection for an exchange. Suspends. anew: not one that is there. ret_used: it may have been
 * closed meanwhile; false: it is new. Returns 0, or as co_pool_connect; -ENOMEM.
 */
int co_http_links_take(struct co_http_links *links, const struct co_pool_place *place, bool anew,
    co_stream **ret, bool *ret_used);

/* Gives it back after the exchange, to be kept, closed or aborted. Suspends. */
void co_http_links_give(struct co_http_links *links, const struct co_pool_place *place,
    co_stream *stream, enum co_http_rest rest);

#endif

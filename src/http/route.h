/* SPDX-License-Identifier: MIT */
/*
 * The table of routes: which handler answers a method on a path.
 *
 * One entry a path, the longest first, so that the first match is the longest and an exact path
 * comes before the folders above it. A scan over the entries, whatever the request looks like: its
 * cost depends on how many routes there are, never on the path that was asked for.
 */
#ifndef CO_HTTP_ROUTE_H
#define CO_HTTP_ROUTE_H

#include "base/buf.h"
#include "codec/http1.h"
#include "coronet/http.h"

#define CO_HTTP_METHODS (CO_HTTP_PROPFIND + 1)

struct co_http_route {
    struct co_http_route *next;
    struct {
        co_http_handler *handler; /* NULL: not for this method */
        void *arg;
    } by_method[CO_HTTP_METHODS]; /* [CO_HTTP_OTHER]: for those that have none of their own */
    bool
        takes_uploads; /* PUT and POST have no body_bytes_max: the handler has a limit of its own */
    size_t path_size;
    char path[]; /* ends in '/' when it takes all beneath it */
};

/* Can there be routes for the method at all? */
bool co_http_method_is_served(enum co_http_method method);

/* Adds "GET /path" or "/path". 0, -EINVAL, -EEXIST, -ENOMEM. */
int co_http_route_add(
    struct co_http_route **routes, const char *text, co_http_handler *handler, void *arg);

/* The same for every method, with handlers that have a limit of their own for the bodies of PUT and
 * POST. */
int co_http_route_add_uploads(
    struct co_http_route **routes, const char *path, co_http_handler *handler, void *arg);

void co_http_routes_free(struct co_http_route *routes);

/*
 * Finds the entry for a decoded path. *ret_folder: the path is the entry's without its final slash,
 * so a redirection there is the answer. Returns NULL when there is none.
 */
const struct co_http_route *co_http_route_find(
    const struct co_http_route *routes, co_text path, bool *ret_folder);

/* The method of the entry that answers a request's method: itself, CO_HTTP_GET for HEAD,
 * CO_HTTP_OTHER for an entry that takes all; -1 when there is none. */
int co_http_route_method(const struct co_http_route *route, enum co_http_method method);

/* Writes the value of an Allow field: "GET, HEAD, OPTIONS". */
void co_http_route_allow(const struct co_http_route *route, struct co_buf *out);

#endif

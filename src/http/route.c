/* SPDX-License-Identifier: MIT */
#include "http/route.h"

#include <errno.h>
#include <stdlib.h>

/* Tunnels and echoes are no origin server's business (RFC 9110 9.3.6, 9.3.8). */
bool co_http_method_is_served(enum co_http_method method)
{
    return method != CO_HTTP_OTHER && method != CO_HTTP_CONNECT && method != CO_HTTP_TRACE;
}

static struct co_http_route *route_of(struct co_http_route *routes, co_text path)
{
    for (; routes; routes = routes->next)
        if (co_text_equal(path, (co_text){routes->path, routes->path_size}))
            return routes;
    return NULL;
}

static struct co_http_route *route_new(struct co_http_route **routes, co_text path)
{
    struct co_http_route *route = calloc(1, sizeof *route + path.size);
    if (!route)
        return NULL;
    memcpy(route->path, path.at, path.size);
    route->path_size = path.size;
    while (*routes && (*routes)->path_size > path.size)
        routes = &(*routes)->next;
    route->next = *routes;
    *routes = route;
    return route;
}

int co_http_route_add(
    struct co_http_route **routes, const char *text, co_http_handler *handler, void *arg)
{
    co_text path = co_text_of(text);
    enum co_http_method method = CO_HTTP_OTHER;
    ssize_t space = co_text_find(path, ' ');
    if (space >= 0) {
        method = co_http_method_of((co_text){path.at, (size_t)space});
        if (!co_http_method_is_served(method))
            return -EINVAL;
        path = co_text_after(path, (size_t)space + 1);
    }
    if (!handler || path.size == 0 || path.at[0] != '/')
        return -EINVAL;
    struct co_http_route *route = route_of(*routes, path);
    if (!route)
        route = route_new(routes, path);
    if (!route)
        return -ENOMEM;
    if (route->by_method[method].handler)
        return -EEXIST;
    route->by_method[method].handler = handler;
    route->by_method[method].arg = arg;
    return 0;
}

int co_http_route_add_uploads(
    struct co_http_route **routes, const char *path, co_http_handler *handler, void *arg)
{
    int rc = co_http_route_add(routes, path, handler, arg);
    struct co_http_route *route = route_of(*routes, co_text_of(path));
    if (rc == 0 && route)
        route->takes_uploads = true;
    return rc;
}

void co_http_routes_free(struct co_http_route *routes)
{
    while (routes) {
        struct co_http_route *next = routes->next;
        free(routes);
        routes = next;
    }
}

const struct co_http_route *co_http_route_find(
    const struct co_http_route *routes, co_text path, bool *ret_folder)
{
    for (; routes; routes = routes->next) {
        co_text own = {routes->path, routes->path_size};
        bool takes_all = own.at[own.size - 1] == '/';
        bool folder = takes_all && path.size + 1 == own.size;
        if (folder)
            own.size--;
        if (takes_all && !folder ? !co_text_starts(path, own) : !co_text_equal(path, own))
            continue;
        *ret_folder = folder;
        return routes;
    }
    return NULL;
}

int co_http_route_method(const struct co_http_route *route, enum co_http_method method)
{
    if (!co_http_method_is_served(method))
        return -1;
    if (route->by_method[method].handler)
        return (int)method;
    if (method == CO_HTTP_HEAD && route->by_method[CO_HTTP_GET].handler)
        return CO_HTTP_GET;
    return route->by_method[CO_HTTP_OTHER].handler ? CO_HTTP_OTHER : -1;
}

void co_http_route_allow(const struct co_http_route *route, struct co_buf *out)
{
    for (enum co_http_method method = CO_HTTP_GET; method < CO_HTTP_METHODS; method++) {
        if (method != CO_HTTP_OPTIONS && co_http_route_method(route, method) < 0)
            continue;
        co_buf_add_string(out, co_http_method_name(method));
        co_buf_add_string(out, ", ");
    }
    if (!out->error)
        out->size -= 2; /* OPTIONS is always among them */
}

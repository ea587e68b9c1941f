/* SPDX-License-Identifier: MIT */
#include "dial/pool.h"

#include "base/base.h"
#include "dial/proxy.h"
#include "net/address.h"
#include "net/fail.h"
#include "net/stream.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define CONNECT_MS 30000
#define WHERE_MAX  (CO_HOST_MAX + sizeof "[]:65535") /* bytes of "[HOST]:PORT" with its NUL */

struct idle {
    struct co_link link; /* of pool->idle, the longest idle first */
    co_stream *stream;
    struct co_pool_place place; /* its texts lie behind */
};

void co_pool_start(struct co_pool *pool)
{
    co_list_init(&pool->idle);
    pool->idle_count = 0;
    pool->own_tls = pool->own_proxy_tls = NULL;
}

/* ---- the key -------------------------------------------------------------------------------- */

bool co_pool_place_equal(const struct co_pool_place *a, const struct co_pool_place *b)
{
    return a->secure == b->secure && a->upgrades == b->upgrades &&
           co_text_equal_nocase(a->host, b->host) && a->port == b->port && a->speaks == b->speaks &&
           co_text_equal(a->user, b->user) && a->tls == b->tls &&
           co_text_equal(a->proxy, b->proxy) && a->forwarded == b->forwarded &&
           a->proxy_tls == b->proxy_tls;
}

static co_text copy(co_text text, char **at)
{
    co_text copied = {*at, text.size};
    if (text.size > 0)
        memcpy(*at, text.at, text.size);
    *at += text.size;
    return copied;
}

static size_t size_of_texts(const struct co_pool_place *place)
{
    return place->host.size + place->user.size + place->proxy.size;
}

/* Its texts to `at`. */
static void copy_place(struct co_pool_place *copied, char *at, const struct co_pool_place *place)
{
    *copied = *place;
    copied->host = copy(place->host, &at);
    copied->user = copy(place->user, &at);
    copied->proxy = copy(place->proxy, &at);
}

struct co_pool_place *co_pool_place_copy(const struct co_pool_place *place)
{
    struct co_pool_place *copied = malloc(sizeof *copied + size_of_texts(place));
    if (copied)
        copy_place(copied, (char *)(copied + 1), place);
    return copied;
}

/* ---- idle ones ------------------------------------------------------------------------------ */

static co_stream *unlink_idle(struct co_pool *pool, struct idle *idle)
{
    co_stream *stream = idle->stream;
    co_list_remove(&idle->link);
    pool->idle_count--;
    free(idle);
    return stream;
}

static void end(co_stream *stream)
{
    int rc = co_close(stream); /* nobody waits for its last words */
    (void)rc;
}

/* Nothing may have come unasked: neither the end, nor bytes that would be taken for an answer.
 * Whose protocol has more to say than answers looks for itself. */
static bool is_fit(const struct co_pool *pool, co_stream *stream)
{
    const uint8_t *bytes;
    return stream->free_slot && pool->is_fit ? pool->is_fit(stream)
                                             : co_stream_glance(stream, &bytes) == -EAGAIN;
}

co_stream *co_pool_take(struct co_pool *pool, const struct co_pool_place *place)
{
    for (struct co_link *at = pool->idle.prev; at != &pool->idle;) {
        struct idle *idle = CO_CONTAINER(at, struct idle, link);
        at = at->prev;
        if (!co_pool_place_equal(&idle->place, place))
            continue;
        co_stream *stream = unlink_idle(pool, idle);
        if (is_fit(pool, stream))
            return stream;
        end(stream);
        at = pool->idle.prev; /* others may have come and gone meanwhile */
    }
    return NULL;
}

void co_pool_keep(struct co_pool *pool, const struct co_pool_place *place, co_stream *stream)
{
    struct idle *idle = malloc(sizeof *idle + size_of_texts(place));
    if (!idle) {
        end(stream);
        return;
    }
    idle->stream = stream;
    copy_place(&idle->place, (char *)(idle + 1), place);
    co_list_append(&pool->idle, &idle->link);
    if (++pool->idle_count > pool->idle_max)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
}

void co_pool_end(struct co_pool *pool)
{
    while (pool->idle_count > 0)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
    co_tls_free(pool->own_tls);
    co_tls_free(pool->own_proxy_tls);
}

/* ---- new ones ------------------------------------------------------------------------------- */

/* The place's context, or one of the pool's own, which trusts whom the system does. */
static int trust(co_tls *given, co_tls **own, co_tls **ret)
{
    int rc = 0;
    if (!given && !*own)
        rc = co_tls_client(own, NULL);
    *ret = given ? given : *own;
    return rc;
}

static int reach(struct co_pool *pool, const struct co_pool_place *place, const char *where,
    const char *url, co_stream **ret)
{
    struct co_dial_options dial = pool->dial;
    struct co_proxy proxy;
    if (!*url)
        return co_dial(ret, where, &dial);
    int rc = co_proxy_parse(url, &proxy);
    if (rc == 0 && proxy.kind == CO_PROXY_HTTPS)
        rc = trust(place->proxy_tls, &pool->own_proxy_tls, &dial.proxy_tls);
    dial.proxy = url;
    if (rc == 0)
        rc = place->forwarded ? co_proxy_reach(ret, &proxy, &dial) : co_dial(ret, where, &dial);
    co_proxy_end(&proxy);
    return rc;
}

static int secure(
    struct co_pool *pool, const struct co_pool_place *place, const char *host, co_stream *stream)
{
    co_tls *tls;
    int rc = trust(place->tls, &pool->own_tls, &tls);
    const struct co_tls_client_terms terms = {
        .alpn = pool->alpn ? pool->alpn(place) : NULL, .port = place->port};
    return rc < 0 ? rc : co_tls_connect_on(stream, tls, host, &terms);
}

static int connect_to(struct co_pool *pool, const struct co_pool_place *place, const char *where,
    const char *url, co_stream **ret)
{
    char host[CO_HOST_MAX + 1];
    co_stream *stream = NULL;
    int rc = reach(pool, place, where, url, &stream);
    snprintf(host, sizeof host, "%.*s", CO_TEXT_PRINT(place->host));
    if (rc == 0 && place->secure)
        rc = secure(pool, place, host, stream);
    if (rc == CO_EDEADLINE)
        co_fail_at(rc, "connect to", where, "no answer in time", *url ? " (by the proxy)" : "");
    if (rc < 0)
        co_abort(stream);
    else
        *ret = stream;
    return rc;
}

int co_pool_connect(struct co_pool *pool, const struct co_pool_place *place, co_stream **ret)
{
    bool is_ipv6 = co_text_find(place->host, ':') >= 0;
    char where[WHERE_MAX], *url = co_text_copy(place->proxy);
    co_scope scope;
    if (!url || place->host.size > CO_HOST_MAX) {
        free(url);
        return url ? CO_EADDRESS : -ENOMEM;
    }
    snprintf(where, sizeof where, "%s%.*s%s:%u", is_ipv6 ? "[" : "", CO_TEXT_PRINT(place->host),
        is_ipv6 ? "]" : "", place->port);
    co_scope_open(&scope, pool->dial.timeout_ms > 0 ? pool->dial.timeout_ms : CONNECT_MS);
    int rc = connect_to(pool, place, where, url, ret);
    co_scope_close(&scope);
    free(url);
    return rc;
}

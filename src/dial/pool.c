/* SPDX-License-Identifier: MIT */
#include "dial/pool.h"

#include "base/base.h"
#include "net/stream.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST_MAX 255 /* bytes of a name */

struct idle {
    struct co_link link; /* of pool->idle, the longest idle first */
    co_stream *stream;
    char key[CO_POOL_KEY_MAX];
};

void co_pool_start(struct co_pool *pool)
{
    co_list_init(&pool->idle);
    pool->idle_count = 0;
    pool->own_tls = NULL;
}

/* ---- idle ones ------------------------------------------------------------------------------ */

bool co_pool_key(const struct co_pool_place *place, char ret[CO_POOL_KEY_MAX])
{
    int size = snprintf(ret, CO_POOL_KEY_MAX, "%s%u//%.*s:%u", place->secure ? "tls" : "tcp",
        place->speaks, CO_TEXT_PRINT(place->host), place->port);
    for (char *at = ret; *at; at++)
        *at = co_lower(*at);
    return size > 0 && size < CO_POOL_KEY_MAX;
}

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

static bool is_silent(co_stream *stream)
{
    const uint8_t *bytes;
    co_scope scope;
    co_scope_open(&scope, 0);
    ssize_t n = co_peek(stream, 1, &bytes);
    return co_scope_close(&scope) == n && n < 0;
}

/* Nothing may have come unasked: neither the end, nor bytes that would be taken for an answer.
 * Whose protocol has more to say than answers looks for itself. */
static bool is_fit(const struct co_pool *pool, co_stream *stream)
{
    return stream->free_slot && pool->is_fit ? pool->is_fit(stream) : is_silent(stream);
}

co_stream *co_pool_take(struct co_pool *pool, const struct co_pool_place *place)
{
    char key[CO_POOL_KEY_MAX];
    if (!co_pool_key(place, key))
        return NULL;
    for (struct co_link *at = pool->idle.prev; at != &pool->idle;) {
        struct idle *idle = CO_CONTAINER(at, struct idle, link);
        at = at->prev;
        if (strcmp(idle->key, key) != 0)
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
    struct idle *idle = malloc(sizeof *idle);
    if (!idle || !co_pool_key(place, idle->key)) {
        free(idle);
        end(stream);
        return;
    }
    idle->stream = stream;
    co_list_append(&pool->idle, &idle->link);
    if (++pool->idle_count > pool->idle_max)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
}

void co_pool_end(struct co_pool *pool)
{
    while (pool->idle_count > 0)
        end(unlink_idle(pool, CO_CONTAINER(pool->idle.next, struct idle, link)));
    co_tls_free(pool->own_tls);
}

/* ---- new ones ------------------------------------------------------------------------------- */

static int trust(struct co_pool *pool, co_tls **ret)
{
    int rc = 0;
    if (!pool->tls && !pool->own_tls)
        rc = co_tls_client(&pool->own_tls, NULL);
    *ret = pool->tls ? pool->tls : pool->own_tls;
    return rc;
}

static int connect_secure(struct co_pool *pool, co_text name, co_stream *stream)
{
    char host[HOST_MAX + 1];
    co_tls *tls;
    snprintf(host, sizeof host, "%.*s", CO_TEXT_PRINT(name));
    int rc = trust(pool, &tls);
    return rc < 0 ? rc
                  : co_tls_connect_on(
                        stream, tls, host, &(struct co_tls_client_terms){.alpn = pool->alpn});
}

int co_pool_connect(struct co_pool *pool, const struct co_pool_place *place, co_stream **ret)
{
    bool is_ipv6 = co_text_find(place->host, ':') >= 0;
    char where[CO_POOL_KEY_MAX];
    co_stream *stream;
    if (place->host.size > HOST_MAX)
        return CO_EADDRESS;
    snprintf(where, sizeof where, "%s%.*s%s:%u", is_ipv6 ? "[" : "", CO_TEXT_PRINT(place->host),
        is_ipv6 ? "]" : "", place->port);
    int rc = co_dial(&stream, where, &pool->dial);
    if (rc == 0 && place->secure) {
        rc = connect_secure(pool, place->host, stream);
        if (rc < 0)
            co_abort(stream);
    }
    if (rc == 0)
        *ret = stream;
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Which connection an exchange gets.
 *
 * Where HTTP/2 may be spoken, the first who needs a connection makes it and all others wait until
 * it is known what came of it: then they share it, or else (HTTP/1, or a failure) each makes its
 * own at once, as if nobody had waited.
 */
#include "http/links.h"

#include "coronet/sync.h"
#include "http/h2_client.h"
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>

/* A connection of HTTP/2 that exchanges are under way on. */
struct shared {
    struct co_link link;
    co_stream *stream;
    unsigned users;
    struct co_pool_place *place; /* where it leads */
};

/* Somebody connects. On the stack of that fiber; nobody looks at it once `done` is set. */
struct dial {
    struct co_link link;
    const struct co_pool_place *place;
    co_event done;
};

/* What is offered by TLS. */
static const char *const *alpn_of(const struct co_pool_place *place)
{
    static const char *const both[] = {"h2", "http/1.1", NULL}, *const first[] = {"http/1.1", NULL};
    return place->speaks == CO_HTTP_1 ? first : both;
}

void co_http_links_start(struct co_http_links *links)
{
    links->pool.alpn = alpn_of;
    links->pool.is_fit = co_h2_client_is_fit;
    co_list_init(&links->shared);
    co_list_init(&links->dials);
    co_pool_start(&links->pool);
}

void co_http_links_end(struct co_http_links *links)
{
    co_pool_end(&links->pool);
}

/* ---- those that are there ------------------------------------------------------------------- */

static struct shared *find_shared(struct co_http_links *links, const struct co_pool_place *place)
{
    for (struct co_link *at = links->shared.next; at != &links->shared; at = at->next) {
        struct shared *shared = CO_CONTAINER(at, struct shared, link);
        if (co_pool_place_equal(shared->place, place) && co_h2_client_takes_more(shared->stream))
            return shared;
    }
    return NULL;
}

static struct shared *shared_of(struct co_http_links *links, const co_stream *stream)
{
    for (struct co_link *at = links->shared.next; at != &links->shared; at = at->next)
        if (CO_CONTAINER(at, struct shared, link)->stream == stream)
            return CO_CONTAINER(at, struct shared, link);
    return NULL;
}

/* A connection of HTTP/2 is in use from now on; closed when memory is out. */
static int share(struct co_http_links *links, const struct co_pool_place *place, co_stream *stream)
{
    struct co_pool_place *copied = co_pool_place_copy(place);
    struct shared *shared = copied ? malloc(sizeof *shared) : NULL;
    if (!shared) {
        free(copied);
        co_abort(stream);
        return -ENOMEM;
    }
    *shared = (struct shared){.stream = stream, .users = 1, .place = copied};
    co_list_prepend(&links->shared, &shared->link);
    return 0;
}

/* 1: there is one; 0: there is none. */
static int take_shared(
    struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    struct shared *shared = find_shared(links, place);
    if (!shared)
        return 0;
    shared->users++;
    *ret = shared->stream;
    return 1;
}

/* The same. */
static int take_idle(
    struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    co_stream *stream = co_pool_take(&links->pool, place);
    if (!stream)
        return 0;
    int rc = co_h2_client_is_on(stream) ? share(links, place, stream) : 0;
    if (rc == 0)
        *ret = stream;
    return rc == 0 ? 1 : rc;
}

/* ---- new ones ------------------------------------------------------------------------------- */

/* Is HTTP/2 what this new connection speaks? */
static bool speaks_h2(const struct co_pool_place *place, const co_stream *stream)
{
    struct co_tls_info info;
    if (co_tls_is_on(stream))
        return co_tls_info(stream, &info) == 0 && co_text_equal(info.alpn, CO_TEXT("h2"));
    return place->speaks == CO_HTTP_2;
}

static int make(struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    co_stream *stream;
    int rc = co_pool_connect(&links->pool, place, &stream);
    if (rc == 0 && speaks_h2(place, stream)) {
        rc = co_h2_client_begin(stream);
        if (rc == 0)
            rc = share(links, place, stream);
        else
            co_abort(stream);
    }
    if (rc == 0)
        *ret = stream;
    return rc;
}

/* 1: one that was kept; 0: a new one. */
static int take_alone(
    struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    int rc = take_idle(links, place, ret);
    return rc == 0 ? make(links, place, ret) : rc;
}

static struct dial *find_dial(struct co_http_links *links, const struct co_pool_place *place)
{
    for (struct co_link *at = links->dials.next; at != &links->dials; at = at->next)
        if (co_pool_place_equal(CO_CONTAINER(at, struct dial, link)->place, place))
            return CO_CONTAINER(at, struct dial, link);
    return NULL;
}

static int take_first(
    struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    struct dial dial = {.place = place};
    co_list_append(&links->dials, &dial.link);
    int rc = take_alone(links, place, ret);
    co_list_remove(&dial.link);
    co_event_set(&dial.done);
    return rc;
}

static int take_common(
    struct co_http_links *links, const struct co_pool_place *place, co_stream **ret)
{
    int rc = take_shared(links, place, ret);
    if (rc != 0)
        return rc;
    struct dial *dial = find_dial(links, place);
    if (!dial)
        return take_first(links, place, ret);
    rc = co_event_wait(&dial->done);
    if (rc == 0)
        rc = take_shared(links, place, ret);
    return rc == 0 ? take_alone(links, place, ret) : rc;
}

int co_http_links_take(struct co_http_links *links, const struct co_pool_place *place, bool anew,
    co_stream **ret, bool *ret_used)
{
    bool may_share = place->secure ? place->speaks != CO_HTTP_1 : place->speaks == CO_HTTP_2;
    int rc = anew        ? make(links, place, ret)
             : may_share ? take_common(links, place, ret)
                         : take_alone(links, place, ret);
    *ret_used = rc > 0;
    return rc < 0 ? rc : 0;
}

/* ---- giving back ---------------------------------------------------------------------------- */

static void end(co_stream *stream)
{
    int rc = co_close(stream); /* nobody waits for its last words */
    (void)rc;
}

static void give_shared(
    struct co_http_links *links, const struct co_pool_place *place, struct shared *shared)
{
    co_stream *stream = shared->stream;
    if (--shared->users > 0)
        return;
    co_list_remove(&shared->link);
    free(shared->place);
    free(shared);
    if (co_h2_client_rest(stream))
        co_pool_keep(&links->pool, place, stream);
    else
        end(stream);
}

void co_http_links_give(struct co_http_links *links, const struct co_pool_place *place,
    co_stream *stream, enum co_http_rest rest)
{
    struct shared *shared = shared_of(links, stream);
    if (shared)
        give_shared(links, place, shared);
    else if (rest == CO_HTTP_REUSABLE)
        co_pool_keep(&links->pool, place, stream);
    else if (rest == CO_HTTP_OVER)
        end(stream); /* with a farewell over TLS (RFC 9112 9.8) */
    else
        co_abort(stream);
}

/* SPDX-License-Identifier: MIT */
/* What a server keeps in each thread that serves it: spare requests, the Date line, caches. */
#include "codec/date.h"
#include "http/message.h"
#include "runtime/rt.h"

#include <errno.h>
#include <stdlib.h>

#define SPARE_REQUESTS_MAX 64   /* of about 4 KiB each; more are at work only in a storm */
#define SPARE_BUFFER_MAX   1024 /* bytes of a buffer that a spare request may keep */

static void kept_free(struct co_http_kept *kept)
{
    while (kept) {
        struct co_http_kept *next = kept->next;
        kept->free_value(kept->value);
        free(kept);
        kept = next;
    }
}

static int kept_add(
    struct co_http_kept **list, const void *key, void *value, void (*free_value)(void *))
{
    struct co_http_kept *kept = malloc(sizeof *kept);
    if (!kept)
        return -ENOMEM;
    *kept = (struct co_http_kept){*list, key, value, free_value};
    *list = kept;
    return 0;
}

void co_http_server_keep(co_http_server *server, void *value, void (*free_value)(void *))
{
    int rc = kept_add(&server->kept, NULL, value, free_value);
    if (rc < 0) {
        free_value(value);
        co_http_server_fail(server, rc);
    }
}

int co_http_shard_own(struct co_http_shard *shard, const void *key, size_t size,
    void (*free_value)(void *), void **ret)
{
    for (const struct co_http_kept *kept = shard->kept; kept; kept = kept->next)
        if (kept->key == key) {
            *ret = kept->value;
            return 0;
        }
    void *value = calloc(1, size);
    if (!value || kept_add(&shard->kept, key, value, free_value) < 0) {
        free(value);
        return -ENOMEM;
    }
    *ret = value;
    return 1;
}

/* ---- entering and leaving ----------------------------------------------------------------- */

static int shard_new(co_http_server *server, const struct co_rt *rt, struct co_http_shard **ret)
{
    struct co_http_shard *shard = calloc(1, sizeof *shard);
    if (!shard)
        return -ENOMEM;
    shard->rt = rt;
    shard->date_seconds = INT64_MIN;
    shard->common = CO_BUF(CO_HTTP_DATE_LINE + server->common.size);
    co_buf_add_string(&shard->common, "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    co_buf_add_text(&shard->common, co_buf_text(&server->common));
    if (shard->common.error) {
        free(shard);
        return -ENOMEM;
    }
    *ret = shard;
    return 0;
}

int co_http_shard_enter(co_http_server *server, struct co_http_shard **ret)
{
    const struct co_rt *rt = co_rt_current();
    struct co_http_shard *shard = __atomic_load_n(&server->shards, __ATOMIC_ACQUIRE);
    for (; shard; shard = shard->next)
        if (shard->rt == rt) {
            *ret = shard;
            return 0;
        }
    int rc = shard_new(server, rt, &shard);
    if (rc < 0)
        return rc;
    shard->next = __atomic_load_n(&server->shards, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(
        &server->shards, &shard->next, shard, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    *ret = shard;
    return 0;
}

co_text co_http_shard_common(struct co_http_shard *shard, int64_t now)
{
    if (shard->date_seconds != now) {
        co_date_write(shard->common.at + sizeof "Date: " - 1, now);
        shard->date_seconds = now;
    }
    return co_buf_text(&shard->common);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void request_free(co_http_request *request)
{
    co_buf_free(&request->path);
    co_buf_free(&request->kept);
    co_buf_free(&request->fields);
    co_buf_free(&request->user);
    free(request);
}

co_http_request *co_http_request_take(co_http_server *server, struct co_http_shard *shard)
{
    co_http_request *request = shard->spare;
    if (request) {
        shard->spare = request->next_spare;
        shard->spare_count--;
        return request;
    }
    request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->server = server;
    request->shard = shard;
    request->path = CO_BUF(CO_HTTP1_TARGET_MAX + 2);
    request->kept = CO_BUF(CO_HTTP1_HEAD_MAX);
    request->fields = CO_BUF(CO_HTTP_FIELDS_MAX);
    request->user = CO_BUF(CO_HTTP_USER_MAX);
    return request;
}

/* Forgets a buffer's content, and its memory too when an unusual request made it large. */
static void buffer_rest(struct co_buf *buf)
{
    if (buf->room > SPARE_BUFFER_MAX)
        co_buf_free(buf);
    else
        co_buf_clear(buf);
}

void co_http_request_give(co_http_request *request)
{
    struct co_http_shard *shard = request->shard;
    if (shard->spare_count >= SPARE_REQUESTS_MAX) {
        request_free(request);
        return;
    }
    buffer_rest(&request->path);
    buffer_rest(&request->kept);
    buffer_rest(&request->fields);
    request->next_spare = shard->spare;
    shard->spare = request;
    shard->spare_count++;
}

static void shard_free(struct co_http_shard *shard)
{
    kept_free(shard->kept);
    co_buf_free(&shard->common);
    while (shard->spare) {
        co_http_request *request = shard->spare;
        shard->spare = request->next_spare;
        request_free(request);
    }
    free(shard);
}

void co_http_shards_free(co_http_server *server)
{
    while (server->shards) {
        struct co_http_shard *shard = server->shards;
        server->shards = shard->next;
        shard_free(shard);
    }
    kept_free(server->kept);
}

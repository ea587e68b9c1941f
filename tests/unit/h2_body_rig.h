/* SPDX-License-Identifier: MIT */
/* Servers that take the body of a request over HTTP/2, and a source that tells it. */
#ifndef CO_TEST_H2_BODY_RIG_H
#define CO_TEST_H2_BODY_RIG_H

#include "h2_client_rig.h"

/* ---- servers -------------------------------------------------------------------------------- */

static inline void put_windows(struct forge *forge, int id, uint32_t size)
{
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, 0, size);
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)id, size);
}

static inline bool has_ended(const struct forge *forge)
{
    return (forge->type == NGHTTP2_DATA || forge->type == NGHTTP2_HEADERS) &&
           (forge->flags & END_STREAM);
}

/* Takes the request's body, byte for byte that of the site, and opens the windows by as much as it
 * reads. Each frame costs it so many milliseconds. */
static inline int take_upload(struct forge *forge, int id, int64_t pause_ms)
{
    int rc = id < 0 ? id : 0;
    size_t begun = forge->data;
    while (rc == 0 && !has_ended(forge)) {
        rc = forge_await(forge, NGHTTP2_DATA, (uint32_t)id);
        size_t at = forge->data - begun - forge->size;
        if (rc < 0 || forge->size == 0)
            continue;
        if (memcmp(forge->payload, forge->site->content + at, forge->size) != 0)
            return CO_EPROTO;
        co_sleep(pause_ms);
        put_windows(forge, id, (uint32_t)forge->size);
        rc = forge_send(forge);
    }
    return rc;
}

static inline int take(struct forge *forge, int64_t pause_ms)
{
    int rc = forge_greet(forge), id;
    while (rc >= 0 && (id = forge_request(forge)) >= 0) {
        rc = take_upload(forge, id, pause_ms);
        if (rc == 0)
            rc = forge_answer(forge, id, "taken");
    }
    return rc;
}

static inline int take_all(struct forge *forge)
{
    return take(forge, 0);
}

static inline int take_slowly(struct forge *forge)
{
    return take(forge, 1);
}

static inline int take_nothing(struct forge *forge)
{
    int rc = forge_greet(forge);
    rc = rc < 0 ? rc : forge_request(forge);
    return rc < 0 ? rc : forge_read_all(forge);
}

/* Answers what it does not want while it is still coming, and everything else. */
static inline int refuse_the_body(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 ? id : forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
    struct block *block = answer_block("413");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, block);
    put_data(&forge->wire, (uint32_t)id, 0, "no", 2);
    block = empty_block();
    add(block, "x-trailer", "late");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

/* ---- a source ------------------------------------------------------------------------------- */

#define SIZE 300000

/* Tells the site's content. */
static struct telling {
    struct site *site;
    size_t size, at;
    size_t fails_at; /* 0: does not */
    int failure;
    size_t piece;     /* of it at once, at most; 0: as much as there is room */
    int64_t pause_ms; /* before each piece */
    unsigned rewinds;
} telling;

static inline ssize_t tell_some(void *arg, void *ret_bytes, size_t size)
{
    struct telling *of = arg;
    int rc = of->pause_ms > 0 ? co_sleep(of->pause_ms) : 0;
    if (rc == 0 && of->fails_at > 0 && of->at >= of->fails_at)
        rc = co_fail(of->failure, "it cannot be told any more");
    if (rc < 0)
        return rc;
    if (size > of->size - of->at)
        size = of->size - of->at;
    if (of->piece > 0 && size > of->piece)
        size = of->piece;
    if (of->fails_at > 0 && size > of->fails_at - of->at)
        size = of->fails_at - of->at;
    memcpy(ret_bytes, of->site->content + of->at, size);
    of->at += size;
    return (ssize_t)size;
}

static inline int tell_again(void *arg)
{
    struct telling *of = arg;
    of->at = 0;
    of->rewinds++;
    return 0;
}

/* PUTs what is told, into the first result. size: as it is announced. */
static inline int put_told(struct site *site, int64_t size, bool only_once)
{
    const struct co_http_source source = {size, tell_some, only_once ? NULL : tell_again, &telling};
    telling.site = site;
    return site_fetch(site, &(struct co_http_fetch){.method = "PUT", .source = &source}, "/", 0);
}

static inline int put_sized(struct site *site)
{
    return put_told(site, SIZE, false);
}

static inline int put_unsized(struct site *site)
{
    return put_told(site, -1, false);
}

static inline int put_sized_once(struct site *site)
{
    return put_told(site, SIZE, true);
}

static inline int put_sized_and_get(struct site *site)
{
    put_sized(site);
    return site_get(site, "/", 1);
}

/* A blank site whose content differs from place to place, and a source of SIZE bytes. */
static inline struct site *site_to_tell(int (*serve)(struct forge *), int (*script)(struct site *))
{
    struct site *site = site_new(serve, script);
    for (size_t i = 0; i < sizeof site->content; i++)
        site->content[i] = (char)(i * 7 + (i >> 8));
    telling = (struct telling){.size = SIZE};
    return site;
}

static inline struct site *tell_forge(int (*serve)(struct forge *), int (*script)(struct site *))
{
    struct site *site = site_to_tell(serve, script);
    site_run(site);
    return site;
}

#endif

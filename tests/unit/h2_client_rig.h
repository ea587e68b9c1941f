/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client against servers that speak HTTP/2 as a test wants them to: frames by hand (struct
 * forge), or our own server. Each connection to the site gets a fiber of its own.
 *
 * Assertions stand outside of the run: what a client got stays in the site's results, what the
 * servers heard in their forges.
 */
#ifndef CO_TEST_H2_CLIENT_RIG_H
#define CO_TEST_H2_CLIENT_RIG_H

#include "h2_rig.h"

#define FORGES_MAX  8
#define RESULTS_MAX 200
#define FRAMES_MAX  2000
#define ANY_STREAM  UINT32_MAX

struct site;

/* One connection, the server's side. */
struct forge {
    struct site *site;
    unsigned nth; /* connection, from 1 */
    co_stream *stream;
    struct wire wire; /* to be sent */
    nghttp2_hd_inflater *inflater;
    uint8_t payload[1 << 17]; /* of the latest frame */
    size_t size;
    uint8_t type, flags;
    uint32_t id;
    char fields[4096]; /* of the latest request: "name: value\n" */
    unsigned requests, resets, updates, acks, pings, goaways, settings;
    uint32_t reset_code, goaway_code, first_settings_push, opened; /* the latest; sum of windows */
    size_t data;                                                   /* bytes of bodies */
    int error;
};

struct result {
    int rc, status, version, read; /* of the fetch; of its body's end */
    int64_t size, took_ms;
    size_t bytes;
    char body[256], field[256];
};

struct site {
    const char *backend; /* NULL: virtual */
    struct co_http_client_options options;
    int (*serve)(struct forge *forge);
    co_http_server *server; /* instead of that: ours */
    int (*script)(struct site *site);
    co_http_client *client;
    co_listener *listener;
    unsigned port, connections, ended;
    struct forge *forges[FORGES_MAX];
    struct result results[RESULTS_MAX];
    int64_t took_ms;
    long note;
    char content[1 << 20];
};

/* ---- the server ----------------------------------------------------------------------------- */

static inline int forge_fill(struct forge *forge, size_t size)
{
    ssize_t n = size ? co_read_full(forge->stream, forge->payload, size) : 0;
    return n < 0 ? (int)n : 0;
}

static inline void forge_fields(struct forge *forge)
{
    struct heard_stream heard = {0};
    hear_headers(forge->inflater, &heard, forge->payload, forge->size);
    snprintf(forge->fields, sizeof forge->fields, "%s", heard.fields);
    forge->requests++;
}

static inline void forge_note(struct forge *forge)
{
    bool ack = forge->flags & NGHTTP2_FLAG_ACK;
    switch (forge->type) {
    case NGHTTP2_HEADERS: forge_fields(forge); break;
    case NGHTTP2_DATA: forge->data += forge->size; break;
    case NGHTTP2_RST_STREAM:
        forge->resets++;
        forge->reset_code = number_at(forge->payload);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        forge->updates++;
        forge->opened += forge->id ? number_at(forge->payload) : 0;
        break;
    case NGHTTP2_SETTINGS:
        forge->acks += ack;
        forge->settings += !ack;
        if (!ack && forge->size >= 6 && forge->payload[1] == NGHTTP2_SETTINGS_ENABLE_PUSH)
            forge->first_settings_push = number_at(forge->payload + 2);
        break;
    case NGHTTP2_PING: forge->pings += ack; break;
    case NGHTTP2_GOAWAY:
        forge->goaways++;
        forge->goaway_code = number_at(forge->payload + 4);
        break;
    default: break;
    }
}

/* Reads the next frame. 0, CO_EEOF at the end. */
static inline int forge_next(struct forge *forge)
{
    uint8_t head[9];
    ssize_t n = co_read_full(forge->stream, head, sizeof head);
    if (n < 0)
        return (int)n;
    forge->size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    forge->type = head[3];
    forge->flags = head[4];
    forge->id = number_at(head + 5);
    int rc = forge->size <= sizeof forge->payload ? forge_fill(forge, forge->size) : CO_ETOOBIG;
    if (rc == 0)
        forge_note(forge);
    return rc;
}

/* Reads until a frame of that kind has come. */
static inline int forge_await(struct forge *forge, uint8_t type, uint32_t id)
{
    int rc;
    do
        rc = forge_next(forge);
    while (rc == 0 && (forge->type != type || (id != ANY_STREAM && forge->id != id)));
    return rc;
}

/* Reads until the end. */
static inline int forge_read_all(struct forge *forge)
{
    int rc = 0;
    while (rc == 0)
        rc = forge_next(forge);
    return 0;
}

static inline int forge_send(struct forge *forge)
{
    int rc = co_write(forge->stream, forge->wire.bytes, forge->wire.size);
    forge->wire.size = 0;
    return rc;
}

/* ---- the same over HTTP/1 --- */

/* Reads a request's head into `fields`. 0, negative at the end. */
static inline int forge_hear_head(struct forge *forge)
{
    const uint8_t *bytes;
    ssize_t n = co_peek_until(forge->stream, "\r\n\r\n", sizeof forge->fields - 1, &bytes);
    if (n < 0)
        return (int)n;
    snprintf(forge->fields, sizeof forge->fields, "%.*s", (int)n, (const char *)bytes);
    co_consume(forge->stream, (size_t)n);
    forge->requests++;
    return 0;
}

static inline int forge_say(struct forge *forge, const char *text)
{
    return co_write(forge->stream, text, strlen(text));
}

/* ---- and over HTTP/2 --- */

/* The preface has come; says SETTINGS. */
static inline int forge_greet(struct forge *forge)
{
    int rc = forge_fill(forge, sizeof H2_PREFACE - 1);
    if (rc == 0 && memcmp(forge->payload, H2_PREFACE, sizeof H2_PREFACE - 1) != 0)
        rc = CO_EPROTO;
    put_frame(&forge->wire, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    return rc == 0 ? forge_send(forge) : rc;
}

/* The next request's stream; negative at the end. */
static inline int forge_request(struct forge *forge)
{
    int rc = forge_await(forge, NGHTTP2_HEADERS, ANY_STREAM);
    return rc < 0 ? rc : (int)forge->id;
}

static inline struct block *answer_block(const char *status)
{
    struct block *block = empty_block();
    add(block, ":status", status);
    return block;
}

/* A whole response, to be sent. */
static inline void put_answer(struct forge *forge, int id, const char *body)
{
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    put_data(&forge->wire, (uint32_t)id, END_STREAM, body, strlen(body));
}

static inline int forge_answer(struct forge *forge, int id, const char *body)
{
    put_answer(forge, id, body);
    return forge_send(forge);
}

static inline void put_goaway(struct forge *forge, uint32_t last, uint32_t code)
{
    const uint8_t payload[8] = {(uint8_t)(last >> 24), (uint8_t)(last >> 16), (uint8_t)(last >> 8),
        (uint8_t)last, (uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8),
        (uint8_t)code};
    put_frame(&forge->wire, NGHTTP2_GOAWAY, 0, 0, payload, sizeof payload);
}

/* Answers everything with "ok". */
static inline int forge_answer_all(struct forge *forge)
{
    int rc = 0;
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static inline int forge_serve_all(struct forge *forge)
{
    int rc = forge_greet(forge);
    return rc < 0 ? 0 : forge_answer_all(forge);
}

/* What a client makes of a site in clear, which is HTTP/1 unless it wants HTTP/2. */
static inline int site_accept(const struct site *site, co_stream *stream)
{
    static const char *const first[] = {"http/1.1", NULL}, *const second[] = {
                                                               "h2", "http/1.1", NULL};
    const char *const *alpn = site->options.version == CO_HTTP_2 ? second : first;
    return is_over_tls() ? co_tls_accept_as(stream, over_tls.server, alpn) : 0;
}

static inline int site_connection(co_stream *stream, void *arg)
{
    struct site *site = arg;
    int rc = site_accept(site, stream);
    if (rc < 0)
        return rc;
    struct forge *forge = calloc(1, sizeof *forge);
    if (!forge || site->connections >= FORGES_MAX)
        return -ENOMEM;
    forge->site = site;
    forge->stream = stream;
    site->forges[site->connections] = forge;
    forge->nth = ++site->connections;
    if (nghttp2_hd_inflate_new(&forge->inflater) == 0)
        forge->error = site->serve(forge);
    nghttp2_hd_inflate_del(forge->inflater);
    site->ended++;
    return 0;
}

static inline int site_serve(void *arg)
{
    struct site *site = arg;
    if (!site->server)
        return co_serve_listener(site->listener, site_connection, site, NULL);
    return is_over_tls() ? co_https_serve_listener(site->server, over_tls.server, site->listener)
                         : co_http_serve_listener(site->server, site->listener);
}

/* ---- the client ----------------------------------------------------------------------------- */

static inline const char *site_url(const struct site *site, const char *path, char ret[128])
{
    snprintf(ret, 128, "http%s://127.0.0.1:%u%s", is_over_tls() ? "s" : "", site->port, path);
    return ret;
}

static inline void take_body(co_http_response *response, struct result *result)
{
    char piece[16384];
    ssize_t n;
    while ((n = co_http_response_read(response, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < n && result->bytes + (size_t)i < sizeof result->body - 1; i++)
            result->body[result->bytes + (size_t)i] = piece[i];
        result->bytes += (size_t)n;
    }
    result->read = (int)n;
}

static inline void take_head(const co_http_response *response, struct result *result)
{
    co_text field = co_http_response_header(response, "x-field");
    snprintf(result->field, sizeof result->field, "%.*s", CO_TEXT_PRINT(field));
    result->status = co_http_response_status(response);
    result->version = co_http_response_version(response);
    result->size = co_http_response_size(response);
}

/* Asks, and keeps the response open. */
static inline int site_open(
    struct site *site, const struct co_http_fetch *what, const char *path, co_http_response **ret)
{
    char url[128];
    struct co_http_fetch own = *what;
    own.url = site_url(site, path, url);
    return co_http_fetch(ret, site->client, &own);
}

static inline int site_fetch(
    struct site *site, const struct co_http_fetch *what, const char *path, unsigned to)
{
    struct result *result = &site->results[to];
    int64_t start = co_now_ns();
    co_http_response *response;
    result->rc = site_open(site, what, path, &response);
    result->took_ms = (co_now_ns() - start) / CO_MS;
    if (result->rc < 0)
        return 0;
    take_head(response, result);
    take_body(response, result);
    co_http_response_close(response);
    return 0;
}

/* GET, into that result. */
static inline int site_get(struct site *site, const char *path, unsigned to)
{
    return site_fetch(site, &(struct co_http_fetch){0}, path, to);
}

struct errand {
    struct site *site;
    unsigned nth;
};

static inline int run_errand(void *arg)
{
    const struct errand *errand = arg;
    char path[32];
    snprintf(path, sizeof path, "/%u", errand->nth);
    return site_get(errand->site, path, errand->nth);
}

/* Many at once: /0, /1 ... into those results. */
static inline int site_get_many(struct site *site, unsigned count)
{
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < count; i++) {
        struct errand errand = {site, i};
        co_go_copy(&group, run_errand, &errand);
    }
    return co_group_close(&group);
}

static inline int get_one(struct site *site)
{
    return site_get(site, "/", 0);
}

static inline int get_two(struct site *site)
{
    site_get(site, "/", 0);
    return site_get(site, "/", 1);
}

static inline int get_three_at_once(struct site *site)
{
    return site_get_many(site, 3);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static inline int site_talk(struct site *site)
{
    if (is_over_tls())
        site->options.tls = over_tls.client;
    int rc = co_http_client_new(&site->client, &site->options);
    if (rc < 0)
        return rc;
    int64_t start = co_now_ns();
    rc = site->script(site);
    site->took_ms = (co_now_ns() - start) / CO_MS;
    co_http_client_free(site->client);
    return rc;
}

static inline int site_main(void *arg)
{
    struct site *site = arg;
    co_group group;
    int rc = co_listen(&site->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    site->port = co_address_port(co_listener_address(site->listener));
    co_group_open(&group, NULL);
    co_go(&group, site_serve, site);
    rc = site_talk(site);
    co_sleep(100); /* for servers to hear of the end */
    co_group_cancel(&group);
    int ended = co_group_close(&group);
    co_listener_close(site->listener);
    return rc < 0 ? rc : ended == CO_ECANCELED ? 0 : ended;
}

/* A blank site; the one before is gone. */
static inline struct site *site_new(int (*serve)(struct forge *), int (*script)(struct site *))
{
    static struct site site;
    for (unsigned i = 0; i < FORGES_MAX; i++)
        free(site.forges[i]);
    memset(&site, 0, sizeof site);
    site.serve = serve;
    site.script = script;
    site.options.version = CO_HTTP_2;
    return &site;
}

static inline void site_run(struct site *site)
{
    const char *backend = site->backend ? site->backend : "virtual";
    assert_int_equal(co_run(site_main, site, &(struct co_run_options){.backend = backend}), 0);
}

static inline struct site *meet_forge(int (*serve)(struct forge *), int (*script)(struct site *))
{
    struct site *site = site_new(serve, script);
    site_run(site);
    return site;
}

static inline void assert_got_body(const struct site *site, unsigned nth, const char *body)
{
    const struct result *result = &site->results[nth];
    assert_int_equal(result->rc, 0);
    assert_int_equal(result->status, 200);
    assert_int_equal(result->version, 20);
    assert_int_equal(result->read, 0);
    assert_string_equal(result->body, body);
}

#endif

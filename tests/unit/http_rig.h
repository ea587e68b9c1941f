/* SPDX-License-Identifier: MIT */
/*
 * A server with a few routes at one end of a stream in memory, and a test's client at the other.
 *
 * Assertions stand outside of the run: the client only gathers. A rig is static in its test, being
 * large.
 */
#ifndef CO_TEST_HTTP_RIG_H
#define CO_TEST_HTTP_RIG_H

#include "over_tls.h"

#include <errno.h>
#include <stdio.h>

#define RIG_EVENTS_MAX 64
#define RIG_GOT_MAX    (1 << 21)

struct rig_event {
    int status, error;
    uint64_t body_bytes;
    char method[16], target[64];
};

struct rig {
    struct co_http_options options;
    co_http_server *server;
    const char *backend; /* NULL: virtual */
    size_t room;         /* of the stream in memory; 0: 64 KiB */
    const char *send;    /* what the client sends */
    size_t send_size;    /* 0: its strlen */
    size_t split;        /* first part of it, the rest comes later; 0: all at once */
    co_task *client;     /* NULL: sends, shuts down, reads to the end */
    size_t read_size;    /* of the echo's reads; 0: 4096 */
    int (*handler)(co_http_request *request, struct rig *rig); /* of the route /own */
    long note;                                                 /* for the test's own use */

    co_stream *peer;   /* the client's end */
    co_stream *served; /* the other, where a test runs the session itself */
    char got[RIG_GOT_MAX];
    size_t got_size;
    int64_t took_ms;
    int closed;      /* what closing the client's end gave */
    co_group *group; /* of the sessions */
    unsigned event_count;
    struct rig_event events[RIG_EVENTS_MAX];
};

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

/* A blank rig; the one before is gone. */
static inline struct rig *fresh(void)
{
    static struct rig rig;
    memset(&rig, 0, sizeof rig);
    return &rig;
}

/* ---- the server's side ---------------------------------------------------------------------- */

static inline void rig_hear(void *arg, const struct co_http_event *event)
{
    struct rig *rig = arg;
    if (rig->event_count < RIG_EVENTS_MAX) {
        struct rig_event *to = &rig->events[rig->event_count];
        *to = (struct rig_event){event->status, event->error, event->body_bytes, "", ""};
        snprintf(to->method, sizeof to->method, "%.*s", CO_TEXT_PRINT(event->method));
        snprintf(to->target, sizeof to->target, "%.*s", CO_TEXT_PRINT(event->target));
    }
    rig->event_count++;
}

static inline int rig_hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello\n");
}

static inline int rig_echo(co_http_request *request, void *arg)
{
    static char body[1 << 18];
    struct rig *rig = arg;
    size_t size = 0, step = rig->read_size ? rig->read_size : 4096;
    ssize_t n;
    while ((n = co_http_read(request, body + size, step)) > 0)
        size += (size_t)n;
    if (n < 0)
        return (int)n;
    return co_http_reply(request, 200, "application/octet-stream", body, size);
}

static inline int rig_stream(co_http_request *request, void *arg)
{
    (void)arg;
    co_http_begin(request, 200, "text/plain");
    co_http_write(request, "one ", 4);
    co_http_write(request, "", 0);
    co_http_write(request, "two ", 4);
    return co_http_write(request, "three", 5);
}

static inline int rig_torn(co_http_request *request, void *arg)
{
    (void)arg;
    co_http_begin(request, 200, "text/plain");
    co_http_write(request, "half", 4);
    return -EIO;
}

static inline int rig_path(co_http_request *request, void *arg)
{
    (void)arg;
    co_text path = co_http_path(request);
    return co_http_reply(request, 200, "text/plain", path.at, path.size);
}

static inline int rig_own(co_http_request *request, void *arg)
{
    struct rig *rig = arg;
    return rig->handler(request, rig);
}

static inline int rig_build(struct rig *rig)
{
    rig->options.event = rig_hear;
    rig->options.arg = rig;
    int rc = co_http_server_new(&rig->server, &rig->options);
    if (rc < 0)
        return rc;
    co_http_route(rig->server, "GET /hello", rig_hello, rig);
    co_http_route(rig->server, "/echo", rig_echo, rig);
    co_http_route(rig->server, "GET /stream", rig_stream, rig);
    co_http_route(rig->server, "GET /torn", rig_torn, rig);
    co_http_route(rig->server, "GET /tree/", rig_path, rig);
    co_http_route(rig->server, "/own", rig_own, rig);
    return 0;
}

/* ---- the client's side ---------------------------------------------------------------------- */

static inline int rig_send(struct rig *rig, const char *text)
{
    return co_write(rig->peer, text, strlen(text));
}

/* Reads what comes until the end; the bytes stay in rig->got. */
static inline int rig_read_all(struct rig *rig)
{
    ssize_t n;
    do {
        n = co_read(rig->peer, rig->got + rig->got_size, RIG_GOT_MAX - 1 - rig->got_size);
        rig->got_size += n > 0 ? (size_t)n : 0;
    } while (n > 0 && rig->got_size < RIG_GOT_MAX - 1);
    rig->got[rig->got_size] = '\0';
    return (int)n;
}

/* Reads until `text` has come as often as that. */
static inline int rig_read_until(struct rig *rig, const char *text, unsigned times)
{
    unsigned seen = 0;
    while (seen < times) {
        ssize_t n = co_read(rig->peer, rig->got + rig->got_size, RIG_GOT_MAX - 1 - rig->got_size);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        rig->got_size += (size_t)n;
        rig->got[rig->got_size] = '\0';
        seen = 0;
        for (const char *at = rig->got; (at = strstr(at, text)); at++)
            seen++;
    }
    return 0;
}

static inline int rig_client(void *arg)
{
    struct rig *rig = arg;
    size_t size = rig->send_size ? rig->send_size : strlen(rig->send);
    size_t first = rig->split && rig->split < size ? rig->split : size;
    int rc = co_write(rig->peer, rig->send, first);
    if (rc == 0 && first < size) {
        co_sleep(1000);
        rc = co_write(rig->peer, rig->send + first, size - first);
    }
    if (rc == 0)
        rc = co_shutdown_write(rig->peer);
    return rc < 0 ? rc : rig_read_all(rig);
}

/* Connects: a session at the other end of a stream in memory, as a child of the group. */
static inline int rig_connect(struct rig *rig, co_group *group, co_stream **ret)
{
    co_stream *served;
    int rc = co_memory_pair(ret, &served, rig->room ? rig->room : 65536);
    if (rc < 0)
        return rc;
    return http_meet(group, rig->server, served, *ret);
}

static inline int rig_main(void *arg)
{
    struct rig *rig = arg;
    co_group group;
    co_group_open(&group, NULL);
    rig->group = &group;
    int64_t start = co_now_ns();
    int rc = rig_connect(rig, &group, &rig->peer);
    if (rc == 0) {
        rc = rig->client(rig);
        rig->took_ms = (co_now_ns() - start) / 1000000;
        rig->closed = co_close(rig->peer);
    }
    int ended = co_group_close(&group);
    return rc < 0 ? rc : ended;
}

/* Runs the whole on one backend. Returns what the client returned. */
static inline int rig_run(struct rig *rig)
{
    struct co_run_options options = {.backend = rig->backend ? rig->backend : "virtual"};
    if (!rig->client)
        rig->client = rig_client;
    int rc = rig_build(rig);
    if (rc < 0)
        return rc;
    rc = co_run(rig_main, rig, &options);
    co_http_server_free(rig->server);
    return rc;
}

/* ---- what the tests say about it ---------------------------------------------------------------
 */

#define assert_got(rig, text)                                                                      \
 do {                                                                                              \
  if (!strstr((rig)->got, (text)))                                                                 \
   fail_msg("not in the response: %s\n%s", (text), (rig)->got);                                    \
 } while (0)

#define assert_not_got(rig, text)                                                                  \
 do {                                                                                              \
  if (strstr((rig)->got, (text)))                                                                  \
   fail_msg("in the response: %s\n%s", (text), (rig)->got);                                        \
 } while (0)

#define assert_got_start(rig, text)                                                                \
 do {                                                                                              \
  if (strncmp((rig)->got, (text), strlen(text)) != 0)                                              \
   fail_msg("the response does not begin with %s:\n%s", (text), (rig)->got);                       \
 } while (0)

/* Sends the request on a rig of its own and sees that exactly one response of that status comes and
 * that one event tells of it. */
static inline void rig_expect(struct rig *rig, const char *request, int status)
{
    char line[32];
    memset(rig->got, 0, sizeof rig->got);
    rig->got_size = rig->event_count = 0;
    rig->send = request;
    assert_int_equal(rig_run(rig), 0);
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    assert_got_start(rig, line);
    if (strstr(rig->got + 1, "HTTP/1.1 "))
        fail_msg("a second response:\n%s", rig->got);
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].status, status);
}

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of a server at an address share: the server, with routes of every kind, and its
 * clients. */
#ifndef CO_TEST_SERVE_RIG_H
#define CO_TEST_SERVE_RIG_H

#include "coronet.h"
#include "http/message.h"
#include "net/stream.h"
#include "over_tls.h"
#include "runtime/virtual.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define SEEDS     20 /* each of them twice */
#define GOT_MAX   65536
#define FILE_SIZE 50000

struct site {
    struct co_http_options options;
    co_http_server *server;
    co_group serving; /* the server's, to drain */
    co_listener *listener;
    int (*script)(struct site *site); /* the client's part */
    int served;                       /* what co_http_serve_listener returned */
    int file_fd;
    char got[GOT_MAX];
    size_t got_size;
    int64_t took_ms;
    unsigned events;
    unsigned counted;
    uint64_t trace; /* of all that happened in a virtual world */
};

static inline void hear(void *arg, const struct co_http_event *event)
{
    struct site *site = arg;
    (void)event;
    site->events++;
}

static inline int hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello\n");
}

static inline int count(co_http_request *request, void *arg)
{
    struct site *site = arg;
    char of[8] = "", text[32];
    co_http_query(request, "of", of, sizeof of);
    snprintf(text, sizeof text, "<%u of %s>", site->counted++, of);
    return co_http_text(request, 200, text);
}

static inline int slow(co_http_request *request, void *arg)
{
    (void)arg;
    int rc = co_sleep(1000);
    return rc < 0 ? rc : co_http_text(request, 200, "slow\n");
}

static inline int endless(co_http_request *request, void *arg)
{
    (void)request, (void)arg;
    return co_sleep(1000000000);
}

static inline int file(co_http_request *request, void *arg)
{
    struct site *site = arg;
    return co_http_reply_file(request, 200, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n"),
        site->file_fd, 0, FILE_SIZE);
}

static inline int parts(co_http_request *request, void *arg)
{
    struct site *site = arg;
    co_http_begin_sized(request, 200, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"), 9);
    co_http_write(request, "<", 1);
    co_http_write_file(request, site->file_fd, 0, 3);
    co_http_write(request, "|", 1);
    co_http_write_file(request, site->file_fd, 3, 3);
    return co_http_write(request, ">", 1);
}

/* Loses interest in the body after its first bytes. */
static inline int partly(co_http_request *request, void *arg)
{
    char start[10];
    (void)arg;
    ssize_t n = co_http_read(request, start, sizeof start);
    return n < 0 ? (int)n : co_http_text(request, 403, "enough\n");
}

static inline int serve(void *arg)
{
    struct site *site = arg;
    co_group_open(&site->serving, NULL);
    site->served = is_over_tls()
                       ? co_https_serve_listener(site->server, over_tls.server, site->listener)
                       : co_http_serve_listener(site->server, site->listener);
    int rc = co_group_close(&site->serving);
    return rc < 0 ? rc : 0;
}

static inline int run(void *arg)
{
    struct site *site = arg;
    co_group group;
    int rc = co_listen(&site->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    co_group_open(&group, NULL);
    co_go(&group, serve, site);
    co_sleep(0);
    int64_t start = co_now_ns();
    rc = site->script(site);
    co_group_drain(&site->serving);
    int ended = co_group_close(&group);
    site->took_ms = (co_now_ns() - start) / CO_MS;
    co_listener_close(site->listener);
    if (co_rt_current()->backend->is_virtual)
        site->trace = co_virtual_trace_hash();
    return rc < 0 ? rc : ended;
}

static inline int run_by_seed(struct site *site, const char *backend, uint64_t seed)
{
    const struct co_run_options options = {.backend = backend, .seed = seed};
    site->options.event = hear;
    site->options.arg = site;
    assert_int_equal(co_http_server_new(&site->server, &site->options), 0);
    co_http_route(site->server, "GET /hello", hello, site);
    co_http_route(site->server, "GET /count", count, site);
    co_http_route(site->server, "GET /slow", slow, site);
    co_http_route(site->server, "GET /endless", endless, site);
    co_http_route(site->server, "GET /file", file, site);
    co_http_route(site->server, "GET /parts", parts, site);
    co_http_route(site->server, "POST /partly", partly, site);
    site->got_size = 0;
    site->events = 0;
    int rc = co_run(run, site, &options);
    co_http_server_free(site->server);
    return rc;
}

static inline int run_on(struct site *site, const char *backend)
{
    return run_by_seed(site, backend, 0);
}

static inline struct site *fresh(int (*script)(struct site *site))
{
    static struct site site;
    memset(&site, 0, sizeof site);
    site.script = script;
    return &site;
}

/* The same seed, the same session; over TLS, whose bytes no seed decides, a session. */
static inline void each_seed(struct site *site, void (*check)(struct site *site))
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t traces[2];
        for (size_t i = 0; i < CO_LENGTH(traces); i++) {
            assert_int_equal(run_by_seed(site, "virtual", seed), 0);
            check(site);
            traces[i] = site->trace;
        }
        assert_true(traces[0] == traces[1] || is_over_tls());
    }
}

/* Runs it on the backends that this machine has. */
static inline void each_backend(struct site *site, void (*check)(struct site *site))
{
    static const char *const names[] = {"epoll", "io_uring"};
    each_seed(site, check);
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        int rc = run_on(site, names[i]);
        if (i == 1 && (rc == -ENOSYS || rc == -EINVAL))
            continue;
        assert_int_equal(rc, 0);
        check(site);
    }
}

/* ---- clients -------------------------------------------------------------------------------- */

static inline int connect_to(struct site *site, co_stream **ret)
{
    int rc = co_connect(ret, co_listener_address(site->listener));
    return rc == 0 && is_over_tls() ? co_tls_connect(*ret, over_tls.client, "localhost") : rc;
}

static inline int ask(co_stream *stream, const char *target)
{
    return co_print(stream, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
}

static inline int read_all(struct site *site, co_stream *stream)
{
    ssize_t n;
    do {
        n = co_read(stream, site->got + site->got_size, GOT_MAX - 1 - site->got_size);
        site->got_size += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    site->got[site->got_size] = '\0';
    return (int)n;
}

/* Asks, shuts down, and reads all there is. */
static inline int fetch(struct site *site, const char *target)
{
    co_stream *stream;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = ask(stream, target);
    if (rc == 0)
        rc = co_shutdown_write(stream);
    if (rc == 0)
        rc = read_all(site, stream);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static inline bool got(const struct site *site, const char *text)
{
    return memmem(site->got, site->got_size, text, strlen(text)) != NULL;
}

#endif

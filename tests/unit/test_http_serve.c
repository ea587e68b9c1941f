/* SPDX-License-Identifier: MIT */
/* A server at an address: sockets, drains, files, rates; on every backend that there is. */
#include "coronet.h"
#include "falsify.h"
#include "http/message.h"
#include "net/stream.h"
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

static void hear(void *arg, const struct co_http_event *event)
{
    struct site *site = arg;
    (void)event;
    site->events++;
}

static int hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello\n");
}

static int count(co_http_request *request, void *arg)
{
    struct site *site = arg;
    char of[8] = "", text[32];
    co_http_query(request, "of", of, sizeof of);
    snprintf(text, sizeof text, "<%u of %s>", site->counted++, of);
    return co_http_text(request, 200, text);
}

static int slow(co_http_request *request, void *arg)
{
    (void)arg;
    int rc = co_sleep(1000);
    return rc < 0 ? rc : co_http_text(request, 200, "slow\n");
}

static int endless(co_http_request *request, void *arg)
{
    (void)request, (void)arg;
    return co_sleep(1000000000);
}

static int file(co_http_request *request, void *arg)
{
    struct site *site = arg;
    return co_http_reply_file(request, 200, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n"),
        site->file_fd, 0, FILE_SIZE);
}

static int parts(co_http_request *request, void *arg)
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
static int partly(co_http_request *request, void *arg)
{
    char start[10];
    (void)arg;
    ssize_t n = co_http_read(request, start, sizeof start);
    return n < 0 ? (int)n : co_http_text(request, 403, "enough\n");
}

static int serve(void *arg)
{
    struct site *site = arg;
    co_group_open(&site->serving, NULL);
    site->served = co_http_serve_listener(site->server, site->listener);
    int rc = co_group_close(&site->serving);
    return rc < 0 ? rc : 0;
}

static int run(void *arg)
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

static int run_by_seed(struct site *site, const char *backend, uint64_t seed)
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

static int run_on(struct site *site, const char *backend)
{
    return run_by_seed(site, backend, 0);
}

static struct site *fresh(int (*script)(struct site *site))
{
    static struct site site;
    memset(&site, 0, sizeof site);
    site.script = script;
    return &site;
}

/* The same seed, the same session. */
static void each_seed(struct site *site, void (*check)(struct site *site))
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        uint64_t traces[2];
        for (size_t i = 0; i < CO_LENGTH(traces); i++) {
            assert_int_equal(run_by_seed(site, "virtual", seed), 0);
            check(site);
            traces[i] = site->trace;
        }
        assert_true(traces[0] == traces[1]);
    }
}

/* Runs it on the backends that this machine has. */
static void each_backend(struct site *site, void (*check)(struct site *site))
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

static int connect_to(struct site *site, co_stream **ret)
{
    return co_connect(ret, co_listener_address(site->listener));
}

static int ask(co_stream *stream, const char *target)
{
    return co_print(stream, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
}

static int read_all(struct site *site, co_stream *stream)
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
static int fetch(struct site *site, const char *target)
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

static bool got(const struct site *site, const char *text)
{
    return memmem(site->got, site->got_size, text, strlen(text)) != NULL;
}

/* ---- pipelined requests ---------------------------------------------------------------------- */

#define PIPELINED 16

static struct {
    uint32_t asking; /* the client's socket */
    unsigned first;  /* requests in the first batch, the next one's first half behind them */
    unsigned sends;  /* of the server */
} pipeline;

static bool submit_counted(struct co_rt *rt, struct co_op *op)
{
    pipeline.sends += op->code == CO_OP_SEND && op->fd.index != pipeline.asking;
    return honest->submit(rt, op);
}

/* Reads until the response to request `number` is there. */
static int read_till(struct site *site, co_stream *stream, unsigned number)
{
    char mark[32];
    snprintf(mark, sizeof mark, "<%u of %u>", number, number);
    while (!got(site, mark)) {
        ssize_t n = co_read(stream, site->got + site->got_size, GOT_MAX - 1 - site->got_size);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        site->got_size += (size_t)n;
    }
    return 0;
}

static int ask_in_batches(struct site *site, co_stream *stream)
{
    char asked[4096];
    size_t size = 0, cut = 0;
    for (unsigned i = 0; i < PIPELINED; i++) {
        if (i == pipeline.first)
            cut = size + 10;
        size += (size_t)snprintf(
            asked + size, sizeof asked - size, "GET /count?of=%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
    }
    int rc = cut > 0 ? co_write(stream, asked, cut) : 0;
    if (rc == 0 && cut > 0)
        rc = read_till(site, stream, pipeline.first - 1);
    if (rc == 0)
        rc = co_write(stream, asked + cut, size - cut);
    return rc < 0 ? rc : read_till(site, stream, PIPELINED - 1);
}

static int pipeline_requests(struct site *site)
{
    co_stream *stream;
    struct co_virtual_choices first_ways = {0}; /* nothing is cut into pieces */
    struct co_rt *rt = co_rt_current();
    bool is_virtual = rt->backend->is_virtual;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    if (is_virtual)
        co_virtual_explore(rt, &first_ways);
    pipeline.asking = stream->fd.index;
    pipeline.sends = 0;
    falsify()->submit = submit_counted;
    rc = ask_in_batches(site, stream);
    falsify_end();
    if (is_virtual)
        co_virtual_explore(rt, NULL);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static void check_in_order(const struct site *site)
{
    const char *at = site->got;
    for (unsigned i = 0; i < PIPELINED; i++) {
        char mark[32];
        snprintf(mark, sizeof mark, "<%u of %u>", i, i);
        at = strstr(at, mark);
        assert_non_null(at);
    }
}

static void pipeline_of(unsigned first, unsigned writes)
{
    static const char *const names[] = {"virtual", "epoll", "io_uring"};
    pipeline.first = first;
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        struct site *site = fresh(pipeline_requests);
        int rc = run_on(site, names[i]);
        if (rc == -ENOSYS)
            continue;
        assert_int_equal(rc, 0);
        assert_int_equal(site->events, PIPELINED);
        assert_int_equal(pipeline.sends, writes);
        check_in_order(site);
    }
}

static void requests_that_came_together_are_answered_by_one_write(void **state)
{
    (void)state;
    pipeline_of(PIPELINED, 1);
}

static void requests_that_came_in_two_parts_are_answered_by_two_writes(void **state)
{
    (void)state;
    pipeline_of(1, 2);
    pipeline_of(PIPELINED / 2, 2);
    pipeline_of(PIPELINED - 1, 2);
}

/* ---- serving and draining ------------------------------------------------------------------- */

static int fetch_hello(struct site *site)
{
    return fetch(site, "/hello");
}

static void check_hello(struct site *site)
{
    assert_int_equal(site->served, 0);
    assert_int_equal(site->events, 1);
    assert_true(got(site, "\r\n\r\nhello\n"));
}

static void serves_at_an_address(void **state)
{
    (void)state;
    each_backend(fresh(fetch_hello), check_hello);
}

static int stay_idle(struct site *site)
{
    co_stream *stream;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = ask(stream, "/hello");
    ssize_t n = rc < 0 ? rc : co_read(stream, site->got, GOT_MAX);
    co_sleep(10);
    co_group_drain(&site->serving);
    if (n > 0)
        n = co_read(stream, site->got, GOT_MAX);
    int closed = co_close(stream);
    return n < 0 ? (int)n : closed;
}

static void check_prompt(struct site *site)
{
    assert_int_equal(site->served, 0);
    assert_in_range(site->took_ms, 0, 900);
}

static void a_drain_closes_idle_connections_at_once(void **state)
{
    (void)state;
    each_backend(fresh(stay_idle), check_prompt);
}

static int drain_at_work(struct site *site)
{
    co_stream *stream;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = ask(stream, "/slow");
    co_sleep(100);
    co_group_drain(&site->serving);
    if (rc == 0)
        rc = read_all(site, stream);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static void a_drain_lets_a_request_finish_and_says_close(void **state)
{
    (void)state;
    struct site *site = fresh(drain_at_work);
    assert_int_equal(run_on(site, "virtual"), 0);
    assert_int_equal(site->served, 0);
    assert_true(got(site, "Connection: close\r\n\r\nslow\n"));
}

static int drain_the_endless(struct site *site)
{
    co_stream *stream;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = ask(stream, "/endless");
    co_sleep(100);
    co_group_drain(&site->serving);
    if (rc == 0)
        read_all(site, stream);
    co_abort(stream);
    return rc;
}

static void a_drain_ends_after_its_time(void **state)
{
    (void)state;
    struct site *site = fresh(drain_the_endless);
    site->options.drain_timeout_ms = 20000;
    assert_int_equal(run_on(site, "virtual"), 0);
    assert_int_equal(site->served, 0);
    assert_int_equal(site->events, 1);
    assert_in_range(site->took_ms, 20000, 21500);
}

static struct site shards[2];

static int fetch_often(struct site *site)
{
    int rc = 0;
    for (int i = 0; i < 20 && rc == 0; i++) {
        site->got_size = 0;
        rc = fetch(site, "/hello");
    }
    return rc;
}

static int run_shard(void *arg)
{
    (void)arg;
    return run(&shards[co_shard_index()]);
}

static int run_shards(void *arg)
{
    return co_shards(2, run_shard, arg);
}

static void one_server_serves_in_several_shards(void **state)
{
    (void)state;
    const struct co_run_options options = {.backend = "epoll"};
    co_http_server *server;
    assert_int_equal(co_http_server_new(&server, NULL), 0);
    co_http_route(server, "GET /hello", hello, NULL);
    for (size_t i = 0; i < CO_LENGTH(shards); i++) {
        shards[i].server = server;
        shards[i].script = fetch_often;
    }
    assert_int_equal(co_run(run_shards, NULL, &options), 0);
    for (size_t i = 0; i < CO_LENGTH(shards); i++)
        assert_true(got(&shards[i], "\r\n\r\nhello\n"));
    co_http_server_free(server);
}

/* ---- last words ----------------------------------------------------------------------------- */

/* Sends a long body in the same breath as the head, or only after the server must have replied. */
static int push(struct site *site, const char *head, size_t at_first)
{
    static const char body[200000];
    co_stream *stream;
    int rc = connect_to(site, &stream);
    if (rc < 0)
        return rc;
    rc = co_print(stream, "%s\r\nHost: a\r\nContent-Length: 900000\r\n\r\n", head);
    if (rc == 0)
        rc = co_write(stream, body, at_first);
    for (int i = 0; i < 2 && rc == 0; i++) {
        co_sleep(50);
        rc = co_write(stream, body, sizeof body / 2);
    }
    if (rc == 0)
        rc = read_all(site, stream);
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static int push_too_much(struct site *site)
{
    return push(site, "POST /hello HTTP/1.1", 0);
}

static void check_refusal(struct site *site)
{
    assert_int_equal(site->events, 1);
    assert_true(got(site, "HTTP/1.1 413 "));
    assert_true(got(site, "</h1>\n"));
}

static int push_on(struct site *site)
{
    return push(site, "POST /partly HTTP/1.1", 10);
}

static void check_enough(struct site *site)
{
    assert_int_equal(site->events, 1);
    assert_true(got(site, "HTTP/1.1 403 "));
    assert_true(got(site, "Connection: close\r\n\r\nenough\n"));
}

static void last_words_are_not_destroyed_by_a_reset_rfc9112_9_6(void **state)
{
    (void)state;
    struct site *site = fresh(push_too_much);
    site->options.body_bytes_max = 800000;
    each_backend(site, check_refusal);
    site = fresh(push_on);
    each_backend(site, check_enough);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int make_file(size_t size)
{
    FILE *made = tmpfile();
    assert_non_null(made);
    for (size_t i = 0; i < size; i++)
        fputc('0' + (int)(i % 10), made);
    fflush(made);
    int fd = dup(fileno(made));
    fclose(made);
    return fd;
}

static int fetch_file(struct site *site)
{
    return fetch(site, "/file");
}

static void check_file(struct site *site)
{
    co_text text = {site->got, site->got_size};
    assert_true(co_text_starts(text, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n")));
    assert_true(got(site, "\r\n\r\n0123456789"));
    assert_memory_equal(site->got + site->got_size - 10, "0123456789", 10);
    assert_ptr_equal(memmem(site->got, site->got_size, "\r\n\r\n0", 5),
        site->got + site->got_size - FILE_SIZE - 4);
}

static void sends_a_file(void **state)
{
    (void)state;
    struct site *site = fresh(fetch_file);
    site->file_fd = make_file(FILE_SIZE);
    each_backend(site, check_file);
    close(site->file_fd);
}

static int fetch_parts(struct site *site)
{
    return fetch(site, "/parts");
}

static void check_parts(struct site *site)
{
    assert_true(got(site, "\r\n\r\n<012|345>"));
}

static void sends_parts_of_a_file_among_other_bytes(void **state)
{
    (void)state;
    struct site *site = fresh(fetch_parts);
    site->file_fd = make_file(100);
    each_backend(site, check_parts);
    close(site->file_fd);
}

static int fetch_torn(struct site *site)
{
    fetch(site, "/file"); /* the end, or a reset */
    return 0;
}

static void check_torn(struct site *site)
{
    assert_int_equal(site->events, 1);
    assert_in_range(site->got_size, 0, FILE_SIZE);
}

static void a_file_that_shrank_ends_the_connection_m03(void **state)
{
    (void)state;
    struct site *site = fresh(fetch_torn);
    site->file_fd = make_file(FILE_SIZE / 2);
    each_backend(site, check_torn);
    close(site->file_fd);
}

static void keeps_to_the_rate_limit(void **state)
{
    (void)state;
    struct site *site = fresh(fetch_file);
    site->file_fd = make_file(FILE_SIZE);
    site->options.limit_rate = 10000;
    assert_int_equal(run_on(site, "virtual"), 0);
    check_file(site);
    assert_in_range(site->took_ms, 4800, 5500);
    close(site->file_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_that_came_together_are_answered_by_one_write),
        cmocka_unit_test(requests_that_came_in_two_parts_are_answered_by_two_writes),
        cmocka_unit_test(serves_at_an_address),
        cmocka_unit_test(a_drain_closes_idle_connections_at_once),
        cmocka_unit_test(a_drain_lets_a_request_finish_and_says_close),
        cmocka_unit_test(a_drain_ends_after_its_time),
        cmocka_unit_test(one_server_serves_in_several_shards),
        cmocka_unit_test(last_words_are_not_destroyed_by_a_reset_rfc9112_9_6),
        cmocka_unit_test(sends_a_file),
        cmocka_unit_test(sends_parts_of_a_file_among_other_bytes),
        cmocka_unit_test(a_file_that_shrank_ends_the_connection_m03),
        cmocka_unit_test(keeps_to_the_rate_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

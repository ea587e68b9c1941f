/* SPDX-License-Identifier: MIT */
/* A server at an address: sockets, drains, files, rates; on every backend that there is. */
#include "serve_rig.h"

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

/* SPDX-License-Identifier: MIT */
/* The attacks that take time or many requests: slow heads, bodies and readers, and floods. */
#include "http/message.h"
#include "http_rig.h"

#define HOST "Host: a\r\n"

/* ---- patience ------------------------------------------------------------------------------- */

#define SLOW_ONES 1000

struct slow_one {
    struct rig *rig;
    co_stream *peer;
};

/* One byte of a head every ten seconds, until the connection is cut. */
static int dribble_head(void *arg)
{
    struct slow_one *one = arg;
    static const char head[] = "GET /hello HTTP/1.1\r\n";
    char got[512];
    for (size_t i = 0; i < sizeof head - 1 && co_write(one->peer, head + i, 1) == 0; i++)
        if (co_sleep(10000) < 0 || co_now_ns() > 60 * CO_SECOND)
            break;
    ssize_t n = co_read(one->peer, got, sizeof got);
    if (n > 12 && memcmp(got, "HTTP/1.1 408", 12) == 0)
        one->rig->note++;
    co_abort(one->peer);
    return 0;
}

static int client_among_slow_ones(void *arg)
{
    struct rig *rig = arg;
    for (int i = 0; i < SLOW_ONES; i++) {
        struct slow_one one = {.rig = rig};
        int rc = rig_connect(rig, rig->group, &one.peer);
        if (rc < 0)
            return rc;
        co_go_copy(rig->group, dribble_head, &one);
    }
    for (unsigned i = 1; i <= 50; i++) {
        co_sleep(1000);
        int64_t start = co_now_ns();
        int rc = rig_send(rig, GET_HELLO);
        if (rc == 0)
            rc = rig_read_until(rig, "hello\n", i);
        if (rc < 0)
            return rc;
        if (co_now_ns() - start > CO_SECOND)
            return CO_ETOOSLOW;
    }
    return 0;
}

static void h17_slow_heads_are_cut_and_nobody_else_waits(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_among_slow_ones;
    rig->room = 4096;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->note, SLOW_ONES);
    assert_int_equal(rig->event_count, SLOW_ONES + 50);
}

/* A byte of a body each second: below the minimum rate. */
static int client_of_a_slow_body(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 60 && co_stream_buffered(rig->peer) == 0; i++) {
        if (co_write(rig->peer, "x", 1) < 0)
            break;
        co_sleep(1000);
        co_scope scope;
        const uint8_t *bytes;
        co_scope_open(&scope, 0);
        co_peek(rig->peer, 1, &bytes);
        co_scope_close(&scope);
    }
    return rig_read_all(rig);
}

static void h18_a_slow_body_is_cut(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_of_a_slow_body;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 408 ");
    assert_int_equal(rig->events[0].error, CO_ETOOSLOW);
    assert_in_range(rig->took_ms, 15000, 20000);
}

/* 300 bytes a second are enough. */
static int client_of_a_steady_body(void *arg)
{
    struct rig *rig = arg;
    static const char piece[300];
    rig_send(rig, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 30000\r\n\r\n");
    for (int i = 0; i < 100; i++) {
        co_sleep(1000);
        int rc = co_write(rig->peer, piece, sizeof piece);
        if (rc < 0)
            return rc;
    }
    co_shutdown_write(rig->peer);
    return rig_read_all(rig);
}

static void h18_a_steady_body_may_take_its_time(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_of_a_steady_body;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 200 ");
}

static int reply_at_length(co_http_request *request, struct rig *rig)
{
    static const char piece[4096];
    int rc = co_http_begin(request, 200, NULL);
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = co_http_write(request, piece, sizeof piece);
    rig->note = rc;
    return rc;
}

static int client_that_does_not_read(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "GET /own HTTP/1.1\r\n" HOST "\r\n");
    co_sleep(120000);
    return 0;
}

static void h18_a_reader_who_does_not_read_is_cut(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = reply_at_length;
    rig->client = client_that_does_not_read;
    rig->room = 4096;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->note, CO_ETOOSLOW);
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].error, CO_ETOOSLOW);
}

#define FILE_SIZE 20000

static int file_fd;

static int reply_with_file(co_http_request *request, struct rig *rig)
{
    (void)rig;
    return co_http_reply_file(request, 200, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n"),
        file_fd, 0, FILE_SIZE);
}

static int client_that_reads_slowly(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "GET /own HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    ssize_t n = 1;
    while (n > 0) {
        n = co_read(rig->peer, rig->got + rig->got_size, (size_t)rig->note);
        rig->got_size += n > 0 ? (size_t)n : 0;
        co_sleep(1000);
    }
    return 0;
}

/* Whoever reads 300 bytes a second gets all of a file, each byte once; with 100 a second he is cut
 * off. */
static void h18_a_file_goes_at_the_minimum_rate_or_not_at_all(void **state)
{
    (void)state;
    static const long rates[] = {300, 100};
    static char content[FILE_SIZE];
    FILE *made = tmpfile();
    assert_non_null(made);
    for (int i = 0; i < FILE_SIZE; i++)
        content[i] = (char)('a' + i % 23);
    assert_int_equal(fwrite(content, 1, FILE_SIZE, made), FILE_SIZE);
    fflush(made);
    file_fd = fileno(made);
    for (size_t i = 0; i < CO_LENGTH(rates); i++) {
        struct rig *rig = fresh();
        rig->handler = reply_with_file;
        rig->client = client_that_reads_slowly;
        rig->room = 2000;
        rig->note = rates[i];
        assert_int_equal(rig_run(rig), 0);
        assert_int_equal(rig->events[0].error, i == 0 ? 0 : CO_ETOOSLOW);
        if (i == 0)
            assert_memory_equal(rig->got + rig->got_size - FILE_SIZE, content, FILE_SIZE);
    }
    fclose(made);
}

/* ---- floods --------------------------------------------------------------------------------- */

#define PIPELINED 10000

static int send_all_requests(void *arg)
{
    struct rig *rig = arg;
    char request[64];
    for (int i = 0; i < PIPELINED; i++) {
        snprintf(request, sizeof request, "GET /tree/%05d HTTP/1.1\r\n" HOST "\r\n", i);
        int rc = rig_send(rig, request);
        if (rc < 0)
            return rc;
        rig->note = i + 1;
    }
    return co_shutdown_write(rig->peer);
}

/* Reads nothing until the writer is stuck, then everything. */
static int client_with_a_flood(void *arg)
{
    struct rig *rig = arg;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_all_requests, rig);
    co_sleep(10000);
    long stuck_at = rig->note;
    int rc = rig_read_all(rig);
    int sent = co_group_close(&group);
    if (rc == 0 && sent == 0)
        rig->note = stuck_at;
    return rc < 0 ? rc : sent;
}

static void h19_requests_unread_stop_the_reading_and_keep_their_order(void **state)
{
    (void)state;
    static char *at;
    struct rig *rig = fresh();
    rig->client = client_with_a_flood;
    rig->room = 4096;
    assert_int_equal(rig_run(rig), 0);
    assert_in_range(rig->note, 1, 2000); /* what the buffers of both directions hold */
    assert_int_equal(rig->event_count, PIPELINED);
    at = rig->got;
    for (int i = 0; i < PIPELINED; i++) {
        char body[32];
        snprintf(body, sizeof body, "\r\n\r\n/tree/%05d", i);
        at = strstr(at, "\r\n\r\n");
        assert_non_null(at);
        assert_memory_equal(at, body, strlen(body));
        at += 4;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h17_slow_heads_are_cut_and_nobody_else_waits),
        cmocka_unit_test(h18_a_slow_body_is_cut),
        cmocka_unit_test(h18_a_steady_body_may_take_its_time),
        cmocka_unit_test(h18_a_reader_who_does_not_read_is_cut),
        cmocka_unit_test(h18_a_file_goes_at_the_minimum_rate_or_not_at_all),
        cmocka_unit_test(h19_requests_unread_stop_the_reading_and_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The attacks that take time or many requests: slow heads, bodies and readers, and floods. */
#include "falsify.h"
#include "fibers.h"
#include "http/message.h"
#include "http_rig.h"

#include <malloc.h>

#define HOST "Host: a\r\n"

/* ---- patience ------------------------------------------------------------------------------- */

/* Waits for input as long as that, and a moment; how many bytes there are then. */
static size_t await_input(co_stream *peer, int64_t timeout_ms)
{
    co_scope scope;
    const uint8_t *bytes;
    co_scope_open(&scope, timeout_ms);
    ssize_t n = co_peek(peer, 1, &bytes);
    co_scope_close(&scope);
    return n > 0 ? (size_t)n : 0;
}

/* ---- slow heads: a server at a socket, with the delays and orders of the virtual network ------
 */

#define SLOW_ONES                                                                                  \
 (IS_SLOW ? 1000 : 10000) /* the thread sanitizer has some 8,000 fibers at most                    \
                           */
#define QUICK_ONES  400   /* requests while the slow ones are there, and as many before */
#define HEAD_MS_MAX 30000

static struct {
    co_http_server *server;
    co_address address;
    unsigned cut, failed;
    int64_t latest_ns; /* the longest that a slow one was waited for */
} crowd;

static int crowd_server(void *listener)
{
    return co_http_serve_listener(crowd.server, listener);
}

/* One byte of a head every ten seconds, until the connection is cut. */
static int dribble_head(void *arg)
{
    static const char head[] = "GET /hello HTTP/1.1\r\n";
    const uint8_t *got;
    co_stream *peer;
    (void)arg;
    int rc = co_connect(&peer, &crowd.address);
    if (rc < 0)
        return rc;
    int64_t start = co_now_ns();
    for (const char *next = head; *next && co_write(peer, next, 1) == 0; next++)
        if (await_input(peer, 10000) > 0)
            break;
    int64_t took = co_now_ns() - start;
    ssize_t n = co_peek(peer, 12, &got);
    crowd.cut += n >= 12 && memcmp(got, "HTTP/1.1 408", 12) == 0;
    crowd.latest_ns = took > crowd.latest_ns ? took : crowd.latest_ns;
    co_abort(peer);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    int64_t difference = *(const int64_t *)a - *(const int64_t *)b;
    return (difference > 0) - (difference < 0);
}

/* Connects and asks, again and again; returns what 99 of 100 requests do not exceed. */
static int64_t quick_p99_ns(void)
{
    static int64_t took[QUICK_ONES];
    static const char request[] = GET_HELLO;
    for (unsigned i = 0; i < QUICK_ONES; i++) {
        co_stream *peer;
        int64_t start = co_now_ns();
        if (co_connect(&peer, &crowd.address) < 0)
            return -1;
        bool good = co_write(peer, request, sizeof request - 1) == 0 && await_input(peer, 10000);
        took[i] = co_now_ns() - start;
        crowd.failed += !good;
        co_abort(peer);
        co_sleep(10);
    }
    qsort(took, QUICK_ONES, sizeof *took, by_value);
    return took[QUICK_ONES * 99 / 100];
}

static int crowd_main(void *arg)
{
    int64_t *p99 = arg;
    co_group server, slow;
    co_listener *listener;
    int rc = co_listen(&listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    crowd.address = *co_listener_address(listener);
    co_group_open(&server, NULL);
    co_go(&server, crowd_server, listener);
    p99[0] = quick_p99_ns();
    co_group_open(&slow, NULL);
    for (int i = 0; i < SLOW_ONES; i++)
        co_go(&slow, dribble_head, NULL);
    co_sleep(5000);
    p99[1] = quick_p99_ns();
    rc = co_group_close(&slow);
    co_group_drain(&server);
    int served = co_group_close(&server);
    co_listener_close(listener);
    return rc < 0 ? rc : served;
}

static void h17_slow_heads_are_cut_and_nobody_else_waits(void **state)
{
    (void)state;
    int64_t p99[2];
    const struct co_run_options run = {.backend = "virtual", .seed = 17};
    const struct co_http_options options = {.connections_max = SLOW_ONES + 10};
    memset(&crowd, 0, sizeof crowd);
    assert_int_equal(co_http_server_new(&crowd.server, &options), 0);
    co_http_route(crowd.server, "GET /hello", rig_hello, NULL);
    assert_int_equal(co_run(crowd_main, p99, &run), 0);
    co_http_server_free(crowd.server);
    assert_int_equal(crowd.cut, SLOW_ONES);
    assert_int_equal(crowd.failed, 0);
    assert_in_range(crowd.latest_ns / CO_MS, 20000, HEAD_MS_MAX + 1000);
    assert_true(p99[0] > 0 && p99[1] * 10 < p99[0] * 12);
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
        await_input(rig->peer, 0);
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

/* ---- M15: a calendar that jumps ---------------------------------------------------------------
 */

#define JUMPS 200 /* so that whoever waits for ever is told of a deadlock */

static int jump_about(void *arg)
{
    (void)arg;
    for (int i = 0; i < JUMPS && co_sleep(700) == 0; i++)
        calendar_jump = (i % 3 - 1) * TEN_YEARS;
    return 0;
}

/* The rig's client while the calendar jumps. */
static int client_among_jumps(struct rig *rig, co_task *client)
{
    const struct co_go_options background = {.background = true};
    falsify()->wall = jumped_wall;
    co_go_with(rig->group, &background, jump_about, NULL);
    int rc = client(rig);
    falsify_end();
    return rc;
}

static int client_of_a_steady_body_among_jumps(void *arg)
{
    return client_among_jumps(arg, client_of_a_steady_body);
}

static int client_of_a_slow_body_among_jumps(void *arg)
{
    return client_among_jumps(arg, client_of_a_slow_body);
}

static int client_of_half_a_head(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "GET /hello HTTP/1.1\r\n");
    return rig_read_all(rig);
}

static int client_of_half_a_head_among_jumps(void *arg)
{
    return client_among_jumps(arg, client_of_half_a_head);
}

/* Nobody is cut off too early or too late. */
static void m15_timers_do_not_care_what_the_calendar_says(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_of_a_steady_body_among_jumps;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 200 ");
    rig = fresh();
    rig->client = client_of_a_slow_body_among_jumps;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 408 ");
    assert_in_range(rig->took_ms, 15000, 20000);
    rig = fresh();
    rig->client = client_of_half_a_head_among_jumps;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 408 ");
    assert_in_range(rig->took_ms, 30000, 33000);
}

/* ---- slow readers ---------------------------------------------------------------------------- */

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
 * off. Over TLS he takes whole records, and more must come at once. */
static void h18_a_file_goes_at_the_minimum_rate_or_not_at_all(void **state)
{
    (void)state;
    const long rates[] = {is_over_tls() ? 1500 : 300, 100};
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

#define PIPELINED      10000
#define HELD_BYTES_MAX (256u << 10) /* of buffers, wherever they are */

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
    size_t before = mallinfo2().uordblks;
    co_go(&group, send_all_requests, rig);
    co_sleep(10000);
    long stuck_at = rig->note;
    if (mallinfo2().uordblks > before + HELD_BYTES_MAX)
        return CO_ETOOBIG;
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
        cmocka_unit_test(m15_timers_do_not_care_what_the_calendar_says),
        cmocka_unit_test(h18_a_reader_who_does_not_read_is_cut),
        cmocka_unit_test(h18_a_file_goes_at_the_minimum_rate_or_not_at_all),
        cmocka_unit_test(h19_requests_unread_stop_the_reading_and_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

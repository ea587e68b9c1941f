/* SPDX-License-Identifier: MIT */
/* The request's body: read by a handler, left unread, or refused. */
#include "http_rig.h"

static int reply_with_status(co_http_request *request, struct rig *rig)
{
    return co_http_reply(request, (int)rig->note, "text/plain", "body", 4);
}

/* A rig whose /own answers with the status and leaves the request's body alone. */
static struct rig *fresh_replying(int status)
{
    struct rig *rig = fresh();
    rig->handler = reply_with_status;
    rig->note = status;
    return rig;
}

static void reads_bodies_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char sized[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\n"
                                "abcdefghijklmnopqrstuvwxyz" GET_HELLO;
    static const char chunked[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\na\r\n10\r\nbcdefghijklmnopq\r\n9\r\nrstuvwxyz\r\n0\r\n\r\n" GET_HELLO;
    for (size_t size = 1; size < 40; size++)
        for (int i = 0; i < 2; i++) {
            struct rig *rig = fresh();
            rig->read_size = size;
            rig->send = i ? chunked : sized;
            assert_int_equal(rig_run(rig), 0);
            assert_got(rig, "\r\n\r\nabcdefghijklmnopqrstuvwxyzHTTP/1.1 200");
            assert_int_equal(rig->event_count, 2);
        }
}

static int look_back(co_http_request *request, struct rig *rig)
{
    char body[64];
    static char text[256];
    (void)rig;
    while (co_http_read(request, body, sizeof body) > 0)
        ;
    char query[8];
    co_http_query(request, "q", query, sizeof query);
    snprintf(text, sizeof text, "%.*s %.*s %s %.*s", CO_TEXT_PRINT(co_http_method(request)),
        CO_TEXT_PRINT(co_http_path(request)), query, CO_TEXT_PRINT(co_http_header(request, "x-y")));
    return co_http_text(request, 200, text);
}

static void the_head_stays_readable_after_the_body(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = look_back;
    rig->split = 80;
    rig_expect(rig,
        "POST /own?q=v HTTP/1.1\r\nHost: a\r\nX-Y: z\r\nContent-Length: 10\r\n\r\n"
        "0123456789",
        200);
    assert_got(rig, "\r\n\r\nPOST /own v z");
    assert_string_equal(rig->events[0].target, "/own?q=v");
}

static void skips_a_short_body_nobody_read(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->send = "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"
                "GET /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\n12345\r\n0\r\n\r\n" GET_HELLO;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->event_count, 3);
}

static int client_of_a_long_body(void *arg)
{
    struct rig *rig = arg;
    static char body[100000];
    rig_send(rig, "POST /own HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    int rc = co_write(rig->peer, body, sizeof body);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void closes_rather_than_read_a_long_unwanted_body_rfc9112_9_6(void **state)
{
    (void)state;
    struct rig *rig = fresh_replying(200);
    rig->client = client_of_a_long_body;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 200 ");
    assert_got(rig, "Connection: close\r\n");
    assert_got(rig, "body");
}

/* Sends ten pieces a second, and only then looks for an answer. */
static int client_that_looks_late(void *arg)
{
    struct rig *rig = arg;
    static char piece[65536];
    rig_send(rig, "POST /own HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
    int rc = 0;
    for (long i = 0; rc == 0 && i < rig->note; i++) {
        co_sleep(100);
        rc = co_write(rig->peer, piece, sizeof piece);
    }
    return rc < 0 ? rc : rig_read_all(rig);
}

static void who_looks_for_the_answer_behind_the_body_finds_it_rfc9112_9_6(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_that_looks_late;
    rig->note = 280;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 413 ");
    assert_got(rig, "Connection: close\r\n");
    assert_got(rig, "</h1>");
    rig->note = 0;
    assert_int_equal(rig_run(rig), 0);
    assert_in_range(rig->took_ms, 0, 500); /* who sends nothing is not kept waiting */
    rig->note = 1000;                      /* and nobody sends for ever */
    assert_int_not_equal(rig_run(rig), 0);
    assert_in_range(rig->took_ms, 29000, 33000);
}

static void refuses_a_body_over_the_limit_before_reading_it(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->options.body_bytes_max = 10;
    rig_expect(rig,
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
        "Expect: 100-continue\r\n\r\n",
        413);
    assert_got(rig, "Connection: close\r\n");
    rig_expect(rig,
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "b\r\n01234567890\r\n0\r\n\r\n",
        413);
    assert_got(rig, "Connection: close\r\n");
    rig_expect(rig, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", 200);
}

static void a_body_cut_short_is_a_bad_request(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234", 400);
    assert_int_equal(rig->events[0].error, CO_EEOF);
}

static int client_that_expects(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                  "Expect: 100-continue\r\n\r\n");
    int rc = rig_read_until(rig, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    if (rc < 0)
        return rc;
    rig_send(rig, "body" GET_HELLO);
    co_shutdown_write(rig->peer);
    return rig_read_all(rig);
}

static void sends_100_continue_when_the_body_is_read_rfc9110_10_1_1(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_that_expects;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
    assert_int_equal(rig->event_count, 2);
}

static void closes_when_a_client_still_waits_for_its_100(void **state)
{
    (void)state;
    struct rig *rig = fresh_replying(403);
    rig_expect(rig,
        "POST /own HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
        "Expect: 100-continue\r\n\r\n",
        403);
    assert_got(rig, "Connection: close\r\n");
    assert_not_got(rig, "100 Continue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_bodies_in_pieces_of_any_size),
        cmocka_unit_test(the_head_stays_readable_after_the_body),
        cmocka_unit_test(skips_a_short_body_nobody_read),
        cmocka_unit_test(closes_rather_than_read_a_long_unwanted_body_rfc9112_9_6),
        cmocka_unit_test(who_looks_for_the_answer_behind_the_body_finds_it_rfc9112_9_6),
        cmocka_unit_test(refuses_a_body_over_the_limit_before_reading_it),
        cmocka_unit_test(a_body_cut_short_is_a_bad_request),
        cmocka_unit_test(sends_100_continue_when_the_body_is_read_rfc9110_10_1_1),
        cmocka_unit_test(closes_when_a_client_still_waits_for_its_100),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

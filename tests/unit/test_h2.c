/* SPDX-License-Identifier: MIT */
/* HTTP/2 as it is meant to be: requests, bodies, windows, priorities, parking, drains. */
#include "h2_rig.h"

#include "http/message.h"

/* ---- requests and responses ----------------------------------------------------------------- */

static void answers_a_request(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_get(wire, 1, "/hello");
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "hello\n");
    assert_non_null(strstr(heard->streams[1].fields, "content-length: 6\n"));
    assert_non_null(strstr(heard->streams[1].fields, "server: coronet\n"));
    assert_null(strstr(heard->streams[1].fields, "connection"));
    assert_int_equal(heard->settings, 1);
    assert_int_equal(heard->settings_acks, 1);
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].error, 0);
    assert_int_equal(rig->events[0].body_bytes, 6);
    assert_string_equal(rig->events[0].target, "/hello");
}

/* Says what it was asked for in a field; or at length. */
static int repeat(co_http_request *request, struct rig *rig)
{
    static char body[60000];
    char text[8];
    (void)rig;
    if (co_http_query(request, "say", text, sizeof text) < 0)
        return co_http_reply(request, 200, NULL, body, sizeof body);
    co_http_set(request, "X-Said", text);
    return co_http_reply(request, 204, NULL, NULL, 0);
}

/* Asks while an answer is stuck, and reads when all have been given. */
static int ask_while_stuck(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/own");
    wire_send(rig, wire);
    co_sleep(10);
    put_get(wire, 3, "/own?say=one");
    put_get(wire, 5, "/own?say=two");
    put_get(wire, 7, "/hello");
    wire_send(rig, wire);
    co_sleep(10);
    co_shutdown_write(rig->peer);
    return rig_read_all(rig);
}

static void a_head_that_cannot_be_sent_yet_is_kept(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->room = 1024;
    rig->handler = repeat;
    struct heard *heard = converse_by(rig, ask_while_stuck);
    assert_int_equal(heard->streams[1].size, 60000);
    assert_answer(heard, 3, 204, NULL);
    assert_non_null(strstr(heard->streams[3].fields, "x-said: one\n"));
    assert_answer(heard, 5, 204, NULL);
    assert_non_null(strstr(heard->streams[5].fields, "x-said: two\n"));
    assert_answer(heard, 7, 200, "hello\n");
    assert_non_null(strstr(heard->streams[7].fields, "server: coronet\n"));
}

static int bytewise(void *arg)
{
    struct rig *rig = arg;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < rig->send_size; i++) {
        rc = co_write(rig->peer, rig->send + i, 1);
        co_sleep(0);
    }
    if (rc == 0)
        rc = co_shutdown_write(rig->peer);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void takes_frames_a_byte_at_a_time_b15(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    put_data(wire, 1, 0, "one ", 4);
    put_data(wire, 1, END_STREAM, "two", 3);
    put_get(wire, 3, "/hello");
    rig->send = (const char *)wire->bytes;
    rig->send_size = wire->size;
    struct heard *heard = converse_by(rig, bytewise);
    assert_answer(heard, 1, 200, "one two");
    assert_answer(heard, 3, 200, "hello\n");
}

static void answers_many_requests_at_once(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    for (uint32_t id = 1; id < 200; id += 2)
        put_get(wire, id, id % 4 == 1 ? "/hello" : "/stream");
    struct heard *heard = converse(rig, wire);
    for (uint32_t id = 1; id < 200; id += 2)
        assert_answer(heard, id, 200, id % 4 == 1 ? "hello\n" : "one two three");
    assert_int_equal(rig->event_count, 100);
}

static void answers_head_without_a_body(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_headers(wire, 1, END_HEADERS | END_STREAM, request_block("HEAD", "/hello"));
    put_headers(wire, 3, END_HEADERS | END_STREAM, request_block("HEAD", "/stream"));
    put_headers(wire, 5, END_HEADERS | END_STREAM, request_block("OPTIONS", "*"));
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "");
    assert_non_null(strstr(heard->streams[1].fields, "content-length: 6\n"));
    assert_answer(heard, 3, 200, "");
    assert_null(strstr(heard->streams[3].fields, "transfer-encoding"));
    assert_answer(heard, 5, 204, "");
}

static int cookie(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_text value = co_http_header(request, "Cookie");
    co_text after = co_http_header(request, "X-After");
    co_http_set(request, "X-Seen", after.size == 3 ? "yes" : "no");
    return co_http_reply(request, 200, "text/plain", value.at, value.size);
}

static void joins_the_crumbs_of_cookies_rfc9113_8_2_3(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *block = request_block("GET", "/own");
    (void)state;
    rig->handler = cookie;
    add(block, "cookie", "a=1");
    add(block, "x-before", "x");
    add(block, "cookie", "b=2");
    add(block, "x-after", "yes");
    add(block, "cookie", "c=3");
    put_headers(wire, 1, END_HEADERS | END_STREAM, block);
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "a=1; b=2; c=3");
    assert_non_null(strstr(heard->streams[1].fields, "x-seen: yes\n"));
}

static void drops_trailers(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *trailers = empty_block();
    (void)state;
    add(trailers, "x-sum", "1");
    put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    put_data(wire, 1, 0, "body", 4);
    put_headers(wire, 1, END_HEADERS | END_STREAM, trailers);
    assert_answer(converse(rig, wire), 1, 200, "body");
}

static int many_fields(co_http_request *request, struct rig *rig)
{
    (void)rig;
    for (int i = 0; i < 300; i++)
        co_http_set(request, "Set-Cookie", "a=b");
    return co_http_text(request, 200, "ok");
}

static void sends_as_many_fields_as_over_http1(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = many_fields;
    put_get(wire, 1, "/own");
    assert_answer(converse(rig, wire), 1, 200, "ok");
}

static int padded(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_http_set(request, "X-Padded", " \tvalue\t ");
    return co_http_reply(request, 200, " text/plain ", "ok", 2);
}

/* With them a field is malformed. */
static void leaves_out_spaces_around_values_rfc9113_8_2_1(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = padded;
    put_get(wire, 1, "/own");
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "ok");
    assert_non_null(strstr(heard->streams[1].fields, "x-padded: value\n"));
    assert_non_null(strstr(heard->streams[1].fields, "content-type: text/plain\n"));
}

/* ---- bodies --------------------------------------------------------------------------------- */

static void a_response_cut_short_is_reset(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    put_get(wire, 1, "/torn");
    put_get(wire, 3, "/hello");
    struct heard *heard = converse(rig, wire);
    assert_int_equal(heard->streams[1].status, 200);
    assert_false(heard->streams[1].ended);
    assert_reset(heard, 1, NGHTTP2_INTERNAL_ERROR);
    assert_answer(heard, 3, 200, "hello\n");
    assert_int_equal(rig->event_count, 2);
}

static int ask_and_wait(void *arg)
{
    struct rig *rig = arg;
    int rc = co_write(rig->peer, rig->send, rig->send_size);
    return rc < 0 ? rc : hear_response(rig, 1);
}

static void an_answer_before_the_body_ends_the_stream_rfc9113_8_1(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *block = request_block("POST", "/nowhere");
    (void)state;
    add(block, "content-length", "100000");
    put_headers(wire, 1, END_HEADERS, block);
    put_data(wire, 1, 0, "begun", 5);
    rig->send = (const char *)wire->bytes;
    rig->send_size = wire->size;
    struct heard *heard = converse_by(rig, ask_and_wait);
    assert_answer(heard, 1, 404, NULL);
}

static int read_reset(void *arg)
{
    struct rig *rig = arg;
    int rc = ask_and_wait(rig);
    while (rc == 0 && hear(rig)->streams[1].reset == H2_NOT_RESET)
        rc = hear_more(rig);
    return rc;
}

static void whoever_goes_on_sending_is_told_to_stop(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *block = request_block("POST", "/nowhere");
    (void)state;
    add(block, "content-length", "100000");
    put_headers(wire, 1, END_HEADERS, block);
    rig->send = (const char *)wire->bytes;
    rig->send_size = wire->size;
    struct heard *heard = converse_by(rig, read_reset);
    assert_answer(heard, 1, 404, NULL);
    assert_reset(heard, 1, NGHTTP2_NO_ERROR);
}

static void refuses_a_body_that_is_too_large(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    struct block *block = request_block("POST", "/echo");
    (void)state;
    rig->options.body_bytes_max = 10;
    add(block, "content-length", "11");
    put_headers(wire, 1, END_HEADERS, block);
    put_data(wire, 1, END_STREAM, "hello world", 11);
    put_headers(wire, 3, END_HEADERS, request_block("POST", "/echo"));
    put_data(wire, 3, END_STREAM, "hello world", 11);
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 413, NULL);
    assert_answer(heard, 3, 413, NULL);
}

static int expect_then_send(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    struct block *block = request_block("POST", "/echo");
    add(block, "expect", "100-continue");
    put_headers(wire, 1, END_HEADERS, block);
    int rc = wire_send(rig, wire);
    while (rc == 0 && hear(rig)->streams[1].status != 100)
        rc = hear_more(rig);
    put_data(wire, 1, END_STREAM, "body", 4);
    if (rc == 0)
        rc = wire_send(rig, wire);
    return rc < 0 ? rc : hear_response(rig, 1);
}

static void asks_for_a_body_by_100(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    struct heard *heard = converse_by(rig, expect_then_send);
    assert_answer(heard, 1, 200, "body");
    assert_int_equal(heard->streams[1].interim, 1);
}

#define LARGE 200000

static int send_large(void *arg)
{
    static char body[16384];
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_headers(wire, 1, END_HEADERS, request_block("POST", "/echo"));
    int rc = wire_send(rig, wire);
    size_t sent = 0;
    uint32_t window = 65535, seen = 0;
    while (rc == 0 && sent < LARGE) {
        size_t size = LARGE - sent < sizeof body ? LARGE - sent : sizeof body;
        while (rc == 0 && window < size) { /* the stream's own, which is the smaller */
            rc = hear_more(rig);
            for (seen = 0; seen < hear(rig)->windows; seen++)
                window = 1 << 20;
        }
        put_data(wire, 1, sent + size == LARGE ? END_STREAM : 0, body, size);
        if (rc == 0)
            rc = wire_send(rig, wire);
        sent += size;
        window -= (uint32_t)size;
    }
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1 << 20);
    if (rc == 0)
        rc = wire_send(rig, wire);
    return rc < 0 ? rc : hear_response(rig, 1);
}

static void windows_open_as_the_handler_reads(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    struct heard *heard = converse_by(rig, send_large);
    assert_answer(heard, 1, 200, NULL);
    assert_int_equal(heard->streams[1].size, LARGE);
}

static int dawdle(co_http_request *request, struct rig *rig)
{
    char byte;
    co_sleep(5000);
    rig->note = (long)co_http_read(request, &byte, 1);
    return co_http_text(request, 200, "done");
}

static void a_body_that_nobody_reads_stops_at_its_window(void **state)
{
    static char body[16384];
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = dawdle;
    rig->room = 1 << 20;
    put_headers(wire, 1, END_HEADERS, request_block("POST", "/own"));
    for (int i = 0; i < 5; i++) /* 80 KiB into a window of 64 */
        put_data(wire, 1, 0, body, sizeof body);
    struct heard *heard = converse(rig, wire);
    assert_reset(heard, 1, NGHTTP2_FLOW_CONTROL_ERROR);
}

/* ---- priorities ----------------------------------------------------------------------------- */

static int large(co_http_request *request, struct rig *rig)
{
    static char body[100000];
    (void)rig;
    return co_http_reply(request, 200, NULL, body, sizeof body);
}

static int open_window_late(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_setting(wire, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    for (uint32_t id = 1; id <= 5; id += 2) {
        struct block *block = request_block("GET", "/own");
        add(block, "priority", id == 5 ? "u=0" : id == 3 ? "u=7" : "u=3");
        put_headers(wire, id, END_HEADERS | END_STREAM, block);
    }
    int rc = wire_send(rig, wire);
    co_sleep(1000);
    put_number(wire, NGHTTP2_WINDOW_UPDATE, 0, 0, 1 << 20);
    if (rc == 0)
        rc = wire_send(rig, wire);
    for (uint32_t id = 1; rc == 0 && id <= 5; id += 2)
        rc = hear_response(rig, id);
    return rc;
}

static void what_is_urgent_comes_first_rfc9218(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = large;
    struct heard *heard = converse_by(rig, open_window_late);
    assert_int_equal(heard->order[0], 5);
    assert_int_equal(heard->order[1], 1);
    assert_int_equal(heard->order[2], 3);
}

/* ---- the connection's life ------------------------------------------------------------------ */

static int ask_again_later(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    put_get(wire, 1, "/hello");
    int rc = wire_send(rig, wire);
    if (rc == 0)
        rc = hear_response(rig, 1);
    co_sleep(30000);
    put_get(wire, 3, "/hello");
    if (rc == 0)
        rc = wire_send(rig, wire);
    if (rc == 0)
        rc = hear_response(rig, 3);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void an_idle_connection_ends_by_goaway(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    struct heard *heard = converse_by(rig, ask_again_later);
    assert_answer(heard, 3, 200, "hello\n");
    assert_int_equal(heard->goaway, NGHTTP2_NO_ERROR);
    assert_int_equal(heard->last, 3);
    assert_in_range(rig->took_ms, 89000, 92000);
}

static int ping_on(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    int rc = wire_send(rig, wire);
    for (int i = 0; rc == 0 && i < 20; i++) {
        co_sleep(10000);
        put_frame(wire, NGHTTP2_PING, 0, 0, "12345678", 8);
        rc = wire_send(rig, wire);
        wire->size = 0;
    }
    return rig_read_all(rig);
}

static void pings_do_not_keep_an_idle_connection(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->client = ping_on;
    rig_run(rig);
    assert_int_equal(hear(rig)->goaway, NGHTTP2_NO_ERROR);
    assert_in_range(hear(rig)->ping_acks, 4, 6);
}

static int drain_at_work(void *arg)
{
    struct rig *rig = arg;
    struct wire *wire = wire_new();
    int rc = ask_own(rig, wire);
    co_group_drain(rig->group);
    put_get(wire, 3, "/hello"); /* on its way when the drain begins */
    if (rc == 0)
        rc = wire_send(rig, wire);
    if (rc == 0)
        rc = hear_response(rig, 1);
    return rc < 0 ? rc : rig_read_all(rig);
}

static int slow(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_sleep(3000);
    return co_http_text(request, 200, "slow");
}

static void a_drain_lets_requests_end(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = slow;
    struct heard *heard = converse_by(rig, drain_at_work);
    assert_answer(heard, 1, 200, "slow");
    assert_answer(heard, 3, 200, "hello\n");
    assert_int_equal(heard->goaways, 2);
    assert_int_equal(heard->goaway, NGHTTP2_NO_ERROR);
    assert_int_equal(heard->last, 3);
}

static int listen_in_a_drain(void *arg)
{
    struct rig *rig = arg;
    int rc = ask_own(rig, wire_new());
    co_sleep(1000); /* the server waits for input by now */
    co_group_drain(rig->group);
    while (rc == 0 && hear(rig)->goaways == 0)
        rc = hear_more(rig);
    if (rc == 0 && hear(rig)->streams[1].status != 0)
        rc = -ETIMEDOUT; /* not before the response */
    return rc < 0 ? rc : rig_read_all(rig);
}

static void a_drain_is_told_at_once(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    rig->handler = slow;
    struct heard *heard = converse_by(rig, listen_in_a_drain);
    assert_answer(heard, 1, 200, "slow");
    assert_int_equal(heard->pings, 1);
    assert_int_equal(heard->goaways, 2);
}

static void whoever_sends_no_more_is_answered(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->handler = slow;
    put_get(wire, 1, "/own");
    put_headers(wire, 3, END_HEADERS, request_block("POST", "/echo"));
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "slow");
    assert_answer(heard, 3, 400, NULL);
    assert_int_equal(heard->goaway, NGHTTP2_NO_ERROR);
}

static void ends_after_so_many_requests(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->options.requests_max = 2;
    for (uint32_t id = 1; id <= 5; id += 2)
        put_get(wire, id, "/hello");
    struct heard *heard = converse(rig, wire);
    assert_answer(heard, 1, 200, "hello\n");
    assert_answer(heard, 3, 200, "hello\n");
    assert_int_equal(heard->streams[5].status, 0);
    assert_int_equal(heard->last, 3);
}

static void without_http2_a_preface_is_no_request(void **state)
{
    struct rig *rig = fresh();
    struct wire *wire = wire_new();
    (void)state;
    rig->options.no_http2 = true;
    converse(rig, wire);
    assert_got_start(rig, "HTTP/1.1 505 ");
}

static void what_only_begins_like_a_preface_is_http1(void **state)
{
    struct rig *rig = fresh();
    (void)state;
    only_in_clear("ALPN has chosen HTTP/2");
    rig->split = 2;
    rig_expect(rig, "PRX /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_request),
        cmocka_unit_test(a_head_that_cannot_be_sent_yet_is_kept),
        cmocka_unit_test(takes_frames_a_byte_at_a_time_b15),
        cmocka_unit_test(answers_many_requests_at_once),
        cmocka_unit_test(answers_head_without_a_body),
        cmocka_unit_test(joins_the_crumbs_of_cookies_rfc9113_8_2_3),
        cmocka_unit_test(drops_trailers),
        cmocka_unit_test(sends_as_many_fields_as_over_http1),
        cmocka_unit_test(leaves_out_spaces_around_values_rfc9113_8_2_1),
        cmocka_unit_test(a_response_cut_short_is_reset),
        cmocka_unit_test(an_answer_before_the_body_ends_the_stream_rfc9113_8_1),
        cmocka_unit_test(whoever_goes_on_sending_is_told_to_stop),
        cmocka_unit_test(refuses_a_body_that_is_too_large),
        cmocka_unit_test(asks_for_a_body_by_100),
        cmocka_unit_test(windows_open_as_the_handler_reads),
        cmocka_unit_test(a_body_that_nobody_reads_stops_at_its_window),
        cmocka_unit_test(what_is_urgent_comes_first_rfc9218),
        cmocka_unit_test(an_idle_connection_ends_by_goaway),
        cmocka_unit_test(pings_do_not_keep_an_idle_connection),
        cmocka_unit_test(a_drain_lets_requests_end),
        cmocka_unit_test(a_drain_is_told_at_once),
        cmocka_unit_test(whoever_sends_no_more_is_answered),
        cmocka_unit_test(ends_after_so_many_requests),
        cmocka_unit_test(without_http2_a_preface_is_no_request),
        cmocka_unit_test(what_only_begins_like_a_preface_is_http1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

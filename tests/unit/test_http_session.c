/* SPDX-License-Identifier: MIT */
#include "http/message.h"
#include "http_rig.h"

/* ---- responses ------------------------------------------------------------------------------ */

static void answers_a_get(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, GET_HELLO, 200);
    assert_got_start(rig, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
                          "Content-Length: 6\r\nDate: ");
    assert_got(rig, " GMT\r\nServer: coronet\r\n\r\nhello\n");
    assert_int_equal(rig->events[0].body_bytes, 6);
    assert_int_equal(rig->events[0].error, 0);
    assert_string_equal(rig->events[0].method, "GET");
    assert_string_equal(rig->events[0].target, "/hello");
}

static void head_has_the_fields_of_get_and_no_body_rfc9110_9_3_2(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "Content-Length: 6\r\n");
    assert_int_equal(strcmp(rig->got + rig->got_size - 4, "\r\n\r\n"), 0);
    rig_expect(rig, "HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "Transfer-Encoding: chunked\r\n");
    assert_int_equal(strcmp(rig->got + rig->got_size - 4, "\r\n\r\n"), 0);
}

static void chunks_a_body_of_unknown_length_rfc9112_7_1(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "\r\nTransfer-Encoding: chunked\r\n");
    assert_got(rig, "\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n");
    assert_int_equal(rig->events[0].body_bytes, 13);
}

static void never_chunks_for_http_1_0_rfc9112_6_1(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200);
    assert_not_got(rig, "Transfer-Encoding");
    assert_got(rig, "Connection: close\r\n\r\none two three");
}

static int reply_with_status(co_http_request *request, struct rig *rig)
{
    return co_http_reply(request, (int)rig->note, "text/plain", "body", 4);
}

static void no_body_and_no_length_with_204_and_304_rfc9110_8_6(void **state)
{
    (void)state;
    static const int statuses[] = {204, 304};
    for (size_t i = 0; i < CO_LENGTH(statuses); i++) {
        struct rig *rig = fresh();
        rig->handler = reply_with_status;
        rig->note = statuses[i];
        rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", statuses[i]);
        assert_not_got(rig, "Content-Length");
        assert_not_got(rig, "body");
    }
}

static int set_fields(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_http_set(request, "X-One", "first");
    co_http_set(request, "x-one", "second");
    co_http_set(request, "Set-Cookie", "a=1");
    co_http_set(request, "Set-Cookie", "b=2");
    return co_http_text(request, 200, "ok");
}

static void a_field_set_twice_is_replaced_but_cookies_add_up(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = set_fields;
    rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_not_got(rig, "first");
    assert_got(rig, "x-one: second\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n");
}

static int reply_twice(co_http_request *request, struct rig *rig)
{
    co_http_text(request, 200, "once");
    rig->note = co_http_text(request, 200, "twice");
    return 0;
}

static int reply_typed(co_http_request *request, struct rig *rig)
{
    int rc = co_http_set(request, "Content-Type", "application/json");
    if (rc < 0)
        return rc;
    if (rig->note == 0)
        return co_http_text(request, 200, "{}");
    rc = co_http_begin(request, 200, "text/plain");
    return rc < 0 ? rc : co_http_write(request, "{}", 2);
}

static void a_type_that_was_set_is_the_only_one(void **state)
{
    (void)state;
    for (long begins = 0; begins < 2; begins++) {
        struct rig *rig = fresh();
        rig->handler = reply_typed;
        rig->note = begins;
        rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", 200);
        assert_got(rig, "Content-Type: application/json\r\n");
        assert_not_got(rig, "text/plain");
    }
}

static void a_second_reply_is_refused(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = reply_twice;
    rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_int_equal(rig->note, CO_EREPLIED);
    assert_not_got(rig, "twice");
}

static int answer_nothing(co_http_request *request, struct rig *rig)
{
    (void)request;
    return (int)rig->note;
}

static void a_handlers_failure_is_a_status(void **state)
{
    (void)state;
    static const struct {
        int result, status;
    } cases[] = {{0, 500}, {-EIO, 500}, {CO_EDEADLINE, 503}, {CO_ETOOBIG, 500}};
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        struct rig *rig = fresh();
        rig->handler = answer_nothing;
        rig->note = cases[i].result;
        rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].status);
        assert_int_equal(rig->events[0].error, cases[i].result);
    }
}

static void a_torn_body_ends_the_connection_without_a_last_chunk(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->send = "GET /torn HTTP/1.1\r\nHost: a\r\n\r\n" GET_HELLO;
    assert_int_equal(rig_run(rig), 0);
    assert_got(rig, "half");
    assert_not_got(rig, "0\r\n\r\n");
    assert_not_got(rig, "hello");
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].error, -EIO);
}

static int announce_more(co_http_request *request, struct rig *rig)
{
    (void)rig;
    co_http_begin_sized(request, 200, CO_TEXT("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"), 9);
    if (co_http_write(request, "0123456789", 10) != -EINVAL)
        return -EIO;
    return co_http_write(request, "01234", 5);
}

static void a_body_of_the_wrong_size_ends_the_connection(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = announce_more;
    rig->send = "GET /own HTTP/1.1\r\nHost: a\r\n\r\n" GET_HELLO;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(strcmp(rig->got + rig->got_size - 9, "\r\n\r\n01234"), 0);
    assert_int_equal(rig->event_count, 1);
    assert_int_equal(rig->events[0].error, CO_EEOF);
    assert_int_equal(rig->events[0].body_bytes, 5);
}

static int reply_with_much(co_http_request *request, struct rig *rig)
{
    (void)rig;
    static char body[200000];
    memset(body, 'x', sizeof body);
    return co_http_reply(request, 200, NULL, body, sizeof body);
}

static void a_large_body_in_memory_goes_out_whole(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = reply_with_much;
    rig->room = 1000;
    rig_expect(rig, "GET /own HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "Content-Length: 200000\r\n");
    assert_int_equal(rig->got_size - (size_t)(strstr(rig->got, "\r\n\r\n") + 4 - rig->got), 200000);
    assert_int_equal(rig->events[0].body_bytes, 200000);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void keeps_the_connection_by_version_and_wish_rfc9112_9_3(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        unsigned served; /* of two */
        const char *field;
    } cases[] = {
        {"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", 2, NULL},
        {"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 1, "Connection: close\r\n"},
        {"GET /hello HTTP/1.0\r\n\r\n", 1, "Connection: close\r\n"},
        {"GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 2, "Connection: keep-alive\r\n"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        char twice[256];
        struct rig *rig = fresh();
        snprintf(twice, sizeof twice, "%s%s", cases[i].request, cases[i].request);
        rig->send = twice;
        assert_int_equal(rig_run(rig), 0);
        assert_int_equal(rig->event_count, cases[i].served);
        if (cases[i].field)
            assert_got(rig, cases[i].field);
        else
            assert_not_got(rig, "Connection:");
    }
}

static void ends_after_requests_max(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->options.requests_max = 2;
    rig->send = GET_HELLO GET_HELLO GET_HELLO;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->event_count, 2);
    assert_got(rig, "Connection: close\r\n");
}

static void a_request_may_be_split_at_every_byte(void **state)
{
    (void)state;
    static const char request[] =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nabcde\r\n3;x=y\r\nfgh\r\n0\r\nT: v\r\n\r\n" GET_HELLO;
    for (size_t split = 1; split < sizeof request - 1; split++) {
        struct rig *rig = fresh();
        rig->send = request;
        rig->split = split;
        assert_int_equal(rig_run(rig), 0);
        assert_got(rig, "\r\n\r\nabcdefghHTTP/1.1 200 OK");
        assert_got(rig, "\r\n\r\nhello\n");
        assert_int_equal(rig->event_count, 2);
    }
}

static int client_in_turns(void *arg)
{
    struct rig *rig = arg;
    for (unsigned i = 1; i <= 3; i++) {
        co_sleep(10000); /* parked meanwhile */
        rig_send(rig, GET_HELLO);
        int rc = rig_read_until(rig, "hello\n", i);
        if (rc < 0)
            return rc;
    }
    co_shutdown_write(rig->peer);
    return rig_read_all(rig);
}

static void serves_again_after_parking(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_in_turns;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->event_count, 3);
}

static int client_silent(void *arg)
{
    return rig_read_all(arg);
}

static void closes_an_idle_connection_without_a_word(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->options.idle_timeout_ms = 5000;
    rig->client = client_silent;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->got_size, 0);
    assert_int_equal(rig->event_count, 0);
    assert_in_range(rig->took_ms, 5000, 6100);
}

static int client_closes_early(void *arg)
{
    struct rig *rig = arg;
    rig_send(rig, "GET /hel");
    co_shutdown_write(rig->peer);
    return rig_read_all(rig);
}

static void an_end_within_the_head_is_a_bad_request_rfc9112_8(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_closes_early;
    assert_int_equal(rig_run(rig), 0);
    assert_got_start(rig, "HTTP/1.1 400 ");
    assert_int_equal(rig->event_count, 1);
}

static int client_of_an_empty_line(void *arg)
{
    struct rig *rig = arg;
    int rc = rig_send(rig, GET_HELLO "\r\n");
    if (rc == 0)
        rc = rig_read_until(rig, "hello\n", 1);
    co_sleep(40000); /* longer than a head may take */
    if (rc == 0)
        rc = rig_send(rig, GET_HELLO "\r\n");
    if (rc == 0)
        rc = rig_read_until(rig, "hello\n", 2);
    co_shutdown_write(rig->peer);
    return rc < 0 ? rc : rig_read_all(rig);
}

static void an_empty_line_alone_is_no_request_rfc9112_2_2(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_of_an_empty_line;
    assert_int_equal(rig_run(rig), 0);
    assert_not_got(rig, "HTTP/1.1 4");
    assert_int_equal(rig->event_count, 2);
}

/* ---- routes --------------------------------------------------------------------------------- */

static void methods_that_are_not_taken(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "POST /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405);
    assert_got(rig, "Allow: GET, HEAD, OPTIONS\r\n");
    rig_expect(rig, "OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n", 204);
    assert_got(rig, "Allow: GET, HEAD, OPTIONS\r\n");
    rig_expect(rig, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204);
    rig_expect(rig, "BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    rig_expect(rig, "TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    /* what comes behind it may be the tunnel's, and somebody else's words (RFC 9931) */
    rig_expect(rig, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" GET_HELLO, 501);
    assert_got(rig, "Connection: close\r\n");
    rig_expect(rig, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404);
}

static void paths_are_matched_decoded_and_the_longest_wins(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "GET /tree/a%20b/../%63 HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "\r\n\r\n/tree/c");
    rig_expect(rig, "GET /x/../h%65llo HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "hello\n");
    rig_expect(rig, "GET /treehouse HTTP/1.1\r\nHost: a\r\n\r\n", 404);
    rig_expect(rig, "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n", 404);
    rig_expect(rig, "GET http://b/hello HTTP/1.1\r\nHost: a\r\n\r\n", 200);
}

static void a_folder_without_its_slash_is_redirected(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig_expect(rig, "GET /tree?a=b HTTP/1.1\r\nHost: a\r\n\r\n", 308);
    assert_got(rig, "Location: /tree/?a=b\r\n");
}

static void building_errors_stay_with_the_server(void **state)
{
    (void)state;
    static const char *const bad[] = {"GET", "hello", "GET hello", "", "NONE /x", "TRACE /x"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        co_http_server *server;
        assert_int_equal(co_http_server_new(&server, NULL), 0);
        co_http_route(server, bad[i], rig_hello, NULL);
        co_http_route(server, "GET /fine", rig_hello, NULL);
        assert_int_equal(co_http_serve(server, "localhost:0", NULL), -EINVAL);
        co_http_server_free(server);
    }
    co_http_server *server;
    assert_int_equal(co_http_server_new(&server, NULL), 0);
    co_http_route(server, "GET /a", rig_hello, NULL);
    co_http_route(server, "GET /a", rig_hello, NULL);
    assert_int_equal(co_http_serve(server, "localhost:0", NULL), -EEXIST);
    co_http_server_free(server);
    co_http_server_free(NULL);
}

static void common_fields_are_in_every_response(void **state)
{
    (void)state;
    static const char *const fields[] = {"X-Frame-Options: DENY", "X-Empty:", NULL};
    struct rig *rig = fresh();
    rig->options.headers = fields;
    rig->options.no_server_field = true;
    rig_expect(rig, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404);
    assert_got(rig, "X-Frame-Options: DENY\r\nX-Empty: \r\n");
    assert_not_got(rig, "Server:");
}

static void common_fields_replace_our_own(void **state)
{
    (void)state;
    static const char *const fields[] = {"server: mine", "Link: a", "Link: b", NULL};
    struct rig *rig = fresh();
    rig->options.headers = fields;
    rig_expect(rig, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404);
    assert_got(rig, "server: mine\r\nLink: a\r\nLink: b\r\n");
    assert_not_got(rig, "Server: coronet");
}

static void common_fields_are_none_of_a_single_response(void **state)
{
    (void)state;
    static const char *const lines[] = {"Date: a", "content-type: text/plain", "ETag: \"a\"",
        "Location: /", "Content-Length: 1", "X", ": a", "X : a"};
    for (size_t i = 0; i < CO_LENGTH(lines); i++) {
        const char *const fields[] = {lines[i], NULL};
        const struct co_http_options options = {.headers = fields};
        co_http_server *server;
        assert_int_equal(co_http_server_new(&server, &options), 0);
        assert_int_equal(co_http_serve(server, "localhost:0", NULL), -EINVAL);
        co_http_server_free(server);
    }
}

static int query(co_http_request *request, struct rig *rig)
{
    static const struct {
        const char *name;
        ssize_t result;
    } cases[] = {
        {"a", 3}, {"none", -ENOENT}, {"long", CO_ETOOBIG}, {"nul", CO_EINVALID}, {"bad", -ENOENT}};
    char text[8];
    for (size_t i = 0; i < CO_LENGTH(cases); i++)
        if (co_http_query(request, cases[i].name, text, sizeof text) != cases[i].result)
            return -EIO;
    rig->note = co_http_query(request, "a", text, 0);
    return co_http_query(request, "a", text, 4) == 3 ? co_http_text(request, 200, text) : -EIO;
}

static void gives_the_querys_values_decoded(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->handler = query;
    rig_expect(
        rig, "GET /own?bad=%zz&a=b%20c&long=12345678&nul=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    assert_got(rig, "\r\n\r\nb c");
    assert_int_equal(rig->note, CO_ETOOBIG);
}

/* ---- without the parking of co_serve -------------------------------------------------------- */

static int session_by_hand(void *arg)
{
    struct rig *rig = arg;
    co_stream *served = rig->served;
    int rc;
    while ((rc = co_http_session(served, rig->server)) == CO_PARK)
        rig->note++;
    int closed = co_close(served);
    return rc < 0 ? rc : closed;
}

static int client_by_hand(void *arg)
{
    struct rig *rig = arg;
    co_group group;
    co_stream *other = rig->peer;
    int rc = co_memory_pair(&rig->peer, &rig->served, 65536);
    if (rc < 0)
        return rc;
    co_group_open(&group, NULL);
    co_go(&group, session_by_hand, rig);
    rc = client_in_turns(rig);
    int closed = co_close(rig->peer);
    rig->peer = other;
    int ended = co_group_close(&group);
    return rc < 0 ? rc : closed < 0 ? closed : ended;
}

static void a_session_may_be_called_in_a_loop(void **state)
{
    (void)state;
    struct rig *rig = fresh();
    rig->client = client_by_hand;
    assert_int_equal(rig_run(rig), 0);
    assert_int_equal(rig->event_count, 3);
    assert_int_equal(rig->note, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_a_get),
        cmocka_unit_test(head_has_the_fields_of_get_and_no_body_rfc9110_9_3_2),
        cmocka_unit_test(chunks_a_body_of_unknown_length_rfc9112_7_1),
        cmocka_unit_test(never_chunks_for_http_1_0_rfc9112_6_1),
        cmocka_unit_test(no_body_and_no_length_with_204_and_304_rfc9110_8_6),
        cmocka_unit_test(a_field_set_twice_is_replaced_but_cookies_add_up),
        cmocka_unit_test(a_type_that_was_set_is_the_only_one),
        cmocka_unit_test(a_second_reply_is_refused),
        cmocka_unit_test(a_handlers_failure_is_a_status),
        cmocka_unit_test(a_torn_body_ends_the_connection_without_a_last_chunk),
        cmocka_unit_test(a_body_of_the_wrong_size_ends_the_connection),
        cmocka_unit_test(a_large_body_in_memory_goes_out_whole),
        cmocka_unit_test(keeps_the_connection_by_version_and_wish_rfc9112_9_3),
        cmocka_unit_test(ends_after_requests_max),
        cmocka_unit_test(a_request_may_be_split_at_every_byte),
        cmocka_unit_test(serves_again_after_parking),
        cmocka_unit_test(closes_an_idle_connection_without_a_word),
        cmocka_unit_test(an_end_within_the_head_is_a_bad_request_rfc9112_8),
        cmocka_unit_test(an_empty_line_alone_is_no_request_rfc9112_2_2),
        cmocka_unit_test(methods_that_are_not_taken),
        cmocka_unit_test(paths_are_matched_decoded_and_the_longest_wins),
        cmocka_unit_test(a_folder_without_its_slash_is_redirected),
        cmocka_unit_test(gives_the_querys_values_decoded),
        cmocka_unit_test(a_session_may_be_called_in_a_loop),
        cmocka_unit_test(building_errors_stay_with_the_server),
        cmocka_unit_test(common_fields_are_in_every_response),
        cmocka_unit_test(common_fields_replace_our_own),
        cmocka_unit_test(common_fields_are_none_of_a_single_response),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Places on a connection of HTTP/2, how it ends, and what the client then asks again. */
#include "h2_client_rig.h"

/* ---- places -------------------------------------------------------------------------------- */

/* Two at once, no more: more would be refused. */
static int serve_two_at_once(struct forge *forge)
{
    int rc = forge_fill(forge, sizeof H2_PREFACE - 1), ids[2];
    put_setting(&forge->wire, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2);
    forge_send(forge);
    rc = rc < 0 ? rc : forge_request(forge);
    rc = rc < 0 ? rc : forge_answer(forge, rc, "ok");
    while (rc >= 0) {
        for (unsigned i = 0; rc >= 0 && i < 2; i++)
            rc = ids[i] = forge_request(forge);
        co_scope scope;
        co_scope_open(&scope, 1000);
        int third = forge_request(forge);
        co_scope_close(&scope);
        if (third >= 0)
            return -EPROTO;
        for (unsigned i = 0; rc >= 0 && i < 2; i++)
            rc = forge_answer(forge, ids[i], "ok");
    }
    return 0;
}

static int get_one_then_six_at_once(struct site *site)
{
    site_get(site, "/", 6);
    return site_get_many(site, 6);
}

static void no_more_requests_at_once_than_the_server_allows(void **state)
{
    (void)state;
    struct site *site = meet_forge(serve_two_at_once, get_one_then_six_at_once);
    for (unsigned i = 0; i < 6; i++)
        assert_got_body(site, i, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->error, 0);
    assert_int_equal(site->forges[0]->resets, 0);
}

static int serve_one_at_once(struct forge *forge)
{
    int rc = forge_fill(forge, sizeof H2_PREFACE - 1);
    put_setting(&forge->wire, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
    forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0) {
        put_headers(&forge->wire, (uint32_t)rc, END_HEADERS, answer_block("200"));
        rc = forge_send(forge);
    }
    return 0;
}

static int hold_the_only_place(struct site *site)
{
    co_http_response *first, *second = NULL;
    int rc = site_open(site, &(struct co_http_fetch){0}, "/", &first);
    if (rc < 0)
        return rc;
    int64_t start = co_now_ns();
    rc = site_open(site, &(struct co_http_fetch){0}, "/", &second);
    site->note = (co_now_ns() - start) / CO_MS;
    co_http_response_close(second);
    co_http_response_close(first);
    return rc;
}

static void who_finds_no_place_in_time_gets_a_connection_of_its_own(void **state)
{
    (void)state;
    struct site *site = site_new(serve_one_at_once, hold_the_only_place);
    site->options.connect_ms = 2000;
    site_run(site);
    assert_int_equal(site->connections, 2);
    assert_in_range(site->note, 2000, 2100);
}

static int get_once_more(void *arg)
{
    return site_get(arg, "/", 0);
}

/* One holds the only place for a while, and another waits for it. */
static int give_the_place_up(struct site *site)
{
    co_http_response *first;
    co_group group;
    int rc = site_open(site, &(struct co_http_fetch){0}, "/", &first);
    if (rc < 0)
        return rc;
    co_group_open(&group, NULL);
    co_go(&group, get_once_more, site);
    co_sleep(500);
    co_http_response_close(first);
    return co_group_close(&group);
}

static int serve_one_and_answer(struct forge *forge)
{
    int rc = forge_fill(forge, sizeof H2_PREFACE - 1);
    put_setting(&forge->wire, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1);
    rc = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)rc, END_HEADERS, answer_block("200"));
    rc = rc < 0 ? rc : forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static void who_waits_for_a_place_gets_the_one_that_is_given_up(void **state)
{
    (void)state;
    struct site *site = meet_forge(serve_one_and_answer, give_the_place_up);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->connections, 1);
    assert_in_range(site->results[0].took_ms, 400, 600);
}

/* ---- what is asked again ------------------------------------------------------------------- */

/* The first connection ends before the requests behind the first: they have not been looked at. */
static int go_away(struct forge *forge)
{
    if (forge->nth > 1)
        return forge_serve_all(forge);
    int rc = forge_greet(forge);
    for (unsigned i = 0; rc >= 0 && i < 3; i++)
        rc = forge_request(forge);
    put_goaway(forge, 1, NGHTTP2_NO_ERROR);
    forge_send(forge);
    co_sleep(100);
    forge_answer(forge, 1, "ok");
    return forge_read_all(forge);
}

static void requests_behind_a_goaway_go_to_a_new_connection(void **state)
{
    (void)state;
    struct site *site = meet_forge(go_away, get_three_at_once);
    for (unsigned i = 0; i < 3; i++)
        assert_got_body(site, i, "ok");
    assert_int_equal(site->connections, 2);
    assert_int_equal(site->forges[0]->requests, 3);
    assert_int_equal(site->forges[1]->requests, 2);
}

static int answer_and_go_away(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_answer(forge, id, "ok");
    put_goaway(forge, (uint32_t)id, NGHTTP2_NO_ERROR);
    forge_send(forge);
    return forge_read_all(forge);
}

static void a_connection_that_drains_gets_no_more_requests(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_and_go_away, get_two);
    assert_got_body(site, 0, "ok");
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 2);
}

static int post_one(struct site *site)
{
    return site_fetch(site, &(struct co_http_fetch){.body = "x", .body_bytes = 1}, "/", 0);
}

static int refuse_twice(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc;
    for (unsigned i = 0; id >= 0 && i < 2; i++) {
        id = forge_request(forge);
        put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, NGHTTP2_REFUSED_STREAM);
        forge_send(forge);
    }
    id = id < 0 ? id : forge_request(forge);
    return id < 0 ? id : forge_answer(forge, id, "ok");
}

static void what_was_refused_is_asked_again_whatever_it_is(void **state)
{
    (void)state;
    struct site *site = meet_forge(refuse_twice, post_one);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->requests, 3);
}

static int refuse_all(struct forge *forge)
{
    int rc = forge_greet(forge), id;
    while (rc >= 0 && (id = rc = forge_request(forge)) >= 0) {
        put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, NGHTTP2_REFUSED_STREAM);
        rc = forge_send(forge);
    }
    return 0;
}

static int get_and_explain(struct site *site)
{
    site_get(site, "/", 0);
    snprintf(
        site->results[1].body, sizeof site->results[1].body, "%s", co_explain(site->results[0].rc));
    return 0;
}

static void but_not_for_ever(void **state)
{
    (void)state;
    struct site *site = meet_forge(refuse_all, get_and_explain);
    assert_int_equal(site->results[0].rc, -ECONNREFUSED);
    assert_non_null(strstr(site->results[1].body, "REFUSED_STREAM"));
    assert_int_equal(site->forges[0]->requests, 4);
}

/* Answers one request, and hangs up when the next has come. */
static int hang_up_on_the_second(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 ? id : forge_answer(forge, id, "ok");
    return rc < 0 ? rc : forge_request(forge);
}

static void a_kept_connection_that_ends_is_replaced(void **state)
{
    (void)state;
    struct site *site = meet_forge(hang_up_on_the_second, get_two);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 2);
}

static int get_and_post(struct site *site)
{
    site_get(site, "/", 1);
    return post_one(site);
}

static void but_not_for_what_may_not_be_done_twice(void **state)
{
    (void)state;
    struct site *site = meet_forge(hang_up_on_the_second, get_and_post);
    assert_int_equal(site->results[0].rc, CO_EEOF);
    assert_int_equal(site->connections, 1);
}

static int hang_up_at_once(struct forge *forge)
{
    int rc = forge_greet(forge);
    return rc < 0 ? rc : forge_request(forge);
}

static void a_new_connection_that_ends_is_not(void **state)
{
    (void)state;
    struct site *site = meet_forge(hang_up_at_once, get_one);
    assert_int_equal(site->results[0].rc, CO_EEOF);
    assert_int_equal(site->connections, 1);
}

static int answer_one_and_end(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    return id < 0 ? id : forge_answer(forge, id, "ok");
}

static int get_two_at_leisure(struct site *site)
{
    site_get(site, "/", 1);
    co_sleep(50);
    return post_one(site);
}

static void the_end_of_an_idle_connection_is_noticed(void **state)
{
    (void)state;
    static const char *const backends[] = {"virtual", "epoll", "io_uring"};
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = site_new(answer_one_and_end, get_two_at_leisure);
        site->backend = backends[i];
        site_run(site);
        assert_got_body(site, 0, "ok");
        assert_got_body(site, 1, "ok");
        assert_int_equal(site->connections, 2);
    }
}

static int misdirect(struct forge *forge)
{
    int rc = forge_greet(forge), id;
    while (rc >= 0 && (id = rc = forge_request(forge)) >= 0) {
        const char *status = forge->nth == (unsigned)forge->site->note ? "200" : "421";
        put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block(status));
        put_data(&forge->wire, (uint32_t)id, END_STREAM, "ok", 2);
        rc = forge_send(forge);
    }
    return 0;
}

static void what_was_misdirected_is_asked_once_more_elsewhere(void **state)
{
    (void)state;
    struct site *site = site_new(misdirect, post_one);
    site->note = 2;
    site_run(site);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->connections, 2);
    site = meet_forge(misdirect, get_one);
    assert_int_equal(site->results[0].status, 421);
    assert_int_equal(site->connections, 2);
}

/* Over HTTP/2 it refuses, by a reset or by a GOAWAY; over HTTP/1.1 it answers. */
static int want_http1(struct forge *forge)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const uint8_t *bytes;
    if (co_peek(forge->stream, 4, &bytes) >= 4 && memcmp(bytes, "POST", 4) == 0)
        return co_write(forge->stream, answer, sizeof answer - 1);
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    if (forge->site->note)
        put_goaway(forge, 0, NGHTTP2_HTTP_1_1_REQUIRED);
    else
        put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, NGHTTP2_HTTP_1_1_REQUIRED);
    rc = forge_send(forge);
    return rc < 0 ? rc : forge_read_all(forge);
}

static void who_wants_http1_is_asked_by_it_rfc9113_7(void **state)
{
    (void)state;
    for (int by_goaway = 0; by_goaway < 2; by_goaway++) {
        struct site *site = site_new(want_http1, post_one);
        site->note = by_goaway;
        site_run(site);
        assert_int_equal(site->results[0].rc, 0);
        assert_int_equal(site->results[0].version, 11);
        assert_string_equal(site->results[0].body, "ok");
        assert_int_equal(site->connections, 2);
    }
}

/* ---- ends ---------------------------------------------------------------------------------- */

static int break_off(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    put_data(&forge->wire, (uint32_t)id, 0, "half", 4);
    if (forge->site->note)
        put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, (uint32_t)forge->site->note);
    rc = forge_send(forge);
    return forge->site->note ? forge_read_all(forge) : rc;
}

static void half_a_body_is_told_as_such(void **state)
{
    (void)state;
    struct site *site = meet_forge(break_off, get_one);
    assert_int_equal(site->results[0].read, CO_EEOF);
    assert_string_equal(site->results[0].body, "half");
    site = site_new(break_off, get_one);
    site->note = NGHTTP2_INTERNAL_ERROR;
    site_run(site);
    assert_int_equal(site->results[0].read, -ECONNRESET);
    assert_string_equal(site->results[0].body, "half");
}

static int ping_first(struct forge *forge)
{
    static const uint8_t data[8] = {1};
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_frame(&forge->wire, NGHTTP2_PING, 0, 0, data, sizeof data);
    forge_send(forge);
    rc = id < 0 ? id : forge_await(forge, NGHTTP2_PING, 0);
    return rc < 0 ? rc : forge_answer(forge, id, "ok");
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    struct site *site = meet_forge(ping_first, get_one);
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->forges[0]->pings, 1);
}

/* A server of HTTP/1 says that it does not understand. */
static int speak_http1(struct forge *forge)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    forge_fill(forge, sizeof H2_PREFACE - 1);
    return co_write(forge->stream, answer, sizeof answer - 1);
}

static void a_server_that_does_not_know_it_is_an_error(void **state)
{
    (void)state;
    struct site *site = meet_forge(speak_http1, get_one);
    assert_int_equal(site->results[0].rc, CO_EHTTP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_requests_at_once_than_the_server_allows),
        cmocka_unit_test(who_finds_no_place_in_time_gets_a_connection_of_its_own),
        cmocka_unit_test(who_waits_for_a_place_gets_the_one_that_is_given_up),
        cmocka_unit_test(requests_behind_a_goaway_go_to_a_new_connection),
        cmocka_unit_test(a_connection_that_drains_gets_no_more_requests),
        cmocka_unit_test(what_was_refused_is_asked_again_whatever_it_is),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(a_kept_connection_that_ends_is_replaced),
        cmocka_unit_test(but_not_for_what_may_not_be_done_twice),
        cmocka_unit_test(a_new_connection_that_ends_is_not),
        cmocka_unit_test(the_end_of_an_idle_connection_is_noticed),
        cmocka_unit_test(what_was_misdirected_is_asked_once_more_elsewhere),
        cmocka_unit_test(who_wants_http1_is_asked_by_it_rfc9113_7),
        cmocka_unit_test(half_a_body_is_told_as_such),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(a_server_that_does_not_know_it_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

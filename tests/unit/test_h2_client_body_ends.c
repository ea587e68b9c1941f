/* SPDX-License-Identifier: MIT */
/* Bodies of requests over HTTP/2 that come to no good end, or to another place than was thought. */
#include "h2_body_rig.h"

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* Serves until the end of the connection; what it hears the tests look at. */
static int serve_the_rest(struct forge *forge)
{
    int rc = forge_greet(forge);
    while (rc >= 0 && (rc = forge_next(forge)) == 0)
        if (forge->type == NGHTTP2_HEADERS && (forge->flags & END_STREAM))
            forge_answer(forge, (int)forge->id, "ok");
    return 0;
}

/* The body never came to its end, and the connection is as good as before. */
static void assert_called_off(const struct site *site, int error)
{
    const struct forge *forge = site->forges[0];
    assert_int_equal(site->results[0].rc, error);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(forge->resets, 1);
    assert_int_equal(forge->reset_code, NGHTTP2_CANCEL);
    assert_int_equal(telling.rewinds, 0);
}

static void a_source_that_fails_ends_the_request(void **state)
{
    (void)state;
    struct site *site = site_to_tell(serve_the_rest, put_sized_and_get);
    telling.fails_at = 40000;
    telling.failure = -ESTALE;
    site_run(site);
    assert_called_off(site, -ESTALE);
}

static int put_and_explain(struct site *site)
{
    put_sized(site);
    snprintf(
        site->results[2].body, sizeof site->results[2].body, "%s", co_explain(site->results[0].rc));
    return site_get(site, "/", 1);
}

static void and_its_own_words_are_told(void **state)
{
    (void)state;
    struct site *site = site_to_tell(serve_the_rest, put_and_explain);
    telling.fails_at = 40000;
    telling.failure = CO_EEOF; /* which from a server would be asked again */
    site_run(site);
    assert_called_off(site, CO_EEOF);
    assert_non_null(strstr(site->results[2].body, "it cannot be told any more"));
}

static int get_put_and_get(struct site *site)
{
    site_get(site, "/", 2);
    return put_sized_and_get(site);
}

static void a_source_that_fails_is_not_asked_again(void **state)
{
    (void)state;
    struct site *site = site_to_tell(serve_the_rest, get_put_and_get);
    telling.fails_at = 40000;
    telling.failure = -EPIPE;
    site_run(site);
    assert_called_off(site, -EPIPE);
    assert_int_equal(site->forges[0]->requests, 3);
}

static void a_source_that_ends_early_never_looks_whole(void **state)
{
    (void)state;
    struct site *site = site_to_tell(serve_the_rest, put_sized_and_get);
    telling.size = 50000;
    site_run(site);
    assert_called_off(site, CO_EEOF);
    assert_in_range(site->forges[0]->data, 0, 50000);
}

static int cancel_and_get(struct site *site)
{
    co_scope scope;
    co_scope_open(&scope, 1000);
    put_sized(site);
    if (co_scope_close(&scope) != CO_EDEADLINE)
        return -EIO;
    return site_get(site, "/", 1);
}

static void a_cancelled_upload_is_reset_and_the_connection_lives(void **state)
{
    (void)state;
    assert_called_off(tell_forge(serve_the_rest, cancel_and_get), CO_EDEADLINE);
    struct site *site = site_to_tell(serve_the_rest, cancel_and_get);
    telling.pause_ms = 60000; /* and while the source is at work */
    site_run(site);
    assert_called_off(site, CO_EDEADLINE);
}

/* Resets the first stream in the midst of its body, by the site's number. */
static int reset_the_first(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 ? id : forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
    put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, (uint32_t)forge->site->note);
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, 0, SIZE);
    forge_send(forge);
    id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 ? id : take_upload(forge, id, 0);
    return rc < 0 ? rc : forge_answer(forge, id, "ok");
}

static void a_reset_ends_the_upload(void **state)
{
    (void)state;
    struct site *site = site_to_tell(reset_the_first, put_sized_and_get);
    site->note = NGHTTP2_INTERNAL_ERROR;
    site_run(site);
    assert_int_equal(site->results[0].rc, -ECONNRESET);
    assert_true(telling.at < SIZE);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

/* Says so for each frame that was on its way, as h2o does. */
static int refuse_each_frame(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_windows(forge, id, 1 << 20);
    forge_send(forge);
    while (rc >= 0 && forge->data < SIZE / 2) {
        rc = forge_next(forge);
        if (rc == 0 && forge->type == NGHTTP2_DATA)
            put_number(&forge->wire, NGHTTP2_RST_STREAM, 0, (uint32_t)id, NGHTTP2_INTERNAL_ERROR);
    }
    forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static void each_frame_of_a_body_may_be_refused(void **state)
{
    (void)state;
    struct site *site = site_to_tell(refuse_each_frame, put_sized_and_get);
    telling.piece = 1000; /* which makes more frames than there may be resets */
    site_run(site);
    assert_int_equal(site->results[0].rc, -ECONNRESET);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

static void what_was_refused_is_told_again(void **state)
{
    (void)state;
    struct site *site = site_to_tell(reset_the_first, put_sized);
    site->note = NGHTTP2_REFUSED_STREAM;
    site_run(site);
    assert_got_body(site, 0, "ok");
    assert_int_equal(telling.rewinds, 1);
    assert_int_equal(site->connections, 1);
}

static int put_once_and_explain(struct site *site)
{
    put_sized_once(site);
    snprintf(
        site->results[2].body, sizeof site->results[2].body, "%s", co_explain(site->results[0].rc));
    return 0;
}

static void but_not_what_can_be_told_only_once(void **state)
{
    (void)state;
    struct site *site = site_to_tell(reset_the_first, put_once_and_explain);
    site->note = NGHTTP2_REFUSED_STREAM;
    site_run(site);
    assert_int_equal(site->results[0].rc, -ESPIPE);
    assert_non_null(strstr(site->results[2].body, "cannot be read a second time"));
    assert_int_equal(site->forges[0]->requests, 1);
}

/* The first connection takes no more requests when the body has begun. */
static int go_away_from_the_body(struct forge *forge)
{
    if (forge->nth > 1)
        return take_all(forge);
    int rc = forge_greet(forge);
    rc = rc < 0 ? rc : forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
    put_goaway(forge, (uint32_t)forge->site->note, NGHTTP2_NO_ERROR);
    forge_send(forge);
    if (forge->site->note > 0) {
        put_windows(forge, 1, SIZE);
        forge_send(forge);
        while (rc == 0 && !has_ended(forge))
            rc = forge_next(forge);
        forge_answer(forge, 1, "taken");
    }
    return forge_read_all(forge);
}

static void behind_a_goaway_it_is_told_to_another_connection(void **state)
{
    (void)state;
    struct site *site = tell_forge(go_away_from_the_body, put_sized);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->connections, 2);
    assert_int_equal(telling.rewinds, 1);
}

static void before_a_goaway_it_goes_on_to_its_end(void **state)
{
    (void)state;
    struct site *site = site_to_tell(go_away_from_the_body, put_sized);
    site->note = 1;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->connections, 1);
    assert_int_equal(telling.rewinds, 0);
}

static int hang_up_in_the_body(struct forge *forge)
{
    int rc = forge_greet(forge);
    return rc < 0 ? rc : forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
}

static void the_end_of_the_connection_ends_the_upload(void **state)
{
    (void)state;
    struct site *site = site_to_tell(hang_up_in_the_body, put_sized);
    telling.pause_ms = 1000;
    site_run(site);
    assert_true(site->results[0].rc == CO_EEOF || site->results[0].rc == -ECONNRESET);
    assert_int_equal(site->connections, 1);
    assert_true(telling.at < SIZE);
}

static int lead_on(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("307");
    add(block, "location", "/b");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, 0, SIZE);
    forge_send(forge);
    id = forge_request(forge);
    rc = id < 0 ? id : take_upload(forge, id, 0);
    return rc < 0 ? rc : forge_answer(forge, id, "taken");
}

static void redirections_take_the_body_along(void **state)
{
    (void)state;
    struct site *site = tell_forge(lead_on, put_sized);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->connections, 1);
    site = tell_forge(lead_on, put_sized_once); /* it had not begun */
    assert_got_body(site, 0, "taken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_that_fails_ends_the_request),
        cmocka_unit_test(and_its_own_words_are_told),
        cmocka_unit_test(a_source_that_fails_is_not_asked_again),
        cmocka_unit_test(a_source_that_ends_early_never_looks_whole),
        cmocka_unit_test(a_cancelled_upload_is_reset_and_the_connection_lives),
        cmocka_unit_test(a_reset_ends_the_upload),
        cmocka_unit_test(each_frame_of_a_body_may_be_refused),
        cmocka_unit_test(what_was_refused_is_told_again),
        cmocka_unit_test(but_not_what_can_be_told_only_once),
        cmocka_unit_test(behind_a_goaway_it_is_told_to_another_connection),
        cmocka_unit_test(before_a_goaway_it_goes_on_to_its_end),
        cmocka_unit_test(the_end_of_the_connection_ends_the_upload),
        cmocka_unit_test(redirections_take_the_body_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

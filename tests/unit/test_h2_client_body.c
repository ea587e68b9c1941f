/* SPDX-License-Identifier: MIT */
/* Bodies of requests over HTTP/2: from memory, and from a source that tells them piece by piece. */
#include "h2_body_rig.h"

/* ---- bodies from memory --------------------------------------------------------------------- */

static int post_much(struct site *site)
{
    const struct co_http_fetch what = {
        .method = "PUT", .body = site->content, .body_bytes = sizeof site->content};
    return site_fetch(site, &what, "/", 0);
}

static void an_upload_keeps_to_the_windows(void **state)
{
    (void)state;
    struct site *site = meet_forge(take_slowly, post_much);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->forges[0]->data, sizeof site->content);
}

static int post_much_and_get(struct site *site)
{
    post_much(site);
    return site_get(site, "/", 1);
}

static void assert_refused(const struct site *site)
{
    assert_int_equal(site->results[0].rc, 0);
    assert_int_equal(site->results[0].status, 413);
    assert_string_equal(site->results[0].body, "no");
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->resets, 1);
    assert_int_equal(site->forges[0]->reset_code, NGHTTP2_CANCEL);
}

static void an_answer_may_come_before_the_upload_is_over(void **state)
{
    (void)state;
    assert_refused(meet_forge(refuse_the_body, post_much_and_get));
}

static void and_its_end_may_be_called_off_by_the_server(void **state)
{
    (void)state;
    struct site *site = meet_forge(refuse_the_body, post_much);
    assert_int_equal(site->results[0].read, 0);
}

static void a_server_that_takes_no_upload_is_too_slow(void **state)
{
    (void)state;
    struct site *site = meet_forge(take_nothing, post_much);
    assert_int_equal(site->results[0].rc, CO_ETOOSLOW);
    assert_int_equal(site->forges[0]->data, 65535);
}

static void a_limit_is_kept_when_writing(void **state)
{
    (void)state;
    struct site *site = site_new(take_slowly, post_much);
    site->options.limit_rate = 100000;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_in_range(site->took_ms, 9500, 11500);
}

/* Has the body at once, and thinks about it. */
static int take_and_think(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_windows(forge, id, 1 << 20);
    forge_send(forge);
    while (rc >= 0 && !has_ended(forge))
        rc = forge_next(forge);
    co_sleep(40000);
    return rc < 0 ? rc : forge_answer(forge, id, "taken");
}

static void who_has_the_body_may_think_about_it(void **state)
{
    (void)state;
    struct site *site = meet_forge(take_and_think, post_much);
    assert_got_body(site, 0, "taken");
}

/* The window is open for all of it, so nothing is to be said while it comes. */
static void a_body_may_take_long_without_a_word(void **state)
{
    (void)state;
    struct site *site = site_new(take_and_think, post_much);
    site->options.limit_rate = 20000;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_in_range(site->took_ms, 90000, 100000);
}

/* ---- a source ------------------------------------------------------------------------------- */

static void a_source_of_known_size(void **state)
{
    (void)state;
    struct site *site = tell_forge(take_all, put_sized);
    assert_got_body(site, 0, "taken");
    const struct forge *forge = site->forges[0];
    assert_int_equal(forge->data, SIZE);
    assert_true(forge->size > 0); /* the last byte has the end with it */
    assert_non_null(strstr(forge->fields, "\ncontent-length: 300000\n"));
    assert_null(strstr(forge->fields, "\nexpect:"));
    assert_int_equal(forge->resets, 0);
}

static void a_source_of_unknown_size(void **state)
{
    (void)state;
    struct site *site = tell_forge(take_all, put_unsized);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->forges[0]->data, SIZE);
    assert_null(strstr(site->forges[0]->fields, "content-length"));
    assert_null(strstr(site->forges[0]->fields, "transfer-encoding"));
}

static int put_nothing(struct site *site)
{
    telling.size = 0;
    put_told(site, 0, false);
    put_told(site, -1, false);
    return 0;
}

static void a_source_of_nothing(void **state)
{
    (void)state;
    struct site *site = tell_forge(take_all, put_nothing);
    assert_got_body(site, 0, "takentaken");
    assert_int_equal(site->forges[0]->data, 0);
    assert_int_equal(site->forges[0]->requests, 2);
}

static void a_source_keeps_to_the_windows(void **state)
{
    (void)state;
    struct site *site = tell_forge(take_slowly, put_sized);
    assert_got_body(site, 0, "taken");
    site = tell_forge(take_nothing, put_sized);
    assert_int_equal(site->results[0].rc, CO_ETOOSLOW);
    assert_in_range(site->took_ms, 15000, 25000);
    assert_int_equal(site->forges[0]->data, 65535);
    assert_in_range(telling.at, 65535, 2 * 65536); /* no more was read than has room */
}

static void a_limit_is_kept_for_a_source(void **state)
{
    (void)state;
    struct site *site = site_to_tell(take_all, put_sized);
    site->options.limit_rate = 100000;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_in_range(site->took_ms, 2500, 3600);
}

static void an_answer_may_come_before_the_source_has_ended(void **state)
{
    (void)state;
    assert_refused(tell_forge(refuse_the_body, put_sized_and_get));
    assert_true(telling.at < SIZE);
}

/* The source is silent for a minute before each piece. */
static void a_slow_source_does_not_hold_up_the_answer(void **state)
{
    (void)state;
    struct site *site = site_to_tell(refuse_the_body, put_sized_and_get);
    telling.pause_ms = 60000;
    site_run(site);
    assert_refused(site);
    assert_in_range(site->results[0].took_ms, 60000, 61000);
}

static void a_slow_source_is_no_slow_server(void **state)
{
    (void)state;
    struct site *site = site_to_tell(take_all, put_sized);
    telling.pause_ms = 60000;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->connections, 1);
}

/* Answers GETs while a PUT is under way. */
static int serve_both(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    while (rc >= 0 && (rc = forge_next(forge)) == 0) {
        if (forge->type == NGHTTP2_HEADERS)
            forge_answer(forge, (int)forge->id, "ok");
        else if (forge->type == NGHTTP2_DATA && (forge->flags & END_STREAM))
            forge_answer(forge, id, "taken");
        else if (forge->type == NGHTTP2_DATA)
            put_windows(forge, id, (uint32_t)forge->size);
        forge_send(forge);
    }
    return 0;
}

static int put_sized_of(void *arg)
{
    return put_sized(arg);
}

static int put_and_get_meanwhile(struct site *site)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, put_sized_of, site);
    co_sleep(10000);
    site_get(site, "/", 1);
    site_get(site, "/", 2);
    return co_group_close(&group);
}

static void others_go_on_while_a_source_is_silent(void **state)
{
    (void)state;
    struct site *site = site_to_tell(serve_both, put_and_get_meanwhile);
    telling.pause_ms = 60000;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_got_body(site, 1, "ok");
    assert_got_body(site, 2, "ok");
    assert_in_range(site->results[1].took_ms, 0, 100);
    assert_int_equal(site->connections, 1);
}

/* ---- the word to begin ---------------------------------------------------------------------- */

/* Says 100 after as many milliseconds as the site notes, or never; then takes the body. */
static int take_at_a_word(struct forge *forge)
{
    int rc = 0, id = forge_request(forge);
    if (forge->site->note > 0) {
        co_sleep(forge->site->note);
        forge->site->note = (long)telling.at;
        put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("100"));
        rc = forge_send(forge);
    }
    rc = rc < 0 ? rc : take_upload(forge, id, 0);
    return rc < 0 ? rc : forge_answer(forge, id, "taken");
}

static int say_the_word(struct forge *forge)
{
    int rc = forge_greet(forge);
    return rc < 0 ? rc : take_at_a_word(forge);
}

static void what_can_be_told_only_once_waits_for_the_word(void **state)
{
    (void)state;
    struct site *site = site_to_tell(say_the_word, put_sized_once);
    site->note = 500;
    site_run(site);
    assert_got_body(site, 0, "taken");
    assert_non_null(strstr(site->forges[0]->fields, "\nexpect: 100-continue\n"));
    assert_int_equal(site->note, 0); /* nothing was told before */
    assert_in_range(site->took_ms, 500, 600);
}

static void but_not_for_longer_than_a_second(void **state)
{
    (void)state;
    struct site *site = tell_forge(say_the_word, put_sized_once);
    assert_got_body(site, 0, "taken");
    assert_in_range(site->took_ms, 1000, 1100);
}

static int say_no(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("403"));
    put_data(&forge->wire, (uint32_t)id, END_STREAM, "no", 2);
    forge_send(forge);
    return rc < 0 ? rc : forge_read_all(forge);
}

static void an_answer_instead_of_the_word_leaves_it_untold(void **state)
{
    (void)state;
    struct site *site = tell_forge(say_no, put_sized_once);
    assert_int_equal(site->results[0].status, 403);
    assert_string_equal(site->results[0].body, "no");
    assert_int_equal(telling.at, 0);
    assert_int_equal(site->forges[0]->data, 0);
    assert_int_equal(site->forges[0]->reset_code, NGHTTP2_CANCEL);
}

/* Wants to know who asks before it says 100. */
static int ask_who(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("401");
    add(block, "www-authenticate",
        "Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256, qop=\"auth\"");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    forge_send(forge);
    return rc < 0 ? rc : take_at_a_word(forge);
}

static int put_once_as_somebody(struct site *site)
{
    const struct co_http_source source = {SIZE, tell_some, NULL, &telling};
    const struct co_http_fetch what = {
        .method = "PUT", .user = "a:b", .digest_only = true, .source = &source};
    telling.site = site;
    return site_fetch(site, &what, "/", 0);
}

static void who_asks_is_told_before_the_word(void **state)
{
    (void)state;
    struct site *site = tell_forge(ask_who, put_once_as_somebody);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->connections, 1);
}

/* ---- our own server ------------------------------------------------------------------------- */

static int compare(co_http_request *request, void *arg)
{
    const struct site *site = arg;
    char piece[8192];
    size_t at = 0;
    ssize_t n;
    while ((n = co_http_read(request, piece, sizeof piece)) > 0 && at + (size_t)n <= SIZE &&
           memcmp(piece, site->content + at, (size_t)n) == 0)
        at += (size_t)n;
    return n < 0 ? (int)n : co_http_text(request, 200, n == 0 && at == SIZE ? "same" : "other");
}

static int put_nth(void *arg)
{
    const struct errand *errand = arg;
    struct telling own = {.site = errand->site, .size = SIZE};
    const struct co_http_source source = {
        errand->nth % 2 ? -1 : SIZE, tell_some, errand->nth % 3 ? tell_again : NULL, &own};
    const struct co_http_fetch what = {.method = "PUT", .source = &source};
    return site_fetch(errand->site, &what, "/", errand->nth);
}

static int put_twelve_at_once(struct site *site)
{
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < 12; i++) {
        struct errand errand = {site, i};
        co_go_copy(&group, put_nth, &errand);
    }
    return co_group_close(&group);
}

static void sources_share_a_connection(void **state)
{
    static const char *const backends[] = {"virtual", "epoll", "io_uring"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = site_to_tell(NULL, put_twelve_at_once);
        site->backend = backends[i];
        assert_int_equal(co_http_server_new(&site->server, &(struct co_http_options){0}), 0);
        co_http_route(site->server, "PUT /", compare, site);
        site_run(site);
        co_http_server_free(site->server);
        for (unsigned k = 0; k < 12; k++)
            assert_got_body(site, k, "same");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_keeps_to_the_windows),
        cmocka_unit_test(an_answer_may_come_before_the_upload_is_over),
        cmocka_unit_test(and_its_end_may_be_called_off_by_the_server),
        cmocka_unit_test(a_server_that_takes_no_upload_is_too_slow),
        cmocka_unit_test(a_limit_is_kept_when_writing),
        cmocka_unit_test(who_has_the_body_may_think_about_it),
        cmocka_unit_test(a_body_may_take_long_without_a_word),
        cmocka_unit_test(a_source_of_known_size),
        cmocka_unit_test(a_source_of_unknown_size),
        cmocka_unit_test(a_source_of_nothing),
        cmocka_unit_test(a_source_keeps_to_the_windows),
        cmocka_unit_test(a_limit_is_kept_for_a_source),
        cmocka_unit_test(an_answer_may_come_before_the_source_has_ended),
        cmocka_unit_test(a_slow_source_does_not_hold_up_the_answer),
        cmocka_unit_test(a_slow_source_is_no_slow_server),
        cmocka_unit_test(others_go_on_while_a_source_is_silent),
        cmocka_unit_test(what_can_be_told_only_once_waits_for_the_word),
        cmocka_unit_test(but_not_for_longer_than_a_second),
        cmocka_unit_test(an_answer_instead_of_the_word_leaves_it_untold),
        cmocka_unit_test(who_asks_is_told_before_the_word),
        cmocka_unit_test(sources_share_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

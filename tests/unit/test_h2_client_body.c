/* SPDX-License-Identifier: MIT */
/* Bodies of requests over HTTP/2. */
#include "h2_client_rig.h"

static int post_much(struct site *site)
{
    const struct co_http_fetch what = {
        .method = "PUT", .body = site->content, .body_bytes = sizeof site->content};
    return site_fetch(site, &what, "/", 0);
}

/* Opens the windows by little, as it reads. */
static int take_slowly(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    while (rc >= 0 && !(forge->type == NGHTTP2_DATA && (forge->flags & END_STREAM))) {
        rc = forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
        if (rc < 0 || forge->size == 0)
            continue;
        co_sleep(1);
        put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, 0, (uint32_t)forge->size);
        put_number(&forge->wire, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)id, (uint32_t)forge->size);
        rc = forge_send(forge);
    }
    return rc < 0 ? rc : forge_answer(forge, id, "taken");
}

static void an_upload_keeps_to_the_windows(void **state)
{
    (void)state;
    struct site *site = meet_forge(take_slowly, post_much);
    assert_got_body(site, 0, "taken");
    assert_int_equal(site->forges[0]->data, sizeof site->content);
    assert_int_equal(site->forges[0]->error, 0);
}

/* Answers what it does not want while it is still coming. */
static int refuse_the_body(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    rc = id < 0 ? id : forge_await(forge, NGHTTP2_DATA, ANY_STREAM);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("413"));
    put_data(&forge->wire, (uint32_t)id, END_STREAM, "no", 2);
    forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static int post_much_and_get(struct site *site)
{
    post_much(site);
    return site_get(site, "/", 1);
}

static void an_answer_may_come_before_the_upload_is_over(void **state)
{
    (void)state;
    struct site *site = meet_forge(refuse_the_body, post_much_and_get);
    assert_int_equal(site->results[0].rc, 0);
    assert_int_equal(site->results[0].status, 413);
    assert_string_equal(site->results[0].body, "no");
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->reset_code, NGHTTP2_CANCEL);
}

static void and_its_end_may_be_called_off_by_the_server(void **state)
{
    (void)state;
    struct site *site = meet_forge(refuse_the_body, post_much);
    assert_int_equal(site->results[0].read, 0);
}

static int take_nothing(struct forge *forge)
{
    int rc = forge_greet(forge);
    rc = rc < 0 ? rc : forge_request(forge);
    return rc < 0 ? rc : forge_read_all(forge);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_keeps_to_the_windows),
        cmocka_unit_test(an_answer_may_come_before_the_upload_is_over),
        cmocka_unit_test(and_its_end_may_be_called_off_by_the_server),
        cmocka_unit_test(a_server_that_takes_no_upload_is_too_slow),
        cmocka_unit_test(a_limit_is_kept_when_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The client over HTTP/2 as it is meant to be: sharing, windows, time, and our own server. */
#include "h2_client_rig.h"

/* ---- requests and responses ---------------------------------------------------------------- */

static void gets_a_response(void **state)
{
    (void)state;
    struct site *site = meet_forge(forge_serve_all, get_one);
    const struct forge *forge = site->forges[0];
    assert_got_body(site, 0, "ok");
    assert_int_equal(site->results[0].size, -1);
    assert_non_null(strstr(
        forge->fields, is_over_tls() ? ":method: GET\n:scheme: https\n:authority: 127.0.0.1:"
                                     : ":method: GET\n:scheme: http\n:authority: 127.0.0.1:"));
    assert_non_null(strstr(forge->fields, "\n:path: /\n"));
    assert_non_null(strstr(forge->fields, "\nuser-agent: coronet\n"));
    assert_non_null(strstr(forge->fields, "\npriority: i\n"));
    assert_null(strstr(forge->fields, "\nhost:"));
    assert_int_equal(forge->settings, 1);
    assert_int_equal(forge->acks, 1);
    assert_int_equal(forge->resets, 0);
    assert_int_equal(forge->goaways, 0);
}

static void two_requests_share_a_connection(void **state)
{
    (void)state;
    struct site *site = meet_forge(forge_serve_all, get_two);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

/* Answers in the reverse order, when all have come. */
static int answer_backwards(struct forge *forge)
{
    int ids[3] = {0}, rc = forge_greet(forge);
    for (unsigned i = 0; rc >= 0 && i < 3; i++)
        rc = ids[i] = forge_request(forge);
    for (unsigned i = 3; rc >= 0 && i-- > 0;)
        put_answer(forge, ids[i], i == 0 ? "first" : i == 1 ? "second" : "third");
    forge_send(forge);
    return forge_read_all(forge);
}

static void requests_at_once_share_one_and_are_answered_in_any_order(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_backwards, get_three_at_once);
    assert_got_body(site, 0, "first");
    assert_got_body(site, 1, "second");
    assert_got_body(site, 2, "third");
    assert_int_equal(site->connections, 1);
}

/* Interim responses, a field twice, trailers. */
static int answer_at_length(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    if (id < 0)
        return id;
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("100"));
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("103"));
    struct block *block = answer_block("200");
    add(block, "x-field", "one");
    add(block, "content-length", "4");
    add(block, "x-field", "two");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, block);
    put_data(&forge->wire, (uint32_t)id, 0, "bo", 2);
    put_data(&forge->wire, (uint32_t)id, 0, "dy", 2);
    block = empty_block();
    add(block, "x-trailer", "late");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    forge_send(forge);
    return forge_read_all(forge);
}

static void passes_over_interim_responses_and_trailers(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_at_length, get_one);
    assert_got_body(site, 0, "body");
    assert_int_equal(site->results[0].size, 4);
    assert_string_equal(site->results[0].field, "one");
}

static int answer_with_spaces(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    struct block *block = answer_block("200");
    add(block, "x-field", " \tvalue\t ");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, block);
    put_data(&forge->wire, (uint32_t)id, END_STREAM, "body", 4);
    forge_send(forge);
    return forge_read_all(forge);
}

static void spaces_around_values_are_no_part_of_them(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_with_spaces, get_one);
    assert_got_body(site, 0, "body");
    assert_string_equal(site->results[0].field, "value");
}

static int answer_without_body(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, answer_block("200"));
    forge_send(forge);
    id = forge_request(forge);
    struct block *block = answer_block("200");
    add(block, "content-length", "1000");
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS | END_STREAM, block);
    forge_send(forge);
    return forge_read_all(forge);
}

static int get_and_head(struct site *site)
{
    site_get(site, "/", 0);
    return site_fetch(site, &(struct co_http_fetch){.method = "HEAD"}, "/", 1);
}

static void a_head_may_be_all_there_is(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_without_body, get_and_head);
    assert_got_body(site, 0, "");
    assert_int_equal(site->results[0].size, 0);
    assert_got_body(site, 1, "");
    assert_int_equal(site->results[1].size, 0);
    assert_int_equal(site->connections, 1);
}

static int send_own_fields(struct site *site)
{
    static const char *const headers[] = {
        "X-Mine: yes", "TE: gzip", "Priority: u=1", "Keep-Alive: 5", "Upgrade: h2c", NULL};
    return site_fetch(
        site, &(struct co_http_fetch){.headers = headers, .user = "a:b"}, "/p?q=1", 0);
}

static void fields_of_the_connection_are_left_out(void **state)
{
    (void)state;
    struct site *site = meet_forge(forge_serve_all, send_own_fields);
    const char *fields = site->forges[0]->fields;
    assert_got_body(site, 0, "ok");
    assert_non_null(strstr(fields, "\n:path: /p?q=1\n"));
    assert_non_null(strstr(fields, "\nx-mine: yes\n"));
    assert_non_null(strstr(fields, "\nauthorization: Basic YTpi\n"));
    assert_non_null(strstr(fields, "\npriority: u=1\n"));
    assert_null(strstr(fields, "priority: i\n"));
    assert_null(strstr(fields, "\nte:"));
    assert_null(strstr(fields, "\nkeep-alive:"));
    assert_null(strstr(fields, "\nupgrade:"));
}

/* Redirects to /b, which it answers. */
static int redirect(struct forge *forge)
{
    int rc = forge_greet(forge), id;
    while (rc >= 0 && (id = rc = forge_request(forge)) >= 0) {
        bool there = strstr(forge->fields, ":path: /b\n") != NULL;
        struct block *block = answer_block(there ? "200" : "303");
        if (!there)
            add(block, "location", "/b");
        add(block, "x-field", strstr(forge->fields, ":method: GET\n") ? "get" : "post");
        put_headers(&forge->wire, (uint32_t)id, END_HEADERS, block);
        put_data(&forge->wire, (uint32_t)id, END_STREAM, "there", 5);
        rc = forge_send(forge);
    }
    return 0;
}

static int post_to_a(struct site *site)
{
    return site_fetch(site,
        &(struct co_http_fetch){.body = "form", .body_bytes = 4, .type = "text/plain"}, "/a", 0);
}

static void redirections_stay_on_the_connection(void **state)
{
    (void)state;
    struct site *site = meet_forge(redirect, post_to_a);
    assert_got_body(site, 0, "there");
    assert_string_equal(site->results[0].field, "get");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->data, 4);
}

/* ---- what is not read, and what is called off ---------------------------------------------- */

/* The first request gets more than anybody reads, the others an answer. */
static int flood_the_first(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    for (unsigned i = 0; i < 3; i++)
        put_data(&forge->wire, (uint32_t)id, 0, forge->site->content, 16384);
    rc = forge_send(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static int leave_one_unread(struct site *site)
{
    co_http_response *first;
    int rc = site_open(site, &(struct co_http_fetch){0}, "/", &first);
    if (rc < 0)
        return rc;
    co_sleep(10);
    site_get(site, "/", 0);
    site_get(site, "/", 1);
    co_http_response_close(first);
    return site_get(site, "/", 2);
}

static void a_response_that_nobody_reads_is_in_nobodys_way(void **state)
{
    (void)state;
    struct site *site = meet_forge(flood_the_first, leave_one_unread);
    for (unsigned i = 0; i < 3; i++)
        assert_got_body(site, i, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->resets, 1);
    assert_int_equal(site->forges[0]->reset_code, NGHTTP2_CANCEL);
}

/* Never answers the first request of a connection, all others at once. */
static int ignore_the_first(struct forge *forge)
{
    int rc = forge_greet(forge);
    rc = rc < 0 ? rc : forge_request(forge);
    while (rc >= 0 && (rc = forge_request(forge)) >= 0)
        rc = forge_answer(forge, rc, "ok");
    return 0;
}

static int give_one_up(struct site *site)
{
    co_scope scope;
    co_scope_open(&scope, 1000);
    site_get(site, "/", 0);
    if (co_scope_close(&scope) != CO_EDEADLINE)
        return -EIO;
    return site_get(site, "/", 1);
}

static void a_cancelled_request_is_reset_and_the_connection_lives(void **state)
{
    (void)state;
    struct site *site = meet_forge(ignore_the_first, give_one_up);
    assert_int_equal(site->results[0].rc, CO_EDEADLINE);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
    assert_int_equal(site->forges[0]->reset_code, NGHTTP2_CANCEL);
}

static int get_until(void *arg)
{
    co_scope scope;
    co_scope_open(&scope, 500);
    site_get(arg, "/", 0);
    co_scope_close(&scope);
    return 0;
}

static int get_second(void *arg)
{
    return site_get(arg, "/", 1);
}

/* Answers the second when the first has been reset. */
static int answer_after_the_reset(struct forge *forge)
{
    int rc = forge_greet(forge), id = 0;
    for (unsigned i = 0; rc >= 0 && i < 2; i++)
        rc = id = forge_request(forge);
    rc = rc < 0 ? rc : forge_await(forge, NGHTTP2_RST_STREAM, 1);
    co_sleep(1000);
    if (rc == 0)
        rc = forge_answer(forge, id, "ok");
    return forge_read_all(forge);
}

static int get_two_and_cancel_the_reader(struct site *site)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, get_until, site);
    co_go(&group, get_second, site);
    return co_group_close(&group);
}

static void when_the_one_who_reads_is_cancelled_another_goes_on(void **state)
{
    (void)state;
    struct site *site = meet_forge(answer_after_the_reset, get_two_and_cancel_the_reader);
    assert_int_equal(site->results[0].rc, CO_EDEADLINE);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

/* ---- time ---------------------------------------------------------------------------------- */

static void a_head_must_come_in_time(void **state)
{
    (void)state;
    struct site *site = site_new(ignore_the_first, get_two);
    site->options.head_ms = 3000;
    site_run(site);
    assert_int_equal(site->results[0].rc, CO_EDEADLINE);
    assert_in_range(site->results[0].took_ms, 3000, 3100);
    assert_got_body(site, 1, "ok");
    assert_int_equal(site->connections, 1);
}

static int stall(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    put_data(&forge->wire, (uint32_t)id, 0, "some", 4);
    forge_send(forge);
    return forge_read_all(forge);
}

static void a_body_that_stalls_is_too_slow(void **state)
{
    (void)state;
    struct site *site = meet_forge(stall, get_one);
    assert_int_equal(site->results[0].read, CO_ETOOSLOW);
    assert_string_equal(site->results[0].body, "some");
    assert_in_range(site->took_ms, 15000, 25000);
}

/* 40,000 bytes at once. */
static int send_some(struct forge *forge)
{
    int rc = forge_greet(forge), id = rc < 0 ? rc : forge_request(forge);
    put_headers(&forge->wire, (uint32_t)id, END_HEADERS, answer_block("200"));
    for (unsigned i = 0; i < 4; i++)
        put_data(&forge->wire, (uint32_t)id, i == 3 ? END_STREAM : 0, forge->site->content, 10000);
    forge_send(forge);
    return forge_read_all(forge);
}

static void a_limit_is_kept_when_reading(void **state)
{
    (void)state;
    struct site *site = site_new(send_some, get_one);
    site->options.limit_rate = 10000;
    site_run(site);
    assert_int_equal(site->results[0].bytes, 40000);
    assert_in_range(site->took_ms, 3400, 4600);
}

/* ---- our own server ------------------------------------------------------------------------ */

static int say_hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello");
}

static int send_content(co_http_request *request, void *arg)
{
    struct site *site = arg;
    int rc = co_http_begin(request, 200, "text/plain");
    for (unsigned i = 0; rc == 0 && i < 8; i++)
        rc = co_http_write(request, site->content, sizeof site->content);
    return rc;
}

static int echo(co_http_request *request, void *arg)
{
    char piece[8192];
    ssize_t n;
    (void)arg;
    int rc = co_http_begin(request, 200, "text/plain");
    while (rc == 0 && (n = co_http_read(request, piece, sizeof piece)) != 0)
        rc = n < 0 ? (int)n : co_http_write(request, piece, (size_t)n);
    return rc;
}

static struct site *meet_server(int (*script)(struct site *), const char *backend)
{
    struct site *site = site_new(NULL, script);
    site->backend = backend;
    assert_int_equal(co_http_server_new(&site->server, &(struct co_http_options){0}), 0);
    co_http_route(site->server, "GET /large", send_content, site);
    co_http_route(site->server, "/echo", echo, site);
    co_http_route(site->server, "GET /", say_hello, site);
    site_run(site);
    co_http_server_free(site->server);
    return site;
}

static int get_a_hundred_and_more(struct site *site)
{
    return site_get_many(site, RESULTS_MAX);
}

static void more_requests_than_places_are_all_answered(void **state)
{
    static const char *const backends[] = {"virtual", "epoll", "io_uring"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = meet_server(get_a_hundred_and_more, backends[i]);
        for (unsigned k = 0; k < RESULTS_MAX; k++)
            assert_got_body(site, k, "hello");
    }
}

static int get_large(void *arg)
{
    const struct errand *errand = arg;
    return site_get(errand->site, "/large", errand->nth);
}

static int put_echo(void *arg)
{
    const struct errand *errand = arg;
    const struct co_http_fetch what = {
        .method = "PUT", .body = errand->site->content, .body_bytes = 60000};
    return site_fetch(errand->site, &what, "/echo", errand->nth);
}

static int get_and_put_at_once(struct site *site)
{
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < 6; i++) {
        struct errand errand = {site, i};
        co_go_copy(&group, i % 2 ? put_echo : get_large, &errand);
    }
    return co_group_close(&group);
}

static void uploads_and_downloads_go_on_at_once(void **state)
{
    static const char *const backends[] = {"virtual", "epoll", "io_uring"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = meet_server(get_and_put_at_once, backends[i]);
        for (unsigned k = 0; k < 6; k++) {
            assert_int_equal(site->results[k].rc, 0);
            assert_int_equal(site->results[k].read, 0);
            assert_int_equal(site->results[k].bytes, k % 2 ? 60000 : 8 * sizeof site->content);
        }
    }
}

static int get_by_http1(struct site *site)
{
    return site_get(site, "/", 0);
}

static void in_clear_it_is_spoken_only_when_asked_for(void **state)
{
    (void)state;
    only_in_clear("ALPN chooses");
    for (unsigned i = 0; i < 2; i++) {
        struct site *site = site_new(NULL, get_by_http1);
        site->options.version = i ? CO_HTTP_ANY : CO_HTTP_1;
        assert_int_equal(co_http_server_new(&site->server, &(struct co_http_options){0}), 0);
        co_http_route(site->server, "GET /", say_hello, site);
        site_run(site);
        co_http_server_free(site->server);
        assert_int_equal(site->results[0].version, 11);
        assert_string_equal(site->results[0].body, "hello");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_a_response),
        cmocka_unit_test(two_requests_share_a_connection),
        cmocka_unit_test(requests_at_once_share_one_and_are_answered_in_any_order),
        cmocka_unit_test(passes_over_interim_responses_and_trailers),
        cmocka_unit_test(spaces_around_values_are_no_part_of_them),
        cmocka_unit_test(a_head_may_be_all_there_is),
        cmocka_unit_test(fields_of_the_connection_are_left_out),
        cmocka_unit_test(redirections_stay_on_the_connection),
        cmocka_unit_test(a_response_that_nobody_reads_is_in_nobodys_way),
        cmocka_unit_test(a_cancelled_request_is_reset_and_the_connection_lives),
        cmocka_unit_test(when_the_one_who_reads_is_cancelled_another_goes_on),
        cmocka_unit_test(a_head_must_come_in_time),
        cmocka_unit_test(a_body_that_stalls_is_too_slow),
        cmocka_unit_test(a_limit_is_kept_when_reading),
        cmocka_unit_test(more_requests_than_places_are_all_answered),
        cmocka_unit_test(uploads_and_downloads_go_on_at_once),
        cmocka_unit_test(in_clear_it_is_spoken_only_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

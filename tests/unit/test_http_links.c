/* SPDX-License-Identifier: MIT */
/* Which connections a client keeps and shares, and which it must not (attacks C02). */
#include "h2_client_rig.h"

static const char *const backends[] = {"virtual", "epoll", "io_uring"};

static struct site *meet_on(
    const char *backend, int (*serve)(struct forge *), int (*script)(struct site *))
{
    struct site *site = site_new(serve, script);
    site->backend = backend;
    site->options.version = CO_HTTP_ANY;
    site_run(site);
    return site;
}

/* An answer, and one to a question that nobody has asked, a little later. */
static int answer_too_much(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    if (rc == 0)
        rc = forge_say(forge, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    co_sleep(10);
    if (rc == 0)
        rc = forge_say(forge, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    return rc < 0 ? rc : forge_hear_head(forge);
}

static int get_two_at_leisure(struct site *site)
{
    site_get(site, "/", 0);
    co_sleep(50);
    return site_get(site, "/", 1);
}

static void bytes_that_nobody_asked_for_are_no_answer_c02(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = meet_on(backends[i], answer_too_much, get_two_at_leisure);
        assert_string_equal(site->results[0].body, "ok");
        assert_string_equal(site->results[1].body, "ok");
        assert_int_equal(site->connections, 2);
        assert_int_equal(site->forges[0]->requests, 1);
    }
}

static int answer_and_end(struct forge *forge)
{
    int rc = forge_hear_head(forge);
    if (rc == 0)
        rc = forge_say(forge, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    co_sleep(10);
    return rc;
}

static int get_and_post_at_leisure(struct site *site)
{
    site_get(site, "/", 0);
    co_sleep(50);
    return site_fetch(site, &(struct co_http_fetch){.body = "x", .body_bytes = 1}, "/", 1);
}

static void the_end_of_an_idle_connection_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = meet_on(backends[i], answer_and_end, get_and_post_at_leisure);
        assert_int_equal(site->results[1].rc, 0);
        assert_int_equal(site->connections, 2);
    }
}

static int answer_all(struct forge *forge)
{
    int rc = 0;
    while (rc == 0 && (rc = forge_hear_head(forge)) == 0)
        rc = forge_say(forge, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    return 0;
}

static void a_silent_one_is_used_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct site *site = meet_on(backends[i], answer_all, get_two_at_leisure);
        assert_string_equal(site->results[1].body, "ok");
        assert_int_equal(site->connections, 1);
        assert_int_equal(site->forges[0]->requests, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_nobody_asked_for_are_no_answer_c02),
        cmocka_unit_test(the_end_of_an_idle_connection_is_noticed),
        cmocka_unit_test(a_silent_one_is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Which connections a client keeps and shares, and which it must not (attacks C02). */
#include "h2_client_rig.h"
#include "tls_rig.h"

#include "tls/tls.h"

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

/* ---- the last words over TLS ---------------------------------------------------------------- */

#define SHORT   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
#define EMPTY   "HTTP/1.1 204 No Content\r\n"

/* How a server answers, and what its client leaves it with. */
struct ending {
    const char *answer;
    bool server_ends; /* behind its answer, before it looks for the client's end */
    int64_t deaf_ms;  /* before it reads anything more */
    bool unread;      /* the client does not want the body */
    int version;      /* of TLS */
    co_tls *server;
};

static struct ending ending;

static int answer_over_tls(struct forge *forge)
{
    char c;
    int rc = co_tls_accept(forge->stream, ending.server);
    if (rc == 0)
        rc = forge_hear_head(forge);
    if (rc == 0)
        rc = forge_say(forge, ending.answer);
    if (rc == 0 && ending.server_ends)
        rc = co_shutdown_write(forge->stream);
    co_sleep(ending.deaf_ms);
    return rc < 0 ? rc : (int)co_read(forge->stream, &c, 1); /* 0: a close_notify */
}

static int get_over_tls(struct site *site)
{
    char url[128];
    struct result *result = &site->results[0];
    co_http_response *response;
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", site->port);
    result->rc = co_http_fetch(&response, site->client, &(struct co_http_fetch){.url = url});
    if (result->rc < 0)
        return result->rc;
    if (!ending.unread)
        take_body(response, result);
    co_http_response_close(response);
    return 0;
}

/* What the server read last: 0 is the client's farewell. */
static int end_over_tls(const char *backend, struct ending how, int64_t *ret_took_ms)
{
    static struct identity identity;
    co_tls *client;
    if (!identity.key[0])
        identity = identity_new("IP:127.0.0.1", 86400);
    ending = how;
    assert_int_equal(sides_new(&identity, NULL, NULL, &ending.server, &client), 0);
    if (how.version)
        SSL_CTX_set_max_proto_version(client->set->contexts[0], how.version);
    struct site *site = site_new(answer_over_tls, get_over_tls);
    site->backend = backend;
    site->options = (struct co_http_client_options){.tls = client, .version = CO_HTTP_1};
    site_run(site);
    assert_int_equal(site->connections, 1);
    *ret_took_ms = site->took_ms;
    co_tls_free(ending.server);
    co_tls_free(client);
    return site->forges[0]->error;
}

static void what_ended_in_good_order_is_closed_by_a_farewell(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    static const struct ending good[] = {
        {.answer = SHORT "Connection: close\r\n\r\nok"},
        {.answer = SHORT "Connection: close\r\n\r\nok", .server_ends = true},
        {.answer = "HTTP/1.0 200 OK\r\n\r\nwithout a length", .server_ends = true},
        {.answer = CHUNKED "Connection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
        {.answer = EMPTY "Connection: close\r\n\r\n"},
        {.answer = EMPTY "Connection: close\r\n\r\n", .unread = true},
        {.answer = SHORT "\r\nok"}, /* kept until the client's end */
    };
    (void)state;
    only_in_clear("it is over TLS by itself");
    for (size_t i = 0; i < CO_LENGTH(good) * CO_LENGTH(versions) * CO_LENGTH(backends); i++) {
        int64_t took_ms;
        struct ending how = good[i / CO_LENGTH(backends) / CO_LENGTH(versions)];
        how.version = versions[i / CO_LENGTH(backends) % CO_LENGTH(versions)];
        assert_int_equal(end_over_tls(backends[i % CO_LENGTH(backends)], how, &took_ms), 0);
    }
}

static void what_broke_off_is_not(void **state)
{
    static const struct ending bad[] = {
        {.answer = SHORT "Connection: close\r\n\r\nok", .unread = true},
        {.answer = SHORT "Connection: close\r\n\r\nok and more"},
        {.answer = "HTTP/1.0 200 OK\r\n\r\nwithout a length", .unread = true},
        {.answer = CHUNKED "\r\nno chunk\r\n"},
    };
    (void)state;
    only_in_clear("it is over TLS by itself");
    for (size_t i = 0; i < CO_LENGTH(bad) * CO_LENGTH(backends); i++) {
        int64_t took_ms;
        struct ending how = bad[i / CO_LENGTH(backends)];
        assert_true(end_over_tls(backends[i % CO_LENGTH(backends)], how, &took_ms) < 0);
    }
}

static void nobody_waits_for_the_peers_farewell(void **state)
{
    int64_t took_ms;
    const struct ending deaf = {.answer = SHORT "Connection: close\r\n\r\nok", .deaf_ms = 90};
    (void)state;
    only_in_clear("it is over TLS by itself");
    assert_int_equal(end_over_tls("virtual", deaf, &took_ms), 0);
    assert_true(took_ms < 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_nobody_asked_for_are_no_answer_c02),
        cmocka_unit_test(the_end_of_an_idle_connection_is_noticed),
        cmocka_unit_test(a_silent_one_is_used_again),
        cmocka_unit_test(what_ended_in_good_order_is_closed_by_a_farewell),
        cmocka_unit_test(what_broke_off_is_not),
        cmocka_unit_test(nobody_waits_for_the_peers_farewell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Which HTTP a client and a server agree on (ALPN), and how many connections that takes. */
#include "h2_client_rig.h"
#include "tls_rig.h"

static const char *const backends[] = {"virtual", "epoll", "io_uring"};
static const char *const both[] = {"h2", "http/1.1", NULL}, *const first[] = {"http/1.1", NULL},
                         *const other[] = {"spdy/3", "h2", NULL};

struct secure {
    struct site *site;
    co_tls *server, *client;
    const char *const *alpn; /* the server's; NULL: it knows no ALPN */
    unsigned handshakes, failed;
    bool is_idle; /* requests come one after the other */
};

static int say_hello(co_http_request *request, void *arg)
{
    (void)arg;
    co_sleep(20);
    return co_http_text(request, 200, "hello");
}

static int session(co_stream *stream, void *arg)
{
    struct secure *secure = arg;
    int rc = 0;
    if (!co_tls_is_on(stream)) {
        secure->handshakes++;
        rc = secure->alpn ? co_tls_accept_as(stream, secure->server, secure->alpn)
                          : co_tls_accept(stream, secure->server);
        secure->failed += rc < 0;
    }
    return rc < 0 ? 0 : co_http_session(stream, secure->site->server);
}

static int serve(void *arg)
{
    struct secure *secure = arg;
    return co_serve_listener(secure->site->listener, session, secure, NULL);
}

static int fetch(void *arg)
{
    const struct errand *errand = arg;
    struct result *result = &errand->site->results[errand->nth];
    char url[128];
    co_http_response *response;
    snprintf(url, sizeof url, "https://localhost:%u/", errand->site->port);
    result->rc =
        co_http_fetch(&response, errand->site->client, &(struct co_http_fetch){.url = url});
    if (result->rc < 0)
        return 0;
    take_head(response, result);
    take_body(response, result);
    co_http_response_close(response);
    return 0;
}

static int fetch_four(struct secure *secure)
{
    co_group group;
    co_group_open(&group, &(struct co_group_options){.children_max = secure->is_idle ? 1 : 0});
    for (unsigned i = 0; i < 4; i++) {
        struct errand errand = {secure->site, i};
        co_go_copy(&group, fetch, &errand);
    }
    return co_group_close(&group);
}

static int talk(void *arg)
{
    struct secure *secure = arg;
    struct site *site = secure->site;
    co_group group;
    int rc = co_listen(&site->listener, "127.0.0.1:0", NULL);
    if (rc == 0)
        rc = co_http_client_new(&site->client, &site->options);
    if (rc < 0)
        return rc;
    site->port = co_address_port(co_listener_address(site->listener));
    co_group_open(&group, NULL);
    co_go(&group, serve, secure);
    rc = fetch_four(secure);
    co_http_client_free(site->client);
    co_group_cancel(&group);
    int ended = co_group_close(&group);
    co_listener_close(site->listener);
    return rc < 0 ? rc : ended == CO_ECANCELED ? 0 : ended;
}

/* Four requests, at once or one after the other. */
static struct secure meet_four(
    const char *backend, struct secure secure, enum co_http_version version)
{
    static struct identity identity;
    if (!identity.key[0])
        identity = identity_new("DNS:localhost", 86400);
    secure.site = site_new(NULL, NULL);
    assert_int_equal(sides_new(&identity, NULL, first, &secure.server, &secure.client), 0);
    assert_int_equal(co_http_server_new(&secure.site->server, &(struct co_http_options){0}), 0);
    co_http_route(secure.site->server, "GET /", say_hello, NULL);
    secure.site->options = (struct co_http_client_options){
        .tls = secure.client, .version = version, .family = AF_INET};
    assert_int_equal(co_run(talk, &secure, &(struct co_run_options){.backend = backend}), 0);
    co_http_server_free(secure.site->server);
    co_tls_free(secure.server);
    co_tls_free(secure.client);
    return secure;
}

static void assert_all(const struct secure *secure, int version)
{
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(secure->site->results[i].rc, 0);
        assert_string_equal(secure->site->results[i].body, "hello");
        assert_int_equal(secure->site->results[i].version, version);
    }
    assert_int_equal(secure->failed, 0);
}

static void requests_at_once_share_one_handshake(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct secure secure = meet_four(backends[i], (struct secure){.alpn = both}, CO_HTTP_ANY);
        assert_all(&secure, 20);
        assert_int_equal(secure.handshakes, 1);
    }
}

static void requests_one_by_one_share_it_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(backends); i++) {
        struct secure secure =
            meet_four(backends[i], (struct secure){.alpn = both, .is_idle = true}, CO_HTTP_ANY);
        assert_all(&secure, 20);
        assert_int_equal(secure.handshakes, 1);
    }
}

static void asked_for_or_not_http2_over_tls_is_agreed_on(void **state)
{
    (void)state;
    struct secure secure = meet_four("virtual", (struct secure){.alpn = both}, CO_HTTP_2);
    assert_all(&secure, 20);
    secure = meet_four("virtual", (struct secure){.alpn = other}, CO_HTTP_ANY);
    assert_all(&secure, 20);
}

static void http1_is_what_is_left(void **state)
{
    (void)state;
    struct secure secure = meet_four("virtual", (struct secure){.alpn = first}, CO_HTTP_ANY);
    assert_all(&secure, 11);
    assert_int_equal(secure.handshakes, 4);
    secure = meet_four("virtual", (struct secure){.alpn = NULL}, CO_HTTP_2);
    assert_all(&secure, 11);
    secure = meet_four("virtual", (struct secure){.alpn = first, .is_idle = true}, CO_HTTP_ANY);
    assert_all(&secure, 11);
    assert_int_equal(secure.handshakes, 1);
}

static void http1_alone_is_offered_when_that_is_asked_for(void **state)
{
    (void)state;
    struct secure secure = meet_four("virtual", (struct secure){.alpn = both}, CO_HTTP_1);
    assert_all(&secure, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_at_once_share_one_handshake),
        cmocka_unit_test(requests_one_by_one_share_it_too),
        cmocka_unit_test(asked_for_or_not_http2_over_tls_is_agreed_on),
        cmocka_unit_test(http1_is_what_is_left),
        cmocka_unit_test(http1_alone_is_offered_when_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

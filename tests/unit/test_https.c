/* SPDX-License-Identifier: MIT */
/* HTTP over TLS: who gets as far as a request, what is parked, when it ends. */
#include "tls_rig.h"

#include "net/stream.h"

#define DAY       86400
#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
#define DROP_ANN  "DELETE /a HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n\r\n"

/* A server on loopback, and what it has been told. */
struct site {
    struct co_http_options options;
    co_http_server *server;
    co_tls *tls, *client;
    co_listener *listener;
    co_group serving; /* to drain */
    int served;       /* what co_https_serve_listener returned */
    unsigned events, secure, asked;
    char got[4096];
    size_t got_size;
};

static void hear(void *arg, const struct co_http_event *event)
{
    struct site *site = arg;
    site->events++;
    site->secure += strcmp(event->scheme, "https") == 0;
}

static int hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello\n");
}

static int serve(void *arg)
{
    struct site *site = arg;
    co_group_open(&site->serving, NULL);
    site->served = co_https_serve_listener(site->server, site->tls, site->listener);
    return co_group_close(&site->serving);
}

static int site_open(struct site *site, const char *const *client_alpn)
{
    struct identity identity = identity_new("DNS:localhost", DAY);
    site->options.event = hear;
    site->options.arg = site;
    REQUIRE(co_http_server_new(&site->server, &site->options) == 0);
    co_http_route(site->server, "GET /hello", hello, NULL);
    REQUIRE(sides_new(&identity, NULL, client_alpn, &site->tls, &site->client) == 0);
    REQUIRE(co_listen(&site->listener, "127.0.0.1:0", NULL) == 0);
    return 0;
}

/* Serves while a client does its part. */
static int site_run(struct site *site, int (*script)(struct site *site))
{
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 10000});
    co_go(&group, serve, site);
    co_sleep(0);
    int rc = script(site);
    co_group_drain(&site->serving);
    int ended = co_group_close(&group);
    CHECK_INT(site->served, 0);
    co_listener_close(site->listener);
    co_http_server_free(site->server);
    co_tls_free(site->tls);
    co_tls_free(site->client);
    return rc < 0 ? rc : ended;
}

static int site_test(int (*script)(struct site *site), struct site *site)
{
    int rc = site_open(site, NULL);
    return rc < 0 ? rc : site_run(site, script);
}

/* ---- the client's side ---------------------------------------------------------------------- */

static int connect_to(struct site *site, co_stream **ret)
{
    return co_connect(ret, co_listener_address(site->listener));
}

static int connect_safely(struct site *site, co_stream **ret)
{
    int rc = connect_to(site, ret);
    if (rc < 0)
        return rc;
    rc = co_tls_connect(*ret, site->client, "localhost");
    if (rc < 0)
        co_abort(*ret);
    return rc;
}

/* Reads to the end. */
static int read_all(struct site *site, co_stream *stream)
{
    ssize_t n;
    do {
        n = co_read(stream, site->got + site->got_size, sizeof site->got - 1 - site->got_size);
        site->got_size += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    site->got[site->got_size] = '\0';
    return (int)n;
}

/* Reads until the response to GET_HELLO has come as often as that. */
static int read_hellos(struct site *site, co_stream *stream, unsigned times)
{
    unsigned seen = 0;
    while (seen < times) {
        size_t room = sizeof site->got - 1 - site->got_size;
        ssize_t n = co_read(stream, site->got + site->got_size, room);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        site->got_size += (size_t)n;
        site->got[site->got_size] = '\0';
        seen = 0;
        for (const char *at = site->got; (at = strstr(at, "\r\n\r\nhello\n")); at++)
            seen++;
    }
    return 0;
}

/* ---- requests ------------------------------------------------------------------------------- */

static int ask_twice_at_once_and_again(struct site *site)
{
    co_stream *stream;
    REQUIRE(connect_safely(site, &stream) == 0);
    CHECK_INT(co_write(stream, GET_HELLO GET_HELLO, 2 * strlen(GET_HELLO)), 0);
    CHECK_INT(read_hellos(site, stream, 2), 0);
    CHECK_INT(co_write(stream, GET_HELLO, strlen(GET_HELLO)), 0);
    CHECK_INT(read_hellos(site, stream, 3), 0);
    return co_close(stream);
}

KERNEL_TEST(a_connection_is_kept_and_its_events_say_https)
{
    static struct site site;
    site = (struct site){0};
    int rc = site_test(ask_twice_at_once_and_again, &site);
    CHECK_INT(site.events, 3);
    CHECK_INT(site.secure, 3);
    return rc;
}

#define REQUEST_BYTES 4096 /* what one read takes */

/* All of these requests are one record: each read leaves the next ones with OpenSSL, and nothing of
 * them in the stream. */
static int ask_more_than_a_buffer(struct site *site)
{
    static char requests[3 * REQUEST_BYTES + 1];
    static const char head[] = "GET /hello HTTP/1.1\r\nHost: a\r\nX: ", end[] = "\r\n\r\n";
    int fill = REQUEST_BYTES - (int)(sizeof head + sizeof end - 2);
    co_stream *stream;
    REQUIRE(connect_safely(site, &stream) == 0);
    for (int i = 0; i < 3; i++)
        snprintf(requests + i * REQUEST_BYTES, REQUEST_BYTES + 1, "%s%0*d%s", head, fill, 0, end);
    CHECK_INT(co_write(stream, requests, sizeof requests - 1), 0);
    CHECK_INT(read_hellos(site, stream, 3), 0);
    return co_close(stream);
}

KERNEL_TEST(what_is_decrypted_already_is_never_parked_over)
{
    static struct site site;
    site = (struct site){0};
    return site_test(ask_more_than_a_buffer, &site);
}

/* ---- parking -------------------------------------------------------------------------------- */

static int idle_after(struct site *site, const char *request)
{
    co_stream *stream;
    REQUIRE(connect_safely(site, &stream) == 0);
    CHECK_INT(co_write(stream, request, strlen(request)), 0);
    if (*request)
        CHECK_INT(read_hellos(site, stream, 1), 0);
    co_sleep(20);
    int64_t start = co_now_ns();
    co_group_drain(&site->serving);
    CHECK_INT(read_all(site, stream), 0); /* a farewell, at once: it was parked */
    CHECK(co_now_ns() - start < 900 * CO_MS);
    return co_close(stream);
}

static int idle_from_the_start(struct site *site)
{
    co_stream *stream;
    REQUIRE(connect_to(site, &stream) == 0);
    co_sleep(20);
    int64_t start = co_now_ns();
    co_group_drain(&site->serving);
    CHECK_INT(read_all(site, stream), 0);
    CHECK(co_now_ns() - start < 900 * CO_MS);
    return co_close(stream);
}

static int idle_after_a_request(struct site *site)
{
    return idle_after(site, GET_HELLO);
}

static int idle_after_the_handshake(struct site *site)
{
    return idle_after(site, "");
}

KERNEL_TEST(idle_connections_are_parked_and_drained_at_once)
{
    static struct site site;
    site = (struct site){0};
    CHECK_INT(site_test(idle_from_the_start, &site), 0);
    site = (struct site){0};
    CHECK_INT(site_test(idle_after_a_request, &site), 0);
    site = (struct site){0};
    return site_test(idle_after_the_handshake, &site);
}

/* ---- what is no handshake, or none for us -----------------------------------------------------
 */

static int speak_clear_text(struct site *site)
{
    co_stream *stream;
    REQUIRE(connect_to(site, &stream) == 0);
    CHECK_INT(co_write(stream, GET_HELLO, strlen(GET_HELLO)), 0);
    CHECK_INT(read_all(site, stream), 0);
    CHECK(strstr(site->got, "HTTP/1.1 400 ") == site->got && strstr(site->got, "https://"));
    CHECK(strstr(site->got, "hello") == NULL);
    co_abort(stream);
    return 0;
}

static int speak_rubbish(struct site *site)
{
    static const char hello[] = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff";
    co_stream *stream;
    REQUIRE(connect_to(site, &stream) == 0);
    CHECK_INT(co_write(stream, hello, sizeof hello - 1), 0);
    CHECK_INT(read_all(site, stream), 0);
    CHECK(site->got_size == 7 && site->got[0] == 21); /* an alert, and the end: no reset */
    co_abort(stream);
    return 0;
}

KERNEL_TEST(what_is_no_handshake_ends_at_once_t04)
{
    static struct site site;
    site = (struct site){0};
    CHECK_INT(site_test(speak_clear_text, &site), 0);
    CHECK_INT(site.events, 0);
    site = (struct site){0};
    CHECK_INT(site_test(speak_rubbish, &site), 0);
    CHECK_INT(site.events, 0);
    return 0;
}

static int say_nothing_more(struct site *site)
{
    co_stream *stream;
    REQUIRE(connect_to(site, &stream) == 0);
    CHECK_INT(co_write(stream, "\x16\x03\x01", 3), 0);
    CHECK_INT(read_all(site, stream), 0);
    co_abort(stream);
    return 0;
}

KERNEL_TEST(a_slow_handshake_is_cut_by_the_heads_deadline_t07)
{
    static struct site site;
    site = (struct site){.options.header_timeout_ms = 20};
    return site_test(say_nothing_more, &site);
}

static int be_refused(struct site *site)
{
    co_stream *stream;
    CHECK_INT(connect_safely(site, &stream), CO_ETLS);
    return 0;
}

KERNEL_TEST(other_protocols_are_refused_f10)
{
    static const char *const other[] = {"ftp", "imap", NULL}, *const both[] = {
                                                                  "spdy/3", "http/1.1", NULL};
    static struct site site;
    site = (struct site){0};
    REQUIRE(site_open(&site, other) == 0);
    CHECK_INT(site_run(&site, be_refused), 0);
    CHECK_INT(site.events, 0);
    site = (struct site){0};
    REQUIRE(site_open(&site, both) == 0);
    return site_run(&site, ask_twice_at_once_and_again);
}

/* ---- accounts ------------------------------------------------------------------------------- */

static int account_of(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    struct site *site = arg;
    (void)peer, (void)name, (void)password;
    site->asked++;
    *ret = (struct co_account){.rights = CO_MAY_BROWSE};
    return 0;
}

/* A session with a peer elsewhere, whose password is right. */
static int ask_from_afar(struct site *site, bool secured)
{
    struct side server = {.tls = site->tls}, client = {.tls = site->client, .host = "localhost"};
    co_address far;
    co_group group;
    REQUIRE(co_memory_pair(&client.stream, &server.stream, MEMORY_ROOM) == 0);
    if (secured)
        shake_hands(&server, &client);
    REQUIRE(co_address_parse("192.0.2.1:80", -1, &far) == 0);
    server.stream->peer.size = (uint8_t)far.size;
    memcpy(server.stream->peer.bytes, far.as.bytes, far.size);
    server.stream->handler = co_http_session;
    server.stream->arg = site->server;
    site->got_size = 0;
    co_group_open(&group, NULL);
    co_go(&group, co_stream_handle, server.stream);
    CHECK_INT(co_write(client.stream, DROP_ANN, strlen(DROP_ANN)), 0);
    CHECK_INT(co_shutdown_write(client.stream), 0);
    CHECK_INT(read_all(site, client.stream), 0);
    co_abort(client.stream);
    return co_group_close(&group);
}

KERNEL_TEST(passwords_are_taken_from_anywhere)
{
    static struct site site;
    site = (struct site){0};
    REQUIRE(site_open(&site, NULL) == 0);
    co_http_files(site.server, "/", "/",
        &(struct co_http_files_options){.authenticate = account_of, .authenticate_arg = &site});
    CHECK_INT(ask_from_afar(&site, false), 0);
    CHECK(strstr(site.got, " 403 ") && strstr(site.got, "over TLS"));
    CHECK_INT(site.asked, 0);
    CHECK_INT(ask_from_afar(&site, true), 0);
    CHECK(strstr(site.got, " 405 ") || strstr(site.got, " 403 "));
    CHECK(strstr(site.got, "over TLS") == NULL);
    CHECK_INT(site.asked, 1);
    co_listener_close(site.listener);
    co_http_server_free(site.server);
    co_tls_free(site.tls);
    co_tls_free(site.client);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_kept_and_its_events_say_https),
        cmocka_unit_test(what_is_decrypted_already_is_never_parked_over),
        cmocka_unit_test(idle_connections_are_parked_and_drained_at_once),
        cmocka_unit_test(what_is_no_handshake_ends_at_once_t04),
        cmocka_unit_test(a_slow_handshake_is_cut_by_the_heads_deadline_t07),
        cmocka_unit_test(other_protocols_are_refused_f10),
        cmocka_unit_test(passwords_are_taken_from_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

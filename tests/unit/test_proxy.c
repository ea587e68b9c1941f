/* SPDX-License-Identifier: MIT */
/* Ways through proxies, and proxies that do wrong. */
#include "proxy_rig.h"

#include "dial/carry.h"
#include "dial/pool.h"
#include "tls_rig.h"

/* ---- both ------------------------------------------------------------------------------------ */

/* What a proxy's words come to. */
struct outcome {
    struct script script;
    int rc;
    const char *told; /* by co_explain; of a tunnel: its first bytes */
};

static void check_outcome(const char *scheme, const struct outcome *expected)
{
    struct script script = expected->script;
    struct rig rig;
    co_stream *stream;
    char bytes[16] = "";
    if (!CHECK_INT(rig_start(&rig, &script, 1), 0))
        return;
    int rc = rig_dial(&rig, scheme, "example.org:443", NULL, &stream);
    if (rc == 0) {
        size_t size = strlen(expected->told);
        CHECK_INT(co_read_full(stream, bytes, size), size);
        CHECK_STRING(bytes, expected->told);
        co_abort(stream);
    }
    bool good = CHECK_INT(rc, expected->rc);
    if (rc < 0)
        good &= CHECK(strstr(co_explain(rc), expected->told) != NULL);
    if (!good)
        fprintf(stderr, "  ... \"%.60s\": %s\n", script.says, co_explain(rc));
    rig_stop(&rig);
}

static void check_outcomes(const char *scheme, const struct outcome *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_outcome(scheme, &expected[i]);
}

/* Whatever it has said, when it closes then the connection came to nothing; what it says arrives a
 * byte at a time, and that makes no difference. */
static void check_cuts(const char *scheme, const struct script *whole, size_t tunnel)
{
    struct outcome outcome = {.script = *whole, .rc = -ECONNRESET, .told = "closed the connection"};
    outcome.script.closes = true;
    for (size_t size = 1; size < whole->size - tunnel; size++) {
        outcome.script.size = size;
        check_outcome(scheme, &outcome);
    }
    outcome =
        (struct outcome){.script = *whole, .rc = 0, .told = whole->says + whole->size - tunnel};
    outcome.script.dribbles = true;
    check_outcome(scheme, &outcome);
}

/* ---- CONNECT --------------------------------------------------------------------------------- */

static void check_heard(struct rig *rig, struct script *script, const char *scheme,
    const char *where, const char *expected)
{
    co_stream *stream;
    if (!CHECK_INT(rig_start(rig, script, 1), 0))
        return;
    if (CHECK_INT(rig_dial(rig, scheme, where, NULL, &stream), 0))
        CHECK_INT(co_close(stream), 0);
    rig_stop(rig);
    script->heard[script->heard_size] = '\0';
    CHECK_STRING(script->heard, expected);
}

FIBER_TEST(connect_tells_the_place_and_who_asks_rfc9110_9_3_6)
{
    struct script one = SAYS("HTTP/1.1 200 OK\r\n\r\n"), two = one, three = one;
    struct rig rig;
    check_heard(&rig, &one, "http://", "example.org:443",
        "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
    check_heard(&rig, &two, "http://ann:s%40@", "[2001:db8::1]:21",
        "CONNECT [2001:db8::1]:21 HTTP/1.1\r\nHost: [2001:db8::1]:21\r\n"
        "Proxy-Authorization: Basic YW5uOnNA\r\n\r\n");
    check_heard(&rig, &three, "ann@", "80",
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n"
        "Proxy-Authorization: Basic YW5uOg==\r\n\r\n");
    return 0;
}

static const struct outcome connect_outcomes[] = {
    {SAYS("HTTP/1.1 200 OK\r\n\r\n220 x"), 0, "220 x"},
    {SAYS("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n220 x"), 0, "220 x"},
    {SAYS("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n220 x"), 0, "220 x"},
    {SAYS("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.1 200 x\r\n\r\n220"), 0,
        "220"},
    {SAYS("HTTP/1.1 101 x\r\n\r\n"), CO_EHTTP, "is no response"},
    {SAYS("HTTP/1.1 302 x\r\nLocation: http://h/\r\n\r\n"), CO_EPROXY, "refused CONNECT: 302 x"},
    {SAYS("HTTP/1.1 403 \033[2Jgo\r\nContent-Length: 5\r\n\r\nHTTP/"), CO_EPROXY,
        "refused CONNECT: 403 \\x1B[2Jgo"},
    {SAYS("HTTP/1.1 403\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHTTP/1.1 200 OK\r\n\r\n"),
        CO_EPROXY, "refused CONNECT: 403"},
    {SAYS("HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n\r\n"), CO_EPROXYLOGIN,
        "refused CONNECT: 407 Who"},
    {SAYS("HTTP/1.1 502 x\r\n\r\n"), -EHOSTUNREACH, "502"},
    {SAYS("HTTP/1.1 504 x\r\n\r\n"), -ETIMEDOUT, "504"},
    {SAYS("SSH-2.0-x\r\n"), CO_EHTTP, "is no response"},
    {SAYS("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n"), CO_EHTTP, "is no response"},
    {SAYS("\5\0\5\0\0\1\0\0\0\0\0\0"), CO_EHTTP, "is no response"},
};

FIBER_TEST(connect_has_these_answers)
{
    check_outcomes("http://", connect_outcomes, CO_LENGTH(connect_outcomes));
    return 0;
}

FIBER_TEST(connect_is_whole_or_nothing)
{
    const struct script whole = SAYS("HTTP/1.1 200 OK\r\nA: b\r\n\r\n220 x");
    check_cuts("http://", &whole, 5);
    return 0;
}

FIBER_TEST(a_proxys_head_is_bounded)
{
    static char words[3][400000];
    memset(words[0], 'x', sizeof words[0]);
    memcpy(words[0], "HTTP/1.1 200 ", 13);
    memset(words[1], '\n', sizeof words[1]);
    for (size_t at = 0; at + 20 < sizeof words[2]; at += 18)
        memcpy(words[2] + at, "HTTP/1.1 100 x\r\n\r\n", 19);
    strcpy(words[1], "HTTP/1.1 200 x");
    for (size_t at = 14; at + 6 < sizeof words[1]; at += 5)
        memcpy(words[1] + at, "\na: b", 6);
    const struct outcome outcomes[] = {
        {{.says = words[0], .size = sizeof words[0]}, CO_ETOOBIG, "is no response"},
        {{.says = words[1], .size = sizeof words[1]}, CO_ETOOBIG, "is no response"},
        {{.says = words[2], .size = 40 * 18}, CO_EHTTP, "is no response"},
    };
    check_outcomes("http://", outcomes, CO_LENGTH(outcomes));
    return 0;
}

/* ---- SOCKS 5 --------------------------------------------------------------------------------- */

static const struct outcome socks_outcomes[] = {
    {SAYS("\5\0\5\0\0\1\1\2\3\4\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\0\5\0\0\3\2ab\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\0\5\0\0\3\0\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\0\5\0\0\4"
          "0123456789abcdef\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\0\5\1\0\1"), -EHOSTUNREACH, "does not lead to example.org:443: it failed"},
    {SAYS("\5\0\5\2\0\1"), CO_EPROXY, "its rules forbid it"},
    {SAYS("\5\0\5\3\0\1"), -ENETUNREACH, "network unreachable"},
    {SAYS("\5\0\5\4\0\1"), -EHOSTUNREACH, "host unreachable"},
    {SAYS("\5\0\5\5\0\1"), -ECONNREFUSED, "connection refused"},
    {SAYS("\5\0\5\6\0\1"), -ETIMEDOUT, "expired"},
    {SAYS("\5\0\5\7\0\1"), CO_EPROXY, "command"},
    {SAYS("\5\0\5\377\0\1"), CO_EPROXY, "reason of its own"},
    {SAYS("\5\0\5\0\0\2\0\0\0\0\0\0"), CO_EPROTO, "does not speak SOCKS 5"},
    {SAYS("\5\377"), CO_EPROXYLOGIN, "wants to know who asks"},
    {SAYS("\5\2"), CO_EPROTO, "was not offered"},
    {SAYS("\5\1"), CO_EPROTO, "was not offered"},
    {SAYS("\4\0"), CO_EPROTO, "does not speak SOCKS 5"},
    {SAYS("HTTP/1.1 400 x\r\n\r\n"), CO_EPROTO, "does not speak SOCKS 5"},
};

static const struct outcome login_outcomes[] = {
    {SAYS("\5\2\1\0\5\0\0\1\1\2\3\4\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\0\5\0\0\1\1\2\3\4\0\120"
          "220 x"),
        0, "220 x"},
    {SAYS("\5\2\1\1"), CO_EPROXYLOGIN, "does not know the user"},
    {SAYS("\5\2\5\0"), CO_EPROTO, "does not speak SOCKS 5"},
    {SAYS("\5\377"), CO_EPROXYLOGIN, "in ways that we cannot answer"},
    {SAYS("\5\1"), CO_EPROTO, "was not offered"},
};

FIBER_TEST(socks_has_these_answers_rfc1928)
{
    check_outcomes("socks5h://", socks_outcomes, CO_LENGTH(socks_outcomes));
    check_outcomes("socks5h://ann:secret@", login_outcomes, CO_LENGTH(login_outcomes));
    return 0;
}

FIBER_TEST(socks_is_whole_or_nothing)
{
    const struct script whole = SAYS("\5\2\1\0\5\0\0\3\3a.b\0\120"
                                     "220 x");
    check_cuts("socks5h://ann:secret@", &whole, 5);
    return 0;
}

static void check_bytes(
    const char *scheme, const char *where, struct script script, const char *bytes, size_t size)
{
    struct rig rig;
    co_stream *stream;
    if (!CHECK_INT(rig_start(&rig, &script, 1), 0))
        return;
    if (CHECK_INT(rig_dial(&rig, scheme, where, NULL, &stream), 0))
        CHECK_INT(co_close(stream), 0);
    rig_stop(&rig);
    if (CHECK_INT(script.heard_size, size))
        CHECK(memcmp(script.heard, bytes, size) == 0);
}

#define BYTES(literal) literal, sizeof(literal) - 1

FIBER_TEST(socks_tells_who_asks_and_where_to_rfc1929)
{
    const struct script open = SAYS("\5\0\5\0\0\1\1\2\3\4\0\120");
    const struct script login = SAYS("\5\2\1\0\5\0\0\1\1\2\3\4\0\120");
    check_bytes("socks5h://", "a.example:80", open, BYTES("\5\1\0\5\1\0\3\11a.example\0\120"));
    check_bytes("socks5h://", "127.0.0.9:80", open, BYTES("\5\1\0\5\1\0\1\177\0\0\11\0\120"));
    check_bytes("socks5://", "127.0.0.9:80", open, BYTES("\5\1\0\5\1\0\1\177\0\0\11\0\120"));
    check_bytes("socks5h://", "[::1]:443", open,
        BYTES("\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\273"));
    check_bytes("socks5h://ann:secret@", "a.example:80", login,
        BYTES("\5\2\0\2\1\3ann\6secret\5\1\0\3\11a.example\0\120"));
    return 0;
}

/* socks5:// looks the name up itself; an address that the proxy cannot reach is not the last. */
FIBER_TEST(socks_is_given_one_address_after_the_other)
{
    const char *const answers[] = {"a.example:80:127.0.0.8,::1,127.0.0.9", NULL};
    const struct co_dial_options options = {.answers = answers};
    struct script scripts[] = {
        SAYS("\5\0\5\5\0\1"), SAYS("\5\0\5\4\0\1"), SAYS("\5\0\5\0\0\1\1\2\3\4\0\120")};
    struct script refusal[] = {SAYS("\5\0\5\2\0\1")};
    struct rig rig;
    co_stream *stream;
    REQUIRE(rig_start(&rig, scripts, 3) == 0);
    CHECK_INT(rig_dial(&rig, "socks5://", "a.example:80", &options, &stream), 0);
    CHECK_INT(co_close(stream), 0);
    rig_stop(&rig);
    CHECK_INT(rig.connections, 3);
    CHECK_INT(scripts[2].heard[3 + 4 + 3], 9);
    REQUIRE(rig_start(&rig, refusal, 1) == 0); /* the others would be refused as well */
    CHECK_INT(rig_dial(&rig, "socks5://", "a.example:80", &options, &stream), CO_EPROXY);
    rig_stop(&rig);
    CHECK_INT(rig.connections, 1);
    return 0;
}

/* ---- SOCKS 4 --------------------------------------------------------------------------------- */

static const struct outcome socks4_outcomes[] = {
    {SAYS("\0\132\1\2\3\4\5\6"
          "220 x"),
        0, "220 x"},
    {SAYS("\0\133\0\0\0\0\0\0"), -EHOSTUNREACH,
        "does not lead to example.org:443: it was refused or failed"},
    {SAYS("\0\134\0\0\0\0\0\0"), CO_EPROXYLOGIN, "no identd"},
    {SAYS("\0\135\0\0\0\0\0\0"), CO_EPROXYLOGIN, "another user"},
    {SAYS("\0\0\0\0\0\0\0\0"), CO_EPROXY, "reason of its own"},
    {SAYS("\5\377"), CO_EPROTO, "does not speak SOCKS 4"},
    {SAYS("HTTP/1.1 400 x\r\n\r\n"), CO_EPROTO, "does not speak SOCKS 4"},
};

FIBER_TEST(socks4_has_these_answers_or_none)
{
    const struct script whole = SAYS("\0\132\1\2\3\4\5\6"
                                     "220 x");
    check_outcomes("socks4a://ann@", socks4_outcomes, CO_LENGTH(socks4_outcomes));
    check_cuts("socks4a://", &whole, 5);
    return 0;
}

FIBER_TEST(socks4_tells_who_asks_and_where_to)
{
    const struct script opens = SAYS("\0\132\0\0\0\0\0\0");
    check_bytes("socks4a://", "a.example:80", opens,
        BYTES("\4\1\0\120\0\0\0\1\0"
              "a.example\0"));
    check_bytes("socks4a://ann:secret@", "127.0.0.9:80", opens,
        BYTES("\4\1\0\120\177\0\0\11"
              "ann\0"));
    check_bytes("socks4://ann@", "127.0.0.9:80", opens,
        BYTES("\4\1\0\120\177\0\0\11"
              "ann\0"));
    return 0;
}

/* Of a name's addresses, those of IPv4, one after the other. */
FIBER_TEST(socks4_leads_to_ipv4_alone)
{
    const char *const answers[] = {
        "a.example:80:127.0.0.8,::1,127.0.0.9", "b.example:80:::1", NULL};
    const struct co_dial_options options = {.answers = answers};
    struct script scripts[] = {SAYS("\0\133\0\0\0\0\0\0"), SAYS("\0\132\0\0\0\0\0\0")};
    struct rig rig;
    co_stream *stream;
    REQUIRE(rig_start(&rig, scripts, 2) == 0);
    CHECK_INT(rig_dial(&rig, "socks4://", "a.example:80", &options, &stream), 0);
    CHECK_INT(co_close(stream), 0);
    CHECK_INT(scripts[1].heard[7], 9);
    CHECK_INT(rig_dial(&rig, "socks4://", "b.example:80", &options, &stream), CO_ENODATA);
    static const char *const both[] = {"socks4://", "socks4a://"};
    for (size_t i = 0; i < CO_LENGTH(both); i++) {
        CHECK_INT(rig_dial(&rig, both[i], "[::1]:80", &options, &stream), -ENETUNREACH);
        CHECK(strstr(co_explain(-ENETUNREACH), "SOCKS 4 knows IPv4 alone"));
    }
    rig_stop(&rig);
    CHECK_INT(rig.connections, 2);
    return 0;
}

FIBER_TEST(what_does_not_fit_into_a_login_is_not_said)
{
    char scheme[600];
    struct script script = SAYS("\5\2\1\0");
    struct rig rig;
    co_stream *stream;
    struct co_dial_options options = {.proxy = scheme};
    REQUIRE(rig_start(&rig, &script, 1) == 0);
    snprintf(scheme, sizeof scheme, "socks5h://%0256d:x@127.0.0.1:%u", 7, rig.port);
    CHECK_INT(co_dial(&stream, "a.example:80", &options), CO_EINVALID);
    CHECK(strstr(co_explain(CO_EINVALID), "255 bytes"));
    CHECK_INT(rig_dial(&rig, "socks4a://a%00b@", "a.example:80", NULL, &stream), CO_EINVALID);
    CHECK(strstr(co_explain(CO_EINVALID), "255 bytes"));
    rig_stop(&rig);
    return 0;
}

/* ---- either ---------------------------------------------------------------------------------- */

static const char *const schemes[] = {
    "http://", "socks5h://", "socks5://", "socks4://", "socks4a://"};

FIBER_TEST(a_proxy_that_says_nothing_is_left_in_time)
{
    for (size_t i = 0; i < CO_LENGTH(schemes); i++) {
        struct script script = {.says = ""};
        struct rig rig;
        co_stream *stream;
        REQUIRE(rig_start(&rig, &script, 1) == 0);
        int64_t begun = co_now_ns();
        const struct co_dial_options options = {.timeout_ms = 50};
        CHECK_INT(rig_dial(&rig, schemes[i], "127.0.0.1:80", &options, &stream), CO_EDEADLINE);
        CHECK((co_now_ns() - begun) / CO_MS >= 50);
        CHECK(strstr(co_explain(CO_EDEADLINE), "no answer in time"));
        rig_stop(&rig);
    }
    return 0;
}

/* Each word in time, but never the last: the time is for all of them. */
VIRTUAL_TEST(a_proxy_that_dribbles_is_left_in_time)
{
    static char words[4096];
    struct script script = {.says = words, .size = sizeof words, .dribbles = true};
    struct rig rig;
    co_stream *stream;
    memset(words, 'x', sizeof words);
    memcpy(words, "HTTP/1.1 200 ", 13);
    REQUIRE(rig_start(&rig, &script, 1) == 0);
    int64_t begun = co_now_ns();
    const struct co_dial_options options = {.timeout_ms = 1000};
    CHECK_INT(rig_dial(&rig, "http://", "127.0.0.1:80", &options, &stream), CO_EDEADLINE);
    CHECK_INT((co_now_ns() - begun) / CO_MS, 1000);
    rig_stop(&rig);
    return 0;
}

FIBER_TEST(no_password_is_in_what_is_said_of_a_proxy_c11)
{
    static const char *const urls[] = {"http://ann:secret@127.0.0.1:1",
        "socks5://ann:secret@127.0.0.1:1", "https://ann:secret@127.0.0.1:1",
        "ftp://ann:secret@127.0.0.1:1", "http://ann:secret@127.0.0.1:99999"};
    co_stream *stream;
    for (size_t i = 0; i < CO_LENGTH(urls); i++) {
        int rc = co_dial(&stream, "127.0.0.1:80", &(struct co_dial_options){.proxy = urls[i]});
        CHECK_INT(rc, i < 3 ? -ECONNREFUSED : CO_EINVALID);
        CHECK(strstr(co_explain(rc), "127.0.0.1"));
        CHECK(!strstr(co_explain(rc), "ann:") && !strstr(co_explain(rc), "secret"));
    }
    return 0;
}

FIBER_TEST(a_place_that_breaks_lines_is_refused_h20)
{
    static const char *const bad[] = {
        "a b:80", "a\r\nX:80", "a\nb:80", "a/b:80", "u@h:80", "[fe80::1%lo]:80", "a%2e:80"};
    co_stream *stream;
    for (size_t i = 0; i < CO_LENGTH(schemes); i++) {
        char url[64];
        snprintf(url, sizeof url, "%s127.0.0.1:1", schemes[i]);
        const struct co_dial_options options = {.proxy = url};
        for (size_t j = 0; j < CO_LENGTH(bad); j++)
            CHECK_INT(co_dial(&stream, bad[j], &options), CO_EINVALID);
        CHECK_INT(co_dial(&stream, "unix:/x", &options), CO_EADDRESS);
    }
    return 0;
}

FIBER_TEST(places_have_the_addresses_that_are_fixed)
{
    static const char *const bad[] = {
        "", "h", "h:80", "h:80:", ":80:127.0.0.1", "h:x:127.0.0.1", "h:80:x", "h:80:127.0.0.1,"};
    struct script script = SAYS("hello");
    struct rig rig;
    co_stream *stream;
    char one[64], any[64], where[64], bytes[5];
    REQUIRE(rig_start(&rig, &script, 1) == 0);
    snprintf(one, sizeof one, "A.example:%u:127.0.0.1", rig.port);
    snprintf(any, sizeof any, "*:%u:[::1],127.0.0.1", rig.port);
    const char *const answers[] = {"a.example:1:127.0.0.9", one, any, NULL};
    struct co_dial_options options = {.answers = answers};
    for (unsigned i = 0; i < 2; i++) {
        snprintf(where, sizeof where, "%s:%u", i ? "b.invalid" : "a.EXAMPLE", rig.port);
        CHECK_INT(co_dial(&stream, where, &options), 0);
        CHECK_INT(co_write(stream, "x", 1), 0);
        CHECK_INT(co_read_full(stream, bytes, 5), 5);
        co_abort(stream);
    }
    options.family = AF_INET6;
    snprintf(where, sizeof where, "a.example:%u", rig.port);
    CHECK_INT(co_dial(&stream, where, &options), CO_ENODATA);
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        options.answers = (const char *const[]){bad[i], NULL};
        CHECK_INT(co_dial(&stream, where, &options), CO_EINVALID);
    }
    rig_stop(&rig);
    return 0;
}

/* ---- TLS within TLS -------------------------------------------------------------------------- */

/* Both the proxy that is spoken to in TLS and the server behind it, for one connection. */
struct twofold {
    co_listener *listener;
    co_tls *proxy, *server;
    char request[256];
};

static int open_tunnel(struct twofold *twofold, co_stream *stream)
{
    const uint8_t *bytes;
    int rc = co_tls_accept(stream, twofold->proxy);
    ssize_t n = rc < 0 ? rc : co_peek_until(stream, "\r\n\r\n", 255, &bytes);
    if (n < 0)
        return (int)n;
    memcpy(twofold->request, bytes, (size_t)n);
    co_consume(stream, (size_t)n);
    return co_write(stream, "HTTP/1.1 200 OK\r\n\r\n", 19);
}

static int serve_twofold(void *arg)
{
    struct twofold *twofold = arg;
    static char bytes[65536];
    co_stream *stream;
    REQUIRE(co_accept(&stream, twofold->listener) == 0);
    CHECK_INT(open_tunnel(twofold, stream), 0);
    CHECK_INT(co_carry(&stream), 0);
    CHECK_INT(co_tls_accept(stream, twofold->server), 0);
    ssize_t n;
    while ((n = co_read(stream, bytes, sizeof bytes)) > 0)
        CHECK_INT(co_write(stream, bytes, (size_t)n), 0);
    CHECK_INT(n, 0); /* with farewell */
    CHECK_INT(co_close(stream), 0);
    return 0;
}

static co_tls *server_of(const struct identity *identity)
{
    const struct co_tls_certificate certificate = certificate_of(identity);
    co_tls *tls = NULL;
    CHECK_INT(co_tls_server(&tls,
                  &(struct co_tls_options){.certificates = &certificate, .certificate_count = 1}),
        0);
    return tls;
}

static co_tls *client_of(const struct identity *identity)
{
    co_tls *tls = NULL;
    const struct co_tls_options options = {.authorities = co_text_of(identity->chain)};
    CHECK_INT(co_tls_client(&tls, &options), 0);
    return tls;
}

static void exchange_pattern(co_stream *stream)
{
    static char bytes[200000], back[200000];
    pattern_fill(bytes, sizeof bytes);
    for (size_t at = 0; at < sizeof bytes; at += 50000) {
        CHECK_INT(co_write(stream, bytes + at, 50000), 0);
        CHECK_INT(co_read_full(stream, back + at, 50000), 50000);
    }
    CHECK(pattern_holds(back, 0, sizeof back));
}

KERNEL_TEST(tls_goes_through_a_proxy_that_is_spoken_to_in_tls)
{
    struct identity outer = identity_new("DNS:localhost", 86400);
    struct identity inner = identity_new("DNS:inner.example", 86400);
    struct twofold twofold = {.proxy = server_of(&outer), .server = server_of(&inner)};
    struct co_pool pool = {.idle_max = 1};
    struct co_pool_place place = {.secure = true,
        .host = CO_TEXT("inner.example"),
        .port = 443,
        .tls = client_of(&inner),
        .proxy_tls = client_of(&outer)};
    char proxy[64];
    co_group group;
    co_stream *stream;
    co_pool_start(&pool);
    REQUIRE(co_listen(&twofold.listener, "127.0.0.1:0", NULL) == 0);
    snprintf(proxy, sizeof proxy, "https://localhost:%u",
        co_address_port(co_listener_address(twofold.listener)));
    place.proxy = co_text_of(proxy);
    co_group_open(&group, NULL);
    co_go(&group, serve_twofold, &twofold);
    REQUIRE(co_pool_connect(&pool, &place, &stream) == 0);
    CHECK_STRING(twofold.request, "CONNECT inner.example:443 HTTP/1.1\r\n"
                                  "Host: inner.example:443\r\n\r\n");
    exchange_pattern(stream);
    co_pool_keep(&pool, &place, stream);
    CHECK(co_pool_take(&pool, &place) == stream);
    CHECK_INT(co_close(stream), 0);
    CHECK_INT(co_group_close(&group), 0);
    co_pool_end(&pool);
    co_listener_close(twofold.listener);
    co_tls_free(twofold.proxy);
    co_tls_free(twofold.server);
    co_tls_free(place.tls);
    co_tls_free(place.proxy_tls);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_tells_the_place_and_who_asks_rfc9110_9_3_6),
        cmocka_unit_test(connect_has_these_answers),
        cmocka_unit_test(connect_is_whole_or_nothing),
        cmocka_unit_test(a_proxys_head_is_bounded),
        cmocka_unit_test(socks_has_these_answers_rfc1928),
        cmocka_unit_test(socks_is_whole_or_nothing),
        cmocka_unit_test(socks_tells_who_asks_and_where_to_rfc1929),
        cmocka_unit_test(socks_is_given_one_address_after_the_other),
        cmocka_unit_test(socks4_has_these_answers_or_none),
        cmocka_unit_test(socks4_tells_who_asks_and_where_to),
        cmocka_unit_test(socks4_leads_to_ipv4_alone),
        cmocka_unit_test(what_does_not_fit_into_a_login_is_not_said),
        cmocka_unit_test(a_proxy_that_says_nothing_is_left_in_time),
        cmocka_unit_test(a_proxy_that_dribbles_is_left_in_time),
        cmocka_unit_test(no_password_is_in_what_is_said_of_a_proxy_c11),
        cmocka_unit_test(a_place_that_breaks_lines_is_refused_h20),
        cmocka_unit_test(places_have_the_addresses_that_are_fixed),
        cmocka_unit_test(tls_goes_through_a_proxy_that_is_spoken_to_in_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/http1.h"

#include <stdio.h>

#define HOST "Host: a\r\n"

static struct co_http1_request request;

static ssize_t parse(co_text bytes)
{
    size_t scanned = 0;
    return co_http1_request_parse(bytes, &scanned, &request);
}

/* The result of GET / with these lines after its Host; the request's slices stay valid. */
static ssize_t parse_with(const char *lines)
{
    static char text[1024];
    int size = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "%s\r\n", lines);
    ssize_t rc = parse((co_text){text, (size_t)size});
    return rc > 0 ? 200 : rc;
}

/* The result of a request line (followed by Host and the end). */
static ssize_t parse_line(const char *line)
{
    static char text[CO_HTTP1_HEAD_MAX];
    int size = snprintf(text, sizeof text, "%s\r\n" HOST "\r\n", line);
    ssize_t rc = parse((co_text){text, (size_t)size});
    return rc > 0 ? 200 : rc;
}

static void assert_all(const char *const *lines, ssize_t (*parser)(const char *), ssize_t expected)
{
    for (; *lines; lines++) {
        ssize_t rc = parser(*lines);
        if (rc != expected)
            fail_msg("%s: %zd instead of %zd", *lines, rc, expected);
    }
}

#define ALL(parser, expected, ...)                                                                 \
 assert_all((const char *const[]){__VA_ARGS__, NULL}, parser, expected)

static void reads_a_whole_request(void **state)
{
    (void)state;
    co_text text = CO_TEXT("\r\nGET /a/b%20c?x=1&y=?2 HTTP/1.1\r\n"
                           "Host: localhost:8080\r\n"
                           "user-AGENT:\t curl/8 \t\r\n"
                           "X-Empty:\r\n"
                           "IF-NONE-MATCH: \"a\"\r\n"
                           "Range: bytes=0-1\r\n"
                           "Accept: */*\r\n"
                           "X-Bytes: a\tb\xff\r\n\r\nGET /next");
    assert_int_equal(parse(text), text.size - strlen("GET /next"));
    assert_int_equal(request.method, CO_HTTP_GET);
    assert_text(request.method_text, "GET");
    assert_text(request.target, "/a/b%20c?x=1&y=?2");
    assert_text(request.path, "/a/b%20c");
    assert_text(request.query, "x=1&y=?2");
    assert_text(request.host, "localhost:8080");
    assert_text(request.user_agent, "curl/8");
    assert_text(request.if_none_match, "\"a\"");
    assert_text(request.range, "bytes=0-1");
    assert_text(request.accept, "*/*");
    assert_null(request.if_match.at);
    assert_int_equal(request.minor, 1);
    assert_true(request.keep_alive);
    assert_int_equal(request.framing, CO_HTTP_NO_BODY);
    assert_int_equal(request.field_count, 7);
    assert_text(request.fields[2].name, "X-Empty");
    assert_text(request.fields[2].value, "");
    assert_text(request.fields[6].value, "a\tb\xff");
}

static void notes_every_known_field(void **state)
{
    (void)state;
    co_text *const members[] = {&request.range, &request.accept, &request.expect, &request.referer,
        &request.if_match, &request.if_range, &request.connection, &request.user_agent,
        &request.content_type, &request.authorization, &request.if_none_match,
        &request.content_length, &request.accept_encoding, &request.if_modified_since,
        &request.if_unmodified_since};
    assert_int_equal(parse_with("Range: 0\r\nACCEPT: 1\r\nexpect: 100-continue\r\nReferer: 3\r\n"
                                "If-Match: 4\r\nIf-Range: 5\r\nConnection: 6\r\nUser-Agent: 7\r\n"
                                "Content-Type: 8\r\nAuthorization: 9\r\nIf-None-Match: 10\r\n"
                                "Content-Length: 11\r\nAccept-Encoding: 12\r\n"
                                "If-Modified-Since: 13\r\nIf-Unmodified-Since: 14\r\n"),
        200);
    for (size_t i = 0; i < CO_LENGTH(members); i++) {
        char number[16];
        snprintf(number, sizeof number, "%zu", i);
        assert_text(*members[i], i == 2 ? "100-continue" : number);
    }
    assert_int_equal(parse_with("transfer-Encoding: Chunked\r\n"), 200);
    assert_text(request.transfer_encoding, "Chunked");
    assert_int_equal(parse_with("Hos: 0\r\nRanga: 0\r\nIf-Rangf: 0\r\nX-Accept-Encoding-Long: 0\r\n"
                                "User-Agenu: 0\r\nUser\x5e"
                                "Agent: 0\r\n"),
        200);
    for (size_t i = 0; i < CO_LENGTH(members); i++)
        assert_null(members[i]->at);
}

static void knows_methods_with_their_case(void **state)
{
    (void)state;
    for (enum co_http_method method = CO_HTTP_GET; method <= CO_HTTP_PROPFIND; method++)
        assert_int_equal(co_http_method_of(co_text_of(co_http_method_name(method))), method);
    assert_int_equal(co_http_method_of(CO_TEXT("get")), CO_HTTP_OTHER);
    assert_int_equal(co_http_method_of(CO_TEXT("")), CO_HTTP_OTHER);
    ALL(parse_line, 200, "BREW / HTTP/1.1", "get / HTTP/1.1", "M-SEARCH / HTTP/1.1");
    assert_int_equal(request.method, CO_HTTP_OTHER);
    assert_text(request.method_text, "M-SEARCH");
    assert_int_equal(parse(CO_TEXT(" ")), -400);
    ALL(parse_line, -400, "G@T / HTTP/1.1", " GET / HTTP/1.1", "G\"T / HTTP/1.1", "/ HTTP/1.1");
}

static void refuses_endless_methods_rfc9112_3(void **state)
{
    (void)state;
    char text[CO_HTTP1_METHOD_MAX + 1];
    memset(text, 'A', sizeof text);
    assert_int_equal(parse((co_text){text, CO_HTTP1_METHOD_MAX}), 0);
    assert_int_equal(parse((co_text){text, sizeof text}), -501);
}

static void refuses_bytes_that_targets_may_not_hold(void **state)
{
    (void)state;
    ALL(parse_line, -400, "GET /a#b HTTP/1.1", "GET /a b HTTP/1.1", "GET /a\\b HTTP/1.1",
        "GET /\x7f HTTP/1.1", "GET /\t HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
        "GET\t/ HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /");
    ALL(parse_line, 200, "GET /|{}^`\"<>'%zz;!~ HTTP/1.1", "GET /\x80\xff?\xc3\xa4 HTTP/1.1");
}

static void takes_each_target_form_for_its_methods_only_rfc9112_3_2(void **state)
{
    (void)state;
    ALL(parse_line, -400, "GET a HTTP/1.1", "GET * HTTP/1.1", "OPTIONS ** HTTP/1.1",
        "GET a:80 HTTP/1.1", "CONNECT / HTTP/1.1", "CONNECT a HTTP/1.1", "CONNECT * HTTP/1.1",
        "CONNECT http://a:80/ HTTP/1.1", "GET ftp://a/ HTTP/1.1", "GET http:/a HTTP/1.1",
        "GET http:// HTTP/1.1", "GET http:///a HTTP/1.1", "GET http://u@a/ HTTP/1.1",
        "GET http://?a HTTP/1.1", "GET http://a:x/ HTTP/1.1", "GET https://[::1/ HTTP/1.1");
    ALL(parse_line, 200, "OPTIONS * HTTP/1.1");
    assert_text(request.path, "*");
    ALL(parse_line, 200, "CONNECT b:443 HTTP/1.1");
    assert_text(request.host, "b:443");
    assert_text(request.path, "");
    ALL(parse_line, 200, "GET HTTP://b:81/c?d HTTP/1.1");
    assert_text(request.host, "b:81");
    assert_text(request.path, "/c");
    assert_text(request.query, "d");
    ALL(parse_line, 200, "GET https://b?d HTTP/1.1");
    assert_text(request.path, "/");
    assert_text(request.query, "d");
    ALL(parse_line, 200, "OPTIONS http://b HTTP/1.1");
    assert_text(request.path, "*");
    assert_null(request.query.at);
}

static void speaks_versions_1_only_rfc9110_2_5(void **state)
{
    (void)state;
    ALL(parse_line, 200, "GET / HTTP/1.0", "GET / HTTP/1.1", "GET / HTTP/1.9");
    assert_int_equal(request.minor, 1);
    ALL(parse_line, -505, "GET / HTTP/2.0", "GET / HTTP/0.9", "PRI * HTTP/2.0");
    ALL(parse_line, -400, "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/1.10", "GET / HTTP/11.1",
        "GET / HTTP/1.1 ", "GET / HTTP/+1.1", "GET / HTTP/1,1", "GET / HTTPS/1.1", "GET / ");
}

static void limits_the_target_414(void **state)
{
    (void)state;
    static char text[CO_HTTP1_TARGET_MAX + 64];
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    const co_text rest = CO_TEXT(" HTTP/1.1\r\nHost: a\r\n\r\n");
    memcpy(text + 4 + CO_HTTP1_TARGET_MAX, rest.at, rest.size);
    assert_int_equal(parse((co_text){text, 4 + CO_HTTP1_TARGET_MAX + rest.size}),
        4 + CO_HTTP1_TARGET_MAX + rest.size);
    text[4 + CO_HTTP1_TARGET_MAX] = 'a';
    assert_int_equal(parse((co_text){text, 4 + CO_HTTP1_TARGET_MAX}), 0);
    assert_int_equal(parse((co_text){text, 4 + CO_HTTP1_TARGET_MAX + 1}), -414);
    assert_text(request.method_text, "GET");
    assert_int_equal(request.target.size, CO_HTTP1_TARGET_MAX);
}

static void refuses_bare_cr_lf_nul_and_folding_h06(void **state)
{
    (void)state;
    const co_text bad[] = {CO_TEXT("\n"), CO_TEXT("\r\r"), CO_TEXT("\r\n\n"), CO_TEXT("\r\n\r"),
        CO_TEXT("GET / HTTP/1.1\n"), CO_TEXT("GET / HTTP/1.1\r\r"), CO_TEXT("GE\0"),
        CO_TEXT("GET /\0"), CO_TEXT("GET / HTTP/1.1\0"), CO_TEXT("GET / HTTP/1.1\r\nA: b\n"),
        CO_TEXT("GET / HTTP/1.1\r\nA: b\rc"), CO_TEXT("GET / HTTP/1.1\r\nA: b\0"),
        CO_TEXT("GET / HTTP/1.1\r\nA\0"), CO_TEXT("GET / HTTP/1.1\r\nA: b\r\n "),
        CO_TEXT("GET / HTTP/1.1\r\nA: b\r\n\t"), CO_TEXT("GET / HTTP/1.1\r\n "),
        CO_TEXT("GET / HTTP/1.1\r\nA: b\r\n\n"), CO_TEXT("GET / HTTP/1.1\r\nA: b\r\n\rG"),
        CO_TEXT("GET / HTTP/1.1\r\nA: \x1b"), CO_TEXT("GET / HTTP/1.1\r\nA: \x7f")};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        assert_int_equal(parse(bad[i]), -400);                             /* with the last byte, */
        assert_int_equal(parse((co_text){bad[i].at, bad[i].size - 1}), 0); /* not before */
    }
}

static void refuses_malformed_names_h04(void **state)
{
    (void)state;
    ALL(parse_with, -400, ": a\r\n", "A : b\r\n", "A\t: b\r\n", " A: b\r\n", "A\x01: b\r\n",
        "A\x80: b\r\n", "A(: b\r\n", "A\r\n", "A b\r\n", "\"A\": b\r\n");
    ALL(parse_with, 200, "!#$%&'*+-.^_`|~09azAZ: b\r\n", "A:b\r\n", "A: :\r\n");
}

static void limits_names_h05(void **state)
{
    (void)state;
    char line[CO_HTTP1_NAME_MAX + 16];
    memset(line, 'n', sizeof line);
    strcpy(line + CO_HTTP1_NAME_MAX, ": v\r\n");
    assert_int_equal(parse_with(line), 200);
    memset(line, 'n', sizeof line);
    strcpy(line + CO_HTTP1_NAME_MAX + 1, ": v\r\n");
    assert_int_equal(parse_with(line), -431);
}

static size_t fields(char *text, unsigned count)
{
    size_t size = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST);
    for (unsigned i = 1; i < count; i++)
        size += (size_t)sprintf(text + size, "X%u: y\r\n", i);
    return size + (size_t)sprintf(text + size, "\r\n");
}

static void limits_the_number_of_fields_h15(void **state)
{
    (void)state;
    static char text[2048];
    size_t size = fields(text, CO_HTTP1_FIELDS_MAX);
    assert_int_equal(parse((co_text){text, size}), size);
    assert_int_equal(request.field_count, CO_HTTP1_FIELDS_MAX);
    size = fields(text, CO_HTTP1_FIELDS_MAX + 1);
    assert_int_equal(parse((co_text){text, size}), -431);
}

static void limits_the_head_exactly_h15(void **state)
{
    (void)state;
    static char text[CO_HTTP1_HEAD_MAX + 1];
    size_t start = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST "X: ");
    for (size_t extra = 0; extra < 2; extra++) {
        memset(text + start, 'x', sizeof text - start);
        memcpy(text + CO_HTTP1_HEAD_MAX - 4 + extra, "\r\n\r\n", 4);
        ssize_t expected = extra ? -431 : CO_HTTP1_HEAD_MAX;
        assert_int_equal(parse((co_text){text, CO_HTTP1_HEAD_MAX - 1}), 0);
        assert_int_equal(parse((co_text){text, CO_HTTP1_HEAD_MAX}), expected);
        assert_int_equal(parse((co_text){text, CO_HTTP1_HEAD_MAX + extra}), expected);
    }
}

static void limits_the_head_as_it_trickles_in_h15(void **state)
{
    (void)state;
    static char text[CO_HTTP1_HEAD_MAX];
    memset(text, 'x', sizeof text);
    text[sprintf(text, "GET / HTTP/1.1\r\n" HOST "X:")] = ' ';
    size_t scanned = 0;
    for (size_t size = 0; size < sizeof text; size++)
        assert_int_equal(co_http1_request_parse((co_text){text, size}, &scanned, &request), 0);
    assert_int_equal(
        co_http1_request_parse((co_text){text, sizeof text}, &scanned, &request), -431);
}

static void refuses_length_beside_coding_h01(void **state)
{
    (void)state;
    ALL(parse_with, -400, "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\ncontent-length: 0\r\n",
        "Transfer-Encoding: gzip, chunked\r\nContent-Length: 4\r\n");
}

static void refuses_malformed_lengths_h02_h10(void **state)
{
    (void)state;
    ALL(parse_with, -400, "Content-Length:\r\n", "Content-Length: +4\r\n", "Content-Length: -4\r\n",
        "Content-Length: 4,4\r\n", "Content-Length: 0x4\r\n", "Content-Length: 4 4\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n", "Content-Length: \xd9\xa4\r\n",
        "Content-Length: 4.0\r\n", "Content-Length: \"4\"\r\n",
        "Content-Length: 9223372036854775808\r\n", "Content-Length: 18446744073709551617\r\n");
    assert_int_equal(parse_with("Content-Length: 9223372036854775807\r\n"), 200);
    assert_int_equal(request.framing, CO_HTTP_LENGTH);
    assert_true(request.body_size == INT64_MAX);
    assert_int_equal(parse_with("Content-Length: 00\r\n"), 200);
    assert_int_equal(request.framing, CO_HTTP_LENGTH);
    assert_true(request.body_size == 0);
}

static void refuses_other_codings_than_chunked_h03(void **state)
{
    (void)state;
    ALL(parse_with, 200, "Transfer-Encoding: chunked\r\n", "Transfer-Encoding:CHUNKED \r\n");
    assert_int_equal(request.framing, CO_HTTP_CHUNKED);
    ALL(parse_with, -501, "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n", "Transfer-Encoding: x;a=\"b,c\",chunked\r\n");
    ALL(parse_with, -400, "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: ,\r\n",
        "Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked;a=b\r\n", "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked,\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n");
    assert_int_equal(parse(CO_TEXT("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")), -400);
}

static void demands_one_valid_host_h13(void **state)
{
    (void)state;
    const co_text bad[] = {CO_TEXT("GET / HTTP/1.1\r\n\r\n"),
        CO_TEXT("GET http://a/ HTTP/1.1\r\n\r\n"), CO_TEXT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.0\r\nHost: a/\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        CO_TEXT("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
        CO_TEXT("GET http://a/ HTTP/1.1\r\nHost: /\r\n\r\n")};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(parse(bad[i]), -400);
    assert_true(parse(CO_TEXT("GET / HTTP/1.0\r\n\r\n")) > 0);
    assert_null(request.host.at);
    assert_true(parse(CO_TEXT("GET / HTTP/1.1\r\nHost:\r\n\r\n")) > 0);
    assert_true(parse(CO_TEXT("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")) > 0);
    assert_true(parse(CO_TEXT("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n")) > 0);
    assert_text(request.host, "b");
}

static void keeps_connections_as_the_peer_wants_rfc9112_9_3(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool kept, kept_in_1_0;
    } cases[] = {
        {"", true, false},
        {"Connection: keep-alive\r\n", true, true},
        {"Connection: Keep-Alive, Upgrade\r\n", true, true},
        {"Connection: close\r\n", false, false},
        {"Connection: foo,CLOSE ,keep-alive\r\n", false, false},
        {"Connection: keep-alive\r\nConnection: close\r\n", false, false},
        {"Connection: closed\r\n", true, false},
        {"Connection:\r\n", true, false},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(parse_with(cases[i].lines), 200);
        assert_int_equal(request.keep_alive, cases[i].kept);
        char text[256];
        int size = snprintf(text, sizeof text, "GET / HTTP/1.0\r\n%s\r\n", cases[i].lines);
        assert_int_equal(parse((co_text){text, (size_t)size}), size);
        assert_int_equal(request.keep_alive, cases[i].kept_in_1_0);
    }
}

static void promises_continue_only_for_a_body_h16(void **state)
{
    (void)state;
    ALL(parse_with, -417, "Expect: 200-ok\r\n", "Expect: 100-continue, x\r\n", "Expect: x\r\n",
        "Expect: 100-continue\r\nExpect: x\r\n");
    assert_int_equal(parse_with("Expect: 100-Continue\r\nContent-Length: 1\r\n"), 200);
    assert_true(request.expect_continue);
    assert_int_equal(parse_with("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"), 200);
    assert_true(request.expect_continue);
    ALL(parse_with, 200, "Expect:\r\n", "Expect: 100-continue\r\nContent-Length: 0\r\n");
    assert_int_equal(parse_with("Expect: 100-continue\r\n"), 200);
    assert_false(request.expect_continue);
    assert_true(parse(CO_TEXT("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n"
                              "\r\n")) > 0);
    assert_false(request.expect_continue);
}

static void refuses_repetition_that_peers_read_differently(void **state)
{
    (void)state;
    ALL(parse_with, -400, "Range: a\r\nrange: a\r\n", "If-Range: a\r\nIf-Range: a\r\n",
        "Authorization: a\r\nAuthorization: b\r\n", "Content-Type: a\r\nContent-Type: b\r\n");
    assert_int_equal(parse_with("Accept: a\r\nAccept: b\r\nUser-Agent: c\r\nUser-Agent: d\r\n"
                                "If-Modified-Since: e\r\nIf-Modified-Since: e\r\n"
                                "If-Unmodified-Since: e\r\nIf-Unmodified-Since: e\r\n"),
        200);
    assert_text(request.accept, "a");
    assert_text(request.user_agent, "c");
    assert_null(request.if_modified_since.at);
    assert_null(request.if_unmodified_since.at);
}

static void keeps_the_boundary_of_unexpected_bodies_h25(void **state)
{
    (void)state;
    ALL(parse_with, 200, "Content-Length: 5\r\n");
    assert_int_equal(request.method, CO_HTTP_GET);
    assert_int_equal(request.framing, CO_HTTP_LENGTH);
    assert_true(request.body_size == 5);
}

/* Every prefix gives what a fresh parser says of it, though it is the continuation of the last. */
static void assert_trickles(co_text text)
{
    static struct co_http1_request fresh;
    size_t scanned = 0;
    for (size_t size = 0; size <= text.size; size++) {
        /* A copy of exact size, so that sanitizers see any look beyond the end. */
        char *copy = malloc(size ? size : 1);
        if (size)
            memcpy(copy, text.at, size);
        size_t scanned_fresh = 0;
        ssize_t expected = co_http1_request_parse((co_text){copy, size}, &scanned_fresh, &fresh);
        memset(&request, 0xa5, sizeof request); /* nothing may be kept there */
        ssize_t rc = co_http1_request_parse((co_text){copy, size}, &scanned, &request);
        assert_int_equal(rc, expected);
        free(copy);
        if (rc != 0)
            return;
        assert_int_equal(scanned, scanned_fresh);
    }
}

static void gives_the_same_result_byte_by_byte(void **state)
{
    (void)state;
    assert_trickles(CO_TEXT("\r\nPUT http://a.b:80/c?d HTTP/1.1\r\nHost: e\r\nX:  \t f g  \r\n"
                            "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"));
    assert_trickles(CO_TEXT("GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n d"));
    assert_trickles(CO_TEXT("GET / HTTP/2.1\r\n"));
    assert_trickles(CO_TEXT("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\nExpect: b\r\n\r\n"));
    static char text[2048];
    assert_trickles((co_text){text, fields(text, CO_HTTP1_FIELDS_MAX)});
    assert_trickles((co_text){text, fields(text, CO_HTTP1_FIELDS_MAX + 1)});
}

static void finds_fields_without_case(void **state)
{
    (void)state;
    assert_int_equal(parse_with("X-a: 1\r\nx-A: 2\r\n"), 200);
    assert_text(co_http_field_find(request.fields, request.field_count, CO_TEXT("X-A")), "1");
    assert_null(co_http_field_find(request.fields, request.field_count, CO_TEXT("X")).at);
}

static void walks_lists_rfc9110_5_6_1(void **state)
{
    (void)state;
    assert_int_equal(parse_with("L: a, ,\tb c ,\"d,\\\"e\",\r\nL:\r\nl: f;g=\"h,\r\n"), 200);
    struct co_http_walk walk = {
        .fields = request.fields, .count = request.field_count, .name = CO_TEXT("l")};
    const char *expected[] = {"a", "b c", "\"d,\\\"e\"", "f;g=\"h,"};
    co_text element;
    for (size_t i = 0; i < CO_LENGTH(expected); i++) {
        assert_true(co_http_walk_element(&walk, &element));
        assert_text(element, expected[i]);
    }
    assert_false(co_http_walk_element(&walk, &element));
    assert_false(co_http_walk_element(&walk, &element));
}

static void tells_tokens_and_field_values(void **state)
{
    (void)state;
    assert_true(co_http_is_token(CO_TEXT("a-B_9!#$%&'*+.^`|~")));
    const char *bad[] = {"", "a b", "a:", "\"", "a\x80", "(", "a\n", "{", "\x7f"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_false(co_http_is_token(co_text_of(bad[i])));
    assert_true(co_http_is_field_value((co_text){NULL, 0}));
    assert_true(co_http_is_field_value(CO_TEXT("a \t\x80\xff~")));
    /* Each control at each place of a vector and its tail. */
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 37; at++) {
            char text[37];
            memset(text, 'v', sizeof text);
            text[at] = (char)c;
            bool valid = c == '\t' || (c >= ' ' && c != 0x7f);
            assert_int_equal(co_http_is_field_value((co_text){text, sizeof text}), valid);
        }
    }
}

static void knows_reasons(void **state)
{
    (void)state;
    assert_string_equal(co_http_reason(100), "Continue");
    assert_string_equal(co_http_reason(404), "Not Found");
    assert_string_equal(co_http_reason(511), "Network Authentication Required");
    const int unknown[] = {-1, 0, 99, 299, 418, 509, 512, 999};
    for (size_t i = 0; i < CO_LENGTH(unknown); i++)
        assert_string_equal(co_http_reason(unknown[i]), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_request),
        cmocka_unit_test(notes_every_known_field),
        cmocka_unit_test(knows_methods_with_their_case),
        cmocka_unit_test(refuses_endless_methods_rfc9112_3),
        cmocka_unit_test(refuses_bytes_that_targets_may_not_hold),
        cmocka_unit_test(takes_each_target_form_for_its_methods_only_rfc9112_3_2),
        cmocka_unit_test(speaks_versions_1_only_rfc9110_2_5),
        cmocka_unit_test(limits_the_target_414),
        cmocka_unit_test(refuses_bare_cr_lf_nul_and_folding_h06),
        cmocka_unit_test(refuses_malformed_names_h04),
        cmocka_unit_test(limits_names_h05),
        cmocka_unit_test(limits_the_number_of_fields_h15),
        cmocka_unit_test(limits_the_head_exactly_h15),
        cmocka_unit_test(limits_the_head_as_it_trickles_in_h15),
        cmocka_unit_test(refuses_length_beside_coding_h01),
        cmocka_unit_test(refuses_malformed_lengths_h02_h10),
        cmocka_unit_test(refuses_other_codings_than_chunked_h03),
        cmocka_unit_test(demands_one_valid_host_h13),
        cmocka_unit_test(keeps_connections_as_the_peer_wants_rfc9112_9_3),
        cmocka_unit_test(promises_continue_only_for_a_body_h16),
        cmocka_unit_test(refuses_repetition_that_peers_read_differently),
        cmocka_unit_test(keeps_the_boundary_of_unexpected_bodies_h25),
        cmocka_unit_test(gives_the_same_result_byte_by_byte),
        cmocka_unit_test(finds_fields_without_case),
        cmocka_unit_test(walks_lists_rfc9110_5_6_1),
        cmocka_unit_test(tells_tokens_and_field_values),
        cmocka_unit_test(knows_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/http1_response.h"

#include <stdio.h>

static struct co_buf head;

/* Finds the head's end at every split, and reads it. */
static int parse_for(const char *text, enum co_http_method method, struct co_http1_response *ret)
{
    size_t size = strlen(text), scanned = 0;
    ssize_t end = co_http1_response_size((co_text){text, size}, &scanned);
    scanned = 0;
    for (size_t n = 0; n < size; n++) {
        ssize_t early = co_http1_response_size((co_text){text, n}, &scanned);
        if (early != 0) {
            assert_int_equal(early, end);
            break;
        }
    }
    if (end <= 0)
        return (int)end;
    co_buf_free(&head);
    head = CO_BUF(CO_HTTP1_RESPONSE_TEXT_MAX);
    co_buf_add(&head, text, (size_t)end);
    return co_http1_response_parse(&head, method, ret);
}

static int parse(const char *text, struct co_http1_response *ret)
{
    return parse_for(text, CO_HTTP_GET, ret);
}

static void reads_a_response(void **state)
{
    (void)state;
    struct co_http1_response response;
    assert_int_equal(
        parse("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA:  b \r\n\r\nHTTP", &response), 0);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.minor, 1);
    assert_text(response.reason, "OK");
    assert_int_equal(response.framing, CO_HTTP_LENGTH);
    assert_int_equal(response.body_size, 12);
    assert_true(response.keep_alive);
    assert_int_equal(response.field_count, 2);
    assert_text(response.fields[1].value, "b");
}

static void lets_pass_what_servers_do_and_nobody_reads_in_two_ways_rfc9112_2_2(void **state)
{
    (void)state;
    struct co_http1_response response;
    assert_int_equal(parse("HTTP/1.0 404\nContent-Length: 3\n\n", &response), 0);
    assert_int_equal(response.status, 404);
    assert_int_equal(response.reason.size, 0);
    assert_int_equal(response.body_size, 3);
    assert_int_equal(parse("HTTP/1.1 200 \r\nA: b\r\n c\r\n\td\nE: f\r\n\r\n", &response), 0);
    assert_int_equal(response.field_count, 2);
    assert_text(response.fields[0].value, "b   c  \td");
    assert_int_equal(
        parse("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\n", &response),
        0);
    assert_int_equal(response.body_size, 5);
}

/* A proxy takes them away (RFC 9112 5.1), so they mean nothing; but they hide a length from some.
 */
static void blanks_before_a_colon_are_passed_over_rfc9112_5_1(void **state)
{
    (void)state;
    static const char *const framing[] = {"Content-Length : 5", "Content-Length\t: 5",
        "Transfer-Encoding : chunked", "Content-Length: 5\r\ncontent-length : 5"};
    char text[128];
    struct co_http1_response response;
    const char *others = "HTTP/1.1 204 OK\r\nA : b\r\nConnection \t:\tclose\r\n\r\n";
    assert_int_equal(parse(others, &response), 0);
    assert_int_equal(response.field_count, 2);
    assert_text(response.fields[0].name, "A");
    assert_text(response.fields[0].value, "b");
    assert_false(response.keep_alive);
    for (size_t i = 0; i < CO_LENGTH(framing); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", framing[i]);
        assert_int_equal(parse(text, &response), CO_EHTTP);
    }
}

static void refuses_what_is_no_response(void **state)
{
    (void)state;
    static const char *const bad[] = {"SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "\r\nHTTP/1.1 200\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.x 200 OK\r\n\r\n",
        "HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\n : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA\x0b: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"};
    struct co_http1_response response;
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(parse(bad[i], &response), CO_EHTTP);
}

static void refuses_bodies_that_end_in_two_places_rfc9112_6_3(void **state)
{
    (void)state;
    static const char *const bad[] = {"Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: +5", "Content-Length: -1", "Content-Length: ", "Content-Length: 0x5",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: identity, gzip",
        "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "Transfer-Encoding: xchunked",
        "Transfer-Encoding:"};
    char text[256];
    struct co_http1_response response;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", bad[i]);
        assert_int_equal(parse(text, &response), CO_EHTTP);
    }
    assert_int_equal(
        parse("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &response), CO_EHTTP);
}

static void refuses_lengths_beyond_63_bits_h10(void **state)
{
    (void)state;
    struct co_http1_response response;
    const char *largest = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n";
    assert_int_equal(parse(largest, &response), 0);
    assert_int_equal(response.body_size, INT64_MAX);
    const char *larger = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n";
    assert_int_equal(parse(larger, &response), CO_EHTTP);
    const char *wrapped = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n";
    assert_int_equal(parse(wrapped, &response), CO_EHTTP);
}

static void knows_where_bodies_end_rfc9112_6_3(void **state)
{
    (void)state;
    struct co_http1_response response;
    assert_int_equal(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", &response), 0);
    assert_int_equal(response.framing, CO_HTTP_CHUNKED);
    assert_true(response.keep_alive);
    assert_int_equal(parse("HTTP/1.1 200 OK\r\n\r\n", &response), 0);
    assert_int_equal(response.framing, CO_HTTP_TO_END);
    assert_false(response.keep_alive);
    static const char *const without[] = {"HTTP/1.1 204 x", "HTTP/1.1 304 x", "HTTP/1.1 103 x"};
    char text[128];
    for (size_t i = 0; i < CO_LENGTH(without); i++) {
        snprintf(text, sizeof text, "%s\r\nContent-Length: 7\r\n\r\n", without[i]);
        assert_int_equal(parse(text, &response), 0);
        assert_int_equal(response.framing, CO_HTTP_NO_BODY);
        assert_true(response.keep_alive);
    }
    const char *sized = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    assert_int_equal(parse_for(sized, CO_HTTP_HEAD, &response), 0);
    assert_int_equal(response.framing, CO_HTTP_NO_BODY);
}

/* Servers do say both, or chunks twice. What comes behind it may have been meant for somebody else.
 */
static void chunks_overrule_a_length_and_end_the_connection_rfc9112_6_3(void **state)
{
    (void)state;
    static const char *const heads[] = {"Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: Chunked\r\nConnection: keep-alive",
        "Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked",
        "Content-Length: x\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked, Chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity, chunked"};
    char text[256];
    struct co_http1_response response;
    for (size_t i = 0; i < CO_LENGTH(heads); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", heads[i]);
        assert_int_equal(parse(text, &response), 0);
        assert_int_equal(response.framing, CO_HTTP_CHUNKED);
        assert_int_equal(response.body_size, 0);
        assert_false(response.keep_alive);
    }
}

/* RFC 2616 3.6: "identity" is no coding, and servers of that time say it. */
static void a_coding_that_is_none_says_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {
        "Transfer-Encoding: Identity", "Transfer-Encoding: identity, identity"};
    char text[256];
    struct co_http1_response response;
    for (size_t i = 0; i < CO_LENGTH(none); i++) {
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", none[i]);
        assert_int_equal(parse(text, &response), 0);
        assert_int_equal(response.framing, CO_HTTP_TO_END);
        snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: 5\r\n\r\n", none[i]);
        assert_int_equal(parse(text, &response), 0);
        assert_int_equal(response.body_size, 5);
        assert_false(response.keep_alive);
    }
}

static void knows_whether_the_connection_goes_on_rfc9112_9_3(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        bool keep_alive;
    } cases[] = {
        {"HTTP/1.1 204 x\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.1 204 x\r\nConnection: x, Close\r\n\r\n", false},
        {"HTTP/1.1 204 x\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.0 204 x\r\n\r\n", false},
        {"HTTP/1.0 204 x\r\nConnection: Keep-Alive\r\n\r\n", true},
    };
    struct co_http1_response response;
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(parse(cases[i].head, &response), 0);
        assert_int_equal(response.keep_alive, cases[i].keep_alive);
    }
}

/* "HTTP/1.1 200 OK", and one field that makes the head as long as that. */
static char *head_of(size_t size)
{
    static char text[CO_HTTP1_RESPONSE_HEAD_MAX + 2];
    memset(text, 'a', size);
    memcpy(text, "HTTP/1.1 200 OK\r\nA: ", 20);
    memcpy(text + size - 4, "\r\n\r\n", 5);
    return text;
}

static void a_head_has_a_size(void **state)
{
    (void)state;
    struct co_http1_response response;
    size_t scanned = 0;
    const char *text = head_of(CO_HTTP1_RESPONSE_HEAD_MAX);
    co_text all = {text, strlen(text)};
    assert_int_equal(co_http1_response_size(all, &scanned), CO_HTTP1_RESPONSE_HEAD_MAX);
    assert_int_equal(parse(text, &response), 0);
    assert_int_equal(response.fields[0].value.size, CO_HTTP1_RESPONSE_HEAD_MAX - 24);
    scanned = 0;
    text = head_of(CO_HTTP1_RESPONSE_HEAD_MAX + 1);
    all = (co_text){text, strlen(text)};
    assert_int_equal(co_http1_response_size(all, &scanned), CO_ETOOBIG);
}

static void a_head_has_so_many_fields(void **state)
{
    (void)state;
    struct co_http1_response response;
    static char text[8 * CO_HTTP1_RESPONSE_FIELDS_MAX];
    int size = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < CO_HTTP1_RESPONSE_FIELDS_MAX; i++)
        size += snprintf(text + size, 8, "a: b\r\n");
    snprintf(text + size, 4, "\r\n");
    assert_int_equal(parse(text, &response), 0);
    assert_int_equal(response.field_count, CO_HTTP1_RESPONSE_FIELDS_MAX);
    assert_text(response.fields[CO_HTTP1_RESPONSE_FIELDS_MAX - 1].value, "b");
    snprintf(text + size, 10, "a: b\r\n\r\n");
    assert_int_equal(parse(text, &response), CO_ETOOBIG);
}

/* What a small head takes is in proportion to it. */
static void a_small_head_takes_little_memory(void **state)
{
    (void)state;
    struct co_http1_response response;
    assert_int_equal(parse("HTTP/1.1 200 OK\r\nA: b\r\n\r\n", &response), 0);
    assert_true(head.room <= 512);
    co_buf_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_response),
        cmocka_unit_test(lets_pass_what_servers_do_and_nobody_reads_in_two_ways_rfc9112_2_2),
        cmocka_unit_test(blanks_before_a_colon_are_passed_over_rfc9112_5_1),
        cmocka_unit_test(refuses_what_is_no_response),
        cmocka_unit_test(refuses_bodies_that_end_in_two_places_rfc9112_6_3),
        cmocka_unit_test(refuses_lengths_beyond_63_bits_h10),
        cmocka_unit_test(knows_where_bodies_end_rfc9112_6_3),
        cmocka_unit_test(chunks_overrule_a_length_and_end_the_connection_rfc9112_6_3),
        cmocka_unit_test(a_coding_that_is_none_says_nothing),
        cmocka_unit_test(knows_whether_the_connection_goes_on_rfc9112_9_3),
        cmocka_unit_test(a_head_has_a_size),
        cmocka_unit_test(a_head_has_so_many_fields),
        cmocka_unit_test(a_small_head_takes_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

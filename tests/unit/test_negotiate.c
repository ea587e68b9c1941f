/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/negotiate.h"

#include <stdio.h>

#define MODIFIED 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define SAME     "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLIER  "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATER    "Sun, 06 Nov 1994 08:49:38 GMT"

static struct co_http1_request request;

static const struct co_validators present = {{"\"a\"", 3}, MODIFIED, true};
static const struct co_validators undated = {{NULL, 0}, -1, true};
static const struct co_validators absent = {{NULL, 0}, -1, false};

static void parse(const char *method, const char *lines)
{
    static char text[1024];
    size_t scanned = 0;
    int size = snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method, lines);
    assert_int_equal(
        co_http1_request_parse((co_text){text, (size_t)size}, &scanned, &request), size);
}

static int status(const char *method, const char *lines, const struct co_validators *validators)
{
    parse(method, lines);
    return co_precondition(&request, validators, MODIFIED + 1000);
}

static void if_none_match_compares_weakly_rfc9110_13_1_2(void **state)
{
    (void)state;
    const char *matching[] = {
        "\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b,\",W/\"a\"", "*", ",\t\"b\"\"a\"", "\"\\\",\"a\""};
    const char *other[] = {"\"b\"", "\"A\"", "a", "\"a", "w/\"a\"", "", "\"b\" , x, \"a\"", "**",
        "\"b c\", \"a\"", "W/", "\""};
    char line[64];
    for (size_t i = 0; i < CO_LENGTH(matching); i++) {
        snprintf(line, sizeof line, "If-None-Match: %s\r\n", matching[i]);
        assert_int_equal(status("GET", line, &present), 304);
        assert_int_equal(status("HEAD", line, &present), 304);
        assert_int_equal(status("PUT", line, &present), 412);
        assert_int_equal(status("GET", line, &absent), 200);
    }
    for (size_t i = 0; i < CO_LENGTH(other); i++) {
        snprintf(line, sizeof line, "If-None-Match: %s\r\n", other[i]);
        assert_int_equal(status("GET", line, &present), 200);
    }
    assert_int_equal(status("GET", "If-None-Match: *\r\n", &undated), 304);
    assert_int_equal(status("PUT", "If-None-Match: *\r\n", &absent), 200);
}

static void if_match_compares_strongly_rfc9110_13_1_1(void **state)
{
    (void)state;
    assert_int_equal(status("PUT", "If-Match: \"b\", \"a\"\r\n", &present), 200);
    assert_int_equal(status("PUT", "If-Match: W/\"a\"\r\n", &present), 412);
    assert_int_equal(status("GET", "If-Match: \"b\"\r\n", &present), 412);
    assert_int_equal(status("PUT", "If-Match: *\r\n", &present), 200);
    assert_int_equal(status("PUT", "If-Match: *\r\n", &absent), 412);
    assert_int_equal(status("PUT", "If-Match: \"a\"\r\n", &absent), 412);
    assert_int_equal(status("PUT", "If-Match: \"a\"\r\n", &undated), 412);
    assert_int_equal(status("PUT", "If-Match:\r\n", &present), 412);
}

static void tags_of_several_lines_are_one_list_rfc9110_5_3(void **state)
{
    (void)state;
    assert_int_equal(
        status("GET", "If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", &present), 304);
    assert_int_equal(status("PUT", "If-Match: \"b\"\r\nIf-Match: \"a\"\r\n", &present), 200);
}

static void dates_count_to_the_second_rfc9110_13_1_3(void **state)
{
    (void)state;
    assert_int_equal(status("GET", "If-Modified-Since: " SAME "\r\n", &present), 304);
    assert_int_equal(status("HEAD", "If-Modified-Since: " LATER "\r\n", &present), 304);
    assert_int_equal(status("GET", "If-Modified-Since: " EARLIER "\r\n", &present), 200);
    assert_int_equal(status("PUT", "If-Unmodified-Since: " SAME "\r\n", &present), 200);
    assert_int_equal(status("PUT", "If-Unmodified-Since: " EARLIER "\r\n", &present), 412);
    assert_int_equal(status("GET", "If-Unmodified-Since: " EARLIER "\r\n", &present), 412);
}

static void dates_are_ignored_where_they_do_not_apply(void **state)
{
    (void)state;
    assert_int_equal(status("POST", "If-Modified-Since: " SAME "\r\n", &present), 200);
    assert_int_equal(status("GET", "If-Modified-Since: yesterday\r\n", &present), 200);
    assert_int_equal(status("GET", "If-Modified-Since: " SAME "\r\n", &undated), 200);
    assert_int_equal(
        status("GET", "If-None-Match: \"b\"\r\nIf-Modified-Since: " SAME "\r\n", &present), 200);
    assert_int_equal(
        status("GET", "If-Modified-Since: " SAME "\r\nIf-Modified-Since: " SAME "\r\n", &present),
        200);
    assert_int_equal(status("PUT", "If-Unmodified-Since: 0\r\n", &present), 200);
    assert_int_equal(status("PUT", "If-Unmodified-Since: " EARLIER "\r\n", &absent), 200);
    assert_int_equal(
        status("PUT", "If-Match: \"a\"\r\nIf-Unmodified-Since: " EARLIER "\r\n", &present), 200);
}

static void preconditions_come_in_order_rfc9110_13_2_2(void **state)
{
    (void)state;
    assert_int_equal(status("GET", "If-None-Match: \"a\"\r\nIf-Match: \"b\"\r\n", &present), 412);
    assert_int_equal(status("GET", "If-None-Match: \"a\"\r\nIf-Match: \"a\"\r\n", &present), 304);
    assert_int_equal(status("OPTIONS", "If-Match: \"b\"\r\n", &present), 200);
    assert_int_equal(status("GET", "", &present), 200);
}

static bool if_range(const char *value, int64_t date)
{
    return co_if_range(co_text_of(value), &present, date, MODIFIED + 1000);
}

static void if_range_demands_strong_validators_rfc9110_13_1_5(void **state)
{
    (void)state;
    assert_true(if_range(NULL, 0));
    assert_true(if_range("\"a\"", 0));
    const char *bad[] = {"W/\"a\"", "\"b\"", "\"a\", \"a\"", "a", "", "*", EARLIER, LATER};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_false(if_range(bad[i], MODIFIED + 1000));
    assert_true(if_range(SAME, MODIFIED + 1));
    assert_false(if_range(SAME, MODIFIED));
    assert_false(co_if_range(CO_TEXT("\"a\""), &undated, 0, 0));
    assert_false(co_if_range(CO_TEXT(SAME), &undated, MODIFIED + 1, 0));
}

#define ALL (CO_CODING_IDENTITY | CO_CODING_GZIP | CO_CODING_BR | CO_CODING_ZSTD)

static void chooses_codings_by_q_then_by_our_order_rfc9110_12_5_3(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        unsigned available;
        enum co_coding expected;
    } cases[] = {
        {"gzip, deflate, br, zstd", ALL, CO_CODING_BR},
        {"gzip, deflate, br, zstd", CO_CODING_GZIP | CO_CODING_ZSTD, CO_CODING_ZSTD},
        {"gzip, deflate, br, zstd", CO_CODING_GZIP | CO_CODING_IDENTITY, CO_CODING_GZIP},
        {"gzip;q=0.8, br;q=0.5", ALL, CO_CODING_GZIP},
        {"gzip;q=0.501 , br ; Q=0.5", ALL, CO_CODING_GZIP},
        {"GZIP", ALL, CO_CODING_GZIP},
        {"x-gzip", ALL, CO_CODING_GZIP},
        {"*", ALL, CO_CODING_BR},
        {"*, br;q=0", ALL, CO_CODING_ZSTD},
        {"gzip;q=0.5, *;q=0", ALL, CO_CODING_GZIP},
        {"identity, gzip;q=0.5", ALL, CO_CODING_IDENTITY},
        {"gzip;q=0.001", ALL, CO_CODING_GZIP},
        {"identity;q=0, gzip;q=0.1", ALL, CO_CODING_GZIP},
        {"identity;q=0", CO_CODING_IDENTITY, CO_CODING_IDENTITY},
        {"gzip;q=0", ALL, CO_CODING_IDENTITY},
        {"gzip;q=0.000", ALL, CO_CODING_IDENTITY},
        {"*;q=0", ALL, CO_CODING_IDENTITY},
        {"", ALL, CO_CODING_IDENTITY},
        {"deflate", ALL, CO_CODING_IDENTITY},
        {"gzip;q=1.001", ALL, CO_CODING_IDENTITY},
        {"gzip;q=", ALL, CO_CODING_IDENTITY},
        {"gzip;q=.5", ALL, CO_CODING_IDENTITY},
        {"gzip;q=2", ALL, CO_CODING_IDENTITY},
        {"gzip;q=0.1234", ALL, CO_CODING_IDENTITY},
        {"gzip;q=-1", ALL, CO_CODING_IDENTITY},
        {"gzip;q=1.", ALL, CO_CODING_GZIP},
        {"br;q=0.9\r\nAccept-Encoding: gzip", ALL, CO_CODING_GZIP},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        char line[128];
        snprintf(line, sizeof line, "Accept-Encoding: %s\r\n", cases[i].value);
        parse("GET", line);
        if (co_coding_choose(&request, cases[i].available) != cases[i].expected)
            fail_msg("%s", cases[i].value);
    }
    parse("GET", "");
    assert_int_equal(co_coding_choose(&request, ALL), CO_CODING_IDENTITY);
}

static void names_codings_and_their_siblings(void **state)
{
    (void)state;
    assert_string_equal(co_coding_name(CO_CODING_ZSTD), "zstd");
    assert_string_equal(co_coding_name(CO_CODING_IDENTITY), "identity");
    assert_string_equal(co_coding_suffix(CO_CODING_GZIP), ".gz");
    assert_string_equal(co_coding_suffix(CO_CODING_IDENTITY), "");
}

static void accept_goes_by_the_closest_range_rfc9110_12_5_1(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool json;
    } cases[] = {
        {"application/json", true},
        {"Application/JSON; charset=utf-8", true},
        {"*/*", false},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false},
        {"application/json, */*;q=0.5", true},
        {"*/*, text/html;q=0.5", true},
        {"text/*;q=0.9, application/*", true},
        {"text/html, application/*", false},
        {"application/json;q=0.1, application/*, text/html;q=0.5", false},
        {"application/json;q=0", false},
        {"text/*;q=0.1\r\nAccept: application/json;q=0.2", true},
        {"application/jso*", false},
        {"applicatio*", false},
        {"/*", false},
        {"", false},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        char line[128];
        snprintf(line, sizeof line, "Accept: %s\r\n", cases[i].value);
        parse("GET", line);
        if (co_accept_prefers(&request, CO_TEXT("application/json"), CO_TEXT("text/html")) !=
            cases[i].json)
            fail_msg("%s", cases[i].value);
    }
    parse("GET", "");
    assert_false(co_accept_prefers(&request, CO_TEXT("application/json"), CO_TEXT("text/html")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_none_match_compares_weakly_rfc9110_13_1_2),
        cmocka_unit_test(if_match_compares_strongly_rfc9110_13_1_1),
        cmocka_unit_test(tags_of_several_lines_are_one_list_rfc9110_5_3),
        cmocka_unit_test(dates_count_to_the_second_rfc9110_13_1_3),
        cmocka_unit_test(dates_are_ignored_where_they_do_not_apply),
        cmocka_unit_test(preconditions_come_in_order_rfc9110_13_2_2),
        cmocka_unit_test(if_range_demands_strong_validators_rfc9110_13_1_5),
        cmocka_unit_test(chooses_codings_by_q_then_by_our_order_rfc9110_12_5_3),
        cmocka_unit_test(names_codings_and_their_siblings),
        cmocka_unit_test(accept_goes_by_the_closest_range_rfc9110_12_5_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/json.h"

#include <stdio.h>

/* What a text reads as: a letter for each token, the words in <>, '!' for a failure. `step`: bytes
 * that arrive at once. */
static const char *read_as(co_text text, size_t step)
{
    static char shape[4096];
    static const char letters[] = "?{}[]k\"#tfn";
    struct co_json json;
    size_t size = 0;
    int token = 0;
    co_json_start(&json, 64);
    for (size_t at = 0; at < text.size && token >= 0; at += step) {
        co_text input = {text.at + at, step < text.size - at ? step : text.size - at};
        while ((token = co_json_next(&json, &input)) > 0) {
            size += (size_t)snprintf(shape + size, sizeof shape - size, "%c", letters[token]);
            if (token >= CO_JSON_KEY && token <= CO_JSON_NUMBER)
                size += (size_t)snprintf(
                    shape + size, sizeof shape - size, "<%.*s>", CO_TEXT_PRINT(json.text));
        }
    }
    if (co_json_finish(&json) < 0)
        shape[size++] = '!';
    shape[size] = '\0';
    co_json_free(&json);
    return shape;
}

static void check(const char *text, const char *expected)
{
    for (size_t step = 1; step <= strlen(text) + 1; step++)
        assert_string_equal(read_as(co_text_of(text), step), expected);
}

static bool fails(const char *text)
{
    const char *shape = read_as(co_text_of(text), strlen(text) + 1);
    return strlen(shape) > 0 && shape[strlen(shape) - 1] == '!';
}

static void reads_values_of_every_kind(void **state)
{
    (void)state;
    check("{\"a\":[1,-2.5e+3,true],\"b\":{},\"c\":null}", "{k<a>[#<1>#<-2.5e+3>t]k<b>{}k<c>n}");
    check(" [ ] ", "[]");
    check("[false,\"\"]", "[f\"<>]");
    check("\"alone\"", "\"<alone>");
    check(" true ", "t");
    check("0 ", "#<0>");
    check("12", ""); /* the end makes it whole; it is not told */
}

static void undoes_escapes_rfc8259_7(void **state)
{
    (void)state;
    check("[\"\\\"\\\\\\/\\t\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"]",
        "[\"<\"\\/\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80>]");
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " ", "[", "]", "{]", "[}", "[1,]", "[,1]", "[1 2]",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{\"a\" 1}", "{\"a\",1}", "[\"a\":1]", "1 2",
        "[] []", "[]]", "{}}", "nul", "nulll", "True", "truefalse", "[tru]", "-", "+1", "01", "-01",
        "1.", ".5", "1e", "1e+", "1.e1", "0x1", "1-1", "NaN", "'a'", "\"a", "\"\\x\"", "\"\\u12\"",
        "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\udc00\"", "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"", "\"\n\"", "\"\x80\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
        "\xef\xbb\xbf[]", "/**/[]", "[]//", "[1]\v", ":", ","};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        if (!fails(bad[i]))
            fail_msg("taken for JSON: %s", bad[i]);
}

static void keeps_its_bounds(void **state)
{
    (void)state;
    char deep[2 * CO_JSON_DEPTH_MAX + 3] = "", longest[80] = "[\"";
    memset(deep, '[', CO_JSON_DEPTH_MAX);
    memset(deep + CO_JSON_DEPTH_MAX, ']', CO_JSON_DEPTH_MAX);
    assert_false(fails(deep));
    memset(deep, '[', CO_JSON_DEPTH_MAX + 1);
    memset(deep + CO_JSON_DEPTH_MAX + 1, ']', CO_JSON_DEPTH_MAX + 1);
    assert_true(fails(deep));
    memset(longest + 2, 'x', 64);
    strcpy(longest + 66, "\"]");
    assert_false(fails(longest));
    strcpy(longest + 66, "x\"]");
    assert_true(fails(longest));
}

static void a_failure_stays(void **state)
{
    (void)state;
    struct co_json json;
    co_text bad = CO_TEXT("]"), good = CO_TEXT("[]");
    co_json_start(&json, 8);
    assert_int_equal(co_json_next(&json, &bad), CO_EINVALID);
    assert_int_equal(co_json_next(&json, &good), CO_EINVALID);
    assert_int_equal(co_json_finish(&json), CO_EINVALID);
    co_json_free(&json);
}

static void a_nul_is_a_character_of_a_string(void **state)
{
    (void)state;
    struct co_json json;
    co_text text = CO_TEXT("\"a\\u0000b\"");
    co_json_start(&json, 8);
    assert_int_equal(co_json_next(&json, &text), CO_JSON_STRING);
    assert_true(co_text_equal(co_buf_text(&json.text), CO_TEXT("a\0b")));
    co_json_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_of_every_kind),
        cmocka_unit_test(undoes_escapes_rfc8259_7),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(keeps_its_bounds),
        cmocka_unit_test(a_failure_stays),
        cmocka_unit_test(a_nul_is_a_character_of_a_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

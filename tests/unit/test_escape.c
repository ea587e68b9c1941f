/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/escape.h"

#define FFFD "\xef\xbf\xbd"

typedef void escape_function(struct co_buf *out, co_text text);

static void assert_escaped(escape_function *escape, co_text text, const char *expected)
{
    struct co_buf out = CO_BUF(4096);
    escape(&out, text);
    assert_int_equal(out.error, 0);
    assert_int_equal(out.size, strlen(expected));
    if (out.size)
        assert_memory_equal(out.at, expected, out.size);
    co_buf_free(&out);
}

static void html_cannot_leave_content_or_quotes(void **state)
{
    (void)state;
    assert_escaped(co_escape_html, CO_TEXT("<a href='x' b=\"y\">&amp;"),
        "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;");
    assert_escaped(
        co_escape_html, CO_TEXT("a\tb\r\n\xc3\xa9 \xe2\x80\xae"), "a\tb\r\n\xc3\xa9 \xe2\x80\xae");
    assert_escaped(co_escape_html, CO_TEXT("\0\x1b\x7f\xc2\x9b"), FFFD FFFD FFFD FFFD);
    assert_escaped(co_escape_html, (co_text){0}, "");
}

static void json_strings_stay_strings(void **state)
{
    (void)state;
    assert_escaped(co_escape_json, CO_TEXT("a\"b\\c\n\r\t/\x01\x1f\0"),
        "a\\\"b\\\\c\\n\\r\\t/\\u0001\\u001f\\u0000");
    assert_escaped(co_escape_json, CO_TEXT("\xf0\x9f\x98\x80\xc3\xa9"), "\xf0\x9f\x98\x80\xc3\xa9");
    assert_escaped(co_escape_json, CO_TEXT("\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8"),
        "\\u007f\\u009b\\u202e\\u2028");
}

static void invalid_utf8_becomes_u_fffd_by_maximal_subparts(void **state)
{
    (void)state;
    const char *cases[][2] = {{"\xff"
                               "a",
                                  FFFD "a"},
        {"\x80\x80", FFFD FFFD}, {"\xc0\xaf", FFFD FFFD}, {"\xe0\x80\xaf", FFFD FFFD FFFD},
        {"\xed\xa0\x80", FFFD FFFD FFFD}, {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},
        {"\xf0\x9f\x98", FFFD},
        {"\xf0\x9f"
         "a",
            FFFD "a"},
        {"\xe2\x80", FFFD},
        {"\xe2"
         "<",
            FFFD "&lt;"},
        {"\xf5", FFFD}, {"\xc3", FFFD}};
    for (size_t i = 0; i < CO_LENGTH(cases); i++)
        assert_escaped(co_escape_html, co_text_of(cases[i][0]), cases[i][1]);
    assert_escaped(co_escape_json,
        CO_TEXT("\xc0\xaf\xe2\x82"
                "x"),
        FFFD FFFD FFFD "x");
}

static void log_lines_are_printable_ascii_m10(void **state)
{
    (void)state;
    assert_escaped(co_escape_log, CO_TEXT("GET /~a b"), "GET /~a b");
    assert_escaped(co_escape_log, CO_TEXT("\"\\\r\n\0\x1b[2J\x7f\xc3\xa9\xff"),
        "\\x22\\x5C\\x0D\\x0A\\x00\\x1B[2J\\x7F\\xC3\\xA9\\xFF");
}

static void terminals_are_not_steered_c08(void **state)
{
    (void)state;
    assert_escaped(co_escape_terminal, CO_TEXT("\xc3\xa9\xf0\x9f\x98\x80 \"\\"),
        "\xc3\xa9\xf0\x9f\x98\x80 \"\\");
    assert_escaped(
        co_escape_terminal, CO_TEXT("\x1b]0;\a\r\n\t\x7f"), "\\x1B]0;\\x07\\x0D\\x0A\\x09\\x7F");
    assert_escaped(co_escape_terminal,
        CO_TEXT("\xc2\x9b"
                "2J\x9b\xff"),
        "\\xC2\\x9B"
        "2J\\x9B\\xFF");
    const char *bidi[] = {"\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
    for (size_t i = 0; i < CO_LENGTH(bidi); i++) {
        struct co_buf out = CO_BUF(64);
        co_escape_terminal(&out, co_text_of(bidi[i]));
        assert_int_equal(out.size, 4 * strlen(bidi[i]));
        assert_int_equal(out.at[0], '\\');
        co_buf_free(&out);
    }
    assert_escaped(co_escape_terminal, CO_TEXT("\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"),
        "\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
}

static void ceiling_holds(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(8);
    co_escape_html(&out, CO_TEXT("1234567<8"));
    assert_int_equal(out.error, CO_ETOOBIG);
    assert_text(co_buf_text(&out), "1234567");
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_cannot_leave_content_or_quotes),
        cmocka_unit_test(json_strings_stay_strings),
        cmocka_unit_test(invalid_utf8_becomes_u_fffd_by_maximal_subparts),
        cmocka_unit_test(log_lines_are_printable_ascii_m10),
        cmocka_unit_test(terminals_are_not_steered_c08),
        cmocka_unit_test(ceiling_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

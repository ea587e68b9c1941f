/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/url.h"

static void assert_resolves(const char *base, const char *reference, const char *expected)
{
    struct co_url parsed;
    struct co_buf out = CO_BUF(1024);
    assert_int_equal(co_url_parse(co_text_of(base), &parsed), 0);
    assert_int_equal(co_url_resolve(&parsed, co_text_of(reference), &out), 0);
    assert_text(co_buf_text(&out), expected);
    co_buf_free(&out);
}

static void resolves_the_examples_of_rfc3986_5_4(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"}, {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"}, {"g?y#s", "http://a/b/c/g?y"}, {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"},
        {"..", "http://a/b/"}, {"../", "http://a/b/"}, {"../g", "http://a/b/g"},
        {"../..", "http://a/"}, {"../../g", "http://a/g"}, {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"}, {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"}, {"./g/.", "http://a/b/c/g/"}, {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"}, {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"http://h/", "http://h/"}, {"ftp:x", "ftp:x"}};
    for (size_t i = 0; i < CO_LENGTH(cases); i++)
        assert_resolves("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
}

static void keeps_the_port_but_not_the_user(void **state)
{
    (void)state;
    assert_resolves("https://u:p@[::1]:8443", "x", "https://[::1]:8443/x");
    assert_resolves("http://u@h:81/a", "?q", "http://h:81/a?q");
}

static void encodes_what_no_url_may_hold(void **state)
{
    (void)state;
    assert_resolves("http://h/", "a b\xc3\xa9\"<\\", "http://h/a%20b%C3%A9%22%3C\\");
    assert_resolves("http://h/", "x\r\nSet-Cookie: y", "http://h/x%0D%0ASet-Cookie:%20y");
    assert_resolves("http://h/", "1x:y", "http://h/1x:y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolves_the_examples_of_rfc3986_5_4),
        cmocka_unit_test(keeps_the_port_but_not_the_user),
        cmocka_unit_test(encodes_what_no_url_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

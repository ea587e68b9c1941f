/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/url.h"

#include <stdio.h>

static void takes_a_url_apart(void **state)
{
    (void)state;
    struct co_url url;
    co_text text = CO_TEXT("HTTPS://joe:p%40s:s@Example.org:8443/a/b%20c?q=/?@#f#g?/");
    assert_int_equal(co_url_parse(text, &url), 0);
    assert_text(url.scheme, "HTTPS");
    assert_text(url.user, "joe");
    assert_text(url.password, "p%40s:s");
    assert_text(url.host, "Example.org");
    assert_int_equal(url.port, 8443);
    assert_text(url.path, "/a/b%20c");
    assert_text(url.query, "q=/?@");
    assert_text(url.fragment, "f#g?/");
    assert_false(url.host_is_ipv6);
}

static void absent_parts_differ_from_empty_ones(void **state)
{
    (void)state;
    struct co_url url;
    assert_int_equal(co_url_parse(CO_TEXT("http://h"), &url), 0);
    assert_text(url.path, "");
    assert_null(url.user.at);
    assert_null(url.password.at);
    assert_null(url.query.at);
    assert_null(url.fragment.at);
    assert_int_equal(url.port, 0);
    assert_int_equal(co_url_parse(CO_TEXT("http://u@h?#"), &url), 0);
    assert_text(url.user, "u");
    assert_null(url.password.at);
    assert_text(url.path, "");
    assert_non_null(url.query.at);
    assert_non_null(url.fragment.at);
    assert_int_equal(url.query.size + url.fragment.size, 0);
}

static void in_urls_of_ftp_a_question_mark_is_of_the_path(void **state)
{
    (void)state;
    struct co_url url;
    const char *schemes[] = {"ftp", "FTPS", "ftpes"};
    for (size_t i = 0; i < CO_LENGTH(schemes); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s://h/a?b/c?#f", schemes[i]);
        assert_int_equal(co_url_parse(co_text_of(text), &url), 0);
        assert_text(url.path, "/a?b/c?");
        assert_null(url.query.at);
        assert_text(url.fragment, "f");
    }
    assert_int_equal(co_url_parse(CO_TEXT("ftp://h?/a"), &url), CO_EINVALID);
    assert_int_equal(co_url_parse(CO_TEXT("sftp://h/a?b"), &url), 0);
    assert_text(url.query, "b");
}

static void reads_ipv6_hosts_without_brackets(void **state)
{
    (void)state;
    struct co_url url;
    assert_int_equal(co_url_parse(CO_TEXT("http://[2001:db8::1]:80/"), &url), 0);
    assert_true(url.host_is_ipv6);
    assert_text(url.host, "2001:db8::1");
    assert_int_equal(url.port, 80);
    const char *good[] = {
        "[::]", "[::1]", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[1:2:3:4:5:6:7::]"};
    const char *bad[] = {"[]", "[:]", "[:::]", "[1::2::3]", "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4::5:6:7:8]", "[12345::]", "[g::]", "[::1%eth0]",
        "[::1%25eth0]", "[::1.2.3]", "[::01.2.3.4]", "[v1.x]", "[::1", "::1]", "[[::1]]", "[::1]x",
        "[::1]]", "[1.2.3.4]", "x[::1]",
        "[0000:0000:0000:0000:0000:0000:0000:00000000000000000000001]"};
    co_text host;
    uint16_t port;
    for (size_t i = 0; i < CO_LENGTH(good); i++)
        assert_int_equal(co_url_authority(co_text_of(good[i]), &host, &port), 0);
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_url_authority(co_text_of(bad[i]), &host, &port), CO_EINVALID);
    assert_int_equal(co_url_authority(CO_TEXT("[::1\0]"), &host, &port), CO_EINVALID);
}

static void refuses_urls_that_parsers_read_differently_c09(void **state)
{
    (void)state;
    const char *bad[] = {"", "/", "h", "//h/", "http:", "http:/h/", "http:h", "http://",
        "http:///p", "://h/", "1http://h/", "ht_tp://h/", "http ://h/", " http://h/", "http://h/ ",
        "http://h/\t", "http://h/\n", "http://h/a\\b", "http:\\\\h/", "http://h\\@g/",
        "http://a@b@h/", "http://a:b@c@h/", "http://a@b:c@h/", "http://%zz@h/", "http://a%4@h/",
        "http://[a]@h/", "http://h\x7f/", "http://h/\x7f", "http://h\xc3\xa9/", "http://h/\xc3\xa9",
        "http://h/<b>", "http://h/\"", "http://%68/", "http://h%2Fg/", "http://h%00/",
        "http://a b/", "http://@/", "http://u:p@/", "http://:80/", "http://h:80:80/", "http://?q",
        "http://#f", "http://h^g/"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        struct co_url url = {.port = 7};
        assert_int_equal(co_url_parse(co_text_of(bad[i]), &url), CO_EINVALID);
        assert_int_equal(url.port, 7);
    }
    struct co_url url;
    assert_int_equal(co_url_parse(CO_TEXT("http://h/\0"), &url), CO_EINVALID);
    assert_int_equal(co_url_parse((co_text){0}, &url), CO_EINVALID);
}

static void refuses_all_ipv4_but_dotted_quads_c09(void **state)
{
    (void)state;
    const char *good[] = {"1.2.3.4", "127.0.0.1:80", "255.255.255.255", "1.2.3.4.example", "4x",
        "0x1g", "1.2.3.4.5a", "a_b.example", "example.", "xn--bcher-kva.example", "1.0x.example"};
    const char *bad[] = {"1", "127.1", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
        "1.2.3.04", "0x7f.0.0.1", "0x7f000001", "2130706433", "a.1", "a.0x1", "a.0X", "0x",
        "1.2.3.0x4", "a.09.", "1.2.3.4.0x"};
    co_text host;
    uint16_t port;
    for (size_t i = 0; i < CO_LENGTH(good); i++)
        assert_int_equal(co_url_authority(co_text_of(good[i]), &host, &port), 0);
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_url_authority(co_text_of(bad[i]), &host, &port), CO_EINVALID);
}

static void checks_names_and_ports_rfc9112_3_2(void **state)
{
    (void)state;
    co_text host;
    uint16_t port;
    const char *bad[] = {"", ".", ".a", "a..b", "a..", "h:65536", "h:0", "h:+80", "h:-1", "h: 80",
        "h:80 ", "h:8a", "h/p", "h,g", "u@h", "h#", "h?", "h*", "h;", "h\r\n", ":", "[::1]:65536",
        "[::1]:x", "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_url_authority(co_text_of(bad[i]), &host, &port), CO_EINVALID);
    assert_int_equal(co_url_authority(CO_TEXT("h:65535"), &host, &port), 0);
    assert_int_equal(port, 65535);
    assert_int_equal(co_url_authority(CO_TEXT("h:"), &host, &port), 0);
    assert_int_equal(port, 0);
    assert_text(host, "h");
    char name[256];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    assert_int_equal(co_url_authority((co_text){name, 253}, &host, &port), 0);
    assert_int_equal(co_url_authority((co_text){name, 254}, &host, &port), CO_EINVALID);
}

static void paths_become_relative_to_the_root(void **state)
{
    (void)state;
    const char *cases[][2] = {{"/", ""}, {"/a", "a"}, {"/a/", "a/"}, {"/a/b", "a/b"}, {"//a", "a"},
        {"/a//b", "a/b"}, {"/a//", "a/"}, {"///", ""}, {"/.", ""}, {"/./a", "a"}, {"/a/.", "a/"},
        {"/a/./", "a/"}, {"/a/..", ""}, {"/a/../", ""}, {"/a/b/..", "a/"}, {"/a/b/../", "a/"},
        {"/a/b/../c", "a/c"}, {"/a/b/../../c", "c"}, {"/a//../b", "b"}, {"/...", "..."},
        {"/.a", ".a"}, {"/..a", "..a"}, {"/a..", "a.."}, {"/a.", "a."}, {"/%2e", ""},
        {"/a/%2E%2e/b", "b"}, {"/a/.%2e", ""}, {"/%252e%252e", "%2e%2e"}, {"/%252F", "%2F"},
        {"/a;b", "a;b"}, {"/..;/a", "..;/a"}, {"/a%20b", "a b"}, {"/\\..\\a", "\\..\\a"},
        {"/%5c..%5C", "\\..\\"}, {"/%c0%ae%c0%ae", "\xc0\xae\xc0\xae"}, {"/%FF", "\xff"},
        {"/a+b", "a+b"}, {"/%0a", "\n"}};
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        struct co_buf out = CO_BUF(4096);
        assert_int_equal(co_url_path_decode(co_text_of(cases[i][0]), &out), 0);
        assert_int_equal(out.size, strlen(cases[i][1]));
        if (out.size)
            assert_memory_equal(out.at, cases[i][1], out.size);
        co_buf_free(&out);
    }
}

static void assert_path_refused(co_text path, int error)
{
    struct co_buf out = CO_BUF(8);
    assert_int_equal(co_url_path_decode(path, &out), error);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

static void paths_never_leave_the_root(void **state)
{
    (void)state;
    const char *outside[] = {"/..", "/../", "/../a", "/a/../..", "/a/../../a", "//..", "/./..",
        "/%2e%2e", "/.%2E/a", "/a/%2e%2e/%2e./b", "/%2e%2e/%zz"};
    for (size_t i = 0; i < CO_LENGTH(outside); i++)
        assert_path_refused(co_text_of(outside[i]), CO_EOUTSIDE);
}

static void paths_refuse_what_no_name_can_hold(void **state)
{
    (void)state;
    const char *bad[] = {"", "a", "*", "/%2F", "/a%2fb", "/..%2f", "/%00", "/a%00.html", "/%",
        "/%4", "/%zz", "/%4z", "/a/%", "/%%41"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_path_refused(co_text_of(bad[i]), CO_EINVALID);
    assert_path_refused(CO_TEXT("/a\0b"), CO_EINVALID);
    assert_path_refused((co_text){0}, CO_EINVALID);
    assert_path_refused(CO_TEXT("/123456789"), CO_ETOOBIG);
    assert_path_refused(CO_TEXT("/1234//56789"), CO_ETOOBIG);
}

static void encoding_keeps_only_unreserved_rfc3986_2_3(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(256);
    co_url_encode(&out, CO_TEXT("aZ09-._~/ %&'\"<>:\\\n\xff\0"), false);
    assert_text(co_buf_text(&out), "aZ09-._~%2F%20%25%26%27%22%3C%3E%3A%5C%0A%FF%00");
    co_buf_clear(&out);
    co_url_encode(&out, CO_TEXT("a/b c"), true);
    assert_text(co_buf_text(&out), "a/b%20c");
    co_buf_free(&out);
}

static void query_values_are_found_and_decoded(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(64);
    co_text query = CO_TEXT("ab=1&a=x+y%2B%3d=z&a=2&empty&%62=b&bad=%4&none=");
    co_buf_add_char(&out, '<');
    assert_true(co_url_query_get(query, CO_TEXT("a"), &out));
    assert_text(co_buf_text(&out), "<x y+==z");
    out.size = 1;
    assert_true(co_url_query_get(query, CO_TEXT("empty"), &out));
    assert_true(co_url_query_get(query, CO_TEXT("none"), &out));
    assert_false(co_url_query_get(query, CO_TEXT("bad"), &out));
    assert_false(co_url_query_get(query, CO_TEXT("absent"), &out));
    assert_false(co_url_query_get((co_text){0}, CO_TEXT("a"), &out));
    assert_text(co_buf_text(&out), "<");
    assert_true(co_url_query_get(query, CO_TEXT("b"), &out));
    assert_text(co_buf_text(&out), "<b");
    co_buf_free(&out);
}

static void query_value_over_the_ceiling_is_not_there(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(2);
    assert_false(co_url_query_get(CO_TEXT("a=123"), CO_TEXT("a"), &out));
    assert_int_equal(out.size, 0);
    assert_int_equal(out.error, CO_ETOOBIG);
    co_buf_free(&out);
}

static void users_and_passwords_are_not_shown_c11(void **state)
{
    (void)state;
    static const char *const urls[][2] = {
        {"http://h/a@b?c@d", "http://h/a@b?c@d"},
        {"http://ann:secret@h/a@b", "http://***@h/a@b"},
        {"https://secret@[::1]:1/", "https://***@[::1]:1/"},
        {"http://:secret@h", "http://***@h"},
        {"http://@h", "http://***@h"},
        {"http://ann:sec/ret@h", "http://***@h"},
        {"http://ann:sec@ret@h", "http://***@h"},
        {"http://ann:secret@", "http://***@"},
        {"ann:secret@h", "***@h"},
        {"none", "none"},
        {"", ""},
    };
    struct co_buf out = CO_BUF(64);
    for (size_t i = 0; i < CO_LENGTH(urls); i++) {
        co_buf_clear(&out);
        co_url_shown(co_text_of(urls[i][0]), &out);
        assert_text(co_buf_text(&out), urls[i][1]);
    }
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_url_apart),
        cmocka_unit_test(absent_parts_differ_from_empty_ones),
        cmocka_unit_test(in_urls_of_ftp_a_question_mark_is_of_the_path),
        cmocka_unit_test(reads_ipv6_hosts_without_brackets),
        cmocka_unit_test(refuses_urls_that_parsers_read_differently_c09),
        cmocka_unit_test(refuses_all_ipv4_but_dotted_quads_c09),
        cmocka_unit_test(checks_names_and_ports_rfc9112_3_2),
        cmocka_unit_test(paths_become_relative_to_the_root),
        cmocka_unit_test(paths_never_leave_the_root),
        cmocka_unit_test(paths_refuse_what_no_name_can_hold),
        cmocka_unit_test(encoding_keeps_only_unreserved_rfc3986_2_3),
        cmocka_unit_test(query_values_are_found_and_decoded),
        cmocka_unit_test(query_value_over_the_ceiling_is_not_there),
        cmocka_unit_test(users_and_passwords_are_not_shown_c11),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What WHATWG's standard and RFC 3986 read alike is read so; what they do not is refused. */
#include "codec/idna.h"
#include "codec/url.h"
#include "test.h"

#define LONG_LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 66 */

struct row {
    const char *typed, *url;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct co_buf out = CO_BUF(2000), again = CO_BUF(2000);
        const char *why;
        int rc = co_url_typed(co_text_of(rows[i].typed), &out, &why);
        if (rc < 0)
            print_message("%s: %s\n", rows[i].typed, why);
        assert_int_equal(rc, 0);
        assert_null(why);
        assert_text(co_buf_text(&out), rows[i].url);
        assert_int_equal(co_url_typed(co_buf_text(&out), &again, &why), 0);
        assert_text(co_buf_text(&again), rows[i].url);
        co_buf_free(&out);
        co_buf_free(&again);
    }
}

static void reads_what_people_type(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://example.org", "http://example.org"},
        {"http://example.org/", "http://example.org/"},
        {"HTTP://Example.ORG/", "HTTP://Example.ORG/"},
        {"example.org", "http://example.org"},
        {"example.org/x", "http://example.org/x"},
        {"example.org?q", "http://example.org?q"},
        {"example.org#f", "http://example.org"},
        {"example.org:8080", "http://example.org:8080"},
        {"localhost:8000/f", "http://localhost:8000/f"},
        {"localhost", "http://localhost"},
        {"ftp.example.org/x", "http://ftp.example.org/x"},
        {"127.0.0.1", "http://127.0.0.1"},
        {"127.0.0.1:81/x", "http://127.0.0.1:81/x"},
        {"[::1]:81/x", "http://[::1]:81/x"},
        {"[::1]", "http://[::1]"},
        {"  http://h/  ", "http://h/"},
        {"\thttp://h/\r\n", "http://h/"},
        {" h ", "http://h"},
        {"http://h/a?b#c", "http://h/a?b"},
        {"http://h?a#b", "http://h?a"},
        {"http://h#b", "http://h"},
        {"https://h:443/", "https://h:443/"},
        {"http://h:/x", "http://h:/x"},
        {"http://user@h/", "http://user@h/"},
        {"http://user:pass@h/", "http://user:pass@h/"},
        {"http://us%40er:p%3Ass@h/", "http://us%40er:p%3Ass@h/"},
        {"ftp://h/x", "ftp://h/x"},
        {"ftp://h/what?.txt", "ftp://h/what?.txt"},
        {"FTPS://h/a?b/../c d?", "FTPS://h/c%20d?"},
        {"ftpes://u@h/?/./?#f", "ftpes://u@h/?/?"},
        {"ftp://h?x", "ftp://h/?x"},
        {"h/http://g/", "http://h/http://g/"},
        {"h?http://g/", "http://h?http://g/"},
        {"h/a:b@c", "http://h/a:b@c"},
        {"a_b.example", "http://a_b.example"},
        {"a-b.example.", "http://a-b.example."},
        {"xn--bcher-kva.example", "http://xn--bcher-kva.example"},
        {"1.2.3.4.example", "http://1.2.3.4.example"},
        {"3com.example", "http://3com.example"},
        {"0x7f.example", "http://0x7f.example"},
    };
    check(rows, CO_LENGTH(rows));
}

static void encodes_paths_and_queries(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://h/a b", "http://h/a%20b"},
        {"http://h/a%20b", "http://h/a%20b"},
        {"h/two words?and two", "http://h/two%20words?and%20two"},
        {"http://h/caf\xc3\xa9", "http://h/caf%C3%A9"},
        {"http://h/?q=caf\xc3\xa9", "http://h/?q=caf%C3%A9"},
        {"http://h/\xff", "http://h/%FF"},
        {"http://h/<a>", "http://h/%3Ca%3E"},
        {"http://h/\"a\"", "http://h/%22a%22"},
        {"http://h/{a}", "http://h/%7Ba%7D"},
        {"http://h/`a`", "http://h/%60a%60"},
        {"http://h/?a=\"b\"", "http://h/?a=%22b%22"},
        {"http://h/a'b", "http://h/a'b"},
        {"http://h/a[b]", "http://h/a[b]"},
        {"http://h/100%", "http://h/100%"},
        {"http://h/%zz", "http://h/%zz"},
        {"http://h/%2F%2e", "http://h/%2F%2e"},
        {"http://h/a/%2e%2E/b/.%2e/c/%2e/d%2e", "http://h/c/d%2e"},
        {"http://h/a;b=c,d", "http://h/a;b=c,d"},
        {"http://h/~a", "http://h/~a"},
        {"http://h/a+b?c+d", "http://h/a+b?c+d"},
        {"http://h/a??b?", "http://h/a??b?"},
        {"http://h//a//b", "http://h//a//b"},
        {"http://h/.", "http://h/"},
        {"http://h/..", "http://h/"},
        {"http://h/a/../b", "http://h/b"},
        {"http://h/a/./b", "http://h/a/b"},
        {"http://h/../../b", "http://h/b"},
        {"http://h/a/..", "http://h/"},
        {"http://h/a/b/../", "http://h/a/"},
        {"http://h/...", "http://h/..."},
        {"http://h/.a/..b", "http://h/.a/..b"},
        {"http://h/?a/../b", "http://h/?a/../b"},
        {"http://h/a\xe2\x80\xaf", "http://h/a%E2%80%AF"},
    };
    check(rows, CO_LENGTH(rows));
}

static void names_beyond_ascii_get_their_ascii_form_c10(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://b\xc3\xbc\x63her.example/", "http://xn--bcher-kva.example/"},
        {"b\xc3\xbc\x63her.example", "http://xn--bcher-kva.example"},
        {"http://B\xc3\x9c\x43HER.example:81/\xc3\xbc", "http://xn--bcher-kva.example:81/%C3%BC"},
        {"http://u@b\xc3\xbc\x63her.example/", "http://u@xn--bcher-kva.example/"},
        /* non-transitional: the sharp s and the final sigma are letters of their own */
        {"http://stra\xc3\x9f\x65.example/", "http://xn--strae-oqa.example/"},
        {"http://fa\xc3\x9f.de/", "http://xn--fa-hia.de/"},
        {"http://\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.com/", "http://xn--nxasmm1c.com/"},
        /* composed and decomposed are one name */
        {"http://bu\xcc\x88\x63her.example/", "http://xn--bcher-kva.example/"},
        {"http://\xe4\xbe\x8b\xe3\x81\x88.jp/", "http://xn--r8jz45g.jp/"},
        /* an ideographic full stop is a dot, full-width letters are letters */
        {"http://a\xe3\x80\x82\x62/", "http://a.b/"},
        {"http://\xef\xbd\x81\xef\xbd\x82.example/", "http://ab.example/"},
        {"http://exa\xc2\xadmple.org/", "http://example.org/"},
        {"http://m\xc3\xbcnchen.example./", "http://xn--mnchen-3ya.example./"},
        {"http://\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.example/",
            "http://xn--e1afmkfd.example/"},
    };
    check(rows, CO_LENGTH(rows));
}

static void refuse(const char *const *typed, size_t count, const char *part)
{
    for (size_t i = 0; i < count; i++) {
        struct co_buf out = CO_BUF(2000);
        const char *why;
        int rc = co_url_typed(co_text_of(typed[i]), &out, &why);
        if (rc == 0)
            print_message("%s became %.*s\n", typed[i], CO_TEXT_PRINT(co_buf_text(&out)));
        assert_int_equal(rc, CO_EINVALID);
        assert_int_equal(out.size, 0);
        assert_non_null(why);
        if (why && !strstr(why, part))
            print_message("%s: %s\n", typed[i], why);
        assert_non_null(why ? strstr(why, part) : NULL);
        co_buf_free(&out);
    }
}

static void refuses_what_is_read_differently_c09(void **state)
{
    (void)state;
    static const char *const slashes[] = {"http://h\\a", "http:\\\\h\\", "http:/\\h/",
        "http://h\\@g/", "http://a\\b@h/", "h\\x", "http://h/a\\b", "http://h/?a\\b", "\\\\h\\x"};
    static const char *const controls[] = {"http://h/a\tb", "ht\ntp://h/", "http://h\t.g/",
        "http://h/\x7f", "h\r\nX: y", "http://h/\x01/", "a\tb"};
    static const char *const twice[] = {
        "http://a@b@h/", "http://a:b@c@h/", "http://a@b:c@h/", "http://good@evil@h/", "a@b@h"};
    static const char *const numbers[] = {"http://2130706433/", "http://0177.0.0.1/",
        "http://0x7f000001/", "http://0x7f.1/", "http://127.1/", "http://127.0.1/",
        "http://127.0.0.01/", "http://256.0.0.1/", "http://1.2.3.4.5/", "http://127.0.0.0x1/",
        "http://127.0.0.1./", "http://0/", "http://00000000/", "2130706433", "0x7f.0x1", "127.1/x",
        "http://4294967296/", "http://1.2.3.08/", "http://0xg.1/"};
    static const char *const brackets[] = {"http://[::1", "http://[]/", "http://[::1%25eth0]/",
        "http://[fe80::1%eth0]/", "http://[v1.x]/", "http://[::1]x/", "http://[1.2.3.4]/",
        "http://[:::]/", "http://[::1]:99999/", "http://[[::1]]/", "[g::]", "http://[::01.2.3.4]/"};
    refuse(slashes, CO_LENGTH(slashes) - 3, "");
    refuse(slashes + CO_LENGTH(slashes) - 3, 2, "backslash");
    refuse(controls, CO_LENGTH(controls), "control");
    refuse(twice, CO_LENGTH(twice), "@");
    refuse(numbers, CO_LENGTH(numbers), "number");
    refuse(brackets, CO_LENGTH(brackets), "IPv6");
}

static void refuses_what_is_no_host(void **state)
{
    (void)state;
    static const char *const none[] = {"", " ", "http://", "http:///x", "/x", "//", "?q", "#f",
        "http://?q", "http://#f", "http://:80/", "http://@/", "http://u:p@/", "://h/"};
    static const char *const names[] = {"http://a b/", "http://%68/", "http://h%2Fg/",
        "http://h%00/", "http://h^g/", "http://a..b/", "http://.a/", "http://a,b/", "http://a*b/",
        "http://<h>/", "http://h!/", "http://(h)/", "http://a|b/", "http://h~/", "http://h;g/",
        "http://" LONG_LABEL "/", "http://h'g/", "http://h&g/", "http://h=g/", "http://h$g/"};
    static const char *const schemes[] = {"mailto:ann@example.org", "data:,x",
        "javascript:alert(1)", "http:h", "http:/h/x", "https:h", "file:/etc/passwd", "user:pass@h",
        "tel:+123", "localhost:80x/", "h:80@g/", "urn:isbn:1"};
    static const char *const ports[] = {"http://h:0/", "http://h:65536/", "http://h:x/",
        "http://h:-1/", "http://h:+1/", "http://h:80:80/", "http://h:8 0/", "h:0", "h:65536/x"};
    refuse(none, CO_LENGTH(none), "");
    refuse(names, CO_LENGTH(names), "no name");
    refuse(schemes, CO_LENGTH(schemes), "//");
    refuse(ports, CO_LENGTH(ports), "port");
}

static void refuses_names_whose_mapping_is_none_c10(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "http://a\xe2\x84\x80.example/",                      /* a/c */
        "http://h\xef\xbc\x8fg/",                             /* full-width solidus */
        "http://h\xef\xbc\x9a\x38\x30/",                      /* full-width colon */
        "http://u\xef\xbc\xa0h/",                             /* full-width at */
        "http://h\xef\xbc\x83g/",                             /* full-width number sign */
        "http://h\xef\xbc\x9fg/",                             /* full-width question mark */
        "http://h\xef\xbc\x85\x32\x46/",                      /* full-width percent sign */
        "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", /* full-width digits */
        "http://0x7f\xe3\x80\x82\x31/",      /* a number behind an ideographic stop */
        "http://\xc3\xbc\xff.example/",      /* no UTF-8 */
        "http://\xed\xa0\x80.example/",      /* a surrogate */
        "http://\xe2\x80\x8b/",              /* a zero-width space alone */
        "http://\xc2\xad/",                  /* a soft hyphen alone */
        "http://\xcc\x81\x61.example/",      /* begins with a combining mark */
        "http://a\xe2\x80\xae\x62.example/", /* a bidirectional override */
        "http://\xf0\x9f\x98\x80%41.example/",
    };
    refuse(bad, CO_LENGTH(bad), "");
    struct co_buf out = CO_BUF(100);
    assert_int_equal(co_idna_to_ascii((co_text){"\xc3\xbc\0b", 4}, &out), CO_EINVALID);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

static void redirections_are_read_the_same_way(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"//b\xc3\xbc\x63her.example/a b", "http://xn--bcher-kva.example/a%20b"},
        {"http://b\xc3\xbc\x63her.example/a/../b", "http://xn--bcher-kva.example/b"},
        {"//g", "http://g"},
        {"//g/../x", "http://g/x"},
        {"//u@g:1/x", "http://u@g:1/x"},
        {"https://g?x", "https://g?x"},
    };
    struct co_url base;
    assert_int_equal(co_url_parse(CO_TEXT("http://u:p@h/a"), &base), 0);
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct co_buf out = CO_BUF(1000);
        assert_int_equal(co_url_resolve(&base, co_text_of(rows[i].typed), &out), 0);
        assert_text(co_buf_text(&out), rows[i].url);
        co_buf_free(&out);
    }
}

static void stays_within_the_buffers_ceiling(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(10);
    const char *why;
    assert_int_equal(co_url_typed(CO_TEXT("example.org/x"), &out, &why), CO_ETOOBIG);
    assert_null(why);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_people_type),
        cmocka_unit_test(encodes_paths_and_queries),
        cmocka_unit_test(names_beyond_ascii_get_their_ascii_form_c10),
        cmocka_unit_test(refuses_what_is_read_differently_c09),
        cmocka_unit_test(refuses_what_is_no_host),
        cmocka_unit_test(refuses_names_whose_mapping_is_none_c10),
        cmocka_unit_test(redirections_are_read_the_same_way),
        cmocka_unit_test(stays_within_the_buffers_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

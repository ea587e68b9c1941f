/* SPDX-License-Identifier: MIT */
/* The jar: what is set by whom, and who is told it. */
#include "cookies_rig.h"

static void names_and_values_are_taken_as_they_come(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://home.example.org/a", {"foo=bar"}, NULL, "foo=bar"},
        {NULL, {"foo = bar"}, NULL, "foo=bar"},
        {NULL, {" \t foo \t=\t bar \t"}, NULL, "foo=bar"},
        {NULL, {"foo=bar=baz"}, NULL, "foo=bar=baz"},
        {NULL, {"foo=bar;"}, NULL, "foo=bar"},
        {NULL, {"foo=bar; "}, NULL, "foo=bar"},
        {NULL, {"foo=bar;;;"}, NULL, "foo=bar"},
        {NULL, {"foo=bar; x; y=z"}, NULL, "foo=bar"},
        {NULL, {"foo=\"bar; baz\""}, NULL, "foo=\"bar"},
        {NULL, {"foo=\"bar baz\""}, NULL, "foo=\"bar baz\""},
        {NULL, {"foo=b,a,r"}, NULL, "foo=b,a,r"},
        {NULL, {"foo=a\tb"}, NULL, "foo=a\tb"},
        {NULL, {"foo="}, NULL, "foo="},
        {NULL, {"foo"}, NULL, "foo"},
        {NULL, {"=bar"}, NULL, "bar"},
        {NULL, {"==bar"}, NULL, "=bar"},
        {NULL, {"="}, NULL, ""},
        {NULL, {""}, NULL, ""},
        {NULL, {";"}, NULL, ""},
        {NULL, {"; foo=bar"}, NULL, ""},
        {NULL, {" ; Path=/"}, NULL, ""},
        {NULL, {"foo=\xc3\xa9"}, NULL, "foo=\xc3\xa9"},
        {NULL, {"foo=bar", "foo=qux"}, NULL, "foo=qux"},
        {NULL, {"foo=bar", "FOO=qux"}, NULL, "foo=bar; FOO=qux"},
        {NULL, {"a=1", "b=2", "a=3"}, NULL, "a=3; b=2"},
        {NULL, {"a=1", "", "b=2"}, NULL, "a=1; b=2"},
        {NULL, {"$Version=1"}, NULL, "$Version=1"},
        {NULL, {"Domain=x"}, NULL, "Domain=x"},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void control_bytes_are_refused_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://home.example.org/", {"foo=b\x01"}, NULL, ""},
        {NULL, {"f\x02oo=bar"}, NULL, ""},
        {NULL, {"foo=bar\r"}, NULL, ""},
        {NULL, {"foo=bar\nx"}, NULL, ""},
        {NULL, {"foo=bar\x7f"}, NULL, ""},
        {NULL, {"foo=bar\x1b[2J"}, NULL, ""},
        {NULL, {"foo=bar; Path=/\x08"}, NULL, ""},
        {NULL, {"foo=bar; x\x1f=y"}, NULL, ""},
    };
    co_cookies *jar = jar_new();
    struct co_cookie_place place = place_of("http://home.example.org/");
    try_all(rows, CO_LENGTH(rows));
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("foo=b\0r")), CO_EINVALID);
    co_cookies_free(jar);
}

static void domains_are_the_hosts_or_above_it_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://home.example.org/", {"a=1"}, "http://home.example.org/", "a=1"},
        {NULL, {"a=1"}, "http://example.org/", ""},
        {NULL, {"a=1"}, "http://x.home.example.org/", ""},
        {NULL, {"a=1; Domain=home.example.org"}, "http://x.home.example.org/", "a=1"},
        {NULL, {"a=1; Domain=.home.example.org"}, "http://x.home.example.org/", "a=1"},
        {NULL, {"a=1; Domain=example.org"}, "http://other.example.org/", "a=1"},
        {NULL, {"a=1; Domain=example.org"}, "http://example.org/", "a=1"},
        {NULL, {"a=1; Domain=.example.org"}, "http://a.b.example.org/", "a=1"},
        {NULL, {"a=1; Domain=EXAMPLE.Org"}, "http://HOME.example.ORG/", "a=1"},
        {NULL, {"a=1; Domain=..example.org"}, NULL, ""},
        {NULL, {"a=1; Domain=other.example.org"}, "http://other.example.org/", ""},
        {NULL, {"a=1; Domain=x.home.example.org"}, "http://x.home.example.org/", ""},
        {NULL, {"a=1; Domain=ome.example.org"}, NULL, ""},
        {NULL, {"a=1; Domain=xample.org"}, NULL, ""},
        {NULL, {"a=1; Domain=example.com"}, "http://example.com/", ""},
        {NULL, {"a=1; Domain=org"}, NULL, ""},
        {NULL, {"a=1; Domain=.org"}, NULL, ""},
        {NULL, {"a=1; Domain="}, NULL, "a=1"},
        {NULL, {"a=1; Domain"}, NULL, "a=1"},
        {NULL, {"a=1; Domain=."}, NULL, "a=1"},
        {NULL, {"a=1; Domain=example.com; Domain=example.org"}, NULL, "a=1"},
        {NULL, {"a=1; Domain=example.org; Domain=example.com"}, NULL, ""},
        {NULL, {"a=1; Domain=example.org; Domain="}, "http://example.org/", ""},
        {NULL, {"a=1; Domain=example.org:80"}, NULL, ""},
        {NULL, {"a=1; Domain= example.org "}, NULL, "a=1"},
        {NULL, {"a=1; Domain=*.example.org"}, NULL, ""},
        {NULL, {"a=1", "a=2; Domain=example.org"}, NULL, "a=1; a=2"},
        {"http://example.org:8080/", {"a=1"}, "http://example.org:9090/", "a=1"},
        {"http://badexample.org/", {"a=1; Domain=example.org"}, "http://example.org/", ""},
        {"http://example.org/", {"a=1; Domain=example.org"}, "http://badexample.org/", ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void nothing_is_set_for_a_public_suffix_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://a.co.uk/", {"a=1; Domain=co.uk"}, "http://b.co.uk/", ""},
        {NULL, {"a=1; Domain=.CO.uk"}, "http://a.co.uk/", ""},
        {NULL, {"a=1; Domain=uk"}, "http://a.co.uk/", ""},
        {NULL, {"a=1; Domain=a.co.uk"}, "http://x.a.co.uk/", "a=1"},
        {"http://co.uk/", {"a=1; Domain=co.uk"}, "http://co.uk/", "a=1"},
        {NULL, {"a=1; Domain=co.uk"}, "http://a.co.uk/", ""},
        {"http://me.github.io/", {"a=1; Domain=github.io"}, "http://you.github.io/", ""},
        {"http://a.b.kawasaki.jp/", {"a=1; Domain=b.kawasaki.jp"}, NULL, ""},
        {"http://a.city.kawasaki.jp/", {"a=1; Domain=city.kawasaki.jp"}, NULL, "a=1"},
        {"http://a.nosuchtld/", {"a=1; Domain=nosuchtld"}, NULL, ""},
        {"http://localhost/", {"a=1; Domain=localhost"}, "http://localhost/", "a=1"},
        {NULL, {"a=1; Domain=localhost"}, "http://x.localhost/", ""},
        {"http://x.localhost/", {"a=1; Domain=localhost"}, NULL, ""},
        {"http://a.xn--p1ai/", {"a=1; Domain=xn--p1ai"}, NULL, ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

/* A host with its dot is another one, and no way around the list of suffixes. */
static void a_dot_at_the_end_opens_nothing_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://a.example.com./", {"a=1; Domain=com."}, "http://b.com./", ""},
        {NULL, {"a=1; Domain=com"}, NULL, ""},
        {NULL, {"a=1; Domain=example.com."}, "http://b.example.com./", "a=1"},
        {NULL, {"a=1; Domain=example.com."}, "http://b.example.com/", ""},
        {NULL, {"a=1; Domain=example.com"}, "http://a.example.com/", ""},
        {NULL, {"a=1"}, "http://a.example.com/", ""},
        {NULL, {"a=1"}, "http://a.example.com./", "a=1"},
        {"http://a.co.uk/", {"a=1; Domain=co.uk."}, NULL, ""},
        {"http://a.co.uk./", {"a=1; Domain=co.uk."}, "http://b.co.uk./", ""},
        {"http://example.com/", {"a=1; Domain=example.com."}, NULL, ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void an_address_is_nobodys_subdomain_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://10.0.0.1/", {"a=1"}, "http://10.0.0.1/", "a=1"},
        {NULL, {"a=1; Domain=10.0.0.1"}, "http://10.0.0.1/", "a=1"},
        {NULL, {"a=1; Domain=.10.0.0.1"}, "http://10.0.0.1/", "a=1"},
        {NULL, {"a=1; Domain=0.0.1"}, "http://10.0.0.1/", ""},
        {NULL, {"a=1; Domain=1"}, "http://10.0.0.1/", ""},
        {NULL, {"a=1; Domain=0.0.0.1"}, NULL, ""},
        {"http://[::1]/", {"a=1"}, "http://[::1]/", "a=1"},
        {NULL, {"a=1; Domain=::1"}, "http://[::1]/", "a=1"},
        {NULL, {"a=1; Domain=1"}, NULL, ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void paths_end_at_slashes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://h.example/a/b/c", {"a=1"}, "http://h.example/a/b/x", "a=1"},
        {NULL, {"a=1"}, "http://h.example/a/b", "a=1"},
        {NULL, {"a=1"}, "http://h.example/a/b/", "a=1"},
        {NULL, {"a=1"}, "http://h.example/a/bc", ""},
        {NULL, {"a=1"}, "http://h.example/a", ""},
        {NULL, {"a=1; Path=/"}, "http://h.example", "a=1"},
        {NULL, {"a=1; Path=/a"}, "http://h.example/a/x/y", "a=1"},
        {NULL, {"a=1; Path=/a"}, "http://h.example/a?q", "a=1"},
        {NULL, {"a=1; Path=/a/"}, "http://h.example/a/x", "a=1"},
        {NULL, {"a=1; Path=/a/"}, "http://h.example/a", ""},
        {NULL, {"a=1; Path=/A"}, "http://h.example/a", ""},
        {NULL, {"a=1; Path=/x"}, "http://h.example/x", "a=1"},
        {NULL, {"a=1; Path=a"}, "http://h.example/a/b/", "a=1"},
        {NULL, {"a=1; Path="}, "http://h.example/x", ""},
        {NULL, {"a=1; Path"}, "http://h.example/a/b", "a=1"},
        {NULL, {"a=1; Path=/x; Path=/"}, "http://h.example/", "a=1"},
        {NULL, {"a=1; Path=/; Path=/x"}, "http://h.example/", ""},
        {NULL, {"a=1; Path=\"/\""}, "http://h.example/", ""},
        {NULL, {"a=1; path = / "}, "http://h.example/", "a=1"},
        {NULL, {"a=1; Path=/%61"}, "http://h.example/a", ""},
        {"http://h.example", {"a=1"}, "http://h.example/x", "a=1"},
        {"http://h.example/x", {"a=1"}, "http://h.example/", "a=1"},
        {"http://h.example/x/", {"a=1"}, "http://h.example/x/y", "a=1"},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void longer_paths_and_older_cookies_come_first(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://h.example/a/b/c", {"a=1; Path=/", "b=2; Path=/a/b", "c=3; Path=/a"}, NULL,
            "b=2; c=3; a=1"},
        {NULL, {"a=1; Path=/a", "b=2; Path=/a", "c=3; Path=/a"}, NULL, "a=1; b=2; c=3"},
        {NULL, {"a=1; Path=/a", "b=2; Path=/a", "a=4; Path=/a"}, NULL, "a=4; b=2"},
        {NULL, {"a=1; Path=/", "a=2; Path=/a", "a=3; Path=/a/b"}, NULL, "a=3; a=2; a=1"},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void secure_cookies_keep_to_tls_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://h.example/", {"a=1; Secure"}, "https://h.example/", "a=1"},
        {NULL, {"a=1; Secure"}, "http://h.example/", ""},
        {NULL, {"a=1; SECURE=no"}, "http://h.example/", ""},
        {NULL, {"a=1; secure ; x"}, "http://h.example/", ""},
        {NULL, {"a=1; Secured"}, "http://h.example/", "a=1"},
        {NULL, {"a=1"}, "http://h.example/", "a=1"},
        {NULL, {"a=1; HttpOnly"}, "http://h.example/", "a=1"},
        {"http://h.example/", {"a=1; Secure"}, "https://h.example/", ""},
        {"http://127.0.0.1/", {"a=1; Secure"}, "https://127.0.0.1/", ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void clear_text_covers_no_secure_cookie_c03(void **state)
{
    (void)state;
    static const struct {
        const char *kept, *set, *told; /* by https://a.example.org/x/y, and then by http there */
    } rows[] = {
        {"s=1; Secure", "s=2", "s=1"},
        {"s=1; Secure; Path=/", "s=2; Path=/x", "s=1"},
        {"s=1; Secure; Path=/x", "s=2; Path=/", "s=1; s=2"},
        {"s=1; Secure; Path=/x", "s=2; Path=/xy", "s=1"},
        {"s=1; Secure; Domain=example.org", "s=2", "s=1"},
        {"s=1; Secure", "s=2; Domain=example.org", "s=1"},
        {"s=1; Secure", "S=2", "s=1; S=2"},
        {"s=1; Secure", "s=; Max-Age=0", "s=1"},
        {"s=1", "s=2", "s=2"},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        co_cookies *jar = jar_new();
        set_all(jar, "https://a.example.org/x/y", (const char *const[SETS_MAX]){rows[i].kept});
        set_all(jar, "http://a.example.org/x/y", (const char *const[SETS_MAX]){rows[i].set});
        expect(jar, "https://a.example.org/x/y", rows[i].told);
        set_all(jar, "https://a.example.org/x/y", (const char *const[SETS_MAX]){rows[i].set});
        co_cookies_free(jar);
    }
}

static void prefixes_keep_their_promise_c03(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"https://a.example.org/", {"__Secure-a=1; Secure"}, NULL, "__Secure-a=1"},
        {NULL, {"__Secure-a=1"}, NULL, ""},
        {NULL, {"__secure-a=1"}, NULL, ""},
        {NULL, {"__Secure-a=1; Secure; Domain=example.org"}, "https://b.example.org/",
            "__Secure-a=1"},
        {NULL, {"__Host-a=1; Secure; Path=/"}, NULL, "__Host-a=1"},
        {NULL, {"__Host-a=1; Secure"}, NULL, ""},
        {NULL, {"__Host-a=1; Path=/"}, NULL, ""},
        {NULL, {"__Host-a=1; Secure; Path=/x"}, "https://a.example.org/x", ""},
        {NULL, {"__Host-a=1; Secure; Path=/; Domain=a.example.org"}, NULL, ""},
        {NULL, {"__HOST-a=1; Secure; Path=/; Domain=example.org"}, NULL, ""},
        {NULL, {"__Hosta=1"}, NULL, "__Hosta=1"},
        {NULL, {"=__Host-a=1"}, NULL, ""},
        {NULL, {"=__secure-a=1"}, NULL, ""},
        {NULL, {"__Host-"}, NULL, ""},
        {"http://a.example.org/", {"__Secure-a=1; Secure"}, "https://a.example.org/", ""},
        {NULL, {"__Host-a=1; Secure; Path=/"}, "https://a.example.org/", ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void cookies_end_when_they_should(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"http://h.example/", {"a=1; Max-Age=1"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=0"}, NULL, ""},
        {NULL, {"a=1; Max-Age=-1"}, NULL, ""},
        {NULL, {"a=1; Max-Age=-"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=+1"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=x"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=1x"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age="}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=99999999999999999999999999"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=-99999999999999999999999999"}, NULL, ""},
        {NULL, {"a=1", "a=2; Max-Age=0"}, NULL, ""},
        {NULL, {"a=1", "a=2; Max-Age=0; Path=/x"}, NULL, "a=1"},
        {NULL, {"a=1; Expires=Fri, 15 Jan 2027 08:00:01 GMT"}, NULL, "a=1"},
        {NULL, {"a=1; Expires=Fri, 15 Jan 2027 08:00:00 GMT"}, NULL, ""},
        {NULL, {"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, NULL, ""},
        {NULL, {"a=1; Expires=Mon, 01-Jan-1601 00:00:00 GMT"}, NULL, ""},
        {NULL, {"a=1; Expires=soon"}, NULL, "a=1"},
        {NULL, {"a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"}, NULL, "a=1"},
        {NULL, {"a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=0; Expires=Fri, 31 Dec 9999 23:59:59 GMT"}, NULL, ""},
        {NULL, {"a=1; Max-Age=0; Max-Age=9"}, NULL, "a=1"},
        {NULL, {"a=1; Max-Age=9; Max-Age=0"}, NULL, ""},
        {NULL, {"a=1; Max-Age=0; Max-Age=x"}, NULL, ""},
    };
    try_all(rows, CO_LENGTH(rows));
}

static void same_site_is_noted(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        enum co_same_site same_site;
    } rows[] = {
        {"a=1", CO_SAME_SITE_DEFAULT},
        {"a=1; SameSite=Strict", CO_SAME_SITE_STRICT},
        {"a=1; samesite=LAX", CO_SAME_SITE_LAX},
        {"a=1; SameSite=none", CO_SAME_SITE_NONE},
        {"a=1; SameSite=what", CO_SAME_SITE_DEFAULT},
        {"a=1; SameSite=Lax; SameSite=Strict", CO_SAME_SITE_STRICT},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct co_set_cookie set;
        assert_int_equal(co_set_cookie_parse(co_text_of(rows[i].set), &set), 0);
        assert_int_equal(set.same_site, rows[i].same_site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_taken_as_they_come),
        cmocka_unit_test(control_bytes_are_refused_c03),
        cmocka_unit_test(domains_are_the_hosts_or_above_it_c03),
        cmocka_unit_test(nothing_is_set_for_a_public_suffix_c03),
        cmocka_unit_test(a_dot_at_the_end_opens_nothing_c03),
        cmocka_unit_test(an_address_is_nobodys_subdomain_c03),
        cmocka_unit_test(paths_end_at_slashes),
        cmocka_unit_test(longer_paths_and_older_cookies_come_first),
        cmocka_unit_test(secure_cookies_keep_to_tls_c03),
        cmocka_unit_test(clear_text_covers_no_secure_cookie_c03),
        cmocka_unit_test(prefixes_keep_their_promise_c03),
        cmocka_unit_test(cookies_end_when_they_should),
        cmocka_unit_test(same_site_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

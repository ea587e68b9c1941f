/* SPDX-License-Identifier: MIT */
/* Which proxy leads where. */
#include "test.h"

#include "coronet.h"
#include "dial/proxies.h"
#include "dial/proxy.h"

/* ---- places without -------------------------------------------------------------------------- */

struct spared {
    const char *list, *host;
    uint16_t port;
    bool spared;
};

static const struct spared cases[] = {
    {NULL, "a.example", 80, false},
    {"", "a.example", 80, false},
    {" , ,", "a.example", 80, false},
    {"*", "a.example", 80, true},
    {"*", "10.0.0.1", 80, true},
    {"b.example,*", "a.example", 80, true},
    /* names and what is below them */
    {"example", "example", 80, true},
    {"example", "EXAMPLE", 80, true},
    {"Example", "a.example", 80, true},
    {".example", "a.b.example", 80, true},
    {".example", "example", 80, true},
    {"*.example", "a.example", 80, true},
    {"example.", "a.example", 80, true},
    {"example", "a.example.", 80, true},
    {"example", "badexample", 80, false},
    {"a.example", "example", 80, false},
    {"exam", "example", 80, false},
    {".", "example", 80, false},
    {"x,y\tz  example", "a.example", 80, true},
    {"localhost", "localhost", 80, true},
    {"localhost", "127.0.0.1", 80, false},
    /* ports */
    {"example:81", "example", 80, false},
    {"example:80", "example", 80, true},
    {"example:x", "example", 80, false},
    {"example:", "example", 80, false},
    {"127.0.0.1:80", "127.0.0.1", 80, true},
    {"127.0.0.1:81", "127.0.0.1", 80, false},
    {"[::1]:80", "::1", 80, true},
    {"[::1]:81", "::1", 80, false},
    {"[::1", "::1", 80, false},
    /* addresses and networks */
    {"127.0.0.1", "127.0.0.1", 80, true},
    {"127.0.0.1", "127.0.0.2", 80, false},
    {"127.0.0.0/8", "127.9.9.9", 80, true},
    {"127.0.0.0/8", "128.0.0.1", 80, false},
    {"127.0.0.0/33", "127.0.0.1", 80, false},
    {"::1", "::1", 80, true},
    {"[::1]", "0:0::1", 80, true},
    {"2001:db8::/32", "2001:db8::7", 80, true},
    {"2001:db8::/32", "2001:db9::7", 80, false},
    {"10.0.0.0/8", "::ffff:10.0.0.1", 80, true},
    {"0.0.1", "127.0.0.1", 80, false},
    {"10.0.0.0/8", "10.example", 80, false},
};

static void places_without_a_proxy_are_found_in_the_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        const struct spared *one = &cases[i];
        if (co_proxies_spare(one->list, co_text_of(one->host), one->port) != one->spared)
            fail_msg("\"%s\" for %s:%u", one->list ? one->list : "", one->host, one->port);
    }
}

/* ---- choosing -------------------------------------------------------------------------------- */

static const char *choose(const struct co_proxies *proxies, const char *scheme)
{
    const char *url = co_proxies_choose(proxies, co_text_of(scheme), CO_TEXT("h"), 1);
    return url ? url : "none";
}

static void each_scheme_has_its_own_or_that_of_all(void **state)
{
    (void)state;
    const struct co_proxies proxies = {.http = "a", .https = "b", .ftp = "", .all = "d"};
    const struct co_proxies spared = {.all = "d", .none = "x h"};
    assert_string_equal(choose(&proxies, "http"), "a");
    assert_string_equal(choose(&proxies, "HTTPS"), "b");
    assert_string_equal(choose(&proxies, "ftp"), "d");
    assert_string_equal(choose(&proxies, "gopher"), "d");
    assert_string_equal(choose(&spared, "http"), "none");
    assert_string_equal(choose(&(struct co_proxies){.http = "a"}, "https"), "none");
    assert_string_equal(choose(&(struct co_proxies){.ftp = "a"}, "ftpes"), "a");
}

static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
    "ftp_proxy", "FTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"};

static void the_environment_is_read_as_curl_reads_it(void **state)
{
    (void)state;
    struct co_proxies proxies;
    for (size_t i = 0; i < CO_LENGTH(variables); i++)
        unsetenv(variables[i]);
    co_proxies_of_environment(&proxies);
    assert_true(!proxies.http && !proxies.https && !proxies.ftp && !proxies.all && !proxies.none);
    for (size_t i = 0; i < CO_LENGTH(variables); i++)
        setenv(variables[i], variables[i], 1);
    setenv("https_proxy", "", 1);
    unsetenv("no_proxy");
    unsetenv("http_proxy");
    co_proxies_of_environment(&proxies);
    assert_null(proxies.http); /* HTTP_PROXY is whatever a CGI program's client says: httpoxy */
    assert_string_equal(proxies.https, "HTTPS_PROXY");
    assert_string_equal(proxies.ftp, "ftp_proxy");
    assert_string_equal(proxies.all, "all_proxy");
    assert_string_equal(proxies.none, "NO_PROXY");
    setenv("http_proxy", "x", 1);
    co_proxies_of_environment(&proxies);
    assert_string_equal(proxies.http, "x");
    for (size_t i = 0; i < CO_LENGTH(variables); i++)
        unsetenv(variables[i]);
}

/* ---- URLs ------------------------------------------------------------------------------------ */

static void a_proxys_url_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *where;
        enum co_proxy_kind kind;
    } good[] = {
        {"http://h:8080", "h:8080", CO_PROXY_HTTP},
        {"h:8080/", "h:8080", CO_PROXY_HTTP},
        {"h", "h:1080", CO_PROXY_HTTP},
        {"HTTPS://h/", "h:443", CO_PROXY_HTTPS},
        {"socks4://h:1", "h:1", CO_PROXY_SOCKS4},
        {"Socks4a://h", "h:1080", CO_PROXY_SOCKS4A},
        {"socks5://[::1]", "[::1]:1080", CO_PROXY_SOCKS5},
        {"socks5h://127.0.0.1:9", "127.0.0.1:9", CO_PROXY_SOCKS5H},
    };
    struct co_proxy proxy;
    for (size_t i = 0; i < CO_LENGTH(good); i++) {
        assert_int_equal(co_proxy_parse(good[i].url, &proxy), 0);
        assert_string_equal(proxy.where, good[i].where);
        assert_int_equal(proxy.kind, good[i].kind);
        assert_int_equal(proxy.user.size, 0);
        co_proxy_end(&proxy);
    }
    assert_int_equal(co_proxy_parse("a%3Ann:s%40@h:1", &proxy), 0);
    assert_text(co_buf_text(&proxy.user), "a:nn");
    assert_text(co_buf_text(&proxy.password), "s@");
    co_proxy_end(&proxy);
}

static int refuse_all(void *arg)
{
    static const char *const bad[] = {"", "ftp://h", "socks6://ann:secret@h:1", "http://h:0",
        "http://", "h:1/path", "h:1?x", "h\r\nx", "http://ann:sec ret@h"};
    struct co_proxy proxy;
    (void)arg;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        bool good = co_proxy_parse(bad[i], &proxy) == CO_EINVALID &&
                    strstr(co_explain(CO_EINVALID), "is no proxy") &&
                    !strstr(co_explain(CO_EINVALID), "sec");
        co_proxy_end(&proxy);
        if (!good)
            return (int)i + 1;
    }
    return 0;
}

static void what_is_no_proxy_is_refused_without_its_password_c11(void **state)
{
    (void)state;
    assert_int_equal(co_run(refuse_all, NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_without_a_proxy_are_found_in_the_list),
        cmocka_unit_test(each_scheme_has_its_own_or_that_of_all),
        cmocka_unit_test(the_environment_is_read_as_curl_reads_it),
        cmocka_unit_test(a_proxys_url_is_taken_apart),
        cmocka_unit_test(what_is_no_proxy_is_refused_without_its_password_c11),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

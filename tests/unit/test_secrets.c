/* SPDX-License-Identifier: MIT */
/* Every change of place that a redirection can be, for every secret (attacks C01). */
#include "test.h"

#include "http/secrets.h"

enum change { SCHEME = 1, HOST = 2, PORT = 4, STRAYED = 8, CHANGES = 16 };

static const struct co_pool_place asked = {
    .secure = true, .host = {"Www.Example.org", 15}, .port = 443};

static struct co_secret_way way_of(unsigned changes)
{
    struct co_secret_way way = {asked, asked, (changes & STRAYED) != 0};
    way.to.host = CO_TEXT("www.example.ORG");
    if (changes & SCHEME)
        way.to.secure = false;
    if (changes & HOST)
        way.to.host = CO_TEXT("www.example.com");
    if (changes & PORT)
        way.to.port = 8443;
    return way;
}

/* 2^4 changes for each kind: only one of them, none, lets a secret go, and a proxy's never does. */
static void only_the_place_that_was_asked_is_told_a_secret_c01(void **state)
{
    (void)state;
    for (enum co_secret secret = 0; secret < CO_SECRET_COUNT; secret++)
        for (unsigned changes = 0; changes < CHANGES; changes++) {
            const struct co_secret_way way = way_of(changes);
            assert_int_equal(
                co_secret_may_go(secret, &way), changes == 0 && secret != CO_SECRET_PROXY);
        }
}

/* Only names that say what is wanted are none; what is not known is a secret. */
static void a_header_is_a_secret_unless_it_says_what_is_wanted_c01(void **state)
{
    (void)state;
    static const char *const none[] = {"accept", "Accept-Language", "RANGE", "If-Range",
        "If-None-Match", "If-Modified-Since", "Content-Range", "Content-Type"};
    static const char *const secrets[] = {"Authorization", "Cookie", "Cookie2",
        "Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "Referer", "Origin", "Destination",
        "Accept-", "Rang", "", "Content-Disposition", "If"};
    for (size_t i = 0; i < CO_LENGTH(none); i++)
        assert_true(co_secret_is_none(co_text_of(none[i])));
    for (size_t i = 0; i < CO_LENGTH(secrets); i++)
        assert_false(co_secret_is_none(co_text_of(secrets[i])));
}

/* From clear text to TLS is another place, too: the certificate may be another's. */
static void a_secret_does_not_go_from_http_to_https_c01(void **state)
{
    (void)state;
    struct co_secret_way way = way_of(SCHEME);
    way.from = way.to;
    way.to = asked;
    assert_false(co_secret_may_go(CO_SECRET_USER, &way));
    assert_false(co_secret_may_go(CO_SECRET_HEADERS, &way));
}

static void neighbours_are_other_places_c01(void **state)
{
    (void)state;
    static const char *const neighbours[] = {"example.org", "www.example.org.", "a.www.example.org",
        "www.example.or", "ww.example.org", "www.example.org.evil.example", "www-example.org", ""};
    for (size_t i = 0; i < CO_LENGTH(neighbours); i++) {
        struct co_secret_way way = way_of(0);
        way.to.host = co_text_of(neighbours[i]);
        assert_false(co_secret_may_go(CO_SECRET_USER, &way));
    }
}

static void nobody_listens_in_tls_or_within_this_machine(void **state)
{
    (void)state;
    static const char *const within[] = {
        "localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.255.0.9", "::1"};
    static const char *const without[] = {"example.org", "localhost.example.org", "notlocalhost",
        "127.example.org", "127.0.0.1.example.org", "128.0.0.1", "12.7.0.1", "::2",
        "::ffff:127.0.0.1", ""};
    for (size_t i = 0; i < CO_LENGTH(within); i++) {
        struct co_pool_place place = {.host = co_text_of(within[i]), .port = 80};
        assert_true(co_secret_is_unheard(&place));
    }
    for (size_t i = 0; i < CO_LENGTH(without); i++) {
        struct co_pool_place place = {.host = co_text_of(without[i]), .port = 80};
        assert_false(co_secret_is_unheard(&place));
        place.secure = true;
        assert_true(co_secret_is_unheard(&place));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_place_that_was_asked_is_told_a_secret_c01),
        cmocka_unit_test(a_header_is_a_secret_unless_it_says_what_is_wanted_c01),
        cmocka_unit_test(a_secret_does_not_go_from_http_to_https_c01),
        cmocka_unit_test(neighbours_are_other_places_c01),
        cmocka_unit_test(nobody_listens_in_tls_or_within_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A case of the jar is who answers with which Set-Cookie fields, who is asked next, and the Cookie
 * field that he is told. */
#ifndef CO_TEST_COOKIES_RIG_H
#define CO_TEST_COOKIES_RIG_H

#include "test.h"

#include "codec/url.h"
#include "http/cookies.h"

#include <stdio.h>

#define NOW      1800000000LL /* Fri, 15 Jan 2027 08:00:00 GMT */
#define SETS_MAX 6
#define TOLD_MAX (CO_COOKIES_TOLD_MAX + 1)

struct row {
    const char *from;           /* NULL: the row before's */
    const char *sets[SETS_MAX]; /* until NULL */
    const char *to, *told;      /* to NULL: as from */
};

static const uint64_t secret[2] = {1, 2};

static inline struct co_cookie_place place_of(const char *address)
{
    struct co_url url;
    assert_int_equal(co_url_parse(co_text_of(address), &url), 0);
    bool secure = co_text_equal_nocase(url.scheme, CO_TEXT("https"));
    return (struct co_cookie_place){secure, url.host, url.path, NOW};
}

static inline void set_all(co_cookies *jar, const char *from, const char *const sets[SETS_MAX])
{
    struct co_cookie_place place = place_of(from);
    for (size_t i = 0; i < SETS_MAX && sets[i]; i++)
        (void)co_cookies_set(jar, &place, co_text_of(sets[i]));
}

static inline void expect(co_cookies *jar, const char *to, const char *told)
{
    struct co_buf out = CO_BUF(TOLD_MAX);
    struct co_cookie_place place = place_of(to);
    assert_int_equal(co_cookies_tell(jar, &place, &out), 0);
    co_buf_add_char(&out, '\0');
    assert_int_equal(out.error, 0);
    assert_string_equal(out.at, told);
    co_buf_free(&out);
}

static inline co_cookies *jar_new(void)
{
    co_cookies *jar;
    assert_int_equal(co_cookies_make(&jar, secret), 0);
    return jar;
}

static inline void try_all(const struct row *rows, size_t count)
{
    const char *from = NULL;
    for (size_t i = 0; i < count; i++) {
        co_cookies *jar = jar_new();
        from = rows[i].from ? rows[i].from : from;
        set_all(jar, from, rows[i].sets);
        expect(jar, rows[i].to ? rows[i].to : from, rows[i].told);
        co_cookies_free(jar);
    }
}

#endif

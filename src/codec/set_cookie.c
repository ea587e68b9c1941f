/* SPDX-License-Identifier: MIT */
#include "codec/set_cookie.h"

#include "codec/charset.h"
#include "codec/cookie_date.h"

/* Any byte but the controls: those end names and files' lines (attacks C03). */
static bool is_clean(co_text text)
{
    return text.size == 0 || co_span_value(text.at, text.at + text.size) == text.at + text.size;
}

bool co_cookie_is_good(co_text name, co_text value)
{
    return name.size + value.size > 0 && name.size + value.size <= CO_COOKIE_BYTES_MAX &&
           is_clean(name) && is_clean(value);
}

/* Cuts at the first `mark`; the rest is what follows it, at NULL when there is none. */
static co_text cut(co_text *rest, char mark)
{
    co_text whole = *rest;
    ssize_t at = co_text_find(whole, mark);
    *rest = at < 0 ? (co_text){0} : (co_text){whole.at + at + 1, whole.size - (size_t)at - 1};
    return at < 0 ? whole : (co_text){whole.at, (size_t)at};
}

/* RFC 6265bis 5.6.2: digits, one minus before them. What is too large is as large as can be. */
static void take_max_age(co_text value, struct co_set_cookie *cookie)
{
    bool negative = co_text_starts(value, CO_TEXT("-"));
    co_text digits = co_text_after(value, negative);
    int64_t age = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (!co_is_digit(digits.at[i]))
            return;
        if (__builtin_mul_overflow(age, (int64_t)10, &age) ||
            __builtin_add_overflow(age, (int64_t)(digits.at[i] - '0'), &age))
            age = INT64_MAX;
    }
    if (digits.size == 0)
        return;
    cookie->has_max_age = true;
    cookie->max_age = negative ? -age : age;
}

static enum co_same_site same_site_of(co_text value)
{
    static const co_text names[] = {
        [CO_SAME_SITE_NONE] = CO_TEXT("None"),
        [CO_SAME_SITE_LAX] = CO_TEXT("Lax"),
        [CO_SAME_SITE_STRICT] = CO_TEXT("Strict"),
    };
    for (enum co_same_site one = CO_SAME_SITE_NONE; one <= CO_SAME_SITE_STRICT; one++)
        if (co_text_equal_nocase(value, names[one]))
            return one;
    return CO_SAME_SITE_DEFAULT;
}

/* RFC 6265bis 5.6.1 to 5.6.7: of an attribute that comes twice the last one counts. */
static void take_attribute(co_text name, co_text value, struct co_set_cookie *cookie)
{
    if (value.size > CO_COOKIE_ATTRIBUTE_MAX)
        return;
    if (co_text_equal_nocase(name, CO_TEXT("Expires"))) {
        if (co_cookie_date_read(value, &cookie->expires) == 0)
            cookie->has_expires = true;
    } else if (co_text_equal_nocase(name, CO_TEXT("Max-Age"))) {
        take_max_age(value, cookie);
    } else if (co_text_equal_nocase(name, CO_TEXT("Domain"))) {
        cookie->domain = co_text_after(value, co_text_starts(value, CO_TEXT(".")));
    } else if (co_text_equal_nocase(name, CO_TEXT("Path"))) {
        cookie->path = co_text_starts(value, CO_TEXT("/")) ? value : (co_text){0};
    } else if (co_text_equal_nocase(name, CO_TEXT("Secure"))) {
        cookie->secure = true;
    } else if (co_text_equal_nocase(name, CO_TEXT("HttpOnly"))) {
        cookie->http_only = true;
    } else if (co_text_equal_nocase(name, CO_TEXT("SameSite"))) {
        cookie->same_site = same_site_of(value);
    }
}

int co_set_cookie_parse(co_text text, struct co_set_cookie *ret)
{
    struct co_set_cookie cookie = {0};
    if (text.size > CO_SET_COOKIE_MAX)
        return CO_ETOOBIG;
    if (!is_clean(text))
        return CO_EINVALID;
    co_text rest = text, value = cut(&rest, ';');
    bool named = co_text_find(value, '=') >= 0;
    cookie.name = named ? co_text_trim(cut(&value, '=')) : (co_text){0};
    cookie.value = co_text_trim(value);
    if (cookie.name.size + cookie.value.size > CO_COOKIE_BYTES_MAX)
        return CO_ETOOBIG;
    if (cookie.name.size + cookie.value.size == 0)
        return CO_EINVALID;
    while (rest.at) {
        co_text attribute = cut(&rest, ';');
        co_text name = co_text_trim(cut(&attribute, '='));
        take_attribute(name, co_text_trim(attribute), &cookie);
    }
    *ret = cookie;
    return 0;
}

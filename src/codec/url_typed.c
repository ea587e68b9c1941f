/* SPDX-License-Identifier: MIT */
/*
 * URLs as people type them and pages contain them: what is missing is added, what no URL may hold
 * is encoded (WHATWG's URL standard), and what parsers read differently is refused with a reason
 * (attacks C09).
 */
#include "codec/url.h"

/* ---- schemes --------------------------------------------------------------------------------- */

static bool is_scheme_byte(char c)
{
    return (co_lower(c) >= 'a' && co_lower(c) <= 'z') || co_is_digit(c) || c == '+' || c == '-' ||
           c == '.';
}

/* Bytes before the first colon that could be a scheme's; 0: there is none. */
static size_t scheme_size(co_text text)
{
    size_t size = 0;
    while (size < text.size && is_scheme_byte(text.at[size]))
        size++;
    return size < text.size && text.at[size] == ':' ? size : 0;
}

/* "localhost:8000/x": digits and the end of an authority. */
static bool is_port(co_text text)
{
    size_t digits = 0;
    while (digits < text.size && co_is_digit(text.at[digits]))
        digits++;
    return digits > 0 && (digits == text.size || memchr("/?#", text.at[digits], 3));
}

/* Does it begin with a host? Nothing else may stand before a path that has no scheme. */
static bool lacks_scheme(co_text text, size_t scheme)
{
    return scheme == 0 || is_port(co_text_after(text, scheme + 1));
}

/* ---- reasons --------------------------------------------------------------------------------- */

static bool has_control(co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            return true;
    return false;
}

static co_text authority_of(co_text url)
{
    co_text rest = co_text_after(url, scheme_size(url) + 3);
    size_t size = 0;
    while (size < rest.size && !memchr("/?#", rest.at[size], 3))
        size++;
    return (co_text){rest.at, size};
}

static bool is_number_like(co_text host)
{
    return host.size > 0 && co_is_digit(host.at[0]);
}

static const char *fault_of_host(co_text host)
{
    ssize_t colon = co_text_find(host, ':');
    co_text name = {host.at, colon < 0 ? host.size : (size_t)colon};
    if (host.size > 0 && host.at[0] == '[')
        return "its IPv6 address or its port is malformed (zones cannot be had)";
    if (name.size == 0)
        return "it names no host";
    if (co_text_find(name, '%') >= 0)
        return "its host is no name that can be looked up";
    if (colon >= 0) {
        uint64_t port;
        if (co_text_number(co_text_after(host, name.size + 1), UINT16_MAX, &port) < 0 || port == 0)
            return "its port is none";
    }
    if (is_number_like(name))
        return "its host is a number that is read differently (an address is four decimal numbers)";
    return "its host is no name that can be looked up";
}

static const char *fault_of(co_text url)
{
    co_text authority = authority_of(url);
    ssize_t at = co_text_find(authority, '@');
    co_text host = at < 0 ? authority : co_text_after(authority, (size_t)at + 1);
    if (co_text_find(url, '\\') >= 0)
        return "it has a backslash, which some take for a slash";
    if (co_text_find(host, '@') >= 0)
        return "it has more than one @ before its path";
    return fault_of_host(host);
}

/* ---- all ------------------------------------------------------------------------------------- */

static co_text trim(co_text text)
{
    while (text.size > 0 && (unsigned char)text.at[0] <= ' ')
        text = co_text_after(text, 1);
    while (text.size > 0 && (unsigned char)text.at[text.size - 1] <= ' ')
        text.size--;
    return text;
}

int co_url_typed(co_text text, struct co_buf *out, const char **ret_why)
{
    struct co_url url = {0};
    struct co_buf whole = CO_BUF(out->size_max);
    size_t before = out->size;
    text = trim(text);
    size_t scheme = scheme_size(text);
    bool bare = lacks_scheme(text, scheme);
    *ret_why = NULL;
    if (has_control(text))
        *ret_why = "it has a tab or another control character in it";
    else if (!bare && !co_text_starts(co_text_after(text, scheme), CO_TEXT("://")))
        *ret_why = "behind its scheme there is no \"//\"";
    if (*ret_why)
        return CO_EINVALID;
    co_buf_add_string(&whole, bare ? "http://" : "");
    co_buf_add_text(&whole, text);
    int rc = whole.error ? whole.error : co_url_resolve(&url, co_buf_text(&whole), out);
    if (rc == 0 && co_url_parse(co_text_after(co_buf_text(out), before), &url) < 0) {
        *ret_why = fault_of(co_text_after(co_buf_text(out), before));
        rc = CO_EINVALID;
    }
    co_buf_free(&whole);
    if (rc < 0)
        out->size = before;
    return rc;
}

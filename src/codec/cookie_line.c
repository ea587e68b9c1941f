/* SPDX-License-Identifier: MIT */
#include "codec/cookie_line.h"

#include "codec/charset.h"

#define FIELDS    7
#define HTTP_ONLY CO_TEXT("#HttpOnly_")

/* No control bytes but tabs. */
static bool is_clean(co_text text)
{
    return text.size == 0 || co_span_value(text.at, text.at + text.size) == text.at + text.size;
}

static bool is_flag(co_text text, bool *ret)
{
    *ret = co_text_equal_nocase(text, CO_TEXT("TRUE"));
    return *ret || co_text_equal_nocase(text, CO_TEXT("FALSE"));
}

/* Some write a fraction of a second, which does not matter, and Python's jar writes nothing for a
 * cookie of the session. */
static bool read_seconds(co_text text, int64_t *ret)
{
    uint64_t seconds = 0;
    ssize_t point = co_text_find(text, '.');
    if (point > 0)
        text.size = (size_t)point;
    if (text.size && co_text_number(text, INT64_MAX, &seconds) < 0)
        return false;
    *ret = (int64_t)seconds;
    return true;
}

/* The last field may hold anything but a tab. Returns how many there are. */
static unsigned split(co_text line, co_text fields[FIELDS + 1])
{
    unsigned count = 0;
    ssize_t tab;
    do {
        tab = co_text_find(line, '\t');
        fields[count++] = tab < 0 ? line : (co_text){line.at, (size_t)tab};
        line = co_text_after(line, (size_t)tab + 1);
    } while (tab >= 0 && count <= FIELDS);
    return count;
}

int co_cookie_line_parse(co_text line, struct co_cookie_line *ret)
{
    co_text fields[FIELDS + 1] = {0};
    struct co_cookie_line cookie = {.http_only = co_text_starts(line, HTTP_ONLY)};
    if (cookie.http_only)
        line = co_text_after(line, HTTP_ONLY.size);
    if (line.size == 0 || line.at[0] == '#' || !is_clean(line))
        return CO_EINVALID;
    unsigned count = split(line, fields);
    if (count != FIELDS && count != FIELDS - 1)
        return CO_EINVALID;
    cookie.domain = co_text_after(fields[0], co_text_starts(fields[0], CO_TEXT(".")));
    cookie.path = fields[2];
    cookie.name = fields[5];
    cookie.value = fields[6];
    if (cookie.domain.size == 0 || !is_flag(fields[1], &cookie.subdomains) ||
        !is_flag(fields[3], &cookie.secure) || !read_seconds(fields[4], &cookie.expires))
        return CO_EINVALID;
    *ret = cookie;
    return 0;
}

static bool fits(co_text field)
{
    return is_clean(field) && co_text_find(field, '\t') < 0;
}

int co_cookie_line_write(const struct co_cookie_line *line, struct co_buf *out)
{
    if (!fits(line->domain) || !fits(line->path) || !fits(line->name) || !fits(line->value))
        return CO_EINVALID;
    if (line->http_only)
        co_buf_add_text(out, HTTP_ONLY);
    co_buf_addf(out, "%s%.*s\t%s\t%.*s\t%s\t%lld\t%.*s\t%.*s\n", line->subdomains ? "." : "",
        CO_TEXT_PRINT(line->domain), line->subdomains ? "TRUE" : "FALSE", CO_TEXT_PRINT(line->path),
        line->secure ? "TRUE" : "FALSE", (long long)line->expires, CO_TEXT_PRINT(line->name),
        CO_TEXT_PRINT(line->value));
    return out->error;
}

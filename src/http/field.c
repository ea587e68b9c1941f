/* SPDX-License-Identifier: MIT */
#include "http/field.h"

#include "codec/http1.h"

#include <errno.h>

/* Those of a message and its connection. */
static const co_text ours[] = {
    CO_TEXT("Connection"),
    CO_TEXT("Content-Length"),
    CO_TEXT("Date"),
    CO_TEXT("Keep-Alive"),
    CO_TEXT("Trailer"),
    CO_TEXT("Transfer-Encoding"),
    CO_TEXT("Upgrade"),
};

/* Those of what is sent; none may be there twice. */
static const co_text of_each[] = {
    CO_TEXT("Accept-Ranges"),
    CO_TEXT("Allow"),
    CO_TEXT("Content-Encoding"),
    CO_TEXT("Content-Range"),
    CO_TEXT("Content-Type"),
    CO_TEXT("ETag"),
    CO_TEXT("Last-Modified"),
    CO_TEXT("Location"),
};

static bool is_among(co_text name, const co_text *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (co_text_equal_nocase(name, names[i]))
            return true;
    return false;
}

bool co_http_may_set(co_text name, co_text value)
{
    return !is_among(name, ours, CO_LENGTH(ours)) && co_http_is_token(name) &&
           co_http_is_field_value(value);
}

int co_http_common_read(const char *line, co_text *ret_name, co_text *ret_value)
{
    co_text text = co_text_of(line);
    ssize_t colon = co_text_find(text, ':');
    co_text name = {line, colon < 0 ? 0 : (size_t)colon};
    co_text value = co_text_trim(co_text_after(text, name.size + 1));
    if (!co_http_is_token(name) || !co_http_is_field_value(value))
        return -EINVAL;
    if (is_among(name, ours, CO_LENGTH(ours)) || is_among(name, of_each, CO_LENGTH(of_each)))
        return -EEXIST;
    *ret_name = name;
    *ret_value = value;
    return 0;
}

void co_http_line_add(struct co_buf *lines, co_text name, co_text value)
{
    if (!co_buf_reserve(lines, name.size + value.size + 4))
        return;
    co_buf_add_text(lines, name);
    co_buf_add(lines, ": ", 2);
    co_buf_add_text(lines, value);
    co_buf_add(lines, "\r\n", 2);
}

/* Finds the first line of that name from `at` on, and its size. False when there is none. */
static bool line_find(const struct co_buf *lines, co_text name, size_t *at, size_t *ret_size)
{
    while (*at < lines->size) {
        co_text rest = co_text_after(co_buf_text(lines), *at);
        *ret_size = (size_t)co_text_find(rest, '\n') + 1;
        if (co_text_equal_nocase((co_text){rest.at, (size_t)co_text_find(rest, ':')}, name))
            return true;
        *at += *ret_size;
    }
    return false;
}

bool co_http_line_has(const struct co_buf *lines, co_text name)
{
    size_t at = 0, size;
    return line_find(lines, name, &at, &size);
}

void co_http_line_remove(struct co_buf *lines, co_text name)
{
    size_t at = 0, size;
    while (line_find(lines, name, &at, &size)) {
        memmove(lines->at + at, lines->at + at + size, lines->size - at - size);
        lines->size -= size;
    }
}

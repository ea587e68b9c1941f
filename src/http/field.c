/* SPDX-License-Identifier: MIT */
#include "http/field.h"

#include "codec/http1.h"

bool co_http_may_set(co_text name, co_text value)
{
    static const co_text ours[] = {
        CO_TEXT("Connection"),
        CO_TEXT("Content-Length"),
        CO_TEXT("Date"),
        CO_TEXT("Keep-Alive"),
        CO_TEXT("Trailer"),
        CO_TEXT("Transfer-Encoding"),
        CO_TEXT("Upgrade"),
    };
    for (size_t i = 0; i < CO_LENGTH(ours); i++)
        if (co_text_equal_nocase(name, ours[i]))
            return false;
    return co_http_is_token(name) && co_http_is_field_value(value);
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

void co_http_line_remove(struct co_buf *lines, co_text name)
{
    size_t at = 0;
    while (at < lines->size) {
        co_text rest = co_text_after(co_buf_text(lines), at);
        size_t line = (size_t)co_text_find(rest, '\n') + 1;
        co_text own = {rest.at, (size_t)co_text_find(rest, ':')};
        if (!co_text_equal_nocase(own, name)) {
            at += line;
            continue;
        }
        memmove(lines->at + at, lines->at + at + line, rest.size - line);
        lines->size -= line;
    }
}

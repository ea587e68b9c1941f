/* SPDX-License-Identifier: MIT */
/*
 * A response's fields, made of the lines that the rooms above have made for HTTP/1. What is said
 * again and again (a cached file's head, the common fields) is taken apart once, and nghttp2 copies
 * nothing of it when it encodes the head at once: else names and values must stay until it does.
 */
#include "http/h2.h"

#include "http/response.h"

#include <errno.h>
#include <stdlib.h>

/* Lines that stay where they are, though their bytes may change. */
struct co_h2_lines {
    size_t count;
    nghttp2_nv fields[]; /* behind them their names, lower-case (RFC 9113 8.2.1) */
};

static struct co_h2_lines *lines_new(co_text text)
{
    co_text rest = text, name, value;
    size_t count = 0, bytes = 0;
    for (; co_h2_line_next(&rest, &name, &value); count++)
        bytes += name.size;
    struct co_h2_lines *lines = malloc(sizeof *lines + count * sizeof *lines->fields + bytes);
    if (!lines)
        return NULL;
    lines->count = 0;
    char *to = (char *)(lines->fields + count);
    while (co_h2_line_next(&text, &name, &value)) {
        lines->fields[lines->count++] = co_h2_field((co_text){to, name.size}, value, 0);
        for (size_t i = 0; i < name.size; i++)
            *to++ = co_lower(name.at[i]);
    }
    return lines;
}

/* Lines of the moment. nghttp2 makes their names lower-case. */
static void add_lines(struct co_buf *fields, co_text lines, uint8_t flags)
{
    co_text name, value;
    while (co_h2_line_next(&lines, &name, &value)) {
        nghttp2_nv field = co_h2_field(name, value, flags & NGHTTP2_NV_FLAG_NO_COPY_VALUE);
        co_buf_add(fields, &field, sizeof field);
    }
}

static void add_kept(struct co_buf *fields, const struct co_h2_lines *lines, uint8_t flags)
{
    size_t size = lines->count * sizeof *lines->fields;
    nghttp2_nv *to = (nghttp2_nv *)(void *)co_buf_reserve(fields, size);
    if (!to)
        return;
    for (size_t i = 0; i < lines->count; i++) {
        to[i] = lines->fields[i];
        to[i].flags = flags;
    }
    fields->size += size;
}

/* Lines that stay; `kept` is where their fields are kept. */
static void add_staying(struct co_buf *fields, co_text lines, void **kept, uint8_t flags)
{
    if (lines.size == 0)
        return;
    if (!*kept)
        *kept = lines_new(lines);
    if (*kept)
        add_kept(fields, *kept, flags);
    else
        add_lines(fields, lines, flags);
}

void co_h2_fields_make(co_http_request *request, co_text status, co_text head, bool at_once)
{
    struct co_h2_store *store = ((struct co_h2_stream *)request->exchange)->h2->store;
    struct co_buf *fields = &store->fields;
    struct co_http_prepared *prepared = request->prepared;
    uint8_t flags = at_once ? NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE : 0;
    const nghttp2_nv first = co_h2_field(CO_TEXT(":status"), status, flags);
    co_text lines = co_text_after(head, (size_t)co_text_find(head, '\n') + 1);
    co_buf_clear(fields);
    co_buf_add(fields, &first, sizeof first);
    if (prepared && prepared->head.at == head.at)
        add_staying(fields, lines, &prepared->made, flags);
    else
        add_lines(fields, lines, flags);
    add_staying(fields, co_http_shard_common(request->shard, request->start_seconds),
        &store->common, flags);
    add_staying(fields, co_http_secure_lines(request), &store->secure, flags);
    add_lines(fields, co_buf_text(&request->fields), flags);
}

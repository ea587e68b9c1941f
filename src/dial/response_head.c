/* SPDX-License-Identifier: MIT */
#include "dial/response_head.h"

/* Waits for a whole head in the stream. Its size; CO_ETOOBIG when the stream cannot show it. */
static ssize_t await_head(co_stream *stream, bool *heard)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    ssize_t n = co_peek(stream, 1, &bytes);
    while (n > 0) {
        *heard = true;
        ssize_t size = co_http1_response_size((co_text){(const char *)bytes, (size_t)n}, &scanned);
        if (size != 0)
            return size;
        n = co_peek_more(stream, &bytes);
    }
    return n == 0 ? CO_EEOF : n;
}

/* Gathers a long head in text, from what the stream shows on. 0 or negative. */
static int gather_head(co_stream *stream, struct co_buf *text)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    for (;;) {
        ssize_t n = co_peek(stream, 1, &bytes);
        if (n <= 0)
            return n == 0 ? CO_EEOF : (int)n;
        size_t before = text->size, left = CO_HTTP1_RESPONSE_HEAD_MAX - before;
        size_t fits = (size_t)n < left ? (size_t)n : left;
        co_buf_add(text, bytes, fits);
        if (text->error)
            return text->error;
        ssize_t size = co_http1_response_size(co_buf_text(text), &scanned);
        if (size < 0)
            return (int)size;
        co_consume(stream, size > 0 ? (size_t)size - before : fits);
        if (size > 0) {
            text->size = (size_t)size;
            return 0;
        }
    }
}

/* Did the last call leave the beginning of a head? */
static bool has_begun(const struct co_buf *text)
{
    size_t scanned = 0;
    return text->size > 0 && co_http1_response_size(co_buf_text(text), &scanned) == 0;
}

static int take_head(co_stream *stream, struct co_buf *text, bool *heard)
{
    const uint8_t *bytes;
    if (has_begun(text))
        return gather_head(stream, text);
    co_buf_clear(text);
    ssize_t size = await_head(stream, heard);
    if (size == CO_ETOOBIG)
        return gather_head(stream, text);
    if (size < 0)
        return (int)size;
    ssize_t n = co_peek(stream, 0, &bytes);
    if (n < 0)
        return (int)n;
    co_buf_add(text, bytes, (size_t)size);
    if (text->error)
        return text->error;
    co_consume(stream, (size_t)size);
    return 0;
}

int co_response_head_next(co_stream *stream, enum co_http_method method, struct co_buf *text,
    struct co_http1_response *ret, bool *ret_heard)
{
    int rc = take_head(stream, text, ret_heard);
    return rc < 0 ? rc : co_http1_response_parse(text, method, ret);
}

/* RFC 9110 15.2: any number of 1xx may come first; 101 is the answer to a question never asked. */
int co_response_head_read(co_stream *stream, enum co_http_method method, struct co_buf *text,
    struct co_http1_response *ret, bool *ret_heard)
{
    for (unsigned i = 0; i <= CO_HTTP_INTERIM_MAX; i++) {
        int rc = co_response_head_next(stream, method, text, ret, ret_heard);
        if (rc < 0 || ret->status >= 200)
            return rc;
        if (ret->status == 101)
            break;
    }
    return CO_EHTTP;
}

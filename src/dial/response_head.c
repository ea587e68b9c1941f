/* SPDX-License-Identifier: MIT */
#include "dial/response_head.h"

/* Waits for a whole head. Returns its size. */
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

/* Takes a head off the stream into text of our own, and reads it. */
static int take_head(co_stream *stream, size_t size, enum co_http_method method,
    struct co_buf *text, struct co_http1_response *ret)
{
    const uint8_t *bytes;
    ssize_t n = co_peek(stream, 0, &bytes);
    if (n < 0)
        return (int)n;
    co_buf_clear(text);
    co_buf_add(text, bytes, size);
    if (text->error)
        return text->error;
    co_consume(stream, size);
    return co_http1_response_parse(text->at, size, method, ret);
}

int co_response_head_next(co_stream *stream, enum co_http_method method, struct co_buf *text,
    struct co_http1_response *ret, bool *ret_heard)
{
    ssize_t size = await_head(stream, ret_heard);
    return size < 0 ? (int)size : take_head(stream, (size_t)size, method, text, ret);
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

/* SPDX-License-Identifier: MIT */
#include "http/incoming.h"

#include <errno.h>

int co_http_incoming_consume(struct co_http_incoming *body)
{
    size_t shown = body->shown;
    body->shown = 0;
    return shown ? co_pace_consume(&body->pace, body->stream, shown) : 0;
}

/* What the stream has, whatever it means. */
static ssize_t peek(struct co_http_incoming *body, co_text *ret)
{
    const uint8_t *bytes;
    ssize_t n = co_pace_peek(&body->pace, body->stream, &bytes);
    *ret = (co_text){(const char *)bytes, n > 0 ? (size_t)n : 0};
    return n;
}

static ssize_t read_sized(struct co_http_incoming *body, void *ret_bytes, size_t size)
{
    if (body->left == 0)
        return 0;
    if (size > body->left)
        size = (size_t)body->left;
    ssize_t n = co_pace_read(&body->pace, body->stream, ret_bytes, size);
    body->left -= n > 0 ? (uint64_t)n : 0;
    return n == 0 ? CO_EEOF : n;
}

static ssize_t next_sized(struct co_http_incoming *body, co_text *ret)
{
    if (body->left == 0)
        return 0;
    ssize_t n = peek(body, ret);
    if (n <= 0)
        return n == 0 ? CO_EEOF : n;
    if (ret->size > body->left)
        ret->size = (size_t)body->left;
    body->left -= ret->size;
    body->shown = ret->size;
    return (ssize_t)ret->size;
}

/* The decoder never sees more than size_max bytes, so that is how large a piece can be. */
static ssize_t next_chunk(struct co_http_incoming *body, size_t size_max, co_text *ret)
{
    for (;;) {
        co_text input;
        ssize_t n = peek(body, &input);
        if (n <= 0)
            return n == 0 ? CO_EEOF : n;
        const char *start = input.at;
        input.size = input.size < size_max ? input.size : size_max;
        int event = co_chunked_next(&body->chunked, &input, ret);
        body->shown = (size_t)(input.at - start);
        if (event == CO_CHUNK_DATA)
            return (ssize_t)ret->size;
        int rc = co_http_incoming_consume(body);
        if (event == CO_CHUNK_END || event < 0 || rc < 0)
            return event < 0 ? event : rc;
    }
}

static ssize_t read_chunk(struct co_http_incoming *body, void *ret_bytes, size_t size)
{
    co_text piece;
    ssize_t n = next_chunk(body, size, &piece);
    if (n > 0)
        memcpy(ret_bytes, piece.at, piece.size);
    int rc = co_http_incoming_consume(body);
    return rc < 0 ? rc : n;
}

static ssize_t next_to_end(struct co_http_incoming *body, co_text *ret)
{
    ssize_t n = peek(body, ret);
    body->shown = ret->size;
    return n;
}

static ssize_t next(struct co_http_incoming *body, co_text *ret)
{
    switch (body->framing) {
    case CO_HTTP_LENGTH: return next_sized(body, ret);
    case CO_HTTP_CHUNKED: return next_chunk(body, SIZE_MAX, ret);
    case CO_HTTP_TO_END: return next_to_end(body, ret);
    default: return 0;
    }
}

/* Before more is taken: 0, or why there is none. */
static ssize_t prepare(struct co_http_incoming *body)
{
    ssize_t n = co_http_incoming_consume(body);
    return body->error ? body->error : n;
}

static ssize_t note(struct co_http_incoming *body, ssize_t n)
{
    if (n == 0)
        body->ended = true;
    if (n < 0)
        body->error = (int)n;
    return n;
}

ssize_t co_http_incoming_next(struct co_http_incoming *body, co_text *ret)
{
    ssize_t n = prepare(body);
    if (n == 0 && !body->ended)
        n = next(body, ret);
    return note(body, n);
}

ssize_t co_http_incoming_read(struct co_http_incoming *body, void *ret_bytes, size_t size)
{
    ssize_t n = prepare(body);
    if (n == 0 && !body->ended)
        n = body->framing == CO_HTTP_CHUNKED ? read_chunk(body, ret_bytes, size)
                                             : read_sized(body, ret_bytes, size);
    return note(body, n);
}

static long splice_sized(struct co_http_incoming *body, int pipe_fd, size_t size)
{
    if (body->left == 0)
        return 0;
    if (size > body->left)
        size = (size_t)body->left;
    long n = co_pace_splice(&body->pace, body->stream, pipe_fd, size);
    body->left -= n > 0 ? (uint64_t)n : 0;
    return n == 0 ? CO_EEOF : n;
}

long co_http_incoming_splice(struct co_http_incoming *body, int pipe_fd, size_t size)
{
    long n = prepare(body);
    if (n == 0 && !body->ended && body->framing == CO_HTTP_LENGTH)
        n = splice_sized(body, pipe_fd, size);
    else if (n == 0 && !body->ended && body->framing == CO_HTTP_TO_END)
        n = co_pace_splice(&body->pace, body->stream, pipe_fd, size);
    else if (n == 0 && !body->ended)
        n = -EOPNOTSUPP;
    return n == -EOPNOTSUPP ? n : note(body, n);
}

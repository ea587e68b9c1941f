/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include "http/send.h"

#define SKIP_PIECE 1024 /* bytes on the stack */

void co_http_body_start(co_http_request *request)
{
    request->body_state = CO_HTTP_BODY_UNREAD;
    request->chunked = (struct co_chunked){0};
    request->body_bytes = 0;
    request->body_bytes_max = request->server->options.body_bytes_max;
    request->body_shown = 0;
    request->body_error = 0;
    request->continued = false;
}

static void consume_head(co_http_request *request)
{
    co_consume(request->stream, request->head_bytes);
    if (request->head.framing == CO_HTTP_NO_BODY) {
        request->body_state = CO_HTTP_BODY_DONE;
        return;
    }
    uint64_t limit_rate = request->writing.limit_rate; /* the visitor's, if there is one */
    request->body_state = CO_HTTP_BODY_READING;
    co_stream_align(request->stream, 0); /* if it is a file's, or a part at a round offset */
    co_pace_start(&request->reading, request->server->options.min_rate, limit_rate);
}

/*
 * Makes way for the body: the head's bytes go from the stream's buffer to a copy of our own, which
 * is parsed again so that every slice stays good.
 */
static int move_head(co_http_request *request)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    ssize_t n = co_peek(request->stream, 0, &bytes);
    if (n < 0)
        return (int)n;
    co_buf_clear(&request->kept);
    co_buf_add(&request->kept, bytes, request->head_bytes);
    if (request->kept.error)
        return request->kept.error;
    co_http1_request_parse(co_buf_text(&request->kept), &scanned, &request->head);
    consume_head(request);
    return 0;
}

static bool awaits_continue(const co_http_request *request)
{
    return request->head.expect_continue && !request->continued &&
           request->head.framing != CO_HTTP_NO_BODY;
}

/* RFC 9110 10.1.1: a client that waits for it gets a 100, unless it has begun to send the body or
 * we to respond. */
static int send_continue(co_http_request *request)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const uint8_t *bytes;
    if (!awaits_continue(request))
        return 0;
    request->continued = true;
    if (request->reply_state != CO_HTTP_REPLY_NONE || co_peek(request->stream, 0, &bytes) != 0)
        return 0;
    struct iovec piece = co_piece((co_text){text, sizeof text - 1});
    int rc = co_http_send(request, &piece, 1);
    return rc < 0 ? rc : co_http_flush(request);
}

bool co_http_body_is_malformed(const co_http_request *request)
{
    const uint8_t *bytes;
    struct co_chunked decoder = {0};
    if (CO_LIKELY(request->head.framing != CO_HTTP_CHUNKED))
        return false;
    ssize_t n = co_peek(request->stream, 0, &bytes);
    co_text input = {(const char *)bytes, n > 0 ? (size_t)n : 0}, piece;
    input = co_text_after(input, request->head_bytes);
    int event;
    do
        event = co_chunked_next(&decoder, &input, &piece);
    while (event == CO_CHUNK_DATA);
    return event < 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int consume_shown(co_http_request *request)
{
    size_t shown = request->body_shown;
    request->body_shown = 0;
    return shown ? co_pace_consume(&request->reading, request->stream, shown) : 0;
}

static ssize_t read_sized(co_http_request *request, void *ret_bytes, size_t size)
{
    uint64_t left = request->head.body_size - request->body_bytes;
    if (left == 0)
        return 0;
    ssize_t n = co_pace_read(
        &request->reading, request->stream, ret_bytes, size < left ? size : (size_t)left);
    return n == 0 ? CO_EEOF : n;
}

static ssize_t show_sized(co_http_request *request, co_text *ret)
{
    uint64_t left = request->head.body_size - request->body_bytes;
    const uint8_t *bytes;
    if (left == 0)
        return 0;
    ssize_t n = co_pace_peek(&request->reading, request->stream, &bytes);
    if (n <= 0)
        return n == 0 ? CO_EEOF : n;
    request->body_shown = (uint64_t)n < left ? (size_t)n : (size_t)left;
    *ret = (co_text){(const char *)bytes, request->body_shown};
    return (ssize_t)request->body_shown;
}

/* The decoder never sees more than size_max bytes, so that is how large a piece can be. */
static ssize_t show_chunked(co_http_request *request, size_t size_max, co_text *ret)
{
    for (;;) {
        const uint8_t *bytes;
        ssize_t n = co_pace_peek(&request->reading, request->stream, &bytes);
        if (n <= 0)
            return n == 0 ? CO_EEOF : n;
        co_text input = {(const char *)bytes, (size_t)n < size_max ? (size_t)n : size_max};
        int event = co_chunked_next(&request->chunked, &input, ret);
        request->body_shown = (size_t)(input.at - (const char *)bytes);
        if (event == CO_CHUNK_DATA)
            return (ssize_t)ret->size;
        int rc = consume_shown(request);
        if (event == CO_CHUNK_END || event < 0 || rc < 0)
            return event < 0 ? event : rc;
    }
}

static ssize_t read_chunked(co_http_request *request, void *ret_bytes, size_t size)
{
    co_text piece;
    ssize_t n = show_chunked(request, size, &piece);
    if (n > 0)
        memcpy(ret_bytes, piece.at, piece.size);
    int rc = consume_shown(request);
    return rc < 0 ? rc : n;
}

/* Books what was read, or the end. */
static ssize_t book(co_http_request *request, ssize_t n)
{
    if (n == 0)
        request->body_state = CO_HTTP_BODY_DONE;
    if (n > 0)
        request->body_bytes += (uint64_t)n;
    return request->body_bytes > request->body_bytes_max ? CO_ETOOBIG : n;
}

static ssize_t read_piece(co_http_request *request, void *ret_bytes, size_t size)
{
    return book(request, request->head.framing == CO_HTTP_CHUNKED
                             ? read_chunked(request, ret_bytes, size)
                             : read_sized(request, ret_bytes, size));
}

static ssize_t show_piece(co_http_request *request, co_text *ret)
{
    return book(request, request->head.framing == CO_HTTP_CHUNKED
                             ? show_chunked(request, SIZE_MAX, ret)
                             : show_sized(request, ret));
}

/* Before a piece is read. 0, or why there is none. */
static ssize_t prepare(co_http_request *request)
{
    ssize_t n = consume_shown(request);
    if (request->body_error)
        n = request->body_error;
    if (n == 0 && request->body_state == CO_HTTP_BODY_UNREAD)
        n = move_head(request);
    return n < 0 ? n : send_continue(request);
}

/* Failures stay. */
static ssize_t keep_error(co_http_request *request, ssize_t n)
{
    if (n < 0)
        request->body_error = (int)n;
    return n;
}

ssize_t co_http_read(co_http_request *request, void *ret_bytes, size_t size)
{
    ssize_t n = prepare(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = read_piece(request, ret_bytes, size);
    return keep_error(request, n);
}

ssize_t co_http_body_next(co_http_request *request, co_text *ret)
{
    ssize_t n = prepare(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = show_piece(request, ret);
    return keep_error(request, n);
}

/* ---- skipping ----------------------------------------------------------------------------- */

bool co_http_body_is_unwanted(const co_http_request *request)
{
    if (request->body_state == CO_HTTP_BODY_DONE)
        return false;
    if (request->body_error || awaits_continue(request))
        return true;
    return request->head.framing == CO_HTTP_LENGTH &&
           request->head.body_size - request->body_bytes > CO_HTTP_SKIP_MAX;
}

static void skip_rest(co_http_request *request)
{
    char piece[SKIP_PIECE];
    size_t skipped = 0;
    ssize_t n = 1;
    request->reading.limit_rate = 0; /* what nobody keeps need not come slowly */
    while (n > 0 && skipped <= CO_HTTP_SKIP_MAX) {
        n = read_piece(request, piece, sizeof piece);
        skipped += n > 0 ? (size_t)n : 0;
    }
}

bool co_http_body_skip(co_http_request *request)
{
    (void)consume_shown(request);
    if (co_http_body_is_unwanted(request))
        return false;
    if (request->body_state == CO_HTTP_BODY_UNREAD)
        consume_head(request);
    if (request->body_state == CO_HTTP_BODY_READING)
        skip_rest(request);
    return request->body_state == CO_HTTP_BODY_DONE;
}

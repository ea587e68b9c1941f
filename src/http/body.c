/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include "http/send.h"

#define SKIP_PIECE 1024 /* bytes on the stack */

void co_http_body_start(co_http_request *request)
{
    request->body_state = CO_HTTP_BODY_UNREAD;
    request->chunked = (struct co_chunked){0};
    request->body_bytes = 0;
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
    request->body_state = CO_HTTP_BODY_READING;
    co_pace_start(&request->reading, request->server->options.min_rate, 0);
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
    struct iovec piece = co_http_piece((co_text){text, sizeof text - 1});
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

static ssize_t read_sized(co_http_request *request, void *ret_bytes, size_t size)
{
    uint64_t left = request->head.body_size - request->body_bytes;
    if (left == 0)
        return 0;
    ssize_t n = co_pace_read(
        &request->reading, request->stream, ret_bytes, size < left ? size : (size_t)left);
    return n == 0 ? CO_EEOF : n;
}

/* Never shows the decoder more than there is room for, so a piece always fits. */
static ssize_t read_chunked(co_http_request *request, void *ret_bytes, size_t size)
{
    for (;;) {
        const uint8_t *bytes;
        co_text piece = {0};
        ssize_t n = co_pace_peek(&request->reading, request->stream, &bytes);
        if (n <= 0)
            return n == 0 ? CO_EEOF : n;
        co_text input = {(const char *)bytes, (size_t)n < size ? (size_t)n : size};
        int event = co_chunked_next(&request->chunked, &input, &piece);
        if (piece.size)
            memcpy(ret_bytes, piece.at, piece.size);
        co_consume(request->stream, (size_t)(input.at - (const char *)bytes));
        if (event == CO_CHUNK_END || event < 0)
            return event < 0 ? event : 0;
        if (event == CO_CHUNK_DATA)
            return (ssize_t)piece.size;
    }
}

static ssize_t read_piece(co_http_request *request, void *ret_bytes, size_t size)
{
    ssize_t n = request->head.framing == CO_HTTP_CHUNKED ? read_chunked(request, ret_bytes, size)
                                                         : read_sized(request, ret_bytes, size);
    if (n == 0)
        request->body_state = CO_HTTP_BODY_DONE;
    if (n > 0)
        request->body_bytes += (uint64_t)n;
    return request->body_bytes > request->server->options.body_bytes_max ? CO_ETOOBIG : n;
}

ssize_t co_http_read(co_http_request *request, void *ret_bytes, size_t size)
{
    ssize_t n = request->body_error;
    if (n == 0 && request->body_state == CO_HTTP_BODY_UNREAD)
        n = move_head(request);
    if (n == 0)
        n = send_continue(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = read_piece(request, ret_bytes, size);
    if (n < 0)
        request->body_error = (int)n;
    return n;
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
    while (n > 0 && skipped <= CO_HTTP_SKIP_MAX) {
        n = read_piece(request, piece, sizeof piece);
        skipped += n > 0 ? (size_t)n : 0;
    }
}

bool co_http_body_skip(co_http_request *request)
{
    if (co_http_body_is_unwanted(request))
        return false;
    if (request->body_state == CO_HTTP_BODY_UNREAD)
        consume_head(request);
    if (request->body_state == CO_HTTP_BODY_READING)
        skip_rest(request);
    return request->body_state == CO_HTTP_BODY_DONE;
}

/* SPDX-License-Identifier: MIT */
/* Messages of HTTP/1 on their connection (RFC 9112 6 and 7): heads as text, lengths and chunks. */
#include "http/transport.h"

#include "coronet/tls.h"
#include "http/response.h"
#include "http/send.h"

#include <errno.h>

/* ---- responses ---------------------------------------------------------------------------- */

/* How the head ends: Connection, where it differs from the version's default, and the empty line.
 */
static co_text head_end(const co_http_request *request)
{
    if (request->close)
        return CO_TEXT("Connection: close\r\n\r\n");
    if (request->head.minor == 0)
        return CO_TEXT("Connection: keep-alive\r\n\r\n");
    return CO_TEXT("\r\n");
}

static co_text framing_line(const co_http_request *request, enum co_http_reply_state next)
{
    if (next != CO_HTTP_REPLY_CHUNKED || request->status == 204 || request->status == 304)
        return (co_text){0};
    return CO_TEXT("Transfer-Encoding: chunked\r\n");
}

static int send_head(
    co_http_request *request, co_text head, co_text body, enum co_http_reply_state next)
{
    co_text end = head_end(request), framing = framing_line(request, next);
    struct iovec pieces[] = {
        co_piece(head),
        co_piece(framing),
        co_piece(co_http_shard_common(request->shard, request->start_seconds)),
        co_piece(co_http_secure_lines(request)),
        co_piece(co_buf_text(&request->fields)),
        co_piece(end),
        co_piece(body),
    };
    return co_http_send(request, pieces, CO_LENGTH(pieces));
}

static int write_piece(co_http_request *request, const void *bytes, size_t size)
{
    char line[18];
    bool chunked = request->reply_state == CO_HTTP_REPLY_CHUNKED;
    struct iovec pieces[] = {
        {line, chunked ? co_chunk_line(line, size) : 0},
        co_piece((co_text){bytes, size}),
        co_piece(chunked ? CO_TEXT("\r\n") : (co_text){0}),
    };
    int rc = co_http_send(request, pieces, CO_LENGTH(pieces));
    /* What comes piece by piece may be waited for: it must not lie in the cork. */
    if (rc == 0 && request->reply_state != CO_HTTP_REPLY_SIZED)
        rc = co_http_flush(request);
    return rc;
}

static int write_file(co_http_request *request, struct co_pace_span *span)
{
    int rc = co_pace_write_file(&request->writing, request->stream, span);
    request->held = 0; /* it went out before the file */
    return rc;
}

static int write_end(co_http_request *request)
{
    struct iovec last = co_piece(CO_TEXT("0\r\n\r\n"));
    return request->reply_state == CO_HTTP_REPLY_CHUNKED ? co_http_send(request, &last, 1) : 0;
}

/* ---- requests ----------------------------------------------------------------------------- */

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
static int open_body(co_http_request *request, bool keep)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    if (!keep) {
        consume_head(request);
        return 0;
    }
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

static int go_on(co_http_request *request)
{
    const uint8_t *bytes;
    if (co_peek(request->stream, 0, &bytes) != 0)
        return 0;
    struct iovec piece = co_piece(CO_TEXT("HTTP/1.1 100 Continue\r\n\r\n"));
    int rc = co_http_send(request, &piece, 1);
    return rc < 0 ? rc : co_http_flush(request);
}

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

static long splice_piece(co_http_request *request, int pipe_fd, size_t size)
{
    uint64_t left = request->head.body_size - request->body_bytes;
    if (request->head.framing != CO_HTTP_LENGTH)
        return -EOPNOTSUPP;
    if (left == 0)
        return 0;
    long n = co_pace_splice(
        &request->reading, request->stream, pipe_fd, size < left ? size : (size_t)left);
    return n == 0 ? CO_EEOF : n;
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

static ssize_t read_piece(co_http_request *request, void *ret_bytes, size_t size)
{
    return request->head.framing == CO_HTTP_CHUNKED ? read_chunked(request, ret_bytes, size)
                                                    : read_sized(request, ret_bytes, size);
}

static ssize_t show_piece(co_http_request *request, co_text *ret)
{
    return request->head.framing == CO_HTTP_CHUNKED ? show_chunked(request, SIZE_MAX, ret)
                                                    : show_sized(request, ret);
}

const struct co_http_transport co_http1_transport = {
    .major = 1,
    .head = send_head,
    .write = write_piece,
    .write_file = write_file,
    .end = write_end,
    .open_body = open_body,
    .go_on = go_on,
    .read = read_piece,
    .show = show_piece,
    .splice = splice_piece,
    .consume_shown = consume_shown,
};

/* SPDX-License-Identifier: MIT */
/* Messages of HTTP/1 on their connection (RFC 9112 6 and 7): heads as text, lengths and chunks. */
#include "http/transport.h"

#include "coronet/tls.h"
#include "http/response.h"
#include "http/send.h"

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
    request->incoming = (struct co_http_incoming){.stream = request->stream,
        .framing = request->head.framing,
        .left = request->head.body_size};
    co_pace_start(&request->incoming.pace, request->server->options.min_rate, limit_rate);
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

static ssize_t read_piece(co_http_request *request, void *ret_bytes, size_t size)
{
    return co_http_incoming_read(&request->incoming, ret_bytes, size);
}

static ssize_t show_piece(co_http_request *request, co_text *ret)
{
    return co_http_incoming_next(&request->incoming, ret);
}

static long splice_piece(co_http_request *request, int pipe_fd, size_t size)
{
    return co_http_incoming_splice(&request->incoming, pipe_fd, size);
}

static int consume_shown(co_http_request *request)
{
    return co_http_incoming_consume(&request->incoming);
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

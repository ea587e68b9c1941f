/* SPDX-License-Identifier: MIT */
/*
 * A request's body, kept until its handler reads it. The windows that we announce are the bound:
 * 64 KiB for a stream that nobody reads yet, 1 MiB for all streams of a connection. They open again
 * as the handler reads, and wider for one that does (RFC 9113 5.2, 6.9).
 */
#include "http/h2.h"

#include "http/transport.h"

#define WIDEN_AFTER (CO_H2_STREAM_BYTES / 2) /* bytes read, for a window as wide as they come */

/* Has so much been read that the window is as wide as they come? */
static bool is_wide(const struct co_h2_stream *stream)
{
    return stream->window_read >= WIDEN_AFTER;
}

int co_h2_body_add(struct co_h2_stream *stream, const uint8_t *bytes, size_t size)
{
    int rc = co_h2_bytes_add(stream->h2->stream->rt, &stream->body, bytes, size, is_wide(stream));
    if (rc == 0)
        co_event_set(&stream->wake);
    return rc;
}

void co_h2_body_drop(struct co_h2_stream *stream)
{
    size_t size;
    while ((size = co_h2_bytes_front(&stream->body).size) > 0) {
        nghttp2_session_consume_connection(stream->h2->session, size);
        co_h2_bytes_take(stream->h2->stream->rt, &stream->body, size);
    }
}

/* ---- reading ------------------------------------------------------------------------------ */

int co_h2_body_open(co_http_request *request, bool keep)
{
    struct co_h2_stream *stream = request->exchange;
    (void)keep; /* it is a copy */
    if (request->head.framing == CO_HTTP_NO_BODY) {
        request->body_state = CO_HTTP_BODY_DONE;
        return 0;
    }
    request->body_state = CO_HTTP_BODY_READING;
    co_h2_limit(stream->h2, request->writing.limit_rate);
    co_pace_start(&request->incoming.pace, request->server->options.min_rate, 0);
    return 0;
}

/* RFC 9110 10.1.1. */
int co_h2_body_go_on(co_http_request *request)
{
    static const uint8_t name[] = ":status", value[] = "100";
    const nghttp2_nv status = {(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
        sizeof name - 1, sizeof value - 1,
        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    struct co_h2_stream *stream = request->exchange;
    if (stream->body.first || stream->body_ended || !stream->open)
        return 0;
    nghttp2_submit_headers(
        stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, NULL, &status, 1, NULL);
    co_h2_push(stream->h2);
    return 0;
}

static ssize_t await_bytes(co_http_request *request, struct co_h2_stream *stream)
{
    while (!stream->body.first) {
        struct co_pace_wait wait;
        if (stream->body_ended)
            return 0;
        if (stream->error || stream->h2->error)
            return stream->error ? stream->error : stream->h2->error;
        if (stream->h2->ended)
            return CO_EEOF;
        co_event_clear(&stream->wake);
        co_pace_wait_begin(&wait, &request->incoming.pace);
        int rc = co_event_wait(&stream->wake);
        size_t moved = co_h2_bytes_front(&stream->body).size;
        rc = (int)co_pace_wait_end(&wait, &request->incoming.pace, rc, moved);
        if (rc < 0)
            return rc;
    }
    return 1;
}

ssize_t co_h2_body_show(co_http_request *request, co_text *ret)
{
    struct co_h2_stream *stream = request->exchange;
    ssize_t n = await_bytes(request, stream);
    if (n <= 0)
        return n;
    *ret = co_h2_bytes_front(&stream->body);
    request->incoming.shown = ret->size;
    return (ssize_t)ret->size;
}

/* Room for as much again. Who reads gets it all, so that one upload is as fast as the connection.
 */
static void open_window(struct co_h2_stream *stream, size_t size)
{
    nghttp2_session *session = stream->h2->session;
    if (!stream->open)
        return;
    bool was_wide = is_wide(stream);
    stream->window_read += size;
    if (!was_wide && is_wide(stream))
        nghttp2_session_set_local_window_size(
            session, NGHTTP2_FLAG_NONE, stream->id, CO_H2_WINDOW_BYTES);
    if (!stream->body_ended)
        nghttp2_session_consume_stream(session, stream->id, size);
}

static void consume(struct co_h2_stream *stream, size_t size)
{
    nghttp2_session_consume_connection(stream->h2->session, size);
    open_window(stream, size);
    co_h2_bytes_take(stream->h2->stream->rt, &stream->body, size);
    if (nghttp2_session_want_write(stream->h2->session))
        co_h2_push(stream->h2);
}

int co_h2_body_consume_shown(co_http_request *request)
{
    size_t shown = request->incoming.shown;
    request->incoming.shown = 0;
    if (shown > 0)
        consume(request->exchange, shown);
    return 0;
}

ssize_t co_h2_body_read(co_http_request *request, void *ret_bytes, size_t size)
{
    co_text piece;
    ssize_t n = co_h2_body_show(request, &piece);
    request->incoming.shown = 0;
    if (n <= 0)
        return n;
    size_t take = size < piece.size ? size : piece.size;
    memcpy(ret_bytes, piece.at, take);
    consume(request->exchange, take);
    return (ssize_t)take;
}

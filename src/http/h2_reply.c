/* SPDX-License-Identifier: MIT */
/*
 * A response on its stream. Its lines, made for HTTP/1, become fields; of its body nghttp2 takes as
 * much as windows and urgency allow, while the stream's fiber waits: so nothing is queued, and a
 * slow reader holds up nobody but itself.
 */
#include "http/h2.h"

#include "coronet/tls.h"
#include "http/response.h"
#include "http/transport.h"
#include "runtime/file.h"
#include "runtime/pool.h"

#include <errno.h>
#include <sys/uio.h>

/* ---- the head ----------------------------------------------------------------------------- */

/* Why nothing can be sent any more; 0: it can. */
static int refusal(const struct co_h2_stream *stream)
{
    const struct co_h2 *h2 = stream->h2;
    return stream->error ? stream->error : h2->error ? h2->error : stream->open ? 0 : -ECONNRESET;
}

static co_text status_text(const co_http_request *request, struct co_h2_stream *stream)
{
    stream->status[0] = (char)('0' + request->status / 100);
    stream->status[1] = (char)('0' + request->status / 10 % 10);
    stream->status[2] = (char)('0' + request->status % 10);
    return (co_text){stream->status, sizeof stream->status};
}

/* The caller pushes next. */
static int submit(co_http_request *request, co_text head, bool has_body)
{
    struct co_h2_stream *stream = request->exchange;
    const nghttp2_data_provider body = {.source.ptr = stream, .read_callback = co_h2_reply_fill};
    const struct co_buf *fields = &stream->h2->store->fields;
    int rc = refusal(stream);
    if (rc < 0)
        return rc;
    co_h2_fields_make(
        request, status_text(request, stream), head, co_h2_output_is_ready(stream->h2));
    if (fields->error)
        return fields->error;
    rc = nghttp2_submit_response(stream->h2->session, stream->id,
        (const nghttp2_nv *)(const void *)fields->at, fields->size / sizeof(nghttp2_nv),
        has_body ? &body : NULL);
    stream->complete = rc == 0 && !has_body;
    return rc == 0 ? 0 : rc == NGHTTP2_ERR_NOMEM ? -ENOMEM : CO_EHTTP;
}

/* ---- the body ----------------------------------------------------------------------------- */

/* The bytes of a piece that are at hand. 0: none are, for now. */
static ssize_t piece_take(struct co_h2_stream *stream, uint8_t *to, size_t size)
{
    struct co_h2_piece *piece = &stream->piece;
    if (size > piece->left)
        size = (size_t)piece->left;
    if (piece->at) {
        memcpy(to, piece->at, size);
        piece->at += size;
    } else if (size > 0) {
        const struct iovec room = {to, size};
        ssize_t n = preadv2(piece->fd, &room, 1, (off_t)piece->offset, RWF_NOWAIT);
        if (n <= 0) { /* its fiber finds out why */
            stream->cold = true;
            co_event_set(&stream->wake);
            return 0;
        }
        size = (size_t)n;
        piece->offset += size;
    }
    piece->left -= size;
    if (piece->left == 0)
        co_event_set(&stream->wake);
    return (ssize_t)size;
}

static ssize_t defer(struct co_h2_stream *stream)
{
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
}

ssize_t co_h2_reply_fill(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct co_h2_stream *stream = source->ptr;
    size_t room;
    (void)session, (void)id, (void)buffer;
    if (stream->piece.left == 0 && !stream->is_last)
        return defer(stream);
    uint8_t *to = co_h2_output_room(arg, &room);
    if (!to)
        return NGHTTP2_ERR_PAUSE;
    co_h2_earn_windows(&stream->h2->meter, size, size >= stream->piece.left);
    ssize_t n = piece_take(stream, to, size < room ? size : room);
    if (n == 0 && stream->piece.left > 0)
        return defer(stream);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->is_last && stream->piece.left == 0) {
        stream->complete = true;
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return n;
}

/* Is it our own limit that streams wait for? The connection's window may be shut meanwhile, and
 * opens when the peer has got what is written. */
static bool is_held_by_limit(const struct co_h2 *h2, int64_t grace_ns)
{
    return h2->writing.limit_rate > 0 &&
           (h2->sending || nghttp2_session_get_remote_window_size(h2->session) > 0 ||
               co_now_ns() - h2->wrote_ns < grace_ns);
}

/* The stream came to its deadline: was it the peer's fault? While its own window is open, it waits
 * for other streams, if they have used the time well, or for our own limit. */
static int forgive(co_http_request *request, struct co_h2_stream *stream, uint64_t moved)
{
    const struct co_h2 *h2 = stream->h2;
    struct co_pace *pace = &request->writing;
    if (nghttp2_session_get_stream_remote_window_size(h2->session, stream->id) > 0)
        co_pace_earn(pace, is_held_by_limit(h2, pace->grace_ns) ? UINT32_MAX : moved);
    return request->writing.allowance_ns > 0 ? 0 : CO_ETOOSLOW;
}

static int await_turn(co_http_request *request, struct co_h2_stream *stream)
{
    const struct co_h2 *h2 = stream->h2;
    struct co_pace_wait wait;
    uint64_t left = stream->piece.left, others = h2->data_sent;
    co_event_clear(&stream->wake);
    co_pace_wait_begin(&wait, &request->writing);
    int rc = co_event_wait(&stream->wake);
    uint64_t moved = left - stream->piece.left;
    rc = (int)co_pace_wait_end(&wait, &request->writing, rc, moved);
    return rc == CO_ETOOSLOW ? forgive(request, stream, h2->data_sent - others - moved) : rc;
}

/* Has nghttp2 take the piece, and waits until it is on its way, or its next bytes are cold. */
static int offer_piece(co_http_request *request, struct co_h2_stream *stream)
{
    int rc = 0;
    stream->cold = false;
    if (stream->deferred)
        nghttp2_session_resume_data(stream->h2->session, stream->id);
    stream->deferred = false;
    co_h2_push(stream->h2);
    while (rc == 0 && stream->piece.left > 0 && !stream->cold) {
        rc = refusal(stream);
        if (rc == 0)
            rc = stream->h2->ended && !stream->h2->writer_on ? -EPIPE : await_turn(request, stream);
    }
    return rc;
}

/* The next bytes are not in the page cache: reads them on a thread, and sends them from memory. */
static int send_cold(co_http_request *request, struct co_h2_stream *stream, uint8_t *buffer)
{
    struct co_h2_piece rest = stream->piece;
    size_t size = rest.left < CO_BUFFER_LARGE ? (size_t)rest.left : CO_BUFFER_LARGE;
    bool is_last = stream->is_last;
    stream->piece.left = 0;
    stream->is_last = false;
    ssize_t n = co_file_read_at(rest.fd, buffer, size, rest.offset);
    if (n <= 0)
        return n < 0 ? (int)n : CO_EEOF;
    stream->is_last = is_last && (uint64_t)n == rest.left;
    stream->piece = (struct co_h2_piece){.at = buffer, .left = (uint64_t)n};
    int rc = offer_piece(request, stream);
    uint64_t sent = (uint64_t)n - stream->piece.left;
    rest.offset += sent;
    rest.left -= sent;
    stream->piece = rest;
    stream->is_last = is_last;
    return rc == 0 && rest.left > 0 ? offer_piece(request, stream) : rc;
}

static int send_from_disk(co_http_request *request, struct co_h2_stream *stream)
{
    struct co_rt *rt = stream->h2->stream->rt;
    uint8_t *buffer = co_buffer_take(rt, CO_BUFFER_LARGE);
    int rc = buffer ? 0 : -ENOMEM;
    while (rc == 0 && stream->piece.left > 0 && stream->cold)
        rc = send_cold(request, stream, buffer);
    if (buffer)
        co_buffer_give(rt, buffer, CO_BUFFER_LARGE);
    return rc;
}

static int send_piece(co_http_request *request, struct co_h2_stream *stream)
{
    int rc = offer_piece(request, stream);
    if (rc == 0 && stream->piece.left > 0)
        rc = send_from_disk(request, stream);
    if (rc == 0)
        rc = stream->complete ? 0 : refusal(stream);
    stream->is_last &= rc == 0; /* what was cut short must not look whole */
    stream->complete |= stream->is_last;
    return rc;
}

static int send_bytes(co_http_request *request, co_text bytes, bool is_last)
{
    struct co_h2_stream *stream = request->exchange;
    stream->piece = (struct co_h2_piece){.at = (const uint8_t *)bytes.at, .left = bytes.size};
    stream->is_last = is_last;
    int rc = send_piece(request, stream);
    stream->piece.left = 0; /* the bytes were the caller's */
    return rc;
}

/* ---- the transport ------------------------------------------------------------------------ */

static int reply_head(
    co_http_request *request, co_text head, co_text body, enum co_http_reply_state next)
{
    bool has_body = next == CO_HTTP_REPLY_DONE ? body.size > 0
                                               : co_http_reply_has_body(request, request->status);
    struct co_h2_stream *stream = request->exchange;
    co_h2_limit(stream->h2, request->writing.limit_rate);
    int rc = submit(request, head, has_body);
    if (rc == 0 && body.size > 0)
        return send_bytes(request, body, true);
    if (rc == 0)
        co_h2_push(stream->h2);
    return rc;
}

static int reply_write(co_http_request *request, const void *bytes, size_t size)
{
    bool is_last = request->reply_state == CO_HTTP_REPLY_SIZED && request->reply_left == 0;
    return send_bytes(request, (co_text){bytes, size}, is_last);
}

static int reply_file(co_http_request *request, struct co_pace_span *span)
{
    struct co_h2_stream *stream = request->exchange;
    stream->piece =
        (struct co_h2_piece){.fd = span->fd, .offset = span->offset, .left = span->size};
    stream->is_last = request->reply_left == 0;
    int rc = send_piece(request, stream);
    span->size = stream->piece.left;
    stream->piece.left = 0;
    return rc;
}

static int reply_end(co_http_request *request)
{
    struct co_h2_stream *stream = request->exchange;
    if (stream->is_last)
        return 0;
    stream->is_last = true;
    return send_piece(request, stream);
}

const struct co_http_transport co_h2_transport = {
    .major = 2,
    .head = reply_head,
    .write = reply_write,
    .write_file = reply_file,
    .end = reply_end,
    .open_body = co_h2_body_open,
    .go_on = co_h2_body_go_on,
    .read = co_h2_body_read,
    .show = co_h2_body_show,
    .consume_shown = co_h2_body_consume_shown,
};

/* SPDX-License-Identifier: MIT */
/* What nghttp2 tells while it reads, and while we take what it has to say. Nothing here waits. */
#include "http/h2.h"

#include <errno.h>

static int verdict(const struct co_h2 *h2)
{
    return h2->meter.excess ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *frame, void *arg)
{
    struct co_h2 *h2 = arg;
    uint32_t error = co_h2_frame_error(h2, frame);
    co_h2_count_late(&h2->meter, session, frame);
    return error == NGHTTP2_NO_ERROR ? verdict(h2)
                                     : nghttp2_session_terminate_session(session, error);
}

/* ---- streams ------------------------------------------------------------------------------ */

static struct co_h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* A stream that was reset may still be at work: its place is not free yet (attacks B01). */
static bool has_place(const struct co_h2 *h2)
{
    unsigned requests_max = h2->server->options.requests_max;
    return h2->stream_count < CO_H2_STREAMS_MAX && (!requests_max || h2->requests < requests_max);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2 *h2 = arg;
    int32_t id = frame->hd.stream_id;
    h2->passed = (struct co_h2_decoded){0};
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        h2->arriving = stream_of(session, id);
        return 0;
    }
    h2->arriving = NULL;
    co_h2_note_opened(h2, id);
    struct co_h2_stream *stream = has_place(h2) ? co_h2_stream_begin(h2, id) : NULL;
    if (!stream)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
    h2->arriving = stream;
    return nghttp2_session_set_stream_user_data(session, id, stream);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    struct co_h2 *h2 = arg;
    (void)session, (void)frame, (void)flags;
    return h2->arriving ? co_h2_head_field(h2->arriving, name, value)
                        : co_h2_head_pass(h2, name, value);
}

static void on_headers(struct co_h2_stream *stream, const nghttp2_frame *frame)
{
    struct co_h2 *h2 = stream->h2;
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    stream->body_ended = ends;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST && co_h2_head_end(stream, ends) == 0) {
        h2->meter.updates_free += h2->meter.updates_free < CO_H2_STREAMS_MAX;
        co_h2_stream_run(stream);
    }
    co_h2_head_forget(stream);
    co_event_set(&stream->wake);
}

static void on_data(struct co_h2_stream *stream, const nghttp2_frame *frame)
{
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        stream->body_ended = true;
    co_h2_count_data(&stream->h2->meter, frame);
    co_event_set(&stream->wake);
}

/* A frame has come whole, and is good. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2 *h2 = arg;
    struct co_h2_stream *stream;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        stream = h2->arriving;
        h2->arriving = NULL;
        if (stream)
            on_headers(stream, frame);
        break;
    case NGHTTP2_DATA:
        stream = stream_of(session, frame->hd.stream_id);
        if (stream)
            on_data(stream, frame);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        co_h2_count_window(&h2->meter, frame->window_update.window_size_increment);
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK && h2->draining)
            co_h2_send_away(h2);
        break;
    default: break;
    }
    return verdict(h2);
}

static int on_data_bytes(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
    size_t size, void *arg)
{
    struct co_h2_stream *stream = stream_of(session, id);
    (void)flags, (void)arg;
    if (!stream || stream->unread || stream->error)
        return nghttp2_session_consume_connection(session, size);
    return co_h2_body_add(stream, bytes, size) < 0 ? NGHTTP2_ERR_NOMEM : 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct co_h2 *h2 = arg;
    struct co_h2_stream *stream = stream_of(session, id);
    (void)code;
    if (stream && h2->arriving == stream)
        h2->arriving = NULL;
    if (stream)
        co_h2_stream_closed(stream);
    return 0;
}

/* ---- what goes out ------------------------------------------------------------------------ */

static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2 *h2 = arg;
    (void)session;
    if (frame->hd.type != NGHTTP2_RST_STREAM)
        return 0;
    if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
        co_h2_charge(&h2->meter); /* the peer has made us (attacks B02) */
    co_h2_note_reset(h2, frame->hd.stream_id);
    return 0;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
    size_t size, nghttp2_data_source *source, void *arg)
{
    (void)session, (void)frame, (void)source;
    co_h2_output_frame(arg, head, size);
    return 0;
}

/* ---- the session -------------------------------------------------------------------------- */

static nghttp2_session_callbacks *callbacks_new(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_bytes);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
}

static nghttp2_option *options_new(const struct co_h2 *h2)
{
    nghttp2_option *option = co_h2_options_new(h2->meter.continuations_max);
    if (option)
        nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
    return option;
}

int co_h2_session_new(struct co_h2 *h2)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, CO_H2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, CO_HTTP1_HEAD_MAX},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    nghttp2_session_callbacks *callbacks = callbacks_new();
    nghttp2_option *option = callbacks ? options_new(h2) : NULL;
    int rc = NGHTTP2_ERR_NOMEM;
    if (option)
        rc = nghttp2_session_server_new3(&h2->session, callbacks, h2, option, &h2->store->memory);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    if (rc == 0)
        rc = nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, CO_LENGTH(settings));
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(
            h2->session, NGHTTP2_FLAG_NONE, 0, CO_H2_WINDOW_BYTES);
    return rc == 0 ? 0 : -ENOMEM;
}

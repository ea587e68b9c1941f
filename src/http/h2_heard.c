/* SPDX-License-Identifier: MIT */
/* What nghttp2 tells a client while it reads, and while its frames are taken. Nothing here waits.
 */
#include "http/h2_client.h"

#include "http/field.h"

#include <errno.h>

#define PATIENCE 2 /* so many times the limits of a head, and the connection ends (attacks B06) */

static struct co_h2_call *call_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static int verdict(const struct co_h2_link *h2)
{
    return h2->meter.excess ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* ---- heads ---------------------------------------------------------------------------------- */

/* Until a server has heard our SETTINGS nghttp2 only turns down what it pushes (attacks B13). */
static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *arg)
{
    struct co_h2_link *h2 = arg;
    co_h2_count_late(&h2->meter, session, head);
    return head->type == NGHTTP2_PUSH_PROMISE ? NGHTTP2_ERR_CALLBACK_FAILURE : verdict(h2);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = call_of(session, frame->hd.stream_id);
    h2->arriving = call;
    if (call && !call->has_head) {
        co_buf_clear(&call->head);
        call->status = 0;
    }
    return 0;
}

/* What is too long ends the exchange; what goes on and on is not decoded any further. */
static bool count(struct co_h2_call *call, size_t bytes)
{
    call->fields++;
    call->decoded_bytes += bytes;
    if (call->fields > PATIENCE * CO_HTTP1_RESPONSE_FIELDS_MAX ||
        call->decoded_bytes > PATIENCE * CO_HTTP1_RESPONSE_HEAD_MAX)
        call->h2->meter.excess = true;
    return !call->h2->meter.excess;
}

/* nghttp2 has checked that a status comes first, once, and is a number of three digits. */
static void add_field(struct co_h2_call *call, co_text name, co_text value)
{
    if (!co_text_equal(name, CO_TEXT(":status"))) {
        co_http_line_add(&call->head, name, value);
        return;
    }
    call->status = (value.at[0] - '0') * 100 + (value.at[1] - '0') * 10 + (value.at[2] - '0');
    co_buf_addf(&call->head, "HTTP/1.1 %d \r\n", call->status);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    const struct co_h2_link *h2 = arg;
    struct co_h2_call *call = h2->arriving;
    co_text name_text = co_h2_text(name), value_text = co_h2_text(value);
    (void)session, (void)frame, (void)flags;
    if (call && count(call, name_text.size + value_text.size) && !call->has_head && !call->error) {
        add_field(call, name_text, value_text);
        if (call->head.size > CO_HTTP1_RESPONSE_HEAD_MAX - 2) /* without its empty line */
            co_h2_call_reset(call, NGHTTP2_CANCEL, CO_ETOOBIG);
        else if (call->head.error)
            co_h2_call_reset(call, NGHTTP2_CANCEL, call->head.error);
    }
    return verdict(h2);
}

/* A head is whole: an interim one, the final one, or trailers. */
static void head_ended(struct co_h2_call *call)
{
    if (call->has_head || call->error)
        return; /* trailers are read by nobody */
    call->has_word |= call->status == 100;
    if (call->status >= 200)
        call->has_head = true;
    else if (call->status == 101 || ++call->interim > CO_HTTP_INTERIM_MAX)
        co_h2_call_reset(call, NGHTTP2_PROTOCOL_ERROR, CO_EHTTP);
}

static void on_headers(struct co_h2_link *h2, const nghttp2_frame *frame)
{
    struct co_h2_call *call = h2->arriving;
    h2->arriving = NULL;
    if (!call)
        return;
    call->ends |= frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    call->is_bare |= call->ends && !call->has_head;
    head_ended(call);
    co_event_set(&call->wake);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void on_data(nghttp2_session *session, struct co_h2_link *h2, const nghttp2_frame *frame)
{
    struct co_h2_call *call = call_of(session, frame->hd.stream_id);
    co_h2_count_data(&h2->meter, frame);
    if (!call)
        return;
    call->ends |= frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    co_event_set(&call->wake);
}

/* RFC 9113 6.8: requests behind the last one that it names nghttp2 tells as refused. Who waits for
 * a place has to look elsewhere. */
static void on_goaway(struct co_h2_link *h2, const nghttp2_frame *frame)
{
    h2->is_draining = true;
    h2->wants_http1 |= frame->goaway.error_code == NGHTTP2_HTTP_1_1_REQUIRED;
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next)
        co_event_set(&CO_CONTAINER(at, struct co_h2_call, link)->wake);
}

/* A frame has come whole, and is good. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = call_of(session, frame->hd.stream_id);
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS: on_headers(h2, frame); break;
    case NGHTTP2_DATA: on_data(session, h2, frame); break;
    case NGHTTP2_GOAWAY: on_goaway(h2, frame); break;
    case NGHTTP2_SETTINGS: co_h2_link_place_free(h2); break;
    case NGHTTP2_WINDOW_UPDATE:
        co_h2_count_window(&h2->meter, frame->window_update.window_size_increment);
        break;
    case NGHTTP2_RST_STREAM:
        if (call)
            call->is_reset = true;
        break;
    default: break;
    }
    return verdict(h2);
}

/* The connection's window opens again at once, so that a response that nobody reads is in nobody
 * else's way; unless it is too much of them. */
static void credit(struct co_h2_link *h2, size_t size)
{
    h2->held += size;
    h2->received += size;
    if (h2->held <= CO_H2_HELD_MAX)
        nghttp2_session_consume_connection(h2->session, size);
    else
        h2->owed += size;
}

static int on_data_bytes(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
    size_t size, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = call_of(session, id);
    (void)flags;
    if (!call || call->error)
        return nghttp2_session_consume_connection(session, size);
    credit(h2, size);
    bool is_large = call->window > CO_H2_CALL_BYTES;
    int rc = co_h2_bytes_add(h2->stream->rt, &call->bytes, bytes, size, is_large);
    co_event_set(&call->wake);
    return rc < 0 ? NGHTTP2_ERR_NOMEM : 0;
}

static int error_of(const struct co_h2_call *call, uint32_t code)
{
    if (code == NGHTTP2_REFUSED_STREAM)
        return -ECONNREFUSED;
    return call->is_reset ? -ECONNRESET : CO_EHTTP; /* we did: it was malformed */
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = call_of(session, id);
    if (!call)
        return 0;
    if (h2->arriving == call)
        h2->arriving = NULL;
    call->is_open = false;
    h2->open_count--;
    if (!call->ends && !call->error) {
        call->error = error_of(call, code);
        call->wants_http1 = code == NGHTTP2_HTTP_1_1_REQUIRED ||
                            (code == NGHTTP2_REFUSED_STREAM && h2->wants_http1);
        call->is_refused = code == NGHTTP2_REFUSED_STREAM;
    }
    co_h2_call_wake(call);
    co_event_set(&call->output);
    co_h2_link_place_free(h2);
    return 0;
}

/* A request that could not be sent any more has not been seen by anybody. */
static int on_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int why, void *arg)
{
    struct co_h2_link *h2 = arg;
    (void)session, (void)why;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next) {
        struct co_h2_call *call = CO_CONTAINER(at, struct co_h2_call, link);
        if (call->id != frame->hd.stream_id || !call->is_open)
            continue;
        call->is_open = false;
        h2->open_count--;
        call->is_refused = true;
        call->error = -ECONNREFUSED;
        co_h2_call_wake(call);
    }
    return 0;
}

/* It is only said to a peer that broke the protocol. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct co_h2_link *h2 = arg;
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        co_h2_link_fail(h2, CO_EHTTP);
    return 0;
}

/* ---- the session ---------------------------------------------------------------------------- */

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
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
    return callbacks;
}

int co_h2_heard_new(struct co_h2_link *h2)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, /* attacks B13 */
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, CO_HTTP1_RESPONSE_HEAD_MAX},
    };
    nghttp2_session_callbacks *callbacks = callbacks_new();
    nghttp2_option *option = callbacks ? co_h2_options_new(CO_H2_CONTINUATIONS_MAX) : NULL;
    int rc = NGHTTP2_ERR_NOMEM;
    if (option) { /* too many servers send spaces around values (RFC 9113 8.2.1): as over HTTP/1 */
        nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
        rc = nghttp2_session_client_new2(&h2->session, callbacks, h2, option);
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    if (rc == 0)
        rc = nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, CO_LENGTH(settings));
    if (rc == 0)
        rc = nghttp2_session_set_local_window_size(
            h2->session, NGHTTP2_FLAG_NONE, 0, CO_H2_LINK_WINDOW);
    return rc == 0 ? 0 : -ENOMEM;
}

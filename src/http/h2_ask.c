/* SPDX-License-Identifier: MIT */
/*
 * A request over HTTP/2: its place among the connection's, its head, its body. The body goes out as
 * the peer's windows allow (RFC 9113 5.2), written by a fiber of its own while the exchange's waits
 * for the response: a server may answer before it has read all, or want its answer read first.
 */
#include "http/h2_client.h"

#include "coronet/tls.h"

#include <errno.h>

#define FIELDS_BYTES_MAX (1 << 20) /* of the list; its text is bounded before */

/* ---- its place ---------------------------------------------------------------------------- */

static bool is_turned_away(const struct co_h2_link *h2)
{
    return h2->is_draining || !nghttp2_session_check_request_allowed(h2->session);
}

/* First come, first served. */
static bool is_first(const struct co_h2_call *call)
{
    for (struct co_link *at = call->link.prev; at != &call->h2->calls; at = at->prev)
        if (CO_CONTAINER(at, struct co_h2_call, link)->id == 0)
            return false;
    return true;
}

static bool has_place(const struct co_h2_call *call)
{
    const struct co_h2_link *h2 = call->h2;
    uint32_t max =
        nghttp2_session_get_remote_settings(h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return is_turned_away(h2) ||
           (h2->open_count < max && h2->open_count < CO_H2_CALLS_MAX && is_first(call));
}

/* The connection may be full of responses that nobody reads, so nobody waits for ever. */
static int await_place(struct co_h2_call *call, int64_t place_ms)
{
    co_scope scope;
    co_scope_open(&scope, place_ms);
    int rc = co_h2_link_await(call, has_place);
    int late = co_scope_close(&scope);
    if (rc == CO_EDEADLINE && late == CO_EDEADLINE)
        rc = -EBUSY;
    if (rc == 0 && is_turned_away(call->h2))
        rc = -ECONNREFUSED;
    call->is_refused = rc == -EBUSY || rc == -ECONNREFUSED;
    return rc;
}

/* ---- its head ----------------------------------------------------------------------------- */

/* Fields of the connection, which HTTP/2 has not (RFC 9113 8.2.2); Host has become an authority. */
static bool is_left_out(co_text name)
{
    static const co_text names[] = {CO_TEXT("host"), CO_TEXT("connection"), CO_TEXT("keep-alive"),
        CO_TEXT("proxy-connection"), CO_TEXT("transfer-encoding"), CO_TEXT("upgrade"),
        CO_TEXT("te")};
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        if (co_text_equal_nocase(name, names[i]))
            return true;
    return false;
}

static void add(struct co_buf *fields, co_text name, co_text value)
{
    const nghttp2_nv field = co_h2_field(name, value, NGHTTP2_NV_FLAG_NONE);
    co_buf_add(fields, &field, sizeof field);
}

/* "GET /path HTTP/1.1" and the Host behind it (RFC 9113 8.3.1). */
static void add_pseudo_fields(struct co_buf *fields, bool is_secure, co_text line, co_text host)
{
    size_t space = (size_t)co_text_find(line, ' ');
    co_text target = co_text_after(line, space + 1);
    target.size = (size_t)co_text_find(target, ' ');
    add(fields, CO_TEXT(":method"), (co_text){line.at, space});
    add(fields, CO_TEXT(":scheme"), is_secure ? CO_TEXT("https") : CO_TEXT("http"));
    add(fields, CO_TEXT(":authority"), host);
    add(fields, CO_TEXT(":path"), target);
}

static co_text find_line(co_text lines, co_text wanted)
{
    co_text name, value;
    while (co_h2_line_next(&lines, &name, &value))
        if (co_text_equal_nocase(name, wanted))
            return value;
    return (co_text){0};
}

/* What is read as it comes shall come in parallel (RFC 9218 4.2), unless the caller says
 * otherwise. */
static void add_priority(struct co_buf *fields, co_text lines)
{
    if (!find_line(lines, CO_TEXT("priority")).at)
        add(fields, CO_TEXT("priority"), CO_TEXT("i"));
}

static void make_fields(const struct co_h2_call *call, co_text head, struct co_buf *fields)
{
    size_t line_size = (size_t)co_text_find(head, '\n') + 1;
    co_text line = {head.at, line_size}, lines = co_text_after(head, line_size), name, value;
    lines.size -= 2; /* the empty one */
    add_pseudo_fields(
        fields, co_tls_is_on(call->h2->stream), line, find_line(lines, CO_TEXT("host")));
    add_priority(fields, lines);
    while (co_h2_line_next(&lines, &name, &value))
        if (!is_left_out(name))
            add(fields, name, value);
}

/* Is the rest of the body of no use? An error has come, or all of the response. */
static bool is_answered(const struct co_h2_call *call)
{
    return call->error || call->ends || !call->is_open || (call->has_head && call->status >= 400);
}

/* nghttp2 asks for the next bytes of a request's body. */
static ssize_t fill(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
    nghttp2_data_source *source, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)source;
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (is_answered(call))
        return NGHTTP2_ERR_DEFERRED; /* until it is called off: the rest is of no use */
    if (h2->data_left == 0)
        return NGHTTP2_ERR_PAUSE;
    co_h2_earn_windows(&h2->meter, size, size >= call->body.size);
    if (size > call->body.size)
        size = call->body.size;
    if (size > h2->data_left)
        size = h2->data_left;
    memcpy(to, call->body.at, size);
    call->body = co_text_after(call->body, size);
    h2->data_left -= size;
    call->has_moved = true;
    call->is_sent = call->body.size == 0;
    if (call->is_sent)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    co_event_set(&call->wake);
    return (ssize_t)size;
}

static int submit(struct co_h2_call *call, const struct co_http_question *question)
{
    struct co_h2_link *h2 = call->h2;
    struct co_buf fields = CO_BUF(FIELDS_BYTES_MAX);
    const nghttp2_data_provider body = {.read_callback = fill};
    make_fields(call, question->head, &fields);
    int rc = fields.error;
    int32_t id = NGHTTP2_ERR_NOMEM;
    if (rc == 0)
        id = nghttp2_submit_request(h2->session, NULL, (const nghttp2_nv *)(const void *)fields.at,
            fields.size / sizeof(nghttp2_nv), question->body.size > 0 ? &body : NULL, call);
    co_buf_free(&fields);
    if (rc < 0 || id < 0)
        return rc < 0 ? rc : id == NGHTTP2_ERR_NOMEM ? -ENOMEM : CO_EHTTP;
    call->id = id;
    h2->is_draining |= id == INT32_MAX; /* there is no other (RFC 9113 5.1.1) */
    call->is_open = true;
    call->body = question->body;
    call->is_sent = question->body.size == 0;
    h2->open_count++;
    h2->meter.windows_free++; /* for an update behind a small body */
    co_h2_link_place_free(h2);
    return 0;
}

int co_h2_ask(struct co_h2_call *call, const struct co_http_question *question)
{
    int rc = await_place(call, question->place_ms);
    return rc == 0 ? submit(call, question) : rc;
}

/* ---- its body ----------------------------------------------------------------------------- */

/* A fiber of its own, until the body is on its way. */
static int upload(void *arg)
{
    struct co_h2_call *call = arg;
    struct co_h2_link *h2 = call->h2;
    int rc = 0;
    while (rc == 0 && !call->is_sent && !h2->error && !is_answered(call)) {
        co_event_clear(&call->output);
        if (!h2->is_written && co_h2_link_has_output(h2))
            rc = co_h2_link_say(h2);
        if (rc == 0 && !call->is_sent)
            rc = co_event_wait(&call->output);
    }
    return 0; /* what was wrong the connection knows */
}

static bool has_moved(const struct co_h2_call *call)
{
    return call->has_moved || call->is_sent || is_answered(call);
}

/* Waits in pace, that of the server: as long as something moves it is fast enough. */
static int await_sent(struct co_h2_call *call)
{
    int rc = 0;
    while (rc == 0 && !call->is_sent && !is_answered(call)) {
        struct co_pace_wait wait;
        size_t left = call->body.size;
        call->has_moved = false;
        co_pace_wait_begin(&wait, &call->writing, 0);
        rc = co_h2_link_await(call, has_moved);
        rc = (int)co_pace_wait_end(&wait, &call->writing, rc, left - call->body.size);
    }
    return rc;
}

int co_h2_ask_body(struct co_h2_call *call)
{
    const struct co_go_options go = {.name = "upload", .background = true};
    co_group group;
    if (call->is_sent)
        return 0;
    call->h2->uploads++;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    co_go_with(&group, &go, upload, call);
    int rc = await_sent(call);
    int failed = co_group_close(&group);
    call->h2->uploads--;
    return rc < 0 ? rc : failed;
}

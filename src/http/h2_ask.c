/* SPDX-License-Identifier: MIT */
/* A request over HTTP/2: its place among the connection's, and its head. */
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

/* Fields of the connection, which HTTP/2 has not (RFC 9113 8.2.2); Host has become an authority.
 * What can be told again needs no word before it: a reset costs no connection. */
static bool is_left_out(const struct co_h2_call *call, co_text name)
{
    static const co_text names[] = {CO_TEXT("host"), CO_TEXT("connection"), CO_TEXT("keep-alive"),
        CO_TEXT("proxy-connection"), CO_TEXT("transfer-encoding"), CO_TEXT("upgrade"),
        CO_TEXT("te")};
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        if (co_text_equal_nocase(name, names[i]))
            return true;
    return call->outgoing && !call->needs_word && co_text_equal_nocase(name, CO_TEXT("expect"));
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
        if (!is_left_out(call, name))
            add(fields, name, value);
}

static int submit(struct co_h2_call *call, const struct co_http_question *question)
{
    struct co_h2_link *h2 = call->h2;
    struct co_buf fields = CO_BUF(FIELDS_BYTES_MAX);
    const nghttp2_data_provider body = {.read_callback = co_h2_upload_fill};
    co_h2_upload_prepare(call, question);
    make_fields(call, question->head, &fields);
    int rc = fields.error;
    int32_t id = NGHTTP2_ERR_NOMEM;
    if (rc == 0)
        id = nghttp2_submit_request(h2->session, NULL, (const nghttp2_nv *)(const void *)fields.at,
            fields.size / sizeof(nghttp2_nv), call->is_sent ? NULL : &body, call);
    co_buf_free(&fields);
    if (rc < 0 || id < 0)
        return rc < 0 ? rc : id == NGHTTP2_ERR_NOMEM ? -ENOMEM : CO_EHTTP;
    call->id = id;
    h2->is_draining |= id == INT32_MAX; /* there is no other (RFC 9113 5.1.1) */
    call->is_open = true;
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

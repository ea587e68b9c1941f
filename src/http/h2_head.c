/* SPDX-License-Identifier: MIT */
/*
 * A request's head, told as HTTP/1 would: so that one parser checks it, and everybody above sees
 * one kind of request. What cannot be told so is malformed (RFC 9113 8.1.1).
 *
 * nghttp2 has checked by then that names are lower-case tokens, that pseudo-header fields come
 * first, once each, and complete, and that there are no fields of the connection (RFC
 * 9113 8.2, 8.3).
 */
#include "http/h2.h"

#include "codec/http1.h"

#define DECODED_MAX 32768 /* bytes of a head, as SETTINGS_MAX_HEADER_LIST_SIZE tells: else 431 */
#define FIELDS_MAX  128   /* crumbs of cookies and trailers included: else 431 (attacks B06) */
#define VERSION     " HTTP/1.1\r\n"
#define PATIENCE    2 /* so many times the limits, and the connection ends */

/* Could this stand within a line of HTTP/1, between two spaces? */
static bool is_word(co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] <= ' ' || text.at[i] == 0x7f)
            return false;
    return text.size > 0;
}

static void keep(nghttp2_rcbuf **to, nghttp2_rcbuf *value)
{
    nghttp2_rcbuf_incref(value);
    *to = value;
}

static void forget(nghttp2_rcbuf **kept)
{
    if (*kept)
        nghttp2_rcbuf_decref(*kept);
    *kept = NULL;
}

void co_h2_head_forget(struct co_h2_stream *stream)
{
    forget(&stream->method);
    forget(&stream->path);
    forget(&stream->authority);
}

static void malformed(struct co_h2_stream *stream)
{
    co_h2_stream_reset(stream, NGHTTP2_PROTOCOL_ERROR);
}

static void pseudo_field(struct co_h2_stream *stream, co_text name, nghttp2_rcbuf *value)
{
    co_text text = co_h2_text(value);
    if (!is_word(text) && !co_text_equal(name, CO_TEXT(":authority")))
        malformed(stream);
    else if (co_text_equal(name, CO_TEXT(":method")))
        keep(&stream->method, value);
    else if (co_text_equal(name, CO_TEXT(":path")))
        keep(&stream->path, value);
    else if (co_text_equal(name, CO_TEXT(":authority")) && is_word(text))
        keep(&stream->authority, value);
    else if (!co_text_equal(name, CO_TEXT(":scheme")))
        malformed(stream);
}

static char *put(char *to, co_text text)
{
    if (text.size > 0)
        memcpy(to, text.at, text.size);
    return to + text.size;
}

static void field_write(struct co_h2_stream *stream, co_text name, co_text value)
{
    struct co_buf *head = &stream->head;
    size_t size = name.size + value.size + 4;
    char *to = co_buf_reserve(head, size);
    if (!to)
        return;
    to = put(put(to, name), CO_TEXT(": "));
    put(put(to, value), CO_TEXT("\r\n"));
    head->size += size;
}

/* "GET /path HTTP/1.1" and Host. CONNECT has no path but an authority (RFC 9113 8.5). */
static void line_write(struct co_h2_stream *stream)
{
    struct co_buf *head = &stream->head;
    nghttp2_rcbuf *target = stream->path ? stream->path : stream->authority;
    stream->has_line = true;
    if (!stream->method || !target) {
        malformed(stream);
        return;
    }
    co_text method = co_h2_text(stream->method), path = co_h2_text(target),
            version = CO_TEXT(VERSION);
    size_t size = method.size + 1 + path.size + version.size;
    char *to = co_buf_reserve(head, size);
    if (to) {
        to = put(put(to, method), CO_TEXT(" "));
        put(put(to, path), version);
        head->size += size;
    }
    if (stream->authority)
        field_write(stream, CO_TEXT("host"), co_h2_text(stream->authority));
}

/* Cookies come in crumbs, so that they compress (RFC 9113 8.2.3). */
static void crumb(struct co_h2_stream *stream, co_text value)
{
    struct co_buf *head = &stream->head;
    size_t size = value.size + 2, after = head->size - stream->cookies_end;
    if (!co_buf_reserve(head, size))
        return;
    char *at = head->at + stream->cookies_end;
    memmove(at + size, at, after);
    memcpy(at, "; ", 2);
    if (value.size > 0)
        memcpy(at + 2, value.at, value.size);
    head->size += size;
    stream->cookies_end += size;
}

static void plain_field(struct co_h2_stream *stream, co_text name, co_text value)
{
    if (!stream->has_line)
        line_write(stream);
    if (co_text_equal(name, CO_TEXT("host")) && stream->authority) {
        if (!co_text_equal_nocase(value, co_h2_text(stream->authority))) /* RFC 9113 8.3.1 */
            malformed(stream);
        return;
    }
    bool cookie = co_text_equal(name, CO_TEXT("cookie"));
    if (cookie && stream->cookies_end > 0) {
        crumb(stream, value);
        return;
    }
    stream->has_length |= co_text_equal(name, CO_TEXT("content-length"));
    field_write(stream, name, value);
    if (cookie)
        stream->cookies_end = stream->head.size - 2;
}

/* What goes on and on is not decoded any further. */
static int count(struct co_h2 *h2, struct co_h2_decoded *decoded, size_t bytes)
{
    decoded->fields++;
    decoded->bytes += bytes + CO_H2_FIELD_MORE;
    if (decoded->fields <= PATIENCE * FIELDS_MAX && decoded->bytes <= PATIENCE * DECODED_MAX)
        return 0;
    h2->meter.excess = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int co_h2_head_pass(struct co_h2 *h2, const nghttp2_rcbuf *name, const nghttp2_rcbuf *value)
{
    return count(h2, &h2->passed, co_h2_text(name).size + co_h2_text(value).size);
}

int co_h2_head_field(struct co_h2_stream *stream, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    co_text name_text = co_h2_text(name), value_text = co_h2_text(value);
    struct co_h2_decoded *decoded = &stream->decoded;
    int rc = count(stream->h2, decoded, name_text.size + value_text.size);
    if (decoded->fields > FIELDS_MAX || decoded->bytes > DECODED_MAX)
        stream->refused = 431;
    bool is_trailer = stream->has_fiber; /* read by nobody */
    if (rc < 0 || is_trailer || stream->error || stream->refused)
        return rc;
    if (name_text.at[0] == ':')
        pseudo_field(stream, name_text, value);
    else
        plain_field(stream, name_text, value_text);
    return 0;
}

int co_h2_head_end(struct co_h2_stream *stream, bool ends)
{
    if (!stream->has_line && !stream->error)
        line_write(stream);
    if (stream->error)
        return -1;
    /* The body ends with its stream: HTTP/1 says so by chunks. */
    if (!ends && !stream->has_length)
        field_write(stream, CO_TEXT("transfer-encoding"), CO_TEXT("chunked"));
    co_buf_add(&stream->head, "\r\n", 2);
    if (stream->head.error)
        stream->refused = 431;
    return 0;
}

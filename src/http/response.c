/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include "http/body.h"
#include "http/field.h"
#include "http/transport.h"
#include "runtime/fiber.h"

#include <errno.h>

#define HEAD_MAX 512 /* bytes of status line, type and length: the rest comes from elsewhere */

void co_http_reply_start(co_http_request *request)
{
    request->reply_state = CO_HTTP_REPLY_NONE;
    request->sends_file = false;
    request->status = 0;
    request->prepared = NULL;
    request->reply_left = 0;
    request->reply_bytes = 0;
    request->reply_error = 0;
    request->fields_error = 0;
    co_buf_clear(&request->fields);
}

/* A write that failed has torn the response: what follows could not be told from it. */
static int settle(co_http_request *request, int rc)
{
    if (rc < 0) {
        request->reply_state = CO_HTTP_REPLY_BROKEN;
        request->reply_error = rc;
    }
    return rc;
}

/* ---- fields ------------------------------------------------------------------------------- */

int co_http_set_text(co_http_request *request, co_text name, co_text value)
{
    if (request->reply_state != CO_HTTP_REPLY_NONE)
        return CO_EREPLIED;
    int rc = -EINVAL;
    value = co_text_trim(value);
    if (co_http_may_set(name, value)) {
        if (!co_text_equal_nocase(name, CO_TEXT("Set-Cookie")))
            co_http_line_remove(&request->fields, name);
        co_http_line_add(&request->fields, name, value);
        rc = request->fields.error;
    }
    if (rc < 0 && !request->fields_error)
        request->fields_error = rc;
    return rc;
}

int co_http_set(co_http_request *request, const char *name, const char *value)
{
    return co_http_set_text(request, co_text_of(name), co_text_of(value));
}

/* ---- heads -------------------------------------------------------------------------------- */

bool co_http_reply_has_body(const co_http_request *request, int status)
{
    return request->head.method != CO_HTTP_HEAD && status != 204 && status != 304;
}

co_text co_http_secure_lines(const co_http_request *request)
{
    const struct co_buf *secure = &request->server->secure;
    return secure->size && co_tls_is_on(request->stream) ? co_buf_text(secure) : (co_text){0};
}

/* Sends a head, and the body if it is there already. `next` is the state that follows when all went
 * well. */
static int send_head(
    co_http_request *request, co_text head, co_text body, enum co_http_reply_state next)
{
    request->reply_state = next;
    return settle(request, request->transport->head(request, head, body, next));
}

/* May a response with that status begin? */
static int claim(co_http_request *request, int status)
{
    if (request->reply_state != CO_HTTP_REPLY_NONE)
        return CO_EREPLIED;
    if (status < 200 || status > 599)
        return -EINVAL;
    if (request->fields_error)
        return request->fields_error;
    request->status = status;
    if (co_fiber_refusal(co_rt_current(), true) == CO_EDRAIN)
        request->close = true;
    return 0;
}

/* The same for a response after which nobody will read the request's body: when it cannot be
 * skipped either, the client hears that the connection ends (RFC 9112 9.6). */
static int claim_whole(co_http_request *request, int status)
{
    int rc = claim(request, status);
    if (rc == 0 && co_http_body_is_unwanted(request))
        request->close = true;
    return rc;
}

int co_http_reply_prepared(
    co_http_request *request, int status, co_text head, const void *body, size_t body_bytes)
{
    int rc = claim_whole(request, status);
    if (rc < 0)
        return rc;
    co_text sent = {body, co_http_reply_has_body(request, status) ? body_bytes : 0};
    rc = send_head(request, head, sent, CO_HTTP_REPLY_DONE);
    request->reply_bytes = rc < 0 ? 0 : sent.size;
    return rc;
}

int co_http_begin_sized(co_http_request *request, int status, co_text head, uint64_t size)
{
    int rc = claim_whole(request, status);
    if (rc < 0)
        return rc;
    request->reply_left = size;
    return send_head(request, head, (co_text){0}, CO_HTTP_REPLY_SIZED);
}

/* RFC 9112 6.1: chunked for those who know it, never in a response to HTTP/1.0. */
int co_http_begin_prepared(co_http_request *request, int status, co_text head)
{
    int rc = claim(request, status);
    if (rc < 0)
        return rc;
    if (request->head.minor > 0 || status == 204 || status == 304)
        return send_head(request, head, (co_text){0}, CO_HTTP_REPLY_CHUNKED);
    request->close = true;
    return send_head(request, head, (co_text){0}, CO_HTTP_REPLY_TO_END);
}

/* What the handler has set itself goes before. */
static const char *type_beside(const co_http_request *request, const char *type)
{
    return co_http_line_has(&request->fields, CO_TEXT("Content-Type")) ? NULL : type;
}

/* Status line and Content-Type. Returns 0, or -EINVAL for a type that is no field value. */
static int head_write(struct co_buf *head, int status, const char *type)
{
    co_text value = co_text_trim(co_text_of(type));
    co_buf_add(head, "HTTP/1.1 ", 9);
    co_buf_add_number(head, (uint64_t)status);
    co_buf_add_char(head, ' ');
    co_buf_add_string(head, co_http_reason(status));
    co_buf_add(head, "\r\n", 2);
    if (type)
        co_http_line_add(head, CO_TEXT("Content-Type"), value);
    if (head->error || !co_http_is_field_value(value))
        return -EINVAL;
    return 0;
}

/* A head is built in the caller's room: a buffer that has all it may ever have. */
#define HEAD_BUF(room) ((struct co_buf){.at = (room), .room = HEAD_MAX, .size_max = HEAD_MAX})

int co_http_reply(
    co_http_request *request, int status, const char *type, const void *body, size_t body_bytes)
{
    char room[HEAD_MAX];
    struct co_buf head = HEAD_BUF(room);
    if (request->reply_state != CO_HTTP_REPLY_NONE)
        return CO_EREPLIED;
    int rc = head_write(&head, status, type_beside(request, type));
    if (rc < 0)
        return rc;
    /* RFC 9110 8.6: none with 204; with 304 it would be the length of what is not sent. */
    if (status != 204 && status != 304) {
        co_buf_add(&head, "Content-Length: ", 16);
        co_buf_add_number(&head, body_bytes);
        co_buf_add(&head, "\r\n", 2);
    }
    return co_http_reply_prepared(request, status, co_buf_text(&head), body, body_bytes);
}

int co_http_text(co_http_request *request, int status, const char *text)
{
    return co_http_reply(request, status, "text/plain; charset=utf-8", text, strlen(text));
}

int co_http_begin(co_http_request *request, int status, const char *type)
{
    char room[HEAD_MAX];
    struct co_buf head = HEAD_BUF(room);
    if (request->reply_state != CO_HTTP_REPLY_NONE)
        return CO_EREPLIED;
    int rc = head_write(&head, status, type_beside(request, type));
    return rc < 0 ? rc : co_http_begin_prepared(request, status, co_buf_text(&head));
}

/* ---- bodies ------------------------------------------------------------------------------- */

/* Books `size` bytes of a begun response. Returns 1 when they are to be sent, 0 when they are to be
 * left out (HEAD, 204, 304), negative when they have no place. */
static int book(co_http_request *request, uint64_t size)
{
    switch (request->reply_state) {
    case CO_HTTP_REPLY_SIZED:
        if (size > request->reply_left)
            return -EINVAL;
        request->reply_left -= size;
        break;
    case CO_HTTP_REPLY_CHUNKED:
    case CO_HTTP_REPLY_TO_END: break;
    case CO_HTTP_REPLY_BROKEN: return request->reply_error;
    default: return -EINVAL;
    }
    return size > 0 && co_http_reply_has_body(request, request->status);
}

int co_http_write(co_http_request *request, const void *bytes, size_t size)
{
    int rc = book(request, size);
    if (rc <= 0)
        return rc;
    rc = request->transport->write(request, bytes, size);
    request->reply_bytes += rc < 0 ? 0 : size;
    return settle(request, rc);
}

int co_http_write_file(co_http_request *request, int fd, uint64_t offset, uint64_t size)
{
    if (request->reply_state != CO_HTTP_REPLY_SIZED)
        return -EINVAL;
    int rc = book(request, size);
    if (rc <= 0)
        return rc;
    struct co_pace_span span = {fd, offset, size};
    rc = request->transport->write_file(request, &span);
    request->reply_bytes += size - span.size;
    return settle(request, rc);
}

int co_http_reply_file(
    co_http_request *request, int status, co_text head, int fd, uint64_t offset, uint64_t size)
{
    int rc = co_http_begin_sized(request, status, head, size);
    return rc < 0 ? rc : co_http_write_file(request, fd, offset, size);
}

/* ---- the end ------------------------------------------------------------------------------ */

/* What a handler's failure tells the client (RFC 9110 15.5, 15.6). */
static int status_of(const co_http_request *request, int error)
{
    switch (request->body_error ? request->body_error : error) {
    case CO_EDEADLINE: return 503;
    case CO_ETOOBIG: return request->body_error ? 413 : 500;
    case CO_ETOOSLOW: return 408;
    case CO_EHTTP:
    case CO_EEOF: return request->body_error ? 400 : 500;
    default: return 500;
    }
}

/* The body ends too early. The peer can tell by its length or its last chunk; where only the
 * connection's end marks the body's, it takes a reset (RFC 9112 8). */
static int cut_short(co_http_request *request, int error)
{
    request->close = true;
    if (request->reply_state == CO_HTTP_REPLY_TO_END)
        return settle(request, error);
    request->reply_state = CO_HTTP_REPLY_DONE;
    return error;
}

/* Ends a begun body as its handler's result says. */
static int end_body(co_http_request *request, int rc)
{
    bool has_body = co_http_reply_has_body(request, request->status);
    if (rc == 0 && has_body && request->reply_left > 0)
        rc = CO_EEOF;
    if (rc < 0)
        return cut_short(request, rc);
    if (has_body)
        rc = request->transport->end(request);
    request->reply_state = CO_HTTP_REPLY_DONE;
    return settle(request, rc);
}

int co_http_reply_finish(co_http_request *request, int result)
{
    int rc = result < 0 ? result : 0;
    switch (request->reply_state) {
    case CO_HTTP_REPLY_NONE:
        co_buf_clear(&request->fields);
        request->fields_error = 0;
        co_http_reply_error(request, rc < 0 ? status_of(request, rc) : 500);
        return rc < 0 ? rc : request->reply_error;
    case CO_HTTP_REPLY_DONE: return rc;
    case CO_HTTP_REPLY_BROKEN: return request->reply_error;
    default: return end_body(request, rc);
    }
}

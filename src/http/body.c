/* SPDX-License-Identifier: MIT */
#include "http/body.h"

#include "http/transport.h"
#include "net/stream.h"

#include <errno.h>

#define SKIP_PIECE 1024 /* bytes on the stack */

void co_http_body_start(co_http_request *request)
{
    request->body_state = CO_HTTP_BODY_UNREAD;
    request->body_bytes = 0;
    request->body_bytes_max = request->server->options.body_bytes_max;
    request->incoming.shown = 0;
    request->body_error = 0;
    request->continued = false;
}

static bool awaits_continue(const co_http_request *request)
{
    return request->head.expect_continue && !request->continued &&
           request->head.framing != CO_HTTP_NO_BODY;
}

/* RFC 9110 10.1.1: a client that waits for it gets a 100, unless it has begun to send the body or
 * we to respond. */
static int send_continue(co_http_request *request)
{
    if (!awaits_continue(request))
        return 0;
    request->continued = true;
    return request->reply_state == CO_HTTP_REPLY_NONE ? request->transport->go_on(request) : 0;
}

bool co_http_body_is_malformed(const co_http_request *request)
{
    const uint8_t *bytes;
    struct co_chunked decoder = {0};
    if (CO_LIKELY(request->head.framing != CO_HTTP_CHUNKED))
        return false;
    ssize_t n = co_peek(request->stream, 0, &bytes);
    co_text input = {(const char *)bytes, n > 0 ? (size_t)n : 0}, piece;
    input = co_text_after(input, request->head_bytes);
    int event;
    do
        event = co_chunked_next(&decoder, &input, &piece);
    while (event == CO_CHUNK_DATA);
    return event < 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Books what was read, or the end. */
static ssize_t book(co_http_request *request, ssize_t n)
{
    if (n == 0)
        request->body_state = CO_HTTP_BODY_DONE;
    if (n > 0)
        request->body_bytes += (uint64_t)n;
    return request->body_bytes > request->body_bytes_max ? CO_ETOOBIG : n;
}

static ssize_t read_piece(co_http_request *request, void *ret_bytes, size_t size)
{
    return book(request, request->transport->read(request, ret_bytes, size));
}

/* Before a piece is read. 0, or why there is none. */
static ssize_t prepare(co_http_request *request)
{
    ssize_t n = request->transport->consume_shown(request);
    if (request->body_error)
        n = request->body_error;
    if (n == 0 && request->body_state == CO_HTTP_BODY_UNREAD)
        n = request->transport->open_body(request, true);
    return n < 0 ? n : send_continue(request);
}

/* Failures stay. */
static ssize_t keep_error(co_http_request *request, ssize_t n)
{
    if (n < 0)
        request->body_error = (int)n;
    return n;
}

ssize_t co_http_read(co_http_request *request, void *ret_bytes, size_t size)
{
    ssize_t n = prepare(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = read_piece(request, ret_bytes, size);
    return keep_error(request, n);
}

ssize_t co_http_body_next(co_http_request *request, co_text *ret)
{
    ssize_t n = prepare(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = book(request, request->transport->show(request, ret));
    return keep_error(request, n);
}

long co_http_body_splice(co_http_request *request, int pipe_fd, size_t size)
{
    if (!request->transport->splice)
        return -EOPNOTSUPP;
    long n = prepare(request);
    if (n == 0 && request->body_state != CO_HTTP_BODY_DONE)
        n = request->transport->splice(request, pipe_fd, size);
    return n == -EOPNOTSUPP ? n : keep_error(request, book(request, n));
}

/* ---- skipping ----------------------------------------------------------------------------- */

bool co_http_body_is_unwanted(const co_http_request *request)
{
    if (request->body_state == CO_HTTP_BODY_DONE)
        return false;
    if (request->body_error || awaits_continue(request))
        return true;
    return request->head.framing == CO_HTTP_LENGTH &&
           request->head.body_size - request->body_bytes > CO_HTTP_SKIP_MAX;
}

static void skip_rest(co_http_request *request)
{
    char piece[SKIP_PIECE];
    size_t skipped = 0;
    ssize_t n = 1;
    request->incoming.pace.limit_rate = 0; /* what nobody keeps need not come slowly */
    while (n > 0 && skipped <= CO_HTTP_SKIP_MAX) {
        n = read_piece(request, piece, sizeof piece);
        skipped += n > 0 ? (size_t)n : 0;
    }
}

bool co_http_body_skip(co_http_request *request)
{
    (void)request->transport->consume_shown(request);
    if (co_http_body_is_unwanted(request))
        return false;
    if (request->body_state == CO_HTTP_BODY_UNREAD)
        request->transport->open_body(request, false);
    if (request->body_state == CO_HTTP_BODY_READING)
        skip_rest(request);
    return request->body_state == CO_HTTP_BODY_DONE;
}

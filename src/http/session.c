/* SPDX-License-Identifier: MIT */
/*
 * One connection: requests in, responses out, in order (RFC 9112 9.3).
 *
 * The session parks between requests and keeps nothing then but a count in the stream's slot. Its
 * fiber takes all requests that have arrived together; their responses gather in the stream's cork
 * and leave in one piece before it waits or parks again.
 */
#include "http/session.h"
#include "codec/url.h"
#include "coronet/tls.h"
#include "http/body.h"
#include "http/h2_session.h"
#include "http/response.h"
#include "http/route.h"
#include "http/send.h"
#include "http/transport.h"
#include "net/stream.h"
#include "runtime/fiber.h"

#include <errno.h>

#define WAS_PARKED 1 /* the lowest bit of a connection's history */
#define ONE_SERVED 2 /* what a request adds to it */

#define LINGER_MS        2000      /* for the peer to read our last words (RFC 9112 9.6) */
#define LINGER_BYTES_MAX (1 << 20) /* of what it may still be sending meanwhile */
#define OUTLAST_MS       30000     /* for a body that nobody wants, as long as it keeps coming */

/* What becomes of the connection; a negative error instead aborts it. */
enum next {
    NEXT_REQUEST,
    NEXT_PARK,
    NEXT_CLOSE,  /* everything was read: a plain close */
    NEXT_LINGER, /* the peer may still be sending: a close would reset and destroy our response */
};

/* All that is kept of a connection between its requests fits in the stream's slot: how many there
 * were, and whether it has parked. */
static uintptr_t history_add(co_stream *stream, uintptr_t change)
{
    void **slot = co_stream_slot(stream);
    uintptr_t history = (uintptr_t)*slot + change;
    *slot = (void *)history;
    return history;
}

/* ---- the head ----------------------------------------------------------------------------- */

static ssize_t parse(co_http_request *request, const uint8_t *bytes, size_t size, size_t *scanned)
{
    return co_http1_request_parse((co_text){(const char *)bytes, size}, scanned, &request->head);
}

/* The head did not become whole in time, or at all: what there is of it, for the event. The empty
 * line that some clients send after a body is no beginning of one (RFC 9112 2.2). */
static ssize_t give_up(co_http_request *request, int status)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    ssize_t n = co_peek(request->stream, 0, &bytes);
    if (n > 0 && n <= 2 && memcmp(bytes, "\r\n", (size_t)n) == 0) {
        co_consume(request->stream, (size_t)n);
        return 0;
    }
    if (n > 0)
        parse(request, bytes, (size_t)n, &scanned);
    return -status;
}

/* Waits for the rest of a head that has begun to arrive. Returns as read_head does. */
static ssize_t await_head(co_http_request *request, size_t scanned)
{
    const uint8_t *bytes;
    co_scope scope;
    ssize_t n, size = 0;
    int rc = co_http_flush(request);
    if (rc < 0)
        return rc;
    co_scope_open(&scope, request->server->options.header_timeout_ms);
    do {
        n = co_peek_more(request->stream, &bytes);
        if (n > 0)
            size = parse(request, bytes, (size_t)n, &scanned);
    } while (n > 0 && size == 0);
    int ended = co_scope_close(&scope);
    if (n == 0)
        return give_up(request, 400);
    if (n < 0)
        return n == ended ? give_up(request, 408) : n;
    return size;
}

/* Returns the head's size; 0 when nothing has arrived of it; a negated status when it is refused;
 * or the stream's error (beyond all statuses). */
static ssize_t read_head(co_http_request *request)
{
    const uint8_t *bytes;
    size_t scanned = 0;
    ssize_t n = co_peek(request->stream, 0, &bytes);
    if (n <= 0)
        return n;
    request->start_seconds = co_wall_seconds();
    if (request->server->options.event || request->server->options.transfer)
        request->start_ns = co_now_ns();
    ssize_t size = parse(request, bytes, (size_t)n, &scanned);
    return size ? size : await_head(request, scanned);
}

/* ---- one request -------------------------------------------------------------------------- */

/* Decodes the target's path behind a slash of our own; what is decoded is never longer. */
static int decode_path(co_http_request *request)
{
    co_text path = request->head.path;
    struct co_buf *own = &request->path;
    co_buf_clear(own);
    char *room = co_buf_reserve(own, path.size + 1);
    if (!room)
        return own->error;
    *room = '/';
    struct co_buf beneath = {.at = room + 1, .room = path.size, .size_max = path.size};
    int rc = co_url_path_decode(path, &beneath);
    own->size = 1 + beneath.size;
    return rc;
}

static int reply_allow(co_http_request *request, const struct co_http_route *route, int status)
{
    char room[128];
    struct co_buf allow = {.at = room, .room = sizeof room, .size_max = sizeof room};
    co_http_route_allow(route, &allow);
    int rc = co_http_set_text(request, CO_TEXT("Allow"), co_buf_text(&allow));
    if (rc < 0)
        return rc;
    return status == 204 ? co_http_reply(request, status, NULL, NULL, 0)
                         : co_http_reply_error(request, status);
}

static bool is_too_large(const co_http_request *request, const struct co_http_route *route)
{
    const struct co_http1_request *head = &request->head;
    bool uploads = head->method == CO_HTTP_PUT || head->method == CO_HTTP_POST;
    return !(route && route->takes_uploads && uploads) && head->framing == CO_HTTP_LENGTH &&
           head->body_size > request->server->options.body_bytes_max;
}

/* RFC 9110 9.1: 405 for a method that this path does not take. */
static int route_request(co_http_request *request)
{
    bool folder = false;
    enum co_http_method method = request->head.method;
    co_text path = co_buf_text(&request->path);
    const struct co_http_route *route = co_http_route_find(request->server->routes, path, &folder);
    if (is_too_large(request, route)) {
        request->close = true;
        return co_http_reply_error(request, 413);
    }
    if (!route)
        return co_http_reply_error(request, 404);
    int own = co_http_route_method(route, method);
    if (own < 0)
        return reply_allow(request, route, method == CO_HTTP_OPTIONS ? 204 : 405);
    if (folder)
        return co_http_redirect(request, 308, (co_text){route->path, route->path_size});
    request->beneath = co_text_after(path, route->path_size);
    return route->by_method[own].handler(request, route->by_method[own].arg);
}

int co_http_answer(co_http_request *request)
{
    const struct co_http1_request *head = &request->head;
    if (co_http_body_is_malformed(request)) {
        request->close = true;
        return co_http_reply_error(request, 400);
    }
    /* RFC 9110 9.1: nobody here knows the method, whatever the path. */
    if (!co_http_method_is_served(head->method))
        return co_http_reply_error(request, 501);
    if (co_text_equal(head->path, CO_TEXT("*"))) /* RFC 9110 9.3.7: the server as a whole */
        return co_http_reply(request, 204, NULL, NULL, 0);
    int rc = decode_path(request);
    if (rc < 0) /* whether the path is wrong is not known without memory */
        return rc == -ENOMEM ? rc : co_http_reply_error(request, 400);
    if (request->server->options.https_port && !co_tls_is_on(request->stream))
        return co_http_redirect_secure(request);
    return route_request(request);
}

void co_http_tell_transfer(
    const co_http_request *request, int64_t start_ns, const struct co_http_transfer *known)
{
    const struct co_http_options *options = &request->server->options;
    struct co_http_transfer transfer = *known;
    if (!options->transfer)
        return;
    transfer.peer = co_peer(request->stream);
    transfer.user = co_buf_text(&request->user);
    transfer.duration_ns = co_now_ns() - start_ns;
    transfer.start_seconds = co_wall_seconds() - transfer.duration_ns / CO_SECOND;
    options->transfer(options->arg, &transfer);
}

static bool has_sent_file(const co_http_request *request)
{
    return request->sends_file && request->head.method == CO_HTTP_GET &&
           (request->status == 200 || request->status == 206);
}

/* Who logged in; else, whom a client's certificate is for. */
static co_text user_of(const co_http_request *request)
{
    struct co_tls_info info = {0};
    if (request->user.size == 0 && co_tls_info(request->stream, &info) == 0 && info.peer)
        return co_text_of(info.peer);
    return co_buf_text(&request->user);
}

void co_http_tell(const co_http_request *request, int error)
{
    const struct co_http_options *options = &request->server->options;
    if (has_sent_file(request))
        co_http_tell_transfer(request, request->start_ns,
            &(struct co_http_transfer){.path = co_buf_text(&request->path),
                .bytes = request->reply_bytes,
                .error = error});
    if (!options->event)
        return;
    const struct co_http1_request *head = &request->head;
    struct co_http_event event = {
        .peer = co_peer(request->stream),
        .scheme = co_tls_is_on(request->stream) ? "https" : "http",
        .method = head->method_text,
        .target = head->target,
        .host = head->host,
        .referer = head->referer,
        .user_agent = head->user_agent,
        .user = user_of(request),
        .major = request->transport->major,
        .minor = request->transport->major > 1 ? 0 : head->minor,
        .status = request->status,
        .body_bytes = request->reply_bytes,
        .start_seconds = request->start_seconds,
        .duration_ns = co_now_ns() - request->start_ns,
        .error = error,
    };
    options->event(options->arg, &event);
}

/* Does the connection end with this request, as far as its head tells? Behind CONNECT may come what
 * somebody else wants to say through the tunnel, who thought that there is one (RFC 9931). */
static bool is_last(const co_http_request *request)
{
    const struct co_http_options *options = &request->server->options;
    uintptr_t history = history_add(request->stream, ONE_SERVED);
    return !request->head.keep_alive || request->head.method == CO_HTTP_CONNECT ||
           (options->requests_max && history / ONE_SERVED >= options->requests_max);
}

static int exchange(co_http_request *request, size_t head_bytes)
{
    request->head_bytes = head_bytes;
    request->close = is_last(request);
    co_buf_clear(&request->user);
    co_http_body_start(request);
    co_http_reply_start(request);
    int rc = co_http_reply_finish(request, co_http_answer(request));
    co_http_tell(request, rc);
    if (request->reply_state == CO_HTTP_REPLY_BROKEN)
        return rc;
    if (!co_http_body_skip(request))
        return NEXT_LINGER;
    return request->close ? NEXT_CLOSE : NEXT_REQUEST;
}

/* Answers what is no request. Nothing after it can be trusted to be one (RFC 9112 11.2). */
static int refuse(co_http_request *request, int status)
{
    co_buf_clear(&request->user);
    co_http_reply_start(request);
    request->head.framing = CO_HTTP_NO_BODY;
    request->body_state = CO_HTTP_BODY_DONE;
    request->close = true;
    int rc = co_http_reply_error(request, status);
    co_http_tell(request, rc < 0 ? rc : CO_EHTTP);
    return rc < 0 ? rc : NEXT_LINGER;
}

static int serve_one(co_http_request *request)
{
    ssize_t size = read_head(request);
    if (size > 0)
        return exchange(request, (size_t)size);
    if (size == 0)
        return NEXT_PARK;
    if (size <= -400 && size >= -599)
        return refuse(request, (int)-size);
    return (int)size;
}

/* ---- the connection ------------------------------------------------------------------------ */

/* Drops a body that nobody wants, as long as it keeps coming: many look for the answer only behind
 * it, and a reset would take that from them. False when no more comes. */
static bool outlast_body(co_stream *stream)
{
    const uint8_t *bytes;
    const int64_t end = co_now_ns() + OUTLAST_MS * CO_MS;
    ssize_t n = 1;
    while (n > 0 && co_now_ns() < end && co_fiber_refusal(stream->rt, true) == 0) {
        co_scope scope;
        co_scope_open(&scope, LINGER_MS);
        n = co_peek(stream, 1, &bytes);
        co_scope_close(&scope);
        if (n > 0)
            co_consume(stream, (size_t)n);
    }
    return n > 0;
}

void co_http_linger(co_stream *stream, bool sends_body)
{
    co_scope scope;
    co_scope_open(&scope, LINGER_MS);
    int rc = co_shutdown_write(stream);
    co_scope_close(&scope);
    if (rc < 0 || (sends_body && !outlast_body(stream)))
        return;
    co_scope_open(&scope, LINGER_MS);
    co_stream_discard(stream, LINGER_BYTES_MAX);
    co_scope_close(&scope);
}

/* Is a good body left that nobody wanted? */
static bool sends_body(const co_http_request *request)
{
    return request->body_state != CO_HTTP_BODY_DONE &&
           (request->body_error == 0 || request->body_error == CO_ETOOBIG);
}

/* Serves what has arrived. */
static int serve_batch(co_http_request *request)
{
    int next;
    do
        next = serve_one(request);
    while (next == NEXT_REQUEST);
    if (next < 0)
        return next;
    if (next == NEXT_CLOSE)
        co_stream_closes(request->stream);
    int rc = co_http_flush(request);
    if (rc < 0)
        return rc;
    if (next == NEXT_LINGER)
        co_http_linger(request->stream, sends_body(request));
    return next == NEXT_PARK ? CO_PARK : 0;
}

/* Is there something to serve? 1 when there is; 0 at the connection's end; CO_PARK when nothing has
 * arrived on a new one; or the stream's error. */
static int await_input(co_stream *stream, int64_t idle_timeout_ms)
{
    const uint8_t *bytes;
    co_scope scope;
    if (co_stream_buffered(stream) > 0)
        return 1;
    if (history_add(stream, 0) == 0) {
        history_add(stream, WAS_PARKED);
        return CO_PARK;
    }
    co_scope_open(&scope, idle_timeout_ms);
    ssize_t n = co_peek(stream, 1, &bytes);
    int ended = co_scope_close(&scope);
    return n > 0 ? 1 : n == ended ? 0 : (int)n;
}

int co_http_session(co_stream *stream, void *arg)
{
    co_http_server *server = arg;
    struct co_http_shard *shard;
    if (co_h2_is_on(stream))
        return co_h2_session(stream, server);
    if (co_park_result(stream) < 0) /* drained, or idle for too long: nobody waits for an answer */
        return 0;
    co_park_deadline(stream, server->options.idle_timeout_ms);
    int rc = await_input(stream, server->options.idle_timeout_ms);
    if (rc <= 0 || rc == CO_PARK)
        return rc;
    if (history_add(stream, 0) < ONE_SERVED && (rc = co_h2_is_asked_for(stream, server)) != 0)
        return rc < 0 ? rc : co_h2_session(stream, server);
    rc = co_http_shard_enter(server, &shard);
    if (rc < 0)
        return rc;
    co_http_request *request = co_http_request_take(server, shard);
    if (!request)
        return -ENOMEM;
    request->stream = stream;
    request->transport = &co_http1_transport;
    request->held = 0;
    request->corked = false;
    co_pace_start(&request->writing, server->options.min_rate, server->options.limit_rate);
    rc = serve_batch(request);
    co_http_request_give(request);
    return rc;
}

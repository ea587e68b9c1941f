/* SPDX-License-Identifier: MIT */
/*
 * A stream: one request and its response, in a fiber of the connection's group.
 *
 * Two know it: nghttp2, until it is closed, and its fiber, until that ends. It goes back to the
 * spare ones after both.
 */
#include "http/body.h"
#include "http/h2.h"
#include "http/response.h"
#include "http/session.h"
#include "http/transport.h"

#include <errno.h>
#include <stdlib.h>

#define LINGER_MS      1000              /* for the peer to stop sending what nobody reads */
#define BURST_MAX      16                /* requests, before other connections have their turn */
#define SPARE_MAX      CO_H2_STREAMS_MAX /* streams: more are at work only in a storm */
#define SPARE_HEAD_MAX 2048              /* bytes of the buffer that a spare stream may keep */

/* ---- coming and going --------------------------------------------------------------------- */

static struct co_h2_stream *take_spare(struct co_h2_store *store)
{
    struct co_h2_stream *stream = store->spare;
    if (stream) {
        store->spare = stream->next;
        store->spare_count--;
        return stream;
    }
    stream = calloc(1, sizeof *stream);
    if (stream)
        stream->head = CO_BUF(CO_HTTP1_HEAD_MAX);
    return stream;
}

struct co_h2_stream *co_h2_stream_begin(struct co_h2 *h2, int32_t id)
{
    struct co_h2_stream *stream = take_spare(h2->store);
    if (!stream)
        return NULL;
    *stream = (struct co_h2_stream){
        .h2 = h2, .next = h2->streams, .id = id, .open = true, .head = stream->head};
    if (h2->streams)
        h2->streams->previous = stream;
    h2->streams = stream;
    h2->stream_count++;
    return stream;
}

static void stream_free(struct co_h2_stream *stream)
{
    co_buf_free(&stream->head);
    free(stream);
}

static void give_spare(struct co_h2_store *store, struct co_h2_stream *stream)
{
    if (store->spare_count >= SPARE_MAX) {
        stream_free(stream);
        return;
    }
    if (stream->head.room > SPARE_HEAD_MAX)
        co_buf_free(&stream->head);
    co_buf_clear(&stream->head);
    stream->next = store->spare;
    store->spare = stream;
    store->spare_count++;
}

static void give_back(struct co_h2_stream *stream)
{
    struct co_h2 *h2 = stream->h2;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        h2->streams = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    h2->stream_count--;
    co_h2_head_forget(stream);
    co_h2_body_drop(stream);
    give_spare(h2->store, stream);
}

static void release(struct co_h2_stream *stream)
{
    if (stream->open || stream->has_fiber)
        return;
    struct co_h2 *h2 = stream->h2;
    give_back(stream);
    if (h2->stream_count == 0)
        h2->idle_since = co_now_ns();
}

void co_h2_stream_closed(struct co_h2_stream *stream)
{
    stream->open = false;
    if (!stream->complete && !stream->error)
        stream->error = -ECONNRESET;
    co_event_set(&stream->wake);
    release(stream);
}

void co_h2_stream_reset(struct co_h2_stream *stream, uint32_t code)
{
    if (!stream->error)
        stream->error = CO_EHTTP;
    if (stream->open)
        nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, code);
}

void co_h2_streams_fail(struct co_h2 *h2, int error)
{
    for (struct co_h2_stream *stream = h2->streams; stream; stream = stream->next)
        if (!stream->error)
            stream->error = error;
}

void co_h2_streams_wake(struct co_h2 *h2)
{
    for (struct co_h2_stream *stream = h2->streams; stream; stream = stream->next)
        co_event_set(&stream->wake);
}

void co_h2_streams_free(struct co_h2 *h2)
{
    while (h2->streams)
        give_back(h2->streams);
}

void co_h2_spare_free(struct co_h2_store *store)
{
    while (store->spare) {
        struct co_h2_stream *stream = store->spare;
        store->spare = stream->next;
        stream_free(stream);
    }
}

/* ---- the exchange ------------------------------------------------------------------------- */

/* The head's text becomes the request's: every slice points into it. Returns 0, or the status that
 * refuses it. */
static int read_head(co_http_request *request, struct co_h2_stream *stream)
{
    size_t scanned = 0;
    struct co_buf own = request->kept;
    request->kept = stream->head;
    stream->head = own;
    ssize_t size = co_http1_request_parse(co_buf_text(&request->kept), &scanned, &request->head);
    if (stream->refused)
        return stream->refused;
    return size > 0 ? 0 : size < 0 ? (int)-size : 400;
}

static int refuse(co_http_request *request, int status)
{
    request->head.framing = CO_HTTP_NO_BODY;
    request->body_state = CO_HTTP_BODY_DONE;
    int rc = co_http_reply_error(request, status);
    co_http_tell(request, rc < 0 ? rc : CO_EHTTP);
    return rc;
}

static void exchange(co_http_request *request, struct co_h2_stream *stream)
{
    const struct co_http_options *options = &request->server->options;
    request->stream = stream->h2->stream;
    request->transport = &co_h2_transport;
    request->exchange = stream;
    request->head_bytes = 0;
    request->close = false;
    request->start_seconds = stream->h2->now_seconds;
    if (options->event || options->transfer)
        request->start_ns = co_now_ns();
    co_pace_start(&request->writing, options->min_rate, options->limit_rate);
    co_buf_clear(&request->user);
    int status = read_head(request, stream);
    co_http_body_start(request);
    co_http_reply_start(request);
    if (status > 0)
        refuse(request, status);
    else
        co_http_tell(request, co_http_reply_finish(request, co_http_answer(request)));
    request->exchange = NULL;
}

/* The answer is whole, the request's body is not. Who is still sending it needs a moment to hear
 * that: some take a reset that comes with the answer for a failure. */
static void linger(struct co_h2_stream *stream)
{
    const struct co_h2 *h2 = stream->h2;
    co_scope scope;
    int rc = 0;
    co_scope_open(&scope, LINGER_MS);
    while (rc == 0 && stream->open && !stream->body_ended && !h2->ended && !h2->error) {
        co_event_clear(&stream->wake);
        rc = co_event_wait(&stream->wake);
    }
    co_scope_close(&scope);
    if (stream->open && !stream->body_ended)
        co_h2_stream_reset(stream, NGHTTP2_NO_ERROR); /* RFC 9113 8.1 */
}

/* What the handler has left undone. On an answer that is not whole nobody shall rely. */
static void finish(struct co_h2_stream *stream)
{
    stream->unread = true;
    co_h2_body_drop(stream);
    if (!stream->complete)
        co_h2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
    else if (!stream->body_ended)
        linger(stream);
}

/* Nobody is at work for it any more. */
static void leave(struct co_h2_stream *stream)
{
    stream->has_fiber = false;
    stream->h2->at_work--;
    release(stream);
}

static void answer(struct co_h2_stream *stream)
{
    struct co_h2 *h2 = stream->h2;
    co_http_request *request = co_http_request_take(h2->server, h2->shard);
    if (request) {
        exchange(request, stream);
        co_http_request_give(request);
    }
    finish(stream);
    leave(stream);
    if (nghttp2_session_want_write(h2->session))
        co_h2_push(h2);
}

/* The first of the queue. Who was reset while it waited is answered by nobody: that would be work
 * which costs its client nothing (attacks B01). */
static struct co_h2_stream *take_first(struct co_h2 *h2)
{
    struct co_h2_stream *stream;
    while ((stream = h2->queue) != NULL) {
        h2->queue = stream->queued;
        if (stream->open)
            break;
        leave(stream);
    }
    return stream;
}

static void start_next(struct co_h2 *h2);

/* The next fiber is started when this one begins: it runs when this one waits, or has ended. Until
 * then this one goes on by itself: requests that came together and are soon answered need few
 * fibers. */
static int run(void *arg)
{
    struct co_h2 *h2 = arg;
    struct co_h2_stream *stream = take_first(h2);
    h2->starting = false;
    start_next(h2);
    if (!h2->starting) {
        co_h2_write_soon(h2);
        co_event_set(&h2->begun);
    }
    for (unsigned i = 1; stream; stream = i++ < BURST_MAX ? take_first(h2) : NULL)
        answer(stream);
    co_h2_settled(h2);
    return 0;
}

static void start_next(struct co_h2 *h2)
{
    static const struct co_go_options go = {.name = "request"};
    struct co_group_body *group = (struct co_group_body *)(void *)h2->group;
    if (!h2->queue || h2->starting)
        return;
    int rc = co_fiber_spawn(h2->stream->rt, group, &go, run, h2);
    if (rc < 0) {
        co_h2_fail(h2, rc);
        co_event_set(&h2->begun);
        return;
    }
    group->count++;
    h2->starting = true;
}

void co_h2_stream_run(struct co_h2_stream *stream)
{
    struct co_h2 *h2 = stream->h2;
    struct co_h2_stream **last = &h2->queue;
    if (h2->queue)
        last = &h2->queue_last->queued;
    *last = h2->queue_last = stream;
    stream->has_fiber = true;
    h2->at_work++;
    h2->requests++;
    if (h2->requests == h2->server->options.requests_max)
        co_h2_send_away(h2);
    start_next(h2);
}

void co_h2_queue_drop(struct co_h2 *h2)
{
    struct co_h2_stream *stream;
    if (h2->starting)
        return;
    while ((stream = h2->queue) != NULL) {
        h2->queue = stream->queued;
        leave(stream);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/2 connection. One fiber reads and feeds nghttp2; each request has a fiber of its own in
 * its group, and another one writes. When none is at work the connection parks, as one of HTTP/1
 * does: what is kept of it then is nghttp2's state.
 */
#include "http/h2_session.h"

#include "coronet/tls.h"
#include "http/h2.h"
#include "http/session.h"

#include <errno.h>
#include <stdlib.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 3.4 */
#define PREFACE_SIZE      (sizeof preface - 1)
#define CONTINUATIONS_MAX 8     /* of a request's header block (attacks B03) */
#define BLOCK_BYTES_MAX   32768 /* of a request's header block, compressed (attacks B03) */

/* ---- beginning and end -------------------------------------------------------------------- */

static void h2_free(void *slot)
{
    struct co_h2 *h2 = slot;
    if (h2->session)
        co_h2_streams_free(h2);
    nghttp2_session_del(h2->session);
    co_h2_output_release(h2);
    free(h2);
}

static int h2_new(co_stream *stream, co_http_server *server, struct co_h2 **ret)
{
    const struct co_http_options *options = &server->options;
    struct co_h2 *h2 = calloc(1, sizeof *h2);
    if (!h2)
        return -ENOMEM;
    h2->stream = stream;
    h2->server = server;
    h2->idle_since = co_now_ns();
    h2->opened_last = -1;
    h2->meter = (struct co_h2_meter){.stops_at_data = true,
        .continuations_max = CONTINUATIONS_MAX,
        .block_bytes_max = BLOCK_BYTES_MAX,
        .block_ms = options->header_timeout_ms,
        .frame_left = PREFACE_SIZE};
    co_pace_start(&h2->writing, options->min_rate, options->limit_rate);
    co_pace_start(&h2->reading, -1, options->limit_rate);
    int rc = co_http_shard_enter(server, &h2->shard);
    if (rc == 0)
        rc = co_h2_store_enter(h2->shard, &h2->store);
    if (rc == 0)
        rc = co_h2_session_new(h2);
    if (rc < 0) {
        h2_free(h2);
        return rc;
    }
    *co_stream_slot(stream) = h2;
    stream->free_slot = h2_free;
    *ret = h2;
    return 0;
}

bool co_h2_is_on(const co_stream *stream)
{
    return stream->free_slot == h2_free;
}

/* 1: what has come is a preface so far; 0: it is not. */
static bool is_preface(const uint8_t *bytes, ssize_t n)
{
    size_t size = (size_t)n < PREFACE_SIZE ? (size_t)n : PREFACE_SIZE;
    return memcmp(bytes, preface, size) == 0;
}

int co_h2_is_asked_for(co_stream *stream, const co_http_server *server)
{
    const uint8_t *bytes;
    struct co_tls_info info;
    co_scope scope;
    if (server->options.no_http2)
        return 0;
    if (co_tls_is_on(stream))
        return co_tls_info(stream, &info) == 0 && co_text_equal(info.alpn, CO_TEXT("h2"));
    ssize_t n = co_peek(stream, 0, &bytes);
    if (n <= 0 || !is_preface(bytes, n) || (size_t)n >= PREFACE_SIZE)
        return n > 0 && is_preface(bytes, n);
    co_scope_open(&scope, server->options.header_timeout_ms);
    do
        n = co_peek_more(stream, &bytes);
    while (n > 0 && is_preface(bytes, n) && (size_t)n < PREFACE_SIZE);
    int ended = co_scope_close(&scope);
    return n < 0 && n != ended ? (int)n : n >= (ssize_t)PREFACE_SIZE && is_preface(bytes, n);
}

void co_h2_limit(struct co_h2 *h2, uint64_t limit_rate)
{
    struct co_pace *writing = &h2->writing;
    if (limit_rate == 0 || (writing->limit_rate > 0 && writing->limit_rate <= limit_rate))
        return;
    writing->limit_rate = h2->reading.limit_rate = limit_rate;
}

void co_h2_fail(struct co_h2 *h2, int error)
{
    if (h2->error)
        return;
    h2->error = error;
    co_h2_streams_wake(h2);
    if (h2->waiting)
        co_scope_cancel(h2->waiting);
}

static bool is_settled(const struct co_h2 *h2)
{
    return h2->at_work == 0 && !h2->writer_on;
}

void co_h2_settled(struct co_h2 *h2)
{
    if (h2->waiting && is_settled(h2))
        co_scope_cancel(h2->waiting);
}

/* ---- draining ----------------------------------------------------------------------------- */

/* RFC 9113 6.8: requests that were on their way when the peer heard of it are answered. It has
 * heard when it answers a PING. */
bool co_h2_heed_drain(struct co_h2 *h2)
{
    if (h2->draining || co_fiber_refusal(h2->stream->rt, true) != CO_EDRAIN)
        return false;
    h2->draining = true;
    nghttp2_submit_shutdown_notice(h2->session);
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
    h2->meter.pings++;
    return true;
}

void co_h2_send_away(struct co_h2 *h2)
{
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR, NULL, 0);
}

/* Hears of a drain while requests are at work. */
struct ear {
    struct co_guest guest;
    struct co_h2 *h2;
};

/* Ends the wait for input: a peer that only listens is told, too. */
static void drain_began(struct co_rt *rt, struct co_guest *guest, int code)
{
    const struct co_h2 *h2 = CO_CONTAINER(guest, struct ear, guest)->h2;
    (void)rt;
    if (code == CO_EDRAIN && h2->waiting)
        co_scope_cancel(h2->waiting);
}

/* ---- serving ------------------------------------------------------------------------------ */

/* Feeds nghttp2 with what has arrived. 1, or why the connection is broken. */
static int feed(struct co_h2 *h2)
{
    const uint8_t *bytes;
    h2->now_seconds = co_wall_seconds();
    while (!h2->error && !h2->meter.excess && co_stream_buffered(h2->stream) > 0) {
        ssize_t size = co_peek(h2->stream, 0, &bytes);
        if (size < 0)
            return (int)size;
        size = (ssize_t)co_h2_count(&h2->meter, bytes, (size_t)size);
        if (h2->meter.excess)
            break;
        ssize_t n = nghttp2_session_mem_recv(h2->session, bytes, (size_t)size);
        if (n >= 0 && co_h2_data_error(h2) != NGHTTP2_NO_ERROR)
            nghttp2_session_terminate_session(h2->session, co_h2_data_error(h2));
        if (n == NGHTTP2_ERR_NOMEM)
            return -ENOMEM;
        if (n < 0 && !h2->meter.excess) /* a bad preface, a flood: nghttp2 has no more to say */
            nghttp2_session_terminate_session(h2->session,
                n == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
        int rc = co_pace_consume(&h2->reading, h2->stream, n < 0 ? (size_t)size : (size_t)n);
        if (rc < 0)
            return rc;
        if (n < 0)
            break;
    }
    return h2->error ? h2->error : 1;
}

/* How long the peer may be silent: -1 while requests are at work, which have their own deadlines.
 */
static int64_t patience_ms(const struct co_h2 *h2)
{
    int64_t due = h2->meter.block_due;
    if (due == 0 && !is_settled(h2))
        return -1;
    if (due == 0)
        due = h2->idle_since + h2->server->options.idle_timeout_ms * CO_MS;
    int64_t left = due - co_now_ns();
    return left > 0 ? left / CO_MS + 1 : 0;
}

/* Waits for input, or until nothing is at work. 1: go on; 0: the connection ends; negative. */
static int await_input(struct co_h2 *h2)
{
    const uint8_t *bytes;
    co_scope scope;
    if (co_h2_heed_drain(h2))
        co_h2_push(h2);
    co_scope_open(&scope, patience_ms(h2));
    h2->waiting = &scope;
    ssize_t n = co_peek(h2->stream, 1, &bytes);
    h2->waiting = NULL;
    int ended = co_scope_close(&scope);
    if (n == CO_EDEADLINE && n == ended) {
        h2->meter.excess = h2->meter.block_due != 0; /* a head that does not come to its end */
        return 0;
    }
    return n > 0 || (n < 0 && n == ended) ? 1 : (int)n;
}

/* Is there nothing more to come, from either side? */
static bool is_over(const struct co_h2 *h2)
{
    return h2->meter.excess ||
           (!nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session));
}

/* Lets the requests begin: most are soon answered, and the connection parks at once. */
static int let_work(struct co_h2 *h2)
{
    int rc = 0;
    while (h2->starting && rc == 0) {
        co_event_clear(&h2->begun);
        rc = co_event_wait(&h2->begun);
    }
    if (!is_settled(h2) && !h2->error)
        co_fiber_pause(h2->stream->rt);
    return rc;
}

/* Returns CO_PARK when nothing is at work, 0 at the connection's end, negative when it is broken.
 */
static int serve(struct co_h2 *h2)
{
    for (;;) {
        int rc = co_stream_buffered(h2->stream) > 0 ? 1 : await_input(h2);
        if (rc > 0)
            rc = feed(h2);
        if (rc <= 0)
            return rc;
        co_h2_heed_drain(h2);
        co_h2_push(h2);
        rc = let_work(h2);
        if (rc < 0)
            return rc;
        if (h2->error || is_over(h2))
            return h2->error;
        if (is_settled(h2) && !h2->meter.block_due && co_stream_buffered(h2->stream) == 0)
            return CO_PARK;
    }
}

static int serve_in(struct co_h2 *h2, co_group *group)
{
    struct ear ear = {.guest.ended = drain_began, .h2 = h2};
    h2->group = group;
    co_guest_join((struct co_group_body *)(void *)group, &ear.guest);
    int rc = serve(h2);
    co_guest_leave(h2->stream->rt, &ear.guest);
    return rc;
}

static int say_farewell(struct co_h2 *h2)
{
    h2->draining = true;
    nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
    return co_h2_output_finish(h2);
}

/* No more input comes, or none will be looked at. Who waits for it hears so; requests that have
 * come are answered all the same, unless the peer asks for too much. */
static int wind_up(struct co_h2 *h2, co_group *group, int result)
{
    h2->ended = result != CO_PARK;
    if (result < 0)
        co_h2_fail(h2, result);
    if (h2->meter.excess && !h2->error) {
        nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
        co_h2_push(h2);
        co_h2_streams_fail(h2, CO_EHTTP);
    }
    if (h2->ended)
        co_h2_streams_wake(h2);
    int rc = co_group_close(group);
    co_h2_queue_drop(h2);
    h2->group = NULL;
    if (h2->ended && !h2->error)
        say_farewell(h2);
    return h2->error ? h2->error : rc < 0 ? rc : result;
}

/* Nothing of a connection that waits is kept but what it cannot do without. */
static void rest(struct co_h2 *h2)
{
    int64_t left = patience_ms(h2);
    co_park_deadline(h2->stream, left > 0 ? left : 1);
}

int co_h2_session(co_stream *stream, co_http_server *server)
{
    struct co_h2 *h2 = *co_stream_slot(stream);
    co_group group;
    int rc = co_h2_is_on(stream) ? 0 : h2_new(stream, server, &h2);
    if (rc < 0)
        return rc;
    if (co_park_result(stream) < 0)
        return say_farewell(h2);
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    rc = wind_up(h2, &group, serve_in(h2, &group));
    if (rc == CO_PARK)
        rest(h2);
    else if (rc == 0 && !co_stream_at_end(stream))
        co_http_linger(stream, false);
    return rc;
}

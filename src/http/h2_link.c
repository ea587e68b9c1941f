/* SPDX-License-Identifier: MIT */
/* A client's connection: who reads, who writes, and how it ends. */
#include "http/h2_client.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_BYTES_MAX (2 * CO_HTTP1_RESPONSE_HEAD_MAX) /* of a header block, compressed */
#define LAST_WORDS_MS   1000 /* for what an idle connection has still to say */
#define LOOKS_MAX       16   /* at what has come while it was idle */

/* ---- beginning and end -------------------------------------------------------------------- */

static void link_free(void *slot)
{
    struct co_h2_link *h2 = slot;
    nghttp2_session_del(h2->session);
    free(h2);
}

static struct co_h2_link *link_of(const co_stream *stream)
{
    return stream->slot;
}

int co_h2_client_begin(co_stream *stream)
{
    struct co_h2_link *h2 = calloc(1, sizeof *h2);
    if (!h2)
        return -ENOMEM;
    h2->stream = stream;
    h2->meter.continuations_max = CO_H2_CONTINUATIONS_MAX;
    h2->meter.block_bytes_max = BLOCK_BYTES_MAX;
    co_list_init(&h2->calls);
    int rc = co_h2_heard_new(h2);
    if (rc < 0) {
        link_free(h2);
        return rc;
    }
    *co_stream_slot(stream) = h2;
    stream->free_slot = link_free;
    co_cork(stream); /* what a scope's end keeps from going out stays there for the next fiber */
    return 0;
}

bool co_h2_client_is_on(const co_stream *stream)
{
    return stream->free_slot == link_free;
}

static bool is_usable(const struct co_h2_link *h2)
{
    return !h2->error && !h2->is_draining && !h2->is_mute &&
           nghttp2_session_check_request_allowed(h2->session);
}

bool co_h2_client_takes_more(const co_stream *stream)
{
    return is_usable(link_of(stream));
}

void co_h2_link_fail(struct co_h2_link *h2, int error)
{
    if (h2->error)
        return;
    h2->error = error;
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next) {
        struct co_h2_call *call = CO_CONTAINER(at, struct co_h2_call, link);
        co_event_set(&call->wake);
        co_event_set(&call->output);
    }
    if (h2->waiting)
        co_scope_cancel(h2->waiting);
}

/* ---- writing ------------------------------------------------------------------------------ */

bool co_h2_link_has_output(const struct co_h2_link *h2)
{
    return !h2->is_mute && (h2->stream->out_size > 0 || h2->carry_size > 0 ||
                               nghttp2_session_want_write(h2->session));
}

/* Is there something to be written, and nobody whose task that is? */
static bool owes_output(const struct co_h2_link *h2)
{
    return !h2->is_written && h2->uploads == 0 && co_h2_link_has_output(h2);
}

/* Takes what nghttp2 has to say into the stream's cork, as much as fits. */
static int gather(struct co_h2_link *h2)
{
    ssize_t n = 1;
    h2->data_left = co_pace_step(&h2->writing, SIZE_MAX);
    while (n > 0) {
        const struct iovec piece = {(void *)(uintptr_t)h2->carry, h2->carry_size};
        if (h2->carry_size > 0 && !co_stream_hold(h2->stream, &piece, 1))
            return h2->stream->out_size > 0 ? 0 : -ENOMEM;
        n = nghttp2_session_mem_send(h2->session, &h2->carry);
        h2->carry_size = n > 0 ? (size_t)n : 0;
    }
    return n == 0 ? 0 : n == NGHTTP2_ERR_NOMEM ? -ENOMEM : CO_EHTTP;
}

/* Those whose own fibers write look whether there is something to be written. */
static void nudge(struct co_h2_link *h2)
{
    if (h2->uploads == 0 || h2->is_written || !co_h2_link_has_output(h2))
        return;
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next)
        co_event_set(&CO_CONTAINER(at, struct co_h2_call, link)->output);
}

/* A server may close the connection behind its last response: that is still read. */
static void cannot_say(struct co_h2_link *h2, int error)
{
    h2->is_mute = true;
    if (error == CO_ETOOSLOW || error == CO_EHTTP || co_http_is_own_failure(error))
        co_h2_link_fail(h2, error);
}

int co_h2_link_say(struct co_h2_link *h2)
{
    co_stream *stream = h2->stream;
    h2->is_written = true;
    int rc = gather(h2);
    while (rc == 0 && stream->out_size > 0) {
        rc = co_pace_uncork(&h2->writing, stream);
        co_cork(stream);
        if (rc == 0)
            rc = gather(h2);
    }
    h2->is_written = false;
    int ended = rc < 0 ? co_status() : 0;
    if (rc < 0 && ended == 0)
        cannot_say(h2, rc);
    nudge(h2);
    return ended;
}

int co_h2_link_say_more(struct co_h2_link *h2)
{
    nudge(h2);
    return owes_output(h2) ? co_h2_link_say(h2) : 0;
}

void co_h2_link_say_last(struct co_h2_link *h2)
{
    co_scope grace;
    co_scope_shield(&grace, LAST_WORDS_MS);
    co_h2_link_say_more(h2);
    co_scope_close(&grace);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Feeds nghttp2 what has come. 0, or the error that the connection is broken by. */
static int feed(struct co_h2_link *h2)
{
    const uint8_t *bytes;
    while (!h2->error && co_stream_buffered(h2->stream) > 0) {
        ssize_t size = co_peek(h2->stream, 0, &bytes);
        co_h2_count(&h2->meter, bytes, (size_t)size);
        ssize_t n = h2->meter.excess ? NGHTTP2_ERR_FLOODED
                                     : nghttp2_session_mem_recv(h2->session, bytes, (size_t)size);
        co_consume(h2->stream, n < 0 ? (size_t)size : (size_t)n);
        if (n == NGHTTP2_ERR_NOMEM)
            co_h2_link_fail(h2, -ENOMEM);
        if (n < 0 && !h2->error) {
            nghttp2_session_terminate_session(
                h2->session, h2->meter.excess ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
            co_h2_link_fail(h2, CO_EHTTP);
        }
    }
    if (owes_output(h2))
        gather(h2); /* its verdict on what has come may be a GOAWAY */
    if (!h2->error && !nghttp2_session_want_read(h2->session))
        co_h2_link_fail(h2, CO_EEOF); /* the peer's GOAWAY, and nothing is under way */
    return h2->error;
}

/* Waits for input, or to be told that something is to be done. 0, or as the scope says. */
static int read_some(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    const uint8_t *bytes;
    co_scope scope;
    h2->is_read = true;
    co_scope_open(&scope, -1);
    h2->waiting = &scope;
    h2->reader = call;
    ssize_t n = co_peek(h2->stream, 1, &bytes);
    h2->waiting = NULL;
    int woken = co_scope_close(&scope);
    h2->is_read = false;
    if (n > 0) {
        feed(h2);
        return 0;
    }
    if (n < 0 && n == woken)
        return 0;
    if (n < 0 && co_status() < 0)
        return (int)n;
    co_h2_link_fail(h2, n == 0 ? CO_EEOF : (int)n);
    return 0;
}

/* ---- taking turns ------------------------------------------------------------------------- */

/* One thing that is to be done, or else a wait until the call is told of something. */
static int take_turn(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    int rc = h2->error;
    co_event_clear(&call->wake);
    nudge(h2);
    if (rc == 0 && owes_output(h2))
        rc = co_h2_link_say(h2);
    if (rc < 0 || call->wake.is_set)
        return rc;
    if (h2->is_read)
        return co_event_wait(&call->wake);
    return read_some(call);
}

/* This fiber waits no more: somebody else does what is to be done. */
static void pass_on(struct co_h2_link *h2)
{
    bool unsaid = owes_output(h2);
    nudge(h2);
    if (h2->is_read && !unsaid)
        return;
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next) {
        struct co_h2_call *call = CO_CONTAINER(at, struct co_h2_call, link);
        if (call->is_waiting)
            co_event_set(&call->wake);
        if (call->is_waiting && !h2->is_read)
            return;
    }
    if (unsaid && h2->waiting)
        co_scope_cancel(h2->waiting);
}

void co_h2_call_wake(struct co_h2_call *call)
{
    struct co_h2_link *h2 = call->h2;
    co_event_set(&call->wake);
    if (h2->waiting && h2->reader == call)
        co_scope_cancel(h2->waiting);
}

int co_h2_link_await(struct co_h2_call *call, bool (*is_done)(const struct co_h2_call *call))
{
    int rc = 0;
    call->is_waiting = true;
    while (rc == 0 && !is_done(call))
        rc = take_turn(call);
    call->is_waiting = false;
    pass_on(call->h2);
    return rc;
}

void co_h2_link_place_free(struct co_h2_link *h2)
{
    for (struct co_link *at = h2->calls.next; at != &h2->calls; at = at->next) {
        struct co_h2_call *call = CO_CONTAINER(at, struct co_h2_call, link);
        if (call->id == 0) {
            co_h2_call_wake(call);
            return;
        }
    }
}

/* ---- idle --------------------------------------------------------------------------------- */

bool co_h2_client_is_fit(co_stream *stream)
{
    struct co_h2_link *h2 = link_of(stream);
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        const uint8_t *bytes;
        ssize_t n = co_stream_glance(stream, &bytes);
        if (n == -EAGAIN)
            return is_usable(h2);
        if (n <= 0 || feed(h2) < 0)
            return false;
    }
    return false; /* nobody has asked for so much */
}

bool co_h2_client_rest(co_stream *stream)
{
    struct co_h2_link *h2 = link_of(stream);
    co_h2_link_say_last(h2);
    return is_usable(h2) && !co_h2_link_has_output(h2);
}

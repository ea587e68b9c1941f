/* SPDX-License-Identifier: MIT */
/*
 * A request's body over HTTP/2. It goes out as the peer's windows allow (RFC 9113 5.2), written by
 * a fiber of its own while the exchange's waits for the response: a server may answer before it has
 * read all, or want its answer read first.
 *
 * A body with a source is read by a third fiber, a piece once the one before has been taken: so a
 * source that is silent holds up neither the answer nor what others say on the connection, and no
 * more of it is read than there is room for.
 */
#include "http/h2_client.h"

#include "runtime/pool.h"

#include <errno.h>

#define RESETS_FREE_MAX 4096 /* frames of 16 KiB that may be on their way: 64 MiB */

/* Is the rest of the body of no use? An error has come, or all of the response. */
static bool is_answered(const struct co_h2_call *call)
{
    return call->error || call->ends || !call->is_open || (call->has_head && call->status >= 400);
}

void co_h2_upload_prepare(struct co_h2_call *call, const struct co_http_question *question)
{
    const struct co_http_source *source = question->outgoing ? question->outgoing->source : NULL;
    call->body = source ? (co_text){0} : question->body;
    if (source && source->size != 0)
        call->outgoing = question->outgoing;
    call->needs_word = call->outgoing && question->expects && !source->rewind;
    call->is_told = !call->outgoing;
    call->is_sent = call->is_told && call->body.size == 0;
}

/* ---- what nghttp2 takes ------------------------------------------------------------------- */

/* h2o resets a stream once for each frame that comes when it is refused. */
static void earn_reset(struct co_h2_meter *meter)
{
    if (meter->resets_free < RESETS_FREE_MAX)
        meter->resets_free++;
}

ssize_t co_h2_upload_fill(nghttp2_session *session, int32_t id, uint8_t *to, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    struct co_h2_link *h2 = arg;
    struct co_h2_call *call = nghttp2_session_get_stream_user_data(session, id);
    (void)source;
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (is_answered(call))
        return NGHTTP2_ERR_DEFERRED; /* until it is called off: the rest is of no use */
    if (call->body.size == 0 && !call->is_told)
        return NGHTTP2_ERR_DEFERRED; /* until there is more of it */
    if (h2->data_left == 0)
        return NGHTTP2_ERR_PAUSE;
    co_h2_earn_windows(&h2->meter, size, size >= call->body.size);
    earn_reset(&h2->meter);
    if (size > call->body.size)
        size = call->body.size;
    if (size > h2->data_left)
        size = h2->data_left;
    if (size > 0)
        memcpy(to, call->body.at, size);
    call->body = co_text_after(call->body, size);
    h2->data_left -= size;
    call->sent += size;
    call->has_moved = true;
    call->is_sent = call->is_told && call->body.size == 0;
    if (call->is_sent)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (call->body.size == 0)
        co_event_set(&call->taken);
    if (call->is_sent)
        co_h2_call_wake(call);
    else
        co_event_set(&call->wake);
    return (ssize_t)size;
}

/* A fiber of its own, until the body is on its way. */
static int write_all(void *arg)
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

/* ---- the source --------------------------------------------------------------------------- */

/* 0, -ENOMEM. */
static int show(struct co_h2_call *call, co_text piece)
{
    call->body = piece;
    call->is_told = co_http_outgoing_is_told(call->outgoing);
    int rc = nghttp2_session_resume_data(call->h2->session, call->id);
    co_event_set(&call->output);
    return rc == NGHTTP2_ERR_NOMEM ? -ENOMEM : 0; /* others: it was not waited for */
}

/* For how long the source has been silent. */
static int64_t silence(const struct co_h2_call *call)
{
    return call->silent_ns + (call->silent_since > 0 ? co_now_ns() - call->silent_since : 0);
}

static int tell_all(struct co_h2_call *call, char *room)
{
    int rc = 0;
    while (rc == 0 && !call->is_told && !is_answered(call)) {
        call->silent_since = co_now_ns();
        ssize_t n = co_http_outgoing_read(call->outgoing, room, CO_BUFFER_LARGE);
        call->silent_ns = silence(call);
        call->silent_since = 0;
        rc = n < 0 ? (int)n : show(call, (co_text){room, (size_t)n});
        while (rc == 0 && call->body.size > 0) {
            co_event_clear(&call->taken);
            rc = co_event_wait(&call->taken);
        }
    }
    return rc;
}

/* A fiber of its own, too. What was not taken is gone with the room, and must not look like the
 * end. */
static int tell(void *arg)
{
    struct co_h2_call *call = arg;
    struct co_rt *rt = call->h2->stream->rt;
    char *room = co_buffer_take(rt, CO_BUFFER_LARGE);
    if (!room)
        return -ENOMEM;
    int rc = tell_all(call, room);
    if (call->body.size > 0)
        call->is_told = false;
    call->body = (co_text){0};
    co_buffer_give(rt, room, CO_BUFFER_LARGE);
    return rc;
}

/* ---- all together ------------------------------------------------------------------------- */

static bool has_moved(const struct co_h2_call *call)
{
    return call->has_moved || call->is_sent || is_answered(call);
}

/* Waits in pace, that of the server: as long as something moves it is fast enough, and while the
 * source is silent it is not to blame. */
static int await_some(struct co_h2_call *call)
{
    struct co_pace_wait wait;
    uint64_t sent = call->sent;
    int64_t silent = silence(call);
    call->has_moved = false;
    co_pace_wait_begin(&wait, &call->writing);
    int rc = co_h2_link_await(call, has_moved);
    wait.since += silence(call) - silent;
    rc = (int)co_pace_wait_end(&wait, &call->writing, rc, call->sent - sent);
    return rc == CO_ETOOSLOW && call->writing.allowance_ns > 0 ? 0 : rc;
}

static int await_sent(struct co_h2_call *call)
{
    int rc = 0;
    while (rc == 0 && !call->is_sent && !is_answered(call))
        rc = await_some(call);
    return rc;
}

static bool has_word(const struct co_h2_call *call)
{
    return call->has_word || call->has_head || is_answered(call);
}

static int await_word(struct co_h2_call *call)
{
    co_scope scope;
    co_scope_open(&scope, CO_HTTP_EXPECT_MS);
    int rc = co_h2_link_await(call, has_word);
    int late = co_scope_close(&scope);
    return rc == CO_EDEADLINE && late == CO_EDEADLINE ? 0 : rc;
}

/* The source's failure ends the wait: the scope is the group's. */
static int send_body(struct co_h2_call *call)
{
    const struct co_go_options go = {.name = "upload", .background = true};
    co_group group;
    call->h2->uploads++;
    co_group_open(&group, NULL);
    co_go_with(&group, &go, write_all, call);
    if (call->outgoing)
        co_go(&group, tell, call);
    int rc = await_sent(call);
    co_group_cancel(&group); /* the source may be in the midst of a piece that nobody wants */
    int failed = co_group_close(&group);
    call->h2->uploads--;
    return rc == CO_ECANCELED ? failed : rc;
}

int co_h2_upload(struct co_h2_call *call)
{
    int rc = call->needs_word ? await_word(call) : 0;
    bool has_answer = is_answered(call) || (call->needs_word && call->has_head);
    return rc < 0 || call->is_sent || has_answer ? rc : send_body(call);
}

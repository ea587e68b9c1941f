/* SPDX-License-Identifier: MIT */
/* A stream's beginning and its end; reading.c and writing.c have what lies between. */
#include "net/streaming.h"

#include "runtime/pool.h"

#include <stdlib.h>

#define CLOSE_GRACE_MS    1000        /* for what a closing stream still has to send */
#define CLOSE_DISCARD_MAX (256 << 10) /* unread bytes taken in before closing */

struct co_stream *co_stream_new(const struct co_stream_kind *kind)
{
    struct co_rt *rt = co_rt_current();
    if (co_timer_reserve(rt) < 0)
        return NULL;
    struct co_stream *stream = calloc(1, sizeof *stream);
    if (!stream) {
        co_timer_unreserve(rt);
        return NULL;
    }
    stream->kind = kind;
    stream->rt = rt;
    stream->park_timeout_ms = -1;
    return stream;
}

void co_stream_release_input(struct co_stream *stream)
{
    if (stream->in)
        co_buffer_give(stream->rt, stream->in, stream->in_room);
    stream->in = NULL;
    stream->in_at = stream->in_end = stream->in_room = 0;
}

void co_stream_release_output(struct co_stream *stream)
{
    if (stream->out)
        co_buffer_give(stream->rt, stream->out, CO_BUFFER_LARGE);
    stream->out = NULL;
    stream->out_size = 0;
}

void co_stream_free(struct co_stream *stream)
{
    co_stream_release_input(stream);
    co_stream_release_output(stream);
    co_timer_forget(stream->rt, &stream->park_timer);
    co_timer_unreserve(stream->rt);
    if (stream->free_slot)
        stream->free_slot(stream->slot);
    free(stream->peer_text);
    free(stream);
}

static bool has_unread(struct co_stream *stream)
{
    return !stream->ended && !stream->read_error &&
           (co_stream_buffered(stream) > 0 || stream->kind->unread(stream) > 0);
}

bool co_stream_close_now(struct co_stream *stream)
{
    if (stream->out_size > 0 || stream->write_error || has_unread(stream))
        return false;
    co_stream_closes(stream); /* TLS says farewell */
    stream->kind->close(stream, false);
    co_stream_free(stream);
    return true;
}

int co_close(co_stream *stream)
{
    if (!stream || co_stream_close_now(stream))
        return 0;
    co_scope grace;
    co_scope_shield(&grace, CLOSE_GRACE_MS);
    co_stream_closes(stream);
    int rc = co_uncork(stream);
    if (rc == 0 && has_unread(stream)) {
        co_shutdown_write(stream);
        co_stream_discard(stream, CLOSE_DISCARD_MAX);
    }
    bool late = co_scope_close(&grace) < 0;
    stream->write_shut |= late; /* nor is there time for TLS's farewell */
    if (late && rc == 0 && stream->out_size)
        rc = CO_EDEADLINE;
    if (rc == 0)
        rc = stream->write_error;
    stream->kind->close(stream, stream->out_size > 0);
    co_stream_free(stream);
    return rc;
}

void co_abort(co_stream *stream)
{
    if (!stream)
        return;
    stream->kind->close(stream, true);
    co_stream_free(stream);
}

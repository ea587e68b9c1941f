/* SPDX-License-Identifier: MIT */
/*
 * Parking: a connection without a fiber.
 *
 *      handler returns CO_PARK
 *   RUNNING ---------------------> PARKED: a guest of the group, a receive in flight, a timer
 *      ^                              |
 *      |  a new fiber, a hot stack    |  input, end, error: the receive completes
 *      +------------------------------+  drain, deadline, scope's end: park_result is set and the
 *                                        receive cancelled, which completes it
 *
 * There is one way back, through the receive's completion, so nothing can happen twice.
 */
#include "net/stream.h"

#include "net/serve.h"

#include <errno.h>

#define PARK_MS_MAX (INT64_C(366) * 24 * 3600 * 1000) /* longer is for ever: sums stay in range */

/* Idle times need no precision; equal deadlines make one turn of the loop of many. */
static int64_t coarse(int64_t ns)
{
    return ns == CO_NEVER ? ns : (ns / CO_SECOND + 1) * CO_SECOND;
}

static void park_end(struct co_stream *stream, int code)
{
    if (stream->park_result == 0)
        stream->park_result = code;
    stream->kind->unpark(stream);
}

static void park_timer_fired(struct co_rt *rt, struct co_timer *timer)
{
    (void)rt;
    park_end(CO_CONTAINER(timer, struct co_stream, park_timer), CO_EDEADLINE);
}

static void park_guest_ended(struct co_rt *rt, struct co_guest *guest, int code)
{
    (void)rt;
    park_end(CO_CONTAINER(guest, struct co_stream, guest), code);
}

/* True when the handler shall be called again at once instead. */
static bool park(struct co_stream *stream)
{
    struct co_rt *rt = stream->rt;
    struct co_group_body *group = co_group_current(rt);
    stream->park_result = 0;
    if (co_stream_buffered(stream) > 0 || stream->ended || stream->read_error)
        return true;
    if (group->scope.code || group->scope.draining) {
        stream->park_result = group->scope.code ? group->scope.code : CO_EDRAIN;
        return true;
    }
    co_stream_release_input(stream);
    if (stream->kind->park(stream))
        return true;
    stream->guest.ended = park_guest_ended;
    co_guest_join(group, &stream->guest);
    stream->park_timer.fire = park_timer_fired;
    int64_t due =
        stream->park_timeout_ms < 0 ? CO_NEVER : rt->now + stream->park_timeout_ms * CO_MS;
    co_timer_set(rt, &stream->park_timer, coarse(due));
    return false;
}

void co_stream_unpark(struct co_stream *stream)
{
    static const struct co_go_options go = {.name = "connection"};
    struct co_rt *rt = stream->rt;
    struct co_group_body *group = stream->guest.group;
    co_timer_set(rt, &stream->park_timer, CO_NEVER);
    stream->kind->unparked(stream);
    int rc = co_fiber_spawn(rt, group, &go, co_stream_handle, stream);
    if (rc == 0)
        group->count++; /* before the guest leaves: the group must not look empty */
    co_guest_leave(rt, &stream->guest);
    if (rc < 0)
        co_abort(stream);
}

/* Ends the stream as the handler's result says. */
static void handled(struct co_stream *stream, int rc)
{
    struct co_server *server = stream->server;
    if (rc < 0 && server)
        co_server_failed(server, stream, rc);
    if (rc < 0) {
        co_abort(stream);
        return;
    }
    rc = co_close(stream); /* the peer may be gone: nobody is left to be told */
    (void)rc;
}

/* Sends what is left to send before the wait. */
static int settle(struct co_stream *stream)
{
    int rc = co_uncork(stream);
    return rc == 0 && stream->kind->settle ? stream->kind->settle(stream) : rc;
}

/* By more than its park's own deadline, after which it may park again. */
static bool told_to_end(const struct co_stream *stream)
{
    int told = stream->park_result;
    return told != 0 && (told != CO_EDEADLINE || co_group_current(stream->rt)->scope.code != 0);
}

int co_stream_handle(void *arg)
{
    struct co_stream *stream = arg;
    for (;;) {
        bool must_end = told_to_end(stream);
        int rc = stream->handler(stream, stream->arg);
        if (rc == CO_PARK && must_end)
            rc = 0; /* no parking in a drain: it would only be told so again */
        int sent = rc == CO_PARK ? settle(stream) : 0;
        if (rc != CO_PARK || sent < 0) {
            handled(stream, sent < 0 ? sent : rc);
            return 0;
        }
        if (!park(stream))
            return 0;
        co_fiber_spend(stream->rt); /* input without pause must not starve the others */
    }
}

void co_park_deadline(co_stream *stream, int64_t timeout_ms)
{
    stream->park_timeout_ms = timeout_ms > PARK_MS_MAX ? -1 : timeout_ms;
}

int co_park_result(const co_stream *stream)
{
    return stream->park_result;
}

/* SPDX-License-Identifier: MIT */
/* Two streams joined in memory: each direction a ring that its writer fills and its reader empties.
 */
#include "net/stream.h"

#include "runtime/pool.h"

#include <errno.h>
#include <stdlib.h>

struct ring {
    size_t room, first, count;
    bool ended; /* the writer has shut down or closed */
    bool gone;  /* the reader has closed */
    bool reset;
    struct co_fiber
        *waiting; /* the reader or the writer: never both, since one of them can go on */
    struct co_stream *parked; /* the reader, without a fiber */
    unsigned users;           /* ends that still refer to it */
    uint8_t bytes[];
};

struct end {
    struct ring *in, *out;
};

static struct end *end_of(struct co_stream *stream)
{
    return stream->state;
}

static void unpark_posted(struct co_rt *rt, struct co_timer *timer)
{
    (void)rt;
    co_stream_unpark(CO_CONTAINER(timer, struct co_stream, park_timer));
}

/* The ring has changed: whoever waits for that goes on. */
static void ring_changed(struct ring *ring)
{
    struct co_fiber *fiber = ring->waiting;
    struct co_stream *parked = ring->parked;
    ring->waiting = NULL;
    ring->parked = NULL;
    if (fiber)
        co_fiber_wake(fiber->rt, fiber, 0);
    if (parked) { /* from the loop, by the timer, as the unparking of a socket is */
        parked->park_timer.fire = unpark_posted;
        co_timer_set(parked->rt, &parked->park_timer, parked->rt->now);
    }
}

static void ring_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    ((struct ring *)(uintptr_t)fiber->wait->on)->waiting = NULL;
    co_fiber_wake(rt, fiber, code);
}

static int ring_wait(struct ring *ring, const char *what)
{
    struct co_rt *rt = co_rt_current();
    const struct co_wait wait = {.what = what, .on = ring, .interrupt = ring_interrupted};
    ring->waiting = rt->current;
    return co_fiber_wait(rt, &wait);
}

static size_t ring_take(struct ring *ring, uint8_t *at, size_t size)
{
    size_t count = size < ring->count ? size : ring->count;
    for (size_t i = 0; i < count; i++)
        at[i] = ring->bytes[(ring->first + i) % ring->room];
    ring->first = (ring->first + count) % ring->room;
    ring->count -= count;
    return count;
}

static size_t ring_put(struct ring *ring, const uint8_t *at, size_t size)
{
    size_t free_room = ring->room - ring->count, count = size < free_room ? size : free_room;
    for (size_t i = 0; i < count; i++)
        ring->bytes[(ring->first + ring->count + i) % ring->room] = at[i];
    ring->count += count;
    return count;
}

static long memory_receive(struct co_stream *stream, void *at, size_t size)
{
    struct ring *ring = end_of(stream)->in;
    int rc = co_status();
    while (rc == 0 && ring->count == 0 && !ring->ended)
        rc = ring_wait(ring, "memory stream's input");
    if (rc < 0)
        return rc;
    if (ring->reset)
        return -ECONNRESET;
    if (ring->count == 0)
        return 0;
    if (!at) {
        at = stream->in = co_buffer_take(stream->rt, CO_BUFFER_SMALL);
        size = stream->in_room = CO_BUFFER_SMALL;
        if (!at)
            return -ENOMEM;
    }
    stream->rt->input_serial++;
    size_t count = ring_take(ring, at, size);
    ring_changed(ring);
    co_fiber_spend(stream->rt);
    return (long)count;
}

static long memory_send(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    struct ring *ring = end_of(stream)->out;
    int rc = co_status();
    while (rc == 0 && ring->count == ring->room && !ring->gone)
        rc = ring_wait(ring, "memory stream's room");
    if (rc < 0)
        return rc;
    if (ring->gone)
        return -EPIPE;
    size_t sent = 0;
    for (unsigned i = 0; i < count && ring->count < ring->room; i++)
        sent += ring_put(ring, pieces[i].iov_base, pieces[i].iov_len);
    ring_changed(ring);
    co_fiber_spend(stream->rt);
    return (long)sent;
}

static int memory_shutdown(struct co_stream *stream)
{
    end_of(stream)->out->ended = true;
    ring_changed(end_of(stream)->out);
    return 0;
}

static long memory_unread(struct co_stream *stream)
{
    return (long)end_of(stream)->in->count;
}

static void ring_leave(struct ring *ring)
{
    ring_changed(ring);
    if (--ring->users == 0)
        free(ring);
}

static void memory_close(struct co_stream *stream, bool reset)
{
    struct end *end = end_of(stream);
    end->out->ended = true;
    end->out->reset |= reset;
    end->in->gone = true;
    ring_leave(end->out);
    ring_leave(end->in);
    free(end);
}

static bool memory_park(struct co_stream *stream)
{
    struct ring *ring = end_of(stream)->in;
    if (ring->count > 0 || ring->ended)
        return true;
    ring->parked = stream;
    return false;
}

static void memory_unpark(struct co_stream *stream)
{
    struct ring *ring = end_of(stream)->in;
    if (ring->parked == stream)
        ring_changed(ring);
}

static void memory_unparked(struct co_stream *stream)
{
    (void)stream; /* nothing was taken in: the handler's first read does */
}

static const struct co_stream_kind memory_kind = {
    .name = "memory",
    .receive = memory_receive,
    .send = memory_send,
    .shutdown = memory_shutdown,
    .unread = memory_unread,
    .close = memory_close,
    .park = memory_park,
    .unpark = memory_unpark,
    .unparked = memory_unparked,
};

static struct ring *ring_new(size_t room)
{
    if (room == 0)
        room = 1; /* else reader and writer would wait for each other */
    struct ring *ring = calloc(1, sizeof *ring + room);
    if (ring) {
        ring->room = room;
        ring->users = 2;
    }
    return ring;
}

static struct co_stream *end_new(struct ring *in, struct ring *out)
{
    struct end *end = malloc(sizeof *end);
    struct co_stream *stream = end ? co_stream_new(&memory_kind) : NULL;
    if (!stream) {
        free(end);
        return NULL;
    }
    *end = (struct end){in, out};
    stream->state = end;
    return stream;
}

int co_memory_pair(co_stream **ret_a, co_stream **ret_b, size_t room)
{
    struct ring *one = ring_new(room), *other = ring_new(room);
    struct co_stream *a = one && other ? end_new(one, other) : NULL;
    struct co_stream *b = a ? end_new(other, one) : NULL;
    if (!b) {
        if (a) {
            free(a->state);
            co_stream_free(a);
        }
        free(one);
        free(other);
        return -ENOMEM;
    }
    *ret_a = a;
    *ret_b = b;
    return 0;
}

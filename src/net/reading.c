/* SPDX-License-Identifier: MIT */
/*
 * A stream's input: its buffer, and what is read from it, looked at and taken.
 *
 * The buffer is small, and large once much comes; an empty one is given back. What the cork holds
 * goes out before the reader waits: the peer may be waiting for it.
 */
#include "net/streaming.h"

#include "runtime/pool.h"

#include <assert.h>
#include <errno.h>

#define FULL_READS_FOR_LARGE 2 /* small buffers filled in a row before a large one is used */

_Static_assert(CO_BUFFER_LARGE == UINT16_MAX + 1, "a stream's in_phase wraps elsewhere");

static int read_begin(struct co_stream *stream)
{
    if (stream->reading)
        return -EBUSY;
    stream->reading = true; /* while the cork empties, too */
    if (stream->out_size && !stream->writing) {
        int rc = co_stream_empty_cork(stream);
        if (co_stream_is_scope_code(rc)) {
            stream->reading = false;
            return rc;
        }
    }
    return 0;
}

/* Notes what a receive gave: the end and errors stay. */
static long read_end(struct co_stream *stream, long n)
{
    stream->reading = false;
    if (n > 0)
        stream->in_phase = (uint16_t)(stream->in_phase + n);
    if (n == 0)
        stream->ended = true;
    else if (n < 0 && n != -EAGAIN && !co_stream_is_scope_code(n))
        stream->read_error = (int32_t)n;
    return n;
}

static long receive(struct co_stream *stream, void *at, size_t size)
{
    if (stream->read_error)
        return stream->read_error;
    if (stream->ended)
        return 0;
    long rc = read_begin(stream);
    if (rc < 0)
        return rc;
    return read_end(stream, stream->kind->receive(stream, at, size));
}

long co_stream_receive_by(long (*read)(struct co_stream *stream, void *at, size_t size),
    struct co_stream *stream, void *at, size_t size)
{
    if (at)
        return read(stream, at, size);
    uint8_t *own = co_buffer_take(stream->rt, CO_BUFFER_SMALL);
    if (!own)
        return -ENOMEM;
    long n = read(stream, own, CO_BUFFER_SMALL);
    if (n <= 0) {
        co_buffer_give(stream->rt, own, CO_BUFFER_SMALL);
        return n;
    }
    stream->in = own;
    stream->in_room = CO_BUFFER_SMALL;
    return n;
}

/* Makes room behind the buffered bytes: moves them to the front, or to a large buffer. */
static int in_make_room(struct co_stream *stream)
{
    size_t held = stream->in_end - stream->in_at;
    if (stream->in_at > 0 && held < stream->in_room / 2) {
        memmove(stream->in, stream->in + stream->in_at, held);
    } else if (stream->in_end < stream->in_room) {
        return 0;
    } else if (stream->in_room < CO_BUFFER_LARGE) {
        uint8_t *large = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
        if (!large)
            return -ENOMEM;
        memcpy(large, stream->in + stream->in_at, held);
        co_buffer_give(stream->rt, stream->in, stream->in_room);
        stream->in = large;
        stream->in_room = CO_BUFFER_LARGE;
    } else if (stream->in_at > 0) {
        memmove(stream->in, stream->in + stream->in_at, held);
    } else {
        return CO_ETOOBIG;
    }
    stream->in_at = 0;
    stream->in_end = (uint32_t)held;
    return 0;
}

/* Receives into an empty stream. Large reads end at multiples of their size: a file that they are
 * stored in is then written in whole, aligned pieces, which costs its file system a quarter less.
 */
static long fill_empty(struct co_stream *stream)
{
    uint32_t kept = 0; /* of the buffer's room: left empty */
    if (stream->reading)
        return -EBUSY; /* and its buffer is in use */
    co_stream_release_input(stream);
    if (stream->full_reads >= FULL_READS_FOR_LARGE) {
        stream->in = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
        stream->in_room = stream->in ? CO_BUFFER_LARGE : 0;
        kept = stream->in ? stream->in_phase : 0;
    }
    long n = receive(stream, stream->in, stream->in_room - kept);
    if (n > 0)
        stream->in_end = (uint32_t)n;
    else
        co_stream_release_input(stream);
    if (n > 0 && (size_t)n < stream->in_room - kept)
        stream->full_reads = 0;
    else if (n > 0 && stream->full_reads < FULL_READS_FOR_LARGE)
        stream->full_reads++;
    return n;
}

/* Gets at least one more byte into the buffer: the count, 0 at the end. */
static long fill(struct co_stream *stream)
{
    if (stream->in_at == stream->in_end)
        return fill_empty(stream);
    if (stream->reading)
        return -EBUSY;
    if (stream->read_error || stream->ended)
        return stream->read_error;
    int rc = in_make_room(stream);
    if (rc < 0)
        return rc;
    long n = receive(stream, stream->in + stream->in_end, stream->in_room - stream->in_end);
    if (n > 0)
        stream->in_end += (uint32_t)n;
    return n;
}

static size_t in_take(struct co_stream *stream, void *ret_bytes, size_t size)
{
    size_t held = co_stream_buffered(stream), take = size < held ? size : held;
    if (take > 0)
        memcpy(ret_bytes, stream->in + stream->in_at, take);
    co_consume(stream, take);
    return take;
}

ssize_t co_read(co_stream *stream, void *ret_bytes, size_t size)
{
    if (stream->reading)
        return -EBUSY;
    if (co_stream_buffered(stream) == 0) {
        if (size >= CO_BUFFER_SMALL) /* straight into the caller's memory */
            return receive(stream, ret_bytes, size);
        long n = fill_empty(stream);
        if (n <= 0)
            return n;
    }
    return (ssize_t)in_take(stream, ret_bytes, size);
}

long co_stream_splice(struct co_stream *stream, int pipe_fd, size_t size)
{
    if (!stream->kind->splice || co_stream_buffered(stream) > 0)
        return -EOPNOTSUPP;
    if (stream->read_error || stream->ended)
        return stream->read_error;
    long n = read_begin(stream);
    if (n < 0)
        return n;
    n = stream->kind->splice(stream, pipe_fd, size);
    if (n != -EOPNOTSUPP)
        return read_end(stream, n);
    stream->reading = false;
    return n;
}

ssize_t co_read_full(co_stream *stream, void *ret_bytes, size_t size)
{
    size_t got = 0;
    if (size <= CO_PEEK_MAX) { /* so that a short end takes nothing */
        const uint8_t *bytes;
        ssize_t n = co_peek(stream, size, &bytes);
        if (n < 0)
            return n;
        if ((size_t)n < size)
            return CO_EEOF;
        return (ssize_t)in_take(stream, ret_bytes, size);
    }
    while (got < size) {
        ssize_t n = co_read(stream, (char *)ret_bytes + got, size - got);
        if (n <= 0)
            return n < 0 ? n : CO_EEOF;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* The buffered bytes; NULL when there is no buffer, which no offset may be added to. */
static const uint8_t *in_view(const struct co_stream *stream)
{
    return stream->in ? stream->in + stream->in_at : NULL;
}

ssize_t co_peek(co_stream *stream, size_t min, const uint8_t **ret_bytes)
{
    if (stream->reading)
        return -EBUSY;
    if (min > CO_PEEK_MAX)
        return CO_ETOOBIG;
    while (co_stream_buffered(stream) < min) {
        long n = fill(stream);
        if (n < 0)
            return n;
        if (n == 0)
            break;
    }
    *ret_bytes = in_view(stream);
    return (ssize_t)co_stream_buffered(stream);
}

ssize_t co_peek_more(co_stream *stream, const uint8_t **ret_bytes)
{
    long n = fill(stream);
    *ret_bytes = in_view(stream);
    return n <= 0 ? n : (ssize_t)co_stream_buffered(stream);
}

ssize_t co_peek_until(
    co_stream *stream, const char *delimiter, size_t max, const uint8_t **ret_bytes)
{
    size_t length = strlen(delimiter), searched = 0;
    if (stream->reading)
        return -EBUSY;
    for (;;) {
        const uint8_t *bytes = in_view(stream);
        size_t held = co_stream_buffered(stream), within = held < max ? held : max;
        const uint8_t *hit = within > searched
                                 ? memmem(bytes + searched, within - searched, delimiter, length)
                                 : NULL;
        if (hit) {
            *ret_bytes = bytes;
            return hit + length - bytes;
        }
        if (held >= max)
            return CO_ETOOBIG;
        searched = within >= length ? within - length + 1 : 0;
        long n = fill(stream);
        if (n <= 0)
            return n < 0 ? n : CO_EEOF;
    }
}

ssize_t co_read_line(co_stream *stream, char *ret_line, size_t size)
{
    const uint8_t *bytes;
    ssize_t n = co_peek_until(stream, "\n", size, &bytes);
    if (n == (ssize_t)size) /* there is no room for the NUL */
        return CO_ETOOBIG;
    if (n == CO_EEOF) /* the last line may lack its newline */
        n = co_peek(stream, 0, &bytes);
    if (n < 0)
        return n;
    in_take(stream, ret_line, (size_t)n);
    ret_line[n] = '\0';
    return n;
}

void co_consume(co_stream *stream, size_t size)
{
    assert(size <= co_stream_buffered(stream));
    stream->in_at += (uint32_t)size;
}

void co_stream_discard(struct co_stream *stream, size_t bytes_max)
{
    size_t discarded = 0;
    stream->in_at = stream->in_end;
    while (discarded < bytes_max) {
        long n = fill_empty(stream);
        if (n <= 0)
            return;
        discarded += (size_t)n;
        stream->in_at = stream->in_end;
    }
}

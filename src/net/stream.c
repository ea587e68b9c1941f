/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include "runtime/file.h"
#include "runtime/pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FULL_READS_FOR_LARGE 2    /* small buffers filled in a row before a large one is used */
#define PIECES_MAX           16   /* of one co_writev */
#define PRINT_MAX            4096 /* bytes of one co_print */
#define FILE_SLICE           (1u << 20)  /* of a file per operation: some 100 us of work */
#define FILE_COPIED          (16 << 10)  /* sendfile's pages cost more than copying so much */
#define FILE_AT_ONCE         (64 << 10)  /* the end of one, which takes no longer than a write */
#define CLOSE_GRACE_MS       1000        /* for what a closing stream still has to send */
#define CLOSE_DISCARD_MAX    (256 << 10) /* unread bytes taken in before closing */

_Static_assert(CO_BUFFER_LARGE == UINT16_MAX + 1, "a stream's in_phase wraps elsewhere");

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

static void out_release(struct co_stream *stream)
{
    if (stream->out)
        co_buffer_give(stream->rt, stream->out, CO_BUFFER_LARGE);
    stream->out = NULL;
    stream->out_size = 0;
}

void co_stream_free(struct co_stream *stream)
{
    co_stream_release_input(stream);
    out_release(stream);
    co_timer_forget(stream->rt, &stream->park_timer);
    co_timer_unreserve(stream->rt);
    if (stream->free_slot)
        stream->free_slot(stream->slot);
    free(stream->peer_text);
    free(stream);
}

/* Is it the scope that ended the call? Then nothing is wrong with the stream. */
static bool is_scope_code(long rc)
{
    return rc == CO_ECANCELED || rc == CO_EDEADLINE || rc == CO_EDRAIN || rc == CO_EDEADLOCK;
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static int send_all(
    struct co_stream *stream, const struct iovec *more, unsigned more_count, uint64_t *ret_sent);

/* The reader's part: the peer may be waiting for it. A writer who comes meanwhile waits. */
static int empty_cork(struct co_stream *stream)
{
    stream->emptying = true;
    int rc = send_all(stream, NULL, 0, NULL);
    stream->emptying = false;
    if (stream->writer)
        co_fiber_wake(stream->rt, stream->writer, 0);
    stream->writer = NULL;
    return rc;
}

static int read_begin(struct co_stream *stream)
{
    if (stream->reading)
        return -EBUSY;
    stream->reading = true; /* while the cork empties, too */
    if (stream->out_size && !stream->writing) {
        int rc = empty_cork(stream);
        if (is_scope_code(rc)) {
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
    else if (n < 0 && n != -EAGAIN && !is_scope_code(n))
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
    ssize_t n = co_peek_until(stream, "\n", size - 1, &bytes);
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

/* ---- writing
 * ------------------------------------------------------------------------------------- */

static void writer_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    ((struct co_stream *)(uintptr_t)fiber->wait->on)->writer = NULL;
    co_fiber_wake(rt, fiber, code);
}

/* 0 when nobody writes; another's write is not waited for, only a reader's. */
static int await_turn(struct co_stream *stream)
{
    const struct co_wait wait = {
        .what = "the cork to be empty", .on = stream, .interrupt = writer_interrupted};
    int rc = 0;
    while (rc == 0 && stream->writing && stream->emptying && !stream->writer) {
        stream->writer = stream->rt->current;
        rc = co_fiber_wait(stream->rt, &wait);
    }
    return rc < 0 ? rc : stream->writing ? -EBUSY : 0;
}

static int write_begin_now(struct co_stream *stream)
{
    if (stream->write_error)
        return stream->write_error;
    if (stream->write_shut)
        return -EPIPE;
    if (stream->writing)
        return -EBUSY;
    stream->writing = true;
    return 0;
}

static int write_begin(struct co_stream *stream)
{
    int rc = stream->emptying ? await_turn(stream) : 0;
    return rc < 0 ? rc : write_begin_now(stream);
}

static int write_end(struct co_stream *stream, long rc)
{
    stream->writing = false;
    if (rc < 0 && !is_scope_code(rc))
        stream->write_error = (int32_t)rc;
    return rc < 0 ? (int)rc : 0;
}

/* Takes `sent` bytes off the front of the pieces. */
static void pieces_advance(struct iovec **pieces, unsigned *count, size_t sent)
{
    while (*count > 0 && sent >= (*pieces)->iov_len) {
        sent -= (*pieces)->iov_len;
        (*pieces)++;
        (*count)--;
    }
    if (*count > 0) {
        (*pieces)->iov_base = (char *)(*pieces)->iov_base + sent;
        (*pieces)->iov_len -= sent;
    }
}

/* What has gone out of the cork leaves it, so that a scope's end in the midst loses nothing;
 * returns how much of `sent` that was. */
static size_t out_advance(struct co_stream *stream, size_t sent)
{
    size_t from_cork = sent < stream->out_size ? sent : stream->out_size;
    if (from_cork > 0) {
        stream->out_size -= (uint32_t)from_cork;
        memmove(stream->out, stream->out + from_cork, stream->out_size);
    }
    return from_cork;
}

/* Sends the cork's content and then the pieces, all of it. ret_sent: how much of them has gone when
 * it ends in the midst; NULL: nobody is told, and what is torn stays so. */
static int send_all(
    struct co_stream *stream, const struct iovec *more, unsigned more_count, uint64_t *ret_sent)
{
    struct iovec room[PIECES_MAX + 1], *pieces = room;
    unsigned count = 0;
    bool torn = false; /* some of the caller's bytes have gone out, some have not */
    int rc = write_begin(stream);
    if (rc < 0)
        return rc;
    if (stream->out_size)
        room[count++] = (struct iovec){stream->out, stream->out_size};
    for (unsigned i = 0; i < more_count; i++)
        if (more[i].iov_len)
            room[count++] = more[i];
    while (count > 0) {
        long n = stream->kind->send(stream, pieces, count);
        if (n < 0) {
            if (torn && !ret_sent)
                stream->write_error = (int32_t)n;
            return write_end(stream, n);
        }
        size_t own = (size_t)n - out_advance(stream, (size_t)n);
        torn |= own > 0;
        if (ret_sent)
            *ret_sent += own;
        if (stream->out_size)
            pieces->iov_len = stream->out_size;
        else
            pieces_advance(&pieces, &count, (size_t)n);
    }
    out_release(stream);
    return write_end(stream, 0);
}

size_t co_stream_send_now(struct co_stream *stream, co_text bytes)
{
    const struct iovec piece = co_piece(bytes);
    if (!stream->kind->send_now || write_begin_now(stream) < 0)
        return 0;
    long n = stream->kind->send_now(stream, &piece, 1);
    write_end(stream, n == -EAGAIN ? 0 : n);
    return n > 0 ? (size_t)n : 0;
}

bool co_stream_uncork_now(struct co_stream *stream)
{
    const co_text held = {(const char *)stream->out, stream->out_size};
    if (held.size > 0)
        out_advance(stream, co_stream_send_now(stream, held));
    if (stream->out_size > 0 || stream->write_error)
        return false;
    out_release(stream);
    return true;
}

bool co_stream_hold(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    size_t total = stream->out_size;
    if (!stream->corked)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (__builtin_add_overflow(total, pieces[i].iov_len, &total))
            return false;
    if (total > CO_BUFFER_LARGE || stream->write_error || stream->write_shut || stream->writing)
        return false;
    if (!stream->out && !(stream->out = co_buffer_take(stream->rt, CO_BUFFER_LARGE)))
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].iov_len) /* an empty piece may be NULL, which memcpy must not see */
            memcpy(stream->out + stream->out_size, pieces[i].iov_base, pieces[i].iov_len);
        stream->out_size += (uint32_t)pieces[i].iov_len;
    }
    return true;
}

int co_writev(co_stream *stream, const struct iovec *pieces, unsigned count)
{
    if (count > PIECES_MAX)
        return -EINVAL;
    if (co_stream_hold(stream, pieces, count))
        return 0;
    return send_all(stream, pieces, count, NULL);
}

int co_stream_writev(
    struct co_stream *stream, const struct iovec *pieces, unsigned count, uint64_t *ret_sent)
{
    *ret_sent = 0;
    if (!co_stream_hold(stream, pieces, count))
        return send_all(stream, pieces, count, ret_sent);
    for (unsigned i = 0; i < count; i++)
        *ret_sent += pieces[i].iov_len;
    return 0;
}

int co_write(co_stream *stream, const void *bytes, size_t size)
{
    const struct iovec piece = {(void *)(uintptr_t)bytes, size};
    return co_writev(stream, &piece, 1);
}

int co_print(co_stream *stream, const char *format, ...)
{
    char small[512], *text = small;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(small, sizeof small, format, args);
    if (size >= (int)sizeof small && size <= PRINT_MAX && (text = malloc((size_t)size + 1)))
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);
    int rc = size < 0           ? -EINVAL
             : size > PRINT_MAX ? CO_ETOOBIG
             : !text            ? -ENOMEM
                                : co_write(stream, text, (size_t)size);
    if (text != small)
        free(text);
    return rc;
}

/* For streams without sendfile. */
static long copy_file(struct co_stream *stream, int file_fd, uint64_t offset, size_t size)
{
    uint8_t *buffer = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
    if (!buffer)
        return -ENOMEM;
    ssize_t n =
        co_file_read_at(file_fd, buffer, size < CO_BUFFER_LARGE ? size : CO_BUFFER_LARGE, offset);
    long rc = n;
    size_t sent = 0;
    while (rc > 0 && sent < (size_t)n) {
        const struct iovec piece = {buffer + sent, (size_t)n - sent};
        rc = stream->kind->send(stream, &piece, 1);
        sent += rc > 0 ? (size_t)rc : 0;
    }
    co_buffer_give(stream->rt, buffer, CO_BUFFER_LARGE);
    if (rc < 0 && !is_scope_code(rc)) /* for good: some of it may go out all the same (TLS) */
        stream->write_error = (int32_t)rc;
    return sent > 0 ? (long)sent : rc;
}

static long send_slice(struct co_stream *stream, int file_fd, uint64_t offset, uint64_t left)
{
    size_t slice = left < FILE_SLICE ? (size_t)left : FILE_SLICE;
    bool copy = !stream->kind->send_file || slice <= FILE_COPIED;
    if (stream->write_error)
        return stream->write_error;
    long n = copy ? copy_file(stream, file_fd, offset, slice)
                  : stream->kind->send_file(stream, file_fd, offset, slice);
    return n == 0 ? CO_EEOF : n; /* the file is shorter than it was */
}

int co_write_file(
    co_stream *stream, int file_fd, uint64_t offset, uint64_t size, uint64_t *ret_sent)
{
    uint64_t sent = 0;
    long n = stream->out_size ? send_all(stream, NULL, 0, NULL) : 0;
    if (n == 0)
        n = write_begin(stream);
    if (n == 0) {
        while (sent < size && (n = send_slice(stream, file_fd, offset + sent, size - sent)) > 0) {
            sent += (uint64_t)n;
            if (sent < size || n > FILE_AT_ONCE)
                co_fiber_pause(stream->rt); /* a reader that keeps up must not starve the others */
        }
        if (n == CO_EEOF)
            stream->writing = false; /* nothing is wrong with the stream */
        else
            write_end(stream, n);
    }
    if (ret_sent)
        *ret_sent = sent;
    return n < 0 ? (int)n : 0;
}

void co_cork(co_stream *stream)
{
    stream->corked = true;
}

int co_uncork(co_stream *stream)
{
    stream->corked = false;
    return stream->out_size ? send_all(stream, NULL, 0, NULL) : stream->write_error;
}

/* ---- ending
 * -------------------------------------------------------------------------------------- */

int co_shutdown_write(co_stream *stream)
{
    int rc = await_turn(stream); /* the end shall not come in the midst of a write */
    if (rc == 0)
        rc = co_uncork(stream);
    if (rc < 0 || stream->write_shut)
        return rc;
    stream->write_shut = true;
    return stream->kind->shutdown(stream);
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
    if (co_scope_close(&grace) < 0 && rc == 0 && stream->out_size)
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

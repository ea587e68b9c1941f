/* SPDX-License-Identifier: MIT */
/*
 * A stream's output: its cork, and what is written through it or past it.
 *
 * A cork is a buffer of what goes out later, in one packet where it can. Whatever is sent, it comes
 * first; and what a scope's end keeps back stays in it.
 */
#include "net/streaming.h"

#include "runtime/file.h"
#include "runtime/pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECES_MAX   16         /* of one co_writev */
#define PRINT_MAX    4096       /* bytes of one co_print */
#define FILE_SLICE   (1u << 20) /* of a file per operation: some 100 us of work */
#define FILE_COPIED  (16 << 10) /* sendfile's pages cost more than copying so much */
#define FILE_AT_ONCE (64 << 10) /* the end of one, which takes no longer than a write */

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
    if (rc < 0 && !co_stream_is_scope_code(rc))
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
    co_stream_release_output(stream);
    return write_end(stream, 0);
}

int co_stream_empty_cork(struct co_stream *stream)
{
    stream->emptying = true;
    int rc = send_all(stream, NULL, 0, NULL);
    stream->emptying = false;
    if (stream->writer)
        co_fiber_wake(stream->rt, stream->writer, 0);
    stream->writer = NULL;
    return rc;
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
    co_stream_release_output(stream);
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
    if (rc < 0 &&
        !co_stream_is_scope_code(rc)) /* for good: some of it may go out all the same (TLS) */
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
    else if (sent > 0 && co_stream_is_scope_code(n))
        stream->write_error = (int32_t)n; /* nobody knows where to go on */
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

int co_shutdown_write(co_stream *stream)
{
    int rc = await_turn(stream); /* the end shall not come in the midst of a write */
    if (rc == 0)
        rc = co_uncork(stream);
    if (rc < 0 || stream->write_shut)
        return rc;
    stream->write_shut = true;
    rc = stream->kind->shutdown(stream);
    if (co_stream_is_scope_code(rc)) /* TLS's farewell is on its way still */
        stream->write_shut = false;
    return rc;
}

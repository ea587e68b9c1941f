/* SPDX-License-Identifier: MIT */
#include "net/pace.h"

#include "coronet/net.h"
#include "net/stream.h"
#include "runtime/pool.h"

#define GRACE_NS         (15 * CO_SECOND)
#define FILE_STEP_MAX    (1u << 20) /* bytes of a file between two looks at the clock */
#define STEPS_A_SECOND   4          /* how finely a limited rate is portioned */
#define LIMITED_STEP_MIN 512        /* bytes; less would only cost packets */
#define SETTLE_PAUSE_MS  128        /* between two looks at what is on its way */
#define PIECES_MAX       16         /* as co_writev takes */

void co_pace_start(struct co_pace *pace, int64_t min_rate, uint64_t limit_rate)
{
    pace->grace_ns = pace->allowance_ns = GRACE_NS;
    pace->min_rate = min_rate;
    pace->limit_rate = limit_rate;
    pace->due_ns = limit_rate ? co_now_ns() : 0;
    pace->progress = 0;
}

void co_pace_allow(struct co_pace *pace, int64_t grace_ms)
{
    if (grace_ms > 0)
        pace->grace_ns = pace->allowance_ns = grace_ms * CO_MS;
}

static int64_t time_for(const struct co_pace *pace, uint64_t bytes)
{
    return (int64_t)((double)bytes * (double)CO_SECOND / (double)pace->min_rate);
}

void co_pace_wait_begin(struct co_pace_wait *wait, const struct co_pace *pace)
{
    int64_t timeout_ms = -1;
    wait->since = co_now_ns();
    if (pace->min_rate > 0)
        timeout_ms = pace->allowance_ns / CO_MS + 1;
    co_scope_open(&wait->scope, timeout_ms);
}

static void account(struct co_pace *pace, int64_t waited_ns, uint64_t moved)
{
    if (pace->min_rate <= 0)
        return;
    int64_t left = pace->allowance_ns + time_for(pace, moved) - waited_ns;
    pace->allowance_ns = left < pace->grace_ns ? left : pace->grace_ns;
}

long co_pace_wait_end(struct co_pace_wait *wait, struct co_pace *pace, long result, uint64_t moved)
{
    int ended = co_scope_close(&wait->scope);
    account(pace, co_now_ns() - wait->since, moved);
    return result < 0 && result == ended ? CO_ETOOSLOW : result;
}

void co_pace_earn(struct co_pace *pace, uint64_t moved)
{
    account(pace, 0, moved);
}

/* ---- the limit ---------------------------------------------------------------------------- */

size_t co_pace_step(const struct co_pace *pace, size_t unlimited)
{
    uint64_t step = pace->limit_rate / STEPS_A_SECOND;
    if (pace->limit_rate == 0 || step > unlimited)
        return unlimited;
    return step > LIMITED_STEP_MIN ? (size_t)step : LIMITED_STEP_MIN;
}

/* Less than the timer can tell is left to the next step, so that many small ones are not slower
 * than the limit. */
int co_pace_keep(struct co_pace *pace, uint64_t bytes)
{
    if (pace->limit_rate == 0)
        return 0;
    int64_t now = co_now_ns(), least = now - CO_SECOND / STEPS_A_SECOND;
    if (pace->due_ns < least)
        pace->due_ns = least;
    pace->due_ns += (int64_t)((double)bytes * (double)CO_SECOND / (double)pace->limit_rate);
    int64_t early_ms = (pace->due_ns - now) / CO_MS;
    return early_ms > 0 ? co_sleep(early_ms) : 0;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The end of a wait for `n` bytes, or for why there are none; and of the pause behind them. */
static ssize_t read_end(struct co_pace_wait *wait, struct co_pace *pace, ssize_t n)
{
    n = co_pace_wait_end(wait, pace, n, n > 0 ? (uint64_t)n : 0);
    int rc = n > 0 ? co_pace_keep(pace, (uint64_t)n) : 0;
    return rc < 0 ? rc : n;
}

ssize_t co_pace_read(struct co_pace *pace, co_stream *stream, void *ret_bytes, size_t size)
{
    struct co_pace_wait wait;
    co_pace_wait_begin(&wait, pace);
    ssize_t n = co_read(stream, ret_bytes, co_pace_step(pace, size));
    return read_end(&wait, pace, n);
}

long co_pace_splice(struct co_pace *pace, co_stream *stream, int pipe_fd, size_t size)
{
    struct co_pace_wait wait;
    co_pace_wait_begin(&wait, pace);
    long n = co_stream_splice(stream, pipe_fd, co_pace_step(pace, size));
    return read_end(&wait, pace, n);
}

ssize_t co_pace_peek(struct co_pace *pace, co_stream *stream, const uint8_t **ret_bytes)
{
    ssize_t n = co_peek(stream, 0, ret_bytes);
    if (n == 0) {
        struct co_pace_wait wait;
        co_pace_wait_begin(&wait, pace);
        n = co_peek(stream, 1, ret_bytes);
        n = co_pace_wait_end(&wait, pace, n, n > 0 ? (uint64_t)n : 0);
    }
    return n > 0 ? (ssize_t)co_pace_step(pace, (size_t)n) : n;
}

int co_pace_consume(struct co_pace *pace, co_stream *stream, size_t size)
{
    co_consume(stream, size);
    return co_pace_keep(pace, size);
}

/* ---- writing ------------------------------------------------------------------------------ */

/*
 * Bytes that the peer's side of the connection has taken since we last asked. The kernel makes room
 * for us in large lumps, so that a slow but honest reader may look silent for long. The first
 * answer covers the connection's whole past: one more chance, once.
 */
static uint64_t progress(struct co_pace *pace, co_stream *stream)
{
    struct co_tcp_info info;
    if (co_tcp_info(stream, &info) < 0)
        return 0;
    uint64_t sent = info.bytes_sent - info.bytes_retransmitted;
    uint64_t moved = sent - pace->progress;
    pace->progress = sent;
    return moved;
}

/* A wait for bytes to go out. */
struct writing {
    struct co_pace *pace;
    co_stream *stream;
    struct co_pace_wait wait;
    uint64_t held; /* by the stream before: they go first */
    uint64_t sent; /* of the others */
};

static void write_begin(struct writing *ret, struct co_pace *pace, co_stream *stream)
{
    *ret = (struct writing){.pace = pace, .stream = stream, .held = co_stream_held(stream)};
    co_pace_wait_begin(&ret->wait, pace);
}

/* What TLS has encrypted it cannot give back: it holds what did not go out in time, which has not
 * moved yet. A deadline is not the end as long as the allowance was earned anew. */
static int write_end(struct writing *writing, int rc)
{
    struct co_pace *pace = writing->pace;
    uint64_t bytes = writing->held + writing->sent, held = co_stream_held(writing->stream);
    rc = (int)co_pace_wait_end(&writing->wait, pace, rc, bytes > held ? bytes - held : 0);
    if (rc == 0 && held > 0)
        rc = co_status() < 0 ? co_status() : CO_ETOOSLOW;
    if (rc == CO_ETOOSLOW) {
        uint64_t moved = progress(pace, writing->stream);
        account(pace, 0, moved > writing->sent ? moved - writing->sent : 0);
        rc = pace->allowance_ns > 0 ? 0 : CO_ETOOSLOW;
    }
    return rc < 0 ? rc : co_pace_keep(pace, writing->sent);
}

/* How far a gathered write has come. */
struct cursor {
    const struct iovec *at;
    unsigned left; /* pieces, the present one included */
    size_t offset; /* in the present one */
};

/* Up to `room` of the next bytes. The number of pieces in ret; an empty one may be at NULL. */
static unsigned cursor_look(const struct cursor *cursor, size_t room, struct iovec ret[PIECES_MAX])
{
    unsigned count = 0;
    size_t offset = cursor->offset;
    for (unsigned i = 0; i < cursor->left && room > 0; i++, offset = 0) {
        size_t size = cursor->at[i].iov_len - offset;
        if (size > room)
            size = room;
        if (size > 0)
            ret[count++] = (struct iovec){(char *)cursor->at[i].iov_base + offset, size};
        room -= size;
    }
    return count;
}

/* Those have gone, and with them pieces that are empty. */
static void cursor_skip(struct cursor *cursor, uint64_t bytes)
{
    while (cursor->left > 0 && bytes >= cursor->at->iov_len - cursor->offset) {
        bytes -= cursor->at->iov_len - cursor->offset;
        *cursor = (struct cursor){cursor->at + 1, cursor->left - 1, 0};
    }
    cursor->offset += bytes;
}

/* Sends one step of the pieces, or what is held of the one before. */
static int pieces_step(struct co_pace *pace, co_stream *stream, struct cursor *cursor)
{
    struct iovec step[PIECES_MAX];
    struct writing writing;
    unsigned count = cursor_look(cursor, co_pace_step(pace, CO_BUFFER_LARGE), step);
    write_begin(&writing, pace, stream);
    int rc = writing.held > 0 ? co_stream_flush(stream)
                              : co_stream_writev(stream, step, count, &writing.sent);
    cursor_skip(cursor, writing.sent);
    return write_end(&writing, rc);
}

int co_pace_writev(
    struct co_pace *pace, co_stream *stream, const struct iovec *pieces, unsigned count)
{
    struct cursor cursor = {pieces, count, 0};
    int rc = 0;
    cursor_skip(&cursor, 0);
    while (rc == 0 && (cursor.left > 0 || co_stream_held(stream) > 0))
        rc = pieces_step(pace, stream, &cursor);
    bool is_torn = cursor.left > 0 && (cursor.at != pieces || cursor.offset > 0);
    if (is_torn && stream->write_error == 0)
        stream->write_error = rc;
    return rc;
}

static int uncork_step(struct co_pace *pace, co_stream *stream)
{
    struct writing writing;
    size_t corked = stream->out_size;
    write_begin(&writing, pace, stream);
    int rc = corked == 0 && writing.held > 0 ? co_stream_flush(stream) : co_uncork(stream);
    writing.sent = corked - stream->out_size;
    return write_end(&writing, rc);
}

int co_pace_uncork(struct co_pace *pace, co_stream *stream)
{
    int rc = uncork_step(pace, stream);
    while (rc == 0 && (stream->out_size > 0 || co_stream_held(stream) > 0))
        rc = uncork_step(pace, stream);
    return rc;
}

/* Sends one step of the span, or what is held of the one before. */
static int file_step(struct co_pace *pace, co_stream *stream, struct co_pace_span *span)
{
    struct writing writing;
    size_t room = co_pace_step(pace, FILE_STEP_MAX);
    uint64_t size = span->size < room ? span->size : room;
    write_begin(&writing, pace, stream);
    int rc = writing.held > 0 ? co_stream_flush(stream)
                              : co_write_file(stream, span->fd, span->offset, size, &writing.sent);
    span->offset += writing.sent;
    span->size -= writing.sent;
    return write_end(&writing, rc);
}

int co_pace_write_file(struct co_pace *pace, co_stream *stream, struct co_pace_span *span)
{
    int rc = 0;
    while (rc == 0 && (span->size > 0 || co_stream_held(stream) > 0))
        rc = file_step(pace, stream, span);
    return rc;
}

/* One look at whether the peer answers, for a while. 1: it has closed, with a farewell or without,
 * which matters for what it sends alone; 0; negative. */
static int settle_step(co_stream *stream, int64_t pause_ms)
{
    const uint8_t *bytes;
    co_scope scope;
    co_scope_open(&scope, pause_ms);
    ssize_t n = co_peek(stream, 1, &bytes);
    int ended = co_scope_close(&scope);
    if (n > 0)
        co_consume(stream, (size_t)n);
    if (n == 0 || n == CO_ETRUNCATED)
        return 1;
    return n < 0 && n != ended ? (int)n : 0;
}

int co_pace_settle(struct co_pace *pace, co_stream *stream)
{
    int rc = 0;
    long left = co_stream_unsent(stream);
    if (left > 0) {
        struct co_pace_wait wait;
        co_pace_wait_begin(&wait, pace);
        rc = (int)co_pace_wait_end(&wait, pace, co_shutdown_write(stream), 0);
    }
    for (int64_t pause_ms = 1; rc == 0 && left > 0;
         pause_ms = pause_ms < SETTLE_PAUSE_MS ? 2 * pause_ms : pause_ms) {
        int64_t since = co_now_ns();
        rc = settle_step(stream, pause_ms);
        long now_left = co_stream_unsent(stream);
        account(pace, co_now_ns() - since, now_left < left ? (uint64_t)(left - now_left) : 0);
        left = now_left;
        if (rc == 0 && left > 0 && pace->min_rate > 0 && pace->allowance_ns <= 0)
            rc = CO_ETOOSLOW;
    }
    return rc < 0 ? rc : 0;
}

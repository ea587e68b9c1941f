/* SPDX-License-Identifier: MIT */
/*
 * The pace of a transfer: fast enough for us to wait (attacks H17, H18), slow enough for a limit.
 *
 * A peer has an allowance of our waiting, by default of 15 seconds. Waiting uses it up, each byte
 * that moves earns 1/min_rate of a second back, never above the allowance: so a silence is cut off
 * soon after 15 seconds whatever came before, and a dribble below the minimum rate too. Only time
 * spent waiting for the peer counts, not the handler's own.
 *
 * A limit is kept by sleeping after each step, either way: a peer that is read from late is told to
 * wait by TCP. What was left unused longer ago than one step is lost.
 */
#ifndef CO_NET_PACE_H
#define CO_NET_PACE_H

#include "base/base.h"
#include "coronet/fiber.h"
#include "coronet/stream.h"

struct co_pace {
    int64_t grace_ns;     /* of waiting before a peer's rate counts */
    int64_t allowance_ns; /* of waiting left */
    int64_t min_rate;     /* bytes a second; <= 0: none is asked for */
    uint64_t limit_rate;  /* bytes a second; 0: no limit */
    int64_t due_ns;       /* when what has moved would have, at the limit */
    uint64_t progress;    /* bytes that the connection had sent when we last asked */
};

/* Both rates as in the servers' options, min_rate with its default filled in. */
void co_pace_start(struct co_pace *pace, int64_t min_rate, uint64_t limit_rate);

/* Right after the start: another allowance, in ms; 0: that of 15 seconds. */
void co_pace_allow(struct co_pace *pace, int64_t grace_ms);

/* co_read and co_peek(stream, 1, ...) in pace: CO_ETOOSLOW when the peer is too slow. */
ssize_t co_pace_read(struct co_pace *pace, co_stream *stream, void *ret_bytes, size_t size);
ssize_t co_pace_peek(struct co_pace *pace, co_stream *stream, const uint8_t **ret_bytes);

/* co_stream_splice in pace. */
long co_pace_splice(struct co_pace *pace, co_stream *stream, int pipe_fd, size_t size);

/* co_consume of what co_pace_peek gave, which counts for the limit only now. Sleeps to keep it. 0,
 * CO_ECANCELED, CO_EDEADLINE; consumed is it in any case. */
int co_pace_consume(struct co_pace *pace, co_stream *stream, size_t size);

/* One wait for the peer, in pace: its deadline is when the allowance will be used up. */
struct co_pace_wait {
    co_scope scope;
    int64_t since;
};

void co_pace_wait_begin(struct co_pace_wait *wait, const struct co_pace *pace);

/* Ends the wait and books it. Returns CO_ETOOSLOW when it was this wait that came to its deadline,
 * otherwise `result`. */
long co_pace_wait_end(struct co_pace_wait *wait, struct co_pace *pace, long result, uint64_t moved);

/* How many of `unlimited` bytes may move before the limit is looked at again. */
size_t co_pace_step(const struct co_pace *pace, size_t unlimited);

/* Sleeps for what `bytes` should have taken, at the limit, beyond what they did take. 0,
 * CO_ECANCELED, CO_EDEADLINE. */
int co_pace_keep(struct co_pace *pace, uint64_t bytes);

/* That many bytes have moved, too. */
void co_pace_earn(struct co_pace *pace, uint64_t moved);

/* A part of a file that is to be sent; what is left of it, afterwards. */
struct co_pace_span {
    int fd;
    uint64_t offset, size;
};

/* co_writev, co_uncork and co_write_file, in pace. */
int co_pace_writev(
    struct co_pace *pace, co_stream *stream, const struct iovec *pieces, unsigned count);
int co_pace_uncork(struct co_pace *pace, co_stream *stream);
int co_pace_write_file(struct co_pace *pace, co_stream *stream, struct co_pace_span *span);

/* Shuts writing down and waits, in pace, until the peer's machine has all that was written, or the
 * peer has read to the end: what is said to have arrived has. Input meanwhile is thrown away. */
int co_pace_settle(struct co_pace *pace, co_stream *stream);

#endif

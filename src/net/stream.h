/* SPDX-License-Identifier: MIT */
/*
 * The inside of a stream, for the rooms of this floor and for layers over streams.
 *
 * What differs between sockets, memory and TLS is a `co_stream_kind`; buffers, peeking,
 * corks, errors and parking are the same for all: stream.c, reading.c, writing.c and park.c. An
 * idle stream holds no buffer: the reading side takes one from the pool when there is input, the
 * corked side when there is output.
 */
#ifndef CO_NET_STREAM_H
#define CO_NET_STREAM_H

#include "coronet/net.h"
#include "runtime/fiber.h"

struct co_access_place;

/* An address in less room than co_address takes: sockaddr_in6 is the largest kept. */
struct co_stream_end {
    uint8_t size; /* 0: none is kept */
    uint8_t bytes[28];
};

/* All but park and unpark suspend, obey the scope and return -errno or the scope's code. */
struct co_stream_kind {
    const char *name;
    /* Receives into `at`, or (at NULL) into a small pool buffer that becomes stream->in. */
    long (*receive)(struct co_stream *stream, void *at, size_t size);
    bool glances; /* receive does not wait if the stream says so (`now`): -EAGAIN */
    /* Moves input into an empty pipe; may be NULL. */
    long (*splice)(struct co_stream *stream, int pipe_fd, size_t size);
    long (*send)(
        struct co_stream *stream, const struct iovec *pieces, unsigned count); /* may be short */
    /* As send, or -EAGAIN; does not suspend. NULL: it cannot. */
    long (*send_now)(struct co_stream *stream, const struct iovec *pieces, unsigned count);
    long (*send_file)(
        struct co_stream *stream, int file_fd, uint64_t offset, size_t size); /* may be NULL */
    int (*shutdown)(struct co_stream *stream);
    /* Bytes known to wait unread beneath the stream's own buffer. Does not suspend. */
    long (*unread)(struct co_stream *stream);
    /* Ends it and frees the kind's own state; `reset`: the peer shall see that it was cut. */
    void (*close)(struct co_stream *stream, bool reset);
    /* Sends what the kind itself has still to say, before a wait without a fiber; may be NULL. */
    int (*settle)(struct co_stream *stream);
    /* Bytes that `send` has taken and not sent, the scope having ended before. Does not suspend;
     * NULL: there are never any. */
    size_t (*held)(const struct co_stream *stream);
    /* Sends them. */
    int (*flush)(struct co_stream *stream);
    /* Begins to wait for input without a fiber; true: there is some (or the end) now. When it
     * comes, co_stream_unpark. */
    bool (*park)(struct co_stream *stream);
    /* Takes what the wait brought into the stream, at the beginning of the handler's next fiber. */
    void (*unparked)(struct co_stream *stream);
    /* Ends that wait; co_stream_unpark comes all the same, later. */
    void (*unpark)(struct co_stream *stream);
};

struct co_stream {
    const struct co_stream_kind *kind;
    struct co_rt *rt;
    co_fd fd;          /* of a socket */
    void *state;       /* of any other kind */
    void *layer;       /* of a kind that was laid over another, which goes on beneath it */
    uint8_t *in, *out; /* pool buffers, NULL when none is held */
    uint32_t in_at, in_end, in_room, out_size;
    int32_t read_error, write_error; /* the first of each direction */
    int32_t park_result;
    bool ended, corked, write_shut, reading, writing, likely, now, closing;
    bool emptying;      /* it is the reader who writes: what the cork held */
    bool bulk;          /* the socket was told that much will be sent */
    uint8_t full_reads; /* in a row: bulk data gets a large buffer */
    uint16_t in_phase;  /* where the next byte is stored, modulo the size of a large buffer */
    co_handler *handler;
    void *arg;
    struct co_server *server; /* serve.c's */
    struct co_guest guest;    /* while parked */
    struct co_timer park_timer;
    int64_t park_timeout_ms;
    struct co_op read_op; /* while parked */
    struct co_access *access;
    struct co_fiber *writer; /* waits until the reader has emptied the cork */
    void *slot;              /* one pointer for the layer above (http's connection) */
    void (*free_slot)(void *slot);
    char *peer_text;            /* made when asked for */
    struct co_stream_end peer;  /* a longer Unix path is text only */
    struct co_stream_end local; /* once it was asked for: it stays the same */
};

/* As the kind's. */
static inline size_t co_stream_held(const struct co_stream *stream)
{
    return stream->kind->held ? stream->kind->held(stream) : 0;
}

static inline int co_stream_flush(struct co_stream *stream)
{
    return stream->kind->flush ? stream->kind->flush(stream) : 0;
}

/* A kind's `receive` by what reads into any room, as co_read does. */
long co_stream_receive_by(long (*read)(struct co_stream *stream, void *at, size_t size),
    struct co_stream *stream, void *at, size_t size);

/* Makes a stream of a kind on the current runtime; NULL when memory is out. */
struct co_stream *co_stream_new(const struct co_stream_kind *kind);

/* Makes a stream of a connected socket, which it then owns (also on failure). 0 or -ENOMEM. */
int co_stream_of_socket(co_fd fd, const co_address *peer, struct co_stream **ret);

/* The kernel's number of its socket, which stays the stream's; -1: it is none. */
int co_stream_raw(const struct co_stream *stream);

/* Frees what the stream holds, its kind having been closed. */
void co_stream_free(struct co_stream *stream);

/* A piece of what is to be written; it is only read. */
static inline struct iovec co_piece(co_text text)
{
    return (struct iovec){(void *)(uintptr_t)text.at, text.size};
}

/* The layer above's own pointer. */
static inline void **co_stream_slot(struct co_stream *stream)
{
    return &stream->slot;
}

/* The stream is closed right after what is written now: its end may travel in the same packet. */
static inline void co_stream_closes(struct co_stream *stream)
{
    stream->closing = true;
}

/* Gives the reading side's buffer back, with whatever is in it. */
void co_stream_release_input(struct co_stream *stream);

/*
 * Moves up to `size` bytes of input into a pipe, which is empty, by its writing end; nothing is
 * copied. Suspends until there are some. As co_read; -EOPNOTSUPP where the stream cannot, or has
 * input in its buffer: then it can be read, or peeked at.
 */
long co_stream_splice(struct co_stream *stream, int pipe_fd, size_t size);

/* Looks at what is there now, without waiting: what co_peek gives for one byte; -EAGAIN: nothing.
 * Suspends for other fibers alone. */
ssize_t co_stream_glance(struct co_stream *stream, const uint8_t **ret_bytes);

/* Bytes buffered in the stream, without a system call. */
static inline size_t co_stream_buffered(const struct co_stream *stream)
{
    return stream->in_end - stream->in_at;
}

/* The next byte that is consumed will be stored at that offset of a file: see fill_empty. */
static inline void co_stream_align(struct co_stream *stream, uint64_t offset)
{
    stream->in_phase = (uint16_t)(offset + co_stream_buffered(stream));
}

/* Has the peer's end of stream been seen? */
static inline bool co_stream_at_end(const struct co_stream *stream)
{
    return stream->ended;
}

/* Reads and throws away until the end, `bytes_max` or the scope's end: before closing a connection
 * whose peer may still be sending, lest the reset destroy what we sent (RFC 9112 9.6). */
void co_stream_discard(struct co_stream *stream, size_t bytes_max);

/* The peer's address and our own; size 0 when there is none. */
void co_stream_peer(const struct co_stream *stream, co_address *ret);
void co_stream_local(struct co_stream *stream, co_address *ret);

/* Bytes that the peer's machine has not acknowledged, as far as is known; 0 where there is no
 * peer's machine. */
long co_stream_unsent(const struct co_stream *stream);

/* co_writev of which *ret_sent tells how much has gone when it ends in the midst: the caller goes
 * on from there, or nothing can be written any more. */
int co_stream_writev(
    struct co_stream *stream, const struct iovec *pieces, unsigned count, uint64_t *ret_sent);

/* Puts the pieces into the cork; false: there is none, or they do not fit. Does not suspend. */
bool co_stream_hold(struct co_stream *stream, const struct iovec *pieces, unsigned count);

/* Sends what goes out at once, behind nothing that the cork holds; returns how much that was. An
 * error is the next write's. Does not suspend. */
size_t co_stream_send_now(struct co_stream *stream, co_text bytes);

/* Empties the cork, if that can be done at once; it stays one. Does not suspend. */
bool co_stream_uncork_now(struct co_stream *stream);

/* Closes a stream for which nothing has to be waited; false: something has. Suspends for TLS's
 * farewell alone. */
bool co_stream_close_now(struct co_stream *stream);

/* Runs the handler in this fiber until it ends or parks the stream; a fiber's whole task. The
 * stream belongs to the current fiber's group. */
int co_stream_handle(void *stream);

/* From the loop: the parked stream has input, its end, or park_result. */
void co_stream_unpark(struct co_stream *stream);

#endif

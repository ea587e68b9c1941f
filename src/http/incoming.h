/* SPDX-License-Identifier: MIT */
/* A message's body as it comes from a stream, by whichever framing (RFC 9112 6). */
#ifndef CO_HTTP_INCOMING_H
#define CO_HTTP_INCOMING_H

#include "codec/chunked.h"
#include "codec/http1.h"
#include "net/pace.h"

struct co_http_incoming {
    co_stream *stream;
    struct co_pace pace;
    enum co_http_framing framing;
    uint64_t left; /* CO_HTTP_LENGTH: bytes still to come */
    struct co_chunked chunked;
    size_t shown; /* bytes of the stream's buffer that the last piece was made of */
    bool ended;
    int error; /* the first failure, kept */
};

/*
 * The next piece of the body where it lies: valid until the next call. Suspends until there is one.
 * Returns its size; 0 at the body's end, which leaves what follows it; CO_EEOF when the stream
 * ended before; CO_EHTTP for malformed chunks; CO_ETOOSLOW; else as co_read.
 */
ssize_t co_http_incoming_next(struct co_http_incoming *body, co_text *ret);

/* Reads up to `size` bytes of a body with a length or in chunks. Returns as co_http_incoming_next.
 */
ssize_t co_http_incoming_read(struct co_http_incoming *body, void *ret_bytes, size_t size);

/* Consumes what the last piece was made of, which the next call would do. 0; CO_ECANCELED,
 * CO_EDEADLINE: it sleeps to keep the pace. */
int co_http_incoming_consume(struct co_http_incoming *body);

/* Moves up to `size` bytes of the body into a pipe, as co_stream_splice. Returns as
 * co_http_incoming_next; -EOPNOTSUPP when they have to be shown. */
long co_http_incoming_splice(struct co_http_incoming *body, int pipe_fd, size_t size);

#endif

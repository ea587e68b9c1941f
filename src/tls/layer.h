/* SPDX-License-Identifier: MIT */
/* A stream's layer of TLS, for the rooms that make it and that move its bytes. */
#ifndef CO_TLS_LAYER_H
#define CO_TLS_LAYER_H

#include "net/stream.h"
#include "tls/tls.h"

#define CO_TLS_ASIDES_MAX 100  /* of a connection: a KeyUpdate is due after some 100 GiB */
#define CO_TLS_GRACE_MS   1000 /* for the last words to a peer that does not read */

struct co_tls_layer {
    const struct co_stream_kind *under;
    co_tls *tls;
    struct co_tls_set *set; /* which the handshake chooses from */
    SSL *ssl;
    uint8_t *in, *out;
    uint32_t in_at, in_end, in_room, out_at, out_end;
    unsigned asides;          /* alerts, and messages of handshakes after the first */
    bool under_ended;         /* the peer's end, with or without its farewell */
    bool done;                /* the handshake */
    bool sending;             /* a fiber empties `out` */
    bool bulk;                /* a small buffer was filled: the next is large */
    struct co_fiber *waiting; /* for that fiber to be done */
};

static inline struct co_tls_layer *co_tls_layer_of(const struct co_stream *stream)
{
    return stream->layer;
}

extern const struct co_stream_kind co_tls_kind;

/* Sends what OpenSSL has written, unless another fiber is at it. 0 or as the kind's send. */
int co_tls_flush(struct co_stream *stream);

/* Gives the buffer of ciphertext back, with whatever is in it. */
void co_tls_release_input(struct co_stream *stream);

/* What a wait without a fiber brought is ciphertext, or the end of it: takes it. */
void co_tls_take_parked(struct co_stream *stream);

/* What a call of OpenSSL's that did not succeed comes to. 1: call again, there is more ciphertext;
 * 0: the peer has said farewell; negative: failed. */
int co_tls_resolve(struct co_stream *stream, int result, const char *what);

#endif

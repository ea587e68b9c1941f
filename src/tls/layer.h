/* SPDX-License-Identifier: MIT */
/* A stream's layer of TLS, for the rooms that make it and that move its bytes. */
#ifndef CO_TLS_LAYER_H
#define CO_TLS_LAYER_H

#include "net/stream.h"
#include "tls/terms.h"
#include "tls/tls.h"

#define CO_TLS_ASIDES_MAX  100 /* of a connection: a KeyUpdate is due after some 100 GiB */
#define CO_TLS_TICKETS_MAX 32  /* and so many tickets: servers begin with one to four */
#define CO_TLS_TAKEN_MAX                                                                           \
 (128 << 10)                 /* bytes of a handshake: chains may have 64 KiB, hellos less          \
                              */
#define CO_TLS_GRACE_MS 1000 /* for the last words to a peer that does not read */

struct co_tls_layer {
    const struct co_stream_kind *under;
    co_tls *tls;
    struct co_tls_set *set; /* which the handshake chooses from */
    SSL *ssl;
    const struct co_tls_terms *terms; /* while a server shakes hands */
    uint64_t bond[2];             /* a random one ties a parent to its children; else all zeros */
    struct co_ticket_key *family; /* a parent's: it seals tickets for it and its children */
    char *wanted;                 /* an earlier stream's (terms.h): the name asked for, or "" */
    uint8_t *in, *out;
    uint32_t in_at, in_end, in_room, out_at, out_end;
    char *host, *distrust, *peer; /* a client's server; why the peer is not believed; who it is */
    const char *reason;           /* why it has failed (terms.h) */
    unsigned port;                /* a client's server's; 0: it has none */
    int64_t begun;                /* a server's handshake, or ticket: calendar seconds */
    uint32_t taken;               /* bytes, until the handshake is done */
    unsigned asides;          /* alerts, and messages of handshakes after the first but tickets */
    unsigned tickets;         /* a client's, less the records of data since */
    bool under_ended;         /* the peer's end, with or without its farewell */
    bool done;                /* the handshake */
    bool is_child;            /* a client's: it resumes another connection's session */
    bool off_loop;            /* what the handshake takes is computed by pool threads */
    bool sending;             /* a fiber empties `out` */
    bool bulk;                /* a small buffer was filled: the next is large */
    struct co_fiber *waiting; /* for that fiber to be done */
};

static inline struct co_tls_layer *co_tls_layer_of(const struct co_stream *stream)
{
    return stream->layer;
}

/* The layer that a connection of OpenSSL's belongs to. */
static inline struct co_tls_layer *co_tls_layer_of_ssl(const SSL *ssl)
{
    return co_tls_layer_of(BIO_get_data(SSL_get_rbio(ssl)));
}

extern const struct co_stream_kind co_tls_kind;

/* Sends what OpenSSL has written, unless another fiber is at it. 0 or as the kind's send. */
int co_tls_flush(struct co_stream *stream);

/* Takes the buffer that OpenSSL writes to before it does so on another thread, and gives it back if
 * nothing was written. 0 or -ENOMEM. */
int co_tls_reserve_output(struct co_stream *stream);
void co_tls_settle_output(struct co_stream *stream);

/* Gives the buffer of ciphertext back, with whatever is in it. */
void co_tls_release_input(struct co_stream *stream);

/* What a wait without a fiber brought is ciphertext, or the end of it: takes it. */
void co_tls_take_parked(struct co_stream *stream);

/* What a call of OpenSSL's that did not succeed comes to. 1: call again, there is more ciphertext;
 * 0: the peer has said farewell; negative: failed. */
int co_tls_resolve(struct co_stream *stream, int result, const char *what);

#endif

/* SPDX-License-Identifier: MIT */
/* What the rooms of TLS share. */
#ifndef CO_TLS_TLS_H
#define CO_TLS_TLS_H

#include "coronet/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

/* A context of OpenSSL's for each certificate: the first, or another by SNI; a client's one. Never
 * changed: what comes after it is another set. */
struct co_tls_set {
    atomic_uint users; /* the co_tls whose latest it is, and each stream */
    unsigned count;
    SSL_CTX *contexts[];
};

#define CO_TICKET_NAME_BYTES 16

struct co_ticket_key {
    uint8_t name[CO_TICKET_NAME_BYTES], cipher[32], mac[32];
    int64_t made_ns;
};

/* Keys that seal tickets: the latest, and the one before it, which still opens. */
struct co_tickets {
    pthread_mutex_t lock;
    struct co_ticket_key keys[2]; /* all zeros: none yet */
};

struct co_tls {
    atomic_uint users;  /* its owner, and each stream */
    BIO_METHOD *method; /* layer.c's: between OpenSSL and a stream's buffers */
    int64_t handshake_ms;
    const char **alpn;    /* what is spoken unless the accept says otherwise; NULL: anything */
    pthread_mutex_t lock; /* of `set` */
    struct co_tls_set *set;
    struct co_tickets tickets;
};

/* The latest set, as one more user of it. */
struct co_tls_set *co_tls_set_enter(co_tls *tls);
void co_tls_set_leave(struct co_tls_set *set);

/* The context goes when its owner and all streams have left it. */
void co_tls_leave(co_tls *tls);

/* The method of the BIO of streams; NULL when memory is out. */
BIO_METHOD *co_tls_method_new(void);

/* Has the context seal its tickets by these keys. 0 or -ENOMEM. */
int co_tickets_use(SSL_CTX *context, struct co_tickets *tickets);

/* Says what OpenSSL's queue of errors says of the call that has just failed, and empties it.
 * Returns the code: -ENOMEM when memory is out. */
int co_tls_failure(int code, const char *what);

#endif

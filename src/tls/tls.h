/* SPDX-License-Identifier: MIT */
/* What the rooms of TLS share. */
#ifndef CO_TLS_TLS_H
#define CO_TLS_TLS_H

#include "base/buf.h"
#include "coronet/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#define CO_POLICY_BYTES   16
#define CO_ALPN_BYTES_MAX 65535 /* of all protocols that are offered */

/* An authority's word on a certificate; without one, all zeros. */
struct co_tls_staple {
    X509 *own;
    uint8_t *bytes;
    size_t size;
    int64_t until; /* calendar seconds */
};

/* A context of OpenSSL's for each certificate: the first, or another by SNI; a client's one. Never
 * changed: what comes after it is another set. */
struct co_tls_set {
    atomic_uint users; /* the co_tls whose latest it is, and each stream */
    bool strict_names;
    uint8_t policy[CO_POLICY_BYTES]; /* a digest of what is asked of clients */
    struct co_buf authorities, crls; /* of clients, PEM: the next set may go on with them */
    int64_t crls_until;              /* calendar seconds: the end of the first; INT64_MAX: never */
    unsigned staple_count;
    struct co_tls_staple *staples; /* one for each certificate */
    unsigned count;
    /* For each context of a server: signing with a key of it, or checking its clients'
     * certificates, would hold the loop. */
    bool *slow;
    SSL_CTX *contexts[];
};

#define CO_PIN_BYTES 32 /* SHA-256 */

/* What makes a peer's chain believed. */
struct co_tls_trust {
    bool anyone; /* no chain, name or date is asked for */
    unsigned pin_count;
    uint8_t (*pins)[CO_PIN_BYTES];
};

struct co_tls_session {
    char *host; /* NULL: none is kept here */
    unsigned port;
    uint64_t used; /* by the clock of all */
    SSL_SESSION *session;
};

/* Those that a client may resume. */
struct co_tls_sessions {
    pthread_mutex_t lock;
    unsigned max; /* 0: none are kept */
    uint64_t clock;
    struct co_tls_session *at;
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
    atomic_uint users;             /* its owner, and each stream */
    BIO_METHOD *method;            /* layer.c's: between OpenSSL and a stream's buffers */
    struct co_tls_options options; /* those that are no pointers, and `key_log` */
    const char **alpn;    /* what is spoken unless the accept says otherwise; NULL: anything */
    pthread_mutex_t lock; /* of `set` */
    struct co_tls_set *set;
    struct co_tls_trust trust;
    struct co_tickets tickets;
    struct co_tls_sessions sessions;
};

/* The latest set, or that of another stream, as one more user of it. */
struct co_tls_set *co_tls_set_enter(co_tls *tls);
struct co_tls_set *co_tls_set_share(struct co_tls_set *set);
void co_tls_set_leave(struct co_tls_set *set);

/* The context goes when its owner and all streams have left it. */
void co_tls_leave(co_tls *tls);

/* The method of the BIO of streams; NULL when memory is out. */
BIO_METHOD *co_tls_method_new(void);

/* Has the context seal its tickets by these keys. 0 or -ENOMEM. */
int co_tickets_use(SSL_CTX *context, struct co_tickets *tickets);

/* What a client offers, by all its connections or by one: either may be NULL. 0 or -ENOMEM,
 * CO_ETOOBIG. */
int co_tls_offer(SSL_CTX *context, SSL *ssl, const char *const *alpn);

/* Makes the keys those of now. Called in a fiber before each handshake. */
void co_tickets_turn(struct co_tickets *tickets);

/* A key of its own; NULL when memory is out. The free accepts NULL. */
struct co_ticket_key *co_ticket_key_new(void);
void co_ticket_key_free(struct co_ticket_key *key);

/* Says what OpenSSL's queue of errors says of the call that has just failed, and empties it.
 * Returns the code: -ENOMEM when memory is out. */
int co_tls_failure(int code, const char *what);

#endif

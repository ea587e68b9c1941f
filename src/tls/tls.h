/* SPDX-License-Identifier: MIT */
/* What the rooms of TLS share. */
#ifndef CO_TLS_TLS_H
#define CO_TLS_TLS_H

#include "coronet/tls.h"

#include <openssl/ssl.h>
#include <stdatomic.h>

struct co_tls {
    atomic_uint users;  /* its owner, and each stream */
    BIO_METHOD *method; /* layer.c's: between OpenSSL and a stream's buffers */
    SSL_CTX **contexts; /* one for each certificate: the first, or by SNI another; a client's one */
    unsigned count;
    int64_t handshake_ms;
    const char **alpn; /* what is spoken unless the accept says otherwise; NULL: anything */
};

/* The context goes when its owner and all streams have left it. */
void co_tls_leave(co_tls *tls);

/* The method of the BIO of streams; NULL when memory is out. */
BIO_METHOD *co_tls_method_new(void);

/* Says what OpenSSL's queue of errors says of the call that has just failed, and empties it.
 * Returns the code: -ENOMEM when memory is out. */
int co_tls_failure(int code, const char *what);

#endif

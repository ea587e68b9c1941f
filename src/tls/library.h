/* SPDX-License-Identifier: MIT */
/* OpenSSL's library, as servers use it. */
#ifndef CO_TLS_LIBRARY_H
#define CO_TLS_LIBRARY_H

#include <openssl/ssl.h>

/* Where servers' algorithms come from, and which of them they prefer. */
struct co_tls_library {
    OSSL_LIB_CTX *context;   /* NULL: OpenSSL's default one, */
    const char *preferences; /* where there are none */
};

struct co_tls_library co_tls_library(void);

#endif

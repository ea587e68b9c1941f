/* SPDX-License-Identifier: MIT */
/* Certificates with their keys: read from PEM, looked at, and made. */
#ifndef CO_TLS_CERTIFICATE_H
#define CO_TLS_CERTIFICATE_H

#include "base/buf.h"
#include "tls/tls.h"

struct co_identity_pair {
    X509 *own;
    STACK_OF(X509) * chain; /* of those above it */
    EVP_PKEY *key;
};

/* Reads both; co_identity_pair_free ends it, also after a failure. 0; CO_EINVALID with detail. */
int co_identity_pair_read(
    const struct co_tls_certificate *certificate, struct co_identity_pair *ret);
void co_identity_pair_free(struct co_identity_pair *pair);

/* The next certificate of a text; NULL when there is none (any more). */
BIO *co_pem_open(co_text text);
X509 *co_pem_next(BIO *text);

/* The same of its CRLs. */
X509_CRL *co_pem_next_crl(BIO *text);

/* Did the text end there, and not within a certificate, as one does that is still being written? */
bool co_pem_has_ended(void);

/* A certificate's time in calendar seconds. */
int64_t co_certificate_seconds(const ASN1_TIME *time);

#define CO_FINGERPRINT_MAX 96 /* "AB:CD:...", SHA-256, with its NUL */

struct co_certificate_look {
    int64_t begins, ends; /* calendar seconds */
    char fingerprint[CO_FINGERPRINT_MAX];
};

/* What the first certificate of a chain is. 0; CO_EINVALID with detail. */
int co_certificate_look(co_text chain, struct co_certificate_look *ret);

/* Is it for this host, a name or an address? */
bool co_certificate_is_for(co_text chain, const char *host);

/* Makes one for these hosts (NULL-terminated), signed by itself, from now (calendar seconds) on for
 * so many days, and its key (P-256), both PEM. 0 or -ENOMEM. */
int co_certificate_make(
    const char *const *hosts, int64_t now, unsigned days, struct co_buf *chain, struct co_buf *key);

#endif

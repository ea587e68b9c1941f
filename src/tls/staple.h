/* SPDX-License-Identifier: MIT */
/* What authorities say of a server's certificates, shown in its handshakes (OCSP stapling). */
#ifndef CO_TLS_STAPLE_H
#define CO_TLS_STAPLE_H

#include "tls/certificate.h"

/* Reads the response, if there is one, and checks that it is for the pair's certificate and that
 * the authority has signed it. co_staple_free ends it. 0; CO_EINVALID with detail; -ENOMEM. */
int co_staple_read(
    co_text response, const struct co_identity_pair *pair, struct co_tls_staple *ret);
/* The same of a certificate's texts, for how long it will do: calendar seconds. */
int co_staple_look(const struct co_tls_certificate *certificate, int64_t *ret_until);
void co_staple_free(struct co_tls_staple *staple);

/* Has the context show those of the set, `arg` of its callback. */
void co_staples_use(SSL_CTX *context, struct co_tls_set *set);

#endif

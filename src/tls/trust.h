/* SPDX-License-Identifier: MIT */
/* Whom a context believes: authorities, keys that are known, and what no chain may be like. */
#ifndef CO_TLS_TRUST_H
#define CO_TLS_TRUST_H

#include "tls/tls.h"

/* What of the options is about trust in a peer. co_trust_free ends it, also after a failure. 0;
 * CO_EINVALID with detail; -ENOMEM. */
int co_trust_init(struct co_tls_trust *trust, const struct co_tls_options *options);
void co_trust_free(struct co_tls_trust *trust);

/* Has the context judge its peers so; `trust` outlives it. mode: OpenSSL's SSL_VERIFY_. */
void co_trust_use(SSL_CTX *context, struct co_tls_trust *trust, int mode);

/* The context's authorities: the system's, when the text is empty. 0; CO_EINVALID with detail. */
int co_trust_authorities(SSL_CTX *context, co_text authorities);

/* Has the context ask these CRLs about each certificate of its peers' chains. context: NULL to read
 * them alone. ret_until: receives when the first of them ends, in calendar seconds; INT64_MAX: none
 * ever does. 0; CO_EINVALID with detail. */
int co_trust_crls(SSL_CTX *context, co_text crls, int64_t *ret_until);

/* Whom a certificate is for, as co_tls_info's `peer`; to be freed. NULL: nobody, or no memory. */
char *co_trust_name(const X509 *certificate);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef CO_TLS_BEGUN_H
#define CO_TLS_BEGUN_H

#include "coronet/tls.h"

/* As co_tls_accept_as, for a stream on which nothing but TLS was ever spoken: what has been
 * received and not been read is the handshake's beginning. */
int co_tls_accept_begun(co_stream *stream, co_tls *tls, const char *const *alpn);

#endif

/* SPDX-License-Identifier: MIT */
/* The sessions that a client keeps, to be resumed. */
#ifndef CO_TLS_SESSION_H
#define CO_TLS_SESSION_H

#include "tls/tls.h"

struct co_tls_layer;

/* 0 or -ENOMEM; co_sessions_free ends them, also before. */
int co_sessions_init(struct co_tls_sessions *sessions, unsigned max);
void co_sessions_free(struct co_tls_sessions *sessions);

/* Has the context keep what servers hand out. */
void co_sessions_use(SSL_CTX *context);

/* The handshake that is to begin may resume the session that is kept for its host and port. */
void co_sessions_offer(struct co_tls_layer *layer);

/* It may resume that of another connection, which stays as it is. */
void co_sessions_offer_of(struct co_tls_layer *layer, const struct co_tls_layer *parent);

#endif

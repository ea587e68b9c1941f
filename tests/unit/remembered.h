/* SPDX-License-Identifier: MIT */
/* A client of FTPS that keeps its latest session, and offers it when it is told to: OpenSSL's part,
 * for tests and fuzzing. */
#ifndef CO_TEST_REMEMBERED_H
#define CO_TEST_REMEMBERED_H

#include "coronet/tls.h"
#include "tls/tls.h"

static struct {
    SSL_SESSION *session; /* the latest that the server gave us */
    bool offer;           /* the next handshake is to resume it */
    bool deaf;            /* it stays as it is */
} remembered;

static inline int remember(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    if (remembered.deaf)
        return 0;
    SSL_SESSION_free(remembered.session);
    remembered.session = SSL_SESSION_dup(session); /* OpenSSL spoils those of failed connections */
    return 0;
}

static inline void remind(const SSL *ssl, int where, int result)
{
    (void)result;
    if (!(where & SSL_CB_HANDSHAKE_START) || !remembered.offer || !remembered.session)
        return;
    SSL_SESSION *copy = SSL_SESSION_dup(remembered.session);
    SSL_set_session((SSL *)(uintptr_t)ssl, copy);
    SSL_SESSION_free(copy);
}

/* Has the client keep and offer so. version: TLS1_2_VERSION or TLS1_3_VERSION, at most. */
static inline void remember_by(co_tls *client, int version)
{
    SSL_CTX *context = client->set->contexts[0];
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, remember);
    SSL_CTX_set_info_callback(context, remind);
}

static inline void forget_all(void)
{
    SSL_SESSION_free(remembered.session);
    remembered.session = NULL;
    remembered.offer = remembered.deaf = false;
}

#endif

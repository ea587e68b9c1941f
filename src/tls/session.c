/* SPDX-License-Identifier: MIT */
/*
 * A client's sessions, the latest for each host and port. They belong to one context, whose trust,
 * pins and certificate never change, so a session is resumed under nothing but what it was begun
 * under (attacks T03): what was agreed then is not looked at again.
 */
#include "tls/session.h"

#include "tls/layer.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdlib.h>

int co_sessions_init(struct co_tls_sessions *sessions, unsigned max)
{
    sessions->at = calloc(max, sizeof *sessions->at);
    sessions->max = sessions->at ? max : 0;
    return sessions->at ? 0 : -ENOMEM;
}

static void forget(struct co_tls_session *kept)
{
    SSL_SESSION_free(kept->session);
    free(kept->host);
    *kept = (struct co_tls_session){0};
}

void co_sessions_free(struct co_tls_sessions *sessions)
{
    for (unsigned i = 0; i < sessions->max; i++)
        forget(&sessions->at[i]);
    free(sessions->at);
}

/* Where the layer's session is kept; else, the place to keep it: a free one, or that of who was not
 * heard of for longest. */
static struct co_tls_session *find(
    struct co_tls_sessions *sessions, const struct co_tls_layer *layer, bool *ret_found)
{
    struct co_tls_session *oldest = &sessions->at[0];
    *ret_found = false;
    for (unsigned i = 0; i < sessions->max; i++) {
        struct co_tls_session *kept = &sessions->at[i];
        if (kept->host && kept->port == layer->port && strcmp(kept->host, layer->host) == 0) {
            *ret_found = true;
            return kept;
        }
        if (kept->used < oldest->used)
            oldest = kept;
    }
    return oldest;
}

/* OpenSSL's: 1 when the session is ours now. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
    const struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    struct co_tls_sessions *sessions = &layer->tls->sessions;
    char *host = layer->is_child ? NULL : strdup(layer->host);
    bool found;
    if (!host)
        return 0;
    pthread_mutex_lock(&sessions->lock);
    struct co_tls_session *kept = find(sessions, layer, &found);
    forget(kept);
    *kept = (struct co_tls_session){host, layer->port, ++sessions->clock, session};
    pthread_mutex_unlock(&sessions->lock);
    return 1;
}

void co_sessions_use(SSL_CTX *context)
{
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_new_cb(context, keep);
}

/* Who was trusted until yesterday is not by a session of then. */
static bool is_current(const SSL_SESSION *session)
{
    X509 *peer = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
    return SSL_SESSION_is_resumable(session) && peer &&
           X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

/* A copy: OpenSSL spoils the session of a connection that fails, and of TLS 1.3 also that of one
 * that is resumed, which is its first connection's, too, and offered by that on its children. */
static void offer(struct co_tls_layer *layer, const SSL_SESSION *session)
{
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    if (copy)
        SSL_set_session(layer->ssl, copy); /* without memory: a new one */
    SSL_SESSION_free(copy);
}

/* A ticket of TLS 1.3 is used once, lest connections be known by it to belong together (RFC 8446
 * C.4); its connection brings the next. */
void co_sessions_offer(struct co_tls_layer *layer)
{
    struct co_tls_sessions *sessions = &layer->tls->sessions;
    bool found;
    if (sessions->max == 0)
        return;
    pthread_mutex_lock(&sessions->lock);
    struct co_tls_session *kept = find(sessions, layer, &found);
    if (found && is_current(kept->session))
        offer(layer, kept->session);
    if (found && SSL_SESSION_get_protocol_version(kept->session) == TLS1_3_VERSION)
        forget(kept);
    pthread_mutex_unlock(&sessions->lock);
}

void co_sessions_offer_of(struct co_tls_layer *layer, const struct co_tls_layer *parent)
{
    const SSL_SESSION *session = SSL_get_session(parent->ssl);
    if (session && SSL_SESSION_is_resumable(session))
        offer(layer, session);
}

/* SPDX-License-Identifier: MIT */
/*
 * Tickets (RFC 5077, RFC 8446 4.6.1): sessions that the clients keep, sealed by keys of ours.
 *
 * All threads share the keys, so a ticket of one opens in another. A key seals for as long as a
 * session lives and opens for as long again; then it is gone, and with it, for whoever records
 * connections and takes the machine later, the TLS 1.2 sessions resumed by it. A parent (terms.h)
 * has a key of its own, which seals and opens for its children, and goes when it goes.
 *
 * A ticket lives for two hours. TLS 1.3 gives a new one with each resumption, but a day after the
 * first handshake, and when the client's certificate ends, hands are shaken anew.
 *
 * Sessions are not kept here, but for that of a parent, which its stream has.
 */
#include "tls/certificate.h"
#include "tls/layer.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_SECONDS  7200
#define TOTAL_SECONDS 86400 /* of all renewals */
#define FAMILY_SECONDS                                                                             \
 (7 * 86400) /* of a parent's and its children's (RFC 8446 4.6.1: no more)                         \
              */

static int64_t age_ns(const struct co_ticket_key *key)
{
    return co_now_ns() - key->made_ns;
}

static bool is_made(const struct co_ticket_key *key)
{
    return key->made_ns != 0;
}

static void key_make(struct co_ticket_key *key)
{
    co_random(key, sizeof *key);
    key->made_ns = co_now_ns() | 1; /* never 0 */
}

struct co_ticket_key *co_ticket_key_new(void)
{
    struct co_ticket_key *key = malloc(sizeof *key);
    if (key)
        key_make(key);
    return key;
}

void co_ticket_key_free(struct co_ticket_key *key)
{
    if (key)
        explicit_bzero(key, sizeof *key);
    free(key);
}

void co_tickets_turn(struct co_tickets *tickets)
{
    struct co_ticket_key *latest = &tickets->keys[0], *before = &tickets->keys[1];
    pthread_mutex_lock(&tickets->lock);
    if (!is_made(latest) || age_ns(latest) >= LIFE_SECONDS * CO_SECOND) {
        *before = *latest;
        key_make(latest);
    }
    if (is_made(before) && age_ns(before) >= 2 * LIFE_SECONDS * CO_SECOND)
        explicit_bzero(before, sizeof *before);
    pthread_mutex_unlock(&tickets->lock);
}

/* Of the parent that a connection is, or is a child of; NULL: it is neither. */
static const struct co_ticket_key *family_of(const struct co_tls_layer *layer)
{
    bool is_child = layer->terms && layer->terms->parent;
    return is_child ? co_tls_layer_of(layer->terms->parent)->family : layer->family;
}

static struct co_ticket_key sealing_key(
    const struct co_ticket_key *family, struct co_tickets *tickets)
{
    if (family)
        return *family;
    pthread_mutex_lock(&tickets->lock);
    struct co_ticket_key key = tickets->keys[0];
    pthread_mutex_unlock(&tickets->lock);
    return key;
}

static bool opens(const struct co_ticket_key *key, const uint8_t *name, struct co_ticket_key *ret)
{
    bool found = is_made(key) && memcmp(key->name, name, sizeof key->name) == 0;
    if (found)
        *ret = *key;
    return found;
}

/* The one of that name, if it still opens. */
static bool opening_key(const struct co_ticket_key *family, struct co_tickets *tickets,
    const uint8_t *name, struct co_ticket_key *ret)
{
    bool found = false;
    if (family)
        return opens(family, name, ret);
    pthread_mutex_lock(&tickets->lock);
    for (size_t i = 0; !found && i < CO_LENGTH(tickets->keys); i++)
        found = opens(&tickets->keys[i], name, ret);
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

static bool mac_begin(EVP_MAC_CTX *mac, struct co_ticket_key *key)
{
    char digest[] = "SHA256"; /* the parameter is not const-correct */
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

/* OpenSSL's, on whichever thread computes the handshake: 1 when all is set up; 2: and the client
 * gets another ticket, since it uses each once (RFC 8446 C.4); 0: do without a ticket, or with a
 * new session; -1: failed. */
static int key_for(
    SSL *ssl, uint8_t *name, uint8_t *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    struct co_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct co_ticket_key *family = family_of(co_tls_layer_of_ssl(ssl));
    struct co_ticket_key key;
    if (sealing) {
        key = sealing_key(family, tickets);
        memcpy(name, key.name, sizeof key.name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
    } else if (!opening_key(family, tickets, name, &key)) {
        return 0;
    }
    bool good = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv, sealing) == 1 &&
                mac_begin(mac, &key);
    explicit_bzero(&key, sizeof key);
    if (!good)
        return -1;
    return !sealing && SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1;
}

/* When the session was begun, by its first handshake: calendar seconds, which every ticket of it
 * tells the next. False: memory is out. */
static bool first_begun(SSL_SESSION *session, int64_t now, int64_t *ret)
{
    void *told;
    size_t size = 0;
    *ret = now;
    if (SSL_SESSION_get0_ticket_appdata(session, &told, &size) != 1 || size != sizeof *ret)
        return SSL_SESSION_set1_ticket_appdata(session, ret, sizeof *ret) == 1;
    memcpy(ret, told, sizeof *ret);
    return true;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How long a ticket that is sealed now may live. Who is resumed shows no certificate: a client's
 * counts no longer than it would itself, nor than it is known not to be revoked. */
static bool limit_life(SSL *ssl, const struct co_tls_layer *layer)
{
    SSL_SESSION *session = SSL_get_session(ssl);
    const X509 *peer = SSL_SESSION_get0_peer(session);
    int64_t now = layer->begun, first, life;
    if (!first_begun(session, now, &first))
        return false;
    if (family_of(layer))
        life = least(FAMILY_SECONDS, first + FAMILY_SECONDS - now);
    else
        life = least(LIFE_SECONDS, first + TOTAL_SECONDS - now);
    if (peer) {
        life = least(life, co_certificate_seconds(X509_get0_notAfter(peer)) - now);
        life = least(life, layer->set->crls_until - now);
    }
    SSL_SESSION_set_timeout(session, life > 0 ? (long)life : 1); /* OpenSSL's clients take no 0 */
    return true;
}

/* What begins on a child is not its parent's: no ticket may make it that (attacks F02). */
static int before_sealing(SSL *ssl, void *arg)
{
    const struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    bool is_child = layer->terms && layer->terms->parent;
    (void)arg;
    return limit_life(ssl, layer) &&
           (SSL_session_reused(ssl) || !is_child ||
               SSL_SESSION_set1_id_context(SSL_get_session(ssl), NULL, 0) == 1);
}

/* A session of TLS 1.2 by its number, for clients that take no tickets (RFC 5246 7.4.1.2): the
 * parent's. A copy, since OpenSSL spoils that of a connection which fails. */
static SSL_SESSION *session_of_parent(SSL *ssl, const uint8_t *id, int size, int *ret_shared)
{
    const struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    const co_stream *parent = layer->terms->parent;
    SSL_SESSION *own = parent ? SSL_get_session(co_tls_layer_of(parent)->ssl) : NULL;
    unsigned own_size = 0;
    const uint8_t *own_id = own ? SSL_SESSION_get_id(own, &own_size) : NULL;
    *ret_shared = 0;
    if (!own_id || own_size != (unsigned)size || memcmp(own_id, id, own_size) != 0)
        return NULL;
    SSL_SESSION *copy = SSL_SESSION_dup(own);
    if (copy)
        SSL_SESSION_set_timeout(copy, FAMILY_SECONDS);
    return copy;
}

int co_tickets_use(SSL_CTX *context, struct co_tickets *tickets)
{
    SSL_CTX_set_app_data(context, tickets);
    SSL_CTX_set_timeout(context, LIFE_SECONDS);
    SSL_CTX_set_session_cache_mode(context, /* numbers are given, nothing is kept */
        SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR);
    SSL_CTX_sess_set_get_cb(context, session_of_parent);
    SSL_CTX_set_num_tickets(context, 1);
    return SSL_CTX_set_session_ticket_cb(context, before_sealing, NULL, NULL) == 1 &&
                   SSL_CTX_set_tlsext_ticket_key_evp_cb(context, key_for) == 1
               ? 0
               : -ENOMEM;
}

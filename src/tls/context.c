/* SPDX-License-Identifier: MIT */
/*
 * Contexts: what OpenSSL is to do, and with which certificates.
 *
 * A server has a context of OpenSSL's for each name's certificate. Which one answers is chosen
 * before anything else of the client's hello is looked at, so that a ticket of one certificate or
 * name is none for another. All of them together are a set, and new certificates are a new set:
 * connections stay with the one that they began with.
 */
#include "base/buf.h"
#include "base/map.h"
#include "tls/certificate.h"
#include "tls/hello.h"
#include "tls/layer.h"
#include "tls/library.h"
#include "tls/session.h"
#include "tls/staple.h"
#include "tls/trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define HANDSHAKE_MS 30000
#define ALPN_MAX     255 /* bytes of one protocol's name (RFC 7301 3.1) */

#define SESSIONS_MAX 100

#define SLOW_RSA_BITS 2049 /* 2048 bits sign in 0.7 ms, 3072 in 2.1, 4096 in 4.8 */
#define SLOW_EC_BITS  384  /* P-384 signs in 1.1 ms, P-256 in 0.03, P-521 in 0.3 */

/* RFC 9325 4.2: forward secrecy and AEAD. TLS 1.3 has no others. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"

/* ---- choosing ------------------------------------------------------------------------------ */

/* A session is resumed only under the certificate, the name and the demands on clients that it
 * began with (attacks T03, T08): whoever was told one name must not be taken for having been told
 * another, nor who needed no certificate for having shown one. What a certificate was signed by
 * stands for it, as a digest would: there is nothing to compute. And under its bond, if it has one
 * (F02, F07); else a client that finds a collision of names fools itself. */
static int bind_sessions(
    SSL *ssl, const struct co_tls_set *set, const SSL_CTX *context, const char *name)
{
    const struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    uint8_t id[SSL_MAX_SID_CTX_LENGTH] = {0};
    const ASN1_BIT_STRING *signature;
    uint64_t hash = co_siphash(layer->bond, name, strlen(name));
    X509_get0_signature(&signature, NULL, SSL_CTX_get0_certificate(context));
    size_t size = (size_t)ASN1_STRING_length(signature), room = sizeof id - sizeof hash;
    size_t take = size < room ? size : room;
    memcpy(id, ASN1_STRING_get0_data(signature) + size - take, take);
    for (unsigned i = 0; i < CO_POLICY_BYTES; i++)
        id[i] ^= set->policy[i];
    memcpy(id + room, &hash, sizeof hash);
    return SSL_set_session_id_context(ssl, id, sizeof id);
}

/* The number of the name's context; `count` when there is none. */
static unsigned context_for(const struct co_tls_set *set, const char *name)
{
    unsigned i = 0;
    while (i < set->count &&
           X509_check_host(SSL_CTX_get0_certificate(set->contexts[i]), name, 0, 0, NULL) != 1)
        i++;
    return i;
}

/* The name that the client asks for; "": none. Who connects to the address that he was told asks a
 * later stream for none, and means whom he asked the earlier one for. */
static void wanted_name(SSL *ssl, char ret[CO_HELLO_NAME_MAX + 1])
{
    struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    const co_stream *earlier = layer->terms->earlier;
    const char *wanted = earlier ? co_tls_layer_of(earlier)->wanted : NULL;
    if (!co_hello_name(ssl, ret))
        snprintf(ret, CO_HELLO_NAME_MAX + 1, "%s", wanted ? wanted : "");
    if (!layer->terms->is_earlier)
        return;
    free(layer->wanted);
    layer->wanted = strdup(ret);
}

/* A name that nobody here has gets the first certificate, as with most servers: who comes by an
 * address, or by a name that only he knows, can look at it and judge for himself. */
static int choose_certificate(SSL *ssl, int *ret_alert, void *arg)
{
    const struct co_tls_set *set = arg;
    struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    char name[CO_HELLO_NAME_MAX + 1];
    wanted_name(ssl, name);
    bool named = *name && *name != '.'; /* to OpenSSL all names below it */
    unsigned chosen = named ? context_for(set, name) : set->count;
    if (chosen == set->count && set->strict_names) {
        *ret_alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    chosen = chosen == set->count ? 0 : chosen;
    SSL_CTX *context = set->contexts[chosen];
    if (!SSL_set_SSL_CTX(ssl, context) || !bind_sessions(ssl, set, context, name)) {
        *ret_alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    bool slow = set->slow[chosen] || co_hello_agrees_slowly(ssl);
    if (!slow || layer->off_loop)
        return SSL_CLIENT_HELLO_SUCCESS;
    layer->off_loop = true;
    return SSL_CLIENT_HELLO_RETRY;
}

/* The choice was made before the session was looked for; the client is told that it counted. */
static int agree_on_name(SSL *ssl, int *ret_alert, void *arg)
{
    (void)ssl, (void)ret_alert, (void)arg;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 3.1: a list of names, each with its length before it. */
static bool is_offered(const char *name, const uint8_t *offered, unsigned size, const uint8_t **ret)
{
    size_t length = strlen(name);
    for (unsigned at = 0; at < size; at += 1u + offered[at])
        if (offered[at] == length && memcmp(offered + at + 1, name, length) == 0) {
            *ret = offered + at + 1;
            return true;
        }
    return false;
}

/* RFC 7301 3.2: who offers only what is not spoken here is refused. */
static int choose_protocol(SSL *ssl, const uint8_t **ret, uint8_t *ret_size, const uint8_t *offered,
    unsigned offered_size, void *arg)
{
    const struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    const char *const *alpn = layer->terms->alpn;
    (void)arg;
    if (!alpn)
        return SSL_TLSEXT_ERR_NOACK;
    for (; *alpn; alpn++)
        if (is_offered(*alpn, offered, offered_size, ret)) {
            *ret_size = (uint8_t)strlen(*alpn);
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* The list with its names, in one piece. */
static int alpn_copy(co_tls *tls, const char *const *alpn)
{
    size_t count = 0, size = 0;
    for (; alpn && alpn[count]; count++) {
        if (strlen(alpn[count]) == 0 || strlen(alpn[count]) > ALPN_MAX)
            return co_fail(CO_EINVALID, "\"%.40s\" is no protocol's name", alpn[count]);
        size += strlen(alpn[count]) + 1;
    }
    if (count == 0)
        return 0;
    tls->alpn = calloc(1, (count + 1) * sizeof *tls->alpn + size);
    if (!tls->alpn)
        return -ENOMEM;
    char *name = (char *)(tls->alpn + count + 1);
    for (size_t i = 0; i < count; i++) {
        tls->alpn[i] = name;
        name = stpcpy(name, alpn[i]) + 1;
    }
    return 0;
}

int co_tls_offer(SSL_CTX *context, SSL *ssl, const char *const *alpn)
{
    struct co_buf wire = CO_BUF(CO_ALPN_BYTES_MAX);
    for (; alpn && *alpn; alpn++) {
        co_buf_add_char(&wire, (char)strlen(*alpn));
        co_buf_add_string(&wire, *alpn);
    }
    const uint8_t *at = (const uint8_t *)wire.at;
    int rc = wire.error;
    if (rc == 0 && context && wire.size > 0)
        rc = SSL_CTX_set_alpn_protos(context, at, (unsigned)wire.size) == 0 ? 0 : -ENOMEM;
    if (rc == 0 && ssl)
        rc = SSL_set_alpn_protos(ssl, at, (unsigned)wire.size) == 0 ? 0 : -ENOMEM;
    co_buf_free(&wire);
    return rc;
}

/* ---- contexts ------------------------------------------------------------------------------ */

static void log_key(const SSL *ssl, const char *line)
{
    const struct co_tls_options *options = &co_tls_layer_of_ssl(ssl)->tls->options;
    options->key_log(options->key_log_arg, line);
}

static int context_new(SSL_CTX **ret, const SSL_METHOD *method, co_tls *tls, int verify)
{
    char groups[] = GROUPS; /* the macro below is not const-correct */
    const struct co_tls_library library =
        method == TLS_server_method() ? co_tls_library() : (struct co_tls_library){0};
    ERR_clear_error();
    SSL_CTX *context = *ret = SSL_CTX_new_ex(library.context, library.preferences, method);
    if (!context)
        return co_tls_failure(CO_ETLS, "cannot begin with TLS");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    co_trust_use(context, &tls->trust, verify);
    if (tls->options.key_log)
        SSL_CTX_set_keylog_callback(context, log_key);
    int oldest = tls->options.only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(context, oldest) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
        SSL_CTX_set1_groups_list(context, groups) != 1)
        return co_tls_failure(CO_ETLS, "cannot set up TLS");
    return 0;
}

/* Would a signature hold the loop for a millisecond and more? */
static bool is_slow(const EVP_PKEY *key)
{
    int kind = EVP_PKEY_get_base_id(key), bits = EVP_PKEY_get_bits(key);
    return (kind == EVP_PKEY_EC && bits == SLOW_EC_BITS) ||
           (kind != EVP_PKEY_EC && bits >= SLOW_RSA_BITS);
}

static int use_pair(SSL_CTX *context, const struct co_identity_pair *pair)
{
    return SSL_CTX_use_cert_and_key(context, pair->own, pair->key, pair->chain, 1) == 1
               ? 0
               : co_tls_failure(CO_EINVALID, "cannot use the certificate");
}

/* Is every name of the certificate one of the other's, too? */
static bool is_covered(const X509 *certificate, X509 *by)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = 0;
    bool covered = true;
    for (int i = 0; covered && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS)
            continue;
        covered = X509_check_host(by, (const char *)ASN1_STRING_get0_data(name),
                      (size_t)ASN1_STRING_length(name), 0, NULL) == 1;
        count++;
    }
    GENERAL_NAMES_free(names);
    return covered && count > 0;
}

static int kind_of(const X509 *certificate)
{
    return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate));
}

/* The context of an earlier certificate for the same names with a key of another kind, RSA beside
 * ECDSA: OpenSSL chooses between them by what the client can check. `count`: there is none. */
static unsigned context_beside(const struct co_tls_set *set, const X509 *certificate)
{
    unsigned i = 0;
    for (; i < set->count; i++) {
        X509 *other = SSL_CTX_get0_certificate(set->contexts[i]);
        if (kind_of(other) != kind_of(certificate) && is_covered(certificate, other))
            break;
    }
    return i;
}

static int verify_mode(enum co_tls_clients clients)
{
    switch (clients) {
    case CO_TLS_CLIENTS_ANY: return SSL_VERIFY_NONE;
    case CO_TLS_CLIENTS_ASKED: return SSL_VERIFY_PEER;
    default: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
}

static int set_context(co_tls *tls, struct co_tls_set *set)
{
    int verify = verify_mode(tls->options.clients);
    int rc = context_new(&set->contexts[set->count], TLS_server_method(), tls, verify);
    SSL_CTX *context = set->contexts[set->count++];
    if (rc == 0 && verify != SSL_VERIFY_NONE)
        rc = co_trust_authorities(context, co_buf_text(&set->authorities));
    if (rc == 0 && set->crls.size > 0)
        rc = co_trust_crls(context, co_buf_text(&set->crls), &set->crls_until);
    if (rc < 0)
        return rc;
    SSL_CTX_set_client_hello_cb(context, choose_certificate, set);
    SSL_CTX_set_tlsext_servername_callback(context, agree_on_name);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    co_staples_use(context, set);
    rc = co_tickets_use(context, &tls->tickets);
    if (tls->options.no_resumption) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    return rc;
}

static int set_add(
    co_tls *tls, struct co_tls_set *set, const struct co_tls_certificate *certificate)
{
    struct co_identity_pair pair;
    int rc = co_identity_pair_read(certificate, &pair);
    unsigned at = rc == 0 ? context_beside(set, pair.own) : 0;
    if (rc == 0 && at == set->count)
        rc = set_context(tls, set);
    if (rc == 0)
        rc = use_pair(set->contexts[at], &pair);
    if (rc == 0)
        rc = co_staple_read(certificate->ocsp, &pair, &set->staples[set->staple_count++]);
    if (rc == 0)
        set->slow[at] |= is_slow(pair.key) || tls->options.clients != CO_TLS_CLIENTS_ANY;
    co_identity_pair_free(&pair);
    return rc;
}

static struct co_tls_set *set_new(unsigned room)
{
    struct co_tls_set *set = calloc(1, sizeof *set + room * sizeof(SSL_CTX *));
    if (!set)
        return NULL;
    atomic_init(&set->users, 1);
    set->crls_until = INT64_MAX;
    set->staples = calloc(room, sizeof *set->staples);
    set->slow = calloc(room, sizeof *set->slow);
    if (set->staples && set->slow)
        return set;
    co_tls_set_leave(set);
    return NULL;
}

struct co_tls_set *co_tls_set_share(struct co_tls_set *set)
{
    atomic_fetch_add(&set->users, 1);
    return set;
}

struct co_tls_set *co_tls_set_enter(co_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct co_tls_set *set = co_tls_set_share(tls->set);
    pthread_mutex_unlock(&tls->lock);
    return set;
}

void co_tls_set_leave(struct co_tls_set *set)
{
    if (!set || atomic_fetch_sub(&set->users, 1) > 1)
        return;
    for (unsigned i = 0; i < set->count; i++)
        SSL_CTX_free(set->contexts[i]);
    for (unsigned i = 0; i < set->staple_count; i++)
        co_staple_free(&set->staples[i]);
    co_buf_free(&set->authorities);
    co_buf_free(&set->crls);
    free(set->staples);
    free(set->slow);
    free(set);
}

/* Keeps a text that sessions are judged by, and makes it part of what distinguishes them. `part` is
 * the digest's: one file may be both. */
static int set_keep(struct co_tls_set *set, struct co_buf *ret, co_text text, unsigned part)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    *ret = CO_BUF(text.size);
    co_buf_add_text(ret, text);
    EVP_Digest(text.at, text.size, digest, NULL, EVP_sha256(), NULL);
    for (unsigned i = 0; i < CO_POLICY_BYTES; i++)
        set->policy[i] ^= digest[part * CO_POLICY_BYTES + i];
    return ret->error;
}

/* Whom its clients must be trusted by, and what distinguishes sessions under that. */
static int set_clients(
    struct co_tls_set *set, enum co_tls_clients clients, const struct co_tls_options *options)
{
    if (clients == CO_TLS_CLIENTS_ANY)
        return options->crls.size == 0
                   ? 0
                   : co_fail(CO_EINVALID, "CRLs are for clients that show certificates");
    if (options->authorities.size == 0)
        return co_fail(CO_EINVALID, "whose clients show certificates needs their authorities");
    int rc = set_keep(set, &set->authorities, options->authorities, 0);
    if (rc == 0 && options->crls.size > 0)
        rc = set_keep(set, &set->crls, options->crls, 1);
    set->policy[0] ^= (uint8_t)clients;
    return rc;
}

static int server_set(co_tls *tls, const struct co_tls_options *options, struct co_tls_set **ret)
{
    if (!options || options->certificate_count == 0)
        return co_fail(CO_EINVALID, "a TLS server needs a certificate");
    struct co_tls_set *set = set_new(options->certificate_count);
    int rc = set ? set_clients(set, tls->options.clients, options) : -ENOMEM;
    if (rc == 0)
        set->strict_names = tls->options.strict_names;
    for (unsigned i = 0; rc == 0 && i < options->certificate_count; i++)
        rc = set_add(tls, set, &options->certificates[i]);
    if (rc < 0)
        co_tls_set_leave(set);
    else
        *ret = set;
    return rc;
}

static int show_certificate(struct co_tls_set *set, const struct co_tls_certificate *certificate)
{
    struct co_identity_pair pair;
    int rc = co_identity_pair_read(certificate, &pair);
    if (rc == 0)
        rc = use_pair(set->contexts[0], &pair);
    co_identity_pair_free(&pair);
    return rc;
}

static int client_set(co_tls *tls, const struct co_tls_options *options, struct co_tls_set **ret)
{
    struct co_tls_set *set = *ret = set_new(1);
    if (!set)
        return -ENOMEM;
    int rc = context_new(&set->contexts[set->count], TLS_client_method(), tls, SSL_VERIFY_PEER);
    SSL_CTX *context = set->contexts[set->count++];
    if (rc < 0)
        return rc;
    if (!tls->trust.anyone)
        rc = co_trust_authorities(context, options->authorities);
    if (rc == 0 && !tls->trust.anyone && options->crls.size > 0)
        rc = co_trust_crls(context, options->crls, &set->crls_until);
    if (rc == 0)
        rc = co_tls_offer(context, NULL, tls->alpn);
    if (rc == 0 && options->certificate_count > 0)
        rc = show_certificate(set, &options->certificates[0]);
    if (rc == 0 && !options->no_resumption) {
        co_sessions_use(context);
        rc = co_sessions_init(
            &tls->sessions, options->sessions_max ? options->sessions_max : SESSIONS_MAX);
    }
    return rc;
}

/* ---- ours ---------------------------------------------------------------------------------- */

/* What outlives the call that they were given to. */
static struct co_tls_options lasting(const struct co_tls_options *options)
{
    return (struct co_tls_options){
        .handshake_ms = options->handshake_ms ? options->handshake_ms : HANDSHAKE_MS,
        .only_tls13 = options->only_tls13,
        .no_resumption = options->no_resumption,
        .clients = options->clients,
        .strict_names = options->strict_names,
        .key_log = options->key_log,
        .key_log_arg = options->key_log_arg,
    };
}

static int tls_new(co_tls **ret, const struct co_tls_options *options)
{
    co_tls *tls = *ret = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->options = lasting(options);
    atomic_init(&tls->users, 1);
    pthread_mutex_init(&tls->lock, NULL);
    pthread_mutex_init(&tls->tickets.lock, NULL);
    pthread_mutex_init(&tls->sessions.lock, NULL);
    tls->method = co_tls_method_new();
    int rc = tls->method ? co_trust_init(&tls->trust, options) : -ENOMEM;
    return rc == 0 ? alpn_copy(tls, options->alpn) : rc;
}

static int keep_or_free(int rc, co_tls **ret)
{
    if (rc < 0) {
        co_tls_free(*ret);
        *ret = NULL;
    }
    return rc;
}

int co_tls_server(co_tls **ret, const struct co_tls_options *options)
{
    static const struct co_tls_options none;
    int rc = tls_new(ret, options ? options : &none);
    if (rc == 0)
        rc = server_set(*ret, options, &(*ret)->set);
    return keep_or_free(rc, ret);
}

int co_tls_client(co_tls **ret, const struct co_tls_options *options)
{
    static const struct co_tls_options none;
    options = options ? options : &none;
    int rc = tls_new(ret, options);
    if (rc == 0)
        rc = client_set(*ret, options, &(*ret)->set);
    return keep_or_free(rc, ret);
}

static int renew(co_tls *tls, const struct co_tls_options *options)
{
    struct co_tls_set *set;
    int rc = server_set(tls, options, &set);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&tls->lock);
    struct co_tls_set *before = tls->set;
    tls->set = set;
    pthread_mutex_unlock(&tls->lock);
    co_tls_set_leave(before);
    return 0;
}

int co_tls_renew_trust(co_tls *tls, const struct co_tls_certificate *certificates, unsigned count,
    co_text authorities, co_text crls)
{
    return renew(tls, &(struct co_tls_options){.certificates = certificates,
                          .certificate_count = count,
                          .authorities = authorities,
                          .crls = crls});
}

int co_tls_renew(co_tls *tls, const struct co_tls_certificate *certificates, unsigned count)
{
    struct co_tls_set *before = co_tls_set_enter(tls);
    int rc = co_tls_renew_trust(
        tls, certificates, count, co_buf_text(&before->authorities), co_buf_text(&before->crls));
    co_tls_set_leave(before);
    return rc;
}

void co_tls_leave(co_tls *tls)
{
    if (atomic_fetch_sub(&tls->users, 1) > 1)
        return;
    co_tls_set_leave(tls->set);
    BIO_meth_free(tls->method);
    pthread_mutex_destroy(&tls->lock);
    pthread_mutex_destroy(&tls->tickets.lock);
    pthread_mutex_destroy(&tls->sessions.lock);
    co_sessions_free(&tls->sessions);
    co_trust_free(&tls->trust);
    explicit_bzero(tls->tickets.keys, sizeof tls->tickets.keys);
    free(tls->alpn);
    free(tls);
}

void co_tls_free(co_tls *tls)
{
    if (tls)
        co_tls_leave(tls);
}

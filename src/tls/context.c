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

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define HANDSHAKE_MS   30000
#define HOST_MAX       255 /* bytes of a host's name (RFC 1035 2.3.4) */
#define SNI_HEAD_BYTES 5   /* the list's length, the type, the name's length */

#define ALPN_MAX       255   /* bytes of one protocol's name (RFC 7301 3.1) */
#define ALPN_BYTES_MAX 65535 /* of all that are offered */

/* RFC 9325 4.2: forward secrecy and AEAD. TLS 1.3 has no others. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"

/* ---- trust --------------------------------------------------------------------------------- */

static int trust(SSL_CTX *context, co_text authorities)
{
    if (authorities.size == 0)
        return SSL_CTX_set_default_verify_paths(context) == 1
                   ? 0
                   : co_tls_failure(CO_EINVALID, "cannot read the system's certificates");
    BIO *text = co_pem_open(authorities);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    unsigned count = 0;
    X509 *next;
    int ok = 1;
    while (ok && (next = co_pem_next(text))) {
        ok = X509_STORE_add_cert(store, next) == 1;
        X509_free(next);
        count++;
    }
    BIO_free(text);
    if (!ok || count == 0)
        return co_tls_failure(CO_EINVALID, "cannot read the authorities' certificates");
    ERR_clear_error();
    return 0;
}

/* ---- choosing ------------------------------------------------------------------------------ */

/* The first host's name of the client's SNI (RFC 6066 3), in lower case. */
static bool name_asked_for(SSL *ssl, char ret[HOST_MAX + 1])
{
    const uint8_t *at;
    size_t size;
    if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &at, &size) ||
        size <= SNI_HEAD_BYTES || at[2] != TLSEXT_NAMETYPE_host_name)
        return false;
    size_t length = (size_t)at[3] << 8 | at[4];
    if (length > size - SNI_HEAD_BYTES || length > HOST_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        ret[i] = (char)co_lower((char)at[SNI_HEAD_BYTES + i]);
    ret[length] = '\0';
    return strlen(ret) == length;
}

/* A session is resumed only under the certificate and the name that it began with (attacks T03,
 * T08): whoever was told one name must not be taken for having been told another. */
static int bind_sessions(SSL *ssl, SSL_CTX *context, const char *name)
{
    static const uint64_t open_secret[2]; /* a client that finds a collision fools itself */
    uint8_t id[SSL_MAX_SID_CTX_LENGTH];
    unsigned size = 0;
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint64_t hash = co_siphash(open_secret, name, strlen(name));
    X509_digest(SSL_CTX_get0_certificate(context), EVP_sha256(), digest, &size);
    memcpy(id, digest, sizeof id - sizeof hash);
    memcpy(id + sizeof id - sizeof hash, &hash, sizeof hash);
    return SSL_set_session_id_context(ssl, id, sizeof id);
}

/* A name that nobody here has gets the first certificate, as with most servers. */
static int choose_certificate(SSL *ssl, int *ret_alert, void *arg)
{
    const struct co_tls_set *set = arg;
    char name[HOST_MAX + 1] = "";
    SSL_CTX *chosen = set->contexts[0];
    bool named = name_asked_for(ssl, name);
    for (unsigned i = 0; named && i < set->count; i++)
        if (X509_check_host(SSL_CTX_get0_certificate(set->contexts[i]), name, 0, 0, NULL) == 1) {
            chosen = set->contexts[i];
            break;
        }
    if (SSL_set_SSL_CTX(ssl, chosen) && bind_sessions(ssl, chosen, name))
        return SSL_CLIENT_HELLO_SUCCESS;
    *ret_alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
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
    const char *const *alpn = SSL_get_app_data(ssl);
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

/* What a client offers. */
static int alpn_offer(SSL_CTX *context, const char *const *alpn)
{
    struct co_buf wire = CO_BUF(ALPN_BYTES_MAX);
    for (; alpn && *alpn; alpn++) {
        co_buf_add_char(&wire, (char)strlen(*alpn));
        co_buf_add_string(&wire, *alpn);
    }
    int rc = wire.error;
    if (rc == 0 && wire.size > 0 &&
        SSL_CTX_set_alpn_protos(context, (const uint8_t *)wire.at, (unsigned)wire.size) != 0)
        rc = -ENOMEM;
    co_buf_free(&wire);
    return rc;
}

/* ---- contexts ------------------------------------------------------------------------------ */

static int context_new(SSL_CTX **ret, const SSL_METHOD *method)
{
    char groups[] = GROUPS; /* the macro below is not const-correct */
    ERR_clear_error();
    SSL_CTX *context = *ret = SSL_CTX_new(method);
    if (!context)
        return co_tls_failure(CO_ETLS, "cannot begin with TLS");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, CIPHERS) != 1 ||
        SSL_CTX_set1_groups_list(context, groups) != 1)
        return co_tls_failure(CO_ETLS, "cannot set up TLS");
    return 0;
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
 * ECDSA: OpenSSL chooses between them by what the client can check. */
static SSL_CTX *context_beside(const struct co_tls_set *set, const X509 *certificate)
{
    for (unsigned i = 0; i < set->count; i++) {
        X509 *other = SSL_CTX_get0_certificate(set->contexts[i]);
        if (kind_of(other) != kind_of(certificate) && is_covered(certificate, other))
            return set->contexts[i];
    }
    return NULL;
}

static int set_context(co_tls *tls, struct co_tls_set *set)
{
    int rc = context_new(&set->contexts[set->count], TLS_server_method());
    SSL_CTX *context = set->contexts[set->count++];
    if (rc < 0)
        return rc;
    SSL_CTX_set_client_hello_cb(context, choose_certificate, set);
    SSL_CTX_set_tlsext_servername_callback(context, agree_on_name);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return co_tickets_use(context, &tls->tickets);
}

static int set_add(
    co_tls *tls, struct co_tls_set *set, const struct co_tls_certificate *certificate)
{
    struct co_identity_pair pair;
    int rc = co_identity_pair_read(certificate, &pair);
    SSL_CTX *context = rc == 0 ? context_beside(set, pair.own) : NULL;
    if (rc == 0 && !context) {
        rc = set_context(tls, set);
        context = set->contexts[set->count - 1];
    }
    if (rc == 0)
        rc = use_pair(context, &pair);
    co_identity_pair_free(&pair);
    return rc;
}

static struct co_tls_set *set_new(unsigned room)
{
    struct co_tls_set *set = calloc(1, sizeof *set + room * sizeof(SSL_CTX *));
    if (set)
        atomic_init(&set->users, 1);
    return set;
}

struct co_tls_set *co_tls_set_enter(co_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct co_tls_set *set = tls->set;
    atomic_fetch_add(&set->users, 1);
    pthread_mutex_unlock(&tls->lock);
    return set;
}

void co_tls_set_leave(struct co_tls_set *set)
{
    if (!set || atomic_fetch_sub(&set->users, 1) > 1)
        return;
    for (unsigned i = 0; i < set->count; i++)
        SSL_CTX_free(set->contexts[i]);
    free(set);
}

static int server_set(co_tls *tls, const struct co_tls_options *options, struct co_tls_set **ret)
{
    if (!options || options->certificate_count == 0)
        return co_fail(CO_EINVALID, "a TLS server needs a certificate");
    struct co_tls_set *set = set_new(options->certificate_count);
    int rc = set ? 0 : -ENOMEM;
    for (unsigned i = 0; rc == 0 && i < options->certificate_count; i++)
        rc = set_add(tls, set, &options->certificates[i]);
    if (rc < 0)
        co_tls_set_leave(set);
    else
        *ret = set;
    return rc;
}

static int client_set(
    const co_tls *tls, const struct co_tls_options *options, struct co_tls_set **ret)
{
    struct co_tls_set *set = *ret = set_new(1);
    if (!set)
        return -ENOMEM;
    int rc = context_new(&set->contexts[set->count], TLS_client_method());
    SSL_CTX *context = set->contexts[set->count++];
    if (rc < 0)
        return rc;
    bool verify = !options || !options->insecure;
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (verify)
        rc = trust(context, options ? options->authorities : (co_text){0});
    if (rc == 0)
        rc = alpn_offer(context, tls->alpn);
    if (rc == 0 && options && options->certificate_count > 0) {
        struct co_identity_pair pair;
        rc = co_identity_pair_read(&options->certificates[0], &pair);
        if (rc == 0)
            rc = use_pair(context, &pair);
        co_identity_pair_free(&pair);
    }
    return rc;
}

/* ---- ours ---------------------------------------------------------------------------------- */

static int tls_new(co_tls **ret, const struct co_tls_options *options)
{
    co_tls *tls = *ret = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->handshake_ms = options && options->handshake_ms ? options->handshake_ms : HANDSHAKE_MS;
    atomic_init(&tls->users, 1);
    pthread_mutex_init(&tls->lock, NULL);
    pthread_mutex_init(&tls->tickets.lock, NULL);
    tls->method = co_tls_method_new();
    if (!tls->method)
        return -ENOMEM;
    return options ? alpn_copy(tls, options->alpn) : 0;
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
    int rc = tls_new(ret, options);
    if (rc == 0)
        rc = server_set(*ret, options, &(*ret)->set);
    return keep_or_free(rc, ret);
}

int co_tls_client(co_tls **ret, const struct co_tls_options *options)
{
    int rc = tls_new(ret, options);
    if (rc == 0)
        rc = client_set(*ret, options, &(*ret)->set);
    return keep_or_free(rc, ret);
}

int co_tls_renew(co_tls *tls, const struct co_tls_certificate *certificates, unsigned count)
{
    const struct co_tls_options options = {
        .certificates = certificates, .certificate_count = count};
    struct co_tls_set *set;
    int rc = server_set(tls, &options, &set);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&tls->lock);
    struct co_tls_set *before = tls->set;
    tls->set = set;
    pthread_mutex_unlock(&tls->lock);
    co_tls_set_leave(before);
    return 0;
}

void co_tls_leave(co_tls *tls)
{
    if (atomic_fetch_sub(&tls->users, 1) > 1)
        return;
    co_tls_set_leave(tls->set);
    BIO_meth_free(tls->method);
    pthread_mutex_destroy(&tls->lock);
    pthread_mutex_destroy(&tls->tickets.lock);
    explicit_bzero(tls->tickets.keys, sizeof tls->tickets.keys);
    free(tls->alpn);
    free(tls);
}

void co_tls_free(co_tls *tls)
{
    if (tls)
        co_tls_leave(tls);
}

/* SPDX-License-Identifier: MIT */
/*
 * Contexts: what OpenSSL is to do, and with which certificates.
 *
 * A server has a context of OpenSSL's for each certificate; the first one answers, and its SNI
 * callback hands over to another whose certificate is for the name asked for. A session is bound to
 * that name and context by OpenSSL, so a ticket never crosses from one name to another.
 */
#include "tls/tls.h"

#include "base/buf.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define HANDSHAKE_MS 30000

#define ALPN_MAX       255   /* bytes of one protocol's name (RFC 7301 3.1) */
#define ALPN_BYTES_MAX 65535 /* of all that are offered */

/* RFC 9325 4.2: forward secrecy and AEAD. TLS 1.3 has no others. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define GROUPS  "X25519:P-256:P-384"

/* ---- certificates -------------------------------------------------------------------------- */

static BIO *text_open(co_text text)
{
    return text.size <= INT_MAX ? BIO_new_mem_buf(text.at, (int)text.size) : NULL;
}

/* There is nobody to type a password. */
static int no_password(char *buffer, int size, int writing, void *arg)
{
    (void)buffer, (void)size, (void)writing, (void)arg;
    return -1;
}

static int use_chain(SSL_CTX *context, co_text chain)
{
    BIO *text = text_open(chain);
    X509 *own = text ? PEM_read_bio_X509_AUX(text, NULL, no_password, NULL) : NULL;
    int ok = own && SSL_CTX_use_certificate(context, own) == 1;
    X509_free(own);
    while (ok) {
        X509 *next = PEM_read_bio_X509(text, NULL, no_password, NULL);
        if (!next)
            break;
        ok = SSL_CTX_add0_chain_cert(context, next) == 1;
        if (!ok)
            X509_free(next);
    }
    BIO_free(text);
    if (!ok)
        return co_tls_failure(CO_EINVALID, "cannot read the certificate");
    ERR_clear_error(); /* the end of the text is one */
    return 0;
}

static int use_key(SSL_CTX *context, co_text key)
{
    BIO *text = text_open(key);
    EVP_PKEY *own = text ? PEM_read_bio_PrivateKey(text, NULL, no_password, NULL) : NULL;
    int rc = 0;
    if (!own)
        rc = co_tls_failure(CO_EINVALID, "cannot read the private key");
    else if (SSL_CTX_use_PrivateKey(context, own) != 1 || SSL_CTX_check_private_key(context) != 1)
        rc = co_tls_failure(CO_EINVALID, "the private key does not belong to the certificate");
    EVP_PKEY_free(own);
    BIO_free(text);
    return rc;
}

static int use_certificate(SSL_CTX *context, const struct co_tls_certificate *certificate)
{
    int rc = use_chain(context, certificate->chain);
    return rc < 0 ? rc : use_key(context, certificate->key);
}

static int trust(SSL_CTX *context, co_text authorities)
{
    if (authorities.size == 0)
        return SSL_CTX_set_default_verify_paths(context) == 1
                   ? 0
                   : co_tls_failure(CO_EINVALID, "cannot read the system's certificates");
    BIO *text = text_open(authorities);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    unsigned count = 0;
    X509 *next;
    int ok = 1;
    while (ok && text && (next = PEM_read_bio_X509(text, NULL, no_password, NULL))) {
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

/* RFC 6066 3: a name that nobody here has gets the first certificate, as most servers do. */
static int choose_certificate(SSL *ssl, int *ret_alert, void *arg)
{
    const co_tls *tls = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)ret_alert;
    for (unsigned i = 0; name && i < tls->count; i++) {
        X509 *own = SSL_CTX_get0_certificate(tls->contexts[i]);
        if (X509_check_host(own, name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, tls->contexts[i]);
            break;
        }
    }
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

static int tls_new(co_tls **ret, const struct co_tls_options *options, unsigned contexts)
{
    co_tls *tls = *ret = calloc(1, sizeof *tls);
    if (!tls)
        return -ENOMEM;
    tls->handshake_ms = options && options->handshake_ms ? options->handshake_ms : HANDSHAKE_MS;
    atomic_init(&tls->users, 1);
    tls->method = co_tls_method_new();
    tls->contexts = calloc(contexts, sizeof(SSL_CTX *));
    if (!tls->contexts || !tls->method)
        return -ENOMEM;
    tls->count = contexts;
    return options ? alpn_copy(tls, options->alpn) : 0;
}

static int server_context(co_tls *tls, SSL_CTX **ret, const struct co_tls_certificate *certificate)
{
    static const uint8_t name[] = "coronet"; /* sessions are this context's in any case */
    int rc = context_new(ret, TLS_server_method());
    if (rc < 0)
        return rc;
    SSL_CTX_set_session_id_context(*ret, name, sizeof name - 1);
    SSL_CTX_set_session_cache_mode(*ret, SSL_SESS_CACHE_OFF); /* tickets alone: no state */
    SSL_CTX_set_num_tickets(*ret, 1);
    SSL_CTX_set_tlsext_servername_callback(*ret, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(*ret, tls);
    SSL_CTX_set_alpn_select_cb(*ret, choose_protocol, NULL);
    return use_certificate(*ret, certificate);
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
    *ret = NULL;
    if (!options || options->certificate_count == 0)
        return co_fail(CO_EINVALID, "a TLS server needs a certificate");
    int rc = tls_new(ret, options, options->certificate_count);
    for (unsigned i = 0; rc == 0 && i < options->certificate_count; i++)
        rc = server_context(*ret, &(*ret)->contexts[i], &options->certificates[i]);
    return keep_or_free(rc, ret);
}

static int client_context(co_tls *tls, const struct co_tls_options *options)
{
    int rc = context_new(&tls->contexts[0], TLS_client_method());
    SSL_CTX *context = tls->contexts[0];
    if (rc < 0)
        return rc;
    bool verify = !options || !options->insecure;
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (verify)
        rc = trust(context, options ? options->authorities : (co_text){0});
    if (rc == 0)
        rc = alpn_offer(context, tls->alpn);
    if (rc == 0 && options && options->certificate_count > 0)
        rc = use_certificate(context, &options->certificates[0]);
    return rc;
}

int co_tls_client(co_tls **ret, const struct co_tls_options *options)
{
    *ret = NULL;
    int rc = tls_new(ret, options, 1);
    if (rc == 0)
        rc = client_context(*ret, options);
    return keep_or_free(rc, ret);
}

void co_tls_leave(co_tls *tls)
{
    if (atomic_fetch_sub(&tls->users, 1) > 1)
        return;
    for (unsigned i = 0; i < tls->count; i++)
        SSL_CTX_free(tls->contexts[i]);
    free(tls->contexts);
    BIO_meth_free(tls->method);
    free(tls->alpn);
    free(tls);
}

void co_tls_free(co_tls *tls)
{
    if (tls)
        co_tls_leave(tls);
}

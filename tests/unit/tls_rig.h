/* SPDX-License-Identifier: MIT */
/* Certificates made on the spot, and two streams with TLS between them. */
#ifndef CO_TEST_TLS_RIG_H
#define CO_TEST_TLS_RIG_H

#include "pairs.h"

#include "coronet/tls.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct identity {
    char chain[4096], key[4096];
};

static inline void pem_take(BIO *bio, char *ret, size_t size)
{
    int n = BIO_read(bio, ret, (int)size - 1);
    ret[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
}

/* A certificate of that key, which it ends, signed by itself. */
static inline struct identity identity_of(EVP_PKEY *key, const char *names, long seconds)
{
    struct identity identity;
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), seconds);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(x, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256());
    BIO *chain = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(chain, x);
    PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL);
    pem_take(chain, identity.chain, sizeof identity.chain);
    pem_take(secret, identity.key, sizeof identity.key);
    X509_free(x);
    EVP_PKEY_free(key);
    return identity;
}

/* A P-256 certificate for `names` such as "DNS:localhost,IP:127.0.0.1", that ends so many seconds
 * from now. */
static inline struct identity identity_new(const char *names, long seconds)
{
    return identity_of(EVP_EC_gen("P-256"), names, seconds);
}

static inline struct co_tls_certificate certificate_of(const struct identity *identity)
{
    return (struct co_tls_certificate){
        .chain = co_text_of(identity->chain), .key = co_text_of(identity->key)};
}

/* A server with one certificate, and a client that trusts it alone. */
static inline int sides_new(const struct identity *identity, const char *const *server_alpn,
    const char *const *client_alpn, co_tls **ret_server, co_tls **ret_client)
{
    const struct co_tls_certificate certificate = certificate_of(identity);
    const struct co_tls_options server = {
        .certificates = &certificate, .certificate_count = 1, .alpn = server_alpn};
    const struct co_tls_options client = {.authorities = certificate.chain, .alpn = client_alpn};
    int rc = co_tls_server(ret_server, &server);
    if (rc == 0 && (rc = co_tls_client(ret_client, &client)) < 0)
        co_tls_free(*ret_server);
    return rc;
}

struct side {
    co_stream *stream;
    co_tls *tls;
    const char *host; /* NULL: it accepts */
    int result;
};

static inline int side_run(void *arg)
{
    struct side *side = arg;
    side->result = side->host ? co_tls_connect(side->stream, side->tls, side->host)
                              : co_tls_accept(side->stream, side->tls);
    return 0;
}

/* Both handshakes at once; what each came to. */
static inline void shake_hands(struct side *server, struct side *client)
{
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20000});
    co_go(&group, side_run, server);
    co_go(&group, side_run, client);
    CHECK_INT(co_group_close(&group), 0);
}

/* The same over a new pair in memory; `part` ends the streams and the contexts. */
static inline int meet(struct side *server, struct side *client)
{
    int rc = co_memory_pair(&client->stream, &server->stream, MEMORY_ROOM);
    if (rc == 0)
        shake_hands(server, client);
    return rc;
}

static inline void part(struct side *server, struct side *client)
{
    co_abort(client->stream);
    co_abort(server->stream);
    co_tls_free(server->tls);
    co_tls_free(client->tls);
}

#endif

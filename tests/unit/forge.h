/* SPDX-License-Identifier: MIT */
/* Certificates as nobody should issue them, and a server that shows them, by OpenSSL alone: ours
 * would refuse to. */
#ifndef CO_TEST_FORGE_H
#define CO_TEST_FORGE_H

#include "tls_rig.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>

#define HOUR    3600L
#define ANY_DAY 86400L

/* A certificate; where it is all zeros it is a good one. */
struct paper {
    const char *subject;           /* its common name; NULL: none */
    co_text dns;                   /* a name byte by byte; not in an authority's */
    const char *names;             /* else subjectAltName's text; "": none */
    long begins, ends;             /* seconds from now */
    unsigned rsa_bits;             /* 0: P-256 */
    const EVP_MD *(*digest)(void); /* of the signature; NULL: SHA-256 */
    bool version_1;                /* and so no extension */
    const char *basic, *usage;     /* constraints, key usage; "": none */
    const char *purpose;           /* extended key usage; NULL: an owner's is a server's */
    const char *limits;            /* name constraints */
    const char *strange;           /* an extension that nobody knows, by its text */
    bool forged;                   /* the signature is another's */
};

/* What a server shows and whom the client trusts. */
struct world {
    struct paper root, middle, own;
    bool hidden; /* the one in the middle is not shown */
    bool alone;  /* the owner's is signed by itself, and trusted if `believed` */
    bool believed;
    bool stranger;       /* another root than the one that signed is trusted */
    unsigned extra_bits; /* a key in the chain that nobody has; 0: none */
    unsigned extras;     /* how many of it are shown; 0: one */
    size_t extra_bytes;  /* of padding in each */
    const char *host;    /* NULL: a.example */
};

struct forged {
    X509 *x;
    EVP_PKEY *key;
};

static inline void forged_free(struct forged *forged)
{
    X509_free(forged->x);
    EVP_PKEY_free(forged->key);
}

static inline void extension_add(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension =
        value && *value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;
    CHECK(extension || !value || !*value);
    if (extension)
        X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline void name_add(X509 *x, co_text name)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *one = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.at, (int)name.size);
    GENERAL_NAME_set0_value(one, GEN_DNS, text);
    sk_GENERAL_NAME_push(names, one);
    X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
}

static inline int nid_of_strange(void)
{
    int nid = OBJ_sn2nid("strange");
    return nid ? nid : OBJ_create("1.3.6.1.4.1.99999.1", "strange", "strange");
}

static inline void extensions_add(X509 *x, const struct paper *paper, bool authority)
{
    const char *basic = authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    const char *usage = authority ? "critical,keyCertSign,cRLSign" : NULL;
    extension_add(x, NID_basic_constraints, paper->basic ? paper->basic : basic);
    extension_add(x, NID_key_usage, paper->usage ? paper->usage : usage);
    extension_add(x, NID_ext_key_usage,
        paper->purpose ? paper->purpose
        : authority    ? NULL
                       : "serverAuth");
    extension_add(x, NID_name_constraints, paper->limits);
    if (paper->strange)
        extension_add(x, nid_of_strange(), paper->strange);
    if (paper->dns.at)
        name_add(x, paper->dns);
    else if (!authority)
        extension_add(x, NID_subject_alt_name, paper->names ? paper->names : "DNS:a.example");
}

static inline void subject_set(X509 *x, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
}

/* Signed by `issuer`, or by itself. title: an authority's; NULL: it is none. */
static inline struct forged forge(
    const struct paper *paper, const char *title, const struct forged *issuer)
{
    static long serial = 1000;
    struct forged made = {
        X509_new(), paper->rsa_bits ? EVP_RSA_gen(paper->rsa_bits) : EVP_EC_gen("P-256")};
    EVP_PKEY *other = paper->forged ? EVP_EC_gen("P-256") : NULL;
    X509 *x = made.x;
    X509_set_version(x, paper->version_1 ? X509_VERSION_1 : X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), paper->begins ? paper->begins : -HOUR);
    X509_gmtime_adj(X509_getm_notAfter(x), paper->ends ? paper->ends : ANY_DAY);
    X509_set_pubkey(x, made.key);
    if (title || paper->subject)
        subject_set(x, paper->subject ? paper->subject : title);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->x : x));
    if (!paper->version_1)
        extensions_add(x, paper, title != NULL);
    X509_sign(x,
        other    ? other
        : issuer ? issuer->key
                 : made.key,
        paper->digest ? paper->digest() : EVP_sha256());
    EVP_PKEY_free(other);
    return made;
}

/* A public key that is none: nobody could wait for a real one of that size. */
static inline EVP_PKEY *bogus_key(unsigned bits)
{
    EVP_PKEY *key = NULL;
    BIGNUM *modulus = BN_new(), *exponent = BN_new();
    BN_rand(modulus, (int)bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
    BN_set_word(exponent, RSA_F4);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(builder, "n", modulus);
    OSSL_PARAM_BLD_push_BN(builder, "e", exponent);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

static inline void extras_add(SSL_CTX *context, const struct world *world)
{
    const struct paper paper = {0};
    struct forged extra = forge(&paper, "nobody", NULL);
    EVP_PKEY *bogus = world->extra_bits ? bogus_key(world->extra_bits) : NULL;
    if (bogus)
        X509_set_pubkey(extra.x, bogus);
    if (world->extra_bytes) {
        char *padding = malloc(world->extra_bytes + 1);
        memset(padding, 'x', world->extra_bytes);
        padding[world->extra_bytes] = '\0';
        extension_add(extra.x, NID_netscape_comment, padding);
        free(padding);
    }
    X509_sign(extra.x, extra.key, EVP_sha256());
    for (unsigned i = 0; i < (world->extras ? world->extras : 1); i++)
        SSL_CTX_add1_chain_cert(context, extra.x);
    EVP_PKEY_free(bogus);
    forged_free(&extra);
}

static inline void text_of(X509 *x, char *ret, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    pem_take(bio, ret, size);
}

/* A context that shows what the world has; whom its client trusts, as PEM. */
static inline SSL_CTX *world_make(const struct world *world, char *trusted, size_t size)
{
    static const struct paper usual;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    struct forged root = forge(&world->root, "root", NULL);
    struct forged middle = forge(&world->middle, "middle", &root);
    struct forged own = forge(&world->own, NULL, world->alone ? NULL : &middle);
    struct forged other = forge(&usual, "root", NULL);
    SSL_CTX_set_security_level(context, 0);
    if (world->own.rsa_bits && world->own.rsa_bits < 1024) /* too small for PSS */
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    CHECK_INT(SSL_CTX_use_cert_and_key(context, own.x, own.key, NULL, 1), 1);
    if (!world->hidden && !world->alone)
        SSL_CTX_add1_chain_cert(context, middle.x);
    if (world->extra_bits || world->extras)
        extras_add(context, world);
    text_of(world->stranger                   ? other.x
            : world->alone && world->believed ? own.x
                                              : root.x,
        trusted, size);
    forged_free(&root);
    forged_free(&middle);
    forged_free(&own);
    forged_free(&other);
    return context;
}

/* A server by OpenSSL alone, over one of our streams. */
struct plain_server {
    co_stream *stream;
    SSL *ssl;
    BIO *in, *out;
};

static inline int plain_flush(struct plain_server *server)
{
    char *bytes;
    long size = BIO_get_mem_data(server->out, &bytes);
    int rc = size > 0 ? co_write(server->stream, bytes, (size_t)size) : 0;
    (void)BIO_reset(server->out);
    return rc;
}

static inline int plain_run(void *arg)
{
    struct plain_server *server = arg;
    char bytes[4096];
    int rc = 0;
    while (rc == 0) {
        ERR_clear_error();
        int n = SSL_do_handshake(server->ssl);
        int error = SSL_get_error(server->ssl, n);
        rc = plain_flush(server);
        if (n == 1 || error != SSL_ERROR_WANT_READ)
            break;
        ssize_t got = rc == 0 ? co_read(server->stream, bytes, sizeof bytes) : 0;
        if (got <= 0)
            break;
        BIO_write(server->in, bytes, (int)got);
    }
    return 0;
}

static inline void plain_new(struct plain_server *ret, SSL_CTX *context, co_stream *stream)
{
    *ret =
        (struct plain_server){stream, SSL_new(context), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())};
    BIO_set_mem_eof_return(ret->in, -1);
    SSL_set_bio(ret->ssl, ret->in, ret->out);
    SSL_set_accept_state(ret->ssl);
}

#endif

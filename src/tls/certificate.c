/* SPDX-License-Identifier: MIT */
#include "tls/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define DAY_SECONDS     86400
#define SERIAL_BITS     127
#define COMMON_NAME_MAX 64 /* bytes of a common name (RFC 5280, ub-common-name) */

/* ---- reading ------------------------------------------------------------------------------- */

BIO *co_pem_open(co_text text)
{
    ERR_clear_error();
    return text.size <= INT_MAX ? BIO_new_mem_buf(text.at, (int)text.size) : NULL;
}

/* There is nobody to type a password. */
static int no_password(char *buffer, int size, int writing, void *arg)
{
    (void)buffer, (void)size, (void)writing, (void)arg;
    return -1;
}

X509 *co_pem_next(BIO *text)
{
    return text ? PEM_read_bio_X509(text, NULL, no_password, NULL) : NULL;
}

X509_CRL *co_pem_next_crl(BIO *text)
{
    return text ? PEM_read_bio_X509_CRL(text, NULL, no_password, NULL) : NULL;
}

bool co_pem_has_ended(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static int chain_read(co_text text, struct co_identity_pair *pair)
{
    BIO *bio = co_pem_open(text);
    pair->own = co_pem_next(bio);
    pair->chain = sk_X509_new_null();
    int ok = pair->own && pair->chain;
    X509 *next;
    while (ok && (next = co_pem_next(bio)))
        if (!sk_X509_push(pair->chain, next)) {
            X509_free(next);
            ok = 0;
        }
    BIO_free(bio);
    if (!ok || !co_pem_has_ended())
        return co_tls_failure(CO_EINVALID, "cannot read the certificate");
    ERR_clear_error();
    return 0;
}

int co_identity_pair_read(
    const struct co_tls_certificate *certificate, struct co_identity_pair *ret)
{
    *ret = (struct co_identity_pair){0};
    int rc = chain_read(certificate->chain, ret);
    if (rc < 0)
        return rc;
    BIO *bio = co_pem_open(certificate->key);
    ret->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
    BIO_free(bio);
    if (!ret->key)
        return co_tls_failure(CO_EINVALID, "cannot read the private key");
    if (X509_check_private_key(ret->own, ret->key) != 1)
        return co_tls_failure(CO_EINVALID, "the private key does not belong to the certificate");
    return 0;
}

void co_identity_pair_free(struct co_identity_pair *pair)
{
    X509_free(pair->own);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
}

/* ---- looking ------------------------------------------------------------------------------- */

static X509 *first_of(co_text chain)
{
    BIO *bio = co_pem_open(chain);
    X509 *own = co_pem_next(bio);
    BIO_free(bio);
    return own;
}

int64_t co_certificate_seconds(const ASN1_TIME *time)
{
    static const time_t epoch = 0;
    int days = 0, seconds = 0;
    ASN1_TIME *start = ASN1_TIME_set(NULL, epoch);
    ASN1_TIME_diff(&days, &seconds, start, time);
    ASN1_TIME_free(start);
    return (int64_t)days * DAY_SECONDS + seconds;
}

static void fingerprint(const X509 *own, char *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(own, EVP_sha256(), digest, &size);
    for (unsigned i = 0; i < size; i++)
        out += snprintf(out, 4, "%s%02X", i ? ":" : "", digest[i]);
}

int co_certificate_look(co_text chain, struct co_certificate_look *ret)
{
    X509 *own = first_of(chain);
    if (!own)
        return co_tls_failure(CO_EINVALID, "cannot read the certificate");
    ret->begins = co_certificate_seconds(X509_get0_notBefore(own));
    ret->ends = co_certificate_seconds(X509_get0_notAfter(own));
    fingerprint(own, ret->fingerprint);
    X509_free(own);
    ERR_clear_error();
    return 0;
}

bool co_certificate_is_for(co_text chain, const char *host)
{
    X509 *own = first_of(chain);
    bool is =
        own && (X509_check_ip_asc(own, host, 0) == 1 ||
                   X509_check_host(own, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1);
    X509_free(own);
    ERR_clear_error();
    return is;
}

/* ---- making -------------------------------------------------------------------------------- */

/* "DNS:" or "IP:" names (RFC 5280 4.2.1.6). */
static bool hosts_add(GENERAL_NAMES *names, const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    GENERAL_NAME *name = GENERAL_NAME_new();
    bool good = name;
    if (good && address) {
        GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    } else if (good) {
        ASN1_IA5STRING *text = ASN1_IA5STRING_new();
        good = text && ASN1_STRING_set(text, host, -1) == 1;
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
    }
    if (good && sk_GENERAL_NAME_push(names, name))
        return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool extension_add(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool good = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* What it is good for: this server alone, so that whoever trusts it trusts nothing else by it. */
static bool extensions_add(X509 *x, const char *const *hosts)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool good = names;
    for (; good && *hosts; hosts++)
        good = hosts_add(names, *hosts);
    good = good && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return good && extension_add(x, NID_basic_constraints, "critical,CA:FALSE") &&
           extension_add(x, NID_key_usage, "critical,digitalSignature") &&
           extension_add(x, NID_ext_key_usage, "serverAuth");
}

static bool subject_set(X509 *x, const char *host)
{
    char common[COMMON_NAME_MAX + 1];
    X509_NAME *subject = X509_get_subject_name(x);
    snprintf(common, sizeof common, "%s", host);
    return X509_NAME_add_entry_by_txt(
               subject, "CN", MBSTRING_ASC, (const uint8_t *)common, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x, subject) == 1;
}

/* Positive, and of one length (RFC 5280 4.1.2.2). */
static bool serial_set(X509 *x)
{
    BIGNUM *number = BN_new();
    bool good = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
    BN_free(number);
    return good;
}

static X509 *make(const char *const *hosts, int64_t now, unsigned days, EVP_PKEY *key)
{
    X509 *x = X509_new();
    int64_t ends = now + (int64_t)days * DAY_SECONDS;
    /* A client's clock may be a little behind ours. */
    if (x && X509_set_version(x, X509_VERSION_3) == 1 && serial_set(x) &&
        ASN1_TIME_set(X509_getm_notBefore(x), now - DAY_SECONDS) &&
        ASN1_TIME_set(X509_getm_notAfter(x), ends) && X509_set_pubkey(x, key) == 1 &&
        subject_set(x, hosts[0]) && extensions_add(x, hosts) && X509_sign(x, key, EVP_sha256()))
        return x;
    X509_free(x);
    return NULL;
}

static void give(BIO *bio, struct co_buf *out)
{
    char *at;
    long size = BIO_get_mem_data(bio, &at);
    co_buf_add(out, at, size > 0 ? (size_t)size : 0);
}

int co_certificate_make(
    const char *const *hosts, int64_t now, unsigned days, struct co_buf *chain, struct co_buf *key)
{
    ERR_clear_error();
    EVP_PKEY *own = EVP_EC_gen("P-256");
    X509 *x = own ? make(hosts, now, days, own) : NULL;
    BIO *texts[] = {BIO_new(BIO_s_mem()), BIO_new(BIO_s_secmem())};
    bool good = x && texts[0] && texts[1] && PEM_write_bio_X509(texts[0], x) == 1 &&
                PEM_write_bio_PrivateKey(texts[1], own, NULL, NULL, 0, NULL, NULL) == 1;
    if (good) {
        give(texts[0], chain);
        give(texts[1], key);
    }
    BIO_free(texts[0]);
    BIO_free(texts[1]);
    X509_free(x);
    EVP_PKEY_free(own);
    ERR_clear_error();
    return !good ? -ENOMEM : chain->error ? chain->error : key->error;
}

/* SPDX-License-Identifier: MIT */
/*
 * Whom we believe. OpenSSL verifies the chain, the dates, the purpose and the name; before it does,
 * a look sees to it that this costs little, and after it the key must be one of those pinned.
 */
#include "tls/trust.h"

#include "codec/base64.h"
#include "codec/utf8.h"
#include "tls/certificate.h"
#include "tls/layer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define CHAIN_MAX       10    /* certificates: three are usual */
#define CHAIN_BYTES_MAX 65536 /* of them all: a certificate has some 1,500 */
#define KEY_BITS_MAX    8192  /* whose check takes 0.3 ms; 16,384 bits take four times as long */
#define SECURITY_LEVEL  2     /* OpenSSL's: 112 bits, so no RSA below 2048, no MD5, no SHA-1 */

#define PIN_HEAD     "sha256//"
#define PIN_TEXT_MAX 48 /* of 32 bytes in base64, with its NUL */

/* ---- pins ---------------------------------------------------------------------------------- */

static int pin_read(const char *text, uint8_t ret[CO_PIN_BYTES])
{
    const size_t head = strlen(PIN_HEAD);
    struct co_buf bytes = CO_BUF(CO_PIN_BYTES);
    int rc = strncmp(text, PIN_HEAD, head) == 0 ? co_base64_decode(co_text_of(text + head), &bytes)
                                                : CO_EINVALID;
    if (rc == 0 && bytes.size == CO_PIN_BYTES)
        memcpy(ret, bytes.at, CO_PIN_BYTES);
    else if (rc != -ENOMEM)
        rc =
            co_fail(CO_EINVALID, "\"%.80s\" is no pin: sha256// and 44 characters of base64", text);
    co_buf_free(&bytes);
    return rc;
}

/* RFC 7469 2.4: of the key alone, so that a renewed certificate for it is as good. */
static bool pin_of(const X509 *certificate, uint8_t ret[CO_PIN_BYTES])
{
    uint8_t *info = NULL;
    unsigned size;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &info);
    bool good = length > 0 && EVP_Digest(info, (size_t)length, ret, &size, EVP_sha256(), NULL) == 1;
    OPENSSL_free(info);
    return good;
}

int co_trust_init(struct co_tls_trust *trust, const struct co_tls_options *options)
{
    size_t count = 0;
    int rc = 0;
    *trust = (struct co_tls_trust){.anyone = options->insecure || options->pins_suffice};
    while (options->pins && options->pins[count])
        count++;
    if (count == 0)
        return options->pins_suffice ? co_fail(CO_EINVALID, "there is no pin that could suffice")
                                     : 0;
    trust->pins = calloc(count, sizeof *trust->pins);
    if (!trust->pins)
        return -ENOMEM;
    for (; rc == 0 && trust->pin_count < count; trust->pin_count++)
        rc = pin_read(options->pins[trust->pin_count], trust->pins[trust->pin_count]);
    return rc;
}

void co_trust_free(struct co_tls_trust *trust)
{
    free(trust->pins);
}

/* ---- judging ------------------------------------------------------------------------------- */

/* Says why, for the sentence that the handshake's caller gets. */
static __attribute__((format(printf, 2, 3))) bool refuse(
    X509_STORE_CTX *chain, const char *format, ...)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct co_tls_layer *layer = co_tls_layer_of_ssl(ssl);
    va_list args;
    va_start(args, format);
    free(layer->distrust);
    if (vasprintf(&layer->distrust, format, args) < 0)
        layer->distrust = NULL;
    va_end(args);
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return false;
}

/* Before any signature is looked at: whoever sends the chain shall not choose what that costs
 * (attacks T07). OpenSSL has bounded its bytes. */
static bool is_modest(X509_STORE_CTX *chain)
{
    STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(chain);
    int count = sk_X509_num(shown);
    if (count > CHAIN_MAX)
        return refuse(chain, "a chain of %d certificates", count);
    for (int i = 0; i < count; i++) {
        const EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(shown, i));
        int bits = key ? EVP_PKEY_get_bits(key) : 0;
        if (bits > KEY_BITS_MAX)
            return refuse(chain, "a key of %d bits in its chain", bits);
    }
    return true;
}

static bool is_pinned(const struct co_tls_trust *trust, X509_STORE_CTX *chain)
{
    uint8_t own[CO_PIN_BYTES] = {0};
    char text[PIN_TEXT_MAX];
    const X509 *certificate = X509_STORE_CTX_get0_cert(chain);
    if (trust->pin_count == 0)
        return true;
    if (!certificate || !pin_of(certificate, own))
        return refuse(chain, "no key that could be pinned");
    for (unsigned i = 0; i < trust->pin_count; i++)
        if (memcmp(trust->pins[i], own, sizeof own) == 0)
            return true;
    EVP_EncodeBlock((uint8_t *)text, own, sizeof own);
    return refuse(chain, "its key, " PIN_HEAD "%s, is none of those that are pinned", text);
}

/* OpenSSL's: 1 when the peer can be trusted. */
static int judge(X509_STORE_CTX *chain, void *arg)
{
    const struct co_tls_trust *trust = arg;
    X509_STORE_CTX_set_error(chain, X509_V_OK);
    return is_modest(chain) && (trust->anyone || X509_verify_cert(chain) == 1) &&
           is_pinned(trust, chain);
}

void co_trust_use(SSL_CTX *context, struct co_tls_trust *trust, int mode)
{
    SSL_CTX_set_security_level(context, SECURITY_LEVEL);
    SSL_CTX_set_max_cert_list(context, CHAIN_BYTES_MAX);
    SSL_CTX_set_verify(context, mode, NULL);
    SSL_CTX_set_cert_verify_callback(context, judge, trust);
}

/* ---- authorities --------------------------------------------------------------------------- */

int co_trust_authorities(SSL_CTX *context, co_text authorities)
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
        ok = X509_STORE_add_cert(store, next) == 1 && SSL_CTX_add_client_CA(context, next) == 1;
        X509_free(next);
        count++;
    }
    BIO_free(text);
    if (!ok || count == 0 || !co_pem_has_ended())
        return co_tls_failure(CO_EINVALID, "cannot read the authorities' certificates");
    ERR_clear_error();
    return 0;
}

/* ---- revocation ---------------------------------------------------------------------------- */

static int64_t end_of(const X509_CRL *crl)
{
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    return next ? co_certificate_seconds(next) : INT64_MAX;
}

/* All of the chain is asked about, as nginx has it, and what no CRL of today's can tell of is not
 * believed: else whoever keeps CRLs from coming would undo them. */
int co_trust_crls(SSL_CTX *context, co_text crls, int64_t *ret_until)
{
    BIO *text = co_pem_open(crls);
    X509_STORE *store = context ? SSL_CTX_get_cert_store(context) : NULL;
    unsigned count = 0;
    int64_t until = INT64_MAX;
    X509_CRL *next;
    int ok = 1;
    while (ok && (next = co_pem_next_crl(text))) {
        ok = !store || X509_STORE_add_crl(store, next) == 1;
        if (end_of(next) < until)
            until = end_of(next);
        X509_CRL_free(next);
        count++;
    }
    bool ended = !text || co_pem_has_ended();
    BIO_free(text);
    if (!ok || !ended)
        return co_tls_failure(CO_EINVALID, "cannot read the CRLs");
    ERR_clear_error();
    if (count == 0)
        return co_fail(CO_EINVALID, "there is no CRL in PEM");
    if (store)
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    *ret_until = until;
    return 0;
}

/* ---- names --------------------------------------------------------------------------------- */

/* No controls (C0, DEL, C1), no NUL: what is logged and compared is all of it (attacks T05). */
static bool is_printable(co_text text)
{
    while (text.size > 0) {
        uint32_t code;
        size_t size = co_utf8_next(text, &code);
        if (size == 0 || code < 0x20 || (code >= 0x7F && code < 0xA0))
            return false;
        text = co_text_after(text, size);
    }
    return true;
}

static char *printable_copy(const ASN1_STRING *string)
{
    uint8_t *text = NULL;
    int size = string ? ASN1_STRING_to_UTF8(&text, string) : 0;
    const co_text all = {(const char *)text, size > 0 ? (size_t)size : 0};
    char *copy = all.size > 0 && is_printable(all) ? strndup(all.at, all.size) : NULL;
    OPENSSL_free(text);
    return copy;
}

static char *alternative_name(const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    char *copy = NULL;
    for (int i = 0; !copy && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *name = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type == GEN_DNS || type == GEN_EMAIL)
            copy = printable_copy(name);
    }
    GENERAL_NAMES_free(names);
    return copy;
}

char *co_trust_name(const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    return at < 0 ? alternative_name(certificate)
                  : printable_copy(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

/* SPDX-License-Identifier: MIT */
/*
 * OCSP responses (RFC 6960), from files that others keep fresh: a server that asked for them itself
 * would depend on its authority being there. One that has expired is no longer shown, since clients
 * refuse it and take none.
 */
#include "tls/staple.h"

#include "tls/layer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdlib.h>
#include <time.h>

/* ---- reading ------------------------------------------------------------------------------- */

static OCSP_BASICRESP *parse(co_text text)
{
    const uint8_t *at = (const uint8_t *)text.at;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)text.size);
    bool good = response && OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
    OCSP_BASICRESP *basic = good ? OCSP_response_get1_basic(response) : NULL;
    OCSP_RESPONSE_free(response);
    return basic;
}

static X509 *issuer_of(const struct co_identity_pair *pair)
{
    for (int i = 0; i < sk_X509_num(pair->chain); i++)
        if (X509_check_issued(sk_X509_value(pair->chain, i), pair->own) == X509_V_OK)
            return sk_X509_value(pair->chain, i);
    return X509_check_issued(pair->own, pair->own) == X509_V_OK ? pair->own : NULL;
}

/* Signed by the issuer, or by whom it has named for that (RFC 6960 4.2.2.2). */
static bool is_signed(OCSP_BASICRESP *basic, const struct co_identity_pair *pair, X509 *issuer)
{
    X509_STORE *store = X509_STORE_new();
    bool good = store && X509_STORE_add_cert(store, issuer) == 1 &&
                X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                OCSP_basic_verify(basic, pair->chain, store, OCSP_PARTIAL_CHAIN) == 1;
    X509_STORE_free(store);
    return good;
}

/* What it says of the certificate, under whatever hash the authority names it by. */
static OCSP_SINGLERESP *find(OCSP_BASICRESP *basic, const X509 *own, const X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        ASN1_OBJECT *hash;
        OCSP_CERTID *named = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single);
        OCSP_id_get0_info(NULL, &hash, NULL, NULL, named);
        const EVP_MD *digest = EVP_get_digestbyobj(hash);
        OCSP_CERTID *own_id = digest ? OCSP_cert_to_id(digest, own, issuer) : NULL;
        bool same = own_id && OCSP_id_cmp(named, own_id) == 0;
        OCSP_CERTID_free(own_id);
        if (same)
            return single;
    }
    return NULL;
}

/* Calendar seconds; INT64_MAX where there is no end. */
static int64_t end_of(const ASN1_GENERALIZEDTIME *time)
{
    struct tm parts;
    return time && ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : INT64_MAX;
}

static const char *check(
    OCSP_BASICRESP *basic, const struct co_identity_pair *pair, int64_t *ret_until)
{
    X509 *issuer = issuer_of(pair);
    ASN1_GENERALIZEDTIME *next = NULL;
    if (!basic)
        return "it cannot be read, or says that the authority failed";
    if (!issuer)
        return "the certificate's authority is not in its file, below it";
    OCSP_SINGLERESP *single = find(basic, pair->own, issuer);
    if (!single)
        return "it is for another certificate";
    if (!is_signed(basic, pair, issuer))
        return "it is not signed by the certificate's authority";
    if (OCSP_single_get0_status(single, NULL, NULL, NULL, &next) != V_OCSP_CERTSTATUS_GOOD)
        return "it says that the certificate is revoked or unknown";
    *ret_until = end_of(next);
    return NULL;
}

int co_staple_read(co_text response, const struct co_identity_pair *pair, struct co_tls_staple *ret)
{
    *ret = (struct co_tls_staple){0};
    if (response.size == 0)
        return 0;
    ERR_clear_error();
    OCSP_BASICRESP *basic = parse(response);
    const char *wrong = check(basic, pair, &ret->until);
    OCSP_BASICRESP_free(basic);
    ERR_clear_error();
    if (wrong)
        return co_fail(CO_EINVALID, "the OCSP response is of no use: %s", wrong);
    ret->bytes = malloc(response.size);
    if (!ret->bytes)
        return -ENOMEM;
    memcpy(ret->bytes, response.at, response.size);
    ret->size = response.size;
    ret->own = pair->own;
    X509_up_ref(pair->own);
    return 0;
}

void co_staple_free(struct co_tls_staple *staple)
{
    X509_free(staple->own);
    free(staple->bytes);
}

int co_staple_look(const struct co_tls_certificate *certificate, int64_t *ret_until)
{
    struct co_identity_pair pair;
    struct co_tls_staple staple = {0};
    int rc = co_identity_pair_read(certificate, &pair);
    if (rc == 0)
        rc = co_staple_read(certificate->ocsp, &pair, &staple);
    if (rc == 0)
        *ret_until = staple.until;
    co_staple_free(&staple);
    co_identity_pair_free(&pair);
    return rc;
}

/* ---- showing ------------------------------------------------------------------------------- */

/* OpenSSL's, once it knows which certificate it shows. */
static int show(SSL *ssl, void *arg)
{
    const struct co_tls_set *set = arg;
    const X509 *own = SSL_get_certificate(ssl);
    for (unsigned i = 0; i < set->staple_count; i++) {
        const struct co_tls_staple *staple = &set->staples[i];
        if (staple->own != own || co_tls_layer_of_ssl(ssl)->begun > staple->until)
            continue;
        void *copy = OPENSSL_memdup(staple->bytes, staple->size);
        if (!copy)
            return SSL_TLSEXT_ERR_NOACK;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->size);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void co_staples_use(SSL_CTX *context, struct co_tls_set *set)
{
    SSL_CTX_set_tlsext_status_cb(context, show);
    SSL_CTX_set_tlsext_status_arg(context, set);
}

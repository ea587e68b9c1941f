/* SPDX-License-Identifier: MIT */
/*
 * The key schedule of TLS 1.3 (RFC 8446 7.1) as a provider of OpenSSL's.
 *
 * OpenSSL's own looks its digest up by name, copies each argument to the heap and sets up an HMAC
 * there, for each of the twenty derivations of a handshake. This one has found OpenSSL's SHA-2
 * once, and goes from the arguments to the result: HMAC (RFC 2104), HKDF (RFC 5869), and the labels
 * that TLS gives its secrets.
 */
#include "tls/schedule.h"

#include "base/base.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#define HASH_MAX  48  /* bytes of a SHA-384, */
#define BLOCK_MAX 128 /* and of what it takes at once */
#define LABEL_MAX 255 /* RFC 8446 7.1, HkdfLabel: of the label, and of its context */
#define INFO_MAX  (sizeof(uint16_t) + 2 * (1 + LABEL_MAX) + 1)

/* Those of TLS 1.3's suites (RFC 8446 B.4). */
struct digests {
    EVP_MD *sha256, *sha384;
};

/* What is asked for. */
struct terms {
    int mode;
    const EVP_MD *digest;
    co_text key, salt, prefix, label, context;
};

static co_text bytes(const uint8_t *at, size_t size)
{
    return (co_text){(const char *)at, size};
}

static size_t hash_bytes(const EVP_MD *digest)
{
    return (size_t)EVP_MD_get_size(digest);
}

/* ---- HMAC ---------------------------------------------------------------------------------- */

static bool hash(
    EVP_MD_CTX *state, const EVP_MD *digest, const uint8_t *pad, co_text text, uint8_t *ret)
{
    return EVP_DigestInit_ex2(state, digest, NULL) == 1 &&
           EVP_DigestUpdate(state, pad, (size_t)EVP_MD_get_block_size(digest)) == 1 &&
           EVP_DigestUpdate(state, text.at, text.size) == 1 &&
           EVP_DigestFinal_ex(state, ret, NULL) == 1;
}

/* RFC 2104 2, with a key of no more than a hash. */
static bool hmac(const EVP_MD *digest, co_text key, co_text text, uint8_t ret[HASH_MAX])
{
    uint8_t inner[BLOCK_MAX], outer[BLOCK_MAX], within[HASH_MAX];
    if (key.size > HASH_MAX)
        return false;
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5C, sizeof outer);
    for (size_t i = 0; i < key.size; i++) {
        inner[i] ^= (uint8_t)key.at[i];
        outer[i] ^= (uint8_t)key.at[i];
    }
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    bool good = state && hash(state, digest, inner, text, within) &&
                hash(state, digest, outer, bytes(within, hash_bytes(digest)), ret);
    EVP_MD_CTX_free(state);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    OPENSSL_cleanse(within, sizeof within);
    return good;
}

/* ---- derivations --------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *to, co_text text)
{
    if (text.size > 0)
        memcpy(to, text.at, text.size);
    return to + text.size;
}

/* HKDF-Expand-Label. TLS asks for no more than one hash. */
static bool expand(const struct terms *terms, uint8_t *ret, size_t size)
{
    uint8_t info[INFO_MAX], result[HASH_MAX], *at = info;
    size_t label_size = terms->prefix.size + terms->label.size;
    if (size > hash_bytes(terms->digest) || terms->prefix.size > LABEL_MAX ||
        label_size > LABEL_MAX || terms->context.size > LABEL_MAX)
        return false;
    *at++ = (uint8_t)(size >> 8);
    *at++ = (uint8_t)size;
    *at++ = (uint8_t)label_size;
    at = put(put(at, terms->prefix), terms->label);
    *at++ = (uint8_t)terms->context.size;
    at = put(at, terms->context);
    *at++ = 1; /* RFC 5869 2.3: the first hash, and the only one */
    bool good = hmac(terms->digest, terms->key, bytes(info, (size_t)(at - info)), result);
    if (good)
        memcpy(ret, result, size);
    OPENSSL_cleanse(result, sizeof result);
    return good;
}

/* Derive-Secret of no messages: what the next extraction is salted with. */
static bool expand_salt(const struct terms *terms, uint8_t ret[HASH_MAX])
{
    uint8_t nothing[HASH_MAX];
    struct terms next = *terms;
    next.key = terms->salt;
    next.context = bytes(nothing, hash_bytes(terms->digest));
    return EVP_Digest("", 0, nothing, NULL, terms->digest, NULL) == 1 &&
           expand(&next, ret, hash_bytes(terms->digest));
}

/* HKDF-Extract: of the key and the secret before, either of which may be missing, and is zeros
 * then. */
static bool extract(const struct terms *terms, uint8_t *ret, size_t size)
{
    static const uint8_t zeros[HASH_MAX];
    uint8_t salt[HASH_MAX] = {0}, result[HASH_MAX];
    co_text key = terms->key.size > 0 ? terms->key : bytes(zeros, size);
    if (size != hash_bytes(terms->digest) || (terms->salt.size > 0 && !expand_salt(terms, salt)))
        return false;
    bool good = hmac(terms->digest, bytes(salt, size), key, result);
    if (good)
        memcpy(ret, result, size);
    OPENSSL_cleanse(salt, sizeof salt);
    OPENSSL_cleanse(result, sizeof result);
    return good;
}

static const EVP_MD *digest_of(const struct digests *digests, const char *name)
{
    if (strcmp(name, EVP_MD_get0_name(digests->sha256)) == 0 || EVP_MD_is_a(digests->sha256, name))
        return digests->sha256;
    return EVP_MD_is_a(digests->sha384, name) ? digests->sha384 : NULL;
}

static void take(struct terms *terms, const struct digests *digests, const OSSL_PARAM *given)
{
    co_text text = {given->data, given->data_size};
    if (strcmp(given->key, OSSL_KDF_PARAM_MODE) == 0)
        OSSL_PARAM_get_int(given, &terms->mode);
    else if (strcmp(given->key, OSSL_KDF_PARAM_DIGEST) == 0)
        terms->digest = digest_of(digests, given->data);
    else if (strcmp(given->key, OSSL_KDF_PARAM_KEY) == 0)
        terms->key = text;
    else if (strcmp(given->key, OSSL_KDF_PARAM_SALT) == 0)
        terms->salt = text;
    else if (strcmp(given->key, OSSL_KDF_PARAM_PREFIX) == 0)
        terms->prefix = text;
    else if (strcmp(given->key, OSSL_KDF_PARAM_LABEL) == 0)
        terms->label = text;
    else if (strcmp(given->key, OSSL_KDF_PARAM_DATA) == 0)
        terms->context = text;
}

/* OpenSSL's: 1, or 0 when it fails. All that it is told it is told at once. */
static int derive(void *digests, uint8_t *ret, size_t size, const OSSL_PARAM given[])
{
    struct terms terms = {.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND};
    for (; given && given->key; given++)
        take(&terms, digests, given);
    if (!terms.digest)
        return 0;
    switch (terms.mode) {
    case EVP_KDF_HKDF_MODE_EXTRACT_ONLY: return extract(&terms, ret, size);
    case EVP_KDF_HKDF_MODE_EXPAND_ONLY: return expand(&terms, ret, size);
    default: return 0;
    }
}

/* ---- the provider -------------------------------------------------------------------------- */

/* A derivation keeps nothing, so all of them share what the provider has. */
static void *derivation_new(void *digests)
{
    return digests;
}

static void derivation_free(void *digests)
{
    (void)digests;
}

static const OSSL_DISPATCH derivation[] = {
    {OSSL_FUNC_KDF_NEWCTX, (void (*)(void))derivation_new},
    {OSSL_FUNC_KDF_FREECTX, (void (*)(void))derivation_free},
    {OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
    {0, NULL},
};

static const OSSL_ALGORITHM derivations[] = {
    {"TLS13-KDF", "provider=" CO_SCHEDULE_PROVIDER, derivation, "the key schedule of TLS 1.3"},
    {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *digests, int operation, int *ret_no_cache)
{
    (void)digests;
    *ret_no_cache = 0;
    return operation == OSSL_OP_KDF ? derivations : NULL;
}

static void teardown(void *arg)
{
    struct digests *digests = arg;
    EVP_MD_free(digests->sha256);
    EVP_MD_free(digests->sha384);
    OPENSSL_free(digests);
}

static const OSSL_DISPATCH provider[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
    {0, NULL},
};

int co_schedule_provider(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **ret, void **ret_digests)
{
    struct digests *digests = OPENSSL_zalloc(sizeof *digests);
    (void)handle, (void)core;
    if (!digests)
        return 0;
    digests->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    digests->sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
    if (!digests->sha256 || !digests->sha384) {
        teardown(digests);
        return 0;
    }
    *ret = provider;
    *ret_digests = digests;
    return 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * The key schedule of TLS 1.3 (RFC 8446 7.1) as a provider of OpenSSL's.
 *
 * OpenSSL's own looks its digest up by name, copies each argument to the heap and sets up an HMAC
 * there, for each of the twenty derivations of a handshake. This one goes from the arguments to the
 * result: HMAC (RFC 2104) by OpenSSL's SHA-2, HKDF (RFC 5869), and the labels that TLS gives its
 * secrets. SHA-2 is called beneath EVP, whose contexts would cost as much as what they compute.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* so it is called: since 3.0 others are to use EVP */

#include "tls/schedule.h"

#include "base/base.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <string.h>

#define HASH_MAX  SHA384_DIGEST_LENGTH
#define BLOCK_MAX SHA512_CBLOCK
#define LABEL_MAX 255 /* RFC 8446 7.1, HkdfLabel: of the label, and of its context */
#define INFO_MAX  (sizeof(uint16_t) + 2 * (1 + LABEL_MAX) + 1)

/* The digest of a suite (RFC 8446 B.4). */
struct digest {
    const char *name, *other_name; /* OpenSSL's */
    size_t hash_bytes, block_bytes;
    void (*hash)(co_text one, co_text two, uint8_t *ret);
};

/* What is asked for. */
struct terms {
    int mode;
    const struct digest *digest;
    co_text key, salt, prefix, label, context;
};

static co_text bytes(const uint8_t *at, size_t size)
{
    return (co_text){(const char *)at, size};
}

/* ---- HMAC ---------------------------------------------------------------------------------- */

static void sha256(co_text one, co_text two, uint8_t *ret)
{
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, one.at, one.size);
    SHA256_Update(&state, two.at, two.size);
    SHA256_Final(ret, &state);
    OPENSSL_cleanse(&state, sizeof state);
}

static void sha384(co_text one, co_text two, uint8_t *ret)
{
    SHA512_CTX state;
    SHA384_Init(&state);
    SHA384_Update(&state, one.at, one.size);
    SHA384_Update(&state, two.at, two.size);
    SHA384_Final(ret, &state);
    OPENSSL_cleanse(&state, sizeof state);
}

static const struct digest digests[] = {
    {"SHA2-256", "SHA256", SHA256_DIGEST_LENGTH, SHA256_CBLOCK, sha256},
    {"SHA2-384", "SHA384", SHA384_DIGEST_LENGTH, SHA512_CBLOCK, sha384},
};

/* RFC 2104 2, with a key of no more than a hash. */
static bool hmac(const struct digest *digest, co_text key, co_text text, uint8_t ret[HASH_MAX])
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
    digest->hash(bytes(inner, digest->block_bytes), text, within);
    digest->hash(bytes(outer, digest->block_bytes), bytes(within, digest->hash_bytes), ret);
    OPENSSL_cleanse(inner, sizeof inner);
    OPENSSL_cleanse(outer, sizeof outer);
    OPENSSL_cleanse(within, sizeof within);
    return true;
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
    if (size > terms->digest->hash_bytes || terms->prefix.size > LABEL_MAX ||
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
    terms->digest->hash((co_text){0}, (co_text){0}, nothing);
    next.key = terms->salt;
    next.context = bytes(nothing, terms->digest->hash_bytes);
    return expand(&next, ret, terms->digest->hash_bytes);
}

/* HKDF-Extract: of the key and the secret before, either of which may be missing, and is zeros
 * then. */
static bool extract(const struct terms *terms, uint8_t *ret, size_t size)
{
    static const uint8_t zeros[HASH_MAX];
    uint8_t salt[HASH_MAX] = {0}, result[HASH_MAX];
    co_text key = terms->key.size > 0 ? terms->key : bytes(zeros, size);
    if (size != terms->digest->hash_bytes || (terms->salt.size > 0 && !expand_salt(terms, salt)))
        return false;
    bool good = hmac(terms->digest, bytes(salt, size), key, result);
    if (good)
        memcpy(ret, result, size);
    OPENSSL_cleanse(salt, sizeof salt);
    OPENSSL_cleanse(result, sizeof result);
    return good;
}

static const struct digest *digest_of(const char *name)
{
    for (size_t i = 0; i < CO_LENGTH(digests); i++)
        if (strcmp(name, digests[i].name) == 0 || strcmp(name, digests[i].other_name) == 0)
            return &digests[i];
    return NULL;
}

static void take(struct terms *terms, const OSSL_PARAM *given)
{
    co_text text = {given->data, given->data_size};
    if (strcmp(given->key, OSSL_KDF_PARAM_MODE) == 0)
        OSSL_PARAM_get_int(given, &terms->mode);
    else if (strcmp(given->key, OSSL_KDF_PARAM_DIGEST) == 0)
        terms->digest = digest_of(given->data);
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
static int derive(void *derivation, uint8_t *ret, size_t size, const OSSL_PARAM given[])
{
    struct terms terms = {.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND};
    (void)derivation;
    for (; given && given->key; given++)
        take(&terms, given);
    if (!terms.digest)
        return 0;
    switch (terms.mode) {
    case EVP_KDF_HKDF_MODE_EXTRACT_ONLY: return extract(&terms, ret, size);
    case EVP_KDF_HKDF_MODE_EXPAND_ONLY: return expand(&terms, ret, size);
    default: return 0;
    }
}

/* ---- the provider -------------------------------------------------------------------------- */

/* Nothing is kept by a derivation, nor by the provider, of which it is a part. */
static void *derivation_new(void *provider)
{
    return provider;
}

static void derivation_free(void *derivation)
{
    (void)derivation;
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

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
    (void)provider;
    *ret_no_cache = 0;
    return operation == OSSL_OP_KDF ? derivations : NULL;
}

int co_schedule_provider(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core,
    const OSSL_DISPATCH **ret, void **ret_provider)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {0, NULL},
    };
    (void)core;
    *ret = functions;
    *ret_provider = (void *)(uintptr_t)handle; /* any but NULL */
    return 1;
}

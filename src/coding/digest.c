/* SPDX-License-Identifier: MIT */
#include "coding/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

static const char *const names[CO_DIGEST_COUNT] = {
    [CO_DIGEST_SHA256] = "SHA-256",
    [CO_DIGEST_SHA512] = "SHA-512",
    [CO_DIGEST_SHA1] = "SHA-1",
    [CO_DIGEST_MD5] = "MD5",
    [CO_DIGEST_CRC32] = "CRC32",
};

struct co_digest {
    EVP_MD_CTX *context; /* NULL: the checksum's */
    uLong checksum;
};

const char *co_digest_name(enum co_digest_kind kind)
{
    return names[kind];
}

int co_digest_find(co_text name, enum co_digest_kind *ret)
{
    for (enum co_digest_kind kind = 0; kind < CO_DIGEST_COUNT; kind++)
        if (co_text_equal_nocase(name, co_text_of(names[kind]))) {
            *ret = kind;
            return 0;
        }
    return CO_EINVALID;
}

static const EVP_MD *method_of(enum co_digest_kind kind)
{
    switch (kind) {
    case CO_DIGEST_SHA256: return EVP_sha256();
    case CO_DIGEST_SHA512: return EVP_sha512();
    case CO_DIGEST_SHA1: return EVP_sha1();
    case CO_DIGEST_SHA512_256: return EVP_sha512_256();
    default: return EVP_md5();
    }
}

static int context_open(struct co_digest *digest, enum co_digest_kind kind)
{
    if (kind == CO_DIGEST_CRC32) {
        digest->checksum = crc32(0, NULL, 0);
        return 0;
    }
    digest->context = EVP_MD_CTX_new();
    if (!digest->context)
        return -ENOMEM;
    return EVP_DigestInit_ex(digest->context, method_of(kind), NULL) == 1 ? 0 : -EOPNOTSUPP;
}

int co_digest_new(struct co_digest **ret, enum co_digest_kind kind)
{
    struct co_digest *digest = calloc(1, sizeof *digest);
    if (!digest)
        return -ENOMEM;
    int rc = context_open(digest, kind);
    if (rc < 0)
        co_digest_free(digest);
    else
        *ret = digest;
    return rc;
}

void co_digest_free(struct co_digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

int co_digest_step(struct co_digest *digest, co_text bytes)
{
    if (digest->context)
        return EVP_DigestUpdate(digest->context, bytes.at, bytes.size) == 1 ? 0 : -EIO;
    digest->checksum = crc32_z(digest->checksum, (const Bytef *)bytes.at, bytes.size);
    return 0;
}

int co_digest_end(struct co_digest *digest, struct co_buf *out)
{
    uint8_t bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!digest->context) {
        co_buf_addf(out, "%08lx", digest->checksum);
        return out->error;
    }
    if (EVP_DigestFinal_ex(digest->context, bytes, &size) != 1)
        return -EIO;
    for (unsigned i = 0; i < size; i++)
        co_buf_addf(out, "%02x", bytes[i]);
    return out->error;
}

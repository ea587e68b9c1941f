/* SPDX-License-Identifier: MIT */
/*
 * Digests of bytes, piece by piece: nothing waits, and each step takes as long as its bytes, so
 * that a caller can hand each to a pool thread.
 */
#ifndef CO_CODING_DIGEST_H
#define CO_CODING_DIGEST_H

#include "base/buf.h"

enum co_digest_kind {
    CO_DIGEST_SHA256,
    CO_DIGEST_SHA512,
    CO_DIGEST_SHA1,
    CO_DIGEST_MD5,
    CO_DIGEST_CRC32, /* zlib's; four bytes, most significant first */
    CO_DIGEST_COUNT, /* of those that files are digested by, which have names */
    CO_DIGEST_SHA512_256 = CO_DIGEST_COUNT, /* SHA-512/256: logins alone (RFC 7616 6.1) */
};

/* "SHA-256", as IANA's registry of hash function text names has them. */
const char *co_digest_name(enum co_digest_kind kind);
/* By its name, whatever the case. 0 or CO_EINVALID. */
int co_digest_find(co_text name, enum co_digest_kind *ret);

struct co_digest;

/* 0; -ENOMEM; -EOPNOTSUPP when the machine's policy forbids that kind. */
int co_digest_new(struct co_digest **ret, enum co_digest_kind kind);
void co_digest_free(struct co_digest *digest);

/* Takes the bytes in. 0 or -EIO. */
int co_digest_step(struct co_digest *digest, co_text bytes);

/* Appends the digest of all bytes, in hexadecimal. Nothing may follow but its end. 0, -EIO, or the
 * buffer's error. */
int co_digest_end(struct co_digest *digest, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* A file is what somebody said it is: its digest, as "sha256=HEX". */
#ifndef CO_TRANSFER_CHECKSUM_H
#define CO_TRANSFER_CHECKSUM_H

#include "coding/digest.h"
#include "tree/upload.h"

#define CO_CHECKSUM_DIGITS_MAX 128 /* SHA-512's */

struct co_checksum {
    enum co_digest_kind kind;
    char digits[CO_CHECKSUM_DIGITS_MAX]; /* hexadecimal, in lower case */
    size_t size;                         /* of them */
};

/* Reads sha256=HEX; sha512, sha1 and md5 likewise, with or without a hyphen in the name. 0;
 * CO_EINVALID, also when there are too few or too many digits. */
int co_checksum_read(co_text text, struct co_checksum *ret);

/* Appends the digest of the bytes from span[0] on, up to span[1], in hexadecimal. Reads on pool
 * threads. Suspends. 0; CO_EEOF when there are fewer; as co_digest_new, _step, _end; -errno;
 * CO_ECANCELED, CO_EDEADLINE. */
int co_checksum_digest(enum co_digest_kind kind, const struct co_upload *file,
    const uint64_t span[2], struct co_buf *out);

/* Reads the whole file, as it is so far, on pool threads. Suspends. 0; CO_ECHECKSUM when it is
 * another; -errno; CO_ECANCELED, CO_EDEADLINE. */
int co_checksum_verify(const struct co_checksum *checksum, const struct co_upload *file);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Content codings taken off again, piece by piece: gzip (RFC 1952), deflate (RFC 1950, and the bare
 * RFC 1951 that some servers mean by it), br (RFC 7932), zstd (RFC 8878). Bytes in, bytes out,
 * nothing waits.
 *
 * What a step yields is bounded by the room that it is given, what all yield by what came in
 * (attacks C05), and memory by the formats' windows: 32 KiB, 16 MiB for br, and 8 MiB for zstd (RFC
 * 9659). A decoder takes its memory at its first byte.
 */
#ifndef CO_CODING_DECODE_H
#define CO_CODING_DECODE_H

#include "base/buf.h"

#define CO_DECODE_MAX 2 /* codings, one over the other */

enum co_decode_kind {
    CO_DECODE_GZIP,
    CO_DECODE_DEFLATE,
    CO_DECODE_BR,
    CO_DECODE_ZSTD,
    CO_DECODE_COUNT
};

/* By its name in Content-Encoding, whatever the case ("x-gzip" is gzip). 0 or CO_EINVALID. */
int co_decode_find(co_text name, enum co_decode_kind *ret);

struct co_decode;

/* kinds: count of them (1 to CO_DECODE_MAX) as they were applied, so the last is taken off first. 0
 * or -ENOMEM. */
int co_decode_new(struct co_decode **ret, const enum co_decode_kind *kinds, size_t count);
void co_decode_free(struct co_decode *decode);

/*
 * Appends to `out` up to its ceiling, and takes what that took off the front of `bytes`: with bytes
 * or a full buffer left there is more to come. 0; CO_EINVALID when it is corrupt, and when
 * something else follows the end (several members of gzip and frames of zstd are as one);
 * CO_ETOOBIG when it grows beyond all measure or demands a window beyond its format's; -ENOMEM.
 * Nothing may follow a failure but co_decode_free.
 */
int co_decode_step(struct co_decode *decode, co_text *bytes, struct co_buf *out);

/* All bytes have been taken. 0; CO_EEOF when the end is missing. No bytes at all are nothing, coded
 * or not. */
int co_decode_end(const struct co_decode *decode);

#endif

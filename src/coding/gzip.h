/* SPDX-License-Identifier: MIT */
/*
 * Compression to gzip (RFC 1952), piece by piece: bytes in, bytes out, nothing waits.
 *
 * What a step takes and yields is bounded, so that a caller can hand each step to a pool thread and
 * send what came of it before the next.
 */
#ifndef CO_CODING_GZIP_H
#define CO_CODING_GZIP_H

#include "base/buf.h"

#define CO_GZIP_FAST 1 /* levels: for what is sent once, */
#define CO_GZIP_GOOD 6 /* and for what is kept */

struct co_gzip;

/* 0 or -ENOMEM (it takes a quarter of a MiB). The other one wraps the same in zlib's format (RFC
 * 1950); level: 0 to 9. */
int co_gzip_new(struct co_gzip **ret, int level);
int co_gzip_new_zlib(struct co_gzip **ret, int level);
void co_gzip_free(struct co_gzip *gzip);

/* Compresses the bytes; what becomes of them may come with a later step. last: they are the last,
 * and the trailer follows. Appends to `out`, whose error is returned, as are 0 and -ENOMEM. */
int co_gzip_step(struct co_gzip *gzip, co_text bytes, bool last, struct co_buf *out);

/* All at once. As co_gzip_step: CO_ETOOBIG when `out` may not hold it. */
int co_gzip_all(co_text bytes, int level, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Decompression of zlib's format (RFC 1950), piece by piece: what a step yields is bounded by the
 * room that it is given, and what all yield by what came in (attacks C05).
 */
#ifndef CO_CODING_INFLATE_H
#define CO_CODING_INFLATE_H

#include "base/buf.h"

struct co_inflate;

/* 0 or -ENOMEM. */
int co_inflate_new(struct co_inflate **ret);
void co_inflate_free(struct co_inflate *inflate);

/*
 * Appends to `out` up to its ceiling, and takes what that took off the front of `bytes`: with bytes
 * or a full buffer left there is more to come. 1 at the stream's end, which leaves what follows it;
 * 0 before; CO_EINVALID when it is corrupt; CO_ETOOBIG when it grows beyond all measure; -ENOMEM.
 */
int co_inflate_step(struct co_inflate *inflate, co_text *bytes, struct co_buf *out);

#endif

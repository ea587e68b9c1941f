/* SPDX-License-Identifier: MIT */
/* Byte ranges (RFC 9110 14): the Range field parsed against a representation's size. */
#ifndef CO_CODEC_RANGE_H
#define CO_CODEC_RANGE_H

#include "base/base.h"

/* Parts of one response; a request for more gets the whole (attacks H14). */
#define CO_RANGES_MAX 16

struct co_range {
    uint64_t first, last; /* inclusive, within the representation */
};

/*
 * Parses a Range value against `size`, the bytes of the representation.
 *
 * Overlapping or adjacent ranges and such as are closer than a part's overhead are coalesced;
 * unsatisfiable ones dropped; else the client's order is kept. Returns the number of ranges in ret;
 * 0 when the field is to be ignored (another unit, more than CO_RANGES_MAX ranges, together more
 * than `size`, or an empty representation): send the whole; -416 when none can be
 * satisfied, or one is malformed: of the two answers that RFC 9110 14.2 leaves to us for that, the
 * one that tells the client. After 0 and -416 the content of ret is undefined.
 */
int co_range_parse(co_text value, uint64_t size, struct co_range ret[CO_RANGES_MAX]);

struct co_content_range {
    uint64_t first, last; /* inclusive */
    uint64_t size;        /* of the whole; UINT64_MAX when the sender does not know it yet */
};

/* Parses a Content-Range value of a request or a 206 (RFC 9110 14.4): "bytes 0-99/1000" or with a
 * '*' for the size. 0; CO_EINVALID for anything else, another unit and an unsatisfied range
 * included. */
int co_content_range_parse(co_text value, struct co_content_range *ret);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef CO_CODEC_UTF8_H
#define CO_CODEC_UTF8_H

#include "base/base.h"

#define CO_UTF8_INVALID UINT32_MAX /* instead of a code point */

/*
 * Reads one code point at the start of a text that is not empty; returns its bytes. Of malformed
 * text it takes the longest start of a sequence, as one (Unicode 15, 3.9, table 3-7 and "U+FFFD
 * Substitution of Maximal Subparts"): overlong forms and surrogates never pass.
 */
static inline size_t co_utf8_next(co_text text, uint32_t *ret_code)
{
    const unsigned char *bytes = (const unsigned char *)text.at;
    unsigned char lead = bytes[0];
    *ret_code = lead < 0x80 ? lead : CO_UTF8_INVALID;
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    uint32_t code = lead & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if (i == text.size || bytes[i] < low || bytes[i] > high)
            return i;
        code = code << 6 | (bytes[i] & 0x3fU);
        low = 0x80;
        high = 0xbf;
    }
    *ret_code = code;
    return size;
}

#endif

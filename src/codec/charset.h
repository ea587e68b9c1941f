/* SPDX-License-Identifier: MIT */
/* The byte sets of HTTP's grammar as one table, and fast searches for the first byte outside. */
#ifndef CO_CODEC_CHARSET_H
#define CO_CODEC_CHARSET_H

#include "base/base.h"

#ifdef __SSE2__
# include <emmintrin.h>
#endif

enum co_charset {
    CO_SET_TOKEN = 1,  /* tchar (RFC 9110 5.6.2) */
    CO_SET_TARGET = 2, /* visible bytes that may stand in a request target: no '#', no '\'; those
                          beyond ASCII since clients do send them, unencoded */
    CO_SET_VALUE = 4,  /* tab, space, visible, obs-text (RFC 9110 5.5) */
    CO_SET_ETAG = 8,   /* etagc (RFC 9110 8.8.3) */
};

extern const uint8_t co_charsets[256]; /* by byte: the sets it belongs to */

static inline bool co_char_in(char c, enum co_charset set)
{
    return (co_charsets[(uint8_t)c] & set) != 0;
}

/* The first byte from `at` that is not in the set, or `end`. */
static inline const char *co_span(const char *at, const char *end, enum co_charset set)
{
    while (at < end && co_char_in(*at, set))
        at++;
    return at;
}

/* co_span for CO_SET_VALUE, 16 bytes a step: values are the bulk of a head. */
static inline const char *co_span_value(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i control = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t');
    const __m128i delete = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
        __m128i bad = _mm_or_si128(
            _mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, delete));
        unsigned mask = (unsigned)_mm_movemask_epi8(bad);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#endif
    return co_span(at, end, CO_SET_VALUE);
}

#endif

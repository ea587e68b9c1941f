/* SPDX-License-Identifier: MIT */
/*
 * The chunked transfer coding (RFC 9112 7.1): a decoder that resumes at any byte, and the framing
 * of chunks to send. The decoder yields slices of its input, it copies nothing.
 */
#ifndef CO_CODEC_CHUNKED_H
#define CO_CODEC_CHUNKED_H

#include "base/base.h"

#define CO_CHUNK_EXTENSIONS_MAX     4096 /* bytes of chunk extensions in one body (attacks H08) */
#define CO_CHUNK_TRAILERS_MAX       8192 /* bytes of the trailer section */
#define CO_CHUNK_TRAILER_FIELDS_MAX 32

/* Zero-initialised is ready to start. The other members are the decoder's own. */
struct co_chunked {
    bool lenient; /* as some servers write: blanks behind sizes, LF alone at the ends of lines */
    uint8_t state;
    uint8_t digits;
    uint16_t trailer_fields;
    uint32_t extension_bytes;
    uint32_t trailer_bytes;
    uint64_t left; /* bytes still to come of the present chunk */
};

enum co_chunk_event {
    CO_CHUNK_MORE, /* all input taken, the body goes on */
    CO_CHUNK_DATA, /* *ret_data is a piece of the body */
    CO_CHUNK_END,  /* the body and its trailer section are complete */
};

/*
 * Takes bytes off *input until there is something to report.
 * Returns a co_chunk_event, or CO_EHTTP when malformed or over a limit (sticky: the decoder stays
 * failed). ret_data: set with CO_CHUNK_DATA, a part of the input. Trailers are checked for form,
 * counted and dropped (attacks H09).
 */
int co_chunked_next(struct co_chunked *decoder, co_text *input, co_text *ret_data);

/* Writes the chunk-size line "1a\r\n" for size > 0 to `line`; returns its length (at most 18). */
size_t co_chunk_line(char line[18], uint64_t size);

#endif

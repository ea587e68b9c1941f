/* SPDX-License-Identifier: MIT */
/* The framing is read a byte at a time, so it cannot matter where the input was cut; the data,
 * which is nearly all of it, is handed out whole. */
#include "codec/chunked.h"
#include "codec/charset.h"

enum state {
    SIZE,       /* the digits of a chunk's size, so far none or some */
    BEFORE_EXT, /* blanks after the size; then an extension, or the CR where that is let pass */
    EXT,        /* in the extensions, up to the CR */
    SIZE_LF,    /* the LF of the size's line */
    DATA,       /* in a chunk's data */
    DATA_CR,    /* the CR after it */
    DATA_LF,    /* the LF after it */
    TRAILER,    /* at the start of a line of the trailer section */
    NAME,       /* in a trailer's name */
    VALUE,      /* in its value, up to the CR */
    TRAILER_LF, /* the LF of its line */
    LAST_LF,    /* the LF that ends the body */
    END,
    FAILED,
};

#define SIZE_DIGITS_MAX 16 /* of 64 bits; leading zeros count (attacks H07) */

static int hex(char c)
{
    if (co_is_digit(c))
        return c - '0';
    c = co_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 9112 7.1.1: extensions are ignored, but not without end, and only the CR ends them. */
static enum state extension_byte(struct co_chunked *decoder, char c)
{
    bool inside = decoder->state == EXT;
    if (c == '\r' && (inside || decoder->lenient))
        return SIZE_LF;
    if (decoder->lenient && !inside && (c == ' ' || c == '\t')) /* as wide as a size can be */
        return ++decoder->digits > SIZE_DIGITS_MAX ? FAILED : BEFORE_EXT;
    if (++decoder->extension_bytes > CO_CHUNK_EXTENSIONS_MAX)
        return FAILED;
    if (inside)
        return co_char_in(c, CO_SET_VALUE) ? EXT : FAILED;
    if (c == ';')
        return EXT;
    return c == ' ' || c == '\t' ? BEFORE_EXT : FAILED;
}

/* RFC 9112 7.1. A size above INT64_MAX could become negative in somebody's arithmetic. */
static enum state size_byte(struct co_chunked *decoder, char c)
{
    int digit = hex(c);
    if (digit < 0 && decoder->digits == 0)
        return FAILED;
    if (digit < 0)
        return c == '\r' ? SIZE_LF : extension_byte(decoder, c);
    if (++decoder->digits > SIZE_DIGITS_MAX)
        return FAILED;
    decoder->left = decoder->left << 4 | (unsigned)digit;
    return decoder->left > INT64_MAX ? FAILED : SIZE;
}

/* RFC 9112 7.1.2: the form of the fields is checked as in a head, their meaning is not wanted. */
static enum state trailer_byte(struct co_chunked *decoder, char c)
{
    if (++decoder->trailer_bytes > CO_CHUNK_TRAILERS_MAX)
        return FAILED;
    switch (decoder->state) {
    case TRAILER:
        if (c == '\r')
            return LAST_LF;
        if (++decoder->trailer_fields > CO_CHUNK_TRAILER_FIELDS_MAX)
            return FAILED;
        return co_char_in(c, CO_SET_TOKEN) ? NAME : FAILED;
    case NAME:
        if (c == ':')
            return VALUE;
        return co_char_in(c, CO_SET_TOKEN) ? NAME : FAILED;
    default:
        if (c == '\r')
            return TRAILER_LF;
        return co_char_in(c, CO_SET_VALUE) ? VALUE : FAILED;
    }
}

static enum state framing_byte(struct co_chunked *decoder, char c)
{
    switch ((enum state)decoder->state) {
    case SIZE: return size_byte(decoder, c);
    case BEFORE_EXT:
    case EXT: return extension_byte(decoder, c);
    case SIZE_LF:
        if (c != '\n')
            return FAILED;
        decoder->digits = 0;
        return decoder->left ? DATA : TRAILER;
    case DATA_CR: return c == '\r' ? DATA_LF : FAILED;
    case DATA_LF: return c == '\n' ? SIZE : FAILED;
    case TRAILER:
    case NAME:
    case VALUE: return trailer_byte(decoder, c);
    case TRAILER_LF: return c == '\n' ? TRAILER : FAILED;
    case LAST_LF: return c == '\n' ? END : FAILED;
    default: return FAILED;
    }
}

/* Does LF alone end this line? In an extension it ends what others go on reading. */
static bool ends_line(const struct co_chunked *decoder, char c)
{
    bool may = decoder->state == SIZE || decoder->state == BEFORE_EXT ||
               decoder->state == DATA_CR || decoder->state == TRAILER || decoder->state == VALUE;
    return decoder->lenient && c == '\n' && may;
}

static co_text take_data(struct co_chunked *decoder, co_text *input)
{
    size_t size = input->size < decoder->left ? input->size : (size_t)decoder->left;
    co_text data = {input->at, size};
    *input = co_text_after(*input, size);
    decoder->left -= size;
    if (decoder->left == 0)
        decoder->state = DATA_CR;
    return data;
}

int co_chunked_next(struct co_chunked *decoder, co_text *input, co_text *ret_data)
{
    while (decoder->state < END) {
        if (input->size == 0)
            return CO_CHUNK_MORE;
        if (decoder->state == DATA) {
            *ret_data = take_data(decoder, input);
            return CO_CHUNK_DATA;
        }
        if (ends_line(decoder, input->at[0]))
            decoder->state = (uint8_t)framing_byte(decoder, '\r');
        decoder->state = (uint8_t)framing_byte(decoder, input->at[0]);
        *input = co_text_after(*input, 1);
    }
    return decoder->state == END ? CO_CHUNK_END : CO_EHTTP;
}

size_t co_chunk_line(char line[18], uint64_t size)
{
    size_t digits = 1;
    while (digits < 16 && size >> (4 * digits))
        digits++;
    for (size_t i = 0; i < digits; i++)
        line[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 15];
    memcpy(line + digits, "\r\n", 2);
    return digits + 2;
}

/* SPDX-License-Identifier: MIT */
/* Blank-separated words of the small configuration files: what their parsers share. */
#ifndef CO_DNS_WORDS_H
#define CO_DNS_WORDS_H

#include "base/base.h"

static inline bool co_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Takes the next word off `rest`; false when only blanks are left. */
static inline bool co_word_next(co_text *rest, co_text *ret_word)
{
    size_t from = 0, to;
    while (from < rest->size && co_is_blank(rest->at[from]))
        from++;
    for (to = from; to < rest->size && !co_is_blank(rest->at[to]); to++) {
    }
    if (from == to)
        return false;
    *ret_word = (co_text){rest->at + from, to - from};
    *rest = co_text_after(*rest, to);
    return true;
}

/* The line up to the character that begins a comment. */
static inline co_text co_line_code(co_text line, char comment)
{
    ssize_t at = co_text_find(line, comment);
    return at < 0 ? line : (co_text){line.at, (size_t)at};
}

#endif

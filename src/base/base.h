/* SPDX-License-Identifier: MIT */
/* The few macros and slice functions that every room uses. No I/O, no state. */
#ifndef CO_BASE_H
#define CO_BASE_H

#include "coronet/error.h"
#include "coronet/text.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CO_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define CO_CONTAINER(pointer, type, member)                                                        \
 ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define CO_LIKELY(x)   __builtin_expect(!!(x), 1)
#define CO_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A slice of a string literal. */
#define CO_TEXT(literal) ((co_text){("" literal), sizeof(literal) - 1})

#define CO_MS     1000000LL    /* nanoseconds in a millisecond */
#define CO_SECOND 1000000000LL /* nanoseconds in a second */
#define CO_NEVER  INT64_MAX    /* a deadline that does not come */

/* Whole seconds of a time that may lie before its epoch: rounded down. */
static inline int64_t co_seconds_of_ns(int64_t ns)
{
    return ns / CO_SECOND - (ns % CO_SECOND < 0);
}

static inline co_text co_text_of(const char *string)
{
    return (co_text){string, string ? strlen(string) : 0};
}

static inline bool co_text_equal(co_text a, co_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline char co_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static inline bool co_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ASCII only: header names, schemes and hosts are compared without regard to the locale. */
static inline bool co_text_equal_nocase(co_text a, co_text b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (co_lower(a.at[i]) != co_lower(b.at[i]))
            return false;
    return true;
}

static inline bool co_text_starts(co_text text, co_text prefix)
{
    return prefix.size == 0 || (text.size >= prefix.size &&
                                   memcmp(text.at, prefix.at, prefix.size) == 0); /* not of NULL */
}

/* The part from `from` to the end; empty when from is past it. (To add 0 to NULL is undefined in
 * C.) */
static inline co_text co_text_after(co_text text, size_t from)
{
    if (text.size == 0)
        return text;
    return from >= text.size ? (co_text){text.at + text.size, 0}
                             : (co_text){text.at + from, text.size - from};
}

/* Index of the first `c` in the slice, or -1. */
static inline ssize_t co_text_find(co_text text, char c)
{
    const char *hit = text.size ? memchr(text.at, c, text.size) : NULL;
    return hit ? hit - text.at : -1;
}

/* The slice without the spaces and tabs around it (RFC 9110 5.6.3 OWS). */
co_text co_text_trim(co_text text);

/* Takes the next line off the slice, without its end, LF or CRLF; the last one need have none.
 * False at the end. */
bool co_text_next_line(co_text *rest, co_text *ret_line);

/* Is that somebody else's file, not to be overwritten? Not one of its lines is an entry, and not
 * all are empty or a comment (#): scripts and settings begin with comments, too. */
bool co_text_is_foreign(co_text file, bool (*is_entry)(co_text line));

/* The slice as a C string, to be freed; NULL when memory is out. (strndup wants a string, and a
 * slice is none.) */
char *co_text_copy(co_text text);

/*
 * Reads an unsigned decimal number: digits only, no sign, no space, at least one digit.
 * Returns 0 with *ret set, or CO_EINVALID when malformed or above `max`.
 */
int co_text_number(co_text text, uint64_t max, uint64_t *ret);

#endif

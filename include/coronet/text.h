/* SPDX-License-Identifier: MIT */
/*
 * Text slices: a pointer and a length, never NUL-terminated by promise, never owned.
 *
 * A slice lives as long as the bytes it points into; each function that returns one says how long
 * that is. Print one with printf("%.*s", CO_TEXT_PRINT(t)).
 */
#ifndef CORONET_TEXT_H
#define CORONET_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
# define CO_API                   __attribute__((visibility("default")))
# define CO_MUST_USE              __attribute__((warn_unused_result))
# define CO_FORMAT(string, first) __attribute__((format(printf, string, first)))
#else
# define CO_API
# define CO_MUST_USE
# define CO_FORMAT(string, first)
#endif

typedef struct co_text {
    const char *at; /* first byte; may be NULL when size is 0 */
    size_t size;    /* bytes */
} co_text;

/* The two arguments of "%.*s" for a slice. */
#define CO_TEXT_PRINT(t) (int)(t).size, (t).size ? (t).at : ""

#ifdef __cplusplus
}
#endif
#endif

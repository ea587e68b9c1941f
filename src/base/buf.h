/* SPDX-License-Identifier: MIT */
/*
 * A growing byte buffer with a ceiling.
 *
 * The ceiling is part of its construction: what comes from outside can never grow it further. The
 * first failure (over the ceiling: CO_ETOOBIG, no memory: -ENOMEM) sticks: later appends change
 * nothing and the error is read once, at the end, so that code which builds text stays straight.
 */
#ifndef CO_BUF_H
#define CO_BUF_H

#include "base/base.h"

struct co_buf {
    char *at;
    size_t size;     /* bytes held */
    size_t room;     /* bytes allocated */
    size_t size_max; /* the ceiling */
    int error;       /* first failure, negative, or 0 */
};

/* An empty buffer that allocates nothing until its first append. */
#define CO_BUF(max) ((struct co_buf){.size_max = (max)})

/* Releases the bytes; the buffer is empty and usable again, with its ceiling and without error. */
void co_buf_free(struct co_buf *buf);

/* Forgets the content and the error, keeps the memory. */
void co_buf_clear(struct co_buf *buf);

/* Makes room for `more` bytes and returns where they go, NULL on failure. Size is unchanged. */
char *co_buf_reserve(struct co_buf *buf, size_t more);

void co_buf_add(struct co_buf *buf, const void *bytes, size_t size);
void co_buf_add_text(struct co_buf *buf, co_text text);
void co_buf_add_string(struct co_buf *buf, const char *string);
void co_buf_add_char(struct co_buf *buf, char c);
void co_buf_add_number(struct co_buf *buf, uint64_t number); /* decimal */
void co_buf_addf(struct co_buf *buf, const char *format, ...) CO_FORMAT(2, 3);

static inline co_text co_buf_text(const struct co_buf *buf)
{
    return (co_text){buf->at, buf->size};
}

#endif

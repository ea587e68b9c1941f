/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_ROOM_FIRST 256 /* bytes of the first allocation */

void co_buf_free(struct co_buf *buf)
{
    free(buf->at);
    *buf = CO_BUF(buf->size_max);
}

void co_buf_clear(struct co_buf *buf)
{
    buf->size = 0;
    buf->error = 0;
}

static void buf_fail(struct co_buf *buf, int error)
{
    if (!buf->error)
        buf->error = error;
}

char *co_buf_reserve(struct co_buf *buf, size_t more)
{
    if (buf->error)
        return NULL;
    if (more > buf->size_max || buf->size > buf->size_max - more) {
        buf_fail(buf, CO_ETOOBIG);
        return NULL;
    }
    if (buf->room - buf->size >= more && buf->at)
        return buf->at + buf->size;
    size_t room = buf->room ? buf->room : BUF_ROOM_FIRST;
    while (room < buf->size + more)
        room *= 2;
    char *grown = realloc(buf->at, room);
    if (!grown) {
        buf_fail(buf, -ENOMEM);
        return NULL;
    }
    buf->at = grown;
    buf->room = room;
    return buf->at + buf->size;
}

void co_buf_add(struct co_buf *buf, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    char *room = co_buf_reserve(buf, size);
    if (!room)
        return;
    memcpy(room, bytes, size);
    buf->size += size;
}

void co_buf_add_text(struct co_buf *buf, co_text text)
{
    co_buf_add(buf, text.at, text.size);
}

void co_buf_add_string(struct co_buf *buf, const char *string)
{
    co_buf_add(buf, string, strlen(string));
}

void co_buf_add_char(struct co_buf *buf, char c)
{
    co_buf_add(buf, &c, 1);
}

void co_buf_add_number(struct co_buf *buf, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    co_buf_add(buf, digits + at, sizeof digits - at);
}

/* Bytes that can be added without asking for memory. */
static size_t buf_left(const struct co_buf *buf)
{
    size_t end = buf->room < buf->size_max ? buf->room : buf->size_max;
    return buf->error || !buf->at ? 0 : end - buf->size;
}

void co_buf_addf(struct co_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t left = buf_left(buf);
    int size = vsnprintf(left ? buf->at + buf->size : NULL, left, format, args);
    bool fits = size >= 0 && (size_t)size < left; /* with its NUL, which is not kept */
    char *room = fits || size < 0 ? NULL : co_buf_reserve(buf, (size_t)size + 1);
    if (room)
        vsnprintf(room, (size_t)size + 1, format, again);
    if (fits || room)
        buf->size += (size_t)size;
    va_end(again);
    va_end(args);
}

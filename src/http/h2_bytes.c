/* SPDX-License-Identifier: MIT */
/* Bytes of a body between nghttp2, which shows them once, and whoever reads them. The windows that
 * are announced are their bound (RFC 9113 5.2). */
#include "http/h2_common.h"

#include "runtime/pool.h"

#include <errno.h>

/* A buffer of the runtime's. */
struct co_h2_chunk {
    struct co_h2_chunk *next;
    uint32_t room, begin, end; /* of bytes */
    uint8_t bytes[];
};

static struct co_h2_chunk *chunk_new(
    struct co_rt *rt, struct co_h2_bytes *bytes, size_t size, bool large)
{
    large |= bytes->first != NULL; /* what comes together is to be read at once */
    bool small = !large && size <= CO_BUFFER_SMALL - sizeof(struct co_h2_chunk);
    size_t room = small ? CO_BUFFER_SMALL : CO_BUFFER_LARGE;
    struct co_h2_chunk *chunk = co_buffer_take(rt, room);
    if (!chunk)
        return NULL;
    *chunk = (struct co_h2_chunk){.room = (uint32_t)(room - sizeof *chunk)};
    if (bytes->last)
        bytes->last->next = chunk;
    else
        bytes->first = chunk;
    bytes->last = chunk;
    return chunk;
}

int co_h2_bytes_add(
    struct co_rt *rt, struct co_h2_bytes *bytes, const void *at, size_t size, bool large)
{
    const uint8_t *from = at;
    while (size > 0) {
        struct co_h2_chunk *chunk = bytes->last;
        if (!chunk || chunk->end == chunk->room)
            chunk = chunk_new(rt, bytes, size, large);
        if (!chunk)
            return -ENOMEM;
        size_t room = chunk->room - chunk->end, take = size < room ? size : room;
        memcpy(chunk->bytes + chunk->end, from, take);
        chunk->end += (uint32_t)take;
        from += take;
        size -= take;
    }
    return 0;
}

co_text co_h2_bytes_front(const struct co_h2_bytes *bytes)
{
    const struct co_h2_chunk *chunk = bytes->first;
    if (!chunk)
        return (co_text){0};
    return (co_text){(const char *)chunk->bytes + chunk->begin, chunk->end - chunk->begin};
}

void co_h2_bytes_take(struct co_rt *rt, struct co_h2_bytes *bytes, size_t size)
{
    struct co_h2_chunk *chunk = bytes->first;
    chunk->begin += (uint32_t)size;
    if (chunk->begin < chunk->end)
        return;
    bytes->first = chunk->next;
    if (!bytes->first)
        bytes->last = NULL;
    co_buffer_give(rt, chunk, chunk->room + sizeof *chunk);
}

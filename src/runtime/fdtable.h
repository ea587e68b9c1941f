/* SPDX-License-Identifier: MIT */
/*
 * Descriptor handles: {index, generation} to the kernel's number and what waits on it. A handle
 * whose descriptor was closed is refused even when its slot and its number are in use again.
 */
#ifndef CO_RUNTIME_FDTABLE_H
#define CO_RUNTIME_FDTABLE_H

#include "runtime/backend.h"

enum co_slot_bits {
    CO_SLOT_READABLE = 1,   /* a read may find something */
    CO_SLOT_WRITABLE = 2,   /* a write may find room */
    CO_SLOT_ENDING = 4,     /* end or error reported: a short read does not mean "drained" */
    CO_SLOT_REGISTERED = 8, /* known to epoll */
    CO_SLOT_ADOPTED = 16,   /* came from outside: others may hold the same open file */
    CO_SLOT_POLLED = 32,    /* io_uring: the reader is a poll request */
    CO_SLOT_PIECEWISE =
        64, /* a read ends with a message, or at urgent data: more may be behind it */
};

/* 32 bytes: there is one for each connection. */
struct co_slot {
    struct co_op *reader, *writer; /* what waits for readiness; at most one of each */
    int raw;                       /* -1: free */
    uint32_t generation;
    uint32_t next_free; /* index + 1; 0: none */
    uint8_t bits;       /* enum co_slot_bits */
};

/* Slots stay where they are: they live in chunks, only the list of chunks grows. Zero is empty. */
struct co_fdtable {
    struct co_slot **chunks;
    uint32_t chunk_count, free_first;
};

#define CO_FDTABLE_CHUNK 256 /* slots in a chunk: 8 KiB */

void co_fdtable_free(struct co_fdtable *table);

/* Enters a descriptor. 0, -ENOMEM. */
int co_fdtable_add(struct co_fdtable *table, int raw, uint8_t bits, co_fd *ret);

/* Makes every handle of this slot stale and the slot free. The descriptor is not closed. */
void co_fdtable_remove(struct co_fdtable *table, uint32_t index);

/* The open slot of a handle; NULL when it is stale. */
static inline struct co_slot *co_fdtable_get(const struct co_fdtable *table, co_fd fd)
{
    uint32_t chunk = fd.index / CO_FDTABLE_CHUNK;
    if (CO_UNLIKELY(chunk >= table->chunk_count))
        return NULL;
    struct co_slot *slot = &table->chunks[chunk][fd.index % CO_FDTABLE_CHUNK];
    return slot->generation == fd.generation && slot->raw >= 0 ? slot : NULL;
}

#endif

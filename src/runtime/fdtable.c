/* SPDX-License-Identifier: MIT */
#include "runtime/fdtable.h"

#include <errno.h>
#include <stdlib.h>

static struct co_slot *slot_at(const struct co_fdtable *table, uint32_t index)
{
    return &table->chunks[index / CO_FDTABLE_CHUNK][index % CO_FDTABLE_CHUNK];
}

void co_fdtable_free(struct co_fdtable *table)
{
    for (uint32_t i = 0; i < table->chunk_count; i++)
        free(table->chunks[i]);
    free(table->chunks);
    *table = (struct co_fdtable){0};
}

static int table_grow(struct co_fdtable *table)
{
    struct co_slot **chunks =
        realloc(table->chunks, (table->chunk_count + 1) * sizeof *table->chunks);
    if (!chunks)
        return -ENOMEM;
    table->chunks = chunks;
    struct co_slot *chunk = calloc(CO_FDTABLE_CHUNK, sizeof *chunk);
    if (!chunk)
        return -ENOMEM;
    uint32_t first = table->chunk_count * CO_FDTABLE_CHUNK;
    for (uint32_t i = 0; i < CO_FDTABLE_CHUNK; i++) {
        uint32_t next = i + 1 < CO_FDTABLE_CHUNK ? first + i + 2 : 0;
        chunk[i] = (struct co_slot){.raw = -1, .generation = 1, .next_free = next};
    }
    table->chunks[table->chunk_count++] = chunk;
    table->free_first = first + 1;
    return 0;
}

int co_fdtable_add(struct co_fdtable *table, int raw, uint8_t bits, co_fd *ret)
{
    if (table->free_first == 0) {
        int rc = table_grow(table);
        if (rc < 0)
            return rc;
    }
    uint32_t index = table->free_first - 1;
    struct co_slot *slot = slot_at(table, index);
    table->free_first = slot->next_free;
    slot->raw = raw;
    slot->bits = bits;
    slot->reader = slot->writer = NULL;
    *ret = (co_fd){index, slot->generation};
    return 0;
}

void co_fdtable_remove(struct co_fdtable *table, uint32_t index)
{
    struct co_slot *slot = slot_at(table, index);
    assert(slot->raw >= 0 && !slot->reader && !slot->writer);
    slot->raw = -1;
    slot->generation += slot->generation == UINT32_MAX ? 2 : 1; /* 0 is no handle's */
    slot->next_free = table->free_first;
    table->free_first = index + 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * A 4-ary min-heap of intrusive nodes keyed by a 64-bit time: the runtime's timers.
 *
 * Each slot keeps the key beside the pointer (16 bytes), so sifting touches no node but to store
 * its index. Equal keys leave in no promised order; callers that need one put it into the key.
 */
#ifndef CO_HEAP_H
#define CO_HEAP_H

#include "base/base.h"

struct co_heap_node {
    uint32_t index; /* 1-based place in the heap; 0 when not in one */
};

struct co_heap_slot {
    int64_t key;
    struct co_heap_node *node;
};

struct co_heap {
    struct co_heap_slot *slots;
    uint32_t count, room;
};

void co_heap_free(struct co_heap *heap);

/* Makes room for `count` nodes in all, so that inserting that many cannot fail. 0 or -ENOMEM. */
int co_heap_reserve(struct co_heap *heap, uint32_t count);

/* Adds a node that is in no heap. 0 or -ENOMEM. */
int co_heap_insert(struct co_heap *heap, struct co_heap_node *node, int64_t key);

/* Takes a node out; nothing happens when it is not in the heap. */
void co_heap_remove(struct co_heap *heap, struct co_heap_node *node);

/* Gives a node that is in the heap another key. */
void co_heap_move(struct co_heap *heap, struct co_heap_node *node, int64_t key);

/* The node with the smallest key, or NULL; *ret_key is set when there is one. */
static inline struct co_heap_node *co_heap_first(const struct co_heap *heap, int64_t *ret_key)
{
    if (heap->count == 0)
        return NULL;
    *ret_key = heap->slots[0].key;
    return heap->slots[0].node;
}

#endif

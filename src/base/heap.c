/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <errno.h>
#include <stdlib.h>

#define HEAP_ROOM_FIRST 64 /* slots of the first allocation */

void co_heap_free(struct co_heap *heap)
{
    free(heap->slots);
    *heap = (struct co_heap){0};
}

static void heap_place(struct co_heap *heap, uint32_t at, struct co_heap_slot slot)
{
    heap->slots[at] = slot;
    slot.node->index = at + 1;
}

static void heap_sift_up(struct co_heap *heap, uint32_t at, struct co_heap_slot slot)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 4;
        if (heap->slots[parent].key <= slot.key)
            break;
        heap_place(heap, at, heap->slots[parent]);
        at = parent;
    }
    heap_place(heap, at, slot);
}

static void heap_sift_down(struct co_heap *heap, uint32_t at, struct co_heap_slot slot)
{
    for (;;) {
        uint32_t child = 4 * at + 1, least = child;
        if (child >= heap->count)
            break;
        uint32_t end = child + 4 < heap->count ? child + 4 : heap->count;
        while (++child < end)
            if (heap->slots[child].key < heap->slots[least].key)
                least = child;
        if (heap->slots[least].key >= slot.key)
            break;
        heap_place(heap, at, heap->slots[least]);
        at = least;
    }
    heap_place(heap, at, slot);
}

int co_heap_reserve(struct co_heap *heap, uint32_t count)
{
    if (CO_LIKELY(count <= heap->room))
        return 0;
    uint32_t room = heap->room ? heap->room : HEAP_ROOM_FIRST;
    while (room < count)
        room *= 2;
    struct co_heap_slot *slots = realloc(heap->slots, room * sizeof *slots);
    if (!slots)
        return -ENOMEM;
    heap->slots = slots;
    heap->room = room;
    return 0;
}

int co_heap_insert(struct co_heap *heap, struct co_heap_node *node, int64_t key)
{
    assert(node->index == 0);
    int rc = co_heap_reserve(heap, heap->count + 1);
    if (rc < 0)
        return rc;
    heap_sift_up(heap, heap->count++, (struct co_heap_slot){key, node});
    return 0;
}

void co_heap_move(struct co_heap *heap, struct co_heap_node *node, int64_t key)
{
    uint32_t at = node->index - 1;
    struct co_heap_slot slot = {key, node};
    if (key < heap->slots[at].key)
        heap_sift_up(heap, at, slot);
    else
        heap_sift_down(heap, at, slot);
}

void co_heap_remove(struct co_heap *heap, struct co_heap_node *node)
{
    if (node->index == 0)
        return;
    uint32_t at = node->index - 1;
    struct co_heap_slot last = heap->slots[--heap->count];
    node->index = 0;
    if (last.node == node)
        return;
    heap->slots[at] = last;
    last.node->index = at + 1;
    co_heap_move(heap, last.node, last.key);
}

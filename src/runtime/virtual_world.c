/* SPDX-License-Identifier: MIT */
#include "runtime/virtual_world.h"

#include <stdlib.h>

#define WORLD_BEGIN (1000 * CO_SECOND) /* not 0: backend.h gives an `until` of 0 a meaning */
#define GOLDEN      0x9e3779b97f4a7c15ULL

/* splitmix64. Ref: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint64_t world_number(struct co_virt_world *world, enum co_virt_purpose purpose)
{
    return mix(world->draws[purpose] += GOLDEN);
}

void co_virt_world_init(struct co_virt_world *world, uint64_t seed)
{
    *world = (struct co_virt_world){.now = WORLD_BEGIN};
    co_list_init(&world->due);
    for (unsigned i = 0; i < CO_VIRT_PURPOSES; i++)
        world->draws[i] = mix(mix(seed + GOLDEN) + (i + 1) * GOLDEN);
}

/* ---- choices ------------------------------------------------------------------------------ */

static unsigned choices_take(struct co_virtual_choices *choices, unsigned ways)
{
    unsigned at = choices->depth++;
    if (at >= CO_VIRTUAL_CHOICES_MAX)
        return 0;
    if (at >= choices->scripted)
        choices->taken[at] = 0;
    choices->ways[at] = (uint8_t)ways;
    /* A program that is not deterministic may come to another choice than the last time. */
    return choices->taken[at] < ways ? choices->taken[at] : 0;
}

bool co_virtual_choices_next(struct co_virtual_choices *choices)
{
    unsigned at = choices->depth < CO_VIRTUAL_CHOICES_MAX ? choices->depth : CO_VIRTUAL_CHOICES_MAX;
    choices->depth = 0;
    while (at > 0 && choices->taken[at - 1] + 1 >= choices->ways[at - 1])
        at--;
    choices->scripted = at;
    if (at > 0)
        choices->taken[at - 1]++;
    return at > 0;
}

uint64_t co_virt_draw(struct co_virt_world *world, enum co_virt_purpose purpose, uint64_t ways)
{
    if (ways <= 1)
        return 0;
    if (!world->choices)
        return world_number(world, purpose) % ways;
    return ways > CO_VIRTUAL_WAYS_MAX ? ways / 2 : choices_take(world->choices, (unsigned)ways);
}

bool co_virt_chance(struct co_virt_world *world, enum co_virt_purpose purpose, unsigned times)
{
    if (world->choices)
        return choices_take(world->choices, 2) == 1;
    return world_number(world, purpose) % times == 0;
}

int64_t co_virt_soon(struct co_virt_world *world)
{
    uint64_t ways = CO_VIRT_DELAY_MAX - CO_VIRT_DELAY_MIN;
    return world->now + CO_VIRT_DELAY_MIN + (int64_t)co_virt_draw(world, CO_VIRT_DELAY, ways);
}

void co_virt_random(struct co_virt_world *world, void *bytes, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t number = world_number(world, CO_VIRT_BYTES);
        size_t left = size - at < sizeof number ? size - at : sizeof number;
        memcpy((char *)bytes + at, &number, left);
    }
}

/* ---- events ------------------------------------------------------------------------------- */

static struct co_virt_event *meld(struct co_virt_event *a, struct co_virt_event *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->at < a->at || (b->at == a->at && b->sequence < a->sequence)) {
        struct co_virt_event *first = b;
        b = a;
        a = first;
    }
    b->next = a->child;
    a->child = b;
    return a;
}

/* What is left of a pairing heap without its root: melded in pairs, then from the last to the
 * first. Ref: Fredman, Sedgewick, Sleator, Tarjan, "The pairing heap" (1986). */
static struct co_virt_event *meld_all(struct co_virt_event *list)
{
    struct co_virt_event *pairs = NULL, *root = NULL;
    while (list) {
        struct co_virt_event *a = list, *b = a->next;
        list = b ? b->next : NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct co_virt_event *next = pairs->next;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static struct co_virt_event *later_pop(struct co_virt_world *world)
{
    struct co_virt_event *first = world->later;
    world->later = meld_all(first->child);
    return first;
}

void co_virt_schedule(struct co_virt_world *world, struct co_virt_event *event, int64_t at)
{
    assert(!event->scheduled);
    event->at = at;
    event->sequence = world->sequence++;
    event->child = event->next = NULL;
    event->scheduled = true;
    world->later = meld(world->later, event);
}

bool co_virt_due(struct co_virt_world *world)
{
    while (world->later && world->later->at <= world->now) {
        co_list_append(&world->due, &later_pop(world)->link);
        world->due_count++;
    }
    return world->due_count > 0;
}

void co_virt_fire(struct co_virt_world *world)
{
    struct co_link *link = world->due.next;
    for (uint64_t skip = co_virt_draw(world, CO_VIRT_ORDER, world->due_count); skip > 0; skip--)
        link = link->next;
    co_list_remove(link);
    world->due_count--;
    struct co_virt_event *event = CO_CONTAINER(link, struct co_virt_event, link);
    event->scheduled = false;
    event->fire(event);
}

int64_t co_virt_next(const struct co_virt_world *world)
{
    return world->later ? world->later->at : CO_NEVER;
}

void co_virt_world_end(struct co_virt_world *world)
{
    world->now = CO_NEVER;
    co_virt_due(world);
    struct co_link *link;
    while ((link = co_list_pop(&world->due))) {
        struct co_virt_event *event = CO_CONTAINER(link, struct co_virt_event, link);
        if (event->owned)
            free(event);
    }
}

/* ---- trace -------------------------------------------------------------------------------- */

/* FNV-1a, 64 bit. Ref: RFC 9923. */
uint64_t co_virt_hash(const void *bytes, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ULL;
    return hash;
}

void co_virt_note(struct co_virt_world *world, enum co_virt_mark mark, uint32_t socket,
    int64_t detail, uint64_t payload_hash)
{
    uint64_t what = (uint64_t)socket << 8 | (uint64_t)mark;
    uint64_t numbers[] = {(uint64_t)world->now, what, (uint64_t)detail, payload_hash};
    for (unsigned i = 0; i < CO_LENGTH(numbers); i++)
        world->trace_hash = mix((world->trace_hash ^ numbers[i]) + GOLDEN);
    world->trace[world->trace_count++ % CO_VIRT_TRACE_MAX] =
        (struct co_virt_trace_line){world->now, socket, (uint8_t)mark, detail};
}

void co_virt_trace_text(const struct co_virt_world *world, struct co_buf *ret)
{
    static const char *const names[] = {"submit", "done", "cancel", "opened", "data", "end",
        "reset", "knock", "packet", "bounce", "close", "job"};
    uint64_t count = world->trace_count;
    for (uint64_t i = count > CO_VIRT_TRACE_MAX ? count - CO_VIRT_TRACE_MAX : 0; i < count; i++) {
        const struct co_virt_trace_line *line = &world->trace[i % CO_VIRT_TRACE_MAX];
        int64_t us = (line->at - WORLD_BEGIN) / 1000;
        co_buf_addf(ret, "%6lld.%06lld  #%-4u %-7s %lld\n", (long long)(us / 1000000),
            (long long)(us % 1000000), line->socket, names[line->mark], (long long)line->detail);
    }
}

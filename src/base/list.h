/* SPDX-License-Identifier: MIT */
/*
 * An intrusive doubly linked ring. The head is a link too; an unlinked link points to itself, so
 * unlinking twice is harmless. Nothing is allocated.
 */
#ifndef CO_LIST_H
#define CO_LIST_H

#include "base/base.h"

struct co_link {
    struct co_link *next, *prev;
};

static inline void co_list_init(struct co_link *link)
{
    link->next = link->prev = link;
}

static inline bool co_list_empty(const struct co_link *head)
{
    return head->next == head;
}

/* Puts `link` before `head`: at the end of the ring. */
static inline void co_list_append(struct co_link *head, struct co_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

static inline void co_list_prepend(struct co_link *head, struct co_link *link)
{
    co_list_append(head->next, link);
}

static inline void co_list_remove(struct co_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    co_list_init(link);
}

/* Takes the first link off, or returns NULL when the ring is empty. */
static inline struct co_link *co_list_pop(struct co_link *head)
{
    struct co_link *first = head->next;
    if (first == head)
        return NULL;
    co_list_remove(first);
    return first;
}

#endif

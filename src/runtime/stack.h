/* SPDX-License-Identifier: MIT */
/*
 * Fiber stacks: slabs of 64, a guard beneath each, the last used one first.
 *
 * A slab is one mapping, so 100,000 fibers are some 1,600 mappings: guards are pages marked with
 * MADV_GUARD_INSTALL (Linux 6.13), which splits nothing. Older kernels get mprotect guards for as
 * many stacks as half of the process's mappings allow; stacks beyond that have none, and the canary
 * at each stack's top, checked at every switch, tells when the one above ran over.
 */
#ifndef CO_RUNTIME_STACK_H
#define CO_RUNTIME_STACK_H

#include "base/base.h"

/* As far as compiled code may step beyond a stack without touching it (-fstack-clash-protection):
 * the guard is as large, or a page where that is more. It costs addresses, no memory. */
#ifdef __aarch64__
# define CO_STACK_PROBE_BYTES ((size_t)64 << 10)
#else
# define CO_STACK_PROBE_BYTES ((size_t)4 << 10)
#endif

struct co_stacks;
struct co_slab;

enum co_stack_class {
    CO_STACK_16K,
    CO_STACK_64K,
    CO_STACK_256K,
    CO_STACK_1M,
    CO_STACK_CLASSES,
};

struct co_stack {
    char *bottom; /* lowest usable address, above the guard */
    char *top;    /* one past the highest, 64-byte aligned */
    struct co_slab *slab;
    uint8_t index; /* within the slab */
    uint8_t class;
    bool guarded;
};

/* The size of the guard beneath a stack's bottom. */
size_t co_stack_guard_bytes(void);

int co_stacks_new(struct co_stacks **ret);
void co_stacks_free(struct co_stacks *stacks);

/* The class that holds `bytes`; the largest when none does. */
enum co_stack_class co_stack_class_of(size_t bytes);

/* 0 or -ENOMEM. */
int co_stack_take(struct co_stacks *stacks, enum co_stack_class class, struct co_stack *ret);
void co_stack_give(struct co_stacks *stacks, const struct co_stack *stack);

#endif

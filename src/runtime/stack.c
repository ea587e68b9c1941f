/* SPDX-License-Identifier: MIT */
#include "runtime/stack.h"

#include "base/list.h"
#include "runtime/feature.h"
#include "runtime/sanitize.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
# define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#define SLAB_STACKS       64
#define WARM_MAX          256 /* stacks of a class kept with their pages; the rest is given back */
#define MAP_COUNT_DEFAULT 65530 /* the kernel's vm.max_map_count unless set */

/* A mapping of 64 stacks of one class, each with its guard at the low end. */
struct co_slab {
    struct co_link link; /* among the slabs of its class that have a cold stack */
    char *at;
    size_t stride; /* bytes from stack to stack: guard and stack */
    uint64_t cold; /* bit set: free, its pages given back */
    uint8_t class;
    bool guarded;
    struct co_slab *next; /* all slabs */
    unsigned valgrind[SLAB_STACKS];
};

struct co_stacks {
    struct co_slab *slabs;
    struct co_link with_cold[CO_STACK_CLASSES];
    struct co_stack warm[CO_STACK_CLASSES][WARM_MAX];
    unsigned warm_count[CO_STACK_CLASSES];
    size_t guard;       /* bytes */
    long mprotect_left; /* guards that may still be made of mappings */
    bool no_guard_install;
};

static const size_t class_bytes[CO_STACK_CLASSES] = {16 << 10, 64 << 10, 256 << 10, 1 << 20};

enum co_stack_class co_stack_class_of(size_t bytes)
{
    int class = CO_STACK_16K;
    while (class < CO_STACK_1M && class_bytes[class] < bytes)
        class ++;
    return (enum co_stack_class) class;
}

size_t co_stack_guard_bytes(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return page > CO_STACK_PROBE_BYTES ? page : CO_STACK_PROBE_BYTES;
}

static long map_count_max(void)
{
    long count = MAP_COUNT_DEFAULT;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (!file)
        return count;
    if (fscanf(file, "%ld", &count) != 1)
        count = MAP_COUNT_DEFAULT;
    fclose(file);
    return count;
}

int co_stacks_new(struct co_stacks **ret)
{
    struct co_stacks *stacks = calloc(1, sizeof *stacks);
    if (!stacks)
        return -ENOMEM;
    for (int i = 0; i < CO_STACK_CLASSES; i++)
        co_list_init(&stacks->with_cold[i]);
    stacks->guard = co_stack_guard_bytes();
    stacks->mprotect_left =
        map_count_max() / 4; /* a guard splits one mapping into three: two more */
    stacks->no_guard_install = co_feature_masked("guard_install");
    *ret = stacks;
    return 0;
}

void co_stacks_free(struct co_stacks *stacks)
{
    if (!stacks)
        return;
    struct co_slab *slab = stacks->slabs;
    while (slab) {
        struct co_slab *next = slab->next;
        for (int i = 0; i < SLAB_STACKS; i++)
            co_valgrind_deregister(slab->valgrind[i]);
        munmap(slab->at, slab->stride * SLAB_STACKS);
        free(slab);
        slab = next;
    }
    free(stacks);
}

static void slab_guard(struct co_stacks *stacks, struct co_slab *slab)
{
    slab->guarded = true;
    for (int i = 0; i < SLAB_STACKS; i++) {
        char *guard = slab->at + (size_t)i * slab->stride;
        if (!stacks->no_guard_install && madvise(guard, stacks->guard, MADV_GUARD_INSTALL) == 0)
            continue;
        stacks->no_guard_install = true;
        if (stacks->mprotect_left-- <= 0 || mprotect(guard, stacks->guard, PROT_NONE) < 0)
            slab->guarded = false;
    }
}

static struct co_slab *slab_new(struct co_stacks *stacks, enum co_stack_class class)
{
    struct co_slab *slab = calloc(1, sizeof *slab);
    if (!slab)
        return NULL;
    slab->stride = class_bytes[class] + stacks->guard;
    slab->at = mmap(NULL, slab->stride * SLAB_STACKS, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab->at == MAP_FAILED) {
        free(slab);
        return NULL;
    }
    /* A huge page would make each stack of a slab resident at once. */
    madvise(slab->at, slab->stride * SLAB_STACKS, MADV_NOHUGEPAGE);
    slab->class = (uint8_t) class;
    slab->cold = UINT64_MAX;
    slab_guard(stacks, slab);
    for (int i = 0; i < SLAB_STACKS; i++) {
        char *low = slab->at + (size_t)i * slab->stride;
        slab->valgrind[i] = co_valgrind_register(low + stacks->guard, low + slab->stride);
    }
    slab->next = stacks->slabs;
    stacks->slabs = slab;
    co_list_append(&stacks->with_cold[class], &slab->link);
    return slab;
}

int co_stack_take(struct co_stacks *stacks, enum co_stack_class class, struct co_stack *ret)
{
    if (CO_LIKELY(stacks->warm_count[class] > 0)) {
        *ret = stacks->warm[class][--stacks->warm_count[class]];
        co_sanitize_reuse(ret->bottom, (size_t)(ret->top - ret->bottom));
        return 0;
    }
    struct co_link *first = stacks->with_cold[class].next;
    struct co_slab *slab = first == &stacks->with_cold[class]
                               ? slab_new(stacks, class)
                               : CO_CONTAINER(first, struct co_slab, link);
    if (!slab)
        return -ENOMEM;
    int index = __builtin_ctzll(slab->cold);
    slab->cold &= slab->cold - 1;
    if (slab->cold == 0)
        co_list_remove(&slab->link);
    char *low = slab->at + (size_t)index * slab->stride;
    *ret = (struct co_stack){
        .bottom = low + stacks->guard,
        .top = low + slab->stride,
        .slab = slab,
        .index = (uint8_t)index,
        .class = slab->class,
        .guarded = slab->guarded,
    };
    co_sanitize_reuse(ret->bottom, (size_t)(ret->top - ret->bottom));
    return 0;
}

void co_stack_give(struct co_stacks *stacks, const struct co_stack *stack)
{
    unsigned *warm = &stacks->warm_count[stack->class];
    if (CO_LIKELY(*warm < WARM_MAX)) {
        stacks->warm[stack->class][(*warm)++] = *stack;
        return;
    }
    struct co_slab *slab = stack->slab;
    madvise(stack->bottom, (size_t)(stack->top - stack->bottom), MADV_DONTNEED);
    if (slab->cold == 0)
        co_list_append(&stacks->with_cold[slab->class], &slab->link);
    slab->cold |= UINT64_C(1) << stack->index;
}

/* SPDX-License-Identifier: MIT */
#include "runtime/pool.h"
#include "runtime/rt.h"
#include "runtime/sanitize.h"

#include <stdlib.h>

#ifdef CO_ASAN
# define POOL_REALLY_KEEPS 0 /* every give is a free, so that a late use is found */
#else
# define POOL_REALLY_KEEPS 1
#endif

/* Idle buffers kept: 256 KiB and 1 MiB. More than that are a peak's, and go back to malloc. */
#define POOL_SMALL_MAX (64 * POOL_REALLY_KEEPS)
#define POOL_LARGE_MAX (16 * POOL_REALLY_KEEPS)
#define POOL_ALIGNMENT 64 /* a cache line */

/* An idle buffer is its own list node. */
struct pool_idle {
    struct pool_idle *next;
};

struct pool_class {
    struct pool_idle *first;
    unsigned count, count_max;
};

struct co_pool {
    struct pool_class small, large;
};

static struct pool_class *pool_class(struct co_pool *pool, size_t size)
{
    assert(size == CO_BUFFER_SMALL || size == CO_BUFFER_LARGE);
    return size == CO_BUFFER_SMALL ? &pool->small : &pool->large;
}

static struct co_pool *pool_new(void)
{
    struct co_pool *pool = calloc(1, sizeof *pool);
    if (pool)
        *pool = (struct co_pool){
            .small.count_max = POOL_SMALL_MAX,
            .large.count_max = POOL_LARGE_MAX,
        };
    return pool;
}

void *co_buffer_take(struct co_rt *rt, size_t size)
{
    if (CO_UNLIKELY(!rt->pool) && !(rt->pool = pool_new()))
        return NULL;
    struct pool_class *class = pool_class(rt->pool, size);
    struct pool_idle *idle = class->first;
    if (!idle)
        return aligned_alloc(POOL_ALIGNMENT, size);
    class->first = idle->next;
    class->count--;
    return idle;
}

void co_buffer_give(struct co_rt *rt, void *buffer, size_t size)
{
    struct pool_class *class = pool_class(rt->pool, size);
    if (class->count >= class->count_max) {
        free(buffer);
        return;
    }
    struct pool_idle *idle = buffer;
    idle->next = class->first;
    class->first = idle;
    class->count++;
}

static void class_free(struct pool_class *class)
{
    while (class->first) {
        struct pool_idle *idle = class->first;
        class->first = idle->next;
        free(idle);
    }
}

void co_pool_free(struct co_rt *rt)
{
    if (!rt->pool)
        return;
    class_free(&rt->pool->small);
    class_free(&rt->pool->large);
    free(rt->pool);
    rt->pool = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * The runtime's buffers: two sizes, kept LIFO so that the warmest is used first. A stream holds one
 * only while it has unread or unsent bytes; an idle connection holds none.
 */
#ifndef CO_RUNTIME_POOL_H
#define CO_RUNTIME_POOL_H

#include "base/base.h"

#define CO_BUFFER_SMALL 4096  /* holds nearly every request head */
#define CO_BUFFER_LARGE 65536 /* = CO_PEEK_MAX: bulk data, long heads, corked output */

struct co_rt;

/* A buffer of that size class; NULL when memory is out. */
void *co_buffer_take(struct co_rt *rt, size_t size);
void co_buffer_give(struct co_rt *rt, void *buffer, size_t size);

/* Frees the idle buffers, when the runtime ends. */
void co_pool_free(struct co_rt *rt);

#endif

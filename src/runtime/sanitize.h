/* SPDX-License-Identifier: MIT */
/* What ASan, TSan and valgrind must be told about stacks; nothing without them. */
#ifndef CO_RUNTIME_SANITIZE_H
#define CO_RUNTIME_SANITIZE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
# define CO_ASAN 1
#elif defined(__has_feature)
# if __has_feature(address_sanitizer)
#  define CO_ASAN 1
# endif
#endif
#if defined(__SANITIZE_THREAD__)
# define CO_TSAN 1
#elif defined(__has_feature)
# if __has_feature(thread_sanitizer)
#  define CO_TSAN 1
# endif
#endif

#ifdef CO_ASAN
# include <sanitizer/asan_interface.h>
# include <sanitizer/common_interface_defs.h>
#endif
#ifdef CO_TSAN
# include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
# if __has_include(<valgrind/valgrind.h>)
#  include <valgrind/valgrind.h>
#  define CO_VALGRIND 1
# endif
#endif

/* Before leaving a stack: `save` keeps ASan's fake stack of the one left (NULL: it dies). */
static inline void co_sanitize_leave(void **save, const void *bottom, size_t size)
{
#ifdef CO_ASAN
    __sanitizer_start_switch_fiber(save, bottom, size);
#else
    (void)save, (void)bottom, (void)size;
#endif
}

/* After arriving on a stack. */
static inline void co_sanitize_arrive(void *saved, const void **ret_bottom, size_t *ret_size)
{
#ifdef CO_ASAN
    __sanitizer_finish_switch_fiber(saved, ret_bottom, ret_size);
#else
    (void)saved, (void)ret_bottom, (void)ret_size;
#endif
}

/* A stack is about to be used again: what its last fiber poisoned is clean. */
static inline void co_sanitize_reuse(void *bottom, size_t size)
{
#ifdef CO_ASAN
    __asan_unpoison_memory_region(bottom, size);
#else
    (void)bottom, (void)size;
#endif
}

static inline void *co_tsan_create(void)
{
#ifdef CO_TSAN
    return __tsan_create_fiber(0);
#else
    return NULL;
#endif
}

static inline void *co_tsan_current(void)
{
#ifdef CO_TSAN
    return __tsan_get_current_fiber();
#else
    return NULL;
#endif
}

static inline void co_tsan_switch(void *to)
{
#ifdef CO_TSAN
    __tsan_switch_to_fiber(to, 0);
#else
    (void)to;
#endif
}

static inline void co_tsan_destroy(void *fiber)
{
#ifdef CO_TSAN
    __tsan_destroy_fiber(fiber);
#else
    (void)fiber;
#endif
}

static inline unsigned co_valgrind_register(const void *bottom, const void *top)
{
#ifdef CO_VALGRIND
    return VALGRIND_STACK_REGISTER(bottom, top);
#else
    (void)bottom, (void)top;
    return 0;
#endif
}

static inline void co_valgrind_deregister(unsigned id)
{
#ifdef CO_VALGRIND
    VALGRIND_STACK_DEREGISTER(id);
#else
    (void)id;
#endif
}

#endif

/* SPDX-License-Identifier: MIT */
/* An allocator that fails when told to, and counts what is alive; and what else fails when memory
 * is short. The linker puts these functions between the library and libc (--wrap). Pool threads
 * allocate too. */
#include "memory.h"

#include "inject.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <zlib.h>

static atomic_long alive;

long memory_alive(void)
{
    return atomic_load(&alive);
}

static bool fails(void)
{
    return fault_strikes(FAULT_MEMORY) != 0;
}

static void *counted(void *memory)
{
    if (memory)
        atomic_fetch_add(&alive, 1);
    return memory;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_deflateInit2_(z_streamp z, int level, int method, int window, int memory, int strategy,
    const char *version, int size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_deflateInit2_(z_streamp z, int level, int method, int window, int memory, int strategy,
    const char *version, int size);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (fails())
        return NULL;
    return memory ? __real_realloc(memory, size) : counted(__real_realloc(NULL, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *memory)
{
    if (memory)
        atomic_fetch_sub(&alive, 1);
    __real_free(memory);
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *arg)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, run, arg);
}

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    errno = ENOMEM;
    return fails() ? MAP_FAILED : __real_mmap64(at, size, protection, flags, fd, offset);
}

/* zlib is not linked in: its own calls of malloc do not come by here. */
int __wrap_deflateInit2_(z_streamp z, int level, int method, int window, int memory, int strategy,
    const char *version, int size)
{
    return fails()
               ? Z_MEM_ERROR
               : __real_deflateInit2_(z, level, method, window, memory, strategy, version, size);
}

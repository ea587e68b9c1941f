/* SPDX-License-Identifier: MIT */
/* File-system calls that fail when told to, or read a byte at a time; as in memory.c, the linker
 * puts them between the library and libc. */
#include "inject.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static bool fails(unsigned code)
{
    int error = fault_strikes(code);
    if (error)
        errno = error;
    return error != 0;
}

/* ---- descriptors ------------------------------------------------------------------------------
 */

int __real_open64(const char *path, int flags, ...);
int __real_openat64(int folder, const char *path, int flags, ...);
int __real_eventfd(unsigned count, int flags);
int __real_epoll_create1(int flags);
long __real_syscall(long number, ...);
DIR *__real_fdopendir(int fd);

int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int folder, const char *path, int flags, ...);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_epoll_create1(int flags);
long __wrap_syscall(long number, ...);
DIR *__wrap_fdopendir(int fd);

int __wrap_open64(const char *path, int flags, ...)
{
    return fails(FAULT_OPEN) ? -1 : __real_open64(path, flags, 0600);
}

int __wrap_openat64(int folder, const char *path, int flags, ...)
{
    return fails(FAULT_OPEN) ? -1 : __real_openat64(folder, path, flags, 0600);
}

int __wrap_eventfd(unsigned count, int flags)
{
    return fails(FAULT_OPEN) ? -1 : __real_eventfd(count, flags);
}

int __wrap_epoll_create1(int flags)
{
    return fails(FAULT_OPEN) ? -1 : __real_epoll_create1(flags);
}

/* As syscall itself, it takes as many words as there may be, which a sanitizer would not have. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
    long words[6];
    va_list list;
    va_start(list, number);
    for (size_t i = 0; i < CO_LENGTH(words); i++)
        words[i] = va_arg(list, long);
    va_end(list);
    if ((number == SYS_openat2 || number == SYS_io_uring_setup) && fails(FAULT_OPEN))
        return -1;
    return __real_syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

DIR *__wrap_fdopendir(int fd)
{
    return fails(FAULT_LIST) ? NULL : __real_fdopendir(fd);
}

/* ---- content ----------------------------------------------------------------------------------
 */

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_pread64(int fd, void *bytes, size_t size, off_t offset);
ssize_t __real_preadv64v2(int fd, const struct iovec *pieces, int count, off_t offset, int flags);
struct dirent64 *__real_readdir64(DIR *folder);

ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_pread64(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_preadv64v2(int fd, const struct iovec *pieces, int count, off_t offset, int flags);
struct dirent64 *__wrap_readdir64(DIR *folder);

/* The error, or how much may be read: at most `size`, 0 for an end that comes too early. */
static ssize_t allowance(size_t size)
{
    int error = fault_strikes(FAULT_READ);
    if (error == FAULT_END)
        return 0;
    if (error == FAULT_SHORT || (fault_get()->shortens && size > 1))
        return 1;
    if (error)
        errno = error;
    return error ? -1 : (ssize_t)size;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    ssize_t allowed = allowance(size);
    return allowed <= 0 ? allowed : __real_read(fd, bytes, (size_t)allowed);
}

ssize_t __wrap_pread64(int fd, void *bytes, size_t size, off_t offset)
{
    ssize_t allowed = allowance(size);
    return allowed <= 0 ? allowed : __real_pread64(fd, bytes, (size_t)allowed, offset);
}

ssize_t __wrap_preadv64v2(int fd, const struct iovec *pieces, int count, off_t offset, int flags)
{
    ssize_t allowed = allowance(pieces->iov_len);
    struct iovec piece = {pieces->iov_base, (size_t)allowed};
    assert(count == 1);
    return allowed <= 0 ? allowed : __real_preadv64v2(fd, &piece, 1, offset, flags);
}

struct dirent64 *__wrap_readdir64(DIR *folder)
{
    return fails(FAULT_LIST) ? NULL : __real_readdir64(folder);
}

/* ---- what they are ----------------------------------------------------------------------------
 */

int __real_fstat64(int fd, struct stat *ret);
int __real_fstatat64(int folder, const char *path, struct stat *ret, int flags);

int __wrap_fstat64(int fd, struct stat *ret);
int __wrap_fstatat64(int folder, const char *path, struct stat *ret, int flags);

int __wrap_fstat64(int fd, struct stat *ret)
{
    return fails(FAULT_STAT) ? -1 : __real_fstat64(fd, ret);
}

int __wrap_fstatat64(int folder, const char *path, struct stat *ret, int flags)
{
    return fails(FAULT_STAT) ? -1 : __real_fstatat64(folder, path, ret, flags);
}

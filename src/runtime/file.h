/* SPDX-License-Identifier: MIT */
/* Regular files read without blocking the loop: from the page cache, else on a pool thread. */
#ifndef CO_RUNTIME_FILE_H
#define CO_RUNTIME_FILE_H

#include "base/buf.h"

/*
 * Reads up to `size` bytes at `offset`. Suspends only when they are not in the page cache.
 * Returns the count, 0 at the end, -errno, CO_ECANCELED, CO_EDEADLINE.
 */
ssize_t co_file_read_at(int fd, void *ret_bytes, size_t size, uint64_t offset);

/*
 * Appends the whole content of a small file to the buffer, whose ceiling bounds it. Suspends: a
 * pool thread reads it.
 * Returns 0, CO_ETOOBIG, -EINVAL when it is no regular file, -errno, CO_ECANCELED, CO_EDEADLINE.
 */
int co_file_read_all(const char *path, struct co_buf *out);

/* The same of a file that is open already: from where it stands; closes it. */
int co_file_read_taken(int fd, struct co_buf *out);

#endif

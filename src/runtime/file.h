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

/* What tells whether an open file is still what it was: any change of it changes one of these. */
struct co_file_identity {
    uint64_t size, inode, device;
    int64_t modified_ns, changed_ns;
    bool is_regular;
};

/* Opens a file for reading, through links, never waiting for a FIFO's writer. Suspends: a pool
 * thread does it. ret_fd: for co_file_close. 0, -errno, CO_ECANCELED, CO_EDEADLINE. */
int co_file_open(const char *path, int *ret_fd);
void co_file_close(int fd);

/* Makes a folder. Suspends: a pool thread does it. 0, -EEXIST, -errno. */
int co_file_make_folder(const char *path);

/* Removes an empty folder, likewise. 0, -ENOTEMPTY, -errno. */
int co_file_remove_folder(const char *path);

/* What it is now. Does not suspend. 0 or -errno. */
int co_file_identify(int fd, struct co_file_identity *ret);

/* Reads what comes next from a pipe or the like. Suspends: a pool thread waits for it. Returns the
 * count, 0 at the end, -errno, CO_ECANCELED, CO_EDEADLINE. */
ssize_t co_file_read_next(int fd, void *ret_bytes, size_t size);

/*
 * Appends the whole content of a small file to the buffer, whose ceiling bounds it. Suspends: a
 * pool thread reads it.
 * Returns 0, CO_ETOOBIG, -EINVAL when it is no regular file, -errno, CO_ECANCELED, CO_EDEADLINE.
 */
int co_file_read_all(const char *path, struct co_buf *out);

/* The same of a file that is open already: from where it stands; closes it. */
int co_file_read_taken(int fd, struct co_buf *out);

#endif

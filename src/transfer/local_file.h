/* SPDX-License-Identifier: MIT */
/*
 * A file of this machine's that is sent: of one version, or not at all.
 *
 * What it is, is looked at before the first byte is read and after the last one; if it has changed
 * meanwhile the last bytes are not sent, so that the other side never takes a mixture for a file.
 */
#ifndef CO_TRANSFER_LOCAL_FILE_H
#define CO_TRANSFER_LOCAL_FILE_H

#include "runtime/file.h"
#include "transfer/remote.h"

#define CO_LOCAL_VERSION_SIZE 33 /* bytes, with the NUL */

struct co_local_file {
    int fd;
    bool owned; /* close it */
    struct co_file_identity identity;
    char version[CO_LOCAL_VERSION_SIZE]; /* the same as long as the file is */
};

/* Opens; "-" is standard input. Suspends. 0; -EISDIR, -EINVAL for a device or the like, as
 * co_file_open. */
int co_local_file_open(struct co_local_file *file, const char *path);

/* The same of a descriptor, which it owns then, also on failure. Does not suspend. */
int co_local_file_take(struct co_local_file *file, int fd);

void co_local_file_close(struct co_local_file *file);

/* Its size; -1: only its end tells, as with a pipe. */
int64_t co_local_file_size(const struct co_local_file *file);

/* Seconds since 1970, for co_remote_upload: when it was changed for the last time, also by taking
 * another's place under an old time. */
int64_t co_local_file_changed(const struct co_local_file *file);

/* For co_remote_upload: -ESTALE when it has changed. */
ssize_t co_local_file_read(
    const struct co_local_file *file, void *ret_bytes, size_t size, uint64_t offset);

#endif

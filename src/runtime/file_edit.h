/* SPDX-License-Identifier: MIT */
/*
 * A small file that several processes change: each reads it, and replaces it as a whole, alone.
 *
 * The file itself is locked (flock(2), which a kill releases), and since the one that holds the
 * lock puts another in its place, whoever gets the lock afterwards looks whether it is still there.
 */
#ifndef CO_RUNTIME_FILE_EDIT_H
#define CO_RUNTIME_FILE_EDIT_H

#include "runtime/file.h"

struct co_file_edit {
    char *path;         /* of the file itself, after links */
    int fd;             /* locked */
    struct co_buf text; /* what it holds */
};

/*
 * Begins: the file is there (made empty, for its owner alone, when it was not), locked, and read.
 * Suspends: while another process has it, for 10 seconds at most.
 * Returns 0; -EBUSY after that time; -EINVAL when it is no regular file; CO_ETOOBIG, -errno,
 * CO_ECANCELED, CO_EDEADLINE; then nothing is to be ended.
 */
int co_file_edit_begin(struct co_file_edit *edit, const char *path, size_t bytes_max);

/* Ends: the content stands in the place of the old one, synced, readable by the owner alone.
 * Suspends. 0, -errno, CO_ECANCELED, CO_EDEADLINE: then the old one stays. */
int co_file_edit_commit(struct co_file_edit *edit, co_text content);

/* Ends: the old one stays. Does not suspend. */
void co_file_edit_abort(struct co_file_edit *edit);

/* Ends by the text, which is freed: commits it, or aborts when making it has failed, which `rc`
 * says. Returns that, else as commit. */
int co_file_edit_end(struct co_file_edit *edit, int rc, struct co_buf *text);

#endif

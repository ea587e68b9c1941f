/* SPDX-License-Identifier: MIT */
/*
 * A file that is read, changed and replaced as a whole: at any moment there is the old one or the
 * new one, also after a crash, and of several programs that do so at once each sees what the others
 * made.
 */
#ifndef CO_CMD_REPLACE_H
#define CO_CMD_REPLACE_H

#include "app/passwd.h"

#include <stdio.h>

struct co_replace {
    char *path;       /* where links lead to */
    char *folder;     /* of it, with a '/' behind it */
    const char *name; /* in the folder */
    int folder_fd;    /* holds the lock; -1 */
    char *temporary;  /* what co_replace_open has made; NULL */
};

/* Finds the file, which need not exist. 0, -errno; co_replace_end in any case. */
int co_replace_begin(struct co_replace *replace, const char *path);
void co_replace_end(struct co_replace *replace);

/* The file's bytes; none when there is no file. 0; -EMEDIUMTYPE when it is no regular file;
 * CO_ETOOBIG and -ENOMEM of the buffer; -errno. */
int co_replace_read(const struct co_replace *replace, struct co_buf *ret);

/* The bytes of a file that must exist. Returns as co_replace_read, or -ENOENT. */
int co_replace_read_path(const char *path, struct co_buf *ret);

/* From here to the end nobody else who locks it changes it. Waits for others. */
int co_replace_lock(struct co_replace *replace);

/* Makes these bytes the file's, with owner and mode as they were, or ours alone when it is new. On
 * the disk on return. 0, -errno: then nothing has changed. */
int co_replace_write(const struct co_replace *replace, const struct co_buf *text);

/* What is to be the file's content, to be written piece by piece. 0, -errno. */
int co_replace_open(struct co_replace *replace, FILE **ret);

/* Closes it, and makes it the file, with owner and mode as they were, or those of any new file. 0,
 * -errno: then nothing has changed. */
int co_replace_commit(struct co_replace *replace, FILE *file);

/* Closes and removes it. */
void co_replace_abort(struct co_replace *replace, FILE *file);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Partial files: what uploads are before they are whole. Named ".coronet-HASH.part", or
 * ".coronet-HASH-N.part" for the Nth at once of the same name by the same uploader.
 *
 * Whoever works on one holds an advisory lock on it (flock(2), which a kill releases), and only the
 * holder may rename or remove it. A name may have come to mean another file between the open and
 * the lock: so it is compared afterwards. One with a second link was committed by a server that
 * died before it could take the hidden name away; it is a name too many, and never written to.
 */
#ifndef CO_TREE_PARTIAL_H
#define CO_TREE_PARTIAL_H

#include "tree/lookup.h"
#include "tree/quota.h"

#define CO_PARTIAL_NAME_ROOM 64

struct co_partial_name {
    char at[CO_PARTIAL_NAME_ROOM];
};

/* Is it the name of a partial file? Letters' case does not matter: some file systems ignore it. */
bool co_partial_is_name(co_text name);

/* The name of the partial file; nth: 0 for the one that is found again. */
struct co_partial_name co_partial_name(
    const struct co_tree *tree, co_text uploader, co_text name, unsigned nth);

/* The rest is for pool threads. `folder` is a descriptor, may be O_PATH. */

/* Opens the partial file for writing and locks it; makes it when there is none. ret_fd: closing it
 * releases the lock. 0; -EBUSY when somebody else has it, or it is nothing that we may use; -errno.
 */
int co_partial_acquire(int folder, const char *name, int *ret_fd, struct stat *ret);

/* Was the partial file written to since the whole one came, so that it goes on from there? */
bool co_partial_is_younger(const struct stat *partial, const struct co_tree_stat *whole);

/* What lies there under the name, if it is one. 0, -ENOENT, -errno. */
int co_partial_stat(int folder, const char *name, struct stat *ret);

/* Removes the locked partial file, if somebody has not yet, and gives its bytes back. */
int co_partial_remove(int folder, const char *name, int fd, struct co_quota *quota);

/* Removes a partial file that nobody works on, if it was last written before `before` (seconds
 * since 1970). 0, -EBUSY when it is in use or younger, -errno. */
int co_partial_drop(int folder, const char *name, int64_t before, struct co_quota *quota);

/* Was the folder searched for old partial files within this hour? Does not block. */
bool co_partial_is_swept(struct co_tree *tree, const struct stat *folder, int64_t now);

/* May the folder be searched for old partial files now (at most once an hour, `now` in seconds)?
 * Does not block. */
bool co_partial_sweep_is_due(struct co_tree *tree, const struct stat *folder, int64_t now);

#endif

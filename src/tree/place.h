/* SPDX-License-Identifier: MIT */
/*
 * A place in the tree: a folder, held open, and a name in it. What is made, removed or renamed is
 * addressed so: the folder's path is resolved by the kernel beneath the root once, and whatever
 * becomes of that path afterwards, the name is taken in that folder, as it is, never followed.
 */
#ifndef CO_TREE_PLACE_H
#define CO_TREE_PLACE_H

#include "tree/lookup.h"

struct co_place {
    struct co_tree *tree;
    char *path;         /* the whole, as for a look-up; owns the next two */
    const char *folder; /* its path; "." is the root */
    const char *name;   /* "" when the place is the root itself */
    bool folder_meant;  /* by a trailing slash */
    int parent; /* the folder, O_PATH, maybe the tree's own root; -1 before co_place_enter */
};

/* Takes the path apart. hidden_error: for a last name that does not exist in this tree whatever is
 * on the disk (-EPERM for whoever would make it, -ENOENT for the others). 0, -ENAMETOOLONG,
 * -ENOENT, -ENOMEM. */
int co_place_open(struct co_place *ret, struct co_tree *tree, co_text path, int hidden_error);
void co_place_close(struct co_place *place);

/* Opens the folder: for a pool thread. As co_lookup_wait, and -ENOTDIR. */
int co_place_enter(struct co_place *place);

/* What the name itself is: a file, a folder or a link; anything else does not exist. For a pool
 * thread. 0, -ENOENT, -ENOTDIR when a folder was meant and this is none, -errno. */
int co_place_stat(const struct co_place *place, struct stat *ret);

/* What an errno of a change comes to: -EPERM is the account's, so what the disk forbids, as in a
 * sticky folder, is -EACCES. */
int co_place_refusal(int error);

/* Renames `name` in the folder `from` to the place, without a race between the question whether
 * there is something and the renaming. For a pool thread. 0, -EEXIST, -errno. */
int co_place_take(const struct co_place *place, int from, const char *name, bool replace);

/* Makes the folder's entries durable. For a pool thread. fd: an open file in it. 0, -errno. */
int co_place_sync(const struct co_place *place, int fd);

#endif

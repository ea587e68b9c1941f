/* SPDX-License-Identifier: MIT */
/*
 * Changing what lies in a tree: folders, names, times, modes. Uploads are upload.h's.
 *
 * A path is resolved as for reading, down to its parent; the last name is then taken as it is, so
 * that a link is removed or renamed itself, never what it leads to; one that leads out of the tree,
 * or nowhere, does not exist, but that the latter can be removed. All suspend (a pool thread does
 * the work) and return 0; -EPERM without the right (tree.h), -ENOENT, -EACCES (this process may
 * not), -EROFS, -ENOSPC, -EDQUOT and other -errno; CO_ECANCELED, CO_EDEADLINE before anything was
 * done. Names that the tree hides cannot be made either: -EPERM. What is neither file nor folder
 * nor link does not exist.
 */
#ifndef CO_TREE_EDIT_H
#define CO_TREE_EDIT_H

#include "tree/tree.h"

/* CO_MAY_ADD. -EEXIST when there is something. */
int co_tree_folder_make(struct co_tree *tree, co_text path);

/* CO_MAY_CHANGE. -EISDIR for a folder; gives its bytes back to the quota, when it was the last
 * name of the file. */
int co_tree_file_remove(struct co_tree *tree, co_text path);

/* CO_MAY_CHANGE. -ENOTDIR for a file, -ENOTEMPTY (hidden names count, leftover partial uploads
 * do not: they go with it), -EPERM for the root. */
int co_tree_folder_remove(struct co_tree *tree, co_text path);

/* CO_MAY_CHANGE. replace: a file at `to` goes, as in rename(2); else -EEXIST, without a race.
 * -EINVAL when a folder would move below itself; -EXDEV across mounts; -EPERM for the root. */
int co_tree_rename(struct co_tree *tree, co_text from, co_text to, bool replace);

/* CO_MAY_CHANGE. Of a file or folder, through links. */
int co_tree_set_modified(struct co_tree *tree, co_text path, int64_t modified_ns);

/* CO_MAY_CHANGE. mode: of it only 0777 is used, all other bits go; but a folder keeps its
 * owner's rwx, and its setgid and sticky bits. */
int co_tree_set_mode(struct co_tree *tree, co_text path, uint32_t mode);

#endif

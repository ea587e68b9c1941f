/* SPDX-License-Identifier: MIT */
/* Short words for what is done to the tree of upload_rig.h, beside uploads. */
#ifndef CO_TEST_TREE_EDIT_RIG_H
#define CO_TEST_TREE_EDIT_RIG_H

#include "upload_rig.h"

#include "tree/lookup.h"

#define PART ".coronet-0123456789abcdef.part"

static inline int make(const char *path)
{
    return co_tree_folder_make(tree, co_text_of(path));
}

static inline int remove_file(const char *path)
{
    return co_tree_file_remove(tree, co_text_of(path));
}

static inline int remove_folder(const char *path)
{
    return co_tree_folder_remove(tree, co_text_of(path));
}

static inline int move(const char *from, const char *to, bool replace)
{
    return co_tree_rename(tree, co_text_of(from), co_text_of(to), replace);
}

static inline int set_mode(const char *path, uint32_t mode)
{
    return co_tree_set_mode(tree, co_text_of(path), mode);
}

#endif

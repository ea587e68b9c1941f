/* SPDX-License-Identifier: MIT */
/* A tree for whoever may do everything, with an account; and short words for what is done to it. */
#ifndef CO_TEST_TREE_EDIT_RIG_H
#define CO_TEST_TREE_EDIT_RIG_H

#include "test_tree.h"

#include "tree/edit.h"
#include "tree/lookup.h"
#include "tree/quota.h"
#include "tree/upload.h"

#define PART ".coronet-0123456789abcdef.part"

static struct co_quota quota;
static struct co_tree *tree;

static inline int edit_setup(void **state)
{
    test_setup(state);
    quota = (struct co_quota){.bytes_max = 1000};
    struct co_tree_options options = {.rights = CO_MAY_ALL, .quota = &quota};
    tree = tree_with(&options);
    return 0;
}

static inline int edit_teardown(void **state)
{
    co_tree_free(tree);
    return test_teardown(state);
}

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

#define EDIT_TEST(name) cmocka_unit_test_setup_teardown(name, edit_setup, edit_teardown)

#endif

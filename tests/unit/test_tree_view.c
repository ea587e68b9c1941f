/* SPDX-License-Identifier: MIT */
#include "test_tree.h"

#include "tree/view.h"

static struct co_tree_views views;

static int setup(void **state)
{
    int rc = test_setup(state);
    folder("root/home");
    folder("root/other");
    put("root/home/file", "inside");
    put("root/other/file", "inside too");
    co_tree_views_init(&views, base.tree, false);
    return rc;
}

static int teardown(void **state)
{
    co_tree_views_clear(&views);
    return test_teardown(state);
}

static struct co_tree_view *enter(const char *home, unsigned rights)
{
    struct co_tree_view *view = NULL;
    const struct co_account account = {.home = home, .rights = rights};
    assert_int_equal(co_tree_view_enter(&views, &account, &view), 0);
    return view;
}

static int peek_at(struct co_tree_view *view, char ret_bytes[16])
{
    return peek(view->tree, "file", ret_bytes);
}

static void accounts_of_the_same_home_and_rights_share_one(void **state)
{
    (void)state;
    struct co_tree_view *one = enter("home", CO_MAY_BROWSE), *same = enter("home", CO_MAY_BROWSE);
    struct co_tree_view *writes = enter("home", CO_MAY_ALL), *other = enter("other", CO_MAY_BROWSE);
    char bytes[16];
    assert_ptr_equal(one, same);
    assert_ptr_not_equal(one, writes);
    assert_int_equal(co_tree_rights(writes->tree), CO_MAY_ALL);
    assert_int_equal(peek_at(one, bytes), 0);
    assert_string_equal(bytes, "inside");
    assert_int_equal(peek_at(other, bytes), 0);
    assert_string_equal(bytes, "inside too");
    co_tree_view_leave(one);
    co_tree_view_leave(same);
    co_tree_view_leave(writes);
    co_tree_view_leave(other);
    co_tree_view_leave(NULL);
}

static void no_home_is_the_root_itself(void **state)
{
    (void)state;
    char bytes[16];
    struct co_tree_view *view = enter(NULL, CO_MAY_BROWSE), *empty = enter("", CO_MAY_BROWSE);
    assert_ptr_equal(view, empty);
    assert_int_equal(peek(view->tree, "home/file", bytes), 0);
    co_tree_view_leave(view);
    co_tree_view_leave(empty);
}

/* Whoever comes then sees the new one; whoever is there keeps theirs. */
static void another_folder_with_the_home_s_name_is_another_view(void **state)
{
    (void)state;
    char bytes[16];
    struct co_tree_view *before = enter("home", CO_MAY_BROWSE);
    assert_int_equal(renameat(base.fd, "root/home", base.fd, "root/was"), 0);
    assert_int_equal(renameat(base.fd, "root/other", base.fd, "root/home"), 0);
    struct co_tree_view *after = enter("home", CO_MAY_BROWSE);
    assert_ptr_not_equal(before, after);
    assert_int_equal(peek_at(after, bytes), 0);
    assert_string_equal(bytes, "inside too");
    assert_int_equal(peek_at(before, bytes), 0);
    assert_string_equal(bytes, "inside");
    co_tree_view_leave(before);
    co_tree_view_leave(after);
}

static void a_home_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct co_tree_view *view = NULL;
    const struct co_account nowhere = {.home = "nowhere"}, file = {.home = "home/file"};
    assert_int_equal(co_tree_view_enter(&views, &nowhere, &view), -ENOENT);
    assert_int_equal(co_tree_view_enter(&views, &file, &view), -ENOTDIR);
    assert_null(view);
}

static void few_stay_and_those_in_use_outlive_their_place(void **state)
{
    (void)state;
    char name[32], bytes[16];
    struct co_tree_view *first = enter("home", CO_MAY_BROWSE);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "root/home%d", i);
        folder(name);
        co_tree_view_leave(enter(name + strlen("root/"), CO_MAY_BROWSE));
    }
    assert_true(views.count < 20);
    assert_int_equal(peek_at(first, bytes), 0);
    assert_string_equal(bytes, "inside");
    assert_int_equal(first->references, 1);
    co_tree_views_clear(&views);
    assert_int_equal(views.count, 0);
    co_tree_view_leave(first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accounts_of_the_same_home_and_rights_share_one),
        TEST(no_home_is_the_root_itself),
        TEST(another_folder_with_the_home_s_name_is_another_view),
        TEST(a_home_that_is_not_there_is_told),
        TEST(few_stay_and_those_in_use_outlive_their_place),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

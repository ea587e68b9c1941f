/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "transfer/mirror.h"
#include "transfer/pending.h"

#include <errno.h>
#include <stdio.h>

static bool takes(
    const char *const *includes, const char *const *excludes, const char *path, bool is_folder)
{
    const struct co_mirror_rules rules = {includes, excludes};
    return co_mirror_takes(&rules, co_text_of(path), is_folder);
}

static const char *const text[] = {"*.txt", NULL}, *const none[] = {NULL};

static void without_rules_all_is_taken(void **state)
{
    (void)state;
    assert_true(takes(NULL, NULL, "a/b", false));
    assert_true(takes(none, none, ".hidden", false));
}

static void excludes_leave_out_and_includes_bring_back(void **state)
{
    (void)state;
    static const char *const all[] = {"*", NULL}, *const deep[] = {"a/b", "/c", NULL};
    assert_false(takes(NULL, text, "d/x.txt", false));
    assert_true(takes(NULL, text, "d/x.txt/y", false));
    assert_true(takes(text, all, "d/x.txt", false));
    assert_false(takes(text, all, "d/x.c", false));
    assert_false(takes(text, all, "d", true));
    assert_false(takes(NULL, deep, "a/b", true));
    assert_true(takes(NULL, deep, "z/a/b", true));
    assert_false(takes(NULL, deep, "c", false));
    assert_true(takes(NULL, deep, "a/c", false));
}

static void includes_alone_choose_files_but_not_folders(void **state)
{
    (void)state;
    assert_true(takes(text, NULL, "x.txt", false));
    assert_false(takes(text, NULL, "x.c", false));
    assert_true(takes(text, NULL, "folder", true));
}

static void a_star_matches_no_slash(void **state)
{
    (void)state;
    static const char *const one[] = {"a/*", NULL};
    assert_false(takes(NULL, one, "a/b", false));
    assert_true(takes(NULL, one, "a/b/c", false));
    assert_true(takes(NULL, one, "a", true));
}

static void a_slash_at_the_end_means_folders(void **state)
{
    (void)state;
    static const char *const names[] = {".git/", "a/b/", "/c/", NULL};
    assert_false(takes(NULL, names, ".git", true));
    assert_false(takes(NULL, names, "deep/down/.git", true));
    assert_true(takes(NULL, names, "deep/.git", false));
    assert_false(takes(NULL, names, "a/b", true));
    assert_true(takes(NULL, names, "a/b", false));
    assert_true(takes(NULL, names, "z/a/b", true));
    assert_false(takes(NULL, names, "c", true));
    assert_true(takes(NULL, names, "z/c", true));
}

static void a_folder_within_itself_is_not_entered(void **state)
{
    (void)state;
    struct co_pending pending = CO_PENDING;
    struct co_buf path = CO_BUF(CO_PENDING_PATH_MAX + 1);
    struct co_lineage lineage = {.count = 0};
    assert_int_equal(co_pending_enter(&pending, (co_text){0}, CO_TEXT("a"), &lineage, 1), 0);
    assert_int_equal(co_pending_add(&pending, (co_text){0}, CO_TEXT("z")), 0);
    assert_true(co_pending_take(&pending, &path, &lineage));
    assert_int_equal(lineage.count, 0);
    assert_true(co_pending_take(&pending, &path, &lineage));
    assert_string_equal(path.at, "a");
    assert_int_equal(co_pending_enter(&pending, CO_TEXT("a"), CO_TEXT("b"), &lineage, 0), 0);
    assert_int_equal(co_pending_enter(&pending, CO_TEXT("a"), CO_TEXT("c"), &lineage, 2), 0);
    assert_int_equal(co_pending_enter(&pending, CO_TEXT("a"), CO_TEXT("d"), &lineage, 1), -ELOOP);
    assert_true(co_pending_take(&pending, &path, &lineage));
    assert_int_equal(co_pending_enter(&pending, CO_TEXT("a/c"), CO_TEXT("e"), &lineage, 1), -ELOOP);
    assert_int_equal(co_pending_enter(&pending, CO_TEXT("a/c"), CO_TEXT("e"), &lineage, 3), 0);
    co_pending_free(&pending);
    co_buf_free(&path);
}

static void folders_wait_in_a_bounded_stack(void **state)
{
    (void)state;
    struct co_pending pending = CO_PENDING;
    struct co_buf path = CO_BUF(CO_PENDING_PATH_MAX + 1);
    assert_int_equal(co_pending_add(&pending, (co_text){0}, CO_TEXT("a")), 0);
    assert_int_equal(co_pending_add(&pending, CO_TEXT("a"), CO_TEXT("b")), 0);
    assert_true(co_pending_take(&pending, &path, NULL));
    assert_string_equal(path.at, "a/b");
    assert_true(co_pending_take(&pending, &path, NULL));
    assert_string_equal(path.at, "a");
    assert_false(co_pending_take(&pending, &path, NULL));
    co_buf_clear(&path);
    int rc = 0;
    for (int depth = 0; depth < CO_PENDING_DEPTH_MAX && rc == 0; depth++) {
        rc = co_pending_add(&pending, co_buf_text(&path), CO_TEXT("d"));
        assert_true(rc == 0 && co_pending_take(&pending, &path, NULL));
    }
    assert_int_equal(co_pending_add(&pending, co_buf_text(&path), CO_TEXT("d")), CO_ETOOBIG);
    static char longest[CO_PENDING_PATH_MAX];
    assert_int_equal(
        co_pending_add(&pending, (co_text){longest, sizeof longest}, CO_TEXT("d")), CO_ETOOBIG);
    co_pending_free(&pending);
    co_buf_free(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_all_is_taken),
        cmocka_unit_test(excludes_leave_out_and_includes_bring_back),
        cmocka_unit_test(includes_alone_choose_files_but_not_folders),
        cmocka_unit_test(a_star_matches_no_slash),
        cmocka_unit_test(a_slash_at_the_end_means_folders),
        cmocka_unit_test(a_folder_within_itself_is_not_entered),
        cmocka_unit_test(folders_wait_in_a_bounded_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

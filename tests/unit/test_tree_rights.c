/* SPDX-License-Identifier: MIT */
#include "test_tree.h"

#include "tree/edit.h"
#include "tree/upload.h"

/* ---- rights --------------------------------------------------------------------------------- */

/* What a call says to whoever has just one right: 0 or -EPERM. */
static int call_open_file(struct co_tree *of)
{
    char bytes[16];
    return peek(of, "file", bytes);
}

static int call_open_folder(struct co_tree *of)
{
    char bytes[16];
    return peek(of, "a", bytes);
}

static int call_stat_file(struct co_tree *of)
{
    struct co_tree_stat stat;
    return co_tree_stat_path(of, CO_TEXT("file"), &stat);
}

static int call_stat_folder(struct co_tree *of)
{
    struct co_tree_stat stat;
    return co_tree_stat_path(of, CO_TEXT("a"), &stat);
}

static int call_list(struct co_tree *of)
{
    struct co_tree_entry *entries;
    bool more;
    ssize_t count = co_tree_list(of, CO_TEXT("a"), 10, &entries, &more);
    if (count >= 0)
        co_tree_entries_free(entries, (size_t)count);
    return (int)count;
}

static int call_make(struct co_tree *of)
{
    int rc = co_tree_folder_make(of, CO_TEXT("new"));
    return rc == 0 ? unlinkat(base.fd, "root/new", AT_REMOVEDIR) : rc;
}

static int call_remove_file(struct co_tree *of)
{
    put("root/gone", "inside");
    return co_tree_file_remove(of, CO_TEXT("gone"));
}

static int call_remove_folder(struct co_tree *of)
{
    (void)mkdirat(base.fd, "root/empty", 0755);
    return co_tree_folder_remove(of, CO_TEXT("empty"));
}

static int call_rename(struct co_tree *of)
{
    put("root/gone", "inside");
    return co_tree_rename(of, CO_TEXT("gone"), CO_TEXT("there"), true);
}

static int call_time(struct co_tree *of)
{
    return co_tree_set_modified(of, CO_TEXT("file"), 0);
}

static int call_mode(struct co_tree *of)
{
    return co_tree_set_mode(of, CO_TEXT("file"), 0644);
}

static int upload_to(struct co_tree *of, const char *path)
{
    struct co_upload *upload;
    struct co_upload_options options = {.uploader = CO_TEXT("alice")};
    int rc = co_upload_open(&upload, of, co_text_of(path), &options);
    return rc < 0 ? rc : co_upload_commit(upload, false);
}

static int call_upload_new(struct co_tree *of)
{
    int rc = upload_to(of, "upload");
    return rc == 0 ? unlinkat(base.fd, "root/upload", 0) : rc;
}

static int call_upload_over(struct co_tree *of)
{
    return upload_to(of, "file");
}

static int call_partial(struct co_tree *of)
{
    uint64_t bytes;
    int rc = co_upload_partial(of, CO_TEXT("file"), CO_TEXT("alice"), &bytes);
    return rc == -ENOENT ? 0 : rc;
}

static void each_call_asks_for_its_right(void **state)
{
    (void)state;
    enum { R = CO_MAY_READ, L = CO_MAY_LIST, A = CO_MAY_ADD, C = CO_MAY_CHANGE };
    const struct {
        int (*call)(struct co_tree *of);
        unsigned any_of;
    } calls[] = {
        {call_open_file, R},
        {call_open_folder, R | L},
        {call_stat_file, R | L | C},
        {call_stat_folder, R | L | A | C},
        {call_list, L},
        {call_make, A},
        {call_remove_file, C},
        {call_remove_folder, C},
        {call_rename, C},
        {call_time, C},
        {call_mode, C},
        {call_upload_new, A},
        {call_upload_over, C},
        {call_partial, A | C},
    };
    folder("root/a");
    put("root/file", "inside");
    for (unsigned rights = 1; rights <= CO_MAY_ALL; rights++) {
        struct co_tree_options options = {.rights = rights};
        struct co_tree *of = tree_with(&options);
        assert_int_equal(co_tree_rights(of), rights);
        for (size_t i = 0; i < CO_LENGTH(calls); i++)
            assert_int_equal(calls[i].call(of), rights & calls[i].any_of ? 0 : -EPERM);
        co_tree_free(of);
    }
    assert_int_equal(co_tree_rights(base.tree), CO_MAY_BROWSE);
}

/* Whoever may neither read nor list cannot try names. */
static void a_drop_box_does_not_tell_what_lies_in_it(void **state)
{
    (void)state;
    struct co_tree_options options = {.rights = CO_MAY_ADD};
    struct co_tree *box = tree_with(&options);
    char bytes[16];
    put("root/file", "inside");
    assert_int_equal(peek(box, "file", bytes), -EPERM);
    assert_int_equal(peek(box, "none", bytes), -EPERM);
    co_tree_free(box);
}

/* ---- homes ---------------------------------------------------------------------------------- */

static void a_home_is_a_tree_of_its_own(void **state)
{
    (void)state;
    folder("root/alice");
    put("root/alice/file", "inside");
    put("root/other", "outside");
    link_to("root/alice/up", "../other");
    link_to("root/bob", "alice");
    struct co_tree *home;
    struct co_tree_options options = {.rights = CO_MAY_ALL};
    assert_int_equal(co_tree_open_below(&home, base.tree, CO_TEXT("bob"), &options), 0);
    char bytes[16];
    assert_int_equal(peek(home, "file", bytes), 0);
    assert_string_equal(bytes, "inside");
    assert_refused(home, "up", -ENOENT);
    assert_refused(home, "../other", -ENOENT);
    assert_int_equal(co_tree_rights(home), CO_MAY_ALL);
    assert_int_equal(co_tree_folder_make(home, CO_TEXT("new")), 0);
    assert_true(exists("root/alice/new"));
    assert_int_equal(renameat(base.fd, "root/alice", base.fd, "root/moved"), 0);
    assert_int_equal(peek(home, "file", bytes), 0); /* what the path named then */
    co_tree_free(home);
    assert_int_equal(co_tree_open_below(&home, base.tree, CO_TEXT("other"), NULL), -ENOTDIR);
    assert_int_equal(co_tree_open_below(&home, base.tree, CO_TEXT("none"), NULL), -ENOENT);
    assert_int_equal(co_tree_open_below(&home, base.tree, CO_TEXT(".."), NULL), -ENOENT);
    assert_int_equal(co_tree_open_below(&home, base.tree, CO_TEXT(""), NULL), 0);
    assert_int_equal(co_tree_rights(home), CO_MAY_BROWSE);
    co_tree_free(home);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_call_asks_for_its_right),
        TEST(a_drop_box_does_not_tell_what_lies_in_it),
        TEST(a_home_is_a_tree_of_its_own),
    };
    return run_in_each_world(tests);
}

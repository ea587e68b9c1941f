/* SPDX-License-Identifier: MIT */
#include "upload_rig.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define DISK   (64u << 10) /* of the small file system */
#define SECOND 1234567890

static int whole_setup(void **state)
{
    test_setup(state);
    struct co_tree_options options = {.rights = CO_MAY_ALL, .at_once = true};
    tree = tree_with(&options);
    return 0;
}

static int make(const char *path, const char *text)
{
    return co_upload_whole(tree, co_text_of(path),
        &(struct co_upload_whole){.bytes = text,
            .size = strlen(text),
            .uploader = CO_TEXT("alice"),
            .dated = true,
            .modified_ns = SECOND * CO_SECOND,
            .now = time(NULL)});
}

/* The first upload to a folder looks for what was left there long ago. */
static void sweep(const char *path)
{
    co_upload_abort(begin(path, anew), false);
}

static void bytes_time_and_mode_are_there_with_the_name(void **state)
{
    (void)state;
    sweep("file");
    mode_t before = umask(027);
    assert_int_equal(make("file", "inside"), 0);
    umask(before);
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(stat_of("root/file").st_mtim.tv_sec, SECOND);
    assert_int_equal(stat_of("root/file").st_mode, S_IFREG | 0640);
    assert_int_equal(make("empty", ""), 0);
    assert_int_equal(stat_of("root/empty").st_size, 0);
    assert_int_equal(names_in("root"), 2);
}

static void so_are_they_in_a_folder_and_on_the_disk(void **state)
{
    (void)state;
    folder("root/a");
    sweep("a/file");
    struct co_upload_whole file = {.bytes = "inside", .size = 6, .now = time(NULL), .sync = true};
    assert_int_equal(co_upload_whole(tree, CO_TEXT("a/file"), &file), 0);
    assert_string_equal(content_of("root/a/file"), "inside");
    assert_true(stat_of("root/a/file").st_mtim.tv_sec != SECOND);
}

static void a_kernel_that_names_nothing_by_descriptor_has_proc(void **state)
{
    (void)state;
    sweep("file");
    tree->link_open = false;
    assert_int_equal(make("file", "inside"), 0);
    assert_int_equal(make("file", "again"), 1);
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(names_in("root"), 1);
}

static void what_has_the_name_stays(void **state)
{
    (void)state;
    put("root/file", "old");
    folder("root/folder");
    link_to("root/link", "../outside/file");
    link_to("root/nowhere", "../outside/other");
    sweep("new");
    assert_int_equal(make("file", "new"), 1);
    assert_int_equal(make("folder", "new"), 1);
    assert_int_equal(make("link", "new"), 1);
    assert_int_equal(make("nowhere", "new"), 1);
    assert_string_equal(content_of("root/file"), "old");
    assert_string_equal(content_of("outside/file"), "outside");
    assert_false(exists("outside/other"));
    assert_int_equal(names_in("root"), 4);
}

static void names_that_lead_out_or_do_not_exist_are_left_to_the_usual_way(void **state)
{
    (void)state;
    static const char *const names[] = {"", "../outside/new", "out/new", "folder/", ".hidden", "/x",
        "none/new", "a/../new", ".coronet-0123456789abcdef.part"};
    link_to("root/out", "../outside");
    folder("root/folder");
    sweep("new");
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        assert_int_equal(make(names[i], "inside"), 1);
    assert_int_equal(names_in("root"), 2);
    assert_int_equal(names_in("outside"), 1);
}

static void a_partial_file_of_the_same_gives_way(void **state)
{
    (void)state;
    leave_partial("file", "insi");
    leave_partial("other", "ins");
    assert_int_equal(make("file", "inside"), 0);
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(partial_of("other"), 3);
    struct co_upload *upload = begin("third", anew); /* somebody is at work on that */
    assert_int_equal(make("third", "inside"), 0);
    add(upload, "more");
    assert_int_equal(co_upload_commit(upload, false), 0);
    assert_string_equal(content_of("root/third"), "more");
}

static void so_does_one_of_an_earlier_run(void **state)
{
    (void)state;
    leave_partial("file", "insi");
    co_tree_free(tree);
    struct co_tree_options options = {.rights = CO_MAY_ALL, .at_once = true};
    tree = tree_with(&options);
    sweep("new");
    assert_int_equal(make("file", "inside"), 0);
    assert_int_equal(names_in("root"), 1);
}

static void a_folder_that_was_not_swept_and_an_account_go_the_usual_way(void **state)
{
    (void)state;
    assert_int_equal(make("file", "inside"), 1);
    sweep("file");
    quota = (struct co_quota){.bytes_max = UINT64_MAX};
    tree->quota = &quota;
    assert_int_equal(make("file", "inside"), 1);
    tree->quota = NULL;
    assert_int_equal(make("file", "inside"), 0);
}

static void whoever_may_not_add_makes_nothing(void **state)
{
    (void)state;
    sweep("file");
    tree->rights = CO_MAY_CHANGE | CO_MAY_BROWSE;
    assert_int_equal(make("file", "inside"), 1);
    assert_int_equal(names_in("root"), 0);
}

/* In a mount namespace of its own, which takes a child. 99: that is not allowed here. */
static int full_disk(void)
{
    static char bytes[DISK + 1];
    char root[80], options[32];
    snprintf(root, sizeof root, "%s/root", base.path);
    snprintf(options, sizeof options, "size=%u", DISK);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", root, "tmpfs", 0, options) < 0)
        return 99;
    struct co_tree_options all = {.rights = CO_MAY_ALL, .at_once = true};
    if (co_tree_open(&tree, root, &all) < 0)
        return 98;
    sweep("file");
    struct co_upload_whole file = {.bytes = bytes, .size = sizeof bytes, .now = time(NULL)};
    if (co_upload_whole(tree, CO_TEXT("file"), &file) != 1)
        return 1;
    file.size = DISK / 2; /* nothing of the first is in its way */
    return co_upload_whole(tree, CO_TEXT("file"), &file) == 0 ? 0 : 2;
}

static void where_no_room_is_nothing_is_left_m04(void **state)
{
    (void)state;
    pid_t child = fork();
    int status;
    if (child == 0)
        _exit(full_disk());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- in a fiber ------------------------------------------------------------------------------ */

/* What is short is done on the spot, and after a wait for the disk by the pool for a while. */
static void a_slow_disk_sends_work_to_the_pool(void **state)
{
    (void)state;
    struct co_rt *rt = co_rt_current();
    sweep("file");
    assert_int_equal(make("file", "inside"), 0);
    if (!rt || rt->backend->is_virtual)
        return;
    tree->slow_jobs = 2;
    assert_int_equal(make("second", "inside"), 0);
    assert_int_equal(tree->slow_jobs, 1);
    assert_non_null(rt->workers);
}

static void nothing_is_made_once_the_scope_has_ended(void **state)
{
    (void)state;
    co_scope scope;
    struct co_rt *rt = co_rt_current();
    if (!rt || rt->backend->is_virtual)
        return;
    sweep("file");
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    assert_int_equal(make("file", "inside"), CO_ECANCELED);
    (void)co_scope_close(&scope);
    assert_int_equal(names_in("root"), 0);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, whole_setup, upload_teardown)

int main(void)
{
    const struct CMUnitTest alone[] = {EACH(where_no_room_is_nothing_is_left_m04)};
    const struct CMUnitTest tests[] = {
        EACH(bytes_time_and_mode_are_there_with_the_name),
        EACH(so_are_they_in_a_folder_and_on_the_disk),
        EACH(a_kernel_that_names_nothing_by_descriptor_has_proc),
        EACH(what_has_the_name_stays),
        EACH(names_that_lead_out_or_do_not_exist_are_left_to_the_usual_way),
        EACH(a_partial_file_of_the_same_gives_way),
        EACH(so_does_one_of_an_earlier_run),
        EACH(a_folder_that_was_not_swept_and_an_account_go_the_usual_way),
        EACH(whoever_may_not_add_makes_nothing),
        EACH(a_slow_disk_sends_work_to_the_pool),
        EACH(nothing_is_made_once_the_scope_has_ended),
    };
    return cmocka_run_group_tests(alone, NULL, NULL) || run_in_each_world(tests);
}

/* SPDX-License-Identifier: MIT */
/* What an upload takes of a quota, and what a tree holds already. */
#include "upload_rig.h"

static void bytes_are_counted_as_they_are_written_f18(void **state)
{
    (void)state;
    quota.bytes_max = 10;
    struct co_upload *upload = begin("file", anew);
    add(upload, "12345678");
    assert_int_equal(quota.bytes_used, 8);
    assert_int_equal(co_upload_write(upload, "9ab", 3), -EDQUOT);
    assert_int_equal(co_upload_size(upload), 8);
    assert_int_equal(quota.bytes_used, 8);
    co_upload_abort(upload, true);
    leave_partial("file", "12345678");
    assert_int_equal(quota.bytes_used, 8);
    upload = begin("other", anew);
    assert_int_equal(co_upload_write(upload, "123", 3), -EDQUOT);
    co_upload_abort(upload, true);
    upload = begin("file", resume(4));
    assert_int_equal(quota.bytes_used, 4);
    add(upload, "567890");
    assert_int_equal(quota.bytes_used, 10);
    finish(upload);
    assert_int_equal(quota.bytes_used, 10);
    assert_int_equal(co_tree_rename(tree, CO_TEXT("file"), CO_TEXT("moved"), false), 0);
    assert_int_equal(quota.bytes_used, 10);
    assert_int_equal(co_tree_file_remove(tree, CO_TEXT("moved")), 0);
    assert_int_equal(quota.bytes_used, 0);
}

/* Nobody sees a partial file, so nobody could make the room again that it takes. */
static void what_finds_no_room_leaves_only_what_had_come_before_f18(void **state)
{
    (void)state;
    quota.bytes_max = 10;
    struct co_upload *upload = begin("file", anew);
    add(upload, "12345678");
    assert_int_equal(co_upload_write(upload, "9ab", 3), -EDQUOT);
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(quota.bytes_used, 0);
    leave_partial("file", "1234");
    upload = begin("file", resume(3));
    add(upload, "456");
    assert_int_equal(co_upload_write(upload, "789ab", 5), -EDQUOT);
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), 3);
    assert_int_equal(quota.bytes_used, 3);
    upload_text("whole", "1234");
    upload = begin("whole", append);
    add(upload, "56");
    assert_int_equal(co_upload_write(upload, "789", 3), -EDQUOT);
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("whole"), -1);
    assert_int_equal(quota.bytes_used, 7);
}

static void an_aborted_upload_gives_its_bytes_back_f18(void **state)
{
    (void)state;
    struct co_upload *upload = begin("file", anew);
    add(upload, "inside");
    co_upload_abort(upload, false);
    assert_int_equal(quota.bytes_used, 0);
    leave_partial("file", "inside");
    co_upload_abort(begin("file", resume(6)), false);
    assert_int_equal(quota.bytes_used, 0);
}

static void the_old_bytes_return_with_the_commit_f18(void **state)
{
    (void)state;
    quota.bytes_max = 10;
    upload_text("file", "123456");
    struct co_upload *upload = begin("file", anew);
    add(upload, "1234");
    assert_int_equal(co_upload_write(upload, "5", 1), -EDQUOT);
    assert_int_equal(quota.bytes_used, 10);
    finish(upload);
    assert_int_equal(quota.bytes_used, 4);
}

static void bytes_taken_over_are_counted_once_f18(void **state)
{
    (void)state;
    quota.bytes_max = 10;
    upload_text("file", "12345678");
    struct co_upload *upload = begin("file", append);
    assert_int_equal(quota.bytes_used, 16);
    add(upload, "9a");
    assert_int_equal(co_upload_write(upload, "b", 1), -EDQUOT);
    assert_int_equal(try_open("other", anew), 0);
    struct co_upload *other = begin("other", anew);
    assert_int_equal(co_upload_write(other, "1", 1), -EDQUOT); /* what is lent is lent to one */
    co_upload_abort(other, false);
    assert_int_equal(try_open("file", append), -EDQUOT);
    finish(upload);
    assert_int_equal(quota.bytes_used, 10);
    assert_string_equal(content_of("root/file"), "123456789a");
    assert_int_equal(names_in("root"), 1);
}

/* Somebody removed what was lent: nothing more can be written. */
static void lending_and_removing_leads_no_further_f18(void **state)
{
    (void)state;
    quota.bytes_max = 10;
    upload_text("file", "12345678");
    struct co_upload *upload = begin("file", append);
    assert_int_equal(co_tree_file_remove(tree, CO_TEXT("file")), 0);
    assert_int_equal(quota.bytes_used, 8);
    struct co_upload *other = begin("other", anew);
    assert_int_equal(co_upload_write(other, "123", 3), -EDQUOT);
    co_upload_abort(other, false);
    finish(upload);
    assert_int_equal(quota.bytes_used, 8);
}

/* AVBL's answer. */
static void available_is_what_the_disk_has_and_the_quota_leaves(void **state)
{
    (void)state;
    uint64_t bytes = 0, disk = 0;
    assert_int_equal(co_tree_available(tree, (co_text){0}, &disk), 0);
    assert_true(disk > 0 && disk < UINT64_MAX);
    folder("root/folder");
    link_to("root/out", "../outside");
    quota.bytes_max = 10;
    upload_text("file", "inside");
    assert_int_equal(co_tree_available(tree, CO_TEXT("folder"), &bytes), 0);
    assert_int_equal(bytes, 4);
    quota.bytes_max = 3;
    assert_int_equal(co_tree_available(tree, CO_TEXT("folder"), &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(co_tree_available(tree, CO_TEXT("out"), &bytes), -ENOENT);
    assert_int_equal(co_tree_available(tree, CO_TEXT("../outside"), &bytes), -ENOENT);
    assert_int_equal(co_tree_available(tree, CO_TEXT("file"), &bytes), -ENOTDIR);
}

/* What a server books when it starts. */
static void all_that_lies_there_is_counted_f18(void **state)
{
    (void)state;
    uint64_t bytes = 1;
    assert_int_equal(co_tree_usage(tree, &bytes), 0);
    assert_int_equal(bytes, 0);
    upload_text("file", "inside");
    leave_partial("file", "partial");
    folder("root/a");
    folder("root/a/.b");
    folder("root/a/c");
    put("root/a/.b/.hidden", "12345");
    put("root/a/c/file", "123");
    link_to("root/a/out", "../../outside");
    link_to("root/link", "file");
    assert_int_equal(mkfifoat(base.fd, "root/fifo", 0644), 0);
    assert_int_equal(co_tree_usage(tree, &bytes), 0);
    assert_int_equal(bytes, 6 + 7 + 5 + 3);
    assert_int_equal(quota.bytes_used, 6 + 7);
}

/* As lost+found is, of a disk that is served whole. */
static void a_folder_that_is_closed_to_us_is_not_counted(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    uid_t user = geteuid();
    folder("root/closed");
    put("root/closed/file", "12345");
    put("root/file", "inside");
    assert_int_equal(fchmodat(base.fd, "root/closed", 0, 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    int rc = co_tree_usage(tree, &bytes);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(fchmodat(base.fd, "root/closed", 0755, 0), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(bytes, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(bytes_are_counted_as_they_are_written_f18),
        TREE_TEST(what_finds_no_room_leaves_only_what_had_come_before_f18),
        TREE_TEST(an_aborted_upload_gives_its_bytes_back_f18),
        TREE_TEST(the_old_bytes_return_with_the_commit_f18),
        TREE_TEST(bytes_taken_over_are_counted_once_f18),
        TREE_TEST(lending_and_removing_leads_no_further_f18),
        TREE_TEST(available_is_what_the_disk_has_and_the_quota_leaves),
        TREE_TEST(all_that_lies_there_is_counted_f18),
        TREE_TEST(a_folder_that_is_closed_to_us_is_not_counted),
    };
    return run_in_each_world(tests);
}

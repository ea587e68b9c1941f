/* SPDX-License-Identifier: MIT */
#include "upload_rig.h"

#define AT_ONCE 64          /* uploads of one name by one uploader */
#define LARGE   (40u << 20) /* copied in several slices */

/* ---- whole or not at all --------------------------------------------------------------------- */

static void a_file_appears_only_when_it_is_whole(void **state)
{
    (void)state;
    mode_t umask_before = umask(027);
    struct co_upload *upload = begin("file", anew);
    umask(umask_before);
    add(upload, "in");
    add(upload, "side");
    assert_int_equal(co_upload_write(upload, NULL, 0), 0);
    assert_int_equal(co_upload_size(upload), 6);
    assert_refused(tree, "file", -ENOENT);
    struct co_tree_entry *entries;
    bool more;
    assert_int_equal(co_tree_list(base.hidden, CO_TEXT(""), 10, &entries, &more), 0);
    co_tree_entries_free(entries, 0);
    finish(upload);
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(stat_of("root/file").st_mode & 07777, 0640);
    assert_int_equal(names_in("root"), 1);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    assert_int_equal(co_upload_commit(begin("file", anew), false), 0);
    assert_int_equal(stat_of("root/file").st_size, 0);
}

static void the_old_file_stays_until_then_and_gives_its_mode(void **state)
{
    (void)state;
    put("root/file", "old");
    assert_int_equal(fchmodat(base.fd, "root/file", 06604, 0), 0);
    struct co_upload *upload = begin("file", anew);
    add(upload, "new");
    assert_string_equal(content_of("root/file"), "old");
    finish(upload);
    assert_string_equal(content_of("root/file"), "new");
    assert_int_equal(stat_of("root/file").st_mode & 07777, 0604);
    upload = begin("file", anew);
    add(upload, "newer");
    co_upload_abort(upload, false);
    assert_string_equal(content_of("root/file"), "new");
    assert_int_equal(names_in("root"), 1);
    co_upload_abort(NULL, true);
}

static void what_cannot_be_a_file_is_refused(void **state)
{
    (void)state;
    char name[257], partial[] = ".coronet-0123456789abcdef.part";
    memset(name, 'n', 256);
    name[256] = '\0';
    folder("root/a");
    link_to("root/to-folder", "a");
    put("root/file", "inside");
    assert_int_equal(mkfifoat(base.fd, "root/fifo", 0644), 0);
    assert_int_equal(try_open("a", anew), -EISDIR);
    assert_int_equal(try_open("to-folder", anew), -EISDIR);
    assert_int_equal(try_open("to-folder", append), -EISDIR);
    assert_int_equal(try_open("new/", anew), -EISDIR);
    assert_int_equal(try_open("", anew), -EISDIR);
    assert_int_equal(try_open("none/file", anew), -ENOENT);
    assert_int_equal(try_open("file/file", anew), -ENOTDIR);
    assert_int_equal(try_open("../outside/file", anew), -ENOENT);
    assert_int_equal(try_open("..", anew), -EPERM);
    assert_int_equal(try_open(".hidden", anew), -EPERM);
    assert_int_equal(try_open("fifo", anew), -EPERM);
    assert_int_equal(try_open(name, anew), -ENAMETOOLONG);
    assert_int_equal(try_open(partial, anew), -EPERM);
    struct co_tree *good = tree;
    struct co_tree_options options = {.rights = CO_MAY_ALL, .hidden = true};
    tree = tree_with(&options);
    assert_int_equal(try_open(partial, anew), -EPERM);
    assert_int_equal(try_open(".hidden", anew), 0);
    co_tree_free(tree);
    tree = good;
    assert_int_equal(names_in("root"), 4);
}

static void the_longest_names_can_be_uploaded(void **state)
{
    (void)state;
    char name[256], path[300];
    memset(name, 'n', 255);
    name[255] = '\0';
    leave_partial(name, "in");
    struct co_upload *upload = begin(name, resume(2));
    add(upload, "side");
    finish(upload);
    snprintf(path, sizeof path, "root/%s", name);
    assert_string_equal(content_of(path), "inside");
}

static void a_link_is_replaced_itself(void **state)
{
    (void)state;
    put("root/target", "inside");
    link_to("root/link", "target");
    link_to("root/out", "../outside/file");
    struct co_upload *upload = begin("link", append);
    add(upload, "!");
    finish(upload);
    assert_string_equal(content_of("root/link"), "inside!"); /* opened without following */
    assert_string_equal(content_of("root/target"), "inside");
    upload = begin("out", append);
    add(upload, "new");
    finish(upload);
    assert_string_equal(content_of("root/out"), "new");
    assert_string_equal(content_of("outside/file"), "outside");
}

static void fresh_uploads_replace_nothing(void **state)
{
    (void)state;
    struct co_upload_options fresh = anew;
    fresh.fresh = true;
    put("root/file", "old");
    assert_int_equal(try_open("file", fresh), -EEXIST);
    for (int masked = 0; masked < 2; masked++) { /* with and without RENAME_NOREPLACE */
        tree->rename_noreplace = !masked;
        struct co_upload *upload = begin("new", fresh);
        add(upload, "mine");
        put("root/new", "theirs");
        assert_int_equal(co_upload_commit(upload, true), -EEXIST);
        assert_string_equal(content_of("root/new"), "theirs");
        assert_int_equal(unlinkat(base.fd, "root/new", 0), 0);
        upload = begin("new", fresh);
        add(upload, "mine");
        finish(upload);
        assert_string_equal(content_of("root/new"), "mine");
        assert_int_equal(unlinkat(base.fd, "root/new", 0), 0);
    }
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 8); /* removed behind its back */
}

static void a_drop_box_takes_new_files_only(void **state)
{
    (void)state;
    struct co_tree *good = tree;
    struct co_tree_options options = {.rights = CO_MAY_ADD};
    tree = tree_with(&options);
    put("root/file", "old");
    assert_int_equal(try_open("file", anew), -EPERM);
    leave_partial("new", "in");
    struct co_upload *upload = begin("new", resume(2));
    add(upload, "side");
    finish(upload);
    assert_string_equal(content_of("root/new"), "inside");
    upload = begin("other", anew);
    put("root/other", "theirs");
    assert_int_equal(co_upload_commit(upload, true), -EEXIST);
    assert_string_equal(content_of("root/other"), "theirs");
    co_tree_free(tree);
    tree = good;
}

static void a_file_has_a_limit(void **state)
{
    (void)state;
    struct co_upload_options options = anew;
    options.size_max = 6;
    struct co_upload *upload = begin("file", options);
    add(upload, "insid");
    assert_int_equal(co_upload_write(upload, "e!", 2), -EFBIG);
    assert_int_equal(co_upload_size(upload), 5);
    add(upload, "e");
    assert_int_equal(co_upload_write(upload, "!", 1), -EFBIG);
    co_upload_abort(upload, true); /* more should have come: it is no part of any file */
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(quota.bytes_used, 0);
    upload_text("file", "inside");
    options.start = CO_UPLOAD_APPEND;
    options.size_max = 5;
    assert_int_equal(try_open("file", options), -EFBIG);
}

/* A later commit over a folder that somebody has made. */
static void a_folder_made_meanwhile_stays(void **state)
{
    (void)state;
    struct co_upload *upload = begin("file", anew);
    add(upload, "inside");
    folder("root/file");
    assert_int_equal(co_upload_commit(upload, true), -EISDIR);
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 0);
}

/* ---- going on -------------------------------------------------------------------------------- */

static void an_interrupted_upload_goes_on(void **state)
{
    (void)state;
    leave_partial("file", "inseit");
    assert_int_equal(partial_of("file"), 6);
    assert_refused(tree, "file", -ENOENT);
    assert_int_equal(try_open("file", resume(7)), -EINVAL);
    assert_int_equal(partial_of("file"), 6);
    struct co_upload *upload = begin("file", resume(3));
    assert_int_equal(co_upload_size(upload), 3);
    add(upload, "ide");
    finish(upload);
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(partial_of("file"), -1);
}

static void partial_files_are_their_uploaders_alone(void **state)
{
    (void)state;
    uint64_t bytes;
    struct co_upload_options bob = resume(2);
    bob.uploader = CO_TEXT("bob");
    leave_partial("file", "in");
    assert_int_equal(co_upload_partial(tree, CO_TEXT("file"), CO_TEXT("bob"), &bytes), -ENOENT);
    assert_int_equal(try_open("file", bob), -EINVAL);
    assert_int_equal(partial_of("file"), 2);
    assert_int_equal(partial_of("other"), -1);
}

static void nothing_to_go_on_from_is_said(void **state)
{
    (void)state;
    assert_int_equal(try_open("file", resume(1)), -EINVAL);
    assert_int_equal(try_open("file", resume(UINT64_MAX)), -EINVAL);
    assert_int_equal(names_in("root"), 0);
    struct co_upload *upload = begin("file", resume(0));
    add(upload, "inside");
    finish(upload);
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(partial_of("none/file/"), -1);
}

static void a_new_start_forgets_the_partial(void **state)
{
    (void)state;
    leave_partial("file", "something longer");
    upload_text("file", "short");
    assert_string_equal(content_of("root/file"), "short");
    assert_int_equal(quota.bytes_used, 5);
    leave_partial("file", "partial");
    co_upload_abort(begin("file", anew), true); /* empty: nothing to keep */
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(quota.bytes_used, 5);
}

static void appending_continues_the_whole_file_or_else_the_partial(void **state)
{
    (void)state;
    leave_partial("file", "in");
    struct co_upload *upload = begin("file", append);
    add(upload, "si");
    finish(upload);
    leave_partial("file", "unrelated");
    upload = begin("file", append);
    assert_int_equal(co_upload_size(upload), 4);
    add(upload, "de");
    assert_string_equal(content_of("root/file"), "insi");
    finish(upload);
    assert_string_equal(content_of("root/file"), "inside");
    upload = begin("new", append);
    add(upload, "new");
    finish(upload);
    assert_string_equal(content_of("root/new"), "new");
}

static void a_partial_that_is_older_than_the_file_is_not_told_of(void **state)
{
    (void)state;
    char partial[96];
    struct co_upload *upload = begin("file", anew);
    add(upload, "12345");
    snprintf(partial, sizeof partial, "root/%s", upload->partial.at);
    make_old(partial);
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), 5);
    put("root/file", "whole"); /* which is what goes on from now */
    assert_int_equal(partial_of("file"), -1);
    leave_partial("file", "123");
    assert_int_equal(partial_of("file"), 3);
}

/* Whoever appends anew begins with the whole file: the copy would lie there, and count, in vain. */
static void an_append_that_fails_leaves_nothing_f18(void **state)
{
    (void)state;
    upload_text("file", "whole");
    struct co_upload *upload = begin("file", append);
    add(upload, " and more");
    co_upload_abort(upload, true);
    assert_int_equal(quota.bytes_used, 5);
    assert_int_equal(names_in("root"), 1);
    upload = begin("new", append);
    add(upload, "there is no whole one");
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("new"), 21);
}

/* It may stand above the limit as long as it is at work. */
static void what_was_lent_to_go_on_is_not_kept_f18(void **state)
{
    (void)state;
    quota.bytes_max = 12;
    upload_text("file", "whole");
    struct co_upload *upload = begin("file", resume(5));
    add(upload, "++");
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), 7);
    assert_int_equal(quota.bytes_used, 12);
    upload = begin("file", resume(7));
    add(upload, "+");
    co_upload_abort(upload, true);
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(quota.bytes_used, 5);
    upload_text("other", "7 bytes");
}

/* In a folder where everybody may add and only their owners may replace files (chmod +t). */
static void a_name_that_is_refused_leaves_nothing_f18(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    folder("root/a");
    assert_int_equal(fchmodat(base.fd, "root/a", 01777, 0), 0);
    put("root/a/file", "root's");
    assert_int_equal(seteuid(65534), 0);
    struct co_upload *upload = begin("a/file", anew);
    add(upload, "mine");
    int committed = co_upload_commit(upload, true);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(committed, -EACCES);
    assert_string_equal(content_of("root/a/file"), "root's");
    assert_int_equal(names_in("root/a"), 1);
    assert_int_equal(quota.bytes_used, 0);
}

static void resuming_takes_the_whole_file_where_the_partial_does_not_serve(void **state)
{
    (void)state;
    char partial[96];
    put("root/file", "whole file");
    struct co_upload *upload = begin("file", resume(5));
    add(upload, " again");
    finish(upload);
    assert_string_equal(content_of("root/file"), "whole again");
    assert_int_equal(try_open("file", resume(12)), -EINVAL);
    leave_partial("file", "new"); /* younger, but too short for this */
    upload = begin("file", resume(5));
    finish(upload);
    assert_string_equal(content_of("root/file"), "whole");
    leave_partial("file", "new version");
    upload = begin("file", resume(3));
    finish(upload);
    assert_string_equal(content_of("root/file"), "new");
    upload = begin("file", anew);
    add(upload, "partial");
    snprintf(partial, sizeof partial, "root/%s", upload->partial.at);
    make_old(partial);
    co_upload_abort(upload, true);
    put("root/file", "whole"); /* what came after the partial counts */
    upload = begin("file", resume(3));
    finish(upload);
    assert_string_equal(content_of("root/file"), "who");
}

static void large_files_are_taken_over(void **state)
{
    (void)state;
    char end[4] = "";
    int fd = openat(base.fd, "root/file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_int_equal(ftruncate(fd, LARGE), 0);
    assert_int_equal(pwrite(fd, "end", 3, LARGE - 3), 3);
    close(fd);
    struct co_upload *upload = begin("file", append);
    assert_int_equal(co_upload_size(upload), LARGE);
    add(upload, "!");
    assert_int_equal(co_upload_commit(upload, false), 0);
    fd = openat(base.fd, "root/file", O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, end, 4, LARGE - 3), 4);
    close(fd);
    assert_memory_equal(end, "end!", 4);
}

/* A server that died between giving a file its name and taking the hidden one away. */
static void a_second_name_of_a_whole_file_is_never_written_to(void **state)
{
    (void)state;
    struct co_upload *upload = begin("file", anew);
    char partial[96];
    snprintf(partial, sizeof partial, "root/%s", upload->partial.at);
    add(upload, "inside");
    co_upload_abort(upload, true);
    assert_int_equal(linkat(base.fd, partial, base.fd, "root/file", 0), 0);
    assert_int_equal(partial_of("file"), -1);
    upload = begin("file", resume(6));
    add(upload, "!");
    assert_string_equal(content_of("root/file"), "inside");
    co_upload_abort(upload, false);
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(names_in("root"), 1);
}

static void what_lies_under_a_partial_name_is_not_trusted(void **state)
{
    (void)state;
    struct co_upload *upload = begin("file", anew);
    char partial[96];
    snprintf(partial, sizeof partial, "root/%s", upload->partial.at);
    co_upload_abort(upload, false);
    link_to(partial, "../outside/file");
    assert_int_equal(partial_of("file"), -1);
    assert_int_equal(try_open("file", resume(3)), -EINVAL);
    upload_text("file", "inside");
    assert_string_equal(content_of("outside/file"), "outside");
    assert_string_equal(content_of("root/file"), "inside");
    assert_int_equal(unlinkat(base.fd, partial, 0), 0);
    link_to(partial, "../outside/new");
    upload_text("file", "other");
    assert_false(exists("outside/new"));
    assert_int_equal(unlinkat(base.fd, partial, 0), 0);
    folder(partial);
    upload_text("file", "again");
    assert_string_equal(content_of("root/file"), "again");
}

/* ---- at once --------------------------------------------------------------------------------- */

static void of_two_uploads_the_last_complete_one_wins_whole_m05(void **state)
{
    (void)state;
    struct co_upload *first = begin("file", anew), *second = begin("file", anew);
    add(first, "first, ");
    add(second, "second, ");
    add(first, "whole");
    add(second, "whole");
    finish(second);
    assert_string_equal(content_of("root/file"), "second, whole");
    finish(first);
    assert_string_equal(content_of("root/file"), "first, whole");
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 12);
}

static void a_second_upload_can_go_on_from_the_first(void **state)
{
    (void)state;
    struct co_upload *first = begin("file", anew); /* its client is gone, and it does not know */
    add(first, "inside");
    struct co_upload *second = begin("file", resume(2));
    add(second, "deed");
    add(first, "!");
    finish(second);
    assert_string_equal(content_of("root/file"), "indeed");
    second = begin("second", anew);
    co_upload_abort(first, false);
    assert_int_equal(names_in("root"), 2);
    co_upload_abort(second, true);
    assert_int_equal(partial_of("second"), -1);
}

static void what_was_cut_off_while_the_second_was_under_way_goes_with_that(void **state)
{
    (void)state;
    struct co_upload *first = begin("file", anew);
    add(first, "inside");
    struct co_upload *second = begin("file", resume(2));
    add(second, "deed");
    co_upload_abort(first, true);
    assert_int_equal(partial_of("file"), 6);
    finish(second);
    assert_string_equal(content_of("root/file"), "indeed");
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 6);
}

static void a_second_partial_is_found_again_unless_there_is_a_first(void **state)
{
    (void)state;
    struct co_upload *first = begin("file", anew), *second = begin("file", anew);
    add(first, "one");
    add(second, "second");
    co_upload_abort(first, false);
    co_upload_abort(second, true);
    assert_int_equal(partial_of("file"), 6);
    first = begin("file", resume(6)), second = begin("file", anew);
    add(second, "again");
    co_upload_abort(second, true);
    assert_int_equal(quota.bytes_used, 6);
    co_upload_abort(first, true);
    assert_int_equal(partial_of("file"), 6);
    assert_int_equal(names_in("root"), 1);
}

static void uploads_of_one_name_at_once_are_bounded(void **state)
{
    (void)state;
    struct co_upload *uploads[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++)
        uploads[i] = begin("file", anew);
    assert_int_equal(try_open("file", anew), -EBUSY);
    for (size_t i = 0; i < AT_ONCE; i++)
        co_upload_abort(uploads[i], false);
    assert_int_equal(names_in("root"), 0);
}

/* What was acknowledged is what a resume goes on from, whoever else is or was at work. */
static void a_pause_keeps_this_upload_and_no_other(void **state)
{
    (void)state;
    struct co_upload *broken = begin("file", anew);
    add(broken, "another");
    struct co_upload *upload = begin("file", anew);
    add(upload, "first ");
    assert_int_equal(co_upload_pause(upload), -EBUSY); /* not while another has the name */
    upload = begin("file", anew);
    add(upload, "first ");
    co_upload_abort(broken, true);
    assert_int_equal(co_upload_pause(upload), 0);
    assert_int_equal(quota.bytes_used, 6);
    upload = begin("file", resume(6));
    add(upload, "second");
    finish(upload);
    assert_string_equal(content_of("root/file"), "first second");
    assert_int_equal(names_in("root"), 1);
}

static void what_a_whole_file_has_overtaken_is_not_kept(void **state)
{
    (void)state;
    char partial[96];
    struct co_upload *stalled = begin("file", anew);
    add(stalled, "first ");
    struct co_upload *again = begin("file", resume(6));
    add(again, "second");
    finish(again);
    snprintf(partial, sizeof partial, "root/%s", stalled->partial.at);
    make_old(partial); /* the file system's clock is coarse */
    assert_int_equal(co_upload_abort(stalled, true), 0);
    assert_int_equal(names_in("root"), 1);
    assert_int_equal(quota.bytes_used, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_file_appears_only_when_it_is_whole),
        TREE_TEST(a_pause_keeps_this_upload_and_no_other),
        TREE_TEST(what_a_whole_file_has_overtaken_is_not_kept),
        TREE_TEST(an_empty_file_is_a_file),
        TREE_TEST(the_old_file_stays_until_then_and_gives_its_mode),
        TREE_TEST(what_cannot_be_a_file_is_refused),
        TREE_TEST(the_longest_names_can_be_uploaded),
        TREE_TEST(a_link_is_replaced_itself),
        TREE_TEST(fresh_uploads_replace_nothing),
        TREE_TEST(a_drop_box_takes_new_files_only),
        TREE_TEST(a_file_has_a_limit),
        TREE_TEST(a_folder_made_meanwhile_stays),
        TREE_TEST(an_interrupted_upload_goes_on),
        TREE_TEST(partial_files_are_their_uploaders_alone),
        TREE_TEST(nothing_to_go_on_from_is_said),
        TREE_TEST(a_new_start_forgets_the_partial),
        TREE_TEST(appending_continues_the_whole_file_or_else_the_partial),
        TREE_TEST(a_partial_that_is_older_than_the_file_is_not_told_of),
        TREE_TEST(an_append_that_fails_leaves_nothing_f18),
        TREE_TEST(what_was_lent_to_go_on_is_not_kept_f18),
        TREE_TEST(a_name_that_is_refused_leaves_nothing_f18),
        TREE_TEST(resuming_takes_the_whole_file_where_the_partial_does_not_serve),
        TREE_TEST(large_files_are_taken_over),
        TREE_TEST(a_second_name_of_a_whole_file_is_never_written_to),
        TREE_TEST(what_lies_under_a_partial_name_is_not_trusted),
        TREE_TEST(of_two_uploads_the_last_complete_one_wins_whole_m05),
        TREE_TEST(a_second_upload_can_go_on_from_the_first),
        TREE_TEST(what_was_cut_off_while_the_second_was_under_way_goes_with_that),
        TREE_TEST(a_second_partial_is_found_again_unless_there_is_a_first),
        TREE_TEST(uploads_of_one_name_at_once_are_bounded),
    };
    return run_in_each_world(tests);
}

/* SPDX-License-Identifier: MIT */
/* Folders and files are made, removed, renamed and dated. */
#include "tree_edit_rig.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

static const char *name_of(size_t size)
{
    static char name[300];
    memset(name, 'n', size);
    name[size] = '\0';
    return name;
}

/* ---- folders -------------------------------------------------------------------------------- */

static void folders_are_made(void **state)
{
    (void)state;
    mode_t umask_before = umask(022);
    assert_int_equal(make("a"), 0);
    assert_int_equal(make("a/b/"), 0);
    assert_int_equal(stat_of("root/a/b").st_mode & 07777, 0755);
    umask(umask_before);
    assert_int_equal(make("a"), -EEXIST);
    assert_int_equal(make("a/"), -EEXIST);
    assert_int_equal(make(""), -EEXIST);
    put("root/file", "inside");
    link_to("root/link", "none");
    assert_int_equal(make("file"), -EEXIST);
    assert_int_equal(make("link"), -EEXIST);
    assert_int_equal(make("none/b"), -ENOENT);
    assert_int_equal(make("file/b"), -ENOTDIR);
    assert_int_equal(make(name_of(255)), 0);
    assert_int_equal(make(name_of(256)), -ENAMETOOLONG);
    static char path[CO_TREE_PATH_MAX + 2];
    memset(path, 'n', sizeof path - 1);
    assert_int_equal(make(path), -ENAMETOOLONG);
}

static void folders_are_removed(void **state)
{
    (void)state;
    folder("root/a");
    folder("root/a/b");
    folder("root/hidden");
    put("root/hidden/.name", "inside");
    put("root/file", "inside");
    link_to("root/link", "a");
    assert_int_equal(remove_folder("a"), -ENOTEMPTY);
    assert_int_equal(remove_folder("hidden"), -ENOTEMPTY);
    assert_int_equal(remove_folder("a/b/"), 0);
    assert_int_equal(remove_folder("file"), -ENOTDIR);
    assert_int_equal(remove_folder("link"), -ENOTDIR);
    assert_int_equal(remove_folder("a"), 0);
    assert_int_equal(remove_folder("a"), -ENOENT);
    assert_int_equal(remove_folder("none/a"), -ENOENT);
    assert_int_equal(remove_folder(""), -EPERM);
    assert_false(exists("root/a"));
}

static void leftover_uploads_go_with_their_folder(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/" PART, "partial");
    put("root/a/.coronet-0-1.part", "more");
    quota.bytes_used = 100;
    assert_int_equal(remove_folder("a"), 0);
    assert_false(exists("root/a"));
    assert_int_equal(quota.bytes_used, 100 - 7 - 4);
    folder("root/a");
    put("root/a/" PART, "partial");
    put("root/a/other", "inside");
    assert_int_equal(remove_folder("a"), -ENOTEMPTY);
    assert_string_equal(content_of("root/a/" PART), "partial");
    assert_int_equal(quota.bytes_used, 100 - 7 - 4);
}

static void a_folder_with_an_upload_at_work_stays(void **state)
{
    (void)state;
    struct co_upload *upload;
    struct co_upload_options options = {.uploader = CO_TEXT("alice")};
    folder("root/a");
    assert_int_equal(co_upload_open(&upload, tree, CO_TEXT("a/file"), &options), 0);
    assert_int_equal(co_upload_write(upload, "inside", 6), 0);
    assert_int_equal(remove_folder("a"), -ENOTEMPTY);
    assert_int_equal(co_upload_commit(upload, true), 0);
    assert_string_equal(content_of("root/a/file"), "inside");
}

/* ---- files ---------------------------------------------------------------------------------- */

static void files_are_removed_and_give_their_bytes_back_f18(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    quota.bytes_used = 100;
    assert_int_equal(remove_file("a/file"), 0);
    assert_false(exists("root/a/file"));
    assert_int_equal(quota.bytes_used, 94);
    assert_int_equal(remove_file("a/file"), -ENOENT);
    assert_int_equal(remove_file("a"), -EISDIR);
    assert_int_equal(remove_file("a/"), -EISDIR);
    assert_int_equal(remove_file(""), -EISDIR);
    put("root/file", "inside");
    assert_int_equal(remove_file("file/"), -ENOTDIR);
    assert_int_equal(mkfifoat(base.fd, "root/fifo", 0644), 0);
    assert_int_equal(remove_file("fifo"), -ENOENT);
    assert_int_equal(quota.bytes_used, 94);
    assert_int_equal(linkat(base.fd, "root/file", base.fd, "root/second", 0), 0);
    assert_int_equal(remove_file("second"), 0);
    assert_int_equal(quota.bytes_used, 94); /* its bytes are still there */
}

static void a_link_is_removed_itself(void **state)
{
    (void)state;
    put("root/file", "inside");
    folder("root/a");
    link_to("root/to-file", "file");
    link_to("root/to-folder", "a");
    link_to("root/a/up", "../file");
    quota.bytes_used = 100;
    assert_int_equal(remove_file("to-file"), 0);
    assert_int_equal(remove_file("to-folder"), 0);
    assert_int_equal(remove_file("a/up"), 0);
    assert_int_equal(quota.bytes_used, 100);
    assert_string_equal(content_of("root/file"), "inside");
    assert_true(exists("root/a"));
    assert_false(exists("root/to-file") || exists("root/to-folder") || exists("root/a/up"));
}

static void assert_link_stays(const char *path)
{
    char name[64];
    snprintf(name, sizeof name, "root/%s", path);
    assert_int_equal(remove_file(path), -ENOENT);
    assert_int_equal(remove_folder(path), -ENOENT);
    assert_int_equal(move(path, "moved", false), -ENOENT);
    assert_int_equal(move(path, "moved", true), -ENOENT);
    assert_true(S_ISLNK(stat_of(name).st_mode));
    assert_false(exists("root/moved"));
}

/* As for reading. */
static void a_link_that_leads_out_does_not_exist_m01(void **state)
{
    (void)state;
    folder("root/a");
    link_to("root/out", "../outside/file");
    link_to("root/out-folder", "../outside");
    link_to("root/a/absolute", base.path);
    link_to("root/out-none", "../outside/none");
    link_to("root/loop", "loop");
    assert_link_stays("out");
    assert_link_stays("out-folder");
    assert_link_stays("a/absolute");
    assert_link_stays("out-none");
    assert_link_stays("loop");
    assert_string_equal(content_of("outside/file"), "outside");
}

/* Who removes all that was listed may come to what a link leads to first. */
static void a_link_that_leads_nowhere_can_be_removed(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    link_to("root/a/link", "file");
    link_to("root/dangling", "none/file");
    assert_int_equal(remove_file("a/file"), 0);
    assert_int_equal(move("a/link", "moved", true), -ENOENT);
    assert_int_equal(remove_folder("a/link"), -ENOENT);
    assert_int_equal(remove_file("a/link/"), -ENOTDIR);
    assert_int_equal(remove_file("a/link"), 0);
    assert_int_equal(remove_file("a/link"), -ENOENT);
    assert_int_equal(remove_folder("a"), 0);
    assert_int_equal(remove_file("dangling"), 0);
}

/* ---- renaming ------------------------------------------------------------------------------- */

static void rename_moves_and_replaces_only_when_asked_f18(void **state)
{
    (void)state;
    put("root/one", "one");
    put("root/two", "two!");
    folder("root/a");
    quota.bytes_used = 7;
    assert_int_equal(move("one", "two", false), -EEXIST);
    assert_int_equal(move("one", "one", false), -EEXIST);
    assert_int_equal(move("one", "a/one", false), 0);
    assert_int_equal(quota.bytes_used, 7);
    assert_int_equal(move("a/one", "two", true), 0);
    assert_string_equal(content_of("root/two"), "one");
    assert_int_equal(quota.bytes_used, 3);
    assert_int_equal(move("two", "two", true), 0);
    assert_int_equal(quota.bytes_used, 3);
    assert_int_equal(move("two", "a", true), -EISDIR);
    assert_int_equal(move("two", "b/", false), -ENOTDIR);
    assert_int_equal(move("two/", "b", false), -ENOTDIR);
    assert_int_equal(move("none", "b", false), -ENOENT);
    assert_int_equal(move("two", "none/b", false), -ENOENT);
    assert_int_equal(move("two", name_of(255), false), 0);
    assert_int_equal(move("a", name_of(256), false), -ENAMETOOLONG);
    assert_int_equal(move("", "b", false), -EPERM);
    assert_int_equal(move("a", "", true), -EPERM);
    assert_int_equal(mkfifoat(base.fd, "root/fifo", 0644), 0);
    assert_int_equal(move("fifo", "b", false), -ENOENT);
}

static void folders_are_renamed_but_not_below_themselves(void **state)
{
    (void)state;
    folder("root/a");
    folder("root/a/b");
    folder("root/full");
    put("root/full/file", "inside");
    put("root/file", "inside");
    assert_int_equal(move("a", "a/b/c", false), -EINVAL);
    assert_int_equal(move("a", "a/b/c", true), -EINVAL);
    assert_false(exists("root/a/b/c"));
    assert_int_equal(move("a", "full", false), -EEXIST);
    assert_int_equal(move("a", "full", true), -ENOTEMPTY);
    assert_int_equal(move("a", "file", true), -ENOTDIR);
    assert_int_equal(move("a/", "c/", false), 0);
    assert_true(exists("root/c/b"));
}

static void a_link_is_renamed_itself(void **state)
{
    (void)state;
    folder("root/a");
    put("root/file", "inside");
    put("root/other", "other");
    link_to("root/link", "file");
    assert_int_equal(move("link", "moved", false), 0);
    assert_true(S_ISLNK(stat_of("root/moved").st_mode));
    assert_int_equal(move("other", "moved", true), 0);
    assert_string_equal(content_of("root/moved"), "other");
    assert_string_equal(content_of("root/file"), "inside");
}

/* Not every file system renames without replacing (RENAME_NOREPLACE). */
static void rename_replaces_nothing_on_any_file_system(void **state)
{
    (void)state;
    tree->rename_noreplace = false;
    put("root/one", "one");
    put("root/two", "two");
    folder("root/a");
    folder("root/empty");
    link_to("root/link", "two");
    assert_int_equal(move("one", "two", false), -EEXIST);
    assert_int_equal(move("one", "a/one", false), 0);
    assert_false(exists("root/one"));
    assert_string_equal(content_of("root/a/one"), "one");
    assert_int_equal(move("link", "a/link", false), 0);
    assert_true(S_ISLNK(stat_of("root/a/link").st_mode));
    assert_int_equal(move("a", "empty", false), -EEXIST);
    assert_int_equal(move("a", "a/b", false), -EINVAL);
    assert_false(exists("root/a/b"));
    assert_int_equal(move("a", "c", false), 0);
    assert_string_equal(content_of("root/c/one"), "one");
}

/* In a mount namespace of its own. 0; the number of what was wrong; 99: may not mount. */
static int moves_across_mounts(void)
{
    char root[80], disk[96];
    snprintf(root, sizeof root, "%s/root", base.path);
    snprintf(disk, sizeof disk, "%s/disk", root);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", disk, "tmpfs", 0, NULL) < 0)
        return 99;
    struct co_tree_options options = {.rights = CO_MAY_ALL};
    if (co_tree_open(&tree, root, &options) < 0)
        return 98;
    if (move("file", "disk/file", false) != -EXDEV)
        return 1;
    if (make("disk/a") != 0 || remove_folder("disk/a") != 0)
        return 2;
    return remove_folder("disk") == -EBUSY ? 0 : 3;
}

static void mounts_are_not_moved_across(void **state)
{
    (void)state;
    if (co_rt_current())
        skip(); /* a runtime's threads do not survive fork */
    folder("root/disk");
    put("root/file", "inside");
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(moves_across_mounts());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- times and modes ------------------------------------------------------------------------ */

static void times_are_set_through_links(void **state)
{
    (void)state;
    struct co_tree_stat stat;
    put("root/file", "inside");
    link_to("root/link", "file");
    link_to("root/out", "../outside/file");
    const int64_t times[] = {1234567890123456789, 0, -1, -1500000000};
    for (size_t i = 0; i < CO_LENGTH(times); i++) {
        assert_int_equal(co_tree_set_modified(tree, CO_TEXT("link"), times[i]), 0);
        assert_int_equal(co_tree_stat_path(tree, CO_TEXT("file"), &stat), 0);
        assert_int_equal(stat.modified_ns, times[i]);
    }
    assert_int_equal(co_tree_set_modified(tree, CO_TEXT(""), 5 * CO_SECOND), 0);
    assert_int_equal(stat_of("root").st_mtim.tv_sec, 5);
    assert_int_equal(co_tree_set_modified(tree, CO_TEXT("out"), 0), -ENOENT);
    assert_int_equal(co_tree_set_modified(tree, CO_TEXT("none"), 0), -ENOENT);
    assert_int_equal(co_tree_set_modified(tree, CO_TEXT("file/"), 0), -ENOTDIR);
}

static void modes_are_set_up_to_0777(void **state)
{
    (void)state;
    put("root/file", "inside");
    folder("root/a");
    link_to("root/link", "file");
    assert_int_equal(fchmodat(base.fd, "root/file", 06755, 0), 0);
    assert_int_equal(set_mode("link", 07640), 0);
    assert_int_equal(stat_of("root/file").st_mode & 07777, 0640);
    assert_int_equal(set_mode("file", UINT32_MAX), 0);
    assert_int_equal(stat_of("root/file").st_mode & 07777, 0777);
    assert_int_equal(set_mode("a", 0), 0);
    assert_int_equal(stat_of("root/a").st_mode & 07777, 0700);
    assert_int_equal(fchmodat(base.fd, "root/a", 02750, 0), 0);
    assert_int_equal(set_mode("a", 04755), 0);
    assert_int_equal(stat_of("root/a").st_mode & 07777, 02755);
    assert_int_equal(set_mode("none", 0644), -ENOENT);
}

static void an_owner_without_rights_gets_them_back(void **state)
{
    (void)state;
    put("root/file", "inside");
    assert_int_equal(fchmodat(base.fd, "root/file", 0, 0), 0);
    assert_int_equal(
        fchownat(base.fd, "root/file", geteuid() ? (uid_t)-1 : 65534, (gid_t)-1, 0), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0); /* root may open everything */
    int mode = set_mode("file", 0);
    int time = co_tree_set_modified(tree, CO_TEXT("file"), 7 * CO_SECOND);
    int again = set_mode("file", 0600);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(mode, 0);
    assert_int_equal(time, 0);
    assert_int_equal(again, 0);
    assert_int_equal(stat_of("root/file").st_mode & 07777, 0600);
    assert_int_equal(stat_of("root/file").st_mtim.tv_sec, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(folders_are_made),
        TREE_TEST(folders_are_removed),
        TREE_TEST(leftover_uploads_go_with_their_folder),
        TREE_TEST(a_folder_with_an_upload_at_work_stays),
        TREE_TEST(files_are_removed_and_give_their_bytes_back_f18),
        TREE_TEST(a_link_is_removed_itself),
        TREE_TEST(a_link_that_leads_out_does_not_exist_m01),
        TREE_TEST(a_link_that_leads_nowhere_can_be_removed),
        TREE_TEST(rename_moves_and_replaces_only_when_asked_f18),
        TREE_TEST(folders_are_renamed_but_not_below_themselves),
        TREE_TEST(a_link_is_renamed_itself),
        TREE_TEST(rename_replaces_nothing_on_any_file_system),
        TREE_TEST(mounts_are_not_moved_across),
        TREE_TEST(times_are_set_through_links),
        TREE_TEST(modes_are_set_up_to_0777),
        TREE_TEST(an_owner_without_rights_gets_them_back),
    };
    return run_in_each_world(tests);
}

/* SPDX-License-Identifier: MIT */
#include "test_tree.h"

#include "tree/edit.h"
#include "tree/lookup.h"
#include "tree/quota.h"
#include "tree/upload.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define RACES    10000
#define PATIENCE 60 /* seconds until what blocks counts as blocked */
#define PART     ".coronet-0123456789abcdef.part"

/* A tree for whoever may do everything, with an account. */
static struct co_quota quota;
static struct co_tree *tree;

static int edit_setup(void **state)
{
    test_setup(state);
    quota = (struct co_quota){.bytes_max = 1000};
    struct co_tree_options options = {.rights = CO_MAY_ALL, .quota = &quota};
    tree = tree_with(&options);
    return 0;
}

static int edit_teardown(void **state)
{
    co_tree_free(tree);
    return test_teardown(state);
}

static int make(const char *path)
{
    return co_tree_folder_make(tree, co_text_of(path));
}

static int remove_file(const char *path)
{
    return co_tree_file_remove(tree, co_text_of(path));
}

static int remove_folder(const char *path)
{
    return co_tree_folder_remove(tree, co_text_of(path));
}

static int move(const char *from, const char *to, bool replace)
{
    return co_tree_rename(tree, co_text_of(from), co_text_of(to), replace);
}

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
    link_to("root/out", "../outside/file");
    quota.bytes_used = 100;
    assert_int_equal(remove_file("to-file"), 0);
    assert_int_equal(remove_file("to-folder"), 0);
    assert_int_equal(remove_file("out"), 0);
    assert_int_equal(quota.bytes_used, 100);
    assert_string_equal(content_of("root/file"), "inside");
    assert_string_equal(content_of("outside/file"), "outside");
    assert_true(exists("root/a"));
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
    link_to("root/link", "one");
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

static int set_mode(const char *path, uint32_t mode)
{
    return co_tree_set_mode(tree, co_text_of(path), mode);
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

/* ---- names ---------------------------------------------------------------------------------- */

static void assert_untouchable(const char *path, int made)
{
    assert_int_equal(make(path), made);
    assert_int_equal(move("file", path, true), made);
    assert_int_equal(remove_file(path), -ENOENT);
    assert_int_equal(remove_folder(path), -ENOENT);
    assert_int_equal(move(path, "seen", true), -ENOENT);
    assert_int_equal(set_mode(path, 0644), -ENOENT);
    assert_int_equal(co_tree_set_modified(tree, co_text_of(path), 0), -ENOENT);
    assert_false(exists("root/seen"));
}

static void hidden_names_can_neither_be_made_nor_changed(void **state)
{
    (void)state;
    put("root/file", "inside");
    put("root/.env", "inside");
    folder("root/.git");
    put("root/.git/config", "inside");
    assert_untouchable(".env", -EPERM);
    assert_untouchable(".new", -EPERM);
    assert_untouchable(".git/config", -ENOENT);
    assert_string_equal(content_of("root/.env"), "inside");
}

static void hidden_names_are_like_others_where_they_are_shown(void **state)
{
    (void)state;
    struct co_tree *good = tree;
    struct co_tree_options options = {.rights = CO_MAY_ALL, .hidden = true};
    tree = tree_with(&options);
    put("root/file", "inside");
    assert_int_equal(make(".a"), 0);
    assert_int_equal(move("file", ".a/.file", false), 0);
    assert_int_equal(remove_file(".a/.file"), 0);
    assert_int_equal(remove_folder(".a"), 0);
    co_tree_free(tree);
    tree = good;
}

/* Not even a tree with hidden names has them. */
static void partial_files_exist_for_nobody(void **state)
{
    (void)state;
    struct co_tree *good = tree;
    struct co_tree_options options = {.rights = CO_MAY_ALL, .hidden = true};
    tree = tree_with(&options);
    put("root/file", "inside");
    folder("root/a");
    const char *names[] = {PART, ("a/" PART), "a/.coronet-.part", ".CoroNet-x.PART"};
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        char path[96];
        snprintf(path, sizeof path, "root/%s", names[i]);
        put(path, "partial");
        assert_refused(tree, names[i], -ENOENT);
        assert_untouchable(names[i], -EPERM);
        assert_string_equal(content_of(path), "partial");
    }
    struct co_tree_entry *entries;
    bool more;
    assert_int_equal(co_tree_list(tree, CO_TEXT("a"), 10, &entries, &more), 0);
    co_tree_entries_free(entries, 0);
    assert_int_equal(make(".coronet-x.part2"), 0);
    assert_int_equal(make(".coronet.part"), 0);
    co_tree_free(tree);
    tree = good;
}

static void paths_that_lead_out_change_nothing_h12(void **state)
{
    (void)state;
    put("root/file", "inside");
    folder("root/a");
    link_to("root/out", "../outside");
    link_to("root/absolute", base.path);
    const char *paths[] = {"../outside/file", "a/../../outside/file", "out/file", "out/new",
        "absolute/outside/file", "/etc/passwd", "a//file", "./file", "a/./b"};
    for (size_t i = 0; i < CO_LENGTH(paths); i++)
        assert_untouchable(paths[i], -ENOENT);
    const char *dots[] = {"..", ".", "a/..", "a/."};
    for (size_t i = 0; i < CO_LENGTH(dots); i++)
        assert_untouchable(dots[i], -EPERM);
    assert_int_equal(co_tree_folder_make(tree, CO_TEXT("a\0b")), -ENOENT);
    assert_string_equal(content_of("outside/file"), "outside");
    assert_false(exists("outside/new"));
}

/* ---- attacks -------------------------------------------------------------------------------- */

static atomic_bool race_over;

/* Makes "link" and "folder" lead out and in again, without pause. */
static void *swap_without_pause(void *arg)
{
    (void)arg;
    int root = openat(base.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (!atomic_load(&race_over)) {
        (void)!symlinkat("../outside", root, "swap");
        (void)!renameat(root, "swap", root, "link");
        (void)!renameat2(root, "folder", root, "exchange", RENAME_EXCHANGE);
        (void)!symlinkat("inside", root, "swap");
        (void)!renameat(root, "swap", root, "link");
        (void)!renameat2(root, "folder", root, "exchange", RENAME_EXCHANGE);
    }
    close(root);
    return NULL;
}

/* How often the first edit went in, and how often there was nothing to go to. */
struct tally {
    unsigned inside, refused;
};

static int upload_to(struct co_tree *of, const char *path)
{
    struct co_upload *upload;
    struct co_upload_options options = {.uploader = CO_TEXT("alice")};
    int rc = co_upload_open(&upload, of, co_text_of(path), &options);
    return rc < 0 ? rc : co_upload_commit(upload, false);
}

static void edit_all_in(const char *within, struct tally *tally)
{
    char new[32], file[32], other[32];
    snprintf(new, sizeof new, "%s/new", within);
    snprintf(file, sizeof file, "%s/file", within);
    snprintf(other, sizeof other, "%s/other", within);
    if (make(new) < 0)
        tally->refused++;
    else
        tally->inside++;
    (void)set_mode(new, 0700);
    (void)remove_folder(new);
    (void)upload_to(tree, file);
    (void)set_mode(file, 0600);
    (void)move(file, other, true);
    (void)remove_file(other);
}

static void links_swapped_while_editing_never_lead_out_m01(void **state)
{
    (void)state;
    pthread_t adversary;
    folder("root/inside");
    folder("root/folder");
    link_to("root/link", "inside");
    link_to("root/exchange", "../outside");
    struct stat before = stat_of("outside/file"), place = stat_of("outside");
    atomic_store(&race_over, false);
    assert_int_equal(pthread_create(&adversary, NULL, swap_without_pause, NULL), 0);
    alarm(PATIENCE);
    struct tally link = {0}, exchange = {0};
    for (unsigned i = 0;
         i < RACES / 14 || !link.inside || !link.refused || !exchange.inside || !exchange.refused;
         i++) { /* 14 edits a round */
        edit_all_in("link", &link);
        edit_all_in("folder", &exchange);
    }
    alarm(0);
    atomic_store(&race_over, true);
    pthread_join(adversary, NULL);
    struct stat after = stat_of("outside/file"), place_after = stat_of("outside");
    assert_string_equal(content_of("outside/file"), "outside");
    assert_int_equal(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
    assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
    assert_int_equal(place_after.st_mtim.tv_sec, place.st_mtim.tv_sec);
    assert_int_equal(place_after.st_mtim.tv_nsec, place.st_mtim.tv_nsec);
    assert_int_equal(place_after.st_nlink, place.st_nlink);
}

/* One of two who bring files of their size under one name and remove what lies there. */
struct rival {
    const char *name;
    off_t size;
    uint64_t brought; /* bytes */
};

static void *bring_and_remove(void *arg)
{
    struct rival *rival = arg;
    char path[32];
    snprintf(path, sizeof path, "root/%s", rival->name);
    for (unsigned i = 0; i < RACES; i++) {
        int fd = openat(base.fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, rival->size) < 0)
            return rival;
        close(fd);
        rival->brought += (uint64_t)rival->size;
        if (move(rival->name, "there", true) < 0)
            return rival;
        if (i % 2)
            (void)remove_file("there");
    }
    return NULL;
}

/* Two who take the same file away at once: its bytes are given back once. */
static void bytes_are_given_back_once_in_a_race_f18(void **state)
{
    (void)state;
    if (co_rt_current())
        skip(); /* it takes a second thread without a runtime */
    const uint64_t before = (uint64_t)1 << 40;
    struct rival big = {"big", 1000, 0}, small = {"small", 1, 0};
    pthread_t other;
    void *failed;
    quota = (struct co_quota){.bytes_max = UINT64_MAX, .bytes_used = before};
    assert_int_equal(pthread_create(&other, NULL, bring_and_remove, &small), 0);
    assert_null(bring_and_remove(&big));
    assert_int_equal(pthread_join(other, &failed), 0);
    assert_null(failed);
    uint64_t left = exists("root/there") ? (uint64_t)stat_of("root/there").st_size : 0;
    assert_int_equal(quota.bytes_used, before - big.brought - small.brought + left);
}

static int all(void *world)
{
    (void)world;
#define TEST(name) cmocka_unit_test_setup_teardown(name, edit_setup, edit_teardown)
    const struct CMUnitTest tests[] = {
        TEST(folders_are_made),
        TEST(folders_are_removed),
        TEST(leftover_uploads_go_with_their_folder),
        TEST(a_folder_with_an_upload_at_work_stays),
        TEST(files_are_removed_and_give_their_bytes_back_f18),
        TEST(a_link_is_removed_itself),
        TEST(rename_moves_and_replaces_only_when_asked_f18),
        TEST(folders_are_renamed_but_not_below_themselves),
        TEST(a_link_is_renamed_itself),
        TEST(rename_replaces_nothing_on_any_file_system),
        TEST(mounts_are_not_moved_across),
        TEST(times_are_set_through_links),
        TEST(modes_are_set_up_to_0777),
        TEST(an_owner_without_rights_gets_them_back),
        TEST(hidden_names_can_neither_be_made_nor_changed),
        TEST(hidden_names_are_like_others_where_they_are_shown),
        TEST(partial_files_exist_for_nobody),
        TEST(paths_that_lead_out_change_nothing_h12),
        TEST(links_swapped_while_editing_never_lead_out_m01),
        TEST(bytes_are_given_back_once_in_a_race_f18),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return all(NULL) || run_within(NULL, all) || run_within("virtual", all);
}

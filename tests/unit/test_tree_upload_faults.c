/* SPDX-License-Identifier: MIT */
#include "upload_rig.h"

#include "tree/partial.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define DISK (256u << 10) /* of the small file system */

/* ---- syncing -------------------------------------------------------------------------------- */

static struct {
    bool fails;     /* that of a file */
    char order[16]; /* f: a file's, while its name is not there; F: while it is; d: a folder's */
} syncs;

/* In the place of libc's. */
int fsync(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    bool is_folder = S_ISDIR(st.st_mode);
    const char *next = is_folder ? "d" : exists("root/file") ? "F" : "f";
    strncat(syncs.order, next, sizeof syncs.order - strlen(syncs.order) - 1);
    if (syncs.fails && !is_folder) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

static void a_file_is_synced_before_it_has_its_name_and_its_folder_after(void **state)
{
    (void)state;
    memset(&syncs, 0, sizeof syncs);
    struct co_upload *upload = begin("file", anew);
    add(upload, "inside");
    assert_string_equal(syncs.order, "");
    assert_int_equal(co_upload_commit(upload, true), 0);
    assert_string_equal(syncs.order, "fd");
    assert_int_equal(co_upload_commit(begin("file", anew), false), 0);
    assert_string_equal(syncs.order, "fd");
}

static void what_cannot_be_synced_is_no_file(void **state)
{
    (void)state;
    put("root/file", "old");
    memset(&syncs, 0, sizeof syncs);
    syncs.fails = true;
    struct co_upload *upload = begin("file", anew);
    add(upload, "new");
    assert_int_equal(co_upload_commit(upload, true), -EIO);
    syncs.fails = false;
    assert_string_equal(content_of("root/file"), "old");
    assert_int_equal(names_in("root"), 1);
}

/* ---- asking what a file is ------------------------------------------------------------------- */

static int fstats_left; /* until one of them fails; 0: none does */

/* In the place of libc's. */
int fstat(int fd, struct stat *ret)
{
    if (fstats_left && --fstats_left == 0) {
        errno = EIO;
        return -1;
    }
    return fstatat(fd, "", ret, AT_EMPTY_PATH);
}

/* Else the next part would go behind what the old file has there. */
static void a_part_that_was_acknowledged_is_there_whatever_failed(void **state)
{
    (void)state;
    put("root/file", "an old one");
    bool has_failed = true;
    for (int nth = 1; has_failed; nth++) {
        struct co_upload *upload = begin("file", anew);
        add(upload, "first ");
        fstats_left = nth;
        int rc = co_upload_pause(upload);
        has_failed = fstats_left == 0;
        fstats_left = 0;
        if (rc < 0)
            continue;
        upload = begin("file", resume(6));
        add(upload, "second");
        finish(upload);
        assert_string_equal(content_of("root/file"), "first second");
    }
    assert_string_equal(content_of("root/file"), "first second");
}

/* Nor is the old file gone on from instead of what somebody else is just at work on. */
static void what_cannot_be_looked_at_is_not_passed_over(void **state)
{
    (void)state;
    put("root/file", "an old one");
    struct co_upload *other = begin("file", anew), *upload;
    const struct co_upload_options after = resume(6);
    add(other, "first ");
    bool has_failed = true;
    for (int nth = 1; has_failed; nth++) {
        char partial[96];
        fstats_left = nth;
        int rc = co_upload_open(&upload, tree, CO_TEXT("file"), &after);
        has_failed = fstats_left == 0;
        fstats_left = 0;
        if (rc < 0)
            continue;
        snprintf(partial, sizeof partial, "root/%s", upload->partial.at);
        assert_string_equal(content_of(partial), "first ");
        co_upload_abort(upload, false);
    }
    co_upload_abort(other, false);
}

static void what_could_not_begin_leaves_nothing(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int nth = 1; has_failed; nth++) {
        struct co_upload *upload;
        fstats_left = nth;
        int rc = co_upload_open(&upload, tree, CO_TEXT("file"), &anew);
        has_failed = fstats_left == 0;
        fstats_left = 0;
        if (rc == 0)
            co_upload_abort(upload, false);
        assert_int_equal(names_in("root"), 0);
    }
}

/* ---- what happens in between ----------------------------------------------------------------- */

static struct co_upload *commits_next; /* just before the next lock is asked for */

/* In the place of libc's. */
int flock(int fd, int operation)
{
    struct co_upload *upload = commits_next;
    commits_next = NULL;
    if (upload)
        assert_int_equal(co_upload_commit(upload, false), 0);
    return (int)syscall(SYS_flock, fd, operation);
}

/* Who resumes has asked for the size before: another server session had the partial file then. */
static void what_is_committed_while_a_resume_begins_is_gone_on_from(void **state)
{
    (void)state;
    struct co_upload *other = begin("file", anew);
    add(other, "first ");
    commits_next = other;
    struct co_upload *upload = begin("file", resume(6));
    add(upload, "second");
    finish(upload);
    assert_string_equal(content_of("root/file"), "first second");
    assert_int_equal(names_in("root"), 1);
}

/* ---- what others have left ------------------------------------------------------------------ */

static void old_partial_files_are_removed_when_an_upload_begins(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/.coronet-1.part", "old partial");
    put("root/a/.coronet-2.part", "young");
    put("root/a/.other.part", "another's");
    put("root/a/file", "inside");
    make_old("root/a/.coronet-1.part");
    make_old("root/a/.other.part");
    make_old("root/a/file");
    quota.bytes_used = 16;
    struct co_upload *upload = begin("a/new", anew);
    assert_false(exists("root/a/.coronet-1.part"));
    assert_true(exists("root/a/.coronet-2.part"));
    assert_true(exists("root/a/.other.part"));
    assert_true(exists("root/a/file"));
    assert_int_equal(quota.bytes_used, 5);
    co_upload_abort(upload, false);
}

static void an_upload_at_work_is_never_old(void **state)
{
    (void)state;
    struct co_upload *slow = begin("file", anew);
    char partial[96];
    add(slow, "in");
    snprintf(partial, sizeof partial, "root/%s", slow->partial.at);
    make_old(partial);
    memset(tree->swept, 0, sizeof tree->swept); /* an hour later */
    co_upload_abort(begin("other", anew), false);
    add(slow, "side");
    finish(slow);
    assert_string_equal(content_of("root/file"), "inside");
}

#define MADE 3000

static void *sweep_young(void *folder)
{
    const int64_t now = time(NULL) - 1000;
    char name[64];
    for (int i = 0; i < MADE; i++) {
        snprintf(name, sizeof name, ".coronet-%d.part", i);
        while (co_partial_drop(*(int *)folder, name, now, NULL) == 0)
            sched_yield(); /* it is not there yet */
    }
    return NULL;
}

/* Its maker would take it for somebody else's, and leave it for ever. */
static void what_is_just_being_made_is_not_held_by_a_sweep(void **state)
{
    pthread_t thread;
    struct stat st;
    char name[64];
    int fd;
    (void)state;
    int folder = open(base.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(pthread_create(&thread, NULL, sweep_young, &folder), 0);
    for (int i = 0; i < MADE; i++) {
        snprintf(name, sizeof name, ".coronet-%d.part", i);
        assert_int_equal(co_partial_acquire(folder, name, &fd, &st), 0);
        close(fd);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(folder);
}

/* ---- attacks and accidents ------------------------------------------------------------------- */

static void a_folder_swapped_for_a_link_is_no_way_out_m01(void **state)
{
    (void)state;
    folder("root/a");
    struct co_upload *upload = begin("a/file", anew);
    add(upload, "in");
    assert_int_equal(renameat(base.fd, "root/a", base.fd, "root/moved"), 0);
    link_to("root/a", "../outside");
    add(upload, "side");
    finish(upload);
    assert_string_equal(content_of("outside/file"), "outside");
    assert_string_equal(content_of("root/moved/file"), "inside");
    assert_int_equal(names_in("outside"), 1);
}

static void a_folder_removed_meanwhile_is_said(void **state)
{
    (void)state;
    folder("root/a");
    struct co_upload *upload = begin("a/file", anew);
    add(upload, "inside");
    char partial[96];
    snprintf(partial, sizeof partial, "root/a/%s", upload->partial.at);
    assert_int_equal(unlinkat(base.fd, partial, 0), 0);
    assert_int_equal(unlinkat(base.fd, "root/a", AT_REMOVEDIR), 0);
    add(upload, "!");
    assert_int_equal(co_upload_commit(upload, true), -ENOENT);
    assert_int_equal(quota.bytes_used, 0);
}

static void a_folder_that_cannot_be_read_can_be_uploaded_to(void **state)
{
    (void)state;
    uid_t user = geteuid();
    folder("root/a");
    assert_int_equal(fchownat(base.fd, "root/a", user ? user : 65534, (gid_t)-1, 0), 0);
    assert_int_equal(fchmodat(base.fd, "root/a", 0300, 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    struct co_upload *upload = NULL;
    int opened = co_upload_open(&upload, tree, CO_TEXT("a/file"), &anew);
    int committed = opened == 0 ? co_upload_commit(upload, true) : 0;
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(fchmodat(base.fd, "root/a", 0755, 0), 0);
    assert_int_equal(opened, 0);
    assert_int_equal(committed, 0);
    assert_true(exists("root/a/file"));
}

static void a_folder_that_cannot_be_written_is_said(void **state)
{
    (void)state;
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    else
        assert_int_equal(fchmodat(base.fd, "root", 0555, 0), 0);
    int rc = try_open("file", anew);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    else
        assert_int_equal(fchmodat(base.fd, "root", 0755, 0), 0);
    assert_int_equal(rc, -EACCES);
}

/* Ways of the bytes to the file, the same content: 3 MB and a bit in odd pieces. */
static void bytes_arrive_in_order_on_every_way(void **state)
{
    (void)state;
    static char bytes[3000001], back[sizeof bytes + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (int way = 0; way < 3; way++) {
        struct co_upload *upload = begin("file", anew);
        for (size_t at = 0, size; at < sizeof bytes; at += size) {
            upload->may_block = way > 0;
            upload->slowly = way > 1 ? 1u << 20 : 0; /* on the pool */
            size = sizeof bytes - at < 700001 ? sizeof bytes - at : 700001;
            assert_int_equal(co_upload_write(upload, bytes + at, size), 0);
        }
        finish(upload);
        int fd = openat(base.fd, "root/file", O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, back, sizeof back), sizeof bytes);
        close(fd);
        assert_memory_equal(back, bytes, sizeof bytes);
    }
    assert_int_equal(quota.bytes_used, sizeof bytes);
}

static void a_cancelled_upload_is_kept(void **state)
{
    (void)state;
    if (!co_rt_current())
        skip();
    co_scope scope;
    struct co_upload *upload = begin("file", anew), *other = begin("other", anew);
    add(upload, "in");
    add(other, "in");
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    bool waits = !co_lookup_may_wait(); /* in virtual time nothing is waited for */
    assert_int_equal(co_upload_commit(upload, true), waits ? CO_ECANCELED : 0);
    co_upload_abort(other, true);
    struct co_upload *more = NULL;
    int rc = co_upload_open(&more, tree, CO_TEXT("more"), &anew);
    assert_int_equal(rc, waits ? CO_ECANCELED : 0);
    co_upload_abort(more, false);
    (void)co_scope_close(&scope);
    assert_int_equal(partial_of("file"), waits ? 2 : -1);
    assert_int_equal(partial_of("other"), 2);
}

/* ---- in a process of its own ----------------------------------------------------------------- */

/* Runs the function in a child, whose result is its exit code; 99: it may not do that here. */
static void in_child(int (*function)(void))
{
    int status;
    if (co_rt_current())
        skip(); /* a runtime's threads do not survive fork */
    pid_t child = fork();
    if (child == 0)
        _exit(function());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int mount_small_disk(void)
{
    char root[80], disk[96], options[32];
    snprintf(root, sizeof root, "%s/root", base.path);
    snprintf(disk, sizeof disk, "%s/disk", root);
    snprintf(options, sizeof options, "size=%u", DISK);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", disk, "tmpfs", 0, options) < 0)
        return 99;
    struct co_tree_options all = {.rights = CO_MAY_ALL, .quota = &quota};
    close(base.fd);
    base.fd = open(base.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* in this namespace */
    return co_tree_open(&tree, root, &all) < 0 ? 98 : 0;
}

/* Writes until the disk is full; the bytes that went in. */
static uint64_t fill(struct co_upload *upload, size_t piece)
{
    static char bytes[DISK];
    int rc;
    do
        rc = co_upload_write(upload, bytes, piece);
    while (rc == 0);
    return rc == -ENOSPC ? co_upload_size(upload) : 0;
}

/* At each of many points, since the pieces differ. */
static int full_disk(void)
{
    int rc = mount_small_disk();
    if (rc != 0)
        return rc;
    upload_text("disk/file", "old");
    for (size_t piece = 1000; piece < DISK; piece = piece * 3 / 2) {
        struct co_upload *upload = begin("disk/file", anew);
        uint64_t size = fill(upload, piece);
        if (size == 0 || size > DISK || quota.bytes_used != size + 3)
            return 1;
        co_upload_abort(upload, true);
        if (partial_of("disk/file") != -1 || strcmp(content_of("root/disk/file"), "old") != 0)
            return 2;
        if (try_open("disk/other", append) != 0)
            return 3;
        if (quota.bytes_used != 3)
            return 4;
    }
    upload_text("disk/file", "new");
    return strcmp(content_of("root/disk/file"), "new") == 0 ? 0 : 5;
}

static void a_full_disk_is_said_and_leaves_the_old_file_m04(void **state)
{
    (void)state;
    folder("root/disk");
    in_child(full_disk);
}

/* A copy for which there is no room, and one from another file system. */
static int full_disk_by_copies(void)
{
    static char bytes[DISK * 3 / 4];
    int rc = mount_small_disk();
    if (rc != 0)
        return rc;
    struct co_upload *upload = begin("disk/file", anew);
    if (co_upload_write(upload, bytes, sizeof bytes) != 0 || co_upload_commit(upload, true) != 0)
        return 1;
    if (try_open("disk/file", append) != -ENOSPC || quota.bytes_used != sizeof bytes)
        return 2;
    if (names_in("root/disk") != 1)
        return 3;
    link_to("root/link", "disk/file");
    upload = begin("link", append);
    if (co_upload_size(upload) != sizeof bytes || co_upload_commit(upload, true) != 0)
        return 4;
    return stat_of("root/link").st_size == sizeof bytes ? 0 : 5;
}

static void a_copy_that_does_not_fit_leaves_nothing_m04(void **state)
{
    (void)state;
    folder("root/disk");
    in_child(full_disk_by_copies);
}

static int limited_files(void)
{
    const struct rlimit limit = {10, 10};
    signal(SIGXFSZ, SIG_IGN);
    put("root/file", "old");
    struct co_upload *upload = begin("file", anew);
    if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 1;
    if (co_upload_write(upload, "1234567", 7) != 0 || co_upload_write(upload, "89abc", 5) != -EFBIG)
        return 2;
    if (co_upload_size(upload) != 10 || quota.bytes_used != 10)
        return 3;
    co_upload_abort(upload, true);
    return partial_of("file") == -1 && strcmp(content_of("root/file"), "old") == 0 ? 0 : 4;
}

static void a_limit_of_the_system_is_said_m04(void **state)
{
    (void)state;
    in_child(limited_files);
}

#define WRITTEN 100000 /* bytes at a time by those that are killed */

/* Uploads in pieces, and tells of each that is written, until it is killed. */
static int upload_until_killed(void *told)
{
    static char bytes[WRITTEN];
    struct co_upload *upload = begin("file", anew);
    for (unsigned i = 0;; i++) {
        memset(bytes, (int)('a' + i % 26), sizeof bytes);
        if (i == 30)
            return co_upload_commit(upload, false);
        if (co_upload_write(upload, bytes, sizeof bytes) < 0 || write(*(int *)told, "", 1) != 1)
            return 1;
    }
}

static int upload_in_runtime(void *told)
{
    return upload_until_killed(told);
}

/* Bytes that the child told of before it was killed. */
static uint64_t kill_after(unsigned pieces, bool runtime)
{
    int ends[2], status;
    char told;
    uint64_t count = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        struct co_run_options options = {.stack_bytes = 1u << 18};
        _exit(runtime ? co_run(upload_in_runtime, &ends[1], &options)
                      : upload_until_killed(&ends[1]));
    }
    close(ends[1]);
    while (count < pieces && read(ends[0], &told, 1) == 1)
        count++;
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &told, 1) == 1)
        count++;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ends[0]);
    return count * WRITTEN;
}

static void assert_content_is_as_sent(uint64_t size)
{
    static char bytes[WRITTEN];
    int fd = openat(base.fd, "root/file", O_RDONLY | O_CLOEXEC);
    for (uint64_t at = 0; at < size; at += WRITTEN) {
        assert_int_equal(read(fd, bytes, sizeof bytes), WRITTEN);
        for (size_t i = 0; i < WRITTEN; i++)
            if (bytes[i] != (char)('a' + at / WRITTEN % 26))
                fail_msg("byte %zu of piece %zu", i, (size_t)(at / WRITTEN));
    }
    assert_int_equal(read(fd, bytes, 1), 0);
    close(fd);
}

/* What was written when the process was killed is there to go on from; nothing of it is seen. */
static void a_killed_server_leaves_what_can_be_resumed(void **state)
{
    (void)state;
    if (co_rt_current())
        skip(); /* a runtime's threads do not survive fork */
    for (unsigned round = 0; round < 20; round++) {
        uint64_t told = kill_after(1 + round, round % 2);
        if (exists("root/file")) { /* it was quicker */
            assert_content_is_as_sent(30 * (uint64_t)WRITTEN);
        } else {
            assert_true(partial_of("file") >= (int64_t)told);
            assert_refused(tree, "file", -ENOENT);
            struct co_upload *upload = begin("file", resume(told));
            finish(upload);
            assert_content_is_as_sent(told);
        }
        assert_int_equal(names_in("root"), 1);
        assert_int_equal(unlinkat(base.fd, "root/file", 0), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_file_is_synced_before_it_has_its_name_and_its_folder_after),
        TREE_TEST(what_cannot_be_synced_is_no_file),
        TREE_TEST(a_part_that_was_acknowledged_is_there_whatever_failed),
        TREE_TEST(what_cannot_be_looked_at_is_not_passed_over),
        TREE_TEST(what_could_not_begin_leaves_nothing),
        TREE_TEST(what_is_committed_while_a_resume_begins_is_gone_on_from),
        TREE_TEST(old_partial_files_are_removed_when_an_upload_begins),
        TREE_TEST(an_upload_at_work_is_never_old),
        TREE_TEST(what_is_just_being_made_is_not_held_by_a_sweep),
        TREE_TEST(a_folder_swapped_for_a_link_is_no_way_out_m01),
        TREE_TEST(a_folder_removed_meanwhile_is_said),
        TREE_TEST(a_folder_that_cannot_be_read_can_be_uploaded_to),
        TREE_TEST(a_folder_that_cannot_be_written_is_said),
        TREE_TEST(bytes_arrive_in_order_on_every_way),
        TREE_TEST(a_cancelled_upload_is_kept),
        TREE_TEST(a_full_disk_is_said_and_leaves_the_old_file_m04),
        TREE_TEST(a_copy_that_does_not_fit_leaves_nothing_m04),
        TREE_TEST(a_limit_of_the_system_is_said_m04),
        TREE_TEST(a_killed_server_leaves_what_can_be_resumed),
    };
    return run_in_each_world(tests);
}

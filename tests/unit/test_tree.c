/* SPDX-License-Identifier: MIT */
#include "test_tree.h"

#include "tree/lookup.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#define RACES     34000 /* look-ups of each race in each of three worlds: 10^5 */
#define MANY      200000
#define LINKS_MAX 20000 /* to a file: what every file system allows */
#define PATIENCE  60    /* seconds until what races without end counts as blocked */
#define BLOCKED   10    /* and what does nothing but look up */

static void opens_files_and_folders(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/b.txt", "inside, rather long");
    int fd;
    struct co_tree_stat stat, again;
    char bytes[8];
    assert_int_equal(co_tree_open_path(base.tree, CO_TEXT("a/b.txt"), &fd, &stat), 0);
    assert_int_equal(stat.kind, CO_TREE_FILE);
    assert_int_equal(stat.size, 19);
    assert_int_equal(stat.mode, 0644);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(co_tree_read(fd, bytes, 6, 8), 6);
    assert_memory_equal(bytes, "rather", 6);
    assert_int_equal(co_tree_read(fd, bytes, 8, 15), 4);
    assert_int_equal(co_tree_read(fd, bytes, 8, 19), 0);
    co_tree_close(fd);
    assert_int_equal(co_tree_stat_path(base.tree, CO_TEXT("a/b.txt"), &again), 0);
    assert_true(co_tree_stat_equal(&stat, &again));
    const char *folders[] = {"", "a", "a/"};
    for (size_t i = 0; i < CO_LENGTH(folders); i++) {
        assert_int_equal(co_tree_open_path(base.tree, co_text_of(folders[i]), &fd, &stat), 0);
        assert_int_equal(stat.kind, CO_TREE_FOLDER);
        co_tree_close(fd);
    }
    assert_refused(base.tree, "a/none", -ENOENT);
    assert_refused(base.tree, "a/b.txt/", -ENOTDIR);
    assert_refused(base.tree, "a/b.txt/c", -ENOTDIR);
}

static void what_cannot_be_a_tree_is_refused(void **state)
{
    (void)state;
    struct co_tree *tree = NULL;
    char path[80];
    put("file", "inside");
    snprintf(path, sizeof path, "%s/file", base.path);
    assert_int_equal(co_tree_open(&tree, path, NULL), -ENOTDIR);
    snprintf(path, sizeof path, "%s/none", base.path);
    assert_int_equal(co_tree_open(&tree, path, NULL), -ENOENT);
    assert_null(tree);
    co_tree_free(NULL);
}

static void links_within_the_tree_work(void **state)
{
    (void)state;
    folder("root/a");
    folder("root/b");
    put("root/a/file", "inside");
    link_to("root/b/up", "../a/file");
    link_to("root/b/folder", "../a");
    link_to("root/twice", "b/up");
    assert_reads("b/up", "inside");
    assert_reads("b/folder/file", "inside");
    assert_reads("twice", "inside");
}

static void links_that_lead_out_do_not_exist(void **state)
{
    (void)state;
    put("root/file", "inside");
    folder("root/a");
    char inside[96];
    snprintf(inside, sizeof inside, "%s/root/file", base.path);
    link_to("root/etc", "/etc/passwd");
    link_to("root/absolute", inside);
    link_to("root/out", "../outside/file");
    link_to("root/folder", "../outside");
    link_to("root/a/out", "../../outside/file");
    link_to("root/around", "../root/file"); /* out and in again */
    link_to("root/broken", "none");
    link_to("root/loop", "loop");
    const char *out[] = {
        "etc", "absolute", "out", "folder", "folder/file", "a/out", "around", "broken"};
    for (size_t i = 0; i < CO_LENGTH(out); i++)
        assert_refused(base.tree, out[i], -ENOENT);
    assert_refused(base.tree, "loop", -ELOOP);
}

/* H12: these never come from co_url_path_decode; the tree does not rely on that. */
static void paths_with_dots_nul_or_empty_segments_do_not_exist_h12(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    const char *bad[] = {"..", ".", "/", "//", "../outside/file", "a/../../outside/file",
        "a/../a/file", "./a/file", "a/.", "a/./file", "a/..", "/a/file", "a//file", "a//",
        "/etc/passwd", "../", "a/../"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        assert_refused(base.tree, bad[i], -ENOENT);
        assert_refused(base.hidden, bad[i], -ENOENT);
    }
    int fd;
    struct co_tree_stat stat;
    const co_text nul[] = {CO_TEXT("a/file\0"), CO_TEXT("a/file\0.html"), CO_TEXT("\0"),
        CO_TEXT("a\0/../../outside/file")};
    for (size_t i = 0; i < CO_LENGTH(nul); i++)
        assert_int_equal(co_tree_open_path(base.hidden, nul[i], &fd, &stat), -ENOENT);
}

static void hidden_names_exist_only_when_asked_for(void **state)
{
    (void)state;
    folder("root/.git");
    put("root/.git/config", "inside");
    put("root/.env", "inside");
    link_to("root/shown", ".env");
    char bytes[16];
    const char *names[] = {".env", ".git", ".git/config", ".git/"};
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        assert_refused(base.tree, names[i], -ENOENT);
        assert_int_equal(peek(base.hidden, names[i], bytes), 0);
    }
    assert_refused(base.hidden, "...", -ENOENT);
    assert_reads("shown", "inside");
}

static void long_paths_work_up_to_the_limit(void **state)
{
    (void)state;
    static char name[256], path[CO_TREE_PATH_MAX + 2];
    memset(name, 'n', 255);
    name[255] = '\0';
    snprintf(path, sizeof path, "root/%s", name);
    folder(path);
    snprintf(path, sizeof path, "root/%s/%s", name, name);
    folder(path);
    snprintf(path, sizeof path, "root/%s/%s/%s", name, name, name);
    put(path, "inside");
    assert_reads(path + 5, "inside");
    memset(path, 'n', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_refused(base.tree, path, -ENAMETOOLONG);
    assert_refused(base.tree, path + 1, -ENAMETOOLONG);
}

static void unreadable_files_exist_but_are_refused(void **state)
{
    (void)state;
    char bytes[16];
    struct co_tree_stat stat;
    put("root/secret", "inside");
    assert_int_equal(fchmodat(base.fd, "root/secret", 0, 0), 0);
    uid_t user = geteuid();
    if (user == 0)
        assert_int_equal(seteuid(65534), 0); /* root may read everything */
    int opened = peek(base.tree, "secret", bytes);
    int found = co_tree_stat_path(base.tree, CO_TEXT("secret"), &stat);
    if (user == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(opened, -EACCES);
    assert_int_equal(found, 0);
}

/* ---- attacks ------------------------------------------------------------------------------ */

static void make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", base.path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* The devices: /dev/zero, which never ends, and one that has no driver. Only root can make them. */
static void special_files_are_refused_without_blocking_m02(void **state)
{
    (void)state;
    assert_int_equal(mkfifoat(base.fd, "root/fifo", 0644), 0);
    make_socket("root/socket");
    link_to("root/link", "fifo");
    alarm(BLOCKED);
    const char *names[] = {"fifo", "socket", "link"};
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        assert_refused(base.tree, names[i], -ENOENT);
    if (mknodat(base.fd, "root/zero", S_IFCHR | 0644, makedev(1, 5)) == 0)
        assert_refused(base.tree, "zero", -ENOENT);
    if (mknodat(base.fd, "root/nothing", S_IFCHR | 0644, makedev(250, 250)) == 0)
        assert_refused(base.tree, "nothing", -ENOENT);
    alarm(0);
}

static int mount_at(const char *source, const char *path, const char *type, unsigned long flags)
{
    char where[96];
    snprintf(where, sizeof where, "%s/%s", base.path, path);
    return mount(source, where, type, flags, NULL);
}

/* In a mount namespace of its own. 0: as it should be; the number of what was not; 99: may not
 * mount. */
static int mounts_behave(void)
{
    char bytes[16];
    struct co_tree_entry *entries;
    bool more;
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount_at("proc", "root/proc", "proc", 0) < 0 ||
        mount_at("/proc/version", "root/version", NULL, MS_BIND) < 0 ||
        mount_at("/dev/zero", "root/zero", NULL, MS_BIND) < 0 ||
        mount_at("tmpfs", "root/disk", "tmpfs", 0) < 0)
        return 99;
    struct co_tree *tree; /* base.tree is rooted in the namespace outside */
    char root[80];
    snprintf(root, sizeof root, "%s/root", base.path);
    if (co_tree_open(&tree, root, NULL) < 0)
        return 98;
    int file = open(strcat(root, "/disk/file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (write(file, "inside", 6) != 6)
        return 97;
    if (peek(tree, "proc/self/environ", bytes) != -ENOENT)
        return 1;
    if (peek(tree, "proc", bytes) != -ENOENT)
        return 2;
    if (peek(tree, "version", bytes) != -ENOENT)
        return 3;
    if (peek(tree, "zero", bytes) != -ENOENT)
        return 4;
    if (peek(tree, "disk/file", bytes) != 0 || strcmp(bytes, "inside") != 0)
        return 5;
    ssize_t count = co_tree_list(tree, CO_TEXT(""), 10, &entries, &more);
    if (count != 1 || strcmp(entries[0].name, "disk") != 0)
        return 6;
    co_tree_entries_free(entries, 1);
    return 0;
}

static void kernel_files_mounted_within_are_refused_m02(void **state)
{
    (void)state;
    if (co_rt_current())
        skip(); /* a runtime's threads do not survive fork */
    folder("root/proc");
    folder("root/disk");
    put("root/version", "inside");
    put("root/zero", "inside");
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE);
        _exit(mounts_behave());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 99)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void magic_links_are_refused_m02(void **state)
{
    (void)state;
    struct co_tree *proc;
    assert_int_equal(co_tree_open(&proc, "/proc/self", NULL), 0);
    const char *magic[] = {"root", "cwd", "exe", "fd/0", "root/etc/passwd"};
    for (size_t i = 0; i < CO_LENGTH(magic); i++)
        assert_refused(proc, magic[i], -ELOOP);
    co_tree_free(proc);
}

/* M03: the bytes are read, never mapped: no SIGBUS, and the count is what there was. */
static void file_truncated_while_open_reads_short_m03(void **state)
{
    (void)state;
    static char bytes[100000];
    int fd;
    struct co_tree_stat stat;
    put("root/file", "");
    char path[96];
    snprintf(path, sizeof path, "%s/root/file", base.path);
    assert_int_equal(truncate(path, sizeof bytes), 0);
    assert_int_equal(co_tree_open_path(base.tree, CO_TEXT("file"), &fd, &stat), 0);
    assert_int_equal(stat.size, sizeof bytes);
    assert_int_equal(truncate(path, 5000), 0);
    size_t got = 0;
    for (ssize_t n = 1; n > 0; got += (size_t)n) {
        n = co_tree_read(fd, bytes, sizeof bytes, got);
        assert_true(n >= 0);
    }
    assert_int_equal(got, 5000);
    assert_int_equal(co_tree_read(fd, bytes, sizeof bytes, 50000), 0);
    co_tree_close(fd);
}

/* What the adversary of M01 does without pause: each step makes a path lead out, then in again. */
static atomic_bool race_over;

static void *swap_without_pause(void *arg)
{
    (void)arg;
    int root = openat(base.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (!atomic_load(&race_over)) {
        (void)!symlinkat("../outside", root, "new");
        (void)!renameat(root, "new", root, "link");
        (void)!renameat2(root, "folder", root, "exchange", RENAME_EXCHANGE);
        (void)!renameat(root, "deep/moving", base.fd, "outside/moving");
        (void)!symlinkat("inside", root, "new");
        (void)!renameat(root, "new", root, "link");
        (void)!renameat2(root, "folder", root, "exchange", RENAME_EXCHANGE);
        (void)!renameat(base.fd, "outside/moving", root, "deep/moving");
    }
    close(root);
    return NULL;
}

static void make_racetrack(void)
{
    folder("root/inside");
    put("root/inside/file", "inside");
    link_to("root/link", "inside");
    folder("root/folder");
    put("root/folder/file", "inside");
    link_to("root/exchange", "../outside");
    folder("root/deep");
    folder("root/deep/moving"); /* in the tree, .. is deep, else outside */
    put("root/deep/file", "inside");
    link_to("root/deep/moving/up", "../file");
    folder("root/aside");
    link_to("root/aside/up", "../inside/file");
}

struct tally {
    unsigned inside, refused, escaped;
};

static void race_once(const char *path, struct tally *tally)
{
    char bytes[16];
    if (peek(base.tree, path, bytes) < 0)
        tally->refused++;
    else if (strcmp(bytes, "inside") == 0)
        tally->inside++;
    else
        tally->escaped++;
}

static void start_race(pthread_t *ret_adversary)
{
    make_racetrack();
    atomic_store(&race_over, false);
    assert_int_equal(pthread_create(ret_adversary, NULL, swap_without_pause, NULL), 0);
    alarm(PATIENCE);
}

static void end_race(pthread_t adversary)
{
    alarm(0);
    atomic_store(&race_over, true);
    pthread_join(adversary, NULL);
}

static void links_swapped_during_look_ups_never_lead_out_m01(void **state)
{
    (void)state;
    static const char *const paths[] = {"link/file", "folder/file", "deep/moving/up"};
    struct tally tally[CO_LENGTH(paths)] = {{0}};
    pthread_t adversary;
    start_race(&adversary);
    for (size_t i = 0; i < CO_LENGTH(paths); i++)
        for (unsigned n = 0; n < RACES || !tally[i].inside || !tally[i].refused; n++) {
            race_once(paths[i], &tally[i]);
            if (tally[i].escaped)
                break;
        }
    end_race(adversary);
    for (size_t i = 0; i < CO_LENGTH(paths); i++)
        assert_int_equal(tally[i].escaped, 0);
}

/* The kernel gives up on ".." when anything at all is renamed meanwhile. */
static void renames_elsewhere_do_not_disturb_look_ups(void **state)
{
    (void)state;
    struct tally tally = {0};
    pthread_t adversary;
    start_race(&adversary);
    for (unsigned n = 0; n < RACES; n++)
        race_once("aside/up", &tally);
    end_race(adversary);
    assert_int_equal(tally.inside, RACES);
}

/* ---- listings ----------------------------------------------------------------------------- */

static const struct co_tree_entry *entry_named(
    const struct co_tree_entry *entries, ssize_t count, const char *name)
{
    for (ssize_t i = 0; i < count; i++)
        if (strcmp(entries[i].name, name) == 0)
            return &entries[i];
    static const struct co_tree_entry none = {.name = NULL};
    return &none;
}

static void listing_shows_what_exists(void **state)
{
    (void)state;
    folder("root/a");
    folder("root/a/sub");
    put("root/a/file", "inside");
    put("root/a/\xff\xfe\n", "inside");
    put("root/a/.hidden", "inside");
    put("root/top", "inside!");
    link_to("root/a/up", "../top");
    link_to("root/a/down", "sub");
    link_to("root/a/broken", "none");
    link_to("root/a/out", "../../outside/file");
    link_to("root/a/absolute", "/etc/passwd");
    assert_int_equal(mkfifoat(base.fd, "root/a/fifo", 0644), 0);
    make_socket("root/a/socket");
    struct co_tree_entry *entries;
    bool more = true;
    ssize_t count = co_tree_list(base.tree, CO_TEXT("a"), 100, &entries, &more);
    assert_int_equal(count, 5);
    assert_false(more);
    assert_int_equal(entry_named(entries, count, "file")->stat.size, 6);
    assert_false(entry_named(entries, count, "file")->is_link);
    assert_int_equal(entry_named(entries, count, "sub")->stat.kind, CO_TREE_FOLDER);
    assert_int_equal(entry_named(entries, count, "\xff\xfe\n")->stat.kind, CO_TREE_FILE);
    assert_int_equal(entry_named(entries, count, "up")->stat.size, 7);
    assert_true(entry_named(entries, count, "up")->is_link);
    assert_int_equal(entry_named(entries, count, "down")->stat.kind, CO_TREE_FOLDER);
    co_tree_entries_free(entries, (size_t)count);
    count = co_tree_list(base.hidden, CO_TEXT("a/"), 100, &entries, &more);
    assert_int_equal(count, 6);
    assert_non_null(entry_named(entries, count, ".hidden")->name);
    co_tree_entries_free(entries, (size_t)count);
}

static void listing_says_whether_there_was_more(void **state)
{
    (void)state;
    struct co_tree_entry *entries = NULL;
    bool more = true;
    assert_int_equal(co_tree_list(base.tree, CO_TEXT(""), 10, &entries, &more), 0);
    assert_false(more);
    co_tree_entries_free(entries, 0);
    put("root/one", "inside");
    put("root/two", "inside");
    put("root/.three", "inside");
    assert_int_equal(co_tree_list(base.tree, CO_TEXT(""), 2, &entries, &more), 2);
    assert_false(more);
    co_tree_entries_free(entries, 2);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT(""), 1, &entries, &more), 1);
    assert_true(more);
    co_tree_entries_free(entries, 1);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT(""), 0, &entries, &more), 0);
    assert_true(more);
    co_tree_entries_free(entries, 0);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT("one"), 1, &entries, &more), -ENOTDIR);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT("none"), 1, &entries, &more), -ENOENT);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT(".."), 1, &entries, &more), -ENOENT);
}

/* The link is looked up through a descriptor, of which there is but one, the folder's. */
static void a_listing_without_descriptors_fails_and_hides_nothing(void **state)
{
    (void)state;
    folder("root/a");
    put("root/a/file", "inside");
    link_to("root/a/link", "file");
    struct co_tree_entry *entries;
    struct rlimit before, one;
    bool more;
    int next = dup(base.fd);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    one = (struct rlimit){(rlim_t)next + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &one), 0);
    ssize_t count = co_tree_list(base.tree, CO_TEXT("a"), 100, &entries, &more);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(count, -EMFILE);
    count = co_tree_list(base.tree, CO_TEXT("a"), 100, &entries, &more);
    assert_int_equal(count, 2);
    co_tree_entries_free(entries, (size_t)count);
}

/* Hard links, since they cost less than files. */
static void make_many(unsigned count)
{
    char name[32];
    folder("root/many");
    int many = openat(base.fd, "root/many", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "file-%06u", i / LINKS_MAX * LINKS_MAX);
        if (i % LINKS_MAX == 0) {
            assert_int_equal(mknodat(many, name, S_IFREG | 0644, 0), 0);
            continue;
        }
        char other[32];
        snprintf(other, sizeof other, "file-%06u", i);
        assert_int_equal(linkat(many, name, many, other, 0), 0);
    }
    close(many);
}

static void large_folders_are_listed_whole(void **state)
{
    (void)state;
    unsigned many = co_lookup_may_wait() ? MANY / 100 : MANY; /* all of them once: in batches */
    make_many(many);
    struct co_tree_entry *entries;
    bool more;
    static bool seen[MANY];
    memset(seen, 0, sizeof seen);
    assert_int_equal(co_tree_list(base.tree, CO_TEXT("many"), SIZE_MAX, &entries, &more), many);
    assert_false(more);
    for (size_t i = 0; i < many; i++)
        seen[atoi(entries[i].name + 5)] = true;
    assert_null(memchr(seen, false, many));
    co_tree_entries_free(entries, many);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)
    const struct CMUnitTest tests[] = {
        TEST(opens_files_and_folders),
        TEST(what_cannot_be_a_tree_is_refused),
        TEST(links_within_the_tree_work),
        TEST(links_that_lead_out_do_not_exist),
        TEST(paths_with_dots_nul_or_empty_segments_do_not_exist_h12),
        TEST(hidden_names_exist_only_when_asked_for),
        TEST(long_paths_work_up_to_the_limit),
        TEST(unreadable_files_exist_but_are_refused),
        TEST(special_files_are_refused_without_blocking_m02),
        TEST(kernel_files_mounted_within_are_refused_m02),
        TEST(magic_links_are_refused_m02),
        TEST(file_truncated_while_open_reads_short_m03),
        TEST(links_swapped_during_look_ups_never_lead_out_m01),
        TEST(renames_elsewhere_do_not_disturb_look_ups),
        TEST(listing_shows_what_exists),
        TEST(listing_says_whether_there_was_more),
        TEST(a_listing_without_descriptors_fails_and_hides_nothing),
        TEST(large_folders_are_listed_whole),
    };
    return run_in_each_world(tests);
}

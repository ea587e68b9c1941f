/* SPDX-License-Identifier: MIT */
/* Names that nobody may edit, and edits while somebody else moves what lies there. */
#include "tree_edit_rig.h"

#include <pthread.h>
#include <stdatomic.h>

#define RACES    10000
#define PATIENCE 60 /* seconds until what blocks counts as blocked */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(hidden_names_can_neither_be_made_nor_changed),
        TREE_TEST(hidden_names_are_like_others_where_they_are_shown),
        TREE_TEST(partial_files_exist_for_nobody),
        TREE_TEST(paths_that_lead_out_change_nothing_h12),
        TREE_TEST(links_swapped_while_editing_never_lead_out_m01),
        TREE_TEST(bytes_are_given_back_once_in_a_race_f18),
    };
    return run_in_each_world(tests);
}

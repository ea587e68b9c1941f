/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the tree share: a folder of their own with `root` (the tree) and `outside`
 * beside it, and the three worlds in which every test runs: without a runtime, on the machine's
 * backend (cold look-ups on pool threads) and in virtual time.
 *
 * Whoever reads "outside" has escaped: everything beneath `outside` says so, everything beneath
 * `root` says "inside".
 */
#ifndef CO_TEST_TREE_H
#define CO_TEST_TREE_H

#include "within.h"

#include "coronet/fiber.h"
#include "runtime/rt.h"
#include "tree/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    char path[64]; /* absolute */
    int fd;        /* paths below are relative to it */
    struct co_tree *tree, *hidden;
} base;

static inline void put(const char *path, const char *content)
{
    int fd = openat(base.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static inline void folder(const char *path)
{
    assert_int_equal(mkdirat(base.fd, path, 0755), 0);
}

static inline void link_to(const char *path, const char *target)
{
    assert_int_equal(symlinkat(target, base.fd, path), 0);
}

static inline bool exists(const char *path)
{
    struct stat st;
    return fstatat(base.fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline struct stat stat_of(const char *path)
{
    struct stat st = {0};
    assert_int_equal(fstatat(base.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

/* The file's first bytes, up to 63, in a buffer that the next call fills anew. */
static inline const char *content_of(const char *path)
{
    static char bytes[64];
    memset(bytes, 0, sizeof bytes);
    int fd = openat(base.fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, bytes, sizeof bytes - 1) >= 0);
    close(fd);
    return bytes;
}

/* One more tree over `root`. */
static inline struct co_tree *tree_with(const struct co_tree_options *options)
{
    char root[80];
    struct co_tree *tree;
    snprintf(root, sizeof root, "%s/root", base.path);
    assert_int_equal(co_tree_open(&tree, root, options), 0);
    return tree;
}

static inline int test_setup(void **state)
{
    (void)state;
    snprintf(base.path, sizeof base.path, "/tmp/coronet-tree-XXXXXX");
    assert_non_null(mkdtemp(base.path));
    assert_int_equal(chmod(base.path, 0755), 0);
    base.fd = open(base.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder("root");
    folder("outside");
    put("outside/file", "outside");
    char root[80];
    snprintf(root, sizeof root, "%s/root", base.path);
    assert_int_equal(co_tree_open(&base.tree, root, NULL), 0);
    struct co_tree_options options = {.hidden = true};
    assert_int_equal(co_tree_open(&base.hidden, root, &options), 0);
    return 0;
}

static inline int test_remove_one(
    const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static inline int test_teardown(void **state)
{
    (void)state;
    co_tree_free(base.tree);
    co_tree_free(base.hidden);
    close(base.fd);
    return nftw(base.path, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Opens the path and reads the first bytes of what it is. 0 or the error. */
static inline int peek(struct co_tree *tree, const char *path, char ret_bytes[16])
{
    int fd;
    struct co_tree_stat stat;
    int rc = co_tree_open_path(tree, co_text_of(path), &fd, &stat);
    if (rc < 0)
        return rc;
    memset(ret_bytes, 0, 16);
    ssize_t n = stat.kind == CO_TREE_FILE ? co_tree_read(fd, ret_bytes, 15, 0) : 0;
    co_tree_close(fd);
    return n < 0 ? (int)n : 0;
}

#define assert_reads(path, content)                                                                \
 do {                                                                                              \
  char bytes_[16];                                                                                 \
  assert_int_equal(peek(base.tree, path, bytes_), 0);                                              \
  assert_string_equal(bytes_, content);                                                            \
 } while (0)

/* Neither opens nor has a stat. */
#define assert_refused(tree, path, error)                                                          \
 do {                                                                                              \
  char bytes_[16];                                                                                 \
  struct co_tree_stat stat_;                                                                       \
  assert_int_equal(peek(tree, path, bytes_), error);                                               \
  assert_int_equal(co_tree_stat_path(tree, co_text_of(path), &stat_), error);                      \
 } while (0)

/* In the three of them. */
#define run_in_each_world(tests)                                                                   \
 (cmocka_run_group_tests(tests, NULL, NULL) || run_within(NULL, tests) ||                          \
     run_within("virtual", tests))

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of uploads share: a tree for whoever may do everything, with an account, and
 * uploads by alice. */
#ifndef CO_TEST_UPLOAD_RIG_H
#define CO_TEST_UPLOAD_RIG_H

#include "test_tree.h"

#include "tree/edit.h"
#include "tree/quota.h"
#include "tree/uploading.h"

#include <dirent.h>

#define WEEK_OLD (8 * 24 * 3600) /* seconds: more than partial files are kept */

static struct co_quota quota;
static struct co_tree *tree;

static const struct co_upload_options anew = {.uploader = {"alice", 5}};
static const struct co_upload_options append = {
    .uploader = {"alice", 5}, .start = CO_UPLOAD_APPEND};

static inline struct co_upload_options resume(uint64_t offset)
{
    return (struct co_upload_options){
        .uploader = CO_TEXT("alice"), .start = CO_UPLOAD_RESUME, .offset = offset};
}

static inline int upload_setup(void **state)
{
    test_setup(state);
    quota = (struct co_quota){.bytes_max = UINT64_MAX};
    struct co_tree_options options = {.rights = CO_MAY_ALL, .quota = &quota};
    tree = tree_with(&options);
    return 0;
}

static inline int upload_teardown(void **state)
{
    co_tree_free(tree);
    return test_teardown(state);
}

static inline int try_open(const char *path, struct co_upload_options options)
{
    struct co_upload *upload = NULL;
    int rc = co_upload_open(&upload, tree, co_text_of(path), &options);
    if (rc == 0)
        co_upload_abort(upload, false);
    return rc;
}

static inline struct co_upload *begin(const char *path, struct co_upload_options options)
{
    struct co_upload *upload;
    assert_int_equal(co_upload_open(&upload, tree, co_text_of(path), &options), 0);
    return upload;
}

static inline void add(struct co_upload *upload, const char *text)
{
    assert_int_equal(co_upload_write(upload, text, strlen(text)), 0);
}

static inline void finish(struct co_upload *upload)
{
    assert_int_equal(co_upload_commit(upload, true), 0);
}

/* The whole of an upload in one. */
static inline void upload_text(const char *path, const char *text)
{
    struct co_upload *upload = begin(path, anew);
    add(upload, text);
    finish(upload);
}

static inline void leave_partial(const char *path, const char *text)
{
    struct co_upload *upload = begin(path, anew);
    add(upload, text);
    co_upload_abort(upload, true);
}

/* Bytes of alice's partial file; -1: there is none. */
static inline int64_t partial_of(const char *path)
{
    uint64_t bytes = 0;
    int rc = co_upload_partial(tree, co_text_of(path), CO_TEXT("alice"), &bytes);
    if (rc < 0)
        assert_int_equal(rc, -ENOENT);
    return rc < 0 ? -1 : (int64_t)bytes;
}

static inline void make_old(const char *path)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - WEEK_OLD}};
    assert_int_equal(utimensat(base.fd, path, times, 0), 0);
}

/* All names in the folder, hidden ones included. */
static inline unsigned names_in(const char *path)
{
    unsigned count = 0;
    DIR *folder = fdopendir(openat(base.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, upload_setup, upload_teardown)

#endif

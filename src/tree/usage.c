/* SPDX-License-Identifier: MIT */
/*
 * Counting what a tree holds. The folders still to be read wait on a stack of paths; each is opened
 * from the root anew, so that no depth holds descriptors, and no link leads anywhere.
 */
#include "base/buf.h"
#include "tree/lookup.h"
#include "tree/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define USAGE_BATCH       1000        /* steps of one job: a few milliseconds when all is cached */
#define USAGE_STACK_BYTES (64u << 20) /* of paths: folders beside each other on one way down */

struct usage {
    const struct co_tree *tree;
    DIR *folder;         /* being read; NULL: take the next path */
    struct co_buf path;  /* the folder's, NUL-terminated */
    struct co_buf stack; /* paths to come, each with its NUL */
    uint64_t bytes;
};

/* Takes the last path off the stack. */
static void pop(struct usage *usage)
{
    size_t end = usage->stack.size - 1; /* its NUL */
    const char *before = end ? memrchr(usage->stack.at, '\0', end) : NULL;
    size_t start = before ? (size_t)(before - usage->stack.at) + 1 : 0;
    co_buf_clear(&usage->path);
    co_buf_add(&usage->path, usage->stack.at + start, end + 1 - start);
    usage->stack.size = start;
}

static bool is_passed_over(int rc)
{
    return rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP || rc == -ENAMETOOLONG || rc == -EACCES;
}

/* 1: open, or it is a folder no longer, or closed to us (lost+found), so that nobody here fills it;
 * -errno. */
static int open_next(struct usage *usage)
{
    pop(usage);
    if (usage->path.error)
        return usage->path.error;
    struct co_lookup lookup = {.tree = usage->tree,
        .path = usage->path.at,
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK,
        .fd = -1};
    int rc = co_lookup_wait(&lookup);
    if (rc < 0)
        return is_passed_over(rc) ? 1 : rc;
    usage->folder = fdopendir(lookup.fd);
    if (usage->folder)
        return 1;
    rc = -errno;
    close(lookup.fd);
    return rc;
}

static void count(struct usage *usage, const char *name)
{
    struct stat st;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        fstatat(dirfd(usage->folder), name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return;
    if (S_ISREG(st.st_mode))
        usage->bytes += (uint64_t)st.st_size;
    if (!S_ISDIR(st.st_mode))
        return;
    co_buf_add(&usage->stack, usage->path.at, usage->path.size - 1);
    co_buf_add_char(&usage->stack, '/');
    co_buf_add(&usage->stack, name, strlen(name) + 1);
}

/* One folder opened, or one name counted. 1: there is more. */
static int step(struct usage *usage)
{
    if (!usage->folder)
        return usage->stack.size > 0 ? open_next(usage) : 0;
    errno = 0;
    struct dirent *found = readdir(usage->folder);
    if (found) {
        count(usage, found->d_name);
        return usage->stack.error ? usage->stack.error : 1;
    }
    int rc = errno ? -errno : 1;
    closedir(usage->folder);
    usage->folder = NULL;
    return rc;
}

/* 1: there is more. */
static int usage_batch(void *arg)
{
    int rc = 1;
    for (unsigned i = 0; i < USAGE_BATCH && rc > 0; i++)
        rc = step(arg);
    return rc;
}

int co_tree_usage(struct co_tree *tree, uint64_t *ret_bytes)
{
    struct usage usage = {
        .tree = tree,
        .path = CO_BUF(USAGE_STACK_BYTES),
        .stack = CO_BUF(USAGE_STACK_BYTES),
    };
    co_buf_add(&usage.stack, ".", 2);
    int rc = usage.stack.error ? usage.stack.error : 1;
    while (rc > 0)
        rc = co_lookup_offload(usage_batch, &usage);
    if (usage.folder)
        closedir(usage.folder);
    co_buf_free(&usage.path);
    co_buf_free(&usage.stack);
    if (rc == 0)
        *ret_bytes = usage.bytes;
    return rc;
}

/* ---- what else there is room for ---------------------------------------------------------------
 */

struct room {
    struct co_lookup folder;
    uint64_t bytes;
};

static int room_look(void *arg)
{
    struct room *room = arg;
    struct statvfs disk;
    int rc = co_lookup_wait(&room->folder);
    if (rc < 0)
        return rc;
    rc = fstatvfs(room->folder.fd, &disk) < 0 ? -errno : 0;
    close(room->folder.fd);
    if (rc == 0 && __builtin_mul_overflow(disk.f_bavail, disk.f_frsize, &room->bytes))
        room->bytes = INT64_MAX;
    return rc;
}

int co_tree_available(struct co_tree *tree, co_text path, uint64_t *ret_bytes)
{
    struct room room = {.folder = {.tree = tree, .flags = O_PATH | O_DIRECTORY}};
    if (!(tree->rights & (CO_MAY_LIST | CO_MAY_ADD)))
        return -EPERM;
    if (!co_lookup_path_exists(path, tree->hidden))
        return -ENOENT;
    char *name = co_text_copy(path.size ? path : CO_TEXT("."));
    if (!name)
        return -ENOMEM;
    room.folder.path = name;
    int rc = co_lookup_offload(room_look, &room);
    free(name);
    if (rc < 0)
        return rc;
    uint64_t left = co_quota_left(tree->quota);
    *ret_bytes = left < room.bytes ? left : room.bytes;
    return 0;
}

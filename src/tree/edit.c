/* SPDX-License-Identifier: MIT */
/*
 * Each edit is one job: the folder is opened beneath the root, then the name is worked on within
 * it. What gives bytes back holds the quota's account from the look at the file until it is gone.
 */
#include "tree/edit.h"

#include "tree/partial.h"
#include "tree/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Checks the right, then lets the work have the place. */
static int edit_place(struct co_tree *tree, co_text path, unsigned right, co_task *work)
{
    struct co_place place;
    if (!(tree->rights & right))
        return -EPERM;
    int rc = co_place_open(&place, tree, path, right == CO_MAY_ADD ? -EPERM : -ENOENT);
    if (rc < 0)
        return rc;
    rc = co_lookup_offload(work, &place);
    co_place_close(&place);
    return rc;
}

/* The bytes that go when the name goes: a link has none, and a file with another name stays. */
static uint64_t bytes_of(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_nlink == 1 ? (uint64_t)st->st_size : 0;
}

static int folder_make(void *arg)
{
    struct co_place *place = arg;
    if (!*place->name)
        return -EEXIST;
    int rc = co_place_enter(place);
    if (rc == 0 && mkdirat(place->parent, place->name, 0777) < 0)
        rc = -errno;
    return rc;
}

int co_tree_folder_make(struct co_tree *tree, co_text path)
{
    return edit_place(tree, path, CO_MAY_ADD, folder_make);
}

/* Is there something to take away? A link is taken itself, but one that leads out of the tree, or
 * nowhere, exists no more than for who reads; one that leads nowhere can be removed, for its folder
 * could not be without that. For a pool thread. 0, -errno. */
static int look_at_taken(const struct co_place *place, bool removed)
{
    struct stat st;
    struct co_lookup target = {.tree = place->tree, .path = place->path, .flags = O_PATH, .fd = -1};
    int rc = co_place_stat(place, &st);
    if (rc < 0 || !S_ISLNK(st.st_mode))
        return rc;
    rc = co_lookup_wait(&target);
    co_tree_close(target.fd);
    if (removed && target.is_missing)
        return 0;
    return rc == -ELOOP ? -ENOENT : rc;
}

static int unlink_file(const struct co_place *place, uint64_t *ret_bytes)
{
    struct stat st;
    int rc = co_place_stat(place, &st);
    if (rc < 0)
        return rc;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (unlinkat(place->parent, place->name, 0) < 0)
        return co_place_refusal(errno);
    *ret_bytes = bytes_of(&st);
    return 0;
}

static int file_remove(void *arg)
{
    struct co_place *place = arg;
    uint64_t bytes = 0;
    if (!*place->name)
        return -EISDIR;
    int rc = co_place_enter(place);
    if (rc == 0)
        rc = look_at_taken(place, true);
    if (rc < 0)
        return rc;
    co_quota_hold(place->tree->quota);
    rc = unlink_file(place, &bytes);
    co_quota_give(place->tree->quota, bytes);
    co_quota_release(place->tree->quota);
    return rc;
}

int co_tree_file_remove(struct co_tree *tree, co_text path)
{
    return edit_place(tree, path, CO_MAY_CHANGE, file_remove);
}

/* ---- removing folders ----------------------------------------------------------------------- */

/* Whether the folder holds nothing but partial files; with `drop`, they go. 0, -ENOTEMPTY, -errno.
 */
static int drop_leftovers(DIR *folder, struct co_quota *quota, bool drop)
{
    rewinddir(folder);
    for (;;) {
        errno = 0;
        struct dirent *found = readdir(folder);
        if (!found)
            return -errno;
        const char *name = found->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (!co_partial_is_name(co_text_of(name)) ||
            (drop && co_partial_drop(dirfd(folder), name, INT64_MAX, quota) < 0))
            return -ENOTEMPTY;
    }
}

static int empty_folder(const struct co_place *place)
{
    int fd = openat(
        place->parent, place->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        co_tree_close(fd);
        return -ENOTEMPTY;
    }
    int rc = drop_leftovers(folder, place->tree->quota, false);
    if (rc == 0)
        rc = drop_leftovers(folder, place->tree->quota, true);
    closedir(folder);
    return rc;
}

static int folder_remove(void *arg)
{
    struct co_place *place = arg;
    if (!*place->name)
        return -EPERM;
    int rc = co_place_enter(place);
    if (rc == 0)
        rc = look_at_taken(place, false);
    if (rc < 0)
        return rc;
    if (unlinkat(place->parent, place->name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST) /* POSIX allows either */
        return co_place_refusal(errno);
    rc = empty_folder(place);
    if (rc == 0 && unlinkat(place->parent, place->name, AT_REMOVEDIR) < 0)
        rc = co_place_refusal(errno);
    return rc;
}

int co_tree_folder_remove(struct co_tree *tree, co_text path)
{
    return edit_place(tree, path, CO_MAY_CHANGE, folder_remove);
}

/* ---- renaming ------------------------------------------------------------------------------- */

struct renaming {
    struct co_place from, to;
    bool replace;
};

/* The account is held: what lies at `to` now is what goes. */
static int rename_held(const struct renaming *job, uint64_t *ret_bytes)
{
    struct stat from, old;
    int rc = co_place_stat(&job->from, &from);
    if (rc < 0)
        return rc;
    if (job->to.folder_meant && !S_ISDIR(from.st_mode))
        return -ENOTDIR;
    bool replaces = co_place_stat(&job->to, &old) == 0 && old.st_ino != from.st_ino;
    rc = co_place_take(&job->to, job->from.parent, job->from.name, job->replace);
    if (rc == 0 && replaces)
        *ret_bytes = bytes_of(&old);
    return rc;
}

static int rename_job(void *arg)
{
    struct renaming *job = arg;
    struct co_quota *quota = job->from.tree->quota;
    uint64_t bytes = 0;
    int rc = co_place_enter(&job->from);
    if (rc == 0)
        rc = co_place_enter(&job->to);
    if (rc == 0)
        rc = look_at_taken(&job->from, false);
    if (rc < 0)
        return rc;
    co_quota_hold(quota);
    rc = rename_held(job, &bytes);
    co_quota_give(quota, bytes);
    co_quota_release(quota);
    return rc;
}

int co_tree_rename(struct co_tree *tree, co_text from, co_text to, bool replace)
{
    struct renaming job = {.replace = replace};
    if (!(tree->rights & CO_MAY_CHANGE))
        return -EPERM;
    int rc = co_place_open(&job.from, tree, from, -ENOENT);
    if (rc < 0)
        return rc;
    rc = co_place_open(&job.to, tree, to, -EPERM);
    if (rc == 0) {
        bool root = !*job.from.name || !*job.to.name;
        rc = root ? -EPERM : co_lookup_offload(rename_job, &job);
        co_place_close(&job.to);
    }
    co_place_close(&job.from);
    return rc;
}

/* ---- times and modes ------------------------------------------------------------------------ */

struct change {
    struct co_place place; /* only its path is used: links are followed, within the tree */
    bool times;
    struct timespec modified;
    uint32_t mode;
};

#define PROC_ROOM 32 /* bytes of "/proc/self/fd/2147483647" */

static int change_times(const struct change *job, int fd, const char *proc)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, job->modified};
    return proc ? utimensat(AT_FDCWD, proc, times, 0) : futimens(fd, times);
}

/* A folder keeps what makes its files its group's, or their owners' alone. */
static int change_mode(const struct change *job, const struct co_lookup *found, const char *proc)
{
    mode_t mode = job->mode & 0777;
    if (found->stat.kind == CO_TREE_FOLDER)
        mode |= 0700 | (found->stat.mode & (S_ISGID | S_ISVTX));
    return proc ? fchmodat(AT_FDCWD, proc, mode, 0) : fchmod(found->fd, mode);
}

/* Whoever owns a file may change its mode even when they may not open it; but what is open only as
 * a path is changed through its name in /proc. */
static int change_job(void *arg)
{
    struct change *job = arg;
    char name[PROC_ROOM], *proc = NULL;
    struct co_lookup found = {.tree = job->place.tree,
        .path = job->place.path,
        .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY,
        .fd = -1};
    int rc = co_lookup_wait(&found);
    if (rc == -EACCES) {
        found.flags = O_PATH;
        rc = co_lookup_wait(&found);
        snprintf(name, sizeof name, "/proc/self/fd/%d", found.fd);
        proc = name;
    }
    if (rc < 0)
        return rc;
    rc = job->times ? change_times(job, found.fd, proc) : change_mode(job, &found, proc);
    if (rc < 0)
        rc = co_place_refusal(errno);
    close(found.fd);
    return rc;
}

static int change_run(struct change *job, struct co_tree *tree, co_text path)
{
    if (!(tree->rights & CO_MAY_CHANGE))
        return -EPERM;
    int rc = co_place_open(&job->place, tree, path, -ENOENT);
    if (rc < 0)
        return rc;
    rc = co_lookup_offload(change_job, job);
    co_place_close(&job->place);
    return rc;
}

int co_tree_set_modified(struct co_tree *tree, co_text path, int64_t modified_ns)
{
    int64_t seconds = co_seconds_of_ns(modified_ns);
    struct change job = {.times = true,
        .modified = {
            .tv_sec = seconds, .tv_nsec = (modified_ns % CO_SECOND + CO_SECOND) % CO_SECOND}};
    return change_run(&job, tree, path);
}

int co_tree_set_mode(struct co_tree *tree, co_text path, uint32_t mode)
{
    struct change job = {.mode = mode};
    return change_run(&job, tree, path);
}

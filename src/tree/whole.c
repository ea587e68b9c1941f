/* SPDX-License-Identifier: MIT */
/*
 * The part of upload.h for small files: a file without a name is written and then named. It is
 * whole or not there, whenever the process ends, and leaves nothing that a name would have to be
 * made up for, locked and renamed.
 */
#include "tree/uploading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PROC_ROOM 32 /* bytes of "/proc/self/fd/2147483647" */
#define OTHERWISE 1  /* the usual way, which tells what is wrong, if anything is */

struct whole {
    struct co_place place;
    const struct co_upload_whole *file;
};

/* By its descriptor (everybody may since Linux 6.10), or else by that's name in /proc. */
static int give_name(const struct co_place *place, int fd)
{
    char proc[PROC_ROOM];
    if (place->tree->link_open) {
        if (linkat(fd, "", place->parent, place->name, AT_EMPTY_PATH) == 0)
            return 0;
        if (errno != ENOENT)
            return OTHERWISE;
    }
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    int rc = linkat(AT_FDCWD, proc, place->parent, place->name, AT_SYMLINK_FOLLOW);
    return rc == 0 ? 0 : OTHERWISE;
}

static int fill(const struct whole *whole, int fd)
{
    const struct co_upload_whole *file = whole->file;
    if (pwrite(fd, file->bytes, file->size, 0) != (ssize_t)file->size ||
        (file->dated && co_upload_date(fd, file->modified_ns) < 0))
        return OTHERWISE;
    return file->sync && fsync(fd) < 0 ? -errno : 0; /* it tells of lost bytes only once */
}

/* The quota's account, the folder's sweep: the usual way sees to them. */
static bool is_usual(const struct whole *whole)
{
    const struct co_place *place = &whole->place;
    struct stat folder = {.st_dev = place->tree->device, .st_ino = place->tree->inode};
    bool is_root = place->parent == place->tree->root;
    if (place->tree->quota || (!is_root && fstat(place->parent, &folder) < 0))
        return true;
    return !co_partial_is_swept(place->tree, &folder, whole->file->now);
}

/* An earlier run's partial file has nothing to be gone on to any more. */
static void drop_left(const struct whole *whole)
{
    const struct co_place *place = &whole->place;
    struct co_tree *tree = place->tree;
    if (!tree->has_left && tree->sweeps == 0)
        return;
    struct co_partial_name partial =
        co_partial_name(tree, whole->file->uploader, co_text_of(place->name), 0);
    (void)co_partial_drop(place->parent, partial.at, INT64_MAX, NULL);
}

static int make(const struct whole *whole, int fd)
{
    const struct co_place *place = &whole->place;
    int rc = fill(whole, fd);
    if (rc == 0)
        rc = give_name(place, fd);
    if (rc != 0)
        return rc;
    drop_left(whole);
    return whole->file->sync ? co_place_sync(place, fd) : 0;
}

static int make_job(void *arg)
{
    struct whole *whole = arg;
    if (co_place_enter(&whole->place) < 0 || is_usual(whole))
        return OTHERWISE;
    int fd = openat(whole->place.parent, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    if (fd < 0)
        return OTHERWISE;
    int rc = make(whole, fd);
    close(fd);
    return rc;
}

int co_upload_whole(struct co_tree *tree, co_text path, const struct co_upload_whole *file)
{
    struct whole whole = {.file = file};
    if (!(tree->rights & CO_MAY_ADD) || co_place_open(&whole.place, tree, path, -EPERM) < 0)
        return OTHERWISE;
    int rc = OTHERWISE;
    if (*whole.place.name && !whole.place.folder_meant)
        rc = file->sync ? co_lookup_offload(make_job, &whole)
                        : co_lookup_offload_slow(tree, make_job, &whole);
    co_place_close(&whole.place);
    return rc;
}

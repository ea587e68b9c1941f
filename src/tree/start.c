/* SPDX-License-Identifier: MIT */
/*
 * The part of upload.h that begins: one job decides what there is and what to start from, further
 * ones copy, if that must be, and sweep the folder.
 */
#include "tree/uploading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define AT_ONCE_MAX      64          /* uploads of one name by one uploader */
#define COPY_SLICE_BYTES (16u << 20) /* of one job: tens of milliseconds on a slow disk */
#define COPY_BUFFER      16384
#define SWEEP_BATCH      4096 /* names of one job */

struct start {
    struct co_upload *upload;
    const struct co_upload_options *options;
    bool exists;
    struct stat old; /* what has the name, if it exists */
    /* What reading the path gives, a link followed, to continue from. fd -1: nothing. */
    struct co_lookup whole;
    /* The uploader's partial file: ours, or one that somebody is just writing. fd -1: none. */
    int partial_fd;
    struct stat partial;
    int64_t now; /* seconds, by the file system's clock */
    DIR *sweep;
};

/* ---- what there is --------------------------------------------------------------------------- */

static int look_at_name(struct start *start)
{
    const struct co_place *place = &start->upload->place;
    unsigned rights = place->tree->rights;
    if (fstatat(place->parent, place->name, &start->old, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return errno != ENOENT ? -errno : rights & CO_MAY_ADD ? 0 : -EPERM;
    start->exists = true;
    mode_t mode = start->old.st_mode;
    if (S_ISDIR(mode))
        return -EISDIR;
    if (start->options->fresh)
        return -EEXIST;
    return rights & CO_MAY_CHANGE && (S_ISREG(mode) || S_ISLNK(mode)) ? 0 : -EPERM;
}

static int look_at_whole(struct start *start)
{
    if (!start->exists)
        return 0;
    bool anew = start->options->start == CO_UPLOAD_ANEW;
    start->whole = (struct co_lookup){.tree = start->upload->place.tree,
        .path = start->upload->place.path,
        .flags = anew ? O_PATH : O_RDONLY | O_NONBLOCK | O_NOCTTY,
        .fd = -1};
    int rc = co_lookup_wait(&start->whole);
    if (rc == -ENOENT || (anew && rc == -ELOOP)) /* a link that leads nowhere */
        return 0;
    return rc == 0 && start->whole.stat.kind == CO_TREE_FOLDER ? -EISDIR : rc;
}

/* The one that is found, on which somebody else is at work. What could not be looked at is not
 * passed over: the upload would go on from the whole file instead. */
static int look_at_anothers(struct start *start)
{
    const struct co_upload *upload = start->upload;
    int fd = openat(upload->place.parent, upload->found.at,
        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP || errno == EACCES ? 0 : -errno;
    int rc = fstat(fd, &start->partial) < 0 ? -errno : 0;
    if (rc == 0 && S_ISREG(start->partial.st_mode))
        start->partial_fd = fd;
    else
        close(fd);
    return rc;
}

/* The uploader's partial file, or where somebody has that, one more. */
static int acquire(struct start *start)
{
    struct co_upload *upload = start->upload;
    const struct co_place *place = &upload->place;
    co_text uploader = start->options->uploader, name = co_text_of(place->name);
    upload->found = co_partial_name(place->tree, uploader, name, 0);
    int rc = -EBUSY;
    for (unsigned nth = 0; nth < AT_ONCE_MAX && rc == -EBUSY; nth++) {
        upload->is_found = nth == 0;
        upload->partial = co_partial_name(place->tree, uploader, name, nth);
        rc = co_partial_acquire(place->parent, upload->partial.at, &upload->fd, &start->partial);
    }
    if (rc < 0)
        return rc;
    upload->size = (uint64_t)start->partial.st_size;
    start->partial_fd = upload->is_found ? upload->fd : -1;
    return upload->is_found ? 0 : look_at_anothers(start);
}

/* ---- what to start from ---------------------------------------------------------------------- */

static bool starts_from_partial(const struct start *start)
{
    bool whole = start->whole.fd >= 0;
    if (start->options->start == CO_UPLOAD_ANEW || start->partial_fd < 0)
        return false;
    if (start->options->start == CO_UPLOAD_APPEND || start->options->whole_only)
        return !whole;
    return (uint64_t)start->partial.st_size >= start->options->offset &&
           (!whole || co_partial_is_younger(&start->partial, &start->whole.stat));
}

static int choose(struct start *start)
{
    struct co_upload *upload = start->upload;
    const struct co_upload_options *options = start->options;
    bool partial = starts_from_partial(start);
    bool whole = start->whole.fd >= 0 && !options->partial_only;
    uint64_t there = partial ? (uint64_t)start->partial.st_size
                     : whole ? start->whole.stat.size
                             : 0;
    uint64_t bytes = options->start == CO_UPLOAD_ANEW     ? 0
                     : options->start == CO_UPLOAD_RESUME ? options->offset
                                                          : there;
    if (bytes > there)
        return -EINVAL;
    if (options->size_max && bytes > options->size_max)
        return -EFBIG;
    if (options->start != CO_UPLOAD_ANEW && start->exists && S_ISREG(start->old.st_mode))
        upload->beyond =
            bytes < (uint64_t)start->old.st_size ? bytes : (uint64_t)start->old.st_size;
    upload->is_futile = options->start == CO_UPLOAD_APPEND && start->whole.fd >= 0;
    if (partial && upload->is_found) {
        upload->before = bytes;
        return co_upload_cut(upload, bytes);
    }
    int *from = partial ? &start->partial_fd : &start->whole.fd;
    if (bytes > 0) {
        upload->source = *from;
        upload->copy_bytes = bytes;
        *from = -1;
    }
    return co_upload_cut(upload, 0);
}

/* From now on the partial file counts as written to, by the clock of its file system. */
static void touch(struct start *start)
{
    struct stat now;
    if (futimens(start->upload->fd, NULL) == 0 && fstat(start->upload->fd, &now) == 0)
        start->now = now.st_mtim.tv_sec;
}

static void prepare_sweep(struct start *start)
{
    struct co_place *place = &start->upload->place;
    struct stat st;
    if (start->now == 0 || fstat(place->parent, &st) < 0 ||
        !co_partial_sweep_is_due(place->tree, &st, start->now))
        return;
    int fd = openat(place->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    start->sweep = fd < 0 ? NULL : fdopendir(fd);
    if (start->sweep)
        place->tree->sweeps++;
    else
        co_tree_close(fd);
}

static int begin(void *arg)
{
    struct start *start = arg;
    int rc = co_place_enter(&start->upload->place);
    if (rc == 0)
        rc = look_at_name(start);
    if (rc == 0)
        rc = acquire(start);
    if (rc == 0) /* again: who had the partial file until now may have committed it */
        rc = look_at_name(start);
    if (rc == 0)
        rc = look_at_whole(start);
    if (rc == 0)
        rc = choose(start);
    if (rc < 0)
        return rc;
    touch(start);
    prepare_sweep(start);
    return 0;
}

/* ---- jobs that take longer ------------------------------------------------------------------- */

/* 1: there is more to read. */
static int sweep(void *arg)
{
    struct start *start = arg;
    struct co_tree *tree = start->upload->place.tree;
    for (unsigned i = 0; i < SWEEP_BATCH; i++) {
        struct dirent *found = readdir(start->sweep);
        if (!found)
            return 0;
        if (co_partial_is_name(co_text_of(found->d_name)) &&
            strcmp(found->d_name, start->upload->partial.at) != 0 &&
            co_partial_drop(dirfd(start->sweep), found->d_name, start->now - CO_UPLOAD_KEPT_SECONDS,
                tree->quota) < 0)
            tree->has_left = true;
    }
    return 1;
}

/* A reflink of the whole source, cut to what is wanted. False: not on this file system. */
static bool clone_all(const struct co_upload *upload)
{
    struct stat st;
    return ioctl(upload->fd, FICLONE, upload->source) == 0 && fstat(upload->fd, &st) == 0 &&
           (uint64_t)st.st_size >= upload->copy_bytes &&
           ftruncate(upload->fd, (off_t)upload->copy_bytes) == 0;
}

static ssize_t copy_by_hand(const struct co_upload *upload, size_t size)
{
    static const size_t room = COPY_BUFFER;
    char *buffer = malloc(room);
    if (!buffer)
        return -ENOMEM;
    off_t offset = (off_t)upload->size;
    ssize_t n = pread(upload->source, buffer, size < room ? size : room, offset);
    if (n > 0)
        n = pwrite(upload->fd, buffer, (size_t)n, offset);
    if (n < 0)
        n = -errno;
    free(buffer);
    return n;
}

/* At least one byte of so many; 0 when the source has become shorter. */
static ssize_t copy_some(const struct co_upload *upload, size_t size)
{
    off_t from = (off_t)upload->size, to = from;
    ssize_t n = copy_file_range(upload->source, &from, upload->fd, &to, size, 0);
    if (n >= 0)
        return n;
    switch (errno) {
    case EXDEV: /* a link to another file system */
    case EINVAL:
    case ENOSYS:
    case EOPNOTSUPP: return copy_by_hand(upload, size);
    default: return -errno;
    }
}

/* The upload's bytes are those booked, and become those written. */
static int copy_slice(struct co_upload *upload, uint64_t size)
{
    uint64_t end = upload->size + size;
    while (upload->size < end) {
        ssize_t n = copy_some(upload, (size_t)(end - upload->size));
        if (n == -EINTR)
            continue;
        if (n <= 0) {
            co_quota_give(upload->place.tree->quota, end - upload->size);
            return n < 0 ? (int)n : -EINVAL;
        }
        upload->size += (uint64_t)n;
    }
    return 0;
}

/* 1: there is more to copy. */
static int copy(void *arg)
{
    struct co_upload *upload = arg;
    struct co_quota *quota = upload->place.tree->quota;
    uint64_t left = upload->copy_bytes - upload->size;
    if (upload->size == 0 && co_quota_take_beyond(quota, left, upload->beyond) == 0) {
        if (clone_all(upload)) {
            upload->size = left;
            return 0;
        }
        co_quota_give(quota, left);
    }
    uint64_t size = left < COPY_SLICE_BYTES ? left : COPY_SLICE_BYTES;
    int rc = co_quota_take_beyond(quota, size, upload->beyond);
    if (rc == 0)
        rc = copy_slice(upload, size);
    return rc < 0 ? rc : upload->size < upload->copy_bytes;
}

int co_upload_copy(struct co_upload *upload)
{
    int rc = upload->source >= 0;
    while (rc > 0)
        rc = co_lookup_offload(copy, upload);
    if (rc < 0)
        return rc;
    co_tree_close(upload->source);
    upload->source = -1;
    return 0;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int start_run(struct start *start)
{
    int rc = co_lookup_offload_slow(start->upload->place.tree, begin, start);
    if (rc == 0 && start->sweep)
        do
            rc = co_lookup_offload(sweep, start);
        while (rc > 0);
    if (rc == 0 && !start->options->copy_later)
        rc = co_upload_copy(start->upload);
    return rc;
}

static void start_end(struct start *start)
{
    if (start->partial_fd != start->upload->fd)
        co_tree_close(start->partial_fd);
    co_tree_close(start->whole.fd);
    if (start->sweep) {
        closedir(start->sweep);
        start->upload->place.tree->sweeps--;
    }
}

static int upload_new(struct co_upload **ret, struct co_tree *tree, co_text path)
{
    struct co_upload *upload = calloc(1, sizeof *upload);
    if (!upload)
        return -ENOMEM;
    int rc = co_place_open(&upload->place, tree, path, -EPERM);
    if (rc < 0) {
        free(upload);
        return rc;
    }
    upload->fd = upload->source = upload->pipe[0] = upload->pipe[1] = -1;
    *ret = upload;
    return 0;
}

int co_upload_open(struct co_upload **ret, struct co_tree *tree, co_text path,
    const struct co_upload_options *options)
{
    struct co_upload *upload;
    if (!(tree->rights & (CO_MAY_ADD | CO_MAY_CHANGE)))
        return -EPERM;
    int rc = upload_new(&upload, tree, path);
    if (rc < 0)
        return rc;
    upload->fresh = options->fresh;
    upload->size_max = options->size_max ? options->size_max : UINT64_MAX;
    struct start start = {.upload = upload, .options = options, .whole.fd = -1, .partial_fd = -1};
    bool root = !*upload->place.name;
    rc = root || upload->place.folder_meant ? -EISDIR : start_run(&start);
    start_end(&start);
    if (rc < 0)
        co_upload_abort(upload, true);
    else
        *ret = upload;
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * The part of upload.h that writes and ends.
 *
 * Where bytes are written: on the loop, in pieces. A write into the page cache is a copy in memory
 * (a quarter of a millisecond for 256 KiB), and a thread's hop for each piece would cost more
 * processor time than the disk takes. It blocks only when the kernel makes writers wait, since too
 * much is dirty or the file system's journal is full. File systems that know RWF_NOWAIT for it say
 * so beforehand, and the piece goes to the pool. With the others a write that took long shows that
 * the disk cannot keep up: then the next SLOW_BYTES go through the pool, one piece for a job, and
 * so on until the disk is quick again. So one fiber's upload holds up the others for one such wait
 * in SLOW_BYTES, at most. fsync always waits: it is the pool's, as are the renames.
 */
#include "runtime/rt.h"
#include "tree/uploading.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES (256u << 10) /* of one write: what the other fibers wait for */
#define STALL_NS    (20 * CO_MS) /* much longer than a piece takes in memory on any machine */
#define SLOW_BYTES  (32u << 20)
#define COPY_BYTES  1024
#define PIPE_FROM   (4u << 20) /* bytes that must have come before a pipe is worth its making */

uint64_t co_upload_size(const struct co_upload *upload)
{
    return upload->size;
}

/* ---- writing --------------------------------------------------------------------------------- */

struct piece {
    struct co_upload *upload;
    const void *bytes; /* NULL: they are in the pipe */
    size_t size;
    ssize_t written; /* -EIO until it was tried */
};

static ssize_t put(const struct piece *piece)
{
    const struct co_upload *upload = piece->upload;
    loff_t at = (loff_t)upload->size;
    return piece->bytes
               ? pwrite(upload->fd, piece->bytes, piece->size, at)
               : splice(upload->pipe[0], NULL, upload->fd, &at, piece->size, SPLICE_F_MOVE);
}

static int write_waiting(void *arg)
{
    struct piece *piece = arg;
    do
        piece->written = put(piece);
    while (piece->written < 0 && errno == EINTR);
    if (piece->written < 0)
        piece->written = -errno;
    return 0;
}

/* False: it would have to wait, or the file system cannot tell. */
static bool write_at_once(struct piece *piece)
{
    struct co_upload *upload = piece->upload;
    const struct iovec bytes = {(void *)(uintptr_t)piece->bytes, piece->size};
    piece->written = pwritev2(upload->fd, &bytes, 1, (off_t)upload->size, RWF_NOWAIT);
    if (piece->written > 0)
        return true;
    int error = piece->written < 0 ? errno : EAGAIN;
    upload->may_block = error == EOPNOTSUPP;
    piece->written = -error;
    return error != EAGAIN && error != EINTR && error != EOPNOTSUPP;
}

static void write_timed(struct piece *piece)
{
    struct co_rt *rt = co_rt_current();
    int64_t before = rt->backend->now(rt);
    (void)write_waiting(piece);
    if (rt->backend->now(rt) - before > STALL_NS)
        piece->upload->slowly = SLOW_BYTES;
}

static int write_on_pool(struct piece *piece)
{
    struct co_upload *upload = piece->upload;
    piece->written = 0;
    int rc = co_block(write_waiting, piece);
    if (piece->written > 0)
        upload->slowly -= upload->slowly < piece->size ? upload->slowly : piece->size;
    return rc;
}

static int write_piece(struct piece *piece)
{
    if (co_lookup_may_wait())
        return write_waiting(piece);
    bool in_pipe = !piece->bytes; /* splice(2) cannot tell beforehand */
    if (!in_pipe && !piece->upload->may_block && write_at_once(piece))
        return 0;
    if ((!in_pipe && !piece->upload->may_block) || piece->upload->slowly > 0)
        return write_on_pool(piece);
    write_timed(piece);
    return 0;
}

/* Some of the bytes: booked, then written. The count, or the error. */
static ssize_t try_booked(struct co_upload *upload, const void *bytes, size_t size)
{
    struct co_quota *quota = upload->place.tree->quota;
    struct piece piece = {upload, bytes, size < PIECE_BYTES ? size : PIECE_BYTES, 0};
    int rc = co_quota_take_beyond(quota, piece.size, upload->beyond);
    if (rc < 0)
        return rc;
    rc = write_piece(&piece);
    size_t written = rc == 0 && piece.written > 0 ? (size_t)piece.written : 0;
    co_quota_give(quota, piece.size - written);
    upload->size += written;
    if (rc == 0 && piece.written == 0)
        rc = -EIO; /* never seen, but it would go on for ever */
    return rc < 0 ? rc : piece.written;
}

static ssize_t write_booked(struct co_upload *upload, const void *bytes, size_t size)
{
    ssize_t n = try_booked(upload, bytes, size);
    upload->no_room |= n == -ENOSPC || n == -EDQUOT || n == -EFBIG;
    return n;
}

static int check_size(struct co_upload *upload, size_t more)
{
    if (more <= upload->size_max - upload->size)
        return 0;
    upload->is_futile = true;
    return -EFBIG;
}

int co_upload_write(struct co_upload *upload, const void *bytes, size_t size)
{
    int rc = check_size(upload, size);
    while (rc == 0 && size > 0) {
        ssize_t n = write_booked(upload, bytes, size);
        if (n < 0)
            return (int)n;
        bytes = (const char *)bytes + n;
        size -= (size_t)n;
    }
    return rc;
}

/* ---- from a pipe ------------------------------------------------------------------------------
 */

static void pipe_close(struct co_upload *upload)
{
    co_tree_close(upload->pipe[0]);
    co_tree_close(upload->pipe[1]);
    upload->pipe[0] = upload->pipe[1] = -1;
}

int co_upload_pipe(struct co_upload *upload)
{
    bool is_worth_it = upload->size >= upload->before + PIPE_FROM;
    if (upload->pipe[1] >= 0 || upload->no_pipe || !is_worth_it)
        return upload->pipe[1];
    /* Who has many pipes gets small ones, which are slower than copying. */
    if (pipe2(upload->pipe, O_CLOEXEC | O_NONBLOCK) < 0 ||
        fcntl(upload->pipe[1], F_SETPIPE_SZ, CO_UPLOAD_PIPE_BYTES) < 0) {
        pipe_close(upload);
        upload->no_pipe = true;
    }
    return upload->pipe[1];
}

/* For file systems without splice(2). */
static int drain_by_copy(struct co_upload *upload, size_t size)
{
    char bytes[COPY_BYTES];
    while (size > 0) {
        ssize_t n = read(upload->pipe[0], bytes, size < sizeof bytes ? size : sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        int rc = n > 0 ? co_upload_write(upload, bytes, (size_t)n) : -EIO;
        if (rc < 0)
            return rc;
        size -= (size_t)n;
    }
    return 0;
}

int co_upload_drain(struct co_upload *upload, size_t size)
{
    ssize_t n = check_size(upload, size);
    while (n >= 0 && size > 0) {
        n = write_booked(upload, NULL, size);
        size -= n > 0 ? (size_t)n : 0;
    }
    if (n == -EINVAL) {
        n = drain_by_copy(upload, size);
        upload->no_pipe = true;
    }
    if (n < 0 || upload->no_pipe)
        pipe_close(upload); /* with what is left in it */
    return n < 0 ? (int)n : 0;
}

/* ---- ending ---------------------------------------------------------------------------------- */

int co_upload_cut(struct co_upload *upload, uint64_t size)
{
    if (upload->size == size)
        return 0;
    if (ftruncate(upload->fd, (off_t)size) < 0)
        return -errno;
    co_quota_give(upload->place.tree->quota, upload->size - size);
    upload->size = size;
    return 0;
}

struct end {
    struct co_upload *upload;
    bool sync, keep;
    bool begun;
    uint64_t left; /* bytes, by abort_job */
};

static void upload_free(struct co_upload *upload)
{
    pipe_close(upload);
    co_tree_close(upload->source);
    co_tree_close(upload->fd); /* and lets go of the lock */
    co_place_close(&upload->place);
    free(upload);
}

/* Is there anything worth to be kept, and room for it? What the quota lent was for as long as the
 * upload is at work: it would leave no room for anything else (attacks F18). */
static bool is_worth_keeping(const struct co_upload *upload)
{
    struct stat st;
    bool is_lent = upload->beyond > 0 && co_quota_is_exceeded(upload->place.tree->quota);
    bool is_whole = upload->source < 0; /* what was only copied is there already */
    return upload->size > 0 && is_whole && !upload->is_futile && !is_lent &&
           fstat(upload->fd, &st) == 0 && st.st_nlink > 0;
}

/* Has a whole file come since its last byte? No resume would go on from it any more. */
static bool is_overtaken(const struct co_upload *upload)
{
    struct stat partial, named;
    struct co_tree_stat whole;
    return fstat(upload->fd, &partial) == 0 && co_place_stat(&upload->place, &named) == 0 &&
           co_lookup_convert(&named, &whole) && !co_partial_is_younger(&partial, &whole);
}

/* Leaves the partial file where a resume looks for it; if another one lies there, it goes. What
 * found no room must not take the room of others: only what had come before it stays. The bytes. */
static uint64_t leave(struct co_upload *upload, bool keep)
{
    const struct co_place *place = &upload->place;
    if (upload->fd < 0)
        return 0;
    if (upload->no_room)
        keep = keep && co_upload_cut(upload, upload->before) == 0;
    keep = keep && is_worth_keeping(upload) && !is_overtaken(upload);
    if (keep && !upload->is_found)
        keep = renameat2(place->parent, upload->partial.at, place->parent, upload->found.at,
                   RENAME_NOREPLACE) == 0;
    if (keep)
        place->tree->has_left = true;
    else
        (void)co_partial_remove(place->parent, upload->partial.at, upload->fd, place->tree->quota);
    return keep ? upload->size : 0;
}

static int abort_job(void *arg)
{
    struct end *end = arg;
    end->left = leave(end->upload, end->keep);
    upload_free(end->upload);
    return 0;
}

uint64_t co_upload_abort(struct co_upload *upload, bool keep)
{
    if (!upload)
        return 0;
    struct end end = {.upload = upload, .keep = keep};
    co_lookup_offload_surely(abort_job, &end);
    return end.left;
}

/* Gets the name under which a resume looks: to go on from another's bytes would mix two files. */
static int take_found_name(struct co_upload *upload)
{
    const struct co_place *place = &upload->place;
    if (upload->is_found)
        return 0;
    int rc = co_partial_drop(place->parent, upload->found.at, INT64_MAX, place->tree->quota);
    if (rc == 0 && renameat2(place->parent, upload->partial.at, place->parent, upload->found.at,
                       RENAME_NOREPLACE) < 0)
        rc = errno == EEXIST ? -EBUSY : -errno;
    if (rc == 0)
        upload->partial = upload->found;
    upload->is_found = rc == 0;
    return rc;
}

static int pause_job(void *arg)
{
    struct end *end = arg;
    end->begun = true;
    int rc = is_worth_keeping(end->upload) ? take_found_name(end->upload) : -EDQUOT;
    if (rc == 0)
        end->upload->place.tree->has_left = true;
    else
        (void)leave(end->upload, false);
    upload_free(end->upload);
    return rc;
}

int co_upload_pause(struct co_upload *upload)
{
    struct end end = {.upload = upload};
    int rc = co_lookup_offload(pause_job, &end);
    if (!end.begun)
        co_upload_abort(upload, true);
    return rc;
}

/* The account is held: what has the name now is what goes. */
static int replace_held(struct co_upload *upload, uint64_t *ret_bytes)
{
    const struct co_place *place = &upload->place;
    bool replace = !upload->fresh && place->tree->rights & CO_MAY_CHANGE;
    struct stat old;
    bool exists = co_place_stat(place, &old) == 0;
    if (exists && S_ISDIR(old.st_mode))
        return -EISDIR;
    bool file = exists && S_ISREG(old.st_mode);
    if (file && replace && fchmod(upload->fd, old.st_mode & 0777) < 0)
        return -errno;
    int rc = co_place_take(place, place->parent, upload->partial.at, replace);
    if (rc == 0 && file && old.st_nlink == 1)
        *ret_bytes = (uint64_t)old.st_size;
    return rc;
}

static int replace(struct co_upload *upload)
{
    struct co_quota *quota = upload->place.tree->quota;
    uint64_t bytes = 0;
    co_quota_hold(quota);
    int rc = replace_held(upload, &bytes);
    co_quota_give(quota, bytes);
    co_quota_release(quota);
    return rc;
}

/* May the same name be had another time, or is it refused for good? */
static bool may_pass(int error)
{
    return error == -ENOSPC || error == -EDQUOT || error == -ENOMEM || error == -EIO;
}

void co_upload_set_modified(struct co_upload *upload, int64_t modified_ns)
{
    upload->dated = true;
    upload->modified_ns = modified_ns;
}

int co_upload_date(int fd, int64_t modified_ns)
{
    int64_t seconds = co_seconds_of_ns(modified_ns);
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT}, {seconds, (long)(modified_ns - seconds * CO_SECOND)}};
    return futimens(fd, times) < 0 ? -errno : 0;
}

/* What another upload of this uploader's left meanwhile is older than the whole file now. */
static void drop_others(const struct co_upload *upload)
{
    const struct co_place *place = &upload->place;
    if (!upload->is_found)
        (void)co_partial_drop(place->parent, upload->found.at, INT64_MAX, place->tree->quota);
}

/* The kernel reports a failed write-back once and then forgets about the bytes: they are lost. */
static int commit(struct end *end)
{
    struct co_upload *upload = end->upload;
    int rc = upload->dated ? co_upload_date(upload->fd, upload->modified_ns) : 0;
    if (rc == 0 && end->sync && fsync(upload->fd) < 0) {
        rc = -errno;
        (void)leave(upload, false);
        return rc;
    }
    if (rc == 0)
        rc = replace(upload);
    if (rc < 0) {
        (void)leave(upload, may_pass(rc));
        return rc;
    }
    drop_others(upload);
    return end->sync ? co_place_sync(&upload->place, upload->fd) : 0;
}

static int commit_job(void *arg)
{
    struct end *end = arg;
    end->begun = true;
    int rc = commit(end);
    upload_free(end->upload);
    return rc;
}

int co_upload_commit(struct co_upload *upload, bool sync)
{
    struct end end = {.upload = upload, .sync = sync};
    int rc = sync ? co_lookup_offload(commit_job, &end)
                  : co_lookup_offload_slow(upload->place.tree, commit_job, &end);
    if (!end.begun)
        co_upload_abort(upload, true);
    return rc;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct question {
    struct co_place place;
    struct co_partial_name partial;
    uint64_t bytes;
    bool is_opened; /* its descriptor is wanted, too */
    int fd;
};

static int ask(void *arg)
{
    struct question *question = arg;
    struct stat st;
    const struct co_place *place = &question->place;
    struct co_lookup whole = {.tree = place->tree, .path = place->path, .flags = O_PATH, .fd = -1};
    int rc = co_place_enter(&question->place);
    if (rc == 0)
        rc = co_partial_stat(place->parent, question->partial.at, &st);
    if (rc < 0)
        return rc;
    bool is_whole = co_lookup_wait(&whole) == 0;
    co_tree_close(whole.fd);
    if (is_whole && !co_partial_is_younger(&st, &whole.stat))
        return -ENOENT;
    question->bytes = (uint64_t)st.st_size;
    if (!question->is_opened)
        return 0;
    question->fd =
        openat(place->parent, question->partial.at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return question->fd < 0 ? -errno : 0;
}

static int put_question(
    struct question *question, struct co_tree *tree, co_text path, co_text uploader)
{
    if (!(tree->rights & (CO_MAY_ADD | CO_MAY_CHANGE)))
        return -EPERM;
    int rc = co_place_open(&question->place, tree, path, -ENOENT);
    if (rc < 0)
        return rc;
    question->partial = co_partial_name(tree, uploader, co_text_of(question->place.name), 0);
    rc = question->place.folder_meant ? -ENOENT : co_lookup_offload_slow(tree, ask, question);
    co_place_close(&question->place);
    return rc;
}

int co_upload_partial(struct co_tree *tree, co_text path, co_text uploader, uint64_t *ret_bytes)
{
    struct question question = {.fd = -1};
    int rc = put_question(&question, tree, path, uploader);
    if (rc == 0)
        *ret_bytes = question.bytes;
    return rc;
}

int co_upload_partial_open(
    struct co_tree *tree, co_text path, co_text uploader, int *ret_fd, uint64_t *ret_bytes)
{
    struct question question = {.fd = -1, .is_opened = true};
    int rc = put_question(&question, tree, path, uploader);
    if (rc < 0) {
        co_tree_close(question.fd);
        return rc;
    }
    *ret_fd = question.fd;
    *ret_bytes = question.bytes;
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "runtime/file.h"

#include "coronet/fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES  16384 /* asked for in one system call */
#define NEXT_WAIT_MS 200   /* of one look at a pipe: as long as a cancellation may have to wait */

struct read_at {
    int fd;
    void *at;
    size_t size;
    off_t offset;
    ssize_t count;
};

static int read_at_run(void *arg)
{
    struct read_at *job = arg;
    do
        job->count = pread(job->fd, job->at, job->size, job->offset);
    while (job->count < 0 && errno == EINTR);
    return job->count < 0 ? -errno : 0;
}

ssize_t co_file_read_at(int fd, void *ret_bytes, size_t size, uint64_t offset)
{
    const struct iovec room = {ret_bytes, size};
    ssize_t count = preadv2(fd, &room, 1, (off_t)offset, RWF_NOWAIT);
    if (count >= 0)
        return count;
    if (errno != EAGAIN && errno != EOPNOTSUPP)
        return -errno;
    struct read_at job = {fd, ret_bytes, size, (off_t)offset, 0};
    int rc = co_block(read_at_run, &job);
    return rc < 0 ? rc : job.count;
}

/* ---- open ones ------------------------------------------------------------------------------ */

struct open_job {
    const char *path;
    int fd;
};

static int open_run(void *arg)
{
    struct open_job *job = arg;
    job->fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return job->fd < 0 ? -errno : 0;
}

int co_file_open(const char *path, int *ret_fd)
{
    struct open_job job = {path, -1};
    int rc = co_block(open_run, &job);
    if (rc == 0)
        *ret_fd = job.fd;
    return rc;
}

static int make_folder_run(void *arg)
{
    return mkdir(arg, 0777) < 0 ? -errno : 0;
}

int co_file_make_folder(const char *path)
{
    return co_block(make_folder_run, (void *)(uintptr_t)path);
}

static int remove_folder_run(void *arg)
{
    return rmdir(arg) < 0 ? -errno : 0;
}

int co_file_remove_folder(const char *path)
{
    return co_block(remove_folder_run, (void *)(uintptr_t)path);
}

void co_file_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)((uint64_t)time.tv_sec * CO_SECOND + (uint64_t)time.tv_nsec); /* may wrap */
}

int co_file_identify(int fd, struct co_file_identity *ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    *ret = (struct co_file_identity){
        .size = (uint64_t)st.st_size,
        .inode = st.st_ino,
        .device = st.st_dev,
        .modified_ns = nanoseconds(st.st_mtim),
        .changed_ns = nanoseconds(st.st_ctim),
        .is_regular = S_ISREG(st.st_mode),
    };
    return 0;
}

/* A thread cannot be called off, so it looks up now and then whether anybody still waits. */
static int read_next_run(void *arg)
{
    struct read_at *job = arg;
    struct pollfd wait = {.fd = job->fd, .events = POLLIN};
    job->count = -EAGAIN;
    if (poll(&wait, 1, NEXT_WAIT_MS) > 0) {
        job->count = read(job->fd, job->at, job->size);
        if (job->count < 0)
            job->count = errno == EINTR ? -EAGAIN : -errno;
    }
    return 0;
}

ssize_t co_file_read_next(int fd, void *ret_bytes, size_t size)
{
    struct read_at job = {fd, ret_bytes, size, 0, -EAGAIN};
    while (job.count == -EAGAIN) {
        int rc = co_block(read_next_run, &job);
        if (rc < 0)
            return rc;
    }
    return job.count;
}

/* ---- whole ones ----------------------------------------------------------------------------- */

struct read_job {
    const char *path; /* NULL: it is open */
    int fd;
    struct co_buf *out;
};

/* At the ceiling one byte more is asked for, to tell a file that just fits from one too large. */
static int append_all(int fd, struct co_buf *out)
{
    for (;;) {
        size_t left = out->size_max - out->size, piece = left < PIECE_BYTES ? left : PIECE_BYTES;
        char excess, *room = left ? co_buf_reserve(out, piece) : &excess;
        if (!room)
            return out->error;
        ssize_t size = read(fd, room, left ? piece : 1);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return size < 0 ? -errno : 0;
        if (left == 0)
            return CO_ETOOBIG;
        out->size += (size_t)size;
    }
}

static int read_run(void *arg)
{
    struct read_job *job = arg;
    struct stat status;
    int fd = job->fd;
    if (job->path)
        fd = open(job->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would block for ever */
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &status) < 0 ? -errno : 0;
    if (rc == 0)
        rc = S_ISREG(status.st_mode) ? append_all(fd, job->out) : -EINVAL;
    close(fd);
    job->fd = -1;
    return rc;
}

int co_file_read_all(const char *path, struct co_buf *out)
{
    struct read_job job = {path, -1, out};
    return co_block(read_run, &job);
}

int co_file_read_taken(int fd, struct co_buf *out)
{
    struct read_job job = {NULL, fd, out};
    int rc = co_block(read_run, &job);
    if (job.fd >= 0) /* it did not begin */
        close(job.fd);
    return rc;
}

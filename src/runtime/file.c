/* SPDX-License-Identifier: MIT */
#include "runtime/file.h"

#include "coronet/fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECE_BYTES 16384 /* asked for in one system call */

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

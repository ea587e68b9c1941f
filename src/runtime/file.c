/* SPDX-License-Identifier: MIT */
#include "runtime/file.h"

#include "coronet/fiber.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

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

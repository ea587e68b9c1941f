/* SPDX-License-Identifier: MIT */
#include "runtime/file_edit.h"

#include "coronet/fiber.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MS      10000 /* for another process, which is done within milliseconds */
#define WAIT_STEP_MS 10
#define MODE         (S_IRUSR | S_IWUSR)

struct begin {
    struct co_file_edit *edit;
    const char *given;
};

/* Where the file really is: a link stays one. */
static int find(struct begin *job)
{
    struct co_file_edit *edit = job->edit;
    free(edit->path);
    edit->path = realpath(job->given, NULL);
    if (!edit->path && errno == ENOENT)
        edit->path = strdup(job->given);
    return edit->path ? 0 : -errno;
}

/* Is the locked file still the one of that name? */
static bool is_in_place(const struct co_file_edit *edit, const struct stat *locked)
{
    struct stat now;
    return stat(edit->path, &now) == 0 && now.st_dev == locked->st_dev &&
           now.st_ino == locked->st_ino;
}

/* On a pool thread. -EWOULDBLOCK: to be tried again. */
static int lock_run(void *arg)
{
    struct begin *job = arg;
    struct co_file_edit *edit = job->edit;
    struct stat status;
    int rc = find(job);
    if (rc < 0)
        return rc;
    edit->fd = open(edit->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, MODE);
    if (edit->fd < 0)
        return -errno;
    if (fstat(edit->fd, &status) < 0)
        rc = -errno;
    else if (!S_ISREG(status.st_mode))
        rc = -EINVAL;
    else if (flock(edit->fd, LOCK_EX | LOCK_NB) < 0)
        rc = errno == EWOULDBLOCK ? -EWOULDBLOCK : -errno;
    else if (!is_in_place(edit, &status))
        rc = -EWOULDBLOCK;
    if (rc < 0) {
        close(edit->fd);
        edit->fd = -1;
    }
    return rc;
}

static int await_lock(struct begin *job)
{
    int64_t until_ns = co_now_ns() + WAIT_MS * CO_MS;
    for (;;) {
        int rc = co_block(lock_run, job);
        if (rc != -EWOULDBLOCK)
            return rc;
        if (co_now_ns() >= until_ns)
            return -EBUSY;
        rc = co_sleep(WAIT_STEP_MS);
        if (rc < 0)
            return rc;
    }
}

int co_file_edit_begin(struct co_file_edit *edit, const char *path, size_t bytes_max)
{
    *edit = (struct co_file_edit){.fd = -1, .text = CO_BUF(bytes_max)};
    int rc = await_lock(&(struct begin){edit, path});
    if (rc == 0) {
        int copy = fcntl(edit->fd, F_DUPFD_CLOEXEC, 0);
        rc = copy < 0 ? -errno : co_file_read_taken(copy, &edit->text);
    }
    if (rc < 0)
        co_file_edit_abort(edit);
    return rc;
}

void co_file_edit_abort(struct co_file_edit *edit)
{
    if (edit->fd >= 0)
        close(edit->fd);
    free(edit->path);
    co_buf_free(&edit->text);
    *edit = (struct co_file_edit){.fd = -1};
}

struct commit {
    const struct co_file_edit *edit;
    co_text content;
    char *temporary;
};

static int write_all(int fd, co_text content)
{
    while (content.size) {
        ssize_t n = write(fd, content.at, content.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        content = co_text_after(content, (size_t)n);
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* On a pool thread. */
static int commit_run(void *arg)
{
    struct commit *job = arg;
    int fd = mkostemp(job->temporary, O_CLOEXEC); /* with mode 0600 */
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, job->content);
    close(fd);
    if (rc == 0 && rename(job->temporary, job->edit->path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(job->temporary);
    return rc;
}

int co_file_edit_commit(struct co_file_edit *edit, co_text content)
{
    struct commit job = {edit, content, NULL};
    int rc = -ENOMEM;
    if (asprintf(&job.temporary, "%s.XXXXXX", edit->path) >= 0) {
        rc = co_block(commit_run, &job);
        free(job.temporary);
    }
    co_file_edit_abort(edit);
    return rc;
}

int co_file_edit_end(struct co_file_edit *edit, int rc, struct co_buf *text)
{
    if (rc == 0)
        rc = co_file_edit_commit(edit, co_buf_text(text));
    else
        co_file_edit_abort(edit);
    co_buf_free(text);
    return rc;
}

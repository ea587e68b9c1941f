/* SPDX-License-Identifier: MIT */
#include "cmd/replace.h"

#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536

int co_replace_begin(struct co_replace *replace, const char *path)
{
    *replace = (struct co_replace){.folder_fd = -1};
    replace->path = realpath(path, NULL);
    if (!replace->path && errno != ENOENT)
        return -errno;
    if (!replace->path)
        replace->path = strdup(path);
    if (!replace->path)
        return -ENOMEM;
    const char *slash = strrchr(replace->path, '/');
    replace->name = slash ? slash + 1 : replace->path;
    replace->folder =
        slash ? strndup(replace->path, (size_t)(slash - replace->path) + 1) : strdup("./");
    if (!replace->folder)
        return -ENOMEM;
    replace->folder_fd = open(replace->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return replace->folder_fd < 0 ? -errno : 0;
}

void co_replace_end(struct co_replace *replace)
{
    free(replace->path);
    free(replace->folder);
    free(replace->temporary);
    if (replace->folder_fd >= 0)
        close(replace->folder_fd); /* and with it the lock */
}

static int read_all(int fd, struct co_buf *ret)
{
    for (;;) {
        char *room = co_buf_reserve(ret, READ_BYTES);
        if (!room)
            return ret->error;
        ssize_t n = read(fd, room, READ_BYTES);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            return 0;
        ret->size += n > 0 ? (size_t)n : 0;
    }
}

int co_replace_read(const struct co_replace *replace, struct co_buf *ret)
{
    int rc = co_replace_read_path(replace->path, ret);
    return rc == -ENOENT ? 0 : rc;
}

int co_replace_read_path(const char *path, struct co_buf *ret)
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &found) < 0     ? -errno
             : !S_ISREG(found.st_mode) ? -EMEDIUMTYPE
                                       : read_all(fd, ret);
    close(fd);
    return rc;
}

int co_replace_lock(struct co_replace *replace)
{
    while (flock(replace->folder_fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* Owner before mode, since a change of owner takes mode bits away. */
static int take_after(int fd, const char *path)
{
    struct stat before, made;
    if (stat(path, &before) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(fd, &made) < 0)
        return -errno;
    bool is_other = before.st_uid != made.st_uid || before.st_gid != made.st_gid;
    if (is_other && fchown(fd, before.st_uid, before.st_gid) < 0)
        return -errno;
    return fchmod(fd, before.st_mode & 07777) < 0 ? -errno : 0;
}

static int write_all(int fd, const struct co_buf *text)
{
    for (size_t done = 0; done < text->size;) {
        ssize_t n = write(fd, text->at + done, text->size - done);
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int write_by_way_of(
    const struct co_replace *replace, char *temporary, const struct co_buf *text)
{
    int fd = mkostemp(temporary, O_CLOEXEC); /* with mode 0600 */
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, text);
    if (rc == 0)
        rc = take_after(fd, replace->path);
    if (rc == 0 && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(temporary, replace->path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(temporary);
    else if (fsync(replace->folder_fd) < 0 && errno != EINVAL) /* some file systems cannot */
        rc = -errno;
    return rc;
}

int co_replace_write(const struct co_replace *replace, const struct co_buf *text)
{
    sigset_t all, before;
    char *temporary;
    if (asprintf(&temporary, "%s.%s.XXXXXX", replace->folder, replace->name) < 0)
        return -ENOMEM;
    sigfillset(&all); /* an interrupt must not leave the temporary behind */
    sigprocmask(SIG_BLOCK, &all, &before);
    int rc = write_by_way_of(replace, temporary, text);
    sigprocmask(SIG_SETMASK, &before, NULL);
    free(temporary);
    return rc;
}

/* ---- piece by piece ------------------------------------------------------------------------- */

int co_replace_open(struct co_replace *replace, FILE **ret)
{
    if (asprintf(&replace->temporary, "%s.%s.XXXXXX", replace->folder, replace->name) < 0)
        return -ENOMEM;
    int fd = mkostemp(replace->temporary, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = co_output_of(fd, ret);
    if (rc < 0)
        unlink(replace->temporary);
    return rc;
}

/* Modes of any new file: what the process lets through. */
static int be_new(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

int co_replace_commit(struct co_replace *replace, FILE *file)
{
    bool is_new = access(replace->path, F_OK) < 0;
    int rc = fflush(file) ? -errno : 0;
    if (rc == 0)
        rc = is_new ? be_new(fileno(file)) : take_after(fileno(file), replace->path);
    if (fclose(file) && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(replace->temporary, replace->path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(replace->temporary);
    return rc;
}

void co_replace_abort(struct co_replace *replace, FILE *file)
{
    fclose(file);
    unlink(replace->temporary);
}

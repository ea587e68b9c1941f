/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as Linux follows */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What the link at `path` leads to, as a path from here. NULL when memory is out. */
static char *path_of(const char *path, const char *target)
{
    const char *slash = strrchr(path, '/');
    char *ret;
    if (*target == '/' || !slash)
        return strdup(target);
    return asprintf(&ret, "%.*s/%s", (int)(slash - path), path, target) < 0 ? NULL : ret;
}

/* Link by link, since what the last one leads to need not be there. */
static int follow(const char *named, char **ret)
{
    char *target = malloc(PATH_MAX), *path = strdup(named);
    int rc = -ELOOP;
    for (int i = 0; target && path && i <= LINKS_MAX; i++) {
        ssize_t size = readlink(path, target, PATH_MAX - 1);
        if (size < 0) {
            rc = 0;
            break;
        }
        target[size] = '\0';
        char *next = path_of(path, target);
        free(path);
        path = next;
    }
    if (!target || !path)
        rc = -ENOMEM;
    free(target);
    if (rc < 0)
        free(path);
    else
        *ret = path;
    return rc;
}

/* Is it, or does its link lead to, what standard output is already? */
static bool is_stdout(const char *named, const struct stat *found)
{
    struct stat out, link;
    return fstat(STDOUT_FILENO, &out) == 0 && is_same(&out, found) && lstat(named, &link) == 0 &&
           !S_ISREG(link.st_mode);
}

/* Links that the kernel does not trust (fs.protected_symlinks) are -EACCES here, too. */
int co_output_find(const char *named, char **ret_path)
{
    struct stat found, there;
    *ret_path = NULL;
    bool is_there = stat(named, &found) == 0;
    if (!is_there && errno != ENOENT)
        return -errno;
    if (is_there && (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode) || is_stdout(named, &found)))
        return 0;
    int rc = follow(named, ret_path);
    bool is_nameless =
        rc == 0 && is_there && (lstat(*ret_path, &there) < 0 || !is_same(&there, &found));
    if (is_nameless) {
        free(*ret_path);
        *ret_path = NULL;
    }
    return rc;
}

int co_output_of(int fd, FILE **ret)
{
    *ret = fdopen(fd, "w");
    if (*ret)
        return 0;
    int rc = -errno;
    close(fd);
    return rc;
}

int co_output_open(const char *named, FILE **ret)
{
    struct stat found;
    *ret = stdout;
    if (stat(named, &found) == 0 && is_stdout(named, &found))
        return 0;
    int fd = open(named, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666);
    return fd < 0 ? -errno : co_output_of(fd, ret);
}

int co_output_close(FILE *file)
{
    if (!file || file == stdout)
        return 0; /* which the program writes at its end */
    return fclose(file) ? -errno : 0;
}

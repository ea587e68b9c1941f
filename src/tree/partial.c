/* SPDX-License-Identifier: MIT */
#include "tree/partial.h"

#include "base/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define PREFIX ".coronet-"
#define SUFFIX ".part"

#define ACQUIRE_TRIES_MAX 16 /* each lost to somebody who finished at that moment */
#define OPEN_FLAGS        (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define SWEEP_SECONDS     3600

bool co_partial_is_name(co_text name)
{
    const size_t prefix = sizeof PREFIX - 1, suffix = sizeof SUFFIX - 1;
    return name.size >= prefix + suffix &&
           co_text_equal_nocase((co_text){name.at, prefix}, CO_TEXT(PREFIX)) &&
           co_text_equal_nocase(co_text_after(name, name.size - suffix), CO_TEXT(SUFFIX));
}

/* Hashed one after the other, the uploader into the key for the name, so that no two pairs read
 * alike. */
static uint64_t hash_pair(const uint64_t secret[2], co_text uploader, co_text name)
{
    const uint64_t other[2] = {~secret[0], ~secret[1]};
    const uint64_t key[2] = {co_siphash(secret, uploader.at, uploader.size),
        co_siphash(other, uploader.at, uploader.size)};
    return co_siphash(key, name.at, name.size);
}

struct co_partial_name co_partial_name(
    const struct co_tree *tree, co_text uploader, co_text name, unsigned nth)
{
    struct co_partial_name ret;
    unsigned long long hash = hash_pair(tree->secret, uploader, name);
    if (nth == 0)
        snprintf(ret.at, sizeof ret.at, PREFIX "%016llx" SUFFIX, hash);
    else
        snprintf(ret.at, sizeof ret.at, PREFIX "%016llx-%u" SUFFIX, hash, nth);
    return ret;
}

int co_partial_stat(int folder, const char *name, struct stat *ret)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -ENOENT;
    *ret = st;
    return 0;
}

bool co_partial_is_younger(const struct stat *partial, const struct co_tree_stat *whole)
{
    struct co_tree_stat stat;
    return co_lookup_convert(partial, &stat) && stat.modified_ns >= whole->changed_ns;
}

/* Does the name still mean the open file? */
static bool still_names(int folder, const char *name, const struct stat *open)
{
    struct stat now;
    return fstatat(folder, name, &now, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
           now.st_ino == open->st_ino && now.st_dev == open->st_dev;
}

/* Locks the open file and compares. 0; -EAGAIN when the name means something else by now; -EBUSY.
 */
static int lock_and_compare(int folder, const char *name, int fd, struct stat *ret)
{
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return -EBUSY;
    if (fstat(fd, ret) < 0)
        return -errno;
    if (!S_ISREG(ret->st_mode))
        return -EBUSY;
    return still_names(folder, name, ret) ? 0 : -EAGAIN;
}

/* An empty one holds nothing for anybody: it may have just been made in vain. The lock is held. */
static void leave_no_empty(int folder, const char *name, int fd)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_size == 0 && still_names(folder, name, &st))
        (void)unlinkat(folder, name, 0);
}

static int acquire_once(int folder, const char *name, int *ret_fd, struct stat *ret)
{
    struct stat st;
    int fd = openat(folder, name, O_RDWR | O_CREAT | OPEN_FLAGS, 0666);
    if (fd < 0) {
        int rc = -errno;
        bool taken = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        return taken && rc != -EROFS ? -EBUSY : rc;
    }
    int rc = lock_and_compare(folder, name, fd, ret);
    if (rc == 0 && ret->st_nlink > 1)
        rc = unlinkat(folder, name, 0) < 0 ? -errno : -EAGAIN;
    if (rc == 0) {
        *ret_fd = fd;
        return 0;
    }
    if (rc != -EBUSY && rc != -EAGAIN)
        leave_no_empty(folder, name, fd);
    close(fd);
    return rc;
}

int co_partial_acquire(int folder, const char *name, int *ret_fd, struct stat *ret)
{
    int rc = -EAGAIN;
    for (int tries = 0; tries < ACQUIRE_TRIES_MAX && rc == -EAGAIN; tries++)
        rc = acquire_once(folder, name, ret_fd, ret);
    return rc == -EAGAIN ? -EBUSY : rc;
}

int co_partial_remove(int folder, const char *name, int fd, struct co_quota *quota)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || (st.st_nlink > 0 && unlinkat(folder, name, 0) < 0))
        return -errno;
    if (st.st_nlink <= 1)
        co_quota_give(quota, (uint64_t)st.st_size);
    return 0;
}

int co_partial_drop(int folder, const char *name, int64_t before, struct co_quota *quota)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | OPEN_FLAGS);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    /* one that is just being made is not held even for a moment: its maker would leave it */
    int rc = fstat(fd, &st) < 0 ? -errno : st.st_mtim.tv_sec >= before ? -EBUSY : 0;
    if (rc == 0)
        rc = lock_and_compare(folder, name, fd, &st);
    if (rc == 0 && st.st_mtim.tv_sec >= before)
        rc = -EBUSY;
    if (rc == 0)
        rc = co_partial_remove(folder, name, fd, quota);
    close(fd);
    return rc == -EAGAIN ? -EBUSY : rc;
}

/* Where the tree remembers the folder's last sweep, and what stands there in this hour. */
static _Atomic uint64_t *sweep_of(
    struct co_tree *tree, const struct stat *folder, int64_t now, uint64_t *ret_mark)
{
    const uint64_t place[3] = {folder->st_ino, folder->st_dev, (uint64_t)(now / SWEEP_SECONDS)};
    *ret_mark = co_siphash(tree->secret, place, sizeof place);
    return &tree->swept[co_siphash(tree->secret, place, sizeof place[0] * 2) % CO_TREE_SWEPT];
}

bool co_partial_is_swept(struct co_tree *tree, const struct stat *folder, int64_t now)
{
    uint64_t mark;
    return atomic_load(sweep_of(tree, folder, now, &mark)) == mark;
}

bool co_partial_sweep_is_due(struct co_tree *tree, const struct stat *folder, int64_t now)
{
    uint64_t mark;
    _Atomic uint64_t *slot = sweep_of(tree, folder, now, &mark);
    return atomic_exchange(slot, mark) != mark;
}

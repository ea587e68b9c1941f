/* SPDX-License-Identifier: MIT */
#include "tree/lookup.h"

#include "runtime/rt.h"
#include "tree/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A ".." in a link makes openat2 fail with EAGAIN when anything on the machine is renamed meanwhile
 * (openat2(2)); a file lease does so until its holder has let go. Who renames without pause gets
 * this many tries for each look-up, and no more. */
#define LOOKUP_TRIES_MAX 64

#define CLEANUP_GRACE_MS 10000 /* for the place of a job in the queue */

#define STALL_NS  (20 * CO_MS) /* much longer than what is in memory takes on any machine */
#define SLOW_JOBS 64           /* that go to the pool after one: then the disk is tried again */

/* Not in every linux/magic.h. */
#define MQUEUE_MAGIC   0x19800202
#define FUSECTL_MAGIC  0x65735543
#define CONFIGFS_MAGIC 0x62656570

bool co_lookup_name_exists(co_text name, bool hidden)
{
    if (name.size == 0)
        return false;
    if (name.at[0] != '.')
        return true;
    return hidden && !co_text_equal(name, CO_TEXT(".")) && !co_text_equal(name, CO_TEXT("..")) &&
           !co_partial_is_name(name);
}

bool co_lookup_path_exists(co_text path, bool hidden)
{
    if (co_text_find(path, '\0') >= 0)
        return false;
    while (path.size > 0) {
        ssize_t slash = co_text_find(path, '/');
        co_text name = {path.at, slash < 0 ? path.size : (size_t)slash};
        if (!co_lookup_name_exists(name, hidden))
            return false;
        path = co_text_after(path, slash < 0 ? path.size : (size_t)slash + 1);
    }
    return true;
}

/*
 * File systems whose "regular files" are doors into the kernel: reading one may block for ever
 * (/proc/kmsg), have effects, or tell what this process is. Mounting a disk within the tree is the
 * owner's way of serving it; mounting one of these is not.
 */
static bool lies_in_kernel(int fd)
{
    static const unsigned magic[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
        SECURITYFS_MAGIC, SELINUX_MAGIC, SMACK_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
        BPF_FS_MAGIC, DEVPTS_SUPER_MAGIC, PSTOREFS_MAGIC, EFIVARFS_MAGIC, NSFS_MAGIC,
        BINFMTFS_MAGIC, MQUEUE_MAGIC, FUSECTL_MAGIC, CONFIGFS_MAGIC};
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return true;
    for (size_t i = 0; i < CO_LENGTH(magic); i++)
        if ((unsigned)fs.f_type == magic[i])
            return true;
    return false;
}

/* Files may claim any time; what lies beyond 1824 to 2262 is given as that bound, so that neither
 * this nor the difference of two can overflow. */
static int64_t nanoseconds(struct timespec time)
{
    const int64_t first = INT64_MIN / 2 / CO_SECOND, last = INT64_MAX / CO_SECOND - 1;
    if (time.tv_sec < first || time.tv_sec > last)
        return (time.tv_sec < first ? first : last) * CO_SECOND;
    return (int64_t)time.tv_sec * CO_SECOND + time.tv_nsec;
}

bool co_lookup_convert(const struct stat *st, struct co_tree_stat *ret)
{
    if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
        return false;
    *ret = (struct co_tree_stat){
        .kind = S_ISDIR(st->st_mode) ? CO_TREE_FOLDER : CO_TREE_FILE,
        .size = (uint64_t)st->st_size,
        .inode = st->st_ino,
        .device = st->st_dev,
        .modified_ns = nanoseconds(st->st_mtim),
        .changed_ns = nanoseconds(st->st_ctim),
        .mode = st->st_mode & 07777,
    };
    return true;
}

int co_lookup_fstat(int fd, struct co_tree_stat *ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return co_lookup_convert(&st, ret) ? 0 : -ENOENT;
}

/* Only what is asked about an open descriptor is true: its name may mean something else by now. */
static int lookup_identify(struct co_lookup *lookup, int fd)
{
    int rc = co_lookup_fstat(fd, &lookup->stat);
    if (rc < 0)
        return rc;
    bool mounted = lookup->stat.device != lookup->tree->device;
    bool on_disk = major(lookup->stat.device) != 0;
    return mounted && !on_disk && lies_in_kernel(fd) ? -ENOENT : 0;
}

static int lookup_error(int error)
{
    switch (error) {
    case EXDEV: /* RESOLVE_BENEATH: it leads out, or is absolute */
    case ENXIO: /* a socket; a device that is not there */
    case ENODEV: /* a device without driver */ return -ENOENT;
    default: return -error;
    }
}

/*
 * O_NONBLOCK is not for the reads: it keeps a FIFO without writer, a tape or a terminal line from
 * holding up the open itself.
 */
static int lookup_try(struct co_lookup *lookup, uint64_t resolve)
{
    struct open_how how = {
        .flags = lookup->flags | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
    };
    int fd = (int)syscall(SYS_openat2, lookup->tree->root, lookup->path, &how, sizeof how);
    lookup->is_missing = fd < 0 && errno == ENOENT;
    if (fd < 0)
        return lookup_error(errno);
    int rc = lookup_identify(lookup, fd);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    lookup->fd = fd;
    return 0;
}

int co_lookup_cached(struct co_lookup *lookup)
{
    return lookup->tree->resolve_cached ? lookup_try(lookup, RESOLVE_CACHED) : -EAGAIN;
}

int co_lookup_wait(void *lookup)
{
    for (int tries = 0; tries < LOOKUP_TRIES_MAX; tries++) {
        int rc = lookup_try(lookup, 0);
        if (rc != -EAGAIN && rc != -EINTR)
            return rc;
    }
    return -EBUSY;
}

bool co_lookup_may_wait(void)
{
    struct co_rt *rt = co_rt_current();
    return !rt || rt->backend->is_virtual;
}

int co_lookup_offload(co_task *function, void *arg)
{
    return co_lookup_may_wait() ? function(arg) : co_block(function, arg);
}

/* A turn that took long may have been another process's fault; then some hops are for nothing. */
int co_lookup_offload_slow(struct co_tree *tree, co_task *function, void *arg)
{
    if (!tree->at_once || co_lookup_may_wait())
        return co_lookup_offload(function, arg);
    if (atomic_load_explicit(&tree->slow_jobs, memory_order_relaxed) > 0) {
        atomic_fetch_sub_explicit(&tree->slow_jobs, 1, memory_order_relaxed);
        return co_block(function, arg);
    }
    int rc = co_status();
    if (rc < 0)
        return rc;
    int64_t before = co_now_ns();
    rc = function(arg);
    if (co_now_ns() - before > STALL_NS)
        atomic_store_explicit(&tree->slow_jobs, SLOW_JOBS, memory_order_relaxed);
    return rc;
}

void co_lookup_offload_surely(co_task *function, void *arg)
{
    int rc = -ENOSYS;
    if (!co_lookup_may_wait()) {
        co_scope grace;
        co_scope_shield(&grace, CLEANUP_GRACE_MS);
        rc = co_block(function, arg);
        (void)co_scope_close(&grace);
    }
    if (rc < 0) /* not begun: such functions return 0 */
        (void)function(arg);
}

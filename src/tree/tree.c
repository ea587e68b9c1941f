/* SPDX-License-Identifier: MIT */
#include "tree/tree.h"

#include "runtime/feature.h"
#include "runtime/file.h"
#include "tree/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_SMALL 512 /* bytes of path kept in the frame; longer ones are rare and allocated */

/* A path as the kernel wants it. */
struct path {
    char *at; /* `small`, or allocated */
    char small[PATH_SMALL];
};

/* Whether the name may be asked for. That it cannot lead out is the kernel's part; "." and ".." are
 * no names in any case. */
static bool name_exists(co_text name, bool hidden)
{
    if (name.size == 0)
        return false;
    if (name.at[0] != '.')
        return true;
    return hidden && !co_text_equal(name, CO_TEXT(".")) && !co_text_equal(name, CO_TEXT(".."));
}

/* "" and "a/b/" (a folder) are good; "/a", "a//b", "a/../b" and a NUL within are not. */
static bool path_exists(co_text path, bool hidden)
{
    if (co_text_find(path, '\0') >= 0)
        return false;
    while (path.size > 0) {
        ssize_t slash = co_text_find(path, '/');
        co_text name = {path.at, slash < 0 ? path.size : (size_t)slash};
        if (!name_exists(name, hidden))
            return false;
        path = co_text_after(path, slash < 0 ? path.size : (size_t)slash + 1);
    }
    return true;
}

static int path_open(struct path *path, co_text text, bool hidden)
{
    if (text.size > CO_TREE_PATH_MAX)
        return -ENAMETOOLONG;
    if (!path_exists(text, hidden))
        return -ENOENT;
    if (text.size == 0)
        text = CO_TEXT(".");
    path->at = text.size < sizeof path->small ? path->small : malloc(text.size + 1);
    if (!path->at)
        return -ENOMEM;
    memcpy(path->at, text.at, text.size);
    path->at[text.size] = '\0';
    return 0;
}

static void path_close(struct path *path)
{
    if (path->at != path->small)
        free(path->at);
}

/* RESOLVE_CACHED (Linux 5.12) came later than openat2 (5.6). */
static bool knows_resolve_cached(int root)
{
    if (co_feature_masked("resolve_cached"))
        return false;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_CACHED};
    int fd = (int)syscall(SYS_openat2, root, ".", &how, sizeof how);
    if (fd < 0)
        return errno != EINVAL;
    close(fd);
    return true;
}

static int tree_probe(struct co_tree *tree)
{
    struct stat st;
    if (fstat(tree->root, &st) < 0)
        return -errno;
    tree->device = st.st_dev;
    tree->resolve_cached = knows_resolve_cached(tree->root);
    struct co_lookup lookup = {tree, ".", O_PATH, -1, {0}};
    int rc = co_lookup_wait(&lookup);
    if (rc < 0)
        return rc == -EPERM ? -ENOSYS : rc; /* what a sandbox's filter says of unknown calls */
    close(lookup.fd);
    return 0;
}

int co_tree_open(struct co_tree **ret, const char *directory, const struct co_tree_options *options)
{
    struct co_tree *tree = malloc(sizeof *tree);
    if (!tree)
        return -ENOMEM;
    *tree = (struct co_tree){.hidden = options && options->hidden};
    tree->root = openat(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = tree->root < 0 ? -errno : tree_probe(tree);
    if (rc < 0) {
        co_tree_free(tree);
        return rc;
    }
    *ret = tree;
    return 0;
}

void co_tree_free(struct co_tree *tree)
{
    if (!tree)
        return;
    co_tree_close(tree->root);
    free(tree);
}

void co_tree_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* From the kernel's cache here, else on a pool thread. */
static int tree_lookup(
    struct co_tree *tree, co_text text, uint64_t flags, struct co_lookup *ret_lookup)
{
    struct path path;
    int rc = path_open(&path, text, tree->hidden);
    if (rc < 0)
        return rc;
    *ret_lookup = (struct co_lookup){tree, path.at, flags, -1, {0}};
    rc = co_lookup_may_wait() ? -EAGAIN : co_lookup_cached(ret_lookup);
    if (rc == -EAGAIN)
        rc = co_lookup_offload(co_lookup_wait, ret_lookup);
    path_close(&path);
    return rc;
}

int co_tree_open_path(
    struct co_tree *tree, co_text path, int *ret_fd, struct co_tree_stat *ret_stat)
{
    struct co_lookup lookup;
    int rc = tree_lookup(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &lookup);
    if (rc < 0)
        return rc;
    *ret_fd = lookup.fd;
    *ret_stat = lookup.stat;
    return 0;
}

int co_tree_stat_path(struct co_tree *tree, co_text path, struct co_tree_stat *ret)
{
    struct co_lookup lookup;
    int rc = tree_lookup(tree, path, O_PATH, &lookup);
    if (rc < 0)
        return rc;
    close(lookup.fd);
    *ret = lookup.stat;
    return 0;
}

bool co_tree_stat_equal(const struct co_tree_stat *a, const struct co_tree_stat *b)
{
    return a->kind == b->kind && a->inode == b->inode && a->device == b->device &&
           a->size == b->size && a->modified_ns == b->modified_ns &&
           a->changed_ns == b->changed_ns && a->mode == b->mode;
}

/*
 * A name directly beneath the root needs no resolving: with AT_SYMLINK_NOFOLLOW, fstatat passes
 * through nothing but the root itself, so one system call tells, in a third of the time. Deeper,
 * that would not be safe: a folder on the way may have become a link that leads out (the file moved
 * along), or to a mount that hangs, and this thread with it.
 */
static bool root_names(struct co_tree *tree, co_text path, const struct co_tree_stat *known)
{
    struct path name;
    if (path.size == 0 || co_text_find(path, '/') >= 0 || path_open(&name, path, tree->hidden) < 0)
        return false;
    struct stat st;
    struct co_tree_stat now;
    int rc = fstatat(tree->root, name.at, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
    path_close(&name);
    return rc == 0 && co_lookup_convert(&st, &now) && co_tree_stat_equal(&now, known);
}

bool co_tree_names(struct co_tree *tree, co_text path, const struct co_tree_stat *known)
{
    struct co_tree_stat now;
    return root_names(tree, path, known) ||
           (co_tree_stat_path(tree, path, &now) == 0 && co_tree_stat_equal(&now, known));
}

ssize_t co_tree_read(int fd, void *ret_bytes, size_t size, uint64_t offset)
{
    if (!co_lookup_may_wait())
        return co_file_read_at(fd, ret_bytes, size, offset);
    ssize_t n = pread(fd, ret_bytes, size, (off_t)offset);
    return n < 0 ? -errno : n;
}

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

static int path_open(struct path *path, co_text text, bool hidden)
{
    if (text.size > CO_TREE_PATH_MAX)
        return -ENAMETOOLONG;
    if (!co_lookup_path_exists(text, hidden))
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

/*
 * Keys the names of partial files, so that nobody finds a name to upload under whose partial file
 * is somebody else's. It must be the same tomorrow, also on the next machine that the disk is put
 * into; the root's time of birth in nanoseconds is told to nobody.
 */
static void tree_make_secret(struct co_tree *tree)
{
    struct statx stat;
    if (statx(tree->root, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &stat) < 0)
        return; /* the names are still good, only less secret */
    tree->secret[0] = stat.stx_ino;
    if (stat.stx_mask & STATX_BTIME)
        tree->secret[1] = (uint64_t)stat.stx_btime.tv_sec * CO_SECOND + stat.stx_btime.tv_nsec;
}

static int tree_probe(struct co_tree *tree)
{
    struct stat st;
    if (fstat(tree->root, &st) < 0)
        return -errno;
    tree->device = st.st_dev;
    tree->inode = st.st_ino;
    tree->resolve_cached = knows_resolve_cached(tree->root);
    struct co_lookup lookup = {.tree = tree, .path = ".", .flags = O_PATH, .fd = -1};
    int rc = co_lookup_wait(&lookup);
    if (rc < 0)
        return rc == -EPERM ? -ENOSYS : rc; /* what a sandbox's filter says of unknown calls */
    close(lookup.fd);
    tree_make_secret(tree);
    return 0;
}

static struct co_tree *tree_new(int root, const struct co_tree_options *options)
{
    struct co_tree *tree = calloc(1, sizeof *tree);
    if (!tree)
        return NULL;
    tree->root = root;
    tree->hidden = options && options->hidden;
    tree->rights = options && options->rights ? options->rights : CO_MAY_BROWSE;
    tree->quota = options ? options->quota : NULL;
    tree->at_once = options && options->at_once;
    tree->rename_noreplace = !co_feature_masked("rename_noreplace");
    tree->link_open = !co_feature_masked("link_open");
    return tree;
}

int co_tree_open(struct co_tree **ret, const char *directory, const struct co_tree_options *options)
{
    struct co_tree *tree = tree_new(-1, options);
    if (!tree)
        return -ENOMEM;
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

/* For a download, most names are names that nothing has. See root_names. */
static int lookup_at_once(void *arg)
{
    struct co_lookup *lookup = arg;
    struct stat st;
    bool is_absent =
        !strchr(lookup->path, '/') &&
        fstatat(lookup->tree->root, lookup->path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 &&
        errno == ENOENT;
    return is_absent ? -ENOENT : co_lookup_wait(lookup);
}

/* From the kernel's cache here, else on a pool thread. */
static int tree_lookup(
    struct co_tree *tree, co_text text, uint64_t flags, struct co_lookup *ret_lookup)
{
    struct path path;
    int rc = path_open(&path, text, tree->hidden);
    if (rc < 0)
        return rc;
    *ret_lookup = (struct co_lookup){.tree = tree, .path = path.at, .flags = flags, .fd = -1};
    rc = co_lookup_may_wait() || tree->at_once ? -EAGAIN : co_lookup_cached(ret_lookup);
    if (rc == -EAGAIN)
        rc = co_lookup_offload_slow(
            tree, tree->at_once ? lookup_at_once : co_lookup_wait, ret_lookup);
    path_close(&path);
    return rc;
}

int co_tree_open_below(struct co_tree **ret, struct co_tree *above, co_text path,
    const struct co_tree_options *options)
{
    struct co_lookup lookup;
    int rc = tree_lookup(above, path, O_PATH | O_DIRECTORY, &lookup);
    if (rc < 0)
        return rc;
    struct co_tree *tree = tree_new(lookup.fd, options);
    if (!tree) {
        close(lookup.fd);
        return -ENOMEM;
    }
    tree->device = lookup.stat.device;
    tree->inode = lookup.stat.inode;
    tree->resolve_cached = above->resolve_cached;
    memcpy(
        tree->secret, above->secret, sizeof tree->secret); /* what was begun above goes on here */
    *ret = tree;
    return 0;
}

unsigned co_tree_rights(const struct co_tree *tree)
{
    return tree->rights;
}

/* Who may neither read nor list learns nothing, not even whether there is something. */
static int open_allowed(const struct co_tree *tree, const struct co_tree_stat *stat)
{
    unsigned needed = !stat || stat->kind == CO_TREE_FOLDER ? CO_MAY_BROWSE : CO_MAY_READ;
    return tree->rights & needed ? 0 : -EPERM;
}

/* Whoever may only add must find the folder to add to. */
static int stat_allowed(const struct co_tree *tree, const struct co_tree_stat *stat)
{
    unsigned needed = CO_MAY_BROWSE | CO_MAY_CHANGE;
    return tree->rights & needed || stat->kind == CO_TREE_FOLDER ? 0 : -EPERM;
}

int co_tree_open_path(
    struct co_tree *tree, co_text path, int *ret_fd, struct co_tree_stat *ret_stat)
{
    struct co_lookup lookup;
    int rc = open_allowed(tree, NULL);
    if (rc == 0)
        rc = tree_lookup(tree, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &lookup);
    if (rc < 0)
        return rc;
    rc = open_allowed(tree, &lookup.stat);
    if (rc < 0) {
        close(lookup.fd);
        return rc;
    }
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
    rc = stat_allowed(tree, &lookup.stat);
    if (rc == 0)
        *ret = lookup.stat;
    return rc;
}

int co_tree_enter(struct co_tree *tree, co_text path)
{
    struct co_lookup lookup;
    struct stat st;
    int rc = tree_lookup(tree, path, O_PATH, &lookup);
    if (rc < 0)
        return rc;
    rc = stat_allowed(tree, &lookup.stat);
    if (rc == 0 && lookup.stat.kind != CO_TREE_FOLDER)
        rc = -ENOTDIR;
    if (rc == 0 && fstatat(lookup.fd, ".", &st, 0) < 0) /* "." is looked for within */
        rc = -errno;
    close(lookup.fd);
    return rc;
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

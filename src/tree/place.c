/* SPDX-License-Identifier: MIT */
#include "tree/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The last '/' in the text, or -1. */
static ssize_t last_slash(co_text text)
{
    const char *hit = text.size ? memrchr(text.at, '/', text.size) : NULL;
    return hit ? hit - text.at : -1;
}

/* path: its end without a slash. Fills path, folder and name, in one allocation. */
static int place_split(struct co_place *place, co_text given, co_text path)
{
    ssize_t slash = last_slash(path);
    co_text folder = slash < 0 ? CO_TEXT(".") : (co_text){path.at, (size_t)slash};
    co_text name = co_text_after(path, (size_t)(slash + 1));
    char *at = malloc(given.size + folder.size + name.size + 3);
    if (!at)
        return -ENOMEM;
    place->path = at;
    at = (char *)mempcpy(at, given.at, given.size) + 1;
    at[-1] = '\0';
    place->folder = at;
    at = (char *)mempcpy(at, folder.at, folder.size) + 1;
    at[-1] = '\0';
    place->name = at;
    at = mempcpy(at, name.at, name.size);
    at[0] = '\0';
    return 0;
}

int co_place_open(struct co_place *ret, struct co_tree *tree, co_text path, int hidden_error)
{
    if (path.size > CO_TREE_PATH_MAX)
        return -ENAMETOOLONG;
    if (path.size == 0)
        path = CO_TEXT("");
    bool slash = path.size > 0 && path.at[path.size - 1] == '/';
    co_text bare = {path.at, path.size - slash};
    ssize_t last = last_slash(bare);
    co_text parents = {path.at, (size_t)(last + 1)}, name = co_text_after(bare, parents.size);
    if (!co_lookup_path_exists(parents, tree->hidden) || co_text_find(name, '\0') >= 0 ||
        (name.size == 0 && path.size > 0))
        return -ENOENT;
    if (path.size > 0 && !co_lookup_name_exists(name, tree->hidden))
        return hidden_error;
    struct co_place place = {.tree = tree, .folder_meant = slash, .parent = -1};
    int rc = place_split(&place, path.size ? path : CO_TEXT("."), bare);
    if (rc == 0)
        *ret = place;
    return rc;
}

void co_place_close(struct co_place *place)
{
    if (place->parent != place->tree->root)
        co_tree_close(place->parent);
    free(place->path);
}

int co_place_enter(struct co_place *place)
{
    struct co_lookup lookup = {
        .tree = place->tree, .path = place->folder, .flags = O_PATH | O_DIRECTORY, .fd = -1};
    if (strcmp(place->folder, ".") == 0) {
        place->parent = place->tree->root;
        return 0;
    }
    int rc = co_lookup_wait(&lookup);
    if (rc == 0)
        place->parent = lookup.fd;
    return rc;
}

int co_place_stat(const struct co_place *place, struct stat *ret)
{
    if (fstatat(place->parent, place->name, ret, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return -errno;
    if (S_ISDIR(ret->st_mode))
        return 0;
    if (!S_ISREG(ret->st_mode) && !S_ISLNK(ret->st_mode))
        return -ENOENT;
    return place->folder_meant ? -ENOTDIR : 0;
}

int co_place_refusal(int error)
{
    return error == EPERM ? -EACCES : -error;
}

/* Where the file system cannot rename without replacing: a second name for a file. */
static int take_by_link(const struct co_place *place, int from, const char *name)
{
    if (linkat(from, name, place->parent, place->name, 0) < 0)
        return -errno;
    return unlinkat(from, name, 0) < 0 ? -errno : 0;
}

/* The same for a folder: one may be renamed over an empty one, and that is ours. */
static int take_by_folder(const struct co_place *place, int from, const char *name)
{
    if (mkdirat(place->parent, place->name, 0700) < 0)
        return -errno;
    if (renameat(from, name, place->parent, place->name) == 0)
        return 0;
    int rc = -errno;
    (void)unlinkat(place->parent, place->name, AT_REMOVEDIR);
    return rc;
}

int co_place_take(const struct co_place *place, int from, const char *name, bool replace)
{
    unsigned flags = replace ? 0 : RENAME_NOREPLACE;
    if (replace || place->tree->rename_noreplace) {
        if (renameat2(from, name, place->parent, place->name, flags) == 0)
            return 0;
        int rc = co_place_refusal(errno);
        if (replace || (rc != -EINVAL && rc != -ENOSYS)) /* EINVAL: or a folder below itself */
            return rc;
    }
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? take_by_folder(place, from, name)
                               : take_by_link(place, from, name);
}

/* Who may write into a folder may still not read it (a drop box), so that it cannot be opened for
 * fsync: then its whole file system is synced. */
int co_place_sync(const struct co_place *place, int fd)
{
    int folder = openat(place->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return errno == EACCES && syncfs(fd) == 0 ? 0 : -errno;
    int rc = fsync(folder) < 0 ? -errno : 0;
    close(folder);
    return rc == -EINVAL ? 0 : rc; /* a file system whose folders need no fsync */
}

/* SPDX-License-Identifier: MIT */
/* Listing a folder: the part of tree.h that reads directories. */
#include "base/buf.h"
#include "tree/lookup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_BATCH     1000        /* names: about a millisecond when they are in the cache */
#define LIST_BYTES_MAX (64u << 20) /* of entries and names: some 600,000 of them */
#define LIST_NAME_MAX  1024        /* bytes: some file systems count 255 UTF-16 units */

struct listing {
    const struct co_tree *tree;
    DIR *folder;
    size_t entries_max, count;
    bool more;
    struct co_buf entries; /* struct co_tree_entry, names not yet set */
    struct co_buf names;   /* NUL-terminated, in the entries' order */
    struct co_buf path;    /* the folder's path and a slash; room for one name */
};

/* Is it this process or the moment that lacks something, and not the entry? */
static bool is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EBUSY;
}

/* What a request for the name would find: from the root, since a link may lead up and down again
 * within the tree. Returns as identify. */
static int resolve(struct listing *list, const char *name, struct co_tree_stat *ret)
{
    size_t folder_size = list->path.size;
    co_buf_add(&list->path, name, strlen(name) + 1);
    struct co_lookup lookup = {list->tree, list->path.at, O_PATH, -1, {0}};
    int rc = list->path.error ? list->path.error : co_lookup_wait(&lookup);
    list->path.size = folder_size;
    if (rc < 0)
        return is_shortage(rc) ? rc : 0;
    close(lookup.fd);
    *ret = lookup.stat;
    return 1;
}

/* 1; 0: it does not exist, or cannot be looked at; -errno: nothing can be, now. Links and mount
 * points take the way a request takes. */
static int identify(struct listing *list, const char *name, struct co_tree_entry *ret)
{
    struct stat st;
    if (fstatat(dirfd(list->folder), name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return is_shortage(-errno) ? -errno : 0;
    *ret = (struct co_tree_entry){.is_link = S_ISLNK(st.st_mode)};
    if (ret->is_link || st.st_dev != list->tree->device)
        return resolve(list, name, &ret->stat);
    return co_lookup_convert(&st, &ret->stat);
}

static int take(struct listing *list, const char *name)
{
    struct co_tree_entry entry;
    if (!co_lookup_name_exists(co_text_of(name), list->tree->hidden))
        return 0;
    int rc = identify(list, name, &entry);
    if (rc <= 0)
        return rc;
    size_t name_size = strlen(name) + 1;
    size_t total = list->entries.size + list->names.size + sizeof entry + name_size;
    if (list->count == list->entries_max || total > LIST_BYTES_MAX) {
        list->more = true;
        return 0;
    }
    co_buf_add(&list->entries, &entry, sizeof entry);
    co_buf_add(&list->names, name, name_size);
    list->count++;
    return 0;
}

/* For a pool thread. 1: there may be more to read, 0: done, -errno. Out of memory
 * shows in list_finish. */
static int list_batch(void *arg)
{
    struct listing *list = arg;
    for (unsigned i = 0; i < LIST_BATCH && !list->more; i++) {
        errno = 0;
        struct dirent *found = readdir(list->folder);
        if (!found)
            return -errno;
        int rc = take(list, found->d_name);
        if (rc < 0)
            return rc;
    }
    return !list->more;
}

/* Moves the names behind the entries, so that they are one allocation. */
static int list_finish(struct listing *list, struct co_tree_entry **ret)
{
    if (list->names.error || !co_buf_reserve(&list->entries, list->names.size))
        return -ENOMEM;
    char *name = list->entries.at + list->entries.size;
    if (list->names.size > 0)
        memcpy(name, list->names.at, list->names.size);
    struct co_tree_entry *entries = (void *)list->entries.at;
    for (size_t i = 0; i < list->count; i++) {
        entries[i].name = name;
        name += strlen(name) + 1;
    }
    list->entries.at = NULL;
    *ret = entries;
    return 0;
}

static int list_open(struct listing *list, struct co_tree *tree, co_text path)
{
    int fd;
    struct co_tree_stat stat;
    int rc = co_tree_open_path(tree, path, &fd, &stat);
    if (rc < 0)
        return rc;
    list->folder = fdopendir(fd);
    if (!list->folder) {
        rc = -errno; /* -ENOTDIR */
        co_tree_close(fd);
        return rc;
    }
    if (!co_buf_reserve(&list->path, path.size + 1 + LIST_NAME_MAX))
        return -ENOMEM;
    co_buf_add_text(&list->path, path);
    if (path.size > 0 && path.at[path.size - 1] != '/')
        co_buf_add_char(&list->path, '/');
    return 0;
}

static void list_close(struct listing *list)
{
    if (list->folder)
        closedir(list->folder);
    co_buf_free(&list->entries);
    co_buf_free(&list->names);
    co_buf_free(&list->path);
}

ssize_t co_tree_list(struct co_tree *tree, co_text path, size_t entries_max,
    struct co_tree_entry **ret_entries, bool *ret_more)
{
    struct listing list = {
        .tree = tree,
        .entries_max = entries_max,
        .entries = CO_BUF(LIST_BYTES_MAX),
        .names = CO_BUF(LIST_BYTES_MAX),
        .path = CO_BUF(CO_TREE_PATH_MAX + 1 + LIST_NAME_MAX),
    };
    int rc = tree->rights & CO_MAY_LIST ? list_open(&list, tree, path) : -EPERM;
    if (rc == 0)
        do
            rc = co_lookup_offload(list_batch, &list);
        while (rc > 0);
    if (rc == 0)
        rc = list_finish(&list, ret_entries);
    if (rc == 0)
        *ret_more = list.more;
    list_close(&list);
    return rc < 0 ? rc : (ssize_t)list.count;
}

void co_tree_entries_free(struct co_tree_entry *entries, size_t count)
{
    (void)count;
    free(entries);
}

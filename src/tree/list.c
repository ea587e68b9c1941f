/* SPDX-License-Identifier: MIT */
/* Listing a folder: the part of tree.h that reads directories. */
#include "base/buf.h"
#include "tree/lookup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH          256         /* names: a fraction of a millisecond when they are cached */
#define LIST_BYTES_MAX (64u << 20) /* of entries and names: some 600,000 of them */
#define NAME_MAX_BYTES 1024        /* some file systems count 255 UTF-16 units */

struct co_tree_reader {
    const struct co_tree *tree;
    DIR *folder;
    size_t count;          /* entries of the batch */
    struct co_buf entries; /* struct co_tree_entry, names set at its end */
    struct co_buf names;   /* NUL-terminated, in the entries' order */
    struct co_buf path;    /* the folder's path and a slash; room for one name */
};

/* Is it this process, the moment or the disk that lacks something, and not the entry? A list
 * without it would be taken for whole, and mirrors delete by lists. */
static bool is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EBUSY ||
           error == -EIO;
}

/* What a request for the name would find: from the root, since a link may lead up and down again
 * within the tree. Returns as identify. */
static int resolve(struct co_tree_reader *reader, const char *name, struct co_tree_stat *ret)
{
    size_t folder_size = reader->path.size;
    co_buf_add(&reader->path, name, strlen(name) + 1);
    struct co_lookup lookup = {
        .tree = reader->tree, .path = reader->path.at, .flags = O_PATH, .fd = -1};
    int rc = reader->path.error ? reader->path.error : co_lookup_wait(&lookup);
    reader->path.size = folder_size;
    if (rc < 0)
        return is_shortage(rc) ? rc : 0;
    close(lookup.fd);
    *ret = lookup.stat;
    return 1;
}

/* 1; 0: it does not exist, or cannot be looked at; -errno: nothing can be, now. Links and mount
 * points take the way a request takes. */
static int identify(struct co_tree_reader *reader, const char *name, struct co_tree_entry *ret)
{
    struct stat st;
    if (fstatat(dirfd(reader->folder), name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return is_shortage(-errno) ? -errno : 0;
    *ret = (struct co_tree_entry){.is_link = S_ISLNK(st.st_mode)};
    if (ret->is_link || st.st_dev != reader->tree->device)
        return resolve(reader, name, &ret->stat);
    return co_lookup_convert(&st, &ret->stat);
}

static int take(struct co_tree_reader *reader, const char *name)
{
    struct co_tree_entry entry;
    if (!co_lookup_name_exists(co_text_of(name), reader->tree->hidden))
        return 0;
    int rc = identify(reader, name, &entry);
    if (rc <= 0)
        return rc;
    co_buf_add(&reader->entries, &entry, sizeof entry);
    co_buf_add(&reader->names, name, strlen(name) + 1);
    reader->count++;
    return 0;
}

/* The entries get their names from `names`, which do not move any more. */
static void name_entries(struct co_tree_entry *entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        entries[i].name = name;
        name += strlen(name) + 1;
    }
}

/* For a pool thread. 1: there may be more to read, 0: done, -errno. */
static int read_batch(void *arg)
{
    struct co_tree_reader *reader = arg;
    for (unsigned i = 0; i < BATCH; i++) {
        errno = 0;
        struct dirent *found = readdir(reader->folder);
        if (!found)
            return -errno;
        int rc = take(reader, found->d_name);
        if (rc < 0)
            return rc;
    }
    return 1;
}

static int open_folder(struct co_tree_reader *reader, struct co_tree *tree, co_text path)
{
    int fd;
    struct co_tree_stat stat;
    int rc = co_tree_open_path(tree, path, &fd, &stat);
    if (rc < 0)
        return rc;
    reader->folder = fdopendir(fd);
    if (!reader->folder) {
        rc = -errno; /* -ENOTDIR */
        co_tree_close(fd);
        return rc;
    }
    if (!co_buf_reserve(&reader->path, path.size + 1 + NAME_MAX_BYTES))
        return -ENOMEM;
    co_buf_add_text(&reader->path, path);
    if (path.size > 0 && path.at[path.size - 1] != '/')
        co_buf_add_char(&reader->path, '/');
    return 0;
}

int co_tree_reader_open(struct co_tree_reader **ret, struct co_tree *tree, co_text path)
{
    if (!(tree->rights & CO_MAY_LIST))
        return -EPERM;
    struct co_tree_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return -ENOMEM;
    reader->tree = tree;
    reader->entries = CO_BUF(BATCH * sizeof(struct co_tree_entry));
    reader->names = CO_BUF(BATCH * NAME_MAX_BYTES);
    reader->path = CO_BUF(CO_TREE_PATH_MAX + 1 + NAME_MAX_BYTES);
    int rc = open_folder(reader, tree, path);
    if (rc < 0) {
        co_tree_reader_close(reader);
        return rc;
    }
    *ret = reader;
    return 0;
}

ssize_t co_tree_reader_next(struct co_tree_reader *reader, const struct co_tree_entry **ret)
{
    int rc;
    reader->count = 0;
    co_buf_clear(&reader->entries);
    co_buf_clear(&reader->names);
    do /* a batch of what does not exist is not the end */
        rc = co_lookup_offload(read_batch, reader);
    while (rc > 0 && reader->count == 0);
    if (rc < 0)
        return rc;
    if (reader->entries.error || reader->names.error)
        return -ENOMEM;
    struct co_tree_entry *entries = (void *)reader->entries.at;
    name_entries(entries, reader->count, reader->names.at);
    *ret = entries;
    return (ssize_t)reader->count;
}

void co_tree_reader_close(struct co_tree_reader *reader)
{
    if (!reader)
        return;
    if (reader->folder)
        closedir(reader->folder);
    co_buf_free(&reader->entries);
    co_buf_free(&reader->names);
    co_buf_free(&reader->path);
    free(reader);
}

/* ---- the whole at once ------------------------------------------------------------------------
 */

struct listing {
    size_t entries_max, count;
    bool more;
    struct co_buf entries, names; /* as a reader's */
};

static void gather(struct listing *list, const struct co_tree_entry *entry)
{
    size_t name_size = strlen(entry->name) + 1;
    size_t total = list->entries.size + list->names.size + sizeof *entry + name_size;
    if (list->count == list->entries_max || total > LIST_BYTES_MAX) {
        list->more = true;
        return;
    }
    co_buf_add(&list->entries, entry, sizeof *entry);
    co_buf_add(&list->names, entry->name, name_size);
    list->count++;
}

static int gather_all(struct listing *list, struct co_tree_reader *reader)
{
    const struct co_tree_entry *batch;
    ssize_t n = 1;
    while (n > 0 && !list->more) {
        n = co_tree_reader_next(reader, &batch);
        for (ssize_t i = 0; i < n && !list->more; i++)
            gather(list, &batch[i]);
    }
    return n < 0 ? (int)n : 0;
}

/* Moves the names behind the entries, so that they are one allocation. */
static int join(struct listing *list, struct co_tree_entry **ret)
{
    if (list->entries.error || list->names.error ||
        !co_buf_reserve(&list->entries, list->names.size))
        return -ENOMEM;
    char *names = list->entries.at + list->entries.size;
    if (list->names.size > 0)
        memcpy(names, list->names.at, list->names.size);
    *ret = (void *)list->entries.at;
    name_entries(*ret, list->count, names);
    list->entries.at = NULL;
    return 0;
}

ssize_t co_tree_list(struct co_tree *tree, co_text path, size_t entries_max,
    struct co_tree_entry **ret_entries, bool *ret_more)
{
    struct co_tree_reader *reader;
    struct listing list = {
        .entries_max = entries_max,
        .entries = CO_BUF(LIST_BYTES_MAX),
        .names = CO_BUF(LIST_BYTES_MAX),
    };
    int rc = co_tree_reader_open(&reader, tree, path);
    if (rc < 0)
        return rc;
    rc = gather_all(&list, reader);
    co_tree_reader_close(reader);
    if (rc == 0)
        rc = join(&list, ret_entries);
    if (rc == 0)
        *ret_more = list.more;
    co_buf_free(&list.entries);
    co_buf_free(&list.names);
    return rc < 0 ? rc : (ssize_t)list.count;
}

void co_tree_entries_free(struct co_tree_entry *entries, size_t count)
{
    (void)count;
    free(entries);
}

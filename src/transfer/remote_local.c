/* SPDX-License-Identifier: MIT */
/* A folder of this machine's, through the confined tree: whatever a path says, nothing outside of
 * it is touched. */
#include "transfer/remote.h"
#include "tree/edit.h"

#include <errno.h>
#include <stdlib.h>

struct local_place {
    struct co_remote remote;
    struct co_tree *tree;
};

static struct co_tree *tree_of(struct co_remote *remote)
{
    return CO_CONTAINER(remote, struct local_place, remote)->tree;
}

/* A link to a folder is no folder: who follows it works on another part of the tree. */
static struct co_remote_entry entry_of(const struct co_tree_stat *stat, bool is_link)
{
    bool folder = stat->kind == CO_TREE_FOLDER;
    return (struct co_remote_entry){
        .type = !folder   ? CO_REMOTE_FILE
                : is_link ? CO_REMOTE_OTHER
                          : CO_REMOTE_FOLDER,
        .size = folder ? -1 : (int64_t)stat->size,
        .modified = co_seconds_of_ns(stat->modified_ns),
    };
}

static int local_list(
    struct co_remote *remote, co_text path, struct co_remote_listing *listing, int *ret_status)
{
    struct co_tree_reader *reader;
    const struct co_tree_entry *found;
    ssize_t n = 0;
    (void)ret_status;
    int rc = co_tree_reader_open(&reader, tree_of(remote), path);
    if (rc < 0)
        return rc;
    while (rc == 0 && (n = co_tree_reader_next(reader, &found)) > 0)
        for (ssize_t i = 0; rc == 0 && i < n; i++) {
            struct co_remote_entry entry = entry_of(&found[i].stat, found[i].is_link);
            entry.name = co_text_of(found[i].name);
            rc = listing->see(listing->arg, &entry);
        }
    co_tree_reader_close(reader);
    listing->is_whole = rc == 0 && n == 0;
    return rc < 0 ? rc : (int)n;
}

static int local_stat(
    struct co_remote *remote, co_text path, struct co_remote_entry *ret, int *ret_status)
{
    struct co_tree_stat stat;
    (void)ret_status;
    int rc = co_tree_stat_path(tree_of(remote), path, &stat);
    if (rc == 0)
        *ret = entry_of(&stat, false);
    return rc;
}

static int local_remove(struct co_remote *remote, co_text path, bool is_folder, int *ret_status)
{
    (void)ret_status;
    return is_folder ? co_tree_folder_remove(tree_of(remote), path)
                     : co_tree_file_remove(tree_of(remote), path);
}

static int local_make_folder(struct co_remote *remote, co_text path, int *ret_status)
{
    (void)ret_status;
    int rc = co_tree_folder_make(tree_of(remote), path);
    return rc == -EEXIST ? 0 : rc;
}

static int local_rename(struct co_remote *remote, co_text from, co_text to, int *ret_status)
{
    (void)ret_status;
    return co_tree_rename(tree_of(remote), from, to, true);
}

static int local_set_modified(
    struct co_remote *remote, co_text path, int64_t modified, int *ret_status)
{
    (void)ret_status;
    if (modified <= INT64_MIN / CO_SECOND || modified >= INT64_MAX / CO_SECOND)
        return -ERANGE;
    return co_tree_set_modified(tree_of(remote), path, modified * CO_SECOND);
}

static void local_close(struct co_remote *remote)
{
    free(CO_CONTAINER(remote, struct local_place, remote));
}

int co_remote_local_open(struct co_remote **ret, struct co_tree *tree)
{
    static const struct co_remote_kind kind = {
        .sets_times = true,
        .list = local_list,
        .stat = local_stat,
        .remove = local_remove,
        .make_folder = local_make_folder,
        .rename = local_rename,
        .set_modified = local_set_modified,
        .close = local_close,
    };
    struct local_place *place = calloc(1, sizeof *place);
    if (!place)
        return -ENOMEM;
    place->remote.kind = &kind;
    place->tree = tree;
    *ret = &place->remote;
    return 0;
}

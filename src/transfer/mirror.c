/* SPDX-License-Identifier: MIT */
#include "transfer/mirroring.h"

static const struct co_remote_entry untold = {
    .type = CO_REMOTE_UNKNOWN, .size = -1, .modified = CO_REMOTE_NO_TIME};

/* Tells of a failure at folder/name. */
static void failed(struct co_mirror_walk *walk, co_text name, int rc, int status)
{
    struct co_mirror *mirror = walk->mirror;
    struct co_buf path = CO_BUF(CO_MIRROR_PATH_ROOM);
    if (co_status() == 0) {
        co_path_join(&path, co_buf_text(&walk->path), name);
        mirror->failed(mirror->arg, path.error || !path.size ? "" : path.at, rc, status);
    }
    co_buf_free(&path);
}

int co_mirror_insist(struct co_mirror_walk *walk, const char *what,
    int (*attempt)(void *arg, unsigned nth, int *ret_status, bool *ret_final), void *arg,
    int *ret_status)
{
    struct co_transfer_result result = {0};
    const struct co_mirror *mirror = walk->mirror;
    return co_job_insist(&(struct co_job){.events = &mirror->events,
                             .what = what,
                             .retries = mirror->retries,
                             .result = &result,
                             .crowd = mirror->is_upload ? NULL : &walk->crowd,
                             .attempt = attempt,
                             .arg = arg},
        ret_status);
}

/* ---- deleting ------------------------------------------------------------------------------- */

static int delete_one(struct co_mirror_walk *walk, const struct co_buf *path, bool is_folder)
{
    struct co_mirror *mirror = walk->mirror;
    int status = 0;
    mirror->act(mirror->arg, CO_MIRROR_DELETE, path->at);
    int rc = mirror->dry_run
                 ? 0
                 : mirror->to->kind->remove(mirror->to, co_buf_text(path), is_folder, &status);
    if (co_mirror_is_absent(rc, status))
        rc = 0;
    mirror->totals.deleted += rc == 0 && !is_folder;
    if (rc < 0 && co_status() == 0)
        mirror->failed(mirror->arg, path->at, rc, status);
    return rc;
}

/* What is in a folder that goes: files go at once, folders are gathered. */
struct emptying {
    struct co_mirror_walk *walk;
    struct co_pending *todo;
    struct co_buf *folder;
    bool is_kept; /* something in it is not the mirror's */
};

static int empty_entry(struct emptying *emptying, const struct co_remote_entry *entry)
{
    struct co_buf path = CO_BUF(CO_MIRROR_PATH_ROOM);
    bool is_folder = entry->type == CO_REMOTE_FOLDER;
    int rc = co_path_join(&path, co_buf_text(emptying->folder), entry->name);
    if (rc == 0 && !co_mirror_takes(&emptying->walk->mirror->rules, co_buf_text(&path), is_folder))
        emptying->is_kept = true;
    else if (rc == 0 && is_folder)
        rc = co_pending_add(emptying->todo, co_buf_text(emptying->folder), entry->name);
    else if (rc == 0)
        rc = delete_one(emptying->walk, &path, false);
    co_buf_free(&path);
    return rc;
}

static int empty_folder(struct emptying *emptying)
{
    struct co_mirror *mirror = emptying->walk->mirror;
    struct co_folder folder;
    int status = 0;
    int rc = co_folder_list(&folder, mirror->to, co_buf_text(emptying->folder), &status);
    if (rc == 0 && !folder.is_whole)
        rc = CO_EOUTSIDE;
    for (size_t i = 0; rc == 0 && i < folder.count; i++)
        rc = empty_entry(emptying, &folder.entries[i]);
    co_folder_close(&folder);
    return rc;
}

/* A folder and all in it, without recursion: folders are found before what they hold, and go in the
 * other order. Is it gone? */
static bool delete_folder(struct co_mirror_walk *walk, co_text parent, co_text name)
{
    struct co_pending todo = CO_PENDING, found = CO_PENDING;
    struct co_buf folder = CO_BUF(CO_MIRROR_PATH_ROOM);
    struct emptying emptying = {.walk = walk, .todo = &todo, .folder = &folder};
    int rc = co_pending_add(&todo, parent, name);
    while (rc == 0 && co_pending_take(&todo, &folder, NULL)) {
        rc = empty_folder(&emptying);
        if (rc == 0)
            rc = co_pending_add(&found, (co_text){0}, co_buf_text(&folder));
    }
    while (rc == 0 && !emptying.is_kept && co_pending_take(&found, &folder, NULL))
        rc = delete_one(walk, &folder, true);
    if (rc < 0)
        failed(walk, name, co_fail(CO_EOUTSIDE, "not all of it could be deleted"), 0);
    co_pending_free(&todo);
    co_pending_free(&found);
    co_buf_free(&folder);
    return rc == 0 && !emptying.is_kept;
}

/* Is it gone? */
static bool delete_entry(struct co_mirror_walk *walk, const struct co_remote_entry *entry)
{
    struct co_buf path = CO_BUF(CO_MIRROR_PATH_ROOM);
    bool is_folder = entry->type == CO_REMOTE_FOLDER, is_gone = false;
    int rc = co_path_join(&path, co_buf_text(&walk->path), entry->name);
    if (rc == 0 && co_mirror_takes(&walk->mirror->rules, co_buf_text(&path), is_folder))
        is_gone = is_folder ? delete_folder(walk, co_buf_text(&walk->path), entry->name)
                            : delete_one(walk, &path, false) == 0;
    co_buf_free(&path);
    return is_gone;
}

static void delete_others(struct co_mirror_walk *walk)
{
    const struct co_folder *from = &walk->from, *to = &walk->to;
    bool is_root = walk->path.size == 0;
    if (to->count == 0 && to->is_whole)
        return;
    if (!from->is_whole || !to->is_whole) {
        failed(walk, (co_text){0},
            co_fail(CO_EOUTSIDE, "its list may not be whole: nothing is deleted here"), 0);
        return;
    }
    if (is_root && from->count == 0) {
        failed(walk, (co_text){0},
            co_fail(CO_EOUTSIDE, "it is empty, and would empty the other side: nothing is deleted"),
            0);
        return;
    }
    for (size_t i = 0; i < to->count && co_status() == 0; i++)
        if (!co_folder_find(from, to->entries[i].name))
            (void)delete_entry(walk, &to->entries[i]);
}

/* A file in a folder's place, or a folder in a file's, is not at `from`. Only where both lists are
 * whole and tell which is which. Is it gone? */
static bool delete_other_kind(struct co_mirror_walk *walk, const struct co_remote_entry *entry,
    const struct co_remote_entry *there)
{
    enum co_remote_type file = CO_REMOTE_FILE, folder = CO_REMOTE_FOLDER;
    bool is_other = (entry->type == folder && there->type == file) ||
                    (entry->type == file && there->type == folder);
    return is_other && walk->mirror->delete_others && walk->from.is_whole && walk->to.is_whole &&
           delete_entry(walk, there);
}

/* ---- a folder ------------------------------------------------------------------------------- */

/* On file systems without regard to case two names may mean one file (attacks C07): what is not
 * listed under its name must not be there. 0, or CO_EOUTSIDE. */
static int check_clash(const struct co_mirror_walk *walk, co_text path)
{
    struct co_tree_stat stat;
    if (walk->mirror->is_upload || walk->mirror->dry_run ||
        co_tree_stat_path(walk->mirror->tree, path, &stat) < 0)
        return 0;
    return co_fail(CO_EOUTSIDE, "another entry differs from it by case alone");
}

static int take_entry(
    struct co_mirror_walk *walk, const struct co_remote_entry *entry, co_text path)
{
    const struct co_remote_entry *there = co_folder_find(&walk->to, entry->name);
    bool is_folder = entry->type == CO_REMOTE_FOLDER;
    if (there && delete_other_kind(walk, entry, there))
        there = NULL;
    if (there && is_folder && there->type != CO_REMOTE_FOLDER)
        return co_fail(-ENOTDIR, "something that is no folder has its name on the other side");
    bool may_be_folder =
        entry->type == CO_REMOTE_UNKNOWN && there && there->type == CO_REMOTE_FOLDER;
    if (there && !is_folder && !may_be_folder &&
        (there->type == CO_REMOTE_FOLDER || there->type == CO_REMOTE_OTHER))
        return co_fail(-EISDIR, "a folder has its name on the other side");
    int rc = there ? 0 : check_clash(walk, path);
    if (rc < 0)
        return rc;
    if (!there && !walk->to.is_whole)
        there = &untold;
    return is_folder ? co_pending_enter(&walk->pending, co_buf_text(&walk->path), entry->name,
                           &walk->lineage, entry->identity)
                     : co_mirror_begin_file(walk, entry, there);
}

/* Negative only when nothing more can be done. */
static int look_at_entry(struct co_mirror_walk *walk, const struct co_remote_entry *entry)
{
    struct co_mirror *mirror = walk->mirror;
    struct co_buf path = CO_BUF(CO_MIRROR_PATH_ROOM);
    bool is_folder = entry->type == CO_REMOTE_FOLDER;
    int rc = co_path_join(&path, co_buf_text(&walk->path), entry->name);
    if (rc == 0 && co_mirror_takes(&mirror->rules, co_buf_text(&path), is_folder)) {
        if (entry->type == CO_REMOTE_OTHER)
            mirror->totals.passed_over++;
        else
            rc = take_entry(walk, entry, co_buf_text(&path));
    }
    co_buf_free(&path);
    if (rc < 0 && rc != -ENOMEM)
        failed(walk, entry->name, rc, 0);
    return rc == -ENOMEM ? rc : co_status();
}

/* The folder at the walk's path, on one of the sides. */
struct looking {
    struct co_mirror_walk *walk;
    struct co_remote *remote;
    struct co_folder *folder;
};

static int list_once(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    const struct looking *looking = arg;
    (void)nth;
    (void)ret_final;
    *ret_status = 0;
    co_folder_close(looking->folder);
    return co_folder_list(
        looking->folder, looking->remote, co_buf_text(&looking->walk->path), ret_status);
}

static int list(struct co_mirror_walk *walk, struct co_remote *remote, struct co_folder *folder,
    int *ret_status)
{
    struct looking looking = {walk, remote, folder};
    return co_mirror_insist(
        walk, walk->path.size ? walk->path.at : ".", list_once, &looking, ret_status);
}

/* An index page may stand where the list would be. */
static int list_source(struct co_mirror_walk *walk, int *ret_status)
{
    struct co_folder *from = &walk->from;
    int rc = list(walk, walk->mirror->from, from, ret_status);
    bool is_empty = rc == 0 && from->count == 0 && from->refused == 0;
    if (is_empty && !from->is_whole && walk->path.size == 0)
        rc = co_fail(CO_EPROTO, "the server shows no list of what the folder holds");
    return rc;
}

/* There are servers that list nothing, or not to everybody, and take files all the same. */
static bool is_unlisted(const struct co_mirror_walk *walk, int rc, int status)
{
    return walk->mirror->is_upload &&
           (rc == CO_EPROTO || (rc == CO_ESTATUS && (status == 403 || status == 405)));
}

static int make_target(struct co_mirror_walk *walk, int *ret_status)
{
    struct co_mirror *mirror = walk->mirror;
    co_text path = co_buf_text(&walk->path);
    mirror->act(mirror->arg, CO_MIRROR_MAKE, path.size ? path.at : "");
    *ret_status = 0;
    int rc = mirror->dry_run ? 0 : mirror->to->kind->make_folder(mirror->to, path, ret_status);
    walk->to.is_whole = *ret_status != 405; /* RFC 4918 9.3.1: it is there, but not listed */
    return rc;
}

/* The folder on the other side is made where it is not there yet. */
static int list_target(struct co_mirror_walk *walk)
{
    struct co_mirror *mirror = walk->mirror;
    int status = 0;
    int rc = list(walk, mirror->to, &walk->to, &status);
    if (co_mirror_is_absent(rc, status) ||
        (mirror->dry_run && rc == -ENOTDIR)) { /* a file that would go */
        rc = make_target(walk, &status);
    } else if (is_unlisted(walk, rc, status)) {
        walk->to.count = 0;
        rc = 0;
    }
    if (rc < 0)
        failed(walk, (co_text){0}, rc, status);
    return rc;
}

static int work_on_both(struct co_mirror_walk *walk)
{
    int rc = 0;
    if (walk->from.refused > 0)
        failed(walk, (co_text){0},
            co_fail(CO_EOUTSIDE, "%zu of its entries have no names that are safe here",
                walk->from.refused),
            0);
    walk->mirror->totals.folders += walk->from.count > 0;
    for (size_t i = 0; rc == 0 && i < walk->from.count; i++)
        rc = look_at_entry(walk, &walk->from.entries[i]);
    if (rc == 0 && walk->mirror->delete_others)
        delete_others(walk);
    return rc < 0 ? rc : co_status();
}

/* Negative only when nothing more can be done. */
static int visit(struct co_mirror_walk *walk)
{
    int status = 0;
    int rc = list_source(walk, &status);
    if (rc < 0) {
        failed(walk, (co_text){0}, rc, status);
        co_folder_close(&walk->from);
        return rc == -ENOMEM ? rc : co_status();
    }
    walk->mirror->is_begun = true;
    rc = list_target(walk);
    rc = rc == 0 ? work_on_both(walk) : rc == -ENOMEM ? rc : co_status();
    co_folder_close(&walk->from);
    co_folder_close(&walk->to);
    return rc;
}

/* All folders that are known, and what is in them. */
static int go_round(struct co_mirror_walk *walk)
{
    unsigned jobs = walk->mirror->jobs;
    int rc;
    co_group_open(&walk->jobs,
        &(struct co_group_options){.children_max = jobs ? jobs : 1, .keep_going = true});
    do
        rc = visit(walk);
    while (rc == 0 && co_pending_take(&walk->pending, &walk->path, &walk->lineage));
    int joined = co_group_close(&walk->jobs);
    return rc < 0 ? rc : joined < 0 ? joined : co_status();
}

/* The files of one round may turn out to be folders, which are the next. */
int co_mirror_run(struct co_mirror *mirror)
{
    struct co_mirror_walk walk = {
        .mirror = mirror, .pending = CO_PENDING, .path = CO_BUF(CO_PENDING_PATH_MAX + 1)};
    int rc;
    do
        rc = go_round(&walk);
    while (rc == 0 && co_pending_take(&walk.pending, &walk.path, &walk.lineage));
    co_pending_free(&walk.pending);
    co_buf_free(&walk.path);
    return rc;
}

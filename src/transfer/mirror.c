/* SPDX-License-Identifier: MIT */
#include "transfer/mirror.h"

#include "coronet/fiber.h"
#include "transfer/local_file.h"
#include "transfer/local_name.h"
#include "transfer/mirror_folder.h"
#include "transfer/pending.h"

#include <errno.h>
#include <stdlib.h>

#define PATH_ROOM (CO_PENDING_PATH_MAX + CO_LOCAL_NAME_MAX + 2)

struct walk {
    struct co_mirror *mirror;
    co_group jobs;
    struct co_pending pending;
    struct co_buf path; /* of the folder that is looked at */
    struct co_lineage lineage;
    struct co_folder from, to;
    size_t index;          /* of the next file */
    struct co_crowd crowd; /* of those that come down */
};

/* One file. */
struct job {
    struct walk *walk;
    struct co_mirror *mirror;
    size_t index;
    struct co_buf path;
    struct co_remote_entry from, to; /* names are not looked at; size -1 of `to`: it is not there */
    struct co_local_file file;       /* that is sent */
    bool is_folder;                  /* which its list did not tell */
    struct co_transfer_result result;
};

static const struct co_remote_entry not_there = {.type = CO_REMOTE_OTHER, .size = -1};
static const struct co_remote_entry untold = {
    .type = CO_REMOTE_UNKNOWN, .size = -1, .modified = CO_REMOTE_NO_TIME};

/* Tells of a failure at folder/name. */
static void failed(struct walk *walk, co_text name, int rc, int status)
{
    struct co_mirror *mirror = walk->mirror;
    struct co_buf path = CO_BUF(PATH_ROOM);
    if (co_status() == 0) {
        co_path_join(&path, co_buf_text(&walk->path), name);
        mirror->failed(mirror->arg, path.error || !path.size ? "" : path.at, rc, status);
    }
    co_buf_free(&path);
}

static bool is_absent(int rc, int status)
{
    return rc == -ENOENT || (rc == CO_ESTATUS && status == 404);
}

/* Asks the other side, and again where that may help: see co_job_insist. */
static int insist(struct walk *walk, const char *what,
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

/* ---- a file --------------------------------------------------------------------------------- */

static void progressed(void *arg, const struct co_download_progress *progress)
{
    struct job *job = arg;
    const struct co_transfer_events *events = &job->mirror->events;
    job->result.progress = *progress;
    events->progress(events->arg, job->index, progress);
}

static int download(struct job *job, int *ret_status)
{
    struct co_mirror *mirror = job->mirror;
    struct co_download download = {
        .tree = mirror->tree,
        .path = co_buf_text(&job->path),
        .is_file = true,
        .replace = true,
        .resume = true,
        .no_sync = mirror->no_sync,
        .keep_time = true,
        .modified = job->from.modified,
        .progress = progressed,
        .arg = job,
    };
    int rc = mirror->from->kind->download(mirror->from, download.path, &download);
    *ret_status = download.status;
    job->result.kept = download.kept;
    job->is_folder = rc == -EISDIR && job->from.type == CO_REMOTE_UNKNOWN;
    job->result.unchanged = job->is_folder;
    return job->is_folder ? 0 : rc;
}

static ssize_t read_file(void *arg, void *ret_bytes, size_t size, uint64_t offset)
{
    const struct job *job = arg;
    return co_local_file_read(&job->file, ret_bytes, size, offset);
}

static int send_file(struct job *job, int *ret_status)
{
    struct co_remote *to = job->mirror->to;
    co_text path = co_buf_text(&job->path);
    struct co_remote_upload upload = {
        .read = read_file,
        .size = co_local_file_size(&job->file),
        .version = job->file.version,
        .changed = co_local_file_changed(&job->file),
        .resume = true,
        .progress = progressed,
        .arg = job,
    };
    int rc = to->kind->upload(to, path, &upload);
    *ret_status = upload.status;
    int ignored;
    if (rc == 0) /* where that cannot be, the time is that of the upload */
        (void)to->kind->set_modified(to, path, job->from.modified, &ignored);
    return rc;
}

static int upload(struct job *job, int *ret_status)
{
    struct co_tree_stat stat;
    int fd;
    int rc = co_tree_open_path(job->mirror->tree, co_buf_text(&job->path), &fd, &stat);
    if (rc == 0)
        rc = co_local_file_take(&job->file, fd);
    if (rc < 0)
        return rc;
    rc = send_file(job, ret_status);
    co_local_file_close(&job->file);
    return rc;
}

static int attempt(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    (void)nth;
    (void)ret_final;
    return job->mirror->is_upload ? upload(job, ret_status) : download(job, ret_status);
}

/* Where no other time can be set, what is sent gets that of its arrival. It is the same if that is
 * later: within one second it may have been changed again. */
static bool is_equal(const struct job *job)
{
    const struct co_remote_entry *from = &job->from, *to = &job->to;
    bool keeps_times = job->mirror->to->kind->sets_times;
    if (to->size < 0 || from->modified == CO_REMOTE_NO_TIME || to->modified == CO_REMOTE_NO_TIME)
        return false;
    if (job->mirror->newer && to->modified >= from->modified)
        return true;
    bool same_time = keeps_times ? to->modified == from->modified : to->modified > from->modified;
    return same_time && (from->size == to->size || from->size < 0);
}

/* The main fiber goes there, if the rules let it. */
static int enter_found(struct job *job)
{
    co_text path = co_buf_text(&job->path), parent = path;
    if (!co_mirror_takes(&job->mirror->rules, path, true))
        return 0;
    while (parent.size > 0 && parent.at[parent.size - 1] != '/')
        parent.size--;
    co_text name = co_text_after(path, parent.size);
    parent.size -= parent.size > 0;
    return co_pending_enter(&job->walk->pending, parent, name, NULL, 0);
}

static bool lacks_details(const struct co_remote_entry *entry)
{
    return entry->size < 0 || entry->modified == CO_REMOTE_NO_TIME;
}

/* Asks for what a list has not told. Of who does not know such questions nothing is known. */
static int complete(
    struct co_remote *remote, const struct job *job, struct co_remote_entry *entry, int *ret_status)
{
    bool is_file = entry->type == CO_REMOTE_FILE;
    int rc = remote->kind->stat(remote, co_buf_text(&job->path), entry, ret_status);
    if (rc == 0 && is_file && entry->type == CO_REMOTE_FOLDER)
        rc = co_fail(-EISDIR, "it is a folder, and its list says that it is a file");
    return rc == CO_ESTATUS && (*ret_status == 405 || *ret_status == 501) ? 0 : rc;
}

/* What its list has not told need not be there. */
static int complete_target(struct job *job, int *ret_status)
{
    struct co_remote *to = job->mirror->to;
    if (job->to.type == CO_REMOTE_FOLDER || !lacks_details(&job->to))
        return 0;
    int rc = complete(to, job, &job->to, ret_status);
    if (!is_absent(rc, *ret_status))
        return rc;
    job->to = not_there;
    return 0;
}

/* Where both have something of that name: 0, if it is of the same kind, else negative. */
static int complete_both(struct job *job, int *ret_status)
{
    struct co_mirror *mirror = job->mirror;
    int rc = complete_target(job, ret_status);
    if (rc == 0 && job->to.type == CO_REMOTE_OTHER)
        return 0;
    if (rc == 0 && lacks_details(&job->from))
        rc = complete(mirror->from, job, &job->from, ret_status);
    if (rc < 0)
        return rc;
    job->is_folder = job->from.type == CO_REMOTE_FOLDER;
    if (job->is_folder && job->to.type != CO_REMOTE_FOLDER)
        return co_fail(-ENOTDIR, "something that is no folder has its name on the other side");
    if (!job->is_folder && job->to.type == CO_REMOTE_FOLDER)
        return co_fail(-EISDIR, "a folder has its name on the other side");
    return 0;
}

/* 1: there is nothing to do. */
static int compare(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    struct co_mirror *mirror = job->mirror;
    (void)nth;
    (void)ret_final;
    int rc = job->to.type == CO_REMOTE_OTHER ? 0 : complete_both(job, ret_status);
    if (rc == 0 && mirror->dry_run && job->from.type == CO_REMOTE_UNKNOWN) {
        rc = complete(mirror->from, job, &job->from, ret_status);
        job->is_folder = rc == 0 && job->from.type == CO_REMOTE_FOLDER;
    }
    return rc < 0 ? rc : !job->is_folder && is_equal(job);
}

static void transfer(struct job *job)
{
    struct co_mirror *mirror = job->mirror;
    const struct co_transfer_events *events = &mirror->events;
    mirror->act(mirror->arg, CO_MIRROR_TRANSFER, job->path.at);
    if (mirror->dry_run) {
        mirror->totals.transferred++;
        return;
    }
    events->begun(events->arg, job->index, job->path.at);
    int rc = co_job_run(&(struct co_job){.events = events,
        .index = job->index,
        .what = job->path.at,
        .retries = mirror->retries,
        .result = &job->result,
        .crowd = mirror->is_upload ? NULL : &job->walk->crowd,
        .attempt = attempt,
        .arg = job});
    mirror->totals.transferred += rc == 0 && !job->is_folder;
}

static int run_job(void *arg)
{
    struct job *job = arg;
    struct co_mirror *mirror = job->mirror;
    int status = 0;
    int rc = insist(job->walk, job->path.at, compare, job, &status);
    mirror->totals.equal += rc == 1;
    if (rc == 0 && !job->is_folder)
        transfer(job);
    if (job->is_folder && rc == 0)
        rc = enter_found(job);
    if (rc < 0 && co_status() == 0)
        mirror->failed(mirror->arg, job->path.at, rc, status);
    co_buf_free(&job->path);
    free(job);
    return 0;
}

/* Waits until one of the fibers is free. */
static int begin_job(
    struct walk *walk, const struct co_remote_entry *from, const struct co_remote_entry *to)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return -ENOMEM;
    *job = (struct job){
        .walk = walk, .mirror = walk->mirror, .path = CO_BUF(PATH_ROOM), .from = *from};
    job->to = to ? *to : not_there;
    int rc = co_path_join(&job->path, co_buf_text(&walk->path), from->name);
    if (rc == 0) {
        job->index = walk->index++;
        co_go(&walk->jobs, run_job, job);
        return co_status();
    }
    co_buf_free(&job->path);
    free(job);
    return rc;
}

/* ---- deleting ------------------------------------------------------------------------------- */

static int delete_one(struct walk *walk, const struct co_buf *path, bool is_folder)
{
    struct co_mirror *mirror = walk->mirror;
    int status = 0;
    mirror->act(mirror->arg, CO_MIRROR_DELETE, path->at);
    int rc = mirror->dry_run
                 ? 0
                 : mirror->to->kind->remove(mirror->to, co_buf_text(path), is_folder, &status);
    if (is_absent(rc, status))
        rc = 0;
    mirror->totals.deleted += rc == 0 && !is_folder;
    if (rc < 0 && co_status() == 0)
        mirror->failed(mirror->arg, path->at, rc, status);
    return rc;
}

/* What is in a folder that goes: files go at once, folders are gathered. */
struct emptying {
    struct walk *walk;
    struct co_pending *todo;
    struct co_buf *folder;
    bool is_kept; /* something in it is not the mirror's */
};

static int empty_entry(struct emptying *emptying, const struct co_remote_entry *entry)
{
    struct co_buf path = CO_BUF(PATH_ROOM);
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
static bool delete_folder(struct walk *walk, co_text parent, co_text name)
{
    struct co_pending todo = CO_PENDING, found = CO_PENDING;
    struct co_buf folder = CO_BUF(PATH_ROOM);
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
static bool delete_entry(struct walk *walk, const struct co_remote_entry *entry)
{
    struct co_buf path = CO_BUF(PATH_ROOM);
    bool is_folder = entry->type == CO_REMOTE_FOLDER, is_gone = false;
    int rc = co_path_join(&path, co_buf_text(&walk->path), entry->name);
    if (rc == 0 && co_mirror_takes(&walk->mirror->rules, co_buf_text(&path), is_folder))
        is_gone = is_folder ? delete_folder(walk, co_buf_text(&walk->path), entry->name)
                            : delete_one(walk, &path, false) == 0;
    co_buf_free(&path);
    return is_gone;
}

static void delete_others(struct walk *walk)
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
static bool delete_other_kind(
    struct walk *walk, const struct co_remote_entry *entry, const struct co_remote_entry *there)
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
static int check_clash(const struct walk *walk, co_text path)
{
    struct co_tree_stat stat;
    if (walk->mirror->is_upload || walk->mirror->dry_run ||
        co_tree_stat_path(walk->mirror->tree, path, &stat) < 0)
        return 0;
    return co_fail(CO_EOUTSIDE, "another entry differs from it by case alone");
}

static int take_entry(struct walk *walk, const struct co_remote_entry *entry, co_text path)
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
                     : begin_job(walk, entry, there);
}

/* Negative only when nothing more can be done. */
static int look_at_entry(struct walk *walk, const struct co_remote_entry *entry)
{
    struct co_mirror *mirror = walk->mirror;
    struct co_buf path = CO_BUF(PATH_ROOM);
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
    struct walk *walk;
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

static int list(
    struct walk *walk, struct co_remote *remote, struct co_folder *folder, int *ret_status)
{
    struct looking looking = {walk, remote, folder};
    return insist(walk, walk->path.size ? walk->path.at : ".", list_once, &looking, ret_status);
}

/* An index page may stand where the list would be. */
static int list_source(struct walk *walk, int *ret_status)
{
    struct co_folder *from = &walk->from;
    int rc = list(walk, walk->mirror->from, from, ret_status);
    bool is_empty = rc == 0 && from->count == 0 && from->refused == 0;
    if (is_empty && !from->is_whole && walk->path.size == 0)
        rc = co_fail(CO_EPROTO, "the server shows no list of what the folder holds");
    return rc;
}

/* There are servers that list nothing, or not to everybody, and take files all the same. */
static bool is_unlisted(const struct walk *walk, int rc, int status)
{
    return walk->mirror->is_upload &&
           (rc == CO_EPROTO || (rc == CO_ESTATUS && (status == 403 || status == 405)));
}

static int make_target(struct walk *walk, int *ret_status)
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
static int list_target(struct walk *walk)
{
    struct co_mirror *mirror = walk->mirror;
    int status = 0;
    int rc = list(walk, mirror->to, &walk->to, &status);
    if (is_absent(rc, status) || (mirror->dry_run && rc == -ENOTDIR)) { /* a file that would go */
        rc = make_target(walk, &status);
    } else if (is_unlisted(walk, rc, status)) {
        walk->to.count = 0;
        rc = 0;
    }
    if (rc < 0)
        failed(walk, (co_text){0}, rc, status);
    return rc;
}

static int work_on_both(struct walk *walk)
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
static int visit(struct walk *walk)
{
    int status = 0;
    int rc = list_source(walk, &status);
    if (rc < 0) {
        failed(walk, (co_text){0}, rc, status);
        co_folder_close(&walk->from);
        return rc == -ENOMEM ? rc : co_status();
    }
    rc = list_target(walk);
    rc = rc == 0 ? work_on_both(walk) : rc == -ENOMEM ? rc : co_status();
    co_folder_close(&walk->from);
    co_folder_close(&walk->to);
    return rc;
}

/* All folders that are known, and what is in them. */
static int go_round(struct walk *walk)
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
    struct walk walk = {
        .mirror = mirror, .pending = CO_PENDING, .path = CO_BUF(CO_PENDING_PATH_MAX + 1)};
    int rc;
    do
        rc = go_round(&walk);
    while (rc == 0 && co_pending_take(&walk.pending, &walk.path, &walk.lineage));
    co_pending_free(&walk.pending);
    co_buf_free(&walk.path);
    return rc;
}

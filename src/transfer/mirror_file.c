/* SPDX-License-Identifier: MIT */
/* One file of a mirror: what the lists have not told is asked for, and it goes over unless both
 * sides have the same. */
#include "transfer/local_file.h"
#include "transfer/mirroring.h"

#include <stdlib.h>

/* One file. */
struct job {
    struct co_mirror_walk *walk;
    struct co_mirror *mirror;
    size_t index;
    struct co_buf path;
    struct co_remote_entry from, to; /* names are not looked at; size -1 of `to`: it is not there */
    struct co_local_file file;       /* that is sent */
    bool is_new;                     /* nothing has its name there */
    bool is_folder;                  /* which its list did not tell */
    struct co_transfer_result result;
};

static const struct co_remote_entry not_there = {.type = CO_REMOTE_OTHER, .size = -1};

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
        .is_absent = job->is_new,
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
    if (!co_mirror_is_absent(rc, *ret_status))
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
    int rc = co_mirror_insist(job->walk, job->path.at, compare, job, &status);
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

int co_mirror_begin_file(struct co_mirror_walk *walk, const struct co_remote_entry *from,
    const struct co_remote_entry *to)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return -ENOMEM;
    *job = (struct job){
        .walk = walk, .mirror = walk->mirror, .path = CO_BUF(CO_MIRROR_PATH_ROOM), .from = *from};
    job->to = to ? *to : not_there;
    job->is_new = !to;
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

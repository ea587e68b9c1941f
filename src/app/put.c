/* SPDX-License-Identifier: MIT */
#include "app/put.h"

#include "codec/url.h"
#include "coronet/fiber.h"
#include "http/client.h"
#include "transfer/ftp_place.h"
#include "transfer/local_file.h"

#include <errno.h>

struct put {
    const struct co_put_settings *settings;
    struct co_remote *remote;
    struct co_buf name; /* of the one file; empty: each keeps its own */
};

/* One file. */
struct job {
    const struct put *put;
    size_t index;
    const char *path; /* here */
    co_text name;     /* there */
    struct co_local_file file;
    struct co_transfer_result result;
};

static ssize_t read_file(void *arg, void *ret_bytes, size_t size, uint64_t offset)
{
    const struct job *job = arg;
    return co_local_file_read(&job->file, ret_bytes, size, offset);
}

static void progressed(void *arg, const struct co_download_progress *progress)
{
    struct job *job = arg;
    const struct co_transfer_events *events = &job->put->settings->events;
    job->result.progress = *progress;
    events->progress(events->arg, job->index, progress);
}

static void begins_anew(void *arg, const char *why)
{
    const struct job *job = arg;
    const struct co_transfer_events *events = &job->put->settings->events;
    events->anew(events->arg, job->path, why);
}

static int upload(struct job *job, bool resume, int *ret_status, bool *ret_final)
{
    struct co_remote *remote = job->put->remote;
    struct co_remote_upload what = {
        .read = read_file,
        .size = co_local_file_size(&job->file),
        .version = job->file.version,
        .changed = co_local_file_changed(&job->file),
        .resume = resume,
        .anew = begins_anew,
        .progress = progressed,
        .arg = job,
    };
    int rc = remote->kind->upload(remote, job->name, &what);
    *ret_status = what.status;
    *ret_final = what.size < 0 && what.begun;
    return rc;
}

/* Each try looks at the file anew: it may be another one by then. */
static int attempt(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    int rc = co_local_file_open(&job->file, job->path);
    *ret_final = rc < 0;
    if (rc < 0)
        return rc;
    rc = upload(job, job->put->settings->resume || nth > 0, ret_status, ret_final);
    co_local_file_close(&job->file);
    return rc;
}

static co_text last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return co_text_of(slash ? slash + 1 : path);
}

static int run_job(void *arg)
{
    struct job *job = arg;
    const struct put *put = job->put;
    const struct co_transfer_events *events = &put->settings->events;
    job->name = put->name.size > 0 ? co_buf_text(&put->name) : last_part(job->path);
    if (!co_remote_is_name(job->name)) {
        int rc = co_fail(CO_EINVALID, "its path does not end with the name of a file");
        events->ended(events->arg, job->index, job->path, rc, &(struct co_transfer_result){0});
        return 0;
    }
    events->begun(events->arg, job->index, job->path);
    co_job_run(&(struct co_job){.events = events,
        .index = job->index,
        .what = job->path,
        .retries = put->settings->retries,
        .result = &job->result,
        .attempt = attempt,
        .arg = job});
    return 0;
}

static int run_jobs(const struct put *put)
{
    const struct co_put_settings *settings = put->settings;
    co_group group;
    co_group_open(&group, &(struct co_group_options){
                              .children_max = settings->jobs ? settings->jobs : 1,
                              .keep_going = true,
                          });
    for (size_t i = 0; i < settings->count && co_status() == 0; i++) {
        struct job job = {.put = put, .index = i, .path = settings->files[i]};
        co_go_copy(&group, run_job, &job);
    }
    int rc = co_group_close(&group);
    return rc < 0 ? rc : co_status();
}

bool co_put_is_to_folder(const char *text)
{
    struct co_url url;
    return co_url_parse(co_ftp_plain_url(text), &url) == 0 && url.path.size > 0 &&
           url.path.at[url.path.size - 1] == '/';
}

int co_app_put(const struct co_put_settings *settings)
{
    struct put put = {.settings = settings, .name = CO_BUF(CO_HTTP_URL_MAX)};
    struct co_remote_options options = settings->remote;
    struct co_means means;
    int rc = co_means_open(&means, &settings->means);
    co_means_offer(&means, &options);
    if (rc == 0)
        rc = co_remote_open_around(&put.remote, &options, &put.name);
    if (rc == 0)
        rc = run_jobs(&put);
    co_remote_close(put.remote);
    co_means_close(&means);
    co_buf_free(&put.name);
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "app/get.h"

#include "app/get_keep.h"
#include "coronet/fiber.h"
#include "http/client.h"
#include "net/fail.h"
#include "transfer/local_name.h"

#include <errno.h>

struct get {
    const struct co_get_settings *settings;
    co_http_client *client;
    struct co_tree *tree;
    struct co_get_keep keep;
};

/* One file. */
struct job {
    const struct get *get;
    size_t index;
    struct co_download download; /* to a file */
};

static const char *url_of(const struct job *job)
{
    return job->get->settings->urls[job->index];
}

/* ---- to a function -------------------------------------------------------------------------- */

static int pour(const struct job *job, co_http_response *response)
{
    const struct co_get_settings *settings = job->get->settings;
    struct co_download_progress progress = {.size = co_http_response_size(response)};
    co_text piece;
    ssize_t n;
    while ((n = co_http_response_next(response, &piece)) > 0) {
        progress.bytes += piece.size;
        if (settings->size_max && progress.bytes > settings->size_max)
            return CO_ETOOBIG;
        int rc = settings->write(settings->events.arg, piece.at, piece.size);
        if (rc < 0)
            return rc;
        settings->events.progress(settings->events.arg, job->index, &progress);
    }
    return (int)n;
}

/* What has gone out cannot be taken back: there is one try. */
static int try_function(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    struct co_http_fetch what = job->get->settings->what;
    const struct co_transfer_events *events = &job->get->settings->events;
    co_http_response *response;
    (void)nth;
    *ret_final = true;
    what.url = url_of(job);
    int rc = co_http_fetch(&response, job->get->client, &what);
    if (rc < 0)
        return rc;
    *ret_status = co_http_response_status(response);
    events->answered(events->arg, what.url, *ret_status, co_http_response_version(response));
    rc = *ret_status / 100 == 2 ? pour(job, response) : co_download_refused(response);
    co_http_response_close(response);
    return rc;
}

/* ---- to a file ------------------------------------------------------------------------------ */

static void progressed(void *arg, const struct co_download_progress *progress)
{
    const struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    settings->events.progress(settings->events.arg, job->index, progress);
}

/* What one try has brought the next goes on from. */
static int try_file(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    const struct co_transfer_events *events = &job->get->settings->events;
    (void)ret_final;
    job->download.resume |= nth > 0;
    int rc = co_download_run(&job->download);
    *ret_status = job->download.status;
    if (job->download.status)
        events->answered(events->arg, url_of(job), job->download.status, job->download.version);
    return rc;
}

static void prepare(struct job *job, co_text name)
{
    const struct co_get_settings *settings = job->get->settings;
    job->download = (struct co_download){
        .client = job->get->client,
        .what = settings->what,
        .tree = job->get->tree,
        .path = name,
        .replace = settings->replace,
        .resume = settings->resume,
        .no_sync = settings->no_sync,
        .segments = settings->segments,
        .size_max = settings->size_max,
        .progress = progressed,
        .arg = job,
    };
    job->download.what.url = url_of(job);
}

/* CO_EOUTSIDE, without the URL's user and password. */
static int refuse_name(const struct job *job)
{
    struct co_buf shown = CO_BUF(CO_HTTP_URL_MAX);
    co_url_shown(co_text_of(url_of(job)), &shown);
    co_buf_add_char(&shown, '\0');
    int rc = co_fail_at(CO_EOUTSIDE, "name a file after", shown.error ? "the URL" : shown.at,
        "its last part is no safe name", " (choose one by -o)");
    co_buf_free(&shown);
    return rc;
}

/* What the file is called here, ended by a NUL. */
static int choose_name(const struct job *job, struct co_buf *out)
{
    const struct co_get_settings *settings = job->get->settings;
    int rc = 0;
    if (settings->name)
        co_buf_add_string(out, settings->name);
    else
        rc = co_local_name(co_text_of(url_of(job)), out);
    co_buf_add_char(out, '\0');
    if (rc == CO_EINVALID)
        rc = refuse_name(job);
    return rc < 0 ? rc : out->error;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int run_job(void *arg)
{
    struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    const struct co_transfer_events *events = &settings->events;
    struct co_buf name = CO_BUF(CO_HTTP_URL_MAX);
    int rc = settings->write ? 0 : choose_name(job, &name);
    if (rc < 0) {
        events->ended(events->arg, job->index, url_of(job), rc, 0);
    } else {
        if (!settings->write) {
            prepare(job, (co_text){name.at, name.size - 1});
            events->begun(events->arg, job->index, name.at);
        }
        co_job_run(&(struct co_job){.events = events,
            .index = job->index,
            .what = url_of(job),
            .retries = settings->retries,
            .attempt = settings->write ? try_function : try_file,
            .arg = job});
    }
    co_buf_free(&name);
    return 0;
}

static int run_jobs(const struct get *get)
{
    const struct co_get_settings *settings = get->settings;
    co_group group;
    co_group_open(&group, &(struct co_group_options){
                              .children_max = settings->jobs ? settings->jobs : 1,
                              .keep_going = true,
                          });
    for (size_t i = 0; i < settings->count && co_status() == 0; i++) {
        struct job job = {.get = get, .index = i};
        co_go_copy(&group, run_job, &job);
    }
    int rc = co_group_close(&group);
    return rc < 0 ? rc : co_status();
}

static int run_with_client(struct get *get)
{
    struct co_http_client_options options = get->settings->client;
    int rc = co_get_keep_open(&get->keep, get->settings, &options);
    if (rc == 0)
        rc = co_http_client_new(&get->client, &options);
    if (rc == 0) {
        rc = run_jobs(get);
        co_get_keep_save(&get->keep, get->settings);
    }
    co_http_client_free(get->client);
    co_get_keep_close(&get->keep);
    return rc;
}

int co_app_get(const struct co_get_settings *settings)
{
    struct get get = {.settings = settings};
    struct co_tree_options whole = {.hidden = true, .rights = CO_MAY_ALL};
    int rc = settings->write ? 0 : co_tree_open(&get.tree, settings->folder, &whole);
    if (rc < 0)
        return co_fail_at(rc, "open", settings->folder, NULL, "");
    rc = run_with_client(&get);
    co_tree_free(get.tree);
    return rc;
}

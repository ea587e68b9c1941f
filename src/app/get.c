/* SPDX-License-Identifier: MIT */
#include "app/get.h"

#include "app/get_keep.h"
#include "coronet/fiber.h"
#include "http/client.h"
#include "net/fail.h"
#include "transfer/local_name.h"

#include <errno.h>

#define FIRST_WAIT_MS 1000  /* before the first repetition; each later wait is twice as long, */
#define LAST_WAIT_MS  60000 /* up to this */

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
    int status; /* of the last response */
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
        int rc = settings->write(settings->arg, piece.at, piece.size);
        if (rc < 0)
            return rc;
        settings->progress(settings->arg, job->index, &progress);
    }
    return (int)n;
}

static int get_to_function(struct job *job)
{
    struct co_http_fetch what = job->get->settings->what;
    co_http_response *response;
    const struct co_get_settings *settings = job->get->settings;
    what.url = url_of(job);
    int rc = co_http_fetch(&response, job->get->client, &what);
    if (rc < 0)
        return rc;
    job->status = co_http_response_status(response);
    settings->answered(settings->arg, job->index, job->status, co_http_response_version(response));
    rc = job->status / 100 == 2 ? pour(job, response) : co_download_refused(response);
    co_http_response_close(response);
    return rc;
}

/* ---- to a file ------------------------------------------------------------------------------ */

static void progressed(void *arg, const struct co_download_progress *progress)
{
    const struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    settings->progress(settings->arg, job->index, progress);
}

/* May it be otherwise when it is tried again? */
static bool may_pass(int rc, int status)
{
    switch (rc) {
    case CO_ESTATUS:
        return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
    case CO_EEOF:
    case CO_ETRUNCATED:
    case CO_ETOOSLOW:
    case CO_EDEADLINE:
    case CO_ENAMESERVER:
    case -ECONNRESET:
    case -ECONNREFUSED:
    case -EPIPE:
    case -ETIMEDOUT:
    case -ENETUNREACH:
    case -EHOSTUNREACH: return true;
    default: return false;
    }
}

/* Tries until it is here, or cannot be had. What one try has brought the next goes on from. */
static int insist(struct job *job, struct co_download *download)
{
    const struct co_get_settings *settings = job->get->settings;
    int64_t wait_ms = FIRST_WAIT_MS;
    for (unsigned i = 0;; i++) {
        int rc = co_download_run(download);
        job->status = download->status;
        if (download->status)
            settings->answered(settings->arg, job->index, download->status, download->version);
        if (rc == 0 || i == settings->retries || co_status() < 0 || !may_pass(rc, download->status))
            return rc;
        settings->again(settings->arg, job->index, rc, wait_ms);
        rc = co_sleep(wait_ms);
        if (rc < 0)
            return rc;
        wait_ms = wait_ms < LAST_WAIT_MS / 2 ? 2 * wait_ms : LAST_WAIT_MS;
        download->resume = true;
    }
}

static int get_as(struct job *job, co_text name)
{
    const struct co_get_settings *settings = job->get->settings;
    struct co_download download = {
        .client = job->get->client,
        .what = settings->what,
        .tree = job->get->tree,
        .path = name,
        .replace = settings->replace,
        .resume = settings->resume,
        .no_sync = settings->no_sync,
        .size_max = settings->size_max,
        .progress = progressed,
        .arg = job,
    };
    download.what.url = url_of(job);
    return insist(job, &download);
}

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

static int get_to_file(struct job *job)
{
    const struct co_get_settings *settings = job->get->settings;
    struct co_buf name = CO_BUF(CO_HTTP_URL_MAX);
    int rc = 0;
    if (settings->name)
        co_buf_add_string(&name, settings->name);
    else
        rc = co_local_name(co_text_of(url_of(job)), &name);
    co_buf_add_char(&name, '\0');
    if (rc == 0)
        rc = name.error;
    if (rc == 0) {
        settings->begun(settings->arg, job->index, name.at);
        rc = get_as(job, (co_text){name.at, name.size - 1});
    } else if (rc == CO_EINVALID) {
        rc = refuse_name(job);
    }
    co_buf_free(&name);
    return rc;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int run_job(void *arg)
{
    struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    int rc = settings->write ? get_to_function(job) : get_to_file(job);
    settings->ended(settings->arg, job->index, rc, job->status);
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

/* SPDX-License-Identifier: MIT */
#include "app/get.h"

#include "app/get_ftp.h"
#include "codec/escape.h"
#include "coronet/fiber.h"
#include "coronet/sync.h"
#include "http/client.h"
#include "net/fail.h"
#include "transfer/hosts.h"
#include "transfer/local_name.h"
#include "transfer/refusal.h"
#include "transfer/target.h"

#include <errno.h>

#define FEW      4                                /* files, each of which is looked for */
#define HEAD_MAX (2 * CO_HTTP1_RESPONSE_HEAD_MAX) /* bytes of a head that is printed */

struct get {
    const struct co_get_settings *settings;
    struct co_means means;
    struct co_target target; /* not open where bytes go to a function */
    struct co_hosts *hosts;
    co_event given; /* another file is done, and its host has room */
    int64_t until_ns;
    bool was_empty; /* the folder: no file has to be looked for in it */
};

/* One file. */
struct job {
    struct get *get;
    size_t index;
    struct co_transfer_result result;
    bool is_nameless; /* its URL has no name for it */
    bool poured;      /* bytes have been given to the function: they cannot be taken back */
    struct co_buf servers_name;
    struct co_download download; /* to a file */
};

static const char *url_of(const struct job *job)
{
    return job->get->settings->urls[job->index];
}

/* Once more does no harm: it is idempotent, or nothing of it was sent (RFC 9110 9.2.2). */
static bool may_repeat(const struct job *job, bool sent)
{
    const struct co_http_fetch *what = &job->get->settings->what;
    const char *method = what->method ? what->method : what->body ? "POST" : "GET";
    return !sent || co_http_is_idempotent(co_http_method_of(co_text_of(method)));
}

/* ---- to a function -------------------------------------------------------------------------- */

static int pour_bytes(void *arg, const void *bytes, size_t size)
{
    struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    struct co_download_progress *progress = &job->result.progress;
    progress->bytes += size;
    if (settings->size_max && progress->bytes > settings->size_max)
        return CO_ETOOBIG;
    job->poured = true;
    int rc = settings->write(settings->events.arg, bytes, size);
    if (rc == 0)
        settings->events.progress(settings->events.arg, job->index, progress);
    return rc;
}

static int pour_body(struct job *job, co_http_response *response)
{
    co_text piece;
    ssize_t n;
    while ((n = co_http_response_next(response, &piece)) > 0) {
        int rc = pour_bytes(job, piece.at, piece.size);
        if (rc < 0)
            return rc;
    }
    return (int)n;
}

/* What servers say must not command a terminal (attacks C08): all but the line ends is escaped. */
static void escape_lines(struct co_buf *out, co_text text)
{
    while (text.size > 0) {
        ssize_t end = co_text_find(text, '\r');
        co_text line = {text.at, end < 0 ? text.size : (size_t)end};
        co_escape_terminal(out, line);
        co_buf_add_char(out, '\n');
        text = co_text_after(text, line.size + 2);
    }
}

static int pour_head(struct job *job, const co_http_response *response)
{
    struct co_buf head = CO_BUF(HEAD_MAX), lines = CO_BUF(4 * HEAD_MAX);
    co_http_response_write_head(response, &head);
    escape_lines(&lines, co_buf_text(&head));
    int rc = head.error ? head.error : lines.error;
    if (rc == 0)
        rc = pour_bytes(job, lines.at, lines.size);
    co_buf_free(&head);
    co_buf_free(&lines);
    return rc;
}

/* What a full disk does not take is this one's failure, not that of what comes after it. */
static int pour_out(struct job *job)
{
    const struct co_get_settings *settings = job->get->settings;
    return job->poured ? settings->write(settings->events.arg, "", 0) : 0;
}

static int pour(struct job *job, co_http_response *response)
{
    bool is_success = co_download_is_success(&job->get->settings->what, response);
    int rc = 0;
    job->result.progress.size = co_http_response_size(response);
    job->result.retry_after_ms = co_http_response_retry_after_ms(response);
    if (job->get->settings->head)
        rc = pour_head(job, response);
    else if (is_success)
        rc = pour_body(job, response);
    if (rc == 0)
        rc = pour_out(job);
    return rc == 0 && !is_success ? co_refused(response, "") : rc;
}

static int try_ftp_function(struct job *job, int *ret_status, bool *ret_final)
{
    const struct get *get = job->get;
    job->result.retry_after_ms = -1;
    int rc = co_get_ftp_pour(get->settings, get->means.ftp, url_of(job),
        &(struct co_get_ftp_sink){pour_bytes, job, &job->result.progress.size}, ret_status);
    *ret_final = job->poured;
    return rc < 0 ? rc : pour_out(job);
}

/* What has gone out cannot be taken back. */
static int try_function(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    struct co_http_fetch what = job->get->settings->what;
    const struct co_transfer_events *events = &job->get->settings->events;
    co_http_response *response;
    bool sent = false;
    (void)nth;
    *ret_status = 0;
    if (co_ftp_is_url(url_of(job)))
        return try_ftp_function(job, ret_status, ret_final);
    what.url = url_of(job);
    what.sent = &sent;
    int rc = co_http_fetch(&response, job->get->means.http, &what);
    if (rc == 0) {
        *ret_status = co_http_response_status(response);
        events->answered(events->arg, what.url, *ret_status, co_http_response_version(response));
        rc = pour(job, response);
        co_http_response_close(response);
    }
    *ret_final = job->poured || !may_repeat(job, sent);
    return rc;
}

/* ---- to a file ------------------------------------------------------------------------------ */

static void progressed(void *arg, const struct co_download_progress *progress)
{
    struct job *job = arg;
    job->result.progress = *progress;
    const struct co_get_settings *settings = job->get->settings;
    settings->events.progress(settings->events.arg, job->index, progress);
}

static void begin(struct job *job, const char *name)
{
    const struct co_transfer_events *events = &job->get->settings->events;
    job->result.file = name;
    events->begun(events->arg, job->index, name);
}

static void renamed(void *arg)
{
    struct job *job = arg;
    begin(job, job->servers_name.at);
}

static int try_ftp_file(struct job *job, int *ret_status)
{
    int rc = co_get_ftp_file(job->get->settings, job->get->means.ftp, &job->download);
    *ret_status = job->download.status;
    job->result.unchanged = job->download.unchanged;
    job->result.kept = job->download.kept;
    return rc;
}

/* What one try has brought the next goes on from. */
static int try_file(void *arg, unsigned nth, int *ret_status, bool *ret_final)
{
    struct job *job = arg;
    const struct co_transfer_events *events = &job->get->settings->events;
    job->download.resume |= nth > 0;
    job->result.retry_after_ms = -1;
    if (co_ftp_is_url(url_of(job)))
        return try_ftp_file(job, ret_status);
    int rc = co_download_run(&job->download);
    job->result.retry_after_ms = job->download.retry_after_ms;
    job->result.unchanged = job->download.unchanged;
    job->result.kept = job->download.kept;
    *ret_final = !may_repeat(job, job->download.sent);
    *ret_status = job->download.status;
    if (job->download.status)
        events->answered(events->arg, url_of(job), job->download.status, job->download.version);
    return rc;
}

/* By the server. */
static bool may_be_named(const struct job *job)
{
    const struct co_get_settings *settings = job->get->settings;
    return settings->server_names || (job->is_nameless && !settings->newer);
}

static void prepare(struct job *job, co_text name)
{
    const struct co_get_settings *settings = job->get->settings;
    job->download = (struct co_download){
        .client = job->get->means.http,
        .what = settings->what,
        .tree = job->get->target.tree,
        .path = name,
        .replace = settings->replace,
        .is_absent = job->get->was_empty && !settings->newer && !settings->same_stays,
        .resume = settings->resume,
        .same_stays = settings->same_stays,
        .newer = settings->newer,
        .no_sync = settings->no_sync,
        .keep_time = true,
        .modified = CO_DOWNLOAD_NO_TIME,
        .checksum = settings->checksum,
        .named = may_be_named(job) ? &job->servers_name : NULL,
        .renamed = renamed,
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
static int choose_name(struct job *job, struct co_buf *out)
{
    const struct co_get_settings *settings = job->get->settings;
    int rc = 0;
    if (settings->name)
        co_buf_add_string(out, settings->name);
    else
        rc = co_local_name(co_ftp_plain_url(url_of(job)), out);
    job->is_nameless = rc == 1;
    co_buf_add_char(out, '\0');
    if (rc == CO_EINVALID)
        rc = refuse_name(job);
    return rc < 0 ? rc : out->error;
}

/* ---- all ------------------------------------------------------------------------------------ */

/* What changes something there is not begun more often than is tried. */
static struct co_crowd *crowd_of(const struct job *job)
{
    const struct co_http_fetch *what = &job->get->settings->what;
    return what->method || what->body ? NULL : co_hosts_crowd(job->get->hosts, job->index);
}

static int run_job(void *arg)
{
    struct job *job = arg;
    const struct co_get_settings *settings = job->get->settings;
    const struct co_transfer_events *events = &settings->events;
    struct co_buf name = CO_BUF(CO_HTTP_URL_MAX);
    int rc = settings->write ? 0 : choose_name(job, &name);
    if (rc < 0) {
        events->ended(events->arg, job->index, url_of(job), rc, &job->result);
    } else {
        if (settings->write) {
            events->begun(events->arg, job->index, "-");
        } else {
            prepare(job, (co_text){name.at, name.size - 1});
            begin(job, name.at);
        }
        co_job_run(&(struct co_job){.events = events,
            .index = job->index,
            .what = url_of(job),
            .retries = settings->retries,
            .until_ns = job->get->until_ns,
            .result = &job->result,
            .crowd = crowd_of(job),
            .attempt = settings->write ? try_function : try_file,
            .arg = job});
    }
    co_buf_free(&name);
    co_buf_free(&job->servers_name);
    co_hosts_give(job->get->hosts, job->index);
    co_event_set(&job->get->given);
    return 0;
}

static int run_jobs(struct get *get)
{
    const struct co_get_settings *settings = get->settings;
    co_group group;
    co_group_open(&group, &(struct co_group_options){
                              .children_max = settings->jobs ? settings->jobs : 1,
                              .keep_going = true,
                          });
    for (size_t begun = 0; begun < settings->count && co_status() == 0;) {
        ssize_t index = co_hosts_take(get->hosts);
        if (index < 0) {
            co_event_clear(&get->given);
            (void)co_event_wait(&get->given);
            continue;
        }
        struct job job = {
            .get = get, .index = (size_t)index, .servers_name = CO_BUF(CO_LOCAL_NAME_MAX + 1)};
        co_go_copy(&group, run_job, &job);
        begun++;
    }
    int rc = co_group_close(&group);
    return rc < 0 ? rc : co_status();
}

static bool is_empty(struct co_tree *tree)
{
    struct co_tree_reader *reader;
    const struct co_tree_entry *entries;
    int rc = co_tree_reader_open(&reader, tree, (co_text){0});
    if (rc < 0)
        return false;
    ssize_t n = co_tree_reader_next(reader, &entries);
    co_tree_reader_close(reader);
    return n == 0;
}

static int run_with_means(struct get *get)
{
    int rc = co_means_open(&get->means, &get->settings->means);
    if (rc == 0)
        rc = run_jobs(get);
    co_means_close(&get->means);
    return rc;
}

int co_app_get(const struct co_get_settings *settings)
{
    int64_t max_ms = settings->max_time_ms;
    struct get get = {.settings = settings, .until_ns = max_ms ? co_now_ns() + max_ms * CO_MS : 0};
    int rc =
        settings->write ? 0 : co_target_open(&get.target, settings->folder, settings->makes_folder);
    if (rc < 0)
        return rc;
    get.was_empty = !settings->write && settings->count > FEW && is_empty(get.target.tree);
    rc = co_hosts_new(&get.hosts, settings->urls, settings->count, settings->per_host);
    if (rc == 0)
        rc = run_with_means(&get);
    co_hosts_free(get.hosts);
    co_target_close(&get.target, false);
    return rc;
}

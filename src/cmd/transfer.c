/* SPDX-License-Identifier: MIT */
#include "cmd/transfer.h"

#include "app/log.h"
#include "app/report.h"
#include "app/typed_url.h"
#include "cmd/message.h"
#include "cmd/read.h"
#include "cmd/transfer_user.h"
#include "coronet/fiber.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX   (1U << 20)
#define NETRC_MAX  (1U << 20) /* bytes of a netrc file */
#define CONNECT_MS 30000

void co_transfer_defaults(struct co_transfer_command *command)
{
    command->jobs = 4;
    command->retries = 3;
    command->max_redirects = 20;
    command->connect_timeout = CONNECT_MS;
}

int co_transfer_usage(const char *text)
{
    co_error("%s", text);
    return CO_EXIT_USAGE;
}

/* ---- what is used ---------------------------------------------------------------------------- */

/* --proxy "" is none at all; the list of places without one holds for --proxy too, as curl has it.
 */
static void choose_proxies(const struct co_transfer_command *command, struct co_proxies *ret)
{
    co_proxies_of_environment(ret);
    if (command->proxy)
        *ret = (struct co_proxies){.all = command->proxy, .none = ret->none};
    if (command->no_proxy)
        ret->none = command->no_proxy;
}

/* Of either protocol. The lines are harmless, and hold no secret. */
static void said(void *arg, bool sent, co_text line)
{
    struct co_transfer *transfer = arg;
    co_progress_hide(&transfer->progress);
    fprintf(stderr, "%c %.*s\n", sent ? '>' : '<', CO_TEXT_PRINT(line));
}

static void choose_client(struct co_transfer *transfer, struct co_http_client_options *ret_options)
{
    const struct co_transfer_command *command = transfer->command;
    *ret_options = (struct co_http_client_options){
        .tls = transfer->trust.tls,
        .proxy_tls = transfer->trust.proxy_tls,
        .answers = command->answers.at,
        .family = command->common.ipv4   ? AF_INET
                  : command->common.ipv6 ? AF_INET6
                                         : 0,
        .connect_ms = command->connect_timeout,
        .head_ms = command->timeout,
        .stall_ms = command->timeout,
        .limit_rate = (uint64_t)command->limit_rate,
        .user_agent = command->user_agent,
        .netrc = co_buf_text(&transfer->netrc),
        .redirects_max = (unsigned)command->max_redirects,
        .no_redirects = command->max_redirects == 0,
        .version = command->http1   ? CO_HTTP_1
                   : command->http2 ? CO_HTTP_2
                                    : CO_HTTP_ANY,
        .dialogue = command->common.verbose ? said : NULL,
        .arg = transfer,
    };
    choose_proxies(command, &ret_options->proxies);
}

static void not_kept(void *arg, const char *path, int rc)
{
    struct co_transfer *transfer = arg;
    transfer->kept_badly = true;
    co_progress_hide(&transfer->progress);
    co_error("cannot write %s: %s", path, co_explain(rc));
}

void co_transfer_means(struct co_transfer *transfer, struct co_means_settings *ret_means)
{
    const struct co_transfer_command *command = transfer->command;
    *ret_means = (struct co_means_settings){
        .ftp_active = command->active,
        .keep = {command->cookies, command->cookie_jar, command->hsts, not_kept, transfer},
    };
    choose_client(transfer, &ret_means->client);
}

void co_transfer_remote(
    const struct co_transfer *transfer, const char *url, struct co_remote_options *ret_remote)
{
    const struct co_transfer_command *command = transfer->command;
    *ret_remote = (struct co_remote_options){
        .url = url,
        .user = transfer->user,
        .digest_only = command->digest,
        .bearer = command->bearer,
        .headers = command->headers.at,
    };
}

void co_transfer_say(const char *what, const char *format, ...)
{
    char text[CO_TRANSFER_WHY_MAX];
    struct co_buf shown = CO_BUF(LINE_MAX);
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    co_log_url(&shown, what);
    co_error("%.*s%s", (int)shown.size, shown.error ? "" : shown.at, text);
    co_buf_free(&shown);
}

static int refuse_url(const char *typed, const char *why)
{
    co_transfer_say(typed, ": that is no URL of HTTP or FTP: %s", why);
    return CO_EXIT_USAGE;
}

bool co_transfer_is_url(const char *typed)
{
    return co_remote_is_url(typed + strspn(typed, " "));
}

int co_transfer_url(const char *typed, char **ret)
{
    const char *why;
    int rc = co_typed_url(typed, ret, &why);
    if (rc < 0)
        return rc == CO_EINVALID ? refuse_url(typed, why)
                                 : (co_error("%s", co_explain(rc)), CO_EXIT_OTHER);
    if (co_remote_is_url(*ret))
        return 0;
    free(*ret);
    *ret = NULL;
    return refuse_url(
        typed, "it begins with none of http://, https://, ftp://, ftps:// and ftpes://");
}

/* ---- what happens --------------------------------------------------------------------------- */

static void begun(void *arg, size_t index, const char *name)
{
    struct co_transfer *transfer = arg;
    if (index >= transfer->progress.files)
        transfer->progress.files = index + 1;
    co_progress_begin(&transfer->progress, index, name);
}

static void answered(void *arg, const char *what, int status, int version)
{
    struct co_transfer *transfer = arg;
    if (!transfer->command->common.verbose)
        return;
    co_progress_hide(&transfer->progress);
    co_transfer_say(what, ": HTTP/%s, status %d",
        version == 20   ? "2"
        : version == 10 ? "1.0"
                        : "1.1",
        status);
}

static void progressed(void *arg, size_t index, const struct co_download_progress *step)
{
    struct co_transfer *transfer = arg;
    co_progress_step(&transfer->progress, index, step->bytes, step->resumed, step->size);
}

static void again(void *arg, const char *what, int why, int64_t wait_ms)
{
    struct co_transfer *transfer = arg;
    co_progress_hide(&transfer->progress);
    if (!transfer->command->common.quiet)
        co_transfer_say(what, ": %s; trying again in %lld.%lld s", co_explain(why),
            (long long)wait_ms / 1000, (long long)wait_ms % 1000 / 100);
}

static void anew(void *arg, const char *what, const char *why)
{
    struct co_transfer *transfer = arg;
    co_progress_hide(&transfer->progress);
    if (!transfer->command->common.quiet)
        co_transfer_say(what, ": it is sent from its beginning: %s", why);
}

void co_transfer_report(const struct co_transfer *transfer, const char *event, const char *what)
{
    struct co_buf line = CO_BUF(LINE_MAX), shown = CO_BUF(LINE_MAX);
    if (transfer->command->common.json) {
        co_log_url(&shown, what);
        co_buf_add_char(&shown, '\0');
        co_log_event(&line, event, transfer->kind, shown.error ? "" : shown.at);
        printf("%.*s", (int)line.size, line.error ? "" : line.at);
    }
    co_buf_free(&line);
    co_buf_free(&shown);
}

/* "; 1.5 MiB are kept, from which -c goes on"; else nothing. */
static void tell_kept(const struct co_transfer *transfer, uint64_t bytes, char *text, size_t room)
{
    char size[16];
    *text = '\0';
    if (bytes == 0)
        return;
    co_progress_bytes(size, sizeof size, (double)bytes);
    snprintf(text, room, "; %s are kept, from which %s goes on", size, transfer->goes_on);
}

void co_transfer_failed(
    struct co_transfer *transfer, const char *what, int rc, const struct co_transfer_result *result)
{
    char kept[80];
    bool is_ended = rc == CO_ECANCELED || co_status() == CO_EDEADLINE; /* that is said once */
    tell_kept(transfer, result->kept, kept, sizeof kept);
    transfer->failed++;
    if (transfer->code == CO_EXIT_DONE && !is_ended)
        transfer->code = co_exit_of(rc, result->status);
    if (is_ended && !*kept)
        return;
    co_progress_hide(&transfer->progress);
    if (is_ended)
        co_transfer_say(what, ": not finished%s", kept);
    else if (rc == -EEXIST)
        co_transfer_say(what, ": %s is here already (--force replaces it)",
            result->file ? result->file : "a file of that name");
    else
        co_transfer_say(what, ": %s%s", co_explain(rc), kept);
}

static void report_end(const struct co_transfer *transfer, const struct co_report *report)
{
    struct co_buf line = CO_BUF(LINE_MAX);
    if (transfer->command->common.json) {
        co_report_add(&line, report);
        printf("%.*s", (int)line.size, line.error ? "" : line.at);
    }
    co_buf_free(&line);
}

/* What it comes to for the whole command, where that has been ended. */
static int code_of(
    const struct co_transfer *transfer, int rc, const struct co_transfer_result *result)
{
    if (rc == CO_ECANCELED && transfer->signal)
        return CO_EXIT_SIGNAL + transfer->signal;
    if (rc == CO_EDEADLINE && co_status() == CO_EDEADLINE) {
        co_fail(rc, "--max-time is over");
        return CO_EXIT_TIME_LIMIT;
    }
    return (int)co_exit_of(rc, result->status);
}

static void ended(
    void *arg, size_t index, const char *what, int rc, const struct co_transfer_result *result)
{
    struct co_transfer *transfer = arg;
    int code = code_of(transfer, rc, result);
    transfer->count++;
    co_progress_end(&transfer->progress, index, rc >= 0);
    if (code == CO_EXIT_FILE && rc != -EEXIST && result->file) /* not what the URL names */
        co_fail(rc, "cannot write %s: %s", result->file, co_explain(rc));
    report_end(transfer, &(struct co_report){transfer->kind, what, rc, code, result});
    if (rc < 0)
        co_transfer_failed(transfer, what, rc, result);
}

/* ---- running -------------------------------------------------------------------------------- */

struct watch {
    struct co_transfer *transfer;
    co_group *group;
};

static int watch_signals(void *arg)
{
    const struct watch *watch = arg;
    int signal = co_signal_wait((const int[]){SIGINT, SIGTERM, SIGHUP, 0});
    if (signal > 0) {
        watch->transfer->signal = signal;
        co_group_cancel(watch->group);
    }
    return 0;
}

static int run(void *arg)
{
    struct co_transfer *transfer = arg;
    const struct co_transfer_command *command = transfer->command;
    co_group group;
    struct watch watch = {transfer, &group};
    size_t files = transfer->progress.files;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = command->max_time});
    co_progress_start(&transfer->progress, files,
        !command->common.quiet && !command->common.json && !transfer->is_silent);
    co_go_with(&group, &(struct co_go_options){.name = "signals", .background = true},
        watch_signals, &watch);
    co_go_with(&group, &(struct co_go_options){.name = "progress", .background = true},
        co_progress_watch, &transfer->progress);
    co_go(&group, transfer->work, transfer->arg);
    int rc = co_group_close(&group);
    co_progress_finish(&transfer->progress);
    if (rc < 0)
        snprintf(transfer->why, sizeof transfer->why, "%s", co_explain(rc));
    return rc;
}

/* One failure of many is a partial success. */
static int exit_code(const struct co_transfer *transfer, int rc)
{
    if (transfer->signal)
        return CO_EXIT_SIGNAL + transfer->signal;
    if (rc == CO_EDEADLINE) {
        co_error("--max-time is over");
        return CO_EXIT_TIME_LIMIT;
    }
    if (rc < 0 && !*transfer->why) {
        co_error_of_start(rc, transfer->command->common.backend);
        return CO_EXIT_OTHER;
    }
    if (rc < 0) {
        co_error("%s", transfer->why);
        return (int)co_exit_of(rc, 0);
    }
    if (transfer->failed == 0)
        return transfer->kept_badly ? CO_EXIT_FILE : CO_EXIT_DONE;
    return transfer->failed < transfer->count ? CO_EXIT_PARTIAL : (int)transfer->code;
}

int co_transfer_run(struct co_transfer *transfer, size_t files, co_task *work, void *arg)
{
    struct co_run_options options = {.backend = transfer->command->common.backend};
    transfer->work = work;
    transfer->arg = arg;
    transfer->progress.files = files;
    return exit_code(transfer, co_run(run, transfer, &options));
}

static int check_together(const struct co_transfer_command *command)
{
    if (command->http1 && command->http2)
        return co_transfer_usage("--http1 and --http2 exclude each other");
    if (command->common.ipv4 && command->common.ipv6)
        return co_transfer_usage("-4 and -6 exclude each other");
    if (command->user && command->bearer)
        return co_transfer_usage("--user and --bearer exclude each other");
    return 0;
}

/* ~/.netrc need not be there; a file that was named must be. */
static int read_netrc(const struct co_transfer_command *command, struct co_buf *out)
{
    const char *home = getenv("HOME");
    char *path = NULL;
    int code = 0;
    if (command->netrc_file)
        return co_read_file(command->netrc_file, out);
    if (!command->netrc || !home)
        return 0;
    if (asprintf(&path, "%s/.netrc", home) < 0)
        return co_error("no memory"), CO_EXIT_OTHER;
    if (access(path, F_OK) == 0)
        code = co_read_file(path, out);
    free(path);
    return code;
}

int co_transfer_open(struct co_transfer *transfer, const struct co_transfer_command *command)
{
    *transfer = (struct co_transfer){
        .command = command,
        .kind = "url",
        .goes_on = "-c",
        .trust = CO_TRANSFER_TRUST_NONE,
        .netrc = CO_BUF(NETRC_MAX),
        .events = {begun, answered, progressed, again, anew, ended, transfer},
    };
    int code = check_together(command);
    if (code == 0)
        code = read_netrc(command, &transfer->netrc);
    if (code == 0)
        code = co_transfer_trust_open(&transfer->trust, command);
    return code ? code : co_transfer_user_open(command->user, &transfer->user);
}

void co_transfer_close(struct co_transfer *transfer)
{
    co_transfer_trust_close(&transfer->trust);
    co_transfer_user_close(transfer->user);
    co_buf_free(&transfer->netrc);
}

/* SPDX-License-Identifier: MIT */
/* The command around co_app_get: options in, messages, progress and an exit code out. */
#include "cmd/get.h"

#include "app/get.h"
#include "app/log.h"
#include "cmd/exit.h"
#include "cmd/get_trust.h"
#include "cmd/message.h"
#include "cmd/progress.h"
#include "cmd/read.h"
#include "coronet/fiber.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LIST_MAX (16U << 20) /* bytes of a file of URLs */
#define SAID_MAX 512         /* bytes of what is said of a URL */

struct get {
    const struct co_get_command *command;
    struct co_buf list; /* the file of URLs, its lines ended by NUL */
    const char **urls;  /* count of them */
    size_t count;
    char *folder; /* of -o */
    struct co_get_settings settings;
    struct co_progress progress;
    struct co_get_trust trust;
    size_t failed;
    bool kept_badly;    /* a file for later runs could not be written */
    enum co_exit code;  /* of the first failure */
    int signal;         /* that ended it; 0: none */
    char why[SAID_MAX]; /* the whole of it failed; outside of its fiber nobody can tell any more */
};

/* ---- what is asked for ----------------------------------------------------------------------- */

static int usage(const char *text)
{
    co_error("%s", text);
    return CO_EXIT_USAGE;
}

/* A line about a URL, whose user and password nobody shall see. */
__attribute__((format(printf, 2, 3))) static void say_of(const char *url, const char *format, ...)
{
    char text[SAID_MAX];
    struct co_buf shown = CO_BUF(LIST_MAX);
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    co_log_url(&shown, url);
    co_error("%.*s%s", (int)shown.size, shown.error ? "" : shown.at, text);
    co_buf_free(&shown);
}

static bool is_url(const char *word)
{
    return strncasecmp(word, "http://", 7) == 0 || strncasecmp(word, "https://", 8) == 0;
}

static int add_url(struct get *get, const char *url)
{
    if (!is_url(url)) {
        say_of(url, " is no URL that begins with http:// or https://");
        return CO_EINVALID;
    }
    const char **urls = reallocarray(get->urls, get->count + 1, sizeof *urls);
    if (!urls)
        return -ENOMEM;
    get->urls = urls;
    urls[get->count++] = url;
    return 0;
}

/* Empty lines and those that begin with '#' are none. */
static int add_lines(struct get *get)
{
    int rc = 0;
    co_buf_add_char(&get->list, '\n');
    if (get->list.error)
        return get->list.error;
    char *at = get->list.at, *end = at + get->list.size;
    while (rc == 0 && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        *newline = '\0';
        if (newline > at && newline[-1] == '\r')
            newline[-1] = '\0';
        if (*at && *at != '#')
            rc = add_url(get, at);
        at = newline + 1;
    }
    return rc;
}

static int collect_urls(struct get *get)
{
    const struct co_option_list *arguments = &get->command->common.arguments;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < arguments->count; i++)
        rc = add_url(get, arguments->at[i]);
    if (rc == 0 && get->command->list) {
        int code = co_read_file(get->command->list, &get->list);
        if (code)
            return code;
        rc = add_lines(get);
    }
    if (rc == CO_EINVALID)
        return CO_EXIT_USAGE;
    if (rc < 0)
        return co_error("%s", co_explain(rc)), CO_EXIT_OTHER;
    return get->count == 0 ? usage("no URL was given (see coronet get --help)") : 0;
}

/* "-o a/b": the file b in the folder a. */
static int choose_target(struct get *get)
{
    const struct co_get_command *command = get->command;
    const char *output = command->output;
    get->settings.folder = command->folder ? command->folder : ".";
    if (!output || strcmp(output, "-") == 0)
        return 0;
    if (get->count > 1)
        return usage("-o names one file, but there are several URLs (use -P for a folder)");
    if (command->folder)
        return usage("-o and -P exclude each other");
    const char *slash = strrchr(output, '/');
    get->settings.name = slash ? slash + 1 : output;
    get->settings.replace = true;
    if (!*get->settings.name)
        return usage("-o: the name of a file is missing behind the slash");
    if (!slash)
        return 0;
    get->folder = strndup(output, slash == output ? 1 : (size_t)(slash - output));
    if (!get->folder)
        return co_error("no memory"), CO_EXIT_OTHER;
    get->settings.folder = get->folder;
    return 0;
}

/* ---- what happens ---------------------------------------------------------------------------- */

static int write_out(void *arg, const void *bytes, size_t size)
{
    (void)arg;
    if (fwrite(bytes, 1, size, stdout) == size)
        return 0;
    return errno ? -errno : -EIO;
}

static void begun(void *arg, size_t index, const char *name)
{
    struct get *get = arg;
    co_progress_begin(&get->progress, index, name);
}

static void answered(void *arg, size_t index, int status, int version)
{
    struct get *get = arg;
    if (!get->command->common.verbose)
        return;
    co_progress_hide(&get->progress);
    say_of(get->urls[index], ": HTTP/%s, status %d",
        version == 20   ? "2"
        : version == 10 ? "1.0"
                        : "1.1",
        status);
}

static void progressed(void *arg, size_t index, const struct co_download_progress *step)
{
    struct get *get = arg;
    co_progress_step(&get->progress, index, step->bytes, step->resumed, step->size);
}

static void again(void *arg, size_t index, int why, int64_t wait_ms)
{
    struct get *get = arg;
    co_progress_hide(&get->progress);
    if (!get->command->common.quiet)
        say_of(get->urls[index], ": %s; trying again in %lld s", co_explain(why),
            (long long)wait_ms / 1000);
}

static void report(const struct get *get, size_t index, int rc)
{
    struct co_buf line = CO_BUF(LIST_MAX), url = CO_BUF(LIST_MAX);
    if (get->command->common.json) {
        co_log_url(&url, get->urls[index]);
        co_buf_add_char(&url, '\0');
        co_log_event(&line, rc == 0 ? "done" : "failed", "url", url.error ? "" : url.at);
        printf("%.*s", (int)line.size, line.error ? "" : line.at);
    }
    co_buf_free(&line);
    co_buf_free(&url);
}

static void ended(void *arg, size_t index, int rc, int status)
{
    struct get *get = arg;
    co_progress_end(&get->progress, index, rc >= 0);
    report(get, index, rc);
    if (rc >= 0)
        return;
    get->failed++;
    if (rc == CO_ECANCELED || co_status() == CO_EDEADLINE)
        return; /* that is said once */
    if (get->code == CO_EXIT_DONE)
        get->code = co_exit_of(rc, status);
    co_progress_hide(&get->progress);
    if (rc == -EEXIST)
        say_of(get->urls[index], ": a file of that name is here already (--force replaces it)");
    else
        say_of(get->urls[index], ": %s", co_explain(rc));
}

static void not_kept(void *arg, const char *path, int rc)
{
    struct get *get = arg;
    get->kept_badly = true;
    co_progress_hide(&get->progress);
    co_error("cannot write %s: %s", path, co_explain(rc));
}

/* ---- running --------------------------------------------------------------------------------- */

struct watch {
    struct get *get;
    co_group *group;
};

static int watch_signals(void *arg)
{
    const struct watch *watch = arg;
    int signal = co_signal_wait((const int[]){SIGINT, SIGTERM, SIGHUP, 0});
    if (signal > 0) {
        watch->get->signal = signal;
        co_group_cancel(watch->group);
    }
    return 0;
}

static int work(void *arg)
{
    struct get *get = arg;
    return co_app_get(&get->settings);
}

static int run(void *arg)
{
    struct get *get = arg;
    co_group group;
    struct watch watch = {get, &group};
    co_group_open(&group, &(struct co_group_options){.timeout_ms = get->command->max_time});
    co_progress_start(
        &get->progress, get->count, !get->command->common.quiet && !get->command->common.json);
    co_go_with(&group, &(struct co_go_options){.name = "signals", .background = true},
        watch_signals, &watch);
    co_go(&group, work, get);
    int rc = co_group_close(&group);
    co_progress_finish(&get->progress);
    if (rc < 0)
        snprintf(get->why, sizeof get->why, "%s", co_explain(rc));
    return rc;
}

/* --proxy "" is none at all; the list of places without one holds for --proxy too, as curl has it.
 */
static void choose_proxies(const struct co_get_command *command, struct co_proxies *ret)
{
    co_proxies_of_environment(ret);
    if (command->proxy)
        *ret = (struct co_proxies){.all = command->proxy, .none = ret->none};
    if (command->no_proxy)
        ret->none = command->no_proxy;
}

static void fill_settings(struct get *get)
{
    const struct co_get_command *command = get->command;
    struct co_get_settings *settings = &get->settings;
    bool to_stdout = command->output && strcmp(command->output, "-") == 0;
    settings->urls = get->urls;
    settings->count = get->count;
    settings->replace |= command->force;
    settings->resume = command->resume;
    settings->no_sync = command->no_sync;
    settings->jobs = to_stdout ? 1 : (unsigned)command->jobs;
    settings->retries = (unsigned)command->retries;
    settings->size_max = (uint64_t)command->max_size;
    settings->what = (struct co_http_fetch){.user = command->user, .headers = command->headers.at};
    settings->client.family = command->common.ipv4 ? AF_INET : command->common.ipv6 ? AF_INET6 : 0;
    settings->client.connect_ms = command->connect_timeout;
    settings->client.head_ms = command->timeout;
    settings->client.limit_rate = (uint64_t)command->limit_rate;
    settings->client.redirects_max = (unsigned)command->max_redirects;
    settings->client.no_redirects = command->max_redirects == 0;
    settings->client.version = command->http1   ? CO_HTTP_1
                               : command->http2 ? CO_HTTP_2
                                                : CO_HTTP_ANY;
    settings->client.compressed = command->compressed;
    settings->client.user_agent = command->user_agent;
    settings->cookies = command->cookies;
    settings->cookie_jar = command->cookie_jar;
    settings->not_kept = not_kept;
    settings->client.tls = get->trust.tls;
    settings->client.proxy_tls = get->trust.proxy_tls;
    settings->client.answers = command->answers.at;
    choose_proxies(command, &settings->client.proxies);
    settings->write = to_stdout ? write_out : NULL;
    settings->begun = begun;
    settings->answered = answered;
    settings->progress = progressed;
    settings->again = again;
    settings->ended = ended;
    settings->arg = get;
}

/* One failure of many is a partial success. */
static int exit_code(const struct get *get, int rc)
{
    if (get->signal)
        return CO_EXIT_SIGNAL + get->signal;
    if (rc == CO_EDEADLINE) {
        co_error("--max-time is over");
        return CO_EXIT_TIME_LIMIT;
    }
    if (rc < 0) {
        co_error("%s", *get->why ? get->why : co_explain(rc));
        return (int)co_exit_of(rc, 0);
    }
    if (get->failed == 0)
        return get->kept_badly ? CO_EXIT_FILE : CO_EXIT_DONE;
    return get->failed < get->count ? CO_EXIT_PARTIAL : (int)get->code;
}

int co_get_run(void *settings)
{
    struct get get = {.command = settings, .list = CO_BUF(LIST_MAX), .trust = CO_GET_TRUST_NONE};
    struct co_run_options options = {.backend = get.command->common.backend};
    int code = collect_urls(&get);
    if (code == 0)
        code = choose_target(&get);
    if (code == 0 && get.command->http1 && get.command->http2)
        code = usage("--http1 and --http2 exclude each other");
    if (code == 0)
        code = co_get_trust_open(&get.trust, get.command);
    if (code == 0) {
        fill_settings(&get);
        code = exit_code(&get, co_run(run, &get, &options));
    }
    co_get_trust_close(&get.trust);
    co_buf_free(&get.list);
    free(get.urls);
    free(get.folder);
    return code;
}

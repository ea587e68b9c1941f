/* SPDX-License-Identifier: MIT */
/* The command around co_app_get: options in, messages, progress and an exit code out. */
#include "cmd/get.h"

#include "app/form.h"
#include "app/get.h"
#include "cmd/message.h"
#include "cmd/output.h"
#include "cmd/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define LIST_MAX (16U << 20)             /* bytes of a file of URLs */
#define DATA_MAX (64U << 20)             /* bytes that are sent: they are held in memory */
#define BOM      CO_TEXT("\xef\xbb\xbf") /* with which some editors begin a file */

struct get {
    const struct co_get_command *command;
    struct co_buf list; /* the file of URLs, its lines ended by NUL */
    char **urls;        /* count of them, ours */
    size_t count;
    bool some_bad;    /* lines of the list are no URLs */
    bool is_straight; /* all goes to `out` as it comes, and no file is made */
    FILE *out;
    char *path, *folder; /* of -o: where its links lead to, and that one's folder */
    struct co_buf data;
    struct co_form form;
    struct co_checksum checksum;
    struct co_get_settings settings;
    struct co_transfer transfer;
};

/* ---- what is asked for ----------------------------------------------------------------------- */

/* 0 or an exit code, as of those that follow. */
static int add_url(struct get *get, const char *typed)
{
    char **urls = reallocarray(get->urls, get->count + 1, sizeof *urls);
    if (!urls)
        return co_error("no memory"), CO_EXIT_OTHER;
    get->urls = urls;
    int code = co_transfer_url(typed, &urls[get->count]);
    get->count += code == 0;
    return code;
}

/* Empty lines and those that begin with '#' are none; one that is no URL does not keep the others
 * back. */
static int add_line(struct get *get, const char *line, unsigned number)
{
    line += strspn(line, " \t\r");
    int code = *line && *line != '#' ? add_url(get, line) : 0;
    if (code != CO_EXIT_USAGE)
        return code;
    co_error("%s: line %u is passed over", get->command->list, number);
    get->some_bad = true;
    return 0;
}

static int add_lines(struct get *get)
{
    int code = 0;
    unsigned number = 0;
    co_buf_add_char(&get->list, '\n');
    if (get->list.error)
        return co_error("%s", co_explain(get->list.error)), CO_EXIT_OTHER;
    char *at = get->list.at, *end = at + get->list.size;
    at += co_text_starts(co_buf_text(&get->list), BOM) ? BOM.size : 0;
    while (code == 0 && at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        *newline = '\0';
        if (newline > at && newline[-1] == '\r')
            newline[-1] = '\0';
        code = add_line(get, at, ++number);
        at = newline + 1;
    }
    return code;
}

static int collect_urls(struct get *get)
{
    const struct co_option_list *arguments = &get->command->transfer.common.arguments;
    int code = 0;
    for (size_t i = 0; code == 0 && i < arguments->count; i++)
        code = add_url(get, arguments->at[i]);
    if (code == 0 && get->command->list)
        code = co_read_file(get->command->list, &get->list);
    if (code == 0 && get->command->list)
        code = add_lines(get);
    if (code || get->count > 0)
        return code;
    return get->some_bad ? CO_EXIT_USAGE
                         : co_transfer_usage("no URL was given (see coronet get --help)");
}

static int refuse_output(const struct get *get, int rc)
{
    co_error("cannot write %s: %s", get->command->output, co_explain(rc));
    return CO_EXIT_FILE;
}

/* "-o a/b": the file b in the folder a. */
static int choose_file(struct get *get)
{
    struct co_get_settings *settings = &get->settings;
    int rc = co_output_find(get->command->output, &get->path);
    if (rc < 0)
        return refuse_output(get, rc);
    get->is_straight = !get->path;
    if (get->is_straight)
        return 0;
    const char *slash = strrchr(get->path, '/');
    settings->name = slash ? slash + 1 : get->path;
    settings->replace = true;
    if (!slash)
        return 0;
    get->folder = strndup(get->path, slash == get->path ? 1 : (size_t)(slash - get->path));
    if (!get->folder)
        return co_error("no memory"), CO_EXIT_OTHER;
    settings->folder = get->folder;
    return 0;
}

static bool is_by_head(const struct co_get_command *command)
{
    return command->head || (command->method && strcmp(command->method, "HEAD") == 0);
}

static int choose_target(struct get *get)
{
    const struct co_get_command *command = get->command;
    const char *output = command->output;
    get->settings.folder = command->folder ? command->folder : ".";
    get->settings.makes_folder = command->folder;
    get->out = stdout;
    get->is_straight = is_by_head(command);
    if (!output)
        return 0;
    if (strcmp(output, "-") == 0) {
        get->is_straight = true;
        return 0;
    }
    if (get->count > 1)
        return co_transfer_usage(
            "-o names one file, but there are several URLs (use -P for a folder)");
    if (command->folder)
        return co_transfer_usage("-o and -P exclude each other");
    if (!*output || output[strlen(output) - 1] == '/')
        return co_transfer_usage("-o: the name of a file is missing behind the slash");
    return get->is_straight ? 0 : choose_file(get);
}

/* Last of all: a FIFO's reader is waited for. */
static int open_target(struct get *get)
{
    bool is_named =
        get->is_straight && get->command->output && strcmp(get->command->output, "-") != 0;
    int rc = is_named ? co_output_open(get->command->output, &get->out) : 0;
    if (rc < 0)
        return refuse_output(get, rc);
    get->transfer.is_silent = get->is_straight && isatty(fileno(get->out));
    return 0;
}

static int add_field(struct get *get, const char *field)
{
    const char *equals = strchr(field, '=');
    if (!equals || equals == field)
        return co_transfer_usage("--form: not NAME=TEXT or NAME=@FILE");
    const char *path = equals[1] == '@' ? equals + 2 : NULL;
    co_form_field(&get->form, (co_text){field, (size_t)(equals - field)}, path);
    if (path)
        return co_read_file(path, &get->data);
    co_buf_add_string(&get->data, equals + 1);
    return 0;
}

static int write_form(struct get *get)
{
    const struct co_option_list *fields = &get->command->form;
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return co_error("cannot draw a boundary: %s", co_explain(-errno)), CO_EXIT_OTHER;
    int code = 0, rc = co_form_begin(&get->form, &get->data, random);
    for (size_t i = 0; rc == 0 && code == 0 && i < fields->count; i++)
        code = add_field(get, fields->at[i]);
    int ended = co_form_end(&get->form);
    if (code == 0 && (rc < 0 || ended < 0)) {
        co_error("the form cannot be sent: %s", co_explain(rc < 0 ? rc : ended));
        code = CO_EXIT_OTHER;
    }
    return code;
}

/* What is sent: a form, the text itself, or a file's bytes. */
static int choose_data(struct get *get)
{
    const struct co_get_command *command = get->command;
    struct co_http_fetch *what = &get->settings.what;
    if (!command->data && command->form.count == 0)
        return 0;
    if (command->form.count > 0) {
        int code = write_form(get);
        if (code)
            return code;
    } else if (command->data[0] == '@') {
        int code = co_read_file(command->data + 1, &get->data);
        if (code)
            return code;
    } else {
        co_buf_add_string(&get->data, command->data);
    }
    if (get->data.error)
        return co_error("no memory"), CO_EXIT_OTHER;
    what->body = get->data.at ? get->data.at : "";
    what->body_bytes = get->data.size;
    what->type = command->form.count > 0
                     ? get->form.type
                     : "application/x-www-form-urlencoded"; /* as curl and wget say, too */
    return 0;
}

/* What can mean nothing together. */
static int check_together(struct get *get)
{
    const struct co_get_command *command = get->command;
    get->settings.head = is_by_head(command);
    bool sends = command->data || command->form.count > 0;
    if (command->head && (sends || (command->method && strcmp(command->method, "HEAD"))))
        return co_transfer_usage("--head asks by HEAD: --method, --data and --form exclude it");
    if (command->data && command->form.count > 0)
        return co_transfer_usage("--data and --form exclude each other");
    if (command->checksum && co_checksum_read(co_text_of(command->checksum), &get->checksum) < 0)
        return co_transfer_usage(
            "--checksum: not KIND=HEX, with sha256, sha512, sha1 or md5 and all its digits");
    if (command->checksum && (get->count > 1 || get->is_straight))
        return co_transfer_usage(
            "--checksum is of one file, which is not standard output, a pipe or a device");
    if (command->content_disposition && command->output)
        return co_transfer_usage("-o and --content-disposition exclude each other");
    if (command->newer && (command->content_disposition || get->is_straight))
        return co_transfer_usage("--newer has to know the file: neither standard output, a pipe, a "
                                 "device nor the server's name");
    return 0;
}

/* ---- what happens ---------------------------------------------------------------------------- */

static int write_out(void *arg, const void *bytes, size_t size)
{
    struct co_transfer *transfer = arg;
    const struct get *get = CO_CONTAINER(transfer, struct get, transfer);
    if (fwrite(bytes, 1, size, get->out) == size && (size > 0 || fflush(get->out) == 0))
        return 0;
    int why = errno ? -errno : -EIO;
    /* a reader that has gone is no failure of the network, which might pass */
    return co_fail(why == -EPIPE ? -EIO : why, "cannot write %s: %s",
        get->out == stdout ? "standard output" : get->command->output, co_explain(why));
}

/* ---- running --------------------------------------------------------------------------------- */

static int work(void *arg)
{
    struct get *get = arg;
    return co_app_get(&get->settings);
}

static void fill_settings(struct get *get)
{
    const struct co_get_command *command = get->command;
    struct co_get_settings *settings = &get->settings;
    settings->urls = (const char *const *)get->urls;
    settings->count = get->count;
    settings->replace |= command->force;
    settings->resume = command->resume;
    settings->same_stays = command->resume && !command->force && !command->checksum;
    settings->no_sync = command->no_sync;
    settings->jobs = get->is_straight ? 1 : (unsigned)command->transfer.jobs;
    settings->segments = (unsigned)command->segments;
    settings->retries = (unsigned)command->transfer.retries;
    settings->size_max = (uint64_t)command->max_size;
    settings->what.user = get->transfer.user;
    settings->what.digest_only = command->transfer.digest;
    settings->what.bearer = command->transfer.bearer;
    settings->what.headers = command->transfer.headers.at;
    settings->what.method = settings->head ? "HEAD" : command->method;
    settings->newer = command->newer;
    settings->server_names = command->content_disposition;
    settings->checksum = command->checksum ? &get->checksum : NULL;
    settings->per_host = (unsigned)command->per_host;
    settings->max_time_ms = command->transfer.max_time;
    co_transfer_means(&get->transfer, &settings->means);
    settings->means.client.compressed = command->compressed;
    settings->ascii = command->ascii;
    settings->write = get->is_straight ? write_out : NULL;
    settings->events = get->transfer.events;
}

static int run(struct get *get)
{
    int code = collect_urls(get);
    if (code == 0)
        code = choose_target(get);
    if (code == 0)
        code = check_together(get);
    if (code == 0)
        code = choose_data(get);
    if (code)
        return code;
    code = co_transfer_open(&get->transfer, &get->command->transfer);
    if (code == 0)
        code = open_target(get);
    fill_settings(get);
    if (code == 0)
        code = co_transfer_run(&get->transfer, get->count, work, get);
    co_transfer_close(&get->transfer);
    return code == CO_EXIT_DONE && get->some_bad ? CO_EXIT_PARTIAL : code;
}

/* What could not be written is a failure of its own. */
static int close_target(const struct get *get, int code)
{
    int rc = co_output_close(get->out);
    return rc < 0 && code == CO_EXIT_DONE ? refuse_output(get, rc) : code;
}

int co_get_run(void *settings)
{
    struct get *get = calloc(1, sizeof *get); /* too large for a frame */
    if (!get)
        return co_error("no memory"), CO_EXIT_OTHER;
    *get = (struct get){.command = settings, .list = CO_BUF(LIST_MAX), .data = CO_BUF(DATA_MAX)};
    int code = close_target(get, run(get));
    co_buf_free(&get->list);
    co_buf_free(&get->data);
    for (size_t i = 0; i < get->count; i++)
        free(get->urls[i]);
    free(get->urls);
    free(get->path);
    free(get->folder);
    free(get);
    return code;
}

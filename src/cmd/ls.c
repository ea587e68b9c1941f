/* SPDX-License-Identifier: MIT */
/* The command around co_app_ls: a line for each entry. */
#include "cmd/ls.h"

#include "app/entry.h"
#include "app/ls.h"
#include "cmd/message.h"
#include "cmd/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT(member) offsetof(struct co_ls_command, member)
#define LINE_MAX   (1U << 20)

const struct co_option co_ls_options_table[] = {
    {CO_OPTION_GROUP, .name = "What"},
    {CO_OPTION_FLAG, 'l', "long", .help = "type, size, time and name", .at = AT(details)},
    {CO_OPTION_FLAG, 'R', "recursive", .help = "folders within it, too", .at = AT(recursive)},
    {CO_OPTION_TEXT, 'o', "output", "FILE", "where the list goes; - is standard output", AT(output),
        .is_file = true},
    {.name = NULL},
};

void co_ls_defaults(void *settings)
{
    struct co_ls_command *command = settings;
    co_transfer_defaults(&command->transfer);
}

struct ls {
    const struct co_ls_command *command;
    char *url;
    struct co_ls_settings settings;
    struct co_transfer transfer;
    FILE *out;
    bool replaces; /* a file, by the following */
    struct co_replace replace;
    struct co_entry_form form;
    bool has_shown; /* an entry, so that a failure is not all there is */
    struct co_buf line;
};

/* ---- lines ---------------------------------------------------------------------------------- */

static int print_entry(void *arg, co_text path, const struct co_remote_entry *entry)
{
    struct ls *ls = arg;
    struct co_buf *line = &ls->line;
    co_buf_clear(line);
    co_entry_line(line, ls->form, path, entry);
    co_buf_add_char(line, '\n');
    ls->has_shown = true;
    if (line->error)
        return line->error;
    if (fwrite(line->at, 1, line->size, ls->out) == line->size)
        return 0;
    return errno ? -errno : -EIO;
}

/* ---- running -------------------------------------------------------------------------------- */

static void failed(void *arg, const char *path, int rc, int status)
{
    struct ls *ls = arg;
    ls->transfer.count++;
    if (rc == CO_ETOOBIG)
        rc = co_fail(rc, "it lies too deep, or too many folders wait: it is left out");
    fflush(ls->out);
    co_transfer_failed(
        &ls->transfer, *path ? path : ls->url, rc, &(struct co_transfer_result){.status = status});
}

static int work(void *arg)
{
    struct ls *ls = arg;
    int rc = co_app_ls(&ls->settings);
    ls->transfer.count += ls->has_shown;
    return rc;
}

static void fill_settings(struct ls *ls)
{
    const struct co_transfer_command *command = &ls->command->transfer;
    ls->settings = (struct co_ls_settings){
        .recursive = ls->command->recursive,
        .details = ls->command->details || command->common.json,
        .jobs = (unsigned)command->jobs,
        .entry = print_entry,
        .failed = failed,
        .arg = ls,
    };
    co_transfer_remote(&ls->transfer, ls->url, &ls->settings.remote);
    co_transfer_means(&ls->transfer, &ls->settings.means);
}

static bool is_regular(const char *path)
{
    struct stat found;
    return stat(path, &found) < 0 || S_ISREG(found.st_mode);
}

/* A file is replaced once the list is there; a pipe or a device is written to. */
static int open_file(struct ls *ls, const char *path)
{
    if (!is_regular(path)) {
        ls->out = fopen(path, "we");
        return ls->out ? 0 : -errno;
    }
    ls->replaces = true;
    int rc = co_replace_begin(&ls->replace, path);
    return rc < 0 ? rc : co_replace_open(&ls->replace, &ls->out);
}

static int open_output(struct ls *ls)
{
    const char *output = ls->command->output;
    int rc = 0;
    if (output && strcmp(output, "-") != 0)
        rc = open_file(ls, output);
    else
        ls->out = stdout;
    if (rc < 0) {
        co_error("cannot write %s: %s", output, co_explain(rc));
        return CO_EXIT_FILE;
    }
    ls->form = (struct co_entry_form){
        .json = ls->command->transfer.common.json,
        .details = ls->command->details,
        .to_terminal = isatty(fileno(ls->out)) == 1,
    };
    return 0;
}

/* What could not be written is a failure of its own. A list that lacks some folders is still one.
 */
static int close_output(struct ls *ls, int code)
{
    int rc = 0;
    if (ls->replaces && ls->out && (code == CO_EXIT_DONE || code == CO_EXIT_PARTIAL))
        rc = co_replace_commit(&ls->replace, ls->out);
    else if (ls->replaces && ls->out)
        co_replace_abort(&ls->replace, ls->out);
    else if (ls->out && ls->out != stdout && fclose(ls->out))
        rc = -errno;
    if (ls->replaces)
        co_replace_end(&ls->replace);
    if (rc == 0)
        return code;
    co_error("cannot write %s: %s", ls->command->output, co_explain(rc));
    return code ? code : CO_EXIT_FILE;
}

static int run(struct ls *ls)
{
    const struct co_option_list *arguments = &ls->command->transfer.common.arguments;
    if (arguments->count != 1)
        return co_transfer_usage("one URL of HTTP or FTP is wanted (see coronet ls --help)");
    int code = co_transfer_url(arguments->at[0], &ls->url);
    if (code)
        return code;
    code = co_transfer_open(&ls->transfer, &ls->command->transfer);
    if (code == 0)
        code = open_output(ls);
    if (code == 0) {
        ls->transfer.is_silent = true;
        fill_settings(ls);
        code = co_transfer_run(&ls->transfer, 1, work, ls);
    }
    code = close_output(ls, code);
    co_transfer_close(&ls->transfer);
    return code;
}

int co_ls_run(void *settings)
{
    struct ls *ls = calloc(1, sizeof *ls); /* too large for a frame */
    if (!ls)
        return co_error("no memory"), CO_EXIT_OTHER;
    *ls = (struct ls){.command = settings, .line = CO_BUF(LINE_MAX)};
    int code = run(ls);
    co_buf_free(&ls->line);
    free(ls->url);
    free(ls);
    return code;
}

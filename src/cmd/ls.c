/* SPDX-License-Identifier: MIT */
/* The command around co_app_ls: a line for each entry. */
#include "cmd/ls.h"

#include "app/entry.h"
#include "app/ls.h"
#include "cmd/message.h"

#include <errno.h>
#include <stdio.h>
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
    const char *url;
    struct co_ls_settings settings;
    struct co_transfer transfer;
    FILE *out;
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
    co_transfer_failed(&ls->transfer, *path ? path : ls->url, rc, status);
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

static int open_output(struct ls *ls)
{
    const char *output = ls->command->output;
    bool is_file = output && strcmp(output, "-") != 0;
    ls->out = is_file ? fopen(output, "we") : stdout;
    if (!ls->out) {
        co_error("cannot write %s: %s", output, co_explain(-errno));
        return CO_EXIT_FILE;
    }
    ls->form = (struct co_entry_form){
        .json = ls->command->transfer.common.json,
        .details = ls->command->details,
        .to_terminal = isatty(fileno(ls->out)) == 1,
    };
    return 0;
}

/* What could not be written is a failure of its own. */
static int close_output(struct ls *ls, int code)
{
    if (!ls->out || ls->out == stdout)
        return code;
    if (fclose(ls->out) == 0)
        return code;
    co_error("cannot write %s: %s", ls->command->output, co_explain(-errno));
    return code ? code : CO_EXIT_FILE;
}

int co_ls_run(void *settings)
{
    struct ls ls = {.command = settings, .line = CO_BUF(LINE_MAX)};
    const struct co_option_list *arguments = &ls.command->transfer.common.arguments;
    if (arguments->count != 1 || !co_remote_is_url(arguments->at[0]))
        return co_transfer_usage("one URL of HTTP or FTP is wanted (see coronet ls --help)");
    ls.url = arguments->at[0];
    int code = co_transfer_open(&ls.transfer, &ls.command->transfer);
    if (code == 0)
        code = open_output(&ls);
    if (code == 0) {
        ls.transfer.is_silent = true;
        fill_settings(&ls);
        code = co_transfer_run(&ls.transfer, 1, work, &ls);
    }
    code = close_output(&ls, code);
    co_transfer_close(&ls.transfer);
    co_buf_free(&ls.line);
    return code;
}

/* SPDX-License-Identifier: MIT */
/* The command around co_app_put: options in, messages, progress and an exit code out. */
#include "cmd/put.h"

#include "app/put.h"
#include "cmd/message.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct co_put_command, member)

const struct co_option co_put_options_table[] = {
    {CO_OPTION_GROUP, .name = "What"},
    {CO_OPTION_FLAG, 'c', "continue",
        .help = "go on with what an earlier run has sent of the same version", .at = AT(resume)},
    {.name = NULL},
};

void co_put_defaults(void *settings)
{
    struct co_put_command *command = settings;
    co_transfer_defaults(&command->transfer);
}

struct put {
    const struct co_put_command *command;
    char *url;
    struct co_put_settings settings;
    struct co_transfer transfer;
};

/* Its scheme has to be there: the last of some files shall not be taken for a host. */
static int take_url(struct put *put, const char *typed)
{
    if (co_transfer_is_url(typed))
        return co_transfer_url(typed, &put->url);
    co_transfer_say(typed, " is no URL of HTTP or FTP (http, https, ftp, ftps, ftpes)");
    return CO_EXIT_USAGE;
}

/* The last word is where, the ones before are what. 0 or an exit code. */
static int take_words(struct put *put)
{
    const struct co_option_list *words = &put->command->transfer.common.arguments;
    struct co_put_settings *settings = &put->settings;
    if (words->count < 2)
        return co_transfer_usage(
            "files and a URL are wanted, in this order (see coronet put --help)");
    settings->files = words->at;
    settings->count = words->count - 1;
    int code = take_url(put, words->at[settings->count]);
    if (code)
        return code;
    bool folder = co_put_is_to_folder(put->url);
    if (settings->count > 1 && !folder)
        return co_transfer_usage("several files need the URL of a folder, which ends with a slash");
    for (size_t i = 0; i < settings->count; i++)
        if (folder && strcmp(settings->files[i], "-") == 0)
            return co_transfer_usage("standard input needs a name at the end of the URL");
    return 0;
}

static int work(void *arg)
{
    struct put *put = arg;
    return co_app_put(&put->settings);
}

static void fill_settings(struct put *put)
{
    const struct co_transfer_command *command = &put->command->transfer;
    struct co_put_settings *settings = &put->settings;
    co_transfer_remote(&put->transfer, put->url, &settings->remote);
    settings->resume = put->command->resume;
    settings->jobs = (unsigned)command->jobs;
    settings->retries = (unsigned)command->retries;
    settings->events = put->transfer.events;
    co_transfer_means(&put->transfer, &settings->means);
}

static int run(struct put *put)
{
    int code = take_words(put);
    if (code)
        return code;
    code = co_transfer_open(&put->transfer, &put->command->transfer);
    put->transfer.kind = "path";
    fill_settings(put);
    if (code == 0)
        code = co_transfer_run(&put->transfer, put->settings.count, work, put);
    co_transfer_close(&put->transfer);
    return code;
}

int co_put_run(void *settings)
{
    struct put *put = calloc(1, sizeof *put); /* too large for a frame */
    if (!put)
        return co_error("no memory"), CO_EXIT_OTHER;
    put->command = settings;
    int code = run(put);
    free(put->url);
    free(put);
    return code;
}

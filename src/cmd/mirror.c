/* SPDX-License-Identifier: MIT */
/* The command around co_app_mirror: options in, messages, progress and an exit code out. */
#include "cmd/mirror.h"

#include "app/mirror.h"
#include "cmd/message.h"

#include <stdio.h>
#include <stdlib.h>

#define AT(member) offsetof(struct co_mirror_command, member)

const struct co_option co_mirror_options_table[] = {
    {CO_OPTION_GROUP, .name = "What"},
    {CO_OPTION_FLAG, .name = "delete", .help = "delete in TO what is not in FROM",
        .at = AT(delete_others)},
    {CO_OPTION_FLAG, .name = "newer", .help = "only files that are newer than those in TO",
        .at = AT(newer)},
    {CO_OPTION_LIST, .name = "exclude", .value = "GLOB",
        .help = "leave out what this matches; repeatable", .at = AT(excludes)},
    {CO_OPTION_LIST, .name = "include", .value = "GLOB",
        .help = "but take what this matches; repeatable", .at = AT(includes)},
    {CO_OPTION_FLAG, .name = "dry-run", .help = "say what would be done, and do nothing",
        .at = AT(dry_run)},
    {CO_OPTION_FLAG, .name = "no-sync", .help = "do not wait for the disk", .at = AT(no_sync)},
    {.name = NULL},
};

void co_mirror_defaults(void *settings)
{
    struct co_mirror_command *command = settings;
    co_transfer_defaults(&command->transfer);
}

struct mirror {
    const struct co_mirror_command *command;
    char *url;
    struct co_mirror_settings settings;
    struct co_transfer transfer;
};

/* ---- what happens --------------------------------------------------------------------------- */

/* A dry run is there to be read; else only who wants to know more is told. */
static void act(void *arg, enum co_mirror_act act, const char *path)
{
    static const char *const words[] = {"transfer", "make", "delete"};
    struct mirror *mirror = arg;
    const struct co_common *common = &mirror->command->transfer.common;
    bool transfers = act == CO_MIRROR_TRANSFER && !mirror->command->dry_run;
    if (common->json && !transfers)
        co_transfer_report(&mirror->transfer, words[act], path);
    else if (!common->json && (mirror->command->dry_run || common->verbose)) {
        co_progress_hide(&mirror->transfer.progress);
        co_say("%s %s", words[act], *path ? path : ".");
    }
}

static void failed(void *arg, const char *path, int rc, int status)
{
    struct mirror *mirror = arg;
    mirror->transfer.count++;
    co_transfer_report(&mirror->transfer, "failed", path);
    co_transfer_failed(&mirror->transfer, *path ? path : mirror->url, rc,
        &(struct co_transfer_result){.status = status});
}

static void sum_up(struct mirror *mirror)
{
    const struct co_mirror_totals *totals = &mirror->settings.mirror.totals;
    if (mirror->command->transfer.common.quiet || mirror->command->transfer.common.json)
        return;
    co_progress_hide(&mirror->transfer.progress);
    co_say("%s%llu transferred, %llu equal, %llu deleted, %zu failed",
        mirror->command->dry_run ? "dry run: " : "", (unsigned long long)totals->transferred,
        (unsigned long long)totals->equal, (unsigned long long)totals->deleted,
        mirror->transfer.failed);
}

/* ---- running -------------------------------------------------------------------------------- */

static int work(void *arg)
{
    struct mirror *mirror = arg;
    int rc = co_app_mirror(&mirror->settings);
    const struct co_mirror_totals *totals = &mirror->settings.mirror.totals;
    if (rc < 0)
        return rc;
    sum_up(mirror);
    if (totals->folders > 0) /* of many things some have failed, at most */
        mirror->transfer.count++;
    return 0;
}

/* One side is a URL, the other one a folder of here, which may have the name of a host. 0 or an
 * exit code. */
static int take_words(struct mirror *mirror)
{
    const struct co_option_list *words = &mirror->command->transfer.common.arguments;
    struct co_mirror_settings *settings = &mirror->settings;
    if (words->count != 2)
        return co_transfer_usage("FROM and TO are wanted (see coronet mirror --help)");
    bool from_url = co_transfer_is_url(words->at[0]), to_url = co_transfer_is_url(words->at[1]);
    if (from_url == to_url)
        return co_transfer_usage("of FROM and TO one is a URL, and the other a folder of here");
    settings->mirror.is_upload = to_url;
    settings->folder = words->at[from_url];
    return co_transfer_url(words->at[to_url], &mirror->url);
}

static void fill_settings(struct mirror *mirror)
{
    const struct co_mirror_command *command = mirror->command;
    const struct co_transfer_command *common = &command->transfer;
    struct co_mirror_settings *settings = &mirror->settings;
    co_transfer_remote(&mirror->transfer, mirror->url, &settings->remote);
    settings->mirror.rules = (struct co_mirror_rules){command->includes.at, command->excludes.at};
    settings->mirror.delete_others = command->delete_others;
    settings->mirror.newer = command->newer;
    settings->mirror.dry_run = command->dry_run;
    settings->mirror.no_sync = command->no_sync;
    settings->mirror.jobs = (unsigned)common->jobs;
    settings->mirror.retries = (unsigned)common->retries;
    settings->mirror.events = mirror->transfer.events;
    settings->mirror.act = act;
    settings->mirror.failed = failed;
    settings->mirror.arg = mirror;
    co_transfer_means(&mirror->transfer, &settings->means);
}

static int run(struct mirror *mirror)
{
    int code = take_words(mirror);
    if (code)
        return code;
    code = co_transfer_open(&mirror->transfer, &mirror->command->transfer);
    mirror->transfer.kind = "path";
    mirror->transfer.goes_on = "the next run";
    fill_settings(mirror);
    if (code == 0)
        code = co_transfer_run(&mirror->transfer, 0, work, mirror);
    co_transfer_close(&mirror->transfer);
    return code;
}

int co_mirror_run_command(void *settings)
{
    struct mirror *mirror = calloc(1, sizeof *mirror); /* too large for a frame */
    if (!mirror)
        return co_error("no memory"), CO_EXIT_OTHER;
    mirror->command = settings;
    int code = run(mirror);
    free(mirror->url);
    free(mirror);
    return code;
}

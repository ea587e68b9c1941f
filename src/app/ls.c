/* SPDX-License-Identifier: MIT */
/*
 * Entries are shown as they come. Where details are missing they are asked for, some entries at
 * once, and shown in their order.
 */
#include "app/ls.h"

#include "coronet/fiber.h"
#include "http/client.h"
#include "transfer/local_name.h"
#include "transfer/pending.h"

#include <errno.h>
#include <stdlib.h>

#define BATCH_ENTRIES 64

struct line {
    struct ls *ls;
    struct co_remote_entry entry; /* its name lies in the batch's names from name_at on */
    size_t name_at;
};

struct ls {
    const struct co_ls_settings *settings;
    struct co_remote *remote;
    struct co_pending pending;
    struct co_buf folder; /* the one that is listed */
    struct co_lineage lineage;
    struct co_buf path;
    struct line batch[BATCH_ENTRIES];
    size_t count;
    struct co_buf names;
    bool tells_folders; /* the server has shown that it tells them from files */
    int stopped;        /* what `entry` returned */
};

static co_text join(struct ls *ls, co_text name)
{
    co_buf_clear(&ls->path);
    co_path_join(&ls->path, co_buf_text(&ls->folder), name);
    return co_buf_text(&ls->path);
}

static int show(struct ls *ls, const struct co_remote_entry *entry)
{
    const struct co_ls_settings *settings = ls->settings;
    co_text path = join(ls, entry->name);
    int rc = ls->path.error ? ls->path.error : settings->entry(settings->arg, path, entry);
    ls->stopped = rc < 0 ? rc : 0;
    if (rc == 0 && settings->recursive && entry->type == CO_REMOTE_FOLDER) {
        rc = co_pending_enter(
            &ls->pending, co_buf_text(&ls->folder), entry->name, &ls->lineage, entry->identity);
        if (rc < 0 && rc != -ENOMEM) {
            settings->failed(settings->arg, ls->path.at, rc, 0);
            rc = 0;
        }
    }
    return rc;
}

/* ---- details -------------------------------------------------------------------------------- */

static bool lacks_details(const struct co_remote_entry *entry)
{
    return entry->type != CO_REMOTE_FOLDER && entry->type != CO_REMOTE_OTHER &&
           (entry->size < 0 || entry->modified == CO_REMOTE_NO_TIME);
}

/* Pages of some servers link folders as they link files; a tree has to know which is which. */
static bool is_asked_for(const struct ls *ls, const struct co_remote_entry *entry)
{
    if (ls->settings->details)
        return lacks_details(entry);
    return ls->settings->recursive && entry->type == CO_REMOTE_UNKNOWN && !ls->tells_folders;
}

/* What cannot be had is not shown. */
static int complete(void *arg)
{
    struct line *line = arg;
    struct co_buf path = CO_BUF(CO_PENDING_PATH_MAX + 1);
    struct co_remote_entry found;
    struct ls *ls = line->ls;
    int status;
    int rc = co_path_join(&path, co_buf_text(&ls->folder), line->entry.name);
    if (rc == 0)
        rc = ls->remote->kind->stat(ls->remote, co_buf_text(&path), &found, &status);
    co_buf_free(&path);
    if (rc < 0)
        return 0;
    found.name = line->entry.name;
    line->entry = found;
    return 0;
}

static int complete_batch(struct ls *ls)
{
    unsigned jobs = ls->settings->jobs;
    co_group group;
    co_group_open(
        &group, &(struct co_group_options){.children_max = jobs ? jobs : 1, .keep_going = true});
    for (size_t i = 0; i < ls->count; i++) {
        struct line *line = &ls->batch[i];
        line->entry.name.at = ls->names.at + line->name_at;
        if (is_asked_for(ls, &line->entry))
            co_go(&group, complete, line);
    }
    return co_group_close(&group);
}

static int flush(struct ls *ls)
{
    int rc = ls->count > 0 ? complete_batch(ls) : 0;
    for (size_t i = 0; rc == 0 && i < ls->count; i++)
        rc = show(ls, &ls->batch[i].entry);
    ls->count = 0;
    co_buf_clear(&ls->names);
    return rc;
}

static int see(void *arg, const struct co_remote_entry *entry)
{
    struct ls *ls = arg;
    if (!ls->settings->details && !ls->settings->recursive)
        return show(ls, entry);
    ls->tells_folders |= entry->type == CO_REMOTE_FOLDER;
    ls->batch[ls->count++] = (struct line){ls, *entry, ls->names.size};
    co_buf_add_text(&ls->names, entry->name);
    if (ls->names.error)
        return ls->names.error;
    return ls->count == BATCH_ENTRIES ? flush(ls) : 0;
}

/* ---- folders -------------------------------------------------------------------------------- */

/* Lists what ls->folder names. Negative when nothing more can be done. */
static int list(struct ls *ls)
{
    const struct co_ls_settings *settings = ls->settings;
    struct co_remote_listing listing = {.see = see, .arg = ls};
    int status = 0;
    int rc = ls->remote->kind->list(ls->remote, co_buf_text(&ls->folder), &listing, &status);
    if (rc == 0)
        rc = flush(ls);
    if (ls->stopped || co_status() < 0 || rc == -ENOMEM)
        return ls->stopped ? ls->stopped : co_status() < 0 ? co_status() : rc;
    const char *folder = ls->folder.size ? ls->folder.at : "";
    if (rc < 0)
        settings->failed(settings->arg, folder, rc, status);
    else if (listing.is_short)
        settings->failed(settings->arg, folder,
            co_fail(CO_ETRUNCATED, "the server tells of some of the entries only"), 0);
    if (listing.refused > 0)
        settings->failed(settings->arg, folder,
            co_fail(CO_EOUTSIDE, "%zu of its entries have no names that are safe here",
                listing.refused),
            0);
    return 0;
}

static int list_all(struct ls *ls)
{
    int rc;
    do
        rc = list(ls);
    while (rc == 0 && co_pending_take(&ls->pending, &ls->folder, &ls->lineage));
    return rc;
}

/* A URL without a slash at its end may be either. */
static int begin(struct ls *ls, co_text name)
{
    const struct co_ls_settings *settings = ls->settings;
    struct co_remote_entry entry;
    int status = 0;
    if (name.size == 0)
        return list_all(ls);
    int rc = ls->remote->kind->stat(ls->remote, name, &entry, &status);
    if (rc < 0) {
        if (co_status() == 0)
            settings->failed(settings->arg, "", rc, status);
        return co_status();
    }
    entry.name = name;
    return entry.type == CO_REMOTE_FOLDER ? 1 : show(ls, &entry);
}

/* Paths begin behind the URL, so a folder is opened as the place itself. */
static int reopen(struct ls *ls, const struct co_remote_options *options)
{
    co_remote_close(ls->remote);
    ls->remote = NULL;
    int rc = co_remote_open(&ls->remote, options);
    return rc < 0 ? rc : list_all(ls);
}

static int run(struct ls *ls, const struct co_remote_options *options)
{
    struct co_buf name = CO_BUF(CO_HTTP_URL_MAX);
    int rc = co_remote_open_around(&ls->remote, options, &name);
    if (rc == 0)
        rc = begin(ls, co_buf_text(&name));
    if (rc == 1)
        rc = reopen(ls, options);
    co_buf_free(&name);
    return rc;
}

int co_app_ls(const struct co_ls_settings *settings)
{
    struct co_remote_options options = settings->remote;
    struct ls *ls = calloc(1, sizeof *ls);
    if (!ls)
        return -ENOMEM;
    *ls = (struct ls){
        .settings = settings,
        .pending = CO_PENDING,
        .folder = CO_BUF(CO_PENDING_PATH_MAX + 1),
        .path = CO_BUF(CO_PENDING_PATH_MAX + CO_LOCAL_NAME_MAX + 2),
        .names = CO_BUF(BATCH_ENTRIES * (CO_LOCAL_NAME_MAX + 1)),
    };
    struct co_means means;
    int rc = co_means_open(&means, &settings->means);
    co_means_offer(&means, &options);
    if (rc == 0) {
        rc = run(ls, &options);
        co_remote_close(ls->remote);
    }
    co_means_close(&means);
    co_pending_free(&ls->pending);
    co_buf_free(&ls->folder);
    co_buf_free(&ls->path);
    co_buf_free(&ls->names);
    free(ls);
    return rc;
}

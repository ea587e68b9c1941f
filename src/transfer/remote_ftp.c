/* SPDX-License-Identifier: MIT */
/*
 * Places that speak FTP. Each call takes a control connection of the pool, so as many go at once as
 * are made at once.
 */
#include "ftp/client.h"
#include "transfer/download_ftp.h"
#include "transfer/pending.h"
#include "transfer/remote.h"
#include "transfer/upload_ftp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_MAX 512

struct ftp_place {
    struct co_remote remote;
    struct co_remote_kind kind; /* its own: whether times can be set, the server tells */
    struct co_ftp_pool *pool;
    struct co_ftp_place place;
};

static struct ftp_place *place_of(struct co_remote *remote)
{
    return CO_CONTAINER(remote, struct ftp_place, remote);
}

static struct co_remote_entry entry_of(const struct co_ftp_entry *found)
{
    return (struct co_remote_entry){
        .name = found->name,
        .type = found->type == CO_FTP_FILE     ? CO_REMOTE_FILE
                : found->type == CO_FTP_FOLDER ? CO_REMOTE_FOLDER
                                               : CO_REMOTE_OTHER,
        .size = found->size_known && found->type == CO_FTP_FILE && found->size <= INT64_MAX
                    ? (int64_t)found->size
                    : -1,
        .modified = found->modified_within == 1 ? found->modified : CO_REMOTE_NO_TIME,
        .identity = co_remote_identity(found->unique),
    };
}

/* ---- errands -------------------------------------------------------------------------------- */

/* One path, and the client that is asked about it. */
struct errand {
    struct ftp_place *place;
    co_ftp_client *client;
    struct co_buf path;
};

/* What no command may hold is refused before a connection is made for it (attacks F15). */
static int write_path(const struct ftp_place *place, co_text path, struct co_buf *out)
{
    co_text root = co_buf_text(&place->place.path);
    if (root.size > 0 && root.at[root.size - 1] == '/')
        root.size--; /* the server's root: "/" is added again */
    if (root.size == 0 && place->place.path.size > 0)
        co_buf_add_char(out, '/');
    int rc = co_path_join(out, root, path);
    if (rc == 0 && !co_ftp_client_may_say(out->at))
        rc = co_fail(CO_EINVALID, "its path holds a byte that no FTP command may have");
    return rc;
}

/* In any case errand_end. */
static int errand_begin(
    struct errand *errand, struct co_remote *remote, co_text path, int *ret_status)
{
    struct ftp_place *place = place_of(remote);
    *errand = (struct errand){.place = place, .path = CO_BUF(2 * CO_PENDING_PATH_MAX)};
    *ret_status = 0;
    int rc = write_path(place, path, &errand->path);
    if (rc == 0)
        rc = co_ftp_pool_take(place->pool, &place->place, &errand->client, ret_status);
    if (rc == 0)
        place->kind.sets_times = errand->client->sets_times;
    return rc;
}

/* What is there, for all that the server refused (550)? CO_REMOTE_UNKNOWN: nothing. What it said
 * stays what is told. */
static enum co_remote_type look_behind(const struct errand *errand)
{
    char why[WHY_MAX];
    struct co_ftp_entry found;
    snprintf(why, sizeof why, "%s", co_explain(CO_ESTATUS));
    if (co_ftp_stat(errand->client, errand->path.at, &found) == 0)
        return entry_of(&found).type;
    (void)co_fail(CO_ESTATUS, "%s", why);
    return CO_REMOTE_UNKNOWN;
}

/* Returns rc. What a refusal means is looked for: who takes it for absence makes or forgets it. */
static int errand_end(struct errand *errand, int rc, int *ret_status)
{
    if (errand->client) {
        *ret_status = co_ftp_status(errand->client, rc);
        if (*ret_status == 404 && look_behind(errand) != CO_REMOTE_UNKNOWN)
            *ret_status = 403;
        co_ftp_pool_give(errand->place->pool, &errand->place->place, errand->client);
    }
    co_buf_free(&errand->path);
    return rc;
}

/* ---- looking -------------------------------------------------------------------------------- */

static int read_list(co_ftp_list *list, struct co_remote_listing *listing)
{
    struct co_ftp_entry found;
    int rc;
    while ((rc = co_ftp_list_next(list, &found)) > 0) {
        struct co_remote_entry entry = entry_of(&found);
        bool is_name = co_remote_is_name(entry.name);
        listing->refused += !is_name;
        rc = is_name ? listing->see(listing->arg, &entry) : 0;
        if (rc < 0)
            return rc;
    }
    listing->is_whole = rc == 0 && co_ftp_list_is_whole(list) && listing->refused == 0;
    listing->refused += co_ftp_list_refused(list);
    return rc;
}

static int ftp_list(
    struct co_remote *remote, co_text path, struct co_remote_listing *listing, int *ret_status)
{
    struct errand errand;
    co_ftp_list *list = NULL;
    int rc = errand_begin(&errand, remote, path, ret_status);
    if (rc == 0)
        rc = co_ftp_list_open(&list, errand.client, errand.path.at);
    if (rc == 0)
        rc = read_list(list, listing);
    co_ftp_list_close(list);
    return errand_end(&errand, rc, ret_status);
}

static int ftp_stat(
    struct co_remote *remote, co_text path, struct co_remote_entry *ret, int *ret_status)
{
    struct errand errand;
    struct co_ftp_entry found;
    int rc = errand_begin(&errand, remote, path, ret_status);
    if (rc == 0)
        rc = co_ftp_stat(errand.client, errand.path.size ? errand.path.at : ".", &found);
    if (rc == 0) {
        *ret = entry_of(&found);
        ret->name = (co_text){0};
    }
    return errand_end(&errand, rc, ret_status);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int ftp_download(struct co_remote *remote, co_text path, struct co_download *download)
{
    struct ftp_place *place = place_of(remote);
    struct co_buf whole = CO_BUF(2 * CO_PENDING_PATH_MAX);
    int rc = write_path(place, path, &whole);
    if (rc == 0)
        rc = co_download_ftp(download, place->pool, &place->place, whole.at);
    co_buf_free(&whole);
    return rc;
}

static int ftp_upload(struct co_remote *remote, co_text path, struct co_remote_upload *upload)
{
    struct errand errand;
    int rc = errand_begin(&errand, remote, path, &upload->status);
    if (rc == 0)
        rc = co_upload_ftp(errand.client, errand.path.at, upload);
    return errand_end(&errand, rc, &upload->status);
}

/* ---- changing ------------------------------------------------------------------------------- */

static int ftp_remove(struct co_remote *remote, co_text path, bool is_folder, int *ret_status)
{
    struct errand errand;
    int rc = errand_begin(&errand, remote, path, ret_status);
    if (rc == 0)
        rc = is_folder ? co_ftp_remove_folder(errand.client, errand.path.at)
                       : co_ftp_delete(errand.client, errand.path.at);
    return errand_end(&errand, rc, ret_status);
}

static int ftp_make_folder(struct co_remote *remote, co_text path, int *ret_status)
{
    struct errand errand;
    int rc = errand_begin(&errand, remote, path, ret_status);
    if (rc == 0)
        rc = co_ftp_make_folder(errand.client, errand.path.at);
    if (rc == CO_ESTATUS && errand.client && look_behind(&errand) == CO_REMOTE_FOLDER)
        rc = 0;
    return errand_end(&errand, rc, ret_status);
}

static int ftp_rename(struct co_remote *remote, co_text from, co_text to, int *ret_status)
{
    struct errand errand;
    struct co_buf target = CO_BUF(2 * CO_PENDING_PATH_MAX);
    int rc = errand_begin(&errand, remote, from, ret_status);
    if (rc == 0)
        rc = write_path(errand.place, to, &target);
    if (rc == 0)
        rc = co_ftp_rename(errand.client, errand.path.at, target.at);
    co_buf_free(&target);
    return errand_end(&errand, rc, ret_status);
}

static int ftp_set_modified(
    struct co_remote *remote, co_text path, int64_t modified, int *ret_status)
{
    struct errand errand;
    int rc = errand_begin(&errand, remote, path, ret_status);
    if (rc == 0)
        rc = errand.client->sets_times ? co_ftp_set_time(errand.client, errand.path.at, modified)
                                       : -EOPNOTSUPP;
    return errand_end(&errand, rc, ret_status);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void ftp_close(struct co_remote *remote)
{
    struct ftp_place *place = place_of(remote);
    co_ftp_place_free(&place->place);
    free(place);
}

int co_remote_ftp_open(struct co_remote **ret, const struct co_remote_options *options)
{
    static const struct co_remote_kind kind = {
        .list = ftp_list,
        .stat = ftp_stat,
        .download = ftp_download,
        .upload = ftp_upload,
        .remove = ftp_remove,
        .make_folder = ftp_make_folder,
        .rename = ftp_rename,
        .set_modified = ftp_set_modified,
        .close = ftp_close,
    };
    struct ftp_place *place = calloc(1, sizeof *place);
    if (!place)
        return -ENOMEM;
    place->kind = kind;
    place->remote.kind = &place->kind;
    place->pool = options->ftp;
    int rc = co_ftp_place_parse(&place->place, options->url, options->user);
    if (rc == 0 && !options->user)
        rc = co_ftp_place_look_up(&place->place, options->netrc);
    if (rc < 0)
        ftp_close(&place->remote);
    else
        *ret = &place->remote;
    return rc;
}

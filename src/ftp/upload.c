/* SPDX-License-Identifier: MIT */
/* STOR, APPE and STOU (RFC 959 4.1.3; RFC 3659 5.5): what arrives appears only when it is whole. */
#include "tree/upload.h"
#include "ftp/mode.h"
#include "ftp/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct upload {
    struct co_upload *file; /* NULL once committed */
    struct co_ftp_text text;
    struct co_buf converted;
};

static int store(struct co_ftp_job *transfer, co_text bytes)
{
    struct upload *upload = transfer->arg;
    size_t taken = bytes.size;
    if (transfer->session->ascii) {
        co_buf_clear(&upload->converted);
        co_ftp_text_in(&upload->text, bytes, &upload->converted);
        if (upload->converted.error)
            return upload->converted.error;
        bytes = co_buf_text(&upload->converted);
    }
    int rc = co_upload_write(upload->file, bytes.at, bytes.size);
    if (rc == 0)
        transfer->bytes += taken;
    return rc;
}

static int store_end(struct co_ftp_job *transfer)
{
    struct upload *upload = transfer->arg;
    struct co_upload *file = upload->file;
    int rc = 0;
    co_buf_clear(&upload->converted);
    co_ftp_text_in_end(&upload->text, &upload->converted);
    if (upload->converted.size)
        rc = co_upload_write(file, upload->converted.at, upload->converted.size);
    if (rc < 0)
        return rc;
    upload->file = NULL;
    return co_upload_commit(file, !transfer->session->server->options.no_sync);
}

/* Stores what arrived, or (size 0) ends. */
static int arrived(struct co_ftp_job *transfer, co_text bytes)
{
    if (transfer->packing && bytes.size > 0)
        return co_ftp_packing_receive(transfer, bytes, store);
    int rc = transfer->packing ? co_ftp_packing_receive_end(transfer) : 0;
    if (rc < 0)
        return rc;
    return bytes.size > 0 ? store(transfer, bytes) : store_end(transfer);
}

/* Moves what has come into the file as it is. The count, 0 at the end; -EOPNOTSUPP when it must be
 * looked at here. */
static long splice_some(struct co_ftp_job *transfer)
{
    struct co_upload *file = ((struct upload *)transfer->arg)->file;
    bool as_it_is = !transfer->packing && !transfer->session->ascii;
    int pipe = as_it_is ? co_upload_pipe(file) : -1;
    if (pipe < 0)
        return -EOPNOTSUPP;
    long n = co_pace_splice(&transfer->pace, transfer->data, pipe, CO_UPLOAD_PIPE_BYTES);
    if (n <= 0)
        return n;
    transfer->local_error = co_upload_drain(file, (size_t)n);
    if (transfer->local_error < 0)
        return transfer->local_error;
    transfer->bytes += (uint64_t)n;
    return n;
}

static long store_some(struct co_ftp_job *transfer)
{
    const uint8_t *bytes;
    ssize_t n = co_pace_peek(&transfer->pace, transfer->data, &bytes);
    if (n <= 0)
        return n;
    transfer->local_error = arrived(transfer, (co_text){(const char *)bytes, (size_t)n});
    if (transfer->local_error < 0)
        return transfer->local_error;
    int rc = co_pace_consume(&transfer->pace, transfer->data, (size_t)n);
    return rc < 0 ? rc : n;
}

static int receive(struct co_ftp_job *transfer)
{
    const struct upload *upload = transfer->arg;
    long n = co_upload_copy(upload->file);
    if (n < 0)
        return transfer->local_error = n == -EINVAL ? -ESTALE : (int)n;
    co_stream_align(transfer->data, co_upload_size(upload->file));
    do {
        n = splice_some(transfer);
        if (n == -EOPNOTSUPP)
            n = store_some(transfer);
    } while (n > 0);
    if (n == 0)
        transfer->local_error = (int)(n = arrived(transfer, (co_text){0}));
    return (int)n;
}

/* Receives what belongs at the path, into an upload that is open. keep: what there is of it when it
 * is cut short. */
static int take(
    struct co_ftp_session *session, struct co_ftp_job *transfer, struct co_upload *file, bool keep)
{
    struct upload upload = {.file = file, .converted = CO_BUF(2 * CO_PEEK_MAX)};
    transfer->move = receive;
    transfer->arg = &upload;
    transfer->kind = CO_FTP_UPLOADED;
    int rc = co_ftp_job_run(session, transfer);
    co_upload_abort(upload.file, keep);
    co_buf_free(&upload.converted);
    return rc;
}

/* Before a file is opened, or even copied to be continued. */
static bool may_begin(struct co_ftp_session *session)
{
    if (co_tree_rights(session->tree) & (CO_MAY_ADD | CO_MAY_CHANGE))
        return co_ftp_data_is_prepared(session);
    co_ftp_reply_error(session, -EPERM);
    return false;
}

/* The upload's file, for whoever may add it or change what is there. May they add, then nothing is
 * replaced that gets the name meanwhile. */
static int open_permitted(struct co_ftp_session *session, co_text path,
    struct co_upload_options *options, struct co_upload **ret)
{
    struct co_tree_stat stat;
    unsigned right = CO_MAY_ADD;
    if (session->server->options.permit && !options->fresh) {
        options->fresh = co_tree_stat_path(session->tree, path, &stat) == -ENOENT;
        right = options->fresh ? CO_MAY_ADD : CO_MAY_CHANGE;
    }
    int rc = co_ftp_ask(session, right, path);
    return rc < 0 ? rc : co_upload_open(ret, session->tree, path, options);
}

/* Just now, and that counts once: whatever this upload leaves is younger. */
static bool was_compared(struct co_ftp_session *session, co_text path)
{
    bool same = session->compared && co_text_equal(co_text_of(session->compared), path);
    free(session->compared);
    session->compared = NULL;
    return same;
}

static int upload_at(struct co_ftp_session *session, co_text argument, const char *command,
    enum co_upload_start start)
{
    char uploader[CO_CLIENT_ANONYMOUS_MAX];
    struct co_upload *file;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    struct co_upload_options options = {
        .start = start,
        .offset = session->restart,
        .uploader = co_ftp_uploader(session, uploader),
        .size_max = session->server->options.upload_bytes_max,
        .copy_later = true, /* while the session listens */
    };
    session->restart = 0;
    if (!may_begin(session))
        return 0;
    int rc = co_ftp_path(session, argument, &path);
    struct co_ftp_job transfer = {.command = command, .path = co_buf_text(&path)};
    options.whole_only = was_compared(session, co_buf_text(&path));
    if (rc == 0)
        rc = open_permitted(session, co_buf_text(&path), &options, &file);
    if (rc == -EINVAL && start == CO_UPLOAD_RESUME)
        rc = co_ftp_reply(session, 554, "There are fewer bytes than that; SIZE tells how many.");
    else
        rc = rc < 0 ? co_ftp_reply_error(session, rc) : take(session, &transfer, file, true);
    co_buf_free(&path);
    return rc;
}

int co_ftp_on_stor(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (session->range_end) {
        session->restart = session->range_end = 0;
        return co_ftp_reply(session, 504, "RANG is for RETR and HASH; an upload starts by REST.");
    }
    if (session->restart && session->ascii) {
        session->restart = 0;
        return co_ftp_reply(session, 554, "Restart only in type I.");
    }
    return upload_at(
        session, command->argument, "STOR", session->restart ? CO_UPLOAD_RESUME : CO_UPLOAD_ANEW);
}

int co_ftp_on_appe(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    session->restart = session->range_end = 0;
    return upload_at(session, command->argument, "APPE", CO_UPLOAD_APPEND);
}

/* RFC 1123 4.1.2.9: the name that we chose is told by the 150. */
int co_ftp_on_stou(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    char name[32], opening[48], uploader[CO_CLIENT_ANONYMOUS_MAX];
    uint64_t draw;
    struct co_upload *file;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    struct co_upload_options options = {
        .uploader = co_ftp_uploader(session, uploader),
        .fresh = true,
        .size_max = session->server->options.upload_bytes_max,
    };
    (void)command;
    if (!may_begin(session))
        return 0;
    co_random(&draw, sizeof draw);
    snprintf(name, sizeof name, "upload-%016llx", (unsigned long long)draw);
    snprintf(opening, sizeof opening, "FILE: %s", name);
    session->restart = 0;
    int rc = co_ftp_path(session, co_text_of(name), &path);
    struct co_ftp_job transfer = {
        .command = "STOU", .path = co_buf_text(&path), .opening = opening};
    if (rc == 0)
        rc = open_permitted(session, co_buf_text(&path), &options, &file);
    rc = rc < 0 ? co_ftp_reply_error(session, rc) : take(session, &transfer, file, false);
    co_buf_free(&path);
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "transfer/download_ftp.h"

#include "ftp/client.h"
#include "transfer/downloading.h"

#include <errno.h>
#include <stdlib.h>

#define VERSION_MAX 65536 /* bytes of a place, a user and a path */
#define STEP_BYTES  65536
#define DIGITS_MAX  128
#define COMPARED    4096 /* bytes that lie here, compared before more are added */

struct fetch {
    struct co_download *download;
    struct co_ftp_pool *pool;
    const struct co_ftp_place *place;
    const char *path;
    co_ftp_client *client; /* NULL while there is none */
    struct co_version version;
    struct co_upload *file;
    uint64_t resumed;
};

/* ---- versions ------------------------------------------------------------------------------- */

static int name_version(
    struct co_version *version, const struct co_ftp_place *place, const char *path)
{
    co_buf_addf(&version->name, "ftp\n%d\n%s\n%u\n%s\n%s\n%lld\n%lld", (int)place->security,
        place->host.at, (unsigned)place->port, place->user.at ? place->user.at : "", path,
        (long long)version->size, (long long)version->modified);
    return version->name.error;
}

/* What the server does not tell of it may be got all the same. */
static int look(struct fetch *fetch)
{
    const struct co_ftp_place *place = fetch->place;
    struct co_version *version = &fetch->version;
    struct co_ftp_entry entry;
    int rc = co_ftp_stat(fetch->client, fetch->path, &entry);
    if (rc < 0)
        return rc == CO_ESTATUS && !fetch->client->failed ? 0 : rc;
    if (entry.modified_within == 1)
        version->modified = entry.modified;
    if (place->ascii || !entry.size_known || entry.size > INT64_MAX)
        return 0;
    version->size = (int64_t)entry.size;
    if (fetch->download->size_max && entry.size > fetch->download->size_max)
        return CO_ETOOBIG;
    return entry.modified_within == 1 && entry.size > 0 ? name_version(version, place, fetch->path)
                                                        : 0;
}

/* ---- beginning ------------------------------------------------------------------------------ */

/* The last bytes before the offset, from `start` on at most. 0 or negative. */
static int read_before(
    const struct co_upload *file, uint64_t start, uint64_t offset, struct co_buf *out)
{
    size_t size = offset - start < COMPARED ? (size_t)(offset - start) : COMPARED;
    char *bytes = co_buf_reserve(out, size);
    while (bytes && out->size < size) {
        ssize_t n =
            co_upload_read_at(file, bytes + out->size, size - out->size, offset - size + out->size);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        out->size += (size_t)n;
    }
    return out->error;
}

/* 0 when these bytes here are those of the file there; CO_ECHANGED; CO_ESTATUS when the server does
 * not tell; negative. */
static int compare_digests(const struct fetch *fetch, co_ftp_client *client,
    const struct co_upload *file, const uint64_t span[2])
{
    struct co_buf theirs = CO_BUF(DIGITS_MAX), ours = CO_BUF(DIGITS_MAX);
    int rc =
        co_ftp_client_hash(client, fetch->path, (const uint64_t[2]){span[0], span[1] - 1}, &theirs);
    if (rc == 0)
        rc = co_checksum_digest(CO_DIGEST_SHA256, file, span, &ours);
    if (rc == 0 && !co_text_equal(co_buf_text(&theirs), co_buf_text(&ours)))
        rc = CO_ECHANGED;
    co_buf_free(&theirs);
    co_buf_free(&ours);
    return rc;
}

/* All that is here of a span, as far as the server has HASH; the end is compared in any case. 0;
 * CO_ECHANGED; negative. */
static int compare_span(const struct fetch *fetch, co_ftp_client *client,
    const struct co_upload *file, const uint64_t span[2])
{
    int rc = client->hashes ? co_ftp_client_begin(client, "compare", fetch->path) : CO_ESTATUS;
    for (uint64_t at = span[0]; rc == 0 && at < span[1]; at += CO_FTP_HASHED_MAX) {
        uint64_t left = span[1] - at;
        uint64_t size = left < CO_FTP_HASHED_MAX ? left : CO_FTP_HASHED_MAX;
        rc = compare_digests(fetch, client, file, (const uint64_t[2]){at, at + size});
    }
    return rc == CO_ESTATUS && !client->failed ? 0 : rc;
}

/* Goes on behind the bytes that are here. CO_ECHANGED when they are not those of the file there. */
static int go_on(struct fetch *fetch, uint64_t offset, co_ftp_transfer **ret)
{
    struct co_buf before = CO_BUF(COMPARED);
    int rc = co_download_open(fetch->download, &fetch->version, offset, &fetch->file);
    if (rc == 0)
        rc = compare_span(fetch, fetch->client, fetch->file, (const uint64_t[2]){0, offset});
    if (rc == 0)
        rc = read_before(fetch->file, 0, offset, &before);
    if (rc == 0)
        rc = co_ftp_download_resume(ret, fetch->client, fetch->path, offset, co_buf_text(&before));
    co_buf_free(&before);
    if (rc < 0) {
        fetch->download->kept = co_upload_abort(fetch->file, rc != CO_ECHANGED);
        fetch->file = NULL;
    }
    return rc;
}

/* 1 when there is nothing to go on from, or the server does not. */
static int resume(struct fetch *fetch, co_ftp_transfer **ret)
{
    const struct co_download *download = fetch->download;
    uint64_t offset;
    if (!download->resume || fetch->version.name.size == 0)
        return 1;
    int rc = co_upload_partial(
        download->tree, download->path, co_buf_text(&fetch->version.name), &offset);
    if (rc < 0 || offset == 0 || offset > (uint64_t)fetch->version.size)
        return 1;
    fetch->resumed = offset;
    rc = go_on(fetch, offset, ret);
    bool anew = rc == CO_ECHANGED || (rc == CO_ESTATUS && !fetch->client->failed);
    return anew ? 1 : rc;
}

/* The file there has the size that makes the version, or is another one by now. */
static int check_size(const struct fetch *fetch, const co_ftp_transfer *transfer, uint64_t offset)
{
    int64_t left = co_ftp_transfer_size(transfer);
    if (left < 0 || fetch->version.size < 0 || left == fetch->version.size - (int64_t)offset)
        return 0;
    return co_fail(CO_ECHANGED, "the file there has changed meanwhile");
}

/* The server is asked first: what it refuses leaves nothing here. */
static int begin(struct fetch *fetch, co_ftp_transfer **ret)
{
    int rc = resume(fetch, ret);
    if (rc == 1) {
        fetch->resumed = 0;
        rc = co_ftp_download_open(ret, fetch->client, fetch->path, 0);
        if (rc == 0)
            rc = co_download_open(fetch->download, &fetch->version, 0, &fetch->file);
    }
    return rc == 0 ? check_size(fetch, *ret, fetch->resumed) : rc;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* Hands on all that comes, until it is refused. 0; what take has returned. */
static int hand_on(
    co_ftp_transfer *transfer, int (*take)(void *arg, const void *bytes, size_t size), void *arg)
{
    char *bytes = malloc(STEP_BYTES);
    int rc = bytes ? 0 : -ENOMEM;
    ssize_t n = 0;
    while (rc == 0 && (n = co_ftp_transfer_read(transfer, bytes, STEP_BYTES)) > 0)
        rc = take(arg, bytes, (size_t)n);
    free(bytes);
    return rc;
}

int co_ftp_pour(
    co_ftp_transfer *transfer, int (*take)(void *arg, const void *bytes, size_t size), void *arg)
{
    int rc = hand_on(transfer, take, arg);
    if (rc < 0) {
        co_ftp_transfer_abort(transfer);
        return rc;
    }
    return co_ftp_transfer_finish(transfer); /* it knows of a failure, and its reason */
}

/* 1: some was stored; 0: there is no more, and the transfer knows why; negative: the file's error.
 */
static int store_some(struct fetch *fetch, co_ftp_transfer *transfer, char *bytes)
{
    int pipe = co_upload_pipe(fetch->file);
    long n = pipe < 0 ? -EOPNOTSUPP : co_ftp_transfer_splice(transfer, pipe, CO_UPLOAD_PIPE_BYTES);
    bool is_moved = n != -EOPNOTSUPP;
    if (!is_moved)
        n = co_ftp_transfer_read(transfer, bytes, STEP_BYTES);
    if (n <= 0)
        return 0;
    int rc = is_moved ? co_upload_drain(fetch->file, (size_t)n)
                      : co_upload_write(fetch->file, bytes, (size_t)n);
    co_download_tell(
        fetch->download, co_upload_size(fetch->file), fetch->resumed, fetch->version.size);
    return rc == 0 ? 1 : rc == -EFBIG ? CO_ETOOBIG : rc;
}

static int store(struct fetch *fetch, co_ftp_transfer *transfer)
{
    char *bytes = malloc(STEP_BYTES);
    int rc = bytes ? 1 : -ENOMEM;
    while (rc > 0)
        rc = store_some(fetch, transfer, bytes);
    free(bytes);
    if (rc < 0) {
        co_ftp_transfer_abort(transfer);
        return rc;
    }
    return co_ftp_transfer_finish(transfer);
}

static int bring(struct fetch *fetch)
{
    co_ftp_transfer *transfer = NULL;
    int rc = begin(fetch, &transfer);
    if (rc == 0) {
        co_download_date(fetch->download, &fetch->version, fetch->file);
        co_download_tell(fetch->download, fetch->resumed, fetch->resumed, fetch->version.size);
        rc = store(fetch, transfer);
        if (rc == 0)
            rc = co_download_verify(fetch->download, fetch->file);
        if (rc == 0)
            return co_upload_commit(fetch->file, !fetch->download->no_sync);
    } else {
        co_ftp_transfer_abort(transfer);
    }
    bool is_wrong = rc == CO_ECHANGED || rc == CO_ECHECKSUM;
    if (fetch->file)
        fetch->download->kept =
            co_upload_abort(fetch->file, !is_wrong && fetch->version.name.size > 0);
    return rc;
}

/* ---- in segments ---------------------------------------------------------------------------- */

/* A transfer from behind what is here of a part, once the last of that has been compared. */
static int open_behind(const struct fetch *fetch, co_ftp_client *client,
    const struct co_download_part *part, co_ftp_transfer **ret)
{
    struct co_buf before = CO_BUF(COMPARED);
    uint64_t offset = part->missing->at;
    int rc = read_before(part->file, part->start, offset, &before);
    *ret = NULL;
    if (rc == 0)
        rc = co_ftp_download_resume(ret, client, fetch->path, offset, co_buf_text(&before));
    if (rc == 0)
        rc = check_size(fetch, *ret, offset);
    co_buf_free(&before);
    return rc;
}

static int take_for_part(void *part, const void *bytes, size_t size)
{
    return co_download_part_take(part, bytes, size);
}

/* The server sends more than a part: the transfer ends by being given up. */
static int bring_by(const struct fetch *fetch, co_ftp_client *client, struct co_download_part *part)
{
    const uint64_t here[2] = {part->start, part->missing->at};
    co_ftp_transfer *transfer = NULL;
    int rc = compare_span(fetch, client, part->file, here);
    if (rc == 0)
        rc = open_behind(fetch, client, part, &transfer);
    if (rc == 0)
        rc = hand_on(transfer, take_for_part, part); /* 1: the part has all */
    if (rc != 0) {
        co_ftp_transfer_abort(transfer);
        return rc < 0 ? rc : 0;
    }
    rc = co_ftp_transfer_finish(transfer); /* it knows why there was no more */
    return rc < 0 ? rc : CO_EEOF;
}

/* No reply of 500 and above, such as to REST, stands against the whole. */
static int bring_part(void *arg, struct co_download_part *part)
{
    struct fetch *fetch = arg;
    co_ftp_client *client;
    int status;
    int rc = co_ftp_pool_take(fetch->pool, fetch->place, &client, &status);
    if (rc == 0) {
        rc = bring_by(fetch, client, part);
        status = co_ftp_status(client, rc);
        if (rc == CO_ESTATUS && !client->failed && co_ftp_last_code(client) >= 500)
            rc = CO_DOWNLOAD_WHOLE;
        co_ftp_pool_give(fetch->pool, fetch->place, client);
    }
    if (rc == CO_ESTATUS)
        fetch->download->status = status;
    return rc;
}

/* Has the file there the end of each part, and the version's size and time? A file that took its
 * place between two parts has another end of one of them. */
static int compare_parts(struct fetch *fetch, const struct co_download_part *parts, size_t count)
{
    struct co_ftp_entry entry;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        co_ftp_transfer *transfer;
        rc = open_behind(fetch, fetch->client, &parts[i], &transfer);
        co_ftp_transfer_abort(transfer);
    }
    if (rc == 0)
        rc = co_ftp_stat(fetch->client, fetch->path, &entry);
    bool same = rc == 0 && entry.modified_within == 1 && entry.size_known &&
                entry.modified == fetch->version.modified &&
                entry.size == (uint64_t)fetch->version.size;
    return rc < 0 || same ? rc : CO_ECHANGED;
}

static int enter(struct fetch *fetch)
{
    return co_ftp_pool_take(fetch->pool, fetch->place, &fetch->client, &fetch->download->status);
}

static int leave(struct fetch *fetch, int rc)
{
    if (fetch->client) {
        if (rc < 0)
            fetch->download->status = co_ftp_status(fetch->client, rc);
        co_ftp_pool_give(fetch->pool, fetch->place, fetch->client);
        fetch->client = NULL;
    }
    return rc;
}

static int check_parts(void *arg, const struct co_download_part *parts, size_t count)
{
    struct fetch *fetch = arg;
    int rc = enter(fetch);
    return rc < 0 ? rc : leave(fetch, compare_parts(fetch, parts, count));
}

/* As co_download_segments. Nobody has a connection while the parts wait for theirs. */
static int bring_in_segments(struct fetch *fetch)
{
    const struct co_download_source source = {bring_part, check_parts, fetch};
    if (!co_download_may_segment(fetch->download, &fetch->version))
        return 1;
    leave(fetch, 0);
    int rc = co_download_segments(fetch->download, &fetch->version, &source);
    if (rc != 1)
        return rc;
    rc = enter(fetch);
    return rc < 0 ? rc : 1;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* CO_DOWNLOAD_WHOLE: it did not go in segments. */
static int run(struct fetch *fetch, const struct co_download_local *local)
{
    struct co_download *download = fetch->download;
    struct co_version *version = &fetch->version;
    *version = (struct co_version){
        .name = CO_BUF(VERSION_MAX), .size = -1, .modified = CO_DOWNLOAD_NO_TIME};
    int rc = enter(fetch);
    if (rc < 0)
        return rc;
    rc = look(fetch);
    download->unchanged =
        rc == 0 && co_download_is_here(download, local, version->modified, version->size);
    if (rc == 0 && !download->unchanged && local->exists && !co_download_replaces(download))
        rc = -EEXIST;
    if (rc == 0 && !download->unchanged) {
        rc = bring_in_segments(fetch);
        if (rc == 1)
            rc = bring(fetch);
    }
    co_buf_free(&version->name);
    return leave(fetch, rc);
}

int co_download_ftp(struct co_download *download, struct co_ftp_pool *pool,
    const struct co_ftp_place *place, const char *path)
{
    struct fetch fetch = {.download = download, .pool = pool, .place = place, .path = path};
    struct co_download_local local;
    download->status = 0;
    download->kept = 0;
    int rc = co_download_look(download, &local);
    if (rc == 0)
        rc = run(&fetch, &local);
    if (rc == CO_DOWNLOAD_WHOLE) {
        download->segments = 1;
        rc = run(&fetch, &local);
    }
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "transfer/upload_ftp.h"

#include "coding/digest.h"
#include "ftp/client.h"

#include <errno.h>
#include <stdlib.h>

#define STEP_BYTES  65536
#define RESUMED_MIN 262144     /* bytes of a file: fewer are sent sooner than asked about */
#define FETCHED_MAX STEP_BYTES /* bytes that are fetched to be compared */
#define DIGITS_MAX  128

struct sending {
    co_ftp_client *client;
    const char *path;
    struct co_remote_upload *upload;
    char *bytes;     /* room for STEP_BYTES */
    uint64_t there;  /* bytes that the server has */
    bool is_visible; /* as a file, and not only as something that can be gone on from */
};

static bool is_refusal(const struct sending *sending, int rc)
{
    return rc == CO_ESTATUS && !sending->client->failed;
}

/* Returns 0: what is there is left alone. */
static int not_from_there(const struct sending *sending, const char *why)
{
    if (sending->upload->anew)
        sending->upload->anew(sending->upload->arg, why);
    return 0;
}

/* ---- comparing ------------------------------------------------------------------------------ */

/* Reads all of these bytes of the file here. 0 or negative. */
static int read_here(const struct sending *sending, char *bytes, size_t size, uint64_t offset)
{
    const struct co_remote_upload *upload = sending->upload;
    for (size_t done = 0; done < size;) {
        ssize_t n = upload->read(upload->arg, bytes + done, size - done, offset + done);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        done += (size_t)n;
    }
    return 0;
}

static int hash_here(const struct sending *sending, const uint64_t range[2], struct co_buf *out)
{
    struct co_digest *digest;
    int rc = co_digest_new(&digest, CO_DIGEST_SHA256);
    if (rc < 0)
        return rc;
    for (uint64_t at = range[0]; rc == 0 && at <= range[1]; at += STEP_BYTES) {
        uint64_t left = range[1] + 1 - at;
        size_t size = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
        rc = read_here(sending, sending->bytes, size, at);
        if (rc == 0)
            rc = co_digest_step(digest, (co_text){sending->bytes, size});
    }
    if (rc == 0)
        rc = co_digest_end(digest, out);
    co_digest_free(digest);
    return rc;
}

/* 1: the last bytes there are ours; 0: they are others; CO_ESTATUS when the server does not tell;
 * negative. */
static int compare_hashes(const struct sending *sending)
{
    const uint64_t there = sending->there, last = there - 1;
    const uint64_t range[2] = {there > CO_FTP_HASHED_MAX ? there - CO_FTP_HASHED_MAX : 0, last};
    struct co_buf theirs = CO_BUF(DIGITS_MAX), ours = CO_BUF(DIGITS_MAX);
    int rc = co_ftp_client_hash(sending->client, sending->path, range, &theirs);
    if (rc == 0)
        rc = hash_here(sending, range, &ours);
    if (rc == 0)
        rc = co_text_equal(co_buf_text(&theirs), co_buf_text(&ours));
    co_buf_free(&theirs);
    co_buf_free(&ours);
    return rc;
}

/* Reads a download to its end, into as many bytes as it must have. 0; CO_EFTP when it has others.
 */
static int fetch(co_ftp_transfer *transfer, char *bytes, size_t size)
{
    size_t done = 0;
    ssize_t n = 1;
    char more;
    while (done < size && (n = co_ftp_transfer_read(transfer, bytes + done, size - done)) > 0)
        done += (size_t)n;
    bool is_more = done == size && co_ftp_transfer_read(transfer, &more, 1) > 0;
    if (is_more) {
        co_ftp_transfer_abort(transfer);
        return CO_EFTP;
    }
    int rc = co_ftp_transfer_finish(transfer);
    return rc == 0 && done < size ? CO_EFTP : rc;
}

/* As compare_hashes. A server that ignores the offset sends more than it should. */
static int compare_bytes(const struct sending *sending)
{
    size_t size = sending->there < FETCHED_MAX ? (size_t)sending->there : FETCHED_MAX;
    uint64_t offset = sending->there - size;
    char *theirs = malloc(size);
    co_ftp_transfer *transfer;
    int rc = theirs ? 0 : -ENOMEM;
    if (rc == 0)
        rc = co_ftp_download_open(&transfer, sending->client, sending->path, offset);
    if (rc == 0)
        rc = fetch(transfer, theirs, size);
    if (rc == 0)
        rc = read_here(sending, sending->bytes, size, offset);
    if (rc == 0)
        rc = memcmp(theirs, sending->bytes, size) == 0;
    free(theirs);
    bool is_other = (rc == CO_EFTP || rc == CO_EEOF) && !sending->client->failed;
    return is_other && co_status() == 0 ? 0 : rc;
}

static int compare(const struct sending *sending)
{
    int rc = sending->client->hashes ? compare_hashes(sending) : CO_ESTATUS;
    return is_refusal(sending, rc) ? compare_bytes(sending) : rc;
}

/* ---- where to begin ------------------------------------------------------------------------- */

/* What there is of it. ret_modified: seconds since 1970; CO_REMOTE_NO_TIME: not told. 0; CO_ESTATUS
 * when there is nothing; negative. */
static int look(struct sending *sending, int64_t *ret_modified)
{
    struct co_ftp_entry entry;
    *ret_modified = CO_REMOTE_NO_TIME;
    int rc = co_ftp_stat(sending->client, sending->path, &entry);
    if (is_refusal(sending, rc)) /* Coronet's tells the uploader what it has, and nobody else */
        return co_ftp_size(sending->client, sending->path, &sending->there);
    if (rc < 0)
        return rc;
    if (entry.type != CO_FTP_FILE || !entry.size_known)
        return CO_ESTATUS;
    sending->there = entry.size;
    sending->is_visible = true;
    if (entry.modified_within == 1)
        *ret_modified = entry.modified;
    return 0;
}

/* 1: from what is there; 0: from nothing; negative. */
static int find_start(struct sending *sending)
{
    const struct co_remote_upload *upload = sending->upload;
    int64_t modified;
    int rc = look(sending, &modified);
    if (rc < 0 || sending->there == 0)
        return is_refusal(sending, rc) ? 0 : rc;
    if (sending->there > (uint64_t)upload->size)
        return not_from_there(sending, "what lies there is longer");
    if (upload->changed && modified != CO_REMOTE_NO_TIME && modified <= upload->changed)
        return not_from_there(sending, "what lies there is older than this version of it");
    rc = compare(sending);
    if (rc == 0)
        return not_from_there(sending, "what lies there is not its beginning");
    if (is_refusal(sending, rc))
        return not_from_there(sending, "the server does not show what it has of it");
    return rc;
}

/* Some servers know REST for downloads alone; then what lies there must not have grown meanwhile.
 * 1; 0: neither can be had; negative. */
static int open_behind(struct sending *sending, co_ftp_transfer **ret)
{
    co_ftp_client *client = sending->client;
    int rc = co_ftp_upload_open(ret, client, sending->path, CO_FTP_CONTINUE, sending->there);
    if (!is_refusal(sending, rc))
        return rc < 0 ? rc : 1;
    rc = co_ftp_upload_open(ret, client, sending->path, CO_FTP_APPEND, 0);
    if (rc < 0)
        return is_refusal(sending, rc) ? not_from_there(sending, "the server takes no rest") : rc;
    if ((*ret)->check_size && (*ret)->before == sending->there)
        return 1;
    co_ftp_transfer_abort(*ret);
    return not_from_there(sending, "what lies there has changed meanwhile");
}

static bool may_resume(const struct sending *sending)
{
    const struct co_remote_upload *upload = sending->upload;
    return upload->resume && upload->size >= RESUMED_MIN && !sending->client->options.ascii;
}

/* Opens it where it is to begin: *ret is NULL when all of it is there. */
static int begin(struct sending *sending, co_ftp_transfer **ret)
{
    *ret = NULL;
    int rc = may_resume(sending) ? find_start(sending) : 0;
    if (rc == 1 && sending->is_visible && sending->there == (uint64_t)sending->upload->size)
        return 0;
    if (rc == 1)
        rc = open_behind(sending, ret);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    sending->there = 0;
    return co_ftp_upload_open(ret, sending->client, sending->path, CO_FTP_REPLACE, 0);
}

/* ---- sending -------------------------------------------------------------------------------- */

static void tell(const struct sending *sending, uint64_t bytes)
{
    const struct co_remote_upload *upload = sending->upload;
    const struct co_download_progress progress = {
        .bytes = bytes, .resumed = sending->there, .size = upload->size};
    if (upload->progress)
        upload->progress(upload->arg, &progress);
}

static int send_all(const struct sending *sending, co_ftp_transfer *transfer)
{
    struct co_remote_upload *upload = sending->upload;
    uint64_t at = sending->there;
    int rc = 0;
    while (rc == 0) {
        tell(sending, at);
        upload->begun = true;
        ssize_t n = upload->read(upload->arg, sending->bytes, STEP_BYTES, at);
        if (n < 0) {
            co_ftp_transfer_abort(transfer);
            return (int)n;
        }
        if (n == 0)
            break;
        rc = co_ftp_transfer_write(transfer, sending->bytes, (size_t)n);
        at += (uint64_t)n;
    }
    return co_ftp_transfer_finish(transfer); /* it knows of a failure, and its reason */
}

int co_upload_ftp(co_ftp_client *client, const char *path, struct co_remote_upload *upload)
{
    struct sending sending = {.client = client, .path = path, .upload = upload};
    co_ftp_transfer *transfer = NULL;
    sending.bytes = malloc(STEP_BYTES);
    int rc = sending.bytes ? begin(&sending, &transfer) : -ENOMEM;
    if (rc == 0 && transfer)
        rc = send_all(&sending, transfer);
    else if (rc == 0)
        tell(&sending, sending.there);
    free(sending.bytes);
    return rc;
}

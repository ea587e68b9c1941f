/* SPDX-License-Identifier: MIT */
/*
 * PUT (RFC 9110 9.3.4): the body becomes a file when all of it has come.
 *
 * With Content-Range the body is a part (RFC 9110 14.5), as "curl -C -" sends it: it goes behind
 * the bytes that are there already, be it of an upload that was cut off or of the whole file, and
 * the file appears with the last byte. All that can be refused is refused before the body is asked
 * for (RFC 9110 10.1.1).
 */
#include "codec/range.h"
#include "http/body.h"
#include "http/writing.h"
#include "tree/upload.h"

#include <errno.h>
#include <stdio.h>

struct put {
    struct co_http_visit *visit;
    struct co_http_target target; /* what was there before */
    struct co_content_range part; /* of the file; without Content-Range from 0 on */
    bool is_part;
};

/* ---- before the body ------------------------------------------------------------------------- */

static bool is_plain(const co_http_request *request)
{
    co_text coding = co_http_header(request, "Content-Encoding");
    return !coding.at || co_text_equal_nocase(coding, CO_TEXT("identity"));
}

/* 0, or the status that refuses what the head says about the body. */
static int read_head(struct put *put)
{
    const co_http_request *request = put->visit->request;
    const struct co_http1_request *head = &request->head;
    uint64_t max = put->visit->files->options.upload_bytes_max, end = head->body_size;
    co_text range = co_http_header(request, "Content-Range");
    if (!is_plain(request))
        return 415; /* RFC 9110 15.5.16: the file would be what it was packed as */
    if (head->framing == CO_HTTP_NO_BODY && !head->content_length.at)
        return 411;
    put->is_part = range.at;
    if (range.at) {
        if (co_content_range_parse(range, &put->part) < 0)
            return 400;
        end = put->part.size == UINT64_MAX ? put->part.last + 1 : put->part.size;
        if (head->framing != CO_HTTP_CHUNKED &&
            head->body_size != put->part.last - put->part.first + 1)
            return 400;
    }
    return max && end > max ? 413 : 0;
}

static int open_upload(struct put *put, struct co_upload **ret)
{
    char uploader[CO_HTTP_UPLOADER_MAX];
    const struct co_http_visit *visit = put->visit;
    const struct co_upload_options options = {
        .start = put->part.first ? CO_UPLOAD_RESUME : CO_UPLOAD_ANEW,
        .offset = put->part.first,
        .partial_only = co_http_header(visit->request, "Upload-Version").at,
        .uploader = co_http_uploader(visit, uploader),
        .fresh = co_text_equal(visit->request->head.if_none_match, CO_TEXT("*")),
        .size_max = visit->files->options.upload_bytes_max,
    };
    return co_upload_open(
        ret, visit->view->tree, co_http_visit_path(put->visit, (co_text){0}), &options);
}

/* ---- the body ---------------------------------------------------------------------------------
 */

/* The count; 0 at the body's end. */
static long store_some(co_http_request *request, struct co_upload *upload)
{
    co_text piece;
    int pipe = co_upload_pipe(upload);
    long n = pipe < 0 ? -EOPNOTSUPP : co_http_body_splice(request, pipe, CO_UPLOAD_PIPE_BYTES);
    bool is_moved = n != -EOPNOTSUPP;
    if (!is_moved)
        n = co_http_body_next(request, &piece);
    if (n <= 0)
        return n;
    int rc = is_moved ? co_upload_drain(upload, (size_t)n)
                      : co_upload_write(upload, piece.at, piece.size);
    return rc < 0 ? rc : n;
}

/* Stores what comes. 0; CO_EEOF and the like for a body that did not come whole (also in the
 * request's body_error); -errno of the tree's. */
static int receive(const struct put *put, struct co_upload *upload)
{
    co_http_request *request = put->visit->request;
    long n;
    request->body_bytes_max = UINT64_MAX;
    do
        n = store_some(request, upload);
    while (n > 0);
    return (int)n;
}

/* Tells in Upload-Offset how much of the file is there. */
static int reply_offset(struct co_http_visit *visit, int status, uint64_t bytes)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
    int rc = co_http_set(visit->request, "Upload-Offset", text);
    return rc < 0 ? rc : co_http_reply(visit->request, status, NULL, NULL, 0);
}

/* The client goes on where nothing has come to yet. */
static int refuse_offset(struct put *put)
{
    char uploader[CO_HTTP_UPLOADER_MAX];
    struct co_http_visit *visit = put->visit;
    uint64_t bytes = 0;
    co_text path = co_http_visit_path(visit, (co_text){0});
    if (co_upload_partial(visit->view->tree, path, co_http_uploader(visit, uploader), &bytes) < 0)
        bytes = put->target.is_file && !co_http_header(visit->request, "Upload-Version").at
                    ? put->target.stat.size
                    : 0;
    return reply_offset(visit, 409, bytes);
}

static void tell(const struct put *put, int error)
{
    const co_http_request *request = put->visit->request;
    co_http_tell_transfer(request, request->start_ns,
        &(struct co_http_transfer){.path = co_buf_text(&request->path),
            .bytes = request->body_bytes,
            .is_upload = true,
            .error = error});
}

/* The conditions held before the body came, which can be long ago: what was put there meanwhile is
 * not lost to it (RFC 9110 13.1.1). What takes long comes before that look. 0; -EEXIST, -errno. */
static int meets_still(const struct put *put, struct co_upload *upload)
{
    const struct co_http1_request *head = &put->visit->request->head;
    struct co_http_target now;
    if (!head->if_match.at && !head->if_none_match.at && !head->if_unmodified_since.at)
        return 0;
    int rc = put->visit->files->options.no_sync ? 0 : co_upload_sync(upload);
    if (rc == 0)
        rc = co_http_target_look(put->visit, &now);
    return rc == 0 && !co_http_target_meets(put->visit, &now) ? -EEXIST : rc;
}

/* All of the file is stored: it gets its name. 0, -errno. */
static int commit(const struct put *put, struct co_upload *upload)
{
    int rc = meets_still(put, upload);
    if (rc == 0)
        return co_upload_commit(upload, !put->visit->files->options.no_sync);
    co_upload_abort(upload, rc == CO_ECANCELED || rc == CO_EDEADLINE);
    return rc;
}

/* All of the body is stored: of the file too? */
static int finish(struct put *put, struct co_upload *upload)
{
    struct co_http_visit *visit = put->visit;
    uint64_t size = co_upload_size(upload);
    bool is_short = put->is_part && size != put->part.last + 1;
    if (is_short) {
        co_upload_abort(upload, true);
        tell(put, CO_EEOF);
        return co_http_visit_error(visit, 400);
    }
    if (put->is_part && size != put->part.size) {
        int rc = co_upload_pause(upload);
        tell(put, rc < 0 ? rc : CO_EEOF);
        return rc < 0 ? co_http_write_failed(visit, rc) : reply_offset(visit, 202, size);
    }
    int rc = commit(put, upload);
    tell(put, rc);
    return rc < 0 ? co_http_write_failed(visit, rc)
                  : co_http_write_done(visit, !put->target.exists, (co_text){0});
}

static int store(struct put *put)
{
    struct co_upload *upload;
    int rc = open_upload(put, &upload);
    if (rc == -EINVAL && put->part.first)
        return refuse_offset(put);
    if (rc < 0)
        return co_http_write_failed(put->visit, rc);
    rc = receive(put, upload);
    if (rc == 0)
        return finish(put, upload);
    co_upload_abort(upload, true);
    tell(put, rc);
    return put->visit->request->body_error ? rc : co_http_write_failed(put->visit, rc);
}

int co_http_put(struct co_http_visit *visit)
{
    struct put put = {.visit = visit};
    if (co_http_visit_is_folder(visit))
        return co_http_visit_not_allowed(visit);
    int status = read_head(&put);
    if (status)
        return status == 413 ? co_http_write_failed(visit, -EFBIG)
                             : co_http_visit_error(visit, status);
    int rc = co_http_target_look(visit, &put.target);
    if (rc < 0)
        return co_http_write_failed(visit, rc);
    if (!co_http_target_meets(visit, &put.target))
        return co_http_visit_error(visit, 412);
    return store(&put);
}

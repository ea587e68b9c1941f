/* SPDX-License-Identifier: MIT */
/*
 * POST of a form to a folder (RFC 7578): the files of it, as a browser's page sends them.
 *
 * Each file appears when it is whole, so what came before a failure stays. Fields that are no files
 * are passed over. A folder that was chosen as a whole sends relative paths: its folders are made.
 */
#include "codec/escape.h"
#include "codec/multipart.h"
#include "http/body.h"
#include "http/writing.h"
#include "tree/edit.h"
#include "tree/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES_MAX  10000      /* of one form: each costs the disk a sync */
#define REPORT_MAX (2u << 20) /* bytes of what is said about them; more is left out */

struct form {
    struct co_http_visit *visit;
    struct co_multipart decoder;
    struct co_upload *upload; /* of the part that is being read; NULL: no file, or none chosen */
    struct co_buf path;       /* its path in the tree */
    size_t folder_size;       /* of that, the visit's */
    int64_t file_start_ns;
    unsigned files;
    struct co_buf report; /* a list in JSON */
};

/* ---- one file -------------------------------------------------------------------------------- */

/* Makes the folders on the way to the file, as far as they are missing. */
static int make_folders(struct form *form)
{
    co_text path = co_buf_text(&form->path);
    for (size_t i = form->folder_size; i < path.size; i++) {
        if (path.at[i] != '/')
            continue;
        int rc = co_tree_folder_make(form->visit->view->tree, (co_text){path.at, i});
        if (rc < 0 && rc != -EEXIST)
            return rc;
    }
    return 0;
}

static int file_open(struct form *form)
{
    char uploader[CO_HTTP_UPLOADER_MAX];
    const struct co_http_visit *visit = form->visit;
    struct co_tree *tree = visit->view->tree;
    const struct co_upload_options options = {.uploader = co_http_uploader(visit, uploader),
        .size_max = visit->files->options.upload_bytes_max};
    co_text path = co_buf_text(&form->path);
    int rc = co_upload_open(&form->upload, tree, path, &options);
    if (rc != -ENOENT || co_text_find(co_text_after(path, form->folder_size), '/') < 0)
        return rc;
    rc = make_folders(form);
    return rc < 0 ? rc : co_upload_open(&form->upload, tree, path, &options);
}

/* Names from outside hold no controls here: they would be hard to see and to get rid of. */
static bool is_good_name(co_text path)
{
    for (size_t i = 0; i < path.size; i++)
        if ((unsigned char)path.at[i] < 0x20 || path.at[i] == 0x7f)
            return false;
    return path.size > 0;
}

static int part_begin(struct form *form)
{
    co_text name, file;
    int rc = co_multipart_disposition(&form->decoder, &name, &file);
    if (rc < 0 || file.size == 0) /* nothing was chosen (HTML 4.10.21.4) */
        return rc;
    co_text path = co_multipart_path(file);
    if (!is_good_name(path) || form->files++ >= FILES_MAX)
        return CO_EINVALID;
    form->file_start_ns = co_now_ns();
    form->path.size = form->folder_size;
    co_buf_add_text(&form->path, path);
    if (form->path.error)
        return form->path.error == CO_ETOOBIG ? -ENAMETOOLONG : form->path.error;
    return file_open(form);
}

static void report_file(struct form *form, uint64_t bytes)
{
    struct co_buf *report = &form->report;
    co_buf_add_string(report, report->size ? ",\n{\"name\":\"" : "\n{\"name\":\"");
    co_escape_json(report, co_text_after(co_buf_text(&form->path), form->folder_size));
    co_buf_addf(report, "\",\"bytes\":%llu}", (unsigned long long)bytes);
}

static void tell(struct form *form, uint64_t bytes, int error)
{
    struct co_http_visit *visit = form->visit;
    co_text name = co_text_after(co_buf_text(&form->path), form->folder_size);
    co_text path = co_http_visit_path(visit, name);
    co_http_tell_transfer(visit->request, form->file_start_ns,
        &(struct co_http_transfer){.path = {visit->request->path.at, visit->from + path.size},
            .bytes = bytes,
            .is_upload = true,
            .error = error});
}

static int part_end(struct form *form)
{
    struct co_upload *upload = form->upload;
    if (!upload)
        return 0;
    uint64_t bytes = co_upload_size(upload);
    form->upload = NULL;
    int rc = co_upload_commit(upload, !form->visit->files->options.no_sync);
    if (rc == 0)
        report_file(form, bytes);
    tell(form, bytes, rc);
    return rc;
}

/* ---- the body ---------------------------------------------------------------------------------
 */

/* Obeys what one piece of the body says. 1 at the form's end. */
static int take(struct form *form, co_text input)
{
    co_text data;
    int rc = 0;
    while (rc == 0) {
        switch (co_multipart_next(&form->decoder, &input, &data)) {
        case CO_MULTIPART_MORE: return 0;
        case CO_MULTIPART_PART: rc = part_begin(form); break;
        case CO_MULTIPART_DATA:
            rc = form->upload ? co_upload_write(form->upload, data.at, data.size) : 0;
            break;
        case CO_MULTIPART_DONE: rc = part_end(form); break;
        case CO_MULTIPART_END: return 1;
        default: return CO_EHTTP;
        }
    }
    return rc;
}

/* Reads the form. 0; CO_EHTTP when it is none; failures of the body (in body_error, too) and of the
 * tree. */
static int receive(struct form *form)
{
    co_http_request *request = form->visit->request;
    co_text piece;
    ssize_t n;
    int rc = 0;
    request->body_bytes_max = UINT64_MAX;
    while ((n = co_http_body_next(request, &piece)) > 0) {
        if (rc == 0)
            rc = take(form, piece);
        if (rc < 0)
            return rc;
    }
    if (n < 0)
        return (int)n;
    return rc == 1 ? 0 : CO_EHTTP;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int reply_json(struct form *form)
{
    struct co_buf body = CO_BUF(REPORT_MAX + 64);
    co_buf_add_string(&body, "{\"files\":[");
    if (!form->report.error)
        co_buf_add_text(&body, co_buf_text(&form->report));
    co_buf_add_string(&body, "]}\n");
    int rc = body.error;
    if (rc == 0)
        rc = co_http_reply(form->visit->request, 201, "application/json", body.at, body.size);
    co_buf_free(&body);
    return rc;
}

/* RFC 9110 15.4.4: so that "reload" sends nothing again. To those who may not list, the page tells
 * how many there were. */
static int reply_see_folder(const struct form *form)
{
    struct co_http_visit *visit = form->visit;
    co_text folder = {visit->request->path.at, visit->from + visit->size};
    if (co_http_visit_rights(visit) & CO_MAY_LIST)
        return co_http_redirect(visit->request, 303, folder);
    char location[32];
    snprintf(location, sizeof location, "./?uploaded=%u", form->files);
    int rc = co_http_set(visit->request, "Location", location);
    return rc < 0 ? rc : co_http_reply(visit->request, 303, NULL, NULL, 0);
}

static int reply(struct form *form, int result)
{
    struct co_http_visit *visit = form->visit;
    const co_http_request *request = visit->request;
    if (result == CO_EHTTP || result == CO_EINVALID)
        return request->body_error ? result : co_http_visit_error(visit, 400);
    if (result < 0)
        return request->body_error ? result : co_http_write_failed(visit, result);
    int rc = co_http_visit_set_cors(visit);
    if (rc < 0)
        return rc;
    if (co_accept_prefers(&request->head, CO_TEXT("application/json"), CO_TEXT("text/html")))
        return reply_json(form);
    return reply_see_folder(form);
}

static int form_run(struct form *form)
{
    co_text folder = co_http_visit_path(form->visit, (co_text){0});
    form->path = CO_BUF(CO_TREE_PATH_MAX);
    form->report = CO_BUF(REPORT_MAX);
    co_buf_add_text(&form->path, folder);
    form->folder_size = folder.size;
    int rc = form->path.error ? form->path.error : receive(form);
    if (form->upload)
        tell(form, co_upload_size(form->upload), rc);
    co_upload_abort(form->upload, false);
    rc = reply(form, rc);
    co_buf_free(&form->path);
    co_buf_free(&form->report);
    return rc;
}

int co_http_form(struct co_http_visit *visit)
{
    if (!co_http_visit_is_folder(visit))
        return co_http_visit_not_allowed(visit);
    struct form *form = calloc(1, sizeof *form);
    if (!form)
        return -ENOMEM;
    form->visit = visit;
    int rc = co_multipart_start(&form->decoder, visit->request->head.content_type) < 0
                 ? co_http_visit_error(visit, 415)
                 : form_run(form);
    free(form);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* A file's heads, made once: what is sent for a file in the cache is there already. */
#include "codec/date.h"
#include "http/field.h"
#include "http/files.h"

#include <stdlib.h>

#define HEAD_MAX 8192 /* bytes; the longest parts are a media type and the lines of the options */

/* ---- what was made of a file ---------------------------------------------------------------- */

static void form_free(struct co_http_form *form)
{
    if (form)
        free(form->whole.made);
    free(form);
}

static void made_free(void *arg)
{
    struct co_http_made *made = arg;
    for (size_t i = 0; i < CO_HTTP_FORMS; i++)
        for (size_t undated = 0; undated < 2; undated++)
            form_free(made->forms[i][undated]);
    free(made->deflated);
    free(made);
}

struct co_http_made *co_http_made_of(
    const struct co_http_visit *visit, struct co_tree_file *file, co_text name)
{
    if (CO_LIKELY(file->made != NULL))
        return file->made;
    struct co_http_made *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    const struct co_http_files_options *options = &visit->files->options;
    made->type = co_media_type(visit->files->media, name);
    bool compressible = co_media_compressible(made->type);
    uint64_t size = file->stat.size;
    made->deflatable = compressible && !options->no_compression && size >= CO_HTTP_DEFLATE_MIN &&
                       size <= CO_HTTP_DEFLATE_MAX;
    made->negotiable = made->deflatable || !options->no_precompressed;
    made->varies = made->deflatable || (compressible && !options->no_precompressed);
    file->made = made;
    file->free_made = made_free;
    return made;
}

/* May such a document run scripts when a browser shows it? All that is XML may. */
static bool may_run_scripts(co_text type)
{
    ssize_t semicolon = co_text_find(type, ';');
    co_text essence = {type.at, semicolon < 0 ? type.size : (size_t)semicolon};
    return co_text_equal_nocase(essence, CO_TEXT("text/html")) ||
           (essence.size >= 3 &&
               co_text_equal_nocase(co_text_after(essence, essence.size - 3), CO_TEXT("xml")));
}

/* ---- a form ------------------------------------------------------------------------------- */

/* Where the parts of a head begin. */
struct parts {
    size_t about, fixed;
};

/* Keyed with what only this machine knows of the folder: tags tell nothing of inodes, and yet stay
 * the same when the server starts anew, so that downloads can go on. */
static uint64_t keyed(const struct co_tree_view *view, const uint64_t *identity, size_t size)
{
    const uint64_t secret[] = {view->folder.inode, view->folder.device};
    return co_siphash(secret, identity, size);
}

static uint64_t tag_of(const struct co_tree_view *view, const struct co_tree_stat *stat)
{
    const uint64_t identity[] = {(uint64_t)stat->modified_ns, stat->size, stat->inode};
    return keyed(view, identity, sizeof identity);
}

uint64_t co_http_identity_of(const struct co_tree_view *view, const struct co_tree_stat *stat)
{
    const uint64_t identity[] = {stat->inode, stat->device};
    return keyed(view, identity, sizeof identity);
}

void co_http_etag_add(
    struct co_buf *out, const struct co_tree_view *view, const struct co_tree_stat *stat)
{
    co_buf_addf(out, "\"%016llx\"", (unsigned long long)tag_of(view, stat));
}

/*
 * RFC 9110 8.8.3: strong for the file's own bytes and a sibling's, by all that changes with them.
 * What we compress is the same in meaning only (another zlib may yield other bytes), so weak: that
 * costs nothing, since it has no ranges.
 */
static void add_etag(struct co_buf *head, const struct co_http_visit *visit,
    const struct co_tree_stat *stat, enum co_http_form_kind kind, enum co_coding coding)
{
    co_buf_add_string(head, kind == CO_HTTP_FORM_DEFLATED ? "ETag: W/" : "ETag: ");
    if (coding == CO_CODING_IDENTITY)
        co_http_etag_add(head, visit->view, stat);
    else
        co_buf_addf(head, "\"%016llx-%s\"", (unsigned long long)tag_of(visit->view, stat),
            co_coding_name(coding));
    co_buf_add_string(head, "\r\n");
}

/* RFC 9110 8.8.2.1: never later than Date, which a head made before does not know. The calendar may
 * be set back at any time (attacks M15). */
static bool is_undated(const struct co_http_visit *visit, const struct co_tree_file *file)
{
    return file->stat.modified_ns / CO_SECOND > visit->request->start_seconds;
}

static void add_modified(struct co_buf *head, int64_t modified)
{
    char date[CO_DATE_SIZE];
    co_date_write(date, modified);
    co_http_line_add(head, CO_TEXT("Last-Modified"), (co_text){date, sizeof date});
}

static void add_length(
    struct co_buf *head, const struct co_tree_file *file, enum co_http_form_kind kind)
{
    const struct co_http_made *made = file->made;
    if (kind == CO_HTTP_FORM_DEFLATED && !made->deflated)
        return; /* known only when all of it was sent */
    uint64_t size = kind == CO_HTTP_FORM_DEFLATED ? made->deflated_size : file->stat.size;
    co_buf_add_string(head, "Content-Length: ");
    co_buf_add_number(head, size);
    co_buf_add_string(head, "\r\n");
}

static co_text type_of(const struct co_http_made *made, enum co_http_form_kind kind)
{
    return kind == CO_HTTP_FORM_SIBLING ? made->of_type : made->type;
}

static struct parts write_head(struct co_buf *head, const struct co_http_visit *visit,
    const struct co_tree_file *file, enum co_http_form_kind kind, enum co_coding coding)
{
    const struct co_http_made *made = file->made;
    struct parts parts;
    co_text type = type_of(made, kind);
    int64_t modified = file->stat.modified_ns / CO_SECOND;
    co_buf_add_string(head, "HTTP/1.1 200 OK\r\n");
    add_length(head, file, kind);
    co_http_line_add(head, CO_TEXT("Content-Type"), type);
    parts.about = head->size;
    if (coding != CO_CODING_IDENTITY)
        co_http_line_add(head, CO_TEXT("Content-Encoding"), co_text_of(co_coding_name(coding)));
    if (kind != CO_HTTP_FORM_DEFLATED)
        co_http_line_add(head, CO_TEXT("Accept-Ranges"), CO_TEXT("bytes"));
    if (modified >= 0 && !is_undated(visit, file))
        add_modified(head, modified);
    parts.fixed = head->size;
    add_etag(head, visit, &file->stat, kind, coding);
    if (made->varies || kind == CO_HTTP_FORM_SIBLING)
        co_http_line_add(head, CO_TEXT("Vary"), CO_TEXT("Accept-Encoding"));
    if (visit->files->is_writable && may_run_scripts(type))
        co_http_line_add(head, CO_TEXT("Content-Security-Policy"), CO_TEXT("sandbox"));
    co_buf_add_text(head, co_buf_text(&visit->files->cache_field));
    co_buf_add_text(head, co_buf_text(&visit->files->fields));
    return parts;
}

/* The first value in quotes. */
static co_text find_etag(co_text fixed)
{
    co_text tag = co_text_after(fixed, (size_t)co_text_find(fixed, '"'));
    tag.size = 2 + (size_t)co_text_find(co_text_after(tag, 1), '"');
    return tag;
}

static struct co_http_form *form_new(const struct co_http_visit *visit,
    const struct co_tree_file *file, enum co_http_form_kind kind, enum co_coding coding)
{
    struct co_buf head = CO_BUF(HEAD_MAX);
    struct parts parts = write_head(&head, visit, file, kind, coding);
    struct co_http_form *form = head.error ? NULL : malloc(sizeof *form + head.size);
    if (form) {
        memcpy(form->text, head.at, head.size);
        form->whole = (struct co_http_prepared){.head = {form->text, head.size}};
        form->about = co_text_after(form->whole.head, parts.about);
        form->fixed = co_text_after(form->whole.head, parts.fixed);
        form->type = type_of(file->made, kind);
        form->etag = find_etag(form->fixed);
        form->modified = file->stat.modified_ns / CO_SECOND;
        form->undated = is_undated(visit, file);
    }
    co_buf_free(&head);
    return form;
}

struct co_http_form *co_http_form_of(const struct co_http_visit *visit, struct co_tree_file *file,
    enum co_http_form_kind kind, enum co_coding coding)
{
    struct co_http_made *made = file->made;
    struct co_http_form **form = &made->forms[kind][is_undated(visit, file)];
    if (CO_UNLIKELY(!*form))
        *form = form_new(visit, file, kind, coding);
    return *form;
}

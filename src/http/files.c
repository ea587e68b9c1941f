/* SPDX-License-Identifier: MIT */
/* A folder as a route: building it, and finding what a request's path means in it. */
#include "base/error.h"
#include "http/field.h"
#include "http/route.h"
#include "http/writing.h"
#include "tree/upload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELDS_MAX     1024       /* bytes of the lines that options make */
#define MIME_TYPES_MAX (1u << 20) /* Debian's has 70 KiB */

#define PREFLIGHT_SECONDS "7200" /* as long as Chromium believes it */

/* ---- building ----------------------------------------------------------------------------- */

static void files_free(void *arg)
{
    struct co_http_files *files = arg;
    if (!files)
        return;
    co_tree_free(files->root);
    co_media_free(files->media);
    free((void *)(uintptr_t)files->options.index);
    free((void *)(uintptr_t)files->options.spa);
    free((void *)(uintptr_t)files->options.cors);
    co_buf_free(&files->fields);
    co_buf_free(&files->cache_field);
    free(files);
}

/* The file is optional, and so is all that goes wrong with it: common types are built in. */
static void read_mime_types(struct co_buf *out)
{
    struct co_tree *etc;
    struct co_tree_stat stat;
    int fd;
    if (co_tree_open(&etc, "/etc", NULL) < 0)
        return;
    if (co_tree_open_path(etc, CO_TEXT("mime.types"), &fd, &stat) == 0) {
        ssize_t n = 0;
        char *room;
        do {
            out->size += (size_t)n;
            room = co_buf_reserve(out, 65536);
            n = room ? co_tree_read(fd, room, 65536, out->size) : out->error;
        } while (n > 0);
        if (n < 0)
            co_buf_clear(out); /* half a line would be another type */
        co_tree_close(fd);
    }
    co_tree_free(etc);
}

static int media_open(struct co_media **ret)
{
    struct co_buf text = CO_BUF(MIME_TYPES_MAX);
    read_mime_types(&text);
    int rc = co_media_new(ret, co_buf_text(&text));
    co_buf_free(&text);
    return rc;
}

static int copy_string(const char **string)
{
    if (!*string)
        return 0;
    *string = strdup(*string);
    return *string ? 0 : -ENOMEM;
}

/* A path is below the folder however it begins: "/app.html", "./app.html". */
static const char *relative(const char *path)
{
    while (path[0] == '/' || strncmp(path, "./", 2) == 0)
        path++;
    return path;
}

/* Takes the options over: a string that could not be copied is NULL. */
static int options_copy(
    struct co_http_files_options *own, const struct co_http_files_options *options)
{
    if (options)
        *own = *options;
    if (!own->index)
        own->index = "index.html";
    if (own->spa)
        own->spa = relative(own->spa);
    if (own->anonymous_rights == 0)
        own->anonymous_rights = CO_MAY_BROWSE;
    if (own->rights_max == 0)
        own->rights_max = CO_MAY_ALL;
    int index = copy_string(&own->index), spa = copy_string(&own->spa);
    int cors = copy_string(&own->cors);
    return index < 0 || spa < 0 || cors < 0 ? -ENOMEM : 0;
}

/* Where somebody may write, nobody's "page.html.gz" shall stand for another's "page.html". */
static void look_for_writers(struct co_http_files *files)
{
    struct co_http_files_options *options = &files->options;
    unsigned rights = options->no_anonymous ? 0 : options->anonymous_rights;
    if (options->authenticate)
        rights |= options->rights_max;
    files->is_writable = rights & (CO_MAY_ADD | CO_MAY_CHANGE);
    options->no_precompressed = options->no_precompressed || files->is_writable;
}

/* What browsers are to do with files, unless all responses say that already. */
static void cache_field_make(struct co_http_files *files)
{
    int64_t seconds = files->options.cache_seconds;
    files->cache_field = CO_BUF(FIELDS_MAX);
    if (files->cache_is_common || seconds < 0)
        return;
    co_buf_add_string(&files->cache_field, "Cache-Control: ");
    co_buf_add_string(&files->cache_field, seconds ? "max-age=" : "no-cache");
    if (seconds)
        co_buf_add_number(&files->cache_field, (uint64_t)seconds);
    co_buf_add_string(&files->cache_field, "\r\n");
}

static int fields_make(struct co_http_files *files)
{
    co_text cors = co_text_of(files->options.cors);
    files->fields = CO_BUF(FIELDS_MAX);
    co_http_line_add(&files->fields, CO_TEXT("X-Content-Type-Options"), CO_TEXT("nosniff"));
    if (cors.at && !co_http_is_field_value(cors))
        return -EINVAL;
    if (cors.at) {
        co_http_line_add(&files->fields, CO_TEXT("Access-Control-Allow-Origin"), cors);
        co_http_line_add(&files->fields, CO_TEXT("Access-Control-Expose-Headers"), CO_TEXT("*"));
    }
    cache_field_make(files);
    return files->fields.error ? files->fields.error : files->cache_field.error;
}

static int files_open(
    struct co_http_files *files, const char *directory, const struct co_http_files_options *options)
{
    int rc = options_copy(&files->options, options);
    if (rc < 0)
        return rc;
    look_for_writers(files);
    rc = fields_make(files);
    if (rc < 0)
        return rc;
    rc = co_tree_open(&files->root, directory,
        &(struct co_tree_options){.hidden = files->options.hidden, .rights = CO_MAY_ALL});
    return rc < 0 ? rc : media_open(&files->media);
}

/* ---- a visit ------------------------------------------------------------------------------ */

co_text co_http_visit_path(struct co_http_visit *visit, co_text suffix)
{
    struct co_buf *path = &visit->request->path;
    path->size = visit->from + visit->size;
    co_buf_add_text(path, suffix);
    bool fits = !path->error;
    path->size = visit->whole;
    path->error = 0;
    return fits ? (co_text){path->at + visit->from, visit->size + suffix.size} : (co_text){0};
}

int co_http_visit_set_cors(struct co_http_visit *visit)
{
    co_text cors = co_text_of(visit->files->options.cors);
    if (!cors.at)
        return 0;
    int rc = co_http_set_text(visit->request, CO_TEXT("Access-Control-Allow-Origin"), cors);
    return rc < 0 ? rc : co_http_set(visit->request, "Access-Control-Expose-Headers", "*");
}

int co_http_visit_error(struct co_http_visit *visit, int status)
{
    int rc = co_http_visit_set_cors(visit);
    return rc < 0 ? rc : co_http_reply_error(visit->request, status);
}

int co_http_visit_say(struct co_http_visit *visit, int status, const char *text)
{
    int rc = co_http_visit_set_cors(visit);
    return rc < 0 ? rc : co_http_text(visit->request, status, text);
}

int co_http_visit_failed(struct co_http_visit *visit, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
    case -ELOOP:
    case -ENAMETOOLONG: return co_http_visit_error(visit, 404);
    case -EPERM: return co_http_visit_denied(visit);
    case -EACCES:
    case -EROFS: return co_http_visit_error(visit, 403);
    case -EBUSY:
    case -EMFILE:
    case -ENFILE:
    case -ENOMEM: return co_http_visit_error(visit, 503);
    default: return error;
    }
}

void co_http_nonce(char ret_text[CO_HTTP_NONCE])
{
    uint8_t bytes[CO_HTTP_NONCE / 2];
    co_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        ret_text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        ret_text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

static int visit_get(struct co_http_visit *visit, struct co_tree_file **ret)
{
    co_text path = co_http_visit_path(visit, (co_text){0});
    return co_tree_cache_get(visit->cache, path, ret);
}

/* Moves the visit to another name: `name` after the first `size` bytes of its path. */
static int visit_move(struct co_http_visit *visit, size_t size, co_text name)
{
    visit->size = size;
    if (!co_http_visit_path(visit, name).at)
        return -ENAMETOOLONG;
    visit->size += name.size;
    return 0;
}

/* Relative links in the folder's page need its slash. */
static int redirect_to_folder(struct co_http_visit *visit)
{
    co_text name = co_http_visit_path(visit, CO_TEXT("/"));
    if (!name.at)
        return -ENAMETOOLONG;
    int rc = co_http_visit_set_cors(visit);
    if (rc < 0)
        return rc;
    const struct co_buf *path = &visit->request->path;
    return co_http_redirect(visit->request, 301, (co_text){path->at, visit->from + name.size});
}

/* The file at the visit's path. 1: replied; else negative: it is not there. */
static int answer_file(struct co_http_visit *visit)
{
    struct co_tree_file *file;
    int rc = visit_get(visit, &file);
    if (rc < 0)
        return rc;
    bool is_file = file->stat.kind == CO_TREE_FILE;
    rc = is_file ? co_http_file_reply(visit, file) : -EISDIR;
    co_tree_cache_release(visit->cache, file);
    return rc;
}

/* A program that keeps a site up to date has to know what is there. */
static bool is_list_asked_for(const struct co_http_visit *visit)
{
    const unsigned keeps = CO_MAY_LIST | CO_MAY_CHANGE;
    return !visit->files->options.no_listing && (co_http_visit_rights(visit) & keeps) == keeps &&
           co_http_listing_is_for_programs(visit->request);
}

static int answer_folder(struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    size_t folder = visit->size;
    int rc = -ENOENT;
    if (options->index[0] && !is_list_asked_for(visit)) {
        rc = visit_move(visit, folder, co_text_of(options->index));
        if (rc == 0)
            rc = answer_file(visit);
        visit->size = folder;
    }
    if (rc != -ENOENT && rc != -EISDIR && rc != -EPERM) /* that is said by the listing, too */
        return rc;
    return options->no_listing ? -ENOENT : co_http_listing_reply(visit);
}

/* Whoever may open nothing may still know of the folders that they may add to. */
static bool is_folder_to_add_to(struct co_http_visit *visit)
{
    struct co_tree_stat stat;
    co_text path = co_http_visit_path(visit, (co_text){0});
    return co_http_visit_rights(visit) & CO_MAY_ADD &&
           co_tree_stat_path(visit->view->tree, path, &stat) == 0 && stat.kind == CO_TREE_FOLDER;
}

/* Replies for the path; or is negative, without a reply, when there is nothing there. */
static int answer_path(struct co_http_visit *visit)
{
    if (co_http_visit_is_folder(visit))
        return answer_folder(visit);
    int rc = answer_file(visit);
    if (rc == -EPERM && is_folder_to_add_to(visit))
        rc = -EISDIR;
    return rc == -EISDIR ? redirect_to_folder(visit) : rc;
}

/* The page of an application that makes sense of all paths by itself. */
static int answer_instead(struct co_http_visit *visit)
{
    const char *spa = visit->files->options.spa;
    if (!spa)
        return -ENOENT;
    visit->from = visit->whole;
    int rc = visit_move(visit, 0, co_text_of(spa));
    return rc < 0 ? rc : answer_file(visit);
}

/* ---- the handler -------------------------------------------------------------------------- */

/* Whoever uploads asks so how much of an upload that was cut off is there. */
static int tell_partial(struct co_http_visit *visit)
{
    char text[24], uploader[CO_HTTP_UPLOADER_MAX];
    uint64_t bytes;
    const unsigned writes = CO_MAY_ADD | CO_MAY_CHANGE;
    if (visit->request->head.method != CO_HTTP_HEAD || co_http_visit_is_folder(visit) ||
        !(co_http_visit_rights(visit) & writes))
        return 0;
    co_text version = co_http_header(visit->request, "Upload-Version");
    int rc = version.at ? co_http_set_text(visit->request, CO_TEXT("Upload-Version"), version) : 0;
    if (rc < 0)
        return rc;
    if (co_upload_partial(visit->view->tree, co_http_visit_path(visit, (co_text){0}),
            co_http_uploader(visit, uploader), &bytes) < 0)
        return 0;
    snprintf(text, sizeof text, "%llu", (unsigned long long)bytes);
    return co_http_set(visit->request, "Upload-Offset", text);
}

/* "?login" of a folder, where there are accounts: what the listing page's link asks for. */
static bool asks_to_log_in(const struct co_http_visit *visit)
{
    char text[8];
    return CO_UNLIKELY(visit->request->head.query.at) && visit->files->options.authenticate &&
           co_http_visit_is_folder(visit) &&
           co_http_query(visit->request, "login", text, sizeof text) >= 0;
}

static int files_get(struct co_http_visit *visit)
{
    co_http_request *request = visit->request;
    if (asks_to_log_in(visit))
        return co_http_visit_log_in(visit);
    if (CO_UNLIKELY(co_http_archive_asked(visit)))
        return co_http_archive_reply(visit);
    int rc = tell_partial(visit);
    if (rc == 0)
        rc = answer_path(visit);
    if (CO_LIKELY(rc == 0) || request->reply_state != CO_HTTP_REPLY_NONE)
        return rc;
    if (rc == -ENOENT || rc == -ENOTDIR)
        rc = answer_instead(visit);
    if (rc == 0 || request->reply_state != CO_HTTP_REPLY_NONE)
        return rc;
    return co_http_visit_failed(visit, rc == -EISDIR ? -ENOENT : rc);
}

/* What browsers ask before they let another site's page send more than a plain GET ("preflight",
 * Fetch 4.8): it may read, whoever the visitor is, and never write. */
static int answer_preflight(struct co_http_visit *visit)
{
    co_http_request *request = visit->request;
    co_text headers = co_http_header(request, "Access-Control-Request-Headers");
    if (!visit->files->options.cors)
        return 0;
    int rc = co_http_visit_set_cors(visit);
    if (rc == 0 && co_http_header(request, "Access-Control-Request-Method").at)
        rc = co_http_set(request, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    if (rc == 0 && headers.at)
        rc = co_http_set_text(request, CO_TEXT("Access-Control-Allow-Headers"), headers);
    return rc < 0 ? rc : co_http_set(request, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
}

static int files_options(struct co_http_visit *visit)
{
    char room[128];
    struct co_buf allow = {.at = room, .room = sizeof room, .size_max = sizeof room};
    co_http_visit_allow(visit, CO_HTTP_OTHER, &allow);
    int rc = answer_preflight(visit);
    if (rc == 0)
        rc = co_http_set_text(visit->request, CO_TEXT("Allow"), co_buf_text(&allow));
    return rc < 0 ? rc : co_http_reply(visit->request, 204, NULL, NULL, 0);
}

static int answer(struct co_http_visit *visit)
{
    switch (visit->request->head.method) {
    case CO_HTTP_GET:
    case CO_HTTP_HEAD: return files_get(visit);
    case CO_HTTP_OPTIONS: return files_options(visit);
    default: return co_http_write_reply(visit);
    }
}

static int files_handle(co_http_request *request, void *arg)
{
    struct co_http_visit visit = {
        .files = arg,
        .request = request,
        .whole = request->path.size,
        .from = request->path.size - request->beneath.size,
        .size = request->beneath.size,
    };
    int rc = co_http_visit_enter(&visit);
    if (rc == 0 && request->reply_state == CO_HTTP_REPLY_NONE)
        rc = answer(&visit);
    co_http_visit_leave(&visit);
    return rc;
}

static int route_add(
    co_http_server *server, const char *method, const char *path, struct co_http_files *files)
{
    struct co_buf route = CO_BUF(CO_TREE_PATH_MAX);
    co_buf_add_string(&route, method);
    co_buf_add_char(&route, ' ');
    co_buf_add_string(&route, path);
    co_buf_add_char(&route, '\0');
    int rc = route.error;
    if (rc == 0)
        rc = co_http_route_add(&server->routes, route.at, files_handle, files);
    co_buf_free(&route);
    return rc;
}

static int routes_add(co_http_server *server, const char *path, struct co_http_files *files)
{
    if (files->is_writable)
        return co_http_route_add_uploads(&server->routes, path, files_handle, files);
    int rc = route_add(server, "GET", path, files);
    return rc < 0 ? rc : route_add(server, "OPTIONS", path, files);
}

void co_http_files(co_http_server *server, const char *path, const char *directory,
    const struct co_http_files_options *options)
{
    if (server->error)
        return;
    if (path[0] != '/' || path[strlen(path) - 1] != '/') {
        co_http_server_fail(server, -EINVAL);
        return;
    }
    struct co_http_files *files = calloc(1, sizeof *files);
    if (files)
        files->cache_is_common = co_http_line_has(&server->common, CO_TEXT("Cache-Control"));
    int rc = files ? files_open(files, directory, options) : -ENOMEM;
    if (rc < 0) {
        files_free(files);
        co_fail(rc, "cannot open the folder \"%s\": %s", directory, co_error_sentence(rc));
        co_http_server_fail(server, rc);
        return;
    }
    co_http_server_keep(server, files, files_free);
    if (!server->error)
        co_http_server_fail(server, routes_add(server, path, files));
}

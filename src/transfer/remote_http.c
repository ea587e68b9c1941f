/* SPDX-License-Identifier: MIT */
/*
 * Places that speak HTTP: listings (folder_http.c), files by GET and PUT, and WebDAV's MKCOL and
 * MOVE (RFC 4918), as `coronet serve` and nginx know them.
 *
 * An upload goes on where Coronet's server has something of the very version that is sent: HEAD
 * with Upload-Version asks, Content-Range tells (RFC 9110 14.5). No other server is sent a part:
 * some would take it for the whole.
 */
#include "codec/url.h"
#include "http/client.h"
#include "transfer/folder_http.h"
#include "transfer/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADERS_MAX 64 /* of the caller's */
#define SKIPPED_MAX                                                                                \
 65536 /* bytes of an answer that nobody reads; more, and the connection goes                      \
        */

struct http_place {
    struct co_remote remote;
    co_http_client *client;
    struct co_http_fetch asking; /* who asks */
    bool asks_first; /* a body shall not go out before the server has said how to log in */
    const char *headers[HEADERS_MAX + 1];
    struct co_buf root;  /* the URL, ending with a slash */
    struct co_buf query; /* with its '?', or nothing */
};

static struct http_place *place_of(struct co_remote *remote)
{
    return CO_CONTAINER(remote, struct http_place, remote);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* One request and its own headers, which stand before the caller's. */
struct request {
    struct co_buf url;
    const char *headers[HEADERS_MAX + 4];
    size_t header_count;
    struct co_http_fetch what;
};

static int add_url(struct http_place *place, co_text path, bool is_folder, struct co_buf *out)
{
    co_buf_add_text(out, co_buf_text(&place->root));
    co_url_encode(out, path, true);
    if (is_folder && path.size > 0)
        co_buf_add_char(out, '/');
    co_buf_add_text(out, co_buf_text(&place->query));
    co_buf_add_char(out, '\0');
    return out->error;
}

static int request_open(struct request *request, struct http_place *place, const char *method,
    co_text path, bool is_folder)
{
    *request = (struct request){.url = CO_BUF(CO_HTTP_URL_MAX)};
    int rc = add_url(place, path, is_folder, &request->url);
    request->what = place->asking;
    request->what.url = request->url.at;
    request->what.method = method;
    request->what.headers = request->headers;
    for (size_t i = 0; place->headers[i]; i++)
        request->headers[request->header_count++] = place->headers[i];
    return rc;
}

/* At most three. */
static void request_add(struct request *request, const char *line)
{
    request->headers[request->header_count++] = line;
}

/* Reads the rest of a short body, so that the connection can be used again. */
static void response_done(co_http_response *response)
{
    co_text piece;
    size_t skipped = 0;
    while (skipped <= SKIPPED_MAX && co_http_response_next(response, &piece) > 0)
        skipped += piece.size;
    co_http_response_close(response);
}

/* CO_ESTATUS, with a word on what can be done about it. */
static int refused(co_http_response *response)
{
    const char *hint = "";
    switch (co_http_response_status(response)) {
    case 401: hint = " (it wants a user and password that it knows: --user NAME:PASSWORD)"; break;
    case 405:
    case 501: hint = " (this place takes no changes)"; break;
    case 404:
    case 409: hint = " (is the folder there?)"; break;
    case 507: hint = " (there is no room left)"; break;
    default: break;
    }
    return co_refused(response, hint);
}

/* Asks, and closes the request. Refusals are told apart; *ret is an answer that is none. */
static int ask(
    struct http_place *place, struct request *request, co_http_response **ret, int *ret_status)
{
    co_http_response *response;
    int rc = co_http_fetch(&response, place->client, &request->what);
    co_buf_free(&request->url);
    if (rc < 0)
        return rc;
    *ret_status = co_http_response_status(response);
    if (*ret_status / 100 == 2) {
        *ret = response;
        return 0;
    }
    rc = refused(response);
    response_done(response);
    return rc;
}

/* A request whose answer is nothing but its status. */
static int tell(struct http_place *place, struct request *request, int *ret_status)
{
    co_http_response *response;
    int rc = ask(place, request, &response, ret_status);
    if (rc == 0)
        response_done(response);
    return rc;
}

/* ---- looking -------------------------------------------------------------------------------- */

static int http_list(
    struct co_remote *remote, co_text path, struct co_remote_listing *listing, int *ret_status)
{
    struct http_place *place = place_of(remote);
    struct request request;
    co_http_response *response;
    int rc = request_open(&request, place, "GET", path, true);
    request_add(&request, "Accept: " CO_FOLDER_ACCEPT);
    if (rc == 0)
        rc = ask(place, &request, &response, ret_status);
    if (rc < 0)
        return rc;
    rc = co_folder_read(response, listing);
    co_http_response_close(response);
    return rc;
}

static int64_t length_of(const co_http_response *response)
{
    uint64_t length;
    co_text text = co_http_response_header(response, "Content-Length");
    return text.at && co_text_number(text, INT64_MAX, &length) == 0 ? (int64_t)length : -1;
}

static int http_stat(
    struct co_remote *remote, co_text path, struct co_remote_entry *ret, int *ret_status)
{
    struct http_place *place = place_of(remote);
    struct request request;
    co_http_response *response;
    int rc = request_open(&request, place, "HEAD", path, false);
    if (rc == 0)
        rc = ask(place, &request, &response, ret_status);
    if (rc < 0)
        return rc;
    bool folder = co_folder_answers(response);
    *ret = (struct co_remote_entry){
        .type = folder ? CO_REMOTE_FOLDER : CO_REMOTE_FILE,
        .size = folder ? -1 : length_of(response),
        .modified = co_http_response_modified(response),
    };
    response_done(response);
    return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int http_download(struct co_remote *remote, co_text path, struct co_download *download)
{
    struct http_place *place = place_of(remote);
    struct request request;
    int rc = request_open(&request, place, NULL, path, false);
    download->client = place->client;
    download->what = request.what;
    if (rc == 0)
        rc = co_download_run(download);
    co_buf_free(&request.url);
    return rc;
}

/* What goes out, as the HTTP client asks for it. */
struct sending {
    struct co_remote_upload *upload;
    uint64_t start, at;
};

static void tell_progress(const struct sending *sending)
{
    const struct co_remote_upload *upload = sending->upload;
    const struct co_download_progress progress = {sending->at, sending->start, upload->size};
    if (upload->progress)
        upload->progress(upload->arg, &progress);
}

static ssize_t send_some(void *arg, void *ret_bytes, size_t size)
{
    struct sending *sending = arg;
    struct co_remote_upload *upload = sending->upload;
    tell_progress(sending);
    upload->begun = true;
    ssize_t n = upload->read(upload->arg, ret_bytes, size, sending->at);
    if (n > 0)
        sending->at += (uint64_t)n;
    return n;
}

static int send_again(void *arg)
{
    struct sending *sending = arg;
    sending->at = sending->start;
    return 0;
}

/* How much of this version the server has; 0 also when it cannot tell. */
static uint64_t offset_there(
    struct http_place *place, co_text path, const char *version_line, int64_t size)
{
    struct request request;
    co_http_response *response;
    uint64_t offset = 0;
    co_text version = co_text_after(co_text_of(version_line), sizeof "Upload-Version: " - 1);
    int rc = request_open(&request, place, "HEAD", path, false);
    request_add(&request, version_line);
    if (rc == 0)
        rc = co_http_fetch(&response, place->client, &request.what);
    co_buf_free(&request.url);
    if (rc < 0)
        return 0;
    co_text told = co_http_response_header(response, "Upload-Offset");
    if (!co_text_equal(co_http_response_header(response, "Upload-Version"), version) || !told.at ||
        co_text_number(told, (uint64_t)size, &offset) < 0)
        offset = 0;
    response_done(response);
    return offset < (uint64_t)size ? offset : 0;
}

/* Not every server refuses before it has read a body: where the login takes a challenge, it is had
 * by a request without one, so that a large file goes out once. */
static int ask_first(struct http_place *place, co_text path, int *ret_status)
{
    struct request request;
    co_http_response *response;
    int rc = request_open(&request, place, "HEAD", path, false);
    if (rc == 0)
        rc = co_http_fetch(&response, place->client, &request.what);
    co_buf_free(&request.url);
    if (rc < 0)
        return rc;
    *ret_status = co_http_response_status(response);
    place->asks_first = *ret_status == 401;
    rc = place->asks_first ? refused(response) : 0;
    response_done(response);
    return rc;
}

static int http_upload(struct co_remote *remote, co_text path, struct co_remote_upload *upload)
{
    struct http_place *place = place_of(remote);
    struct sending sending = {.upload = upload};
    struct request request;
    char version[128], range[96];
    int rc = place->asks_first && upload->size != 0 ? ask_first(place, path, &upload->status) : 0;
    if (rc < 0)
        return rc;
    if (upload->version && upload->size >= 0) {
        snprintf(version, sizeof version, "Upload-Version: %s", upload->version);
        if (upload->resume)
            sending.start = offset_there(place, path, version, upload->size);
    }
    sending.at = sending.start;
    rc = request_open(&request, place, "PUT", path, false);
    if (upload->version && upload->size >= 0)
        request_add(&request, version);
    if (sending.start > 0) {
        snprintf(range, sizeof range, "Content-Range: bytes %llu-%lld/%lld",
            (unsigned long long)sending.start, (long long)upload->size - 1,
            (long long)upload->size);
        request_add(&request, range);
    }
    const struct co_http_source source = {
        .size = upload->size < 0 ? -1 : upload->size - (int64_t)sending.start,
        .read = send_some,
        .rewind = upload->size < 0 ? NULL : send_again,
        .arg = &sending,
    };
    request.what.source = &source;
    rc = rc < 0 ? rc : tell(place, &request, &upload->status);
    if (rc == 0)
        tell_progress(&sending);
    return rc;
}

/* ---- changing ------------------------------------------------------------------------------- */

static int http_remove(struct co_remote *remote, co_text path, bool is_folder, int *ret_status)
{
    struct request request;
    int rc = request_open(&request, place_of(remote), "DELETE", path, is_folder);
    return rc < 0 ? rc : tell(place_of(remote), &request, ret_status);
}

/* RFC 4918 9.3.1: 405 says that something is there; not always a folder, but then the next step
 * fails. */
static int http_make_folder(struct co_remote *remote, co_text path, int *ret_status)
{
    struct request request;
    int rc = request_open(&request, place_of(remote), "MKCOL", path, true);
    if (rc == 0)
        rc = tell(place_of(remote), &request, ret_status);
    return rc == CO_ESTATUS && *ret_status == 405 ? 0 : rc;
}

static int http_rename(struct co_remote *remote, co_text from, co_text to, int *ret_status)
{
    struct http_place *place = place_of(remote);
    struct co_buf line = CO_BUF(CO_HTTP_URL_MAX);
    struct request request;
    co_buf_add_string(&line, "Destination: ");
    int rc = add_url(place, to, false, &line);
    int opened = request_open(&request, place, "MOVE", from, false);
    request_add(&request, line.at);
    if (rc == 0)
        rc = opened == 0 ? tell(place, &request, ret_status) : opened;
    co_buf_free(&line);
    return rc;
}

/* HTTP has no request for that: a file's time there is that of its upload. */
static int http_set_modified(
    struct co_remote *remote, co_text path, int64_t modified, int *ret_status)
{
    (void)remote;
    (void)path;
    (void)modified;
    (void)ret_status;
    return -EOPNOTSUPP;
}

/* ---- opening -------------------------------------------------------------------------------- */

static void http_close(struct co_remote *remote)
{
    struct http_place *place = place_of(remote);
    co_buf_free(&place->root);
    co_buf_free(&place->query);
    free(place);
}

/* The URL up to its query, with a slash; and what is to stand behind each path. */
static int take_root(struct http_place *place, const char *text)
{
    struct co_url url;
    int rc = co_url_parse(co_text_of(text), &url);
    if (rc < 0)
        return rc;
    size_t size =
        url.path.size > 0 ? (size_t)(url.path.at + url.path.size - text) : strcspn(text, "?#");
    co_buf_add(&place->root, text, size);
    if (place->root.size > 0 && place->root.at[place->root.size - 1] != '/')
        co_buf_add_char(&place->root, '/');
    if (url.query.at) {
        co_buf_add_char(&place->query, '?');
        co_buf_add_text(&place->query, url.query);
    }
    return place->root.error ? place->root.error : place->query.error;
}

/* Will the login be told only once the server has asked for it? */
static bool waits_for_challenge(const struct http_place *place, co_text netrc)
{
    struct co_url url = {0};
    (void)co_url_parse(co_buf_text(&place->root), &url);
    const struct co_pool_place where = {
        .secure = co_text_equal_nocase(url.scheme, CO_TEXT("https")), .host = url.host};
    bool has_user = place->asking.user || url.password.at || netrc.size;
    return has_user && !place->asking.bearer &&
           (place->asking.digest_only || !co_secret_is_unheard(&where));
}

int co_remote_http_open(struct co_remote **ret, const struct co_remote_options *options)
{
    static const struct co_remote_kind kind = {
        .list = http_list,
        .stat = http_stat,
        .download = http_download,
        .upload = http_upload,
        .remove = http_remove,
        .make_folder = http_make_folder,
        .rename = http_rename,
        .set_modified = http_set_modified,
        .close = http_close,
    };
    struct http_place *place = calloc(1, sizeof *place);
    if (!place)
        return -ENOMEM;
    place->remote.kind = &kind;
    place->client = options->client;
    place->asking = (struct co_http_fetch){
        .user = options->user, .digest_only = options->digest_only, .bearer = options->bearer};
    place->root = place->query = CO_BUF(CO_HTTP_URL_MAX);
    int rc = take_root(place, options->url);
    place->asks_first = waits_for_challenge(place, options->netrc);
    for (size_t i = 0; rc == 0 && options->headers && options->headers[i]; i++)
        if (i == HEADERS_MAX)
            rc = CO_ETOOBIG;
        else
            place->headers[i] = options->headers[i];
    if (rc < 0)
        http_close(&place->remote);
    else
        *ret = &place->remote;
    return rc;
}

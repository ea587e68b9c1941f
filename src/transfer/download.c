/* SPDX-License-Identifier: MIT */
#include "transfer/download.h"

#include "codec/date.h"
#include "codec/range.h"
#include "http/client.h"
#include "transfer/downloading.h"
#include "transfer/folder_http.h"
#include "transfer/local_name.h"
#include "transfer/refusal.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define VERSION_MAX    16384 /* bytes of a URL and a validator */
#define VALIDATOR_MAX  1024  /* bytes of a field that is a validator */
#define HEADERS_MAX    64    /* of the caller's */
#define STRONG_SECONDS 60    /* RFC 9110 8.8.2.2: a date older than that is a strong validator */

/* ---- versions ------------------------------------------------------------------------------- */

/* RFC 9110 8.8.2.2: the file may have changed again within the same second, unless that second was
 * long past when the server answered. */
static bool is_strong_date(const co_http_response *response, co_text modified)
{
    int64_t then, now;
    co_text date = co_http_response_header(response, "Date");
    return date.at && co_date_read(date, co_wall_seconds(), &now) == 0 &&
           co_date_read(modified, now, &then) == 0 && now - then >= STRONG_SECONDS;
}

static co_text validator_of(const co_http_response *response)
{
    co_text etag = co_http_response_header(response, "ETag");
    co_text modified = co_http_response_header(response, "Last-Modified");
    if (etag.size > 0 && etag.size <= VALIDATOR_MAX && etag.at[0] == '"')
        return etag;
    if (modified.size > 0 && is_strong_date(response, modified))
        return modified;
    return (co_text){0};
}

/* RFC 9110 8.8.2.1: no Last-Modified is later than Date, whatever the file's time. A list tells
 * that as it is, and the next run compares with it. */
static int64_t listed_or(
    const struct co_download *download, const co_http_response *response, int64_t modified)
{
    int64_t now;
    co_text date = co_http_response_header(response, "Date");
    bool is_capped = download->modified > modified && date.at &&
                     co_date_read(date, co_wall_seconds(), &now) == 0 && now == modified;
    return is_capped ? download->modified : modified;
}

static bool wants_part(const struct co_http_fetch *what)
{
    for (size_t i = 0; what->headers && what->headers[i]; i++)
        if (strncasecmp(what->headers[i], "Range:", strlen("Range:")) == 0)
            return true;
    return false;
}

/* There are servers that answer everybody so. */
static bool is_all(const co_http_response *response)
{
    struct co_content_range told;
    co_text text = co_http_response_header(response, "Content-Range");
    return text.at && co_content_range_parse(text, &told) == 0 && told.first == 0 &&
           told.last + 1 == told.size && co_http_response_size(response) == (int64_t)told.size;
}

static bool is_part(const co_http_response *response)
{
    return co_http_response_status(response) == 206 && !is_all(response);
}

bool co_download_is_success(const struct co_http_fetch *what, const co_http_response *response)
{
    return co_http_response_status(response) / 100 == 2 && (!is_part(response) || wants_part(what));
}

/* Of the whole file: parts that the caller asks for may be as long as others. */
static bool is_get(const struct co_download *download)
{
    const struct co_http_fetch *what = &download->what;
    return !wants_part(what) && (what->method ? strcmp(what->method, "GET") == 0 : !what->body);
}

/* What the response is a version of. Nothing is found where it can only be had whole: a part of
 * what is coded is of no use, and its length is not the file's. */
static int version_of(
    const struct co_download *download, const co_http_response *response, struct co_version *ret)
{
    *ret = (struct co_version){.name = CO_BUF(VERSION_MAX),
        .size = co_http_response_size(response),
        .modified = listed_or(download, response, co_http_response_modified(response))};
    co_text validator = validator_of(response);
    if (!validator.at || ret->size <= 0 || co_http_response_is_coded(response) || !is_get(download))
        return 0;
    co_buf_add_string(&ret->name, co_http_response_url(response));
    co_buf_add_char(&ret->name, '\n');
    size_t before = ret->name.size;
    co_buf_add_text(&ret->name, validator);
    co_buf_add_char(&ret->name, '\n');
    co_buf_add_number(&ret->name, (uint64_t)ret->size);
    if (!ret->name.error)
        ret->validator = (co_text){ret->name.at + before, validator.size};
    return ret->name.error;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

void co_download_tell(
    const struct co_download *download, uint64_t bytes, uint64_t resumed, int64_t size)
{
    if (download->progress)
        download->progress(download->arg, &(struct co_download_progress){bytes, resumed, size});
}

struct body {
    co_http_response *response; /* NULL: there is none */
    co_text first;              /* taken of it already */
    int64_t size;               /* of the whole file */
};

/* The count; 0 at the body's end. */
static long take_some(co_http_response *response, struct co_upload *file)
{
    co_text piece;
    int pipe = co_upload_pipe(file);
    long n = pipe < 0 ? -EOPNOTSUPP : co_http_response_splice(response, pipe, CO_UPLOAD_PIPE_BYTES);
    bool is_moved = n != -EOPNOTSUPP;
    if (!is_moved)
        n = co_http_response_next(response, &piece);
    if (n <= 0)
        return n;
    int rc =
        is_moved ? co_upload_drain(file, (size_t)n) : co_upload_write(file, piece.at, piece.size);
    return rc < 0 ? rc : n;
}

/* What has been taken of the body already comes first. */
static int receive(
    const struct co_download *download, const struct body *body, struct co_upload *file)
{
    uint64_t resumed = co_upload_size(file);
    int rc = body->first.size > 0 ? co_upload_write(file, body->first.at, body->first.size) : 0;
    while (rc == 0) {
        co_download_tell(download, co_upload_size(file), resumed, body->size);
        long n = take_some(body->response, file);
        if (n <= 0)
            return n == -EFBIG ? CO_ETOOBIG : (int)n;
    }
    return rc == -EFBIG ? CO_ETOOBIG : rc;
}

bool co_download_replaces(const struct co_download *download)
{
    bool is_servers = download->named && download->named->size > 0;
    return (download->replace || download->newer) && !is_servers;
}

int co_download_verify(const struct co_download *download, const struct co_upload *file)
{
    return download->checksum ? co_checksum_verify(download->checksum, file) : 0;
}

int co_download_open(const struct co_download *download, const struct co_version *version,
    uint64_t offset, struct co_upload **ret)
{
    return co_upload_open(ret, download->tree, download->path,
        &(struct co_upload_options){
            .start = offset > 0 ? CO_UPLOAD_RESUME : CO_UPLOAD_ANEW,
            .offset = offset,
            .uploader = co_buf_text(&version->name),
            .partial_only = true,
            .fresh = !co_download_replaces(download),
            .size_max = download->size_max,
        });
}

bool co_download_time(
    const struct co_download *download, const struct co_version *version, int64_t *ret_ns)
{
    bool told = version->modified != CO_DOWNLOAD_NO_TIME;
    int64_t seconds = told ? version->modified : download->modified;
    if (!download->keep_time || seconds <= INT64_MIN / CO_SECOND ||
        seconds >= INT64_MAX / CO_SECOND)
        return false;
    *ret_ns = seconds * CO_SECOND;
    return true;
}

void co_download_date(
    const struct co_download *download, const struct co_version *version, struct co_upload *file)
{
    int64_t modified_ns;
    if (co_download_time(download, version, &modified_ns))
        co_upload_set_modified(file, modified_ns);
}

/* A rest has to end where the file does, whatever frames it: what a part's Content-Range says and
 * what comes are two things. */
static int check_end(
    const struct co_version *version, uint64_t offset, const struct co_upload *file)
{
    const uint64_t size = (uint64_t)version->size, there = co_upload_size(file);
    if (offset == 0 || there == size)
        return 0;
    return there < size ? CO_EEOF : co_fail(CO_EPROTO, "more came than the rest of the file");
}

/* To go on from a file that is not the right one would help nobody. */
static bool is_of_use(const struct co_version *version, const struct co_upload *file, int rc)
{
    return version->name.size > 0 && rc != CO_ECHECKSUM &&
           co_upload_size(file) <= (uint64_t)version->size;
}

/* The body becomes the file's bytes from `offset` on. */
static int store(struct co_download *download, const struct body *body,
    const struct co_version *version, uint64_t offset)
{
    struct co_upload *file;
    int rc = co_download_open(download, version, offset, &file);
    if (rc < 0)
        return rc;
    co_download_date(download, version, file);
    if (body->response)
        rc = receive(download, body, file);
    if (rc == 0)
        rc = check_end(version, offset, file);
    if (rc == 0)
        rc = co_download_verify(download, file);
    if (rc == 0)
        return co_upload_commit(file, !download->no_sync);
    download->kept = co_upload_abort(file, is_of_use(version, file, rc));
    return rc;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* The caller's headers come behind `own` of ours. */
static int put_headers(struct co_http_fetch *what, const char **headers, size_t own)
{
    for (size_t i = 0; what->headers && what->headers[i]; i++) {
        if (i == HEADERS_MAX)
            return CO_ETOOBIG;
        headers[own + i] = what->headers[i];
    }
    what->headers = headers;
    return 0;
}

static void note(struct co_download *download, const co_http_response *response)
{
    download->status = co_http_response_status(response);
    download->version = co_http_response_version(response);
    download->retry_after_ms = co_http_response_retry_after_ms(response);
}

enum match { OTHER, UNTOLD, SAME };

/* Is it of that version? RFC 9110 15.3.7: a part has the ETag that the whole had, but need not
 * repeat its date. Who does not know If-Range, or is another mirror, tells what it has. */
static enum match match_of(const co_http_response *response, const struct co_version *version)
{
    bool is_tag = version->validator.at[0] == '"';
    co_text told = co_http_response_header(response, is_tag ? "ETag" : "Last-Modified");
    if (co_http_response_is_coded(response))
        return OTHER;
    if (!told.at)
        return is_tag ? UNTOLD : SAME;
    return co_text_equal(told, version->validator) ? SAME : OTHER;
}

/* Does it hold these bytes of a file that long, from the first one on (RFC 9110 14.4)? */
static bool holds(
    const co_http_response *response, const struct co_version *version, const uint64_t range[2])
{
    struct co_content_range told;
    const uint64_t size = (uint64_t)version->size;
    co_text text = co_http_response_header(response, "Content-Range");
    return text.at && co_content_range_parse(text, &told) == 0 && told.first == range[0] &&
           told.last >= range[1] && told.last < size &&
           (told.size == size || told.size == UINT64_MAX);
}

/* 0 when it is that part; CO_DOWNLOAD_WHOLE when the server gives none, another one, or none that
 * shows its version; CO_ECHANGED when it has another version; CO_ESTATUS. */
static int judge_part(struct co_download *download, co_http_response *response,
    const struct co_version *version, const uint64_t range[2])
{
    int status = co_http_response_status(response);
    enum match match = match_of(response, version);
    if (status == 206 && match != OTHER)
        return match == SAME && holds(response, version, range) ? 0 : CO_DOWNLOAD_WHOLE;
    if (status == 200 && match != OTHER && co_http_response_size(response) == version->size)
        return CO_DOWNLOAD_WHOLE;
    if (status / 100 == 2 || status == 416)
        return CO_ECHANGED;
    note(download, response);
    return co_refused(response, "");
}

/* Its frame is large: not in its caller's. */
__attribute__((noinline)) int co_download_ask_for_part(struct co_download *download,
    const struct co_version *version, const uint64_t range[2], co_http_response **ret)
{
    char line[96], if_range[VALIDATOR_MAX + 16];
    const char *headers[HEADERS_MAX + 3] = {line, if_range};
    struct co_http_fetch what = download->what;
    *ret = NULL;
    if (range[1] == (uint64_t)version->size - 1)
        snprintf(line, sizeof line, "Range: bytes=%llu-", (unsigned long long)range[0]);
    else
        snprintf(line, sizeof line, "Range: bytes=%llu-%llu", (unsigned long long)range[0],
            (unsigned long long)range[1]);
    snprintf(if_range, sizeof if_range, "If-Range: %.*s", CO_TEXT_PRINT(version->validator));
    int rc = put_headers(&what, headers, 2);
    if (rc == 0)
        rc = co_http_fetch(ret, download->client, &what);
    if (rc < 0)
        return rc;
    rc = judge_part(download, *ret, version, range);
    if (rc != 0) {
        co_http_response_close(*ret);
        *ret = NULL;
    }
    return rc;
}

/* A failure of the moment: the server may well give the rest later on. */
static bool may_pass(int status)
{
    return status == 408 || status == 429 || status >= 500;
}

/* The rest of that version. 0; CO_DOWNLOAD_WHOLE when it is not to be had; as
 * co_download_ask_for_part. */
static int ask_for_rest(struct co_download *download, const struct co_version *version,
    uint64_t offset, co_http_response **ret)
{
    const uint64_t range[2] = {offset, (uint64_t)version->size - 1};
    int rc = co_download_ask_for_part(download, version, range, ret);
    if (rc == CO_ECHANGED || (rc == CO_ESTATUS && !may_pass(download->status)))
        return CO_DOWNLOAD_WHOLE;
    if (rc < 0)
        download->kept = offset;
    return rc;
}

/* Goes on from a partial file of this very version. 1 when there is none to go on from;
 * CO_DOWNLOAD_WHOLE when the rest is not to be had. The response that told the version is given
 * back before: there are servers that let each client have one connection. */
static int resume(
    struct co_download *download, co_http_response **response, const struct co_version *version)
{
    uint64_t offset;
    if (!download->resume || version->name.size == 0)
        return 1;
    int rc =
        co_upload_partial(download->tree, download->path, co_buf_text(&version->name), &offset);
    if (rc < 0 || offset == 0 || offset > (uint64_t)version->size)
        return 1;
    co_http_response_close(*response);
    *response = NULL;
    rc = offset < (uint64_t)version->size ? ask_for_rest(download, version, offset, response) : 0;
    return rc != 0 ? rc
                   : store(download, &(struct body){.response = *response, .size = version->size},
                         version, offset);
}

/* Has the name been taken meanwhile, that nothing had? Asked once, where no look came before all
 * else. */
static int look_late(struct co_download *download)
{
    struct co_download_local ignored;
    if (!download->is_absent)
        return 0;
    download->is_absent = false;
    return co_download_look(download, &ignored);
}

/* Without any partial file to go on from. */
static int store_anew(struct co_download *download, co_http_response *response,
    const struct co_version *version, bool is_new)
{
    struct co_buf first = CO_BUF(CO_DOWNLOAD_AT_ONCE_MAX);
    int rc = is_new ? co_download_at_once(download, version, response, &first) : 1;
    if (rc == 1) {
        rc = look_late(download);
        if (rc == 0)
            rc = store(
                download, &(struct body){response, co_buf_text(&first), version->size}, version, 0);
    }
    co_buf_free(&first);
    return rc;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* *response is gone where another has taken its place. */
static int take(struct co_download *download, co_http_response **response, bool is_new)
{
    struct co_version version;
    int rc = version_of(download, *response, &version);
    if (rc == 0 && download->size_max && version.size > (int64_t)download->size_max)
        rc = CO_ETOOBIG;
    if (rc == 0 && !co_download_may_come_at_once(&version))
        rc = look_late(download);
    if (rc == 0)
        rc = co_download_in_parts(download, &version, response);
    if (rc == 1)
        rc = resume(download, response, &version);
    if (rc == 1)
        rc = store_anew(download, *response, &version, is_new);
    co_buf_free(&version.name);
    return rc;
}

/* ---- whether, and under which name ----------------------------------------------------------- */

int co_download_look(const struct co_download *download, struct co_download_local *ret)
{
    struct co_tree_stat stat;
    int rc = co_tree_stat_path(download->tree, download->path, &stat);
    *ret = (struct co_download_local){0};
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    bool is_file = stat.kind == CO_TREE_FILE;
    if (!download->replace && !download->newer && !download->named &&
        !(download->same_stays && is_file))
        return -EEXIST;
    *ret = (struct co_download_local){is_file, stat.size, co_seconds_of_ns(stat.modified_ns)};
    return 0;
}

/* RFC 9110 13.1.3; servers that do not know it are understood by what they answer. */
static int ask(
    struct co_download *download, const struct co_download_local *local, co_http_response **ret)
{
    char since[32 + CO_DATE_SIZE] = "If-Modified-Since: ";
    const char *headers[HEADERS_MAX + 2] = {since};
    struct co_http_fetch what = download->what;
    int rc = 0;
    what.sent = &download->sent;
    if (download->newer && local->exists) {
        co_date_write(since + strlen(since), local->modified);
        rc = put_headers(&what, headers, 1);
    }
    return rc < 0 ? rc : co_http_fetch(ret, download->client, &what);
}

bool co_download_is_here(const struct co_download *download, const struct co_download_local *local,
    int64_t modified, int64_t size)
{
    bool may_be = local->exists && modified != CO_DOWNLOAD_NO_TIME && size == (int64_t)local->size;
    return may_be && ((download->newer && modified <= local->modified) ||
                         (download->same_stays && modified == local->modified));
}

static bool is_as_new(const struct co_download *download, const struct co_download_local *local,
    const co_http_response *response)
{
    if (!download->newer || !local->exists)
        return false;
    if (co_http_response_status(response) == 304)
        return true;
    return co_download_is_here(
        download, local, co_http_response_modified(response), co_http_response_size(response));
}

/* Does the server give it another name? One that is unsafe here is as good as none: the file has
 * one already (attacks C06). */
static bool is_renamed(
    const struct co_download *download, const co_http_response *response, struct co_buf *ret_name)
{
    if (!download->named)
        return false;
    co_text disposition = co_http_response_header(response, "Content-Disposition");
    return co_local_name_of_server(disposition, ret_name) == 0 &&
           !co_text_equal(co_buf_text(ret_name), download->path);
}

static void take_name(struct co_download *download, const co_http_response *response)
{
    struct co_buf name = CO_BUF(CO_LOCAL_NAME_MAX + 1);
    if (is_renamed(download, response, &name)) {
        co_buf_clear(download->named);
        co_buf_add_text(download->named, co_buf_text(&name));
        co_buf_add_char(download->named, '\0');
        download->path = (co_text){download->named->at, name.size};
        if (download->renamed)
            download->renamed(download->arg);
    }
    co_buf_free(&name);
}

static int judge(struct co_download *download, const struct co_download_local *local,
    co_http_response **response)
{
    note(download, *response);
    download->unchanged = is_as_new(download, local, *response);
    if (download->unchanged)
        return 0;
    bool is_other = download->is_file && is_part(*response); /* its list tells of whole files */
    if (is_other || !co_download_is_success(&download->what, *response))
        return co_refused(*response, "");
    if (download->is_file && co_folder_answers(*response))
        return co_fail(-EISDIR, "it is a folder");
    take_name(download, *response);
    return download->named && download->named->error ? download->named->error
                                                     : take(download, response, !local->exists);
}

/* A response to HEAD has no body; what GET's would have. -1: not told. */
static int64_t size_of_head(const co_http_response *response)
{
    uint64_t size;
    co_text told = co_http_response_header(response, "Content-Length");
    return !co_http_response_is_coded(response) && co_text_number(told, INT64_MAX, &size) == 0
               ? (int64_t)size
               : -1;
}

/* Is the file that is here the one? Asked by HEAD, so that no body is thrown away. 0; 1: nothing
 * shows that; CO_ESTATUS when the server may well show it later on; as co_http_fetch. */
static int ask_whether_same(struct co_download *download, const struct co_download_local *local)
{
    co_http_response *response;
    struct co_buf name = CO_BUF(CO_LOCAL_NAME_MAX + 1);
    struct co_http_fetch what = download->what;
    what.method = "HEAD";
    int rc = co_http_fetch(&response, download->client, &what);
    if (rc < 0)
        return rc;
    note(download, response);
    download->unchanged = !is_renamed(download, response, &name) &&
                          co_download_is_success(&download->what, response) &&
                          co_download_is_here(download, local, co_http_response_modified(response),
                              size_of_head(response));
    rc = may_pass(download->status) ? co_refused(response, "") : !download->unchanged;
    co_buf_free(&name);
    co_http_response_close(response);
    return rc;
}

/* As ask_whether_same. */
static int settle(struct co_download *download, const struct co_download_local *local)
{
    if (!download->same_stays || download->newer || !local->exists || !is_get(download))
        return 1;
    int rc = ask_whether_same(download, local);
    if (co_download_replaces(download) || download->named)
        return rc == CO_ESTATUS ? 1 : rc;
    return rc == 1 ? -EEXIST : rc;
}

static int run(struct co_download *download, const struct co_download_local *local)
{
    co_http_response *response;
    int rc = ask(download, local, &response);
    if (rc < 0)
        return rc;
    rc = judge(download, local, &response);
    co_http_response_close(response);
    return rc;
}

/* Without what is here and what the server gives no parts of. */
static int run_anew(struct co_download *download, const struct co_download_local *local)
{
    bool resume = download->resume;
    download->status = 0;
    download->retry_after_ms = -1;
    download->segments = 1;
    download->resume = false;
    int rc = run(download, local);
    download->resume = resume;
    return rc;
}

int co_download_run(struct co_download *download)
{
    struct co_download_local local = {0};
    int rc = download->is_absent ? 0 : co_download_look(download, &local);
    download->status = 0;
    download->retry_after_ms = -1;
    download->sent = false;
    download->kept = 0;
    if (rc == 0)
        rc = settle(download, &local);
    if (rc == 1)
        rc = run(download, &local);
    return rc == CO_DOWNLOAD_WHOLE ? run_anew(download, &local) : rc;
}

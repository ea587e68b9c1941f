/* SPDX-License-Identifier: MIT */
/* What holds for every request that changes a folder: may it, and how its outcome is told. */
#include "http/writing.h"

#include "codec/url.h"
#include "http/body.h"
#include "net/stream.h"

#include <errno.h>
#include <stdio.h>

/* ---- who asks for it ----------------------------------------------------------------------------
 */

/* Is "http://host:port" the place that this request came to? What a browser leaves out of the one
 * it leaves out of the other. "null" is no place. */
static bool is_our_origin(const struct co_http1_request *head, co_text origin)
{
    const char *colon = origin.size >= 3 ? memmem(origin.at, origin.size, "://", 3) : NULL;
    return colon &&
           co_text_equal_nocase(co_text_after(origin, (size_t)(colon - origin.at) + 3), head->host);
}

/*
 * A browser sends a visitor's credentials along with whatever a page of another site makes it send.
 * Browsers say who it was (Fetch Metadata, RFC 6454 7); programs say nothing, and act for nobody
 * but their user.
 */
static bool is_same_site(const co_http_request *request)
{
    co_text site = co_http_header(request, "Sec-Fetch-Site");
    co_text origin = co_http_header(request, "Origin");
    if (site.at)
        return co_text_equal(site, CO_TEXT("same-origin")) || co_text_equal(site, CO_TEXT("none"));
    return !origin.at || is_our_origin(&request->head, origin);
}

static co_text visitor(const struct co_http_visit *visit, char room[CO_CLIENT_ANONYMOUS_MAX])
{
    co_address peer;
    if (visit->is_known)
        return co_buf_text(&visit->request->user);
    co_stream_peer(visit->request->stream, &peer);
    return co_client_anonymous(&peer, room);
}

co_text co_http_uploader(const struct co_http_visit *visit, char room[CO_HTTP_UPLOADER_MAX])
{
    char name[CO_CLIENT_ANONYMOUS_MAX];
    co_text who = visitor(visit, name), version = co_http_header(visit->request, "Upload-Version");
    int size = snprintf(room, CO_HTTP_UPLOADER_MAX, version.size ? "%.*s\n%.*s" : "%.*s",
        CO_TEXT_PRINT(who), CO_TEXT_PRINT(version));
    return (co_text){room, size < CO_HTTP_UPLOADER_MAX ? (size_t)size : CO_HTTP_UPLOADER_MAX - 1};
}

/* ---- what is there --------------------------------------------------------------------------- */

int co_http_target_look(struct co_http_visit *visit, struct co_http_target *ret)
{
    struct co_http_target target = {0};
    co_text path = co_http_visit_path(visit, (co_text){0});
    int rc = co_tree_stat_path(visit->view->tree, path, &target.stat);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR && rc != -EPERM)
        return rc;
    target.exists = rc == 0 || rc == -EPERM;
    target.is_file = rc == 0 && target.stat.kind == CO_TREE_FILE;
    *ret = target;
    return 0;
}

bool co_http_target_meets(const struct co_http_visit *visit, const struct co_http_target *target)
{
    char room[CO_HTTP_ETAG_MAX];
    struct co_buf etag = {.at = room, .room = sizeof room, .size_max = sizeof room};
    const co_http_request *request = visit->request;
    struct co_validators validators = {.modified = -1, .exists = target->exists};
    if (target->is_file) {
        int64_t modified = target->stat.modified_ns / CO_SECOND;
        co_http_etag_add(&etag, visit->view, &target->stat);
        validators.etag = co_buf_text(&etag);
        validators.modified = modified < request->start_seconds ? modified : request->start_seconds;
    }
    return co_precondition(&request->head, &validators, request->start_seconds) == 200;
}

/* ---- how it went ----------------------------------------------------------------------------- */

/* RFC 9110 9.3.4: of what is there now. */
static int set_etag(struct co_http_visit *visit)
{
    char room[CO_HTTP_ETAG_MAX];
    struct co_buf etag = {.at = room, .room = sizeof room, .size_max = sizeof room};
    struct co_http_target target;
    if (co_http_target_look(visit, &target) < 0 || !target.is_file)
        return 0;
    co_http_etag_add(&etag, visit->view, &target.stat);
    return co_http_set_text(visit->request, CO_TEXT("ETag"), co_buf_text(&etag));
}

static int set_location(struct co_http_visit *visit, co_text suffix)
{
    struct co_buf location = CO_BUF(CO_HTTP_FIELDS_MAX);
    co_text path = {visit->request->path.at, visit->from + visit->size};
    co_url_encode(&location, path, true);
    if (path.at[path.size - 1] != '/')
        co_buf_add_text(&location, suffix);
    int rc = location.error;
    if (rc == 0)
        rc = co_http_set_text(visit->request, CO_TEXT("Location"), co_buf_text(&location));
    co_buf_free(&location);
    return rc;
}

int co_http_write_done(struct co_http_visit *visit, bool is_new, co_text suffix)
{
    int rc = suffix.size ? 0 : set_etag(visit);
    if (rc == 0 && is_new)
        rc = set_location(visit, suffix);
    if (rc == 0)
        rc = co_http_visit_set_cors(visit);
    return rc < 0 ? rc : co_http_reply(visit->request, is_new ? 201 : 204, NULL, NULL, 0);
}

static int too_large(struct co_http_visit *visit)
{
    char text[64];
    uint64_t max = visit->files->options.upload_bytes_max;
    if (max == 0) /* the disk's limit, or the system's */
        return co_http_visit_error(visit, 413);
    snprintf(
        text, sizeof text, "A file may have at most %llu bytes here.\n", (unsigned long long)max);
    return co_http_visit_say(visit, 413, text);
}

int co_http_write_failed(struct co_http_visit *visit, int error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
    case -ELOOP:
        return co_http_visit_say(visit, 409, "The folder that it belongs to does not exist.\n");
    case -ENOTEMPTY: return co_http_visit_say(visit, 409, "The folder is not empty.\n");
    case -EACCES:
        return co_http_visit_say(
            visit, 403, "The server may not do that: its user lacks the permission on the disk.\n");
    case -EBUSY: return co_http_visit_say(visit, 409, "Another upload to it is at work.\n");
    case -EEXIST: return co_http_visit_error(visit, 412);
    case -EISDIR: return co_http_visit_not_allowed(visit);
    case -EINVAL: return co_http_visit_error(visit, 409);
    case -ENAMETOOLONG: return co_http_visit_error(visit, 414);
    case -EFBIG: return too_large(visit);
    case -ENOSPC: return co_http_visit_say(visit, 507, "The disk is full.\n");
    case -EDQUOT: return co_http_visit_say(visit, 507, "No more than the quota may be kept.\n");
    default: return co_http_visit_failed(visit, error);
    }
}

/* ---- the way in ------------------------------------------------------------------------------ */

static unsigned rights_for(enum co_http_method method)
{
    switch (method) {
    case CO_HTTP_MKCOL: return CO_MAY_ADD;
    case CO_HTTP_DELETE:
    case CO_HTTP_MOVE: return CO_MAY_CHANGE;
    default: return CO_MAY_ADD | CO_MAY_CHANGE; /* the tree asks for which of them */
    }
}

/* RFC 4918 8.4: a body would ask for something that nobody here understands. One that turns out to
 * be empty asks for nothing. 1 or 0; negative: it did not come. */
static int has_ignored_body(co_http_request *request)
{
    const struct co_http1_request *head = &request->head;
    co_text piece;
    if (head->method == CO_HTTP_PUT || head->method == CO_HTTP_POST)
        return 0;
    if (head->framing != CO_HTTP_CHUNKED || head->expect_continue)
        return head->framing == CO_HTTP_CHUNKED || head->body_size > 0;
    ssize_t n = co_http_body_next(request, &piece);
    return n < 0 ? (int)n : n > 0;
}

int co_http_write_reply(struct co_http_visit *visit)
{
    static int (*const writers[])(struct co_http_visit *) = {
        [CO_HTTP_PUT] = co_http_put,
        [CO_HTTP_POST] = co_http_form,
        [CO_HTTP_DELETE] = co_http_delete,
        [CO_HTTP_MOVE] = co_http_move,
        [CO_HTTP_MKCOL] = co_http_mkcol,
    };
    enum co_http_method method = visit->request->head.method;
    if (method >= CO_LENGTH(writers) || !writers[method])
        return co_http_visit_not_allowed(visit);
    if (!is_same_site(visit->request))
        return co_http_visit_say(visit, 403, "Pages of other sites may change nothing here.\n");
    if (!(co_http_visit_rights(visit) & rights_for(method)))
        return co_http_visit_denied(visit);
    int has_body = has_ignored_body(visit->request);
    if (has_body)
        return has_body < 0 ? has_body : co_http_visit_error(visit, 415);
    return writers[method](visit);
}

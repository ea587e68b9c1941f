/* SPDX-License-Identifier: MIT */
/* DELETE (RFC 9110 9.3.5), MKCOL and MOVE (RFC 4918 9.3, 9.9). */
#include "codec/url.h"
#include "http/writing.h"
#include "tree/edit.h"

#include <errno.h>

#define FOLDER_IN_THE_WAY "A folder is in the way; remove it first.\n"

/* Looks at the visit's path, and whether the request's conditions hold. 1: replied. */
static int look(struct co_http_visit *visit, struct co_http_target *ret)
{
    int rc = co_http_target_look(visit, ret);
    if (rc < 0)
        return rc;
    if (co_http_target_meets(visit, ret))
        return 0;
    rc = co_http_visit_error(visit, 412);
    return rc < 0 ? rc : 1;
}

/* ---- DELETE ---------------------------------------------------------------------------------- */

/* A link to a folder is removed as the link that it is. */
static int remove_any(struct co_http_visit *visit)
{
    struct co_tree *tree = visit->view->tree;
    co_text path = co_http_visit_path(visit, (co_text){0});
    int rc = co_http_visit_is_folder(visit) ? -EISDIR : co_tree_file_remove(tree, path);
    return rc == -EISDIR ? co_tree_folder_remove(tree, path) : rc;
}

int co_http_delete(struct co_http_visit *visit)
{
    struct co_http_target target;
    int rc = look(visit, &target);
    if (rc == 0)
        rc = remove_any(visit);
    else if (rc > 0)
        return 0;
    switch (rc) {
    case 0: return co_http_write_done(visit, false, CO_TEXT("/"));
    case -ENOENT:
    case -ENOTDIR: return co_http_visit_error(visit, 404);
    case -EBUSY: return co_http_visit_error(visit, 403); /* the root */
    default: return co_http_write_failed(visit, rc);
    }
}

/* ---- MKCOL ----------------------------------------------------------------------------------- */

int co_http_mkcol(struct co_http_visit *visit)
{
    struct co_http_target target;
    int rc = look(visit, &target);
    if (rc == 0)
        rc = co_tree_folder_make(visit->view->tree, co_http_visit_path(visit, (co_text){0}));
    else if (rc > 0)
        return 0;
    if (rc == -EEXIST)
        return co_http_visit_not_allowed(visit);
    return rc < 0 ? co_http_write_failed(visit, rc) : co_http_write_done(visit, true, CO_TEXT("/"));
}

/* ---- MOVE ------------------------------------------------------------------------------------ */

static uint16_t port_of(uint16_t port, bool secure)
{
    return port ? port : secure ? 443 : 80;
}

/* Is the authority ours, by the Host that this request came to? */
static bool is_our_host(const struct co_http1_request *head, co_text authority, bool secure)
{
    co_text host, own;
    uint16_t port, own_port;
    return co_url_authority(authority, &host, &port) == 0 &&
           co_url_authority(head->host, &own, &own_port) == 0 && co_text_equal_nocase(host, own) &&
           port_of(port, secure) == port_of(own_port, secure);
}

static bool has_scheme(co_text url, co_text scheme)
{
    return url.size >= scheme.size && co_text_equal_nocase((co_text){url.at, scheme.size}, scheme);
}

/* The path of a Destination (RFC 4918 10.3): an absolute URL of this host, or a path. At NULL for
 * another host's. */
static co_text destination_path(const struct co_http1_request *head, co_text destination)
{
    const co_text plain = CO_TEXT("http://"), secure = CO_TEXT("https://");
    if (destination.size && destination.at[0] == '/')
        return destination;
    bool is_secure = has_scheme(destination, secure);
    if (!is_secure && !has_scheme(destination, plain))
        return (co_text){0};
    co_text rest = co_text_after(destination, is_secure ? secure.size : plain.size);
    ssize_t slash = co_text_find(rest, '/');
    if (slash < 0 || !is_our_host(head, (co_text){rest.at, (size_t)slash}, is_secure))
        return (co_text){0};
    return co_text_after(rest, (size_t)slash);
}

/* Where the Destination lies in the visit's tree. 0, or the status that refuses it: 502 for what is
 * not ours (RFC 4918 9.9.4); -ENOMEM. out: keeps the path's bytes. */
static int read_destination(const struct co_http_visit *visit, struct co_buf *out, co_text *ret)
{
    const co_http_request *request = visit->request;
    co_text destination = co_http_header(request, "Destination");
    if (!destination.at || co_text_find(destination, '#') >= 0)
        return 400;
    ssize_t query = co_text_find(destination, '?');
    if (query >= 0)
        destination.size = (size_t)query;
    co_text path = destination_path(&request->head, destination);
    if (!path.at)
        return 502;
    int rc = co_url_path_decode(path, out);
    if (rc < 0)
        return rc == -ENOMEM ? rc : rc == CO_EOUTSIDE ? 403 : 400;
    co_text prefix = {request->path.at + 1, visit->from - 1};
    if (!co_text_starts(co_buf_text(out), prefix))
        return 502;
    *ret = co_text_after(co_buf_text(out), prefix.size);
    return 0;
}

/* RFC 4918 10.6; its literals have no case (RFC 2616 2.1). */
static int read_overwrite(const co_http_request *request, bool *ret)
{
    co_text value = co_http_header(request, "Overwrite");
    *ret = !value.at || co_text_equal_nocase(value, CO_TEXT("T"));
    return *ret || co_text_equal_nocase(value, CO_TEXT("F")) ? 0 : 400;
}

static co_text without_slash(co_text path)
{
    if (path.size && path.at[path.size - 1] == '/')
        path.size--;
    return path;
}

static int move_failed(struct co_http_visit *visit, int error, bool overwrite)
{
    if (error == -EEXIST && !overwrite)
        return co_http_visit_error(visit, 412);
    switch (error) {
    case -EEXIST:
    case -EISDIR:
    case -ENOTEMPTY: return co_http_visit_say(visit, 409, FOLDER_IN_THE_WAY);
    case -EBUSY: return co_http_visit_error(visit, 403); /* the root */
    case -EXDEV: return co_http_visit_say(visit, 409, "It lies on another file system.\n");
    default: return co_http_write_failed(visit, error);
    }
}

static int move_to(struct co_http_visit *visit, co_text to, bool overwrite)
{
    struct co_tree *tree = visit->view->tree;
    struct co_tree_stat stat;
    co_text from = co_http_visit_path(visit, (co_text){0});
    if (co_text_equal(without_slash(from), without_slash(to)))
        return co_http_visit_say(visit, 403, "It has that name already.\n");
    int there = co_tree_stat_path(tree, to, &stat);
    bool is_new = there == -ENOENT || there == -ENOTDIR;
    int rc = co_tree_rename(tree, from, to, overwrite);
    if (rc == -ENOTDIR && there == 0) /* not of one kind, or a file is to become "folder/" */
        return co_http_visit_say(visit, 409,
            stat.kind == CO_TREE_FOLDER ? FOLDER_IN_THE_WAY
                                        : "A file is in the way; remove it first.\n");
    if (rc < 0)
        return move_failed(visit, rc, overwrite);
    if (!is_new)
        return co_http_write_done(visit, false, CO_TEXT("/"));
    struct co_buf *path = &visit->request->path; /* from now on, where it has gone */
    path->size = visit->from;
    co_buf_add_text(path, to);
    if (path->error)
        return path->error;
    visit->size = to.size;
    visit->whole = path->size;
    return co_http_write_done(visit, true, CO_TEXT(""));
}

static int move(struct co_http_visit *visit, struct co_buf *room)
{
    bool overwrite;
    co_text to = {0};
    int status = read_overwrite(visit->request, &overwrite);
    if (status == 0)
        status = read_destination(visit, room, &to);
    if (status)
        return status < 0 ? status : co_http_visit_error(visit, status);
    return move_to(visit, to, overwrite);
}

int co_http_move(struct co_http_visit *visit)
{
    struct co_buf room = CO_BUF(CO_TREE_PATH_MAX);
    struct co_http_target target;
    int rc = look(visit, &target);
    if (rc != 0)
        return rc < 0 ? co_http_write_failed(visit, rc) : 0;
    if (!target.exists)
        return co_http_visit_error(visit, 404);
    rc = move(visit, &room);
    co_buf_free(&room);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Who visits a folder: Basic authentication (RFC 7617), and the tree that an account sees.
 *
 * Every request is asked anew, so what an account may do is never what it might do a while ago.
 */
#include "base/client.h"
#include "codec/base64.h"
#include "coronet/tls.h"
#include "http/files.h"
#include "http/route.h"
#include "net/stream.h"

#include <errno.h>
#include <stdlib.h>

#define CREDENTIALS_MAX 2048 /* bytes of name and password; more are wrong (attacks F19) */
#define RETRY_SECONDS   "60" /* a ban lasts longer, but whoever waits for a place does not */

/* ---- views ------------------------------------------------------------------------------------
 */

static void views_clear(void *arg)
{
    struct co_tree_views *views = arg;
    co_tree_views_clear(views);
    free(views);
}

/* The folder's in this shard. */
static int views_of(const struct co_http_visit *visit, struct co_tree_views **ret)
{
    const struct co_http_files *files = visit->files;
    void *kept;
    int rc = co_http_shard_own(visit->request->shard, files, sizeof **ret, views_clear, &kept);
    if (rc < 0)
        return rc;
    *ret = kept;
    if (CO_UNLIKELY(rc > 0))
        co_tree_views_init(*ret, files->root, files->options.hidden);
    return 0;
}

/* Shows the visitor the account's tree. */
static int view_enter(struct co_http_visit *visit)
{
    struct co_tree_views *views;
    int rc = views_of(visit, &views);
    if (rc == 0)
        rc = co_tree_view_enter(views, &visit->account, &visit->view);
    if (rc == 0)
        visit->cache = visit->view->cache;
    return rc;
}

/* ---- logging in ---------------------------------------------------------------------------------
 */

/* Nobody on the way can listen: TLS, or if that will do, a loopback, a Unix socket, memory. */
bool co_http_visit_is_private(const struct co_http_visit *visit)
{
    co_address peer;
    if (co_tls_is_on(visit->request->stream))
        return true;
    if (visit->files->options.require_tls)
        return false;
    co_stream_peer(visit->request->stream, &peer);
    return co_client_is_local(&peer);
}

static int refuse_in_clear(struct co_http_visit *visit)
{
    return co_http_visit_say(visit, 403,
        visit->files->options.require_tls
            ? "Logging in is possible over TLS alone.\n"
            : "Logging in is possible over TLS, or from the server's own machine, but not here: "
              "everybody on the way could read the password.\n");
}

/* RFC 7617 2 and 2.1. The question is put only where the answer cannot be overheard. */
static int challenge(struct co_http_visit *visit)
{
    if (!co_http_visit_is_private(visit))
        return refuse_in_clear(visit);
    int rc = co_http_set(
        visit->request, "WWW-Authenticate", "Basic realm=\"Coronet\", charset=\"UTF-8\"");
    return rc < 0 ? rc : co_http_visit_error(visit, 401);
}

bool co_http_visit_login_helps(const struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    return !visit->is_known && options->authenticate &&
           options->rights_max & ~co_http_visit_rights(visit);
}

int co_http_visit_denied(struct co_http_visit *visit)
{
    return co_http_visit_login_helps(visit) ? challenge(visit) : co_http_visit_error(visit, 403);
}

/* To the folder without the query that asked for this, so not by co_http_redirect. */
int co_http_visit_log_in(struct co_http_visit *visit)
{
    if (!visit->is_known)
        return challenge(visit);
    int rc = co_http_set(visit->request, "Location", "./");
    return rc < 0 ? rc : co_http_reply(visit->request, 303, NULL, NULL, 0);
}

/* Those of the Basic scheme, or at NULL. */
static co_text credentials_of(const co_http_request *request)
{
    const co_text scheme = CO_TEXT("Basic");
    co_text field = request->head.authorization;
    if (field.size <= scheme.size || field.at[scheme.size] != ' ' ||
        !co_text_equal_nocase((co_text){field.at, scheme.size}, scheme))
        return (co_text){0};
    return co_text_trim(co_text_after(field, scheme.size));
}

/* Asks for what the credentials say; they may hold any bytes, but for a colon in the name. */
static int ask(struct co_http_visit *visit, co_text plain)
{
    const struct co_http_files_options *options = &visit->files->options;
    ssize_t colon = co_text_find(plain, ':');
    if (colon < 0 || colon > CO_HTTP_USER_MAX)
        return -EACCES;
    co_text name = {plain.at, (size_t)colon};
    co_buf_add_text(&visit->request->user, name);
    if (visit->request->user.error)
        return visit->request->user.error;
    return options->authenticate(options->authenticate_arg, co_peer(visit->request->stream), name,
        co_text_after(plain, name.size + 1), &visit->account);
}

static int authenticate(struct co_http_visit *visit, co_text credentials)
{
    struct co_buf plain = CO_BUF(CREDENTIALS_MAX);
    int rc = co_base64_decode(credentials, &plain);
    rc = rc == CO_EINVALID || rc == CO_ETOOBIG ? -EACCES : rc;
    if (rc == 0)
        rc = ask(visit, co_buf_text(&plain));
    if (plain.at)
        explicit_bzero(plain.at, plain.room);
    co_buf_free(&plain);
    return rc;
}

/* The slower of two rates. */
static uint64_t rate_of(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static int enter_account(struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    struct co_account *account = &visit->account;
    visit->is_known = true;
    account->rights = (account->rights ? account->rights : CO_MAY_BROWSE) & options->rights_max;
    visit->request->writing.limit_rate =
        rate_of(visit->request->server->options.limit_rate, account->rate);
    if (account->rights == 0)
        return co_http_visit_denied(visit);
    int rc = view_enter(visit);
    if (rc == -ENOENT || rc == -ENOTDIR)
        return co_http_visit_say(visit, 403, "Your folder does not exist on this server.\n");
    if (rc == -EACCES)
        return co_http_visit_say(visit, 403, "Your folder cannot be opened on this server.\n");
    return rc;
}

static int log_in(struct co_http_visit *visit, co_text credentials)
{
    if (!co_http_visit_is_private(visit))
        return refuse_in_clear(visit);
    int rc = authenticate(visit, credentials);
    if (rc == 0)
        return enter_account(visit);
    if (rc == -EACCES)
        return challenge(visit);
    if (co_status() < 0) /* nobody waits for an answer any more */
        return rc;
    int set = co_http_set(visit->request, "Retry-After", RETRY_SECONDS);
    if (set < 0)
        return set;
    return rc == -EBUSY
               ? co_http_visit_say(visit, 429, "Too many logins have failed; try again later.\n")
               : co_http_visit_say(visit, 503, "Logging in is not possible now; try later.\n");
}

/* ---- coming and going ---------------------------------------------------------------------------
 */

int co_http_visit_enter(struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    co_text credentials = credentials_of(visit->request);
    if (CO_UNLIKELY(credentials.at && options->authenticate))
        return log_in(visit, credentials);
    if (options->no_anonymous) {
        bool asks = visit->request->head.method == CO_HTTP_OPTIONS;
        return asks ? 0 : co_http_visit_denied(visit);
    }
    visit->account.rights = options->anonymous_rights;
    return view_enter(visit);
}

void co_http_visit_leave(struct co_http_visit *visit)
{
    const struct co_http_files_options *options = &visit->files->options;
    co_tree_view_leave(visit->view);
    if (!visit->is_known)
        return;
    visit->request->writing.limit_rate = visit->request->server->options.limit_rate;
    if (visit->account.held && options->leave)
        options->leave(options->authenticate_arg, &visit->account);
}

/* ---- what they may ------------------------------------------------------------------------------
 */

unsigned co_http_visit_rights(const struct co_http_visit *visit)
{
    return visit->view ? visit->view->rights : 0;
}

bool co_http_visit_is_folder(const struct co_http_visit *visit)
{
    co_text path = {visit->request->path.at + visit->from, visit->size};
    return path.size == 0 || path.at[path.size - 1] == '/';
}

static bool may(const struct co_http_visit *visit, enum co_http_method method)
{
    unsigned rights = co_http_visit_rights(visit);
    bool folder = co_http_visit_is_folder(visit);
    switch (method) {
    case CO_HTTP_GET:
    case CO_HTTP_HEAD: return rights & (folder ? CO_MAY_BROWSE | CO_MAY_ADD : CO_MAY_BROWSE);
    case CO_HTTP_OPTIONS: return true;
    case CO_HTTP_PUT: return !folder && rights & (CO_MAY_ADD | CO_MAY_CHANGE);
    case CO_HTTP_POST: return folder && rights & (CO_MAY_ADD | CO_MAY_CHANGE);
    case CO_HTTP_MKCOL: return rights & CO_MAY_ADD;
    case CO_HTTP_DELETE:
    case CO_HTTP_MOVE: return rights & CO_MAY_CHANGE;
    default: return false;
    }
}

/* Some methods may be another route's. */
void co_http_visit_allow(
    const struct co_http_visit *visit, enum co_http_method except, struct co_buf *out)
{
    const co_http_request *request = visit->request;
    co_text path = {request->path.at, visit->whole};
    bool folder;
    const struct co_http_route *route = co_http_route_find(request->server->routes, path, &folder);
    for (enum co_http_method method = CO_HTTP_GET; method < CO_HTTP_METHODS; method++) {
        bool others =
            route->by_method[method].handler && route->by_method[method].arg != visit->files;
        if (method == except || !(others || may(visit, method)))
            continue;
        co_buf_add_string(out, out->size ? ", " : "");
        co_buf_add_string(out, co_http_method_name(method));
    }
}

int co_http_visit_not_allowed(struct co_http_visit *visit)
{
    char room[128];
    struct co_buf allow = {.at = room, .room = sizeof room, .size_max = sizeof room};
    co_http_visit_allow(visit, visit->request->head.method, &allow);
    int rc = co_http_set_text(visit->request, CO_TEXT("Allow"), co_buf_text(&allow));
    return rc < 0 ? rc : co_http_visit_error(visit, 405);
}

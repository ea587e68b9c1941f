/* SPDX-License-Identifier: MIT */
#include "app/serve.h"

#include "coronet/shard.h"
#include "http/field.h"
#include "http/message.h"
#include "net/address.h"
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define PORT_TRIES                                                                                 \
 16 /* a port that the system chose for one loopback may be taken on the other                     \
     */

/* Where it listens: a socket for each shard that serves it. */
struct place {
    co_address address;
    co_listener *listener; /* the first shard's */
    int *handed;           /* one for each other shard, -1 when there is none (any more) */
};

struct app {
    const struct co_serve_settings *settings;
    co_http_server *server;
    unsigned workers, count;
    struct place places[CO_SERVE_PLACES_MAX];
};

static struct co_listen_options listen_options(const struct app *app, bool shared)
{
    bool only_v6 = app->settings->family == AF_INET6;
    return (struct co_listen_options){.client_first = true,
        .shared_port = shared,
        .ipv6_only = only_v6,
        .access = app->settings->access};
}

/* ---- listening ---------------------------------------------------------------------------- */

static void place_close(struct app *app, struct place *place)
{
    co_listener_close(place->listener);
    for (unsigned i = 0; place->handed && i + 1 < app->workers; i++)
        co_listener_discard(place->handed[i]);
    free(place->handed);
}

/*
 * The other shards' sockets. The first one was bound alone, so that a second server on this port is
 * refused; SO_REUSEPORT lets our own join it. It asks for the same user, hence before privileges
 * are dropped.
 */
static int place_share(struct app *app, struct place *place, bool only_v6)
{
    char where[CO_ADDRESS_TEXT_MAX];
    struct co_listen_options options = listen_options(app, true);
    options.ipv6_only |= only_v6;
    place->handed = malloc(app->workers * sizeof *place->handed);
    if (!place->handed)
        return -ENOMEM;
    for (unsigned i = 0; i < app->workers; i++)
        place->handed[i] = -1;
    int rc = co_listener_share(place->listener);
    for (unsigned i = 0; rc >= 0 && i + 1 < app->workers; i++) {
        co_listener *other;
        rc = co_listen(&other, co_address_text(&place->address, where), &options);
        if (rc >= 0)
            rc = place->handed[i] = co_listener_detach(other);
    }
    return rc < 0 ? rc : 0;
}

/* Listens at one address. Only TCP is spread over shards: a Unix socket's path has one owner, and
 * an inherited descriptor is one socket. */
static int place_open(struct app *app, const char *where, bool shareable, bool only_v6)
{
    struct place *place = &app->places[app->count];
    struct co_listen_options options = listen_options(app, false);
    options.ipv6_only |= only_v6;
    if (app->count == CO_SERVE_PLACES_MAX)
        return co_fail(CO_ETOOBIG, "too many addresses: at most %d", CO_SERVE_PLACES_MAX);
    int rc = co_listen(&place->listener, where, &options);
    if (rc < 0)
        return rc;
    app->count++;
    place->address = *co_listener_address(place->listener);
    return shareable && app->workers > 1 ? place_share(app, place, only_v6) : 0;
}

static void places_forget(struct app *app, unsigned count)
{
    while (app->count > count) {
        place_close(app, &app->places[--app->count]);
        app->places[app->count] = (struct place){0};
    }
}

static bool is_without_v6(int rc)
{
    return rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL;
}

static int open_number(struct app *app, const char *host, unsigned port)
{
    char where[64];
    bool is_v6 = strchr(host, ':') != NULL;
    snprintf(where, sizeof where, is_v6 ? "[%s]:%u" : "%s:%u", host, port);
    return place_open(app, where, true, is_v6 && strcmp(host, "::1") == 0);
}

/* Both loopbacks with the same port: which of them "localhost" means differs between clients. */
static int open_localhost(struct app *app, unsigned port)
{
    unsigned before = app->count;
    if (app->settings->family == AF_INET6)
        return open_number(app, "::1", port);
    for (int tries = PORT_TRIES;; tries--) {
        int rc = open_number(app, "127.0.0.1", port);
        if (rc < 0 || app->settings->family == AF_INET)
            return rc;
        rc = open_number(app, "::1", co_address_port(&app->places[before].address));
        if (rc >= 0 || is_without_v6(rc))
            return 0;
        if (rc != -EADDRINUSE || port != 0 || tries == 1)
            return rc;
        places_forget(app, before);
    }
}

static int open_everywhere(struct app *app, unsigned port)
{
    if (app->settings->family == AF_INET)
        return open_number(app, "0.0.0.0", port);
    int rc = open_number(app, "::", port);
    if (is_without_v6(rc) && app->settings->family == 0)
        rc = open_number(app, "0.0.0.0", port);
    return rc;
}

static int open_where(struct app *app, const char *where)
{
    struct co_where parsed;
    int rc = co_where_parse(where, &parsed);
    if (rc < 0)
        return rc;
    if (parsed.kind != CO_WHERE_HOST)
        return place_open(app, where, false, false);
    if (strcmp(parsed.host, "localhost") == 0)
        return open_localhost(app, parsed.port);
    if (strcmp(parsed.host, "*") == 0)
        return open_everywhere(app, parsed.port);
    return place_open(app, where, true, false);
}

static int open_all(struct app *app)
{
    int rc = 0;
    for (const char *const *where = app->settings->http; rc == 0 && *where; where++)
        rc = open_where(app, *where);
    return rc;
}

/* ---- serving ------------------------------------------------------------------------------ */

struct serving {
    struct app *app;
    struct place *place;
};

static int serve_handed(struct app *app, int *handed)
{
    char where[16];
    co_listener *listener;
    struct co_listen_options options = listen_options(app, true);
    snprintf(where, sizeof where, "fd:%d", *handed);
    int rc = co_listen(&listener, where, &options);
    if (rc < 0)
        return rc;
    *handed = -1;
    rc = co_http_serve_listener(app->server, listener);
    co_listener_close(listener);
    return rc;
}

static int serve_place(void *arg)
{
    const struct serving *serving = arg;
    unsigned shard = co_shard_index();
    if (shard == 0)
        return co_http_serve_listener(serving->app->server, serving->place->listener);
    if (!serving->place->handed)
        return 0;
    return serve_handed(serving->app, &serving->place->handed[shard - 1]);
}

static int serve_shard(void *arg)
{
    struct app *app = arg;
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < app->count; i++)
        co_go_copy(&group, serve_place, (&(struct serving){app, &app->places[i]}));
    return co_group_close(&group);
}

static int announce(const struct app *app)
{
    const struct co_serve_settings *settings = app->settings;
    int rc = settings->opened ? settings->opened(settings->arg) : 0;
    if (rc < 0 || !settings->listening)
        return rc;
    for (unsigned i = 0; i < app->count; i++)
        settings->listening(settings->arg, &app->places[i].address);
    settings->listening(settings->arg, NULL);
    return 0;
}

static int serve_app(struct app *app)
{
    const struct co_serve_settings *settings = app->settings;
    co_http_files(app->server, "/", settings->directory, &settings->files);
    int rc = app->server->error;
    if (rc < 0)
        return co_fail(rc, "cannot serve %s: %s", settings->directory, co_explain(rc));
    rc = open_all(app);
    if (rc == 0)
        rc = announce(app);
    if (rc == 0)
        rc = co_shards(app->workers, serve_shard, app);
    places_forget(app, 0);
    return rc;
}

int co_app_header_check(const char *line)
{
    co_text name, value;
    return co_http_common_read(line, &name, &value);
}

int co_app_serve(const struct co_serve_settings *settings)
{
    struct app *app = calloc(1, sizeof *app);
    if (!app)
        return -ENOMEM;
    app->settings = settings;
    app->workers = settings->workers ? settings->workers : 1;
    int rc = co_http_server_new(&app->server, &settings->options);
    if (rc == 0)
        rc = serve_app(app);
    co_http_server_free(app->server);
    free(app);
    return rc;
}

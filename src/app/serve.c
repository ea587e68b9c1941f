/* SPDX-License-Identifier: MIT */
#include "app/serve.h"

#include "coronet/shard.h"
#include "ftp/announce.h"
#include "http/field.h"
#include "http/message.h"
#include "net/address.h"
#include "runtime/rt.h"
#include "runtime/workers.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static const struct co_service http = {.scheme = "http", .client_first = true};
static const struct co_service https = {.scheme = "https", .client_first = true};
static const struct co_service ftp = {.scheme = "ftp", .too_many = CO_FTP_TOO_MANY};
static const struct co_service ftps = {.scheme = "ftps", .client_first = true};

struct app {
    const struct co_serve_settings *settings;
    co_http_server *http;
    co_ftp_server *ftp;
    struct co_doors *doors;
    atomic_uint started; /* shards */
};

/* The pool's threads must not keep what `opened` gives up: those that come after it have it not. */
static int announce(const struct app *app)
{
    const struct co_serve_settings *settings = app->settings;
    co_workers_stop(co_rt_current());
    int rc = settings->opened ? settings->opened(settings->arg) : 0;
    if (rc < 0 || !settings->listening)
        return rc;
    for (unsigned i = 0; i < app->doors->count; i++) {
        const struct co_door *door = &app->doors->at[i];
        settings->listening(settings->arg, door->service->scheme, &door->address);
    }
    settings->listening(settings->arg, NULL, NULL);
    return 0;
}

/* ---- serving ------------------------------------------------------------------------------ */

struct serving {
    struct app *app;
    struct co_door *door;
};

static int serve_listener(
    const struct app *app, const struct co_service *service, co_listener *listener)
{
    if (service == &http)
        return co_http_serve_listener(app->http, listener);
    if (service == &https)
        return co_https_serve_listener(app->http, app->settings->tls, listener);
    if (service == &ftps)
        return co_ftps_serve_listener(app->ftp, listener);
    return co_ftp_serve_listener(app->ftp, listener);
}

static int serve_door(void *arg)
{
    const struct serving *serving = arg;
    struct app *app = serving->app;
    co_listener *listener;
    int rc = co_door_take(app->doors, serving->door, &listener);
    if (rc < 0 || !listener)
        return rc;
    rc = serve_listener(app, serving->door->service, listener);
    co_listener_close(listener);
    return rc;
}

static int serve_shard(void *arg)
{
    struct app *app = arg;
    const struct co_serve_settings *settings = app->settings;
    co_group group;
    if (atomic_fetch_add(&app->started, 1) + 1 == app->doors->workers && settings->started) {
        int rc = settings->started(settings->arg);
        if (rc < 0)
            return rc;
    }
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < app->doors->count; i++)
        co_go_copy(&group, serve_door, (&(struct serving){app, &app->doors->at[i]}));
    return co_group_close(&group);
}

static int servers_new(struct app *app)
{
    const struct co_serve_settings *settings = app->settings;
    int rc = co_http_server_new(&app->http, &settings->options);
    if (rc < 0)
        return rc;
    co_http_files(app->http, "/", settings->directory, &settings->files);
    if (app->http->error < 0)
        return co_fail(app->http->error, "cannot serve %s: %s", settings->directory,
            co_explain(app->http->error));
    struct co_ftp_options ftp_options = settings->ftp_options;
    ftp_options.tls = settings->tls;
    return co_ftp_server_new(&app->ftp, settings->directory, &ftp_options);
}

/* Where redirections lead: known only now, if it was the system's to choose. 0: nowhere. */
static unsigned https_port(const struct co_doors *doors)
{
    unsigned port = 0;
    for (unsigned i = 0; port == 0 && i < doors->count; i++)
        if (doors->at[i].service == &https)
            port = co_address_port(&doors->at[i].address);
    return port;
}

static int serve(struct app *app)
{
    int rc = servers_new(app);
    if (rc == 0 && app->settings->redirect_https)
        app->http->options.https_port = https_port(app->doors);
    if (rc == 0)
        rc = announce(app);
    return rc < 0 ? rc : co_shards(app->doors->workers, serve_shard, app);
}

bool co_app_host(const char *where, char ret_host[CO_APP_HOST_MAX + 1])
{
    struct co_where parsed;
    if (co_where_parse(where, &parsed) < 0 || parsed.kind != CO_WHERE_HOST)
        return false;
    memcpy(ret_host, parsed.host, sizeof parsed.host);
    return true;
}

int co_app_header_check(const char *line)
{
    co_text name, value;
    return co_http_common_read(line, &name, &value);
}

int co_app_public_address_check(const char *rule)
{
    struct co_ftp_announced ignored;
    return co_ftp_announced_parse(rule, &ignored);
}

/* A number of the other family than was asked for must not be listened at all the same. */
static int check_family(const char *where, int family, const struct co_service *service)
{
    struct co_where parsed;
    co_address address;
    int rc = co_where_parse(where, &parsed);
    if (rc < 0 || family == 0 || parsed.kind != CO_WHERE_HOST ||
        co_address_of_number(parsed.host, parsed.port, &address) < 0 ||
        address.as.any.sa_family == family)
        return rc;
    return co_fail(CO_EADDRESS, "--%s %s is an IPv%c address, which -%c rules out", service->scheme,
        where, family == AF_INET ? '6' : '4', family == AF_INET ? '4' : '6');
}

static int open_each(
    struct co_doors *doors, const char *const *where, const struct co_service *service)
{
    int rc = 0;
    for (; rc == 0 && where && *where; where++) {
        rc = check_family(*where, doors->family, service);
        if (rc == 0)
            rc = co_doors_open(doors, *where, service);
    }
    return rc;
}

int co_app_open(const struct co_serve_settings *settings, struct co_doors *doors)
{
    *doors = (struct co_doors){
        .family = settings->family,
        .workers = settings->workers ? settings->workers : 1,
        .access = settings->access,
    };
    int rc = open_each(doors, settings->http, &http);
    if (rc == 0)
        rc = open_each(doors, settings->https, &https);
    if (rc == 0 && settings->redirect_https && https_port(doors) == 0)
        rc = co_fail(CO_EADDRESS, "--redirect-https: there is no port of HTTPS to lead to");
    if (rc == 0)
        rc = open_each(doors, settings->ftp, &ftp);
    return rc < 0 ? rc : open_each(doors, settings->ftps, &ftps);
}

int co_app_serve(const struct co_serve_settings *settings, struct co_doors *doors)
{
    struct app *app = calloc(1, sizeof *app);
    if (!app)
        return -ENOMEM;
    app->settings = settings;
    app->doors = doors;
    int rc = serve(app);
    co_http_server_free(app->http);
    co_ftp_server_free(app->ftp);
    free(app);
    return rc;
}

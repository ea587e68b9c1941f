/* SPDX-License-Identifier: MIT */
/* Building a server, serving it at an address, and telling what happens: the rest is the sessions'
 * work. */
#include "ftp/session.h"
#include "net/protocol.h"

#include <errno.h>
#include <stdlib.h>

static void fill_defaults(struct co_ftp_options *options)
{
    if (options->anonymous_rights == 0)
        options->anonymous_rights = CO_MAY_BROWSE;
    if (options->idle_timeout_ms == 0)
        options->idle_timeout_ms = 300000;
    if (options->login_timeout_ms == 0)
        options->login_timeout_ms = 60000;
    if (options->command_timeout_ms == 0)
        options->command_timeout_ms = 60000;
    if (options->data_timeout_ms == 0)
        options->data_timeout_ms = 30000;
    if (options->min_rate == 0)
        options->min_rate = 240;
    if (options->connections_max == 0)
        options->connections_max = 10000;
    if (options->drain_timeout_ms == 0)
        options->drain_timeout_ms = 30000;
}

/* Nobody could ever log in. */
static int check_options(const struct co_ftp_options *options)
{
    return options->require_tls && !options->tls
               ? co_fail(CO_EINVALID, "require_tls without tls lets nobody log in")
               : 0;
}

static int read_announced(struct co_ftp_server *server)
{
    const char *const *rules = server->options.public_addresses;
    size_t count = 0;
    while (rules && rules[count])
        count++;
    server->announced = calloc(count + 1, sizeof *server->announced);
    if (!server->announced)
        return -ENOMEM;
    int rc = 0;
    for (; rc == 0 && server->announced_count < count; server->announced_count++)
        rc = co_ftp_announced_parse(
            rules[server->announced_count], &server->announced[server->announced_count]);
    return rc;
}

static int make_broker(struct co_ftp_server *server)
{
    unsigned low = server->options.passive_low, high = server->options.passive_high;
    if (low > high || high > 65535)
        return -EINVAL;
    return low ? co_broker_new(&server->broker, low, high) : 0;
}

int co_ftp_server_new(
    co_ftp_server **ret, const char *directory, const struct co_ftp_options *options)
{
    co_ftp_server *server = calloc(1, sizeof *server);
    if (!server)
        return -ENOMEM;
    if (options)
        server->options = *options;
    fill_defaults(&server->options);
    int rc = check_options(&server->options);
    if (rc == 0)
        rc = read_announced(server);
    if (rc == 0)
        rc = make_broker(server);
    if (rc == 0)
        rc = co_tree_open(&server->tree, directory,
            &(struct co_tree_options){.hidden = server->options.hidden, .rights = CO_MAY_ALL});
    if (rc < 0) {
        co_ftp_server_free(server);
        return rc;
    }
    *ret = server;
    return 0;
}

void co_ftp_server_free(co_ftp_server *server)
{
    if (!server)
        return;
    co_tree_free(server->tree);
    co_broker_free(server->broker);
    free(server->announced);
    free(server);
}

/* ---- serving -------------------------------------------------------------------------------- */

static struct co_protocol protocol_of(struct co_ftp_shard *shard, co_handler *handler)
{
    const co_ftp_server *server = shard->server;
    return (struct co_protocol){
        .handler = handler,
        .arg = shard,
        .connections_max = server->options.connections_max,
        .park_timeout_ms = server->options.login_timeout_ms,
        .drain_timeout_ms = server->options.drain_timeout_ms,
        .access = server->options.access,
    };
}

int co_ftp_shard_init(struct co_ftp_shard *shard, co_ftp_server *server)
{
    shard->server = server;
    co_tree_views_init(&shard->views, server->tree, server->options.hidden);
    return co_ports_init(&shard->ports);
}

void co_ftp_shard_clear(struct co_ftp_shard *shard)
{
    co_tree_views_clear(&shard->views);
    co_ports_clear(&shard->ports);
}

struct place {
    const char *where;
    const struct co_serve_options *options;
    co_listener *listener; /* instead of `where` */
    bool secure;           /* TLS from the first byte */
};

static int serve(co_ftp_server *server, const struct place *place)
{
    struct co_ftp_shard shard;
    if (place->secure && !server->options.tls)
        return -EINVAL;
    int rc = co_ftp_shard_init(&shard, server);
    if (rc < 0)
        return rc;
    struct co_protocol protocol =
        protocol_of(&shard, place->secure ? co_ftp_secure_session : co_ftp_clear_session);
    protocol.client_first = place->secure; /* TLS's hello */
    protocol.too_many = place->secure ? NULL : CO_FTP_TOO_MANY;
    rc = place->listener ? co_protocol_serve_listener(&protocol, place->listener)
                         : co_protocol_serve(&protocol, place->where, place->options);
    co_ftp_shard_clear(&shard);
    return rc;
}

int co_ftp_serve(co_ftp_server *server, const char *where, const struct co_serve_options *options)
{
    return serve(server, &(struct place){.where = where, .options = options});
}

int co_ftp_serve_listener(co_ftp_server *server, co_listener *listener)
{
    return serve(server, &(struct place){.listener = listener});
}

int co_ftps_serve(co_ftp_server *server, const char *where, const struct co_serve_options *options)
{
    return serve(server, &(struct place){.where = where, .options = options, .secure = true});
}

int co_ftps_serve_listener(co_ftp_server *server, co_listener *listener)
{
    return serve(server, &(struct place){.listener = listener, .secure = true});
}

int co_ftp_serve_folder(
    const char *where, const char *directory, const struct co_ftp_options *options)
{
    co_ftp_server *server;
    int rc = co_ftp_server_new(&server, directory, options);
    if (rc < 0)
        return rc;
    rc = co_ftp_serve(server, where, NULL);
    co_ftp_server_free(server);
    return rc;
}

/* ---- events --------------------------------------------------------------------------------- */

void co_ftp_tell(struct co_ftp_session *session, const struct co_ftp_event *event)
{
    const struct co_ftp_options *options = &session->server->options;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX + 1), target = CO_BUF(CO_TREE_PATH_MAX + 1);
    struct co_ftp_event whole = *event;
    if (!options->event)
        return;
    whole.peer = co_peer(session->control);
    whole.scheme = co_ftp_is_secure(session) ? "ftps" : "ftp";
    whole.user = co_text_of(session->user);
    whole.reply = session->last_reply;
    if (event->path.at)
        co_ftp_shown_path(&path, event->path);
    if (event->target.at)
        co_ftp_shown_path(&target, event->target);
    whole.path = co_buf_text(&path);
    whole.target = co_buf_text(&target);
    options->event(options->arg, &whole);
    co_buf_free(&path);
    co_buf_free(&target);
}

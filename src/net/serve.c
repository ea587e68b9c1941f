/* SPDX-License-Identifier: MIT */
/* The accept loop: a fiber for each connection, within a group that drains and joins them. */
#include "net/serve.h"

#include "net/listener.h"
#include "net/stream.h"

#define CONNECTIONS_MAX                                                                            \
 10000 /* handlers and parked streams at once, unless options say otherwise */

struct co_server {
    co_handler *handler;
    void *arg;
    const struct co_serve_options *options;
};

void co_server_failed(struct co_server *server, co_stream *stream, int error)
{
    if (server->options->failed)
        server->options->failed(server->options->arg, stream, error);
}

static void serve_stream(struct co_server *server, co_group *group, co_stream *stream)
{
    static const struct co_go_options go = {.name = "connection"};
    struct co_group_body *body = (struct co_group_body *)group;
    stream->handler = server->handler;
    stream->arg = server->arg;
    stream->server = server;
    if (server->options->park_timeout_ms > 0)
        co_park_deadline(stream, server->options->park_timeout_ms);
    if (co_fiber_spawn(stream->rt, body, &go, co_stream_handle, stream) < 0)
        co_abort(stream); /* no memory for one more: the others go on */
    else
        body->count++;
}

static int accept_all(struct co_server *server, co_group *group, co_listener *listener)
{
    for (;;) {
        co_stream *stream;
        int rc = co_group_wait_place(co_rt_current(), (struct co_group_body *)group, true);
        if (rc == 0)
            rc = co_accept(&stream, listener);
        if (rc < 0)
            return rc;
        serve_stream(server, group, stream);
    }
}

/* Serves and, if the listener is its own or asks for it, closes that before it waits for the last
 * handlers: new clients shall turn elsewhere, and a successor may listen. */
static int serve(struct co_server *given, co_listener *listener, bool owned)
{
    static const struct co_serve_options defaults;
    struct co_server server = *given;
    if (!server.options)
        server.options = &defaults;
    const struct co_group_options limits = {
        .children_max =
            server.options->connections_max ? server.options->connections_max : CONNECTIONS_MAX,
        .keep_going = true,
    };
    co_group group;
    co_group_open(&group, &limits);
    int rc = accept_all(&server, &group, listener);
    if (owned)
        co_listener_close(listener);
    else
        co_listener_drained(listener);
    if (rc != CO_EDRAIN)
        co_group_drain(&group); /* parked streams would keep the group open for ever */
    int joined = co_group_close(&group);
    return rc == CO_EDRAIN ? joined : rc;
}

int co_serve_listener(
    co_listener *listener, co_handler *handler, void *arg, const struct co_serve_options *options)
{
    return serve(&(struct co_server){handler, arg, options}, listener, false);
}

int co_serve(
    const char *where, co_handler *handler, void *arg, const struct co_serve_options *options)
{
    co_listener *listener;
    int rc = co_listen(&listener, where, options ? &options->listen : NULL);
    if (rc < 0)
        return rc;
    if (options && options->listening)
        options->listening(options->arg, co_listener_address(listener));
    return serve(&(struct co_server){handler, arg, options}, listener, true);
}

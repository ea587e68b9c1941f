/* SPDX-License-Identifier: MIT */
/* How virtual streams come to be: an attempt knocks at a listener, which answers with an end. */
#include "runtime/virtual_net.h"

#include <errno.h>

#define BACKLOG_MAX 4096      /* Linux's somaxconn */
#define KNOCKS_MAX  6         /* Linux's tcp_syn_retries: some two minutes in all */
#define KNOCK_AGAIN CO_SECOND /* RFC 6298 2.1; doubled each time */

/* The listener's answer to a connection attempt: the other end, or NULL when memory is out. */
static struct co_virt_socket *answer(struct co_virt_socket *listener, struct co_virt_socket *client)
{
    struct co_virt_socket *end =
        co_virt_socket_new(listener->host, listener->family, listener->type);
    if (!end)
        return NULL;
    end->state = CO_VIRT_CONNECTED;
    end->local = client->remote;
    end->remote = client->local;
    end->stream.peer = client;
    client->stream.peer = end;
    co_list_append(&listener->stream.waiting, &end->stream.waiting);
    listener->stream.waiting_count++;
    return end;
}

static void refuse(struct co_virt_socket *client, int error)
{
    client->stream.reset.error = error;
    co_virt_fly_sign(client, &client->stream.reset, CO_VIRT_RESET);
}

static void knock_fire(struct co_virt_event *event)
{
    struct co_virt_socket *client = CO_CONTAINER(event, struct co_virt_socket, stream.knock);
    struct co_virt_host *host = client->host;
    struct co_virt_socket *listener =
        client->closed ? NULL : co_virt_find(host, SOCK_STREAM, &client->remote, &client->local);
    co_virt_note(host->world, CO_VIRT_MARK_KNOCK, client->number,
        listener ? (int64_t)listener->number : 0, 0);
    if (client->closed) {
        /* Nobody waits for the answer any more. */
    } else if (!listener) {
        bool path = client->remote.family == AF_UNIX && client->remote.bytes[0] != '\0';
        refuse(client, path ? -ENOENT : -ECONNREFUSED);
    } else if (listener->stream.waiting_count <= listener->stream.backlog &&
               answer(listener, client)) {
        co_virt_fly_sign(client, &client->stream.opened, CO_VIRT_OPENED);
        co_virt_wake(listener, &listener->reading);
    } else if (client->stream.knocks++ < KNOCKS_MAX) {
        /* A full backlog drops the attempt silently and it is repeated (RFC 9293 3.8.1). */
        co_virt_socket_schedule(client, &client->stream.knock,
            host->world->now + (KNOCK_AGAIN << (client->stream.knocks - 1)));
    } else {
        refuse(client, -ETIMEDOUT);
    }
    co_virt_release(client);
}

int co_virt_stream_connect(struct co_virt_socket *socket, const struct co_virt_name *to)
{
    switch (socket->state) {
    case CO_VIRT_LISTENING: return -EINVAL;
    case CO_VIRT_CONNECTING: return -EALREADY;
    case CO_VIRT_CONNECTED: return -EISCONN;
    default: break;
    }
    if (!to)
        return -EAFNOSUPPORT;
    int rc = co_virt_bind_towards(socket, to);
    if (rc < 0)
        return rc;
    co_virt_name_narrow(&socket->local, to);
    socket->remote = *to;
    socket->state = CO_VIRT_CONNECTING;
    socket->stream.knock.fire = knock_fire;
    co_virt_socket_schedule(socket, &socket->stream.knock, co_virt_soon(socket->host->world));
    return 0;
}

int co_virt_stream_listen(struct co_virt_socket *socket, int backlog)
{
    if (socket->state != CO_VIRT_FRESH && socket->state != CO_VIRT_LISTENING)
        return -EINVAL;
    int rc = co_virt_bind_towards(socket, NULL);
    if (rc < 0)
        return rc;
    bool fits = backlog >= 0 && backlog <= BACKLOG_MAX;
    socket->stream.backlog = fits ? (unsigned)backlog : BACKLOG_MAX;
    socket->state = CO_VIRT_LISTENING;
    return 0;
}

long co_virt_connect_result(struct co_virt_socket *socket)
{
    if (socket->error == 0)
        return 0;
    long error = socket->error;
    socket->error = 0;
    if (!socket->stream.peer) {
        socket->state = CO_VIRT_FRESH;
        socket->stream.reset_arrived = false;
        socket->stream.knocks = 0;
    }
    return error;
}

long co_virt_accept_next(struct co_virt_socket *listener, struct co_op *op)
{
    if (listener->state != CO_VIRT_LISTENING)
        return -EINVAL;
    struct co_link *link = listener->stream.waiting.next;
    struct co_virt_socket *end = CO_CONTAINER(link, struct co_virt_socket, stream.waiting);
    int rc = co_virt_socket_open(end, &op->a.accept.fd);
    if (rc < 0)
        return rc;
    co_list_remove(link);
    listener->stream.waiting_count--;
    if (op->a.accept.peer)
        co_virt_name_write(end->family, &end->remote, op->a.accept.peer);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets in memory. Each packet flies by itself, so packets overtake each other, except
 * between Unix sockets, which keep the order. None is lost but by a full receiver.
 */
#include "runtime/pool.h"
#include "runtime/virtual_net.h"

#include <errno.h>
#include <stdlib.h>

#define PACKET_MAX     65507  /* UDP over IPv4: 65535 - 20 - 8 */
#define RECEIVE_BUFFER 212992 /* Linux's rmem_default: beyond it packets are dropped */

struct packet {
    struct co_virt_event event; /* first: the world frees what never arrived */
    struct co_link link;
    struct co_virt_host *host;
    co_fd sender;
    struct co_virt_name from, to;
    bool bounced; /* on its way back: nobody was there */
    size_t size;
    uint8_t bytes[];
};

_Static_assert(offsetof(struct packet, event) == 0, "freed through its event");

/* ---- sending ------------------------------------------------------------------------------ */

/* An ICMP "port unreachable" reaches the sender, who hears of it if connected (RFC 1122 4.1.3.3).
 */
static void packet_comes_back(struct packet *packet)
{
    struct co_virt_socket *sender = co_virt_socket_of(packet->host, packet->sender);
    if (!sender || sender->state != CO_VIRT_CONNECTED)
        return;
    co_virt_note(packet->host->world, CO_VIRT_MARK_BOUNCE, sender->number, 0, 0);
    sender->error = -ECONNREFUSED;
    co_virt_wake(sender, &sender->reading);
}

static void packet_fire(struct co_virt_event *event)
{
    struct packet *packet = CO_CONTAINER(event, struct packet, event);
    struct co_virt_world *world = packet->host->world;
    if (packet->bounced) {
        packet_comes_back(packet);
        free(packet);
        return;
    }
    struct co_virt_socket *socket =
        co_virt_find(packet->host, SOCK_DGRAM, &packet->to, &packet->from);
    if (!socket) {
        packet->bounced = true;
        co_virt_schedule(world, event, co_virt_soon(world));
        return;
    }
    co_virt_note(world, CO_VIRT_MARK_PACKET, socket->number, (int64_t)packet->size,
        co_virt_hash(packet->bytes, packet->size));
    if (socket->family != AF_UNIX && socket->datagram.bytes + packet->size > RECEIVE_BUFFER) {
        free(packet);
        return;
    }
    socket->datagram.bytes += packet->size;
    co_list_append(&socket->datagram.packets, &packet->link);
    co_virt_wake(socket, &socket->reading);
}

static int64_t packet_due(struct co_virt_socket *socket)
{
    int64_t due = co_virt_soon(socket->host->world);
    if (socket->family != AF_UNIX)
        return due;
    if (due < socket->datagram.last_due)
        due = socket->datagram.last_due;
    return socket->datagram.last_due = due + 1;
}

/* Where a message goes: its own name or the peer of the socket. */
static int message_target(
    struct co_virt_socket *socket, const struct msghdr *message, struct co_virt_name *ret)
{
    if (!message->msg_name || message->msg_namelen == 0) {
        if (socket->state != CO_VIRT_CONNECTED)
            return -EDESTADDRREQ;
        *ret = socket->remote;
        return 0;
    }
    co_address address = {.size = message->msg_namelen};
    if (address.size > sizeof address.as.bytes)
        return -EINVAL;
    memcpy(address.as.bytes, message->msg_name, address.size);
    bool as_ipv4 = socket->family == AF_INET6 && address.as.any.sa_family == AF_INET;
    return co_virt_name_read(as_ipv4 ? AF_INET : socket->family, &address, ret);
}

static struct packet *packet_new(
    struct co_virt_socket *socket, const struct co_virt_name *to, size_t size)
{
    struct packet *packet = calloc(1, sizeof *packet + size);
    if (!packet)
        return NULL;
    packet->event = (struct co_virt_event){.fire = packet_fire, .owned = true};
    packet->host = socket->host;
    packet->sender = socket->fd;
    packet->from = socket->local;
    co_virt_name_narrow(&packet->from, to);
    packet->to = *to;
    packet->size = size;
    return packet;
}

/* Returns the message's size, or -errno. */
static long send_message(struct co_virt_socket *socket, const struct msghdr *message)
{
    struct co_virt_name to;
    int rc = message_target(socket, message, &to);
    if (rc < 0)
        return rc;
    size_t size = co_virt_iov_size(message->msg_iov, message->msg_iovlen);
    if (size > PACKET_MAX)
        return -EMSGSIZE;
    if (socket->datagram.write_shut)
        return -EPIPE;
    rc = co_virt_bind_towards(socket, NULL);
    if (rc < 0)
        return rc;
    if (socket->family == AF_UNIX && !co_virt_find(socket->host, SOCK_DGRAM, &to, &socket->local))
        return -ECONNREFUSED; /* there is no network between them: known at once */
    struct packet *packet = packet_new(socket, &to, size);
    if (!packet)
        return -ENOBUFS;
    co_virt_gather(message->msg_iov, 0, packet->bytes, size);
    co_virt_schedule(socket->host->world, &packet->event, packet_due(socket));
    return (long)size;
}

static long send_messages(struct co_virt_socket *socket, const struct co_op *op)
{
    for (unsigned i = 0; i < op->a.messages.count; i++) {
        long rc = send_message(socket, &op->a.messages.at[i].msg_hdr);
        if (rc < 0)
            return i > 0 ? (long)i : rc;
        op->a.messages.at[i].msg_len = (unsigned)rc;
    }
    return op->a.messages.count;
}

/* ---- receiving ---------------------------------------------------------------------------- */

static void scatter(struct msghdr *message, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0, at = 0; i < message->msg_iovlen && at < size; i++) {
        size_t part =
            message->msg_iov[i].iov_len < size - at ? message->msg_iov[i].iov_len : size - at;
        memcpy(message->msg_iov[i].iov_base, bytes + at, part);
        at += part;
    }
}

static void message_name(
    const struct co_virt_socket *socket, const struct co_virt_name *from, struct msghdr *message)
{
    if (!message->msg_name)
        return;
    co_address address;
    co_virt_name_write(socket->family, from, &address);
    size_t room = message->msg_namelen;
    memcpy(message->msg_name, address.as.bytes, room < address.size ? room : address.size);
    message->msg_namelen = address.size;
}

/* Takes the first packet. Returns how many of its bytes there was room for. */
static size_t receive_message(struct co_virt_socket *socket, struct msghdr *message)
{
    struct packet *packet = CO_CONTAINER(socket->datagram.packets.next, struct packet, link);
    size_t room = co_virt_iov_size(message->msg_iov, message->msg_iovlen);
    size_t size = packet->size < room ? packet->size : room;
    scatter(message, packet->bytes, size);
    message_name(socket, &packet->from, message);
    message->msg_flags = packet->size > room ? MSG_TRUNC : 0;
    message->msg_controllen = 0;
    socket->datagram.bytes -= packet->size;
    co_list_remove(&packet->link);
    free(packet);
    socket->host->rt->input_serial++;
    return size;
}

static long receive_messages(struct co_virt_socket *socket, const struct co_op *op)
{
    unsigned done = 0;
    while (done < op->a.messages.count && !co_list_empty(&socket->datagram.packets)) {
        struct mmsghdr *at = &op->a.messages.at[done++];
        at->msg_len = (unsigned)receive_message(socket, &at->msg_hdr);
    }
    return done;
}

/* A plain receive: one packet, cut to the room there is. */
static long receive_one(struct co_virt_socket *socket, struct co_op *op)
{
    if (co_list_empty(&socket->datagram.packets))
        return 0; /* shut down */
    bool pooled = !op->a.receive.at;
    struct iovec room = {op->a.receive.at, op->a.receive.size};
    if (pooled)
        room = (struct iovec){co_buffer_take(socket->host->rt, CO_BUFFER_SMALL), CO_BUFFER_SMALL};
    if (!room.iov_base)
        return -ENOMEM;
    struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1};
    size_t size = receive_message(socket, &message);
    if (size == 0 && pooled) {
        co_buffer_give(socket->host->rt, room.iov_base, CO_BUFFER_SMALL);
        return 0;
    }
    op->a.receive.at = room.iov_base;
    op->a.receive.size = room.iov_len;
    return (long)size;
}

/* ---- the kind ----------------------------------------------------------------------------- */

static bool datagram_ready(struct co_virt_socket *socket, const struct co_op *op)
{
    if (op->code != CO_OP_RECEIVE && op->code != CO_OP_RECEIVE_MESSAGES)
        return true;
    return !co_list_empty(&socket->datagram.packets) || socket->error != 0 ||
           socket->datagram.read_shut;
}

static long datagram_perform(struct co_virt_socket *socket, struct co_op *op)
{
    long error = socket->error;
    socket->error = 0;
    if (error)
        return error;
    struct msghdr message = {0};
    switch (op->code) {
    case CO_OP_CONNECT: return 0;
    case CO_OP_RECEIVE: return receive_one(socket, op);
    case CO_OP_RECEIVE_MESSAGES: return receive_messages(socket, op);
    case CO_OP_SEND_MESSAGES: return send_messages(socket, op);
    case CO_OP_SEND:
        message.msg_iov = (struct iovec *)(uintptr_t)op->a.send.pieces;
        message.msg_iovlen = op->a.send.count;
        return send_message(socket, &message);
    default: return -EOPNOTSUPP;
    }
}

static int datagram_connect(struct co_virt_socket *socket, const struct co_virt_name *to)
{
    if (!to) { /* AF_UNSPEC dissolves the connection (connect(2)) */
        socket->state = CO_VIRT_FRESH;
        return 0;
    }
    int rc = co_virt_bind_towards(socket, to);
    if (rc < 0)
        return rc;
    co_virt_name_narrow(&socket->local, to);
    socket->remote = *to;
    socket->state = CO_VIRT_CONNECTED;
    return 0;
}

static int datagram_listen(struct co_virt_socket *socket, int backlog)
{
    (void)socket;
    (void)backlog;
    return -EOPNOTSUPP;
}

static int datagram_shutdown(struct co_virt_socket *socket, int how)
{
    if (socket->state != CO_VIRT_CONNECTED)
        return -ENOTCONN;
    socket->datagram.write_shut |= how != SHUT_RD;
    socket->datagram.read_shut |= how != SHUT_WR;
    co_virt_nudge(socket, &socket->reading);
    return 0;
}

static size_t datagram_unread(const struct co_virt_socket *socket)
{
    return socket->datagram.bytes;
}

static void datagram_drop(struct co_virt_socket *socket)
{
    struct co_link *link;
    while ((link = co_list_pop(&socket->datagram.packets)))
        free(CO_CONTAINER(link, struct packet, link));
    socket->datagram.bytes = 0;
}

const struct co_virt_kind co_virt_datagram = {
    .connect = datagram_connect,
    .ready = datagram_ready,
    .perform = datagram_perform,
    .listen = datagram_listen,
    .shutdown = datagram_shutdown,
    .unread = datagram_unread,
    .close = datagram_drop,
    .free = datagram_drop,
};

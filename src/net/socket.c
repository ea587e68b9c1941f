/* SPDX-License-Identifier: MIT */
/* The kind of stream that is a connected socket: each call is one operation of the backend. */
#include "base/client.h"
#include "net/access.h"
#include "net/fail.h"
#include "net/sockopt.h"
#include "net/stream.h"
#include "runtime/pool.h"
#include "runtime/sysop.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BULK_BYTES (1u << 20) /* of a file at once: worth a system call to send it well */

static long socket_receive(struct co_stream *stream, void *at, size_t size)
{
    struct co_op op = {
        .code = CO_OP_RECEIVE,
        .flags = stream->now      ? CO_OP_LIKELY | CO_OP_NOW
                 : stream->likely ? CO_OP_LIKELY
                                  : 0,
        .fd = stream->fd,
        .a.receive = {at, size},
    };
    stream->likely = false;
    long n = co_op_run(&op);
    if (n > 0 && !at) {
        stream->in = op.a.receive.at;
        stream->in_room = CO_BUFFER_SMALL;
    }
    return n;
}

static long socket_splice(struct co_stream *stream, int pipe_fd, size_t size)
{
    struct co_op op = {.code = CO_OP_SPLICE, .fd = stream->fd, .a.splice = {pipe_fd, size}};
    return co_op_run(&op);
}

static long send_by(
    struct co_stream *stream, const struct iovec *pieces, unsigned count, unsigned flags)
{
    struct co_op op = {
        .code = CO_OP_SEND,
        .flags = (uint8_t)(CO_OP_LIKELY | flags | (stream->closing ? CO_OP_MORE : 0)),
        .fd = stream->fd,
        .a.send = {pieces, count},
    };
    return co_op_run(&op);
}

static long socket_send(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    return send_by(stream, pieces, count, 0);
}

static long socket_send_now(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    return send_by(stream, pieces, count, CO_OP_NOW);
}

/* A listener's connections know it from the start; others of this machine learn it here. */
static void expect_bulk(struct co_stream *stream)
{
    co_address peer;
    co_stream_peer(stream, &peer);
    stream->bulk = true;
    if (co_client_is_local(&peer))
        co_sockopt_unpace(stream->rt, stream->fd);
}

static long socket_send_file(struct co_stream *stream, int file_fd, uint64_t offset, size_t size)
{
    if (size >= BULK_BYTES && !stream->bulk)
        expect_bulk(stream);
    struct co_op op = {
        .code = CO_OP_SEND_FILE,
        .flags = CO_OP_LIKELY,
        .fd = stream->fd,
        .a.file = {file_fd, offset, size},
    };
    return co_op_run(&op);
}

static int socket_shutdown(struct co_stream *stream)
{
    struct co_control control = {.code = CO_CONTROL_SHUTDOWN, .value = SHUT_WR};
    return (int)stream->rt->backend->control(stream->rt, stream->fd, &control);
}

static long socket_unread(struct co_stream *stream)
{
    struct co_control control = {.code = CO_CONTROL_UNREAD};
    return stream->rt->backend->control(stream->rt, stream->fd, &control);
}

static void socket_close(struct co_stream *stream, bool reset)
{
    if (reset)
        co_option_set(stream, "linger", 0); /* close discards what is unsent and resets */
    stream->rt->backend->close_fd(stream->rt, stream->fd);
    if (stream->access)
        co_access_leave(stream->access, stream);
}

static void park_done(struct co_rt *rt, struct co_op *op)
{
    (void)rt;
    struct co_stream *stream = CO_CONTAINER(op, struct co_stream, read_op);
    co_stream_unpark(stream);
}

/* What the receive of a parked stream brought. */
static void park_take(struct co_stream *stream)
{
    long n = stream->read_op.result;
    if (n > 0) {
        stream->in = stream->read_op.a.receive.at;
        stream->in_room = CO_BUFFER_SMALL;
        stream->in_end = (uint32_t)n;
    } else if (n == 0) {
        stream->ended = true;
    } else if (n != -ECANCELED) {
        stream->read_error = (int32_t)n;
    }
}

static bool socket_park(struct co_stream *stream)
{
    stream->read_op = (struct co_op){
        .code = CO_OP_RECEIVE,
        .flags = stream->likely ? CO_OP_LIKELY : 0,
        .fd = stream->fd,
        .done = park_done,
    };
    stream->likely = false;
    if (!co_op_submit(stream->rt, &stream->read_op))
        return false;
    park_take(stream);
    return true;
}

static void socket_unpark(struct co_stream *stream)
{
    if (stream->read_op.in_flight)
        stream->rt->backend->cancel(stream->rt, &stream->read_op);
}

static const struct co_stream_kind socket_kind = {
    .name = "socket",
    .receive = socket_receive,
    .glances = true,
    .splice = socket_splice,
    .send = socket_send,
    .send_now = socket_send_now,
    .send_file = socket_send_file,
    .shutdown = socket_shutdown,
    .unread = socket_unread,
    .close = socket_close,
    .park = socket_park,
    .unpark = socket_unpark,
    .unparked = park_take,
};

static void end_keep(struct co_stream_end *end, const co_address *address)
{
    if (address->size > sizeof end->bytes)
        return;
    end->size = (uint8_t)address->size;
    memcpy(end->bytes, address->as.bytes, address->size);
}

static void end_give(const struct co_stream_end *end, co_address *ret)
{
    *ret = (co_address){.size = end->size};
    memcpy(ret->as.bytes, end->bytes, end->size);
}

static void peer_keep(struct co_stream *stream, const co_address *peer)
{
    if (peer->size > sizeof stream->peer.bytes) { /* a Unix socket's path */
        char text[CO_ADDRESS_TEXT_MAX];
        stream->peer_text = strdup(co_address_text(peer, text));
    } else {
        end_keep(&stream->peer, peer);
    }
}

int co_stream_of_socket(co_fd fd, const co_address *peer, struct co_stream **ret)
{
    struct co_stream *stream = co_stream_new(&socket_kind);
    if (!stream) {
        struct co_rt *rt = co_rt_current();
        rt->backend->close_fd(rt, fd);
        return -ENOMEM;
    }
    stream->fd = fd;
    stream->likely = true; /* a client that speaks first has often spoken already */
    if (peer)
        peer_keep(stream, peer);
    *ret = stream;
    return 0;
}

static int adopt_fail(int rc, int fd)
{
    char what[32];
    snprintf(what, sizeof what, "descriptor %d", fd);
    const char *why = rc == -EINVAL   ? "it is a socket, but of no stream"
                      : rc == -ENOSYS ? "virtual time has no sockets of others"
                                      : NULL;
    return co_fail_at(rc, "adopt", what, why, "");
}

int co_adopt(co_stream **ret, int fd)
{
    struct co_rt *rt = co_rt_current();
    co_address peer;
    int rc = rt->backend->is_virtual ? -ENOSYS : co_sys_connected(fd, &peer);
    if (rc < 0)
        return adopt_fail(rc, fd);
    struct co_stream *stream = co_stream_new(&socket_kind);
    rc = stream ? rt->backend->adopt(rt, fd, &stream->fd) : -ENOMEM;
    if (rc < 0) {
        if (stream)
            co_stream_free(stream);
        return adopt_fail(rc, fd);
    }
    stream->likely = true; /* the peer may have spoken long ago */
    peer_keep(stream, &peer);
    if (peer.as.any.sa_family != AF_UNIX)
        co_sockopt_set(rt, stream->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    *ret = stream;
    return 0;
}

void co_stream_peer(const struct co_stream *stream, co_address *ret)
{
    end_give(&stream->peer, ret);
}

void co_stream_local(struct co_stream *stream, co_address *ret)
{
    struct co_control name = {.code = CO_CONTROL_LOCAL_NAME, .ret_address = ret};
    end_give(&stream->local, ret);
    if (ret->size || !co_fd_is_open(stream->fd))
        return;
    if (stream->rt->backend->control(stream->rt, stream->fd, &name) < 0)
        *ret = (co_address){0};
    end_keep(&stream->local, ret);
}

int co_stream_raw(const struct co_stream *stream)
{
    return co_fd_is_open(stream->fd) ? stream->rt->backend->raw(stream->rt, stream->fd) : -1;
}

long co_stream_unsent(const struct co_stream *stream)
{
    struct co_control control = {.code = CO_CONTROL_UNSENT};
    if (!co_fd_is_open(stream->fd))
        return 0;
    long bytes = stream->rt->backend->control(stream->rt, stream->fd, &control);
    return bytes < 0 ? 0 : bytes;
}

const char *co_peer(co_stream *stream)
{
    if (stream->peer_text)
        return stream->peer_text;
    if (!co_fd_is_open(stream->fd))
        return stream->kind->name;
    char text[CO_ADDRESS_TEXT_MAX];
    co_address peer;
    co_stream_peer(stream, &peer);
    stream->peer_text = strdup(co_address_text(&peer, text));
    return stream->peer_text ? stream->peer_text : "?";
}

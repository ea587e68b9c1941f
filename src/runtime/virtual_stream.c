/* SPDX-License-Identifier: MIT */
/*
 * Stream sockets in memory: what arrives at an end is a list of segments, each with its instant,
 * in order. Behaves like TCP on Linux where a program can tell (RFC 9293 3.5, 3.6, 3.10.7.4).
 */
#include "runtime/pool.h"
#include "runtime/virtual_net.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_AT_ONCE (32 * 1024) /* bytes a SEND_FILE takes from the file at most */

/* ---- segments ----------------------------------------------------------------------------- */

static void arrival_fire(struct co_virt_event *event);

static void schedule_arrival(struct co_virt_socket *to)
{
    struct co_virt_stream_state *stream = &to->stream;
    if (stream->arrival.scheduled || co_list_empty(&stream->flying))
        return;
    stream->arrival.fire = arrival_fire;
    int64_t due = CO_CONTAINER(stream->flying.next, struct co_virt_segment, link)->due;
    co_virt_socket_schedule(to, &stream->arrival, due);
}

/* Sends the segment on its way, behind all that flies already. */
static void fly(struct co_virt_socket *to, struct co_virt_segment *segment)
{
    struct co_virt_stream_state *stream = &to->stream;
    int64_t due = co_virt_soon(to->host->world);
    segment->due = due > stream->last_due ? due : stream->last_due;
    stream->last_due = segment->due;
    stream->incoming_bytes += segment->size;
    co_list_append(&stream->flying, &segment->link);
    schedule_arrival(to);
}

void co_virt_fly_sign(
    struct co_virt_socket *to, struct co_virt_segment *segment, enum co_virt_arrival arrival)
{
    segment->arrival = (uint8_t)arrival;
    fly(to, segment);
}

/* Only data is allocated; the other segments are members of the socket. */
static void drop_data(struct co_virt_socket *socket, struct co_link *list)
{
    for (struct co_link *link = list->next, *next; link != list; link = next) {
        next = link->next;
        struct co_virt_segment *segment = CO_CONTAINER(link, struct co_virt_segment, link);
        if (segment->arrival != CO_VIRT_DATA)
            continue;
        socket->stream.incoming_bytes -= segment->size - segment->taken;
        co_list_remove(link);
        free(segment);
    }
}

static void send_end(struct co_virt_socket *socket)
{
    struct co_virt_socket *peer = socket->stream.peer;
    if (!peer || socket->stream.end_sent || socket->stream.reset_sent)
        return;
    socket->stream.end_sent = true;
    co_virt_fly_sign(peer, &peer->stream.end, CO_VIRT_END);
}

static void send_reset(struct co_virt_socket *socket)
{
    struct co_virt_socket *peer = socket->stream.peer;
    if (!peer || socket->stream.reset_sent)
        return;
    socket->stream.reset_sent = true;
    /* What the kernel had not yet put on the wire is discarded with the connection. */
    if (!co_list_empty(&peer->stream.flying) &&
        co_virt_chance(socket->host->world, CO_VIRT_LOSS, 2))
        drop_data(peer, &peer->stream.flying);
    peer->stream.reset.error = -ECONNRESET;
    co_virt_fly_sign(peer, &peer->stream.reset, CO_VIRT_RESET);
}

/* ---- arrivals ----------------------------------------------------------------------------- */

static void data_arrives(struct co_virt_socket *socket, struct co_virt_segment *segment)
{
    struct co_virt_stream_state *stream = &socket->stream;
    co_virt_note(socket->host->world, CO_VIRT_MARK_DATA, socket->number, (int64_t)segment->size,
        co_virt_hash(segment->bytes, segment->size));
    if (socket->closed || stream->reset_arrived) {
        stream->incoming_bytes -= segment->size;
        free(segment);
        if (socket->closed && !stream->reset_arrived)
            send_reset(socket); /* RFC 9293 3.10.7.1, and 3.6.1 for data after close */
        return;
    }
    co_list_append(&stream->arrived, &segment->link);
    stream->arrived_bytes += segment->size;
}

static void reset_arrives(struct co_virt_socket *socket, int error)
{
    struct co_virt_stream_state *stream = &socket->stream;
    co_virt_note(socket->host->world, CO_VIRT_MARK_RESET, socket->number, error, 0);
    stream->reset_arrived = true;
    /* Like Linux: after the peer's end, a reset means that it does not want what we send. */
    socket->error = stream->end_arrived ? -EPIPE : error;
}

static void segment_arrives(struct co_virt_socket *socket, struct co_virt_segment *segment)
{
    struct co_virt_world *world = socket->host->world;
    switch (segment->arrival) {
    case CO_VIRT_OPENED:
        co_virt_note(world, CO_VIRT_MARK_OPENED, socket->number, 0, 0);
        socket->state = CO_VIRT_CONNECTED;
        break;
    case CO_VIRT_DATA: data_arrives(socket, segment); break;
    case CO_VIRT_END:
        co_virt_note(world, CO_VIRT_MARK_END, socket->number, 0, 0);
        socket->stream.end_arrived = true;
        break;
    case CO_VIRT_RESET: reset_arrives(socket, segment->error); break;
    }
}

static void arrival_fire(struct co_virt_event *event)
{
    struct co_virt_socket *socket = CO_CONTAINER(event, struct co_virt_socket, stream.arrival);
    struct co_link *link = socket->stream.flying.next;
    struct co_virt_segment *segment = CO_CONTAINER(link, struct co_virt_segment, link);
    /* A reset may have removed what this event was for. */
    if (link != &socket->stream.flying && segment->due <= event->at) {
        co_list_remove(link);
        segment_arrives(socket, segment);
    }
    schedule_arrival(socket);
    co_virt_wake(socket, &socket->reading);
    co_virt_wake(socket, &socket->writing);
    co_virt_release(socket);
}

/* ---- receiving ---------------------------------------------------------------------------- */

static long take_error(struct co_virt_socket *socket)
{
    long error = socket->error;
    socket->error = 0;
    return error;
}

static size_t take_bytes(struct co_virt_socket *socket, uint8_t *to, size_t size)
{
    struct co_virt_stream_state *stream = &socket->stream;
    size_t done = 0;
    while (done < size && !co_list_empty(&stream->arrived)) {
        struct co_virt_segment *segment =
            CO_CONTAINER(stream->arrived.next, struct co_virt_segment, link);
        size_t part = segment->size - segment->taken;
        part = part < size - done ? part : size - done;
        memcpy(to + done, segment->bytes + segment->taken, part);
        done += part;
        segment->taken += part;
        if (segment->taken == segment->size) {
            co_list_remove(&segment->link);
            free(segment);
        }
    }
    stream->arrived_bytes -= done;
    stream->incoming_bytes -= done;
    return done;
}

static long receive(struct co_virt_socket *socket, struct co_op *op)
{
    struct co_virt_stream_state *stream = &socket->stream;
    if (stream->arrived_bytes == 0) {
        if (stream->end_arrived)
            return 0;
        if (socket->error)
            return take_error(socket);
        return socket->state == CO_VIRT_CONNECTED ? 0 : -ENOTCONN;
    }
    if (!op->a.receive.at) {
        op->a.receive.at = co_buffer_take(socket->host->rt, CO_BUFFER_SMALL);
        if (!op->a.receive.at)
            return -ENOMEM;
        op->a.receive.size = CO_BUFFER_SMALL;
    }
    size_t done = take_bytes(socket, op->a.receive.at, op->a.receive.size);
    socket->host->rt->input_serial++;
    if (stream->peer && stream->peer->writing.op)
        co_virt_nudge(stream->peer, &stream->peer->writing);
    return (long)done;
}

/* ---- sending ------------------------------------------------------------------------------ */

static size_t send_room(const struct co_virt_socket *socket)
{
    size_t used = socket->stream.peer->stream.incoming_bytes;
    return used < CO_VIRT_WINDOW ? CO_VIRT_WINDOW - used : 0;
}

/* Why nothing can be sent; 0 when it can. */
static long send_refused(struct co_virt_socket *socket)
{
    if (socket->state == CO_VIRT_CONNECTED && socket->error)
        return take_error(socket);
    bool open = socket->state == CO_VIRT_CONNECTED && !socket->stream.reset_arrived;
    return open && !socket->stream.end_sent ? 0 : -EPIPE;
}

static struct co_virt_segment *segment_new(size_t size)
{
    struct co_virt_segment *segment = malloc(sizeof *segment + size);
    if (!segment)
        return NULL;
    *segment = (struct co_virt_segment){.arrival = CO_VIRT_DATA, .size = size};
    segment->bytes = (uint8_t *)(segment + 1);
    return segment;
}

/* Sends `size` bytes of the pieces, cut anywhere. Returns how many went out, or -ENOBUFS. */
static long send_cut(struct co_virt_socket *socket, const struct iovec *pieces, size_t size)
{
    struct co_virt_world *world = socket->host->world;
    size_t done = 0;
    while (done < size) {
        size_t part = size - done;
        if (part > 1 && co_virt_chance(world, CO_VIRT_CUT, 3))
            part = 1 + co_virt_draw(world, CO_VIRT_CUT, part - 1);
        struct co_virt_segment *segment = segment_new(part);
        if (!segment)
            return done > 0 ? (long)done : -ENOBUFS;
        co_virt_gather(pieces, done, segment->bytes, part);
        fly(socket->stream.peer, segment);
        done += part;
    }
    return (long)done;
}

static long send_some(struct co_virt_socket *socket, const struct iovec *pieces, size_t size)
{
    size_t room = send_room(socket);
    return send_cut(socket, pieces, size < room ? size : room);
}

static long send_pieces(struct co_virt_socket *socket, const struct co_op *op)
{
    long refused = send_refused(socket);
    if (refused)
        return refused;
    size_t size = co_virt_iov_size(op->a.send.pieces, op->a.send.count);
    /* Short although there is room: the caller must cope, so let it. */
    struct co_virt_world *world = socket->host->world;
    if (size > 1 && co_virt_chance(world, CO_VIRT_CUT, 8))
        size = 1 + co_virt_draw(world, CO_VIRT_CUT, size - 1);
    return send_some(socket, op->a.send.pieces, size);
}

static long send_file(struct co_virt_socket *socket, const struct co_op *op)
{
    long refused = send_refused(socket);
    if (refused)
        return refused;
    size_t size = op->a.file.size < FILE_AT_ONCE ? op->a.file.size : FILE_AT_ONCE;
    size_t room = send_room(socket);
    size = size < room ? size : room;
    struct iovec piece = {malloc(size ? size : 1), 0};
    if (!piece.iov_base)
        return -ENOBUFS;
    ssize_t got = pread(op->a.file.file_fd, piece.iov_base, size, (off_t)op->a.file.offset);
    long result = got < 0 ? -errno : 0;
    if (got > 0) {
        piece.iov_len = (size_t)got;
        result = send_some(socket, &piece, (size_t)got);
    }
    free(piece.iov_base);
    return result;
}

/* ---- the kind ----------------------------------------------------------------------------- */

static bool receive_ready(const struct co_virt_socket *socket)
{
    const struct co_virt_stream_state *stream = &socket->stream;
    if (socket->state == CO_VIRT_FRESH || socket->state == CO_VIRT_LISTENING)
        return true; /* -ENOTCONN */
    if (socket->state == CO_VIRT_CONNECTING)
        return false;
    return stream->arrived_bytes > 0 || stream->end_arrived || stream->reset_arrived ||
           stream->read_shut;
}

static bool send_ready(const struct co_virt_socket *socket, const struct co_op *op)
{
    if (socket->state == CO_VIRT_CONNECTING)
        return false;
    if (socket->state != CO_VIRT_CONNECTED || socket->error || socket->stream.reset_arrived ||
        socket->stream.end_sent)
        return true;
    bool nothing = op->code == CO_OP_SEND
                       ? co_virt_iov_size(op->a.send.pieces, op->a.send.count) == 0
                       : op->a.file.size == 0;
    return nothing || send_room(socket) > 0;
}

static bool stream_ready(struct co_virt_socket *socket, const struct co_op *op)
{
    switch (op->code) {
    case CO_OP_ACCEPT:
        return socket->state != CO_VIRT_LISTENING || socket->stream.waiting_count > 0;
    case CO_OP_CONNECT: return socket->state != CO_VIRT_CONNECTING || socket->stream.reset_arrived;
    case CO_OP_RECEIVE: return receive_ready(socket);
    case CO_OP_SEND:
    case CO_OP_SEND_FILE: return send_ready(socket, op);
    default: return true; /* -EOPNOTSUPP */
    }
}

static long stream_perform(struct co_virt_socket *socket, struct co_op *op)
{
    switch (op->code) {
    case CO_OP_ACCEPT: return co_virt_accept_next(socket, op);
    case CO_OP_CONNECT: return co_virt_connect_result(socket);
    case CO_OP_RECEIVE: return receive(socket, op);
    case CO_OP_SEND: return send_pieces(socket, op);
    case CO_OP_SEND_FILE: return send_file(socket, op);
    default: return -EOPNOTSUPP;
    }
}

static void refuse_waiting(struct co_virt_socket *listener)
{
    struct co_link *link;
    listener->stream.waiting_count = 0;
    while ((link = co_list_pop(&listener->stream.waiting))) {
        struct co_virt_socket *end = CO_CONTAINER(link, struct co_virt_socket, stream.waiting);
        send_reset(end);
        co_virt_socket_close(end);
    }
}

static int stream_shutdown(struct co_virt_socket *socket, int how)
{
    if (socket->state == CO_VIRT_LISTENING) {
        socket->state = CO_VIRT_FRESH;
        refuse_waiting(socket);
        co_virt_nudge(socket, &socket->reading);
        return 0;
    }
    if (socket->state != CO_VIRT_CONNECTED || socket->stream.reset_arrived)
        return -ENOTCONN;
    if (how != SHUT_RD) {
        send_end(socket);
        co_virt_nudge(socket, &socket->writing);
    }
    if (how != SHUT_WR) {
        socket->stream.read_shut = true;
        co_virt_nudge(socket, &socket->reading);
    }
    return 0;
}

static void stream_close(struct co_virt_socket *socket)
{
    struct co_virt_stream_state *stream = &socket->stream;
    if (socket->state == CO_VIRT_LISTENING)
        refuse_waiting(socket);
    bool unread = stream->arrived_bytes > 0; /* RFC 2525 2.17: the peer must know */
    bool abort = socket->linger.l_onoff && socket->linger.l_linger == 0;
    if (!stream->reset_arrived && (unread || abort))
        send_reset(socket);
    else if (!stream->reset_arrived)
        send_end(socket);
    drop_data(socket, &stream->arrived);
    stream->arrived_bytes = 0;
}

static size_t stream_unread(const struct co_virt_socket *socket)
{
    return socket->stream.arrived_bytes;
}

static void stream_free(struct co_virt_socket *socket)
{
    drop_data(socket, &socket->stream.flying);
    drop_data(socket, &socket->stream.arrived);
}

const struct co_virt_kind co_virt_stream = {
    .connect = co_virt_stream_connect,
    .ready = stream_ready,
    .perform = stream_perform,
    .listen = co_virt_stream_listen,
    .shutdown = stream_shutdown,
    .unread = stream_unread,
    .close = stream_close,
    .free = stream_free,
};

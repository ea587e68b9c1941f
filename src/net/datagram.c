/* SPDX-License-Identifier: MIT */
/* Datagrams, singly and in batches; one of them is a batch of one. */
#include "coronet/datagram.h"

#include "coronet/sync.h"
#include "net/fail.h"
#include "net/listener.h"
#include "net/sockopt.h"
#include "runtime/rt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#define BATCH_MAX     64 /* datagrams of one system call */
#define FULL_PAUSE_MS 5  /* before a peer is asked again whose queue is full */

struct co_socket {
    struct co_rt *rt;
    co_fd fd;
    co_address address;
    co_mutex receiving, sending;
    bool connected, owns_path;
};

static int udp_fail(int rc, const char *what, const char *where)
{
    return co_fail_at(rc, what, where, NULL, "");
}

static int udp_open(const co_address *address, struct co_socket **ret)
{
    struct co_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return -ENOMEM;
    socket->rt = co_rt_current();
    int rc = socket->rt->backend->socket(
        socket->rt, address->as.any.sa_family, SOCK_DGRAM, 0, &socket->fd);
    if (rc < 0) {
        free(socket);
        return rc;
    }
    *ret = socket;
    return 0;
}

static int udp_control(struct co_socket *socket, struct co_control *control)
{
    return (int)socket->rt->backend->control(socket->rt, socket->fd, control);
}

static int udp_bind_address(struct co_socket *socket, const co_address *address)
{
    struct co_control bind = {.code = CO_CONTROL_BIND, .address = address};
    if (address->as.any.sa_family == AF_INET6) /* as listeners do, whatever the host's default */
        co_sockopt_set(socket->rt, socket->fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    int rc = udp_control(socket, &bind);
    if (rc < 0)
        return rc;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->as.any;
    socket->owns_path =
        un->sun_family == AF_UNIX && un->sun_path[0] && !socket->rt->backend->is_virtual;
    struct co_control name = {.code = CO_CONTROL_LOCAL_NAME, .ret_address = &socket->address};
    return udp_control(socket, &name);
}

static int udp_connect_address(struct co_socket *socket, const co_address *address)
{
    struct co_op op = {
        .code = CO_OP_CONNECT,
        .flags = CO_OP_LIKELY,
        .fd = socket->fd,
        .a.connect.address = address,
    };
    int rc = (int)co_op_run(&op);
    struct co_control name = {.code = CO_CONTROL_LOCAL_NAME, .ret_address = &socket->address};
    socket->connected = rc == 0;
    return rc < 0 ? rc : udp_control(socket, &name);
}

/* Opens a socket for the place and begins with it: binds or connects, as `what` says. */
static int udp_make(co_socket **ret, const char *where, const char *what,
    int (*begin)(struct co_socket *socket, const co_address *address))
{
    struct co_where parsed;
    struct co_socket *socket;
    co_address address;
    int rc = co_where_parse(where, &parsed);
    if (rc == 0)
        rc = co_where_resolve_local(&parsed, &address);
    if (rc < 0)
        return rc;
    rc = udp_open(&address, &socket);
    if (rc == -EAFNOSUPPORT && strcmp(parsed.host, "*") == 0) { /* a kernel without IPv6 */
        co_address_of_number("0.0.0.0", parsed.port, &address);
        rc = udp_open(&address, &socket);
    }
    if (rc < 0)
        return udp_fail(rc, "open a socket for", where);
    rc = begin(socket, &address);
    if (rc < 0) {
        co_udp_close(socket);
        return udp_fail(rc, what, where);
    }
    *ret = socket;
    return 0;
}

int co_udp_bind(co_socket **ret, const char *where)
{
    return udp_make(ret, where, "bind", udp_bind_address);
}

int co_udp_connect(co_socket **ret, const char *where)
{
    return udp_make(ret, where, "connect to", udp_connect_address);
}

void co_udp_close(co_socket *socket)
{
    if (!socket)
        return;
    if (socket->owns_path)
        unlink(((const struct sockaddr_un *)&socket->address.as.any)->sun_path);
    socket->rt->backend->close_fd(socket->rt, socket->fd);
    free(socket);
}

const co_address *co_udp_address(const co_socket *socket)
{
    return &socket->address;
}

/* The kernel's view of a batch. That of one datagram lies on the stack, a larger one in the heap.
 */
struct batch {
    struct mmsghdr messages[BATCH_MAX];
    struct iovec pieces[BATCH_MAX];
};

static struct mmsghdr message_of(const co_address *address, size_t room, struct iovec *piece)
{
    return (struct mmsghdr){.msg_hdr = {
                                .msg_iov = piece,
                                .msg_iovlen = 1,
                                .msg_name = room ? (void *)(uintptr_t)address->as.bytes : NULL,
                                .msg_namelen = (socklen_t)room,
                            }};
}

/* An unconnected Unix socket is always ready to send, by poll; it is the peer's queue that is full,
 * of which nothing tells: to wait for readiness would be to try without a pause. */
static long send_unconnected_unix(struct co_op *op)
{
    long rc;
    op->flags |= CO_OP_NOW;
    while ((rc = co_op_run(op)) == -EAGAIN && (rc = co_sleep(FULL_PAUSE_MS)) == 0) {
    }
    return rc;
}

/* One operation a direction may be in flight: the next fiber waits behind it. A server's wait for
 * the next datagram is new work, as an accept is: a drain ends it. */
static long messages_run(
    co_socket *socket, enum co_op_code code, struct mmsghdr *messages, unsigned count)
{
    struct co_op op = {
        .code = (uint8_t)code,
        .flags = CO_OP_LIKELY,
        .fd = socket->fd,
        .a.messages = {messages, count},
    };
    bool receives = code == CO_OP_RECEIVE_MESSAGES;
    co_mutex *mutex = receives ? &socket->receiving : &socket->sending;
    if (receives && !socket->connected)
        op.flags |= CO_OP_DRAINABLE;
    long rc = co_mutex_lock(mutex);
    if (rc < 0)
        return rc;
    bool is_unix = socket->address.as.any.sa_family == AF_UNIX;
    rc = is_unix && !receives && !socket->connected ? send_unconnected_unix(&op) : co_op_run(&op);
    co_mutex_unlock(mutex);
    return rc;
}

static long receive_batch(co_socket *socket, struct mmsghdr *messages, struct iovec *pieces,
    struct co_datagram *datagrams, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pieces[i] = (struct iovec){datagrams[i].bytes, datagrams[i].size};
        messages[i] = message_of(&datagrams[i].peer, sizeof datagrams[i].peer.as.bytes, &pieces[i]);
    }
    long n = messages_run(socket, CO_OP_RECEIVE_MESSAGES, messages, count);
    for (long i = 0; i < n; i++) {
        datagrams[i].size = messages[i].msg_len;
        datagrams[i].truncated = messages[i].msg_hdr.msg_flags & MSG_TRUNC;
        datagrams[i].peer.size = messages[i].msg_hdr.msg_namelen;
    }
    return n;
}

int co_udp_receive_many(co_socket *socket, struct co_datagram *datagrams, unsigned count)
{
    if (count == 0 || count > BATCH_MAX)
        return -EINVAL;
    struct batch *batch = malloc(sizeof *batch);
    if (!batch)
        return -ENOMEM;
    long n = receive_batch(socket, batch->messages, batch->pieces, datagrams, count);
    free(batch);
    return (int)n;
}

ssize_t co_udp_receive(co_socket *socket, void *ret_bytes, size_t size, co_address *ret_peer)
{
    struct co_datagram one = {.bytes = ret_bytes, .size = size};
    struct mmsghdr message;
    struct iovec piece;
    long rc = receive_batch(socket, &message, &piece, &one, 1);
    if (rc < 0)
        return rc;
    if (ret_peer)
        *ret_peer = one.peer;
    return (ssize_t)one.size;
}

static long send_batch(co_socket *socket, struct mmsghdr *messages, struct iovec *pieces,
    const struct co_datagram *datagrams, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pieces[i] = (struct iovec){datagrams[i].bytes, datagrams[i].size};
        messages[i] = message_of(&datagrams[i].peer, datagrams[i].peer.size, &pieces[i]);
    }
    return messages_run(socket, CO_OP_SEND_MESSAGES, messages, count);
}

int co_udp_send_many(co_socket *socket, const struct co_datagram *datagrams, unsigned count)
{
    unsigned sent = 0;
    struct batch *batch = malloc(sizeof *batch);
    if (!batch)
        return -ENOMEM;
    long n = 0;
    while (n >= 0 && sent < count) {
        unsigned chunk = count - sent < BATCH_MAX ? count - sent : BATCH_MAX;
        n = send_batch(socket, batch->messages, batch->pieces, datagrams + sent, chunk);
        sent += n > 0 ? (unsigned)n : 0;
    }
    free(batch);
    return sent > 0 ? (int)sent : (int)n;
}

int co_udp_send(co_socket *socket, const void *bytes, size_t size, const co_address *peer)
{
    struct co_datagram one = {.bytes = (void *)(uintptr_t)bytes, .size = size};
    struct mmsghdr message;
    struct iovec piece;
    if (peer)
        one.peer = *peer;
    long rc = send_batch(socket, &message, &piece, &one, 1);
    return rc < 0 ? (int)rc : 0;
}

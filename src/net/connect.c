/* SPDX-License-Identifier: MIT */
/* A stream to a numeric address. */
#include "net/connect.h"

#include "net/address.h"
#include "net/fail.h"
#include "net/listener.h"
#include "net/sockopt.h"
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define BUSY_MS_MAX 64 /* between two looks at a Unix server whose queue is full */

static int connect_fail(int rc, const co_address *address)
{
    char text[CO_ADDRESS_TEXT_MAX];
    const char *hint = rc == -ECONNREFUSED ? " (is the server running?)"
                       : rc == -ETIMEDOUT  ? " (is the host up, or a firewall in between?)"
                                           : "";
    if (rc == CO_ECANCELED || rc == CO_EDEADLINE)
        return rc;
    return co_fail_at(rc, "connect to", co_address_text(address, text), NULL, hint);
}

/* Binds to where the connection shall come from. */
static int bind_from(struct co_rt *rt, co_fd fd, const co_address *from)
{
    co_address any = *from;
    struct co_control bind = {.code = CO_CONTROL_BIND, .address = from};
    if (co_address_port(from)) /* its connections to others are none of this one's business */
        co_sockopt_set(rt, fd, SOL_SOCKET, SO_REUSEADDR, 1);
    int rc = (int)rt->backend->control(rt, fd, &bind);
    if (rc == 0 || co_address_port(from) == 0)
        return rc;
    co_address_set_port(&any, 0);
    bind.address = &any;
    return (int)rt->backend->control(rt, fd, &bind);
}

static int connect_once(co_fd fd, const co_address *address)
{
    struct co_op op = {
        .code = CO_OP_CONNECT,
        .flags = CO_OP_LIKELY,
        .fd = fd,
        .a.connect.address = address,
    };
    return (int)co_op_run(&op);
}

/* A Unix server whose queue is full is waited for, as a blocking connect does. Nothing tells when
 * there is room (unix(7)): it is asked again and again, ever less often. */
static int connect_unix(co_fd fd, const co_address *address)
{
    int rc;
    for (int64_t ms = 1; (rc = connect_once(fd, address)) == -EAGAIN;
         ms = ms < BUSY_MS_MAX ? 2 * ms : ms)
        co_sleep(ms); /* the scope's end is told by the next attempt */
    return rc;
}

/* Connects a socket to an address, or waits for the connection that was begun (NULL); and makes a
 * stream of it, to that peer. The socket is the stream's, or closed. */
static int finish(co_fd fd, const co_address *address, const co_address *peer, co_stream **ret)
{
    struct co_rt *rt = co_rt_current();
    bool is_unix = peer->as.any.sa_family == AF_UNIX;
    if (!is_unix)
        co_sockopt_set(rt, fd, IPPROTO_TCP, TCP_NODELAY, 1);
    int rc = is_unix ? connect_unix(fd, address) : connect_once(fd, address);
    if (rc < 0) {
        rt->backend->close_fd(rt, fd);
        return rc;
    }
    rc = co_stream_of_socket(fd, peer, ret);
    if (rc == 0)
        (*ret)->likely = false; /* servers seldom speak first */
    return rc;
}

static int try_connect(co_stream **ret, const co_address *address, const co_address *from)
{
    struct co_rt *rt = co_rt_current();
    co_fd fd;
    int rc = rt->backend->socket(rt, address->as.any.sa_family, SOCK_STREAM, 0, &fd);
    if (rc < 0)
        return rc;
    rc = from ? bind_from(rt, fd, from) : 0;
    if (rc == 0)
        return finish(fd, address, address, ret);
    rt->backend->close_fd(rt, fd);
    return rc;
}

int co_connect_from(co_stream **ret, const co_address *address, const co_address *from)
{
    int rc = try_connect(ret, address, from);
    if ((rc == -EADDRNOTAVAIL || rc == -EADDRINUSE) && co_address_port(from)) {
        co_address any = *from; /* an earlier connection between these two ports lingers */
        co_address_set_port(&any, 0);
        rc = try_connect(ret, address, &any);
    }
    return rc < 0 ? connect_fail(rc, address) : 0;
}

int co_connect(co_stream **ret, const co_address *address)
{
    int rc = try_connect(ret, address, NULL);
    return rc < 0 ? connect_fail(rc, address) : 0;
}

int co_connect_probe(const co_address *address)
{
    struct co_rt *rt = co_rt_current();
    co_fd fd;
    int rc = rt->backend->socket(rt, address->as.any.sa_family, SOCK_STREAM, 0, &fd);
    if (rc < 0)
        return rc;
    rc = connect_once(fd, address);
    rt->backend->close_fd(rt, fd);
    return rc;
}

int co_connect_adopt(co_stream **ret, int raw, const co_address *address)
{
    struct co_rt *rt = co_rt_current();
    co_fd fd;
    int rc = rt->backend->adopt(rt, raw, &fd);
    if (rc < 0)
        co_listener_discard(raw);
    else
        rc = finish(fd, NULL, address, ret);
    return rc < 0 ? connect_fail(rc, address) : 0;
}

/* SPDX-License-Identifier: MIT */
/* A stream to a numeric address. */
#include "net/fail.h"
#include "net/sockopt.h"
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

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

int co_connect(co_stream **ret, const co_address *address)
{
    struct co_rt *rt = co_rt_current();
    int family = address->as.any.sa_family;
    co_fd fd;
    int rc = rt->backend->socket(rt, family, SOCK_STREAM, 0, &fd);
    if (rc < 0)
        return connect_fail(rc, address);
    if (family != AF_UNIX)
        co_sockopt_set(rt, fd, IPPROTO_TCP, TCP_NODELAY, 1);
    struct co_op op = {
        .code = CO_OP_CONNECT,
        .flags = CO_OP_LIKELY,
        .fd = fd,
        .a.connect.address = address,
    };
    rc = (int)co_op_run(&op);
    if (rc < 0) {
        rt->backend->close_fd(rt, fd);
        return connect_fail(rc, address);
    }
    rc = co_stream_of_socket(fd, address, ret);
    if (rc == 0)
        (*ret)->likely = false; /* servers seldom speak first */
    return rc;
}

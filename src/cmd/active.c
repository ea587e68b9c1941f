/* SPDX-License-Identifier: MIT */
#include "cmd/active.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_MIN  1024
#define PORT_FROM 20 /* RFC 959 3.2, RFC 1123 4.1.2.12: firewalls expect it */

/* At the same place for both families; IPv4's may be mapped into IPv6's. */
static void set_port(co_address *address, unsigned port)
{
    ((struct sockaddr_in *)&address->as.any)->sin_port = htons((uint16_t)port);
}

static bool is_ours(const struct co_doors *doors, const co_address *local)
{
    for (unsigned i = 0; i < doors->count; i++) {
        const struct co_door *door = &doors->at[i];
        if (strncmp(door->service->scheme, "ftp", 3) == 0 && /* or "ftps" */
            co_address_port(&door->address) == co_address_port(local))
            return true;
    }
    return false;
}

static int names(int control, co_address *local, co_address *peer)
{
    local->size = peer->size = sizeof local->as;
    if (getsockname(control, &local->as.any, &local->size) < 0 ||
        getpeername(control, &peer->as.any, &peer->size) < 0)
        return -errno;
    return peer->as.any.sa_family == AF_INET || peer->as.any.sa_family == AF_INET6 ? 0 : -EACCES;
}

/* A connection between these two ports may linger from an earlier transfer: then from any port. */
static int connect_from(int fd, co_address *local, const co_address *peer)
{
    static const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, &local->as.any, local->size) < 0)
        return -errno;
    return connect(fd, &peer->as.any, peer->size) < 0 && errno != EINPROGRESS ? -errno : 0;
}

static int begin_from(unsigned port, co_address *local, const co_address *peer)
{
    int fd = socket(peer->as.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    set_port(local, port);
    int rc = connect_from(fd, local, peer);
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

int co_active_begin(const struct co_doors *doors, int control, unsigned port)
{
    co_address local = {0}, peer = {0};
    int rc = names(control, &local, &peer);
    if (rc < 0)
        return rc;
    if (!is_ours(doors, &local) || port < PORT_MIN || port > UINT16_MAX)
        return -EACCES;
    set_port(&peer, port);
    rc = begin_from(PORT_FROM, &local, &peer);
    if (rc == -EACCES || rc == -EADDRINUSE || rc == -EADDRNOTAVAIL)
        rc = begin_from(0, &local, &peer);
    return rc;
}

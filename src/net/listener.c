/* SPDX-License-Identifier: MIT */
/* Listening sockets: opened, bound, asked for connections, closed. */
#include "net/listener.h"

#include "base/client.h"
#include "base/error.h"
#include "coronet/sync.h"
#include "net/access.h"
#include "net/address.h"
#include "net/connect.h"
#include "net/fail.h"
#include "net/sockopt.h"
#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG_DEFAULT    1024
#define UNIX_MODE_DEFAULT  0600
#define EXHAUSTED_PAUSE_MS 20 /* before accepting again when descriptors or memory have run out */
#define SPARE_DESCRIPTORS  16 /* that accepting leaves to those who are in: for files, say */

struct co_listener {
    struct co_rt *rt;
    co_fd fd;
    co_address address;
    co_access *access;
    const char *too_many;
    co_mutex accepting; /* an operation at a time; the next fiber waits */
    bool owns_path;     /* the Unix socket's file is ours to remove */
    bool expects;       /* what comes belongs to work that goes on in a drain */
    bool ends_drained;  /* the socket is closed by a drain */
    int raw_max;        /* unless it expects: the highest descriptor that leaves some to spare */
    bool is_tight;      /* the last one was higher */
};

/* Half of them where there are few. */
static int raw_max(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > INT_MAX)
        return INT_MAX;
    int limit = (int)files.rlim_cur;
    return limit > 2 * SPARE_DESCRIPTORS ? limit - SPARE_DESCRIPTORS - 1 : limit / 2;
}

/* ---- where it shall listen
 * ------------------------------------------------------------------------- */

struct lookup {
    const char *host;
    co_address address;
};

static int lookup_blocking(void *arg)
{
    struct lookup *lookup = arg;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    if (getaddrinfo(lookup->host, NULL, &hints, &found) != 0)
        return CO_ENAME;
    lookup->address = (co_address){.size = found->ai_addrlen};
    memcpy(lookup->address.as.bytes, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return 0;
}

int co_where_resolve_local(const struct co_where *where, co_address *ret)
{
    if (where->kind == CO_WHERE_UNIX)
        return co_address_of_path(where->path, ret);
    if (where->kind == CO_WHERE_FD)
        return co_fail(CO_EADDRESS, "fd:%d: a descriptor is for listeners only", where->fd);
    if (strcmp(where->host, "localhost") == 0) /* RFC 6761 6.3; by IPv4, as most clients try both */
        return co_address_of_number("127.0.0.1", where->port, ret);
    if (strcmp(where->host, "*") == 0)
        return co_address_of_number("::", where->port, ret);
    if (co_address_of_number(where->host, where->port, ret) == 0)
        return 0;
    struct lookup lookup = {.host = where->host};
    int rc = co_block(lookup_blocking, &lookup);
    if (rc < 0)
        return co_fail(rc, "cannot find the host \"%s\": %s", where->host, co_error_sentence(rc));
    co_address_set_port(&lookup.address, where->port);
    *ret = lookup.address;
    return 0;
}

/* ---- opening
 * ------------------------------------------------------------------------------------- */

/* A name that was not found, and what is no address, has been told of already. */
static int listen_fail(int rc, const char *where)
{
    const char *hint = rc == -EADDRINUSE ? " (does another server run there?)"
                       : rc == -EACCES   ? " (ports below 1024 need privileges)"
                                         : "";
    bool told = rc == CO_ENAME || rc == CO_EADDRESS;
    return told ? rc : co_fail_at(rc, "listen on", where, NULL, hint);
}

static int socket_bind(struct co_listener *listener, const struct co_listen_options *options)
{
    struct co_rt *rt = listener->rt;
    int family = listener->address.as.any.sa_family;
    int rc = rt->backend->socket(rt, family, SOCK_STREAM, 0, &listener->fd);
    if (rc < 0)
        return rc;
    if (family != AF_UNIX) {
        co_sockopt_set(rt, listener->fd, SOL_SOCKET, SO_REUSEADDR, 1);
        /* Accepted ones inherit it. Of a transfer, whose end follows at once, nothing is delayed.
         */
        if (!listener->expects)
            co_sockopt_set(rt, listener->fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (co_client_is_local(&listener->address))
            co_sockopt_unpace(rt, listener->fd); /* this, too */
    }
    if (family == AF_INET6)
        co_sockopt_set(rt, listener->fd, IPPROTO_IPV6, IPV6_V6ONLY, options->ipv6_only);
    if (options->client_first && family != AF_UNIX)
        co_sockopt_set(rt, listener->fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
    if (options->shared_port)
        rc = co_sockopt_set(rt, listener->fd, SOL_SOCKET, SO_REUSEPORT, 1);
    struct co_control bind = {.code = CO_CONTROL_BIND, .address = &listener->address};
    return rc < 0 ? rc : (int)rt->backend->control(rt, listener->fd, &bind);
}

void co_listener_remove_path(const co_address *address)
{
    unlink(((const struct sockaddr_un *)&address->as.any)->sun_path);
}

/* A socket file that nobody listens on is left over from a server that died. */
static bool unix_is_stale(const co_address *address)
{
    struct stat found;
    const char *path = ((const struct sockaddr_un *)&address->as.any)->sun_path;
    if (lstat(path, &found) < 0 || !S_ISSOCK(found.st_mode))
        return false;
    return co_connect_probe(address) == -ECONNREFUSED;
}

static int unix_finish(struct co_listener *listener, const struct co_listen_options *options)
{
    const char *path = ((const struct sockaddr_un *)&listener->address.as.any)->sun_path;
    if (path[0] == '\0') /* abstract: no file */
        return 0;
    listener->owns_path = true;
    mode_t mode = options->unix_mode ? options->unix_mode : UNIX_MODE_DEFAULT;
    return chmod(path, mode) < 0 ? -errno : 0;
}

static int listener_bind(struct co_listener *listener, const struct co_listen_options *options)
{
    struct co_rt *rt = listener->rt;
    bool is_unix = listener->address.as.any.sa_family == AF_UNIX && !rt->backend->is_virtual;
    int rc = socket_bind(listener, options);
    if (rc == -EADDRINUSE && is_unix && unix_is_stale(&listener->address)) {
        rt->backend->close_fd(rt, listener->fd);
        co_listener_remove_path(&listener->address);
        rc = socket_bind(listener, options);
    }
    if (rc == 0 && is_unix)
        rc = unix_finish(listener, options);
    return rc;
}

/* What is bound listens. */
static int listener_begin(struct co_listener *listener, const struct co_listen_options *options)
{
    struct co_rt *rt = listener->rt;
    struct co_control listen = {
        .code = CO_CONTROL_LISTEN,
        .value = options->backlog ? options->backlog : BACKLOG_DEFAULT,
    };
    int rc = (int)rt->backend->control(rt, listener->fd, &listen);
    if (co_address_port(&listener->address) != 0) /* all of it was asked for, and granted */
        return rc;
    struct co_control name = {.code = CO_CONTROL_LOCAL_NAME, .ret_address = &listener->address};
    return rc < 0 ? rc : (int)rt->backend->control(rt, listener->fd, &name);
}

static int listener_adopt(struct co_listener *listener, int raw)
{
    int rc = listener->rt->backend->adopt(listener->rt, raw, &listener->fd);
    if (rc < 0)
        co_listener_discard(raw);
    return rc;
}

static int listener_open(struct co_listener *listener, const struct co_where *where,
    const struct co_listen_options *options)
{
    int rc = where->kind == CO_WHERE_FD ? listener_adopt(listener, where->fd)
                                        : co_where_resolve_local(where, &listener->address);
    if (rc == 0 && where->kind != CO_WHERE_FD)
        rc = listener_bind(listener, options);
    if (rc == -EAFNOSUPPORT && strcmp(where->host, "*") == 0) { /* a kernel without IPv6 */
        co_address_of_number("0.0.0.0", where->port, &listener->address);
        rc = listener_bind(listener, options);
    }
    return rc < 0 ? rc : listener_begin(listener, options);
}

int co_listen(co_listener **ret, const char *where, const struct co_listen_options *options)
{
    static const struct co_listen_options defaults;
    struct co_where parsed;
    int rc = co_where_parse(where, &parsed);
    if (rc < 0)
        return rc;
    struct co_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        co_listener_discard(parsed.fd);
        return -ENOMEM;
    }
    listener->rt = co_rt_current();
    listener->access = options ? options->access : NULL;
    listener->too_many = options ? options->too_many : NULL;
    listener->raw_max = raw_max();
    rc = listener_open(listener, &parsed, options ? options : &defaults);
    if (rc < 0) {
        co_listener_close(listener);
        return listen_fail(rc, where);
    }
    *ret = listener;
    return 0;
}

int co_listen_expecting(
    co_listener **ret, const co_address *address, const struct co_listen_options *options)
{
    struct co_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return -ENOMEM;
    *listener = (struct co_listener){
        .rt = co_rt_current(), .address = *address, .access = options->access, .expects = true};
    int rc = socket_bind(listener, options);
    if (rc == 0)
        rc = listener_begin(listener, options);
    if (rc < 0) {
        co_listener_close(listener);
        return rc;
    }
    *ret = listener;
    return 0;
}

void co_listener_close(co_listener *listener)
{
    if (!listener)
        return;
    if (listener->owns_path)
        co_listener_remove_path(&listener->address);
    if (co_fd_is_open(listener->fd))
        listener->rt->backend->close_fd(listener->rt, listener->fd);
    free(listener);
}

void co_listener_close_drained(co_listener *listener)
{
    listener->ends_drained = true;
}

void co_listener_drained(co_listener *listener)
{
    if (!listener->ends_drained)
        return;
    listener->rt->backend->close_fd(listener->rt, listener->fd);
    listener->fd = (co_fd){0};
}

int co_listener_share(co_listener *listener)
{
    return co_sockopt_set(listener->rt, listener->fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

bool co_listener_leave_path(co_listener *listener)
{
    bool owned = listener->owns_path;
    listener->owns_path = false;
    return owned;
}

int co_socket_detach(co_fd fd)
{
    struct co_rt *rt = co_rt_current();
    int raw = fcntl(rt->backend->raw(rt, fd), F_DUPFD_CLOEXEC, 0);
    int rc = raw < 0 ? -errno : raw;
    rt->backend->close_fd(rt, fd);
    return rc;
}

int co_listener_detach(co_listener *listener)
{
    int rc = co_socket_detach(listener->fd);
    listener->fd = (co_fd){0};
    co_listener_close(listener);
    return rc;
}

void co_listener_discard(int detached)
{
    if (detached >= 0)
        close(detached);
}

const co_address *co_listener_address(const co_listener *listener)
{
    return &listener->address;
}

co_access *co_listener_ask(co_listener *listener, co_access *access)
{
    co_access *before = listener->access;
    listener->access = access;
    return before;
}

bool co_listener_is_knocked_at(const co_listener *listener)
{
    struct co_control knocks = {.code = CO_CONTROL_KNOCKS};
    return listener->rt->backend->control(listener->rt, listener->fd, &knocks) != 0;
}

/* ---- accepting
 * ------------------------------------------------------------------------------------- */

static bool is_exhaustion(long rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* Errors of one connection, that has gone by then; the next may be better. EPERM is a firewall's
 * (accept(2)). */
static bool is_of_connection(long rc)
{
    return rc == -ECONNABORTED || rc == -EPERM || rc == -EPROTO || rc == -EINTR;
}

/* Waits until descriptors are to spare: whoever is in needs them more than whoever comes. The
 * kernel gives out the lowest that is free, so its number tells. */
static int await_spare(co_listener *listener)
{
    struct co_rt *rt = listener->rt;
    while (listener->is_tight) {
        int raw = fcntl(rt->backend->raw(rt, listener->fd), F_DUPFD_CLOEXEC, 0);
        listener->is_tight = raw < 0 || raw > listener->raw_max;
        if (raw >= 0)
            close(raw);
        int rc = listener->is_tight ? co_sleep(EXHAUSTED_PAUSE_MS) : 0;
        if (rc == 0)
            rc = co_fiber_refusal(rt, true);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Says so, if that can be done at once. */
static void turn_away(co_stream *stream, const char *too_many)
{
    co_stream_send_now(stream, co_text_of(too_many));
    if (!co_stream_close_now(stream))
        co_abort(stream);
}

/* A connection that the access rules refuse is reset: it costs the peer a try and us nothing. */
static int admit(co_listener *listener, co_fd fd, const co_address *peer, co_stream **ret)
{
    co_stream *stream;
    int rc = co_stream_of_socket(fd, peer, &stream);
    if (rc < 0)
        return rc;
    rc = listener->access ? co_access_enter(listener->access, peer) : 0;
    if (rc == -EUSERS && listener->too_many) {
        turn_away(stream, listener->too_many);
        return CO_EREFUSED;
    }
    if (rc < 0) {
        co_abort(stream);
        return rc == -EUSERS ? CO_EREFUSED : rc;
    }
    stream->access = listener->access;
    *ret = stream;
    return 0;
}

static long accept_once(co_listener *listener, unsigned flags, co_fd *ret, co_address *ret_peer)
{
    *ret_peer = (co_address){0};
    struct co_op op = {
        .code = CO_OP_ACCEPT,
        .flags = (uint8_t)(CO_OP_LIKELY | flags | (listener->expects ? 0 : CO_OP_DRAINABLE)),
        .fd = listener->fd,
        .a.accept.peer = ret_peer,
    };
    long rc = co_op_run(&op);
    if (rc == 0)
        *ret = op.a.accept.fd;
    return rc;
}

int co_listener_accept(co_listener *listener, co_fd *ret, co_address *ret_peer)
{
    struct co_rt *rt = listener->rt;
    for (;;) {
        long rc = await_spare(listener);
        if (rc < 0)
            return (int)rc;
        rc = accept_once(listener, 0, ret, ret_peer);
        if (rc == 0)
            listener->is_tight =
                !listener->expects && rt->backend->raw(rt, *ret) > listener->raw_max;
        if (is_exhaustion(rc))
            rc = co_sleep(EXHAUSTED_PAUSE_MS) < 0 ? co_status() : -EINTR;
        if (!is_of_connection(rc))
            return (int)rc;
    }
}

static int accept_admitted(co_stream **ret, co_listener *listener)
{
    for (;;) {
        co_address peer;
        co_fd fd;
        int rc = co_listener_accept(listener, &fd, &peer);
        if (rc == 0)
            rc = admit(listener, fd, &peer, ret);
        if (rc == -ENOMEM)
            rc = co_sleep(EXHAUSTED_PAUSE_MS) < 0 ? co_status() : CO_EREFUSED;
        if (rc != CO_EREFUSED)
            return rc;
    }
}

int co_accept(co_stream **ret, co_listener *listener)
{
    int rc = co_mutex_lock(&listener->accepting);
    if (rc < 0)
        return rc;
    rc = accept_admitted(ret, listener);
    co_mutex_unlock(&listener->accepting);
    return rc;
}

int co_accept_now(co_stream **ret, co_listener *listener)
{
    co_address peer;
    co_fd fd;
    long rc = accept_once(listener, CO_OP_NOW, &fd, &peer);
    return rc < 0 ? (int)rc : admit(listener, fd, &peer, ret);
}

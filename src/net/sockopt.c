/* SPDX-License-Identifier: MIT */
/* Socket options by name, and what the kernel tells of a TCP connection. */
#include "net/sockopt.h"

#include "net/stream.h"

#include <errno.h>
#include <linux/tcp.h> /* the whole of struct tcp_info */
#include <netinet/in.h>

/* Sets or reads an option of so many bytes. 0 or -errno. */
static int control(struct co_rt *rt, co_fd fd, struct co_control option, socklen_t size)
{
    option.option_size = &size;
    return (int)rt->backend->control(rt, fd, &option);
}

int co_sockopt_set(struct co_rt *rt, co_fd fd, int level, int name, int value)
{
    const struct co_control option = {
        .code = CO_CONTROL_SET_OPTION, .level = level, .name = name, .option = &value};
    return control(rt, fd, option, sizeof value);
}

int co_sockopt_get(struct co_rt *rt, co_fd fd, int level, int name, int *ret)
{
    const struct co_control option = {
        .code = CO_CONTROL_GET_OPTION, .level = level, .name = name, .option = ret};
    return control(rt, fd, option, sizeof *ret);
}

/*
 * Between two programs of one machine there is no path to probe. A congestion control that paces
 * (BBR is many hosts' default) lets the reader sleep between segments there and wakes it for each:
 * three times the processor time. Reno does not, and every kernel has it. A connection that has
 * begun with BBR stays paced, if less, so listeners are told before.
 */
void co_sockopt_unpace(struct co_rt *rt, co_fd fd)
{
    char reno[] = "reno";
    const struct co_control option = {.code = CO_CONTROL_SET_OPTION,
        .level = IPPROTO_TCP,
        .name = TCP_CONGESTION,
        .option = reno};
    control(rt, fd, option, sizeof reno); /* a Unix socket has no such thing */
}

static const struct option {
    const char *name;
    int level, number;
} options[] = {
    {"nodelay", IPPROTO_TCP, TCP_NODELAY},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
    {"send_buffer", SOL_SOCKET, SO_SNDBUF},
    {"receive_buffer", SOL_SOCKET, SO_RCVBUF},
    {"linger", SOL_SOCKET, SO_LINGER},
    {"user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT},
    {"quickack", IPPROTO_TCP, TCP_QUICKACK},
    {"tos", IPPROTO_IP, IP_TOS},
    {"mark", SOL_SOCKET, SO_MARK},
    {"oobinline", SOL_SOCKET, SO_OOBINLINE},
    {"busy_poll", SOL_SOCKET, SO_BUSY_POLL},
    {"not_sent_low", IPPROTO_TCP, TCP_NOTSENT_LOWAT},
};

static const struct option *option_find(const char *name)
{
    for (size_t i = 0; i < CO_LENGTH(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

/* Silence before the first probe, a probe each tenth of that, six of them. The times come first: by
 * the kernel's own, of hours, it would be another promise. */
static int keepalive_set(struct co_rt *rt, co_fd fd, int seconds)
{
    if (seconds == 0)
        return co_sockopt_set(rt, fd, SOL_SOCKET, SO_KEEPALIVE, 0);
    int rc = co_sockopt_set(rt, fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    if (rc == 0)
        rc = co_sockopt_set(rt, fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds / 10 + 1);
    if (rc == 0)
        rc = co_sockopt_set(rt, fd, IPPROTO_TCP, TCP_KEEPCNT, 6);
    return rc < 0 ? rc : co_sockopt_set(rt, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/* An IPv6 socket has one for what it sends to IPv4 addresses and one for the rest (RFC 3542 6.5).
 */
static int tos_set(struct co_rt *rt, co_fd fd, int value)
{
    int family = AF_UNSPEC;
    int rc = co_sockopt_get(rt, fd, SOL_SOCKET, SO_DOMAIN, &family);
    if (rc == 0 && family == AF_INET6)
        rc = co_sockopt_set(rt, fd, IPPROTO_IPV6, IPV6_TCLASS, value);
    return rc < 0 ? rc : co_sockopt_set(rt, fd, IPPROTO_IP, IP_TOS, value);
}

static int linger_control(
    struct co_rt *rt, co_fd fd, enum co_control_code code, struct linger *linger)
{
    const struct co_control option = {
        .code = code, .level = SOL_SOCKET, .name = SO_LINGER, .option = linger};
    return control(rt, fd, option, sizeof *linger);
}

int co_option_set(co_stream *stream, const char *name, int value)
{
    const struct option *option = option_find(name);
    if (!option)
        return co_fail(-ENOENT, "there is no socket option \"%.40s\"", name);
    if (!co_fd_is_open(stream->fd))
        return -ENOTSOCK;
    if (option->number == SO_KEEPALIVE && option->level == SOL_SOCKET)
        return keepalive_set(stream->rt, stream->fd, value);
    if (option->number == IP_TOS && option->level == IPPROTO_IP)
        return tos_set(stream->rt, stream->fd, value);
    if (option->number == SO_LINGER && option->level == SOL_SOCKET) {
        struct linger linger = {.l_onoff = value >= 0, .l_linger = value >= 0 ? value : 0};
        return linger_control(stream->rt, stream->fd, CO_CONTROL_SET_OPTION, &linger);
    }
    return co_sockopt_set(stream->rt, stream->fd, option->level, option->number, value);
}

int co_option_get(co_stream *stream, const char *name, int *ret_value)
{
    const struct option *option = option_find(name);
    if (!option)
        return co_fail(-ENOENT, "there is no socket option \"%.40s\"", name);
    if (!co_fd_is_open(stream->fd))
        return -ENOTSOCK;
    if (option->number == SO_LINGER && option->level == SOL_SOCKET) {
        struct linger linger;
        int rc = linger_control(stream->rt, stream->fd, CO_CONTROL_GET_OPTION, &linger);
        if (rc == 0)
            *ret_value = linger.l_onoff ? linger.l_linger : -1;
        return rc;
    }
    int rc = co_sockopt_get(stream->rt, stream->fd, option->level, option->number, ret_value);
    if (rc == 0 && option->number == SO_KEEPALIVE && option->level == SOL_SOCKET && *ret_value)
        rc = co_sockopt_get(stream->rt, stream->fd, IPPROTO_TCP, TCP_KEEPIDLE, ret_value);
    return rc;
}

int co_tcp_info(co_stream *stream, struct co_tcp_info *ret)
{
    struct tcp_info info = {0};
    const struct co_control option = {
        .code = CO_CONTROL_GET_OPTION, .level = IPPROTO_TCP, .name = TCP_INFO, .option = &info};
    if (!co_fd_is_open(stream->fd))
        return -ENOTSOCK;
    int rc = control(stream->rt, stream->fd, option, sizeof info);
    if (rc < 0)
        return rc;
    *ret = (struct co_tcp_info){
        .rtt_us = info.tcpi_rtt,
        .rtt_variance_us = info.tcpi_rttvar,
        .round_trips_min_us = info.tcpi_min_rtt,
        .send_window_segments = info.tcpi_snd_cwnd,
        .segment_bytes = info.tcpi_snd_mss,
        .bytes_sent = info.tcpi_bytes_sent,
        .bytes_received = info.tcpi_bytes_received,
        .bytes_retransmitted = info.tcpi_bytes_retrans,
        .retransmits_total = info.tcpi_total_retrans,
        .delivery_rate = info.tcpi_delivery_rate,
    };
    return 0;
}

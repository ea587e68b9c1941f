/* SPDX-License-Identifier: MIT */
/*
 * Sockets: addresses, listening, accepting, serving, socket options, access rules.
 *
 * Addresses are written "HOST:PORT", "[IPV6]:PORT", "PORT" (localhost), "*:PORT" (every interface),
 * "unix:PATH" ("unix:@NAME" for the abstract space) and, for listeners, "fd:N" (socket activation).
 */
#ifndef CORONET_NET_H
#define CORONET_NET_H

#include "coronet/address.h"
#include "coronet/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- addresses ------------------------------------------------------------------------------- */

/*
 * co_address_parse - read a numeric address.
 *
 * Does not suspend.
 * text: "127.0.0.1:80", "[::1]:80", "unix:PATH", or without port when default_port is not negative
 * (0 to 65535).
 * Returns: 0; CO_EADDRESS when it is none (names are co_resolve's work), with detail.
 */
CO_API int co_address_parse(const char *text, int default_port, co_address *ret);

/*
 * co_address_text - write an address as text.
 *
 * Does not suspend.
 * ret_text: room for CO_ADDRESS_TEXT_MAX bytes. IPv4 mapped into IPv6 is written as IPv4, what is
 * no address as "?".
 * Returns: ret_text.
 */
CO_API char *co_address_text(const co_address *address, char *ret_text);

/*
 * co_address_port - the port of an address.
 *
 * Does not suspend.
 * Returns: 0 to 65535; 0 for Unix addresses.
 */
CO_API unsigned co_address_port(const co_address *address);

/* ---- access rules ------------------------------------------------------------------------------
 */

/* Who may connect: rules by CIDR, the most specific one wins, and limits by address. Made before
 * serving, then shared by all shards. */
typedef struct co_access co_access;

/*
 * co_access_new - make an empty rule set: everybody may.
 *
 * Does not suspend.
 * connections_max: at once, all told; per_address_max: from one IPv4 address or IPv6 /64; 0: no
 * limit. Returns: 0, -ENOMEM.
 */
CO_API int co_access_new(
    co_access **ret, unsigned connections_max, unsigned per_address_max) CO_MUST_USE;

/*
 * co_access_free - free a rule set that no listener uses any more; NULL is allowed.
 *
 * Does not suspend.
 */
CO_API void co_access_free(co_access *access);

/*
 * co_access_rule - add a rule.
 *
 * Does not suspend; before serving.
 * cidr: "10.0.0.0/8", "::1", "2001:db8::/32". When there is an allow rule and none matches an
 * address, it is refused; between rules of one prefix length, deny wins. Unix peers are not asked.
 * Returns: 0, -EINVAL when it is no CIDR, -ENOMEM (also beyond 4,096 rules).
 */
CO_API int co_access_rule(co_access *access, const char *cidr, bool allow);

/* ---- listening
 * ----------------------------------------------------------------------------------- */

typedef struct co_listener co_listener;

struct co_listen_options {
    int backlog;          /* 0: 1024 */
    bool client_first;    /* clients speak first: a connection is accepted with its first bytes (or
                             after a second), which spares a wake-up; TCP only */
    bool shared_port;     /* SO_REUSEPORT: each shard opens its own listener on the address */
    bool ipv6_only;       /* "[::]:80" shall not take IPv4 as well */
    unsigned unix_mode;   /* permissions of a Unix socket's file; 0: 0600 */
    co_access *access;    /* asked for each connection; borrowed; NULL: everybody may */
    const char *too_many; /* sent to a connection that the limits of `access` do not let in, before
                             its end; borrowed; NULL: it is reset, as one is that rules refuse */
};

/*
 * co_listen - open a listening socket.
 *
 * Suspends only to look up a name (localhost and numbers need none), and to see whether anybody
 * listens on a Unix socket's file that is there already: one that nobody does is replaced.
 * where: an address as above; port 0 lets the system choose. options: NULL for the defaults; read
 * during the call. The descriptor of "fd:N" is the listener's from then on, and is closed if it
 * cannot listen.
 * Returns: 0; CO_EADDRESS, CO_ENAME, -EADDRINUSE, -EACCES and other -errno, with detail for
 * co_explain; CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_listen(
    co_listener **ret, const char *where, const struct co_listen_options *options) CO_MUST_USE;

/*
 * co_listener_close - stop listening and free; NULL is allowed. A Unix socket's file is removed.
 *
 * Does not suspend. Nobody may be waiting in co_accept: whoever is in another fiber is drained or
 * cancelled, and joined, first.
 */
CO_API void co_listener_close(co_listener *listener);

/*
 * co_listener_address - where it listens, with the port that was chosen.
 *
 * Does not suspend.
 * Returns: lives as long as the listener.
 */
CO_API const co_address *co_listener_address(const co_listener *listener);

/*
 * co_accept - wait for a connection.
 *
 * Suspends. When descriptors or memory run out it waits until some are free instead of failing.
 * Several fibers may wait, and are served in turn. Whom `access` does not let in is not told of.
 * Returns: 0; CO_EDRAIN, CO_ECANCELED, CO_EDEADLINE, -errno.
 */
CO_API int co_accept(co_stream **ret, co_listener *listener) CO_MUST_USE;

struct co_serve_options {
    struct co_listen_options listen;
    unsigned connections_max; /* handlers at once; the rest waits in the backlog; 0: 10,000 */
    int64_t park_timeout_ms;  /* idle time of parked streams; 0: no limit */
    void (*failed)(
        void *arg, co_stream *stream, int error); /* told of a handler's negative result */
    void (*listening)(void *arg, const co_address *address); /* told the address once it listens */
    void *arg;
};

/*
 * co_serve - listen, and run a handler in a fiber for each connection.
 *
 * Suspends until the scope is drained (then waits for the running handlers and returns 0) or
 * cancelled.
 * where, options: as for co_listen; options may be NULL. handler, arg: arg is shared by all.
 * Returns: 0 after a drain, CO_ECANCELED, CO_EDEADLINE, or what co_listen or co_accept returned.
 */
CO_API int co_serve(
    const char *where, co_handler *handler, void *arg, const struct co_serve_options *options);

/*
 * co_serve_listener - the same on a listener that is open already; it stays open.
 *
 * Suspends and returns as co_serve does; options->listen and listening are not used.
 */
CO_API int co_serve_listener(
    co_listener *listener, co_handler *handler, void *arg, const struct co_serve_options *options);

/* ---- connecting to an address
 * -------------------------------------------------------------------- */

/*
 * co_connect - connect to a numeric address. For names use co_dial.
 *
 * Suspends; for a Unix server whose queue is full, until there is room.
 * Returns: 0; -ECONNREFUSED, -ETIMEDOUT and other -errno with detail; CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_connect(co_stream **ret, const co_address *address) CO_MUST_USE;

/*
 * co_adopt - make a stream of a connected socket that the program has: inherited, from socketpair,
 * from another library.
 *
 * Does not suspend.
 * fd: a stream socket. It is the stream's from then on, non-blocking and close-on-exec; after a
 * failure it is the caller's as before, but for these two. Nobody else may read or write it.
 * Returns: 0; -ENOTSOCK, -EBADF; -EINVAL for a socket of another type; -ENOTCONN; -ENOMEM; -ENOSYS
 * in virtual time. With detail.
 */
CO_API int co_adopt(co_stream **ret, int fd) CO_MUST_USE;

/* ---- socket options ----------------------------------------------------------------------------
 */

/*
 * co_option_set - set a socket option by name.
 *
 * Does not suspend.
 * name: "nodelay", "keepalive" (0 or seconds of silence before probing, up to 32,767),
 * "send_buffer", "receive_buffer", "linger" (seconds for which closing may block the thread; 0: it
 * resets; -1: off), "user_timeout" (ms), "quickack", "tos", "mark", "oobinline" (urgent data within
 * the stream), "busy_poll", "not_sent_low" (bytes).
 * Returns: 0; -ENOENT for an unknown name, with detail; -errno; -ENOTSOCK when the stream is no
 * socket.
 */
CO_API int co_option_set(co_stream *stream, const char *name, int value);

/*
 * co_option_get - read a socket option by name.
 *
 * Does not suspend.
 * Returns: as co_option_set.
 */
CO_API int co_option_get(co_stream *stream, const char *name, int *ret_value);

struct co_tcp_info {
    uint32_t rtt_us, rtt_variance_us, round_trips_min_us;
    uint32_t send_window_segments, segment_bytes;
    uint64_t bytes_sent, bytes_received, bytes_retransmitted;
    uint32_t retransmits_total;
    uint64_t delivery_rate; /* bytes per second */
};

/*
 * co_tcp_info - what the kernel knows of a TCP connection.
 *
 * Does not suspend.
 * Returns: 0; -ENOTSOCK, -EOPNOTSUPP where there is no TCP.
 */
CO_API int co_tcp_info(co_stream *stream, struct co_tcp_info *ret);

#ifdef __cplusplus
}
#endif
#endif

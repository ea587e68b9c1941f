/* SPDX-License-Identifier: MIT */
/* Names to addresses, and a name to a connected stream. */
#ifndef CORONET_DIAL_H
#define CORONET_DIAL_H

#include "coronet/net.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CO_RESOLVE_MAX 32 /* addresses of one name that are kept */

struct co_resolve_options {
    int family;              /* AF_INET or AF_INET6 only; 0: both */
    const char *hosts_file;  /* NULL: /etc/hosts */
    const char *resolv_conf; /* NULL: /etc/resolv.conf */
    const char *nsswitch;    /* NULL: /etc/nsswitch.conf */
    bool no_cache;           /* true: name servers are asked even for what is known already */
};

/*
 * co_resolve - look up the addresses of a name.
 *
 * Suspends. Numbers and localhost (RFC 6761) need no look-up; others are looked up by the services
 * of nsswitch.conf, in its order and by its [rules]: the hosts file, DNS over our own sockets
 * (random id and port for each query, RFC 5452), getaddrinfo on a pool thread for services that
 * only libc knows. What name servers say is kept as long as it holds (at most a day; RFC 2308 for
 * what does not exist), for each shard by itself. Ordered by RFC 6724's rules for what the machine
 * can reach. host: a name or number, without brackets. port: goes into the addresses. ret: room for
 * CO_RESOLVE_MAX addresses. Returns: how many, > 0; CO_ENAME, CO_ENODATA, CO_ENAMESERVER,
 * CO_EINVALID, CO_ECANCELED, CO_EDEADLINE, -errno; with detail for co_explain.
 */
CO_API int co_resolve(
    const char *host, unsigned port, const struct co_resolve_options *options, co_address *ret);

struct co_dial_options {
    int family;               /* AF_INET or AF_INET6 only; 0: both */
    int64_t timeout_ms;       /* for look-up and connection together; 0: 30,000 */
    int64_t attempt_delay_ms; /* before the next address is tried beside; 0: 250 (RFC 8305 5) */
    const struct co_resolve_options *resolve;
};

/*
 * co_dial - connect to a name, by whichever of its addresses answers first (RFC 8305).
 *
 * Suspends.
 * where: "HOST:PORT", "[IPV6]:PORT", "PORT" (localhost) or "unix:PATH". options: NULL for defaults.
 * Returns: 0; CO_EADDRESS, what co_resolve returned, -ECONNREFUSED and other -errno of the last
 * attempt, CO_EDEADLINE, CO_ECANCELED; with detail for co_explain.
 */
CO_API int co_dial(
    co_stream **ret, const char *where, const struct co_dial_options *options) CO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/* Names to addresses, and a name to a connected stream, by way of a proxy where that is wanted. */
#ifndef CORONET_DIAL_H
#define CORONET_DIAL_H

#include "coronet/net.h"
#include "coronet/tls.h"

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
 * can reach.
 * host: a name in ASCII ("xn--..." for others) or a number, without brackets. port: goes into the
 * addresses. options: NULL for the defaults. ret: room for CO_RESOLVE_MAX addresses.
 * Returns: how many, > 0; CO_ENAME, CO_ENODATA, CO_ENAMESERVER, CO_EINVALID (no host's name, no
 * port), CO_ETOOBIG (a hosts file beyond 8 MiB, another beyond 64 KiB), -errno, with detail for
 * co_explain; CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_resolve(
    const char *host, unsigned port, const struct co_resolve_options *options, co_address *ret);

struct co_dial_options {
    int family;               /* AF_INET or AF_INET6 only; 0: both */
    int64_t timeout_ms;       /* for look-up and connection together; 0: 30,000 */
    int64_t attempt_delay_ms; /* before the next address is tried beside; 0: 250 (RFC 8305 5) */
    const struct co_resolve_options *resolve;
    /* "HOST:PORT:ADDRESS[,ADDRESS...]", NULL-terminated: the addresses of a place, which are then
     * not looked up. "*" is any host; IPv6 addresses may have brackets. */
    const char *const *answers;
    /* The URL of a proxy that leads there; NULL or "": none. "http://" and "https://": one of HTTP,
     * by CONNECT (RFC 9110 9.3.6), with TLS to the proxy for the latter; "socks5://": one of SOCKS
     * 5 (RFC 1928), to an address that we look up; "socks5h://": the same, and it looks up the
     * name; "socks4://" and "socks4a://": so by SOCKS 4, to IPv4 addresses. Without a scheme:
     * "http://". Port 443 for "https://", else 1080. Its user and password are told to it alone: by
     * Basic (RFC 7617), and by Digest (RFC 7616) to one that refuses that and offers this; by
     * RFC 1929; by SOCKS 4 the user alone. */
    const char *proxy;
    co_tls *proxy_tls; /* whom to trust as that proxy; borrowed; NULL: the system's authorities */
};

/*
 * co_dial - connect to a name, by whichever of its addresses answers first (RFC 8305).
 *
 * Suspends.
 * where: "HOST:PORT", "[IPV6]:PORT", "PORT" (localhost) or "unix:PATH". options: NULL for defaults;
 * timeout_ms is for all of it, a proxy's answers included.
 * Returns: 0; CO_EADDRESS, what co_resolve returned, -ECONNREFUSED and other -errno of the last
 * attempt, or as a proxy tells of its own; CO_EINVALID (a malformed proxy or answer), CO_EPROXY
 * (the proxy refuses), CO_EPROXYLOGIN (it wants to know who asks), CO_EPROTO, CO_EHTTP, CO_ETOOBIG
 * and CO_EEOF (it does not speak its protocol), as co_tls_connect for "https://"; CO_EDEADLINE,
 * CO_ECANCELED; with detail for co_explain.
 */
CO_API int co_dial(
    co_stream **ret, const char *where, const struct co_dial_options *options) CO_MUST_USE;

/* Which proxy leads where, each as co_dial_options has it; NULL or "": none. What curl's variables
 * of these names say. */
struct co_proxies {
    const char *http, *https, *ftp; /* for URLs of that scheme */
    const char *all;                /* for those whose own is NULL or "" */
    /* Places that no proxy leads to, between commas or spaces: a domain, with all below it;
     * addresses and networks ("10.0.0.0/8", "::1"); each of one port only with ":PORT" ("[::1]:80"
     * then); "*": all. */
    const char *none;
};

/*
 * co_proxies_of_environment - which proxies the environment names.
 *
 * Does not suspend. Looks at http_proxy (in small letters alone: a CGI program's HTTP_PROXY is a
 * header of its client's), https_proxy, ftp_proxy, all_proxy and no_proxy, and, where one of these
 * is not there or empty, at the same in capitals. The library asks the environment nothing unless
 * told so by this call.
 * ret: receives the environment's own strings: good until somebody changes it.
 */
CO_API void co_proxies_of_environment(struct co_proxies *ret);

#ifdef __cplusplus
}
#endif
#endif

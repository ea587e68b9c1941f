/* SPDX-License-Identifier: MIT */
/* A stub resolver: asks the configured name servers over sockets of our own (RFC 1035, 5452). */
#ifndef CO_DNS_RESOLVER_H
#define CO_DNS_RESOLVER_H

#include "coronet/dial.h"
#include "dns/cache.h"
#include "dns/resolvconf.h"

struct co_dns_ask {
    const struct co_resolv_conf *conf;
    int family;                 /* AF_INET, AF_INET6 or 0 for both */
    unsigned port;              /* goes into the addresses */
    struct co_dns_cache *cache; /* NULL: none */
    int64_t hurry_ms;           /* once there are addresses of one family, wait for the other only
                                   this long (the Resolution Delay of RFC 8305 3); 0: for as long
                                   as it takes */
};

/*
 * Looks a valid host name up, with the search list when it has no dot. Suspends.
 * ret: room for CO_RESOLVE_MAX addresses, IPv6 first.
 * Returns how many, or CO_ENAME, CO_ENODATA, CO_ENAMESERVER, CO_EPROTO (the last server's answer
 * was of no use, as co_dns_reply_read says), CO_ECANCELED, CO_EDEADLINE, -ENOMEM.
 */
int co_dns_lookup(const struct co_dns_ask *ask, const char *host, co_address *ret);

#endif

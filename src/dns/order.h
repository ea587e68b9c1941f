/* SPDX-License-Identifier: MIT */
/* The order in which a name's addresses should be tried (RFC 6724 6). */
#ifndef CO_DNS_ORDER_H
#define CO_DNS_ORDER_H

#include "coronet/net.h"

/* A destination and the source address that the system would use; IPv4 mapped into IPv6. */
struct co_route {
    uint8_t destination[16], source[16];
    bool usable; /* there is a source address */
};

/* Negative when `a` should be tried before `b`, positive when after, 0 when as they stand. Pure. */
int co_route_compare(const struct co_route *a, const struct co_route *b);

/* Sorts the addresses (at most CO_RESOLVE_MAX), asking the system for its source addresses. Sends
 * nothing. */
void co_order_addresses(co_address *addresses, unsigned count);

#endif

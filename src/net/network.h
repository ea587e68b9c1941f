/* SPDX-License-Identifier: MIT */
/* Networks: the addresses that begin with the same bits. IPv4 counts as mapped into IPv6. */
#ifndef CO_NET_NETWORK_H
#define CO_NET_NETWORK_H

#include "base/client.h"

struct co_network {
    uint8_t address[CO_CLIENT_BYTES];
    uint8_t bits; /* of 128 */
};

/* "10.0.0.0/8", "2001:db8::/32"; an address alone is a network of one. 0 or -EINVAL. */
int co_network_parse(co_text cidr, struct co_network *ret);

/* The address as co_client_address gives it. */
bool co_network_has(const struct co_network *network, const uint8_t address[CO_CLIENT_BYTES]);

#endif

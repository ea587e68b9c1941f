/* SPDX-License-Identifier: MIT */
/* The hosts file (hosts(5)): a line is an address and its names. Pure. */
#ifndef CO_DNS_HOSTS_H
#define CO_DNS_HOSTS_H

#include "base/base.h"
#include "coronet/net.h"

struct co_hosts_query {
    co_text host;
    int family; /* AF_INET, AF_INET6 or 0 for both */
    unsigned port, max;
};

/*
 * Finds the addresses that the file gives to a name, in the file's order, without doubles. Lines
 * that make no sense are passed over.
 * ret: room for query->max addresses. Returns how many.
 */
unsigned co_hosts_find(co_text file, const struct co_hosts_query *query, co_address *ret);

#endif

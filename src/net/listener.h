/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_LISTENER_H
#define CO_NET_LISTENER_H

#include "net/address.h"

/* The address of a host, number, "*" or Unix path to bind to. Suspends for a name. 0, CO_EADDRESS,
 * CO_ENAME. */
int co_where_resolve_local(const struct co_where *where, co_address *ret);

#endif

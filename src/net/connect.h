/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_CONNECT_H
#define CO_NET_CONNECT_H

#include "coronet/net.h"

/* co_connect, from an address of ours; from its port, too, if it names one and that can be had,
 * else from any. */
int co_connect_from(co_stream **ret, const co_address *address, const co_address *from);

/* Does somebody listen on a Unix socket, be there room for one more or not? As co_connect, without
 * detail; -EAGAIN: there is none. */
int co_connect_probe(const co_address *address);

/* A connection that another process has begun, as a descriptor without O_NONBLOCK or with it.
 * Suspends until it has come about. raw: taken over whatever is returned. As co_connect. */
int co_connect_adopt(co_stream **ret, int raw, const co_address *address);

#endif

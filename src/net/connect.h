/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_CONNECT_H
#define CO_NET_CONNECT_H

#include "coronet/net.h"

/* co_connect, from an address of ours; from its port, too, if it names one and that can be had,
 * else from any. */
int co_connect_from(co_stream **ret, const co_address *address, const co_address *from);

#endif

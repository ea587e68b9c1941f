/* SPDX-License-Identifier: MIT */
/* Who may connect, as listeners ask it. Thread-safe once the rules stand: shards share it. */
#ifndef CO_NET_ACCESS_H
#define CO_NET_ACCESS_H

#include "coronet/net.h"

struct co_stream;

/* Counts a new connection from the peer. 0; CO_EREFUSED by a rule; -EUSERS: there are too many;
 * -ENOMEM. */
int co_access_enter(struct co_access *access, const co_address *peer);

/* Counts the connection's end. */
void co_access_leave(struct co_access *access, const struct co_stream *stream);

#endif

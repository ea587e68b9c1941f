/* SPDX-License-Identifier: MIT */
#ifndef CO_NET_LISTENER_H
#define CO_NET_LISTENER_H

#include "net/address.h"
#include "runtime/backend.h"

/* The address of a host, number, "*" or Unix path to bind to. Suspends for a name. 0, CO_EADDRESS,
 * CO_ENAME. */
int co_where_resolve_local(const struct co_where *where, co_address *ret);

/*
 * For several shards on one address: the first listener is opened alone, so that nobody else can be
 * on it, then shared; the others are opened with shared_port and handed over as descriptors, to be
 * opened as "fd:N" on their shard. None of these suspends.
 */
int co_listener_share(co_listener *listener);  /* SO_REUSEPORT from now on. 0 or -errno */
int co_listener_detach(co_listener *listener); /* ends it, not its socket: the descriptor, -errno */
void co_listener_discard(int detached);        /* closes one that nobody took; -1 is allowed */

/* A Unix socket's file is the caller's to remove from now on; false: there is none of ours. */
bool co_listener_leave_path(co_listener *listener);
void co_listener_remove_path(const co_address *address);

/* Its socket is closed by the server at it as soon as that is drained, not when the last handler
 * has returned and the caller closes the listener. */
void co_listener_close_drained(co_listener *listener);
/* Told of that drain: does so where it was asked for. Does not suspend. */
void co_listener_drained(co_listener *listener);

/* Listens at an IP address for connections that belong to work at hand, not to new work: a drain
 * does not end the wait for them, and they may have the last descriptors. Does not suspend. 0 or
 * -errno, without detail. */
int co_listen_expecting(
    co_listener **ret, const co_address *address, const struct co_listen_options *options);

/* Has it ask these rules from now on, NULL: none. Does not suspend. Returns those of before. */
co_access *co_listener_ask(co_listener *listener, co_access *access);

/* Does a connection wait that has not been accepted? Does not suspend. True when it cannot be told.
 */
bool co_listener_is_knocked_at(const co_listener *listener);

/* The next connection as it is, asked by no access rules: its socket, and the peer. Suspends. As
 * co_accept. */
int co_listener_accept(co_listener *listener, co_fd *ret, co_address *ret_peer);

/* A connection that waits to be accepted, at a listener where nobody else waits for one. Does not
 * suspend. 0; -EAGAIN: there is none; else as co_accept. */
int co_accept_now(co_stream **ret, co_listener *listener);

/* Takes a socket of this runtime's out of it: the descriptor, for another one to adopt, or -errno;
 * it is no socket of this runtime's afterwards. */
int co_socket_detach(co_fd fd);

#endif

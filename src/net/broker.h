/* SPDX-License-Identifier: MIT */
/*
 * One range of ports for the expected connections of many, in all threads of a process.
 *
 * Whoever expects a connection from a peer takes a ticket: a port at which the peer's next
 * connection is the ticket's. One port serves any number of peers; two tickets of one peer have
 * different ports. A connection that nobody expects is reset at once, and the port goes on
 * listening (attacks F02, F21).
 */
#ifndef CO_NET_BROKER_H
#define CO_NET_BROKER_H

#include "coronet/net.h"

struct co_broker;
struct co_ticket;

/* For the ports from low to high. Works outside of a fiber. 0 or -ENOMEM. */
int co_broker_new(struct co_broker **ret, unsigned low, unsigned high);
/* No ticket may be left, and the groups of all who took one must have ended; NULL is allowed. */
void co_broker_free(struct co_broker *broker);

/*
 * Draws a port at random. Sockets are opened when they are first needed, and stay open as long as
 * the group of the fiber that needed them. Does not suspend.
 * peer: whose connection it shall be, on any port of his. local: the address of ours that he shall
 * connect to; the port is written into it. Both IPv4 (not mapped) or both IPv6.
 * 0; -EADDRINUSE when the range is exhausted, for this peer; -EAFNOSUPPORT, -ENOMEM, -errno.
 */
int co_ticket_take(
    struct co_broker *broker, const co_address *peer, co_address *local, struct co_ticket **ret);

/* Suspends until the connection is there; once. To be called on the runtime that took the ticket.
 * 0; -ECONNABORTED when the port had to be closed; CO_ECANCELED, CO_EDEADLINE, -errno. */
int co_ticket_accept(struct co_ticket *ticket, co_stream **ret);

/* Nobody is likely to come for it any more. Where the range is exhausted for this peer, another
 * ticket of his may have the port; then the accept of this one returns -ECONNABORTED. To wait for
 * it all the same takes that back. Does not suspend. */
void co_ticket_spare(struct co_ticket *ticket);

/* Gives the ticket back; a connection that came and was not asked for is closed. Does not suspend;
 * NULL is allowed. */
void co_ticket_free(struct co_ticket *ticket);

#endif

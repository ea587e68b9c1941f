/* SPDX-License-Identifier: MIT */
/*
 * Ports of one runtime at which one expected connection each arrives, drawn at random.
 *
 * Opening, binding and closing a listening socket costs as much as the connection itself, so one
 * that has got its connection is kept for a while, and may be drawn again. See ports.c for what
 * keeps the next one from being foreseen, or from getting somebody else's connection.
 */
#ifndef CO_NET_PORTS_H
#define CO_NET_PORTS_H

#include "base/client.h"
#include "coronet/net.h"
#include "runtime/rt.h"

#define CO_PORTS_KEPT_MAX   64 /* that lie idle at once, at all addresses: a descriptor each */
#define CO_PORTS_CHOICE_MIN 32 /* idle at one address, for one of them to be drawn */
#define CO_PORTS_USES_MAX   64 /* of a port: then another takes its place */
#define CO_PORTS_IDLE_MS    5000
#define CO_PORTS_SWEEP_MS   100 /* between two looks for knocks */

struct co_port {
    co_listener *listener;
    uint8_t host[CO_CLIENT_BYTES]; /* our address that it is at */
    unsigned uses;
    int64_t idle_since;
};

struct co_ports {
    struct co_rt *rt;
    struct co_port *idle[CO_PORTS_KEPT_MAX]; /* the one that has lain longest first */
    unsigned count, count_max;
    uint16_t chances[32]; /* random numbers in stock: a system call each would be too many */
    unsigned chance_count;
    struct co_timer sweep; /* set while there are any */
};

/* On the runtime that uses them. 0 or -ENOMEM. */
int co_ports_init(struct co_ports *ports);
/* Closes those that lie idle; all others must have been given back. */
void co_ports_clear(struct co_ports *ports);

/* Listens at the address, of IPv4 (not mapped) or IPv6; the port is written into it. Whatever has
 * come before is turned away. Does not suspend. 0; -EADDRINUSE, -EAFNOSUPPORT, -ENOMEM, -errno. */
int co_port_draw(struct co_ports *ports, co_address *local, struct co_port **ret);

/* Gives one back: `served` when its connection has come, been accepted, and no accept is under way.
 * Any other is closed, since the one it was drawn for may still knock. NULL is allowed. */
void co_port_return(struct co_ports *ports, struct co_port *port, bool served);

#endif

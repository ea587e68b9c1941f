/* SPDX-License-Identifier: MIT */
/*
 * Nobody shall foresee the next port, and no connection that was made before a port is drawn shall
 * be taken for the one that is expected (attacks F02, F21). So:
 *
 * - a fresh port is drawn, out of all, until some dozens lie idle; then one of those, by chance;
 * - whoever knocks at an idle port has looked for ports: all of them are closed. That is noticed
 *   when one is drawn, and by a look at them some times a second, so that nobody is left waiting;
 * - after some uses, or some seconds without, a port is closed for good.
 */
#include "net/ports.h"

#include "net/address.h"
#include "net/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#define PORT_FIRST   49152 /* of those that are for passing use (RFC 6335 6) */
#define PORT_COUNT   16384
#define PORT_TRIES   16
#define BACKLOG      8
#define FILES_FOR_US 16 /* one of so many descriptors may lie idle here */

static void port_close(struct co_port *port)
{
    co_listener_close(port->listener);
    free(port);
}

/* Closes those that have lain longest, so many. */
static void close_first(struct co_ports *ports, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        port_close(ports->idle[i]);
    ports->count -= count;
    memmove(ports->idle, ports->idle + count, ports->count * sizeof(struct co_port *));
}

static bool is_knocked_at(const struct co_ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++)
        if (co_listener_is_knocked_at(ports->idle[i]->listener))
            return true;
    return false;
}

static void sweep(struct co_rt *rt, struct co_timer *timer)
{
    struct co_ports *ports = CO_CONTAINER(timer, struct co_ports, sweep);
    unsigned old = is_knocked_at(ports) ? ports->count : 0;
    while (old < ports->count && rt->now - ports->idle[old]->idle_since >= CO_PORTS_IDLE_MS * CO_MS)
        old++;
    close_first(ports, old);
    if (ports->count > 0)
        co_timer_set(rt, timer, rt->now + CO_PORTS_SWEEP_MS * CO_MS);
}

int co_ports_init(struct co_ports *ports)
{
    struct rlimit files;
    struct co_rt *rt = co_rt_current();
    int rc = co_timer_reserve(rt);
    if (rc < 0)
        return rc;
    *ports = (struct co_ports){.rt = rt, .sweep = {.due = CO_NEVER, .fire = sweep}};
    /* A few would be foreseeable: all or none. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / FILES_FOR_US >= CO_PORTS_KEPT_MAX)
        ports->count_max = CO_PORTS_KEPT_MAX;
    return 0;
}

void co_ports_clear(struct co_ports *ports)
{
    close_first(ports, ports->count);
    co_timer_forget(ports->rt, &ports->sweep);
    co_timer_unreserve(ports->rt);
}

/* ---- drawing -------------------------------------------------------------------------------- */

static int listen_at(co_listener **ret, co_address *local, unsigned port)
{
    co_address_set_port(local, port); /* what is expected is work that goes on in a drain */
    return co_listen_expecting(
        ret, local, &(struct co_listen_options){.backlog = BACKLOG, .ipv6_only = true});
}

/* The port is drawn here: the kernel looks the longer for a free one the more connections have just
 * ended. */
static int draw_fresh(const co_address *local, struct co_port *port)
{
    co_address address = *local;
    int rc = -EADDRINUSE;
    for (int tries = 0; rc == -EADDRINUSE && tries < PORT_TRIES; tries++) {
        uint32_t draw;
        co_random(&draw, sizeof draw);
        rc = listen_at(&port->listener, &address, PORT_FIRST + draw % PORT_COUNT);
    }
    return rc == -EADDRINUSE ? listen_at(&port->listener, &address, 0) : rc;
}

static unsigned draw_below(struct co_ports *ports, unsigned count)
{
    if (ports->chance_count == 0) {
        co_random(ports->chances, sizeof ports->chances);
        ports->chance_count = CO_LENGTH(ports->chances);
    }
    return ports->chances[--ports->chance_count] % count;
}

/* One of the idle ports of the address, if there are at least so many. NULL: none. */
static struct co_port *draw_idle(
    struct co_ports *ports, const uint8_t host[CO_CLIENT_BYTES], unsigned least)
{
    uint8_t at[CO_PORTS_KEPT_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < ports->count; i++)
        if (memcmp(ports->idle[i]->host, host, CO_CLIENT_BYTES) == 0)
            at[count++] = (uint8_t)i;
    if (count < least)
        return NULL;
    unsigned index = at[draw_below(ports, count)];
    struct co_port *port = ports->idle[index];
    if (co_listener_is_knocked_at(port->listener)) {
        close_first(ports, ports->count);
        return NULL;
    }
    ports->count--;
    memmove(ports->idle + index, ports->idle + index + 1,
        (ports->count - index) * sizeof(struct co_port *));
    return port;
}

static int port_new(
    const co_address *local, const uint8_t host[CO_CLIENT_BYTES], struct co_port **ret)
{
    struct co_port *port = calloc(1, sizeof *port);
    if (!port)
        return -ENOMEM;
    memcpy(port->host, host, CO_CLIENT_BYTES);
    int rc = draw_fresh(local, port);
    if (rc < 0)
        free(port);
    else
        *ret = port;
    return rc;
}

int co_port_draw(struct co_ports *ports, co_address *local, struct co_port **ret)
{
    uint8_t host[CO_CLIENT_BYTES];
    if (!co_client_address(local, host))
        return -EAFNOSUPPORT;
    struct co_port *port = draw_idle(ports, host, CO_PORTS_CHOICE_MIN);
    int rc = port ? 0 : port_new(local, host, &port);
    if (rc < 0 && ports->count > 0) { /* what lies idle is what is missing */
        port = draw_idle(ports, host, 1);
        close_first(ports, port ? 0 : ports->count);
        rc = port ? 0 : port_new(local, host, &port);
    }
    if (rc < 0)
        return rc;
    *local = *co_listener_address(port->listener);
    *ret = port;
    return 0;
}

void co_port_return(struct co_ports *ports, struct co_port *port, bool served)
{
    if (!port)
        return;
    if (!served || ++port->uses == CO_PORTS_USES_MAX || ports->count >= ports->count_max) {
        port_close(port);
        return;
    }
    port->idle_since = ports->rt->now;
    ports->idle[ports->count++] = port;
    if (ports->count == 1)
        co_timer_set(ports->rt, &ports->sweep, ports->rt->now + CO_PORTS_SWEEP_MS * CO_MS);
}

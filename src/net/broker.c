/* SPDX-License-Identifier: MIT */
/*
 * Each listening socket ("door") has a fiber that accepts, a background member of the group whose
 * fiber opened it: it ends with that group, and closes the door. The connection goes to its ticket;
 * to another thread it travels as a bare descriptor, for each runtime knows only its own sockets.
 *
 * A ticket's fiber waits as auth/places.c's do: once the ticket has been served a message to its
 * thread is on the way, so whoever is interrupted from then on waits for it.
 */
#include "net/broker.h"

#include "base/client.h"
#include "net/address.h"
#include "net/listener.h"
#include "net/stream.h"
#include "runtime/fiber.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define BACKLOG   64
#define HOSTS_MAX 16 /* of our addresses that may have every port open each; loopback has 2^24 */

struct door {
    struct door *next; /* of the same port, at another of our addresses */
    struct co_broker *broker;
    co_listener *listener;
    unsigned index; /* of its port */
    uint8_t host[CO_CLIENT_BYTES];
    struct co_link tickets; /* that wait to be served */
};

struct co_broker {
    pthread_mutex_t lock; /* guards all doors and their tickets; never held across a wait */
    struct door **doors;  /* by port */
    unsigned low, count;
    size_t open_count;
};

struct co_ticket {
    struct co_link link; /* in its door's list, while `expected` */
    struct co_broker *broker;
    struct co_rt *rt;
    uint8_t peer_host[CO_CLIENT_BYTES];
    bool expected;           /* neither served nor failed */
    bool spare;              /* nobody is likely to come for it */
    int error;               /* why it failed */
    co_address peer;         /* of the connection, once it is there: */
    co_fd fd;                /* a socket of this runtime's, */
    int raw;                 /* or one of another's, else -1 */
    struct co_fiber *waiter; /* NULL: nobody waits, or it has been told */
    struct co_post told;
};

int co_broker_new(struct co_broker **ret, unsigned low, unsigned high)
{
    struct co_broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        return -ENOMEM;
    broker->low = low;
    broker->count = high - low + 1;
    broker->doors = calloc(broker->count, sizeof(struct door *));
    if (!broker->doors) {
        free(broker);
        return -ENOMEM;
    }
    pthread_mutex_init(&broker->lock, NULL);
    *ret = broker;
    return 0;
}

void co_broker_free(struct co_broker *broker)
{
    if (!broker)
        return;
    assert(broker->open_count == 0);
    pthread_mutex_destroy(&broker->lock);
    free(broker->doors);
    free(broker);
}

/* ---- serving tickets -------------------------------------------------------------------------
 */

/* In the ticket's thread. */
static void ticket_told(struct co_rt *rt, struct co_post *post)
{
    struct co_ticket *ticket = CO_CONTAINER(post, struct co_ticket, told);
    struct co_fiber *waiter = ticket->waiter;
    ticket->waiter = NULL;
    co_fiber_wake(rt, waiter, 0);
}

/* The ticket has what it shall get: whoever waits for it is told. With the lock. */
static void ticket_settle(struct co_ticket *ticket)
{
    co_list_remove(&ticket->link);
    ticket->expected = false;
    if (ticket->waiter)
        co_rt_post(ticket->rt, &ticket->told);
}

static struct co_ticket *ticket_of(const struct door *door, const uint8_t host[CO_CLIENT_BYTES])
{
    for (struct co_link *at = door->tickets.next; at != &door->tickets; at = at->next) {
        struct co_ticket *ticket = CO_CONTAINER(at, struct co_ticket, link);
        if (memcmp(ticket->peer_host, host, CO_CLIENT_BYTES) == 0)
            return ticket;
    }
    return NULL;
}

/* Gives the connection to whom it belongs. False: to nobody. */
static bool deliver(struct door *door, co_fd fd, const co_address *peer)
{
    struct co_rt *rt = co_rt_current();
    uint8_t host[CO_CLIENT_BYTES];
    if (!co_client_address(peer, host))
        return false;
    pthread_mutex_lock(&door->broker->lock);
    struct co_ticket *ticket = ticket_of(door, host);
    if (ticket) {
        ticket->peer = *peer;
        if (ticket->rt == rt) {
            ticket->fd = fd;
        } else {
            int raw = co_socket_detach(fd);
            ticket->raw = raw < 0 ? -1 : raw;
            ticket->error = raw < 0 ? raw : 0;
        }
        ticket_settle(ticket);
    }
    pthread_mutex_unlock(&door->broker->lock);
    return ticket != NULL;
}

static void turn_away(co_fd fd, const co_address *peer)
{
    co_stream *stream;
    if (co_stream_of_socket(fd, peer, &stream) == 0)
        co_abort(stream);
}

/* ---- doors -----------------------------------------------------------------------------------
 */

static void door_close(struct door *door)
{
    struct co_broker *broker = door->broker;
    pthread_mutex_lock(&broker->lock);
    struct door **at = &broker->doors[door->index];
    while (*at != door)
        at = &(*at)->next;
    *at = door->next;
    broker->open_count--;
    while (!co_list_empty(&door->tickets)) {
        struct co_ticket *ticket = CO_CONTAINER(door->tickets.next, struct co_ticket, link);
        ticket->error = -ECONNABORTED;
        ticket_settle(ticket);
    }
    pthread_mutex_unlock(&broker->lock);
    co_listener_close(door->listener);
    free(door);
}

static int door_keep(void *arg)
{
    struct door *door = arg;
    co_address peer;
    co_fd fd;
    while (co_listener_accept(door->listener, &fd, &peer) == 0)
        if (!deliver(door, fd, &peer))
            turn_away(fd, &peer);
    door_close(door);
    return 0;
}

/* Listens, and has a fiber accept. With the lock: two threads might choose the same port. */
static int door_open(
    struct co_broker *broker, unsigned index, const co_address *local, struct door **ret)
{
    static const struct co_go_options background = {.name = "passive port", .background = true};
    co_address address = *local;
    struct co_rt *rt = co_rt_current();
    struct co_group_body *group = co_group_current(rt);
    if (broker->open_count >= (size_t)broker->count * HOSTS_MAX)
        return -EADDRINUSE;
    struct door *door = calloc(1, sizeof *door);
    if (!door)
        return -ENOMEM;
    *door = (struct door){.broker = broker, .index = index, .next = broker->doors[index]};
    co_client_address(local, door->host);
    co_list_init(&door->tickets);
    co_address_set_port(&address, broker->low + index);
    int rc = co_listen_expecting(&door->listener, &address, /* transfers at work may need it */
        &(struct co_listen_options){.backlog = BACKLOG, .ipv6_only = true});
    if (rc == 0)
        rc = co_fiber_spawn(rt, group, &background, door_keep, door);
    if (rc < 0) {
        co_listener_close(door->listener);
        free(door);
        return rc;
    }
    group->background++;
    broker->open_count++;
    *ret = broker->doors[index] = door;
    return 0;
}

static struct door *door_of(const struct co_broker *broker, unsigned index, const uint8_t *host)
{
    struct door *door = broker->doors[index];
    while (door && memcmp(door->host, host, CO_CLIENT_BYTES) != 0)
        door = door->next;
    return door;
}

/* A door at which nothing is expected of this peer yet; else one at which nobody is likely to come.
 * With the lock. */
static int door_choose(struct co_broker *broker, const struct co_ticket *ticket,
    const co_address *local, struct door **ret)
{
    uint8_t host[CO_CLIENT_BYTES];
    uint32_t draw;
    struct co_ticket *held, *spare = NULL;
    int rc = -EADDRINUSE;
    if (!co_client_address(local, host))
        return -EAFNOSUPPORT;
    co_random(&draw, sizeof draw);
    for (unsigned i = 0; rc == -EADDRINUSE && i < broker->count; i++) {
        unsigned index = (draw % broker->count + i) % broker->count;
        struct door *door = door_of(broker, index, host);
        if (!door)
            rc = door_open(broker, index, local, &door);
        else if (!(held = ticket_of(door, ticket->peer_host)))
            rc = 0;
        else if (!spare && held->spare)
            spare = held, *ret = door;
        if (rc == 0)
            *ret = door;
    }
    if (rc != -EADDRINUSE || !spare)
        return rc;
    spare->error = -ECONNABORTED;
    ticket_settle(spare);
    return 0;
}

/* ---- tickets ---------------------------------------------------------------------------------
 */

int co_ticket_take(
    struct co_broker *broker, const co_address *peer, co_address *local, struct co_ticket **ret)
{
    struct door *door;
    struct co_ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket)
        return -ENOMEM;
    ticket->broker = broker;
    ticket->rt = co_rt_current();
    ticket->raw = -1;
    ticket->told.run = ticket_told;
    int rc = co_client_address(peer, ticket->peer_host) ? 0 : -EAFNOSUPPORT;
    pthread_mutex_lock(&broker->lock);
    if (rc == 0)
        rc = door_choose(broker, ticket, local, &door);
    if (rc == 0) {
        co_list_append(&door->tickets, &ticket->link);
        ticket->expected = true;
        co_address_set_port(local, broker->low + door->index);
    }
    pthread_mutex_unlock(&broker->lock);
    if (rc < 0)
        free(ticket);
    else
        *ret = ticket;
    return rc;
}

static void wait_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    struct co_ticket *ticket = (struct co_ticket *)(uintptr_t)fiber->wait->on;
    pthread_mutex_lock(&ticket->broker->lock);
    bool expected = ticket->expected;
    if (expected)
        ticket->waiter = NULL;
    pthread_mutex_unlock(&ticket->broker->lock);
    if (expected)
        co_fiber_wake(rt, fiber, code);
}

/* Waits until the ticket is settled. */
static int ticket_wait(struct co_ticket *ticket)
{
    struct co_rt *rt = co_rt_current();
    const struct co_wait wait = {
        .what = "an expected connection",
        .on = ticket,
        .interrupt = wait_interrupted,
    };
    int rc = co_fiber_refusal(rt, false);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&ticket->broker->lock);
    bool expected = ticket->expected;
    ticket->spare = false;
    if (expected)
        ticket->waiter = rt->current;
    pthread_mutex_unlock(&ticket->broker->lock);
    if (!expected)
        return 0;
    rt->outside++; /* another thread may bring it */
    rc = co_fiber_wait(rt, &wait);
    rt->outside--;
    /* The other thread may not be done with waking this runtime, which could end now. */
    pthread_mutex_lock(&ticket->broker->lock);
    pthread_mutex_unlock(&ticket->broker->lock);
    return rc;
}

int co_ticket_accept(struct co_ticket *ticket, co_stream **ret)
{
    struct co_rt *rt = co_rt_current();
    int rc = ticket_wait(ticket);
    if (rc == 0)
        rc = ticket->error;
    if (rc == 0 && ticket->raw >= 0)
        rc = rt->backend->adopt(rt, ticket->raw, &ticket->fd);
    if (rc < 0)
        return rc;
    co_fd fd = ticket->fd;
    ticket->fd = (co_fd){0};
    ticket->raw = -1;
    return co_stream_of_socket(fd, &ticket->peer, ret);
}

void co_ticket_spare(struct co_ticket *ticket)
{
    pthread_mutex_lock(&ticket->broker->lock);
    ticket->spare = true;
    pthread_mutex_unlock(&ticket->broker->lock);
}

void co_ticket_free(struct co_ticket *ticket)
{
    if (!ticket)
        return;
    assert(!ticket->waiter);
    pthread_mutex_lock(&ticket->broker->lock);
    if (ticket->expected)
        co_list_remove(&ticket->link);
    pthread_mutex_unlock(&ticket->broker->lock);
    co_listener_discard(ticket->raw);
    if (co_fd_is_open(ticket->fd))
        ticket->rt->backend->close_fd(ticket->rt, ticket->fd);
    free(ticket);
}

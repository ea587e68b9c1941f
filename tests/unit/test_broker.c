/* SPDX-License-Identifier: MIT */
/* Ports shared by those who expect connections: drawn, exhausted, given back; the threads' part. */
#include "fibers.h"

#include "net/address.h"
#include "net/broker.h"
#include "net/stream.h"

#define PORTS 4

static void address_of(const char *host, co_address *ret)
{
    CHECK_INT(co_address_of_number(host, 0, ret), 0);
}

static int take(
    struct co_broker *broker, const char *peer_host, co_address *ret_local, struct co_ticket **ret)
{
    co_address peer;
    address_of(peer_host, &peer);
    address_of("127.0.0.1", ret_local);
    return co_ticket_take(broker, &peer, ret_local, ret);
}

/* Drawn outside the range that the system draws from. */
static unsigned free_range(void)
{
    for (;;) {
        uint32_t draw;
        co_random(&draw, sizeof draw);
        unsigned low = 20000 + draw % 10000;
        co_listener *held[PORTS] = {0};
        int rc = 0;
        for (unsigned i = 0; rc == 0 && i < PORTS; i++) {
            char where[32];
            snprintf(where, sizeof where, "127.0.0.1:%u", low + i);
            rc = co_listen(&held[i], where, NULL);
        }
        for (unsigned i = 0; i < PORTS; i++)
            co_listener_close(held[i]);
        if (rc == 0)
            return low;
    }
}

/* Runs the body as a child, so that the doors it opens are gone when this returns. */
static int with_broker(co_task *body)
{
    struct co_broker *broker;
    co_group group;
    unsigned low = free_range();
    CHECK_INT(co_broker_new(&broker, low, low + PORTS - 1), 0);
    co_group_open(&group, NULL);
    co_go(&group, body, broker);
    int rc = co_group_close(&group);
    co_broker_free(broker);
    return rc;
}

static int exhaust(void *broker)
{
    struct co_ticket *tickets[PORTS], *other;
    co_address local[PORTS], at;
    unsigned seen = 0;
    for (unsigned i = 0; i < PORTS; i++) {
        CHECK_INT(take(broker, "127.0.0.1", &local[i], &tickets[i]), 0);
        seen |= 1U << (co_address_port(&local[i]) - co_address_port(&local[0]) + PORTS);
    }
    CHECK_INT(__builtin_popcount(seen), PORTS);
    CHECK_INT(take(broker, "127.0.0.1", &at, &other), -EADDRINUSE);
    CHECK_INT(take(broker, "::ffff:127.0.0.1", &at, &other), -EADDRINUSE);
    CHECK_INT(take(broker, "127.0.0.2", &at, &other), 0);
    co_ticket_free(other);
    co_ticket_free(tickets[1]);
    CHECK_INT(take(broker, "127.0.0.1", &at, &tickets[1]), 0);
    CHECK_INT(co_address_port(&at), co_address_port(&local[1]));
    for (unsigned i = 0; i < PORTS; i++)
        co_ticket_free(tickets[i]);
    return 0;
}

static int exhaust_with_broker(void *arg)
{
    (void)arg;
    return with_broker(exhaust);
}

static void a_range_is_exhausted_for_one_address_and_ports_come_back_f21(void **state)
{
    (void)state;
    run_everywhere(exhaust_with_broker);
}

/* Ports that nobody is likely to come to are lent only when all are taken, and only those. */
static int exhaust_spared(void *broker)
{
    struct co_ticket *tickets[PORTS], *other;
    co_address local[PORTS], at;
    co_stream *stream;
    co_scope scope;
    for (unsigned i = 0; i < PORTS; i++)
        CHECK_INT(take(broker, "127.0.0.1", &local[i], &tickets[i]), 0);
    co_ticket_spare(tickets[1]);
    co_ticket_spare(tickets[2]);
    co_scope_open(&scope, 1);
    CHECK_INT(co_ticket_accept(tickets[1], &stream), CO_EDEADLINE); /* it is wanted again */
    co_scope_close(&scope);
    CHECK_INT(take(broker, "127.0.0.1", &at, &other), 0);
    CHECK_INT(co_address_port(&at), co_address_port(&local[2]));
    CHECK_INT(co_ticket_accept(tickets[2], &stream), -ECONNABORTED);
    co_ticket_free(tickets[2]);
    CHECK_INT(take(broker, "127.0.0.1", &at, &tickets[2]), -EADDRINUSE);
    co_ticket_free(tickets[0]);
    co_ticket_spare(tickets[1]);
    CHECK_INT(take(broker, "127.0.0.1", &at, &tickets[0]), 0); /* one is free */
    CHECK_INT(co_address_port(&at), co_address_port(&local[0]));
    co_ticket_free(tickets[0]);
    co_ticket_free(tickets[1]);
    co_ticket_free(tickets[3]);
    co_ticket_free(other);
    return 0;
}

static int exhaust_spared_with_broker(void *arg)
{
    (void)arg;
    return with_broker(exhaust_spared);
}

static void a_spared_port_is_lent_when_all_are_taken_f21(void **state)
{
    (void)state;
    run_everywhere(exhaust_spared_with_broker);
}

/* The connection may come before it is asked for, after it, or never. */
static int accept_in_each_order(void *broker)
{
    struct co_ticket *ticket;
    co_address local, peer;
    co_stream *near, *far;
    co_scope scope;
    for (int early = 0; early < 2; early++) {
        CHECK_INT(take(broker, "127.0.0.1", &local, &ticket), 0);
        CHECK_INT(co_connect(&far, &local), 0);
        if (early)
            co_sleep(5);
        REQUIRE(co_ticket_accept(ticket, &near) == 0);
        co_ticket_free(ticket);
        co_stream_peer(near, &peer);
        address_of("127.0.0.1", &local);
        CHECK(co_address_same_host(&peer, &local));
        CHECK_INT(co_write(near, "x", 1), 0);
        char c = 0;
        CHECK_INT(co_read(far, &c, 1), 1);
        co_abort(near);
        co_abort(far);
    }
    CHECK_INT(take(broker, "127.0.0.1", &local, &ticket), 0);
    co_scope_open(&scope, 20);
    CHECK_INT(co_ticket_accept(ticket, &near), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_ticket_free(ticket);
    /* Came, and was never asked for: it is closed with the ticket. */
    CHECK_INT(take(broker, "127.0.0.1", &local, &ticket), 0);
    CHECK_INT(co_connect(&far, &local), 0);
    co_sleep(5);
    co_ticket_free(ticket);
    char c;
    CHECK(co_read(far, &c, 1) <= 0);
    co_abort(far);
    return 0;
}

static int accept_with_broker(void *arg)
{
    (void)arg;
    return with_broker(accept_in_each_order);
}

static void a_connection_is_got_whenever_it_came(void **state)
{
    (void)state;
    run_on_kernels(accept_with_broker);
}

static int knock_as_stranger(void *broker)
{
    struct co_ticket *ticket, *own;
    co_address local, there;
    co_stream *stream, *far;
    co_scope scope;
    char c;
    CHECK_INT(take(broker, "127.0.0.9", &local, &ticket), 0);
    co_scope_open(&scope, 5000);
    if (co_connect(&far, &local) == 0) { /* from 127.0.0.1 */
        ssize_t n = co_read(far, &c, 1);
        CHECK(n <= 0 && n != CO_EDEADLINE);
        co_abort(far);
    }
    co_scope_close(&scope);
    do { /* until the one port has both */
        CHECK_INT(take(broker, "127.0.0.1", &there, &own), 0);
        if (co_address_port(&there) == co_address_port(&local))
            break;
        co_ticket_free(own);
    } while (1);
    CHECK_INT(co_connect(&far, &there), 0);
    CHECK_INT(co_ticket_accept(own, &stream), 0);
    co_abort(stream);
    co_abort(far);
    co_ticket_free(own);
    co_ticket_free(ticket);
    return 0;
}

static int stranger_with_broker(void *arg)
{
    (void)arg;
    return with_broker(knock_as_stranger);
}

static void strangers_are_turned_away_and_the_port_goes_on_f02(void **state)
{
    (void)state;
    run_on_kernels(stranger_with_broker);
}

#define SHARDS 3

static atomic_int served;

/* Each shard takes tickets at doors that another may have opened, and connects itself. The doors
 * close with their shards, so none ends before the others are done. */
static int serve_oneself(void *broker)
{
    for (int i = 0; i < 200; i++) {
        struct co_ticket *ticket;
        co_address local;
        co_stream *near, *far;
        REQUIRE(take(broker, "127.0.0.1", &local, &ticket) == 0);
        REQUIRE(co_connect(&far, &local) == 0);
        REQUIRE(co_ticket_accept(ticket, &near) == 0);
        co_ticket_free(ticket);
        CHECK_INT(co_write(near, "x", 1), 0);
        char c;
        CHECK_INT(co_read(far, &c, 1), 1);
        co_abort(far);
        co_abort(near);
    }
    atomic_fetch_add(&served, 1);
    while (atomic_load(&served) < SHARDS)
        co_sleep(1);
    return 0;
}

static int serve_in_group(void *broker)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, serve_oneself, broker);
    return co_group_close(&group);
}

static int serve_on_shards(void *broker)
{
    atomic_store(&served, 0);
    return co_shards(SHARDS, serve_in_group, broker);
}

static int shards_with_broker(void *arg)
{
    (void)arg;
    return with_broker(serve_on_shards);
}

static void connections_reach_the_thread_that_expects_them(void **state)
{
    (void)state;
    run_on_kernels(shards_with_broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_exhausted_for_one_address_and_ports_come_back_f21),
        cmocka_unit_test(a_spared_port_is_lent_when_all_are_taken_f21),
        cmocka_unit_test(a_connection_is_got_whenever_it_came),
        cmocka_unit_test(strangers_are_turned_away_and_the_port_goes_on_f02),
        cmocka_unit_test(connections_reach_the_thread_that_expects_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Datagrams: singly, in batches, cut off, refused; by UDP and by Unix sockets. */
#include "falsify.h"
#include "fibers.h"
#include "net/sockopt.h"

#include <netinet/in.h>
#include <unistd.h>

static int socket_pair(co_socket **ret_server, co_socket **ret_client)
{
    char where[CO_ADDRESS_TEXT_MAX];
    int rc = co_udp_bind(ret_server, "127.0.0.1:0");
    if (rc < 0)
        return rc;
    return co_udp_connect(ret_client, co_address_text(co_udp_address(*ret_server), where));
}

FIBER_TEST(a_datagram_and_its_answer)
{
    co_socket *server, *client;
    char text[16];
    co_address peer;
    REQUIRE(socket_pair(&server, &client) == 0);
    CHECK_INT(co_udp_send(client, "ping", 4, NULL), 0);
    CHECK_INT(co_udp_receive(server, text, sizeof text, &peer), 4);
    CHECK(memcmp(text, "ping", 4) == 0);
    CHECK_INT(co_address_port(&peer), co_address_port(co_udp_address(client)));
    CHECK_INT(co_udp_send(server, "", 0, &peer), 0);
    CHECK_INT(co_udp_receive(client, text, sizeof text, NULL), 0); /* an empty one is one too */
    CHECK_INT(co_udp_send(server, "pong", 4, &peer), 0);
    CHECK_INT(co_udp_receive(client, text, 2, NULL), 2); /* the rest is cut off */
    co_udp_close(client);
    co_udp_close(server);
    co_udp_close(NULL);
    return 0;
}

#define BATCH 64

static void batch_fill(struct co_datagram *batch, char (*rooms)[8], size_t size)
{
    for (int i = 0; i < BATCH; i++) {
        snprintf(rooms[i], sizeof rooms[i], "d%d", i);
        batch[i] = (struct co_datagram){.bytes = rooms[i], .size = size};
    }
}

FIBER_TEST(batches_of_64_in_one_call)
{
    static struct co_datagram batch[BATCH + 1];
    static char rooms[BATCH][8];
    co_socket *server, *client;
    REQUIRE(socket_pair(&server, &client) == 0);
    CHECK_INT(co_udp_receive_many(server, batch, 0), -EINVAL);
    CHECK_INT(co_udp_receive_many(server, batch, BATCH + 1), -EINVAL);
    batch_fill(batch, rooms, 3);
    CHECK_INT(co_udp_send_many(client, batch, BATCH), BATCH);
    CHECK_INT(co_udp_send_many(client, batch, 0), 0);
    co_sleep(5);
    batch_fill(batch, rooms, 2);
    memset(rooms, 0, sizeof rooms);
    int n = co_udp_receive_many(server, batch, BATCH);
    CHECK_INT(n, BATCH);
    unsigned seen = 0;
    for (int i = 0; i < n; i++) {
        seen |= 1U << (rooms[i][1] - '0'); /* in any order */
        CHECK_INT(rooms[i][0], 'd');
        CHECK_INT(batch[i].size, 2);
        CHECK_INT(batch[i].truncated, true); /* three bytes had been sent */
        CHECK_INT(co_address_port(&batch[i].peer), co_address_port(co_udp_address(client)));
    }
    CHECK_INT(seen, 0x3ff);
    co_udp_close(client);
    co_udp_close(server);
    return 0;
}

FIBER_TEST(receiving_obeys_the_scope_and_a_server_the_drain)
{
    co_socket *server, *client;
    char text[4];
    REQUIRE(socket_pair(&server, &client) == 0);
    co_scope scope;
    co_scope_open(&scope, 3);
    CHECK_INT(co_udp_receive(server, text, sizeof text, NULL), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 3});
    co_group_drain(&group);
    CHECK_INT(co_udp_receive(server, text, sizeof text, NULL), CO_EDRAIN);
    CHECK_INT(co_udp_receive(client, text, sizeof text, NULL), CO_EDEADLINE);
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    co_udp_close(client);
    co_udp_close(server);
    return 0;
}

static int receive_one(void *arg)
{
    char c;
    ssize_t n = co_udp_receive((co_socket *)arg, &c, 1, NULL);
    return n == 1 ? 0 : -EPROTO;
}

FIBER_TEST(several_fibers_may_receive_and_are_served_in_turn)
{
    co_socket *server, *client;
    REQUIRE(socket_pair(&server, &client) == 0);
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < 3; i++)
        co_go(&group, receive_one, server);
    co_sleep(1);
    for (int i = 0; i < 3; i++)
        CHECK_INT(co_udp_send(client, "x", 1, NULL), 0);
    CHECK_INT(co_group_close(&group), 0);
    co_udp_close(client);
    co_udp_close(server);
    return 0;
}

FIBER_TEST(a_closed_port_refuses_a_connected_socket)
{
    co_socket *server, *client;
    char text[4];
    REQUIRE(socket_pair(&server, &client) == 0);
    co_udp_close(server);
    CHECK_INT(co_udp_send(client, "x", 1, NULL), 0);
    CHECK_INT(co_udp_receive(client, text, sizeof text, NULL), -ECONNREFUSED);
    co_udp_close(client);
    return 0;
}

KERNEL_TEST(a_datagram_too_large_is_refused)
{
    co_socket *server, *client;
    char *large = calloc(1, 70000);
    REQUIRE(large && socket_pair(&server, &client) == 0);
    CHECK_INT(co_udp_send(client, large, 70000, NULL), -EMSGSIZE);
    free(large);
    co_udp_close(client);
    co_udp_close(server);
    return 0;
}

FIBER_TEST(what_is_no_address_is_refused)
{
    co_socket *socket;
    CHECK_INT(co_udp_bind(&socket, "127.0.0.1"), CO_EADDRESS);
    CHECK_INT(co_udp_bind(&socket, "fd:0"), CO_EADDRESS);
    CHECK_INT(co_udp_connect(&socket, "unix:"), CO_EADDRESS);
    return 0;
}

FIBER_TEST(a_socket_of_both_families_sends_to_an_ipv4_address)
{
    char text[8];
    co_socket *both, *ipv4;
    REQUIRE(co_udp_bind(&both, "*:0") == 0);
    REQUIRE(co_udp_bind(&ipv4, "127.0.0.1:0") == 0);
    CHECK_INT(co_udp_send(both, "four", 4, co_udp_address(ipv4)), 0);
    CHECK_INT(co_udp_receive(ipv4, text, sizeof text, NULL), 4);
    co_udp_close(both);
    co_udp_close(ipv4);
    return 0;
}

/* A kernel without IPv6, and one whose IPv6 sockets take nothing else unless told to. */
static int no_ipv6(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    return family == AF_INET6 ? -EAFNOSUPPORT : honest->socket(rt, family, type, protocol, ret);
}

static int ipv6_alone(struct co_rt *rt, int family, int type, int protocol, co_fd *ret)
{
    int rc = honest->socket(rt, family, type, protocol, ret);
    if (rc == 0 && family == AF_INET6)
        co_sockopt_set(rt, *ret, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return rc;
}

static int ask_by_ipv4(co_socket *server)
{
    char where[32], text[4];
    co_socket *client;
    snprintf(where, sizeof where, "127.0.0.1:%u", co_address_port(co_udp_address(server)));
    REQUIRE(co_udp_connect(&client, where) == 0);
    CHECK_INT(co_udp_send(client, "all", 3, NULL), 0);
    co_scope scope;
    co_scope_open(&scope, 5000);
    CHECK_INT(co_udp_receive(server, text, sizeof text, NULL), 3);
    CHECK_INT(co_scope_close(&scope), 0);
    co_udp_close(client);
    co_udp_close(server);
    return 0;
}

KERNEL_TEST(every_interface_has_ipv4_whatever_the_kernel_thinks_of_ipv6)
{
    int (*const kernels[])(struct co_rt *, int, int, int, co_fd *) = {no_ipv6, ipv6_alone};
    for (size_t i = 0; i < CO_LENGTH(kernels); i++) {
        co_socket *server;
        falsify()->socket = kernels[i];
        int rc = co_udp_bind(&server, "*:0");
        falsify_end();
        CHECK_INT(rc, 0);
        if (rc == 0)
            ask_by_ipv4(server);
    }
    return 0;
}

KERNEL_TEST(unix_datagrams_and_the_file_that_goes_with_the_socket)
{
    char where[64], text[8];
    co_socket *server, *client;
    snprintf(where, sizeof where, "unix:/tmp/coronet-datagram-%d", getpid());
    REQUIRE(co_udp_bind(&server, where) == 0);
    CHECK_INT(access(where + 5, F_OK), 0);
    REQUIRE(co_udp_connect(&client, where) == 0);
    CHECK_INT(co_udp_send(client, "unix", 4, NULL), 0);
    CHECK_INT(co_udp_receive(server, text, sizeof text, NULL), 4);
    co_udp_close(client);
    co_udp_close(server);
    CHECK_INT(access(where + 5, F_OK), -1);
    return 0;
}

static int looks; /* at the clock: several in each turn of the loop */

static int64_t counted_now(struct co_rt *rt)
{
    looks++;
    return honest->now(rt);
}

static int send_one(void *to)
{
    return co_udp_send(((co_socket **)to)[0], "last", 4, co_udp_address(((co_socket **)to)[1]));
}

KERNEL_TEST(a_unix_peer_that_reads_nothing_is_waited_for_in_peace)
{
    char where[2][64], text[8];
    co_socket *ends[2];
    int sent = 0, rc = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(where[i], sizeof where[i], "unix:@coronet-datagram-%d-%d", getpid(), i);
        REQUIRE(co_udp_bind(&ends[i], where[i]) == 0);
    }
    co_scope scope;
    looks = 0;
    falsify()->now = counted_now;
    co_scope_open(&scope, 200);
    for (; rc == 0; sent += rc == 0)
        rc = co_udp_send(ends[0], "full", 4, co_udp_address(ends[1]));
    CHECK_INT(rc, CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    falsify_end();
    CHECK(looks < 1000);

    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 5000});
    co_go(&group, send_one, ends);
    co_sleep(0);
    for (int i = 0; i <= sent; i++)
        CHECK_INT(co_udp_receive(ends[1], text, sizeof text, NULL), 4);
    CHECK_INT(co_group_close(&group), 0);
    co_udp_close(ends[0]);
    co_udp_close(ends[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_and_its_answer),
        cmocka_unit_test(batches_of_64_in_one_call),
        cmocka_unit_test(receiving_obeys_the_scope_and_a_server_the_drain),
        cmocka_unit_test(several_fibers_may_receive_and_are_served_in_turn),
        cmocka_unit_test(a_closed_port_refuses_a_connected_socket),
        cmocka_unit_test(a_datagram_too_large_is_refused),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_socket_of_both_families_sends_to_an_ipv4_address),
        cmocka_unit_test(every_interface_has_ipv4_whatever_the_kernel_thinks_of_ipv6),
        cmocka_unit_test(unix_datagrams_and_the_file_that_goes_with_the_socket),
        cmocka_unit_test(a_unix_peer_that_reads_nothing_is_waited_for_in_peace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

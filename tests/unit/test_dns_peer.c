/* SPDX-License-Identifier: MIT */
/*
 * Attack D01: the right answer from a stranger's address. The kernel keeps such datagrams from a
 * connected socket, but for those that come before it is connected; so a backend that gives a
 * message another source shows that the resolver looks, too. This program is linked without the
 * library's own co_backend_choose.
 */
#include "fibers.h"

#include "dns/message.h"
#include "dns/resolver.h"
#include "runtime/rt.h"

static struct co_backend strange; /* the virtual one, but for this: */
static co_address server;         /* what comes from here ... */
static co_address disguise;       /* ... seems to come from there, if there is one */

static void (*done)(struct co_rt *rt, struct co_op *op);

static void disguise_peer(const struct co_op *op)
{
    const struct msghdr *head = &op->a.messages.at->msg_hdr;
    if (disguise.size && op->result == 1 && head->msg_namelen == server.size &&
        memcmp(head->msg_name, server.as.bytes, server.size) == 0)
        memcpy(head->msg_name, disguise.as.bytes, sizeof disguise.as.bytes);
}

static void done_in_disguise(struct co_rt *rt, struct co_op *op)
{
    disguise_peer(op);
    done(rt, op);
}

static bool strange_submit(struct co_rt *rt, struct co_op *op)
{
    bool receives = op->code == CO_OP_RECEIVE_MESSAGES;
    if (receives) {
        done = op->done;
        op->done = done_in_disguise;
    }
    bool at_once = co_backend_virtual.submit(rt, op);
    if (at_once && receives)
        disguise_peer(op);
    return at_once;
}

int co_backend_choose(struct co_rt *rt)
{
    strange = co_backend_virtual;
    strange.submit = strange_submit;
    rt->backend = &strange;
    return strange.open(rt);
}

/* Answers every query truly: 192.0.2.1. */
static int name_server(void *socket)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    static const uint8_t head[] = {0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
    uint8_t bytes[512];
    co_address peer;
    while (co_udp_receive(socket, bytes, sizeof bytes, &peer) > 0) {
        size_t end = 12 + strlen((char *)bytes + 12) + 5;
        memcpy(bytes + 2, head, sizeof head);
        memcpy(bytes + end, record, sizeof record);
        co_udp_send(socket, bytes, end + sizeof record, &peer);
    }
    return 0;
}

static int lookup(void)
{
    static co_address found[CO_RESOLVE_MAX];
    const struct co_resolv_conf conf = {
        .servers = {server}, .server_count = 1, .timeout_s = 1, .attempts = 1};
    struct co_dns_ask ask = {.conf = &conf, .family = AF_INET};
    return co_dns_lookup(&ask, "example.com", found);
}

/* Port 0 stands for the server's own: its address alone is wrong then. */
static int try_all(void)
{
    static const char *const strangers[] = {"127.0.0.2:0", "127.0.0.1:1", "[::1]:0"};
    CHECK_INT(lookup(), 1);
    for (size_t i = 0; i < CO_LENGTH(strangers); i++) {
        REQUIRE(co_address_parse(strangers[i], -1, &disguise) == 0);
        if (co_address_port(&disguise) == 0)
            co_address_set_port(&disguise, co_address_port(&server));
        CHECK_INT(lookup(), CO_ENAMESERVER);
    }
    disguise = (co_address){0};
    return 0;
}

VIRTUAL_TEST(accepts_no_answer_from_another_address_d01)
{
    struct co_go_options background = {.name = "name server", .background = true};
    co_socket *socket;
    co_group group;
    REQUIRE(co_udp_bind(&socket, "127.0.0.1:0") == 0);
    server = *co_udp_address(socket);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, name_server, socket);
    int rc = try_all(), joined = co_group_close(&group);
    co_udp_close(socket);
    return rc < 0 ? rc : joined;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_no_answer_from_another_address_d01),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

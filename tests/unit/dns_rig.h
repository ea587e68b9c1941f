/* SPDX-License-Identifier: MIT */
/* A name server of the test's own and look-ups at it, on every backend there is. */
#ifndef CO_TEST_DNS_RIG_H
#define CO_TEST_DNS_RIG_H

#include "fibers.h"
#include "found.h"

#include "dns/cache.h"
#include "dns/message.h"
#include "dns/resolver.h"

#include <errno.h>
#include <stdio.h>

#define SEEN_MAX 64

/* ---- a name server ----------------------------------------------------------------------------
 */

struct query {
    uint8_t bytes[512];
    size_t size, question_end;
    char name[CO_NAME_MAX + 1]; /* in lower case */
    unsigned type;
    co_address peer;
};

struct server {
    co_socket *socket;
    co_listener *listener; /* beside the socket, on the same port */
    void (*answer)(struct server *server, const struct query *query);
    struct co_resolv_conf conf; /* that names it */
    struct co_dns_cache *cache; /* the client's; NULL: none */
    char names[SEEN_MAX][64];
    unsigned ids[SEEN_MAX], ports[SEEN_MAX];
    unsigned seen, tcp_seen, forged;
};

static inline void query_parse(struct query *query)
{
    size_t at = 12, out = 0;
    while (query->bytes[at]) {
        for (size_t left = query->bytes[at++]; left; left--)
            query->name[out++] = co_lower((char)query->bytes[at++]);
        query->name[out++] = '.';
    }
    query->name[out - 1] = '\0';
    query->type = query->bytes[at + 2];
    query->question_end = at + 5;
}

struct reply {
    uint8_t bytes[512];
    size_t size;
};

static inline struct reply reply_of(const struct query *query, unsigned rcode)
{
    struct reply reply = {.size = query->question_end};
    memcpy(reply.bytes, query->bytes, query->question_end);
    reply.bytes[2] = 0x81;
    reply.bytes[3] = (uint8_t)(0x80 | rcode);
    memset(reply.bytes + 6, 0, 6);
    return reply;
}

/* Adds an address that ends with `last`: 192.0.2.last or 2001:db8::last. */
static inline void reply_add(struct reply *reply, unsigned type, uint8_t last)
{
    static const uint8_t a[16] = {192, 0, 2}, aaaa[16] = {0x20, 0x01, 0x0d, 0xb8};
    uint8_t size = type == CO_DNS_A ? 4 : 16;
    const uint8_t head[12] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, size};
    memcpy(reply->bytes + reply->size, head, sizeof head);
    memcpy(reply->bytes + reply->size + sizeof head, type == CO_DNS_A ? a : aaaa, size);
    reply->size += sizeof head + size;
    reply->bytes[reply->size - 1] = last;
    reply->bytes[7]++;
}

static inline void server_send(
    struct server *server, const struct query *query, const struct reply *reply)
{
    CHECK_INT(co_udp_send(server->socket, reply->bytes, reply->size, &query->peer), 0);
}

static inline int server_run(void *arg)
{
    struct server *server = arg;
    for (;;) {
        struct query query;
        ssize_t size = co_udp_receive(server->socket, query.bytes, sizeof query.bytes, &query.peer);
        if (size < 0)
            return 0;
        query.size = (size_t)size;
        query_parse(&query);
        if (server->seen < SEEN_MAX) {
            snprintf(server->names[server->seen], sizeof server->names[0], "%.63s", query.name);
            server->ids[server->seen] = (unsigned)query.bytes[0] << 8 | query.bytes[1];
            server->ports[server->seen] = co_address_port(&query.peer);
        }
        server->seen++;
        server->answer(server, &query);
    }
}

/* Answers by TCP with the address ...7, always. */
static inline int server_tcp(co_stream *stream, void *arg)
{
    struct server *server = arg;
    struct query query = {.size = 0};
    uint8_t length[2];
    ssize_t rc = co_read_full(stream, length, 2);
    if (rc < 0)
        return (int)rc;
    query.size = length[1] + 256U * length[0];
    rc = co_read_full(stream, query.bytes, query.size);
    if (rc < 0)
        return (int)rc;
    query_parse(&query);
    server->tcp_seen++;
    struct reply reply = reply_of(&query, 0);
    reply_add(&reply, query.type, 7);
    co_write(stream, (uint8_t[2]){0, (uint8_t)reply.size}, 2);
    return co_write(stream, reply.bytes, reply.size);
}

static inline int server_listen(void *arg)
{
    struct server *server = arg;
    co_serve_listener(server->listener, server_tcp, server, NULL);
    return 0;
}

static inline int server_open(struct server *server)
{
    char where[CO_ADDRESS_TEXT_MAX];
    int rc = co_listen(&server->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    co_address_text(co_listener_address(server->listener), where);
    rc = co_udp_bind(&server->socket, where);
    if (rc < 0)
        return rc;
    server->conf = (struct co_resolv_conf){
        .servers = {*co_udp_address(server->socket)},
        .server_count = 1,
        .ndots = 1,
        .timeout_s = 1,
        .attempts = 1,
    };
    return 0;
}

/* ---- a test: a server and a client in a group, on each backend ------------------------------- */

struct test {
    void (*answer)(struct server *server, const struct query *query);
    void (*client)(struct server *server);
    struct server server;
};

static struct test test; /* the one that runs */

static inline int test_client(void *unused)
{
    (void)unused;
    test.client(&test.server);
    return 0;
}

static inline int test_run(void *unused)
{
    struct co_go_options background = {.name = "server", .background = true};
    co_group group;
    (void)unused;
    test.server = (struct server){.answer = test.answer};
    REQUIRE(server_open(&test.server) == 0);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, server_run, &test.server);
    co_go_with(&group, &background, server_listen, &test.server);
    co_go(&group, test_client, NULL);
    int rc = co_group_close(&group);
    co_udp_close(test.server.socket);
    co_listener_close(test.server.listener);
    return rc;
}

static inline void run_on_all(void (*answer)(struct server *server, const struct query *query),
    void (*client)(struct server *server))
{
    test = (struct test){.answer = answer, .client = client};
    run_everywhere(test_run);
}

static inline const char *lookup(
    struct server *server, const char *host, int family, int64_t hurry_ms)
{
    static co_address found[CO_RESOLVE_MAX];
    struct co_dns_ask ask = {&server->conf, family, 80, server->cache, hurry_ms};
    return found_text(found, co_dns_lookup(&ask, host, found));
}

/* ---- answers that several tests give ------------------------------------------------------------
 */

static inline void answer_good(struct server *server, const struct query *query)
{
    struct reply reply = reply_of(query, 0);
    reply_add(&reply, query->type, 1);
    server_send(server, query, &reply);
}

/* The first label says what to answer. */
static inline void answer_by_name(struct server *server, const struct query *query)
{
    bool ipv4 = query->type == CO_DNS_A;
    const char *name = query->name;
    unsigned rcode = strncmp(name, "nx.", 3) == 0              ? 3
                     : strncmp(name, "fail.", 5) == 0          ? 2
                     : strncmp(name, "half.", 5) == 0 && !ipv4 ? 5
                                                               : 0;
    struct reply reply = reply_of(query, rcode);
    if (strncmp(name, "v4.", 3) == 0 ? ipv4 : strncmp(name, "half.", 5) == 0 && ipv4)
        reply_add(&reply, CO_DNS_A, 1);
    if (strncmp(name, "broken.", 7) == 0) {
        reply_add(&reply, query->type, 1);
        reply.size--;
    }
    server_send(server, query, &reply);
}

#endif

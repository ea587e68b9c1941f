/* SPDX-License-Identifier: MIT */
/*
 * From the outside in: a host name becomes one or more absolute names (search list), each of them
 * two questions that are asked at the same time (A and AAAA), each question is put to the servers
 * in turn, in some rounds, until one answers usefully.
 *
 * Each query has an id, a mix of case and a socket of its own, and the socket is connected: what
 * does not come from the server's address and port, or does not echo the query to the byte, is
 * passed over, and the wait goes on (RFC 5452 9.1, 9.2).
 */
#include "dns/resolver.h"

#include "coronet/datagram.h"
#include "dns/cache.h"
#include "dns/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- one query to one server ------------------------------------------------------------------
 */

static bool same_endpoint(const co_address *a, const co_address *b)
{
    struct sockaddr_in6 a6, b6;
    if (a->as.any.sa_family != b->as.any.sa_family || co_address_port(a) != co_address_port(b))
        return false;
    if (a->as.any.sa_family == AF_INET)
        return memcmp(a->as.bytes + offsetof(struct sockaddr_in, sin_addr),
                   b->as.bytes + offsetof(struct sockaddr_in, sin_addr), 4) == 0;
    memcpy(&a6, a->as.bytes, sizeof a6);
    memcpy(&b6, b->as.bytes, sizeof b6);
    return memcmp(&a6.sin6_addr, &b6.sin6_addr, sizeof a6.sin6_addr) == 0;
}

/* Waits for the reply to the query, however much else arrives; the scope bounds it. */
static int receive_udp(co_socket *socket, const co_address *server,
    const struct co_dns_query *query, struct co_dns_reply *ret)
{
    uint8_t bytes[CO_DNS_UDP_MAX];
    co_address peer;
    for (;;) {
        ssize_t size = co_udp_receive(socket, bytes, sizeof bytes, &peer);
        if (size < 0)
            return (int)size;
        if (same_endpoint(&peer, server) && co_dns_reply_matches(query, bytes, (size_t)size))
            return co_dns_reply_read(query, bytes, (size_t)size, ret);
    }
}

static int exchange_udp(
    const co_address *server, const struct co_dns_query *query, struct co_dns_reply *ret)
{
    char where[CO_ADDRESS_TEXT_MAX];
    co_socket *socket;
    int rc = co_udp_connect(&socket, co_address_text(server, where));
    if (rc < 0)
        return rc;
    rc = co_udp_send(socket, query->bytes, query->size, NULL);
    if (rc == 0)
        rc = receive_udp(socket, server, query, ret);
    co_udp_close(socket);
    return rc;
}

/* Two bytes of length before each message (RFC 7766 8). */
static int receive_tcp(
    co_stream *stream, const struct co_dns_query *query, struct co_dns_reply *ret)
{
    uint8_t length[2];
    ssize_t rc = co_read_full(stream, length, sizeof length);
    if (rc < 0)
        return (int)rc;
    size_t size = (size_t)length[0] << 8 | length[1];
    uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return -ENOMEM;
    rc = co_read_full(stream, bytes, size);
    if (rc >= 0)
        rc = co_dns_reply_matches(query, bytes, size) ? co_dns_reply_read(query, bytes, size, ret)
                                                      : CO_EPROTO;
    free(bytes);
    return (int)rc;
}

static int exchange_tcp(
    const co_address *server, const struct co_dns_query *query, struct co_dns_reply *ret)
{
    co_stream *stream;
    int rc = co_connect(&stream, server);
    if (rc < 0)
        return rc;
    uint8_t length[2] = {(uint8_t)(query->size >> 8), (uint8_t)query->size};
    uint8_t message[sizeof length + CO_DNS_QUERY_MAX];
    memcpy(message, length, sizeof length);
    memcpy(message + sizeof length, query->bytes, query->size);
    rc = co_write(stream, message, sizeof length + query->size);
    if (rc == 0)
        rc = receive_tcp(stream, query, ret);
    co_abort(stream);
    return rc == 0 && ret->truncated ? CO_EPROTO : rc;
}

/* A question: what all queries for it have in common. */
struct question {
    const struct co_dns_ask *ask;
    const char *name;
    enum co_dns_type type;
};

static int exchange(const struct question *question, const co_address *server, bool extended,
    struct co_dns_reply *ret)
{
    struct co_dns_query query;
    uint8_t chance[CO_DNS_CHANCE];
    co_random(chance, sizeof chance);
    int rc = co_dns_query_write(question->name, question->type, extended, chance, &query);
    if (rc == 0)
        rc = exchange_udp(server, &query, ret);
    if (rc == 0 && ret->truncated)
        rc = exchange_tcp(server, &query, ret);
    return rc;
}

/* ---- one question to all servers ------------------------------------------------------------- */

/* One try. 0, CO_ENAME, or anything else when the next server should be asked. */
static int ask_server(
    const struct question *question, const co_address *server, struct co_dns_reply *ret)
{
    co_scope scope;
    co_scope_open(&scope, (int64_t)question->ask->conf->timeout_s * 1000);
    int rc = exchange(question, server, true, ret);
    if (rc == 0 && ret->rcode == CO_DNS_FORMERR) /* a server from before EDNS (RFC 6891 7) */
        rc = exchange(question, server, false, ret);
    if (co_scope_close(&scope) < 0 && rc < 0)
        return -ETIMEDOUT;
    if (rc == 0 && ret->rcode != CO_DNS_NOERROR)
        rc = ret->rcode == CO_DNS_NXDOMAIN ? CO_ENAME : CO_ENAMESERVER;
    return rc;
}

static int ask_servers(const struct question *question, struct co_dns_reply *ret)
{
    const struct co_resolv_conf *conf = question->ask->conf;
    uint32_t first = 0;
    int last = CO_ENAMESERVER;
    if (conf->rotate)
        co_random(&first, sizeof first);
    for (unsigned i = 0; i < conf->attempts * conf->server_count; i++) {
        unsigned server = (first % conf->server_count + i) % conf->server_count;
        int rc = ask_server(question, &conf->servers[server], ret);
        if (rc == 0 || rc == CO_ENAME || rc == -ENOMEM)
            return rc;
        if (co_status() < 0)
            return co_status();
        last = rc == CO_EPROTO ? rc : CO_ENAMESERVER;
    }
    return last;
}

/* As ask_servers; what the cache knows is not asked for. */
static int ask(const struct question *question, struct co_dns_reply *ret)
{
    struct co_dns_cache *cache = question->ask->cache;
    const struct co_dns_key key = {question->ask->conf, question->type, question->name};
    if (cache && co_dns_cache_get(cache, &key, co_now_ns(), ret))
        return ret->rcode == CO_DNS_NXDOMAIN ? CO_ENAME : 0;
    int rc = ask_servers(question, ret);
    if (cache && (rc == 0 || rc == CO_ENAME))
        co_dns_cache_put(cache, &key, co_now_ns(), ret);
    return rc;
}

/* ---- one name, both families ------------------------------------------------------------------
 */

enum { IPV6, IPV4, FAMILIES };

struct lookup {
    co_group group;
    int64_t hurry_ms;
    struct answer {
        struct lookup *lookup;
        struct question question;
        int rc;
        struct co_dns_reply reply;
    } answers[FAMILIES];
};

static int hurry(void *arg)
{
    struct lookup *lookup = arg;
    if (co_sleep(lookup->hurry_ms) == 0)
        co_group_cancel(&lookup->group);
    return 0;
}

static int ask_family(void *arg)
{
    struct answer *answer = arg;
    struct lookup *lookup = answer->lookup;
    answer->rc = ask(&answer->question, &answer->reply);
    if (answer->rc < 0)
        answer->reply.count = 0;
    if (answer->reply.count && lookup->hurry_ms) {
        struct co_go_options background = {.name = "hurry", .background = true};
        co_go_with(&lookup->group, &background, hurry, lookup);
    }
    return 0;
}

/* The addresses of both families, IPv6 first; neither takes the other's half. */
static unsigned collect_addresses(const struct lookup *lookup, unsigned port, co_address *ret)
{
    unsigned count = 0, ipv4 = lookup->answers[IPV4].reply.count;
    unsigned ipv6 = lookup->answers[IPV6].reply.count, half = CO_RESOLVE_MAX / 2;
    if (ipv6 > half)
        ipv6 = ipv4 >= half ? half : (ipv6 < CO_RESOLVE_MAX - ipv4 ? ipv6 : CO_RESOLVE_MAX - ipv4);
    for (unsigned i = 0; i < ipv6; i++)
        ret[count++] = co_host_address(AF_INET6, lookup->answers[IPV6].reply.addresses[i], port);
    for (unsigned i = 0; i < ipv4 && count < CO_RESOLVE_MAX; i++)
        ret[count++] = co_host_address(AF_INET, lookup->answers[IPV4].reply.addresses[i], port);
    return count;
}

/* Why there are no addresses: that the name does not exist is true for both families. */
static int failure_of(const struct lookup *lookup)
{
    int first = 0;
    for (unsigned i = 0; i < FAMILIES; i++) {
        if (lookup->answers[i].rc == CO_ENAME)
            return CO_ENAME;
        if (!first)
            first = lookup->answers[i].rc;
    }
    return first ? first : CO_ENODATA;
}

static int lookup_name(const struct co_dns_ask *ask, const char *name, co_address *ret)
{
    static const enum co_dns_type types[FAMILIES] = {[IPV6] = CO_DNS_AAAA, [IPV4] = CO_DNS_A};
    static const int families[FAMILIES] = {[IPV6] = AF_INET6, [IPV4] = AF_INET};
    struct lookup lookup = {.hurry_ms = ask->hurry_ms};
    co_group_open(&lookup.group, NULL);
    for (unsigned i = 0; i < FAMILIES; i++) {
        if (ask->family && ask->family != families[i])
            continue;
        lookup.answers[i] = (struct answer){&lookup, {ask, name, types[i]}, .rc = 0};
        co_go(&lookup.group, ask_family, &lookup.answers[i]);
    }
    int rc = co_group_close(&lookup.group);
    unsigned count = collect_addresses(&lookup, ask->port, ret);
    if (count)
        return (int)count;
    if (co_status() < 0)
        return co_status();
    return rc < 0 ? rc : failure_of(&lookup);
}

/* ---- the search list ---------------------------------------------------------------------------
 */

static bool is_final(int rc)
{
    return rc != CO_ENAME && rc != CO_ENODATA;
}

/* A name may exist without addresses in one domain and not at all in the next: the first counts. */
static int lookup_next(const struct co_dns_ask *ask, const char *name, int before, co_address *ret)
{
    int rc = lookup_name(ask, name, ret);
    return rc == CO_ENAME && before == CO_ENODATA ? before : rc;
}

static int lookup_in_domains(const struct co_dns_ask *ask, const char *host, co_address *ret)
{
    char name[CO_NAME_MAX + 2];
    int rc = CO_ENAME;
    for (unsigned i = 0; i < ask->conf->search_count && !is_final(rc); i++) {
        int size = snprintf(name, sizeof name, "%s.%s", host, ask->conf->search[i]);
        if (size <= CO_NAME_MAX)
            rc = lookup_next(ask, name, rc, ret);
    }
    return rc;
}

int co_dns_lookup(const struct co_dns_ask *ask, const char *host, co_address *ret)
{
    /* A name with a dot is never given to the search list, whatever ndots says: it would be told to
     * the owners of domains that it has nothing to do with. */
    if (strchr(host, '.') || ask->conf->search_count == 0)
        return lookup_name(ask, host, ret);
    int rc = CO_ENAME;
    if (ask->conf->ndots == 0) {
        rc = lookup_name(ask, host, ret);
        return is_final(rc) ? rc : lookup_in_domains(ask, host, ret);
    }
    rc = lookup_in_domains(ask, host, ret);
    return is_final(rc) ? rc : lookup_next(ask, host, rc, ret);
}

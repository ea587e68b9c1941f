/* SPDX-License-Identifier: MIT */
/* The resolver against name servers of the test's own, on every backend there is. */
#include "fibers.h"

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
    char names[SEEN_MAX][64];
    unsigned ids[SEEN_MAX], ports[SEEN_MAX];
    unsigned seen, tcp_seen, forged;
};

static void query_parse(struct query *query)
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

static struct reply reply_of(const struct query *query, unsigned rcode)
{
    struct reply reply = {.size = query->question_end};
    memcpy(reply.bytes, query->bytes, query->question_end);
    reply.bytes[2] = 0x81;
    reply.bytes[3] = (uint8_t)(0x80 | rcode);
    memset(reply.bytes + 6, 0, 6);
    return reply;
}

/* Adds an address that ends with `last`: 192.0.2.last or 2001:db8::last. */
static void reply_add(struct reply *reply, unsigned type, uint8_t last)
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

static void server_send(struct server *server, const struct query *query, const struct reply *reply)
{
    CHECK_INT(co_udp_send(server->socket, reply->bytes, reply->size, &query->peer), 0);
}

static int server_run(void *arg)
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
static int server_tcp(co_stream *stream, void *arg)
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

static int server_listen(void *arg)
{
    struct server *server = arg;
    co_serve_listener(server->listener, server_tcp, server, NULL);
    return 0;
}

static int server_open(struct server *server)
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

static int test_client(void *unused)
{
    (void)unused;
    test.client(&test.server);
    return 0;
}

static int test_run(void *unused)
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

static void run_on_all(void (*answer)(struct server *server, const struct query *query),
    void (*client)(struct server *server))
{
    test = (struct test){.answer = answer, .client = client};
    run_everywhere(test_run);
}

/* Looks up and writes the addresses, one after the other, without port; or the error's name. */
static const char *lookup(struct server *server, const char *host, int family, int64_t hurry_ms)
{
    static char text[1024];
    static co_address found[CO_RESOLVE_MAX];
    struct co_dns_ask ask = {&server->conf, family, 80, hurry_ms};
    int count = co_dns_lookup(&ask, host, found);
    if (count < 0)
        return co_error_name(count);
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        char one[CO_ADDRESS_TEXT_MAX];
        size_t size = strlen(text);
        snprintf(
            text + size, sizeof text - size, "%s%s", i ? " " : "", co_address_text(&found[i], one));
    }
    return text;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static void answer_good(struct server *server, const struct query *query)
{
    struct reply reply = reply_of(query, 0);
    reply_add(&reply, query->type, 1);
    server_send(server, query, &reply);
}

static void good_client(struct server *server)
{
    CHECK_STRING(lookup(server, "example.com", 0, 0), "[2001:db8::1]:80 192.0.2.1:80");
    CHECK_INT(server->seen, 2);
    CHECK(server->ids[0] != server->ids[1] || server->ports[0] != server->ports[1]);
    CHECK(server->ports[0] != server->ports[1]);
    CHECK_STRING(lookup(server, "example.com.", AF_INET, 0), "192.0.2.1:80");
    CHECK_INT(server->seen, 3);
}

static void asks_for_both_families_from_ports_and_ids_of_their_own(void **state)
{
    (void)state;
    run_on_all(answer_good, good_client);
}

/* The first label says what to answer. */
static void answer_by_name(struct server *server, const struct query *query)
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

static void codes_client(struct server *server)
{
    CHECK_STRING(lookup(server, "nx.example", 0, 0), "CO_ENAME");
    CHECK_STRING(lookup(server, "none.example", 0, 0), "CO_ENODATA");
    CHECK_STRING(lookup(server, "v4.example", 0, 0), "192.0.2.1:80");
    CHECK_STRING(lookup(server, "v4.example", AF_INET6, 0), "CO_ENODATA");
    CHECK_STRING(lookup(server, "fail.example", 0, 0), "CO_ENAMESERVER");
    CHECK_STRING(lookup(server, "half.example", 0, 0), "192.0.2.1:80");
    CHECK_STRING(lookup(server, "half.example", AF_INET6, 0), "CO_ENAMESERVER");
    CHECK_STRING(lookup(server, "broken.example", 0, 0), "CO_ENAMESERVER");
}

static void tells_no_such_name_from_no_such_address_and_from_failure(void **state)
{
    (void)state;
    run_on_all(answer_by_name, codes_client);
}

/* A server from before EDNS. */
static void answer_formerr(struct server *server, const struct query *query)
{
    bool extended = query->bytes[11] != 0;
    struct reply reply = reply_of(query, extended ? 1 : 0);
    if (!extended)
        reply_add(&reply, query->type, 1);
    server_send(server, query, &reply);
}

static void formerr_client(struct server *server)
{
    CHECK_STRING(lookup(server, "example.com", AF_INET, 0), "192.0.2.1:80");
    CHECK_INT(server->seen, 2);
}

static void asks_again_without_edns_after_formerr_rfc6891_7(void **state)
{
    (void)state;
    run_on_all(answer_formerr, formerr_client);
}

static void answer_truncated(struct server *server, const struct query *query)
{
    struct reply reply = reply_of(query, 0);
    reply_add(&reply, query->type, 66);
    reply.bytes[2] |= 2;
    server_send(server, query, &reply);
}

static void truncated_client(struct server *server)
{
    CHECK_STRING(lookup(server, "example.com", 0, 0), "[2001:db8::7]:80 192.0.2.7:80");
    CHECK_INT(server->tcp_seen, 2);
}

static void asks_by_tcp_when_the_reply_was_truncated(void **state)
{
    (void)state;
    run_on_all(answer_truncated, truncated_client);
}

/* ---- forged answers ----------------------------------------------------------------------------
 */

/* One of many ways not to know what was asked, from the server's own address. */
static void forge(struct reply *reply, const struct query *query, unsigned way)
{
    *reply = reply_of(query, 0);
    reply_add(reply, query->type, 66);
    switch (way % 6) {
    case 0: reply->bytes[0] ^= (uint8_t)(1 + way / 6 % 255); break;
    case 1: reply->bytes[1] ^= (uint8_t)(1 + way / 6 % 255); break;
    case 2: reply->bytes[13 + way / 6 % 7] ^= 0x20; break; /* a letter's case */
    case 3: reply->bytes[13] = 'z'; break;
    case 4: reply->bytes[query->question_end - 3] ^= 1; break; /* type */
    default: reply->bytes[2] &= 0x7f; break;                   /* a query, not a reply */
    }
}

/* The right answer, but from a stranger's port. */
static void forge_elsewhere(const struct query *query)
{
    struct reply reply = reply_of(query, 0);
    co_socket *stranger;
    reply_add(&reply, query->type, 66);
    if (!CHECK_INT(co_udp_bind(&stranger, "127.0.0.1:0"), 0))
        return;
    co_udp_send(stranger, reply.bytes, reply.size, &query->peer);
    co_udp_close(stranger);
}

/* Burst and true answer fit a socket's buffer on every backend and, at some 1 ms of virtual time
 * for each datagram sent, the wait of a second. So there are many bursts, each at a fresh query. */
#define BURST  100
#define BURSTS 100

static void answer_forged(struct server *server, const struct query *query)
{
    struct reply reply;
    forge_elsewhere(query);
    for (unsigned i = 0; i < BURST; i++) {
        forge(&reply, query, server->forged++);
        server_send(server, query, &reply);
    }
    if (strcmp(query->name, "true.example") == 0)
        answer_good(server, query);
}

static void forged_client(struct server *server)
{
    for (unsigned i = 0; i < BURSTS; i++)
        CHECK_STRING(lookup(server, "true.example", AF_INET, 0), "192.0.2.1:80");
    CHECK_STRING(lookup(server, "forged.example", AF_INET, 0), "CO_ENAMESERVER");
    CHECK_INT(server->seen, BURSTS + 1); /* none was asked twice */
    CHECK_INT(server->forged, (BURSTS + 1) * BURST);
}

static void accepts_no_forged_answer_d01(void **state)
{
    (void)state;
    run_on_all(answer_forged, forged_client);
}

/* ---- time --------------------------------------------------------------------------------------
 */

static void answer_never(struct server *server, const struct query *query)
{
    (void)server, (void)query;
}

/* Deadlines count from the beginning of the loop's turn, which is before now. So a measure begins
 * in the turn before, or it would come out too short. */
static int64_t clock_start(void)
{
    int64_t from_ns = co_now_ns();
    co_sleep(1);
    return from_ns;
}

static void check_time(int64_t from_ns, int64_t min_ms, int64_t max_ms)
{
    int64_t passed_ms = (co_now_ns() - from_ns) / CO_MS;
    if (!CHECK(passed_ms >= min_ms) || !CHECK(passed_ms <= max_ms))
        fprintf(stderr, "after %lld ms\n", (long long)passed_ms);
}

/* The first server is the one that does not answer. */
static void retry_client(struct server *server)
{
    co_socket *silent;
    if (!CHECK_INT(co_udp_bind(&silent, "127.0.0.1:0"), 0))
        return;
    server->conf.servers[1] = server->conf.servers[0];
    server->conf.servers[0] = *co_udp_address(silent);
    server->conf.server_count = 2;
    int64_t from = clock_start();
    CHECK_STRING(lookup(server, "example.com", AF_INET, 0), "192.0.2.1:80");
    check_time(from, 1000, is_virtual() ? 1100 : 3000);
    co_udp_close(silent);
    from = co_now_ns(); /* nobody listens there any more: that is known at once */
    CHECK_STRING(lookup(server, "example.com", AF_INET, 0), "192.0.2.1:80");
    CHECK((co_now_ns() - from) / CO_MS < 1000);
}

static void asks_the_next_server_after_silence_and_after_refusal(void **state)
{
    (void)state;
    run_on_all(answer_good, retry_client);
}

static void answer_ipv4_only(struct server *server, const struct query *query)
{
    if (query->type == CO_DNS_A)
        answer_good(server, query);
}

static void hurry_client(struct server *server)
{
    int64_t from = clock_start();
    CHECK_STRING(lookup(server, "example.com", 0, 50), "192.0.2.1:80");
    check_time(from, 50, is_virtual() ? 100 : 900);
    CHECK_STRING(lookup(server, "example.com", 0, 0), "192.0.2.1:80");
    CHECK((co_now_ns() - from) / CO_MS >= 1000);
}

static void waits_for_ipv6_only_a_little_when_in_a_hurry_rfc8305_3(void **state)
{
    (void)state;
    run_on_all(answer_ipv4_only, hurry_client);
}

static void answer_late_and_twice(struct server *server, const struct query *query)
{
    co_sleep(30);
    answer_good(server, query);
    answer_good(server, query);
}

static void late_client(struct server *server)
{
    co_scope scope;
    co_scope_open(&scope, 10);
    CHECK_STRING(lookup(server, "late.example", 0, 0), "CO_EDEADLINE");
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_sleep(100); /* all the late answers arrive now */
    CHECK_STRING(lookup(server, "example.com", AF_INET, 0), "192.0.2.1:80");
    co_sleep(100);
}

static void survives_answers_late_twice_and_after_cancel_d07(void **state)
{
    (void)state;
    run_on_all(answer_late_and_twice, late_client);
}

static void dead_client(struct server *server)
{
    server->conf.attempts = 2;
    int64_t from = clock_start();
    CHECK_STRING(lookup(server, "example.com", 0, 0), "CO_ENAMESERVER");
    CHECK_INT(server->seen, 4);
    CHECK((co_now_ns() - from) / CO_MS >= 2000);
}

static void gives_up_after_all_attempts(void **state)
{
    (void)state;
    run_on_all(answer_never, dead_client);
}

/* ---- the search list --------------------------------------------------------------------------
 */

/* Only names in b.example exist, and one in a.example without addresses. */
static void answer_search(struct server *server, const struct query *query)
{
    bool exists = strstr(query->name, ".b.example") != NULL;
    bool empty = strcmp(query->name, "empty.a.example") == 0;
    struct reply reply = reply_of(query, exists || empty ? 0 : 3);
    if (exists)
        reply_add(&reply, query->type, 1);
    server_send(server, query, &reply);
}

static void expect_names(struct server *server, const char *const *names)
{
    unsigned count = 0;
    for (; names[count]; count++)
        CHECK_STRING(server->names[count], names[count]);
    CHECK_INT(server->seen, count);
    server->seen = 0;
}

static void search_client(struct server *server)
{
    strcpy(server->conf.search[0], "a.example");
    strcpy(server->conf.search[1], "b.example");
    server->conf.search_count = 2;
    CHECK_STRING(lookup(server, "www", AF_INET, 0), "192.0.2.1:80");
    expect_names(server, (const char *[]){"www.a.example", "www.b.example", NULL});
    server->conf.ndots = 0;
    CHECK_STRING(lookup(server, "www", AF_INET, 0), "192.0.2.1:80");
    expect_names(server, (const char *[]){"www", "www.a.example", "www.b.example", NULL});
    server->conf.ndots = 5;
    CHECK_STRING(lookup(server, "secret.internal", AF_INET, 0), "CO_ENAME");
    expect_names(server, (const char *[]){"secret.internal", NULL});
    CHECK_STRING(lookup(server, "www.", AF_INET, 0), "CO_ENAME");
    expect_names(server, (const char *[]){"www", NULL});
    server->conf.search_count = 1;
    CHECK_STRING(lookup(server, "empty", AF_INET, 0), "CO_ENODATA");
    expect_names(server, (const char *[]){"empty.a.example", "empty", NULL});
}

static void gives_the_search_list_only_names_without_a_dot_d06(void **state)
{
    (void)state;
    run_on_all(answer_search, search_client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_both_families_from_ports_and_ids_of_their_own),
        cmocka_unit_test(tells_no_such_name_from_no_such_address_and_from_failure),
        cmocka_unit_test(asks_again_without_edns_after_formerr_rfc6891_7),
        cmocka_unit_test(asks_by_tcp_when_the_reply_was_truncated),
        cmocka_unit_test(accepts_no_forged_answer_d01),
        cmocka_unit_test(asks_the_next_server_after_silence_and_after_refusal),
        cmocka_unit_test(waits_for_ipv6_only_a_little_when_in_a_hurry_rfc8305_3),
        cmocka_unit_test(survives_answers_late_twice_and_after_cancel_d07),
        cmocka_unit_test(gives_up_after_all_attempts),
        cmocka_unit_test(gives_the_search_list_only_names_without_a_dot_d06),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

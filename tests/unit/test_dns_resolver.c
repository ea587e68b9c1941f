/* SPDX-License-Identifier: MIT */
/* The resolver against name servers of the test's own, on every backend there is. */
#include "dns_rig.h"

/* ---- answers -----------------------------------------------------------------------------------
 */

static void good_client(struct server *server)
{
    CHECK_STRING(lookup(server, "example.com", 0, 0), "[2001:db8::1]:80 192.0.2.1:80");
    CHECK_INT(server->seen, 2);
    CHECK(server->ports[0] != server->ports[1]);
    CHECK_STRING(lookup(server, "example.com.", AF_INET, 0), "192.0.2.1:80");
    CHECK_INT(server->seen, 3);
    for (unsigned same = 0; server->seen < 8;) { /* by chance two ids in 2^16 are equal, not four */
        CHECK_STRING(lookup(server, "example.com", AF_INET, 0), "192.0.2.1:80");
        same += server->ids[server->seen - 1] == server->ids[server->seen - 2];
        CHECK(same < 3);
    }
}

static void asks_for_both_families_from_ports_and_ids_of_their_own(void **state)
{
    (void)state;
    run_on_all(answer_good, good_client);
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
    CHECK_STRING(lookup(server, "broken.example", 0, 0), "CO_EPROTO");
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

static void answer_ipv6_only(struct server *server, const struct query *query)
{
    if (query->type != CO_DNS_A)
        answer_good(server, query);
}

static void hurry_ipv6_client(struct server *server)
{
    int64_t from = clock_start();
    CHECK_STRING(lookup(server, "example.com", 0, 50), "[2001:db8::1]:80");
    check_time(from, 50, is_virtual() ? 100 : 900);
}

static void waits_for_ipv4_only_a_little_when_in_a_hurry_rfc8305_3(void **state)
{
    (void)state;
    run_on_all(answer_ipv6_only, hurry_ipv6_client);
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
        cmocka_unit_test(waits_for_ipv4_only_a_little_when_in_a_hurry_rfc8305_3),
        cmocka_unit_test(survives_answers_late_twice_and_after_cancel_d07),
        cmocka_unit_test(gives_up_after_all_attempts),
        cmocka_unit_test(gives_the_search_list_only_names_without_a_dot_d06),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

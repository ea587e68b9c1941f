/* SPDX-License-Identifier: MIT */
/* Replies that are kept: the cache by itself, then between the resolver and a name server. */
#include "dns_rig.h"

static const uint64_t secret[2] = {1, 2};

/* A configuration whose only server is 127.0.0.last. */
static struct co_resolv_conf conf_of(uint8_t last)
{
    const uint8_t server[4] = {127, 0, 0, last};
    return (struct co_resolv_conf){
        .servers = {co_host_address(AF_INET, server, 53)}, .server_count = 1};
}

static struct co_dns_cache *fresh(void)
{
    struct co_dns_cache *cache;
    assert_int_equal(co_dns_cache_new(&cache, secret), 0);
    return cache;
}

/* A reply with addresses 1, 2, ... */
static struct co_dns_reply reply_with(unsigned count, uint32_t ttl_s)
{
    struct co_dns_reply reply = {.count = count, .ttl_s = ttl_s};
    for (unsigned i = 0; i < count; i++)
        reply.addresses[i][3] = (uint8_t)(i + 1);
    return reply;
}

static bool has(struct co_dns_cache *cache, const struct co_dns_key *key, int64_t second)
{
    struct co_dns_reply reply;
    return co_dns_cache_get(cache, key, second * CO_SECOND, &reply);
}

static void gives_what_was_put_until_its_time_is_over(void **state)
{
    (void)state;
    struct co_dns_cache *cache = fresh();
    struct co_resolv_conf conf = conf_of(1), other = conf_of(2);
    struct co_dns_key key = {&conf, CO_DNS_A, "www.example.com"};
    struct co_dns_reply reply = reply_with(1, 60), got;
    assert_false(has(cache, &key, 0));
    co_dns_cache_put(cache, &key, 0, &reply);
    assert_true(co_dns_cache_get(cache, &key, 59 * CO_SECOND, &got));
    assert_int_equal(got.count, 1);
    assert_int_equal(got.rcode, 0);
    assert_memory_equal(got.addresses[0], reply.addresses[0], 4);
    assert_true(has(cache, &(struct co_dns_key){&conf, CO_DNS_A, "WWW.example.COM."}, 59));
    assert_false(has(cache, &(struct co_dns_key){&conf, CO_DNS_AAAA, "www.example.com"}, 1));
    assert_false(has(cache, &(struct co_dns_key){&conf, CO_DNS_A, "ww.example.com"}, 1));
    assert_false(has(cache, &(struct co_dns_key){&other, CO_DNS_A, "www.example.com"}, 1));
    assert_false(has(cache, &key, 60));
    assert_false(has(cache, &key, 1)); /* it has been forgotten */
    co_dns_cache_free(cache);
}

static void keeps_nothing_for_longer_than_the_ceilings(void **state)
{
    (void)state;
    struct co_dns_cache *cache = fresh();
    struct co_resolv_conf conf = conf_of(1);
    struct co_dns_key key = {&conf, CO_DNS_A, "a.example"};
    struct co_dns_reply reply = reply_with(1, INT32_MAX), nothing = reply_with(0, INT32_MAX);
    co_dns_cache_put(cache, &key, 0, &reply);
    assert_true(has(cache, &key, CO_DNS_TTL_MAX - 1));
    assert_false(has(cache, &key, CO_DNS_TTL_MAX));
    co_dns_cache_put(cache, &key, 0, &nothing);
    assert_true(has(cache, &key, CO_DNS_TTL_NEGATIVE_MAX - 1));
    assert_false(has(cache, &key, CO_DNS_TTL_NEGATIVE_MAX));
    reply.ttl_s = 0; /* RFC 1035 3.2.1: for this once */
    co_dns_cache_put(cache, &key, 0, &reply);
    assert_false(has(cache, &key, 0));
    co_dns_cache_free(cache);
}

static void a_name_that_does_not_exist_has_no_type_rfc2308_5(void **state)
{
    (void)state;
    struct co_dns_cache *cache = fresh();
    struct co_resolv_conf conf = conf_of(1);
    struct co_dns_key ipv4 = {&conf, CO_DNS_A, "nx.example"};
    struct co_dns_key ipv6 = {&conf, CO_DNS_AAAA, "nx.example"};
    struct co_dns_reply reply = {.rcode = CO_DNS_NXDOMAIN, .ttl_s = 10}, got;
    co_dns_cache_put(cache, &ipv4, 0, &reply);
    assert_true(co_dns_cache_get(cache, &ipv6, 0, &got));
    assert_int_equal(got.rcode, CO_DNS_NXDOMAIN);
    assert_int_equal(got.count, 0);
    co_dns_cache_free(cache);
}

static void begins_with_another_address_each_time(void **state)
{
    (void)state;
    struct co_dns_cache *cache = fresh();
    struct co_resolv_conf conf = conf_of(1);
    struct co_dns_key key = {&conf, CO_DNS_A, "a.example"};
    struct co_dns_reply reply = reply_with(3, 60), got;
    co_dns_cache_put(cache, &key, 0, &reply);
    for (unsigned i = 1; i < 8; i++) { /* the first turn was the reply's own */
        assert_true(co_dns_cache_get(cache, &key, 0, &got));
        for (unsigned j = 0; j < 3; j++)
            assert_int_equal(got.addresses[j][3], (i + j) % 3 + 1);
    }
    co_dns_cache_free(cache);
}

static bool put_numbered(struct co_dns_cache *cache, unsigned number, bool puts)
{
    char name[32];
    struct co_resolv_conf conf = conf_of(1);
    struct co_dns_reply reply = reply_with(1, 60);
    snprintf(name, sizeof name, "host%u.example", number);
    struct co_dns_key key = {&conf, CO_DNS_A, name};
    if (puts)
        co_dns_cache_put(cache, &key, 0, &reply);
    return has(cache, &key, 0);
}

static void the_longest_unused_leaves_when_it_is_full(void **state)
{
    (void)state;
    struct co_dns_cache *cache = fresh();
    for (unsigned i = 0; i < CO_DNS_CACHE_MAX; i++)
        assert_true(put_numbered(cache, i, true));
    assert_true(put_numbered(cache, 0, false)); /* used: now 1 is next to go */
    assert_true(put_numbered(cache, 0, true));  /* put again: nobody need go for it */
    assert_true(put_numbered(cache, CO_DNS_CACHE_MAX, true));
    assert_false(put_numbered(cache, 1, false));
    assert_true(put_numbered(cache, 0, false));
    assert_true(put_numbered(cache, 2, false));
    for (unsigned i = 0; i < 3 * CO_DNS_CACHE_MAX; i++)
        assert_true(put_numbered(cache, 10000 + i, true));
    assert_false(put_numbered(cache, 0, false));
    co_dns_cache_free(cache);
}

/* ---- the resolver with a cache
 * ---------------------------------------------------------------------------------
 */

/* Says that there is nothing, for 30 seconds; of "v4." names only that there is no IPv6 address. */
static void answer_nothing(struct server *server, const struct query *query)
{
    static const uint8_t soa[] = {0xc0, 12, 0, 6, 0, 1, 0, 0, 1, 0, 0, 22, 0, 0, 0, 0, 0, 1, 0, 0,
        0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 30};
    bool exists = strncmp(query->name, "v4.", 3) == 0;
    struct reply reply = reply_of(query, exists ? 0 : 3);
    if (exists && query->type == CO_DNS_A) {
        reply_add(&reply, CO_DNS_A, 1);
    } else {
        memcpy(reply.bytes + reply.size, soa, sizeof soa);
        reply.size += sizeof soa;
        reply.bytes[9] = 1;
    }
    server_send(server, query, &reply);
}

static bool cache_begin(struct server *server)
{
    return CHECK_INT(co_dns_cache_new(&server->cache, secret), 0);
}

static void cache_end(struct server *server)
{
    co_dns_cache_free(server->cache);
    server->cache = NULL;
}

static void cached_client(struct server *server)
{
    if (!cache_begin(server))
        return;
    for (int i = 0; i < 3; i++)
        CHECK_STRING(lookup(server, i % 2 ? "V4.example." : "v4.example", 0, 0), "192.0.2.1:80");
    CHECK_INT(server->seen, 2);
    CHECK_STRING(lookup(server, "nx.example", AF_INET, 0), "CO_ENAME");
    CHECK_INT(server->seen, 3);
    CHECK_STRING(lookup(server, "nx.example", 0, 0), "CO_ENAME");
    CHECK_INT(server->seen, 3);
    if (is_virtual()) {
        co_sleep(45000); /* the SOA's time is over, that of the address is not */
        CHECK_STRING(lookup(server, "v4.example", 0, 0), "192.0.2.1:80");
        CHECK_INT(server->seen, 4);
        co_sleep(16000);
        CHECK_STRING(lookup(server, "v4.example", AF_INET, 0), "192.0.2.1:80");
        CHECK_INT(server->seen, 5);
    }
    cache_end(server);
}

static void asks_again_only_when_the_reply_is_too_old_rfc2308(void **state)
{
    (void)state;
    run_on_all(answer_nothing, cached_client);
}

static void failed_client(struct server *server)
{
    if (!cache_begin(server))
        return;
    for (unsigned i = 1; i <= 2; i++) {
        CHECK_STRING(lookup(server, "fail.example", AF_INET, 0), "CO_ENAMESERVER");
        CHECK_STRING(lookup(server, "nx.example", AF_INET, 0), "CO_ENAME"); /* says no time */
        CHECK_INT(server->seen, 2 * i);
    }
    cache_end(server);
}

static void keeps_no_failures(void **state)
{
    (void)state;
    run_on_all(answer_by_name, failed_client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_put_until_its_time_is_over),
        cmocka_unit_test(keeps_nothing_for_longer_than_the_ceilings),
        cmocka_unit_test(a_name_that_does_not_exist_has_no_type_rfc2308_5),
        cmocka_unit_test(begins_with_another_address_each_time),
        cmocka_unit_test(the_longest_unused_leaves_when_it_is_full),
        cmocka_unit_test(asks_again_only_when_the_reply_is_too_old_rfc2308),
        cmocka_unit_test(keeps_no_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

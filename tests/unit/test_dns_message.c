/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "dns/message.h"

#include <ctype.h>
#include <stdio.h>
#include <sys/socket.h>

#define TYPE_CNAME 5
#define TYPE_SOA   6

/* ---- a reply, put together piece by piece -----------------------------------------------------
 */

struct message {
    uint8_t bytes[600];
    size_t size;
};

static void put_16(struct message *message, unsigned value)
{
    message->bytes[message->size++] = (uint8_t)(value >> 8);
    message->bytes[message->size++] = (uint8_t)value;
}

static void put_bytes(struct message *message, const void *bytes, size_t size)
{
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static void put_name(struct message *message, const char *name)
{
    for (size_t size; *name; name += size + (name[size] == '.')) {
        size = strcspn(name, ".");
        message->bytes[message->size++] = (uint8_t)size;
        put_bytes(message, name, size);
    }
    message->bytes[message->size++] = 0;
}

static uint32_t record_ttl_s = 60; /* of the records that are put */

static void put_record(
    struct message *message, const char *owner, unsigned type, const void *data, size_t size)
{
    put_name(message, owner);
    put_16(message, type);
    put_16(message, 1);
    put_16(message, record_ttl_s >> 16);
    put_16(message, record_ttl_s & 0xffff);
    put_16(message, (unsigned)size);
    put_bytes(message, data, size);
    message->bytes[type == TYPE_SOA ? 9 : 7]++; /* among the authorities, or the answers */
}

static void put_alias(struct message *message, const char *owner, const char *target)
{
    struct message data = {.size = 0};
    put_name(&data, target);
    put_record(message, owner, TYPE_CNAME, data.bytes, data.size);
}

static void put_soa(struct message *message, const char *owner, uint32_t minimum_s)
{
    struct message data = {.size = 0};
    put_name(&data, "ns.example");
    put_name(&data, "hostmaster.example");
    for (int i = 0; i < 8; i++)
        put_16(&data, 0xffff);
    put_16(&data, minimum_s >> 16);
    put_16(&data, minimum_s & 0xffff);
    put_record(message, owner, TYPE_SOA, data.bytes, data.size);
}

static struct message reply_to(const struct co_dns_query *query, unsigned rcode)
{
    struct message reply = {.size = 0};
    put_bytes(&reply, query->bytes, 2);
    put_16(&reply, 0x8180 | rcode);
    put_16(&reply, 1);
    reply.size = 12;
    put_bytes(&reply, query->bytes + 12, query->question_end - 12);
    return reply;
}

static struct co_dns_query query_for(const char *name, enum co_dns_type type)
{
    struct co_dns_query query;
    uint8_t chance[CO_DNS_CHANCE];
    memset(chance, 0xa5, sizeof chance);
    assert_int_equal(co_dns_query_write(name, type, true, chance, &query), 0);
    return query;
}

static const uint8_t one[4] = {192, 0, 2, 1}, two[4] = {192, 0, 2, 2};

/* ---- queries -----------------------------------------------------------------------------------
 */

static void query_carries_id_and_mixed_case(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("www.Example.com", CO_DNS_AAAA);
    assert_memory_equal(query.bytes, "\xa5\xa5\x01\x00\x00\x01", 6);
    assert_memory_equal(query.bytes + 12, "\003", 1);
    unsigned upper = 0;
    for (size_t i = 12; i < query.question_end - 4; i++)
        upper += isupper(query.bytes[i]) != 0;
    assert_in_range(upper, 3, 10);
    assert_memory_equal(query.bytes + query.question_end - 4, "\0\034\0\1", 4);
    assert_true(query.size > query.question_end);
}

static void query_takes_the_longest_name_and_no_longer_d04(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'a', sizeof name);
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    struct co_dns_query query = query_for(name, CO_DNS_A);
    assert_int_equal(query.question_end, 12 + 255 + 4);
    uint8_t chance[CO_DNS_CHANCE] = {0};
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(co_dns_query_write(name, CO_DNS_A, true, chance, &query), CO_EINVALID);
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(co_dns_query_write(name, CO_DNS_A, true, chance, &query), CO_EINVALID);
}

/* ---- matching -----------------------------------------------------------------------------------
 */

static void reply_must_echo_id_and_question_to_the_byte_d01(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("example.com", CO_DNS_A);
    struct message good = reply_to(&query, 0), bad;
    assert_true(co_dns_reply_matches(&query, good.bytes, good.size));
    for (size_t bit = 0; bit < query.question_end * 8; bit++) {
        if (bit / 8 >= 2 && bit / 8 < 12)
            continue; /* flags and counts */
        bad = good;
        bad.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(co_dns_reply_matches(&query, bad.bytes, bad.size));
    }
    bad = good;
    bad.bytes[2] |= 0x28; /* opcode 5 */
    assert_false(co_dns_reply_matches(&query, bad.bytes, bad.size));
    bad = good;
    bad.bytes[5] = 2; /* questions */
    assert_false(co_dns_reply_matches(&query, bad.bytes, bad.size));
    for (size_t size = 0; size < query.question_end; size++)
        assert_false(co_dns_reply_matches(&query, good.bytes, size));
    assert_false(co_dns_reply_matches(&query, query.bytes, query.size));
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int read_reply(
    const struct co_dns_query *query, const struct message *message, struct co_dns_reply *ret)
{
    return co_dns_reply_read(query, message->bytes, message->size, ret);
}

static void reply_gives_the_addresses_of_the_name_alone(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("example.com", CO_DNS_A);
    struct message message = reply_to(&query, 0);
    struct co_dns_reply reply;
    put_record(&message, "evil.example", CO_DNS_A, two, 4);
    put_record(&message, "EXAMPLE.com", CO_DNS_A, one, 4);
    put_record(&message, "example.com", 99, "text", 4);
    put_record(&message, "example.com.evil.example", CO_DNS_A, two, 4);
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_int_equal(reply.count, 1);
    assert_memory_equal(reply.addresses[0], one, 4);
}

static void reply_without_addresses_is_no_error(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("example.com", CO_DNS_AAAA);
    struct message message = reply_to(&query, 0);
    struct co_dns_reply reply;
    put_record(&message, "example.com", CO_DNS_A, one, 4);
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_int_equal(reply.count, 0);
}

static void reply_says_no_such_name_and_truncated(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("example.com", CO_DNS_AAAA);
    struct message message = reply_to(&query, CO_DNS_NXDOMAIN);
    struct co_dns_reply reply;
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_int_equal(reply.rcode, CO_DNS_NXDOMAIN);
    message.bytes[2] |= 2;
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_true(reply.truncated);
}

static int read_chain(const struct co_dns_query *query, unsigned links, struct co_dns_reply *ret)
{
    struct message message = reply_to(query, 0);
    char owner[24], target[24];
    snprintf(target, sizeof target, "n%u.example", links);
    put_record(&message, target, CO_DNS_A, one, 4);
    for (unsigned i = links; i-- > 0;) {
        snprintf(owner, sizeof owner, "n%u.example", i);
        snprintf(target, sizeof target, "n%u.example", i + 1);
        put_alias(&message, owner, target);
    }
    return read_reply(query, &message, ret);
}

static void reply_follows_eight_aliases_in_any_order_and_no_more_d03(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("n0.example", CO_DNS_A);
    struct co_dns_reply reply;
    assert_int_equal(read_chain(&query, CO_DNS_CHAIN_MAX, &reply), 0);
    assert_int_equal(reply.count, 1);
    assert_int_equal(read_chain(&query, CO_DNS_CHAIN_MAX + 1, &reply), CO_EPROTO);
}

static void reply_with_a_loop_of_aliases_is_refused_d03(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("n0.example", CO_DNS_A);
    struct co_dns_reply reply;
    struct message message = reply_to(&query, 0);
    put_alias(&message, "n0.example", "n1.example");
    put_alias(&message, "n1.example", "n0.example");
    put_record(&message, "n2.example", CO_DNS_A, one, 4);
    assert_int_equal(read_reply(&query, &message, &reply), CO_EPROTO);
}

static void reply_whose_alias_is_no_host_name_is_refused_d05(void **state)
{
    (void)state;
    const char *bad[] = {"a\r\nb.example", "<script>", "a\033[2Jb", "a b", "10", "a\\b", "a\"b"};
    struct co_dns_query query = query_for("n0.example", CO_DNS_A);
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        struct co_dns_reply reply;
        struct message message = reply_to(&query, 0);
        put_alias(&message, "n0.example", bad[i]);
        put_record(&message, bad[i], CO_DNS_A, one, 4);
        assert_int_equal(read_reply(&query, &message, &reply), CO_EPROTO);
    }
}

static void malformed_records_are_refused_d02(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t size;
    } cases[] = {
        {"pointer to itself", "\300\035\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16},
        {"pointer forward past the end", "\300\377\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16},
        {"reserved label type", "\200\014\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16},
        {"pointer cut off", "\300", 1},
        {"nothing at all", "", 0},
        {"record cut in its head", "\300\014\0\1\0\1\0\0", 8},
        {"data shorter than told", "\300\014\0\1\0\1\0\0\0\0\0\4\1\2\3", 15},
        {"data length too small", "\300\014\0\1\0\1\0\0\0\0\0\3\1\2\3", 15},
        {"data length too large", "\300\014\0\1\0\1\0\0\0\0\0\5\1\2\3\4\5", 17},
        {"alias longer than its data", "\300\014\0\5\0\1\0\0\0\0\0\3\1b\300\014", 16},
        {"alias shorter than its data", "\300\014\0\5\0\1\0\0\0\0\0\5\1b\300\014\0", 17},
        {"alias without data", "\300\014\0\5\0\1\0\0\0\0\0\0", 12},
    };
    struct co_dns_query query = query_for("example.com", CO_DNS_A);
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        struct co_dns_reply reply;
        struct message message = reply_to(&query, 0);
        message.bytes[7] = 1;
        put_bytes(&message, cases[i].bytes, cases[i].size);
        if (read_reply(&query, &message, &reply) != CO_EPROTO)
            fail_msg("accepted: %s", cases[i].name);
    }
}

/* What lies behind the end is the rest of a good reply, and must not be looked at. */
static void reply_cut_anywhere_is_refused_d02(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("example.com", CO_DNS_A);
    struct message message = reply_to(&query, 0);
    struct co_dns_reply reply;
    put_record(&message, "example.com", CO_DNS_A, one, 4);
    size_t whole = message.size;
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    for (message.size = query.question_end; message.size < whole; message.size++)
        assert_int_equal(read_reply(&query, &message, &reply), CO_EPROTO);
}

/* Escaped, each byte of such a name takes four. */
static void names_longer_than_any_host_are_cut_off_d04(void **state)
{
    (void)state;
    char odd[242];
    memset(odd, 1, sizeof odd);
    odd[60] = odd[121] = odd[182] = '.';
    odd[241] = '\0';
    struct co_dns_query query = query_for("example.com", CO_DNS_A);
    struct message message = reply_to(&query, 0);
    struct co_dns_reply reply;
    put_record(&message, odd, CO_DNS_A, two, 4);
    put_record(&message, "example.com", CO_DNS_A, one, 4);
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_int_equal(reply.count, 1);
    assert_memory_equal(reply.addresses[0], one, 4);
}

/* Too many records are as bad as too few, and no reason to work for a long time. */
static void reply_announcing_more_records_than_came_is_refused(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("a.b", CO_DNS_A);
    struct co_dns_reply reply;
    struct message message = reply_to(&query, 0);
    put_record(&message, "a.b", CO_DNS_A, one, 4);
    message.bytes[6] = message.bytes[7] = 0xff;
    assert_int_equal(read_reply(&query, &message, &reply), CO_EPROTO);
}

/* A record is 16 bytes here: its name is a pointer to the question's. */
static void reply_keeps_32_addresses(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("a.b", CO_DNS_A);
    struct co_dns_reply reply;
    struct message message = reply_to(&query, 0);
    for (unsigned i = 0; i <= CO_DNS_ANSWERS_MAX; i++)
        put_bytes(&message, "\300\014\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16);
    message.bytes[7] = CO_DNS_ANSWERS_MAX + 1;
    assert_int_equal(read_reply(&query, &message, &reply), 0);
    assert_int_equal(reply.count, CO_DNS_ANSWERS_MAX);
}

/* ---- how long a reply may be kept ------------------------------------------------------------ */

static unsigned ttl_of(const struct co_dns_query *query, const struct message *message)
{
    struct co_dns_reply reply;
    assert_int_equal(co_dns_reply_read(query, message->bytes, message->size, &reply), 0);
    return reply.ttl_s;
}

static void a_chain_is_kept_as_long_as_its_shortest_link(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("a.example", CO_DNS_A);
    struct message reply = reply_to(&query, 0);
    record_ttl_s = 300;
    put_alias(&reply, "a.example", "b.example");
    record_ttl_s = 900;
    put_record(&reply, "b.example", CO_DNS_A, one, 4);
    record_ttl_s = 1;
    put_record(&reply, "c.example", CO_DNS_A, two, 4); /* no link */
    assert_int_equal(ttl_of(&query, &reply), 300);
    record_ttl_s = 20;
    put_record(&reply, "b.example", CO_DNS_A, two, 4);
    assert_int_equal(ttl_of(&query, &reply), 20);
    record_ttl_s = UINT32_C(1) << 31;
    put_record(&reply, "b.example", CO_DNS_A, two, 4);
    assert_int_equal(ttl_of(&query, &reply), 0); /* RFC 2181 8 */
    record_ttl_s = 60;
}

static void what_does_not_exist_is_kept_by_its_zones_word_rfc2308_5(void **state)
{
    (void)state;
    static const struct {
        const char *owner;
        uint32_t ttl_s, minimum_s, kept_s;
    } cases[] = {
        {"example", 600, 90, 90},
        {"EXAMPLE", 90, 600, 90},
        {"nx.example", 90, 90, 90},
        {"", 90, 90, 90},
        {"ample", 90, 90, 0},
        {"other.example", 90, 90, 0},
        {"a.nx.example", 90, 90, 0},
    };
    struct co_dns_query query = query_for("nx.example", CO_DNS_A);
    for (size_t i = 0; i < 2 * CO_LENGTH(cases); i++) {
        struct message reply = reply_to(&query, i % 2 ? CO_DNS_NXDOMAIN : CO_DNS_NOERROR);
        assert_int_equal(ttl_of(&query, &reply), 0); /* without SOA */
        record_ttl_s = cases[i / 2].ttl_s;
        put_soa(&reply, cases[i / 2].owner, cases[i / 2].minimum_s);
        assert_int_equal(ttl_of(&query, &reply), cases[i / 2].kept_s);
        reply.bytes[reply.size - 21]++; /* the data ends elsewhere than its numbers do */
        reply.bytes[9]++;               /* and the second record is not there */
        ttl_of(&query, &reply);
    }
    record_ttl_s = 60;
}

static void an_alias_of_nothing_is_kept_only_without_addresses(void **state)
{
    (void)state;
    struct co_dns_query query = query_for("a.example", CO_DNS_A);
    struct message reply = reply_to(&query, CO_DNS_NOERROR);
    put_alias(&reply, "a.example", "b.else");
    put_soa(&reply, "else", 30);
    assert_int_equal(ttl_of(&query, &reply), 30);
    reply.bytes[3] |= CO_DNS_NXDOMAIN; /* of a.example, or of b.else? */
    assert_int_equal(ttl_of(&query, &reply), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_carries_id_and_mixed_case),
        cmocka_unit_test(query_takes_the_longest_name_and_no_longer_d04),
        cmocka_unit_test(reply_must_echo_id_and_question_to_the_byte_d01),
        cmocka_unit_test(reply_gives_the_addresses_of_the_name_alone),
        cmocka_unit_test(reply_without_addresses_is_no_error),
        cmocka_unit_test(reply_says_no_such_name_and_truncated),
        cmocka_unit_test(reply_follows_eight_aliases_in_any_order_and_no_more_d03),
        cmocka_unit_test(reply_with_a_loop_of_aliases_is_refused_d03),
        cmocka_unit_test(reply_whose_alias_is_no_host_name_is_refused_d05),
        cmocka_unit_test(malformed_records_are_refused_d02),
        cmocka_unit_test(reply_cut_anywhere_is_refused_d02),
        cmocka_unit_test(names_longer_than_any_host_are_cut_off_d04),
        cmocka_unit_test(reply_announcing_more_records_than_came_is_refused),
        cmocka_unit_test(reply_keeps_32_addresses),
        cmocka_unit_test(a_chain_is_kept_as_long_as_its_shortest_link),
        cmocka_unit_test(what_does_not_exist_is_kept_by_its_zones_word_rfc2308_5),
        cmocka_unit_test(an_alias_of_nothing_is_kept_only_without_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

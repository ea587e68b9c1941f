/* SPDX-License-Identifier: MIT */
/* Which address PASV names to whom. */
#include "ftp/announce.h"
#include "net/address.h"
#include "test.h"

#include <errno.h>

static const char *const rules_text[] = {
    "203.0.113.7", "192.168.0.0/16=192.168.9.9", "192.168.5.0/24=192.168.5.1"};
static struct co_ftp_announced rules[CO_LENGTH(rules_text)];

static void expect(size_t count, const char *peer, const char *local, const char *told)
{
    co_address from, address, should;
    assert_int_equal(co_address_of_number(peer, 4711, &from), 0);
    assert_int_equal(co_address_of_number(local, 2000, &address), 0);
    assert_int_equal(co_address_of_number(told, 0, &should), 0);
    co_ftp_announce(rules, count, &from, &address);
    assert_true(co_address_same_host(&address, &should));
    assert_int_equal(co_address_port(&address), 2000);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(rules); i++)
        assert_int_equal(co_ftp_announced_parse(rules_text[i], &rules[i]), 0);
    return 0;
}

static void without_rules_it_is_our_own(void **state)
{
    (void)state;
    expect(0, "198.51.100.1", "10.0.0.2", "10.0.0.2");
}

static void near_peers_hear_our_own(void **state)
{
    (void)state;
    expect(1, "198.51.100.1", "10.0.0.2", "203.0.113.7");
    expect(1, "10.99.0.1", "10.0.0.2", "10.0.0.2");
    expect(1, "192.168.1.1", "10.0.0.2", "203.0.113.7");
    expect(1, "::ffff:127.0.0.9", "127.0.0.1", "127.0.0.1");
    expect(1, "198.51.100.1", "198.51.100.1", "198.51.100.1");
    expect(1, "172.31.255.255", "172.16.0.1", "172.16.0.1");
    expect(1, "172.32.0.0", "172.16.0.1", "203.0.113.7");
}

static void the_smallest_network_counts(void **state)
{
    (void)state;
    expect(3, "192.168.1.1", "192.168.5.77", "192.168.9.9");
    expect(3, "192.168.5.2", "192.168.5.77", "192.168.5.1");
    expect(3, "198.51.100.1", "192.168.5.77", "203.0.113.7");
}

static void refuses_what_is_no_rule(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "=", "::1", "host", "1.2.3.4=", "=1.2.3.4",
        "1.2.3.4/33=1.2.3.4", "1.2.3.4=::1", "1.2.3"};
    struct co_ftp_announced ignored;
    for (size_t i = 0; i < CO_LENGTH(wrong); i++)
        assert_int_equal(co_ftp_announced_parse(wrong[i], &ignored), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_it_is_our_own),
        cmocka_unit_test(near_peers_hear_our_own),
        cmocka_unit_test(the_smallest_network_counts),
        cmocka_unit_test(refuses_what_is_no_rule),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

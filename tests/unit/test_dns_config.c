/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "dns/hosts.h"
#include "dns/name.h"
#include "dns/order.h"
#include "dns/resolvconf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

/* ---- names -------------------------------------------------------------------------------------
 */

static void accepts_host_names_with_underscores_and_a_last_dot(void **state)
{
    (void)state;
    const char *good[] = {"a", "example.com", "example.com.", "_srv.a-b.X9", "9.example", "1a",
        "xn--bcher-kva.example", "a-.example"};
    for (size_t i = 0; i < CO_LENGTH(good); i++)
        assert_true(co_host_is_valid(co_text_of(good[i])));
}

static void refuses_names_that_no_host_has_d05(void **state)
{
    (void)state;
    const char *bad[] = {"", ".", "..", "a..b", ".a", "a b", "a\r\nb", "<b>", "a\033[2J", "a/b",
        "-a", "a.-b", "b\303\274cher.example", "a\\.b", "a\"", "127.1", "0x7f.1", "1.2.3.4", "1",
        "example.0x1", "a@b", "[::1]", "a:80", "*"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_false(co_host_is_valid(co_text_of(bad[i])));
    assert_false(co_host_is_valid((co_text){"a\0b", 3}));
}

static void bounds_labels_at_63_and_names_at_253_rfc1035_2_3_4(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof name);
    assert_true(co_host_is_valid((co_text){name, 63}));
    assert_false(co_host_is_valid((co_text){name, 64}));
    name[63] = name[127] = name[191] = '.';
    assert_true(co_host_is_valid((co_text){name, 253}));
    assert_false(co_host_is_valid((co_text){name, 254}));
    name[253] = '.';
    assert_true(co_host_is_valid((co_text){name, 254}));
}

static void knows_what_is_under_a_domain(void **state)
{
    (void)state;
    const co_text domain = CO_TEXT("localhost");
    assert_true(co_host_is_under(CO_TEXT("LocalHost"), domain));
    assert_true(co_host_is_under(CO_TEXT("a.localhost."), domain));
    assert_false(co_host_is_under(CO_TEXT("alocalhost"), domain));
    assert_false(co_host_is_under(CO_TEXT("localhost.example"), domain));
    assert_false(co_host_is_under(CO_TEXT("host"), domain));
}

/* ---- the hosts file ---------------------------------------------------------------------------
 */

static char *text_of(const co_address *address)
{
    static char text[4][CO_ADDRESS_TEXT_MAX];
    static unsigned turn;
    return co_address_text(address, text[turn++ % 4]);
}

static void hosts_gives_all_addresses_of_a_name_once(void **state)
{
    (void)state;
    const co_text file = CO_TEXT("# comment\n"
                                 "10.0.0.1 a.example alias # b.example\n"
                                 "::2\tALIAS\r\n"
                                 "not-an-address alias\n"
                                 "10.0.0.1 alias\n"
                                 "\n"
                                 "10.0.0.3 other alias.\n"
                                 "10.0.0.4 alias");
    struct co_hosts_query query = {CO_TEXT("Alias."), 0, 80, 8};
    co_address found[8];
    assert_int_equal(co_hosts_find(file, &query, found), 3);
    assert_string_equal(text_of(&found[0]), "10.0.0.1:80");
    assert_string_equal(text_of(&found[1]), "[::2]:80");
    assert_string_equal(text_of(&found[2]), "10.0.0.4:80");
    query.max = 1;
    assert_int_equal(co_hosts_find(file, &query, found), 1);
    query.max = 8;
    query.family = AF_INET6;
    assert_int_equal(co_hosts_find(file, &query, found), 1);
    query.host = CO_TEXT("b.example");
    query.family = 0;
    assert_int_equal(co_hosts_find(file, &query, found), 0);
}

/* ---- resolv.conf
 * ---------------------------------------------------------------------------------- */

static void resolv_conf_has_the_defaults_of_its_manual_page(void **state)
{
    (void)state;
    struct co_resolv_conf conf;
    co_resolv_conf_read(CO_TEXT(""), &conf);
    assert_int_equal(conf.server_count, 1);
    assert_string_equal(text_of(&conf.servers[0]), "127.0.0.1:53");
    assert_int_equal(conf.search_count, 0);
    assert_int_equal(conf.ndots, 1);
    assert_int_equal(conf.timeout_s, 5);
    assert_int_equal(conf.attempts, 2);
    assert_false(conf.rotate);
}

static void resolv_conf_reads_what_makes_sense(void **state)
{
    (void)state;
    struct co_resolv_conf conf;
    co_resolv_conf_read(CO_TEXT("# nameserver 9.9.9.9\n"
                                "; nameserver 9.9.9.9\n"
                                "nameserver   10.0.0.1\n"
                                "nameserver nonsense\n"
                                "nameserver unix:/tmp/x\n"
                                "nameserver\n"
                                "nameserver 127.0.0.1:5353\r\n"
                                "nameserver ::1\n"
                                "nameserver 10.0.0.4\n"
                                "domain gone.example\n"
                                "search a.example. b.example bad..name c.example\n"
                                "options ndots:99 timeout:2 attempts:0 rotate edns0 timeout:x\n"
                                "sortlist 1.2.3.4"),
        &conf);
    assert_int_equal(conf.server_count, 3);
    assert_string_equal(text_of(&conf.servers[0]), "10.0.0.1:53");
    assert_string_equal(text_of(&conf.servers[1]), "127.0.0.1:5353");
    assert_string_equal(text_of(&conf.servers[2]), "[::1]:53");
    assert_int_equal(conf.search_count, 3);
    assert_string_equal(conf.search[0], "a.example");
    assert_string_equal(conf.search[2], "c.example");
    assert_int_equal(conf.ndots, CO_DNS_NDOTS_MAX);
    assert_int_equal(conf.timeout_s, 2);
    assert_int_equal(conf.attempts, 1);
    assert_true(conf.rotate);
}

/* A word for each service: which it is, and after which statuses it ends the look-up. */
static const char *services_text(const char *file)
{
    static const char names[] = {
        [CO_NAMES_FILES] = 'f', [CO_NAMES_DNS] = 'd', [CO_NAMES_SYSTEM] = 's'};
    static char text[CO_NAME_SERVICES_MAX * 8];
    struct co_name_services services;
    size_t size = 0;
    co_nsswitch_read(co_text_of(file), &services);
    for (unsigned i = 0; i < services.count; i++) {
        text[size++] = names[services.at[i].service];
        for (unsigned bit = 0; bit < 4; bit++)
            if (services.at[i].ends & (1U << bit))
                text[size++] = "SNUT"[bit];
        text[size++] = ' ';
    }
    text[size ? size - 1 : 0] = '\0';
    return text;
}

static void nsswitch_tells_who_is_asked_and_when_that_is_enough(void **state)
{
    (void)state;
    static const struct {
        const char *file, *services;
    } cases[] = {
        {"", "fS dS"},
        {"passwd: files\n", "fS dS"},
        {"hosts: files dns\n", "fS dS"},
        {"hosts: dns files\n", "dS fS"},
        {" hosts:\tfiles dns mymachines # mdns\n", "fS dS sS"},
        {"hosts:files[NOTFOUND=return SUCCESS=return] dns", "fSN dS"},
        {"hosts: files [NOTFOUND=continue SUCCESS=return] dns", "fS dS"},
        {"hosts: files mdns4_minimal [NOTFOUND=return] dns", "fS sSN dS"},
        {"hosts: files dns [!UNAVAIL=return] myhostname", "fS dSNT sS"},
        {"hosts: dns [notfound=RETURN] [UNAVAIL=return]\tfiles", "dSNU fS"},
        {"hosts: dns [NOTFOUND=return NOTFOUND=continue maybe=return x] files", "dS fS"},
        {"hosts: files [SUCCESS=merge] dns", "sS"},
        {"hosts: [NOTFOUND=return] files dns", "fS dS"},
        {"#hosts: ldap\nhosts: dns", "dS"},
        {"hosts: files", "fS"},
        {"hosts:", ""},
        {"hosts: files [unclosed dns", "fS"},
        {"hosts: files files files files files files files files dns", "fS fS fS fS fS fS fS sS"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++)
        assert_string_equal(services_text(cases[i].file), cases[i].services);
}

/* ---- order ------------------------------------------------------------------------------------
 */

static struct co_route route(const char *destination, const char *source)
{
    struct co_route made = {.usable = source != NULL};
    assert_int_equal(inet_pton(AF_INET6, destination, made.destination), 1);
    if (source)
        assert_int_equal(inet_pton(AF_INET6, source, made.source), 1);
    return made;
}

/* The examples of RFC 6724 10.2 that its rules 1, 2, 5, 6, 8 and 9 decide, and rule 1 itself. */
static void orders_destinations_rfc6724_10_2(void **state)
{
    (void)state;
    static const struct {
        const char *first, *first_from, *second, *second_from;
    } cases[] = {
        {"2001:db8:1::1", "2001:db8:1::2", "::ffff:198.51.100.121", "::ffff:169.254.13.78"},
        {"::ffff:198.51.100.121", "::ffff:198.51.100.117", "2001:db8:1::1", "fe80::1"},
        {"2001:db8:1::1", "2001:db8:1::2", "::ffff:10.1.2.3", "::ffff:10.1.2.4"},
        {"fe80::1", "fe80::2", "2001:db8:1::1", "2001:db8:1::2"},
        {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:3ffe::1", "2001:db8:3f44::2"},
        {"2002:c633:6401::1", "2002:c633:6401::2", "2001:db8:1::1", "fe80::2"},
        {"2001:db8:1::1", "2001:db8:1::2", "2002:c633:6401::1", "2002:c633:6401::2"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.2", "fc00::1", "fc00::2"},
        {"::1", "::1", "::ffff:127.0.0.1", "::ffff:127.0.0.1"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.2", "2001:db8:1::1", NULL},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        struct co_route first = route(cases[i].first, cases[i].first_from);
        struct co_route second = route(cases[i].second, cases[i].second_from);
        assert_true(co_route_compare(&first, &second) < 0);
        assert_true(co_route_compare(&second, &first) > 0);
    }
}

static void leaves_equals_and_ipv4_as_they_stand(void **state)
{
    (void)state;
    struct co_route near = route("::ffff:10.0.0.1", "::ffff:10.0.0.2");
    struct co_route far = route("::ffff:192.0.2.1", "::ffff:10.0.0.2");
    struct co_route none = route("::1", NULL), nothing = route("2001:db8::1", NULL);
    assert_int_equal(co_route_compare(&near, &far), 0);
    assert_int_equal(co_route_compare(&none, &nothing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_host_names_with_underscores_and_a_last_dot),
        cmocka_unit_test(refuses_names_that_no_host_has_d05),
        cmocka_unit_test(bounds_labels_at_63_and_names_at_253_rfc1035_2_3_4),
        cmocka_unit_test(knows_what_is_under_a_domain),
        cmocka_unit_test(hosts_gives_all_addresses_of_a_name_once),
        cmocka_unit_test(resolv_conf_has_the_defaults_of_its_manual_page),
        cmocka_unit_test(resolv_conf_reads_what_makes_sense),
        cmocka_unit_test(nsswitch_tells_who_is_asked_and_when_that_is_enough),
        cmocka_unit_test(orders_destinations_rfc6724_10_2),
        cmocka_unit_test(leaves_equals_and_ipv4_as_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

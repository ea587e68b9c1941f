/* SPDX-License-Identifier: MIT */
/* Addresses as text, both ways. */
#include "test.h"

#include "coronet/net.h"

#include <sys/un.h>

static const struct good {
    const char *text;
    int default_port;
    const char *printed;
    unsigned port;
} good[] = {
    {"127.0.0.1:80", -1, "127.0.0.1:80", 80},
    {"127.0.0.1:0", -1, "127.0.0.1:0", 0},
    {"127.0.0.1", 8080, "127.0.0.1:8080", 8080},
    {"127.0.0.1:81", 8080, "127.0.0.1:81", 81},
    {"255.255.255.255:65535", -1, "255.255.255.255:65535", 65535},
    {"[::1]:80", -1, "[::1]:80", 80},
    {"[::1]", 443, "[::1]:443", 443},
    {"::1", 443, "[::1]:443", 443},
    {"[2001:DB8:0:0:0::1]:1", -1, "[2001:db8::1]:1", 1},
    {"[::ffff:10.0.0.1]:5", -1, "10.0.0.1:5", 5},
    {"[::ffff:10.0.0.1%1]:5", -1, "10.0.0.1:5", 5},
    {"[fe80::1%1]:9", -1, "[fe80::1%1]:9", 9},
    {"[fe80::1%lo]:9", -1, "[fe80::1%1]:9", 9},
    {"unix:/run/x.sock", -1, "unix:/run/x.sock", 0},
    {"unix:x", 80, "unix:x", 0},
    {"unix:@name", -1, "unix:@name", 0},
};

static const struct bad {
    const char *text;
    int default_port;
} bad[] = {
    {"", -1},
    {"", 80},
    {":", -1},
    {":80", -1},
    {"127.0.0.1", -1},
    {"127.0.0.1:", -1},
    {"127.0.0.1:65536", -1},
    {"127.0.0.1:-1", -1},
    {"127.0.0.1:+1", -1},
    {"127.0.0.1: 1", -1},
    {"127.0.0.1:1 ", -1},
    {"127.0.0.1:0x10", -1},
    {"127.1:80", -1},
    {"0x7f.0.0.1:80", -1},
    {"256.0.0.1:80", -1},
    {"1.2.3.4.5:80", -1},
    {"::1", -1},
    {"::1:80x", -1},
    {"::1:80", -1},
    {"[::1]", -1},
    {"[::1", 80},
    {"::1]", 80},
    {"[]:80", -1},
    {"[]", 80},
    {"[::1]80", -1},
    {"[fe80::1%]:80", -1},
    {"[fe80::1%nosuchinterface]:80", -1},
    {"[:::1]:80", -1},
    {"localhost:80", -1},
    {"example.org:80", -1},
    {"*:80", -1},
    {"80", -1},
    {"fd:3", -1},
    {"fd:x", -1},
    {"unix:", -1},
};

static void numbers_and_paths_are_read_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(good); i++) {
        co_address address;
        char text[CO_ADDRESS_TEXT_MAX];
        int rc = co_address_parse(good[i].text, good[i].default_port, &address);
        if (rc != 0)
            fail_msg("%s: %d", good[i].text, rc);
        assert_string_equal(co_address_text(&address, text), good[i].printed);
        assert_int_equal(co_address_port(&address), good[i].port);
        co_address again;
        assert_int_equal(co_address_parse(text, -1, &again), 0);
        char twice[CO_ADDRESS_TEXT_MAX];
        assert_string_equal(co_address_text(&again, twice), text);
    }
}

static void anything_else_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        co_address address, before;
        memset(&address, 0x55, sizeof address);
        before = address;
        if (co_address_parse(bad[i].text, bad[i].default_port, &address) != CO_EADDRESS)
            fail_msg("taken: \"%s\"", bad[i].text);
        assert_memory_equal(&address, &before, sizeof address);
    }
}

static void paths_fit_or_are_refused(void **state)
{
    char text[200] = "unix:", printed[CO_ADDRESS_TEXT_MAX];
    co_address address;
    const size_t most = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    (void)state;
    memset(text + 5, 'p', most);
    assert_int_equal(co_address_parse(text, -1, &address), 0);
    assert_string_equal(co_address_text(&address, printed), text);
    text[5 + most] = 'p';
    assert_int_equal(co_address_parse(text, -1, &address), CO_EADDRESS);
}

static void no_address_prints_as_such(void **state)
{
    char text[CO_ADDRESS_TEXT_MAX];
    co_address none = {0};
    (void)state;
    assert_string_equal(co_address_text(&none, text), "?");
    assert_int_equal(co_address_port(&none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_paths_are_read_and_written),
        cmocka_unit_test(anything_else_is_refused_and_leaves_no_trace),
        cmocka_unit_test(paths_fit_or_are_refused),
        cmocka_unit_test(no_address_prints_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Looking names up and dialling them: the races in virtual time, the rest on every backend. */
#include "fibers.h"
#include "found.h"

#include "dial/race.h"
#include "dns/name.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- happy eyeballs, with attempts that go as the test says ------------------------------------
 */

/* After so many milliseconds the attempt ends so; 0 is a connection. */
struct script {
    int64_t after_ms;
    int result;
};

#define SCRIPTS_MAX 4

struct scripted {
    const struct script *scripts;
    int64_t from_ns;
    int64_t started_ms[SCRIPTS_MAX]; /* -1: not */
    unsigned ended, canceled, connected;
    co_stream *peers[SCRIPTS_MAX];
};

/* The address's port is the attempt's number. */
static int scripted_connect(co_stream **ret, const co_address *address, void *arg)
{
    struct scripted *scripted = arg;
    unsigned number = co_address_port(address);
    const struct script *script = &scripted->scripts[number];
    scripted->started_ms[number] = (co_now_ns() - scripted->from_ns) / CO_MS;
    int rc = co_sleep(script->after_ms);
    scripted->ended++;
    if (rc < 0) {
        scripted->canceled++;
        return rc;
    }
    if (script->result < 0)
        return script->result;
    scripted->connected++;
    return co_memory_pair(ret, &scripted->peers[number], 64);
}

static co_address numbered(int family, unsigned number)
{
    static const uint8_t loopback[16] = {127, 0, 0, 1};
    return co_host_address(family, loopback, number);
}

/* Returns when the race was over, in ms; *ret_rc is what came out. */
static int64_t race(struct scripted *scripted, const struct script *scripts, unsigned count,
    co_stream **ret, int *ret_rc)
{
    co_address addresses[SCRIPTS_MAX];
    struct co_race plan = {addresses, count, 250, scripted_connect, scripted};
    *scripted = (struct scripted){.scripts = scripts, .from_ns = co_now_ns()};
    for (unsigned i = 0; i < SCRIPTS_MAX; i++) {
        scripted->started_ms[i] = -1;
        addresses[i] = numbered(i % 2 ? AF_INET : AF_INET6, i);
    }
    *ret_rc = co_race_run(&plan, ret);
    return (co_now_ns() - scripted->from_ns) / CO_MS;
}

static void peers_free(struct scripted *scripted)
{
    for (unsigned i = 0; i < SCRIPTS_MAX; i++)
        if (scripted->peers[i])
            co_abort(scripted->peers[i]);
}

struct expectation {
    struct script scripts[SCRIPTS_MAX];
    unsigned count;
    int rc;
    int64_t over_ms, started_ms[SCRIPTS_MAX];
};

static const struct expectation expectations[] = {
    /* the first answers: no other is tried */
    {{{20, 0}, {20, 0}}, 2, 0, 20, {0, -1, -1, -1}},
    /* IPv6 is a black hole: IPv4 begins after the delay */
    {{{1000000, 0}, {20, 0}}, 2, 0, 270, {0, 250, -1, -1}},
    /* the first is refused: the next begins at once */
    {{{10, -ECONNREFUSED}, {20, 0}}, 2, 0, 30, {0, 10, -1, -1}},
    /* the first is only slow, and still before the second */
    {{{260, 0}, {500, 0}}, 2, 0, 260, {0, 250, -1, -1}},
    /* a late refusal begins the third at once, and its delay counts from then */
    {{{300, -ECONNREFUSED}, {1000000, 0}, {1000000, 0}, {10, 0}}, 4, 0, 560, {0, 250, 300, 550}},
    /* all fail: the last error is the result */
    {{{10, -ENETUNREACH}, {20, -ECONNREFUSED}}, 2, -ECONNREFUSED, 30, {0, 10, -1, -1}},
    {{{600, -ETIMEDOUT}, {10, -ECONNREFUSED}, {10, -EACCES}}, 3, -ETIMEDOUT, 600,
        {0, 250, 260, -1}},
    /* two connect in the same instant: one stays */
    {{{260, 0}, {10, 0}}, 2, 0, 260, {0, 250, -1, -1}},
};

static void expect_race(const struct expectation *expected)
{
    struct scripted scripted;
    co_stream *stream = NULL;
    int rc;
    int64_t over_ms = race(&scripted, expected->scripts, expected->count, &stream, &rc);
    CHECK_INT(rc, expected->rc);
    CHECK_INT(over_ms, expected->over_ms);
    unsigned started = 0;
    for (unsigned i = 0; i < SCRIPTS_MAX; i++) {
        CHECK_INT(scripted.started_ms[i], expected->started_ms[i]);
        started += expected->started_ms[i] >= 0;
    }
    CHECK_INT(scripted.ended, started);
    CHECK((rc == 0) == (stream != NULL));
    if (stream)
        co_abort(stream);
    peers_free(&scripted);
}

VIRTUAL_TEST(races_addresses_rfc8305_5)
{
    for (size_t i = 0; i < CO_LENGTH(expectations); i++)
        expect_race(&expectations[i]);
    return 0;
}

VIRTUAL_TEST(a_race_that_is_cancelled_leaves_nothing)
{
    static const struct script scripts[] = {{1000000, 0}, {1000000, 0}, {1000000, 0}};
    struct scripted scripted;
    co_stream *stream = NULL;
    co_scope scope;
    int rc;
    co_scope_open(&scope, 300);
    CHECK_INT(race(&scripted, scripts, 3, &stream, &rc), 300);
    CHECK_INT(rc, CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(scripted.canceled, 2);
    CHECK(!stream);
    return 0;
}

static void families_take_turns_rfc8305_4(void **state)
{
    (void)state;
    const int given[] = {AF_INET6, AF_INET6, AF_INET6, AF_INET, AF_INET};
    const unsigned expected[] = {0, 3, 1, 4, 2};
    co_address addresses[5];
    for (unsigned i = 0; i < 5; i++)
        addresses[i] = numbered(given[i], i);
    co_race_interleave(addresses, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(co_address_port(&addresses[i]), expected[i]);
    co_race_interleave(addresses, 0);
}

/* ---- looking up --------------------------------------------------------------------------------
 */

static void file_write(char *path, const char *text)
{
    strcpy(path, "/tmp/coronet-test-XXXXXX");
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static const char *resolve(const char *host, const struct co_resolve_options *options)
{
    static co_address found[CO_RESOLVE_MAX];
    return found_text(found, co_resolve(host, 80, options, found));
}

FIBER_TEST(numbers_and_special_names_need_no_look_up_rfc6761)
{
    const struct co_resolve_options ipv6 = {.family = AF_INET6};
    CHECK_STRING(resolve("127.0.0.9", NULL), "127.0.0.9:80");
    CHECK_STRING(resolve("::1", NULL), "[::1]:80");
    CHECK_STRING(resolve("127.0.0.9", &ipv6), "CO_ENODATA");
    CHECK_STRING(resolve("a.b.LocalHost.", &ipv6), "[::1]:80");
    CHECK(strstr(resolve("localhost", NULL), "127.0.0.1:80"));
    CHECK(strstr(resolve("localhost", NULL), "[::1]:80"));
    CHECK_STRING(resolve("x.invalid", NULL), "CO_ENAME");
    CHECK_STRING(co_explain(CO_ENAME), "cannot find the host \"x.invalid\": the name does "
                                       "not exist (check the spelling)");
    CHECK_STRING(resolve("x.onion", NULL), "CO_ENAME");
    CHECK_STRING(resolve("127.1", NULL), "CO_EINVALID");
    CHECK_STRING(resolve("", NULL), "CO_EINVALID");
    CHECK_STRING(resolve("a\033b", NULL), "CO_EINVALID");
    CHECK_STRING(co_explain(CO_EINVALID), "\"a\\x1Bb\" cannot be the name of a host");
    co_address address;
    CHECK_INT(co_resolve("127.0.0.9", 65536, NULL, &address), CO_EINVALID);
    return 0;
}

FIBER_TEST(hosts_file_comes_first_and_may_be_missing)
{
    char hosts[64], none[64];
    file_write(hosts, "127.0.0.5 here.example here\n");
    file_write(none, "hosts: files\n");
    struct co_resolve_options options = {.hosts_file = hosts, .nsswitch = none};
    CHECK_STRING(resolve("HERE", &options), "127.0.0.5:80");
    CHECK_STRING(resolve("elsewhere", &options), "CO_ENAME");
    options.hosts_file = "/nonexistent";
    CHECK_STRING(resolve("here", &options), "CO_ENAME");
    unlink(hosts);
    unlink(none);
    return 0;
}

/* Says that nothing exists, once. */
static int refusing_server(void *arg)
{
    co_socket *socket;
    co_address peer;
    uint8_t bytes[512];
    (void)arg;
    REQUIRE(co_udp_bind(&socket, "127.0.0.1:0") == 0);
    co_ready(co_address_port(co_udp_address(socket)));
    for (;;) {
        ssize_t size = co_udp_receive(socket, bytes, sizeof bytes, &peer);
        if (size < 0)
            break;
        bytes[2] = 0x81;
        bytes[3] = 0x83;
        co_udp_send(socket, bytes, (size_t)size, &peer);
    }
    co_udp_close(socket);
    return 0;
}

FIBER_TEST(asks_the_server_of_resolv_conf)
{
    char conf[64], text[64];
    long port = 0;
    co_group group;
    co_group_open(&group, NULL);
    REQUIRE(co_start(&group, refusing_server, NULL, &port) == 0);
    snprintf(text, sizeof text, "nameserver 127.0.0.1:%ld\n", port);
    file_write(conf, text);
    struct co_resolve_options options = {
        .hosts_file = "/nonexistent", .nsswitch = "/nonexistent", .resolv_conf = conf};
    struct co_dial_options dial = {.resolve = &options};
    co_stream *stream;
    CHECK_STRING(resolve("exmaple.com", &options), "CO_ENAME");
    CHECK_INT(co_dial(&stream, "exmaple.com:80", &dial), CO_ENAME);
    CHECK_STRING(co_explain(CO_ENAME), "cannot find the host \"exmaple.com\": the name does "
                                       "not exist (check the spelling)");
    unlink(conf);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    return 0;
}

/* ---- dialling ----------------------------------------------------------------------------------
 */

static int greet(co_stream *stream, void *arg)
{
    (void)arg;
    return co_write(stream, "hello", 5);
}

static int greeter(void *listener)
{
    co_serve_listener(listener, greet, NULL, NULL);
    return 0;
}

static void expect_greeting(const char *where)
{
    char text[5];
    co_stream *stream;
    if (!CHECK_INT(co_dial(&stream, where, NULL), 0))
        return;
    CHECK_INT(co_read_full(stream, text, sizeof text), sizeof text);
    CHECK(memcmp(text, "hello", 5) == 0);
    co_abort(stream);
}

FIBER_TEST(dials_by_name_number_and_port)
{
    struct co_go_options background = {.name = "greeter", .background = true};
    char where[64];
    co_listener *listener;
    co_group group;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, greeter, listener);
    unsigned port = co_address_port(co_listener_address(listener));
    snprintf(where, sizeof where, "localhost:%u", port); /* ::1 is refused, 127.0.0.1 answers */
    expect_greeting(where);
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    expect_greeting(where);
    snprintf(where, sizeof where, "%u", port);
    expect_greeting(where);
    CHECK_INT(co_group_close(&group), 0);
    co_listener_close(listener);
    co_stream *stream;
    CHECK_INT(co_dial(&stream, where, NULL), -ECONNREFUSED);
    CHECK(strstr(co_explain(-ECONNREFUSED), "cannot connect to "));
    CHECK(strstr(co_explain(-ECONNREFUSED), ": connection refused (is the server running?)"));
    return 0;
}

/* Knows ::1 at once; 127.0.0.1 only when asked a second time. */
static int half_server(void *arg)
{
    static const uint8_t loopback6[16] = {[15] = 1}, loopback4[4] = {127, 0, 0, 1};
    co_socket *socket;
    co_address peer;
    uint8_t bytes[512];
    unsigned asked_ipv4 = 0;
    ssize_t size;
    (void)arg;
    REQUIRE(co_udp_bind(&socket, "127.0.0.1:0") == 0);
    co_ready(co_address_port(co_udp_address(socket)));
    while ((size = co_udp_receive(socket, bytes, sizeof bytes, &peer)) > 0) {
        size_t end = 12 + strlen((char *)bytes + 12) + 5;
        bool ipv4 = bytes[end - 3] == 1;
        if (ipv4 && asked_ipv4++ == 0)
            continue;
        const uint8_t record[12] = {
            0xc0, 12, 0, bytes[end - 3], 0, 1, 0, 0, 0, 60, 0, ipv4 ? 4 : 16};
        const uint8_t counts[8] = {0x81, 0x80, 0, 1, 0, 1, 0, 0};
        memcpy(bytes + 2, counts, sizeof counts);
        bytes[10] = bytes[11] = 0;
        memcpy(bytes + end, record, sizeof record);
        memcpy(bytes + end + sizeof record, ipv4 ? loopback4 : loopback6, record[11]);
        co_udp_send(socket, bytes, end + sizeof record + record[11], &peer);
    }
    co_udp_close(socket);
    return 0;
}

FIBER_TEST(asks_again_for_the_family_that_it_did_not_wait_for_rfc8305_3)
{
    struct co_go_options background = {.name = "greeter", .background = true};
    char conf[64], text[64];
    long port = 0;
    co_listener *listener;
    co_stream *stream;
    co_group group;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_group_open(&group, NULL);
    REQUIRE(co_start(&group, half_server, NULL, &port) == 0);
    co_go_with(&group, &background, greeter, listener);
    snprintf(text, sizeof text, "nameserver 127.0.0.1:%ld\noptions attempts:1\n", port);
    file_write(conf, text);
    struct co_resolve_options options = {
        .hosts_file = "/nonexistent", .nsswitch = "/nonexistent", .resolv_conf = conf};
    struct co_dial_options dial = {.resolve = &options};
    snprintf(text, sizeof text, "half.example:%u", co_address_port(co_listener_address(listener)));
    CHECK_INT(co_dial(&stream, text, &dial), 0);
    co_abort(stream);
    unlink(conf);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    co_listener_close(listener);
    return 0;
}

FIBER_TEST(dials_unix_sockets)
{
    struct co_go_options background = {.name = "greeter", .background = true};
    char where[64];
    co_listener *listener;
    co_stream *stream;
    co_group group;
    snprintf(where, sizeof where, "unix:@coronet-test-%d", (int)getpid());
    REQUIRE(co_listen(&listener, where, NULL) == 0);
    co_group_open(&group, NULL);
    co_go_with(&group, &background, greeter, listener);
    expect_greeting(where);
    CHECK_INT(co_group_close(&group), 0);
    co_listener_close(listener);
    CHECK_INT(co_dial(&stream, "unix:/nonexistent/socket", NULL), -ENOENT);
    return 0;
}

static char where_busy[64];

static int dial_busy(void *arg)
{
    return co_dial(arg, where_busy, NULL);
}

/* As a blocking connect does: the server has not come to it yet. */
KERNEL_TEST(a_unix_server_that_is_busy_is_waited_for)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    co_stream *first, *second;
    co_scope scope;
    co_group group;
    int size = snprintf(where_busy, sizeof where_busy, "unix:@coronet-busy-%d", (int)getpid());
    memcpy(address.sun_path + 1, where_busy + 6, (size_t)size - 6);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size - 5);
    REQUIRE(bind(listener, (struct sockaddr *)&address, length) == 0);
    REQUIRE(listen(listener, 0) == 0);
    REQUIRE(co_dial(&first, where_busy, NULL) == 0);
    co_scope_open(&scope, 20);
    CHECK_INT(co_dial(&second, where_busy, NULL), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    co_group_open(&group, NULL);
    co_go(&group, dial_busy, &second);
    co_sleep(5);
    int accepted = accept(listener, NULL, NULL);
    REQUIRE(co_group_close(&group) == 0);
    co_abort(first);
    co_abort(second);
    close(accepted);
    close(listener);
    return 0;
}

FIBER_TEST(refuses_bad_addresses_with_a_reason)
{
    static const char *const bad[] = {
        "foo:bar", "localhost:65536", "", ":80", "::1:80", "fd:3", "*:80", "localhost:", "[::1]"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        co_stream *stream;
        CHECK_INT(co_dial(&stream, bad[i], NULL), CO_EADDRESS);
        CHECK(strstr(co_explain(CO_EADDRESS), bad[i]));
    }
    co_stream *stream;
    CHECK(strstr(co_explain(CO_EADDRESS), "the port is missing")); /* "[::1]" has none */
    CHECK_INT(co_dial(&stream, "a b:80", NULL), CO_EINVALID);
    return 0;
}

FIBER_TEST(shows_the_beginning_of_a_name_too_long_to_be_shown)
{
    char name[301], where[320], fixed[340];
    const char *const answers[] = {fixed, NULL};
    co_stream *stream;
    co_listener *listener;
    memset(name, 'n', 300);
    name[300] = '\0';
    co_address address;
    CHECK_INT(co_resolve(name, 80, NULL, &address), CO_EINVALID);
    CHECK(strncmp(co_explain(CO_EINVALID), "\"nnnn", 5) == 0);
    CHECK(strstr(co_explain(CO_EINVALID), "n\" cannot be the name of a host"));

    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    unsigned gone = co_address_port(co_listener_address(listener));
    co_listener_close(listener);
    snprintf(where, sizeof where, "%.150s.test:%u", name, gone);
    snprintf(fixed, sizeof fixed, "%s:127.0.0.1", where);
    CHECK_INT(
        co_dial(&stream, where, &(struct co_dial_options){.answers = answers}), -ECONNREFUSED);
    CHECK(strncmp(co_explain(-ECONNREFUSED), "cannot connect to nnnn", 22) == 0);
    return 0;
}

/* A name server that never answers. */
FIBER_TEST(gives_up_at_its_own_deadline)
{
    char conf[64], text[64], where[CO_ADDRESS_TEXT_MAX];
    co_socket *silent;
    co_stream *stream;
    REQUIRE(co_udp_bind(&silent, "127.0.0.1:0") == 0);
    snprintf(text, sizeof text, "nameserver %s\n", co_address_text(co_udp_address(silent), where));
    file_write(conf, text);
    struct co_resolve_options resolve_options = {
        .hosts_file = "/nonexistent", .nsswitch = "/nonexistent", .resolv_conf = conf};
    struct co_dial_options options = {.timeout_ms = 50, .resolve = &resolve_options};
    CHECK_INT(co_dial(&stream, "slow.example:80", &options), CO_EDEADLINE);
    CHECK_STRING(co_explain(CO_EDEADLINE), "cannot connect to slow.example:80: no answer in "
                                           "time (is the address right, or does a firewall "
                                           "drop it?)");
    CHECK_INT(co_status(), 0);
    co_udp_close(silent);
    unlink(conf);
    return 0;
}

FIBER_TEST(a_scope_that_is_over_before_the_first_attempt_is_told_so)
{
    co_stream *stream;
    co_scope scope;
    co_scope_open(&scope, 0);
    CHECK_INT(co_dial(&stream, "127.0.0.1:80", NULL), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(races_addresses_rfc8305_5),
        cmocka_unit_test(a_race_that_is_cancelled_leaves_nothing),
        cmocka_unit_test(families_take_turns_rfc8305_4),
        cmocka_unit_test(numbers_and_special_names_need_no_look_up_rfc6761),
        cmocka_unit_test(hosts_file_comes_first_and_may_be_missing),
        cmocka_unit_test(asks_the_server_of_resolv_conf),
        cmocka_unit_test(dials_by_name_number_and_port),
        cmocka_unit_test(asks_again_for_the_family_that_it_did_not_wait_for_rfc8305_3),
        cmocka_unit_test(dials_unix_sockets),
        cmocka_unit_test(a_unix_server_that_is_busy_is_waited_for),
        cmocka_unit_test(refuses_bad_addresses_with_a_reason),
        cmocka_unit_test(shows_the_beginning_of_a_name_too_long_to_be_shown),
        cmocka_unit_test(a_scope_that_is_over_before_the_first_attempt_is_told_so),
        cmocka_unit_test(gives_up_at_its_own_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

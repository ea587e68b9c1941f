/* SPDX-License-Identifier: MIT */
/* Serving: the accept loop, its limits, access rules, exhausted descriptors, kinds of sockets. */
#include "fibers.h"

#include "falsify.h"
#include "net/access.h"
#include "net/protocol.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A server, in a group of its own. */
struct server {
    const char *where;   /* NULL: 127.0.0.1, any port */
    co_handler *handler; /* NULL: echo */
    co_group group;
    struct co_serve_options options;
    int result, failed, failed_with, running, most;
    char at[CO_ADDRESS_TEXT_MAX];
};

static void listening(void *arg, const co_address *address)
{
    struct server *server = arg;
    co_address_text(address, server->at);
    co_ready(1);
}

static void failed(void *arg, co_stream *stream, int error)
{
    struct server *server = arg;
    CHECK(co_peer(stream)[0] != '\0');
    server->failed++;
    server->failed_with = error;
}

static int serve(void *arg)
{
    struct server *server = arg;
    server->options.listening = listening;
    server->options.failed = failed;
    server->options.arg = server;
    server->result = co_serve(server->where, server->handler, server, &server->options);
    return server->result;
}

static int client_connect(const struct server *server, co_stream **ret)
{
    co_address address;
    int rc = co_address_parse(server->at, -1, &address);
    return rc < 0 ? rc : co_connect(ret, &address);
}

/* Echoes a byte at a time until the end. */
static int echo(co_stream *stream, void *arg)
{
    struct server *server = arg;
    char c;
    ssize_t n;
    server->running++;
    server->most = server->running > server->most ? server->running : server->most;
    while ((n = co_read(stream, &c, 1)) > 0)
        co_write(stream, &c, 1);
    server->running--;
    return (int)n;
}

/* Starts the server and waits until it listens. */
static int server_start(struct server *server)
{
    if (!server->where)
        server->where = "127.0.0.1:0";
    if (!server->handler)
        server->handler = echo;
    co_group_open(&server->group, NULL);
    return co_start(&server->group, serve, server, NULL);
}

/* Its end in good order. */
static int server_drain(struct server *server)
{
    co_group_drain(&server->group);
    return co_group_close(&server->group);
}

static int exchange(co_stream *stream, char c)
{
    char answer = 0;
    int rc = co_write(stream, &c, 1);
    ssize_t n = rc < 0 ? rc : co_read(stream, &answer, 1);
    return n < 0 ? (int)n : n == 1 && answer == c ? 0 : -EPROTO;
}

FIBER_TEST(a_server_serves_until_it_is_drained)
{
    struct server server = {0};
    co_stream *clients[3], *late;
    REQUIRE(server_start(&server) == 0);
    for (int i = 0; i < 3; i++) {
        REQUIRE(client_connect(&server, &clients[i]) == 0);
        CHECK_INT(exchange(clients[i], 'a'), 0);
    }
    co_group_drain(&server.group);
    co_sleep(2);
    CHECK_INT(exchange(clients[0], 'b'), 0); /* what runs goes on */
    CHECK_INT(client_connect(&server, &late), -ECONNREFUSED);
    for (int i = 0; i < 3; i++)
        CHECK_INT(co_close(clients[i]), 0);
    CHECK_INT(co_group_close(&server.group), 0);
    CHECK_INT(server.result, 0);
    CHECK_INT(server.most, 3);
    CHECK_INT(server.failed, 0);
    return 0;
}

FIBER_TEST(a_cancelled_server_ends_with_its_handlers)
{
    struct server server = {0};
    co_stream *client;
    REQUIRE(server_start(&server) == 0);
    REQUIRE(client_connect(&server, &client) == 0);
    CHECK_INT(exchange(client, 'a'), 0);
    co_group_cancel(&server.group);
    CHECK_INT(co_group_close(&server.group), CO_ECANCELED);
    CHECK_INT(server.result, CO_ECANCELED);
    CHECK_INT(server.failed_with, CO_ECANCELED);
    co_abort(client);
    return 0;
}

static int fail_at_once(co_stream *stream, void *arg)
{
    (void)stream, (void)arg;
    return -ENOTSUP;
}

FIBER_TEST(a_failing_handler_is_told_of_and_ends_nobody_else)
{
    struct server server = {.handler = fail_at_once};
    REQUIRE(server_start(&server) == 0);
    for (int i = 0; i < 3; i++) {
        co_stream *client;
        char c;
        REQUIRE(client_connect(&server, &client) == 0);
        CHECK(co_read(client, &c, 1) <= 0);
        co_abort(client);
    }
    CHECK_INT(server_drain(&server), 0);
    CHECK_INT(server.failed, 3);
    CHECK_INT(server.failed_with, -ENOTSUP);
    return 0;
}

FIBER_TEST(connections_max_leaves_the_rest_in_the_backlog)
{
    struct server server = {.options.connections_max = 2};
    co_stream *clients[4];
    REQUIRE(server_start(&server) == 0);
    for (int i = 0; i < 4; i++)
        REQUIRE(client_connect(&server, &clients[i]) == 0);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(exchange(clients[i], 'x'), 0); /* each when there is a place */
        CHECK_INT(co_close(clients[i]), 0);
    }
    CHECK_INT(server_drain(&server), 0);
    CHECK_INT(server.most, 2);
    return 0;
}

FIBER_TEST(an_address_in_use_is_explained)
{
    struct server server = {0};
    co_listener *listener;
    REQUIRE(server_start(&server) == 0);
    CHECK_INT(co_listen(&listener, server.at, NULL), -EADDRINUSE);
    CHECK(strstr(co_explain(-EADDRINUSE), server.at) != NULL);
    CHECK_INT(co_listen(&listener, "127.0.0.1", NULL), CO_EADDRESS);
    CHECK_INT(server_drain(&server), 0);
    return 0;
}

static int accept_one(void *arg)
{
    co_stream *stream;
    int rc = co_accept(&stream, (co_listener *)arg);
    if (rc < 0)
        return rc;
    char c;
    CHECK_INT(co_read(stream, &c, 1), 0);
    return co_close(stream);
}

FIBER_TEST(several_fibers_may_accept)
{
    co_listener *listener;
    co_stream *client;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_group group;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    for (int i = 0; i < 3; i++)
        co_go(&group, accept_one, listener);
    REQUIRE(co_connect(&client, co_listener_address(listener)) == 0);
    co_sleep(2);
    co_group_drain(&group);
    CHECK_INT(co_close(client), 0);
    CHECK_INT(co_group_close(&group), CO_EDRAIN);
    co_listener_close(listener);
    return 0;
}

/* ---- access rules ---------------------------------------------------------------------------- */

static const struct ruling {
    const char *rules; /* "+CIDR -CIDR ..." */
    const char *peer;
    bool allowed;
} rulings[] = {
    {"", "10.0.0.1:1", true},
    {"-10.0.0.0/8", "10.0.0.1:1", false},
    {"-10.0.0.0/8", "11.0.0.1:1", true},
    {"+10.0.0.0/8", "10.255.255.255:1", true},
    {"+10.0.0.0/8", "11.0.0.1:1", false},
    {"-10.0.0.0/8 +10.1.0.0/16", "10.1.2.3:1", true},
    {"+10.1.0.0/16 -10.0.0.0/8", "10.1.2.3:1", true},
    {"+10.1.0.0/16 -10.0.0.0/8", "10.2.2.3:1", false},
    {"+10.0.0.0/8 -10.1.2.3", "10.1.2.3:1", false},
    {"+10.0.0.0/8 -10.1.2.3", "10.1.2.4:1", true},
    {"+10.0.0.0/8 -10.0.0.0/8", "10.1.2.4:1", false},
    {"-10.0.0.0/8 +10.0.0.0/8", "10.1.2.4:1", false},
    {"+10.9.9.9/8", "10.1.2.4:1", true},
    {"+10.0.0.128/25", "10.0.0.127:1", false},
    {"+10.0.0.128/25", "10.0.0.128:1", true},
    {"-10.0.0.1", "[::ffff:10.0.0.1]:1", false},
    {"-::ffff:10.0.0.1", "10.0.0.1:1", false},
    {"-0.0.0.0/0", "10.0.0.1:1", false},
    {"-0.0.0.0/0", "[2001:db8::1]:1", true},
    {"-::/0", "10.0.0.1:1", false},
    {"+2001:db8::/32", "[2001:db8:ffff::1]:1", true},
    {"+2001:db8::/32", "[2001:db9::1]:1", false},
    {"-2001:db8::/32 +2001:db8::/33", "[2001:db8:7fff::1]:1", true},
    {"-2001:db8::/32 +2001:db8::/33", "[2001:db8:8000::1]:1", false},
    {"+10.0.0.1", "unix:/run/x", true},
};

static int rules_set(co_access *access, const char *rules)
{
    char text[200], *rest = NULL;
    snprintf(text, sizeof text, "%s", rules);
    for (char *rule = strtok_r(text, " ", &rest); rule; rule = strtok_r(NULL, " ", &rest)) {
        int rc = co_access_rule(access, rule + 1, *rule == '+');
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void the_most_specific_rule_wins_and_deny_wins_ties(void **state)
{
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(rulings); i++) {
        co_access *access;
        co_address peer;
        assert_int_equal(co_access_new(&access, 0, 0), 0);
        assert_int_equal(rules_set(access, rulings[i].rules), 0);
        assert_int_equal(co_address_parse(rulings[i].peer, -1, &peer), 0);
        if ((co_access_enter(access, &peer) == 0) != rulings[i].allowed)
            fail_msg("%s by \"%s\"", rulings[i].peer, rulings[i].rules);
        co_access_free(access);
    }
    co_access_free(NULL);
}

static void what_is_no_cidr_is_refused(void **state)
{
    static const char *const bad[] = {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "::/129",
        "10.0.0.0/8x", "10.0.0.0/-1", "host", "10.0.0.1:80", "[::1]", "::1%lo"};
    co_access *access;
    (void)state;
    assert_int_equal(co_access_new(&access, 0, 0), 0);
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        if (co_access_rule(access, bad[i], true) != -EINVAL)
            fail_msg("taken: \"%s\"", bad[i]);
    co_access_free(access);
}

static int enter(co_access *access, const char *text)
{
    co_address peer;
    int rc = co_address_parse(text, -1, &peer);
    return rc < 0 ? rc : co_access_enter(access, &peer);
}

static void an_address_or_a_64_prefix_counts_as_one_client(void **state)
{
    co_access *access;
    (void)state;
    assert_int_equal(co_access_new(&access, 5, 2), 0);
    assert_int_equal(enter(access, "10.0.0.1:1"), 0);
    assert_int_equal(enter(access, "[::ffff:10.0.0.1]:2"), 0);
    assert_int_equal(enter(access, "10.0.0.1:3"), -EUSERS);
    assert_int_equal(enter(access, "10.0.0.2:1"), 0);
    assert_int_equal(enter(access, "[2001:db8::1]:1"), 0);
    assert_int_equal(enter(access, "[2001:db8::ffff:ffff]:1"), 0);
    assert_int_equal(enter(access, "[2001:db8:0:1::1]:1"), -EUSERS); /* five in all */
    co_access_free(access);
}

FIBER_TEST(a_refused_client_is_cut_off_and_a_place_comes_back)
{
    struct server server = {0};
    co_stream *first, *second;
    REQUIRE(co_access_new(&server.options.listen.access, 0, 1) == 0);
    REQUIRE(server_start(&server) == 0);
    REQUIRE(client_connect(&server, &first) == 0);
    CHECK_INT(exchange(first, 'a'), 0);
    if (client_connect(&server, &second) == 0) {
        CHECK(exchange(second, 'b') < 0);
        co_abort(second);
    }
    CHECK_INT(co_close(first), 0);
    co_sleep(5);
    REQUIRE(client_connect(&server, &second) == 0);
    CHECK_INT(exchange(second, 'c'), 0);
    CHECK_INT(co_close(second), 0);
    CHECK_INT(server_drain(&server), 0);
    co_access_free(server.options.listen.access);
    return 0;
}

/* ---- exhausted descriptors ------------------------------------------------------------------- */

/* Takes every descriptor that is left below the limit; gives how many. */
static int take_descriptors(int *taken, int most)
{
    int count = 0, fd;
    while (count < most && (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        taken[count++] = fd;
    return count;
}

KERNEL_TEST(without_descriptors_the_server_waits_and_recovers)
{
    struct server server = {0};
    struct rlimit before, low;
    int taken[128];
    co_stream *client;
    if (RUNNING_ON_VALGRIND) /* it keeps descriptors and a limit of its own */
        return 0;
    REQUIRE(server_start(&server) == 0);
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(2);
    close(next);
    low = (struct rlimit){(rlim_t)next + 20, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    int count = take_descriptors(taken, 128);
    CHECK(count > 0);
    close(taken[--count]); /* one for the client, none for the server */
    CHECK_INT(client_connect(&server, &client), 0);
    struct rusage used, after;
    getrusage(RUSAGE_SELF, &used);
    co_sleep(200);
    getrusage(RUSAGE_SELF, &after);
    long cpu_us = (after.ru_utime.tv_sec - used.ru_utime.tv_sec) * 1000000L +
                  after.ru_utime.tv_usec - used.ru_utime.tv_usec;
    CHECK(IS_SLOW || cpu_us < 50000); /* it does not spin */
    CHECK_INT(server.running, 0);
    while (count > 0)
        close(taken[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(exchange(client, 'x'), 0);
    CHECK_INT(co_close(client), 0);
    CHECK_INT(server_drain(&server), 0);
    return 0;
}

#define REFUSALS 40

static unsigned refusals_left;

static bool submit_or_exhaust(struct co_rt *rt, struct co_op *op)
{
    static const int errors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    if (op->code != CO_OP_ACCEPT || refusals_left == 0)
        return honest->submit(rt, op);
    op->result = -errors[refusals_left-- % CO_LENGTH(errors)];
    return true;
}

/* M13: the whole machine may have run out, too; each time is waited out. */
VIRTUAL_TEST(all_kinds_of_exhaustion_are_waited_out)
{
    struct server server = {0};
    co_stream *first, *second;
    REQUIRE(server_start(&server) == 0);
    falsify()->submit = submit_or_exhaust;
    refusals_left = REFUSALS;
    REQUIRE(client_connect(&server, &first) == 0); /* the accept that waits already gets this one */
    REQUIRE(exchange(first, 'a') == 0);
    int64_t start = co_now_ns();
    REQUIRE(client_connect(&server, &second) == 0);
    CHECK_INT(exchange(second, 'b'), 0);
    CHECK_INT(refusals_left, 0);
    CHECK((co_now_ns() - start) / CO_MS >= REFUSALS * 10);
    falsify_end();
    co_abort(first);
    co_abort(second);
    CHECK_INT(server_drain(&server), 0);
    return 0;
}

/* ---- a protocol's server at a listener of the caller's ----------------------------------------
 */

static int say_hi(co_stream *stream, void *arg)
{
    (void)arg;
    return co_write(stream, "hi", 2);
}

struct at_listener {
    struct co_protocol protocol;
    co_listener *listener;
};

static int serve_at_listener(void *arg)
{
    const struct at_listener *at = arg;
    return co_protocol_serve_listener(&at->protocol, at->listener);
}

/* What a visitor gets to read. */
static ssize_t visit_listener(co_listener *listener, co_access *access)
{
    struct at_listener at = {
        .protocol = {.handler = say_hi, .access = access}, .listener = listener};
    co_stream *stream;
    co_group group;
    char text[2];
    co_group_open(&group, NULL);
    co_go(&group, serve_at_listener, &at);
    ssize_t n = co_connect(&stream, co_listener_address(listener));
    if (n == 0) {
        n = co_read_full(stream, text, sizeof text);
        co_abort(stream);
    }
    co_group_drain(&group);
    CHECK_INT(co_group_close(&group), 0);
    return n;
}

FIBER_TEST(a_server_asks_its_rules_at_any_listener_and_leaves_none_there)
{
    co_listener *listener;
    co_access *access;
    REQUIRE(co_access_new(&access, 0, 0) == 0);
    CHECK_INT(co_access_rule(access, "127.0.0.0/8", false), 0);
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    CHECK_INT(visit_listener(listener, NULL), 2);
    CHECK_INT(visit_listener(listener, access), -ECONNRESET);
    co_access_free(access);
    CHECK_INT(visit_listener(listener, NULL), 2);
    co_listener_close(listener);
    return 0;
}

/* ---- Unix sockets, adopted ones -------------------------------------------------------------- */

static int serve_once(struct server *server)
{
    co_stream *client;
    REQUIRE(server_start(server) == 0);
    REQUIRE(client_connect(server, &client) == 0);
    CHECK_INT(exchange(client, 'u'), 0);
    CHECK(strcmp(co_peer(client), server->at) == 0);
    CHECK_INT(co_close(client), 0);
    CHECK_INT(server_drain(server), 0);
    return 0;
}

/* A socket file that nobody listens on, as a killed server leaves it. */
static int stale_file(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
    close(fd);
    return rc;
}

KERNEL_TEST(a_unix_socket_replaces_a_stale_file_and_removes_its_own)
{
    char where[64];
    struct stat found;
    snprintf(where, sizeof where, "unix:/tmp/coronet-serve-socket-%d", getpid());
    struct server server = {.where = where};
    co_listener *listener, *second;
    REQUIRE(serve_once(&server) == 0);
    CHECK_INT(access(where + 5, F_OK), -1);
    REQUIRE(stale_file(where + 5) == 0);
    REQUIRE(serve_once(&server) == 0);
    CHECK_INT(access(where + 5, F_OK), -1);

    REQUIRE(co_listen(&listener, where, &(struct co_listen_options){.unix_mode = 0660}) == 0);
    CHECK_INT(stat(where + 5, &found), 0);
    CHECK_INT(found.st_mode & 0777, 0660);
    CHECK_INT(co_listen(&second, where, NULL), -EADDRINUSE); /* somebody listens */
    CHECK_INT(access(where + 5, F_OK), 0);
    co_listener_close(listener);

    int file = open(where + 5, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_INT(co_listen(&second, where, NULL), -EADDRINUSE); /* no socket: not ours to replace */
    CHECK_INT(access(where + 5, F_OK), 0);
    close(file);
    unlink(where + 5);
    return 0;
}

KERNEL_TEST(a_socket_file_whose_server_is_busy_is_in_use)
{
    char where[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    co_listener *listener, *second;
    co_scope scope;
    int clients[8];
    snprintf(where, sizeof where, "unix:/tmp/coronet-serve-busy-%d", getpid());
    snprintf(address.sun_path, sizeof address.sun_path, "%s", where + 5);
    REQUIRE(co_listen(&listener, where, &(struct co_listen_options){.backlog = 1}) == 0);
    int count = 0, rc = 0;
    while (rc == 0 && count < 8) {
        clients[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        rc = connect(clients[count++], (const struct sockaddr *)&address, sizeof address);
    }
    CHECK_INT(errno, EAGAIN);
    co_scope_open(&scope, 2000);
    CHECK_INT(co_listen(&second, where, NULL), -EADDRINUSE); /* at once */
    CHECK_INT(co_scope_close(&scope), 0);
    while (count > 0)
        close(clients[--count]);
    co_listener_close(listener);
    return 0;
}

/* In virtual time there are none of the system's. */
VIRTUAL_TEST(a_descriptor_that_cannot_be_taken_over_is_closed)
{
    char where[16];
    co_listener *listener;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(where, sizeof where, "fd:%d", fd);
    CHECK_INT(co_listen(&listener, where, NULL), -ENOSYS);
    CHECK_INT(fcntl(fd, F_GETFD), -1);
    return 0;
}

FIBER_TEST(a_path_that_is_no_sockets_is_told_so)
{
    char where[200] = "unix:";
    co_listener *listener;
    memset(where + 5, 'p', 120);
    CHECK_INT(co_listen(&listener, where, NULL), CO_EADDRESS);
    CHECK(strstr(co_explain(CO_EADDRESS), "it must have 1 to 107 bytes"));
    return 0;
}

KERNEL_TEST(an_abstract_socket_has_no_file)
{
    char where[64];
    snprintf(where, sizeof where, "unix:@coronet-serve-%d", getpid());
    struct server server = {.where = where};
    return serve_once(&server);
}

KERNEL_TEST(an_open_socket_is_taken_over)
{
    char where[16];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    snprintf(where, sizeof where, "fd:%d", fd);
    struct server server = {.where = where};
    REQUIRE(serve_once(&server) == 0);
    CHECK_INT(fcntl(fd, F_GETFD), -1); /* and closed with the listener */
    co_listener *listener;
    CHECK_INT(co_listen(&listener, where, NULL), -EBADF);
    CHECK_INT(co_listen(&listener, "fd:x", NULL), CO_EADDRESS);
    return 0;
}

KERNEL_TEST(every_interface_means_both_families)
{
    co_listener *listener;
    co_stream *client, *stream;
    co_address v4;
    char text[CO_ADDRESS_TEXT_MAX];
    REQUIRE(co_listen(&listener, "*:0", NULL) == 0);
    snprintf(text, sizeof text, "127.0.0.1:%u", co_address_port(co_listener_address(listener)));
    REQUIRE(co_address_parse(text, -1, &v4) == 0);
    REQUIRE(co_connect(&client, &v4) == 0);
    REQUIRE(co_accept(&stream, listener) == 0);
    CHECK(strncmp(co_peer(stream), "127.0.0.1:", 10) == 0); /* not "::ffff:127.0.0.1" */
    co_abort(client);
    co_abort(stream);
    co_listener_close(listener);
    co_listener_close(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_serves_until_it_is_drained),
        cmocka_unit_test(a_cancelled_server_ends_with_its_handlers),
        cmocka_unit_test(a_failing_handler_is_told_of_and_ends_nobody_else),
        cmocka_unit_test(connections_max_leaves_the_rest_in_the_backlog),
        cmocka_unit_test(an_address_in_use_is_explained),
        cmocka_unit_test(several_fibers_may_accept),
        cmocka_unit_test(the_most_specific_rule_wins_and_deny_wins_ties),
        cmocka_unit_test(what_is_no_cidr_is_refused),
        cmocka_unit_test(an_address_or_a_64_prefix_counts_as_one_client),
        cmocka_unit_test(a_refused_client_is_cut_off_and_a_place_comes_back),
        cmocka_unit_test(without_descriptors_the_server_waits_and_recovers),
        cmocka_unit_test(all_kinds_of_exhaustion_are_waited_out),
        cmocka_unit_test(a_server_asks_its_rules_at_any_listener_and_leaves_none_there),
        cmocka_unit_test(a_unix_socket_replaces_a_stale_file_and_removes_its_own),
        cmocka_unit_test(a_socket_file_whose_server_is_busy_is_in_use),
        cmocka_unit_test(a_descriptor_that_cannot_be_taken_over_is_closed),
        cmocka_unit_test(a_path_that_is_no_sockets_is_told_so),
        cmocka_unit_test(an_abstract_socket_has_no_file),
        cmocka_unit_test(an_open_socket_is_taken_over),
        cmocka_unit_test(every_interface_means_both_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

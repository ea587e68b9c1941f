/* SPDX-License-Identifier: MIT */
/* Control connections that go from one file to the next, and no further than they may (C02). */
#include "fibers.h"
#include "ftp/client.h"
#include "http/retry.h"
#include "net/address.h"
#include "transfer/ftp_pool.h"

#define IDLE_MAX 32 /* the pool's */

/* A server that counts what is said to it. */
struct server {
    co_group group;
    co_listener *listener;
    unsigned port, sessions, logins, noops, quits;
    const char *greeting;        /* NULL: the usual one */
    const char *user_reply;      /* to USER; NULL: the usual one */
    const char *delete_reply;    /* to DELE, and the session ends; NULL: the usual one */
    int64_t idle_s;              /* after which a session is ended by 421; 0: never */
    unsigned inside, inside_max; /* sessions that are logged in; 0: any number may be */
    const char *full;            /* to PASS when there are as many; "": it hangs up */
    int64_t lifted_ns;           /* from then on any number may be; 0: never */
    int64_t login_ms;            /* how long it takes to let somebody in */
    int64_t full_ms;             /* how long it takes to say that it is full */
    const char *pass_reply;      /* to PASS, and nobody comes in; NULL: the usual one */
};

static const char *reply_to(struct server *server, const char *line)
{
    if (strncmp(line, "USER", 4) == 0)
        return server->user_reply ? server->user_reply : "331 Now the password";
    if (strncmp(line, "PASS", 4) == 0) {
        server->logins++;
        if (server->pass_reply)
            return server->pass_reply;
        if (server->inside_max && server->inside == server->inside_max &&
            (server->lifted_ns == 0 || co_now_ns() < server->lifted_ns)) {
            co_sleep(server->full_ms);
            return server->full;
        }
        server->inside++;
        co_sleep(server->login_ms);
        return "230 In";
    }
    if (strncmp(line, "NOOP", 4) == 0) {
        server->noops++;
        return "200 Well";
    }
    if (strncmp(line, "EPSV", 4) == 0)
        return "";
    if (strncmp(line, "DELE", 4) == 0)
        return server->delete_reply ? server->delete_reply : "250 Gone";
    return "502 What?";
}

/* One command. False: the session is over. */
static bool attend(struct server *server, co_stream *stream, bool *inside)
{
    char line[256];
    co_scope scope;
    co_scope_open(&scope, server->idle_s ? server->idle_s * 1000 : -1);
    ssize_t n = co_read_line(stream, line, sizeof line);
    bool late = co_scope_close(&scope) == CO_EDEADLINE;
    if (late)
        co_print(stream, "421 Idle for too long\r\n");
    if (n <= 0 || late)
        return false;
    if (strncmp(line, "QUIT", 4) == 0) {
        server->quits++;
        co_print(stream, "221 Bye\r\n");
        return false;
    }
    const char *reply = reply_to(server, line);
    *inside |= strcmp(reply, "230 In") == 0;
    if (!*reply)
        return false;
    return co_print(stream, "%s\r\n", reply) == 0 && strncmp(reply, "421", 3) != 0;
}

static int serve_one(co_stream *stream, void *arg)
{
    struct server *server = arg;
    bool inside = false;
    server->sessions++;
    co_print(stream, "%s\r\n", server->greeting ? server->greeting : "220 Hello");
    while (!server->greeting && attend(server, stream, &inside))
        continue;
    server->inside -= inside;
    return 0;
}

static int serve(void *arg)
{
    struct server *server = arg;
    return co_serve_listener(server->listener, serve_one, server, NULL);
}

static int start(struct server *server)
{
    int rc = co_listen(&server->listener, "127.0.0.1:0", NULL);
    if (rc < 0)
        return rc;
    server->port = co_address_port(co_listener_address(server->listener));
    co_group_open(&server->group, NULL);
    co_go_with(&server->group, &(struct co_go_options){.name = "server", .background = true}, serve,
        server);
    return 0;
}

static void stop(struct server *server)
{
    CHECK_INT(co_group_close(&server->group), 0);
    co_listener_close(server->listener);
}

/* The pool and a place of it. */
struct rig {
    struct server server;
    struct co_http_client_options options;
    struct co_ftp_pool *pool;
    struct co_ftp_place place;
};

static int name_place(
    const struct rig *rig, const char *scheme, const char *who, struct co_ftp_place *ret)
{
    char url[128];
    snprintf(url, sizeof url, "%s://%slocalhost:%u/", scheme, who, rig->server.port);
    return co_ftp_place_parse(ret, url, NULL);
}

static int open_rig(struct rig *rig)
{
    rig->options.family = AF_INET;
    int rc = start(&rig->server);
    if (rc == 0)
        rc = co_ftp_pool_new(&rig->pool, &rig->options, false);
    return rc < 0 ? rc : name_place(rig, "ftp", "ann:pw@", &rig->place);
}

static void close_rig(struct rig *rig)
{
    co_ftp_pool_free(rig->pool);
    co_ftp_place_free(&rig->place);
    stop(&rig->server);
}

static int take(struct rig *rig, const struct co_ftp_place *place, co_ftp_client **ret)
{
    int status;
    return co_ftp_pool_take(rig->pool, place, ret, &status);
}

/* Takes one, says something over it, and gives it back. */
static int use(struct rig *rig, const struct co_ftp_place *place)
{
    co_ftp_client *client;
    int rc = take(rig, place, &client);
    if (rc < 0)
        return rc;
    rc = co_ftp_delete(client, "x");
    co_ftp_pool_give(rig->pool, place, client);
    return rc;
}

/* ---- keeping --------------------------------------------------------------------------------- */

VIRTUAL_TEST(a_connection_goes_from_one_file_to_the_next)
{
    struct rig rig = {0};
    REQUIRE(open_rig(&rig) == 0);
    for (int i = 0; i < 5; i++)
        CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.logins, 1);
    CHECK_INT(rig.server.noops, 0);
    close_rig(&rig);
    CHECK_INT(rig.server.quits, 1);
    return 0;
}

VIRTUAL_TEST(as_many_are_kept_as_are_used_at_once)
{
    struct rig rig = {0};
    co_ftp_client *clients[3];
    REQUIRE(open_rig(&rig) == 0);
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < CO_LENGTH(clients); i++)
            CHECK_INT(take(&rig, &rig.place, &clients[i]), 0);
        for (size_t i = 0; i < CO_LENGTH(clients); i++)
            co_ftp_pool_give(rig.pool, &rig.place, clients[i]);
    }
    CHECK_INT(rig.server.logins, CO_LENGTH(clients));
    close_rig(&rig);
    CHECK_INT(rig.server.quits, CO_LENGTH(clients));
    return 0;
}

VIRTUAL_TEST(what_one_server_did_not_bear_the_next_is_spared)
{
    struct rig rig = {0};
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(take(&rig, &rig.place, &client), 0);
    CHECK(!client->options.one_by_one);
    CHECK_INT(co_ftp_download_open(&transfer, client, "f", 0), CO_EEOF);
    co_ftp_pool_give(rig.pool, &rig.place, client);
    CHECK_INT(take(&rig, &rig.place, &client), 0);
    CHECK(client->options.one_by_one);
    co_ftp_pool_give(rig.pool, &rig.place, client);
    close_rig(&rig);
    return 0;
}

VIRTUAL_TEST(one_that_was_idle_for_long_is_asked_whether_it_is_there)
{
    struct rig rig = {0};
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(use(&rig, &rig.place), 0);
    co_sleep(3000);
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.noops, 1);
    CHECK_INT(rig.server.logins, 1);
    close_rig(&rig);
    return 0;
}

VIRTUAL_TEST(one_that_the_server_has_ended_is_replaced)
{
    struct rig rig = {.server.idle_s = 5};
    REQUIRE(open_rig(&rig) == 0);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_INT(use(&rig, &rig.place), 0);
        CHECK_INT(rig.server.logins, i);
        co_sleep(10000);
    }
    close_rig(&rig);
    return 0;
}

VIRTUAL_TEST(no_more_are_kept_than_the_limit)
{
    struct rig rig = {0};
    static co_ftp_client *clients[IDLE_MAX + 8];
    REQUIRE(open_rig(&rig) == 0);
    for (size_t i = 0; i < CO_LENGTH(clients); i++)
        CHECK_INT(take(&rig, &rig.place, &clients[i]), 0);
    for (size_t i = 0; i < CO_LENGTH(clients); i++)
        co_ftp_pool_give(rig.pool, &rig.place, clients[i]);
    CHECK_INT(rig.server.quits, 8);
    close_rig(&rig);
    CHECK_INT(rig.server.quits, CO_LENGTH(clients));
    return 0;
}

/* ---- whose ----------------------------------------------------------------------------------- */

/* Another login of its own: never the one that lies there. */
VIRTUAL_TEST(a_login_is_nobody_elses_c02)
{
    static const char *const others[] = {"bob:pw@", "ann:other@", "ann@", "", "ann%3Apw:@"};
    struct rig rig = {0};
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(use(&rig, &rig.place), 0);
    for (unsigned i = 0; i < CO_LENGTH(others); i++) {
        struct co_ftp_place other;
        CHECK_INT(name_place(&rig, "ftp", others[i], &other), 0);
        CHECK_INT(use(&rig, &other), 0);
        CHECK_INT(rig.server.logins, i + 2);
        CHECK_INT(use(&rig, &other), 0);
        CHECK_INT(rig.server.logins, i + 2);
        co_ftp_place_free(&other);
    }
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.logins, CO_LENGTH(others) + 1);
    close_rig(&rig);
    return 0;
}

VIRTUAL_TEST(what_is_in_clear_is_not_taken_for_tls_c02)
{
    static const char *const schemes[] = {"ftpes", "ftps"};
    struct rig rig = {0};
    has_foreign_draws = true;
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(use(&rig, &rig.place), 0);
    rig.options.connect_ms = 1000;
    for (unsigned i = 0; i < CO_LENGTH(schemes); i++) {
        struct co_ftp_place other;
        CHECK_INT(name_place(&rig, schemes[i], "ann:pw@", &other), 0);
        CHECK_INT(use(&rig, &other), CO_ETLS);
        CHECK_INT(rig.server.sessions, i + 2);
        co_ftp_place_free(&other);
    }
    CHECK_INT(rig.server.logins, 1);
    close_rig(&rig);
    return 0;
}

/* Trust, way and the kind of transfers are of the connection as well. */
VIRTUAL_TEST(a_connection_by_another_way_is_another_one_c02)
{
    struct rig rig = {0};
    co_tls *tls;
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(use(&rig, &rig.place), 0);
    rig.options.proxies.ftp = "socks5://127.0.0.1:1";
    CHECK_INT(use(&rig, &rig.place), -ECONNREFUSED);
    rig.options.proxies.none = "localhost";
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.logins, 1);
    REQUIRE(co_tls_client(&tls, NULL) == 0);
    rig.options.tls = tls;
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.logins, 2);
    rig.place.ascii = true;
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(rig.server.logins, 3);
    close_rig(&rig);
    co_tls_free(tls);
    return 0;
}

static int give_later(void *arg)
{
    struct rig *rig = arg;
    co_ftp_client *client;
    CHECK_INT(take(rig, &rig->place, &client), 0);
    co_sleep(50);
    co_ftp_pool_give(rig->pool, &rig->place, client);
    return 0;
}

VIRTUAL_TEST(what_is_given_back_during_a_refusal_is_taken)
{
    struct rig rig = {.server = {.inside_max = 1, .full = "530 Too many", .full_ms = 100}};
    co_group group;
    REQUIRE(open_rig(&rig) == 0);
    co_group_open(&group, NULL);
    co_go(&group, give_later, &rig);
    co_sleep(10);
    CHECK_INT(use(&rig, &rig.place), 0);
    CHECK_INT(co_group_close(&group), 0);
    close_rig(&rig);
    return 0;
}

/* ---- 421 ------------------------------------------------------------------------------------- */

/* May it be tried again, and not at once? */
static bool backs_off(int rc, int status)
{
    struct co_retry retry = {.limits.times = 1};
    return co_retry_wait_ms(&retry, &(struct co_retry_failure){rc, status, -1, true, 0}) >= 500;
}

VIRTUAL_TEST(a_server_that_is_busy_is_come_back_to_later)
{
    static struct rig greets = {.server.greeting = "421 Too many"},
                      asks = {.server.user_reply = "421 Too many"};
    static struct rig *const rigs[] = {&greets, &asks};
    for (size_t i = 0; i < CO_LENGTH(rigs); i++) {
        co_ftp_client *client;
        int status;
        REQUIRE(open_rig(rigs[i]) == 0);
        int rc = co_ftp_pool_take(rigs[i]->pool, &rigs[i]->place, &client, &status);
        CHECK_INT(rc, CO_ESTATUS);
        CHECK_INT(status, 503);
        CHECK(!client && backs_off(rc, status));
        close_rig(rigs[i]);
    }
    return 0;
}

VIRTUAL_TEST(one_that_ends_in_421_is_not_kept)
{
    struct rig rig = {.server.delete_reply = "421 I go"};
    co_ftp_client *client;
    REQUIRE(open_rig(&rig) == 0);
    for (unsigned i = 1; i <= 3; i++) {
        REQUIRE(take(&rig, &rig.place, &client) == 0);
        int rc = co_ftp_delete(client, "x");
        CHECK_INT(rc, CO_ESTATUS);
        CHECK(backs_off(rc, co_ftp_status(client, rc)));
        co_ftp_pool_give(rig.pool, &rig.place, client);
        CHECK_INT(rig.server.logins, i);
    }
    close_rig(&rig);
    CHECK_INT(rig.server.quits, 0);
    return 0;
}

/* ---- limits of the server -------------------------------------------------------------------- */

/* Somebody who uses one for a while. */
struct guest {
    struct rig *rig;
    int64_t stays_ms;
    unsigned *at_once, *most;
};

static int be_guest(void *arg)
{
    struct guest *guest = arg;
    co_ftp_client *client;
    int rc = take(guest->rig, &guest->rig->place, &client);
    if (rc < 0)
        return rc;
    if (++*guest->at_once > *guest->most)
        *guest->most = *guest->at_once;
    co_sleep(guest->stays_ms);
    --*guest->at_once;
    co_ftp_pool_give(guest->rig->pool, &guest->rig->place, client);
    return 0;
}

/* The first error of `count` guests at once; ret_most: how many were inside together. */
static int invite(struct rig *rig, unsigned count, int64_t stay_ms, unsigned *ret_most)
{
    unsigned at_once = 0;
    struct guest guest = {rig, stay_ms, &at_once, ret_most};
    co_group group;
    *ret_most = 0;
    co_group_open(&group, &(struct co_group_options){.keep_going = true});
    for (unsigned i = 0; i < count; i++)
        co_go(&group, be_guest, &guest);
    return co_group_close(&group);
}

VIRTUAL_TEST(a_server_that_lets_no_more_in_is_shared_by_those_who_are)
{
    static const char *const replies[] = {"530 Too many", "421 Too many", ""};
    static const unsigned limits[] = {1, 2, 3};
    for (size_t i = 0; i < CO_LENGTH(replies) * CO_LENGTH(limits); i++) {
        struct rig rig = {
            .server = {.full = replies[i % 3], .inside_max = limits[i / 3], .login_ms = 500}};
        unsigned most;
        REQUIRE(open_rig(&rig) == 0);
        CHECK_INT(invite(&rig, 8, 5000, &most), 0);
        CHECK_INT(most, limits[i / 3]);
        CHECK(rig.server.logins <= 8);
        CHECK_INT(invite(&rig, 8, 5000, &most), 0);
        CHECK_INT(most, limits[i / 3]);
        close_rig(&rig);
    }
    return 0;
}

VIRTUAL_TEST(a_limit_is_believed_for_a_while)
{
    struct rig rig = {.server = {.full = "421 Too many", .inside_max = 1}};
    unsigned most;
    REQUIRE(open_rig(&rig) == 0);
    rig.server.lifted_ns = co_now_ns() + CO_SECOND;
    CHECK_INT(invite(&rig, 3, 61000, &most), 0);
    CHECK_INT(most, 2);
    close_rig(&rig);
    return 0;
}

VIRTUAL_TEST(a_wrong_password_is_said_once_by_each)
{
    struct rig rig = {.server.pass_reply = "530 Wrong"};
    unsigned most;
    REQUIRE(open_rig(&rig) == 0);
    CHECK_INT(invite(&rig, 4, 0, &most), CO_ELOGIN);
    CHECK_INT(rig.server.logins, 4);
    CHECK_INT(most, 0);
    close_rig(&rig);
    return 0;
}

/* What is refused for good is not tried again. */
VIRTUAL_TEST(what_is_refused_leaves_the_connection_as_it_is)
{
    struct rig rig = {.server.delete_reply = "550 No"};
    co_ftp_client *client;
    REQUIRE(open_rig(&rig) == 0);
    for (int i = 0; i < 3; i++) {
        REQUIRE(take(&rig, &rig.place, &client) == 0);
        int rc = co_ftp_delete(client, "x");
        CHECK_INT(rc, CO_ESTATUS);
        CHECK(!backs_off(rc, co_ftp_status(client, rc)));
        co_ftp_pool_give(rig.pool, &rig.place, client);
    }
    CHECK_INT(rig.server.logins, 1);
    close_rig(&rig);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_goes_from_one_file_to_the_next),
        cmocka_unit_test(as_many_are_kept_as_are_used_at_once),
        cmocka_unit_test(what_one_server_did_not_bear_the_next_is_spared),
        cmocka_unit_test(one_that_was_idle_for_long_is_asked_whether_it_is_there),
        cmocka_unit_test(one_that_the_server_has_ended_is_replaced),
        cmocka_unit_test(no_more_are_kept_than_the_limit),
        cmocka_unit_test(a_login_is_nobody_elses_c02),
        cmocka_unit_test(what_is_in_clear_is_not_taken_for_tls_c02),
        cmocka_unit_test(a_connection_by_another_way_is_another_one_c02),
        cmocka_unit_test(what_is_given_back_during_a_refusal_is_taken),
        cmocka_unit_test(a_server_that_is_busy_is_come_back_to_later),
        cmocka_unit_test(one_that_ends_in_421_is_not_kept),
        cmocka_unit_test(what_is_refused_leaves_the_connection_as_it_is),
        cmocka_unit_test(a_server_that_lets_no_more_in_is_shared_by_those_who_are),
        cmocka_unit_test(a_limit_is_believed_for_a_while),
        cmocka_unit_test(a_wrong_password_is_said_once_by_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

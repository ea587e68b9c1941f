/* SPDX-License-Identifier: MIT */
/*
 * What only the virtual backend can show: that a seed decides everything, and that cancel against
 * completion is right in every order there is, not only in those that happen.
 */
#include "plays.h"

/* ---- determinism ---------------------------------------------------------------------------- */

#define CLIENTS 3

struct town {
    co_address address;
    co_fd listener;
    uint64_t hash;
};

static int town_client(void *arg)
{
    const struct town *town = arg;
    co_fd fd;
    uint8_t bytes[700], echo[700], size[2];
    expect_result(new_socket(AF_INET, SOCK_STREAM, &fd), 0);
    expect_result(do_connect(fd, &town->address), 0);
    for (unsigned i = 0; i < 4; i++) {
        co_random(size, sizeof size);
        size_t count = 1 + (size_t)(size[0] + 256 * (size[1] % 2));
        co_random(bytes, count);
        expect_result(send_all(fd, bytes, count), 0);
        expect_result(receive_all(fd, echo, count), (long)count);
        expect(memcmp(bytes, echo, count) == 0);
        expect_result(co_sleep(size[0] % 5), 0);
    }
    close_socket(fd);
    return 0;
}

static int town_echo(void *arg)
{
    const co_fd *fd = arg;
    char bytes[256];
    long n;
    while ((n = do_receive(*fd, bytes, sizeof bytes)) > 0)
        expect_result(send_all(*fd, bytes, (size_t)n), 0);
    expect_result(n, 0);
    close_socket(*fd);
    return 0;
}

static int town_life(void *arg)
{
    struct town *town = arg;
    if (listen_on(AF_INET, 8, &town->listener, &town->address) < 0)
        return FAILED;
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < CLIENTS; i++)
        co_go(&group, town_client, town);
    for (unsigned i = 0; i < CLIENTS; i++) {
        co_fd fd;
        expect_result(do_accept(town->listener, &fd, NULL), 0);
        co_go_copy(&group, town_echo, &fd);
    }
    int rc = co_group_close(&group);
    close_socket(town->listener);
    town->hash = co_virtual_trace_hash();
    expect_result(co_virtual_sockets_open(co_rt_current()), 0);
    return rc;
}

static uint64_t town_hash(uint64_t seed)
{
    struct town town = {0};
    const struct co_run_options options = {.backend = "virtual", .seed = seed};
    assert_int_equal(co_run(town_life, &town, &options), 0);
    return town.hash;
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    uint64_t hashes[50];
    for (unsigned seed = 0; seed < CO_LENGTH(hashes); seed++) {
        hashes[seed] = town_hash(seed);
        assert_true(hashes[seed] == town_hash(seed));
        for (unsigned other = 0; other < seed; other++)
            assert_true(hashes[seed] != hashes[other]);
    }
}

static int wait_for_ever(void *arg)
{
    (void)arg;
    co_fd a, b;
    char byte;
    if (pair_of(AF_INET, &a, &b) < 0)
        return FAILED;
    long rc = do_receive(b, &byte, 1);
    close_socket(a);
    close_socket(b);
    return (int)rc;
}

static void waiting_for_what_cannot_come_is_a_deadlock(void **state)
{
    (void)state;
    const struct co_run_options options = {.backend = "virtual", .no_deadlock_report = true};
    assert_int_equal(co_run(wait_for_ever, NULL, &options), CO_EDEADLOCK);
}

static int year_long(void *arg)
{
    (void)arg;
    int64_t wall = co_wall_seconds();
    expect_result(co_sleep(365LL * 86400 * 1000), 0);
    expect_result(co_wall_seconds() - wall, 365L * 86400);
    return 0;
}

static void a_year_passes_at_once(void **state)
{
    (void)state;
    assert_int_equal(co_run(year_long, NULL, &(struct co_run_options){.backend = "virtual"}), 0);
}

/* ---- read ----------------------------------------------------------------------------------- */

static int pair_prepare(struct scene *scene)
{
    return pair_of(AF_INET, &scene->mine, &scene->peers);
}

static long read_wait(struct scene *scene)
{
    char text[8];
    long n = do_receive(scene->mine, text, sizeof text);
    scene->received += n > 0 ? (size_t)n : 0;
    return n;
}

static int read_arrive(struct scene *scene)
{
    if (scene->peer_closed)
        return 0;
    expect_result(send_all(scene->peers, "ok", 2), 0);
    scene->sent += 2;
    return 0;
}

static int read_check(struct scene *scene)
{
    char text[8];
    close_peers(scene);
    long n = receive_all(scene->mine, text, sizeof text);
    expect(n >= 0);
    expect_result((long)scene->received + n, (long)scene->sent);
    expect(memcmp(text, &"ok"[scene->received], (size_t)n) == 0);
    close_socket(scene->mine);
    return 0;
}

/* ---- accept: the peer dials, the peer's close is the client's -------------------------------- */

static int accept_prepare(struct scene *scene)
{
    return listen_on(AF_INET, 8, &scene->listener, &scene->address);
}

static long accept_wait(struct scene *scene)
{
    long rc = do_accept(scene->listener, &scene->mine, NULL);
    return rc == 0 ? 1 : rc;
}

static int accept_dial(void *arg)
{
    struct scene *scene = arg;
    co_fd fd;
    expect_result(new_socket(AF_INET, SOCK_STREAM, &fd), 0);
    expect_result(do_connect(fd, &scene->address), 0);
    scene->arrived = true;
    if (scene->peer_closed)
        close_socket(fd);
    else
        scene->peers = fd;
    return 0;
}

static int accept_arrive(struct scene *scene)
{
    co_go(scene->group, accept_dial, scene);
    return 0;
}

static int accept_check(struct scene *scene)
{
    co_fd fd = scene->mine;
    co_scope scope;
    co_scope_open(&scope, 100);
    if (scene->result < 0)
        expect_result(do_accept(scene->listener, &fd, NULL), 0);
    close_socket(fd);
    expect_result(do_accept(scene->listener, &fd, NULL), CO_EDEADLINE); /* it was the only one */
    (void)co_scope_close(&scope);
    expect(scene->arrived);
    close_peers(scene);
    close_socket(scene->listener);
    return 0;
}

static const struct play read_play = {"read", 5, pair_prepare, read_wait, read_arrive, read_check,
    BIT(DONE) | BIT(ENDED) | BIT(CANCELLED) | BIT(LATE), close_peers};

static const struct play accept_play = {"accept", 5, accept_prepare, accept_wait, accept_arrive,
    accept_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), close_peers};

/* ---- connect: to a full backlog; the arrival makes room, the peer's close is the listener's ----
 */

#define KNOCK_MS 1000 /* after which an attempt that found the backlog full is repeated */

static int connect_prepare(struct scene *scene)
{
    if (listen_on(AF_INET, 0, &scene->peers, &scene->address) < 0)
        return FAILED;
    expect_result(new_socket(AF_INET, SOCK_STREAM, &scene->listener), 0);
    expect_result(do_connect(scene->listener, &scene->address), 0); /* fills it */
    expect_result(new_socket(AF_INET, SOCK_STREAM, &scene->mine), 0);
    return 0;
}

static long connect_wait(struct scene *scene)
{
    long rc = do_connect(scene->mine, &scene->address);
    return rc == 0 ? 1 : rc;
}

static int connect_arrive(struct scene *scene)
{
    co_fd fd;
    if (scene->peer_closed)
        return 0;
    expect_result(do_accept(scene->peers, &fd, NULL), 0);
    close_socket(fd);
    return 0;
}

static int connect_check(struct scene *scene)
{
    co_address name;
    if (scene->result == 1)
        expect_result(peer_name(scene->mine, &name), 0);
    else
        /* Reset: it had opened, but the listener closed before the result was taken. */
        expect(scene->result == -ECONNREFUSED || scene->result == -ECONNRESET ||
               scene->result == CO_ECANCELED || scene->result == CO_EDEADLINE);
    close_socket(scene->mine);
    close_socket(scene->listener);
    return 0;
}

static const struct play connect_play = {"connect", KNOCK_MS, connect_prepare, connect_wait,
    connect_arrive, connect_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE) | BIT(BROKEN),
    close_peers};

/* ---- write: to a peer that has no room; the arrival makes some --------------------------------
 */

static int write_prepare(struct scene *scene)
{
    static const char bytes[1 << 17];
    if (pair_of(AF_INET, &scene->mine, &scene->peers) < 0)
        return FAILED;
    for (long n = 0; n >= 0; scene->sent += n > 0 ? (size_t)n : 0) {
        co_scope scope;
        co_scope_open(&scope, 10);
        n = do_send(scene->mine, bytes, sizeof bytes);
        (void)co_scope_close(&scope);
        expect(n > 0 || n == CO_EDEADLINE);
    }
    return 0;
}

static long write_wait(struct scene *scene)
{
    long n = do_send(scene->mine, "more", 4);
    scene->sent += n > 0 ? (size_t)n : 0;
    return n;
}

static int write_arrive(struct scene *scene)
{
    char bytes[2];
    if (scene->peer_closed)
        return 0;
    expect_result(do_receive(scene->peers, bytes, sizeof bytes), sizeof bytes);
    scene->received += sizeof bytes;
    return 0;
}

static int write_check(struct scene *scene)
{
    static char bytes[1 << 17];
    expect(outcome_of(scene->result) != BROKEN || scene->result == -ECONNRESET);
    close_socket(scene->mine);
    if (scene->peer_closed) {
        expect(scene->received < scene->sent);
        return 0;
    }
    long rest = receive_all(scene->peers, bytes, sizeof bytes);
    expect_result((long)scene->received + rest, (long)scene->sent);
    close_peers(scene);
    return 0;
}

static const struct play write_play = {"write", 5, write_prepare, write_wait, write_arrive,
    write_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE) | BIT(BROKEN), close_peers};

static const struct play write_all_play = {"write, the peer stays", 5, write_prepare, write_wait,
    write_arrive, write_check, BIT(DONE) | BIT(CANCELLED) | BIT(LATE), NULL};

/* ---- sleep ---------------------------------------------------------------------------------- */

static int nothing(struct scene *scene)
{
    (void)scene;
    return 0;
}

static long sleep_wait(struct scene *scene)
{
    (void)scene;
    return co_sleep(6);
}

static const struct play sleep_play = {"sleep", 5, nothing, sleep_wait, nothing, nothing,
    BIT(ENDED) | BIT(CANCELLED) | BIT(LATE), close_peers};

static void a_cancelled_read_loses_nothing_in_any_order(void **state)
{
    (void)state;
    explore(&read_play);
}

static void a_cancelled_accept_leaks_nothing_in_any_order(void **state)
{
    (void)state;
    explore(&accept_play);
}

static void a_cancelled_connect_ends_once_in_any_order(void **state)
{
    (void)state;
    explore(&connect_play);
}

static void a_cancelled_write_counts_right_in_any_order(void **state)
{
    (void)state;
    explore(&write_play);
    explore(&write_all_play);
}

static void a_cancelled_sleep_ends_once_in_any_order(void **state)
{
    (void)state;
    explore(&sleep_play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(waiting_for_what_cannot_come_is_a_deadlock),
        cmocka_unit_test(a_year_passes_at_once),
        cmocka_unit_test(a_cancelled_read_loses_nothing_in_any_order),
        cmocka_unit_test(a_cancelled_accept_leaks_nothing_in_any_order),
        cmocka_unit_test(a_cancelled_connect_ends_once_in_any_order),
        cmocka_unit_test(a_cancelled_write_counts_right_in_any_order),
        cmocka_unit_test(a_cancelled_sleep_ends_once_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

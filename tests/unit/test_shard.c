/* SPDX-License-Identifier: MIT */
/* Shards: several threads with a runtime each; run under the thread sanitizer too. */
#include "fibers.h"
#include "runtime/rt.h"

#include <time.h>

static atomic_uint seen_shards;
static atomic_int arrivals, ends;

static int note_index(void *arg)
{
    atomic_fetch_or(&seen_shards, 1U << co_shard_index());
    CHECK(arg == &seen_shards);
    return co_sleep(1);
}

KERNEL_TEST(each_shard_has_an_index_of_its_own)
{
    atomic_store(&seen_shards, 0);
    CHECK_INT(co_shard_index(), 0);
    CHECK_INT(co_shards(4, note_index, &seen_shards), 0);
    CHECK_INT(atomic_load(&seen_shards), 0xf);
    CHECK_INT(co_shard_index(), 0);
    CHECK_INT(co_shards(1, note_index, &seen_shards), 0);
    CHECK_INT(co_shards(0, note_index, &seen_shards), 0);
    CHECK_INT(co_shards(1000, note_index, &seen_shards), -EINVAL);
    return 0;
}

static int fail_in_the_third(void *arg)
{
    (void)arg;
    atomic_fetch_add(&arrivals, 1);
    while (atomic_load(&arrivals) < 4)
        co_sleep(1);
    int rc = co_shard_index() == 2 ? co_fail(-ENOENT, "shard 2 says so") : co_sleep(60000);
    atomic_fetch_add(&ends, rc == CO_ECANCELED);
    return rc;
}

KERNEL_TEST(the_first_error_ends_the_other_shards_and_is_returned)
{
    atomic_store(&arrivals, 0);
    atomic_store(&ends, 0);
    CHECK_INT(co_shards(4, fail_in_the_third, NULL), -ENOENT);
    CHECK(strcmp(co_explain(-ENOENT), "shard 2 says so") == 0);
    CHECK_INT(atomic_load(&ends), 3);
    return 0;
}

static int sleep_until_told(void *arg)
{
    (void)arg;
    atomic_fetch_add(&arrivals, 1);
    int rc = co_sleep(60000);
    atomic_fetch_add(&ends, 1);
    return rc;
}

static int run_shards(void *task)
{
    return co_shards(3, *(co_task **)task, NULL);
}

static void wait_for_arrivals(int count)
{
    while (atomic_load(&arrivals) < count)
        co_sleep(1);
}

KERNEL_TEST(a_cancellation_reaches_every_shard)
{
    co_task *task = sleep_until_told;
    atomic_store(&arrivals, 0);
    atomic_store(&ends, 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, run_shards, &task);
    wait_for_arrivals(3);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(atomic_load(&ends), 3);
    return 0;
}

KERNEL_TEST(a_deadline_reaches_every_shard)
{
    atomic_store(&ends, 0);
    co_scope scope;
    co_scope_open(&scope, 20);
    int rc = co_shards(3, sleep_until_told, NULL);
    CHECK(rc == CO_ECANCELED || rc == CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK_INT(atomic_load(&ends), 3);
    return 0;
}

static int echo(co_stream *stream, void *arg)
{
    char c;
    (void)arg;
    while (co_read(stream, &c, 1) > 0)
        co_write(stream, &c, 1);
    return 0;
}

static atomic_uint port;

static void note_port(void *arg, const co_address *address)
{
    (void)arg;
    atomic_store(&port, co_address_port(address));
    atomic_fetch_add(&arrivals, 1);
}

/* The first shard chooses the port, the others share it. */
static int serve_shared(void *arg)
{
    char where[64];
    const struct co_serve_options options = {.listen.shared_port = true, .listening = note_port};
    (void)arg;
    while (co_shard_index() != 0 && atomic_load(&port) == 0)
        co_sleep(1);
    snprintf(where, sizeof where, "127.0.0.1:%u", atomic_load(&port));
    return co_serve(where, echo, NULL, &options);
}

KERNEL_TEST(shards_share_a_port_and_a_drain_ends_them_all)
{
    co_task *task = serve_shared;
    char text[64];
    co_address address;
    atomic_store(&arrivals, 0);
    atomic_store(&port, 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, run_shards, &task);
    wait_for_arrivals(3);
    snprintf(text, sizeof text, "127.0.0.1:%u", atomic_load(&port));
    REQUIRE(co_address_parse(text, -1, &address) == 0);
    for (int i = 0; i < 12; i++) {
        co_stream *client;
        char c = 0;
        REQUIRE(co_connect(&client, &address) == 0);
        CHECK_INT(co_write(client, "x", 1), 0);
        CHECK_INT(co_read(client, &c, 1), 1);
        CHECK_INT(co_close(client), 0);
    }
    co_group_drain(&group);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

static int job(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int block_often(void *arg)
{
    for (int i = 0; i < 50; i++)
        co_block(job, arg);
    return 0;
}

KERNEL_TEST(pool_jobs_come_back_to_the_shard_that_sent_them)
{
    atomic_int count = 0;
    CHECK_INT(co_shards(3, block_often, &count), 0);
    CHECK_INT(atomic_load(&count), 150);
    return 0;
}

static int wait_for_ever(void *arg)
{
    co_event never = {0};
    (void)arg;
    return co_shard_index() == 1 ? co_event_wait(&never) : co_sleep(60000);
}

KERNEL_TEST(a_deadlock_in_one_shard_is_its_result)
{
    CHECK_INT(co_shards(2, wait_for_ever, NULL), CO_EDEADLOCK);
    return 0;
}

/* ---- in virtual time --------------------------------------------------------------------------
 */

#define TURNS_MAX 1000 /* of a loop that spins, in less than a millisecond */

static atomic_int turns;

static int counting_poll(struct co_rt *rt, int64_t until)
{
    atomic_fetch_add(&turns, 1);
    return co_backend_virtual.poll(rt, until);
}

/* The second shard keeps its thread for a while, in which the first has nothing to do but wait. */
static int let_the_first_wait(void *arg)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    (void)arg;
    if (co_shard_index() == 0)
        return 0;
    for (int i = 0; i < 20 && atomic_load(&turns) < TURNS_MAX; i++)
        nanosleep(&moment, NULL);
    return co_fail(-ENOENT, "the second has been there");
}

VIRTUAL_TEST(who_waits_for_a_shard_in_virtual_time_does_not_spin)
{
    struct co_backend counting = co_backend_virtual;
    struct co_rt *rt = co_rt_current();
    counting.poll = counting_poll;
    atomic_store(&turns, 0);
    rt->backend = &counting;
    CHECK_INT(co_shards(2, let_the_first_wait, NULL), -ENOENT);
    rt->backend = &co_backend_virtual;
    CHECK_STRING(co_explain(-ENOENT), "the second has been there");
    CHECK(atomic_load(&turns) < TURNS_MAX);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shard_has_an_index_of_its_own),
        cmocka_unit_test(the_first_error_ends_the_other_shards_and_is_returned),
        cmocka_unit_test(a_cancellation_reaches_every_shard),
        cmocka_unit_test(a_deadline_reaches_every_shard),
        cmocka_unit_test(shards_share_a_port_and_a_drain_ends_them_all),
        cmocka_unit_test(pool_jobs_come_back_to_the_shard_that_sent_them),
        cmocka_unit_test(a_deadlock_in_one_shard_is_its_result),
        cmocka_unit_test(who_waits_for_a_shard_in_virtual_time_does_not_spin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

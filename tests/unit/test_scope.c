/* SPDX-License-Identifier: MIT */
/* Scopes: deadlines, cancellation, shields, drains; what a close reports and what it does not. */
#include "fibers.h"

#include <time.h>

FIBER_TEST(the_earliest_deadline_rules)
{
    co_scope outer, inner;
    co_scope_open(&outer, 60000);
    co_scope_open(&inner, 5);
    CHECK_INT(co_sleep(30000), CO_EDEADLINE);
    CHECK_INT(co_sleep(30000), CO_EDEADLINE); /* level-triggered */
    CHECK_INT(co_status(), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&inner), CO_EDEADLINE);
    CHECK_INT(co_sleep(1), 0);
    CHECK_INT(co_scope_close(&outer), 0);

    co_scope_open(&outer, 5);
    co_scope_open(&inner, 60000);
    CHECK_INT(co_sleep(30000), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&inner), 0); /* an outer end is not reported here */
    CHECK_INT(co_sleep(1), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&outer), CO_EDEADLINE);
    return 0;
}

FIBER_TEST(a_scope_opened_within_an_ended_one_has_ended)
{
    co_scope outer, inner;
    co_scope_open(&outer, -1);
    co_scope_cancel(&outer);
    co_scope_open(&inner, 1000);
    CHECK_INT(co_sleep(1), CO_ECANCELED);
    CHECK_INT(co_scope_close(&inner), 0);
    CHECK_INT(co_scope_close(&outer), CO_ECANCELED);
    CHECK_INT(co_status(), 0);
    return 0;
}

FIBER_TEST(after_a_deadline_the_fiber_waits_again_under_the_next)
{
    co_scope outer, inner;
    co_scope_open(&outer, 300); /* not over before the three, on a busy machine either */
    for (int i = 0; i < 3; i++) {
        co_scope_open(&inner, 2);
        CHECK_INT(co_sleep(1000), CO_EDEADLINE);
        CHECK_INT(co_scope_close(&inner), CO_EDEADLINE);
    }
    CHECK_INT(co_sleep(1000), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&outer), CO_EDEADLINE);
    return 0;
}

KERNEL_TEST(a_deadline_that_passes_while_computing_is_seen)
{
    co_scope scope;
    struct timespec start, now;
    co_scope_open(&scope, 5);
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 7);
    CHECK_INT(co_status(), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);

    co_scope_open(&scope, 0); /* over at once, without any wait: close says so */
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    return 0;
}

/* ---- cancellation ---------------------------------------------------------------------------- */

static int sleep_in_scope(void *arg)
{
    co_scope *scope = arg;
    co_scope_open(scope, -1);
    CHECK_INT(co_sleep(60000), CO_ECANCELED);
    CHECK_INT(co_sleep(60000), CO_ECANCELED);
    CHECK_INT(co_scope_close(scope), CO_ECANCELED);
    return co_sleep(1);
}

FIBER_TEST(another_fiber_may_cancel_a_scope)
{
    co_scope scope;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, sleep_in_scope, &scope);
    co_sleep(2);
    co_scope_cancel(&scope);
    co_scope_cancel(&scope); /* a second call does nothing */
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

static int receive_one(void *arg)
{
    int value = 0;
    int rc = co_receive((co_channel *)arg, &value);
    CHECK_INT(rc, 0);
    CHECK_INT(value, 7);
    CHECK_INT(co_sleep(0), CO_ECANCELED); /* the next call fails */
    return 0;
}

FIBER_TEST(a_completed_result_wins_over_the_cancellation)
{
    co_channel *channel;
    int value = 7;
    co_group group;
    REQUIRE(co_channel_new(&channel, sizeof value, 0) == 0);
    co_group_open(&group, NULL);
    co_go(&group, receive_one, channel);
    co_sleep(0);
    CHECK_INT(co_send(channel, &value), 0); /* handed over; the receiver has not run yet */
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    co_channel_free(channel);
    return 0;
}

/* ---- shields --------------------------------------------------------------------------------- */

static int clean_up(void *arg)
{
    int *done = arg;
    CHECK_INT(co_sleep(60000), CO_ECANCELED);
    co_scope grace, inner;
    co_scope_shield(&grace, 1000);
    CHECK_INT(co_status(), 0);
    co_scope_open(&inner, 2);
    CHECK_INT(co_sleep(1000), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&inner), CO_EDEADLINE);
    CHECK_INT(co_sleep(2), 0);
    CHECK_INT(co_scope_close(&grace), 0);
    CHECK_INT(co_sleep(1), CO_ECANCELED);
    *done = 1;
    return 0;
}

FIBER_TEST(a_shield_keeps_cancellation_from_the_cleanup)
{
    int done = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, clean_up, &done);
    co_sleep(1);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(done, 1);
    return 0;
}

static int shield_before(void *arg)
{
    co_scope grace;
    co_scope_shield(&grace, 1000);
    int rc = co_sleep(5);
    co_scope_close(&grace);
    *(int *)arg = rc;
    return co_status();
}

FIBER_TEST(a_cancellation_during_a_shield_waits_behind_it)
{
    int in_shield = 1;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, shield_before, &in_shield);
    co_sleep(1);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(in_shield, 0);
    return 0;
}

FIBER_TEST(a_shield_has_an_end_of_its_own)
{
    co_scope outer, grace;
    co_scope_open(&outer, -1);
    co_scope_cancel(&outer);
    co_scope_shield(&grace, 5);
    CHECK_INT(co_sleep(60000), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&grace), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&outer), CO_ECANCELED);
    return 0;
}

VIRTUAL_TEST(no_shield_lasts_longer_than_30_seconds)
{
    co_scope grace;
    int64_t before = co_now_ns();
    co_scope_shield(&grace, INT64_MAX);
    CHECK_INT(co_sleep(600000), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&grace), CO_EDEADLINE);
    CHECK_INT(co_now_ns() - before, 30 * 1000000000LL);
    return 0;
}

FIBER_TEST(an_absurd_timeout_is_none)
{
    co_scope scope;
    co_scope_open(&scope, INT64_MAX);
    CHECK_INT(co_sleep(1), 0);
    CHECK_INT(co_scope_close(&scope), 0);
    return 0;
}

/* ---- drains ---------------------------------------------------------------------------------- */

struct drained {
    co_listener *listener;
    co_channel *channel;
    int accept_result, receive_result;
};

static int accept_until_drained(void *arg)
{
    struct drained *drained = arg;
    co_stream *stream;
    drained->accept_result = co_accept(&stream, drained->listener);
    CHECK_INT(co_accept(&stream, drained->listener), CO_EDRAIN); /* later ones too */
    return 0;
}

static int receive_all_the_same(void *arg)
{
    struct drained *drained = arg;
    int value;
    drained->receive_result = co_receive(drained->channel, &value);
    CHECK_INT(co_sleep(1), 0);
    return 0;
}

FIBER_TEST(a_drain_reaches_accepts_and_nothing_else)
{
    struct drained drained = {0};
    int value = 1;
    REQUIRE(co_listen(&drained.listener, "127.0.0.1:0", NULL) == 0);
    REQUIRE(co_channel_new(&drained.channel, sizeof value, 0) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, accept_until_drained, &drained);
    co_go(&group, receive_all_the_same, &drained);
    co_sleep(2);
    co_group_drain(&group);
    co_sleep(2);
    CHECK_INT(co_send(drained.channel, &value), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(drained.accept_result, CO_EDRAIN);
    CHECK_INT(drained.receive_result, 0);
    co_listener_close(drained.listener);
    co_channel_free(drained.channel);
    return 0;
}

FIBER_TEST(an_accept_obeys_the_deadline_and_goes_on_later)
{
    co_listener *listener;
    co_stream *client, *server;
    REQUIRE(co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    co_scope scope;
    co_scope_open(&scope, 5);
    CHECK_INT(co_accept(&server, listener), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    REQUIRE(co_connect(&client, co_listener_address(listener)) == 0);
    CHECK_INT(co_accept(&server, listener), 0);
    co_abort(client);
    co_abort(server);
    co_listener_close(listener);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_earliest_deadline_rules),
        cmocka_unit_test(a_scope_opened_within_an_ended_one_has_ended),
        cmocka_unit_test(after_a_deadline_the_fiber_waits_again_under_the_next),
        cmocka_unit_test(a_deadline_that_passes_while_computing_is_seen),
        cmocka_unit_test(another_fiber_may_cancel_a_scope),
        cmocka_unit_test(a_completed_result_wins_over_the_cancellation),
        cmocka_unit_test(a_shield_keeps_cancellation_from_the_cleanup),
        cmocka_unit_test(a_cancellation_during_a_shield_waits_behind_it),
        cmocka_unit_test(a_shield_has_an_end_of_its_own),
        cmocka_unit_test(no_shield_lasts_longer_than_30_seconds),
        cmocka_unit_test(an_absurd_timeout_is_none),
        cmocka_unit_test(a_drain_reaches_accepts_and_nothing_else),
        cmocka_unit_test(an_accept_obeys_the_deadline_and_goes_on_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

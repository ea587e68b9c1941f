/* SPDX-License-Identifier: MIT */
/* Conditions: who goes on, in which order, always inside of the mutex, and what a cancelled waiter
 * leaves to the others. */
#include "fibers.h"

#define WAITERS 4

struct place {
    co_mutex mutex;
    co_condition filled;
    int items, inside;
    int order[WAITERS], count;
};

struct waiter {
    struct place *place;
    int index, result;
    bool has_item;
};

static bool is_inside(struct place *place)
{
    return co_mutex_lock(&place->mutex) == -EDEADLK;
}

/* For tests whose own scope has not ended. */
static void enter(struct place *place)
{
    CHECK_INT(co_mutex_lock(&place->mutex), 0);
    CHECK_INT(place->inside++, 0);
}

static void leave(struct place *place)
{
    place->inside--;
    co_mutex_unlock(&place->mutex);
}

static int wait_inside(struct place *place)
{
    place->inside--;
    int rc = co_condition_wait(&place->filled, &place->mutex);
    CHECK_INT(place->inside++, 0); /* nobody else is */
    return rc;
}

static int wait_once(void *arg)
{
    struct waiter *waiter = arg;
    struct place *place = waiter->place;
    enter(place);
    waiter->result = wait_inside(place);
    place->order[place->count++] = waiter->index;
    co_sleep(0);
    leave(place);
    return waiter->result;
}

static void go_and_wait(co_group *group, struct waiter *waiter, struct place *place, int index)
{
    *waiter = (struct waiter){.place = place, .index = index, .result = 1};
    co_go(group, wait_once, waiter);
    co_sleep(0);
}

FIBER_TEST(a_signal_is_for_the_one_who_waits_longest)
{
    struct place place = {0};
    struct waiter waiters[3];
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < 3; i++)
        go_and_wait(&group, &waiters[i], &place, i);
    for (int i = 0; i < 3; i++) {
        co_condition_signal(&place.filled);
        while (place.count <= i)
            co_sleep(0);
        co_sleep(0);
        CHECK_INT(place.order[i], i);
        CHECK_INT(place.count, i + 1);
    }
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

FIBER_TEST(a_broadcast_is_for_all_who_wait_one_after_the_other)
{
    struct place place = {0};
    struct waiter waiters[WAITERS];
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < WAITERS; i++)
        go_and_wait(&group, &waiters[i], &place, i);
    enter(&place);
    co_condition_broadcast(&place.filled);
    co_sleep(0);
    CHECK_INT(place.count, 0); /* we are still inside */
    leave(&place);
    CHECK_INT(co_group_close(&group), 0);
    for (int i = 0; i < WAITERS; i++)
        CHECK_INT(place.order[i], i);
    return 0;
}

FIBER_TEST(a_signal_that_nobody_waits_for_is_not_kept)
{
    struct place place = {0};
    co_scope scope;
    co_condition_signal(&place.filled);
    co_condition_broadcast(&place.filled);
    enter(&place);
    co_scope_open(&scope, 3);
    CHECK_INT(wait_inside(&place), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    CHECK(is_inside(&place));
    leave(&place);
    return 0;
}

static int come_and_go(void *arg)
{
    struct place *place = arg;
    enter(place);
    place->count++;
    leave(place);
    return 0;
}

FIBER_TEST(a_scope_that_has_ended_refuses_the_wait_and_lets_nobody_in)
{
    struct place place = {0};
    co_group group;
    co_scope scope;
    enter(&place);
    co_group_open(&group, NULL);
    co_go(&group, come_and_go, &place);
    co_sleep(0);
    co_scope_open(&scope, -1);
    co_scope_cancel(&scope);
    CHECK_INT(wait_inside(&place), CO_ECANCELED);
    CHECK_INT(co_scope_close(&scope), CO_ECANCELED);
    CHECK(is_inside(&place));
    CHECK_INT(place.count, 0);
    leave(&place);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

FIBER_TEST(who_is_cancelled_enters_the_mutex_first_and_takes_no_signal)
{
    struct place place = {0};
    struct waiter first, second;
    co_group one, other;
    co_group_open(&other, NULL);
    co_group_open(&one, NULL);
    go_and_wait(&one, &first, &place, 1);
    enter(&place);
    co_group_cancel(&one);
    co_sleep(0);
    CHECK_INT(first.result, 1); /* it waits for us */
    leave(&place);
    CHECK_INT(co_group_close(&one), CO_ECANCELED);
    CHECK_INT(first.result, CO_ECANCELED);
    go_and_wait(&other, &second, &place, 2);
    co_condition_signal(&place.filled);
    CHECK_INT(co_group_close(&other), 0);
    return 0;
}

FIBER_TEST(who_was_signalled_has_been_whatever_is_cancelled_then)
{
    struct place place = {0};
    struct waiter first;
    co_group group;
    co_group_open(&group, NULL);
    go_and_wait(&group, &first, &place, 1);
    enter(&place);
    co_condition_signal(&place.filled);
    co_group_cancel(&group); /* it waits for the mutex by now */
    co_sleep(0);
    CHECK_INT(place.count, 0);
    leave(&place);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(first.result, 0);
    return 0;
}

/* ---- a cancellation at every point ------------------------------------------------------------
 */

static int take_item(void *arg)
{
    struct waiter *waiter = arg;
    struct place *place = waiter->place;
    int rc = co_mutex_lock(&place->mutex);
    if (rc < 0)
        return rc;
    CHECK_INT(place->inside++, 0);
    while (place->items == 0 && rc == 0)
        rc = wait_inside(place);
    waiter->has_item = rc == 0;
    place->items -= waiter->has_item;
    leave(place);
    return rc;
}

struct filling {
    struct place *place;
    bool inside; /* it signals inside of the mutex */
    bool is_done;
};

static int fill(void *arg)
{
    struct filling *filling = arg;
    struct place *place = filling->place;
    co_sleep(0);
    enter(place);
    co_sleep(0);
    place->items++;
    if (filling->inside)
        co_condition_signal(&place->filled);
    co_sleep(0);
    leave(place);
    co_sleep(0);
    if (!filling->inside)
        co_condition_signal(&place->filled);
    co_sleep(0);
    filling->is_done = true;
    return 0;
}

#define TURNS 10 /* more than all of it takes */

/* One item, one signal, two who wait for it: the one who is left has it. */
static int cancel_after(int turns, bool inside)
{
    struct place place = {0};
    struct waiter first = {.place = &place}, second = {.place = &place};
    struct filling filling = {.place = &place, .inside = inside};
    co_group one, other;
    co_group_open(&other, NULL);
    co_group_open(&one, NULL);
    co_go(&one, take_item, &first);
    co_go(&other, take_item, &second);
    co_go(&other, fill, &filling);
    for (int i = 0; i < turns; i++)
        co_sleep(0);
    co_group_cancel(&one);
    CHECK_INT(co_group_close(&one), CO_ECANCELED); /* its own end, as of any scope */
    while (!filling.is_done)
        co_sleep(0);
    if (first.has_item)
        co_group_cancel(&other);
    CHECK_INT(co_group_close(&other), first.has_item ? CO_ECANCELED : 0);
    CHECK_INT(first.has_item + second.has_item, 1);
    CHECK_INT(place.items, 0);
    enter(&place);
    leave(&place);
    return first.has_item;
}

FIBER_TEST(no_signal_is_lost_to_a_cancellation_at_any_point)
{
    for (int inside = 0; inside < 2; inside++) {
        int firsts = 0;
        for (int turns = 0; turns <= TURNS; turns++)
            firsts += cancel_after(turns, inside);
        CHECK(firsts > 0 && firsts < TURNS); /* it came too late, and it came in time */
    }
    return 0;
}

/* ---- deadlock ---------------------------------------------------------------------------------
 */

static int wait_for_ever(void *arg)
{
    struct waiter waiter = {.place = arg};
    return wait_once(&waiter);
}

static void waiting_for_a_signal_that_nobody_can_give_is_a_deadlock(void **state)
{
    struct place place = {0};
    (void)state;
    assert_int_equal(run_on("virtual", wait_for_ever, &place), CO_EDEADLOCK);
    assert_int_equal(place.inside, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_for_the_one_who_waits_longest),
        cmocka_unit_test(a_broadcast_is_for_all_who_wait_one_after_the_other),
        cmocka_unit_test(a_signal_that_nobody_waits_for_is_not_kept),
        cmocka_unit_test(a_scope_that_has_ended_refuses_the_wait_and_lets_nobody_in),
        cmocka_unit_test(who_is_cancelled_enters_the_mutex_first_and_takes_no_signal),
        cmocka_unit_test(who_was_signalled_has_been_whatever_is_cancelled_then),
        cmocka_unit_test(no_signal_is_lost_to_a_cancellation_at_any_point),
        cmocka_unit_test(waiting_for_a_signal_that_nobody_can_give_is_a_deadlock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

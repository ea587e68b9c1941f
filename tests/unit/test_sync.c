/* SPDX-License-Identifier: MIT */
/* Channels, select and locks: who meets whom, in which order, and what a cancelled waiter loses. */
#include "fibers.h"

/* ---- channels -------------------------------------------------------------------------------- */

struct side {
    co_channel *channel;
    int count, sum, result;
};

static int send_numbers(void *arg)
{
    struct side *side = arg;
    for (int i = 1; i <= side->count && side->result == 0; i++)
        side->result = co_send(side->channel, &i);
    return side->result;
}

static int receive_numbers(void *arg)
{
    struct side *side = arg;
    int value, last = 0;
    while ((side->result = co_receive(side->channel, &value)) == 0) {
        CHECK(value > last); /* in order */
        last = value;
        side->sum += value;
        side->count++;
    }
    return side->result == CO_ECLOSED ? 0 : side->result;
}

static int pass_numbers(size_t capacity)
{
    struct side sender = {.count = 100}, receiver = {0};
    REQUIRE(co_channel_new(&sender.channel, sizeof(int), capacity) == 0);
    receiver.channel = sender.channel;
    co_group receivers, senders;
    co_group_open(&receivers, NULL);
    co_group_open(&senders, NULL);
    co_go(&receivers, receive_numbers, &receiver);
    co_go(&senders, send_numbers, &sender);
    CHECK_INT(co_group_close(&senders), 0);
    co_channel_close(sender.channel);
    co_channel_close(sender.channel);
    CHECK_INT(co_group_close(&receivers), 0);
    CHECK_INT(receiver.sum, 5050);
    CHECK_INT(co_send(sender.channel, &sender.count), CO_ECLOSED);
    co_channel_free(sender.channel);
    return 0;
}

FIBER_TEST(every_capacity_passes_all_values_in_order)
{
    for (size_t capacity = 0; capacity < 5; capacity++)
        pass_numbers(capacity);
    return pass_numbers(1000);
}

FIBER_TEST(a_rendezvous_needs_both_sides)
{
    co_channel *channel;
    int value = 3;
    REQUIRE(co_channel_new(&channel, sizeof value, 0) == 0);
    CHECK_INT(co_try_send(channel, &value), -EAGAIN);
    struct side receiver = {.channel = channel};
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_numbers, &receiver);
    co_sleep(0);
    CHECK_INT(co_try_send(channel, &value), 0);
    CHECK_INT(co_try_send(channel, &value), -EAGAIN);
    co_channel_close(channel);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(receiver.count, 1);
    co_channel_free(channel);
    return 0;
}

FIBER_TEST(a_closed_channel_gives_what_is_left)
{
    co_channel *channel;
    int value = 1;
    REQUIRE(co_channel_new(&channel, sizeof value, 2) == 0);
    CHECK_INT(co_send(channel, &value), 0);
    value = 2;
    CHECK_INT(co_send(channel, &value), 0);
    CHECK_INT(co_try_send(channel, &value), -EAGAIN);
    struct side sender = {.channel = channel, .count = 1};
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_numbers, &sender); /* waits: it is full */
    co_sleep(0);
    co_channel_close(channel);
    CHECK_INT(co_group_close(&group), CO_ECLOSED);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 1);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 2);
    CHECK_INT(co_receive(channel, &value), CO_ECLOSED);
    co_channel_free(channel);
    co_channel_free(NULL);
    return 0;
}

FIBER_TEST(channels_of_impossible_sizes_are_refused)
{
    co_channel *channel;
    CHECK_INT(co_channel_new(&channel, 0, 1), -EINVAL);
    CHECK_INT(co_channel_new(&channel, 4097, 1), -EINVAL);
    CHECK_INT(co_channel_new(&channel, 4096, SIZE_MAX / 2), -ENOMEM);
    return 0;
}

FIBER_TEST(a_cancelled_sender_has_not_sent)
{
    struct side sender = {.count = 1};
    REQUIRE(co_channel_new(&sender.channel, sizeof(int), 0) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_numbers, &sender);
    co_sleep(0);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(sender.result, CO_ECANCELED);
    struct co_select_case receive = {CO_SELECT_RECEIVE, sender.channel, &(int){0}};
    unsigned index = 9;
    CHECK_INT(co_select(&receive, 1, 0, &index), -EAGAIN);
    CHECK_INT(index, 9); /* untouched */
    co_channel_free(sender.channel);
    return 0;
}

static int receive_first(void *arg)
{
    struct side *side = arg;
    side->result = co_receive(side->channel, &side->sum);
    return side->result;
}

FIBER_TEST(a_cancelled_receiver_takes_nothing_with_it)
{
    struct side first = {0}, second = {0};
    int value = 5;
    REQUIRE(co_channel_new(&first.channel, sizeof(int), 0) == 0);
    second.channel = first.channel;
    co_group one, other;
    co_group_open(&other, NULL);
    co_group_open(&one, NULL);
    co_go(&one, receive_first, &first);
    co_sleep(0);
    co_go(&other, receive_first, &second);
    co_sleep(0);
    co_group_cancel(&one);
    CHECK_INT(co_try_send(first.channel, &value), 0);
    CHECK_INT(co_group_close(&one), CO_ECANCELED);
    CHECK_INT(co_group_close(&other), 0);
    CHECK_INT(second.sum, 5);
    co_channel_free(first.channel);
    return 0;
}

/* ---- select ---------------------------------------------------------------------------------- */

FIBER_TEST(select_does_the_first_case_that_can_be_done)
{
    co_channel *a, *b;
    int one = 1, two = 2, got = 0;
    unsigned index = 9;
    REQUIRE(co_channel_new(&a, sizeof one, 1) == 0 && co_channel_new(&b, sizeof one, 1) == 0);
    struct co_select_case cases[] = {
        {CO_SELECT_RECEIVE, NULL, &got},
        {CO_SELECT_RECEIVE, a, &got},
        {CO_SELECT_SEND, b, &two},
    };
    CHECK_INT(co_send(a, &one), 0);
    CHECK_INT(co_select(cases, 3, -1, &index), 0);
    CHECK_INT(index, 1);
    CHECK_INT(got, 1);
    CHECK_INT(co_select(cases, 3, -1, &index), 0);
    CHECK_INT(index, 2);
    index = 9;
    CHECK_INT(co_select(cases, 3, 0, &index), -EAGAIN);
    CHECK_INT(co_select(cases, 3, 3, &index), -EAGAIN);
    CHECK_INT(index, 9);
    CHECK_INT(co_select(cases, 17, 0, &index), -EINVAL);
    co_channel_close(a);
    CHECK_INT(co_select(cases, 3, 0, &index), CO_ECLOSED);
    CHECK_INT(index, 1);
    co_channel_free(a);
    co_channel_free(b);
    return 0;
}

struct choice {
    co_channel *a, *b;
    int64_t timeout_ms;
    int result, value;
    unsigned index;
};

static int choose(void *arg)
{
    struct choice *choice = arg;
    struct co_select_case cases[] = {
        {CO_SELECT_RECEIVE, choice->a, &choice->value},
        {CO_SELECT_RECEIVE, choice->b, &choice->value},
    };
    choice->result = co_select(cases, 2, choice->timeout_ms, &choice->index);
    return 0;
}

FIBER_TEST(a_waiting_select_is_done_by_exactly_one_side)
{
    struct choice choice = {.timeout_ms = 60000, .index = 9};
    int one = 1, two = 2;
    REQUIRE(co_channel_new(&choice.a, sizeof one, 0) == 0);
    REQUIRE(co_channel_new(&choice.b, sizeof one, 0) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, choose, &choice);
    co_sleep(0);
    CHECK_INT(co_try_send(choice.b, &two), 0);
    CHECK_INT(co_try_send(choice.a, &one), -EAGAIN); /* it waits no more */
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(choice.result, 0);
    CHECK_INT(choice.index, 1);
    CHECK_INT(choice.value, 2);
    co_channel_free(choice.a);
    co_channel_free(choice.b);
    return 0;
}

FIBER_TEST(a_waiting_select_tells_which_channel_was_closed)
{
    struct choice choice = {.timeout_ms = -1};
    REQUIRE(co_channel_new(&choice.a, 1, 0) == 0 && co_channel_new(&choice.b, 1, 0) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, choose, &choice);
    co_sleep(0);
    co_channel_close(choice.b);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(choice.result, CO_ECLOSED);
    CHECK_INT(choice.index, 1);
    co_channel_free(choice.a);
    co_channel_free(choice.b);
    return 0;
}

FIBER_TEST(a_select_within_a_deadline_reports_the_earlier_end)
{
    struct choice choice = {.timeout_ms = 60000};
    co_scope scope;
    co_scope_open(&scope, 3);
    choose(&choice);
    CHECK_INT(choice.result, CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    choice.timeout_ms = 3;
    co_scope_open(&scope, 60000);
    choose(&choice);
    CHECK_INT(choice.result, -EAGAIN);
    CHECK_INT(co_scope_close(&scope), 0);
    return 0;
}

/* ---- locks ----------------------------------------------------------------------------------- */

struct locked {
    co_mutex mutex;
    int inside, order[4], count;
};

struct entry {
    struct locked *locked;
    int index, result;
};

static int enter(void *arg)
{
    struct entry *entry = arg;
    struct locked *locked = entry->locked;
    entry->result = co_mutex_lock(&locked->mutex);
    if (entry->result < 0)
        return entry->result;
    CHECK_INT(locked->inside++, 0);
    locked->order[locked->count++] = entry->index;
    co_sleep(1);
    locked->inside--;
    co_mutex_unlock(&locked->mutex);
    return 0;
}

FIBER_TEST(a_mutex_admits_one_and_in_order)
{
    struct locked locked = {0};
    struct entry entries[4];
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < 4; i++) {
        entries[i] = (struct entry){&locked, i, 0};
        co_go(&group, enter, &entries[i]);
    }
    CHECK_INT(co_group_close(&group), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(locked.order[i], i);
    CHECK_INT(co_mutex_lock(&locked.mutex), 0);
    CHECK_INT(co_mutex_lock(&locked.mutex), -EDEADLK);
    co_mutex_unlock(&locked.mutex);
    return 0;
}

FIBER_TEST(a_cancelled_waiter_leaves_the_queue_and_the_next_enters)
{
    struct locked locked = {0};
    struct entry first = {&locked, 1, 0}, second = {&locked, 2, 0};
    CHECK_INT(co_mutex_lock(&locked.mutex), 0);
    co_group one, other;
    co_group_open(&other, NULL);
    co_group_open(&one, NULL);
    co_go(&one, enter, &first);
    co_sleep(0);
    co_go(&other, enter, &second);
    co_sleep(0);
    co_group_cancel(&one);
    CHECK_INT(co_group_close(&one), CO_ECANCELED);
    co_mutex_unlock(&locked.mutex);
    CHECK_INT(co_group_close(&other), 0);
    CHECK_INT(first.result, CO_ECANCELED);
    CHECK_INT(second.result, 0);
    return 0;
}

FIBER_TEST(a_lock_handed_over_is_not_lost_to_a_cancellation)
{
    struct locked locked = {0};
    struct entry first = {&locked, 1, 0};
    CHECK_INT(co_mutex_lock(&locked.mutex), 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, enter, &first);
    co_sleep(0);
    co_mutex_unlock(&locked.mutex); /* it is the waiter's now */
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(first.result, 0);
    CHECK_INT(locked.count, 1);
    CHECK_INT(co_mutex_lock(&locked.mutex), 0);
    co_mutex_unlock(&locked.mutex);
    return 0;
}

static int take_and_hold(void *arg)
{
    co_semaphore *semaphore = arg;
    int rc = co_semaphore_take(semaphore);
    if (rc < 0)
        return rc;
    rc = co_sleep(1);
    co_semaphore_give(semaphore);
    return rc;
}

FIBER_TEST(a_semaphore_counts_and_loses_no_count)
{
    co_semaphore semaphore = {.count = 2};
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < 7; i++)
        co_go(&group, take_and_hold, &semaphore);
    co_sleep(0);
    CHECK_INT(semaphore.count, 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(semaphore.count, 2);

    semaphore.count = 0;
    co_group_open(&group, NULL);
    co_go(&group, take_and_hold, &semaphore);
    co_sleep(0);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    co_semaphore_give(&semaphore);
    CHECK_INT(semaphore.count, 1);
    return 0;
}

static int wait_event(void *arg)
{
    return co_event_wait((co_event *)arg);
}

FIBER_TEST(an_event_wakes_all_and_stays_set)
{
    co_event event = {0};
    co_group group;
    co_group_open(&group, NULL);
    for (int i = 0; i < 3; i++)
        co_go(&group, wait_event, &event);
    co_sleep(0);
    co_event_set(&event);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_event_wait(&event), 0);
    co_event_clear(&event);
    co_scope scope;
    co_scope_open(&scope, 2);
    CHECK_INT(co_event_wait(&event), CO_EDEADLINE);
    CHECK_INT(co_scope_close(&scope), CO_EDEADLINE);
    return 0;
}

/* ---- fairness --------------------------------------------------------------------------------
 */

static int count_turns(void *arg)
{
    while (co_sleep(0) == 0)
        ++*(int *)arg;
    return 0;
}

static int lock_and_unlock(void)
{
    static co_mutex mutex;
    int rc = co_mutex_lock(&mutex);
    if (rc == 0)
        co_mutex_unlock(&mutex);
    return rc;
}

static int take_and_give(void)
{
    static co_semaphore semaphore = {.count = 1};
    int rc = co_semaphore_take(&semaphore);
    if (rc == 0)
        co_semaphore_give(&semaphore);
    return rc;
}

static int wait_for_what_is_set(void)
{
    static co_event event = {.is_set = true};
    return co_event_wait(&event);
}

static co_channel *own_channel;

static int send_to_oneself(void)
{
    int value = 1, rc = co_send(own_channel, &value);
    return rc < 0 ? rc : co_receive(own_channel, &value);
}

static co_stream *own_ends[2];

static int write_to_oneself(void)
{
    char byte = 'x';
    int rc = co_write(own_ends[0], &byte, 1);
    return rc < 0 ? rc : (int)co_read(own_ends[1], &byte, 1);
}

FIBER_TEST(what_need_not_wait_starves_nobody_all_the_same)
{
    int (*const calls[])(void) = {
        lock_and_unlock, take_and_give, wait_for_what_is_set, send_to_oneself, write_to_oneself};
    const struct co_go_options behind = {.name = "turns", .background = true};
    REQUIRE(co_channel_new(&own_channel, sizeof(int), 1) == 0);
    REQUIRE(co_memory_pair(&own_ends[0], &own_ends[1], 1) == 0);
    int turns = 0, before;
    co_group group;
    co_group_open(&group, NULL);
    co_go_with(&group, &behind, count_turns, &turns);
    for (size_t i = 0; i < CO_LENGTH(calls); i++) {
        before = turns;
        for (int times = 0; times < 1000; times++)
            CHECK(calls[i]() >= 0);
        CHECK(turns > before);
    }
    CHECK_INT(co_group_close(&group), 0);
    co_channel_free(own_channel);
    CHECK_INT(co_close(own_ends[0]), 0);
    CHECK_INT(co_close(own_ends[1]), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_capacity_passes_all_values_in_order),
        cmocka_unit_test(a_rendezvous_needs_both_sides),
        cmocka_unit_test(a_closed_channel_gives_what_is_left),
        cmocka_unit_test(channels_of_impossible_sizes_are_refused),
        cmocka_unit_test(a_cancelled_sender_has_not_sent),
        cmocka_unit_test(a_cancelled_receiver_takes_nothing_with_it),
        cmocka_unit_test(select_does_the_first_case_that_can_be_done),
        cmocka_unit_test(a_waiting_select_is_done_by_exactly_one_side),
        cmocka_unit_test(a_waiting_select_tells_which_channel_was_closed),
        cmocka_unit_test(a_select_within_a_deadline_reports_the_earlier_end),
        cmocka_unit_test(a_mutex_admits_one_and_in_order),
        cmocka_unit_test(a_cancelled_waiter_leaves_the_queue_and_the_next_enters),
        cmocka_unit_test(a_lock_handed_over_is_not_lost_to_a_cancellation),
        cmocka_unit_test(a_semaphore_counts_and_loses_no_count),
        cmocka_unit_test(an_event_wakes_all_and_stays_set),
        cmocka_unit_test(what_need_not_wait_starves_nobody_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Channels that are open to other threads; run under the thread sanitizer too. */
#include "fibers.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

static co_channel *channel_of(size_t value_bytes, size_t capacity)
{
    co_channel *channel = NULL;
    CHECK_INT(co_channel_new(&channel, value_bytes, capacity), 0);
    return channel;
}

static co_sender *sender_of(co_channel *channel)
{
    co_sender *sender = NULL;
    CHECK_INT(co_sender_new(&sender, channel), 0);
    return sender;
}

/* ---- many threads ---------------------------------------------------------------------------- */

#define THREADS 4
#define EACH    (IS_SLOW ? 3000 : 20000)

struct parcel {
    int thread, number;
};

struct poster {
    co_sender *sender;
    int thread, result;
    pthread_t id;
};

/* A full channel is tried again: what is looked at is that nothing is lost or overtaken. */
static void *post_parcels(void *arg)
{
    struct poster *poster = arg;
    struct parcel parcel = {.thread = poster->thread};
    while (poster->result == 0 && parcel.number < EACH) {
        poster->result = co_post(poster->sender, &parcel);
        parcel.number += poster->result == 0;
        if (poster->result == -EAGAIN) {
            poster->result = 0;
            sched_yield();
        }
    }
    co_sender_free(poster->sender);
    return NULL;
}

static int receive_parcels(co_channel *channel)
{
    int next[THREADS] = {0}, rc;
    struct parcel parcel;
    while ((rc = co_receive(channel, &parcel)) == 0)
        CHECK_INT(parcel.number, next[parcel.thread]++);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(next[i], EACH);
    return rc;
}

static void post_from_threads(size_t capacity)
{
    struct poster posters[THREADS];
    co_channel *channel = channel_of(sizeof(struct parcel), capacity);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.sender = sender_of(channel), .thread = i};
        CHECK_INT(pthread_create(&posters[i].id, NULL, post_parcels, &posters[i]), 0);
    }
    CHECK_INT(receive_parcels(channel), CO_ECLOSED);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(posters[i].id, NULL);
        CHECK_INT(posters[i].result, 0);
    }
    co_channel_free(channel);
}

KERNEL_TEST(every_value_of_many_threads_arrives_once_and_in_order)
{
    post_from_threads(1);
    post_from_threads(64);
    return 0;
}

/* ---- waking ---------------------------------------------------------------------------------- */

struct turns {
    co_sender *sender;
    sem_t taken;
};

/* The next value only once the last has been taken: most find the loop asleep. */
static void *post_in_turn(void *arg)
{
    struct turns *turns = arg;
    for (int i = 0; i < EACH; i++) {
        CHECK_INT(co_post(turns->sender, &i), 0);
        sem_wait(&turns->taken);
    }
    co_sender_free(turns->sender);
    return NULL;
}

KERNEL_TEST(no_wake_up_is_lost_and_no_wait_for_a_thread_is_a_deadlock)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    struct turns turns = {.sender = sender_of(channel)};
    pthread_t thread;
    int value, count = 0, rc;
    sem_init(&turns.taken, 0, 0);
    CHECK_INT(pthread_create(&thread, NULL, post_in_turn, &turns), 0);
    while ((rc = co_receive(channel, &value)) == 0) {
        CHECK_INT(value, count++);
        sem_post(&turns.taken);
    }
    CHECK_INT(rc, CO_ECLOSED);
    CHECK_INT(count, EACH);
    pthread_join(thread, NULL);
    co_channel_free(channel);
    return 0;
}

/* ---- shards ---------------------------------------------------------------------------------- */

#define SHARDS 4

struct question {
    co_sender *answers; /* the asker gives it away */
    int number;
};

static int ask(co_sender *questions, int number)
{
    co_channel *answers = channel_of(sizeof(int), 1);
    struct question question = {sender_of(answers), number};
    int answer = -1;
    while (co_post(questions, &question) == -EAGAIN)
        co_sleep(1);
    CHECK_INT(co_receive(answers, &answer), 0);
    CHECK_INT(answer, number * number);
    CHECK_INT(co_receive(answers, &answer), CO_ECLOSED);
    co_channel_free(answers);
    return 0;
}

static int ask_often(void *questions)
{
    for (int i = 0; i < 100; i++)
        ask(questions, (int)co_shard_index() * 1000 + i);
    return 0;
}

static int answer_all(void *questions)
{
    struct question question;
    int rc;
    while ((rc = co_receive(questions, &question)) == 0) {
        CHECK_INT(co_post(question.answers, &(int){question.number * question.number}), 0);
        co_sender_free(question.answers);
    }
    return rc == CO_ECLOSED ? 0 : rc;
}

KERNEL_TEST(shards_ask_and_are_answered)
{
    co_channel *channel = channel_of(sizeof(struct question), 2);
    co_sender *questions = sender_of(channel);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, answer_all, channel);
    CHECK_INT(co_shards(SHARDS, ask_often, questions), 0);
    co_sender_free(questions);
    CHECK_INT(co_group_close(&group), 0);
    co_channel_free(channel);
    return 0;
}

static int post_seven(void *sender)
{
    return co_post(sender, &(int){7});
}

FIBER_TEST(a_job_may_post)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    co_sender *sender = sender_of(channel);
    int value = 0;
    CHECK_INT(co_block(post_seven, sender), 0);
    CHECK_INT(co_block(post_seven, sender), -EAGAIN);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 7);
    co_sender_free(sender);
    co_channel_free(channel);
    return 0;
}

/* ---- ends ------------------------------------------------------------------------------------ */

FIBER_TEST(a_channel_closes_with_its_last_sender)
{
    co_channel *channel = channel_of(sizeof(int), 2);
    co_sender *one = sender_of(channel), *other = sender_of(channel);
    int value = 0;
    CHECK_INT(co_post(one, &(int){1}), 0);
    co_sender_free(one);
    CHECK_INT(co_post(other, &(int){2}), 0);
    CHECK_INT(co_post(other, &(int){3}), -EAGAIN);
    co_sender_free(other);
    co_sender_free(NULL);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 1);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 2);
    CHECK_INT(co_receive(channel, &value), CO_ECLOSED);
    CHECK_INT(co_sender_new(&one, channel), CO_ECLOSED);
    co_channel_free(channel);
    return 0;
}

FIBER_TEST(who_posts_is_told_that_nobody_receives_any_more)
{
    co_channel *closed = channel_of(sizeof(int), 2), *freed = channel_of(sizeof(int), 2);
    co_sender *to_closed = sender_of(closed), *to_freed = sender_of(freed);
    co_channel_close(closed);
    CHECK_INT(co_post(to_closed, &(int){1}), CO_ECLOSED);
    CHECK_INT(co_post(to_freed, &(int){1}), 0);
    co_channel_free(freed);
    CHECK_INT(co_post(to_freed, &(int){1}), CO_ECLOSED);
    co_sender_free(to_closed);
    co_sender_free(to_freed);
    co_channel_free(closed);
    return 0;
}

FIBER_TEST(a_channel_freed_while_a_message_is_on_its_way)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    co_sender *sender = sender_of(channel);
    struct co_select_case receive = {CO_SELECT_RECEIVE, channel, &(int){0}};
    unsigned index;
    CHECK_INT(co_select(&receive, 1, 0, &index), -EAGAIN); /* the next value will be told */
    CHECK_INT(co_post(sender, &(int){1}), 0);
    co_sender_free(sender);
    co_channel_free(channel);
    return co_sleep(1);
}

struct other {
    const char *backend;
    _Atomic(co_sender *) sender;
    co_channel *channel;
    int result;
};

/* Ends with its channel open. */
static int take_three(void *arg)
{
    struct other *other = arg;
    int value = 0, rc = 0;
    other->channel = channel_of(sizeof value, 4);
    atomic_store(&other->sender, sender_of(other->channel));
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = co_receive(other->channel, &value);
    return rc;
}

static void *run_other(void *arg)
{
    struct other *other = arg;
    other->result = run_on(other->backend, take_three, other);
    return NULL;
}

static void outlive_a_runtime(void)
{
    struct other other = {.backend = co_backend_name()};
    pthread_t thread;
    int rc;
    CHECK_INT(pthread_create(&thread, NULL, run_other, &other), 0);
    while (!atomic_load(&other.sender))
        sched_yield();
    while ((rc = co_post(other.sender, &(int){1})) == 0 || rc == -EAGAIN)
        sched_yield();
    CHECK_INT(rc, CO_ECLOSED);
    pthread_join(thread, NULL);
    CHECK_INT(other.result, 0);
    CHECK_INT(co_post(other.sender, &(int){1}), CO_ECLOSED);
    co_channel_free(other.channel);
    CHECK_INT(co_post(other.sender, &(int){1}), CO_ECLOSED);
    co_sender_free(other.sender);
}

KERNEL_TEST(a_sender_outlives_the_runtime)
{
    for (int i = 0; i < (IS_SLOW ? 5 : 50); i++)
        outlive_a_runtime();
    return 0;
}

FIBER_TEST(what_cannot_be_opened_is_refused)
{
    co_channel *meeting = channel_of(sizeof(int), 0);
    co_sender *sender = NULL;
    CHECK_INT(co_sender_new(&sender, meeting), -EINVAL);
    CHECK(!sender);
    co_channel_free(meeting);
    return 0;
}

/* ---- those who wait -------------------------------------------------------------------------- */

struct receiver {
    co_channel *channel;
    int value, result;
};

static int receive_one(void *arg)
{
    struct receiver *receiver = arg;
    receiver->result = co_receive(receiver->channel, &receiver->value);
    return receiver->result;
}

FIBER_TEST(a_channel_that_fibers_wait_on_is_opened_no_more)
{
    struct receiver receiver = {.channel = channel_of(sizeof(int), 1)};
    co_sender *sender;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &receiver);
    co_sleep(0);
    CHECK_INT(co_sender_new(&sender, receiver.channel), -EBUSY);
    CHECK_INT(co_send(receiver.channel, &(int){5}), 0);
    CHECK_INT(co_group_close(&group), 0);
    co_channel_free(receiver.channel);
    return 0;
}

FIBER_TEST(who_waits_longest_is_served_first)
{
    struct receiver first = {.channel = channel_of(sizeof(int), 2)}, second = first;
    co_sender *sender = sender_of(first.channel);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &first);
    co_sleep(0);
    CHECK_INT(co_post(sender, &(int){1}), 0);
    co_go(&group, receive_one, &second); /* comes before the first has been told */
    co_sleep(0);
    CHECK_INT(co_post(sender, &(int){2}), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(first.value, 1);
    CHECK_INT(second.value, 2);
    co_sender_free(sender);
    co_channel_free(first.channel);
    return 0;
}

FIBER_TEST(who_still_waits_is_told_of_the_next)
{
    struct receiver first = {.channel = channel_of(sizeof(int), 2)}, second = first;
    co_sender *sender = sender_of(first.channel);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &first);
    co_go(&group, receive_one, &second);
    co_sleep(0);
    CHECK_INT(co_post(sender, &(int){1}), 0);
    while (first.value == 0)
        co_sleep(0);
    CHECK_INT(co_post(sender, &(int){2}), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(second.value, 2);
    co_sender_free(sender);
    co_channel_free(first.channel);
    return 0;
}

/* The value had been posted, but not handed over: it stays for the next. */
FIBER_TEST(a_cancelled_receiver_leaves_what_was_posted)
{
    struct receiver first = {.channel = channel_of(sizeof(int), 2)};
    co_sender *sender = sender_of(first.channel);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &first);
    co_sleep(0);
    CHECK_INT(co_post(sender, &(int){1}), 0);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(first.result, CO_ECANCELED);
    CHECK_INT(receive_one(&first), 0);
    CHECK_INT(first.value, 1);
    co_sender_free(sender);
    co_channel_free(first.channel);
    return 0;
}

VIRTUAL_TEST(a_value_handed_over_is_not_lost_to_a_cancellation)
{
    struct receiver first = {.channel = channel_of(sizeof(int), 2)};
    co_sender *sender = sender_of(first.channel);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &first);
    co_sleep(0);
    CHECK_INT(co_post(sender, &(int){1}), 0);
    co_sleep(0); /* it is the receiver's, who comes behind us */
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(first.result, 0);
    CHECK_INT(first.value, 1);
    co_sender_free(sender);
    co_channel_free(first.channel);
    return 0;
}

static int send_nine(void *channel)
{
    return co_send(channel, &(int){9});
}

FIBER_TEST(fibers_of_its_own_send_into_it_too)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    co_sender *sender = sender_of(channel);
    int value = 0;
    CHECK_INT(co_post(sender, &(int){8}), 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, send_nine, channel); /* waits: it is full */
    co_sleep(0);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 8);
    CHECK_INT(co_post(sender, &(int){10}), -EAGAIN); /* the place is taken */
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(co_receive(channel, &value), 0);
    CHECK_INT(value, 9);
    co_sender_free(sender);
    co_channel_free(channel);
    return 0;
}

static int post_both(void *senders)
{
    co_sender **both = senders;
    CHECK_INT(co_post(both[1], &(int){2}), 0);
    CHECK_INT(co_post(both[0], &(int){1}), 0);
    return 0;
}

FIBER_TEST(a_select_takes_one_of_what_was_posted)
{
    co_channel *channels[] = {channel_of(sizeof(int), 1), channel_of(sizeof(int), 1)};
    co_sender *senders[] = {sender_of(channels[0]), sender_of(channels[1])};
    int value = 0;
    unsigned index = 9;
    struct co_select_case cases[] = {
        {CO_SELECT_RECEIVE, channels[0], &value},
        {CO_SELECT_RECEIVE, channels[1], &value},
    };
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, post_both, senders);
    CHECK_INT(co_select(cases, 2, 60000, &index), 0);
    CHECK_INT(value, (int)index + 1);
    CHECK_INT(co_group_close(&group), 0);
    unsigned other = 9;
    CHECK_INT(co_select(cases, 2, 0, &other), 0);
    CHECK_INT(other, 1 - index);
    CHECK_INT(co_select(cases, 2, 0, &other), -EAGAIN);
    for (int i = 0; i < 2; i++) {
        co_sender_free(senders[i]);
        CHECK_INT(co_select(&cases[i], 1, -1, &other), CO_ECLOSED);
        co_channel_free(channels[i]);
    }
    return 0;
}

KERNEL_TEST(the_tree_tells_that_another_thread_is_waited_for)
{
    struct receiver receiver = {.channel = channel_of(sizeof(int), 1)};
    co_sender *sender = sender_of(receiver.channel);
    char text[4096] = "";
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, receive_one, &receiver);
    co_sleep(0);
    co_dump(ends[1]);
    CHECK(read(ends[0], text, sizeof text - 1) > 0);
    CHECK(strstr(text, "waits for channel that is open to other threads"));
    close(ends[0]);
    close(ends[1]);
    CHECK_INT(co_post(sender, &(int){1}), 0);
    CHECK_INT(co_group_close(&group), 0);
    co_sender_free(sender);
    co_channel_free(receiver.channel);
    return 0;
}

/* ---- the virtual world ----------------------------------------------------------------------- */

static void *post_from_outside(void *sender)
{
    return (void *)(intptr_t)co_post(sender, &(int){1});
}

VIRTUAL_TEST(other_threads_are_not_of_the_virtual_world)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    co_sender *sender = sender_of(channel);
    pthread_t thread;
    void *result;
    REQUIRE(pthread_create(&thread, NULL, post_from_outside, sender) == 0);
    pthread_join(thread, &result);
    CHECK_INT((intptr_t)result, -ENOSYS);
    co_sender_free(sender);
    co_channel_free(channel);
    return 0;
}

static int wait_in_vain(void *result)
{
    co_channel *channel = channel_of(sizeof(int), 1);
    co_sender *sender = sender_of(channel);
    int value;
    *(int *)result = co_receive(channel, &value);
    co_sender_free(sender);
    co_channel_free(channel);
    return 0;
}

static void waiting_for_a_post_is_a_deadlock_there(void **state)
{
    int result = 0;
    (void)state;
    assert_int_equal(run_on("virtual", wait_in_vain, &result), CO_EDEADLOCK);
    assert_int_equal(result, CO_EDEADLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_many_threads_arrives_once_and_in_order),
        cmocka_unit_test(no_wake_up_is_lost_and_no_wait_for_a_thread_is_a_deadlock),
        cmocka_unit_test(shards_ask_and_are_answered),
        cmocka_unit_test(a_job_may_post),
        cmocka_unit_test(a_channel_closes_with_its_last_sender),
        cmocka_unit_test(who_posts_is_told_that_nobody_receives_any_more),
        cmocka_unit_test(a_channel_freed_while_a_message_is_on_its_way),
        cmocka_unit_test(a_sender_outlives_the_runtime),
        cmocka_unit_test(what_cannot_be_opened_is_refused),
        cmocka_unit_test(a_channel_that_fibers_wait_on_is_opened_no_more),
        cmocka_unit_test(who_waits_longest_is_served_first),
        cmocka_unit_test(who_still_waits_is_told_of_the_next),
        cmocka_unit_test(a_cancelled_receiver_leaves_what_was_posted),
        cmocka_unit_test(a_value_handed_over_is_not_lost_to_a_cancellation),
        cmocka_unit_test(fibers_of_its_own_send_into_it_too),
        cmocka_unit_test(a_select_takes_one_of_what_was_posted),
        cmocka_unit_test(the_tree_tells_that_another_thread_is_waited_for),
        cmocka_unit_test(other_threads_are_not_of_the_virtual_world),
        cmocka_unit_test(waiting_for_a_post_is_a_deadlock_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

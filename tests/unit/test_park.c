/* SPDX-License-Identifier: MIT */
/* Parked streams: nothing that is there is slept through, and everything that ends them does. */
#include "pairs.h"

#include "net/stream.h"

#include <malloc.h>
#include <unistd.h>

/* What a handler saw, and the group it runs in. */
struct seen {
    int calls, bytes, ends, drains, deadlines, cancels;
    char text[64];
    int64_t park_ms;
};

/* Takes one byte a call, so that more are left in the buffer at each park. */
static int take_one(co_stream *stream, void *arg)
{
    struct seen *seen = arg;
    char c;
    seen->calls++;
    switch (co_park_result(stream)) {
    case CO_EDRAIN: seen->drains++; return 0;
    case CO_EDEADLINE: seen->deadlines++; return 0;
    case CO_ECANCELED: seen->cancels++; return 0;
    default: break;
    }
    if (seen->park_ms)
        co_park_deadline(stream, seen->park_ms);
    ssize_t n = co_read(stream, &c, 1);
    if (n <= 0) {
        seen->ends++;
        return (int)n;
    }
    if (seen->bytes < (int)sizeof seen->text - 1)
        seen->text[seen->bytes] = c;
    seen->bytes++;
    return CO_PARK;
}

/* Hands a stream to a handler in a fiber of the group, as a server does. */
static void handle(co_group *group, co_stream *stream, co_handler *handler, void *arg)
{
    stream->handler = handler;
    stream->arg = arg;
    co_go(group, co_stream_handle, stream);
}

/* Opens the group with one parked stream in it: its handler has taken the one byte there was. */
static void park_one(co_group *group, co_stream *a, co_stream *b, struct seen *seen)
{
    CHECK_INT(co_write(a, "x", 1), 0);
    co_group_open(group, NULL);
    handle(group, b, take_one, seen);
    co_sleep(5);
    CHECK_INT(seen->bytes, 1);
}

PAIR_TEST(parked_with_one_byte_pending)
{
    struct seen seen = {0};
    co_group group;
    CHECK_INT(co_write(a, "12", 2), 0);
    co_sleep(2); /* both have arrived before the handler runs */
    co_group_open(&group, NULL);
    handle(&group, b, take_one, &seen);
    co_sleep(5);
    CHECK_INT(seen.bytes, 2); /* the second was in the buffer when the stream parked */
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.ends, 1);
    CHECK_INT(seen.calls, 3);
    return 0;
}

PAIR_TEST(pipelined_input_wakes_the_handler_for_each_part)
{
    struct seen seen = {0};
    co_group group;
    co_group_open(&group, NULL);
    handle(&group, b, take_one, &seen);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(co_write(a, "abcdefghi", 9), 0);
        co_sleep(i % 2 ? 3 : 0);
    }
    CHECK_INT(co_close(a), 0); /* the end behind them */
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.bytes, 45);
    CHECK(strncmp(seen.text, "abcdefghiabcdefghi", 18) == 0);
    CHECK_INT(seen.ends, 1);
    return 0;
}

PAIR_TEST(the_end_and_a_reset_wake_a_parked_stream)
{
    struct seen seen = {0};
    co_group group;
    park_one(&group, a, b, &seen);
    co_abort(a);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.ends, 1);
    return 0;
}

PAIR_TEST(group_close_waits_for_parked_streams)
{
    struct seen seen = {0};
    co_group group;
    CHECK_INT(co_write(a, "x", 1), 0);
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 30});
    handle(&group, b, take_one, &seen);
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    CHECK_INT(seen.calls, 2);
    co_abort(a);
    return 0;
}

PAIR_TEST(a_drain_ends_parked_streams)
{
    struct seen seen = {0};
    char c;
    co_group group;
    park_one(&group, a, b, &seen);
    co_group_drain(&group);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.drains, 1);
    CHECK_INT(co_read(a, &c, 1), 0); /* closed in good order */
    CHECK_INT(co_close(a), 0);
    return 0;
}

PAIR_TEST(a_stream_that_parks_in_a_drain_is_told_at_once)
{
    struct seen seen = {0};
    co_group group;
    co_group_open(&group, NULL);
    handle(&group, b, take_one, &seen);
    co_sleep(1); /* it waits in its read, which a drain does not end */
    co_group_drain(&group);
    co_sleep(2);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(co_write(a, "x", 1), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen.bytes, 1);
    CHECK_INT(seen.drains, 1);
    CHECK_INT(co_close(a), 0);
    return 0;
}

static int park_always(co_stream *stream, void *arg)
{
    const uint8_t *bytes;
    ++*(int *)arg;
    co_consume(stream, (size_t)co_peek(stream, 0, &bytes));
    return CO_PARK;
}

PAIR_TEST(a_handler_that_never_learns_is_ended_all_the_same)
{
    int calls = 0;
    co_group group;
    co_group_open(&group, NULL);
    handle(&group, b, park_always, &calls);
    co_sleep(2);
    CHECK_INT(calls, 1);
    co_group_drain(&group);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(calls, 2);
    CHECK_INT(co_close(a), 0);
    return 0;
}

PAIR_TEST(nor_does_it_outlive_its_groups_deadline)
{
    int calls = 0;
    co_group group;
    co_group_open(&group, &(struct co_group_options){.timeout_ms = 20});
    handle(&group, b, park_always, &calls);
    CHECK_INT(co_group_close(&group), CO_EDEADLINE);
    CHECK_INT(calls, 2);
    co_abort(a);
    return 0;
}

PAIR_TEST(a_cancellation_ends_parked_streams)
{
    struct seen seen = {0};
    co_group group;
    park_one(&group, a, b, &seen);
    co_group_cancel(&group);
    CHECK_INT(co_group_close(&group), CO_ECANCELED);
    CHECK_INT(seen.cancels, 1);
    co_abort(a);
    return 0;
}

static int park_deadline(co_stream *a, co_stream *b, int rounds)
{
    struct seen seen = {.park_ms = 1500};
    co_group group;
    co_group_open(&group, NULL);
    CHECK_INT(co_write(a, "x", 1), 0);
    handle(&group, b, take_one, &seen);
    for (int i = 1; i < rounds; i++) {
        co_sleep(700);
        CHECK_INT(co_write(a, "x", 1), 0); /* puts the deadline off */
    }
    int64_t before = co_now_ns();
    CHECK_INT(co_group_close(&group), 0);
    int64_t ms = (co_now_ns() - before) / 1000000;
    CHECK(ms >= 1490 && ms <= 2600);
    CHECK_INT(seen.bytes, rounds);
    CHECK_INT(seen.deadlines, 1);
    co_abort(a);
    return 0;
}

static int park_deadline_once(co_stream *a, co_stream *b)
{
    return park_deadline(a, b, 1);
}

static int park_deadline_thrice(co_stream *a, co_stream *b)
{
    return park_deadline(a, b, 3);
}

VIRTUAL_TEST(a_park_deadline_is_put_off_by_input)
{
    int rc = on_each_pair(park_deadline_once);
    return rc < 0 ? rc : on_each_pair(park_deadline_thrice);
}

KERNEL_TEST(a_park_deadline_comes_within_a_second_of_its_time)
{
    co_stream *a, *b;
    REQUIRE(tcp_pair(&a, &b) == 0);
    return park_deadline(a, b, 1);
}

static int answer_corked(co_stream *stream, void *arg)
{
    char c;
    (void)arg;
    if (co_read(stream, &c, 1) <= 0)
        return 0;
    co_cork(stream);
    co_write(stream, &c, 1);
    return CO_PARK;
}

PAIR_TEST(parking_empties_the_cork)
{
    char c;
    co_group group;
    co_group_open(&group, NULL);
    handle(&group, b, answer_corked, NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(co_write(a, "?", 1), 0);
        CHECK_INT(co_read(a, &c, 1), 1);
    }
    CHECK_INT(co_close(a), 0);
    CHECK_INT(co_group_close(&group), 0);
    return 0;
}

/* ---- many ------------------------------------------------------------------------------------ */

static int park_many(int count, struct seen *seen)
{
    co_stream **ends = calloc((size_t)count, sizeof(co_stream *));
    co_group group;
    REQUIRE(ends);
    co_group_open(&group, NULL);
    for (int i = 0; i < count; i++) {
        co_stream *b;
        REQUIRE(co_memory_pair(&ends[i], &b, 1) == 0);
        handle(&group, b, take_one, seen);
    }
    for (int i = 0; i < count; i++)
        CHECK_INT(co_write(ends[i], "x", 1), 0);
    co_sleep(20);
    CHECK_INT(seen->bytes, count);
    for (int i = 0; i < count; i++)
        CHECK_INT(co_write(ends[i], "y", 1), 0); /* each wakes */
    for (int i = 0; i < count; i++)
        CHECK_INT(co_close(ends[i]), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen->bytes, 2 * count);
    CHECK_INT(seen->ends, count);
    free(ends);
    return 0;
}

FIBER_TEST(a_thousand_are_parked_and_woken)
{
    struct seen seen = {0};
    return park_many(IS_SLOW ? 200 : 1000, &seen);
}

static int accept_and_park(co_listener *listener, int count, struct seen *seen, co_stream **ends)
{
    co_group group;
    co_group_open(&group, NULL);
    co_stream *stream;
    for (int i = 0; i < count; i++) {
        CHECK_INT(co_connect(&ends[i], co_listener_address(listener)), 0);
        CHECK_INT(co_write(ends[i], "x", 1), 0);
        REQUIRE(co_accept(&stream, listener) == 0);
        handle(&group, stream, take_one, seen);
        if (i % 64 == 0)
            co_sleep(0);
    }
    co_sleep(20);
    CHECK_INT(seen->bytes, count);
    if (!IS_SLOW) {
        size_t each = mallinfo2().uordblks / (size_t)count;
        fprintf(stderr, "%zu bytes for both ends of a parked connection\n", each);
        CHECK(each <= 2 * 1024);
    }
    for (int i = 0; i < count; i++)
        CHECK_INT(co_close(ends[i]), 0);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(seen->ends, count);
    return 0;
}

/* Both ends are ours, and the client's is no smaller: 1 KiB each. */
KERNEL_TEST(nine_thousand_parked_connections_take_1_KiB_each)
{
    int count = IS_SLOW ? 100 : 9000;
    long descriptors = sysconf(_SC_OPEN_MAX);
    if (2L * count + 100 > descriptors)
        count = (int)(descriptors - 100) / 2;
    struct seen seen = {0};
    co_listener *listener;
    co_stream **ends = calloc((size_t)count, sizeof(co_stream *));
    REQUIRE(ends && co_listen(&listener, "127.0.0.1:0", NULL) == 0);
    int rc = accept_and_park(listener, count, &seen, ends);
    co_listener_close(listener);
    free(ends);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parked_with_one_byte_pending),
        cmocka_unit_test(pipelined_input_wakes_the_handler_for_each_part),
        cmocka_unit_test(the_end_and_a_reset_wake_a_parked_stream),
        cmocka_unit_test(group_close_waits_for_parked_streams),
        cmocka_unit_test(a_drain_ends_parked_streams),
        cmocka_unit_test(a_stream_that_parks_in_a_drain_is_told_at_once),
        cmocka_unit_test(a_handler_that_never_learns_is_ended_all_the_same),
        cmocka_unit_test(nor_does_it_outlive_its_groups_deadline),
        cmocka_unit_test(a_cancellation_ends_parked_streams),
        cmocka_unit_test(a_park_deadline_is_put_off_by_input),
        cmocka_unit_test(a_park_deadline_comes_within_a_second_of_its_time),
        cmocka_unit_test(parking_empties_the_cork),
        cmocka_unit_test(a_thousand_are_parked_and_woken),
        cmocka_unit_test(nine_thousand_parked_connections_take_1_KiB_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

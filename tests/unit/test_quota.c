/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "tree/quota.h"

#include <errno.h>
#include <pthread.h>

#define THREADS 4
#define ROUNDS  20000

static void books_up_to_the_limit_and_not_a_byte_more_f18(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = 100};
    assert_int_equal(co_quota_left(&quota), 100);
    assert_int_equal(co_quota_take(&quota, 60), 0);
    assert_int_equal(co_quota_take(&quota, 41), -EDQUOT);
    assert_int_equal(quota.bytes_used, 60);
    assert_int_equal(co_quota_take(&quota, 40), 0);
    assert_int_equal(co_quota_left(&quota), 0);
    assert_int_equal(co_quota_take(&quota, 1), -EDQUOT);
    assert_int_equal(co_quota_take(&quota, 0), 0);
}

static void gives_back_but_never_more_than_there_was(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = 100, .bytes_used = 50};
    co_quota_give(&quota, 20);
    assert_int_equal(quota.bytes_used, 30);
    co_quota_give(&quota, 31);
    assert_int_equal(quota.bytes_used, 0);
    assert_int_equal(co_quota_left(&quota), 100);
}

static void what_has_refused_is_corrected_by_who_is_alone(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = 100, .bytes_used = 90};
    uint64_t first = co_quota_enter(&quota);
    assert_true(first);
    assert_false(co_quota_enter(&quota));
    co_quota_leave(&quota);
    co_quota_correct(&quota, first, 90, 10); /* another was here meanwhile, and may have booked */
    assert_int_equal(quota.bytes_used, 90);
    co_quota_leave(&quota);
    uint64_t ticket = co_quota_enter(&quota);
    assert_true(ticket && ticket != first);
    assert_false(co_quota_has_refused(&quota));
    assert_int_equal(co_quota_take(&quota, 20), -EDQUOT);
    assert_true(co_quota_has_refused(&quota));
    uint64_t booked = co_quota_used(&quota);
    assert_int_equal(co_quota_take(&quota, 5), 0);
    co_quota_correct(&quota, ticket, booked, 10);
    assert_int_equal(quota.bytes_used, 95);
    assert_true(co_quota_has_refused(&quota));
    co_quota_correct(&quota, ticket, 95, 10);
    assert_int_equal(quota.bytes_used, 10);
    assert_false(co_quota_has_refused(&quota));
}

static void sums_beyond_64_bits_are_refused(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = UINT64_MAX, .bytes_used = 10};
    assert_int_equal(co_quota_take(&quota, UINT64_MAX - 9), -EDQUOT);
    assert_int_equal(co_quota_take_beyond(&quota, UINT64_MAX, UINT64_MAX), -EDQUOT);
    assert_int_equal(quota.bytes_used, 10);
    assert_int_equal(co_quota_take(&quota, UINT64_MAX - 10), 0);
}

static void bytes_in_common_may_stand_above_the_limit(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = 100, .bytes_used = 60};
    assert_int_equal(co_quota_take_beyond(&quota, 101, 60), -EDQUOT);
    assert_int_equal(co_quota_take_beyond(&quota, 60, 60), 0);
    assert_int_equal(co_quota_left(&quota), 0);
    assert_int_equal(co_quota_take(&quota, 1), -EDQUOT);
    assert_int_equal(co_quota_take_beyond(&quota, 40, 60), 0);
    assert_int_equal(co_quota_take_beyond(&quota, 1, 60), -EDQUOT);
}

static void none_has_no_limit(void **state)
{
    (void)state;
    assert_int_equal(co_quota_take(NULL, UINT64_MAX), 0);
    assert_int_equal(co_quota_left(NULL), UINT64_MAX);
    co_quota_give(NULL, 1);
    co_quota_hold(NULL);
    co_quota_release(NULL);
}

static void *take_and_give(void *arg)
{
    struct co_quota *quota = arg;
    size_t refused = 0;
    for (int i = 0; i < ROUNDS; i++)
        if (co_quota_take(quota, 30) == 0) {
            if (__atomic_load_n(&quota->bytes_used, __ATOMIC_RELAXED) > quota->bytes_max)
                return (void *)SIZE_MAX;
            co_quota_give(quota, 30);
        } else
            refused++;
    return (void *)refused;
}

static void threads_share_it_exactly(void **state)
{
    (void)state;
    struct co_quota quota = {.bytes_max = 100};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &quota), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *refused;
        pthread_join(threads[i], &refused);
        assert_true((size_t)refused <= ROUNDS);
    }
    assert_int_equal(quota.bytes_used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_up_to_the_limit_and_not_a_byte_more_f18),
        cmocka_unit_test(gives_back_but_never_more_than_there_was),
        cmocka_unit_test(what_has_refused_is_corrected_by_who_is_alone),
        cmocka_unit_test(sums_beyond_64_bits_are_refused),
        cmocka_unit_test(bytes_in_common_may_stand_above_the_limit),
        cmocka_unit_test(none_has_no_limit),
        cmocka_unit_test(threads_share_it_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "http/retry.h"
#include "test.h"

#include <errno.h>

#define AFTER_MAX_MS 300000     /* the default */
#define NOW          1000000000 /* Sun, 09 Sep 2001 01:46:40 GMT */

static int64_t wait_of(struct co_retry *retry, struct co_retry_failure failure)
{
    return co_retry_wait_ms(retry, &failure);
}

static void waits_twice_as_long_each_time_give_or_take_a_quarter(void **state)
{
    (void)state;
    static const int64_t middle[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    static const uint32_t randoms[] = {0, 1, 12345, UINT32_MAX};
    for (size_t j = 0; j < CO_LENGTH(randoms); j++) {
        struct co_retry retry = {.limits.times = CO_LENGTH(middle)};
        struct co_retry_failure failure = {
            .rc = CO_EEOF, .after_ms = -1, .may_repeat = true, .random = randoms[j]};
        for (size_t i = 0; i < CO_LENGTH(middle); i++)
            assert_in_range(wait_of(&retry, failure), middle[i] * 3 / 4, middle[i] * 5 / 4);
        assert_int_equal(wait_of(&retry, failure), -1);
    }
}

static void the_longest_wait_is_drawn_too(void **state)
{
    (void)state;
    struct co_retry retry = {.limits.times = 2};
    assert_int_equal(
        wait_of(&retry, (struct co_retry_failure){CO_EEOF, 0, -1, true, 500}), 750 + 500);
    assert_int_equal(wait_of(&retry, (struct co_retry_failure){CO_EEOF, 0, -1, true, 1001}), 1500);
}

static void does_what_retry_after_says_up_to_its_maximum(void **state)
{
    (void)state;
    struct co_retry retry = {.limits.times = 4};
    struct co_retry_failure busy = {
        .rc = CO_ESTATUS, .status = 503, .after_ms = 0, .may_repeat = true};
    assert_int_equal(wait_of(&retry, busy), 0);
    busy.after_ms = AFTER_MAX_MS;
    assert_int_equal(wait_of(&retry, busy), AFTER_MAX_MS);
    busy.after_ms++;
    assert_int_equal(wait_of(&retry, busy), -1);
}

static void tries_again_what_may_pass_alone(void **state)
{
    (void)state;
    static const int passing[] = {CO_EEOF, CO_ETRUNCATED, CO_ETOOSLOW, CO_EDEADLINE, CO_ENAMESERVER,
        -ECONNRESET, -ECONNREFUSED, -EPIPE, -ETIMEDOUT, -EHOSTUNREACH};
    static const int lasting[] = {CO_ENAME, CO_EHTTP, CO_ETLS, CO_ECERTIFICATE, CO_ETOOBIG,
        CO_ECHECKSUM, CO_EINVALID, CO_ECANCELED, -ENOSPC, -EACCES, -EEXIST};
    for (size_t i = 0; i < CO_LENGTH(passing); i++)
        assert_true(wait_of(&(struct co_retry){.limits.times = 1},
                        (struct co_retry_failure){passing[i], 0, -1, true, 0}) > 0);
    for (size_t i = 0; i < CO_LENGTH(lasting); i++)
        assert_int_equal(wait_of(&(struct co_retry){.limits.times = 1},
                             (struct co_retry_failure){lasting[i], 0, -1, true, 0}),
            -1);
    for (int status = 400; status < 600; status++) {
        bool passes =
            status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
        struct co_retry_failure failure = {CO_ESTATUS, status, -1, true, 0};
        assert_int_equal(wait_of(&(struct co_retry){.limits.times = 1}, failure) >= 0, passes);
        failure.after_ms = 5;
        assert_int_equal(
            wait_of(&(struct co_retry){.limits.times = 1}, failure) >= 0, passes || status >= 500);
    }
}

static void nothing_is_repeated_that_may_have_been_obeyed_c12(void **state)
{
    (void)state;
    struct co_retry_failure failure = {.rc = CO_EEOF, .after_ms = -1, .may_repeat = false};
    assert_int_equal(wait_of(&(struct co_retry){.limits.times = 9}, failure), -1);
}

static void reads_seconds_and_dates_rfc9110_10_2_3(void **state)
{
    (void)state;
    static const struct {
        const char *value, *date;
        int64_t ms;
    } rows[] = {
        {"0", "", 0},
        {"120", "", 120000},
        {"120", "Sun, 09 Sep 2001 01:46:40 GMT", 120000},
        {"Sun, 09 Sep 2001 01:46:45 GMT", "", 5000},
        {"Sun, 09 Sep 2001 01:46:35 GMT", "", 0},
        {"Sun, 09 Sep 2001 05:00:10 GMT", "Sun, 09 Sep 2001 05:00:00 GMT", 10000},
        {"Sunday, 09-Sep-01 01:46:45 GMT", "nonsense", 5000},
        {"Sun, 9 Sep 2001 01:46:45 UTC", "", 5000},
        {"9223372036854775", "", 9223372036854775000},
        {"9223372036854776", "", -1},
        {"", "", -1},
        {"-1", "", -1},
        {"1.5", "", -1},
        {"soon", "", -1},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        assert_int_equal(
            co_retry_after_ms(co_text_of(rows[i].value), co_text_of(rows[i].date), NOW),
            rows[i].ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_twice_as_long_each_time_give_or_take_a_quarter),
        cmocka_unit_test(the_longest_wait_is_drawn_too),
        cmocka_unit_test(does_what_retry_after_says_up_to_its_maximum),
        cmocka_unit_test(tries_again_what_may_pass_alone),
        cmocka_unit_test(nothing_is_repeated_that_may_have_been_obeyed_c12),
        cmocka_unit_test(reads_seconds_and_dates_rfc9110_10_2_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

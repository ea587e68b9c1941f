/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/range.h"

#include <stdio.h>

static struct co_range ranges[CO_RANGES_MAX];

static int parse(const char *value, uint64_t size)
{
    return co_range_parse(co_text_of(value), size, ranges);
}

static void assert_range(unsigned i, uint64_t first, uint64_t last)
{
    assert_true(ranges[i].first == first && ranges[i].last == last);
}

static void reads_the_three_forms_rfc9110_14_1_2(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=0-499", 10000), 1);
    assert_range(0, 0, 499);
    assert_int_equal(parse("BYTES=500-", 10000), 1);
    assert_range(0, 500, 9999);
    assert_int_equal(parse("bytes=-500", 10000), 1);
    assert_range(0, 9500, 9999);
    assert_int_equal(parse("bytes=9999-9999", 10000), 1);
    assert_range(0, 9999, 9999);
}

static void clamps_to_the_representation(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=5-99999999999999999999999", 10), 1);
    assert_range(0, 5, 9);
    assert_int_equal(parse("bytes=-99999999999999999999999", 10), 1);
    assert_range(0, 0, 9);
    assert_int_equal(parse("bytes=-18446744073709551617", 10), 1); /* 2^64 + 1 */
    assert_range(0, 0, 9);
    assert_int_equal(parse("bytes=0-18446744073709551615", UINT64_MAX), 1);
    assert_range(0, 0, UINT64_MAX - 1);
}

static void ignores_other_units_rfc9110_14_2(void **state)
{
    (void)state;
    const char *other[] = {"", "bytes", "bytes =1-2", "items=0-1", "bytes:0-1", "0-1"};
    for (size_t i = 0; i < CO_LENGTH(other); i++)
        if (parse(other[i], 10) != 0)
            fail_msg("%s", other[i]);
}

static void refuses_what_is_malformed_rfc9110_15_5_17(void **state)
{
    (void)state;
    const char *bad[] = {"bytes=", "bytes=,", "bytes=-", "bytes=1", "bytes=2-1", "bytes=a-b",
        "bytes=1-2-3", "bytes=--1", "bytes=+1-2", "bytes=0x1-2", "bytes=1 -2", "bytes= 1- 2",
        "bytes=0-1,x", "bytes=0-1 2-3", "bytes=0-1;2-3", "bytes=1-\"2\"", "bytes=0.5-1"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        if (parse(bad[i], 10) != -416)
            fail_msg("%s", bad[i]);
}

static void tolerates_list_whitespace_rfc9110_5_6_1(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes= 0-0 ,,\t900-900\t, ", 1000), 2);
    assert_range(0, 0, 0);
    assert_range(1, 900, 900);
}

static void tells_unsatisfiable_from_malformed(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=10-", 10), -416);
    assert_int_equal(parse("bytes=-0", 10), -416);
    assert_int_equal(parse("bytes=99999999999999999999-99999999999999999999", 10), -416);
    assert_int_equal(parse("bytes=-0,10-20", 10), -416);
    assert_int_equal(parse("bytes=-0,20-30,9-", 10), 1);
    assert_range(0, 9, 9);
    assert_int_equal(parse("bytes=x", 0), -416);
    assert_int_equal(parse("bytes=0-", 0), 0); /* all of nothing: the whole */
    assert_int_equal(parse("bytes=-5", 0), 0);
}

static void coalesces_what_is_cheaper_as_one_rfc9110_15_3_7_2(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=0-9,10-19", 1000), 1);
    assert_range(0, 0, 19);
    assert_int_equal(parse("bytes=5-9,0-6", 1000), 1);
    assert_range(0, 0, 9);
    assert_int_equal(parse("bytes=0-0,80-80", 1000), 1); /* 79 bytes between */
    assert_range(0, 0, 80);
    assert_int_equal(parse("bytes=0-0,81-81", 1000), 2);
    assert_int_equal(parse("bytes=500-509,0-9,900-909,510-899", 1000), 2); /* the last joins two */
    assert_range(0, 500, 909);
    assert_range(1, 0, 9);
}

static void keeps_the_order_of_the_client(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=-1,500-500,0-0", 1000), 3);
    assert_range(0, 999, 999);
    assert_range(1, 500, 500);
    assert_range(2, 0, 0);
}

static void sends_the_whole_instead_of_more_than_it_h14(void **state)
{
    (void)state;
    assert_int_equal(parse("bytes=0-,0-", 1000), 0);
    assert_int_equal(parse("bytes=0-599,-500", 1000), 0);
    assert_int_equal(parse("bytes=0-499,-500", 1000), 1);
    assert_int_equal(parse("bytes=0-9223372036854775807,0-9223372036854775807,0-5", UINT64_MAX), 0);
    assert_int_equal(parse("bytes=1-,1-", UINT64_MAX), 0);
}

static void sends_the_whole_instead_of_many_parts_h14(void **state)
{
    (void)state;
    char value[512] = "bytes=";
    for (unsigned i = 0; i < CO_RANGES_MAX; i++)
        sprintf(value + strlen(value), "%s%u-%u", i ? "," : "", i * 1000, i * 1000);
    assert_int_equal(parse(value, 100000), CO_RANGES_MAX);
    assert_range(CO_RANGES_MAX - 1, 15000, 15000);
    strcat(value, ",200000-");
    assert_int_equal(parse(value, 100000), 0);
}

static void reads_what_part_a_body_is_rfc9110_14_4(void **state)
{
    (void)state;
    struct co_content_range range;
    assert_int_equal(co_content_range_parse(CO_TEXT("bytes 42-1233/1234"), &range), 0);
    assert_int_equal(range.first, 42);
    assert_int_equal(range.last, 1233);
    assert_int_equal(range.size, 1234);
    assert_int_equal(co_content_range_parse(CO_TEXT("Bytes 0-0/*"), &range), 0);
    assert_true(range.size == UINT64_MAX);
    assert_int_equal(
        co_content_range_parse(CO_TEXT("bytes 0-9223372036854775806/9223372036854775807"), &range),
        0);
}

static void refuses_content_ranges_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const values[] = {"", "bytes", "bytes ", "bytes=0-1/2", "lines 0-1/2",
        "bytes 0-1", "bytes -1/2", "bytes 0-/2", "bytes 1-0/2", "bytes 0-2/2", "bytes */2",
        "bytes 0-1/", "bytes +0-1/2", "bytes 0 -1/2", "bytes 0-1/2 ", "bytes 0-1/**",
        "bytes 0-9223372036854775807/*", "bytes 0-18446744073709551616/*", "bytes 0-1/2/3"};
    for (size_t i = 0; i < CO_LENGTH(values); i++) {
        struct co_content_range range;
        assert_int_equal(co_content_range_parse(co_text_of(values[i]), &range), CO_EINVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_three_forms_rfc9110_14_1_2),
        cmocka_unit_test(clamps_to_the_representation),
        cmocka_unit_test(ignores_other_units_rfc9110_14_2),
        cmocka_unit_test(refuses_what_is_malformed_rfc9110_15_5_17),
        cmocka_unit_test(tolerates_list_whitespace_rfc9110_5_6_1),
        cmocka_unit_test(tells_unsatisfiable_from_malformed),
        cmocka_unit_test(coalesces_what_is_cheaper_as_one_rfc9110_15_3_7_2),
        cmocka_unit_test(keeps_the_order_of_the_client),
        cmocka_unit_test(sends_the_whole_instead_of_more_than_it_h14),
        cmocka_unit_test(sends_the_whole_instead_of_many_parts_h14),
        cmocka_unit_test(reads_what_part_a_body_is_rfc9110_14_4),
        cmocka_unit_test(refuses_content_ranges_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

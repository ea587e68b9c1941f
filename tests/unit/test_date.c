/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/date.h"

#include <stdio.h>

#define NOW 1795316575LL /* 2026-11-22T03:02:55Z, a Sunday */

static void assert_reads(const char *text, int64_t expected)
{
    int64_t seconds = -1;
    assert_int_equal(co_date_read(co_text_of(text), NOW, &seconds), 0);
    assert_true(seconds == expected);
}

static void assert_refused(const char *text)
{
    int64_t seconds = 42;
    assert_int_equal(co_date_read(co_text_of(text), NOW, &seconds), CO_EINVALID);
    assert_int_equal(seconds, 42);
}

static void writes_each_form(void **state)
{
    (void)state;
    char date[CO_DATE_SIZE], log[CO_DATE_LOG_SIZE], iso[CO_DATE_ISO_SIZE];
    co_date_write(date, 784111777);
    assert_memory_equal(date, "Sun, 06 Nov 1994 08:49:37 GMT", sizeof date);
    co_date_write_log(log, NOW);
    assert_memory_equal(log, "22/Nov/2026:03:02:55 +0000", sizeof log);
    char asctime_text[CO_DATE_ASCTIME_SIZE];
    co_date_write_asctime(asctime_text, 784111777);
    assert_memory_equal(asctime_text, "Sun Nov  6 08:49:37 1994", sizeof asctime_text);
    co_date_write_iso(iso, NOW);
    assert_memory_equal(iso, "2026-11-22T03:02:55Z", sizeof iso);
}

static int64_t iso(const char *text)
{
    int64_t seconds = -1;
    return co_date_read_iso(co_text_of(text), &seconds) == 0 ? seconds : -1;
}

static void reads_the_forms_of_rfc3339(void **state)
{
    (void)state;
    assert_true(iso("2026-11-22T03:02:55Z") == NOW);
    assert_true(iso("2026-11-22T03:02:55.123456789Z") == NOW);
    assert_true(iso("2026-11-22T05:02:55+02:00") == NOW);
    assert_true(iso("2026-11-21T23:32:55.5-03:30") == NOW);
    static const char *const bad[] = {"", "2026-11-22", "2026-11-22T03:02:55",
        "2026-11-22 03:02:55Z", "2026-11-22T03:02:55.Z", "2026-11-22T03:02:55+2:00",
        "2026-11-22T03:02:55+25:00", "2026-13-22T03:02:55Z", "2026-02-30T03:02:55Z",
        "2026-11-22T03:02:55ZZ", "2026-11-22T24:02:55Z"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_true(iso(bad[i]) == -1);
}

static void writes_the_forms_of_ftp(void **state)
{
    (void)state;
    char list[CO_DATE_LIST_SIZE], digits[CO_DATE_DIGITS_SIZE];
    co_date_write_list(list, NOW, false);
    assert_memory_equal(list, "Nov 22 03:02", sizeof list);
    co_date_write_list(list, 784111777, true);
    assert_memory_equal(list, "Nov  6  1994", sizeof list);
    co_date_write_digits(digits, 784111777);
    assert_memory_equal(digits, "19941106084937", sizeof digits);
}

static void reads_digits_rfc3659_2_3(void **state)
{
    (void)state;
    int64_t seconds = 0;
    assert_int_equal(co_date_read_digits(CO_TEXT("19941106084937"), &seconds), 0);
    assert_true(seconds == 784111777);
    assert_int_equal(co_date_read_digits(CO_TEXT("20161231235960"), &seconds), 0);
    assert_true(seconds == 1483228800);
    const char *bad[] = {"", "1994110608493", "199411060849370", "19941306084937", "19940006084937",
        "19940230084937", "19941106244937", "19941106086037", "19941106084960", "1994110608493 ",
        "+9941106084937", "19941106T84937"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_date_read_digits(co_text_of(bad[i]), &seconds), CO_EINVALID);
    assert_true(seconds == 1483228800);
}

static void clamps_to_four_digit_years(void **state)
{
    (void)state;
    char text[CO_DATE_SIZE];
    co_date_write(text, INT64_MAX);
    assert_memory_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT", sizeof text);
    co_date_write(text, INT64_MIN);
    assert_memory_equal(text, "Sat, 01 Jan 0000 00:00:00 GMT", sizeof text);
    co_date_write(text, -1);
    assert_memory_equal(text, "Wed, 31 Dec 1969 23:59:59 GMT", sizeof text);
}

static void reads_all_three_forms_rfc9110_5_6_7(void **state)
{
    (void)state;
    assert_reads("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    assert_reads("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    assert_reads("Sun Nov  6 08:49:37 1994", 784111777);
    assert_reads("Sun Nov 16 08:49:37 1994", 784111777 + 10 * 86400);
    assert_reads("Mon, 06 Nov 1994 08:49:37 GMT", 784111777); /* the weekday need not match */
}

static void refuses_what_is_not_quite_a_date(void **state)
{
    (void)state;
    const char *bad[] = {"", "Sun", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 ", "Sun Nov    08:49:37 1994",
        "Sun, dd Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT", "Sun, 06 nnn 1994 08:49:37 GMT",
        "Xyz, 06 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_refused(bad[i]);
}

static void validates_ranges_and_leap_years(void **state)
{
    (void)state;
    const char *bad[] = {"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 00:00:00 GMT", "Sun, 29 Feb 2023 00:00:00 GMT",
        "Sun, 30 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 23:59:61 GMT"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_refused(bad[i]);
    assert_reads("Tue, 29 Feb 2000 00:00:00 GMT", 951782400);
    assert_reads("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800);
    assert_reads("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799);
    assert_reads("Sat, 01 Jan 0000 00:00:00 GMT", -62167219200);
}

static void leap_second_reads_as_the_next(void **state)
{
    (void)state;
    assert_reads("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
}

static void two_digit_years_are_at_most_fifty_ahead_rfc9110_5_6_7(void **state)
{
    (void)state;
    assert_reads("Sunday, 22-Nov-76 03:02:55 GMT", 3373239775);
    assert_reads("Monday, 22-Nov-76 03:02:56 GMT", 217479776);
    assert_reads("Tuesday, 29-Feb-00 00:00:00 GMT", 951782400);
    int64_t seconds = 0;
    co_text next_year = CO_TEXT("Saturday, 01-Jan-00 00:00:00 GMT");
    assert_int_equal(co_date_read(next_year, 4102444799 - 86400, &seconds), 0);
    assert_true(seconds == 4102444800); /* in 2099, "00" is 2100 */
    assert_int_equal(co_date_read(next_year, INT64_MAX, &seconds), 0);
    assert_true(seconds == 250246627200); /* 9900: there is no year 10000 */
}

/* Walks a whole era and more, a day at a time, against a calendar kept by hand. */
static void every_day_of_four_centuries_round_trips(void **state)
{
    (void)state;
    const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t seconds = -11676096000 + 45296; /* 1600-01-01T12:34:56Z */
    for (int year = 1600; year < 2101; year++) {
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (int month = 0; month < 12; month++) {
            for (int day = 1; day <= lengths[month] + (month == 1 && leap); day++) {
                char iso[CO_DATE_ISO_SIZE], text[CO_DATE_SIZE], expected[64];
                snprintf(
                    expected, sizeof expected, "%04d-%02d-%02dT12:34:56Z", year, month + 1, day);
                co_date_write_iso(iso, seconds);
                assert_memory_equal(iso, expected, sizeof iso);
                co_date_write(text, seconds);
                int64_t again = 0;
                assert_int_equal(co_date_read((co_text){text, sizeof text}, 0, &again), 0);
                assert_true(again == seconds);
                seconds += 86400;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_each_form),
        cmocka_unit_test(reads_the_forms_of_rfc3339),
        cmocka_unit_test(writes_the_forms_of_ftp),
        cmocka_unit_test(reads_digits_rfc3659_2_3),
        cmocka_unit_test(clamps_to_four_digit_years),
        cmocka_unit_test(reads_all_three_forms_rfc9110_5_6_7),
        cmocka_unit_test(refuses_what_is_not_quite_a_date),
        cmocka_unit_test(validates_ranges_and_leap_years),
        cmocka_unit_test(leap_second_reads_as_the_next),
        cmocka_unit_test(two_digit_years_are_at_most_fifty_ahead_rfc9110_5_6_7),
        cmocka_unit_test(every_day_of_four_centuries_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

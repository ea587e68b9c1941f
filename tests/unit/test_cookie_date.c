/* SPDX-License-Identifier: MIT */
/* Dates of cookies, in the forms that servers have written (RFC 6265bis 5.1.1). */
#include "test.h"

#include "codec/cookie_date.h"

#define NINETIES 784111777LL /* Sun, 06 Nov 1994 08:49:37 GMT */

static void reads_every_form_that_was_ever_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", NINETIES},
        {"Sunday, 06-Nov-94 08:49:37 GMT", NINETIES},
        {"Sun Nov  6 08:49:37 1994", NINETIES},
        {"6 nov 1994 8:49:37", NINETIES},
        {"08:49:37 06 NOVEMBER 1994", NINETIES},
        {"1994 06 Nov 08:49:37", NINETIES},
        {"06/Nov/94 08:49:37", NINETIES},
        {"Nov-06-1994 08:49:37 +0500", NINETIES},
        {"Sun, 06 Nov 1994 08:49:37.123 GMT", NINETIES},
        {"06 Nov 94th 08:49:37x", NINETIES},
        {"06abc Novelty 1994z 08:49:37 UTC", NINETIES},
        {"\tSun;06@Nov`1994{08:49:37~", NINETIES},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thu, 01 Jan 70 00:00:00 GMT", 0},
        {"Wed, 01 Jan 69 00:00:00 GMT", 3124224000LL},
        {"Mon, 01 Jan 1601 00:00:00 GMT", -11644473600LL},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799LL},
        {"01 Jan 00 00:00:00", 946684800},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        int64_t seconds = -1;
        if (co_cookie_date_read(co_text_of(rows[i].text), &seconds) < 0 ||
            seconds != rows[i].seconds)
            fail_msg("\"%s\" is read as %lld", rows[i].text, (long long)seconds);
    }
}

static void refuses_what_is_no_date(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "soon", "06 Nov 1994", "Nov 1994 08:49:37",
        "06 1994 08:49:37", "06 Nov 08:49:37", "32 Nov 1994 08:49:37", "00 Nov 1994 08:49:37",
        "30 Feb 1994 08:49:37", "29 Feb 2023 08:49:37", "31 Nov 1994 08:49:37",
        "06 Nov 1994 24:00:00", "06 Nov 1994 08:60:00", "06 Nov 1994 08:49:60",
        "06 Nov 1600 08:49:37", "06 Nov 12345 08:49:37", "06 Nov 1 08:49:37", "06 Nov 123 08:49:37",
        "06 Nov 1994 08:49", "06 Nov 1994 008:49:37", "06 Nov 1994 8.49.37",
        "006 Nov 1994 08:49:37", "06 N 1994 08:49:37", "06 Nov 1994 :49:37",
        "99999999999999999999"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        int64_t seconds = 7;
        if (co_cookie_date_read(co_text_of(bad[i]), &seconds) == 0)
            fail_msg("\"%s\" is read as %lld", bad[i], (long long)seconds);
        assert_int_equal(seconds, 7);
    }
}

/* RFC 9110 5.6.7 wants recipients to be robust; none but UTC is guessed at. */
static void reads_dates_of_http_as_servers_write_them_rfc9110_5_6_7(void **state)
{
    (void)state;
    static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 08:49:37 +0000", "sun, 06 nov 1994 8:49:37 gmt",
        "06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 10:19:37 +0130",
        "Sun, 06 Nov 1994 03:49:37 -0500"};
    static const char *const bad[] = {"", "GMT", "yesterday GMT", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 EST", "Sun, 06 Nov 1994 08:49:37GMT",
        "Sun, 06 Nov 1994 08:49:37 +000", "Sun, 06 Nov 1994 08:49:37 +2460",
        "Sun, 06 Nov 1994 08:49:37 GMT+2", "Sun, 06 Nov 1994 08:49 GMT", "0", "-1 GMT",
        "Sun, 31 Feb 1994 08:49:37 UTC", "1994-11-06T08:49:37Z"};
    int64_t seconds;
    for (size_t i = 0; i < CO_LENGTH(good); i++)
        if (co_date_read_loosely(co_text_of(good[i]), 0, &seconds) < 0 || seconds != NINETIES)
            fail_msg("\"%s\" is read as %lld", good[i], (long long)seconds);
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        if (co_date_read_loosely(co_text_of(bad[i]), 0, &seconds) == 0)
            fail_msg("\"%s\" is read as %lld", bad[i], (long long)seconds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_form_that_was_ever_written),
        cmocka_unit_test(refuses_what_is_no_date),
        cmocka_unit_test(reads_dates_of_http_as_servers_write_them_rfc9110_5_6_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

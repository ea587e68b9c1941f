/* SPDX-License-Identifier: MIT */
/* What a jar keeps, how much and for how long, and its file. */
#include "cookies_rig.h"

static void nothing_is_kept_beyond_its_time_or_400_days(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    struct co_cookie *all;
    size_t count;
    set_all(jar, "http://h.example/",
        (const char *const[SETS_MAX]){"a=1; Max-Age=10", "b=2; Max-Age=99999999999",
            "c=3; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "d=4"});
    assert_int_equal(co_cookies_all(jar, NOW, &all, &count), 0);
    assert_int_equal(count, 4);
    assert_int_equal(all[0].expires, NOW + 10);
    assert_int_equal(all[1].expires, NOW + CO_COOKIES_AGE_MAX);
    assert_int_equal(all[2].expires, NOW + CO_COOKIES_AGE_MAX);
    assert_false(all[3].persistent);
    free(all);
    assert_int_equal(co_cookies_all(jar, NOW + 10, &all, &count), 0);
    assert_int_equal(count, 3);
    free(all);
    co_cookies_free(jar);
}

/* ---- bounds --------------------------------------------------------------------------------- */

static void sizes_are_bounded_c03(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    struct co_cookie_place place = place_of("http://h.example/");
    size_t huge = 1 << 20;
    char *field = malloc(huge);
    assert_non_null(field);
    memset(field, 'v', huge);
    memcpy(field, "a=", 2);
    assert_int_equal(co_cookies_set(jar, &place, (co_text){field, huge}), CO_ETOOBIG);
    assert_int_equal(
        co_cookies_set(jar, &place, (co_text){field, CO_COOKIE_BYTES_MAX + 2}), CO_ETOOBIG);
    assert_int_equal(co_cookies_set(jar, &place, (co_text){field, CO_COOKIE_BYTES_MAX + 1}), 0);
    char path[CO_COOKIE_ATTRIBUTE_MAX + 32];
    memset(path, 'p', sizeof path);
    memcpy(path, "b=1; Path=/", 11);
    assert_int_equal(
        co_cookies_set(jar, &place, (co_text){path, 10 + CO_COOKIE_ATTRIBUTE_MAX + 1}), 0);
    assert_int_equal(co_cookies_set(jar, &place, (co_text){path, 10 + CO_COOKIE_ATTRIBUTE_MAX}), 0);
    struct co_cookie *all;
    size_t count;
    assert_int_equal(co_cookies_all(jar, NOW, &all, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(all[1].path.size, 1); /* too long to be one */
    assert_int_equal(all[2].path.size, CO_COOKIE_ATTRIBUTE_MAX);
    free(all);
    free(field);
    co_cookies_free(jar);
}

static void set_numbered(co_cookies *jar, const char *url, unsigned number, const char *rest)
{
    char field[64];
    struct co_cookie_place place = place_of(url);
    int size = snprintf(field, sizeof field, "n%u=v%s", number, rest);
    assert_int_equal(co_cookies_set(jar, &place, (co_text){field, (size_t)size}), 0);
}

static bool is_there(co_cookies *jar, const char *name)
{
    struct co_cookie *all;
    size_t count;
    bool there = false;
    assert_int_equal(co_cookies_all(jar, NOW, &all, &count), 0);
    for (size_t i = 0; i < count; i++)
        there |= co_text_equal(all[i].name, co_text_of(name));
    free(all);
    return there;
}

static size_t count_of(co_cookies *jar)
{
    struct co_cookie *all;
    size_t count;
    assert_int_equal(co_cookies_all(jar, INT64_MIN, &all, &count), 0);
    free(all);
    return count;
}

static void a_site_has_room_for_180_whatever_its_hosts_are_called(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    char url[64];
    set_numbered(jar, "https://other.example/", 1000, "");
    set_numbered(jar, "https://h.example.org/", 1001, "; Secure");
    for (unsigned i = 0; i < 2 * CO_COOKIES_SITE_MAX; i++) {
        snprintf(url, sizeof url, "https://h%u.example.org/", i);
        set_numbered(jar, url, i, "");
    }
    assert_int_equal(count_of(jar), CO_COOKIES_SITE_MAX + 1);
    assert_true(is_there(jar, "n1000"));
    assert_true(is_there(jar, "n1001")); /* what is not secure goes before it */
    assert_false(is_there(jar, "n0"));
    assert_true(is_there(jar, "n359"));
    co_cookies_free(jar);
}

static void what_has_expired_goes_first_then_the_longest_unused(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    struct co_buf out = CO_BUF(TOLD_MAX);
    set_numbered(jar, "https://h.example/a/x", 0, "; Path=/a");
    set_numbered(jar, "https://h.example/b/x", 1, "; Path=/b; Max-Age=5");
    for (unsigned i = 2; i < CO_COOKIES_SITE_MAX; i++)
        set_numbered(jar, "https://h.example/c/x", i, "; Path=/c");
    struct co_cookie_place place = place_of("https://h.example/a");
    assert_int_equal(co_cookies_tell(jar, &place, &out), 0); /* uses n0 */
    place.now = NOW + 10;
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("x=1")), 0);
    assert_false(is_there(jar, "n1"));
    assert_true(is_there(jar, "n2"));
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("y=1")), 0);
    assert_true(is_there(jar, "n0"));
    assert_false(is_there(jar, "n2"));
    co_buf_free(&out);
    co_cookies_free(jar);
}

static void a_jar_has_room_for_3000(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    char url[64];
    for (unsigned i = 0; i < CO_COOKIES_MAX + 100; i++) {
        snprintf(url, sizeof url, "https://h%u.example/", i);
        set_numbered(jar, url, i, "");
    }
    assert_int_equal(count_of(jar), CO_COOKIES_MAX);
    assert_false(is_there(jar, "n99"));
    assert_true(is_there(jar, "n100"));
    co_cookies_free(jar);
}

static void no_more_is_told_than_servers_take_c03(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    struct co_buf out = CO_BUF(TOLD_MAX);
    char field[2048];
    struct co_cookie_place place = place_of("https://h.example/");
    for (char name = 'a'; name <= 'z'; name++) {
        memset(field, 'v', sizeof field);
        field[0] = name;
        field[1] = '=';
        assert_int_equal(co_cookies_set(jar, &place, (co_text){field, 1000}), 0);
    }
    assert_int_equal(co_cookies_tell(jar, &place, &out), 0);
    assert_true(out.size <= CO_COOKIES_TOLD_MAX && out.size > CO_COOKIES_TOLD_MAX - 1002);
    assert_int_equal(out.at[0], 'a');
    co_buf_free(&out);
    co_cookies_free(jar);
}

/* ---- files ---------------------------------------------------------------------------------- */

static void a_file_is_read_and_written_back(void **state)
{
    (void)state;
    static const char file[] = "# Netscape HTTP Cookie File\n"
                               ".example.org\tTRUE\t/\tFALSE\t1900000000\ta\t1\n"
                               "#HttpOnly_h.example\tFALSE\t/x\tTRUE\t0\tb\t2 3\r\n"
                               "h.example\tFALSE\t/\tFALSE\t1800000099.5\tempty\n"
                               "h.example\tFALSE\t/\tFALSE\t\tof-python\t4\n"
                               "h.example\tfalse\t/\tfalse\t1700000000\tlate\t1\n"
                               ".co.uk\tTRUE\t/\tFALSE\t0\tsuffix\t1\n"
                               "# comment\th\t\t\t\t\t\n\n"
                               "last.example\tFALSE\t/\tFALSE\t0\tc\t3";
    static const char written[] = "example.org\tTRUE\t/\tFALSE\t1900000000\ta\t1\n"
                                  "#HttpOnly_h.example\tFALSE\t/x\tTRUE\t0\tb\t2 3\n"
                                  "h.example\tFALSE\t/\tFALSE\t1800000099\tempty\t\n"
                                  "h.example\tFALSE\t/\tFALSE\t0\tof-python\t4\n"
                                  "last.example\tFALSE\t/\tFALSE\t0\tc\t3\n";
    co_cookies *jar = jar_new(), *again = jar_new();
    struct co_buf out = CO_BUF(4096), twice = CO_BUF(4096);
    assert_int_equal(co_cookies_read(jar, co_text_of(file), NOW), 0);
    assert_int_equal(co_cookies_write(jar, NOW, &out), 0);
    assert_text(co_text_after(co_buf_text(&out), out.size - (sizeof written - 1)), written);
    assert_int_equal(co_cookies_read(again, co_buf_text(&out), NOW), 0);
    assert_int_equal(co_cookies_write(again, NOW, &twice), 0);
    assert_true(co_text_equal(co_buf_text(&out), co_buf_text(&twice)));
    expect(again, "http://sub.example.org/", "a=1");
    expect(again, "https://h.example/x", "b=2 3; empty=; of-python=4");
    co_buf_free(&out);
    co_buf_free(&twice);
    co_cookies_free(jar);
    co_cookies_free(again);
}

static void no_value_forges_a_line_of_a_file(void **state)
{
    (void)state;
    co_cookies *jar = jar_new();
    struct co_buf out = CO_BUF(4096);
    struct co_cookie_place place = place_of("http://h.example/");
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("a=1\tTRUE")), 0);
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("b=1; Path=/x\ty")), 0);
    assert_int_equal(co_cookies_set(jar, &place, CO_TEXT("c=1")), 0);
    assert_int_equal(co_cookies_write(jar, NOW, &out), 0);
    co_buf_add_char(&out, '\0');
    assert_null(strstr(out.at, "\ta\t"));
    assert_null(strstr(out.at, "\tb\t"));
    assert_non_null(strstr(out.at, "h.example\tFALSE\t/\tFALSE\t0\tc\t1\n"));
    co_buf_free(&out);
    co_cookies_free(jar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_kept_beyond_its_time_or_400_days),
        cmocka_unit_test(sizes_are_bounded_c03),
        cmocka_unit_test(a_site_has_room_for_180_whatever_its_hosts_are_called),
        cmocka_unit_test(what_has_expired_goes_first_then_the_longest_unused),
        cmocka_unit_test(a_jar_has_room_for_3000),
        cmocka_unit_test(no_more_is_told_than_servers_take_c03),
        cmocka_unit_test(a_file_is_read_and_written_back),
        cmocka_unit_test(no_value_forges_a_line_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

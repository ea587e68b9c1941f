/* SPDX-License-Identifier: MIT */
/* Who is to be asked over TLS alone: the field, the list, its file (RFC 6797, attacks C04). */
#include "fibers.h"

#include "codec/hsts.h"
#include "http/hsts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW 1800000000LL /* 2027-01-15 08:00:00 */

static const uint64_t secret[2] = {1, 2};

static co_hsts *list_new(void)
{
    co_hsts *list;
    assert_int_equal(co_hsts_make(&list, secret), 0);
    return list;
}

static int note(co_hsts *list, const char *host, const char *field)
{
    return co_hsts_note(list, co_text_of(host), co_text_of(field), NOW);
}

static bool covers(co_hsts *list, const char *host)
{
    return co_hsts_covers(list, co_text_of(host), NOW);
}

static void reads_the_field_by_its_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t max_age; /* -1: refused */
        bool subdomains;
    } rows[] = {
        {"max-age=31536000", 31536000, false},
        {"max-age=15768000 ; includeSubDomains", 15768000, true},
        {"max-age=\"31536000\"", 31536000, false},
        {"max-age=0", 0, false},
        {"max-age=0; includeSubDomains", 0, true},
        {" MAX-AGE = 5 ;INCLUDEsubdomains ", 5, true},
        {"includeSubDomains;max-age=5", 5, true},
        {"max-age=5;", 5, false},
        {";;max-age=5;;", 5, false},
        {"max-age=5; preload", 5, false},
        {"max-age=5; x=\"a;max-age=7\\\"\"; y", 5, false},
        {"max-age=99999999999999999999999", INT64_MAX, false},
        {"", -1, false},
        {"includeSubDomains", -1, false},
        {"max-age", -1, false},
        {"max-age=", -1, false},
        {"max-age=-1", -1, false},
        {"max-age=+1", -1, false},
        {"max-age=1x", -1, false},
        {"max-age=1 2", -1, false},
        {"max-age=\"1", -1, false},
        {"max-age=1, max-age=2", -1, false},
        {"max-age=1; max-age=2", -1, false},
        {"max-age=1; includeSubDomains; includeSubDomains", -1, false},
        {"max-age=1; includeSubDomains=0", -1, false},
        {"max-age=1; =x", -1, false},
        {"max-age=1; \"x\"", -1, false},
    };
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        struct co_hsts_policy policy = {.max_age = -1};
        int rc = co_hsts_parse(co_text_of(rows[i].text), &policy);
        if ((rc == 0) != (rows[i].max_age >= 0) || policy.max_age != rows[i].max_age ||
            policy.subdomains != rows[i].subdomains)
            fail_msg("\"%s\": %d, %lld", rows[i].text, rc, (long long)policy.max_age);
    }
}

static void covers_the_host_and_what_is_below_if_it_says_so(void **state)
{
    (void)state;
    co_hsts *list = list_new();
    assert_int_equal(note(list, "one.example", "max-age=9"), 0);
    assert_int_equal(note(list, "all.example", "max-age=9; includeSubDomains"), 0);
    assert_true(covers(list, "one.example"));
    assert_false(covers(list, "a.one.example"));
    assert_false(covers(list, "xone.example"));
    assert_false(covers(list, "example"));
    assert_true(covers(list, "all.example"));
    assert_true(covers(list, "a.b.all.example"));
    assert_false(covers(list, "xall.example"));
    assert_true(co_hsts_covers(list, CO_TEXT("one.example"), NOW + 8));
    assert_false(co_hsts_covers(list, CO_TEXT("one.example"), NOW + 9));
    co_hsts_free(list);
}

static void case_and_a_final_dot_make_no_other_host_c04(void **state)
{
    (void)state;
    co_hsts *list = list_new();
    assert_int_equal(note(list, "One.Example.", "max-age=9"), 0);
    assert_int_equal(note(list, "two.example", "max-age=9; includeSubDomains"), 0);
    assert_true(covers(list, "one.example"));
    assert_true(covers(list, "ONE.example."));
    assert_true(covers(list, "two.example."));
    assert_true(covers(list, "a.TWO.example."));
    assert_false(covers(list, "."));
    assert_false(covers(list, ""));
    co_hsts_free(list);
}

static void a_subdomains_word_changes_none_above_it_c04(void **state)
{
    (void)state;
    co_hsts *list = list_new();
    assert_int_equal(note(list, "all.example", "max-age=900; includeSubDomains"), 0);
    assert_int_equal(note(list, "a.all.example", "max-age=1"), 0);
    assert_int_equal(note(list, "b.all.example", "max-age=0; includeSubDomains"), 0);
    assert_true(co_hsts_covers(list, CO_TEXT("all.example"), NOW + 800));
    assert_true(co_hsts_covers(list, CO_TEXT("a.all.example"), NOW + 800));
    assert_true(co_hsts_covers(list, CO_TEXT("b.all.example"), NOW + 800));
    co_hsts_free(list);
}

static void an_address_is_never_noted(void **state)
{
    (void)state;
    static const char *const none[] = {"127.0.0.1", "::1", "10.0.0.1", "", ".", "a b", "a/b"};
    co_hsts *list = list_new();
    for (size_t i = 0; i < CO_LENGTH(none); i++) {
        assert_int_equal(note(list, none[i], "max-age=9; includeSubDomains"), CO_EINVALID);
        assert_false(covers(list, none[i]));
    }
    assert_int_equal(note(list, "1", "max-age=9; includeSubDomains"), 0);
    assert_false(covers(list, "127.0.0.1"));
    co_hsts_free(list);
}

static void zero_ends_it(void **state)
{
    (void)state;
    co_hsts *list = list_new();
    struct co_buf out = CO_BUF(4096);
    assert_int_equal(note(list, "h.example", "max-age=9"), 0);
    assert_int_equal(note(list, "h.example", "nonsense"), CO_EINVALID);
    assert_true(covers(list, "h.example"));
    assert_int_equal(note(list, "h.example", "max-age=0"), 0);
    assert_false(covers(list, "h.example"));
    assert_int_equal(co_hsts_read(list, CO_TEXT("h.example \"20280101 00:00:00\"\n"), NOW), 0);
    assert_false(covers(list, "h.example")); /* an older word in a file does not bring it back */
    assert_int_equal(co_hsts_write(list, NOW, &out), 0);
    assert_null(memmem(out.at, out.size, "h.example", 9));
    co_buf_free(&out);
    co_hsts_free(list);
}

static void a_full_list_keeps_what_it_has(void **state)
{
    (void)state;
    co_hsts *list = list_new();
    char host[64];
    assert_int_equal(note(list, "first.example", "max-age=5"), 0);
    for (unsigned i = 1; i < CO_HSTS_MAX; i++) {
        snprintf(host, sizeof host, "h%u.example", i);
        assert_int_equal(note(list, host, "max-age=900"), 0);
    }
    assert_int_equal(note(list, "late.example", "max-age=900"), CO_ETOOBIG);
    assert_true(covers(list, "first.example"));
    assert_int_equal(
        co_hsts_note(list, CO_TEXT("late.example"), CO_TEXT("max-age=900"), NOW + 5), 0);
    assert_true(covers(list, "late.example"));
    co_hsts_free(list);
}

static void a_file_is_read_and_written_back(void **state)
{
    (void)state;
    static const char file[] = "# a comment\n"
                               ".all.example \"20280101 00:00:00\"\r\n"
                               "One.Example. \"20271231 23:59:59\"\n"
                               "ever.example \"unlimited\"\n"
                               "old.example \"20260101 00:00:00\"\n"
                               "127.0.0.1 \"20280101 00:00:00\"\n"
                               "bad.example 20280101 00:00:00\n"
                               "bad.example \"20280101\"\n"
                               "bad.example \"20281301 00:00:00\"\n"
                               "b\xc3\xa4"
                               "d.example \"20280101 00:00:00\"\n"
                               " \"20280101 00:00:00\"\n. \"20280101 00:00:00\"\n\n"
                               "last.example \"20280101 00:00:00\"";
    static const char written[] = ".all.example \"20280101 00:00:00\"\n"
                                  "one.example \"20271231 23:59:59\"\n"
                                  "ever.example \"unlimited\"\n"
                                  "last.example \"20280101 00:00:00\"\n";
    co_hsts *list = list_new();
    struct co_buf out = CO_BUF(4096);
    assert_int_equal(co_hsts_read(list, co_text_of(file), NOW), 0);
    assert_true(covers(list, "a.all.example"));
    assert_false(covers(list, "bad.example"));
    assert_int_equal(co_hsts_write(list, NOW, &out), 0);
    co_text text = co_buf_text(&out);
    text = co_text_after(text, (size_t)co_text_find(text, '\n') + 1);
    assert_text(text, written);
    co_buf_free(&out);
    co_hsts_free(list);
}

/* Two that began with the same file: neither takes away what the other has noted. */
KERNEL_TEST(parallel_runs_keep_each_others_hosts_c04)
{
    char folder[] = "/tmp/co-hsts-XXXXXX", path[64];
    co_hsts *one, *other, *check;
    struct stat status;
    int64_t now = co_wall_seconds();
    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/list", folder);
    REQUIRE(co_hsts_new(&one) == 0 && co_hsts_new(&other) == 0 && co_hsts_new(&check) == 0);
    CHECK_INT(co_hsts_load(one, path), -ENOENT);
    CHECK_INT(co_hsts_note(one, CO_TEXT("one.example"), CO_TEXT("max-age=99"), now), 0);
    CHECK_INT(co_hsts_note(one, CO_TEXT("gone.example"), CO_TEXT("max-age=99"), now), 0);
    CHECK_INT(co_hsts_save(one, path), 0);
    CHECK_INT(co_hsts_load(other, path), 0);
    CHECK_INT(co_hsts_note(one, CO_TEXT("two.example"), CO_TEXT("max-age=99"), now), 0);
    CHECK_INT(co_hsts_note(other, CO_TEXT("three.example"), CO_TEXT("max-age=99"), now), 0);
    CHECK_INT(co_hsts_note(other, CO_TEXT("gone.example"), CO_TEXT("max-age=0"), now), 0);
    CHECK_INT(co_hsts_save(one, path), 0);
    CHECK_INT(co_hsts_save(other, path), 0);
    CHECK_INT(co_hsts_load(check, path), 0);
    CHECK(co_hsts_covers(check, CO_TEXT("one.example"), now));
    CHECK(co_hsts_covers(check, CO_TEXT("two.example"), now));
    CHECK(co_hsts_covers(check, CO_TEXT("three.example"), now));
    CHECK(!co_hsts_covers(check, CO_TEXT("gone.example"), now));
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    co_hsts_free(one);
    co_hsts_free(other);
    co_hsts_free(check);
    unlink(path);
    CHECK(rmdir(folder) == 0); /* nothing else is left there */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_field_by_its_grammar),
        cmocka_unit_test(covers_the_host_and_what_is_below_if_it_says_so),
        cmocka_unit_test(case_and_a_final_dot_make_no_other_host_c04),
        cmocka_unit_test(a_subdomains_word_changes_none_above_it_c04),
        cmocka_unit_test(an_address_is_never_noted),
        cmocka_unit_test(zero_ends_it),
        cmocka_unit_test(a_full_list_keeps_what_it_has),
        cmocka_unit_test(a_file_is_read_and_written_back),
        cmocka_unit_test(parallel_runs_keep_each_others_hosts_c04),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

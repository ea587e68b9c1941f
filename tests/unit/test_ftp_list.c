/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/ftp_list.h"

#define NOW       1795833240LL /* 2026-11-28T02:34:00Z */
#define HALF_YEAR 15778476LL

static const struct co_ftp_shown file = {
    .name = {"name", 4},
    .size = 12,
    .modified_seconds = NOW,
    .mode = 0644,
    .inode = 0x2a,
    .device = 0x801,
    .may = CO_FTP_MAY_READ,
};

static struct co_ftp_shown folder_of(co_text name)
{
    return (struct co_ftp_shown){.name = name,
        .folder = true,
        .size = 4096,
        .modified_seconds = NOW,
        .mode = 0755,
        .may = CO_FTP_MAY_READ};
}

static void assert_line(struct co_ftp_shown entry, int64_t now, const char *expected)
{
    struct co_buf out = CO_BUF(4096);
    co_ftp_list_line(&out, &entry, now);
    assert_text(co_buf_text(&out), expected);
    co_buf_free(&out);
}

static void assert_facts(struct co_ftp_shown entry, unsigned facts, const char *expected)
{
    struct co_buf out = CO_BUF(4096);
    co_ftp_facts_write(&out, &entry, facts);
    assert_text(co_buf_text(&out), expected);
    co_buf_free(&out);
}

static void assert_perm(bool folder, unsigned may, const char *expected)
{
    struct co_ftp_shown entry = {.name = CO_TEXT("x"), .folder = folder, .may = may};
    assert_facts(entry, CO_FTP_FACT_PERM, expected);
}

static void assert_quoted(co_text path, const char *expected)
{
    struct co_buf out = CO_BUF(4096);
    co_ftp_quote(&out, path);
    assert_text(co_buf_text(&out), expected);
    co_buf_free(&out);
}

static void assert_time(const char *text, int64_t expected_ns)
{
    int64_t ns = -1;
    assert_int_equal(co_ftp_time_parse(co_text_of(text), &ns), 0);
    assert_true(ns == expected_ns);
}

static void a_line_of_list_is_as_every_client_reads_it(void **state)
{
    (void)state;
    assert_line(folder_of(CO_TEXT("name")), NOW,
        "drwxr-xr-x   2 ftp      ftp          4096 Nov 28 02:34 name\r\n");
    assert_line(file, NOW, "-rw-r--r--   1 ftp      ftp            12 Nov 28 02:34 name\r\n");
    struct co_ftp_shown large = file;
    large.size = UINT64_MAX;
    assert_line(
        large, NOW, "-rw-r--r--   1 ftp      ftp      18446744073709551615 Nov 28 02:34 name\r\n");
}

static void a_line_shows_permission_bits_only(void **state)
{
    (void)state;
    struct co_ftp_shown entry = file;
    const struct {
        uint32_t mode;
        const char *line;
    } modes[] = {
        {0, "----------   1 ftp      ftp            12 Nov 28 02:34 name\r\n"},
        {0777, "-rwxrwxrwx   1 ftp      ftp            12 Nov 28 02:34 name\r\n"},
        {0124, "---x-w-r--   1 ftp      ftp            12 Nov 28 02:34 name\r\n"},
        {0107000, "----------   1 ftp      ftp            12 Nov 28 02:34 name\r\n"},
    };
    for (size_t i = 0; i < CO_LENGTH(modes); i++) {
        entry.mode = modes[i].mode;
        assert_line(entry, NOW, modes[i].line);
    }
}

static void a_line_has_the_year_when_it_is_old_or_in_the_future(void **state)
{
    (void)state;
    const char *recent = "-rw-r--r--   1 ftp      ftp            12 Nov 28 02:34 name\r\n";
    const char *year = "-rw-r--r--   1 ftp      ftp            12 Nov 28  2026 name\r\n";
    assert_line(file, NOW, recent);
    assert_line(file, NOW - 1, year);
    assert_line(file, NOW + HALF_YEAR, recent);
    assert_line(file, NOW + HALF_YEAR + 1, year);
    struct co_ftp_shown entry = file;
    entry.modified_seconds = 0;
    assert_line(entry, NOW, "-rw-r--r--   1 ftp      ftp            12 Jan  1  1970 name\r\n");
    entry.modified_seconds = INT64_MAX;
    assert_line(entry, NOW, "-rw-r--r--   1 ftp      ftp            12 Dec 31  9999 name\r\n");
    entry.modified_seconds = INT64_MIN;
    assert_line(entry, NOW, "-rw-r--r--   1 ftp      ftp            12 Jan  1  0000 name\r\n");
}

static void names_stand_as_they_are(void **state)
{
    (void)state;
    const char *names[] = {
        " leading", "trailing ", "a  b", "\xc3\xa9", "\xff\x01", "a;b=c", "\"", "*"};
    for (size_t i = 0; i < CO_LENGTH(names); i++) {
        char expected[128] = "-rw-r--r--   1 ftp      ftp            12 Nov 28 02:34 ";
        struct co_ftp_shown entry = file;
        entry.name = co_text_of(names[i]);
        strcat(expected, names[i]);
        strcat(expected, "\r\n");
        assert_line(entry, NOW, expected);
        strcpy(expected, "size=12; ");
        strcat(expected, names[i]);
        assert_facts(entry, CO_FTP_FACT_SIZE, expected);
    }
}

static void no_name_forges_a_line_f20(void **state)
{
    (void)state;
    struct co_ftp_shown entry = file;
    entry.name = CO_TEXT("a\r\ntype=file; b\0c\n");
    assert_line(entry, NOW,
        "-rw-r--r--   1 ftp      ftp            12 Nov 28 02:34 a??type=file; b?c?\r\n");
    assert_facts(entry, CO_FTP_FACT_TYPE, "type=file; a??type=file; b?c?");
    assert_false(co_ftp_name_is_shown(entry.name));
}

static void says_which_names_are_shown_f20(void **state)
{
    (void)state;
    assert_true(co_ftp_name_is_shown(CO_TEXT("name")));
    assert_true(co_ftp_name_is_shown(CO_TEXT(" \t\x01\x7f\xff\xc2\x85;\"")));
    assert_false(co_ftp_name_is_shown(CO_TEXT("")));
    assert_false(co_ftp_name_is_shown(CO_TEXT("\ra")));
    assert_false(co_ftp_name_is_shown(CO_TEXT("a\nb")));
    assert_false(co_ftp_name_is_shown(CO_TEXT("a\0")));
}

static void writes_facts_rfc3659_7_2(void **state)
{
    (void)state;
    assert_facts(file, CO_FTP_FACTS_ALL,
        "type=file;size=12;modify=20261128023400;perm=r;unique=801g2a;UNIX.mode=0644; name");
    assert_facts(folder_of(CO_TEXT("a b")), CO_FTP_FACTS_ALL,
        "type=dir;modify=20261128023400;perm=el;unique=0g0;UNIX.mode=0755; a b");
    assert_facts(
        file, CO_FTP_FACT_MODIFY | CO_FTP_FACT_TYPE, "type=file;modify=20261128023400; name");
    assert_facts(file, 0, " name");
    struct co_ftp_shown entry = file;
    entry.mode = 0104755;
    assert_facts(entry, CO_FTP_FACT_UNIX_MODE, "UNIX.mode=0755; name");
    entry.size = UINT64_MAX;
    assert_facts(entry, CO_FTP_FACT_SIZE, "size=18446744073709551615; name");
}

static void writes_types_rfc3659_7_5_1(void **state)
{
    (void)state;
    struct co_ftp_shown entry = folder_of(CO_TEXT("/a"));
    assert_facts(entry, CO_FTP_FACT_TYPE, "type=dir; /a");
    entry.current = true;
    assert_facts(entry, CO_FTP_FACT_TYPE, "type=cdir; /a");
    entry.current = false;
    entry.parent = true;
    assert_facts(entry, CO_FTP_FACT_TYPE, "type=pdir; /a");
}

static void a_folder_has_no_size_rfc3659_7_5_7(void **state)
{
    (void)state;
    assert_facts(folder_of(CO_TEXT("a")), CO_FTP_FACT_SIZE, " a");
}

static void writes_permissions_rfc3659_7_5_5(void **state)
{
    (void)state;
    assert_perm(false, 0, "perm=; x");
    assert_perm(false, CO_FTP_MAY_READ, "perm=r; x");
    assert_perm(false, CO_FTP_MAY_CHANGE, "perm=adfw; x");
    assert_perm(false, CO_FTP_MAY_ADD, "perm=; x");
    assert_perm(false, CO_FTP_MAY_READ | CO_FTP_MAY_CHANGE | CO_FTP_MAY_ADD, "perm=adfrw; x");
    assert_perm(true, 0, "perm=; x");
    assert_perm(true, CO_FTP_MAY_READ, "perm=el; x");
    assert_perm(true, CO_FTP_MAY_ADD, "perm=cem; x");
    assert_perm(true, CO_FTP_MAY_CHANGE, "perm=defp; x");
    assert_perm(true, CO_FTP_MAY_READ | CO_FTP_MAY_CHANGE | CO_FTP_MAY_ADD, "perm=cdeflmp; x");
}

static void no_two_files_have_one_unique_fact_rfc3659_7_5_2(void **state)
{
    (void)state;
    struct co_ftp_shown entry = file;
    entry.device = 0x8;
    entry.inode = 0x12a;
    assert_facts(entry, CO_FTP_FACT_UNIQUE, "unique=8g12a; name");
    entry.device = 0x81;
    entry.inode = 0x2a;
    assert_facts(entry, CO_FTP_FACT_UNIQUE, "unique=81g2a; name");
    entry.device = entry.inode = UINT64_MAX;
    assert_facts(entry, CO_FTP_FACT_UNIQUE, "unique=ffffffffffffffffgffffffffffffffff; name");
}

static void names_facts_for_feat_and_opts_rfc3659_7_8(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(256);
    co_ftp_facts_names(&out, CO_FTP_FACTS_ALL);
    assert_text(co_buf_text(&out), "type*;size*;modify*;perm*;unique*;UNIX.mode*;");
    co_buf_clear(&out);
    co_ftp_facts_names(&out, CO_FTP_FACT_SIZE | CO_FTP_FACT_UNIX_MODE);
    assert_text(co_buf_text(&out), "type;size*;modify;perm;unique;UNIX.mode*;");
    co_buf_clear(&out);
    co_ftp_facts_chosen(&out, CO_FTP_FACT_SIZE | CO_FTP_FACT_UNIX_MODE);
    assert_text(co_buf_text(&out), "size;UNIX.mode;");
    co_buf_clear(&out);
    co_ftp_facts_chosen(&out, 0);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

static void reads_lists_of_facts_rfc3659_7_9(void **state)
{
    (void)state;
    assert_int_equal(
        co_ftp_facts_parse(CO_TEXT("type;size;")), CO_FTP_FACT_TYPE | CO_FTP_FACT_SIZE);
    assert_int_equal(
        co_ftp_facts_parse(CO_TEXT("TYPE;Modify;unix.MODE;unique;perm;size;")), CO_FTP_FACTS_ALL);
    assert_int_equal(co_ftp_facts_parse(CO_TEXT("size")), CO_FTP_FACT_SIZE);
    assert_int_equal(co_ftp_facts_parse(CO_TEXT("")), 0);
    assert_int_equal(co_ftp_facts_parse(CO_TEXT(";;;size;;")), CO_FTP_FACT_SIZE);
    assert_int_equal(co_ftp_facts_parse(CO_TEXT("lang;siz;sizes; size;type*;")), 0);
    assert_int_equal(co_ftp_facts_parse(CO_TEXT("media-type;type;")), CO_FTP_FACT_TYPE);
}

static void writes_times_rfc3659_2_3(void **state)
{
    (void)state;
    char text[CO_FTP_TIME_SIZE];
    co_ftp_time_write(text, NOW);
    assert_memory_equal(text, "20261128023400", sizeof text);
    co_ftp_time_write(text, -1);
    assert_memory_equal(text, "19691231235959", sizeof text);
    co_ftp_time_write(text, INT64_MIN);
    assert_memory_equal(text, "00000101000000", sizeof text);
    co_ftp_time_write(text, INT64_MAX);
    assert_memory_equal(text, "99991231235959", sizeof text);
}

static void reads_times_rfc3659_2_3(void **state)
{
    (void)state;
    assert_time("20261128023400", NOW * CO_SECOND);
    assert_time("19700101000000", 0);
    assert_time("20161231235960", 1483228800 * CO_SECOND); /* a leap second */
    assert_time("20261128023400.5", NOW * CO_SECOND + 500000000);
    assert_time("20261128023400.000000001", NOW * CO_SECOND + 1);
    assert_time("20261128023400.1234567899999", NOW * CO_SECOND + 123456789);
    assert_time("19691231235959.25", -750000000);
    assert_time("16780101000000", -9214560000LL * CO_SECOND);
    assert_time("22611231235959.999999999", 9214646399LL * CO_SECOND + 999999999);
}

static void refuses_times_that_are_none(void **state)
{
    (void)state;
    const char *bad[] = {"", "2026112802340", "202611280234000", "20261128023400.",
        "20261128023400.x", "20261128023400.5x", "20261128023400,5", "20261128023400 ",
        " 20261128023400", ".5", "20261328023400", "20260028023400", "20260229000000",
        "20261100000000", "20261128243400", "20261128026000", "20261128023460",
        "2026-11-28T02:34:00", "-0261128023400", "191001128023400", "00000101000000",
        "16000101000000", "23000101000000", "99991231235959"};
    int64_t ns = 42;
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_ftp_time_parse(co_text_of(bad[i]), &ns), CO_EINVALID);
    assert_int_equal(co_ftp_time_parse(CO_TEXT("20261128023400\0"), &ns), CO_EINVALID);
    assert_int_equal(ns, 42);
}

static void quotes_are_doubled_rfc959_appendix_ii(void **state)
{
    (void)state;
    assert_quoted(CO_TEXT(""), "");
    assert_quoted(CO_TEXT("/usr/dm"), "/usr/dm");
    assert_quoted(CO_TEXT("/foo\"bar"), "/foo\"\"bar");
    assert_quoted(CO_TEXT("\"\"\""), "\"\"\"\"\"\"");
    assert_quoted(CO_TEXT("\"a"), "\"\"a");
    assert_quoted(CO_TEXT("\xff \xc3\xa9"), "\xff \xc3\xa9");
}

static void a_quoted_path_stays_in_its_line_and_its_bounds_f14(void **state)
{
    (void)state;
    static char path[65536];
    assert_quoted(CO_TEXT("a\r\n257 \"b\0"), "a??257 \"\"b?");
    memset(path, '"', sizeof path);
    struct co_buf out = CO_BUF(2 * sizeof path);
    co_ftp_quote(&out, (co_text){path, sizeof path});
    assert_int_equal(out.error, 0);
    assert_int_equal(out.size, 2 * sizeof path);
    co_buf_free(&out);
    out = CO_BUF(4096);
    co_ftp_quote(&out, (co_text){path, sizeof path});
    assert_int_equal(out.error, CO_ETOOBIG);
    assert_true(out.size <= 4096);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_list_is_as_every_client_reads_it),
        cmocka_unit_test(a_line_shows_permission_bits_only),
        cmocka_unit_test(a_line_has_the_year_when_it_is_old_or_in_the_future),
        cmocka_unit_test(names_stand_as_they_are),
        cmocka_unit_test(no_name_forges_a_line_f20),
        cmocka_unit_test(says_which_names_are_shown_f20),
        cmocka_unit_test(writes_facts_rfc3659_7_2),
        cmocka_unit_test(writes_types_rfc3659_7_5_1),
        cmocka_unit_test(a_folder_has_no_size_rfc3659_7_5_7),
        cmocka_unit_test(writes_permissions_rfc3659_7_5_5),
        cmocka_unit_test(no_two_files_have_one_unique_fact_rfc3659_7_5_2),
        cmocka_unit_test(names_facts_for_feat_and_opts_rfc3659_7_8),
        cmocka_unit_test(reads_lists_of_facts_rfc3659_7_9),
        cmocka_unit_test(writes_times_rfc3659_2_3),
        cmocka_unit_test(reads_times_rfc3659_2_3),
        cmocka_unit_test(refuses_times_that_are_none),
        cmocka_unit_test(quotes_are_doubled_rfc959_appendix_ii),
        cmocka_unit_test(a_quoted_path_stays_in_its_line_and_its_bounds_f14),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

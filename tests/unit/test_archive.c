/* SPDX-License-Identifier: MIT */
#include "coding/archive.h"
#include "test.h"

#include <stdio.h>

#define OUT_MAX (4u << 20)

static struct co_buf out = CO_BUF(OUT_MAX);
static struct co_archive *archive;

static void begin(enum co_archive_kind kind)
{
    co_buf_clear(&out);
    assert_int_equal(co_archive_new(&archive, kind), 0);
}

static void end(void)
{
    int more;
    while ((more = co_archive_finish(archive, 1000, &out)) > 0)
        ;
    assert_int_equal(more, 0);
    co_archive_free(archive);
}

static int add(const char *name, uint64_t size, const char *text)
{
    const struct co_archive_entry entry = {.name = co_text_of(name),
        .size = size,
        .modified = 1000000000,
        .mode = 0644,
        .is_utf8 = true};
    int rc = co_archive_begin(archive, &entry, &out);
    if (rc == 0)
        rc = co_archive_add(archive, co_text_of(text), &out);
    return rc < 0 ? rc : co_archive_end(archive, &out);
}

/* The little-endian number at an offset. */
static uint64_t number(size_t at, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | (unsigned char)out.at[at + size];
    return value;
}

static bool holds(const char *bytes, size_t size)
{
    return memmem(out.at, out.size, bytes, size) != NULL;
}

static void no_name_leads_out_h12(void **state)
{
    (void)state;
    static const char *const names[] = {
        "", "/", "/etc/passwd", "..", "../a", "a/../../b", "a/..", ".", "./a", "a//b", "a/"};
    for (int kind = CO_ARCHIVE_TAR; kind <= CO_ARCHIVE_ZIP; kind++) {
        begin((enum co_archive_kind)kind);
        for (size_t i = 0; i < CO_LENGTH(names); i++)
            assert_int_equal(add(names[i], 0, ""), CO_EINVALID);
        assert_int_equal(out.size, 0);
        assert_int_equal(add("a/..b/...", 0, ""), 0);
        end();
    }
}

static void no_backslash_is_a_slash_to_windows_h12(void **state)
{
    (void)state;
    begin(CO_ARCHIVE_ZIP);
    assert_int_equal(add("a/..\\..\\b", 0, ""), 0);
    end();
    assert_true(holds("a/.._.._b", 9));
    assert_false(holds("\\", 1));
}

static void a_tar_is_blocks(void **state)
{
    (void)state;
    begin(CO_ARCHIVE_TAR);
    assert_int_equal(add("a/b", 5, "hello"), 0);
    end();
    assert_int_equal(out.size, 512 + 512 + 1024);
    assert_string_equal(out.at, "a/b");
    assert_memory_equal(out.at + 124, "00000000005", 12);
    assert_memory_equal(out.at + 257, "ustar\00000", 8);
    assert_memory_equal(out.at + 512, "hello\0", 6);
}

static void what_a_header_cannot_hold_stands_in_records(void **state)
{
    (void)state;
    char name[140], record[160];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    begin(CO_ARCHIVE_TAR);
    const struct co_archive_entry entry = {
        .name = co_text_of(name), .size = 1ULL << 33, .modified = -5, .mode = 0600};
    assert_int_equal(co_archive_begin(archive, &entry, &out), 0);
    assert_int_equal(out.at[156], 'x');
    snprintf(record, sizeof record, "149 path=%s\n", name);
    assert_true(holds(record, strlen(record)));
    assert_true(holds("19 size=8589934592\n", 19));
    assert_true(holds("12 mtime=-5\n", 12));
    assert_true(holds("hdrcharset=BINARY\n", 18));
    assert_int_equal(out.size, 3 * 512);
    assert_int_equal(co_archive_end(archive, &out), CO_EEOF); /* nothing came of 8 GiB */
    co_archive_free(archive);
}

static void a_zip_says_what_there_was(void **state)
{
    (void)state;
    begin(CO_ARCHIVE_ZIP);
    assert_int_equal(add("a", 100, "hello"), 0); /* it was announced as 100 bytes */
    end();
    size_t directory = number(out.size - 6, 4);
    assert_int_equal(number(directory, 4), 0x02014b50);
    assert_int_equal(number(directory + 16, 4), 0x3610a686); /* the sum of "hello" */
    assert_int_equal(number(directory + 24, 4), 5);
    assert_int_equal(number(directory + 12, 4), 0x2b290dd4); /* 2001-09-09 01:46:40 */
}

static void a_large_file_has_sizes_of_64_bits(void **state)
{
    (void)state;
    begin(CO_ARCHIVE_ZIP);
    assert_int_equal(add("a", 5ULL << 30, "hello"), 0);
    end();
    assert_int_equal(number(4, 2), 45);
    assert_int_equal(number(18, 4), 0xffffffff);
    size_t directory = number(out.size - 6, 4);
    assert_int_equal(number(directory + 24, 4), 0xffffffff);
    size_t extra = directory + 46 + 1 + 9; /* behind the name and the time */
    assert_int_equal(number(extra, 2), 1);
    assert_int_equal(number(extra + 4, 8), 5);
}

static void many_entries_have_an_end_of_64_bits(void **state)
{
    (void)state;
    out.size_max = 64u << 20;
    begin(CO_ARCHIVE_ZIP);
    char name[16];
    for (unsigned i = 0; i < 70000; i++) {
        snprintf(name, sizeof name, "%u", i);
        assert_int_equal(add(name, 0, ""), 0);
    }
    end();
    assert_int_equal(number(out.size - 12, 2), 0xffff);
    assert_int_equal(number(out.size - 22 - 20 - 56, 4), 0x06064b50);
    assert_int_equal(number(out.size - 22 - 20 - 56 + 32, 8), 70000);
}

static void a_directory_has_a_ceiling(void **state)
{
    (void)state;
    char name[10000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    begin(CO_ARCHIVE_ZIP);
    int rc = 0;
    unsigned count = 0;
    for (; rc == 0; count++) {
        co_buf_clear(&out);
        rc = add(name, 0, "");
    }
    assert_int_equal(rc, CO_ETOOBIG);
    assert_in_range(count, 1600, CO_ARCHIVE_DIRECTORY_MAX / sizeof name + 1);
    co_archive_free(archive);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_name_leads_out_h12),
        cmocka_unit_test(no_backslash_is_a_slash_to_windows_h12),
        cmocka_unit_test(a_tar_is_blocks),
        cmocka_unit_test(what_a_header_cannot_hold_stands_in_records),
        cmocka_unit_test(a_zip_says_what_there_was),
        cmocka_unit_test(a_large_file_has_sizes_of_64_bits),
        cmocka_unit_test(many_entries_have_an_end_of_64_bits),
        cmocka_unit_test(a_directory_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

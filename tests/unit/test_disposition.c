/* SPDX-License-Identifier: MIT */
#include "codec/disposition.h"
#include "test.h"

struct row {
    const char *value, *name; /* NULL: none */
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct co_buf out = CO_BUF(1000);
        int rc = co_disposition_filename(co_text_of(rows[i].value), &out);
        if (!rows[i].name) {
            assert_int_equal(rc, CO_EINVALID);
            assert_int_equal(out.size, 0);
        } else {
            if (rc < 0)
                print_message("row %s\n", rows[i].value);
            assert_int_equal(rc, 0);
            assert_text(co_buf_text(&out), rows[i].name);
        }
        co_buf_free(&out);
    }
}

static void reads_filename_rfc6266_4_3(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"attachment; filename=a.txt", "a.txt"},
        {"attachment; filename=\"a b.txt\"", "a b.txt"},
        {"Attachment;FILENAME=\"a\"", "a"},
        {"inline; filename = \"a\" ; size=5", "a"},
        {"attachment; x=\"filename=b\"; filename=\"a;c.txt\"", "a;c.txt"},
        {"attachment; filename=\"a\\\"b\"", "a\"b"},
        {"attachment; filename=two words.txt", "two words.txt"},
        {"attachment; filename=\"a\";", "a"},
        {"attachment; filename=\"%41\"", "%41"},
        {"attachment; filename=\"caf\xc3\xa9\"", "caf\xc3\xa9"},
        {"attachment; filename=\"caf\xe9\"", "caf\xc3\xa9"},
        {"attachment; foo*=UTF-8''b; filename=a", "a"},
    };
    check(rows, CO_LENGTH(rows));
}

static void prefers_the_extended_name_rfc8187(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"attachment; filename*=UTF-8''caf%C3%A9.txt", "caf\xc3\xa9.txt"},
        {"attachment; filename=\"x\"; filename*=utf-8'en'a%20b", "a b"},
        {"attachment; filename*=UTF-8''a; filename=\"x\"", "a"},
        {"attachment; filename*=iso-8859-1'de'%E4", "\xc3\xa4"},
        {"attachment; filename=x; filename*=UTF-8''%E4", "x"},
        {"attachment; filename=x; filename*=KOI8-R''a", "x"},
        {"attachment; filename=x; filename*=UTF-8''%zz", "x"},
        {"attachment; filename=x; filename*=UTF-8", "x"},
        {"attachment; filename=x; filename*=UTF-8''", "x"},
        {"attachment; filename*=UTF-8''%zz", NULL},
    };
    check(rows, CO_LENGTH(rows));
}

static void takes_the_last_component_alone_c06(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"attachment; filename=\"/etc/passwd\"", "passwd"},
        {"attachment; filename=\"../../a\"", "a"},
        {"attachment; filename=\"C:\\\\dir\\\\a.txt\"", "a.txt"},
        {"attachment; filename*=UTF-8''..%2F..%2Fa", "a"},
        {"attachment; filename*=UTF-8''..%5Ca", "a"},
        {"attachment; filename=\"a/\"", NULL},
        {"attachment; filename=\"\"", NULL},
        {"attachment; filename=\"a/..\"", ".."},
    };
    check(rows, CO_LENGTH(rows));
}

/* RFC 6266 3: what is malformed may be passed over; people want the name that the rest gives. */
static void passes_over_what_is_malformed(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"attachment; filename=a; size", "a"},
        {"attachment; x; filename=a", "a"},
        {"attachment; filename=a b; size ", "a b"},
        {"attachment; filename; filename=a", "a"},
        {"attachment; filename=; filename=a", "a"},
        {"attachment; =x; filename=a", "a"},
        {"attachment; file name=x; filename=a", "a"},
        {"attachment; filename=\"x\"y; filename=a", "a"},
        {"attachment; filename=\"a\"; filename=\"b\"", "a"},
        {"attachment; filename*=UTF-8''a; filename*=UTF-8''b", "a"},
        {"attachment; filename*=; filename=a", "a"},
        {"filename=\"a\"", "a"},
        {" filename*=UTF-8''a%20b", "a b"},
        {"; filename=a", "a"},
        {"not a token; filename=a", "a"},
        {"attachment; filename*=\"UTF-8''a%20b\"", "a b"},
        {"attachment; filename=x; filename*=\"UTF-8''a;b\"", "a;b"},
        {"attachment; filename*=utf8''%C3%A9", "\xc3\xa9"},
    };
    check(rows, CO_LENGTH(rows));
}

static void has_no_name_where_none_can_be_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"", ";", "attachment", "attachment; filename",
        "attachment; filename=", "attachment; filename=\"a", "attachment; filename=\"a\"b",
        "attachment; filename=a\"b\"", "attachment; =a", "attachment; file name=a",
        "attachment filename=a", "attachment; filename*=a", "attachment; filename*=\"a",
        "attachment; filename*=\"\""};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        check(&(struct row){bad[i], NULL}, 1);
}

static void stays_within_the_buffers_ceiling(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(3);
    co_buf_add_char(&out, 'x');
    assert_int_equal(
        co_disposition_filename(CO_TEXT("attachment; filename=abc"), &out), CO_ETOOBIG);
    assert_int_equal(out.size, 1);
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_filename_rfc6266_4_3),
        cmocka_unit_test(prefers_the_extended_name_rfc8187),
        cmocka_unit_test(takes_the_last_component_alone_c06),
        cmocka_unit_test(passes_over_what_is_malformed),
        cmocka_unit_test(has_no_name_where_none_can_be_read),
        cmocka_unit_test(stays_within_the_buffers_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

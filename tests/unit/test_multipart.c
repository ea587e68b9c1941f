/* SPDX-License-Identifier: MIT */
/* multipart/form-data: parts found at every split, names made safe, junk refused. */
#include "test.h"

#include "base/buf.h"
#include "codec/multipart.h"

#include <errno.h>

#define TYPE "multipart/form-data; boundary=XX"
#define FILE_PART(name, content)                                                                   \
 "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" name                            \
 "\"\r\nContent-Type: text/plain\r\n\r\n" content "\r\n"

/* All that the decoder tells of the text, which comes in pieces of that size, as one line. */
static const char *decoded(const char *body, size_t step)
{
    static char room[4096];
    struct co_multipart decoder;
    struct co_buf out = {.at = room, .room = sizeof room - 1, .size_max = sizeof room - 1};
    co_text all = co_text_of(body), name, file;
    int event = CO_MULTIPART_MORE;
    assert_int_equal(co_multipart_start(&decoder, CO_TEXT(TYPE)), 0);
    for (size_t at = 0; at < all.size && event >= 0; at += step) {
        co_text input = {all.at + at, step < all.size - at ? step : all.size - at}, data;
        while ((event = co_multipart_next(&decoder, &input, &data)) != CO_MULTIPART_MORE) {
            if (event == CO_MULTIPART_DATA)
                co_buf_add_text(&out, data);
            if (event == CO_MULTIPART_PART) {
                if (co_multipart_disposition(&decoder, &name, &file) < 0)
                    return "no disposition";
                co_buf_addf(&out, "<%.*s|%.*s:", CO_TEXT_PRINT(name), CO_TEXT_PRINT(file));
            }
            if (event == CO_MULTIPART_DONE)
                co_buf_add_string(&out, ">");
            if (event == CO_MULTIPART_END)
                co_buf_add_string(&out, "!");
            if (event < 0)
                return "malformed";
            if (event == CO_MULTIPART_END)
                break;
        }
        if (event == CO_MULTIPART_END)
            break;
    }
    room[out.size] = '\0';
    return room;
}

static void assert_decoded(const char *body, const char *expected)
{
    for (size_t step = 1; step <= strlen(body) + 1; step++)
        assert_string_equal(decoded(body, step), expected);
}

static void finds_parts_at_every_split(void **state)
{
    (void)state;
    assert_decoded(
        FILE_PART("a.txt", "hello") FILE_PART("b", "") "--XX--\r\n", "<f|a.txt:hello><f|b:>!");
    assert_decoded("preamble\r\n" FILE_PART("a", "x") "--XX--epilogue", "<f|a:x>!");
    assert_decoded("--XX\r\nContent-Disposition: form-data; name=plain\r\n\r\nvalue\r\n--XX--",
        "<plain|:value>!");
    assert_decoded(
        "--XX  \t\r\nX: y\r\ncontent-disposition:form-data ;name=\"a\"\r\n\r\n1\r\n--XX--",
        "<a|:1>!");
    assert_decoded("--XX--", "!");
}

static void what_only_looks_like_a_delimiter_is_content(void **state)
{
    (void)state;
    assert_decoded(FILE_PART("a", "\r\n--XY\r\r\n\r\n--X\r\n-\r\n--\r") "--XX--",
        "<f|a:\r\n--XY\r\r\n\r\n--X\r\n-\r\n--\r>!");
    assert_decoded(FILE_PART("a", "--XX\r\n") "--XX--", "<f|a:--XX\r\n>!");
}

static void refuses_malformed_bodies(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "--XXY\r\n",
        "--XX\n",
        "--XX-\r\n",
        "--XX\r\nContent-Disposition: form-data\n\r\n",
        "--XX\r\nA\rB: c\r\n\r\n",
    };
    for (size_t i = 0; i < CO_LENGTH(bodies); i++)
        assert_decoded(bodies[i], "malformed");
    assert_decoded("--XX\r\n\r\nx\r\n--XX--", "no disposition");
    assert_decoded("--XX\r\nContent-Disposition: attachment\r\n\r\n", "no disposition");
}

static void a_head_is_bounded(void **state)
{
    (void)state;
    char body[CO_MULTIPART_HEAD_MAX + 64] = "--XX\r\nA: ";
    memset(body + 9, 'x', sizeof body - 10);
    assert_decoded(body, "malformed");
}

static void an_unfinished_body_has_no_end(void **state)
{
    (void)state;
    assert_decoded(FILE_PART("a", "x"), "<f|a:x");
    assert_decoded(FILE_PART("a", "x") "--XX", "<f|a:x>");
    assert_decoded(FILE_PART("a", "x") "--XX-", "<f|a:x>");
}

static void quotes_in_names_are_unescaped(void **state)
{
    (void)state;
    assert_decoded(FILE_PART("a%22b%20", "x") "--XX--", "<f|a\"b%20:x>!");
    assert_decoded(FILE_PART("a\\\"; b", "x") "--XX--", "<f|a\"; b:x>!");
    assert_decoded(FILE_PART("C:\\a\\b", "x") "--XX--", "<f|C:\\a\\b:x>!");
}

#define NAMED(parameters)                                                                          \
 "--XX\r\nContent-Disposition: form-data; name=f; " parameters "\r\n\r\nx\r\n--XX--"

/* RFC 7578 4.2 has done away with filename*, but some clients send nothing else. */
static void an_encoded_name_counts_before_a_plain_one(void **state)
{
    (void)state;
    assert_decoded(NAMED("filename*=utf-8''%E2%82%AC%20a.txt"), "<f|\342\202\254 a.txt:x>!");
    assert_decoded(NAMED("filename*=\"UTF-8'de'a;b\""), "<f|a;b:x>!");
    assert_decoded(NAMED("filename=\"=?utf-8?B?4oKs?=\"; filename*=utf-8''b"), "<f|b:x>!");
    assert_decoded(NAMED("filename*=utf-8''b; filename=a"), "<f|b:x>!");
    assert_decoded(NAMED("filename=a; filename*=utf-8''%zz"), "<f|a:x>!");
    assert_decoded(NAMED("filename=a; filename*=koi8-r''b"), "<f|a:x>!");
    assert_decoded(NAMED("filename=\"\"; filename*=utf-8''"), "<f|:x>!");
}

static void a_name_that_cannot_be_read_is_no_missing_name(void **state)
{
    (void)state;
    assert_decoded(NAMED("filename*=utf-8''%zz"), "no disposition");
    assert_decoded(NAMED("filename*=koi8-r''b"), "no disposition");
    assert_decoded(NAMED("filename*=b"), "no disposition");
}

static void folded_fields_are_one_rfc5322_2_2_3(void **state)
{
    (void)state;
    assert_decoded("--XX\r\nContent-Disposition: form-data;\r\n\tname=f;\r\n  filename=\"a\"\r\n"
                   "X: y\r\n z\r\n\r\nx\r\n--XX--",
        "<f|a:x>!");
    assert_decoded("--XX\r\n\r\n Content-Disposition: form-data\r\n\r\n", "no disposition");
}

#define WITH_70(more)                                                                              \
 ("multipart/form-data; boundary="                                                                 \
  "1234567890123456789012345678901234567890123456789012345678901234567890" more)

static void takes_the_boundary_that_there_is(void **state)
{
    (void)state;
    static const char *const good[] = {"multipart/form-data;boundary=a",
        "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b'()+_,-./:=?\"", WITH_70("")};
    static const char *const bad[] = {"", "multipart/form-data", "multipart/mixed; boundary=a",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=a\xff", "multipart/form-data; boundary=a\"b", WITH_70("1")};
    struct co_multipart decoder;
    for (size_t i = 0; i < CO_LENGTH(good); i++)
        assert_int_equal(co_multipart_start(&decoder, co_text_of(good[i])), 0);
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_int_equal(co_multipart_start(&decoder, co_text_of(bad[i])), -EINVAL);
}

static void a_file_lands_below_its_folder(void **state)
{
    (void)state;
    static const char *const paths[][2] = {{"a.txt", "a.txt"}, {"sub/a.txt", "sub/a.txt"},
        {"/etc/passwd", "passwd"}, {"../../a", "a"}, {"sub/../../a", "a"}, {"sub//a", "a"},
        {"./a", "a"}, {"C:\\Users\\ann\\a.txt", "a.txt"}, {"..\\a", "a"}, {"a\\..", ""}, {"", ""},
        {"..", ""}, {"sub/", ""}, {"/", ""}, {".", ""}, {"...", "..."}};
    for (size_t i = 0; i < CO_LENGTH(paths); i++)
        assert_text(co_multipart_path(co_text_of(paths[i][0])), paths[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_parts_at_every_split),
        cmocka_unit_test(what_only_looks_like_a_delimiter_is_content),
        cmocka_unit_test(refuses_malformed_bodies),
        cmocka_unit_test(a_head_is_bounded),
        cmocka_unit_test(an_unfinished_body_has_no_end),
        cmocka_unit_test(quotes_in_names_are_unescaped),
        cmocka_unit_test(an_encoded_name_counts_before_a_plain_one),
        cmocka_unit_test(a_name_that_cannot_be_read_is_no_missing_name),
        cmocka_unit_test(folded_fields_are_one_rfc5322_2_2_3),
        cmocka_unit_test(takes_the_boundary_that_there_is),
        cmocka_unit_test(a_file_lands_below_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

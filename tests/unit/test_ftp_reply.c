/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/ftp_reply.h"

#include <stdio.h>

/* ---- where a reply ends (RFC 959 4.2) -------------------------------------------------------- */

struct row {
    const char *text;
    ssize_t size; /* of the reply; 0: more has to come */
    int code;
    const char *gist;
};

static const struct row rows[] = {
    {"220 Hello\r\n", 11, 220, "Hello"},
    {"220 Hello\n", 10, 220, "Hello"},
    {"226 \r\n", 6, 226, ""},
    {"226\r\n", 5, 226, ""},
    {"226\n", 4, 226, ""},
    {"220 Hello\r\n331 more", 11, 220, "Hello"},
    {"220-a\r\n220 b\r\n", 14, 220, "b"},
    {"220-a\r\nany\r\n220 b\r\n", 19, 220, "b"},
    {"220-a\r\n221 other\r\n220 b\r\n", 25, 220, "b"},
    {"220-a\r\n220-again\r\n220 b\r\n", 25, 220, "b"},
    {"220-a\r\n 220 padded\r\n220 b\r\n", 27, 220, "b"},
    {"220-a\r\n2200 no\r\n220 b\r\n", 23, 220, "b"},
    {"220-a\r\n220x\r\n220 b\r\n", 20, 220, "b"},
    {"220-a\r\n\r\n220 b\r\n", 16, 220, "b"},
    {"220-a\r\n220\r\n", 12, 220, "a"},
    {"220-a\r\n220 \r\n", 13, 220, "a"},
    {"220-\r\n b\r\n220 \r\n", 16, 220, "b"},
    {"220-a\r\n", 0, 0, NULL},
    {"220-a\r\n220-b\r\n", 0, 0, NULL},
    {"220-a\r\n220 b", 0, 0, NULL},
    {"220 Hel", 0, 0, NULL},
    {"", 0, 0, NULL},
    {"22", 0, 0, NULL},
    {"\r\n", CO_EFTP, 0, NULL},
    {"22\r\n", CO_EFTP, 0, NULL},
    {"2200\r\n", CO_EFTP, 0, NULL},
    {"220x\r\n", CO_EFTP, 0, NULL},
    {" 220 x\r\n", CO_EFTP, 0, NULL},
    {"020 x\r\n", CO_EFTP, 0, NULL},
    {"620 x\r\n", CO_EFTP, 0, NULL},
    {"2x0 x\r\n", CO_EFTP, 0, NULL},
    {"-20 x\r\n", CO_EFTP, 0, NULL},
    {"HTTP/1.1 400 Bad\r\n", CO_EFTP, 0, NULL},
    {"SSH-2.0-x\r\n", CO_EFTP, 0, NULL},
};

/* The text arrives in steps of so many bytes. */
static ssize_t size_by(co_text text, size_t step)
{
    struct co_ftp_reply_scan scan = {0};
    ssize_t size = 0;
    for (size_t n = 0; size == 0 && n < text.size;) {
        n = n + step < text.size ? n + step : text.size;
        size = co_ftp_reply_size((co_text){text.at, n}, &scan);
    }
    return size;
}

static void ends_in_the_same_place_at_every_split(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        co_text text = co_text_of(rows[i].text);
        for (size_t step = 1; step <= text.size; step++) {
            if (size_by(text, step) != rows[i].size)
                print_error("\"%s\" by %zu\n", rows[i].text, step);
            assert_int_equal(size_by(text, step), rows[i].size);
        }
        if (rows[i].size <= 0)
            continue;
        co_text reply = {text.at, (size_t)rows[i].size};
        assert_int_equal(co_ftp_reply_code(reply), rows[i].code);
        assert_text(co_ftp_reply_gist(reply), rows[i].gist);
    }
}

/* "220-\r\n" and so many lines of so many bytes, and "220 \r\n". */
static co_text long_reply(unsigned lines, unsigned bytes)
{
    static char text[1 << 20];
    size_t size = (size_t)sprintf(text, "220-\r\n");
    for (unsigned i = 0; i < lines; i++)
        size += (size_t)sprintf(text + size, "%*s\r\n", (int)bytes - 2, "");
    size += (size_t)sprintf(text + size, "220 \r\n");
    return (co_text){text, size};
}

static void a_reply_is_bounded_in_bytes_and_lines(void **unused)
{
    (void)unused;
    assert_int_equal(size_by(long_reply(998, 10), 100), 998 * 10 + 12);
    assert_int_equal(size_by(long_reply(999, 10), 100), CO_ETOOBIG);
    assert_int_equal(size_by(long_reply(1, CO_FTP_REPLY_MAX - 12), 1000), CO_FTP_REPLY_MAX);
    assert_int_equal(size_by(long_reply(1, CO_FTP_REPLY_MAX - 11), 1000), CO_ETOOBIG);
    assert_int_equal(size_by(long_reply(1, 2 * CO_FTP_REPLY_MAX), 1000), CO_ETOOBIG);
}

/* ---- what answers hold ----------------------------------------------------------------------- */

static void finds_the_port_of_227_rfc1123_4_1_2_6(void **unused)
{
    static const struct {
        const char *text;
        int port; /* 0: none */
    } passive[] = {
        {"227 Entering Passive Mode (127,0,0,1,4,5)", 1029},
        {"227 Entering Passive Mode (127,0,0,1,4,5).", 1029},
        {"227 Entering Passive Mode 127,0,0,1,4,5", 1029},
        {"227 =127,0,0,1,255,255", 65535},
        {"227 Port 21 is (127,0,0,1,0,21)", 21},
        {"227 (999,0,0,1,4,5)", 0},
        {"227 (127,0,0,1,4)", 0},
        {"227 (127,0,0,1,4,256)", 0},
        {"227 (127,0,0,1,0,0)", 0},
        {"227 (127,0,0,1,4,5000)", 0},
        {"227 (1,2,3,4,-1,5)", 0},
        {"227 Entering Passive Mode", 0},
        {"227", 0},
    };
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(passive); i++) {
        uint16_t port = 0;
        int rc = co_ftp_reply_passive(co_text_of(passive[i].text), &port);
        assert_int_equal(rc, passive[i].port ? 0 : CO_EFTP);
        if (rc == 0)
            assert_int_equal(port, passive[i].port);
    }
}

static void finds_the_port_of_229_rfc2428_3(void **unused)
{
    static const struct {
        const char *text;
        int port; /* 0: none */
    } extended[] = {
        {"229 Entering Extended Passive Mode (|||6446|)", 6446},
        {"229 ok (!!!65535!)", 65535},
        {"229 ok (|||0|)", 0},
        {"229 ok (|||65536|)", 0},
        {"229 ok (||6446|)", 0},
        {"229 ok (|1|10.0.0.1|6446|)", 0},
        {"229 ok (|||6446)", 0},
        {"229 ok (|||6446|", 0},
        {"229 ok |||6446|", 0},
        {"229 ok (||||)", 0},
        {"229 ok (|||-1|)", 0},
        {"229 ok (   6446 )", 0},
        {"229 ok (", 0},
        {"229", 0},
    };
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(extended); i++) {
        uint16_t port = 0;
        int rc = co_ftp_reply_extended(co_text_of(extended[i].text), &port);
        assert_int_equal(rc, extended[i].port ? 0 : CO_EFTP);
        if (rc == 0)
            assert_int_equal(port, extended[i].port);
    }
}

static void f14_quoted_paths_are_read_to_their_end_and_no_further(void **unused)
{
    static const struct {
        const char *text, *path; /* NULL: none */
    } quoted[] = {
        {"257 \"/\" is it", "/"},
        {"257 \"/a b\"", "/a b"},
        {"257 \"/a\"\"b\" is it", "/a\"b"},
        {"257 \"\"\"\"", "\""},
        {"257 \"\" is nothing", ""},
        {"257 \"/\xff\xff\xff\xff\"", "/\xff\xff"}, /* Telnet's (RFC 854) */
        {"257 \"/\xff-\"", "/\xff-"},               /* of who does not know it */
        {"257 Here: \"/x\" \"/y\"", "/x"},
        {"257 \"/open", "/open"},
        {"257 \"/open\"\"", "/open\""},
        {"257-\"/open\r\n257 \"/b\"", "/open"},
        {"257 none", NULL},
        {"257", NULL},
    };
    char path[16];
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(quoted); i++) {
        ssize_t n = co_ftp_reply_quoted(co_text_of(quoted[i].text), path, sizeof path);
        assert_int_equal(n, quoted[i].path ? (ssize_t)strlen(quoted[i].path) : CO_EFTP);
        if (n >= 0)
            assert_string_equal(path, quoted[i].path);
    }
    assert_int_equal(co_ftp_reply_quoted(CO_TEXT("257 \"/a\0b\""), path, sizeof path), CO_EFTP);
    assert_int_equal(
        co_ftp_reply_quoted(CO_TEXT("257 \"0123456789abcde\""), path, sizeof path), 15);
    assert_int_equal(
        co_ftp_reply_quoted(CO_TEXT("257 \"0123456789abcdef\""), path, sizeof path), CO_ETOOBIG);
}

static void finds_the_size_of_150(void **unused)
{
    uint64_t size = 0;
    (void)unused;
    assert_true(co_ftp_reply_bytes(CO_TEXT("150 Opening for x (12 bytes)."), &size));
    assert_int_equal(size, 12);
    assert_true(co_ftp_reply_bytes(CO_TEXT("150 Opening for x(1) (34 bytes)"), &size));
    assert_int_equal(size, 34);
    assert_false(co_ftp_reply_bytes(CO_TEXT("150 Opening for x"), &size));
    assert_false(co_ftp_reply_bytes(CO_TEXT("150 x (12 kbytes)"), &size));
    assert_false(co_ftp_reply_bytes(CO_TEXT("150 x (99999999999999999999 bytes)"), &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_in_the_same_place_at_every_split),
        cmocka_unit_test(a_reply_is_bounded_in_bytes_and_lines),
        cmocka_unit_test(finds_the_port_of_227_rfc1123_4_1_2_6),
        cmocka_unit_test(finds_the_port_of_229_rfc2428_3),
        cmocka_unit_test(f14_quoted_paths_are_read_to_their_end_and_no_further),
        cmocka_unit_test(finds_the_size_of_150),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

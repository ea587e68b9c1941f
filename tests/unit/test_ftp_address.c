/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/ftp_address.h"

#include <arpa/inet.h>
#include <errno.h>

static void assert_address(const union co_ftp_address *address, const char *host, unsigned port)
{
    char text[INET6_ADDRSTRLEN];
    bool v6 = address->any.sa_family == AF_INET6;
    const void *bytes = v6 ? (const void *)&address->v6.sin6_addr : &address->v4.sin_addr;
    assert_non_null(inet_ntop(address->any.sa_family, bytes, text, sizeof text));
    assert_string_equal(text, host);
    assert_int_equal(ntohs(v6 ? address->v6.sin6_port : address->v4.sin_port), port);
}

static void assert_port(const char *argument, const char *host, unsigned port)
{
    union co_ftp_address address;
    assert_int_equal(co_ftp_port_parse(co_text_of(argument), &address), 0);
    assert_int_equal(address.any.sa_family, AF_INET);
    assert_address(&address, host, port);
}

static void assert_eprt(const char *argument, int family, const char *host, unsigned port)
{
    union co_ftp_address address;
    assert_int_equal(co_ftp_eprt_parse(co_text_of(argument), &address), 0);
    assert_int_equal(address.any.sa_family, family);
    assert_address(&address, host, port);
}

/* The result, with the address left as it was. */
static void assert_refused(
    int (*parse)(co_text argument, union co_ftp_address *ret), co_text argument, int expected)
{
    union co_ftp_address address, before;
    memset(&address, 0x55, sizeof address);
    before = address;
    assert_int_equal(parse(argument, &address), expected);
    assert_memory_equal(&address, &before, sizeof address);
}

static void reads_port_rfc959_4_1_2(void **state)
{
    (void)state;
    assert_port("127,0,0,1,4,0", "127.0.0.1", 1024);
    assert_port("132,235,1,2,24,131", "132.235.1.2", 6275);
    assert_port("255,255,255,255,255,255", "255.255.255.255", 65535);
    assert_port("0,0,0,0,0,0", "0.0.0.0", 0);
    assert_port("010,001,000,009,010,000", "10.1.0.9", 2560); /* decimal, not octal */
}

static void refuses_other_forms_of_port(void **state)
{
    (void)state;
    const char *bad[] = {"", ",", ",,,,,", "1", "1,2,3,4,5", "1,2,3,4,5,", "1,2,3,4,5,6,",
        "1,2,3,4,5,6,7", "256,0,0,1,4,0", "127,0,0,1,256,0", "127,0,0,1,4,256", "-1,0,0,1,4,0",
        "+1,0,0,1,4,0", "1,2, 3,4,5,6", " 1,2,3,4,5,6", "1,2,3,4,5,6 ", "0001,2,3,4,5,6",
        "1,2,3,4,5,0006", "a,2,3,4,5,6", "0x1,2,3,4,5,6", "1.2.3.4,5,6", "1,,3,4,5,6",
        "4294967297,2,3,4,5,6", "18446744073709551617,2,3,4,5,6"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_refused(co_ftp_port_parse, co_text_of(bad[i]), CO_EINVALID);
    assert_refused(co_ftp_port_parse, CO_TEXT("1,2,3,4,5,6\0"), CO_EINVALID);
}

static void reads_eprt_rfc2428_2(void **state)
{
    (void)state;
    assert_eprt("|1|132.235.1.2|6275|", AF_INET, "132.235.1.2", 6275);
    assert_eprt("|2|1080::8:800:200C:417A|5282|", AF_INET6, "1080::8:800:200c:417a", 5282);
    assert_eprt("|2|::1|65535|", AF_INET6, "::1", 65535);
    assert_eprt("|2|::ffff:1.2.3.4|0|", AF_INET6, "::ffff:1.2.3.4", 0);
}

static void every_delimiter_is_allowed_rfc2428_2(void **state)
{
    (void)state;
    for (int delimiter = 0; delimiter < 256; delimiter++) {
        union co_ftp_address address;
        char d = (char)delimiter;
        char argument[] = {d, '1', d, '8', '.', '8', '.', '8', '.', '8', d, '8', '8', d};
        bool allowed = delimiter > 32 && delimiter < 127 && d != '1' && d != '8' && d != '.';
        int rc = co_ftp_eprt_parse((co_text){argument, sizeof argument}, &address);
        assert_int_equal(rc, allowed ? 0 : CO_EINVALID);
        if (allowed)
            assert_address(&address, "8.8.8.8", 88);
    }
}

static void refuses_other_forms_of_eprt(void **state)
{
    (void)state;
    const char *bad[] = {"", "|", "||||", "|1|1.2.3.4|80", "1|1.2.3.4|80|", "|1|1.2.3.4|80||",
        "|1|1.2.3.4|80|x", "|1|1.2.3|80|", "|1|1.2.3.4.5|80|", "|1|1.2.3.256|80|", "|1|::1|80|",
        "|2|1.2.3.4|80|", "|2|fe80::1%lo|80|", "|2|[::1]|80|", "|2|:::|80|", "|1|localhost|80|",
        "|1||80|", "|2||80|", "|1|1.2.3.4||", "|1|1.2.3.4|65536|", "|1|1.2.3.4|-1|",
        "|1|1.2.3.4|8 0|", "|1| 1.2.3.4|80|", "|x|1.2.3.4|80|", "|-1|1.2.3.4|80|", "||1.2.3.4|80|",
        "|1|1.2.3.4|80/", " 1 1.2.3.4 80 ",
        "|2|0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000|80|"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_refused(co_ftp_eprt_parse, co_text_of(bad[i]), CO_EINVALID);
    assert_refused(co_ftp_eprt_parse, CO_TEXT("|1|1.2.3.4\0x|80|"), CO_EINVALID);
    assert_refused(co_ftp_eprt_parse, CO_TEXT("\0001\0001.2.3.4\00080\0"), CO_EINVALID);
}

static void other_protocols_have_a_reply_of_their_own_rfc2428_2(void **state)
{
    (void)state;
    assert_refused(co_ftp_eprt_parse, CO_TEXT("|3|anything|80|"), -EAFNOSUPPORT);
    assert_refused(co_ftp_eprt_parse, CO_TEXT("|0|1.2.3.4|80|"), -EAFNOSUPPORT);
    assert_refused(co_ftp_eprt_parse, CO_TEXT("|11|1.2.3.4|80|"), -EAFNOSUPPORT);
    assert_refused(co_ftp_eprt_parse, CO_TEXT("|3|anything|80"), CO_EINVALID);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    const char *texts[] = {"127,0,0,1,4,0", "255,1,20,0,255,255", "0,0,0,0,0,1"};
    for (size_t i = 0; i < CO_LENGTH(texts); i++) {
        struct co_buf out = CO_BUF(64);
        union co_ftp_address address;
        assert_int_equal(co_ftp_port_parse(co_text_of(texts[i]), &address), 0);
        co_ftp_port_write(&out, &address.v4);
        assert_text(co_buf_text(&out), texts[i]);
        co_buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_port_rfc959_4_1_2),
        cmocka_unit_test(refuses_other_forms_of_port),
        cmocka_unit_test(reads_eprt_rfc2428_2),
        cmocka_unit_test(every_delimiter_is_allowed_rfc2428_2),
        cmocka_unit_test(refuses_other_forms_of_eprt),
        cmocka_unit_test(other_protocols_have_a_reply_of_their_own_rfc2428_2),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* SOCKS's words, of 5 and of 4. */
#include "test.h"

#include "codec/socks.h"

static void assert_words(struct co_buf *out, const char *bytes, size_t size)
{
    assert_int_equal(out->size, size);
    assert_memory_equal(out->at, bytes, size);
    co_buf_clear(out);
}

static void says_what_it_can_rfc1928_3(void **state)
{
    (void)state;
    struct co_buf out = CO_BUF(600);
    co_socks_greet(&out, false);
    assert_words(&out, "\5\1\0", 3);
    co_socks_greet(&out, true);
    assert_words(&out, "\5\2\0\2", 4);
    co_buf_free(&out);
}

static void says_who_it_is_rfc1929_2(void **state)
{
    (void)state;
    static char long_text[256];
    struct co_buf out = CO_BUF(600);
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(co_socks_login(&out, CO_TEXT("ann"), CO_TEXT("secret")), 0);
    assert_words(&out, "\1\3ann\6secret", 12);
    assert_int_equal(co_socks_login(&out, CO_TEXT("ann"), (co_text){0}), 0);
    assert_words(&out, "\1\3ann\0", 6);
    assert_int_equal(co_socks_login(&out, (co_text){long_text, 255}, (co_text){long_text, 255}), 0);
    assert_int_equal(out.size, 513);
    co_buf_clear(&out);
    assert_int_equal(co_socks_login(&out, (co_text){0}, CO_TEXT("x")), CO_EINVALID);
    assert_int_equal(co_socks_login(&out, (co_text){long_text, 256}, (co_text){0}), CO_EINVALID);
    assert_int_equal(co_socks_login(&out, CO_TEXT("x"), (co_text){long_text, 256}), CO_EINVALID);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

static void says_where_to_rfc1928_4(void **state)
{
    (void)state;
    static char long_text[256];
    struct co_buf out = CO_BUF(600);
    assert_int_equal(co_socks_connect(&out, CO_SOCKS_NAME, CO_TEXT("h.x"), 443), 0);
    assert_words(&out, "\5\1\0\3\3h.x\1\xbb", 10);
    assert_int_equal(co_socks_connect(&out, CO_SOCKS_IPV4, CO_TEXT("\177\0\0\1"), 80), 0);
    assert_words(&out, "\5\1\0\1\177\0\0\1\0\120", 10);
    assert_int_equal(co_socks_connect(&out, CO_SOCKS_IPV6, CO_TEXT("0123456789abcdef"), 80), 0);
    assert_words(&out, "\5\1\0\0040123456789abcdef\0\120", 22);
    assert_int_equal(co_socks_connect(&out, CO_SOCKS_IPV4, CO_TEXT("abc"), 80), CO_EINVALID);
    assert_int_equal(co_socks_connect(&out, CO_SOCKS_NAME, (co_text){0}, 80), CO_EINVALID);
    assert_int_equal(
        co_socks_connect(&out, CO_SOCKS_NAME, (co_text){long_text, 256}, 80), CO_EINVALID);
    co_buf_free(&out);
}

typedef ssize_t reader(co_text bytes, unsigned *ret);

/* The words are whole with their last byte and not before; what follows is not theirs. */
static unsigned read_whole(reader *read, co_text words, size_t tunnel)
{
    unsigned value = 0xabc;
    for (size_t n = 0; n < words.size - tunnel; n++)
        assert_int_equal(read((co_text){words.at, n}, &value), 0);
    assert_int_equal(value, 0xabc);
    assert_int_equal(read(words, &value), words.size - tunnel);
    return value;
}

static void hears_a_method_and_a_verdict(void **state)
{
    (void)state;
    unsigned value;
    assert_int_equal(read_whole(co_socks_method_read, CO_TEXT("\5\2x"), 1), CO_SOCKS_LOGIN);
    assert_int_equal(read_whole(co_socks_method_read, CO_TEXT("\5\xff"), 0), CO_SOCKS_REFUSED);
    assert_int_equal(read_whole(co_socks_login_read, CO_TEXT("\1\0x"), 1), 0);
    assert_int_equal(read_whole(co_socks_login_read, CO_TEXT("\1\7"), 0), 7);
    assert_int_equal(co_socks_method_read(CO_TEXT("\4"), &value), CO_EPROTO);
    assert_int_equal(co_socks_method_read(CO_TEXT("HTTP"), &value), CO_EPROTO);
    assert_int_equal(co_socks_login_read(CO_TEXT("\2\0"), &value), CO_EPROTO);
}

static void hears_replies_of_every_kind_rfc1928_6(void **state)
{
    (void)state;
    unsigned value;
    co_text ipv4 = CO_TEXT("\5\0\0\1\1\2\3\4\5\6tunnel"), name = CO_TEXT("\5\0\0\3\3a.b\5\6tunnel");
    co_text ipv6 = CO_TEXT("\5\0\0\0040123456789abcdef\5\6tunnel");
    assert_int_equal(read_whole(co_socks_reply_read, ipv4, 6), CO_SOCKS_GRANTED);
    assert_int_equal(read_whole(co_socks_reply_read, name, 6), CO_SOCKS_GRANTED);
    assert_int_equal(read_whole(co_socks_reply_read, ipv6, 6), CO_SOCKS_GRANTED);
    assert_int_equal(read_whole(co_socks_reply_read, CO_TEXT("\5\2"), 0), CO_SOCKS_FORBIDDEN);
    assert_int_equal(co_socks_reply_read(CO_TEXT("\5\0\0\2"), &value), CO_EPROTO);
    assert_int_equal(co_socks_reply_read(CO_TEXT("\0\132"), &value), CO_EPROTO);
    for (unsigned i = 0; i < 300; i++)
        assert_true(strlen(co_socks_reason(i)) > 5);
}

/* ---- SOCKS 4 -------------------------------------------------------------------------------- */

static void says_all_at_once_in_4(void **state)
{
    (void)state;
    static char long_text[256];
    struct co_buf out = CO_BUF(600);
    const co_text local = CO_TEXT("\177\0\0\1"), ann = CO_TEXT("ann"), name = CO_TEXT("h.x");
    memset(long_text, 'x', sizeof long_text);
    assert_int_equal(co_socks4_connect(&out, CO_SOCKS_IPV4, local, 443, ann), 0);
    assert_words(&out, "\4\1\1\xbb\177\0\0\1ann\0", 12);
    assert_int_equal(co_socks4_connect(&out, CO_SOCKS_IPV4, local, 80, (co_text){0}), 0);
    assert_words(&out, "\4\1\0\120\177\0\0\1\0", 9);
    assert_int_equal(co_socks4_connect(&out, CO_SOCKS_NAME, name, 80, ann), 0);
    assert_words(&out, "\4\1\0\120\0\0\0\1ann\0h.x\0", 16);
    assert_int_equal(co_socks4_connect(&out, CO_SOCKS_NAME, (co_text){long_text, 255}, 80,
                         (co_text){long_text, 255}),
        0);
    assert_int_equal(out.size, 8 + 256 + 256);
    co_buf_clear(&out);
    const struct {
        enum co_socks_address kind;
        co_text address, user;
    } wrong[] = {
        {CO_SOCKS_IPV6, CO_TEXT("0123456789abcdef"), ann},
        {CO_SOCKS_IPV4, CO_TEXT("abc"), ann},
        {CO_SOCKS_NAME, {0}, ann},
        {CO_SOCKS_NAME, CO_TEXT("h\0x"), ann},
        {CO_SOCKS_NAME, {long_text, 256}, ann},
        {CO_SOCKS_NAME, name, CO_TEXT("a\0b")},
        {CO_SOCKS_IPV4, local, {long_text, 256}},
    };
    for (size_t i = 0; i < CO_LENGTH(wrong); i++)
        assert_int_equal(
            co_socks4_connect(&out, wrong[i].kind, wrong[i].address, 80, wrong[i].user),
            CO_EINVALID);
    assert_int_equal(out.size, 0);
    co_buf_free(&out);
}

static void hears_replies_of_4(void **state)
{
    (void)state;
    unsigned value;
    const co_text granted = CO_TEXT("\0\132\1\2\3\4\5\6tunnel");
    assert_int_equal(read_whole(co_socks4_reply_read, granted, 6), CO_SOCKS4_GRANTED);
    assert_int_equal(read_whole(co_socks4_reply_read, CO_TEXT("\0\133"), 0), CO_SOCKS4_FAILED);
    assert_int_equal(read_whole(co_socks4_reply_read, CO_TEXT("\0\135"), 0), CO_SOCKS4_OTHER_USER);
    assert_int_equal(co_socks4_reply_read(CO_TEXT("\4\132"), &value), CO_EPROTO);
    assert_int_equal(co_socks4_reply_read(CO_TEXT("HTTP"), &value), CO_EPROTO);
    for (unsigned i = 0; i < 300; i++)
        assert_true(strlen(co_socks4_reason(i)) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_can_rfc1928_3),
        cmocka_unit_test(says_who_it_is_rfc1929_2),
        cmocka_unit_test(says_where_to_rfc1928_4),
        cmocka_unit_test(hears_a_method_and_a_verdict),
        cmocka_unit_test(hears_replies_of_every_kind_rfc1928_6),
        cmocka_unit_test(says_all_at_once_in_4),
        cmocka_unit_test(hears_replies_of_4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

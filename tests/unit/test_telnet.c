/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/telnet.h"

#define IAC  "\xff"
#define DONT "\xfe"
#define DO   "\xfd"
#define WONT "\xfc"
#define WILL "\xfb"
#define SB   "\xfa"
#define AYT  "\xf6"
#define IP   "\xf4"
#define DM   "\xf2"
#define NOP  "\xf1"
#define SE   "\xf0"

/* What became of an input. */
struct outcome {
    char bytes[512];
    size_t size;
    struct co_buf answers;
    struct co_telnet telnet;
};

/* Strips pieces of `step` bytes, the first of them of `first`. */
static struct outcome strip(co_text input, size_t first, size_t step)
{
    struct outcome outcome = {.answers = CO_BUF(sizeof outcome.bytes)};
    char piece[sizeof outcome.bytes];
    assert_true(input.size <= sizeof piece);
    for (size_t at = 0, size = first; at < input.size; at += size, size = step) {
        size = size < input.size - at ? size : input.size - at;
        memcpy(piece, input.at + at, size);
        size_t kept = co_telnet_strip(&outcome.telnet, piece, size, &outcome.answers);
        assert_true(kept <= size);
        memcpy(outcome.bytes + outcome.size, piece, kept);
        outcome.size += kept;
    }
    return outcome;
}

static void assert_outcome(struct outcome *outcome, co_text bytes, co_text answers)
{
    assert_int_equal(outcome->size, bytes.size);
    assert_memory_equal(outcome->bytes, bytes.at, bytes.size);
    assert_int_equal(outcome->answers.size, answers.size);
    if (answers.size)
        assert_memory_equal(outcome->answers.at, answers.at, answers.size);
    co_buf_free(&outcome->answers);
}

/* The same at every split. */
static void check(co_text input, co_text bytes, co_text answers)
{
    struct outcome outcome = strip(input, input.size, 1);
    assert_outcome(&outcome, bytes, answers);
    for (size_t first = 0; first < input.size; first++) {
        outcome = strip(input, first, input.size);
        assert_outcome(&outcome, bytes, answers);
    }
    for (size_t step = 1; step < 5; step++) {
        outcome = strip(input, step, step);
        assert_outcome(&outcome, bytes, answers);
    }
}

#define NOTHING CO_TEXT("")

static void text_passes(void **state)
{
    (void)state;
    check(CO_TEXT("NOOP\r\n"), CO_TEXT("NOOP\r\n"), NOTHING);
    check(CO_TEXT("a\0\x80\xfe\r\n"), CO_TEXT("a\0\x80\xfe\r\n"), NOTHING);
    check(NOTHING, NOTHING, NOTHING);
}

static void a_doubled_iac_is_one_255(void **state)
{
    (void)state;
    check(CO_TEXT("RETR " IAC IAC "a\r\n"),
        CO_TEXT("RETR \xff"
                "a\r\n"),
        NOTHING);
    check(CO_TEXT(IAC IAC IAC IAC), CO_TEXT("\xff\xff"), NOTHING);
    check(CO_TEXT(IAC IAC IP), CO_TEXT("\xff" IP), NOTHING);
    check(CO_TEXT(IAC IAC IAC NOP), CO_TEXT("\xff"), NOTHING);
}

static void options_are_refused_rfc854(void **state)
{
    (void)state;
    check(CO_TEXT(IAC WILL "\x01"
                           "NOOP\r\n"),
        CO_TEXT("NOOP\r\n"), CO_TEXT(IAC DONT "\x01"));
    check(CO_TEXT("NO" IAC DO "\x06"
                  "OP\r\n"),
        CO_TEXT("NOOP\r\n"), CO_TEXT(IAC WONT "\x06"));
    check(CO_TEXT(IAC DO "\xff"
                         "a"),
        CO_TEXT("a"), CO_TEXT(IAC WONT "\xff"));
    check(CO_TEXT(IAC DO "\n" IAC WILL "\r"
                         "a"),
        CO_TEXT("a"), CO_TEXT(IAC WONT "\n" IAC DONT "\r"));
}

static void a_refusal_is_not_answered(void **state)
{
    (void)state;
    check(CO_TEXT(IAC WONT "\x01" IAC DONT "\x03"
                           "x"),
        CO_TEXT("x"), NOTHING);
}

static void an_interrupt_is_dropped_rfc959_4_1(void **state)
{
    (void)state;
    check(CO_TEXT(IAC IP IAC DM "ABOR\r\n"), CO_TEXT("ABOR\r\n"), NOTHING);
    check(CO_TEXT(IAC IP "ABOR\r\n"), CO_TEXT("ABOR\r\n"), NOTHING);
    check(CO_TEXT(IAC DM "ABOR\r\n"), CO_TEXT("ABOR\r\n"), NOTHING);
}

static void other_commands_are_dropped_rfc1123_3_2_3(void **state)
{
    (void)state;
    for (int code = 236; code < 250; code++) {
        char input[] = {'a', '\xff', (char)code, 'b'};
        check((co_text){input, 4}, CO_TEXT("ab"), NOTHING);
    }
}

static void sub_negotiations_are_dropped_rfc855(void **state)
{
    (void)state;
    check(CO_TEXT("a" IAC SB "\x18\x01" IAC SE "b"), CO_TEXT("ab"), NOTHING);
    check(CO_TEXT("a" IAC SB "\x18 x\r\n" IAC IAC SE IAC SE "b"), CO_TEXT("ab"), NOTHING);
    check(CO_TEXT("a" IAC SB IAC SE "b"), CO_TEXT("ab"), NOTHING);
    check(CO_TEXT("a" IAC SB IAC "\x01 b"), CO_TEXT("a"), NOTHING);
}

static void a_command_ends_a_sub_negotiation_that_did_not(void **state)
{
    (void)state;
    check(CO_TEXT(IAC SB "\x18..." IAC IP IAC DM "ABOR\r\n"), CO_TEXT("ABOR\r\n"), NOTHING);
    check(CO_TEXT(IAC SB "\x18" IAC DO "\x01x"), CO_TEXT("x"), CO_TEXT(IAC WONT "\x01"));
    check(CO_TEXT(IAC SB "\x18" IAC SB "y" IAC SE "x"), CO_TEXT("x"), NOTHING);
}

static void an_iac_before_no_command_takes_nothing_with_it(void **state)
{
    (void)state;
    check(CO_TEXT("RETR a" IAC "\r\nNOOP\r\n"), CO_TEXT("RETR a\r\nNOOP\r\n"), NOTHING);
    check(CO_TEXT(IAC "ABOR\r\n"), CO_TEXT("ABOR\r\n"), NOTHING);
    check(CO_TEXT(IAC "\xeb"), CO_TEXT("\xeb"), NOTHING);
    check(CO_TEXT(IAC "\0"), CO_TEXT("\0"), NOTHING);
}

static void runs_of_iac_overrun_nothing_f11(void **state)
{
    (void)state;
    static char bytes[3 << 20];
    struct co_telnet telnet = {0};
    struct co_buf answers = CO_BUF(4096);
    memset(bytes, '\xff', sizeof bytes);
    assert_int_equal(
        co_telnet_strip(&telnet, bytes, sizeof bytes - 1, &answers), (sizeof bytes - 1) / 2);
    assert_int_equal(co_telnet_strip(&telnet, bytes, 1, &answers), 1);
    for (size_t i = 0; i + 3 <= sizeof bytes; i += 3)
        memcpy(bytes + i, IAC DO "\x01", 3);
    assert_int_equal(co_telnet_strip(&telnet, bytes, sizeof bytes, &answers), 0);
    assert_int_equal(answers.error, CO_ETOOBIG); /* the answers keep to their ceiling */
    assert_true(answers.size <= 4096);
    co_buf_free(&answers);
}

static void answers_are_no_more_than_what_came(void **state)
{
    (void)state;
    char bytes[300];
    struct co_telnet telnet = {0};
    struct co_buf answers = CO_BUF(sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i += 3)
        memcpy(bytes + i, IAC WILL "\x01", 3);
    assert_int_equal(co_telnet_strip(&telnet, bytes, sizeof bytes, &answers), 0);
    assert_int_equal(answers.error, 0);
    assert_int_equal(answers.size, sizeof bytes);
    co_buf_free(&answers);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    const co_text text = CO_TEXT("a" IAC "b" IAC IAC DM IAC);
    struct co_buf out = CO_BUF(64);
    assert_true(co_telnet_is_special(text));
    assert_false(co_telnet_is_special(CO_TEXT("a" DM)));
    co_telnet_write(&out, text);
    assert_text(co_buf_text(&out), "a" IAC IAC "b" IAC IAC IAC IAC DM IAC IAC);
    check(co_buf_text(&out), text, CO_TEXT(""));
    co_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_passes),
        cmocka_unit_test(a_doubled_iac_is_one_255),
        cmocka_unit_test(options_are_refused_rfc854),
        cmocka_unit_test(a_refusal_is_not_answered),
        cmocka_unit_test(an_interrupt_is_dropped_rfc959_4_1),
        cmocka_unit_test(other_commands_are_dropped_rfc1123_3_2_3),
        cmocka_unit_test(sub_negotiations_are_dropped_rfc855),
        cmocka_unit_test(a_command_ends_a_sub_negotiation_that_did_not),
        cmocka_unit_test(an_iac_before_no_command_takes_nothing_with_it),
        cmocka_unit_test(runs_of_iac_overrun_nothing_f11),
        cmocka_unit_test(answers_are_no_more_than_what_came),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

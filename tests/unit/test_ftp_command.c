/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/ftp_command.h"

#include <errno.h>

static struct co_ftp_command parse(co_text line)
{
    struct co_ftp_command command;
    assert_int_equal(co_ftp_command_parse(line, &command), 0);
    return command;
}

static enum co_ftp_verb verb_of(const char *line)
{
    return parse(co_text_of(line)).verb;
}

static void assert_refused(co_text line)
{
    struct co_ftp_command command = {.verb = CO_FTP_QUIT};
    assert_int_equal(co_ftp_command_parse(line, &command), CO_EINVALID);
    assert_int_equal(command.verb, CO_FTP_QUIT);
}

static void every_verb_is_found_in_any_case_rfc959_5_3(void **state)
{
    (void)state;
    for (int verb = CO_FTP_UNKNOWN + 1; verb < CO_FTP_VERB_COUNT; verb++) {
        const char *name = co_ftp_verb_name((enum co_ftp_verb)verb);
        char small[16] = {0}, mixed[16] = {0};
        for (size_t i = 0; name[i]; i++) {
            small[i] = co_lower(name[i]);
            mixed[i] = i % 2 ? small[i] : name[i];
        }
        assert_int_equal(verb_of(name), verb);
        assert_int_equal(verb_of(small), verb);
        assert_int_equal(verb_of(mixed), verb);
    }
    assert_string_equal(co_ftp_verb_name(CO_FTP_XSHA256), "XSHA256");
    assert_string_equal(co_ftp_verb_name(CO_FTP_UNKNOWN), "");
}

static void the_x_commands_are_those_without_x_rfc1123_4_1_3_1(void **state)
{
    (void)state;
    assert_int_equal(verb_of("XCUP"), CO_FTP_CDUP);
    assert_int_equal(verb_of("XCWD /a"), CO_FTP_CWD);
    assert_int_equal(verb_of("xmkd a"), CO_FTP_MKD);
    assert_int_equal(verb_of("Xpwd"), CO_FTP_PWD);
    assert_int_equal(verb_of("XRMD a"), CO_FTP_RMD);
    assert_text(parse(CO_TEXT("xpwd")).name, "xpwd");
}

static void other_verbs_are_unknown_but_well_formed(void **state)
{
    (void)state;
    const char *unknown[] = {"X", "XSYST", "RET", "RETRR", "A", "ABO", "ABORT", "ZZZZ", "0",
        "XSHA2567", "XSHA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "GET"};
    for (size_t i = 0; i < CO_LENGTH(unknown); i++)
        assert_int_equal(verb_of(unknown[i]), CO_FTP_UNKNOWN);
    assert_text(parse(CO_TEXT("Abort now")).name, "Abort");
}

static void the_argument_is_all_behind_one_space(void **state)
{
    (void)state;
    struct co_ftp_command command = parse(CO_TEXT("RETR a b"));
    assert_text(command.argument, "a b");
    assert_true(command.has_argument);
    assert_text(parse(CO_TEXT("STOR  two before, one after ")).argument, " two before, one after ");
    command = parse(CO_TEXT("NOOP "));
    assert_true(command.has_argument);
    assert_int_equal(command.argument.size, 0);
    command = parse(CO_TEXT("NOOP"));
    assert_false(command.has_argument);
    assert_int_equal(command.argument.size, 0);
}

static void slices_point_into_the_line(void **state)
{
    (void)state;
    const char line[] = "cwd /a";
    struct co_ftp_command command = parse(co_text_of(line));
    assert_ptr_equal(command.name.at, line);
    assert_int_equal(command.name.size, 3);
    assert_ptr_equal(command.argument.at, line + 4);
}

static void an_argument_may_hold_every_other_byte_rfc2640_3_1(void **state)
{
    (void)state;
    char line[5 + 256] = "RETR ";
    size_t size = 5;
    for (int byte = 1; byte < 256; byte++)
        if (byte != '\r' && byte != '\n')
            line[size++] = (char)byte;
    struct co_ftp_command command = parse((co_text){line, size});
    assert_int_equal(command.argument.size, 253);
    assert_memory_equal(command.argument.at, line + 5, 253);
}

static void refuses_bytes_that_end_lines(void **state)
{
    (void)state;
    assert_refused(CO_TEXT("NOOP\r"));
    assert_refused(CO_TEXT("\0"));
    assert_refused(CO_TEXT("WHAT a\0b"));
    const co_text torn[] = {CO_TEXT("RETR a\rb"), CO_TEXT("RETR a\r\0b"), CO_TEXT("RETR a\nDELE b"),
        CO_TEXT("RETR a\0"), CO_TEXT("RETR \0")};
    for (size_t i = 0; i < CO_LENGTH(torn); i++) /* in the argument alone (RFC 959 4.2.1) */
        assert_int_equal(co_ftp_command_parse(torn[i], &(struct co_ftp_command){0}), -EILSEQ);
}

static void refuses_verbs_that_are_none(void **state)
{
    (void)state;
    const char *bad[] = {"", " ", " NOOP", "\tNOOP", "NOOP\t", "NO-OP", "NOOP;", "Host: x", "<a>",
        "\xc3\xa9", "NOO\xd0", "@", "[", "`", "{", "/", ":", "\xff\xf4"};
    for (size_t i = 0; i < CO_LENGTH(bad); i++)
        assert_refused(co_text_of(bad[i]));
}

static void what_the_system_leaves_of_a_telnet_synch_is_no_part_of_a_verb(void **state)
{
    (void)state;
    assert_int_equal(parse(CO_TEXT("\xf4\xf2"
                                   "ABOR"))
                         .verb,
        CO_FTP_ABOR);
    assert_int_equal(parse(CO_TEXT("\xf2STAT")).verb, CO_FTP_STAT);
    assert_refused(CO_TEXT("\xf4\xf2"));
    assert_refused(CO_TEXT("AB\xf2OR"));
}

static void a_longest_line_is_read_f11(void **state)
{
    (void)state;
    static char line[CO_FTP_LINE_MAX];
    memset(line, 'A', sizeof line);
    struct co_ftp_command command = parse((co_text){line, sizeof line});
    assert_int_equal(command.verb, CO_FTP_UNKNOWN);
    assert_int_equal(command.name.size, sizeof line);
    line[4] = ' ';
    assert_int_equal(parse((co_text){line, sizeof line}).argument.size, sizeof line - 5);
}

static void knows_other_protocols_by_their_first_line_f09(void **state)
{
    (void)state;
    const char *other[] = {"GET / HTTP/1.1", "POST /x HTTP/1.1", "HEAD", "PUT /",
        "DELETE /a HTTP/1.0", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1", "PATCH /", "TRACE /",
        "PRI * HTTP/2.0", "PROPFIND / HTTP/1.1", "EHLO there", "helo there", "LHLO x",
        "SSH-2.0-OpenSSH_9.2", "\x16\x03\x01\x02", "\x16\x03\x03"};
    for (size_t i = 0; i < CO_LENGTH(other); i++)
        assert_true(co_ftp_is_other_protocol(co_text_of(other[i])));
    assert_true(co_ftp_is_other_protocol(CO_TEXT("\x16\x03\x01\0\xf8\x01\0\0\xf4\x03\x03")));
}

static void no_command_of_ftp_is_taken_for_another_protocol(void **state)
{
    (void)state;
    for (int verb = CO_FTP_UNKNOWN + 1; verb < CO_FTP_VERB_COUNT; verb++)
        assert_false(
            co_ftp_is_other_protocol(co_text_of(co_ftp_verb_name((enum co_ftp_verb)verb))));
    const char *own[] = {"", " ", "USER anonymous", "RETR GET", "get file", "GETS", "OPTS UTF8 ON",
        "DELE GET / HTTP/1.1", "SSH", "\x16", "HELP", "XPWD"};
    for (size_t i = 0; i < CO_LENGTH(own); i++)
        assert_false(co_ftp_is_other_protocol(co_text_of(own[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_is_found_in_any_case_rfc959_5_3),
        cmocka_unit_test(the_x_commands_are_those_without_x_rfc1123_4_1_3_1),
        cmocka_unit_test(other_verbs_are_unknown_but_well_formed),
        cmocka_unit_test(the_argument_is_all_behind_one_space),
        cmocka_unit_test(slices_point_into_the_line),
        cmocka_unit_test(an_argument_may_hold_every_other_byte_rfc2640_3_1),
        cmocka_unit_test(refuses_bytes_that_end_lines),
        cmocka_unit_test(refuses_verbs_that_are_none),
        cmocka_unit_test(what_the_system_leaves_of_a_telnet_synch_is_no_part_of_a_verb),
        cmocka_unit_test(a_longest_line_is_read_f11),
        cmocka_unit_test(knows_other_protocols_by_their_first_line_f09),
        cmocka_unit_test(no_command_of_ftp_is_taken_for_another_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/glob.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_SECONDS 10 /* a hundred times more than it takes; four times, under valgrind */

static bool matches(const char *pattern, const char *name)
{
    return co_glob_match(co_text_of(pattern), co_text_of(name));
}

static void plain_characters_match_themselves(void **state)
{
    (void)state;
    assert_true(matches("", ""));
    assert_true(matches("name.txt", "name.txt"));
    assert_false(matches("name.txt", "name.tx"));
    assert_false(matches("name.tx", "name.txt"));
    assert_false(matches("name.txt", "Name.txt"));
    assert_false(matches("", "a"));
    assert_false(matches("a", ""));
}

static void a_star_is_any_number_of_characters(void **state)
{
    (void)state;
    assert_true(matches("*", ""));
    assert_true(matches("*", "name"));
    assert_true(matches("***", "name"));
    assert_true(matches("*.txt", "a.txt"));
    assert_true(matches("*.txt", "a.txt.txt"));
    assert_false(matches("*.txt", "a.txt.gz"));
    assert_true(matches("a*b*c", "abc"));
    assert_true(matches("a*b*c", "a-b-b-c-c"));
    assert_false(matches("a*b*c", "acb"));
    assert_true(matches("*aab", "aaaab"));
    assert_false(matches("*a", ""));
}

static void a_question_mark_is_one_character(void **state)
{
    (void)state;
    assert_true(matches("?", "a"));
    assert_false(matches("?", ""));
    assert_false(matches("?", "ab"));
    assert_true(matches("a??d", "abcd"));
    assert_true(matches("*?", "abc"));
    assert_false(matches("*??", "a"));
}

static void characters_are_those_of_utf8_or_bytes(void **state)
{
    (void)state;
    assert_true(matches("caf?", "caf\xc3\xa9"));
    assert_false(matches("caf??", "caf\xc3\xa9"));
    assert_true(matches("[\xc3\xa4-\xc3\xb6]", "\xc3\xa5"));
    assert_false(matches("[\xc3\xa4-\xc3\xb6]", "\xc3\xbc"));
    assert_true(matches("\\\xc3\xa9", "\xc3\xa9"));
    assert_true(matches("??", "\xe9\xe8"));        /* Latin-1 */
    assert_true(matches("[\xe0-\xef]x", "\xe9x")); /* a range of bytes */
    assert_true(matches("\xe9*", "\xe9t\xe9"));
    assert_false(matches("\xe9", "\xc3\xa9"));
    assert_true(matches("??", "\xe2\x82")); /* a sequence cut short is bytes */
}

static void a_set_is_one_of_its_members(void **state)
{
    (void)state;
    assert_true(matches("[abc]", "b"));
    assert_false(matches("[abc]", "d"));
    assert_false(matches("[abc]", ""));
    assert_false(matches("[abc]", "ab"));
    assert_true(matches("[a-cx-z]1", "y1"));
    assert_false(matches("[a-cx-z]1", "m1"));
    assert_false(matches("[z-a]", "m"));
    assert_true(matches("*[0-9][0-9]", "file42"));
    assert_true(matches("[*?]", "?"));
    assert_false(matches("[*?]", "a"));
}

static void a_set_is_negated_by_an_exclamation_mark_or_a_caret(void **state)
{
    (void)state;
    assert_true(matches("[^a]", "b")); /* POSIX leaves it open, and all shells have it so */
    assert_false(matches("[^a]", "a"));
    assert_false(matches("[^a]", "^a"));
    assert_false(matches("[^a-c]*", "bx"));
    assert_true(matches("[^]a]", "b"));
    assert_false(matches("[^]a]", "]"));
    assert_true(matches("[a^]", "^"));
    assert_true(matches("[\\^a]", "^"));
    assert_false(matches("[!^]", "^"));
    assert_true(matches("[^]", "[^]"));
    assert_true(matches("[!a]", "b"));
    assert_false(matches("[!a]", "a"));
    assert_false(matches("[!a-c]x", "bx"));
    assert_true(matches("[a!]", "!"));
    assert_false(matches("[!a]", ""));
}

static void a_bracket_or_dash_at_the_edge_of_a_set_is_a_member(void **state)
{
    (void)state;
    assert_true(matches("[]a]", "]"));
    assert_true(matches("[]a]", "a"));
    assert_false(matches("[!]a]", "]"));
    assert_true(matches("[!]a]", "b"));
    assert_true(matches("[-a]", "-"));
    assert_true(matches("[a-]", "-"));
    assert_false(matches("[a-]", "b"));
    assert_true(matches("[[]", "["));
}

static void a_set_may_hold_classes_of_ascii(void **state)
{
    (void)state;
    static const char *const rows[][3] = {/* a class, some members, some that are none */
        {"alnum", "azAZ09", "_- "}, {"alpha", "azAZ", "09_"}, {"blank", " \t", "\na"},
        {"cntrl", "\x01\x1f\x7f", " a"}, {"digit", "059", "aA:/"}, {"graph", "!~a", " \x7f"},
        {"lower", "az", "AZ`{"}, {"print", " ~", "\x1f\x7f"}, {"punct", "!/:@[`{~", "aZ0 "},
        {"space", " \t\n\v\f\r", "a\x08\x0e"}, {"upper", "AZ", "az@["}, {"xdigit", "09afAF", "gG"}};
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        char one[16], none[16], name[2] = "";
        snprintf(one, sizeof one, "[[:%s:]]", rows[i][0]);
        snprintf(none, sizeof none, "[^[:%s:]]", rows[i][0]);
        for (const char *at = rows[i][1]; (name[0] = *at); at++)
            assert_true(matches(one, name) && !matches(none, name));
        for (const char *at = rows[i][2]; (name[0] = *at); at++)
            assert_true(!matches(one, name) && matches(none, name));
    }
    assert_true(matches("[[:digit:][:upper:]_]*", "_x"));
    assert_true(matches("[a-c[:digit:]x-z]", "5"));
    assert_true(matches("[a-c[:digit:]x-z]", "y"));
    assert_true(matches("x[[:digit:]]y", "x1y"));
    assert_false(matches("[[:alpha:]]", "\xc3\xa9"));
    assert_true(matches("[![:alpha:]]", "\xc3\xa9"));
    /* no classes */
    assert_true(matches("[[:name:]]", "n]"));
    assert_true(matches("[[:digit]", "d"));
    assert_true(matches("[:digit:]", "d"));
    assert_true(matches("[[:digit:]", "d"));
    assert_true(matches("[\\[:digit:]]", "d]"));
}

static void an_unclosed_set_is_plain(void **state)
{
    (void)state;
    assert_true(matches("[", "["));
    assert_true(matches("[a", "[a"));
    assert_false(matches("[a", "a"));
    assert_true(matches("[]", "[]"));
    assert_true(matches("[!]", "[!]"));
    assert_true(matches("[ab*", "[abc"));
    assert_true(matches("[a][b", "a[b"));
    assert_true(matches("*[[[", "x[[["));
    assert_true(matches("[\\]", "[]"));
}

static void a_backslash_takes_the_meaning_off(void **state)
{
    (void)state;
    assert_true(matches("\\*", "*"));
    assert_false(matches("\\*", "a"));
    assert_true(matches("\\?\\[a]", "?[a]"));
    assert_true(matches("\\\\", "\\"));
    assert_true(matches("\\a", "a"));
    assert_true(matches("a\\", "a\\"));
    assert_false(matches("a\\", "a"));
    assert_true(matches("[\\]]", "]"));
    assert_true(matches("[a\\-z]", "-"));
    assert_false(matches("[a\\-z]", "m"));
}

static void only_a_dot_matches_a_leading_dot(void **state)
{
    (void)state;
    assert_false(matches("*", ".hidden"));
    assert_false(matches("?hidden", ".hidden"));
    assert_false(matches("[.]hidden", ".hidden"));
    assert_false(matches("[!a]hidden", ".hidden"));
    assert_true(matches(".*", ".hidden"));
    assert_true(matches("\\.*", ".hidden"));
    assert_true(matches("*.*", "a.b"));
    assert_true(matches(".hidden", ".hidden"));
}

static void there_are_no_braces_and_no_slashes(void **state)
{
    (void)state;
    assert_false(matches("{a,b}", "a"));
    assert_true(matches("{a,b}", "{a,b}"));
    assert_true(matches("**", "ab"));
    assert_false(matches("**/x", "x"));
    assert_true(matches("~", "~"));
}

static void says_what_is_a_pattern(void **state)
{
    (void)state;
    const char *patterns[] = {"*", "a*", "?", "a?b", "[", "[a]", "\\\\*", "\\a?"};
    const char *plain[] = {"", "a", "a]", "{a,b}", "\\*", "\\?", "\\[a]", "a\\", "!", "~"};
    for (size_t i = 0; i < CO_LENGTH(patterns); i++)
        assert_true(co_glob_is_pattern(co_text_of(patterns[i])));
    for (size_t i = 0; i < CO_LENGTH(plain); i++)
        assert_false(co_glob_is_pattern(co_text_of(plain[i])));
}

/* Fills `text` with a piece, as often as it fits in. */
static co_text fill(char *text, size_t size, const char *piece)
{
    size_t piece_size = strlen(piece), at = 0;
    for (; at + piece_size <= size; at += piece_size)
        memcpy(text + at, piece, piece_size);
    return (co_text){text, at};
}

/* Whether it matches, as a process knows by its end that may take some seconds of the processor. */
static bool matches_in_time(co_text pattern, co_text name)
{
    const struct rlimit none = {0, 0}, time = {CPU_SECONDS, CPU_SECONDS};
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &none);
        setrlimit(RLIMIT_CPU, &time);
        _exit(co_glob_match(pattern, name));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A matcher that goes back to every star would not see the end of this year, and one that looks for
 * each set's end again would take long. */
static void time_is_at_most_pattern_times_name_f12(void **state)
{
    (void)state;
    static char pattern[2500], name[5000];
    const char *pieces[] = {"*a", "?*", "*[a-z]", "*a?", "*\\a", "*[!b]"};
    co_text many = fill(name, 255, "a"), text;
    for (size_t i = 0; i < CO_LENGTH(pieces); i++) {
        text = fill(pattern, 240, pieces[i]);
        pattern[text.size] = 'b'; /* the name has none */
        assert_false(matches_in_time((co_text){pattern, text.size + 1}, many));
    }
    text = fill(pattern + 1, sizeof pattern - 1, "[");
    pattern[0] = '*';
    many = fill(name, sizeof name, "[");
    assert_true(matches_in_time((co_text){pattern, 1 + text.size}, many));
    pattern[text.size] = 'x';
    assert_false(matches_in_time((co_text){pattern, 1 + text.size}, many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_characters_match_themselves),
        cmocka_unit_test(a_star_is_any_number_of_characters),
        cmocka_unit_test(a_question_mark_is_one_character),
        cmocka_unit_test(characters_are_those_of_utf8_or_bytes),
        cmocka_unit_test(a_set_is_one_of_its_members),
        cmocka_unit_test(a_set_is_negated_by_an_exclamation_mark_or_a_caret),
        cmocka_unit_test(a_bracket_or_dash_at_the_edge_of_a_set_is_a_member),
        cmocka_unit_test(a_set_may_hold_classes_of_ascii),
        cmocka_unit_test(an_unclosed_set_is_plain),
        cmocka_unit_test(a_backslash_takes_the_meaning_off),
        cmocka_unit_test(only_a_dot_matches_a_leading_dot),
        cmocka_unit_test(there_are_no_braces_and_no_slashes),
        cmocka_unit_test(says_what_is_a_pattern),
        cmocka_unit_test(time_is_at_most_pattern_times_name_f12),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

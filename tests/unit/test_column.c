/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "app/column.h"

static void expect(const char *name, size_t columns, const char *shown)
{
    struct co_buf out = CO_BUF(1024);
    co_column_add(&out, name, columns);
    assert_text(co_buf_text(&out), shown);
    co_buf_free(&out);
}

static void a_name_is_cut_or_filled(void **state)
{
    (void)state;
    expect("abc", 5, "abc  ");
    expect("abc", 3, "abc");
    expect("abc", 2, "ab");
    expect("abc", 0, "");
    expect("", 2, "  ");
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    expect("漢字", 4, "漢字");
    expect("漢字", 5, "漢字 ");
    expect("漢字", 3, "漢 "); /* half of one is none */
    expect("한글x", 6, "한글x ");
    expect("😀.txt", 6, "😀.txt");
    expect("ｆｕ", 4, "ｆｕ");
}

static void what_joins_takes_none(void **state)
{
    (void)state;
    expect("e\u0301a", 3, "e\u0301a ");
    expect("e\u0301a", 1, "e\u0301");
    expect("\u00e9a", 3, "\u00e9a ");
}

static void nothing_commands_the_terminal_c08(void **state)
{
    (void)state;
    expect("\033[31m", 10, "\\x1B[31m  ");
    expect("a\nb", 6, "a\\x0Ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_cut_or_filled),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(what_joins_takes_none),
        cmocka_unit_test(nothing_commands_the_terminal_c08),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

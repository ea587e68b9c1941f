/* SPDX-License-Identifier: MIT */
/* netrc files: who logs in where, and what is refused (attacks C13). */
#include "test.h"

#include "codec/netrc.h"

#include <stdio.h>

struct row {
    const char *file, *host, *login,
        *found; /* "LOGIN:PASSWORD", and behind a slash the account; NULL: nobody; "!": malformed */
};

static void expect(co_text file, const struct row *row)
{
    struct co_netrc_login login = CO_NETRC_LOGIN;
    struct co_buf all = CO_BUF(4 * CO_NETRC_WORD_MAX);
    int rc = co_netrc_find(file, co_text_of(row->host), co_text_of(row->login), &login);
    co_buf_addf(&all, "%.*s:%.*s", CO_TEXT_PRINT(co_buf_text(&login.name)),
        CO_TEXT_PRINT(co_buf_text(&login.password)));
    co_buf_add_string(&all, login.account.size > 0 ? "/" : "");
    co_buf_add_text(&all, co_buf_text(&login.account));
    co_buf_add_char(&all, '\0');
    const char *found = rc == 1 ? all.at : rc == 0 ? NULL : "!";
    if ((found == NULL) != (row->found == NULL) || (found && strcmp(found, row->found) != 0))
        fail_msg("%s for %s: %s", row->file, row->host, found ? found : "nobody");
    co_buf_free(&all);
    co_netrc_login_free(&login);
}

static void expect_all(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(co_text_of(rows[i].file), &rows[i]);
}

static void finds_the_machines_login(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine h login a password b", "h", "", "a:b"},
        {"machine h\n\tlogin a\n\tpassword b\n", "h", "", "a:b"},
        {"machine H login a password b\r\n", "h", "", "a:b"},
        {"machine h password b login a", "h", "", "a:b"},
        {"machine h login a", "h", "", "a:"},
        {"machine h password b", "h", "", NULL},
        {"machine h login a account x password b", "h", "", "a:b/x"},
        {"machine g login c account y machine h login a password b", "h", "", "a:b"},
        {"machine g login x password y machine h login a password b", "h", "", "a:b"},
        {"machine h login a password b machine h login c password d", "h", "", "a:b"},
        {"machine h login login password password", "h", "", "login:password"},
        {"machine h login machine password default", "h", "", "machine:default"},
        {"machine h login a password b", "sub.h", "", NULL},
        {"machine h login a password b", "hh", "", NULL},
        {"machine h login a password b", "", "", NULL},
        {"machine ::1 login a password b", "::1", "", "a:b"},
        {"", "h", "", NULL},
        {" \n\t\r\n", "h", "", NULL},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void a_default_is_for_who_has_no_entry_before_it_c13(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine g login x password y default login a password b", "h", "", "a:b"},
        {"machine h login x password y default login a password b", "h", "", "x:y"},
        {"default login a password b machine h login x password y", "h", "", "a:b"},
        {"default login a password b", "", "", "a:b"},
        {"default login a password b", "h", "other", NULL},
        {"default login a password b", "h", "a", "a:b"},
        {"machine h password y default login a password b", "h", "", "a:b"},
        {"default", "h", "", NULL},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void the_urls_user_gets_no_others_password_c13(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine h login a password b machine h login c password d", "h", "c", "c:d"},
        {"machine h login a password b", "h", "c", NULL},
        {"machine h login a password b", "h", "A", NULL},
        {"machine h login a machine h login a password b", "h", "a", "a:"},
        {"machine g login c password d machine h login a password b", "h", "c", NULL},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void a_password_without_a_login_is_of_whom_the_url_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine h password b", "h", "c", "c:b"},
        {"machine h account x password b", "h", "c", "c:b/x"},
        {"machine h password b", "h", "", NULL},
        {"machine h", "h", "c", NULL},
        {"machine g password b", "h", "c", NULL},
        {"machine h password b machine h login c password d", "h", "c", "c:d"},
        {"machine h login c password d machine h password b", "h", "c", "c:d"},
        {"machine h login a password d machine h account x password b machine h password e", "h",
            "c", "c:b/x"},
        {"machine h password b default login c password d", "h", "c", "c:d"},
        {"machine h password b default login a password d", "h", "c", "c:b"},
        {"machine h password b default password d", "h", "c", "c:b"},
        {"machine h password b default login c password d", "h", "", "c:d"},
        {"default password b", "h", "c", "c:b"},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void words_may_be_quoted_and_escaped(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine h login \"a b\" password \"c\\\"d\\\\e\"", "h", "", "a b:c\"d\\e"},
        {"machine \"h\" login \"a\\tb\" password \"\"", "h", "", "a\tb:"},
        {"machine h login a password b\\\"c", "h", "", "a:b\\\"c"},
        {"machine h login a password b\"c\"", "h", "", "a:b\"c\""},
        {"machine h login a password \"b\\x\"", "h", "", "a:bx"},
        {"machine h login a password \"b", "h", "", "!"},
        {"machine h login a password \"b\\", "h", "", "!"},
        {"machine h login a password \"b\nc\"", "h", "", "!"},
        {"machine h login a password \"b\"c", "h", "", "!"},
        {"\"machine\" h login a password b", "h", "", "!"},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void comments_and_macros_are_passed_over(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"# machine h login x password y\nmachine h login a password b", "h", "", "a:b"},
        {"machine h login a # his\n password b # secret\n#", "h", "", "a:b"},
        {"machine h login a password #b", "h", "", "a:#b"},
        {"machine h login #a password b", "h", "", "#a:b"},
        {"machine h login a password b#c", "h", "", "a:b#c"},
        {"macdef init\ncd /x\nmachine h login x password y\n\nmachine h login a password b", "h",
            "", "a:b"},
        {"machine g login x password y\nmacdef m\r\nput x\r\n\r\nmachine h login a password b", "h",
            "", "a:b"},
        {"machine h login a password b\nmacdef init\nlast", "h", "", "a:b"},
        {"macdef", "h", "", NULL},
    };
    expect_all(rows, CO_LENGTH(rows));
}

/* What is malformed anywhere is refused whole: half of a file could be somebody else's login. */
static void what_is_malformed_is_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"machine", "h", "", "!"},
        {"machine h login", "h", "", "!"},
        {"machine h login a password", "h", "", "!"},
        {"machine h login a password b c", "h", "", "!"},
        {"machine h login a password b nonsense", "h", "", "!"},
        {"h login a password b", "h", "", "!"},
    };
    expect_all(rows, CO_LENGTH(rows));
}

static void long_words_are_refused_never_cut_c13(void **state)
{
    (void)state;
    struct co_buf file = CO_BUF(CO_NETRC_BYTES_MAX + 2);
    const struct row good = {"long", "h", "a", NULL}, bad = {"longer", "h", "", "!"};
    co_buf_add_string(&file, "machine h login a");
    for (size_t i = 1; i < CO_NETRC_WORD_MAX; i++)
        co_buf_add_char(&file, 'a');
    expect(co_buf_text(&file), &good);
    co_buf_add_char(&file, 'a');
    expect(co_buf_text(&file), &bad);
    while (file.size <= CO_NETRC_BYTES_MAX)
        co_buf_add_char(&file, ' ');
    expect(co_buf_text(&file), &bad);
    co_buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_machines_login),
        cmocka_unit_test(a_default_is_for_who_has_no_entry_before_it_c13),
        cmocka_unit_test(the_urls_user_gets_no_others_password_c13),
        cmocka_unit_test(a_password_without_a_login_is_of_whom_the_url_names),
        cmocka_unit_test(words_may_be_quoted_and_escaped),
        cmocka_unit_test(comments_and_macros_are_passed_over),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(long_words_are_refused_never_cut_c13),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Folders as the FTP client reads them. */
#include "ftp_script.h"

#include "ftp/client.h"

/* ---- lists ----------------------------------------------------------------------------------- */

struct listing {
    const char *name;
    const char *lines[16]; /* behind the login, which has MLST, or not */
    int result;
    const char *names;
    bool no_facts;
    unsigned refused;
};

static const struct listing listings[] = {
    {"MLSD", {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\ntype=file; b\r\n", "> 226 Done"}, 0,
        "a b ", false, 0},
    {"lines without CR, and the last without an end",
        {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\ntype=file; b", "> 226 Done"}, 0, "a b ",
        false, 0},
    {"nothing in it", {"EPSV", "< MLSD", "> 150 Here", "D ", "> 226 Done"}, 0, "", false, 0},
    {"a list that is cut",
        {"EPSV", "< MLSD", "> 150 Here", "O", "d type=dir; a\r\n", "X", "> 426 Sorry"}, CO_ESTATUS,
        NULL, false, 0},
    {"a list that is not confirmed",
        {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\n", "> 451 Disk"}, CO_ESTATUS, "a ",
        false, 0},
    {"a list without its end", {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\n", "!"}, CO_EEOF,
        "a ", false, 0},
    {"names that lead elsewhere",
        {"EPSV", "< MLSD", "> 150 Here", "D type=file; ../a\r\ntype=file; /b\r\ntype=file; c\r\n",
            "> 226 Done"},
        0, "c ", false, 2},
    {"names of the folder itself and the one above",
        {"EPSV", "< MLSD", "> 150 Here", "D type=cdir; /x\r\ntype=pdir; ..\r\ntype=file; c\r\n",
            "> 226 Done"},
        0, "c ", false, 0},
    {"no such folder",
        {"EPSV", "< MLSD", "> 550 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 550 No"},
        CO_ESTATUS, "", false, 0},
    {"MLSD that is announced, and refused as if there were no folder",
        {"EPSV", "< MLSD", "> 550 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", false, 0},
    {"the same by another code",
        {"EPSV", "< MLSD", "> 501 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", false, 0},
    {"a list of nothing behind a refusal",
        {"EPSV", "< MLSD", "> 550 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D total 0\r\n", "> 226 Done"},
        CO_ESTATUS, "", false, 0},
    {"no MLSD after all",
        {"EPSV", "< MLSD", "> 502 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", false, 0},
    {"LIST",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D total 1\r\n-rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", true, 0},
    {"LIST of another planet",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here", "D what is this?\r\n",
            "> 226 Done"},
        CO_EFTP, "", true, 0},
    {"nothing in it, said by a refusal",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 450 No files found"}, 0, "", true, 0},
    {"nothing in it, said by a refusal of MLSD", {"EPSV", "< MLSD", "> 550 No files found"}, 0, "",
        false, 0},
    {"nothing in it of MVS's", {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 550 No members found."},
        0, "", true, 0},
    {"a refusal", {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 450 No right"}, CO_ESTATUS, "", true,
        0},
    {"vsftpd's way to say no",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here", "D ",
            "> 226 Transfer done (but failed to open directory)."},
        CO_ESTATUS, "", true, 0},
};

static void run_listing(unsigned port, const void *arg)
{
    const struct listing *listing = arg;
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    struct co_ftp_entry entry;
    char names[64] = "";
    CHECK_INT(script_connect(&client, port, NULL), 0);
    if (!client)
        return;
    int rc = co_ftp_list_open(&list, client, NULL);
    while (rc == 0 && (rc = co_ftp_list_next(list, &entry)) > 0) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "%.*s ",
            CO_TEXT_PRINT(entry.name));
        rc = 0;
    }
    CHECK_INT(rc, listing->result);
    if (list && rc < 0)
        CHECK_INT(co_ftp_list_next(list, &entry), rc); /* it stays so */
    if (listing->names)
        CHECK_STRING(names, listing->names);
    if (list) {
        CHECK_INT(co_ftp_list_refused(list), listing->refused);
        CHECK_INT(co_ftp_list_is_whole(list), rc == 0 && listing->refused == 0);
    }
    co_ftp_list_close(list);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_list_is_whole_or_fails)
{
    static const char *const facts[] = {SCRIPT_LOGIN}, *const plain[] = {
                                                           SCRIPT_GREET, "< FEAT", "> 502 No"};
    for (size_t i = 0; i < CO_LENGTH(listings); i++) {
        const char *all[40];
        size_t count = 0;
        if (listings[i].no_facts)
            for (size_t j = 0; j < CO_LENGTH(plain); j++)
                all[count++] = plain[j];
        else
            for (size_t j = 0; j < CO_LENGTH(facts); j++)
                all[count++] = facts[j];
        for (const char *const *line = listings[i].lines; *line; line++)
            all[count++] = *line;
        all[count] = NULL;
        int before = atomic_load(&check_failures);
        script_play(all, run_listing, &listings[i]);
        if (atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... with %s\n", listings[i].name);
    }
    return 0;
}

/* Lists a folder three times. arg: what each comes to. */
static void list_again(unsigned port, const void *arg)
{
    const int *results = arg;
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    struct co_ftp_entry entry;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    for (int i = 0; i < 3; i++) {
        int rc = co_ftp_list_open(&list, client, "pub");
        while (rc == 0 && (rc = co_ftp_list_next(list, &entry)) > 0)
            rc = 0;
        CHECK_INT(rc, results[i]);
        if (rc == CO_ESTATUS) {
            CHECK_INT(co_ftp_last_code(client), 550);
            CHECK(strstr(co_explain(rc), ": 550 No pub"));
        }
        co_ftp_list_close(list);
        list = NULL;
    }
    co_ftp_abort(client);
}

#define AWAY             "< PWD", "> 257 \"/\"", "< CWD pub", "> 250 Well"
#define NO_FACTS         "EPSV", "< MLSD pub", "> 550 No pub"
#define LINES_ARE(lines) "EPSV", "< LIST", "> 150 Here", lines, "> 226 Done"

VIRTUAL_TEST(a_refusal_of_facts_is_believed_where_lines_show_nothing_else)
{
    static const char x[] = "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n";
    static const char *const shown[] = {SCRIPT_LOGIN, NO_FACTS, AWAY, "< TYPE A", "> 200 A",
        LINES_ARE("D "), "< CWD /", "> 250 Back", NO_FACTS, AWAY, LINES_ARE(x), "< CWD /",
        "> 250 Back", AWAY, LINES_ARE("D "), NULL};
    static const char *const no_folder[] = {SCRIPT_LOGIN, NO_FACTS, "< PWD", "> 257 \"/\"",
        "< CWD pub", "> 550 No pub", NO_FACTS, "< PWD", "> 502 No", "EPSV", "< MLSD pub",
        "> 150 Here", "D ", "> 226 Done", NULL};
    static const char *const once[] = {SCRIPT_LOGIN, "EPSV", "< MLSD pub", "> 150 Here", "D ",
        "> 226 Done", NO_FACTS, NO_FACTS, NULL};
    static const int results[][3] = {
        {CO_ESTATUS, 0, 0}, {CO_ESTATUS, CO_ESTATUS, 0}, {0, CO_ESTATUS, CO_ESTATUS}};
    CHECK_INT(script_play(shown, list_again, results[0]), 0);
    CHECK_INT(script_play(no_folder, list_again, results[1]), 0);
    return script_play(once, list_again, results[2]);
}

static void list_with_a_hyphen(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
    co_ftp_list_close(list);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_folder_is_never_an_option_of_ls)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", "< PWD", "> 502 No",
        "< TYPE A", "> 200 A", "EPSV", "< LIST ./-R", "> 150 Here", "O", NULL};
    return script_play(lines, list_with_a_hyphen, "-R");
}

/* Some servers list the current folder whatever is asked for; others take spaces for the end of a
 * name, or brackets for a pattern. */
static void list_from_within(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    struct co_ftp_entry entry;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
    CHECK_INT(co_ftp_list_next(list, &entry), 1);
    CHECK_INT(co_ftp_list_next(list, &entry), 0);
    CHECK(co_ftp_list_is_whole(list));
    co_ftp_list_close(list);
    CHECK_INT(co_ftp_delete(client, "x"), 0);
    CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
    co_ftp_list_close(list);
    CHECK_INT(co_ftp_delete(client, "x"), 0);
    CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
    co_ftp_list_close(list);
    co_ftp_quit(client);
}

VIRTUAL_TEST(a_folder_is_listed_from_within)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", /* all of it */
        "< PWD", "> 257 \"/home\"", "< CWD a [b]", "> 250 Well", "< TYPE A", "> 200 A", "EPSV",
        "< LIST", "> 150 Here", "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done",
        "< CWD /home", "> 250 Back", "< DELE x", "> 250 Well", /* given up */
        "< PWD", "> 257 \"/home\"", "< CWD a [b]", "> 250 Well", "EPSV", "< LIST", "> 150 Here",
        "O", "> 426 Sorry", "< CWD /home", "> 250 Back", "< DELE x", "> 250 Well", /* and left */
        "< PWD", "> 257 \"/home\"", "< CWD a [b]", "> 250 Well", "EPSV", "< LIST", "> 150 Here",
        "O", "> 426 Sorry", "< QUIT", "> 221 Bye", NULL};
    return script_play(lines, list_from_within, "a [b]");
}

VIRTUAL_TEST(facts_that_are_not_told_are_asked_for_once)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT",
        "> 211-F\r\n MLST Type*;Size;Modify*;UNIX.mode;Unique;\r\n211 E",
        "< OPTS MLST type;size;modify;unique;UNIX.mode;", "> 200 Well", "EPSV", "< MLSD pub",
        "> 150 Here", "O", NULL};
    return script_play(lines, list_with_a_hyphen, "pub");
}

/* As RFC 2228 5 has it for all replies, and ProFTPD upon request: then FEAT's and MLST's too. */
static void stat_and_list(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    struct co_ftp_entry entry;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_stat(client, arg, &entry), 0);
    CHECK(entry.type == CO_FTP_FOLDER && entry.modified_within == 1);
    CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
    co_ftp_list_close(list);
    co_ftp_abort(client);
}

VIRTUAL_TEST(the_lines_of_a_reply_may_all_have_the_code)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT",
        "> 211-Features:\r\n211-UTF8\r\n211-MLST type*;size*;modify*;\r\n211 End", "< OPTS UTF8 ON",
        "> 200 Well", "< MLST pub",
        "> 250-Start\r\n250-type=dir;modify=20200129032607; pub\r\n250 End", "EPSV", "< MLSD pub",
        "> 150 Here", "O", NULL};
    return script_play(lines, stat_and_list, "pub");
}

static void list_unvisited(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_list *list = NULL;
    struct co_ftp_entry entry;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(co_ftp_list_open(&list, client, arg), 0);
        int count = 0;
        while (co_ftp_list_next(list, &entry) > 0)
            count++;
        CHECK_INT(count, i == 0);
        CHECK_INT(co_ftp_list_is_whole(list), i == 0); /* there may be no such folder */
        co_ftp_list_close(list);
    }
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_folder_is_not_visited_where_there_would_be_no_way_back)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", "< PWD", "> 502 No",
        "< TYPE A", "> 200 A", "EPSV", "< LIST pub", "> 150 Here",
        "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done", "< PWD", "> 257 /home", "EPSV",
        "< LIST pub", "> 150 Here", "D ", "> 226 Done", "< PWD", "> 257 \"\"", "EPSV", "< LIST pub",
        "> 150 Here", "D ", "> 226 Done", NULL};
    return script_play(lines, list_unvisited, "pub");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_whole_or_fails),
        cmocka_unit_test(a_refusal_of_facts_is_believed_where_lines_show_nothing_else),
        cmocka_unit_test(a_folder_is_never_an_option_of_ls),
        cmocka_unit_test(a_folder_is_listed_from_within),
        cmocka_unit_test(facts_that_are_not_told_are_asked_for_once),
        cmocka_unit_test(the_lines_of_a_reply_may_all_have_the_code),
        cmocka_unit_test(a_folder_is_not_visited_where_there_would_be_no_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

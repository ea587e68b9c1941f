/* SPDX-License-Identifier: MIT */
/* What the FTP client does without a data connection. */
#include "ftp_script.h"

#include "ftp/client.h"

static void look_without_facts(unsigned port, const void *arg)
{
    co_ftp_client *client;
    struct co_ftp_entry entry;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_stat(client, "a/f", &entry), 0);
    CHECK(entry.type == CO_FTP_FILE && entry.size == 5 && entry.modified == 1580268367);
    CHECK(entry.name.size == 1 && *entry.name.at == 'f');
    CHECK_INT(co_ftp_stat(client, "a/", &entry), 0);
    CHECK(entry.type == CO_FTP_FOLDER && !entry.size_known && !entry.modified_within);
    CHECK_INT(co_ftp_stat(client, "no", &entry), CO_ESTATUS);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_path_is_looked_at_without_facts_too)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", "< TYPE I", "> 200 I",
        "< SIZE a/f", "> 213 5", "< MDTM a/f", "> 213 20200129032607", /* */
        "< SIZE a/", "> 550 No", "< MDTM a/", "> 213 20200129032607", "< PWD", "> 257 \"/home\"",
        "< CWD a/", "> 250 Well", "< CWD /home", "> 250 Well", /* */
        "< SIZE no", "> 550 No", "< MDTM no", "> 550 No", "< PWD", "> 257 \"/home\"", "< CWD no",
        "> 550 No", NULL};
    return script_play(lines, look_without_facts, NULL);
}

static void set_times(unsigned port, const void *arg)
{
    co_ftp_client *client;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_set_time(client, "f", 1580268367), 0);
    CHECK_INT(co_ftp_set_time(client, "f", 1580268367), CO_ESTATUS);
    CHECK_INT(co_ftp_set_time(client, "f", 1580268367), CO_ESTATUS);
    CHECK_INT(co_ftp_set_time(client, "f", 1580268367), 0);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_time_is_set_by_what_there_is)
{
    static const char *const lines[] = {SCRIPT_LOGIN, "< MFMT 20200129032607 f",
        "> 213 Modify=20200129032607; f", "< MFMT 20200129032607 f", "> 550 No",
        "< MFMT 20200129032607 f", "> 500 What?", "< MDTM 20200129032607 f", "> 213 20010101000000",
        "< MFMT 20200129032607 f", "> 500 What?", "< MDTM 20200129032607 f", "> 213 It is set",
        NULL};
    return script_play(lines, set_times, NULL);
}

static void rename_wrongly(unsigned port, const void *arg)
{
    co_ftp_client *client;
    char folder[8];
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_rename(client, "a", "b"), CO_ESTATUS);
    CHECK_INT(co_ftp_rename(client, "a", "b"), CO_EFTP);
    CHECK_INT(co_ftp_rename(client, "a", "b"), CO_ESTATUS);
    CHECK_INT(co_ftp_rename(client, "a", "b"), 0);
    CHECK_INT(co_ftp_current_folder(client, folder, sizeof folder), CO_EFTP);
    CHECK_INT(co_ftp_current_folder(client, folder, sizeof folder), CO_ETOOBIG);
    CHECK_INT(co_ftp_current_folder(client, folder, sizeof folder), 5);
    CHECK_STRING(folder, "/a\"b ");
    co_ftp_abort(client);
}

VIRTUAL_TEST(replies_of_other_kinds_are_no_success)
{
    static const char *const lines[] = {SCRIPT_LOGIN, "< RNFR a", "> 550 No", "< RNFR a",
        "> 250 Well", "< RNFR a", "> 350 Go", "< RNTO b", "> 553 No", "< RNFR a", "> 350 Go",
        "< RNTO b", "> 250 Well", "< PWD", "> 257 nowhere", "< PWD", "> 257 \"/too/long\"", "< PWD",
        "> 257 \"/a\"\"b \" it is", NULL};
    return script_play(lines, rename_wrongly, NULL);
}

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void ask_for_hashes(unsigned port, const void *arg)
{
    static const int results[] = {0, CO_ESTATUS, CO_ESTATUS, CO_ESTATUS, CO_ESTATUS};
    static const uint64_t range[2] = {5, 99};
    co_ftp_client *client;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    if (!client)
        return;
    CHECK(client->hashes);
    for (size_t i = 0; i < CO_LENGTH(results); i++) {
        struct co_buf digits = CO_BUF(128);
        CHECK_INT(co_ftp_client_hash(client, "f", range, &digits), results[i]);
        CHECK(results[i] < 0 || co_text_equal(co_buf_text(&digits), CO_TEXT(DIGITS)));
        co_buf_free(&digits);
    }
    co_ftp_abort(client);
}

/* draft-bryan-ftpext-hash: in capitals, too; never of another range, or by another function. */
VIRTUAL_TEST(a_hash_is_of_the_bytes_that_were_asked_for)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT",
        "> 211-F\r\n HASH MD5;SHA-1;SHA-256*;CRC32\r\n211 E", /* */
        "< OPTS HASH SHA-256", "> 200 SHA-256", "< RANG 5 99", "> 350 Well", "< HASH f",
        "> 213 sha-256 5-99 "
        "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF f", /* */
        "< OPTS HASH SHA-256", "> 200 SHA-256", "< RANG 5 99", "> 350 Well", "< HASH f",
        "> 213 SHA-256 0-99 " DIGITS " f", /* */
        "< OPTS HASH SHA-256", "> 200 SHA-256", "< RANG 5 99", "> 350 Well", "< HASH f",
        "> 213 SHA-256 5-99 0123",                                            /* */
        "< OPTS HASH SHA-256", "> 200 SHA-256", "< RANG 5 99", "> 500 What?", /* */
        "< OPTS HASH SHA-256", "> 504 No", NULL};
    return script_play(lines, ask_for_hashes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_looked_at_without_facts_too),
        cmocka_unit_test(a_hash_is_of_the_bytes_that_were_asked_for),
        cmocka_unit_test(a_time_is_set_by_what_there_is),
        cmocka_unit_test(replies_of_other_kinds_are_no_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

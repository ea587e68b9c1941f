/* SPDX-License-Identifier: MIT */
/* The FTP client's login and conversation against servers that say anything, by scripts
 * (ftp_script.h). */
#include "ftp_script.h"

#include "codec/ftp_reply.h"
#include "ftp/client.h"

/* ---- logging in ------------------------------------------------------------------------------ */

struct login {
    const char *name;
    const char *lines[16];
    int result;
    const char *says; /* part of the sentence; NULL: any */
    struct co_ftp_client_options options;
};

static const struct login logins[] = {
    {"the usual", {SCRIPT_LOGIN}, 0, NULL, {0}},
    {"no password asked for", {"> 220 Hello", "< USER ann", "> 230 In", SCRIPT_FEAT}, 0, NULL, {0}},
    {"anonymous by default",
        {"> 220 Hello", "< USER anonymous", "> 331 Mail address", "< PASS anonymous@", "> 230 In",
            SCRIPT_FEAT},
        0, NULL, {.user = "anonymous", .password = "anonymous@"}},
    {"an account after the password",
        {"> 220 Hello", "< USER ann", "> 331 p", "< PASS pw", "> 332 a", "< ACCT acc", "> 230 In",
            SCRIPT_FEAT},
        0, NULL, {.account = "acc"}},
    {"an account after the user",
        {"> 220 Hello", "< USER ann", "> 332 a", "< ACCT acc", "> 230 In", SCRIPT_FEAT}, 0, NULL,
        {.account = "acc"}},
    {"an account that we have not", {"> 220 Hello", "< USER ann", "> 332 Account"}, CO_ELOGIN,
        "332 Account", {0}},
    {"202 to PASS",
        {"> 220 Hello", "< USER ann", "> 331 p", "< PASS pw", "> 202 Superfluous", SCRIPT_FEAT}, 0,
        NULL, {0}},
    {"232 to USER", {"> 220 Hello", "< USER ann", "> 232 By certificate", SCRIPT_FEAT}, 0, NULL,
        {0}},
    {"a wrong password", {"> 220 Hello", "< USER ann", "> 331 p", "< PASS pw", "> 530 Wrong"},
        CO_ELOGIN, "530 Wrong", {0}},
    {"430 is a wrong password", {"> 220 Hello", "< USER ann", "> 331 p", "< PASS pw", "> 430 No"},
        CO_ELOGIN, "430 No", {0}},
    {"a password for ever", {"> 220 Hello", "< USER ann", "> 331 p", "< PASS pw", "> 331 again"},
        CO_ELOGIN, NULL, {0}},
    {"a user that is not wanted", {"> 220 Hello", "< USER ann", "> 530 Go away"}, CO_ELOGIN,
        "530 Go away", {0}},
    {"busy at the greeting", {"> 421 Too many", "!"}, CO_ESTATUS, "421 Too many", {0}},
    {"busy at the login", {"> 220 Hello", "< USER ann", "> 421 Too many", "!"}, CO_ESTATUS,
        "421 Too many", {0}},
    {"busy for now", {"> 220 Hello", "< USER ann", "> 451 Later"}, CO_ESTATUS, "451 Later", {0}},
    {"ready in a minute", {"> 120 In a minute", "Z 50", SCRIPT_LOGIN}, 0, NULL, {0}},
    {"ready never",
        {"> 120 1\r\n120 2\r\n120 3\r\n120 4\r\n120 5\r\n120 6\r\n120 7\r\n120 8\r\n120 9\r\n120 "
         "10"},
        CO_EFTP, NULL, {0}},
    {"closed at once", {"!"}, CO_EEOF, NULL, {0}},
    {"closed within a line", {">>220 Hel", "!"}, CO_EEOF, NULL, {0}},
    {"another protocol", {"> SSH-2.0-OpenSSH_9"}, CO_EFTP, NULL, {0}},
    {"no greeting", {"> 331 p"}, CO_EFTP, NULL, {0}},
    {"a greeting of many lines",
        {"> 220-Welcome\r\n221 not yet\r\n 220 neither\r\n220 Now", "< USER ann", "> 331 p",
            "< PASS pw", "> 230-In\r\n230 here", SCRIPT_FEAT},
        0, NULL, {0}},
    {"let in at once", {"> 230 In", SCRIPT_FEAT}, 0, NULL, {0}},
    {"no features", {SCRIPT_GREET, "< FEAT", "> 500 What?"}, 0, NULL, {0}},
    {"UTF-8 is asked for",
        {SCRIPT_GREET, "< FEAT", "> 211-F\r\n utf8\r\n211 E", "< OPTS UTF8 ON", "> 501 No"}, 0,
        NULL, {0}},
    {"silence", {"Z 70"}, CO_EDEADLINE, "no reply in time", {0}},
    {"silence at a limit of ours", {"> 220 Hello", "< USER ann", "Z 5"}, CO_EDEADLINE,
        "no reply in time", {.reply_ms = 1000}},
    {"a reply too early", {"> 220 Hello\r\n331 p"}, CO_EFTP, "nobody asked for", {0}},
    {"F06 no TLS", {"> 220 Hello", "< AUTH TLS", "> 500 What?"}, CO_ETLS, "will not have TLS",
        {.security = CO_FTP_EXPLICIT}},
    {"F06 TLS not now", {"> 220 Hello", "< AUTH TLS", "> 431 Later"}, CO_ETLS, NULL,
        {.security = CO_FTP_EXPLICIT}},
    {"F06 another consent", {"> 220 Hello", "< AUTH TLS", "> 200 Sure"}, CO_ETLS, NULL,
        {.security = CO_FTP_EXPLICIT}},
    {"F06 let in before TLS", {"> 230 In"}, CO_ETLS, NULL, {.security = CO_FTP_EXPLICIT}},
    {"F06 logged in instead of TLS", {"> 220 Hello", "< AUTH TLS", "> 230 In"}, CO_ETLS, NULL,
        {.security = CO_FTP_EXPLICIT}},
    {"F05 words behind the consent", {"> 220 Hello", "< AUTH TLS", ">>234 Go\r\n230 In\r\n"},
        CO_ETLS, "in clear", {.security = CO_FTP_EXPLICIT}},
};

static void log_in(unsigned port, const void *arg)
{
    const struct login *login = arg;
    co_ftp_client *client;
    int rc = script_connect(&client, port, &login->options);
    CHECK_INT(rc, login->result);
    if (rc < 0 && login->says && !CHECK(strstr(co_explain(rc), login->says)))
        fprintf(stderr, "  ... \"%s\"\n", co_explain(rc));
    CHECK((rc == 0) == (client != NULL));
    co_ftp_abort(client);
}

VIRTUAL_TEST(logs_in_or_says_why_not)
{
    for (size_t i = 0; i < CO_LENGTH(logins); i++) {
        int before = atomic_load(&check_failures);
        script_play(logins[i].lines, log_in, &logins[i]);
        if (atomic_load(&check_failures) > before)
            fprintf(stderr, "  ... with %s\n", logins[i].name);
    }
    return 0;
}

VIRTUAL_TEST(an_end_after_the_consent_to_tls_is_no_login)
{
    static const struct login login = {"", {"> 220 Hello", "< AUTH TLS", "> 234 Go", "!"}, CO_EEOF,
        NULL, {.security = CO_FTP_EXPLICIT}};
    has_foreign_draws = true;
    return script_play(login.lines, log_in, &login);
}

/* ---- out of step ----------------------------------------------------------------------------- */

static void abort_and_go_on(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    char byte;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_download_open(&transfer, client, "f", 0), 0);
    CHECK_INT(co_ftp_transfer_read(transfer, &byte, 1), 1);
    co_ftp_transfer_abort(transfer);
    CHECK_INT(co_ftp_delete(client, "x"), 0); /* 426 is not its answer */
    CHECK_INT(co_ftp_last_code(client), 250);
    co_ftp_abort(client);
}

VIRTUAL_TEST(the_reply_to_what_was_aborted_is_not_taken_for_the_next)
{
    static const char *const lines[] = {SCRIPT_LOGIN, "EPSV", TYPED, SIZED(9), "< RETR f",
        "> 150 Here", "O", "d 123", "Z 3", "C", "> 426 Cut", "< DELE x", "> 250 Gone", NULL};
    return script_play(lines, abort_and_go_on, NULL);
}

VIRTUAL_TEST(what_was_aborted_may_end_by_another_promise)
{
#define CUT_BY                                                                                     \
 SCRIPT_LOGIN, "EPSV", TYPED, SIZED(9), "< RETR f", "> 150 Here", "O", "d 123", "Z 3", "C",        \
     "> 150 0.1 seconds", "< NOOP"
    static const char *const only[] = {CUT_BY, "> 200 Well", "< DELE x", "> 250 Gone", NULL};
    static const char *const late[] = {
        CUT_BY, "> 426 Cut", "> 200 Well", "< DELE x", "> 250 Gone", NULL};
    script_play(only, abort_and_go_on, NULL);
    return script_play(late, abort_and_go_on, NULL);
#undef CUT_BY
}

static void abort_and_wait(unsigned port, const void *arg)
{
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_download_open(&transfer, client, "f", 0), 0);
    co_ftp_transfer_abort(transfer);
    int64_t since = co_now_ns();
    CHECK_INT(co_ftp_delete(client, "x"), CO_EDEADLINE);
    CHECK(co_now_ns() - since < 11 * CO_SECOND);
    CHECK_INT(co_ftp_delete(client, "x"), CO_EDEADLINE);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_reply_to_what_was_aborted_is_not_waited_for_for_long)
{
    static const char *const lines[] = {
        SCRIPT_LOGIN, "EPSV", TYPED, SIZED(9), "< RETR f", "> 150 Here", "O", "Z 20", NULL};
    return script_play(lines, abort_and_wait, NULL);
}

static void delete_later(unsigned port, const void *arg)
{
    co_ftp_client *client;
    const int *result = arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    co_sleep(5000);
    CHECK_INT(co_ftp_delete(client, "x"), *result);
    CHECK_INT(co_ftp_delete(client, "x"), *result); /* the failure stays */
    co_ftp_quit(client);
}

VIRTUAL_TEST(a_server_that_speaks_unasked_is_not_spoken_to)
{
    static const char *const unasked[] = {SCRIPT_LOGIN, "Z 1", "> 250 Gone", NULL};
    static const char *const bye[] = {SCRIPT_LOGIN, "Z 1", "> 421 Idle for too long", "!", NULL};
    static const char *const gone[] = {SCRIPT_LOGIN, "!", NULL};
    static const int broken = CO_EFTP, refused = CO_ESTATUS, ended = CO_EEOF;
    script_play(unasked, delete_later, &broken);
    script_play(bye, delete_later, &refused);
    return script_play(gone, delete_later, &ended);
}

/* ---- kept while data flows ------------------------------------------------------------------- */

struct transfer {
    int result, next; /* of the download; of what comes after it */
};

static void fetch_and_delete(unsigned port, const void *arg)
{
    const struct transfer *expected = arg;
    const struct co_ftp_client_options options = {.stall_ms = 3600000};
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    char byte;
    CHECK_INT(script_connect(&client, port, &options), 0);
    CHECK_INT(co_ftp_download_open(&transfer, client, "f", 0), 0);
    while (co_ftp_transfer_read(transfer, &byte, 1) > 0)
        continue;
    CHECK_INT(co_ftp_transfer_finish(transfer), expected->result);
    co_sleep(1000); /* for what comes behind the reply */
    CHECK_INT(co_ftp_delete(client, "x"), expected->next);
    co_ftp_abort(client);
}

#define FETCHING SCRIPT_LOGIN, "EPSV", TYPED, SIZED(3), "< RETR f", "> 150 Here", "O"

/* A NOOP might be answered before the transfer's end, behind it or never: none is said. */
VIRTUAL_TEST(nothing_is_said_during_a_transfer_however_long)
{
    static const char *const lines[] = {FETCHING, "d 1", "Z 280", "d 2", "Z 280", "D 3",
        "> 226 Done", "< DELE x", "> 250 Gone", NULL};
    static const struct transfer whole = {0, 0};
    return script_play(lines, fetch_and_delete, &whole);
}

/* Such as somebody else's NOOP, by a firewall on the way. */
VIRTUAL_TEST(replies_that_are_not_the_transfers_are_not_taken_for_its_or_the_nexts)
{
    static const char *const before[] = {
        FETCHING, "d 12", "> 200 Well", "Z 1", "D 3", "> 226 Done", NULL};
    static const char *const with[] = {FETCHING, "D 123", "> 226 Done\r\n200 Well", NULL};
    static const char *const behind[] = {FETCHING, "D 123", "> 226 Done", "> 200 Well", NULL};
    static const struct transfer unsure = {CO_EFTP, CO_EFTP}, whole = {0, CO_EFTP};
    script_play(before, fetch_and_delete, &unsure);
    script_play(with, fetch_and_delete, &whole);
    return script_play(behind, fetch_and_delete, &whole);
}

static void ask_how_it_is_kept(unsigned port, const void *arg)
{
    co_ftp_client *client;
    int seconds = 0;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_option_get(client->control, "keepalive", &seconds), 0);
    CHECK_INT(seconds, 60);
    co_ftp_abort(client);
}

KERNEL_TEST(tcp_keeps_the_control_connection_known_on_its_way)
{
    static const char *const lines[] = {SCRIPT_LOGIN, NULL};
    return script_play(lines, ask_how_it_is_kept, NULL);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void be_told_off(unsigned port, const void *arg)
{
    co_ftp_client *client;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    CHECK_INT(co_ftp_delete(client, "a\033[2J"), CO_ESTATUS);
    CHECK(!strchr(co_explain(CO_ESTATUS), 033));
    CHECK(strstr(co_explain(CO_ESTATUS), "cannot delete a\\x1B[2J at 127.0.0.1:"));
    CHECK(strstr(co_explain(CO_ESTATUS), ": 550 No\\x1B]0;you\\x07"));
    co_ftp_abort(client);
}

/* C08: what a server says does not move a terminal's cursor. */
VIRTUAL_TEST(c08_replies_are_escaped_in_sentences)
{
    static const char *const lines[] = {
        SCRIPT_LOGIN, "< DELE a\033[2J", "> 550 No\033]0;you\007", NULL};
    return script_play(lines, be_told_off, NULL);
}

static void hear_much(unsigned port, const void *arg)
{
    co_ftp_client *client;
    (void)arg;
    CHECK_INT(script_connect(&client, port, NULL), CO_ETOOBIG);
    CHECK(!client);
}

VIRTUAL_TEST(a_reply_without_end_is_not_heard_to_its_end)
{
    static char text[CO_FTP_REPLY_MAX + 100] = ">>220-";
    const char *const lines[] = {text, NULL};
    memset(text + 6, 'x', CO_FTP_REPLY_MAX);
    return script_play(lines, hear_much, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in_or_says_why_not),
        cmocka_unit_test(an_end_after_the_consent_to_tls_is_no_login),
        cmocka_unit_test(the_reply_to_what_was_aborted_is_not_taken_for_the_next),
        cmocka_unit_test(what_was_aborted_may_end_by_another_promise),
        cmocka_unit_test(a_reply_to_what_was_aborted_is_not_waited_for_for_long),
        cmocka_unit_test(a_server_that_speaks_unasked_is_not_spoken_to),
        cmocka_unit_test(nothing_is_said_during_a_transfer_however_long),
        cmocka_unit_test(replies_that_are_not_the_transfers_are_not_taken_for_its_or_the_nexts),
        cmocka_unit_test(tcp_keeps_the_control_connection_known_on_its_way),
        cmocka_unit_test(c08_replies_are_escaped_in_sentences),
        cmocka_unit_test(a_reply_without_end_is_not_heard_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

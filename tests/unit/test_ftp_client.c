/* SPDX-License-Identifier: MIT */
/* The FTP client against servers that say anything, by scripts (ftp_script.h). */
#include "ftp_script.h"

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
    {"no TLS after the consent", {"> 220 Hello", "< AUTH TLS", "> 234 Go", "!"}, CO_EEOF, NULL,
        {.security = CO_FTP_EXPLICIT}},
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

/* ---- downloads ------------------------------------------------------------------------------- */

struct download {
    const char *name;
    const char *lines[16]; /* behind the login and TYPE */
    int result;
    const char *got;
    uint64_t offset;
    const char *before;
    struct co_ftp_client_options options;
};

#define SIZED(n) "< SIZE f", "> 213 " #n

static const struct download downloads[] = {
    {"226", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 226 Done"}, 0, "12345", 0,
        NULL, {0}},
    {"250", {SIZED(5), "EPSV", "< RETR f", "> 125 Here", "D 12345", "> 250 Done"}, 0, "12345", 0,
        NULL, {0}},
    {"226 without 150", {SIZED(5), "EPSV", "< RETR f", "> 226 Done", "D 12345"}, 0, "12345", 0,
        NULL, {0}},
    {"226 before the data", {SIZED(5), "EPSV", "< RETR f", "> 150 Here\r\n226 Done", "D 12345"}, 0,
        "12345", 0, NULL, {0}},
    {"150 twice",
        {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 150 Again\r\n226 Done"}, 0,
        "12345", 0, NULL, {0}},
    {"150 behind the data", {SIZED(5), "EPSV", "< RETR f", "D 12345", "> 150 Here", "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"226 in three pieces",
        {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", ">>22", "Z 1", ">>6 Done\r", "Z 1",
            ">>\n"},
        0, "12345", 0, NULL, {0}},
    {"an empty file", {SIZED(0), "EPSV", "< RETR f", "> 150 Here", "D ", "> 226 Done"}, 0, "", 0,
        NULL, {0}},
    {"no SIZE",
        {"< SIZE f", "> 500 What?", "EPSV", "< RETR f", "> 150 Here", "D 123", "> 226 Done"}, 0,
        "123", 0, NULL, {0}},
    {"the size of the 150",
        {"< SIZE f", "> 550 No", "EPSV", "< RETR f", "> 150 f (5 bytes).", "D 12345", "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"less than the 150 says",
        {"< SIZE f", "> 550 No", "EPSV", "< RETR f", "> 150 f (6 bytes).", "D 12345", "> 226 Done"},
        CO_EEOF, "12345", 0, NULL, {0}},
    {"less than SIZE says", {SIZED(6), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 226 Done"},
        CO_EEOF, "12345", 0, NULL, {0}},
    {"more than SIZE says", {SIZED(4), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 226 Done"},
        CO_EFTP, "1234", 0, NULL, {0}},
    {"451 at the end", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 451 Disk"},
        CO_ESTATUS, "12345", 0, NULL, {0}},
    {"426 in the middle",
        {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "O", "d 123", "X", "> 426 Sorry"}, CO_ESTATUS,
        NULL, 0, NULL, {0}},
    {"a reset and no reply", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "O", "X", "!"},
        -ECONNRESET, "", 0, NULL, {0}},
    {"421 at the end", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 421 Bye", "!"},
        CO_ESTATUS, "12345", 0, NULL, {0}},
    {"no reply at the end", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "!"}, CO_EEOF,
        "12345", 0, NULL, {0}},
    {"silence at the end", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "Z 90"},
        CO_EDEADLINE, "12345", 0, NULL, {0}},
    {"a reply that confirms nothing",
        {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> 200 Well"}, CO_EFTP, "12345", 0,
        NULL, {0}},
    {"a malformed end", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "D 12345", "> Done"}, CO_EFTP,
        "12345", 0, NULL, {0}},
    {"no such file", {"< SIZE f", "> 550 No", "EPSV", "< RETR f", "> 550 No such file"}, CO_ESTATUS,
        NULL, 0, NULL, {0}},
    {"350 to RETR", {SIZED(5), "EPSV", "< RETR f", "> 350 What?"}, CO_EFTP, NULL, 0, NULL, {0}},
    {"425 later", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "O", "C", "> 425 No connection"},
        CO_ESTATUS, "", 0, NULL, {0}},
    {"a server that stalls", {SIZED(5), "EPSV", "< RETR f", "> 150 Here", "O", "d 12", "Z 60"},
        CO_ETOOSLOW, "12", 0, NULL, {0}},
    {"a door that nobody answers",
        {SIZED(5), "< EPSV", "> 229 (|||1|)", "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"F03 an address that is not the server's",
        {SIZED(5), "< EPSV", "> 500 What?", "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"a malformed 229",
        {SIZED(5), "< EPSV", "> 229 (||1234|)", "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"a malformed 227", {SIZED(5), "< EPSV", "> 502 No", "< PASV", "> 227 (1,2,3,4,5)"}, CO_EFTP,
        NULL, 0, NULL, {0}},
    {"no door at all", {SIZED(5), "< EPSV", "> 500 What?", "< PASV", "> 425 No port"}, CO_ESTATUS,
        NULL, 0, NULL, {0}},
    {"the rest",
        {SIZED(5), "EPSV", "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 45",
            "> 226 Done"},
        0, "45", 3, NULL, {0}},
    {"no restart", {SIZED(5), "EPSV", "< REST 3", "> 502 No"}, CO_ESTATUS, NULL, 3, NULL, {0}},
    {"another consent to a restart", {SIZED(5), "EPSV", "< REST 3", "> 200 Well"}, CO_EFTP, NULL, 3,
        NULL, {0}},
    {"a restart that is ignored",
        {SIZED(5), "EPSV", "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        CO_EFTP, "12", 3, NULL, {0}},
    {"a restart that is ignored is noticed before",
        {SIZED(5), "EPSV", "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 12345"},
        CO_ECHANGED, NULL, 3, "23", {0}},
    {"a file that is another one now",
        {SIZED(5), "EPSV", "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 3345"},
        CO_ECHANGED, NULL, 3, "23", {0}},
    {"a file that is shorter now", {SIZED(2)}, CO_ECHANGED, NULL, 3, NULL, {0}},
    {"what lies here is compared",
        {SIZED(5), "EPSV", "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 2345",
            "> 226 Done"},
        0, "45", 3, "23", {0}},
    {"nothing is missing",
        {SIZED(5), "EPSV", "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 45",
            "> 226 Done"},
        0, "", 5, "45", {0}},
    {"active", {SIZED(5), "EPRT", "< RETR f", "> 150 Here", "D 12345", "> 226 Done"}, 0, "12345", 0,
        NULL, {.active = true}},
    {"active by PORT",
        {SIZED(5), "~ EPRT |1|127.0.0.1|", "> 500 What?", "PORT", "< RETR f", "> 150 Here",
            "D 12345", "> 226 Done"},
        0, "12345", 0, NULL, {.active = true}},
    {"active, but it does not come", {SIZED(5), "EPRT", "< RETR f", "> 150 Here", "Z 40"},
        CO_EDEADLINE, NULL, 0, NULL, {.active = true}},
    {"active, and it says at last that it cannot",
        {SIZED(5), "EPRT", "< RETR f", "> 150 Here", "Z 32", "> 425 I cannot"}, CO_ESTATUS, NULL, 0,
        NULL, {.active = true}},
    {"active, and it says that it cannot", {SIZED(5), "EPRT", "< RETR f", "> 425 I cannot"},
        CO_ESTATUS, NULL, 0, NULL, {.active = true}},
};

static int fetch(co_ftp_client *client, const struct download *download, char got[64])
{
    co_ftp_transfer *transfer;
    size_t size = 0;
    ssize_t n;
    int rc = co_ftp_download_resume(
        &transfer, client, "f", download->offset, co_text_of(download->before));
    if (rc < 0)
        return rc;
    while (size < 63 && (n = co_ftp_transfer_read(transfer, got + size, 1)) > 0)
        size += (size_t)n;
    got[size] = '\0';
    if (download->got)
        CHECK_STRING(got, download->got);
    return co_ftp_transfer_finish(transfer);
}

static void run_download(unsigned port, const void *arg)
{
    const struct download *download = arg;
    co_ftp_client *client;
    char got[64] = "";
    CHECK_INT(script_connect(&client, port, &download->options), 0);
    if (!client)
        return;
    CHECK_INT(fetch(client, download, got), download->result);
    co_ftp_abort(client);
}

/* The script's lines behind a login. */
static void play_behind_login(
    const char *const *lines, script_body *body, const void *arg, const char *name)
{
    static const char *const login[] = {SCRIPT_LOGIN, "< TYPE I", "> 200 I"};
    const char *all[40];
    size_t count = 0;
    for (size_t i = 0; i < CO_LENGTH(login); i++)
        all[count++] = login[i];
    while (*lines)
        all[count++] = *lines++;
    all[count] = NULL;
    int before = atomic_load(&check_failures);
    script_play(all, body, arg);
    if (atomic_load(&check_failures) > before)
        fprintf(stderr, "  ... with %s\n", name);
}

VIRTUAL_TEST(a_download_is_whole_only_when_all_says_so)
{
    for (size_t i = 0; i < CO_LENGTH(downloads); i++)
        play_behind_login(downloads[i].lines, run_download, &downloads[i], downloads[i].name);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_in_or_says_why_not),
        cmocka_unit_test(a_download_is_whole_only_when_all_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

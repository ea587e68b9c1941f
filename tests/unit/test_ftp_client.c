/* SPDX-License-Identifier: MIT */
/* The FTP client against servers that say anything, by scripts (ftp_script.h). */
#include "ftp_script.h"

#include "codec/ftp_reply.h"

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

/* ---- uploads --------------------------------------------------------------------------------- */

struct upload {
    const char *name;
    const char *lines[16]; /* behind the login and TYPE */
    int result;
    enum co_ftp_upload how;
    uint64_t offset;
};

static const struct upload uploads[] = {
    {"226 and its size",
        {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 5"}, 0,
        CO_FTP_REPLACE, 0},
    {"250, and its size is not told",
        {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 250 Done", "< SIZE f", "> 550 No"}, 0,
        CO_FTP_REPLACE, 0},
    {"less lies there",
        {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 4"}, CO_EEOF,
        CO_FTP_REPLACE, 0},
    {"more lies there",
        {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 6"}, CO_EFTP,
        CO_FTP_REPLACE, 0},
    {"the disk is full", {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 452 Full"}, CO_ESTATUS,
        CO_FTP_REPLACE, 0},
    {"the disk is full at once", {"EPSV", "< STOR f", "> 150 Go", "O", "X", "> 552 Quota"},
        CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"no permission", {"EPSV", "< STOR f", "> 553 No"}, CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"another reply", {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 200 Well"}, CO_EFTP,
        CO_FTP_REPLACE, 0},
    {"no reply", {"EPSV", "< STOR f", "> 150 Go", "U 12345", "!"}, CO_EEOF, CO_FTP_REPLACE, 0},
    {"the server goes", {"EPSV", "< STOR f", "> 150 Go", "U 12345", "> 421 Bye", "!"}, CO_ESTATUS,
        CO_FTP_REPLACE, 0},
    {"the rest",
        {"EPSV", "< REST 3", "> 350 From 3", "< STOR f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 8"},
        0, CO_FTP_CONTINUE, 3},
    {"the rest, but the server began anew",
        {"EPSV", "< REST 3", "> 350 From 3", "< STOR f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 5"},
        CO_EEOF, CO_FTP_CONTINUE, 3},
    {"behind what is there",
        {"< SIZE f", "> 213 10", "EPSV", "< APPE f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 15"},
        0, CO_FTP_APPEND, 0},
    {"behind what is not told",
        {"< SIZE f", "> 550 No", "EPSV", "< APPE f", "> 150 Go", "U 12345", "> 226 Done"}, 0,
        CO_FTP_APPEND, 0},
    {"at an offset that makes no sense", {NULL}, CO_EINVALID, CO_FTP_REPLACE, 3},
};

static void run_upload(unsigned port, const void *arg)
{
    const struct upload *upload = arg;
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    if (!client)
        return;
    /* A refused argument ends before TYPE; the script has said that. */
    if (upload->result == CO_EINVALID)
        CHECK_INT(co_ftp_command(client, "TYPE I"), 200);
    int rc = co_ftp_upload_open(&transfer, client, "f", upload->how, upload->offset);
    if (rc == 0) {
        for (int i = 0; i < 5; i++) {
            co_ftp_transfer_write(transfer, &"12345"[i], 1);
            co_sleep(10);
        }
        rc = co_ftp_transfer_finish(transfer);
    }
    CHECK_INT(rc, upload->result);
    co_ftp_abort(client);
}

VIRTUAL_TEST(an_upload_is_whole_only_when_all_says_so)
{
    for (size_t i = 0; i < CO_LENGTH(uploads); i++)
        play_behind_login(uploads[i].lines, run_upload, &uploads[i], uploads[i].name);
    return 0;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct listing {
    const char *name;
    const char *lines[16]; /* behind the login, which has MLST, or not */
    int result;
    const char *names;
    bool no_facts;
};

static const struct listing listings[] = {
    {"MLSD", {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\ntype=file; b\r\n", "> 226 Done"}, 0,
        "a b ", false},
    {"lines without CR, and the last without an end",
        {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\ntype=file; b", "> 226 Done"}, 0, "a b ",
        false},
    {"nothing in it", {"EPSV", "< MLSD", "> 150 Here", "D ", "> 226 Done"}, 0, "", false},
    {"a list that is cut",
        {"EPSV", "< MLSD", "> 150 Here", "O", "d type=dir; a\r\n", "X", "> 426 Sorry"}, CO_ESTATUS,
        NULL, false},
    {"a list that is not confirmed",
        {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\n", "> 451 Disk"}, CO_ESTATUS, "a ",
        false},
    {"a list without its end", {"EPSV", "< MLSD", "> 150 Here", "D type=dir; a\r\n", "!"}, CO_EEOF,
        "a ", false},
    {"names that lead elsewhere",
        {"EPSV", "< MLSD", "> 150 Here", "D type=file; ../a\r\ntype=file; /b\r\ntype=file; c\r\n",
            "> 226 Done"},
        0, "c ", false},
    {"no such folder", {"EPSV", "< MLSD", "> 550 No"}, CO_ESTATUS, "", false},
    {"no MLSD after all",
        {"EPSV", "< MLSD", "> 502 No", "< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D -rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", false},
    {"LIST",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here",
            "D total 1\r\n-rw-r--r-- 1 a b 5 Jan 1 2020 x\r\n", "> 226 Done"},
        0, "x ", true},
    {"LIST of another planet",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here", "D what is this?\r\n",
            "> 226 Done"},
        CO_EFTP, "", true},
    {"vsftpd's way to say no",
        {"< TYPE A", "> 200 A", "EPSV", "< LIST", "> 150 Here", "D ",
            "> 226 Transfer done (but failed to open directory)."},
        CO_ESTATUS, "", true},
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
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", "< PWD", "> 257 \"/\"",
        "< CWD -R", "> 250 Well", "< CWD /", "> 250 Well", "< TYPE A", "> 200 A", "EPSV",
        "< LIST ./-R", "> 150 Here", "O", NULL};
    return script_play(lines, list_with_a_hyphen, "-R");
}

VIRTUAL_TEST(facts_that_are_not_told_are_asked_for_once)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT",
        "> 211-F\r\n MLST Type*;Size;Modify*;UNIX.mode;Unique;\r\n211 E",
        "< OPTS MLST type;size;modify;UNIX.mode;", "> 200 Well", "EPSV", "< MLSD pub", "> 150 Here",
        "O", NULL};
    return script_play(lines, list_with_a_hyphen, "pub");
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
    static const char *const lines[] = {SCRIPT_LOGIN, "< TYPE I", "> 200 I", SIZED(9), "EPSV",
        "< RETR f", "> 150 Here", "O", "d 123", "Z 3", "C", "> 426 Cut", "< DELE x", "> 250 Gone",
        NULL};
    return script_play(lines, abort_and_go_on, NULL);
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
    static const char *const lines[] = {SCRIPT_LOGIN, "< TYPE I", "> 200 I", SIZED(9), "EPSV",
        "< RETR f", "> 150 Here", "O", "Z 20", NULL};
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

/* ---- verbs ----------------------------------------------------------------------------------- */

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
    CHECK(entry.type == CO_FTP_FOLDER && !entry.size_known);
    CHECK_INT(co_ftp_stat(client, "no", &entry), CO_ESTATUS);
    co_ftp_abort(client);
}

VIRTUAL_TEST(a_path_is_looked_at_without_facts_too)
{
    static const char *const lines[] = {SCRIPT_GREET, "< FEAT", "> 502 No", "< TYPE I", "> 200 I",
        "< SIZE a/f", "> 213 5", "< MDTM a/f", "> 213 20200129032607", /* */
        "< SIZE a/", "> 550 No", "< PWD", "> 257 \"/home\"", "< CWD a/", "> 250 Well",
        "< CWD /home", "> 250 Well", /* */
        "< SIZE no", "> 550 No", "< PWD", "> 257 \"/home\"", "< CWD no", "> 550 No", "< MDTM no",
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
        cmocka_unit_test(a_download_is_whole_only_when_all_says_so),
        cmocka_unit_test(an_upload_is_whole_only_when_all_says_so),
        cmocka_unit_test(a_list_is_whole_or_fails),
        cmocka_unit_test(a_folder_is_never_an_option_of_ls),
        cmocka_unit_test(facts_that_are_not_told_are_asked_for_once),
        cmocka_unit_test(the_reply_to_what_was_aborted_is_not_taken_for_the_next),
        cmocka_unit_test(a_reply_to_what_was_aborted_is_not_waited_for_for_long),
        cmocka_unit_test(a_server_that_speaks_unasked_is_not_spoken_to),
        cmocka_unit_test(a_path_is_looked_at_without_facts_too),
        cmocka_unit_test(a_time_is_set_by_what_there_is),
        cmocka_unit_test(replies_of_other_kinds_are_no_success),
        cmocka_unit_test(c08_replies_are_escaped_in_sentences),
        cmocka_unit_test(a_reply_without_end_is_not_heard_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Files that the FTP client brings and sends, and what servers make of it. */
#include "ftp_script.h"

/* ---- downloads ------------------------------------------------------------------------------- */

struct download {
    const char *name;
    const char *lines[20]; /* behind the login */
    int result;
    const char *got;
    uint64_t offset;
    const char *before;
    struct co_ftp_client_options options;
};

static const struct download downloads[] = {
    {"226", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> 226 Done"}, 0,
        "12345", 0, NULL, {0}},
    {"250", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 125 Here", "D 12345", "> 250 Done"}, 0,
        "12345", 0, NULL, {0}},
    {"226 without 150", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 226 Done", "D 12345"}, 0, "12345",
        0, NULL, {0}},
    {"226 before the data",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here\r\n226 Done", "D 12345"}, 0, "12345", 0,
        NULL, {0}},
    {"150 twice",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> 150 Again\r\n226 Done"},
        0, "12345", 0, NULL, {0}},
    {"150 behind the data",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "D 12345", "> 150 Here", "> 226 Done"}, 0, "12345", 0,
        NULL, {0}},
    {"226 in three pieces",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", ">>22", "Z 1", ">>6 Done\r",
            "Z 1", ">>\n"},
        0, "12345", 0, NULL, {0}},
    {"an empty file", {"EPSV", TYPED, SIZED(0), "< RETR f", "> 150 Here", "D ", "> 226 Done"}, 0,
        "", 0, NULL, {0}},
    {"no SIZE",
        {"EPSV", TYPED, "< SIZE f", "> 500 What?", "< SIZE f", "> 500 What?", "< RETR f",
            "> 150 Here", "D 123", "> 226 Done"},
        0, "123", 0, NULL, {0}},
    {"the size of the 150",
        {"EPSV", TYPED, "< SIZE f", "> 550 No", "< RETR f", "> 150 f (5 bytes).", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"less than the 150 says",
        {"EPSV", TYPED, "< SIZE f", "> 550 No", "< RETR f", "> 150 f (6 bytes).", "D 12345",
            "> 226 Done"},
        CO_EEOF, "12345", 0, NULL, {0}},
    {"less than SIZE says",
        {"EPSV", TYPED, SIZED(6), "< RETR f", "> 150 Here", "D 12345", "> 226 Done"}, CO_EEOF,
        "12345", 0, NULL, {0}},
    {"more than SIZE says",
        {"EPSV", TYPED, SIZED(4), "< RETR f", "> 150 Here", "D 12345", "> 226 Done", SIZED(4)},
        CO_EFTP, "12345", 0, NULL, {0}},
    {"a file that grows",
        {"EPSV", TYPED, SIZED(3), "< RETR f", "> 150 Here", "D 12345", "> 226 Done", SIZED(5)}, 0,
        "12345", 0, NULL, {0}},
    {"and goes on growing",
        {"EPSV", TYPED, SIZED(3), "< RETR f", "> 150 Here", "D 12345", "> 226 Done", SIZED(6)},
        CO_EEOF, "12345", 0, NULL, {0}},
    {"a file that has grown and gone",
        {"EPSV", TYPED, SIZED(3), "< RETR f", "> 150 Here", "D 12345", "> 226 Done", "< SIZE f",
            "> 550 No"},
        CO_EFTP, "12345", 0, NULL, {0}},
    {"more than the 150 says",
        {"EPSV", TYPED, "< SIZE f", "> 550 No", "< RETR f", "> 150 f (4 bytes).", "D 12345",
            "> 226 Done"},
        CO_EFTP, "1234", 0, NULL, {0}},
    {"451 at the end", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> 451 Disk"},
        CO_ESTATUS, "12345", 0, NULL, {0}},
    {"426 in the middle",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "O", "d 123", "X", "> 426 Sorry"},
        CO_ESTATUS, NULL, 0, NULL, {0}},
    {"a reset and no reply", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "O", "X", "!"},
        -ECONNRESET, "", 0, NULL, {0}},
    {"421 at the end",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> 421 Bye", "!"},
        CO_ESTATUS, "12345", 0, NULL, {0}},
    {"no reply at the end", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "!"},
        CO_EEOF, "12345", 0, NULL, {0}},
    {"silence at the end", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "Z 90"},
        CO_EDEADLINE, "12345", 0, NULL, {0}},
    {"a reply that confirms nothing",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> 200 Well"}, CO_EFTP,
        "12345", 0, NULL, {0}},
    {"a malformed end", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "D 12345", "> Done"},
        CO_EFTP, "12345", 0, NULL, {0}},
    {"no such file", {"EPSV", TYPED, "< SIZE f", "> 550 No", "< RETR f", "> 550 No such file"},
        CO_ESTATUS, NULL, 0, NULL, {0}},
    {"350 to RETR", {"EPSV", TYPED, SIZED(5), "< RETR f", "> 350 What?"}, CO_EFTP, NULL, 0, NULL,
        {0}},
    {"425 later",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "O", "C", "> 425 No connection"},
        CO_ESTATUS, "", 0, NULL, {0}},
    {"a server that stalls",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "O", "d 12", "Z 60"}, CO_ETOOSLOW, "12",
        0, NULL, {0}},
    {"a door that nobody answers",
        {"< EPSV", "> 229 (|||1|)", TYPED, SIZED(5), "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"F03 an address that is not the server's",
        {"< EPSV", "> 500 What?", TYPED, SIZED(5), "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"a malformed 229",
        {"< EPSV", "> 229 (||1234|)", TYPED, SIZED(5), "PASV", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        0, "12345", 0, NULL, {0}},
    {"a malformed 227", {"< EPSV", "> 502 No", TYPED, SIZED(5), "< PASV", "> 227 (1,2,3,4,5)"},
        CO_EFTP, NULL, 0, NULL, {0}},
    {"no door at all", {"< EPSV", "> 500 What?", TYPED, SIZED(5), "< PASV", "> 425 No port"},
        CO_ESTATUS, NULL, 0, NULL, {0}},
    {"the rest",
        {"EPSV", TYPED, SIZED(5), "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 45",
            "> 226 Done"},
        0, "45", 3, NULL, {0}},
    {"no restart", {"EPSV", TYPED, SIZED(5), "< REST 3", "> 502 No"}, CO_ESTATUS, NULL, 3, NULL,
        {0}},
    {"another consent to a restart", {"EPSV", TYPED, SIZED(5), "< REST 3", "> 200 Well"}, CO_EFTP,
        NULL, 3, NULL, {0}},
    {"a restart that is ignored",
        {"EPSV", TYPED, SIZED(5), "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 12345",
            "> 226 Done"},
        CO_EFTP, "12", 3, NULL, {0}},
    {"a restart that is ignored is noticed before",
        {"EPSV", TYPED, SIZED(5), "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 12345"},
        CO_ECHANGED, NULL, 3, "23", {0}},
    {"a file that is another one now",
        {"EPSV", TYPED, SIZED(5), "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 3345"},
        CO_ECHANGED, NULL, 3, "23", {0}},
    {"a file that is shorter now", {"EPSV", TYPED, SIZED(2)}, CO_ECHANGED, NULL, 3, NULL, {0}},
    {"what lies here is compared",
        {"EPSV", TYPED, SIZED(5), "< REST 1", "> 350 From 1", "< RETR f", "> 150 Here", "D 2345",
            "> 226 Done"},
        0, "45", 3, "23", {0}},
    {"nothing is missing",
        {"EPSV", TYPED, SIZED(5), "< REST 3", "> 350 From 3", "< RETR f", "> 150 Here", "D 45",
            "> 226 Done"},
        0, "", 5, "45", {0}},
    {"active", {TYPED, SIZED(5), "EPRT", "< RETR f", "> 150 Here", "D 12345", "> 226 Done"}, 0,
        "12345", 0, NULL, {.active = true}},
    {"active by PORT",
        {TYPED, SIZED(5), "~ EPRT |1|127.0.0.1|", "> 500 What?", "PORT", "< RETR f", "> 150 Here",
            "D 12345", "> 226 Done"},
        0, "12345", 0, NULL, {.active = true}},
    {"active, but it does not come", {TYPED, SIZED(5), "EPRT", "< RETR f", "> 150 Here", "Z 40"},
        CO_EDEADLINE, NULL, 0, NULL, {.active = true}},
    {"active, and it says at last that it cannot",
        {TYPED, SIZED(5), "EPRT", "< RETR f", "> 150 Here", "Z 32", "> 425 I cannot"}, CO_ESTATUS,
        NULL, 0, NULL, {.active = true}},
    {"active, and it finds that it cannot",
        {TYPED, SIZED(5), "EPRT", "< RETR f", "> 150 Here", "> 425 I cannot"}, CO_ESTATUS, NULL, 0,
        NULL, {.active = true, .connect_ms = 3600000}},
    {"active, and it leaves", {TYPED, SIZED(5), "EPRT", "< RETR f", "> 150 Here", "!"}, CO_EEOF,
        NULL, 0, NULL, {.active = true, .connect_ms = 3600000}},
    {"active, and it says that it cannot", {TYPED, SIZED(5), "EPRT", "< RETR f", "> 425 I cannot"},
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

VIRTUAL_TEST(a_download_is_whole_only_when_all_says_so)
{
    for (size_t i = 0; i < CO_LENGTH(downloads); i++)
        play_behind_login(downloads[i].lines, run_download, &downloads[i], downloads[i].name);
    return 0;
}

static const struct download hurried[] = {
    {"data that stalls, and no reason",
        {"EPSV", TYPED, SIZED(5), "< RETR f", "> 150 Here", "O", "d 12", "Z 9"}, CO_ETOOSLOW, "12",
        0, NULL, {.reply_ms = 1000, .stall_ms = 1000}},
    {"a reply that is lost", {"< EPSV", TYPED, SIZED(5), "< PWD", "Z 9"}, CO_EDEADLINE, NULL, 0,
        NULL, {.reply_ms = 1000, .stall_ms = 1000}},
};

static void run_hurried(unsigned port, const void *arg)
{
    int64_t since = co_now_ns();
    run_download(port, arg);
    CHECK(co_now_ns() - since < 5 * CO_SECOND);
}

VIRTUAL_TEST(a_reason_is_waited_for_no_longer_than_a_reply)
{
    for (size_t i = 0; i < CO_LENGTH(hurried); i++)
        play_behind_login(hurried[i].lines, run_hurried, &hurried[i], hurried[i].name);
    return 0;
}

/* ---- uploads --------------------------------------------------------------------------------- */

struct upload {
    const char *name;
    const char *lines[20]; /* behind the login */
    int result;
    enum co_ftp_upload how;
    uint64_t offset;
};

static const struct upload uploads[] = {
    {"226 and its size",
        {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 5"}, 0,
        CO_FTP_REPLACE, 0},
    {"250, and its size is not told",
        {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 250 Done", "< SIZE f", "> 550 No"}, 0,
        CO_FTP_REPLACE, 0},
    {"less lies there",
        {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 4"},
        CO_EEOF, CO_FTP_REPLACE, 0},
    {"more lies there",
        {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 226 Done", "< SIZE f", "> 213 6"},
        CO_EFTP, CO_FTP_REPLACE, 0},
    {"the disk is full", {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 452 Full"},
        CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"the disk is full at once", {TYPED, "EPSV", "< STOR f", "> 150 Go", "O", "X", "> 552 Quota"},
        CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"no permission", {TYPED, "EPSV", "< STOR f", "> 553 No"}, CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"another reply", {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 200 Well"}, CO_EFTP,
        CO_FTP_REPLACE, 0},
    {"no reply", {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "!"}, CO_EEOF, CO_FTP_REPLACE,
        0},
    {"the server goes", {TYPED, "EPSV", "< STOR f", "> 150 Go", "U 12345", "> 421 Bye", "!"},
        CO_ESTATUS, CO_FTP_REPLACE, 0},
    {"the rest",
        {TYPED, "EPSV", "< REST 3", "> 350 From 3", "< STOR f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 8"},
        0, CO_FTP_CONTINUE, 3},
    {"the rest, but the server began anew",
        {TYPED, "EPSV", "< REST 3", "> 350 From 3", "< STOR f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 5"},
        CO_EEOF, CO_FTP_CONTINUE, 3},
    {"behind what is there",
        {TYPED, "< SIZE f", "> 213 10", "EPSV", "< APPE f", "> 150 Go", "U 12345", "> 226 Done",
            "< SIZE f", "> 213 15"},
        0, CO_FTP_APPEND, 0},
    {"behind what is not told",
        {TYPED, "< SIZE f", "> 550 No", "EPSV", "< APPE f", "> 150 Go", "U 12345", "> 226 Done"}, 0,
        CO_FTP_APPEND, 0},
    {"at an offset that makes no sense", {TYPED}, CO_EINVALID, CO_FTP_REPLACE, 3},
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

/* ---- given up -------------------------------------------------------------------------------- */

struct ending {
    const char *name;
    const char *lines[12]; /* behind the login */
    void (*end)(co_ftp_client *client);
};

#define CUT_OFF TYPED, "EPSV", "< STOR f", "> 150 Go", "O", "R"

static const struct ending endings[] = {
    {"an abort", {CUT_OFF}, co_ftp_abort},
    {"a goodbye", {CUT_OFF, "> 426 Gone", "< QUIT", "> 221 Bye"}, co_ftp_quit},
};

static void give_up(unsigned port, const void *arg)
{
    const struct ending *ending = arg;
    co_ftp_client *client;
    co_ftp_transfer *transfer;
    CHECK_INT(script_connect(&client, port, NULL), 0);
    if (!client)
        return;
    CHECK_INT(co_ftp_upload_open(&transfer, client, "f", CO_FTP_REPLACE, 0), 0);
    ending->end(client);
}

VIRTUAL_TEST(the_end_of_a_client_is_that_of_its_transfer)
{
    for (size_t i = 0; i < CO_LENGTH(endings); i++)
        play_behind_login(endings[i].lines, give_up, &endings[i], endings[i].name);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_download_is_whole_only_when_all_says_so),
        cmocka_unit_test(a_reason_is_waited_for_no_longer_than_a_reply),
        cmocka_unit_test(an_upload_is_whole_only_when_all_says_so),
        cmocka_unit_test(the_end_of_a_client_is_that_of_its_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

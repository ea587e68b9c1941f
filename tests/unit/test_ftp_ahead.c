/* SPDX-License-Identifier: MIT */
/* What the FTP client asks in one packet before a transfer, and servers that do not bear that. */
#include "ftp_script.h"

#include "ftp/client.h"

#define FETCHED(text) "< RETR f", "> 150 Here", "D " text, "> 226 Done"

struct row {
    const char *name;
    const char *lines[30]; /* behind the login */
    int result;
    unsigned turns; /* of it all, without the login's three; 0: any, its packet is not borne */
    struct co_ftp_client_options options;
};

static int fetch(co_ftp_client *client, char got[16])
{
    co_ftp_transfer *transfer;
    size_t size = 0;
    ssize_t n;
    int rc = co_ftp_download_open(&transfer, client, "f", 0);
    if (rc < 0)
        return rc;
    while (size < 15 && (n = co_ftp_transfer_read(transfer, got + size, 15 - size)) > 0)
        size += (size_t)n;
    return co_ftp_transfer_finish(transfer);
}

/* The same file twice. */
static void fetch_twice(unsigned port, const void *arg)
{
    const struct row *row = arg;
    co_ftp_client *client;
    char first[16] = "", second[16] = "";
    CHECK_INT(script_connect(&client, port, &row->options), 0);
    if (!client)
        return;
    int rc = fetch(client, first);
    CHECK_INT(rc, row->result);
    if (rc == 0) {
        CHECK_STRING(first, "12345");
        CHECK_INT(fetch(client, second), 0);
        CHECK_STRING(second, "123");
    } else {
        CHECK(client->options.one_by_one == (row->turns == 0)); /* what the pool goes by */
    }
    co_ftp_abort(client);
}

static void play(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play_behind_login(rows[i].lines, fetch_twice, &rows[i], rows[i].name);
        if (rows[i].turns)
            CHECK_INT(script_turns, rows[i].turns + 3);
    }
}

VIRTUAL_TEST(a_file_takes_two_round_trips_and_a_connection)
{
    static const struct row rows[] = {
        {"at once", {"EPSV", TYPED, SIZED(5), FETCHED("12345"), "EPSV", SIZED(3), FETCHED("123")},
            0, 4, {0}},
        {"one by one",
            {TYPED, SIZED(5), "EPSV", FETCHED("12345"), SIZED(3), "EPSV", FETCHED("123")}, 0, 7,
            {.one_by_one = true}},
        {"without EPSV",
            {"< EPSV", "> 500 What?", TYPED, SIZED(5), "PASV", FETCHED("12345"), SIZED(3), "PASV",
                FETCHED("123")},
            0, 6, {0}},
        {"active", {TYPED, SIZED(5), "EPRT", FETCHED("12345"), SIZED(3), "EPRT", FETCHED("123")}, 0,
            6, {.active = true}},
    };
    play(rows, CO_LENGTH(rows));
    return 0;
}

#define ONE_BY_ONE TYPED, SIZED(5), "EPSV", FETCHED("12345"), SIZED(3), "EPSV", FETCHED("123")

VIRTUAL_TEST(what_a_server_loses_is_asked_one_by_one)
{
    static const struct row rows[] = {
        {"all but the first", {"EPSV", "< TYPE I", "< SIZE f", "< PWD", "> 257 \"/\"", ONE_BY_ONE},
            0, 0, {0}},
        {"the last", {"EPSV", TYPED, "< SIZE f", "< PWD", "> 257 \"/\"", ONE_BY_ONE}, 0, 0, {0}},
        {"the second, and a reply that may be either's",
            {"EPSV", "< TYPE I", "< SIZE f", "> 200 Well", "< PWD", "> 257 \"/\"", ONE_BY_ONE}, 0,
            0, {0}},
        {"the first", {"< EPSV", TYPED, SIZED(5), "< PWD", "> 257 \"/\"", ONE_BY_ONE}, 0, 0, {0}},
        {"none, but it takes its time",
            {"EPSV", "< TYPE I", "< SIZE f", "Z 8", "> 200 I", "> 213 5", "< PWD", "> 257 \"/\"",
                ONE_BY_ONE},
            0, 0, {0}},
        {"and is out of step",
            {"EPSV", "< TYPE I", "< SIZE f", "< PWD", "> 200 I", "> 213 5", "> 500 What?"}, CO_EFTP,
            0, {0}},
        {"and itself", {"EPSV", "< TYPE I", "!"}, CO_EEOF, 0, {0}},
        {"and says farewell", {"EPSV", "< TYPE I", "> 421 Flood", "!"}, CO_ESTATUS, 0, {0}},
    };
    play(rows, CO_LENGTH(rows));
    return 0;
}

VIRTUAL_TEST(what_is_refused_in_a_packet_is_asked_alone)
{
    static const struct row rows[] = {
        {"all of it",
            {"EPSV", "< TYPE I", "> 500 What?", "< SIZE f", "> 500 What?", TYPED, SIZED(5),
                FETCHED("12345"), "EPSV", SIZED(3), FETCHED("123")},
            0, 0, {0}},
        {"TYPE, by a reply that is not its",
            {"EPSV", "< TYPE I", "> 213 5", "< SIZE f", "> 213 5", TYPED, FETCHED("12345"), "EPSV",
                SIZED(3), FETCHED("123")},
            0, 0, {0}},
        {"a reply too many is noticed", {"EPSV", TYPED, "> 200 I", "< SIZE f", "> 213 5", NULL},
            CO_EFTP, 1, {0}},
    };
    play(rows, CO_LENGTH(rows));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_takes_two_round_trips_and_a_connection),
        cmocka_unit_test(what_a_server_loses_is_asked_one_by_one),
        cmocka_unit_test(what_is_refused_in_a_packet_is_asked_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

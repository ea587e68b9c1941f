/* SPDX-License-Identifier: MIT */
/* The codes of all commands, by who asks, and while a transfer runs. */
#include "ftp_codes.h"

static void come(enum state state)
{
    if (state == FRESH) {
        ftp_open();
    } else if (state == NAMED) {
        ftp_open();
        assert_int_equal(ftp_do("USER all"), 331);
    } else {
        ftp_login(visitors[state]);
    }
}

static void expect(const struct row *row, enum state state, int code)
{
    if (code != row->codes[state])
        fail_msg("%s of column %d is %d, not %d", row->line, state, code, row->codes[state]);
    if (code >= 400)
        check_text(row->line);
}

static void try_column(enum state state)
{
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        if (is_skipped(&rows[i]))
            continue;
        come(state);
        expect(&rows[i], state, ftp_do(rows[i].line));
        ftp_hang_up();
        mend_folder();
    }
}

#define COLUMN_TEST(name, state)                                                                   \
 static void name(void **unused)                                                                   \
 {                                                                                                 \
  (void)unused;                                                                                    \
  try_column(state);                                                                               \
 }
COLUMN_TEST(codes_before_anything, FRESH)
COLUMN_TEST(codes_between_user_and_pass, NAMED)
COLUMN_TEST(codes_for_the_anonymous, BROWSE)
COLUMN_TEST(codes_for_those_who_may_read, READ)
COLUMN_TEST(codes_for_those_who_may_list, LIST)
COLUMN_TEST(codes_in_a_drop_box, ADD)
COLUMN_TEST(codes_for_those_who_may_change, CHANGE)
COLUMN_TEST(codes_for_those_who_may_all, ALL)

/* REIN brings back the beginning, whatever was set before (RFC 959 4.1.1). */
static void codes_after_rein(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        if (is_skipped(&rows[i]))
            continue;
        ftp_login("all");
        ftp_passive();
        assert_int_equal(ftp_do("CWD sub"), 250);
        assert_int_equal(ftp_do("EPSV ALL"), 200);
        assert_int_equal(ftp_do("REIN"), 220);
        expect(&rows[i], FRESH, ftp_do(rows[i].line));
        ftp_hang_up();
    }
}

/* ---- during a transfer ---------------------------------------------------------------------- */

/* The row's command while `start` is under way. */
static void try_during(const struct row *row, const char *start)
{
    bool aborts = strncmp(row->line, "ABOR", 4) == 0;
    if (is_skipped(row))
        return;
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do(start), 150);
    ftp_send(row->line);
    bool at_once = ftp_is_answered();
    assert_int_equal(at_once, row->during);
    if (aborts) {
        assert_int_equal(ftp_reply(), 426);
        assert_int_equal(ftp_reply(), 226);
    } else if (at_once) {
        expect(row, ALL, ftp_reply());
        finish_transfer(start);
        assert_int_equal(ftp_reply(), 226);
    } else {
        finish_transfer(start);
        assert_int_equal(ftp_reply(), 226);
        expect(row, ALL, ftp_reply());
    }
    ftp_hang_up();
    mend_folder();
}

static void codes_during_a_download(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        try_during(&rows[i], "RETR large");
}

static void codes_during_an_upload(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        try_during(&rows[i], "STOR up");
}

static void codes_during_a_listing(void **unused)
{
    (void)unused;
    ftp_populate_many();
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i += 4)
        try_during(&rows[i], "MLSD many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(codes_before_anything),
        FTP_TEST(codes_between_user_and_pass),
        FTP_TEST(codes_for_the_anonymous),
        FTP_TEST(codes_for_those_who_may_read),
        FTP_TEST(codes_for_those_who_may_list),
        FTP_TEST(codes_in_a_drop_box),
        FTP_TEST(codes_for_those_who_may_change),
        FTP_TEST(codes_for_those_who_may_all),
        FTP_TEST(codes_after_rein),
        FTP_TEST(codes_during_a_download),
        FTP_TEST(codes_during_an_upload),
        FTP_TEST(codes_during_a_listing),
    };
    return run_within("virtual", tests);
}

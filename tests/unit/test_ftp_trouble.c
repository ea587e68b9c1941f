/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong beneath a session and beside it: files cut short, folders gone, peers that stop.
 * Each is told by the code that RFC 959 5.4 has for it, and the session goes on; that nothing is
 * left of it is seen at every test's end (ftp_rig.h).
 */
#include "ftp_rig.h"

#define SHORT 1000 /* bytes that are left of a file */

static void truncate_to(const char *name, off_t size)
{
    int fd = openat(site.fd, name, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

/* Removes what is there, with all in it. */
static void remove_all(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", site.path, name);
    assert_int_equal(nftw(path, site_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- files ---------------------------------------------------------------------------------- */

/* The last reply of a download whose file is cut short once it has begun: its connection does not
 * end as a whole file's does. */
static int cut_short(const char *line)
{
    truncate_to("large", FTP_LARGE);
    ftp_epsv();
    assert_int_equal(ftp_do(line), 150);
    truncate_to("large", SHORT);
    assert_int_equal(ftp_receive(), -ECONNRESET);
    assert_true(ftp.got_size < FTP_LARGE);
    return ftp_reply();
}

static void a_file_cut_short_during_a_download_is_told_as_451(void **unused)
{
    static const char *const types[] = {"TYPE I", "TYPE A"};
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(types); i++) {
        assert_int_equal(ftp_do(types[i]), 200);
        assert_int_equal(cut_short("RETR large"), 451);
        assert_int_equal(ftp.heard.kind, CO_FTP_DOWNLOADED);
        assert_int_equal(ftp.heard.error, CO_EEOF);
        assert_int_equal(ftp_fetch("RETR file"), 226);
    }
}

static void a_file_removed_or_replaced_during_a_download_is_sent_whole(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    assert_int_equal(unlinkat(site.fd, "large", 0), 0);
    put_text("large", "another");
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp.got_size, FTP_LARGE);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_fetch("RETR large"), 226);
    assert_string_equal(ftp.got, "another");
}

/* ---- folders -------------------------------------------------------------------------------- */

static const struct {
    const char *line;
    int code;
} in_no_folder[] = {
    {"PWD", 257},
    {"LIST", 450},
    {"NLST", 450},
    {"STAT .", 450},
    {"MLSD", 550},
    {"MLST", 550},
    {"RETR inner", 550},
    {"SIZE inner", 550},
    {"MDTM inner", 550},
    {"HASH inner", 550},
    {"STOR new", 553},
    {"STOU", 553},
    {"APPE new", 550},
    {"MKD new", 550},
    {"DELE inner", 550},
    {"RMD inner", 550},
    {"RNFR inner", 550},
    {"MFMT 20200102030405 inner", 550},
    {"AVBL", 550},
    {"CWD .", 550},
    {"CWD inner", 550},
    {"STAT", 211},
    {"NOOP", 200},
};

static void a_folder_removed_under_a_session_is_said_and_can_be_left(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("CWD sub"), 250);
    remove_all("sub");
    for (size_t i = 0; i < CO_LENGTH(in_no_folder); i++) {
        ftp_epsv();
        int code = ftp_do(in_no_folder[i].line);
        if (code != in_no_folder[i].code)
            fail_msg("%s is %d, not %d", in_no_folder[i].line, code, in_no_folder[i].code);
    }
    assert_int_equal(ftp_do("CDUP"), 250);
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_int_equal(ftp_do("MKD sub"), 257);
    assert_int_equal(ftp_do("CWD sub"), 250);
    assert_int_equal(ftp_store("STOR new", "abc"), 226);
}

/* It is still open, so there is nothing in it; but nothing can be put there any more. */
static void a_served_folder_that_is_removed_is_empty_and_takes_nothing(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    remove_all("");
    assert_int_equal(ftp_fetch("RETR file"), 550);
    assert_int_equal(ftp_store("STOR new", "abc"), 553);
    assert_int_equal(ftp_do("MKD new"), 550);
    assert_int_equal(ftp_fetch("NLST"), 226);
    assert_string_equal(ftp.got, "");
    ftp_hang_up();
    ftp_login("all");
    assert_int_equal(ftp_store("STOR new", "abc"), 553);
    assert_int_equal(mkdir(site.path, 0755), 0); /* to be removed by the teardown */
}

static void a_folder_removed_during_an_upload_is_said(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("STOR sub/up"), 150);
    assert_int_equal(co_write(ftp.data, "abc", 3), 0);
    co_sleep(1000);
    remove_all("sub");
    ftp_give("def");
    assert_int_equal(ftp_reply(), 553);
    assert_int_equal(ftp.heard.error, -ENOENT);
    assert_int_equal(ftp_do("SIZE sub/up"), 550);
    assert_int_equal(ftp_store("STOR up", "abc"), 226);
}

static void a_folder_emptied_during_its_listing_is_a_shorter_one(void **unused)
{
    (void)unused;
    ftp_populate_many();
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("LIST many"), 150);
    remove_all("many");
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    ftp_epsv();
    assert_int_equal(ftp_do("LIST many"), 450);
}

/* ---- peers ---------------------------------------------------------------------------------- */

/* Waits for the 426 of an upload that is cut, and sees that it can be resumed. */
static void assert_is_cut(int64_t start, const char *rest, const char *whole)
{
    assert_int_equal(ftp_reply(), 426);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 14, 30);
    assert_null(ftp_content("up"));
    assert_int_equal(ftp_do("SIZE up"), 213);
    char line[32];
    size_t there = (size_t)atoi(ftp.reply + 4);
    assert_int_equal(there, strlen(whole) - strlen(rest));
    snprintf(line, sizeof line, "REST %zu", there);
    assert_int_equal(ftp_do(line), 350);
    assert_int_equal(ftp_store("STOR up", rest), 226);
    assert_string_equal(ftp_content("up"), whole);
}

/* Closing at once would be a reset, which takes with it what has not been read. */
static void a_client_that_speaks_where_it_should_listen_gets_its_file(void **unused)
{
    const char *content = ftp_content("file");
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (int i = 0; i < 3; i++) {
        ftp_epsv();
        if (!is_over_tls())
            assert_int_equal(co_write(ftp.data, "nonsense", 8), 0);
        assert_int_equal(ftp_do("RETR file"), 150);
        if (is_over_tls()) /* hands have been shaken by now */
            assert_int_equal(co_write(ftp.data, "nonsense", 8), 0);
        assert_int_equal(ftp_receive(), 0);
        assert_true(ftp_brought(content));
        assert_int_equal(ftp_reply(), 226);
    }
}

static void an_uploader_who_stops_is_cut_and_can_resume(void **unused)
{
    (void)unused;
    ftp.options.min_rate = 240;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    int64_t start = co_now_ns();
    assert_int_equal(ftp_do("STOR up"), 150);
    assert_int_equal(co_write(ftp.data, "abc", 3), 0);
    assert_is_cut(start, "def", "abcdef");
}

static int dribble(void *unused)
{
    (void)unused;
    for (;;) {
        int rc = co_write(ftp.data, "a", 1);
        rc = rc < 0 ? rc : co_sleep(500);
        if (rc < 0)
            return rc;
    }
}

static void an_uploader_who_dribbles_is_cut(void **unused)
{
    co_group group;
    (void)unused;
    ftp.options.min_rate = 240;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    int64_t start = co_now_ns();
    assert_int_equal(ftp_do("STOR up"), 150);
    co_group_open(&group, NULL);
    co_go(&group, dribble, NULL);
    assert_int_equal(ftp_reply(), 426);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 14, 30);
    co_group_cancel(&group);
    assert_true(co_group_close(&group) < 0);
    assert_null(ftp_content("up"));
    assert_int_equal(ftp_do("NOOP"), 200);
}

/* A connection of which nothing is heard any more, as when a cable is pulled: both are. */
static void peers_that_vanish_on_both_channels_are_given_up(void **unused)
{
    static const char *const lines[] = {"RETR large", "STOR up", "MLSD many"};
    (void)unused;
    ftp_populate_many();
    ftp.options.min_rate = 240;
    ftp.options.idle_timeout_ms = 60000;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(lines); i++) {
        ftp_login("all");
        ftp_epsv();
        assert_int_equal(ftp_do(lines[i]), 150);
        co_sleep(200 * 1000); /* the data's patience, then the session's */
        assert_int_equal(ftp_reply(), 426);
        assert_int_equal(ftp_reply(), 421);
        assert_int_equal(ftp_reply(), 0);
        ftp_hang_up();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(a_file_cut_short_during_a_download_is_told_as_451),
        FTP_TEST(a_file_removed_or_replaced_during_a_download_is_sent_whole),
        FTP_TEST(a_folder_removed_under_a_session_is_said_and_can_be_left),
        FTP_TEST(a_served_folder_that_is_removed_is_empty_and_takes_nothing),
        FTP_TEST(a_folder_removed_during_an_upload_is_said),
        FTP_TEST(a_folder_emptied_during_its_listing_is_a_shorter_one),
        FTP_TEST(a_client_that_speaks_where_it_should_listen_gets_its_file),
        FTP_TEST(an_uploader_who_stops_is_cut_and_can_resume),
        FTP_TEST(an_uploader_who_dribbles_is_cut),
        FTP_TEST(peers_that_vanish_on_both_channels_are_given_up),
    };
    return run_within("virtual", tests);
}

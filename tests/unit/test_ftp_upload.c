/* SPDX-License-Identifier: MIT */
/* What uploads over FTP may be, and what is left of those that fail; the rate, both ways. */
#include "ftp_rig.h"
#include "tree/quota.h"

#include <errno.h>
#include <sys/syscall.h>

#define COPY_BYTES 5   /* of one call: "file" takes three */
#define QUOTA      100 /* bytes */

/* ---- the largest file ----------------------------------------------------------------------- */

static void limit_files_to(uint64_t bytes)
{
    ftp.options.upload_bytes_max = bytes;
    ftp_start();
    ftp_login("all");
}

static void assert_limit_is_named(const char *bytes)
{
    char text[64];
    snprintf(text, sizeof text, "552 A file may have at most %s bytes here.\r\n", bytes);
    assert_string_equal(ftp.reply, text);
}

static void a_file_beyond_the_limit_is_552_and_leaves_nothing(void **unused)
{
    (void)unused;
    limit_files_to(15);
    assert_int_equal(ftp_store("STOR new", "0123456789abcde"), 226);
    assert_int_equal(ftp_store("STOR new", "0123456789abcdef"), 552);
    assert_limit_is_named("15");
    assert_string_equal(ftp_content("new"), "0123456789abcde");
    assert_int_equal(ftp_store("STOU", "0123456789abcdef"), 552);
    assert_limit_is_named("15");
    assert_int_equal(partials(), 0);
}

static void the_limit_counts_what_is_there_already(void **unused)
{
    (void)unused;
    limit_files_to(15);
    assert_int_equal(ftp_store("APPE file", "pqrs"), 552);
    assert_limit_is_named("15");
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyz");
    assert_int_equal(ftp_do("REST 12"), 350);
    assert_int_equal(ftp_store("STOR file", "pqrs"), 552);
    assert_int_equal(ftp_store("APPE file", "pqr"), 226);
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyzpqr");
    assert_int_equal(ftp_store("APPE large", ""), 552);
    assert_int_equal(partials(), 0);
}

static void the_limit_counts_what_is_stored_not_what_is_sent(void **unused)
{
    (void)unused;
    limit_files_to(4);
    assert_int_equal(ftp_do("TYPE A"), 200);
    assert_int_equal(ftp_store("STOR text", "a\r\nb\r\n"), 226);
    assert_int_equal(ftp_store("STOR text", "a\r\nb\r\nc"), 552);
    assert_int_equal(ftp_store("STOR text", "a\r\nb\r\n\r"), 552); /* held back to the end */
    assert_string_equal(ftp_content("text"), "a\nb\n");
    assert_int_equal(partials(), 0);
}

static void allo_tells_of_the_limit_before_the_upload(void **unused)
{
    (void)unused;
    limit_files_to(15);
    assert_int_equal(ftp_do("ALLO 15"), 202);
    assert_int_equal(ftp_do("ALLO 16"), 552);
    assert_limit_is_named("15");
    assert_int_equal(ftp_do("ALLO 16 R 5"), 552);
}

/* ---- going on ------------------------------------------------------------------------------- */

static void cut_off(const char *line, const char *text)
{
    ftp_epsv();
    assert_int_equal(ftp_do(line), 150);
    assert_int_equal(co_write(ftp.data, text, strlen(text)), 0);
    co_sleep(1000); /* a reset discards what has not arrived */
    ftp_data_end();
    assert_int_equal(ftp_reply(), 426);
}

/* SIZE and HASH tell of the whole file, and so what they said it has is what REST starts from. */
static void what_was_compared_is_what_is_continued(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_store("STOR new", "AAAAA"), 226);
    cut_off("STOR new", "BBBBBBBBBB");
    assert_int_equal(ftp_do("HASH new"), 213);
    assert_int_equal(ftp_do("REST 5"), 350);
    assert_int_equal(ftp_store("STOR new", "CC"), 226);
    assert_string_equal(ftp_content("new"), "AAAAACC");
    assert_int_equal(ftp_do("HASH new"), 213);
    cut_off("STOR new", "DDDDDDDDDD"); /* which is younger than what was compared */
    assert_int_equal(ftp_do("REST 7"), 350);
    assert_int_equal(ftp_store("STOR new", "EE"), 226);
    assert_string_equal(ftp_content("new"), "DDDDDDDEE");
}

static void whoever_may_only_add_compares_what_was_cut_off(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("add");
    cut_off("STOR new", "AAAAA");
    assert_int_equal(ftp_do("SIZE new"), 213);
    assert_int_equal(ftp_do("HASH new"), 213);
    assert_true(ftp_said(" 0-4 "));
    assert_int_equal(ftp_do("REST 5"), 350);
    assert_int_equal(ftp_store("STOR new", "BB"), 226);
    assert_string_equal(ftp_content("new"), "AAAAABB");
    assert_int_equal(ftp_do("HASH new"), 550);
}

static void whoever_may_only_add_learns_no_names(void **unused)
{
    static const char *const verbs[] = {"SIZE", "MDTM", "MLST", "STAT", "HASH", "XCRC", "RETR",
        "DELE", "RMD", "RNFR", "MFMT 20200101000000", "SITE CHMOD 600", "CWD"};
    char line[64], *reply;
    (void)unused;
    ftp_start();
    ftp_login("add");
    for (size_t i = 0; i < CO_LENGTH(verbs); i++) {
        ftp_epsv();
        snprintf(line, sizeof line, "%s file", verbs[i]);
        assert_int_equal(ftp_do(line) / 100, strcmp(verbs[i], "STAT") ? 5 : 4);
        reply = strdup(ftp.reply);
        snprintf(line, sizeof line, "%s none", verbs[i]);
        ftp_do(line);
        assert_string_equal(ftp.reply, reply);
        free(reply);
    }
}

/* ---- failures ------------------------------------------------------------------------------- */

static void an_append_that_fails_does_not_use_up_the_quota_f18(void **unused)
{
    (void)unused;
    assert_int_equal(co_quota_new(&ftp.quota, 20, 12), 0);
    ftp.options.data_timeout_ms = 1000;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("APPE file"), 150);
    assert_int_equal(co_write(ftp.data, "x", 1), 0);
    assert_int_equal(ftp_do("ABOR"), 426);
    assert_int_equal(ftp_reply(), 226);
    ftp_data_end();
    ftp_passive();
    assert_int_equal(ftp_do("APPE file"), 150);
    assert_int_equal(ftp_reply(), 425); /* nobody came */
    assert_int_equal(partials(), 0);
    assert_int_equal(ftp_store("STOR new", "12345678"), 226);
    ftp_stop();
    co_quota_free(ftp.quota);
}

/* ---- what is continued is copied first ------------------------------------------------------- */

static struct {
    bool held; /* each copy waits, when it has begun, in the fiber that makes it */
    bool waits;
} copying;

/* In the place of libc's. Whoever ends the fiber's scope ends the copy in its midst. */
ssize_t copy_file_range(
    int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned flags)
{
    copying.waits = *from_at > 0;
    int rc = 0;
    for (int i = 0; rc == 0 && copying.held && copying.waits && i < 100; i++)
        rc = co_sleep(100);
    copying.waits = false;
    if (rc < 0) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_copy_file_range, from, from_at, to, to_at,
        size < COPY_BYTES ? size : COPY_BYTES, flags);
}

/* Begins an upload whose copy does not come to its end. */
static void begin_held(const char *before, const char *line)
{
    copying.held = true;
    ftp_epsv();
    ftp_do(before);
    assert_int_equal(ftp_do(line), 150);
    for (int i = 0; !copying.waits && i < 20; i++)
        co_sleep(100);
    assert_true(copying.waits); /* or the file system has made a clone */
}

static const char *const continued[][2] = {{"NOOP", "APPE file"}, {"REST 12", "STOR file"}};

static void start_with_quota(void)
{
    assert_int_equal(co_quota_new(&ftp.quota, QUOTA, 12), 0);
    ftp_start();
    ftp_login("all");
}

static void stop_with_quota(uint64_t used)
{
    ftp_hang_up();
    co_sleep(1000);
    assert_int_equal(partials(), 0);
    assert_int_equal(QUOTA - co_quota_left(ftp.quota), used);
    ftp_stop();
    co_quota_free(ftp.quota);
    ftp.quota = NULL;
}

static void the_session_listens_while_the_old_file_is_copied(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(continued); i++) {
        put_text("file", "one\ntwo\r\nxyz");
        start_with_quota();
        begin_held(continued[i][0], continued[i][1]);
        assert_int_equal(ftp_do("NOOP"), 200);
        assert_int_equal(ftp_do("STAT"), 211);
        assert_true(copying.waits);
        copying.held = false;
        ftp_give("pqr");
        assert_int_equal(ftp_reply(), 226);
        assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyzpqr");
        stop_with_quota(15);
    }
}

static void f16_a_copy_that_is_aborted_leaves_nothing(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < CO_LENGTH(continued); i++) {
        start_with_quota();
        begin_held(continued[i][0], continued[i][1]);
        assert_int_equal(ftp_do("ABOR"), 426);
        assert_int_equal(ftp_reply(), 226);
        assert_int_equal(partials(), 0);
        begin_held(continued[i][0], continued[i][1]);
        ftp_hang_up();
        co_sleep(1000); /* by then it has been noticed */
        copying.held = false;
        assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyz");
        stop_with_quota(12);
    }
}

static void quit_lets_the_copy_and_the_upload_finish(void **unused)
{
    (void)unused;
    start_with_quota();
    begin_held("NOOP", "APPE file");
    assert_int_equal(ftp_do("QUIT"), 221);
    assert_true(copying.waits);
    copying.held = false;
    ftp_give("pqr");
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 0);
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyzpqr");
    stop_with_quota(15);
}

static void a_file_cut_short_before_its_copy_is_450(void **unused)
{
    (void)unused;
    start_with_quota();
    begin_held("NOOP", "APPE file");
    int fd = openat(site.fd, "file", O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, COPY_BYTES), 0);
    close(fd);
    copying.held = false;
    assert_int_equal(ftp_reply(), 450);
    stop_with_quota(12);
}

/* ---- the rate ------------------------------------------------------------------------------- */

static void an_upload_is_no_faster_than_the_limit(void **unused)
{
    (void)unused;
    ftp.options.limit_rate = 10000;
    ftp_start();
    ftp_login("all");
    int64_t start = co_now_ns();
    ftp_epsv();
    assert_int_equal(ftp_do("STOR new"), 150);
    assert_int_equal(co_write(ftp.data, plain_bytes(40000), 40000), 0);
    ftp_give("");
    assert_int_equal(ftp_reply(), 226);
    assert_in_range((co_now_ns() - start) / CO_MS, 3900, 4200);
}

/* Asks for a transfer to us, which has to take the time of its bytes. */
static void assert_limited(const char *line, uint64_t limit)
{
    int64_t start = co_now_ns();
    assert_int_equal(ftp_fetch(line), 226);
    int64_t passed = (co_now_ns() - start) / CO_MS;
    int64_t due = (int64_t)(ftp.got_size * 1000 / limit);
    assert_true(due > 1000);
    assert_in_range(passed, due - 50, due + 300);
}

static void downloads_and_listings_are_no_faster_than_the_limit(void **unused)
{
    (void)unused;
    ftp.options.limit_rate = 1000;
    put("small", plain_bytes(2500), 2500); /* would be sent in passing */
    set_time("small", 1000000000);
    put("text", plain_bytes(20000), 20000);
    ftp_populate_many();
    ftp_start();
    ftp_login("all");
    for (int i = 0; i < 8; i++) /* the world lets what is done in passing fail by chance */
        assert_limited("RETR small", 1000);
    assert_limited("RETR text", 1000);
    assert_limited("LIST many", 1000);
    assert_limited("NLST many", 1000);
    assert_limited("MLSD many", 1000);
    assert_int_equal(ftp_do("TYPE A"), 200);
    assert_limited("RETR text", 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(a_file_beyond_the_limit_is_552_and_leaves_nothing),
        FTP_TEST(the_limit_counts_what_is_there_already),
        FTP_TEST(the_limit_counts_what_is_stored_not_what_is_sent),
        FTP_TEST(allo_tells_of_the_limit_before_the_upload),
        FTP_TEST(what_was_compared_is_what_is_continued),
        FTP_TEST(whoever_may_only_add_compares_what_was_cut_off),
        FTP_TEST(whoever_may_only_add_learns_no_names),
        FTP_TEST(an_append_that_fails_does_not_use_up_the_quota_f18),
        FTP_TEST(the_session_listens_while_the_old_file_is_copied),
        FTP_TEST(f16_a_copy_that_is_aborted_leaves_nothing),
        FTP_TEST(quit_lets_the_copy_and_the_upload_finish),
        FTP_TEST(a_file_cut_short_before_its_copy_is_450),
        FTP_TEST(an_upload_is_no_faster_than_the_limit),
        FTP_TEST(downloads_and_listings_are_no_faster_than_the_limit),
    };
    return run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
/* What sessions do: logins, waiting, data connections, draining, and what they cost. */
#include "ftp_rig.h"

#include <malloc.h>

/* ---- who is there --------------------------------------------------------------------------- */

static void every_login_is_told_of_its_end_once(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("REIN"), 220);
    assert_int_equal(ftp.left, 1);
    ftp_hang_up();
    ftp_login("all");
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp.left, 2);
    ftp_hang_up();
    ftp_login("all");
    ftp_hang_up();
    co_sleep(1000);
    assert_int_equal(ftp.left, 3);
    ftp_open();
    assert_int_equal(ftp_do("USER homeless"), 331); /* is who they say, but has no folder */
    assert_int_equal(ftp_do("PASS pw"), 530);
    assert_int_equal(ftp.left, 4);
    ftp_hang_up();
    ftp_login("anonymous");
    ftp_hang_up();
    co_sleep(1000);
    assert_int_equal(ftp.left, 4);
}

static void three_wrong_passwords_end_the_session(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ftp_do("USER all"), 331);
        assert_int_equal(ftp_do("PASS no"), 530);
    }
    assert_int_equal(ftp_reply(), 0);
}

static void a_home_that_cannot_be_opened_is_told_as_that(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ftp_do("USER homeless"), 331);
        assert_int_equal(ftp_do("PASS pw"), 530);
        assert_true(ftp_said("folder cannot be opened on this server (no such file or directory)"));
        assert_int_equal(ftp.heard.kind, CO_FTP_LOGIN_FAILED);
        assert_int_equal(ftp.heard.error, -ENOENT);
        assert_string_equal(ftp.heard.path, "/nowhere");
        assert_int_equal(ftp.left, i + 1);
    }
    assert_int_equal(ftp_reply(), 0);
    ftp_hang_up();
    ftp_open();
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS no"), 530);
    assert_string_equal(ftp.heard.path, "");
}

/* ---- time ----------------------------------------------------------------------------------- */

static void whoever_does_not_log_in_may_not_stay(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ftp_do("NOOP"), 200);
        co_sleep(11000);
    }
    assert_int_equal(ftp_reply(), 421);
    assert_int_equal(ftp_reply(), 0);
}

static void a_login_after_another_has_its_time_again(void **unused)
{
    static const char *const ends[] = {"REIN", "USER browse"};
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(ends); i++) {
        ftp_login("all");
        co_sleep(200 * 1000);
        assert_in_range(ftp_do(ends[i]), 220, 331);
        co_sleep(30 * 1000);
        assert_int_equal(ftp_do("USER all"), 331);
        co_sleep(20 * 1000);
        assert_int_equal(ftp_do("PASS pw"), 230);
        ftp_hang_up();
    }
}

static void an_idle_session_ends_with_421(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    int64_t start = co_now_ns();
    assert_int_equal(ftp_reply(), 421);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 299, 302);
    assert_int_equal(ftp_reply(), 0);
}

/* A byte now and then. How many go out before the server has had enough. */
static int dribble(int64_t pause_ms)
{
    int sent = 0;
    while (!ftp_is_answered() && co_write(ftp.control, "N", 1) == 0) {
        sent++;
        co_sleep(pause_ms - 1000);
    }
    return sent;
}

static void f11_a_command_that_dribbles_in_ends_with_421(void **unused)
{
    (void)unused;
    ftp.options.command_timeout_ms = 5000;
    ftp_start();
    ftp_login("all");
    co_sleep(20 * 1000); /* idle before it is something else */
    int64_t start = co_now_ns();
    assert_in_range(dribble(2000), 2, 3);
    assert_int_equal(ftp_reply(), 421);
    assert_in_range((co_now_ns() - start) / CO_MS, 5000, 7100);
    assert_int_equal(ftp_reply(), 0);
}

static void each_command_has_its_own_time(void **unused)
{
    (void)unused;
    ftp.options.command_timeout_ms = 5000;
    ftp_start();
    ftp_login("all");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(co_write(ftp.control, "NO", 2), 0);
        co_sleep(4000);
        assert_int_equal(ftp_do("OP"), 200);
    }
    assert_int_equal(ftp_do("REIN"), 220); /* after which the login's counts */
    co_sleep(30 * 1000);
    assert_int_equal(ftp_do("USER all"), 331);
}

static void the_idle_timer_sleeps_during_a_transfer(void **unused)
{
    (void)unused;
    ftp.options.idle_timeout_ms = 5000;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("STOR up"), 150);
    for (int i = 0; i < 10; i++) {
        co_sleep(3000);
        static char piece[10000];
        assert_int_equal(co_write(ftp.data, piece, sizeof piece), 0);
    }
    ftp_give("end");
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_do("NOOP"), 200);
}

static void data_that_does_not_come_is_not_waited_for_long(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_passive();
    int64_t start = co_now_ns();
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_reply(), 425);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 29, 31);
    assert_int_equal(ftp_fetch("RETR file"), 226);
}

static void a_file_is_sent_as_it_is_now(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_fetch("RETR file"), 226);
    put_text("file", "another");
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_string_equal(ftp.got, "another");
    unlinkat(site.fd, "file", 0);
    ftp_epsv();
    assert_int_equal(ftp_do("RETR file"), 550);
}

static void a_reader_who_does_not_read_is_cut(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    int64_t start = co_now_ns();
    assert_int_equal(ftp_do("RETR large"), 150);
    assert_int_equal(ftp_reply(), 426);
    assert_in_range((co_now_ns() - start) / CO_SECOND, 14, 30);
}

/* ---- data connections ----------------------------------------------------------------------- */

static void the_connection_may_come_before_or_after_the_command(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_address address = ftp_passive();
    assert_int_equal(ftp_do("RETR file"), 150);
    co_sleep(5000);
    ftp_data_connect(&address);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    ftp_epsv();
    co_sleep(5000);
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
}

static void pasv_again_is_another_port(void **unused)
{
    co_stream *old;
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_address first = ftp_passive(), second = ftp_passive();
    assert_int_not_equal(co_address_port(&first), co_address_port(&second));
    assert_true(co_connect(&old, &first) < 0);
    ftp_data_connect(&second);
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
}

static void commands_may_come_all_at_once(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    ftp_send("RETR file\r\nSIZE file\r\nPWD\r\nEPSV");
    assert_int_equal(ftp_reply(), 150);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 213);
    assert_int_equal(ftp_reply(), 257);
    assert_int_equal(ftp_reply(), 229);
}

static void replies_of_a_short_transfer_leave_together(void **unused)
{
    (void)unused;
    only_in_clear("hands are shaken behind 150");
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    unsigned heard = ftp.heard_count;
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp.heard_count, heard + 1); /* it was over when its 150 left */
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
}

static void two_transfers_may_come_together(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    ftp_send("RETR large\r\nRETR file\r\nEPSV");
    assert_int_equal(ftp_reply(), 150);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp.got_size, FTP_LARGE);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 425);
    assert_int_equal(ftp_reply(), 229);
}

static void quit_lets_the_transfer_finish(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    assert_int_equal(ftp_do("QUIT"), 221);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp.got_size, FTP_LARGE);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 0);
}

static void stat_tells_how_far_a_transfer_is(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("STOR up"), 150);
    assert_int_equal(co_write(ftp.data, "abc", 3), 0);
    co_sleep(1000);
    assert_int_equal(ftp_do("STAT"), 211);
    assert_true(ftp_said(" STOR: 3 bytes so far."));
}

static void an_aborted_transfer_is_told_as_426(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    assert_int_equal(ftp_do("ABOR"), 426);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp.heard.kind, CO_FTP_DOWNLOADED);
    assert_int_equal(ftp.heard.reply, 426);
    assert_true(ftp.heard.error < 0);
}

/* ---- draining ------------------------------------------------------------------------------- */

/* With the replies that they had, whatever it was that they lacked. */
static void what_is_refused_before_it_begins_is_told(void **unused)
{
    static const struct {
        const char *before, *line;
        int reply, error;
        enum co_ftp_event_kind kind;
        const char *path;
    } rows[] = {
        {"EPSV", "RETR none", 550, -ENOENT, CO_FTP_DOWNLOADED, "/none"},
        {"EPSV", "RETR sub", 550, -EISDIR, CO_FTP_DOWNLOADED, "/sub"},
        {"EPSV", "RETR", 501, CO_EINVALID, CO_FTP_DOWNLOADED, ""},
        {"REST 99", "RETR file", 554, CO_EINVALID, CO_FTP_DOWNLOADED, "/file"},
        {"EPSV", "STOR sub", 553, -EISDIR, CO_FTP_UPLOADED, "/sub"},
        {"EPSV", "APPE no/where", 550, -ENOENT, CO_FTP_UPLOADED, "/no/where"},
        {"EPSV", "LIST -l none", 450, -ENOENT, CO_FTP_LISTED, "/none"},
        {"EPSV", "NLST none", 450, -ENOENT, CO_FTP_LISTED, "/none"},
        {"EPSV", "MLSD file", 501, CO_EINVALID, CO_FTP_LISTED, "/file"},
        {"ABOR", "RETR file", 425, -ENOTCONN, CO_FTP_DOWNLOADED, "/file"},
        {"NOOP", "STOU", 425, -ENOTCONN, CO_FTP_UPLOADED, ""},
        {"NOOP", "LIST", 425, -ENOTCONN, CO_FTP_LISTED, ""},
        {"NOOP", "DELE", 501, CO_EINVALID, CO_FTP_CHANGED, ""},
        {"REIN", "RETR file", 530, -EACCES, CO_FTP_DOWNLOADED, "/file"},
        {"NOOP", "DELE file", 530, -EACCES, CO_FTP_CHANGED, "/file"},
        {"NOOP", "MKD new", 530, -EACCES, CO_FTP_CHANGED, "/new"},
        {"NOOP", "RMD sub/x", 530, -EACCES, CO_FTP_CHANGED, "/sub/x"},
    };
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        ftp_do(rows[i].before);
        unsigned heard = ftp.heard_count;
        assert_int_equal(ftp_do(rows[i].line), rows[i].reply);
        assert_int_equal(ftp.heard_count, heard + 1);
        assert_int_equal(ftp.heard.kind, rows[i].kind);
        assert_int_equal(ftp.heard.reply, rows[i].reply);
        assert_int_equal(ftp.heard.error, rows[i].error);
        assert_true(ftp.heard.refused);
        assert_string_equal(ftp.heard.path, rows[i].path);
        assert_memory_equal(ftp.heard.command, rows[i].line, strcspn(rows[i].line, " "));
    }
    ftp_hang_up();
    ftp_login("all");
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_false(ftp.heard.refused);
}

static void a_drain_ends_the_idle_and_lets_transfers_finish(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_stream *idle = ftp.control;
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    co_stream *busy = ftp.control;
    co_group_drain(&ftp.group);
    ftp.control = idle;
    assert_int_equal(ftp_reply(), 421);
    assert_int_equal(ftp_reply(), 0);
    co_abort(idle);
    ftp.control = busy;
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp.got_size, FTP_LARGE);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 421);
}

static void a_drain_waits_for_the_data_that_150_has_promised(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_address address = ftp_passive();
    assert_int_equal(ftp_do("RETR file"), 150);
    co_group_drain(&ftp.group);
    co_sleep(1000);
    ftp_data_connect(&address);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_reply(), 421);
}

/* ---- without the server's own serving -------------------------------------------------------- */

static int session_by_hand(void *stream)
{
    int rc;
    while ((rc = co_ftp_session(stream, ftp.server)) == CO_PARK)
        continue;
    int closed = co_close(stream);
    return rc < 0 ? rc : closed;
}

static void a_session_may_be_called_in_a_loop(void **unused)
{
    only_in_clear("the session has no TLS of its own");
    co_stream *served;
    (void)unused;
    ftp_start();
    assert_int_equal(co_memory_pair(&ftp.control, &served, 65536), 0);
    co_go(&ftp.group, session_by_hand, served);
    assert_int_equal(ftp_reply(), 220);
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_do("MKD made"), 257);
    assert_int_equal(ftp_do("MLST made"), 250);
    assert_int_equal(ftp_do("EPSV"), 425); /* memory has no address */
    assert_int_equal(ftp_do("QUIT"), 221);
    assert_int_equal(ftp_reply(), 0);
    assert_int_equal(faccessat(site.fd, "made", F_OK, 0), 0);
}

static int serve_by_handler(void *listener)
{
    return co_serve_listener(listener, co_ftp_session, ftp.server, NULL);
}

static void a_session_may_be_a_handler(void **unused)
{
    only_in_clear("the session has no TLS of its own");
    co_listener *own = NULL;
    (void)unused;
    ftp_start();
    assert_int_equal(co_listen(&own, "127.0.0.1:0", NULL), 0);
    co_go(&ftp.group, serve_by_handler, own);
    co_listener *servers = ftp.listener;
    ftp.listener = own;
    ftp_login("all");
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_string_equal(ftp.got, "one\ntwo\r\nxyz");
    assert_int_equal(ftp_store("STOR new", "text"), 226);
    ftp_epsv(); /* a port that is still waited at when the session ends */
    ftp_hang_up();
    co_sleep(1000);
    assert_int_equal(ftp.left, 1);
    ftp.listener = servers;
    co_group_drain(&ftp.group);
    assert_int_equal(co_group_close(&ftp.group), 0);
    co_listener_close(own);
    co_group_open(&ftp.group, NULL); /* for ftp_stop */
}

/* ---- what it costs -------------------------------------------------------------------------- */

enum { IDLE_COUNT = 64 };

static int park_only(co_stream *stream, void *arg)
{
    (void)arg;
    const uint8_t *bytes;
    ssize_t n = co_peek(stream, 1, &bytes);
    if (n <= 0)
        return (int)n;
    co_consume(stream, (size_t)n);
    n = co_write(stream, "220 x\r\n", 7);
    return n < 0 ? (int)n : CO_PARK;
}

static int serve_plain(void *listener)
{
    return co_serve_listener(listener, park_only, NULL, NULL);
}

static void connect_plain(void *listener)
{
    assert_int_equal(co_connect(&ftp.control, co_listener_address(listener)), 0);
    assert_int_equal(ftp_do("x"), 220);
}

static void log_in_and_move(void *unused)
{
    (void)unused;
    ftp_login("all");
    assert_int_equal(ftp_do("CWD sub"), 250);
    assert_int_equal(ftp_do("RETR file"), 550);
}

/* Bytes of memory that each connection takes when it is idle, made by `connect`. */
static size_t cost_of(void (*connect)(void *arg), void *arg)
{
    static co_stream *connections[2 * IDLE_COUNT];
    size_t before = 0;
    for (int i = 0; i < 2 * IDLE_COUNT; i++) {
        if (i == IDLE_COUNT) { /* by then there is all that they share */
            co_sleep(1000);
            before = mallinfo2().uordblks;
        }
        connect(arg);
        connections[i] = ftp.control;
    }
    co_sleep(1000);
    size_t after = mallinfo2().uordblks;
    for (int i = 0; i < 2 * IDLE_COUNT; i++)
        co_abort(connections[i]);
    ftp.control = NULL;
    co_sleep(1000);
    return (after - before) / IDLE_COUNT;
}

/* What the session costs beyond a connection that nobody serves; and its stream. */
static void an_idle_session_takes_little_memory(void **unused)
{
    only_in_clear("most of it is OpenSSL's");
    co_listener *listener;
    co_group group;
    (void)unused;
    assert_int_equal(co_listen(&listener, "127.0.0.1:0", NULL), 0);
    co_group_open(&group, NULL);
    co_go(&group, serve_plain, listener);
    size_t plain = cost_of(connect_plain, listener);
    co_group_cancel(&group);
    assert_int_equal(co_group_close(&group), CO_ECANCELED);
    co_listener_close(listener);
    ftp_start();
    size_t each = cost_of(log_in_and_move, NULL) - plain + sizeof(struct co_stream);
    print_message("%zu bytes for each idle session\n", each);
    assert_true(each <= 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(every_login_is_told_of_its_end_once),
        FTP_TEST(three_wrong_passwords_end_the_session),
        FTP_TEST(a_login_after_another_has_its_time_again),
        FTP_TEST(a_home_that_cannot_be_opened_is_told_as_that),
        FTP_TEST(whoever_does_not_log_in_may_not_stay),
        FTP_TEST(an_idle_session_ends_with_421),
        FTP_TEST(f11_a_command_that_dribbles_in_ends_with_421),
        FTP_TEST(each_command_has_its_own_time),
        FTP_TEST(the_idle_timer_sleeps_during_a_transfer),
        FTP_TEST(data_that_does_not_come_is_not_waited_for_long),
        FTP_TEST(a_file_is_sent_as_it_is_now),
        FTP_TEST(a_reader_who_does_not_read_is_cut),
        FTP_TEST(the_connection_may_come_before_or_after_the_command),
        FTP_TEST(pasv_again_is_another_port),
        FTP_TEST(commands_may_come_all_at_once),
        FTP_TEST(replies_of_a_short_transfer_leave_together),
        FTP_TEST(two_transfers_may_come_together),
        FTP_TEST(quit_lets_the_transfer_finish),
        FTP_TEST(stat_tells_how_far_a_transfer_is),
        FTP_TEST(an_aborted_transfer_is_told_as_426),
        FTP_TEST(what_is_refused_before_it_begins_is_told),
        FTP_TEST(a_drain_ends_the_idle_and_lets_transfers_finish),
        FTP_TEST(a_drain_waits_for_the_data_that_150_has_promised),
        FTP_TEST(a_session_may_be_called_in_a_loop),
        FTP_TEST(a_session_may_be_a_handler),
        FTP_TEST(an_idle_session_takes_little_memory),
    };
    return run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
/* The lines of FTP's attacks (docs/security.md): each turns red when its guard is removed. Those of
 * what ends at any time: test_ftp_ends.c. */
#include "ftp_rig.h"
#include "net/ports.h"

/* ---- whose data connection it is (F01, F02, F21) -------------------------------------------- */

static void f01_data_goes_only_to_who_asks_and_to_no_service(void **unused)
{
    static const char *const refused[] = {"PORT 127,0,0,2,200,1", "PORT 10,0,0,1,200,1",
        "PORT 127,0,0,1,3,255", "PORT 127,0,0,1,0,25", "EPRT |1|127.0.0.2|51201|",
        "EPRT |1|127.0.0.1|1023|", "EPRT |2|::1|51201|", "EPRT |1|127.0.0.1|0|"};
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(refused); i++) {
        assert_int_equal(ftp_do(refused[i]), 501);
        assert_int_equal(ftp_do("RETR file"), 425);
    }
}

static void f01_active_transfers_can_be_switched_off(void **unused)
{
    (void)unused;
    ftp.options.no_active = true;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_port("PORT"), 501);
    assert_int_equal(ftp_port("EPRT"), 501);
}

static void f02_a_stranger_gets_nothing_and_holds_nobody_up(void **unused)
{
    co_stream *strangers[4];
    char byte;
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_address address = ftp_passive();
    for (size_t i = 0; i < CO_LENGTH(strangers); i++)
        assert_int_equal(ftp_connect_from(&strangers[i], "127.0.0.77", &address), 0);
    assert_int_equal(ftp_do("RETR file"), 150);
    ftp_data_connect(&address);
    assert_int_equal(ftp_receive(), 0);
    assert_string_equal(ftp.got, "one\ntwo\r\nxyz");
    assert_int_equal(ftp_reply(), 226);
    for (size_t i = 0; i < CO_LENGTH(strangers); i++) {
        assert_true(co_read(strangers[i], &byte, 1) <= 0);
        co_abort(strangers[i]);
    }
}

/* A whole transfer; where it came from. */
static co_address fetch_file(void)
{
    co_address address = ftp_passive();
    ftp_data_connect(&address);
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_receive(), 0);
    assert_string_equal(ftp.got, "one\ntwo\r\nxyz");
    assert_int_equal(ftp_reply(), 226);
    return address;
}

/* Whoever knocks there is refused, or turned away soon. */
static void expect_nothing_at(const co_address *address)
{
    co_stream *stream;
    char byte;
    int64_t start = co_now_ns();
    if (co_connect(&stream, address) < 0)
        return;
    assert_true(co_read(stream, &byte, 1) <= 0);
    assert_true(co_now_ns() - start <= 2 * CO_PORTS_SWEEP_MS * CO_MS);
    co_abort(stream);
}

static void one_connection_comes_of_each_pasv(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_address address = fetch_file();
    expect_nothing_at(&address);
    assert_int_equal(ftp_do("RETR file"), 425);
}

static void f02_who_came_before_pasv_is_not_who_is_expected(void **unused)
{
    co_address kept[CO_PORTS_CHOICE_MIN];
    co_stream *early[CO_PORTS_CHOICE_MIN];
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++)
        kept[i] = fetch_file();
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++) /* from the client's own address */
        if (co_connect(&early[i], &kept[i]) < 0)       /* the ones before have been noticed */
            early[i] = NULL;
    assert_non_null(early[0]);
    co_address address = fetch_file();
    for (unsigned i = 0; i < CO_PORTS_CHOICE_MIN; i++) {
        char byte;
        assert_int_not_equal(co_address_port(&kept[i]), co_address_port(&address));
        assert_true(!early[i] || co_read(early[i], &byte, 1) <= 0);
        co_abort(early[i]);
    }
}

static void f02_a_kept_port_expects_one_connection_each_time(void **unused)
{
    co_address address;
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (unsigned i = 0; i < 2 * CO_PORTS_CHOICE_MIN; i++)
        address = fetch_file();
    assert_int_equal(ftp_do("RETR file"), 425);
    expect_nothing_at(&address);
    fetch_file();
}

/* Whom a port was drawn for may still come when he has changed his mind. */
static void a_port_that_nobody_came_to_is_not_kept(void **unused)
{
    co_stream *late;
    static const char *const instead[] = {"EPSV", "PASV", "REIN", "QUIT"};
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(instead); i++) {
        ftp_login("all");
        co_address address = ftp_passive();
        assert_in_range(ftp_do(instead[i]), 220, 229);
        assert_true(co_connect(&late, &address) < 0);
        ftp_hang_up();
    }
}

static void f21_an_exhausted_range_is_told_at_once(void **unused)
{
    co_stream *others[2];
    (void)unused;
    ftp.options.passive_low = 40000;
    ftp.options.passive_high = 40001;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(others); i++) {
        ftp_login("all");
        assert_int_equal(ftp_do(i ? "EPSV" : "PASV"), i ? 229 : 227);
        assert_int_equal(ftp_do("EPSV"), 229); /* its own port is free again for it */
        others[i] = ftp.control;
    }
    ftp_login("all");
    int64_t start = co_now_ns();
    assert_int_equal(ftp_do("PASV"), 425);
    assert_int_equal(ftp_do("EPSV"), 425);
    assert_true(co_now_ns() - start < CO_SECOND);
    co_abort(others[0]);
    co_sleep(1000);
    assert_int_equal(ftp_fetch("RETR file"), 226);
    co_abort(others[1]);
}

/* Clients may use the port once more, as other servers let them: as long as nobody needs it. */
static void f21_refused_transfers_do_not_hold_their_ports(void **unused)
{
    co_stream *others[2];
    co_address ports[2];
    int taken = 0;
    (void)unused;
    ftp.options.passive_low = 40000;
    ftp.options.passive_high = 40001;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(others); i++) {
        ftp_login("all");
        ports[i] = ftp_passive();
        assert_int_equal(ftp_do("RETR none"), 550);
        others[i] = ftp.control;
    }
    ftp_login("all");
    assert_int_equal(ftp_fetch("RETR file"), 226);
    for (size_t i = 0; i < CO_LENGTH(others); i++) {
        ftp_hang_up();
        ftp.control = others[i];
        assert_int_equal(ftp_do("RETR file"), 150);
        if (ftp_is_answered()) {
            taken++;
            assert_int_equal(ftp_reply(), 425);
            assert_int_equal(ftp_fetch("RETR file"), 226);
        } else {
            ftp_data_connect(&ports[i]);
            assert_int_equal(ftp_receive(), 0);
            assert_int_equal(ftp_reply(), 226);
        }
    }
    assert_int_equal(taken, 1);
}

static void expect_random_ports(unsigned low, unsigned high)
{
    unsigned steps = 0, before = 0;
    ftp_start();
    ftp_login("all");
    for (int i = 0; i < 16; i++) {
        co_address address = ftp_passive();
        unsigned port = co_address_port(&address);
        assert_in_range(port, low, high);
        steps += port >= before && port - before <= 2;
        before = port;
    }
    assert_true(steps < 4);
}

static void f21_ports_are_drawn_at_random(void **unused)
{
    (void)unused;
    ftp.options.passive_low = 40000;
    ftp.options.passive_high = 49999;
    expect_random_ports(40000, 49999);
}

static void f21_so_are_ports_without_a_range(void **unused)
{
    (void)unused;
    expect_random_ports(49152, 65535);
}

/* ---- what comes over the control connection (F09, F11, F13, F17, F18) ----------------------- */

static void f09_other_protocols_are_hung_up_on(void **unused)
{
    static const char *const firsts[] = {"GET / HTTP/1.1", "POST / HTTP/1.1", "EHLO example",
        "SSH-2.0-x", "\x16\x03\x01\x02", "PRI * HTTP/2.0", "OPTIONS * HTTP/1.1"};
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(firsts); i++) {
        ftp_open();
        assert_true(ftp_do(firsts[i]) <= 0);
        ftp_hang_up();
        ftp_login("all"); /* a page may know a password: it is no client for all that */
        if (firsts[i][0] != '\x16')
            assert_true(ftp_do(firsts[i]) <= 0);
        ftp_hang_up();
    }
}

static void f09_a_hello_needs_no_line_end(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    assert_int_equal(co_write(ftp.control, "\x16\x03\x01\x02\x00\x01", 6), 0);
    assert_true(ftp_reply() <= 0);
}

static void f09_three_strange_commands_before_the_login_are_enough(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    assert_int_equal(ftp_do("<script>"), 500);
    assert_null(strstr(ftp.reply, "script"));
    assert_int_equal(ftp_do("FOO"), 500);
    assert_int_equal(ftp_do("BAR"), 500);
    assert_true(ftp_reply() <= 0);
}

static void f09_nul_in_an_argument_is_as_strange(void **unused)
{
    static const co_text line = CO_TEXT("USER a\0b\r\n");
    (void)unused;
    ftp_start();
    ftp_open();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(co_write(ftp.control, line.at, line.size), 0);
        assert_int_equal(ftp_reply(), 501); /* RFC 959 4.2.1: of parameters */
    }
    assert_true(ftp_reply() <= 0);
}

static void f11_a_line_without_end_costs_4_kib(void **unused)
{
    static char zeros[1u << 16];
    (void)unused;
    memset(zeros, 'x', sizeof zeros);
    ftp_start();
    ftp_login("all");
    int rc = 0;
    for (int i = 0; rc == 0 && i < 48; i++)
        rc = co_write(ftp.control, zeros, sizeof zeros);
    assert_true(rc < 0); /* long before the 3 MiB were taken */
    ftp_hang_up();
    ftp_open();
    assert_int_equal(ftp_do("NOOP"), 200);
}

static void f11_lines_of_exactly_the_limit(void **unused)
{
    static char line[CO_FTP_LINE_MAX + 16];
    (void)unused;
    ftp_start();
    ftp_login("all");
    memset(line, 'x', sizeof line);
    memcpy(line, "NOOP ", 5);
    line[CO_FTP_LINE_MAX - 2] = '\0'; /* CR LF follow */
    assert_int_equal(ftp_do(line), 200);
    line[CO_FTP_LINE_MAX - 2] = 'x';
    line[CO_FTP_LINE_MAX - 1] = '\0';
    assert_int_equal(ftp_do(line), 500);
    assert_true(ftp_reply() <= 0);
}

static void f11_replies_that_nobody_reads_end_the_session(void **unused)
{
    static char many[100000 * 6 + 1];
    (void)unused;
    for (size_t i = 0; i < 100000; i++)
        memcpy(many + i * 6, "NOOP\r\n", 7);
    ftp_start();
    ftp_login("all");
    co_stream *stuck = ftp.control;
    assert_true(co_write(stuck, many, sizeof many - 1) < 0);
    ftp_open();
    assert_int_equal(ftp_do("NOOP"), 200);
    co_abort(stuck);
}

static void f13_no_restart_point_leads_outside_the_file(void **unused)
{
    static const char *const points[] = {
        "REST -1", "REST 9223372036854775808", "REST 18446744073709551615", "REST 1e3", "REST 0x1"};
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(points); i++) {
        assert_int_equal(ftp_do("REST 13"), 350);
        assert_int_equal(ftp_do(points[i]), 501);
        assert_int_equal(ftp_fetch("RETR file"), 226); /* nor does the one before still count */
        assert_int_equal(ftp.got_size, 12);
    }
    assert_int_equal(ftp_do("REST 9223372036854775807"), 350);
    assert_int_equal(ftp_fetch("RETR file"), 554);
    assert_int_equal(ftp_do("REST 9223372036854775807"), 350);
    assert_int_equal(ftp_store("STOR file", "x"), 554);
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyz");
    assert_int_equal(ftp_do("REST 9223372036854775807"), 350);
    assert_int_equal(ftp_store("APPE file", "!"), 226);
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyz!");
}

static void f17_site_runs_nothing_and_changes_nothing_without_the_right(void **unused)
{
    struct stat st;
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("SITE EXEC id"), 501);
    assert_int_equal(ftp_do("SITE CPFR file"), 501);
    assert_int_equal(ftp_do("SITE CPTO copy"), 501);
    assert_int_equal(ftp_do("SITE CHMOD 4755 file"), 501);
    ftp_hang_up();
    ftp_login("anonymous");
    assert_int_equal(ftp_do("SITE CHMOD 777 file"), 550);
    assert_int_equal(fstatat(site.fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

static void f18_a_quota_holds_for_every_way_to_write(void **unused)
{
    (void)unused;
    assert_int_equal(co_quota_new(&ftp.quota, 20, 12), 0);
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_store("STOR new", "123456789"), 552);
    assert_null(ftp_content("new"));
    assert_int_equal(ftp_store("STOR other", "12345678"), 226); /* what was refused takes no room */
    assert_int_equal(ftp_do("DELE other"), 250);
    assert_int_equal(ftp_store("STOR new", "12345678"), 226);
    assert_int_equal(ftp_do("RNFR file"), 350);
    assert_int_equal(ftp_do("RNTO file2"), 250);
    assert_int_equal(ftp_store("STOU", "x"), 552);
    assert_int_equal(ftp_do("DELE new"), 250);
    assert_int_equal(ftp_store("STOR more", "1234567"), 226);
    assert_int_equal(ftp_store("APPE file2", "xx"), 552);
    assert_string_equal(ftp_content("file2"), "one\ntwo\r\nxyz");
    ftp_stop();
    co_quota_free(ftp.quota);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(f01_data_goes_only_to_who_asks_and_to_no_service),
        FTP_TEST(f01_active_transfers_can_be_switched_off),
        FTP_TEST(f02_a_stranger_gets_nothing_and_holds_nobody_up),
        FTP_TEST(one_connection_comes_of_each_pasv),
        FTP_TEST(f02_who_came_before_pasv_is_not_who_is_expected),
        FTP_TEST(f02_a_kept_port_expects_one_connection_each_time),
        FTP_TEST(a_port_that_nobody_came_to_is_not_kept),
        FTP_TEST(f21_an_exhausted_range_is_told_at_once),
        FTP_TEST(f21_refused_transfers_do_not_hold_their_ports),
        FTP_TEST(f21_ports_are_drawn_at_random),
        FTP_TEST(f21_so_are_ports_without_a_range),
        FTP_TEST(f09_other_protocols_are_hung_up_on),
        FTP_TEST(f09_a_hello_needs_no_line_end),
        FTP_TEST(f09_three_strange_commands_before_the_login_are_enough),
        FTP_TEST(f09_nul_in_an_argument_is_as_strange),
        FTP_TEST(f11_a_line_without_end_costs_4_kib),
        FTP_TEST(f11_lines_of_exactly_the_limit),
        FTP_TEST(f11_replies_that_nobody_reads_end_the_session),
        FTP_TEST(f13_no_restart_point_leads_outside_the_file),
        FTP_TEST(f17_site_runs_nothing_and_changes_nothing_without_the_right),
        FTP_TEST(f18_a_quota_holds_for_every_way_to_write),
    };
    return run_within("virtual", tests);
}

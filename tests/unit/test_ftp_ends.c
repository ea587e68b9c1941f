/* SPDX-License-Identifier: MIT */
/* Whatever ends a transfer, a session or a connection, at every point of it: nothing is left
 * (attacks F16, F22). */
#include "ftp_rig.h"
#include "net/ports.h"
#include "tree/cache.h"

#include <malloc.h>

/* How far a transfer has come when something happens to it. */
enum point { PREPARED, CONNECTED, BEGUN, MOVING, SENT, DONE, POINTS };

/* What happens. */
static void hang_up(void)
{
    co_abort(ftp.control);
    ftp.control = NULL;
}

static void close_control(void)
{
    int rc = co_close(ftp.control);
    (void)rc;
    ftp.control = NULL;
}

static void half_close(void)
{
    co_shutdown_write(ftp.control);
}

static void abor(void)
{
    ftp_send("ABOR");
}

static void abor_twice(void)
{
    ftp_send("ABOR\r\nABOR");
}

static void synch(void)
{
    ftp_send("\xff\xf4\xff\xf2"
             "ABOR");
}

static void quit(void)
{
    ftp_send("QUIT");
}

static void next_command(void)
{
    ftp_send("RETR file");
}

static void next_command_then_hang_up(void)
{
    ftp_send("RETR file\r\nNOOP");
    hang_up();
}

static void next_command_then_abor(void)
{
    ftp_send("RETR file\r\nABOR");
}

static void too_long_a_line_then_hang_up(void)
{
    static char line[CO_FTP_LINE_MAX + 2];
    memset(line, 'x', sizeof line - 1);
    ftp_send(line);
    hang_up();
}

static void data_reset(void)
{
    ftp_data_end();
}

static void everything_reset(void)
{
    ftp_data_end();
    hang_up();
}

static void (*const events[])(void) = {hang_up, close_control, half_close, abor, abor_twice, synch,
    quit, next_command, next_command_then_hang_up, next_command_then_abor,
    too_long_a_line_then_hang_up, data_reset, everything_reset};

static const char *const transfers[] = {
    "RETR large", "RETR file", "STOR up", "APPE file", "STOU", "MLSD many", "LIST"};

static bool uploads(const char *transfer)
{
    return strchr("SA", transfer[0]) != NULL;
}

/* Brings a transfer to the point: every step of it may fail here, that is the server's affair. */
static void go_to(enum point point, const char *transfer)
{
    char byte;
    co_address address = ftp_passive();
    if (point >= CONNECTED)
        ftp_data_connect(&address);
    if (point != PREPARED)
        ftp_send(transfer);
    if (point >= BEGUN)
        assert_int_equal(ftp_reply(), 150);
    if (point >= MOVING && !uploads(transfer))
        assert_int_equal(co_read(ftp.data, &byte, 1), 1);
    if (point >= MOVING && uploads(transfer))
        assert_int_equal(co_write(ftp.data, "abc", 3), 0);
    if (point >= SENT && uploads(transfer))
        assert_int_equal(co_shutdown_write(ftp.data), 0);
    if (point == DONE) {
        if (!uploads(transfer))
            assert_int_equal(ftp_receive(), 0);
        assert_int_equal(ftp_reply(), 226);
    }
}

/* A session that has not gone answers again, once the transfer has ended in one way or another. */
static void go_on(void)
{
    ftp_data_end();
    if (!ftp.control)
        return;
    int code, rc = co_write(ftp.control, "NOOP\r\n", 6);
    if (rc < 0)
        return; /* it was half-closed */
    do
        code = ftp_reply();
    while (code > 0 && code != 200);
}

static void try_event(enum point point, const char *transfer, void (*event)(void))
{
    unsigned sockets = ftp_sockets(), descriptors = ftp_descriptors();
    ftp_login("all");
    go_to(point, transfer);
    event();
    if (ftp.control) {
        go_on();
    } else { /* the data connection stays open, and is not waited for */
        co_sleep(CO_PORTS_IDLE_MS + 1000);
        assert_int_equal(ftp_sockets(), sockets + (ftp.data != NULL));
    }
    ftp_hang_up();
    /* A file stays open for the next who asks, and so does a port. */
    co_sleep(CO_TREE_CACHE_OPEN_NS / CO_MS + CO_PORTS_IDLE_MS);
    if (ftp_sockets() != sockets || ftp_descriptors() != descriptors)
        fail_msg("left behind by %s at point %d", transfer, (int)point);
    put_text("file", "one\ntwo\r\nxyz");
    unlinkat(site.fd, "up", 0);
}

static void try_every_event(void)
{
    for (size_t transfer = 0; transfer < CO_LENGTH(transfers); transfer++)
        for (enum point point = PREPARED; point < POINTS; point++)
            for (size_t event = 0; event < CO_LENGTH(events); event++)
                try_event(point, transfers[transfer], events[event]);
}

static void f16_whatever_ends_a_transfer_where_nothing_is_left(void **unused)
{
    (void)unused;
    ftp_populate_many();
    ftp_start();
    ftp_login("all"); /* the view of the tree stays */
    ftp_hang_up();
    co_sleep(1000);
    try_every_event();
    struct mallinfo2 before = mallinfo2();
    try_every_event();
    struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks < before.uordblks + 65536);
    ftp_login("all");
    assert_int_equal(ftp_fetch("RETR file"), 226);
}

static void f16_abor_waits_for_no_data(void **unused)
{
    static const char *const long_ones[] = {"RETR large", "STOR up", "MLSD many"};
    (void)unused;
    ftp_populate_many();
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(long_ones); i++) {
        ftp_epsv();
        assert_int_equal(ftp_do(long_ones[i]), 150);
        int64_t start = co_now_ns();
        assert_int_equal(ftp_do("ABOR"), 426);
        assert_int_equal(ftp_reply(), 226);
        assert_true(co_now_ns() - start < CO_SECOND);
    }
}

static void f16_abor_behind_a_telnet_option_gets_its_replies(void **unused)
{
    char line[256];
    (void)unused;
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    ftp_send("\xff\xfd\x01"
             "ABOR");
    assert_true(co_read_line(ftp.control, line, sizeof line) > 0);
    assert_memory_equal(line,
        "\xff\xfc\x01"
        "426 ",
        7);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftp_do("NOOP"), 200);
}

/* Every turn of a short upload and of its abort: whichever comes first. */
static void f16_abor_gets_both_its_replies_however_late(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (int round = 0; round < 200; round++) {
        ftp_epsv();
        assert_int_equal(ftp_do("STOR up"), 150);
        ftp_give("abc");
        ftp_send("ABOR\r\nSYST");
        int first = ftp_reply();
        assert_true(first == 226 || first == 426);
        assert_int_equal(ftp_reply(), 226);
        assert_int_equal(ftp_reply(), 215);
        assert_true(first == 426 || ftp_content("up") != NULL);
        unlinkat(site.fd, "up", 0);
    }
}

static void f22_peers_that_are_gone_at_once_leave_nothing(void **unused)
{
    co_stream *peer;
    (void)unused;
    ftp_start();
    unsigned sockets = ftp_sockets();
    for (int i = 0; i < 100; i++) {
        assert_int_equal(co_connect(&peer, co_listener_address(ftp.listener)), 0);
        if (i % 3 == 0)
            co_shutdown_write(peer);
        if (i % 3 == 1)
            co_sleep(0);
        co_abort(peer);
    }
    ftp_login("all");
    ftp_hang_up();
    co_sleep(1000);
    assert_int_equal(ftp_sockets(), sockets);
}

static void f22_data_peers_that_are_gone_at_once_leave_nothing(void **unused)
{
    co_stream *peer;
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (int i = 0; i < 20; i++) {
        co_address address = ftp_passive();
        assert_int_equal(co_connect(&peer, &address), 0);
        co_abort(peer);
        int code = ftp_do(i % 2 ? "RETR large" : "STOR up");
        assert_int_equal(code, 150);
        assert_in_range(ftp_reply(), 226, 426);
    }
    assert_int_equal(ftp_fetch("RETR file"), 226);
}

static void f22_a_half_closed_control_connection_ends(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    co_shutdown_write(ftp.control);
    assert_int_equal(ftp_reply(), 0);
}

/* In the same packet, in another one, and by Telnet's Synch. */
static void an_abor_behind_another_command_is_not_overlooked(void **unused)
{
    static const char *const ways[][2] = {{"CWD /\r\nABOR", NULL}, {"CWD /", "abor"},
        {"CWD /", "\xff\xf4\xff\xf2"
                  "ABOR"}};
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(ways); i++) {
        ftp_epsv();
        assert_int_equal(ftp_do("RETR large"), 150);
        ftp_send(ways[i][0]);
        co_sleep(1000);
        if (ways[i][1])
            ftp_send(ways[i][1]);
        assert_int_equal(ftp_reply(), 426);
        assert_true(ftp_said("aborted"));
        assert_int_equal(ftp_reply(), 250);
        assert_int_equal(ftp_reply(), 226);
        assert_int_equal(ftp_do("NOOP"), 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(an_abor_behind_another_command_is_not_overlooked),
        FTP_TEST(f16_whatever_ends_a_transfer_where_nothing_is_left),
        FTP_TEST(f16_abor_waits_for_no_data),
        FTP_TEST(f16_abor_behind_a_telnet_option_gets_its_replies),
        FTP_TEST(f16_abor_gets_both_its_replies_however_late),
        FTP_TEST(f22_peers_that_are_gone_at_once_leave_nothing),
        FTP_TEST(f22_data_peers_that_are_gone_at_once_leave_nothing),
        FTP_TEST(f22_a_half_closed_control_connection_ends),
    };
    return run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
/* FTP over TLS (RFC 4217, RFC 2228): what each command is answered in each state of it, how it
 * begins and how it ends. */
#include "ftps_rig.h"

#include "tls/layer.h"
#include "tls/terms.h"

/* ---- codes ---------------------------------------------------------------------------------- */

/* How far the client has come: nowhere, to AUTH, to PBSZ, to PROT P, to a login; by a connection
 * that began with TLS; and by one where nothing goes without. */
enum state { CLEAR, AUTHED, SIZED, PRIVATE, INSIDE, IMPLICIT, FORCED, FORCED_AUTHED, STATES };

struct row {
    const char *line;
    int codes[STATES];
};

/* clang-format off */
static const struct row rows[] = {
    {"AUTH TLS", {234, 503, 503, 503, 503, 503, 234, 503}},
    {"auth tls", {234, 503, 503, 503, 503, 503, 234, 503}},
    {"AUTH TLS-C", {234, 503, 503, 503, 503, 503, 234, 503}},
    {"AUTH SSL", {504, 503, 503, 503, 503, 503, 504, 503}},
    {"AUTH TLS-P", {504, 503, 503, 503, 503, 503, 504, 503}},
    {"AUTH KERBEROS_V4", {504, 503, 503, 503, 503, 503, 504, 503}},
    {"AUTH", {501, 501, 501, 501, 501, 501, 501, 501}},
    {"PBSZ 0", {503, 200, 200, 200, 200, 200, 503, 200}},
    {"PBSZ 4294967295", {503, 200, 200, 200, 200, 200, 503, 200}},
    {"PBSZ 4294967296", {503, 501, 501, 501, 501, 501, 503, 501}},
    {"PBSZ x", {503, 501, 501, 501, 501, 501, 503, 501}},
    {"PBSZ", {501, 501, 501, 501, 501, 501, 501, 501}},
    {"PROT P", {503, 503, 200, 200, 200, 503, 503, 503}},
    {"PROT p", {503, 503, 200, 200, 200, 503, 503, 503}},
    {"PROT C", {503, 503, 200, 200, 200, 503, 503, 503}},
    {"PROT S", {503, 503, 536, 536, 536, 503, 503, 503}},
    {"PROT E", {503, 503, 536, 536, 536, 503, 503, 503}},
    {"PROT X", {503, 503, 504, 504, 504, 503, 503, 503}},
    {"PROT", {501, 501, 501, 501, 501, 501, 501, 501}},
    {"CCC", {533, 534, 534, 534, 534, 534, 533, 534}},
    {"ADAT x", {502, 502, 502, 502, 502, 502, 502, 502}},
    {"MIC x", {502, 502, 502, 502, 502, 502, 502, 502}},
    {"CONF x", {502, 502, 502, 502, 502, 502, 502, 502}},
    {"ENC x", {502, 502, 502, 502, 502, 502, 502, 502}},
    {"USER all", {331, 331, 331, 331, 331, 331, 530, 331}},
    {"USER anonymous", {331, 331, 331, 331, 331, 331, 530, 331}},
    {"PASS pw", {503, 503, 503, 503, 503, 503, 530, 503}},
    {"FEAT", {211, 211, 211, 211, 211, 211, 211, 211}},
    {"HELP AUTH", {214, 214, 214, 214, 214, 214, 214, 214}},
    {"NOOP", {200, 200, 200, 200, 200, 200, 200, 200}},
    {"REIN", {220, 220, 220, 220, 220, 220, 220, 220}},
    {"RETR file", {530, 530, 530, 530, 425, 530, 530, 530}},
    {"QUIT", {221, 221, 221, 221, 221, 221, 221, 221}},
};
/* clang-format on */

static void come(enum state state)
{
    if (state == IMPLICIT) {
        ftps_open_implicit();
        return;
    }
    if (state == INSIDE) {
        ftps_login("all");
        return;
    }
    ftp_open();
    if (state != CLEAR && state != FORCED)
        ftps_auth();
    if (state == SIZED || state == PRIVATE)
        assert_int_equal(ftp_do("PBSZ 0"), 200);
    if (state == PRIVATE)
        assert_int_equal(ftp_do("PROT P"), 200);
}

static void try_states(enum state from, enum state to)
{
    ftps_start();
    for (enum state state = from; state < to; state++)
        for (size_t i = 0; i < CO_LENGTH(rows); i++) {
            come(state);
            int code = ftp_do(rows[i].line), wanted = rows[i].codes[state];
            if (code != wanted)
                fail_msg("%s in state %d is %d, not %d", rows[i].line, state, code, wanted);
            ftp_hang_up();
        }
}

static void every_command_has_its_code_in_every_state(void **unused)
{
    (void)unused;
    try_states(CLEAR, FORCED);
}

static void every_command_has_its_code_where_tls_is_required(void **unused)
{
    (void)unused;
    ftp.options.require_tls = true;
    try_states(FORCED, STATES);
}

static void tls_is_not_required_where_there_is_none(void **unused)
{
    co_ftp_server *server = NULL;
    const struct co_ftp_options options = {.require_tls = true};
    (void)unused;
    assert_int_equal(co_ftp_server_new(&server, "/", &options), CO_EINVALID);
    assert_null(server);
    assert_non_null(strstr(co_explain(CO_EINVALID), "require_tls without tls"));
    assert_int_equal(co_ftp_serve_folder("127.0.0.1:0", "/", &options), CO_EINVALID);
}

static void feat_lists_tls_where_there_is_a_certificate(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_open();
    assert_int_equal(ftp_do("FEAT"), 211);
    assert_non_null(strstr(ftp.reply, "\r\n AUTH TLS\r\n PBSZ\r\n PROT\r\n"));
    ftps_auth();
    assert_int_equal(ftp_do("FEAT"), 211);
    assert_non_null(strstr(ftp.reply, "\r\n AUTH TLS\r\n PBSZ\r\n PROT\r\n"));
    assert_int_equal(ftp_do("HELP"), 214);
    assert_non_null(strstr(ftp.reply, "AUTH"));
}

static void without_a_certificate_nothing_is_said_of_tls(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_open();
    assert_int_equal(ftp_do("FEAT"), 211);
    assert_null(strstr(ftp.reply, "AUTH"));
    assert_int_equal(ftp_do("HELP"), 214);
    assert_null(strstr(ftp.reply, "AUTH"));
    assert_int_equal(ftp_do("AUTH TLS"), 502);
}

/* ---- the control connection ----------------------------------------------------------------- */

/* RFC 2228 3: the login too. */
static void auth_begins_everything_anew(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_login("all");
    assert_int_equal(ftp_do("CWD sub"), 250);
    assert_int_equal(ftp_do("EPSV"), 229);
    assert_int_equal(ftp_do("RNFR inner"), 350);
    ftps_auth();
    assert_int_equal(ftp_do("RNTO outer"), 530);
    assert_int_equal(ftp_do("PASS pw"), 503);
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_do("RNTO outer"), 503);
    assert_int_equal(ftp_do("PWD"), 257);
    assert_non_null(strstr(ftp.reply, "\"/\""));
    assert_int_equal(ftp_do("RETR file"), 425);
    assert_int_equal(ftp.left, 1);
}

static void assert_hung_up_and_nothing_removed(void)
{
    int code = ftp_reply();
    assert_true(code <= 0 || (code == 234 && ftp_reply() <= 0)); /* it came in two pieces */
    assert_string_equal(ftp_content("sub/inner"), "inner");
}

/* Together with AUTH, and behind its reply. */
static void f04_what_comes_in_clear_behind_auth_is_not_obeyed(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_login("all");
    ftp_send("AUTH TLS\r\nDELE sub/inner");
    assert_hung_up_and_nothing_removed();
    ftp_hang_up();
    ftp_login("all");
    assert_int_equal(ftp_do("AUTH TLS"), 234);
    ftp_send("DELE sub/inner");
    assert_hung_up_and_nothing_removed();
}

/* The hello's beginning, too: nobody says it before the 234. */
static void f04_a_hello_that_does_not_wait_is_not_answered(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_open();
    ftp_send("AUTH TLS\r\n\x16\x03\x01");
    assert_true(ftp_reply() <= 0);
}

static void a_handshake_that_never_ends_is_cut(void **unused)
{
    (void)unused;
    ftp.options.login_timeout_ms = 5000;
    ftps_start();
    ftp_open();
    assert_int_equal(ftp_do("AUTH TLS"), 234);
    int64_t start = co_now_ns();
    assert_int_equal(co_write(ftp.control, "\x16\x03\x01", 3), 0);
    assert_true(ftp_reply() <= 0);
    assert_in_range((co_now_ns() - start) / CO_MS, 4900, 7000);
}

static int shake_as(const char *const *alpn)
{
    ftps_client(TLS1_3_VERSION, alpn);
    ftp_open();
    assert_int_equal(ftp_do("AUTH TLS"), 234);
    return ftps_shake(ftp.control, false);
}

static void f10_clients_of_other_protocols_are_refused(void **unused)
{
    (void)unused;
    static const char *const web[] = {"h2", "http/1.1", NULL}, *const own[] = {"h2", "ftp", NULL};
    ftps_start();
    assert_int_equal(shake_as(web), CO_ETLS);
    ftp_hang_up();
    assert_int_equal(shake_as(own), 0);
    struct co_tls_info info;
    assert_int_equal(co_tls_info(ftp.control, &info), 0);
    assert_text(info.alpn, "ftp");
    assert_int_equal(ftp_do("NOOP"), 200);
}

/* RFC 4217 11: its reply is encrypted, and then nothing is. */
static void rein_leads_back_to_clear_text(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftp_do("REIN"), 220);
    assert_int_equal(co_tls_end(ftp.control), 0);
    assert_int_equal(ftp_do("PROT P"), 503);
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_fetch("NLST"), 226);
    ftps_auth();
    assert_int_equal(ftp_do("NOOP"), 200);
}

static void who_goes_on_in_tls_behind_rein_is_hung_up_on(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftp_do("REIN"), 220);
    ftp_send("NOOP");
    assert_true(ftp_reply() <= 0);
    ftp_hang_up();
    ftps_login("all");
    ftp_send("REIN\r\nNOOP");
    assert_int_equal(ftp_reply(), 220);
    assert_true(ftp_reply() <= 0);
}

/* All of these commands are one record: what was decrypted of it does not wait for more input. */
static void what_is_decrypted_already_is_never_parked_over(void **unused)
{
    (void)unused;
    static char lines[12001];
    ftps_start();
    ftps_login("all");
    for (size_t i = 0; i < 2000; i++)
        memcpy(lines + 6 * i, "NOOP\r\n", 6);
    assert_int_equal(co_write(ftp.control, lines, 12000), 0);
    for (size_t i = 0; i < 2000; i++)
        assert_int_equal(ftp_reply(), 200);
    assert_int_equal(ftp_do("NOOP"), 200);
}

static void commands_may_be_cut_anywhere_by_records(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    for (const char *at = "STAT file\r\nNOOP\r\n"; *at; at++)
        assert_int_equal(co_write(ftp.control, at, 1), 0);
    assert_int_equal(ftp_reply(), 213);
    assert_int_equal(ftp_reply(), 200);
}

/* A fiber waits for the rest of a record, so it waits no longer than the session may idle. */
static void send_part_of_a_record(void)
{
    const struct co_tls_layer *layer = ftp.control->layer;
    uint8_t head[] = {0x17, 0x03, 0x03, 0x00};
    for (size_t sent = 0; sent < sizeof head;) {
        const struct iovec piece = {head + sent, sizeof head - sent};
        long n = layer->under->send(ftp.control, &piece, 1);
        assert_true(n > 0);
        sent += (size_t)n;
    }
}

static void f11_the_rest_of_a_record_is_not_waited_for_without_end(void **unused)
{
    (void)unused;
    ftp.options.idle_timeout_ms = 5000;
    ftp.options.login_timeout_ms = 2000;
    ftps_start();
    ftps_login("all");
    int64_t start = co_now_ns();
    send_part_of_a_record();
    assert_int_equal(ftp_reply(), 421);
    assert_in_range((co_now_ns() - start) / CO_MS, 4900, 7000);
    ftp_hang_up();
    ftps_open_implicit();
    start = co_now_ns();
    send_part_of_a_record();
    assert_int_equal(ftp_reply(), 421);
    assert_in_range((co_now_ns() - start) / CO_MS, 1800, 3000);
}

/* ---- implicit ------------------------------------------------------------------------------- */

static void implicit_tls_encrypts_data_unless_told_otherwise(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_open_implicit();
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftps_fetch("RETR file", true), 226);
    assert_int_equal(ftp_do("PBSZ 0"), 200);
    assert_int_equal(ftp_do("PROT C"), 200);
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_int_equal(ftp_do("REIN"), 220); /* there is no clear text here to go back to */
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftps_fetch("RETR file", true), 226);
}

static void an_implicit_handshake_may_be_cut_anywhere(void **unused)
{
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < 50; i++) { /* the virtual world's sockets cut it by chance */
        ftps_open_implicit();
        assert_int_equal(ftp_do("NOOP"), 200);
        ftp_hang_up();
    }
}

static void t04_clear_text_at_an_implicit_port_is_told_nothing(void **unused)
{
    (void)unused;
    static const char *const said[] = {"USER all\r\n", "GET / HTTP/1.1\r\n\r\n", "\r\n", "\x16"};
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(said); i++) {
        const uint8_t *bytes;
        assert_int_equal(co_connect(&ftp.control, co_listener_address(ftps.listener)), 0);
        assert_int_equal(co_write(ftp.control, said[i], strlen(said[i])), 0);
        co_shutdown_write(ftp.control);
        ssize_t n = co_peek(ftp.control, 1, &bytes);
        if (n > 0) /* an alert (RFC 8446 6) */
            assert_int_equal(bytes[0], 0x15);
        ftp_hang_up();
    }
}

static void silence_at_an_implicit_port_ends_in_time(void **unused)
{
    (void)unused;
    ftp.options.login_timeout_ms = 5000;
    ftps_start();
    int64_t start = co_now_ns();
    assert_int_equal(co_connect(&ftp.control, co_listener_address(ftps.listener)), 0);
    assert_true(ftp_reply() <= 0);
    assert_in_range((co_now_ns() - start) / CO_MS, 4900, 7000);
}

static void implicit_tls_needs_a_certificate(void **unused)
{
    (void)unused;
    ftp_start();
    assert_int_equal(co_ftps_serve(ftp.server, "127.0.0.1:0", NULL), -EINVAL);
    assert_int_equal(co_ftps_serve_listener(ftp.server, ftp.listener), -EINVAL);
}

/* ---- events --------------------------------------------------------------------------------- */

static void events_and_stat_tell_of_tls(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_login("all");
    assert_string_equal(ftp.heard.scheme, "ftp");
    ftps_auth();
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_string_equal(ftp.heard.scheme, "ftps");
    assert_int_equal(ftp_do("STAT"), 211);
    assert_non_null(strstr(ftp.reply, "data is not"));
    ftps_protect();
    assert_int_equal(ftp_do("STAT"), 211);
    assert_non_null(strstr(ftp.reply, "and data are encrypted"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTPS_TEST(every_command_has_its_code_in_every_state),
        FTPS_TEST(every_command_has_its_code_where_tls_is_required),
        FTPS_TEST(tls_is_not_required_where_there_is_none),
        FTPS_TEST(feat_lists_tls_where_there_is_a_certificate),
        FTPS_TEST(without_a_certificate_nothing_is_said_of_tls),
        FTPS_TEST(auth_begins_everything_anew),
        FTPS_TEST(f04_what_comes_in_clear_behind_auth_is_not_obeyed),
        FTPS_TEST(f04_a_hello_that_does_not_wait_is_not_answered),
        FTPS_TEST(a_handshake_that_never_ends_is_cut),
        FTPS_TEST(f10_clients_of_other_protocols_are_refused),
        FTPS_TEST(rein_leads_back_to_clear_text),
        FTPS_TEST(who_goes_on_in_tls_behind_rein_is_hung_up_on),
        FTPS_TEST(what_is_decrypted_already_is_never_parked_over),
        FTPS_TEST(commands_may_be_cut_anywhere_by_records),
        FTPS_TEST(f11_the_rest_of_a_record_is_not_waited_for_without_end),
        FTPS_TEST(implicit_tls_encrypts_data_unless_told_otherwise),
        FTPS_TEST(an_implicit_handshake_may_be_cut_anywhere),
        FTPS_TEST(t04_clear_text_at_an_implicit_port_is_told_nothing),
        FTPS_TEST(silence_at_an_implicit_port_ends_in_time),
        FTPS_TEST(implicit_tls_needs_a_certificate),
        FTPS_TEST(events_and_stat_tell_of_tls),
    };
    return run_within("virtual", tests);
}

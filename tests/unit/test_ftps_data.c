/* SPDX-License-Identifier: MIT */
/* Data connections over TLS: what goes over them, how they end, and whose they are. */
#include "ftps_rig.h"

#include "ftp/session.h"
#include "tls/layer.h"

#include <openssl/x509v3.h>

/* ---- what goes over them -------------------------------------------------------------------- */

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void everything_is_encrypted_that_goes_over_a_data_connection(void **unused)
{
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_string_equal(ftp.got, "one\ntwo\r\nxyz");
        assert_int_equal(ftps_fetch("RETR large", true), 226);
        assert_int_equal(ftps_store("STOR new", "0123"), 226);
        assert_int_equal(ftps_store("APPE new", "4567"), 226);
        assert_string_equal(ftp_content("new"), "01234567");
        assert_int_equal(ftps_fetch("LIST", true), 226);
        assert_int_equal(ftps_fetch("NLST", true), 226);
        assert_int_equal(ftps_fetch("MLSD", true), 226);
        assert_non_null(strstr(ftp.got, " file\r\n"));
        assert_int_equal(ftp_do("REST 8"), 350);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_string_equal(ftp.got, "\nxyz");
        assert_int_equal(ftp_do("MODE Z"), 200);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_int_equal(ftp.got[0], 0x78);
        ftp_hang_up();
    }
}

static void the_server_shakes_hands_as_one_where_it_connects(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftp_port("EPRT"), 200);
    assert_int_equal(ftp_do("RETR file"), 150);
    ftp_data_come();
    assert_int_equal(ftps_shake(ftp.data, true), 0);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_string_equal(ftp.got, "one\ntwo\r\nxyz");
}

static void prot_c_leaves_data_in_clear(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_open();
    ftps_auth();
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_fetch("RETR file"), 226); /* as it is before PROT (RFC 4217 10) */
    ftps_protect();
    assert_int_equal(ftps_fetch("RETR file", true), 226);
    assert_int_equal(ftp_do("PROT C"), 200);
    assert_int_equal(ftp_fetch("RETR file"), 226);
}

static void where_tls_is_required_data_is_encrypted_or_does_not_go(void **unused)
{
    (void)unused;
    ftp.options.require_tls = true;
    ftps_start();
    ftp_open();
    ftps_auth();
    assert_int_equal(ftp_do("USER all"), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_fetch("RETR file"), 521);
    assert_int_equal(ftp_fetch("STOR new"), 521);
    assert_int_equal(ftp_fetch("LIST"), 521);
    assert_int_equal(ftp_do("PBSZ 0"), 200);
    assert_int_equal(ftp_do("PROT C"), 534);
    assert_int_equal(ftp_do("PROT P"), 200);
    assert_int_equal(ftps_fetch("RETR file", true), 226);
}

static void clear_text_on_an_encrypted_data_connection_is_425(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("STOR new"), 150);
    ftp_give("in clear");
    assert_int_equal(ftp_reply(), 425);
    assert_null(ftp_content("new"));
    assert_int_equal(partials(), 0);
}

static void f10_other_protocols_are_refused_on_data_connections(void **unused)
{
    (void)unused;
    static const char *const web[] = {"http/1.1", NULL}, *const own[] = {"ftp-data", NULL};
    ftps_start();
    ftps_login("all");
    ftps_client(TLS1_3_VERSION, web);
    assert_int_equal(ftps_begin("RETR file", false), CO_ETLS);
    assert_int_equal(ftp_reply(), 425);
    ftps_client(TLS1_3_VERSION, own);
    assert_int_equal(ftps_fetch("RETR file", false), 226);
}

/* The session stays live while a handshake does not come to an end, and then that is cut. */
static void commands_are_answered_while_hands_are_shaken(void **unused)
{
    (void)unused;
    ftp.options.data_timeout_ms = 5000;
    ftps_start();
    ftps_login("all");
    int64_t start = co_now_ns();
    ftp_epsv();
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_do("NOOP"), 200);
    assert_int_equal(ftp_do("STAT"), 211);
    assert_int_equal(ftp_reply(), 425);
    assert_in_range((co_now_ns() - start) / CO_MS, 4900, 7000);
    ftp_epsv();
    assert_int_equal(ftp_do("RETR file"), 150);
    assert_int_equal(ftp_do("ABOR"), 426);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftps_fetch("RETR file", true), 226);
}

static void abor_ends_an_encrypted_transfer_and_the_session_goes_on(void **unused)
{
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(ftps_begin("RETR large", true), 0);
        assert_int_equal(ftp_do("ABOR"), 426);
        assert_int_equal(ftp_reply(), 226);
        assert_true(ftps_receive() < 0); /* it does not seem whole */
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        ftp_hang_up();
    }
}

/* ---- the end of data ------------------------------------------------------------------------ */

/* Ends TCP beneath TLS, as anybody on the way can. */
static void cut_data(void)
{
    const struct co_tls_layer *layer = ftp.data->layer;
    assert_int_equal(layer->under->shutdown(ftp.data), 0);
}

static void f08_an_upload_without_farewell_is_not_taken_for_whole(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftps_begin("STOR new", true), 0);
    assert_int_equal(co_write(ftp.data, "0123", 4), 0);
    cut_data();
    assert_int_equal(ftp_reply(), 426);
    assert_non_null(strstr(ftp.reply, "close_notify"));
    assert_int_equal(ftp.heard.error, CO_ETRUNCATED);
    assert_null(ftp_content("new"));
    assert_int_equal(ftp_do("SIZE new"), 213); /* what came is kept, as of any upload */
    assert_string_equal(ftp.reply, "213 4\r\n");
    assert_int_equal(ftp_do("REST 4"), 350);
    assert_int_equal(ftps_store("STOR new", "567"), 226);
    assert_string_equal(ftp_content("new"), "0123567");
}

static void downloads_and_listings_end_with_a_farewell(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftps_begin("RETR file", true), 0);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftps_begin("LIST", true), 0);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_int_equal(ftps_begin("RETR empty/../sub/inner", true), 0);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
}

static void a_refused_upload_ends_with_a_farewell_and_not_with_a_reset(void **unused)
{
    (void)unused;
    ftp.options.upload_bytes_max = 3;
    ftps_start();
    ftps_login("all");
    assert_int_equal(ftps_begin("STOR new", true), 0);
    assert_int_equal(co_write(ftp.data, "0123", 4), 0);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 552);
    assert_null(ftp_content("new"));
}

static void the_clients_farewell_is_not_missed_after_a_download(void **unused)
{
    (void)unused;
    ftps_start();
    ftps_login("all");
    int64_t start = co_now_ns();
    assert_int_equal(ftps_begin("RETR file", true), 0);
    assert_int_equal(ftp_reply(), 226); /* before the client has said anything */
    assert_in_range((co_now_ns() - start) / CO_MS, 0, 1000);
    assert_int_equal(ftps_begin("RETR file", true), 0);
    cut_data();
    assert_int_equal(ftp_reply(), 226);
}

/* ---- whose data connection it is ------------------------------------------------------------ */

static void f07_a_data_connection_must_resume_where_that_is_required(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_int_equal(ftps_store("STOR new", "x"), 226); /* by what the last one brought */
        remembered.deaf = true;
        assert_int_equal(ftps_begin("STOR other", false), 0);
        assert_int_equal(ftp_reply(), 522);
        assert_null(ftp_content("other"));
        assert_int_equal(ftps_fetch("RETR file", false), 522);
        assert_int_equal(ftp.got_size, 0);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        remembered.deaf = false;
        ftp_hang_up();
    }
}

/* As clients do that use each ticket once (RFC 8446 C.4): what was offered is not kept. */
static int store_once(void)
{
    assert_non_null(remembered.session);
    assert_int_equal(ftps_begin("STOR new", true), 0);
    if (SSL_SESSION_get_protocol_version(remembered.session) == TLS1_3_VERSION)
        forget_all();
    ftp_give("x");
    return ftp_reply();
}

static void who_uses_each_ticket_once_has_one_for_each_transfer(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        for (int uploads = 0; uploads < 200; uploads++)
            assert_int_equal(store_once(), 226);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_int_equal(store_once(), 226);
        ftp_epsv(); /* nor is one lost by a handshake that comes to nothing */
        assert_int_equal(ftp_do("STOR other"), 150);
        if (versions[i] == TLS1_3_VERSION)
            forget_all();
        ftp_give("in clear");
        assert_int_equal(ftp_reply(), 425);
        assert_int_equal(store_once(), 226);
        ftp_hang_up();
    }
}

/* As clients do that connect to the address in a 227. */
static void who_asks_for_no_name_resumes_too(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        ftp_epsv();
        assert_int_equal(ftp_do("RETR file"), 150);
        remembered.offer = true;
        assert_int_equal(co_tls_connect(ftp.data, ftps.client, "127.0.0.1"), 0);
        assert_int_equal(ftps_receive(), 0);
        assert_int_equal(ftp_reply(), 226);
        ftp_hang_up();
    }
}

static void other_certificates_change_nothing_for_sessions_under_way(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        struct identity other = identity_new("DNS:localhost", 86400);
        const struct co_tls_certificate certificate = certificate_of(&other);
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(co_tls_renew(ftps.server, &certificate, 1), 0);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        assert_int_equal(ftps_store("STOR new", "x"), 226);
        ftp_hang_up();
    }
}

/* Two certificates of the server's: the first is of no name that is asked for. */
static void renew_twofold(void)
{
    struct identity first = identity_new("DNS:first", 86400);
    struct identity second = identity_new("DNS:localhost", 86400);
    const struct co_tls_certificate both[] = {certificate_of(&first), certificate_of(&second)};
    assert_int_equal(co_tls_renew(ftps.server, both, CO_LENGTH(both)), 0);
}

static X509 *certificate_shown_on(const co_stream *stream)
{
    X509 *shown = SSL_get1_peer_certificate(co_tls_layer_of(stream)->ssl);
    assert_non_null(shown);
    return shown;
}

/* However sessions are resumed: who begins anew on a data connection, and asks for no name there.
 */
static void both_connections_show_one_certificate(void **unused)
{
    static const enum co_ftp_reuse uses[] = {CO_FTP_REUSE_PREFER, CO_FTP_REUSE_OFF};
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(uses) * CO_LENGTH(versions); i++) {
        ftp.server->options.tls_reuse = uses[i % CO_LENGTH(uses)];
        renew_twofold();
        ftps_client(versions[i / CO_LENGTH(uses)], NULL);
        ftps_login("all");
        renew_twofold();
        ftp_epsv();
        assert_int_equal(ftp_do("RETR file"), 150);
        remembered.offer = false;
        assert_int_equal(co_tls_connect(ftp.data, ftps.client, "127.0.0.1"), 0);
        X509 *control = certificate_shown_on(ftp.control), *data = certificate_shown_on(ftp.data);
        assert_int_equal(X509_check_host(control, "localhost", 0, 0, NULL), 1);
        assert_int_equal(X509_cmp(control, data), 0);
        X509_free(control);
        X509_free(data);
        assert_int_equal(ftps_receive(), 0);
        assert_int_equal(ftp_reply(), 226);
        ftp_hang_up();
    }
}

/* However old the session is: its control connection vouches for it. */
static void a_session_lasts_as_long_as_its_control_connection(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftp.options.idle_timeout_ms = 24 * 3600 * 1000;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(SSL_SESSION_get_ticket_lifetime_hint(remembered.session), 7 * 86400);
        co_sleep(5 * 3600 * 1000);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        co_sleep(5 * 3600 * 1000);
        assert_int_equal(ftps_store("STOR new", "x"), 226);
        ftp_hang_up();
    }
}

/* Who has come with nothing gets nothing that would do the next time. */
static void f02_a_strangers_session_does_not_become_the_clients(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(ftps_fetch("RETR file", false), 522);
        assert_int_equal(ftps_fetch("RETR file", true), 522);
        ftp_hang_up();
    }
}

static void f02_the_session_of_another_control_connection_does_not_do(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        co_stream *other = ftp.control;
        ftp.control = NULL;
        SSL_SESSION *theirs = remembered.session;
        remembered.session = NULL;
        ftps_login("all");
        SSL_SESSION_free(remembered.session);
        remembered.session = theirs;
        assert_int_equal(ftps_fetch("RETR file", true), 522);
        co_abort(other);
        ftp_hang_up();
    }
}

/* RFC 5246: by the session's number, which curl has of TLS 1.2 alone. */
static void f07_clients_without_tickets_resume_too(void **unused)
{
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftps_start();
    ftps_client(TLS1_2_VERSION, NULL);
    SSL_CTX_set_options(ftps.client->set->contexts[0], SSL_OP_NO_TICKET);
    ftps_login("all");
    assert_int_equal(ftps_fetch("RETR file", true), 226);
    assert_int_equal(ftps_begin("RETR large", true), 0);
    assert_int_equal(ftp_do("ABOR"), 426);
    assert_int_equal(ftp_reply(), 226);
    remembered.deaf = true;
    assert_int_equal(ftps_fetch("RETR file", false), 522);
}

static void who_cannot_resume_is_let_in_by_default(void **unused)
{
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(versions); i++) {
        ftps_client(versions[i], NULL);
        ftps_login("all");
        assert_int_equal(ftps_fetch("RETR file", false), 226);
        assert_int_equal(ftps_fetch("RETR file", true), 226);
        ftp_hang_up();
    }
}

static void any_session_does_where_nobody_looks(void **unused)
{
    (void)unused;
    struct co_tls_info info;
    ftp.options.tls_reuse = CO_FTP_REUSE_OFF;
    ftps_start();
    ftps_login("all");
    co_stream *other = ftp.control;
    ftp.control = NULL;
    remembered.deaf = true;
    ftps_login("all");
    assert_int_equal(ftps_begin("RETR file", true), 0);
    assert_int_equal(co_tls_info(ftp.data, &info), 0);
    assert_true(info.resumed);
    assert_int_equal(ftps_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    co_abort(other);
}

/* Peers that are gone in the midst of either handshake (attacks F22). */
static void f22_handshakes_of_peers_that_are_gone_leave_nothing(void **unused)
{
    (void)unused;
    ftps_start();
    ftp_open();
    assert_int_equal(ftp_do("AUTH TLS"), 234);
    co_write(ftp.control, "\x16\x03\x01\x02", 4);
    ftp_hang_up();
    assert_int_equal(co_connect(&ftp.control, co_listener_address(ftps.listener)), 0);
    co_write(ftp.control, "\x16\x03", 2);
    co_shutdown_write(ftp.control);
    assert_true(ftp_reply() <= 0);
    ftp_hang_up();
    ftps_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("RETR file"), 150);
    co_write(ftp.data, "\x16\x03\x01\x02", 4);
    ftp_data_end();
    assert_int_equal(ftp_reply(), 425);
    assert_int_equal(ftp_do("NOOP"), 200);
    assert_int_equal(ftps_begin("RETR large", true), 0);
    ftp_hang_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTPS_TEST(everything_is_encrypted_that_goes_over_a_data_connection),
        FTPS_TEST(the_server_shakes_hands_as_one_where_it_connects),
        FTPS_TEST(prot_c_leaves_data_in_clear),
        FTPS_TEST(where_tls_is_required_data_is_encrypted_or_does_not_go),
        FTPS_TEST(clear_text_on_an_encrypted_data_connection_is_425),
        FTPS_TEST(f10_other_protocols_are_refused_on_data_connections),
        FTPS_TEST(commands_are_answered_while_hands_are_shaken),
        FTPS_TEST(abor_ends_an_encrypted_transfer_and_the_session_goes_on),
        FTPS_TEST(f08_an_upload_without_farewell_is_not_taken_for_whole),
        FTPS_TEST(downloads_and_listings_end_with_a_farewell),
        FTPS_TEST(a_refused_upload_ends_with_a_farewell_and_not_with_a_reset),
        FTPS_TEST(the_clients_farewell_is_not_missed_after_a_download),
        FTPS_TEST(f07_a_data_connection_must_resume_where_that_is_required),
        FTPS_TEST(who_uses_each_ticket_once_has_one_for_each_transfer),
        FTPS_TEST(who_asks_for_no_name_resumes_too),
        FTPS_TEST(other_certificates_change_nothing_for_sessions_under_way),
        FTPS_TEST(both_connections_show_one_certificate),
        FTPS_TEST(a_session_lasts_as_long_as_its_control_connection),
        FTPS_TEST(f02_a_strangers_session_does_not_become_the_clients),
        FTPS_TEST(f02_the_session_of_another_control_connection_does_not_do),
        FTPS_TEST(f07_clients_without_tickets_resume_too),
        FTPS_TEST(who_cannot_resume_is_let_in_by_default),
        FTPS_TEST(any_session_does_where_nobody_looks),
        FTPS_TEST(f22_handshakes_of_peers_that_are_gone_leave_nothing),
    };
    return run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
/* ftp_rig.h's server with a certificate, and its client with TLS on either connection. */
#ifndef CO_TEST_FTPS_RIG_H
#define CO_TEST_FTPS_RIG_H

#include "ftp_rig.h"
#include "remembered.h"
#include "tls_rig.h"

static struct {
    co_tls *server, *client;
    co_listener *listener; /* for implicit TLS */
    co_group group;
} ftps;

/* A client of its own kind: TLS1_2_VERSION or TLS1_3_VERSION, and what it offers by ALPN. */
static inline void ftps_client(int version, const char *const *alpn)
{
    co_tls_free(ftps.client);
    assert_int_equal(
        co_tls_client(&ftps.client, &(struct co_tls_options){.insecure = true, .alpn = alpn}), 0);
    remember_by(ftps.client, version);
}

/* ---- the server's side ---------------------------------------------------------------------- */

static inline int ftps_serve(void *arg)
{
    (void)arg;
    return co_ftps_serve_listener(ftp.server, ftps.listener);
}

/* Serves the folder with ftp.options, by both kinds of TLS. */
static inline void ftps_start(void)
{
    static struct identity identity; /* for every test */
    if (!*identity.chain)
        identity = identity_new("DNS:localhost", 86400);
    const struct co_tls_certificate certificate = certificate_of(&identity);
    assert_int_equal(
        co_tls_server(&ftps.server,
            &(struct co_tls_options){.certificates = &certificate, .certificate_count = 1}),
        0);
    ftps_client(TLS1_3_VERSION, NULL);
    ftp.options.tls = ftps.server;
    ftp_start();
    assert_int_equal(co_listen(&ftps.listener, "127.0.0.1:0", NULL), 0);
    co_group_open(&ftps.group, NULL);
    co_go(&ftps.group, ftps_serve, NULL);
}

/* ---- the client's side ---------------------------------------------------------------------- */

static inline int ftps_shake(co_stream *stream, bool offer)
{
    remembered.offer = offer;
    return co_tls_connect(stream, ftps.client, "localhost");
}

/* On an open connection. */
static inline void ftps_auth(void)
{
    assert_int_equal(ftp_do("AUTH TLS"), 234);
    assert_int_equal(ftps_shake(ftp.control, false), 0);
}

static inline void ftps_protect(void)
{
    assert_int_equal(ftp_do("PBSZ 0"), 200);
    assert_int_equal(ftp_do("PROT P"), 200);
}

/* As ftp_login, all of it encrypted. */
static inline void ftps_login(const char *user)
{
    char line[64];
    ftp_open();
    ftps_auth();
    ftps_protect();
    snprintf(line, sizeof line, "USER %s", user);
    assert_int_equal(ftp_do(line), 331);
    assert_int_equal(ftp_do("PASS pw"), 230);
    assert_int_equal(ftp_do("TYPE I"), 200);
}

static inline void ftps_open_implicit(void)
{
    assert_int_equal(co_connect(&ftp.control, co_listener_address(ftps.listener)), 0);
    assert_int_equal(ftps_shake(ftp.control, false), 0);
    assert_int_equal(ftp_reply(), 220);
}

/* Begins a transfer over EPSV; what the data connection's handshake comes to. */
static inline int ftps_begin(const char *line, bool offer)
{
    ftp_epsv();
    assert_int_equal(ftp_do(line), 150);
    return ftps_shake(ftp.data, offer);
}

/* Reads the data connection to its end, and answers the server's farewell. How it ended. */
static inline int ftps_receive(void)
{
    ssize_t n;
    ftp.got_size = 0;
    while ((n = co_read(ftp.data, ftp.got + ftp.got_size, FTP_TEXT_MAX - 1 - ftp.got_size)) > 0)
        ftp.got_size += (size_t)n;
    ftp.got[ftp.got_size] = '\0';
    int rc = co_close(ftp.data);
    ftp.data = NULL;
    return n < 0 ? (int)n : rc;
}

/* A whole download or listing; the final reply's code. */
static inline int ftps_fetch(const char *line, bool offer)
{
    if (ftps_begin(line, offer) == 0)
        ftps_receive();
    return ftp_reply();
}

static inline int ftps_store(const char *line, const char *text)
{
    assert_int_equal(ftps_begin(line, true), 0);
    ftp_give(text);
    return ftp_reply();
}

/* ---- before and after ----------------------------------------------------------------------- */

static inline int ftps_setup(void **state)
{
    memset(&ftps, 0, sizeof ftps);
    return ftp_setup(state);
}

static inline int ftps_teardown(void **state)
{
    ftp_hang_up();
    if (ftps.listener) {
        co_group_drain(&ftps.group);
        assert_int_equal(co_group_close(&ftps.group), 0);
        co_listener_close(ftps.listener);
    }
    int rc = ftp_teardown(state);
    forget_all();
    co_tls_free(ftps.client);
    co_tls_free(ftps.server);
    return rc;
}

#define FTPS_TEST(name) cmocka_unit_test_setup_teardown(name, ftps_setup, ftps_teardown)

#endif

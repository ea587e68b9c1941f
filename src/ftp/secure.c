/* SPDX-License-Identifier: MIT */
/*
 * FTP over TLS (RFC 4217, RFC 2228): AUTH, PBSZ, PROT, and the handshakes of both connections.
 *
 * Explicit: AUTH TLS begins TLS in the middle of a session, of which nothing said in clear is left
 * (attacks F04). Implicit: the connection begins with it, and data is encrypted unless PROT says
 * otherwise. A data connection that resumes the control connection's session is the same client's
 * (F02, F07).
 */
#include "ftp/session.h"
#include "tls/terms.h"

#include <errno.h>

#define CHOICE_IS(text) co_text_equal_nocase(command->argument, CO_TEXT(text))

bool co_ftp_is_secure(const struct co_ftp_session *session)
{
    return co_tls_is_on(session->control);
}

/* ---- handshakes ----------------------------------------------------------------------------- */

int co_ftp_secure_control(struct co_ftp_session *session)
{
    static const char *const alpn[] = {"ftp", NULL}; /* ALPACA (attacks F10) */
    const struct co_ftp_options *options = &session->server->options;
    const struct co_tls_terms terms = {
        .alpn = alpn,
        .is_parent = options->tls_reuse != CO_FTP_REUSE_OFF,
        .is_earlier = true,
        .begun = session->implicit,
    };
    co_scope scope;
    co_scope_open(&scope, options->login_timeout_ms);
    int rc = co_tls_accept_on(session->control, options->tls, &terms);
    int ended = co_scope_close(&scope);
    return rc < 0 ? rc : ended;
}

/* The server's part also where we have connected (RFC 4217 7). */
int co_ftp_secure_data(struct co_ftp_session *session, co_stream *data)
{
    static const char *const alpn[] = {"ftp-data", "ftp", NULL};
    const struct co_ftp_options *options = &session->server->options;
    const struct co_tls_terms terms = {
        .alpn = alpn,
        .parent = options->tls_reuse == CO_FTP_REUSE_OFF ? NULL : session->control,
        .earlier = session->control,
        .no_tickets = session->transfer->kind == CO_FTP_UPLOADED,
        .begun = true,
    };
    struct co_tls_info info;
    int rc = co_tls_accept_on(data, options->tls, &terms);
    if (terms.parent && (rc < 0 || terms.no_tickets))
        co_tls_offer_ticket(session->control); /* instead of the one that it has cost */
    if (rc == 0)
        rc = co_tls_info(data, &info);
    if (rc == 0 && options->tls_reuse == CO_FTP_REUSE_REQUIRE && !info.resumed)
        rc = -EKEYREJECTED;
    return rc;
}

/* ---- commands ------------------------------------------------------------------------------- */

/* RFC 4217 4, RFC 2228 3: everything begins anew, the login too. Whoever has sent something behind
 * it did so without encryption, or somebody else did: it is not obeyed (attacks F04, T04). */
static int begin_tls(struct co_ftp_session *session)
{
    if (co_stream_buffered(session->control) > 0)
        return CO_FTP_BYE;
    co_ftp_begin_anew(session);
    co_ftp_reply(session, 234, "Shake hands.");
    int rc = co_ftp_flush(session);
    return rc < 0 || co_ftp_secure_control(session) < 0 ? CO_FTP_BYE : 0;
}

int co_ftp_on_auth(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (co_ftp_is_secure(session))
        return co_ftp_reply(session, 503, "This connection is encrypted already.");
    if (!CHOICE_IS("TLS") && !CHOICE_IS("TLS-C"))
        return co_ftp_reply(session, 504, "Only AUTH TLS is known here.");
    return begin_tls(session);
}

/* RFC 4217 9: TLS needs no buffer of a size that is agreed on. */
int co_ftp_on_pbsz(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    uint64_t size;
    if (!co_ftp_is_secure(session))
        return co_ftp_reply(session, 503, "First encrypt this connection, by AUTH TLS.");
    if (co_text_number(command->argument, UINT32_MAX, &size) < 0)
        return co_ftp_reply(session, 501, "Expected a count of bytes; 0 will do.");
    session->buffer_agreed = true;
    return co_ftp_reply(session, 200, "PBSZ=0");
}

static int prot_clear(struct co_ftp_session *session)
{
    if (session->server->options.require_tls)
        return co_ftp_reply(session, 534, "Data is encrypted here; use PROT P.");
    session->data_secure = false;
    return co_ftp_reply(session, 200, "Data will go in clear.");
}

/* RFC 2228 3, RFC 4217 10 */
int co_ftp_on_prot(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    if (!session->buffer_agreed)
        return co_ftp_reply(session, 503, "First AUTH TLS, then PBSZ 0.");
    if (CHOICE_IS("C"))
        return prot_clear(session);
    if (CHOICE_IS("S") || CHOICE_IS("E"))
        return co_ftp_reply(session, 536, "TLS has no such protection; use PROT P.");
    if (!CHOICE_IS("P"))
        return co_ftp_reply(session, 504, "Protections are P, by TLS, and C, none.");
    session->data_secure = true;
    return co_ftp_reply(session, 200, "Data will be encrypted.");
}

/* Whoever goes back to clear text shows the rest of the session to everybody on the way, and has
 * them join in. */
int co_ftp_on_ccc(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    if (!co_ftp_is_secure(session))
        return co_ftp_reply(session, 533, "This connection is not encrypted.");
    return co_ftp_reply(session, 534, "Commands stay encrypted; go on as you are.");
}

bool co_ftp_may_log_in(struct co_ftp_session *session)
{
    if (!session->server->options.require_tls || co_ftp_is_secure(session))
        return true;
    co_ftp_reply(session, 530, "Passwords are taken over TLS alone; first AUTH TLS.");
    return false;
}

/* RFC 4217 11: the reply is encrypted, and then nothing is. A port that speaks TLS alone goes on
 * with it. */
int co_ftp_end_tls(struct co_ftp_session *session)
{
    co_scope scope;
    if (!co_ftp_is_secure(session) || session->implicit)
        return 0;
    int rc = co_ftp_flush(session);
    co_scope_open(&scope, session->server->options.data_timeout_ms);
    if (rc == 0)
        rc = co_tls_end(session->control);
    co_scope_close(&scope);
    return rc < 0 ? CO_FTP_BYE : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Transfers: a second fiber moves the bytes, while the session's own goes on listening (RFC
 * 959 3.2, 4.1.3).
 *
 * Commands that need no transfer of their own are answered meanwhile; the first other one waits for
 * its end. ABOR ends the transfer; so does the end of the control connection. The final reply is
 * the session's, so that nobody else ever writes to the control connection.
 */
#include "base/error.h"
#include "ftp/mode.h"
#include "runtime/fiber.h"

#include <errno.h>

#define TELNET_MIN  240 /* the lowest of its codes (RFC 854) */
#define FAREWELL_MS 250 /* for a client that ends a connection only once the 226 has come */

/* ---- the transfer's fiber ------------------------------------------------------------------- */

static uint64_t limit_of(const struct co_ftp_session *session)
{
    uint64_t all = session->server->options.limit_rate, own = session->account.rate;
    return own && (!all || own < all) ? own : all;
}

/* In the session's mode. */
static int move_bytes(struct co_ftp_job *transfer)
{
    int rc = co_ftp_packing_open(transfer);
    if (rc < 0)
        transfer->local_error = rc;
    else
        rc = transfer->move(transfer);
    if (rc == 0 && transfer->packing && transfer->kind != CO_FTP_UPLOADED)
        rc = co_ftp_packing_send_end(transfer);
    co_ftp_packing_close(transfer);
    return rc;
}

/* What was sent has arrived. Over TLS its end has been said, too; the client's answer is waited
 * for, so that it finds us there, but it is not missed. */
static int settle(struct co_ftp_job *transfer)
{
    const uint8_t *bytes;
    ssize_t n = 1;
    int rc = co_pace_settle(&transfer->pace, transfer->data);
    if (rc < 0 || !co_tls_is_on(transfer->data))
        return rc;
    co_scope scope;
    co_scope_open(&scope, FAREWELL_MS);
    rc = co_shutdown_write(transfer->data);
    while (rc == 0 && n > 0 && (n = co_peek(transfer->data, 1, &bytes)) > 0)
        co_consume(transfer->data, (size_t)n);
    co_scope_close(&scope);
    return rc;
}

/* An upload that we do not take: a reset would come before the reply that says why. */
static bool is_refused(const struct co_ftp_job *transfer)
{
    return transfer->local_error && transfer->kind == CO_FTP_UPLOADED && co_status() == 0;
}

static int move(struct co_ftp_job *transfer)
{
    struct co_ftp_session *session = transfer->session;
    if (transfer->without_data)
        return transfer->move(transfer);
    int rc = transfer->opened ? 0 : co_ftp_data_open(session, &transfer->data);
    if (rc < 0)
        return rc;
    transfer->opened = true;
    co_pace_start(&transfer->pace, session->server->options.min_rate, limit_of(session));
    rc = move_bytes(transfer);
    if (rc == 0 && transfer->kind != CO_FTP_UPLOADED)
        rc = settle(transfer);
    if (rc == 0)
        return co_close(transfer->data);
    if (is_refused(transfer))
        (void)!co_close(transfer->data);
    else
        co_abort(transfer->data);
    return rc;
}

static int transfer_fiber(void *arg)
{
    struct co_ftp_job *transfer = arg;
    transfer->result = move(transfer);
    transfer->over = true;
    if (transfer->listening)
        co_scope_cancel(transfer->listening);
    return 0;
}

int co_ftp_job_send(struct co_ftp_job *transfer, co_text bytes)
{
    const struct iovec piece = co_piece(bytes);
    int rc = transfer->packing ? co_ftp_packing_send(transfer, bytes)
                               : co_pace_writev(&transfer->pace, transfer->data, &piece, 1);
    if (rc == 0)
        transfer->bytes += bytes.size;
    return rc;
}

/* ---- the session meanwhile ------------------------------------------------------------------ */

/* Telnet's signals may stand before it (RFC 959 4.1.3). */
static bool says_abort(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= TELNET_MIN)
        at++;
    co_text line = {(const char *)at, (size_t)(end - at)};
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return co_text_equal_nocase(line, CO_TEXT("ABOR"));
}

/* Until the connection ends, there is no room for what comes, or an ABOR stands in the line, where
 * it has its reply when its turn comes. */
static int wait_for_end(struct co_ftp_job *transfer)
{
    co_stream *control = transfer->session->control;
    const uint8_t *bytes = NULL, *end;
    size_t start = 0, seen = 0;
    ssize_t n = co_stream_buffered(control) > 0 ? co_peek(control, 1, &bytes) : 0;
    while (n >= 0) {
        while (n > 0 && (end = memchr(bytes + seen, '\n', (size_t)n - seen))) {
            if (says_abort(bytes + start, end)) {
                transfer->abort_waits = transfer->aborted = true;
                co_group_cancel(transfer->group);
                return 0;
            }
            start = seen = (size_t)(end - bytes) + 1;
        }
        seen = (size_t)n;
        n = co_peek_more(control, &bytes);
        if (n == 0)
            return CO_EEOF;
    }
    return (int)n;
}

/* The next command, or, without `ret`, the connection's end; CO_ECANCELED when the transfer has
 * ended. */
static int listen_for(struct co_ftp_job *transfer, struct co_ftp_command *ret)
{
    co_scope scope;
    co_scope_open(&scope, -1);
    transfer->listening = &scope;
    int rc = ret ? co_ftp_line_wait(transfer->session, ret) : wait_for_end(transfer);
    transfer->listening = NULL;
    co_scope_close(&scope);
    return rc;
}

/* Answers what may be answered at once, until the transfer is over. The first other command waits
 * in its line, and all behind it; but neither an ABOR nor the connection's end is overlooked. 0,
 * CO_FTP_BYE after QUIT, or negative when the connection is at its end. */
static int attend(struct co_ftp_job *transfer)
{
    struct co_ftp_session *session = transfer->session;
    bool one_waits = false;
    int rc = 0;
    co_fiber_pause(co_rt_current()); /* a short one is over in its first turn: */
    if (!transfer->over)             /* then one packet has both of its replies */
        rc = co_ftp_flush(session);
    while (rc == 0 && !transfer->over && !transfer->aborted) {
        struct co_ftp_command command;
        rc = listen_for(transfer, one_waits ? NULL : &command);
        if (transfer->over || transfer->aborted || (one_waits && rc == CO_ETOOBIG))
            return 0;
        if (rc < 0 && rc != CO_EINVALID && rc != -EILSEQ && rc != CO_ETOOBIG)
            return rc;
        one_waits = rc < 0 || !co_ftp_rule_of(command.verb)->at_once;
        rc = one_waits ? 0 : co_ftp_line_obey(session);
        if (!transfer->aborted) /* which has ended the group, this fiber's scope */
            co_ftp_flush(session);
    }
    return rc;
}

/* The group is this fiber's scope too: nothing may be waited for until it is closed. RFC 959 4.1.3:
 * 426 for the transfer, then 226 for the ABOR itself. */
int co_ftp_on_abor(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    (void)command;
    if (session->transfer) {
        session->transfer->aborted = true;
        co_group_cancel(session->transfer->group);
        return 0;
    }
    co_ftp_data_forget(session);
    return co_ftp_reply(session, 226, "Nothing was under way.");
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int run(struct co_ftp_job *transfer)
{
    const struct co_go_options go = {.name = "transfer"};
    co_group group;
    if (co_ftp_prompt(transfer))
        return 0;
    co_group_open(&group, NULL);
    transfer->group = &group;
    transfer->session->transfer = transfer;
    co_go_with(&group, &go, transfer_fiber, transfer);
    int rc = attend(transfer);
    if (rc < 0)
        co_group_cancel(&group);
    int joined = co_group_close(&group);
    transfer->session->transfer = NULL;
    if (transfer->over)
        return rc;
    transfer->result = joined < 0 ? joined : -ENOMEM; /* it could not even be started */
    return 0;
}

int co_ftp_job_attend(struct co_ftp_session *session, struct co_ftp_job *transfer)
{
    transfer->session = session;
    transfer->without_data = true;
    return run(transfer);
}

int co_ftp_job_reply_failure(struct co_ftp_session *session, const struct co_ftp_job *transfer)
{
    int rc = transfer->result;
    if (transfer->aborted)
        return co_ftp_reply(session, 426, "The transfer was aborted.");
    if (transfer->local_error)
        return co_ftp_reply_error(session, transfer->local_error);
    if (!transfer->opened && rc == -EKEYREJECTED)
        return co_ftp_reply(
            session, 522, "Data connections must resume the TLS session of this one.");
    if (!transfer->opened && rc == CO_ETLS)
        return co_ftp_reply(session, 425, "There is no TLS on the data connection.");
    if (!transfer->opened)
        return co_ftp_reply(
            session, 425, "The data connection did not come about (%s).", co_error_sentence(rc));
    if (rc == CO_ETOOSLOW)
        return co_ftp_reply(session, 426, "The data moved too slowly; the connection was closed.");
    if (rc == CO_ETRUNCATED) /* anybody on the way can end TCP (attacks F08) */
        return co_ftp_reply(
            session, 426, "The data ended without close_notify, so it may have been cut.");
    return co_ftp_reply(session, 426, "The data connection broke (%s).", co_error_sentence(rc));
}

static void tell(struct co_ftp_session *session, const struct co_ftp_job *transfer)
{
    if (!session->server->options.event)
        return;
    int64_t took = co_now_ns() - transfer->start_ns;
    co_ftp_tell(
        session, &(struct co_ftp_event){
                     .kind = transfer->kind,
                     .command = co_text_of(transfer->command),
                     .path = transfer->path,
                     .bytes = transfer->bytes,
                     .ascii = session->ascii,
                     .start_seconds = co_wall_seconds() - took / CO_SECOND,
                     .duration_ns = took,
                     .error = transfer->local_error ? transfer->local_error : transfer->result,
                 });
}

/* RFC 959 4.1.3: an ABOR has a reply of its own, even when it came too late. */
void co_ftp_job_reply_abort(struct co_ftp_session *session, const struct co_ftp_job *transfer)
{
    if (transfer->aborted && !transfer->abort_waits)
        co_ftp_reply(session, 226, "%s",
            transfer->result == 0 ? "It was complete already." : "Aborted as you asked.");
}

static void reply_done(struct co_ftp_session *session, const struct co_ftp_job *transfer)
{
    char room[48];
    struct co_buf text = {.at = room, .room = sizeof room, .size_max = sizeof room};
    co_buf_add_string(&text, "Done, ");
    co_buf_add_number(&text, transfer->bytes);
    co_buf_add_string(&text, " bytes.");
    co_ftp_reply_text(session, 226, co_buf_text(&text));
}

static void finish(struct co_ftp_session *session, const struct co_ftp_job *transfer)
{
    if (transfer->result == 0)
        reply_done(session, transfer);
    else
        co_ftp_job_reply_failure(session, transfer);
    tell(session, transfer);
    co_ftp_job_reply_abort(session, transfer);
}

int co_ftp_job_run(struct co_ftp_session *session, struct co_ftp_job *transfer)
{
    transfer->session = session;
    transfer->result = -ENOTCONN;
    if (!co_ftp_data_is_prepared(session))
        return 0;
    transfer->start_ns = co_now_ns();
    session->begun = true;
    co_text opening = session->ascii ? CO_TEXT("Opening the data connection, type A.")
                                     : CO_TEXT("Opening the data connection, type I.");
    co_ftp_reply_text(session, 150, transfer->opening ? co_text_of(transfer->opening) : opening);
    int rc = run(transfer);
    finish(session, transfer);
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * One control connection: a greeting, then commands and replies in order (RFC 959 5.4).
 *
 * The session is kept in the stream's slot and parks between commands. A fiber obeys all commands
 * that have arrived together; their replies gather in the stream's cork and leave before it waits
 * again.
 */
#include "ftp/session.h"

#include "coronet/net.h"
#include "runtime/fiber.h"

#include <errno.h>
#include <stdlib.h>

#define FOLDER_MAX     (CO_TREE_PATH_MAX + 1)
#define LINE_BYTES_MAX (4 * CO_FTP_LINE_MAX) /* with Telnet's own */
#define TLS_HANDSHAKE  0x16 /* the first byte of a record with a hello (RFC 8446 5.1) */
#define LINE_KEPT      128  /* bytes of the line's buffer that an idle session keeps */

/* ---- a session's life ----------------------------------------------------------------------- */

static void session_free(void *slot)
{
    struct co_ftp_session *session = slot;
    co_ftp_logout(session);
    co_ftp_data_forget(session);
    co_buf_free(&session->line);
    co_buf_free(&session->folder);
    if (session->is_alone) {
        co_ftp_shard_clear(session->shard);
        free(session->shard);
    }
    free(session);
}

static struct co_ftp_session *session_new(struct co_ftp_shard *shard, co_stream *control)
{
    struct co_ftp_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->server = shard->server;
    session->shard = shard;
    session->control = control;
    session->line = CO_BUF(CO_FTP_LINE_MAX);
    session->folder = CO_BUF(FOLDER_MAX);
    co_ftp_begin_anew(session);
    session->start_ns = co_now_ns();
    *co_stream_slot(control) = session;
    control->free_slot = session_free;
    return session;
}

static int greet(struct co_ftp_session *session)
{
    /* Telnet's Synch travels as urgent data: in line, it reads as what it means (RFC 959 4.1). */
    co_option_set(session->control, "oobinline", 1);
    co_cork(session->control);
    co_ftp_reply_text(session, 220, CO_TEXT("Coronet FTP server ready."));
    return co_ftp_flush(session);
}

/* ---- command lines -------------------------------------------------------------------------- */

static bool line_is_whole(const struct co_buf *line)
{
    return line->size > 0 && line->at[line->size - 1] == '\n';
}

/* A whole line's text, without its end. */
static co_text line_text(const struct co_buf *line)
{
    size_t size = line->size - 1;
    if (size > 0 && line->at[size - 1] == '\r')
        size--;
    return (co_text){line->at, size};
}

/* Moves bytes, up to a line feed, from the stream into the session's line, without Telnet's;
 * refuses the options that a Telnet client offers. */
static int line_take(struct co_ftp_session *session, const uint8_t *bytes, size_t size)
{
    struct co_buf *line = &session->line;
    struct co_buf answers = CO_BUF(CO_FTP_LINE_MAX);
    const uint8_t *end = memchr(bytes, '\n', size);
    if (end)
        size = (size_t)(end - bytes) + 1;
    char *room = co_buf_reserve(line, size);
    if (!room)
        return line->error;
    memcpy(room, bytes, size);
    co_consume(session->control, size);
    bool begins = line->size == 0;
    session->line_bytes += (unsigned)size;
    line->size += co_telnet_strip(&session->telnet, room, size, &answers);
    if (begins && session->tree && line->size > 0)
        session->start_ns = co_now_ns();
    int rc = answers.size ? co_write(session->control, answers.at, answers.size) : 0;
    co_buf_free(&answers);
    return rc;
}

/* Takes what has arrived of a line. 1: it is whole; 0: more must come; CO_ETOOBIG, -ENOMEM. */
static int line_gather(struct co_ftp_session *session)
{
    while (!line_is_whole(&session->line)) {
        const uint8_t *bytes;
        size_t room = CO_FTP_LINE_MAX - session->line.size;
        ssize_t n = co_peek(session->control, 0, &bytes);
        if (n <= 0)
            return (int)n;
        if (room == 0 || session->line_bytes > LINE_BYTES_MAX)
            return CO_ETOOBIG;
        int rc = line_take(session, bytes, (size_t)n < room ? (size_t)n : room);
        if (rc < 0)
            return rc;
    }
    return 1;
}

int co_ftp_line_wait(struct co_ftp_session *session, struct co_ftp_command *ret)
{
    const uint8_t *bytes;
    int rc;
    while ((rc = line_gather(session)) == 0) {
        ssize_t n = co_peek(session->control, 1, &bytes);
        if (n <= 0)
            return n == 0 ? CO_EEOF : (int)n;
    }
    return rc < 0 ? rc : co_ftp_command_parse(line_text(&session->line), ret);
}

/* ---- obeying -------------------------------------------------------------------------------- */

static int line_obey(struct co_ftp_session *session, co_text line)
{
    struct co_ftp_command command;
    int rc = co_ftp_command_parse(line, &command);
    if (rc == 0 && command.verb != CO_FTP_UNKNOWN)
        return co_ftp_obey(session, &command);
    return co_ftp_is_other_protocol(line) ? CO_FTP_BYE : co_ftp_strange(session, rc);
}

/* While the command is obeyed, the session's line is free for the next one. */
int co_ftp_line_obey(struct co_ftp_session *session)
{
    struct co_buf line = session->line;
    session->line = CO_BUF(CO_FTP_LINE_MAX);
    session->line_bytes = 0;
    int rc = line_obey(session, line_text(&line));
    if (line.room <= LINE_KEPT && session->line.room == 0) {
        co_buf_clear(&line);
        session->line = line;
    } else {
        co_buf_free(&line);
    }
    return rc;
}

/* A command out of what has arrived. 1: obeyed; 0: none is whole; CO_FTP_BYE; negative. */
static int serve_one(struct co_ftp_session *session)
{
    int rc = line_gather(session);
    if (rc == CO_ETOOBIG) { /* nothing after it can be trusted to be a command (attacks F11) */
        co_ftp_reply(session, 500, "A line may have %d bytes; goodbye.", CO_FTP_LINE_MAX);
        return CO_FTP_BYE;
    }
    if (rc == 0 && !session->tree && co_ftp_is_other_protocol(co_buf_text(&session->line)))
        return CO_FTP_BYE; /* a TLS hello has no line's end */
    if (rc <= 0)
        return rc;
    rc = co_ftp_line_obey(session);
    return session->failed ? session->failed : rc == 0 ? 1 : rc;
}

static int say_goodbye(struct co_ftp_session *session, int why)
{
    return co_ftp_reply(session, 421, "%s; goodbye.",
        why == CO_EDEADLINE ? "Nothing was asked for too long" : "The server is shutting down");
}

static bool is_drained(void)
{
    return co_fiber_refusal(co_rt_current(), true) == CO_EDRAIN;
}

/* Serves what has arrived. */
static int serve_batch(struct co_ftp_session *session)
{
    int rc = 1;
    while (rc == 1 && !is_drained())
        rc = serve_one(session);
    if (rc == 1)
        return say_goodbye(session, CO_EDRAIN);
    if (rc == 0)
        rc = co_ftp_flush(session);
    return rc == 0 ? CO_PARK : rc == CO_FTP_BYE || rc == CO_EEOF ? 0 : rc;
}

/* Whoever does not log in may not stay by sending NOOP now and then, nor anybody by sending a
 * command byte by byte. */
static int64_t patience_ms(const struct co_ftp_session *session)
{
    const struct co_ftp_options *options = &session->server->options;
    if (session->tree && session->line.size == 0)
        return options->idle_timeout_ms;
    int64_t all = session->tree ? options->command_timeout_ms : options->login_timeout_ms;
    int64_t left = all - (co_now_ns() - session->start_ns) / CO_MS;
    return left > 0 ? left : 0;
}

/* What has come may be part of a record, or of the peer's refusal to read: the rest is not waited
 * for without end (attacks F11). As co_peek. */
static ssize_t await_input(struct co_ftp_session *session)
{
    const uint8_t *bytes;
    co_scope scope;
    if (co_stream_buffered(session->control) > 0)
        return co_peek(session->control, 1, &bytes);
    co_scope_open(&scope, patience_ms(session));
    ssize_t n = co_peek(session->control, 1, &bytes);
    co_scope_close(&scope);
    return n;
}

static int session_go_on(struct co_ftp_session *session)
{
    int why = co_park_result(session->control);
    if (why < 0)
        return say_goodbye(session, why);
    ssize_t n = await_input(session);
    if (n == CO_EDEADLINE)
        return say_goodbye(session, CO_EDEADLINE);
    if (n <= 0)
        return 0; /* it has gone without a QUIT */
    co_cork(session->control);
    return serve_batch(session);
}

static int session_begin(struct co_ftp_session *session)
{
    int rc = session ? greet(session) : -ENOMEM;
    return rc < 0 ? rc : CO_PARK;
}

static int parked(co_stream *control, int rc)
{
    if (rc == CO_PARK)
        co_park_deadline(control, patience_ms(*co_stream_slot(control)));
    return rc;
}

int co_ftp_clear_session(co_stream *control, void *shard)
{
    struct co_ftp_session *session = *co_stream_slot(control);
    return parked(
        control, session ? session_go_on(session) : session_begin(session_new(shard, control)));
}

/* ---- alone ---------------------------------------------------------------------------------- */

/* A session with a shard of its own, which goes with it. NULL: no memory. */
static struct co_ftp_session *session_alone(co_ftp_server *server, co_stream *control)
{
    struct co_ftp_shard *shard = malloc(sizeof *shard);
    if (!shard || co_ftp_shard_init(shard, server) < 0) {
        free(shard);
        return NULL;
    }
    struct co_ftp_session *session = session_new(shard, control);
    if (session) {
        session->is_alone = true;
    } else {
        co_ftp_shard_clear(shard);
        free(shard);
    }
    return session;
}

int co_ftp_session(co_stream *control, void *server)
{
    struct co_ftp_session *session = *co_stream_slot(control);
    return parked(
        control, session ? session_go_on(session) : session_begin(session_alone(server, control)));
}

/* ---- TLS from the first byte ---------------------------------------------------------------- */

/* Whoever says nothing yet is parked; who does not shake hands is told nothing but by an alert
 * (attacks T04). */
static int secure_session_begin(struct co_ftp_session *session)
{
    const uint8_t *bytes;
    co_stream *control = session->control;
    if (co_park_result(control) < 0 || co_peek(control, 1, &bytes) <= 0)
        return 0;
    if (bytes[0] != TLS_HANDSHAKE)
        return 0;
    int rc = co_ftp_secure_control(session);
    if (rc == 0)
        rc = greet(session);
    return rc < 0 ? 0 : CO_PARK;
}

int co_ftp_secure_session(co_stream *control, void *shard)
{
    struct co_ftp_session *session = *co_stream_slot(control);
    if (co_tls_is_on(control))
        return co_ftp_clear_session(control, shard);
    if (session)
        return parked(control, secure_session_begin(session));
    session = session_new(shard, control);
    if (!session)
        return -ENOMEM;
    session->implicit = session->data_secure = true;
    bool silent = co_stream_buffered(control) == 0 && !co_stream_at_end(control);
    return parked(control, silent ? CO_PARK : secure_session_begin(session));
}

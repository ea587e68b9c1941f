/* SPDX-License-Identifier: MIT */
/*
 * The client's conversation: a command, and its replies, each within a time limit.
 *
 * How many replies are still to come is counted. Where none is and yet something has come, the
 * server's words and ours are out of step, and whatever it says next would be taken for the answer
 * to another question: nothing more is said then.
 */
#include "base/error.h"
#include "codec/escape.h"
#include "ftp/client.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>

#define LINE_MAX_BYTES   16384 /* of a command: more than any server takes */
#define SHOWN_MAX        1024  /* bytes of a line that the dialogue is told */
#define SENTENCE_PART    100   /* bytes of a path or a reply in a sentence */
#define REASON_PATIENCE  5000  /* ms for the reply to what has failed already */
#define OVERDUE_PATIENCE 10000 /* ms for replies that nobody waited for */
#define TICKET_MS        10    /* for what is there already to be read */

/* ---- sentences ------------------------------------------------------------------------------- */

/* Text from outside, harmless and short (attacks C08). */
static void show(char ret[SENTENCE_PART + 1], co_text text)
{
    struct co_buf shown = CO_BUF(4 * SENTENCE_PART);
    text.size = text.size < SENTENCE_PART ? text.size : SENTENCE_PART;
    co_escape_terminal(&shown, text);
    snprintf(ret, SENTENCE_PART + 1, "%.*s", CO_TEXT_PRINT(co_buf_text(&shown)));
    co_buf_free(&shown);
}

int co_ftp_client_fail(const co_ftp_client *client, int code, const char *why)
{
    char what[SENTENCE_PART + 1], said[SENTENCE_PART + 1];
    show(what, co_text_of(client->what));
    if (!why && (code == CO_ESTATUS || code == CO_ELOGIN)) {
        show(said, co_ftp_reply_gist(co_buf_text(&client->reply)));
        return co_fail(code, "cannot %s%s%s at %s: %d %s", client->doing, *what ? " " : "", what,
            client->where, client->code, said);
    }
    if (!why && code == CO_ETLS)
        why = co_tls_reason(client->control);
    if (!why)
        why = co_error_sentence(code);
    return co_fail(
        code, "cannot %s%s%s at %s: %s", client->doing, *what ? " " : "", what, client->where, why);
}

int co_ftp_client_break(co_ftp_client *client, int code, const char *why)
{
    client->failed = code;
    return co_ftp_client_fail(client, code, why);
}

/* ---- the dialogue ---------------------------------------------------------------------------- */

static void tell(const co_ftp_client *client, bool sent, co_text line)
{
    struct co_buf shown = CO_BUF(SHOWN_MAX);
    if (!client->options.dialogue)
        return;
    line.size = line.size < SHOWN_MAX / 4 ? line.size : SHOWN_MAX / 4;
    co_escape_terminal(&shown, line);
    client->options.dialogue(client->options.arg, sent, co_buf_text(&shown));
    co_buf_free(&shown);
}

static void tell_reply(const co_ftp_client *client)
{
    co_text rest = co_buf_text(&client->reply), line;
    while (client->options.dialogue && co_text_next_line(&rest, &line))
        tell(client, false, line);
}

/* ---- saying ---------------------------------------------------------------------------------- */

bool co_ftp_client_may_say(const char *argument)
{
    return !argument[strcspn(argument, "\r\n\xff")];
}

/* Has something come that nobody has asked for? A server that ends the session may say why. Of TLS
 * it may be no more than a ticket. */
static int check_silence(co_ftp_client *client)
{
    co_stream *control = client->control;
    const uint8_t *bytes;
    co_scope scope;
    if (co_stream_buffered(control) == 0 && control->kind->unread(control) <= 0)
        return 0;
    co_scope_open(&scope, TICKET_MS);
    ssize_t n = co_peek(control, 1, &bytes);
    if (co_scope_close(&scope) == n && n < 0)
        return 0;
    if (n <= 0)
        return co_ftp_client_break(client, n < 0 ? (int)n : CO_EEOF, NULL);
    int code = co_ftp_client_hear(client);
    return code < 0 ? code
                    : co_ftp_client_break(client, CO_EFTP, "a reply came that nobody asked for");
}

int64_t co_ftp_client_patience(const co_ftp_client *client, int64_t ms)
{
    return client->options.reply_ms < ms ? client->options.reply_ms : ms;
}

static int send_line(co_ftp_client *client, co_text line)
{
    co_scope scope;
    co_scope_open(&scope, client->options.reply_ms);
    int rc = co_write(client->control, line.at, line.size);
    co_scope_close(&scope);
    if (rc < 0)
        return co_ftp_client_break(client, rc, NULL);
    client->awaited++;
    return 0;
}

/* The line that the dialogue shows instead; at NULL: there is nothing to hide. */
static co_text masked(co_text line)
{
    static const co_text shown[] = {CO_TEXT("PASS ****"), CO_TEXT("ACCT ****")};
    const size_t verb = strlen("PASS ");
    for (size_t i = 0; line.size >= verb && i < CO_LENGTH(shown); i++)
        if (co_text_equal_nocase((co_text){line.at, verb}, (co_text){shown[i].at, verb}))
            return shown[i];
    return (co_text){0};
}

int co_ftp_client_say(co_ftp_client *client, const char *verb, const char *argument)
{
    struct co_buf line = CO_BUF(LINE_MAX_BYTES);
    int rc = client->failed;
    if (rc == 0 && client->awaited == 0)
        rc = check_silence(client);
    if (rc < 0)
        return rc;
    co_buf_addf(&line, "%s%s", verb, argument ? " " : "");
    co_buf_add_string(&line, argument ? argument : "");
    co_text mask = masked(co_buf_text(&line));
    tell(client, true, mask.at ? mask : co_buf_text(&line));
    co_buf_add_string(&line, "\r\n");
    rc = line.error ? line.error : send_line(client, co_buf_text(&line));
    if (mask.at)
        explicit_bzero(line.at, line.room);
    co_buf_free(&line);
    return rc;
}

/* ---- hearing --------------------------------------------------------------------------------- */

static int keep_reply(co_ftp_client *client, const uint8_t *bytes, size_t size)
{
    size_t end = size;
    while (end > 0 && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r'))
        end--;
    co_buf_clear(&client->reply);
    co_buf_add(&client->reply, bytes, end);
    co_consume(client->control, size);
    if (client->reply.error)
        return client->reply.error;
    return client->code = co_ftp_reply_code(co_buf_text(&client->reply));
}

static int take_reply(co_ftp_client *client)
{
    struct co_ftp_reply_scan scan = {0};
    const uint8_t *bytes;
    ssize_t n = co_peek(client->control, 1, &bytes);
    while (n > 0) {
        ssize_t size = co_ftp_reply_size((co_text){(const char *)bytes, (size_t)n}, &scan);
        if (size < 0)
            return (int)size;
        if (size > 0)
            return keep_reply(client, bytes, (size_t)size);
        n = co_peek_more(client->control, &bytes);
    }
    return n == 0 ? CO_EEOF : (int)n;
}

int co_ftp_client_hear(co_ftp_client *client)
{
    co_scope scope;
    if (client->failed)
        return client->failed;
    co_scope_open(&scope, client->options.reply_ms);
    int code = take_reply(client);
    bool late = co_scope_close(&scope) == CO_EDEADLINE && code == CO_EDEADLINE;
    if (code < 0)
        return co_ftp_client_break(client, code, late ? "no reply in time" : NULL);
    tell_reply(client);
    if (code >= 200 && client->awaited > 0)
        client->awaited--;
    if (code == 421) /* RFC 959 5.4: to any command, and then the connection ends */
        return co_ftp_client_break(client, CO_ESTATUS, NULL);
    return code;
}

int co_ftp_client_hear_final(co_ftp_client *client)
{
    int code = 0;
    for (unsigned i = 0; i <= CO_FTP_PRELIMINARY_MAX; i++) {
        code = co_ftp_client_hear(client);
        if (code < 0 || code >= 200)
            return code;
    }
    return co_ftp_client_break(client, CO_EFTP, "the server promises for ever");
}

/* Not having heard it in time breaks nothing: it is awaited before the next command. */
int co_ftp_client_reason(co_ftp_client *client, int failure)
{
    const uint8_t *bytes;
    co_scope scope;
    if (client->failed || client->awaited == 0 || co_status() < 0)
        return failure;
    co_scope_open(&scope, co_ftp_client_patience(client, REASON_PATIENCE));
    ssize_t n = co_peek(client->control, 1, &bytes);
    co_scope_close(&scope);
    if (n <= 0)
        return failure;
    int code = co_ftp_client_hear_final(client);
    if (code == CO_ESTATUS)
        return code;
    return code >= 400 ? co_ftp_client_fail(client, CO_ESTATUS, NULL) : failure;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* A second 1yz is all that Pure-FTPd says of what was aborted. Others' last word may follow still,
 * but comes before the answer to NOOP, and is never its 200. */
static int ask_for_silence(co_ftp_client *client)
{
    int code = co_ftp_client_say(client, "NOOP", NULL);
    for (int i = 0; i < 2 && code >= 0; i++) {
        code = co_ftp_client_hear_final(client);
        if (code == 200) {
            client->awaited = 0;
            return code;
        }
    }
    return code < 0 ? code : co_ftp_client_break(client, CO_EFTP, "it is out of step");
}

/* Hears what is still to come: replies to what was aborted. Some servers never send those, and
 * whoever waits for them could long have connected anew. */
static int catch_up(co_ftp_client *client)
{
    co_scope scope;
    int code = 0;
    co_scope_open(&scope, OVERDUE_PATIENCE);
    while (code >= 0 && client->awaited > 0) {
        code = co_ftp_client_hear(client);
        if (code >= 0 && code < 200)
            code = client->cut ? ask_for_silence(client) : co_ftp_client_hear_final(client);
    }
    client->cut = false;
    bool late = co_scope_close(&scope) == CO_EDEADLINE && code == CO_EDEADLINE;
    if (late)
        return co_ftp_client_fail(client, code, "the reply to what was aborted does not come");
    return code < 0 ? code : 0;
}

int co_ftp_client_begin(co_ftp_client *client, const char *doing, const char *argument)
{
    if (client->transfer)
        return co_fail(-EBUSY, "cannot %s: a transfer is open", doing);
    client->doing = doing;
    client->what = argument ? argument : "";
    if (argument && (!*argument || !co_ftp_client_may_say(argument)))
        return co_ftp_client_fail(
            client, CO_EINVALID, "it is empty or holds a byte that no command may have");
    if (client->failed)
        return co_ftp_client_fail(client, client->failed, "the connection has failed before");
    int rc = client->awaited > 0 ? catch_up(client) : 0;
    return rc == 0 && client->is_away ? co_ftp_client_come_home(client) : rc;
}

int co_ftp_client_ask(co_ftp_client *client, const char *verb, const char *argument)
{
    int rc = co_ftp_client_say(client, verb, argument);
    return rc < 0 ? rc : co_ftp_client_hear_final(client);
}

int co_ftp_client_do(co_ftp_client *client, const char *verb, const char *argument)
{
    int code = co_ftp_client_ask(client, verb, argument);
    if (code < 0)
        return code;
    return code < 300 ? 0 : co_ftp_client_fail(client, CO_ESTATUS, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Replies (RFC 959 4.2). No path of the machine's gets into one, and nothing of the peer's
 * unescaped (attacks F09): the texts are ours, or the tree's names. */
#include "base/error.h"
#include "ftp/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 256 /* bytes of a text that is formatted */
#define REPLY_PATIENCE_MS                                                                          \
 60000 /* for a peer to read: some 64 KiB of replies wait for it by then                           \
        */

/* ---- sending -------------------------------------------------------------------------------- */

/* Writes the pieces, or without any what the cork holds. */
static int send_pieces(struct co_ftp_session *session, const struct iovec *pieces, unsigned count)
{
    co_scope scope;
    if (session->failed || (count ? co_stream_hold(session->control, pieces, count)
                                  : co_stream_uncork_now(session->control)))
        return session->failed;
    co_scope_open(&scope, REPLY_PATIENCE_MS);
    if (count)
        session->failed = co_writev(session->control, pieces, count);
    else
        session->failed = co_uncork(session->control);
    int ended = co_scope_close(&scope); /* TLS holds what it has encrypted, sent or not */
    if (session->failed == 0)
        session->failed = ended;
    return session->failed;
}

int co_ftp_flush(struct co_ftp_session *session)
{
    int rc = send_pieces(session, NULL, 0);
    co_cork(session->control);
    return rc;
}

/* The control connection is Telnet (RFC 959 3.3; RFC 3659 2.2): a name's bytes are data there. */
static int send_line(struct co_ftp_session *session, co_text start, co_text text)
{
    struct co_buf doubled = CO_BUF(2 * text.size);
    if (co_telnet_is_special(text)) {
        co_telnet_write(&doubled, text);
        text = co_buf_text(&doubled);
    }
    if (doubled.error && session->failed == 0)
        session->failed = doubled.error;
    const struct iovec pieces[] = {co_piece(start), co_piece(text), co_piece(CO_TEXT("\r\n"))};
    int rc = send_pieces(session, pieces, CO_LENGTH(pieces));
    co_buf_free(&doubled);
    return rc;
}

/* "CODE", and how it goes on: '-' when more lines follow. */
static int send_coded(struct co_ftp_session *session, int code, char separator, co_text text)
{
    char start[] = {
        (char)('0' + code / 100), (char)('0' + code / 10 % 10), (char)('0' + code % 10), separator};
    session->last_reply = code;
    return send_line(session, (co_text){start, sizeof start}, text);
}

int co_ftp_reply_text(struct co_ftp_session *session, int code, co_text text)
{
    return send_coded(session, code, ' ', text);
}

int co_ftp_reply(struct co_ftp_session *session, int code, const char *format, ...)
{
    va_list values;
    char text[TEXT_MAX];
    va_start(values, format);
    int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (size < 0 || (size_t)size >= sizeof text)
        size = sizeof text - 1;
    return co_ftp_reply_text(session, code, (co_text){text, (size_t)size});
}

int co_ftp_reply_begin(struct co_ftp_session *session, int code, const char *text)
{
    return send_coded(session, code, '-', co_text_of(text));
}

/* Each line of ours begins with a space, so that none can be taken for the last (RFC 959 4.2).
 */
int co_ftp_reply_line(struct co_ftp_session *session, co_text line)
{
    return send_line(session, CO_TEXT(" "), line);
}

/* ---- failures ------------------------------------------------------------------------------- */

static const struct {
    int error, code;
    const char *text;
} failures[] = {
    {-ENOENT, 550, "No such file or folder."},
    {-ELOOP, 550, "No such file or folder."},
    {-ENOTDIR, 550, "That is a file, not a folder."},
    {-EISDIR, 550, "That is a folder, not a file."},
    {-EEXIST, 550, "Something of that name exists already; remove or rename it first."},
    {-ENOTEMPTY, 550, "The folder is not empty; remove what is in it first."},
    {-EBUSY, 450, "It is in use now; try again."},
    {-EPERM, 550, "This account may not do that here."},
    {-EACCES, 550, "The server may not do that: its user lacks the permission on the disk."},
    {-EROFS, 550, "The disk is read-only."},
    {-EXDEV, 550, "That lies on another disk; upload it anew instead."},
    {-EINVAL, 550, "That cannot be done with this name."},
    {-ENAMETOOLONG, 550, "The name is too long."},
    {CO_ETOOBIG, 550, "The name is too long."},
    {-EDQUOT, 552, "Your quota is used up; remove something first."},
    {-EBADMSG, 451,
        "That was no whole zlib stream, as MODE Z has it; MODE S sends bytes as they are."},
    {-EFBIG, 552, "The file is larger than this server takes."},
    {-ENOSPC, 452, "The disk is full; try again later."},
    {-EMFILE, 450, "The server is out of file descriptors; try again later."},
    {-ENFILE, 450, "The server is out of file descriptors; try again later."},
    {-ENOMEM, 451, "The server is out of memory; try again later."},
    {CO_EEOF, 451, "The file became shorter meanwhile; fetch it again."},
    {-EIO, 451, "The disk has failed; tell whoever runs this server."},
    {-ESTALE, 450, "It has just been replaced; try again."},
};

/* Who may neither read nor list learns from no reply what is there: what is forbidden and what is
 * missing are one, and to CWD so is a file. */
static int veiled(const struct co_ftp_session *session, int error)
{
    const unsigned sees = CO_MAY_BROWSE | CO_MAY_CHANGE;
    const struct co_ftp_rule *rule = session->rule;
    if (!session->tree || !rule || rule->told == CO_FTP_UPLOADED ||
        co_tree_rights(session->tree) & sees)
        return error;
    if (rule->right)
        return rule->right & sees && error == -ENOENT ? -EPERM : error;
    return error == -EPERM || error == -ENOTDIR ? -ENOENT : error;
}

int co_ftp_reply_error(struct co_ftp_session *session, int error)
{
    int not_taken = session->rule && session->rule->not_taken ? session->rule->not_taken : 550;
    uint64_t size_max = session->server->options.upload_bytes_max;
    session->last_error = error = veiled(session, error);
    if (error == -EFBIG && size_max)
        return co_ftp_reply(
            session, 552, "A file may have at most %llu bytes here.", (unsigned long long)size_max);
    for (size_t i = 0; i < CO_LENGTH(failures); i++)
        if (failures[i].error == error)
            return co_ftp_reply(session, failures[i].code == 550 ? not_taken : failures[i].code,
                "%s", failures[i].text);
    return co_ftp_reply(
        session, 451, "The server failed to do that (%s).", co_error_sentence(error));
}

/* SPDX-License-Identifier: MIT */
/*
 * Digests of files: HASH of a RANG (draft-bryan-ftpext-hash), and XCRC, XMD5, XSHA1, XSHA256, which
 * are older and name their range themselves; and AVBL, how much more may be stored.
 *
 * A file is read and digested on a pool thread, a slice at a time, in a fiber of its own: ABOR ends
 * it between two slices.
 */
#include "ftp/session.h"
#include "tree/upload.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE     (64u << 10)
#define SLICE     (1u << 20) /* some milliseconds */
#define HEX_BYTES 129        /* of the longest digest, and what ends it */

struct hashing {
    int fd;
    uint64_t at, end;
    struct co_digest *digest;
    char *piece;
};

/* On a pool thread. */
static int hash_slice(void *arg)
{
    struct hashing *hashing = arg;
    int rc = 0;
    for (unsigned done = 0; rc == 0 && done < SLICE && hashing->at < hashing->end; done += PIECE) {
        uint64_t left = hashing->end - hashing->at;
        ssize_t n = co_tree_read(
            hashing->fd, hashing->piece, left < PIECE ? (size_t)left : PIECE, hashing->at);
        if (n <= 0)
            return n < 0 ? (int)n : CO_EEOF;
        hashing->at += (uint64_t)n;
        rc = co_digest_step(hashing->digest, (co_text){hashing->piece, (size_t)n});
    }
    return rc;
}

static int hash_all(struct co_ftp_job *transfer)
{
    struct hashing *hashing = transfer->arg;
    uint64_t start = hashing->at;
    int rc = 0;
    while (rc == 0 && hashing->at < hashing->end) {
        rc = co_block(hash_slice, hashing);
        transfer->bytes = hashing->at - start;
    }
    transfer->local_error = rc;
    return rc;
}

/* Digests the range, with the session attending. The result is in `out` when transfer->result is
 * 0. Returns as co_ftp_job_attend. */
static int hash_file(struct co_ftp_session *session, struct co_ftp_job *transfer,
    enum co_digest_kind kind, struct co_buf *out)
{
    struct hashing *hashing = transfer->arg;
    int rc = 0;
    hashing->piece = malloc(PIECE);
    transfer->result = hashing->piece ? co_digest_new(&hashing->digest, kind) : -ENOMEM;
    transfer->local_error = transfer->result;
    transfer->move = hash_all;
    if (transfer->result == 0)
        rc = co_ftp_job_attend(session, transfer);
    if (transfer->result == 0)
        transfer->result = transfer->local_error = co_digest_end(hashing->digest, out);
    co_digest_free(hashing->digest);
    free(hashing->piece);
    return rc;
}

/* A command for one file's digest. */
struct request {
    const char *command;
    enum co_digest_kind kind;
    co_text name;        /* as it was given */
    uint64_t start, end; /* the end is not part of it; UINT64_MAX: the file's */
    bool is_hash;        /* its reply has more words */
};

static int reply_digest(
    struct co_ftp_session *session, const struct request *request, co_text digest)
{
    struct co_buf line = CO_BUF(CO_FTP_LINE_MAX + 256);
    if (!request->is_hash)
        return co_ftp_reply_text(session, 250, digest);
    co_buf_addf(&line, "%s %llu-%llu %.*s ", co_digest_name(request->kind),
        (unsigned long long)request->start,
        (unsigned long long)(request->end > request->start ? request->end - 1 : request->start),
        CO_TEXT_PRINT(digest));
    co_buf_add_text(&line, request->name);
    int rc = line.error ? co_ftp_reply_error(session, line.error)
                        : co_ftp_reply_text(session, 213, co_buf_text(&line));
    co_buf_free(&line);
    return rc;
}

static int hash_open_file(struct co_ftp_session *session, struct request *request, int fd,
    const struct co_tree_stat *stat)
{
    char room[HEX_BYTES];
    struct co_buf digest = {.at = room, .room = sizeof room, .size_max = sizeof room};
    if (stat->kind == CO_TREE_FOLDER)
        return co_ftp_reply_error(session, -EISDIR);
    if (request->end > stat->size)
        request->end = stat->size;
    if (request->start > request->end)
        return co_ftp_reply(
            session, 501, "The file has only %llu bytes.", (unsigned long long)stat->size);
    struct hashing hashing = {.fd = fd, .at = request->start, .end = request->end};
    struct co_ftp_job transfer = {.command = request->command, .arg = &hashing};
    int rc = hash_file(session, &transfer, request->kind, &digest);
    if (transfer.result < 0)
        co_ftp_job_reply_failure(session, &transfer);
    else
        reply_digest(session, request, co_buf_text(&digest));
    co_ftp_job_reply_abort(session, &transfer);
    return rc;
}

/* For who may not read, too: whether there is such a file. */
static int open_whole(
    struct co_ftp_session *session, co_text path, int *ret_fd, struct co_tree_stat *ret)
{
    int rc = co_tree_open_path(session->tree, path, ret_fd, ret);
    if (rc == 0) {
        free(session->compared);
        session->compared = co_text_copy(path);
    }
    return rc == -EPERM && co_tree_stat_path(session->tree, path, ret) == -ENOENT ? -ENOENT : rc;
}

/* As SIZE has it: while there is no whole file, its uploader may compare what of it is there. */
static int open_whole_or_partial(
    struct co_ftp_session *session, co_text path, int *ret_fd, struct co_tree_stat *ret)
{
    char uploader[CO_CLIENT_ANONYMOUS_MAX];
    int rc = open_whole(session, path, ret_fd, ret);
    if (rc != -ENOENT)
        return rc;
    *ret = (struct co_tree_stat){.kind = CO_TREE_FILE};
    rc = co_upload_partial_open(
        session->tree, path, co_ftp_uploader(session, uploader), ret_fd, &ret->size);
    return rc < 0 ? -ENOENT : 0;
}

static int hash_request(struct co_ftp_session *session, struct request *request)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    struct co_tree_stat stat;
    int fd, rc = co_ftp_path_permitted(session, request->name, &path);
    if (rc == 0)
        rc = open_whole_or_partial(session, co_buf_text(&path), &fd, &stat);
    co_buf_free(&path);
    if (rc < 0)
        return co_ftp_reply_error(session, rc);
    rc = hash_open_file(session, request, fd, &stat);
    co_tree_close(fd);
    return rc;
}

/* ---- HASH and its range ----------------------------------------------------------------------
 */

int co_ftp_on_hash(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct request request = {
        .command = "HASH",
        .kind = session->hash,
        .name = command->argument,
        .start = session->restart,
        .end = session->range_end ? session->range_end : UINT64_MAX,
        .is_hash = true,
    };
    session->restart = session->range_end = 0;
    return hash_request(session, &request);
}

/* "RANG 0 99" is 100 bytes; "RANG 1 0" is all (draft-bryan-ftp-range). */
int co_ftp_on_rang(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    uint64_t start, last;
    ssize_t space = co_text_find(command->argument, ' ');
    co_text first = {command->argument.at, space < 0 ? 0 : (size_t)space};
    if (co_text_number(first, INT64_MAX, &start) < 0 ||
        co_text_number(co_text_after(command->argument, first.size + 1), INT64_MAX, &last) < 0 ||
        (start > last && (start != 1 || last != 0)))
        return co_ftp_reply(session, 501, "Its syntax is RANG <sp> first byte <sp> last byte.");
    session->restart = start > last ? 0 : start;
    session->range_end = start > last ? 0 : last + 1;
    if (start > last)
        return co_ftp_reply(session, 350, "The next transfer has no range.");
    return co_ftp_reply(session, 350, "The next transfer is from byte %llu to byte %llu.",
        (unsigned long long)start, (unsigned long long)last);
}

int co_ftp_opts_hash(struct co_ftp_session *session, co_text name)
{
    if (name.size && co_digest_find(name, &session->hash) < 0)
        return co_ftp_reply(session, 504, "HASH knows SHA-256, SHA-512, SHA-1, MD5 and CRC32.");
    return co_ftp_reply(session, 200, "%s", co_digest_name(session->hash));
}

void co_ftp_hash_feature(const struct co_ftp_session *session, struct co_buf *out)
{
    co_buf_add_string(out, "HASH ");
    for (enum co_digest_kind kind = 0; kind < CO_DIGEST_COUNT; kind++)
        co_buf_addf(
            out, "%s%s%s", kind ? ";" : "", co_digest_name(kind), kind == session->hash ? "*" : "");
}

/* ---- the older ones --------------------------------------------------------------------------
 */

/* Takes the last word off the text if it is a number. */
static bool take_number(co_text *text, uint64_t *ret)
{
    size_t at = text->size;
    while (at > 0 && text->at[at - 1] != ' ')
        at--;
    if (at < 2 || co_text_number(co_text_after(*text, at), INT64_MAX, ret) < 0)
        return false;
    text->size = at - 1;
    return true;
}

static bool names_something(const struct co_ftp_session *session, co_text name)
{
    struct co_tree_stat stat;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path(session, name, &path);
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &stat);
    co_buf_free(&path);
    return rc == 0;
}

/* 'name [start [end]]', the name in quotes or not: a name may end in numbers itself. */
static int read_request(const struct co_ftp_session *session, co_text argument, struct request *ret)
{
    uint64_t last;
    ret->end = UINT64_MAX;
    ret->name = argument;
    bool quoted = argument.at[0] == '"';
    ssize_t close = quoted ? co_text_find(co_text_after(argument, 1), '"') : -1;
    if (close >= 0) { /* the quoted name stays in front of the numbers: as one word */
        ret->name = (co_text){argument.at + 1, (size_t)close};
        argument = co_text_after(argument, (size_t)close + 1);
        if (argument.size == 1)
            return 0;
    } else if (names_something(session, argument)) {
        return 0;
    }
    if (!take_number(&argument, &last))
        return close >= 0 ? CO_EINVALID : 0;
    if (take_number(&argument, &ret->start))
        ret->end = last;
    else
        ret->start = last;
    if (close < 0)
        ret->name = argument;
    return ret->start <= ret->end && (close < 0 || argument.size == 1) ? 0 : CO_EINVALID;
}

static int older(
    struct co_ftp_session *session, const struct co_ftp_command *command, enum co_digest_kind kind)
{
    struct request request = {.command = co_ftp_verb_name(command->verb), .kind = kind};
    if (read_request(session, command->argument, &request) < 0)
        return co_ftp_reply(
            session, 501, "Its syntax is %s <sp> file [<sp> start [<sp> end]].", request.command);
    return hash_request(session, &request);
}

int co_ftp_on_xcrc(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return older(session, command, CO_DIGEST_CRC32);
}

int co_ftp_on_xmd5(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return older(session, command, CO_DIGEST_MD5);
}

int co_ftp_on_xsha1(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return older(session, command, CO_DIGEST_SHA1);
}

int co_ftp_on_xsha256(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    return older(session, command, CO_DIGEST_SHA256);
}

/* ---- room ------------------------------------------------------------------------------------
 */

int co_ftp_on_avbl(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    uint64_t bytes;
    struct co_tree_stat stat;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = co_tree_stat_path(session->tree, co_buf_text(&path), &stat);
    if (rc == 0)
        rc = stat.kind == CO_TREE_FOLDER
                 ? co_tree_available(session->tree, co_buf_text(&path), &bytes)
                 : -ENOTDIR;
    co_buf_free(&path);
    return rc < 0 ? co_ftp_reply_error(session, rc)
                  : co_ftp_reply(session, 213, "%llu", (unsigned long long)bytes);
}

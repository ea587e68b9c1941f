/* SPDX-License-Identifier: MIT */
/* RETR, from a restart point if REST gave one (RFC 959 4.1.3; RFC 3659 5), and SIZE (RFC 3659 4).
 */
#include "ftp/session.h"
#include "ftp/text.h"
#include "tree/upload.h"

#include <errno.h>

#define PIECE          (32u << 10)
#define SIZE_COUNT_MAX (16u << 20) /* bytes of a file whose size as text is worth reading it */

struct download {
    const char *bytes; /* the file's, if it is in memory; else they are read */
    struct co_pace_span span;
};

static int send_binary(struct co_ftp_job *transfer)
{
    struct download *download = transfer->arg;
    uint64_t size = download->span.size;
    int rc = co_pace_write_file(&transfer->pace, transfer->data, &download->span);
    transfer->bytes = size - download->span.size;
    if (rc == CO_EEOF || rc == -EIO) /* it shrank, or the disk failed */
        transfer->local_error = rc;
    return rc;
}

/* The next piece of the file, which `in` may be needed for. */
static int take_piece(struct download *download, struct co_buf *in, co_text *ret)
{
    struct co_pace_span *span = &download->span;
    size_t size = span->size < PIECE ? (size_t)span->size : PIECE;
    ssize_t n = (ssize_t)size;
    if (download->bytes)
        *ret = (co_text){download->bytes + span->offset, size};
    else if (!co_buf_reserve(in, PIECE))
        return -ENOMEM;
    else if ((n = co_tree_read(span->fd, in->at, size, span->offset)) > 0)
        *ret = (co_text){in->at, (size_t)n};
    if (n <= 0)
        return n < 0 ? (int)n : CO_EEOF; /* it shrank */
    span->offset += (uint64_t)n;
    span->size -= (uint64_t)n;
    return 0;
}

/* What is in memory, or converted or packed on its way. */
static int send_pieces(struct co_ftp_job *transfer)
{
    struct download *download = transfer->arg;
    struct co_ftp_text text = {0};
    struct co_buf in = CO_BUF(PIECE), out = CO_BUF(2 * PIECE);
    int rc = 0;
    download->span.offset += transfer->bytes; /* what went before this fiber began */
    download->span.size -= transfer->bytes;
    while (rc == 0 && download->span.size > 0) {
        co_text piece;
        rc = transfer->local_error = take_piece(download, &in, &piece);
        if (rc < 0)
            break;
        if (transfer->session->ascii) {
            co_buf_clear(&out);
            co_ftp_text_out(&text, piece, &out);
            piece = co_buf_text(&out);
        }
        rc = out.error ? out.error : co_ftp_job_send(transfer, piece);
    }
    co_buf_free(&in);
    co_buf_free(&out);
    return rc;
}

/* RFC 3659 5.4: 554 for a restart point that is none. */
static int restart_refused(struct co_ftp_session *session, uint64_t size)
{
    if (session->ascii)
        return co_ftp_reply(session, 554, "Restart only in type I.");
    return co_ftp_reply(session, 554, "The file has %llu bytes; it cannot go on behind them.",
        (unsigned long long)size);
}

static int send_file(struct co_ftp_session *session, co_text path, const struct co_tree_file *file)
{
    uint64_t from = session->restart, end = session->range_end, size = file->stat.size;
    if (end == 0 || end > size)
        end = size;
    if (file->stat.kind == CO_TREE_FOLDER)
        return co_ftp_reply_error(session, -EISDIR);
    if (from > size || ((from > 0 || session->range_end > 0) && session->ascii))
        return restart_refused(session, size);
    struct download download = {file->bytes, {file->fd, from, end - from}};
    struct co_ftp_job transfer = {
        .move = session->ascii || session->packed || file->bytes ? send_pieces : send_binary,
        .arg = &download,
        .kind = CO_FTP_DOWNLOADED,
        .command = "RETR",
        .path = path,
    };
    if (file->bytes && !session->ascii && !session->packed)
        transfer.at_hand = (co_text){file->bytes + from, (size_t)(end - from)};
    return co_ftp_job_run(session, &transfer);
}

int co_ftp_on_retr(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    struct co_tree_cache *cache = session->view->cache;
    struct co_tree_file *file;
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = co_tree_cache_get(cache, co_buf_text(&path), &file);
    if (rc == 0) {
        rc = send_file(session, co_buf_text(&path), file);
        co_tree_cache_release(cache, file);
    } else {
        rc = co_ftp_reply_error(session, rc);
    }
    session->restart = session->range_end = 0;
    co_buf_free(&path);
    return rc;
}

int co_ftp_on_rest(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    session->restart = 0;
    if (co_text_number(command->argument, INT64_MAX, &session->restart) < 0)
        return co_ftp_reply(session, 501, "Expected a count of bytes.");
    session->range_end = 0;
    return co_ftp_reply(session, 350, "The next transfer begins at byte %llu.",
        (unsigned long long)session->restart);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

/* How many bytes a RETR in type A would send. */
static int count_text(int fd, uint64_t size, uint64_t *ret)
{
    struct co_ftp_text text = {0};
    struct co_buf piece = CO_BUF(PIECE);
    uint64_t at = 0, count = 0;
    ssize_t n = co_buf_reserve(&piece, PIECE) ? 1 : -ENOMEM;
    while (n > 0 && at < size) {
        n = co_tree_read(fd, piece.at, PIECE, at);
        at += n > 0 ? (uint64_t)n : 0;
        count += n > 0 ? co_ftp_text_size(&text, (co_text){piece.at, (size_t)n}) : 0;
    }
    co_buf_free(&piece);
    *ret = count;
    return n < 0 ? (int)n : 0;
}

/* RFC 3659 4: the size that a transfer of the present type would have. */
static int size_of(struct co_ftp_session *session, co_text path, uint64_t *ret)
{
    struct co_tree_stat stat;
    int fd, rc;
    if (!session->ascii) {
        rc = co_tree_stat_path(session->tree, path, &stat);
        *ret = stat.size;
        return rc == 0 && stat.kind == CO_TREE_FOLDER ? -EISDIR : rc;
    }
    rc = co_tree_open_path(session->tree, path, &fd, &stat);
    if (rc < 0)
        return rc;
    rc = stat.kind == CO_TREE_FOLDER  ? -EISDIR
         : stat.size > SIZE_COUNT_MAX ? CO_EINVALID
                                      : count_text(fd, stat.size, ret);
    co_tree_close(fd);
    return rc;
}

/* While there is no whole file of the name, its uploader hears how much of it is there already. */
static int size_or_partial(struct co_ftp_session *session, co_text path, uint64_t *ret)
{
    char uploader[CO_CLIENT_ANONYMOUS_MAX];
    int rc = size_of(session, path, ret);
    if (rc == -ENOENT && !session->ascii &&
        co_upload_partial(session->tree, path, co_ftp_uploader(session, uploader), ret) == 0)
        return 0;
    return rc;
}

int co_ftp_on_size(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    uint64_t size = 0;
    struct co_buf path = CO_BUF(CO_TREE_PATH_MAX);
    int rc = co_ftp_path_permitted(session, command->argument, &path);
    if (rc == 0)
        rc = size_or_partial(session, co_buf_text(&path), &size);
    co_buf_free(&path);
    if (rc == CO_EINVALID)
        return co_ftp_reply(session, 550, "It is too large to be counted as text; ask in type I.");
    return rc < 0 ? co_ftp_reply_error(session, rc)
                  : co_ftp_reply(session, 213, "%llu", (unsigned long long)size);
}

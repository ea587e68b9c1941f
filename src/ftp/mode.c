/* SPDX-License-Identifier: MIT */
/*
 * MODE S, and MODE Z: what goes over the data connection is one zlib stream
 * (draft-preston-ftpext-deflate). A pool thread works on it, a piece at a time.
 */
#include "ftp/mode.h"

#include "coding/gzip.h"
#include "coding/inflate.h"

#include <errno.h>
#include <stdlib.h>

#define PIECE    (64u << 10)  /* bytes that come of one step of unpacking */
#define OUT_ROOM (128u << 10) /* of packing one: what does not shrink grows a little */

struct co_ftp_packing {
    struct co_gzip *pack;      /* what we send, */
    struct co_inflate *unpack; /* or what we receive */
    co_text in;                /* for this step */
    bool last;                 /* packing: it is the last; unpacking: the end has been seen */
    struct co_buf out;
};

int co_ftp_packing_open(struct co_ftp_job *transfer)
{
    const struct co_ftp_session *session = transfer->session;
    bool receives = transfer->kind == CO_FTP_UPLOADED;
    if (!session->packed)
        return 0;
    struct co_ftp_packing *packing = calloc(1, sizeof *packing);
    if (!packing)
        return -ENOMEM;
    packing->out = CO_BUF(receives ? PIECE : OUT_ROOM);
    transfer->packing = packing;
    return receives ? co_inflate_new(&packing->unpack)
                    : co_gzip_new_zlib(&packing->pack, session->pack_level);
}

void co_ftp_packing_close(struct co_ftp_job *transfer)
{
    struct co_ftp_packing *packing = transfer->packing;
    if (!packing)
        return;
    co_gzip_free(packing->pack);
    co_inflate_free(packing->unpack);
    co_buf_free(&packing->out);
    free(packing);
    transfer->packing = NULL;
}

/* ---- sending ---------------------------------------------------------------------------------
 */

static int pack_step(void *arg)
{
    struct co_ftp_packing *packing = arg;
    co_text piece = {packing->in.at, packing->in.size < PIECE ? packing->in.size : PIECE};
    bool last = packing->last && piece.size == packing->in.size;
    packing->in = co_text_after(packing->in, piece.size);
    return co_gzip_step(packing->pack, piece, last, &packing->out);
}

static int pack_all(struct co_ftp_job *transfer, co_text bytes, bool last)
{
    struct co_ftp_packing *packing = transfer->packing;
    int rc = 0;
    packing->in = bytes;
    packing->last = last;
    do {
        co_buf_clear(&packing->out);
        rc = co_block(pack_step, packing);
        const struct iovec piece = co_piece(co_buf_text(&packing->out));
        if (rc == 0 && piece.iov_len)
            rc = co_pace_writev(&transfer->pace, transfer->data, &piece, 1);
    } while (rc == 0 && packing->in.size > 0);
    return rc;
}

int co_ftp_packing_send(struct co_ftp_job *transfer, co_text bytes)
{
    return pack_all(transfer, bytes, false);
}

int co_ftp_packing_send_end(struct co_ftp_job *transfer)
{
    return pack_all(transfer, CO_TEXT(""), true);
}

/* ---- receiving -------------------------------------------------------------------------------
 */

static int unpack_step(void *arg)
{
    struct co_ftp_packing *packing = arg;
    return co_inflate_step(packing->unpack, &packing->in, &packing->out);
}

/* The errors that replies have words for. */
static int error_of(int rc)
{
    return rc == CO_ETOOBIG ? -EFBIG : rc == CO_EINVALID ? -EBADMSG : rc;
}

int co_ftp_packing_receive(struct co_ftp_job *transfer, co_text bytes, co_ftp_store *store)
{
    struct co_ftp_packing *packing = transfer->packing;
    bool more = true;
    packing->in = bytes;
    while (more) {
        co_buf_clear(&packing->out);
        int rc = co_block(unpack_step, packing);
        if (rc < 0)
            return error_of(rc);
        packing->last = rc == 1;
        if (packing->last && packing->in.size > 0)
            return -EBADMSG; /* something behind the end */
        more = !packing->last && (packing->in.size > 0 || packing->out.size == PIECE);
        rc = packing->out.size ? store(transfer, co_buf_text(&packing->out)) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

int co_ftp_packing_receive_end(const struct co_ftp_job *transfer)
{
    return transfer->packing->last ? 0 : -EBADMSG;
}

/* ---- commands --------------------------------------------------------------------------------
 */

int co_ftp_on_mode(struct co_ftp_session *session, const struct co_ftp_command *command)
{
    bool packed = co_text_equal_nocase(command->argument, CO_TEXT("Z"));
    if (!packed && !co_text_equal_nocase(command->argument, CO_TEXT("S")))
        return co_ftp_reply(session, co_ftp_is_choice(command->argument, "BC") ? 504 : 501,
            "Modes are S, a stream, and Z, a compressed one.");
    session->packed = packed;
    return co_ftp_reply(session, 200, "The mode is %s.", packed ? "Z" : "S");
}

/* "Z LEVEL 9": the only one of the draft's options that has a use. */
int co_ftp_opts_mode(struct co_ftp_session *session, co_text options)
{
    const co_text prefix = CO_TEXT("Z LEVEL ");
    uint64_t level;
    co_text head = {options.at, options.size < prefix.size ? options.size : prefix.size};
    if (!co_text_equal_nocase(head, prefix) ||
        co_text_number(co_text_after(options, head.size), 9, &level) < 0)
        return co_ftp_reply(session, 501, "Its syntax is OPTS MODE Z LEVEL <sp> 0 to 9.");
    session->pack_level = (uint8_t)level;
    return co_ftp_reply(session, 200, "MODE Z LEVEL is %u.", session->pack_level);
}

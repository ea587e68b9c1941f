/* SPDX-License-Identifier: MIT */
/*
 * Files over data connections, and the truth about them: whole is what the server has confirmed
 * (226, 250), what TLS has said farewell to, and what is as long as the server says. A failure of
 * the data connection is often explained by the reply that follows, which is then told instead.
 */
#include "coronet/fiber.h"
#include "ftp/client.h"
#include "tls/terms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_STEP    8192 /* bytes of text that are converted at once */
#define COMPARE_STEP 4096
#define FAREWELL_MS  2000 /* for the server's, through a proxy */

/* ---- made ------------------------------------------------------------------------------------ */

int co_ftp_transfer_new(
    co_ftp_client *client, struct co_ftp_data_way *way, struct co_ftp_transfer **ret)
{
    struct co_ftp_transfer *transfer = calloc(1, sizeof *transfer);
    char *path = strdup(client->what);
    if (!transfer || !path) {
        free(transfer);
        free(path);
        co_abort(way->stream);
        return -ENOMEM;
    }
    transfer->client = client;
    transfer->data = way->stream;
    transfer->doing = client->doing;
    transfer->path = path;
    transfer->over = way->over;
    transfer->converted = CO_BUF(4 * TEXT_STEP);
    co_pace_start(&transfer->pace, client->options.min_rate, client->options.limit_rate);
    co_pace_allow(&transfer->pace, client->options.stall_ms);
    client->transfer = transfer;
    *ret = transfer;
    return 0;
}

static void transfer_free(co_ftp_transfer *transfer)
{
    transfer->client->transfer = NULL;
    transfer->client->what = "";
    co_buf_free(&transfer->converted);
    free(transfer->path);
    free(transfer);
}

/* What the client is at, for sentences: others may have been there since it was opened. */
static const co_ftp_client *resume(const co_ftp_transfer *transfer)
{
    transfer->client->doing = transfer->doing;
    transfer->client->what = transfer->path;
    return transfer->client;
}

static int fail(co_ftp_transfer *transfer, int code, const char *why)
{
    transfer->failed = code;
    return why ? co_ftp_client_fail(resume(transfer), code, why) : code;
}

/* ---- downloads ------------------------------------------------------------------------------- */

static bool has_all(const co_ftp_transfer *transfer)
{
    return transfer->size_known && transfer->moved == transfer->size;
}

/* What is asked for at once: behind the last byte one more, to see that there is none. */
static size_t step_of(const co_ftp_transfer *transfer, size_t size)
{
    uint64_t left = transfer->size - transfer->moved;
    return transfer->size_known && left > 0 && size > left ? (size_t)left : size;
}

/* A file that is written to while it is got; or is it? The server is asked once all has come. */
static bool let_grow(struct co_ftp_transfer *transfer)
{
    transfer->grown = transfer->may_grow;
    transfer->size_known = !transfer->grown;
    return transfer->grown;
}

/* Books what has come, or why nothing has. */
static ssize_t came(co_ftp_transfer *transfer, ssize_t n)
{
    if (n < 0)
        return fail(transfer, (int)n, n == CO_ETOOSLOW ? "the server sends too slowly" : NULL);
    if (n > 0 && has_all(transfer) && !let_grow(transfer))
        return fail(transfer, CO_EFTP, "more comes than the file has");
    transfer->ended = n == 0;
    transfer->moved += (uint64_t)n;
    return n;
}

/* Comes as far as the data connection does. */
static ssize_t read_raw(co_ftp_transfer *transfer, void *ret_bytes, size_t size)
{
    if (transfer->failed || transfer->ended)
        return transfer->failed;
    size = step_of(transfer, size);
    return came(transfer, co_pace_read(&transfer->pace, transfer->data, ret_bytes, size));
}

long co_ftp_transfer_splice(co_ftp_transfer *transfer, int pipe_fd, size_t size)
{
    if (transfer->ascii || transfer->failed || transfer->ended || has_all(transfer))
        return -EOPNOTSUPP;
    size = step_of(transfer, size);
    long n = co_pace_splice(&transfer->pace, transfer->data, pipe_fd, size);
    return n == -EOPNOTSUPP ? n : came(transfer, n);
}

/* Reads text until some of it is converted. 0, also at the end; negative. */
static int convert(co_ftp_transfer *transfer)
{
    char bytes[1024];
    co_buf_clear(&transfer->converted);
    transfer->given = 0;
    while (transfer->converted.size == 0 && !transfer->ended) {
        ssize_t n = read_raw(transfer, bytes, sizeof bytes);
        if (n < 0)
            return (int)n;
        if (n > 0)
            co_ftp_text_in(&transfer->text, (co_text){bytes, (size_t)n}, &transfer->converted);
        else
            co_ftp_text_in_end(&transfer->text, &transfer->converted);
        if (transfer->converted.error)
            return fail(transfer, transfer->converted.error, NULL);
    }
    return 0;
}

ssize_t co_ftp_transfer_read(co_ftp_transfer *transfer, void *ret_bytes, size_t size)
{
    struct co_buf *text = &transfer->converted;
    if (!transfer->ascii)
        return read_raw(transfer, ret_bytes, size);
    int rc = transfer->given == text->size ? convert(transfer) : 0;
    size_t left = text->size - transfer->given, taken = left < size ? left : size;
    if (rc < 0 || taken == 0)
        return rc;
    memcpy(ret_bytes, text->at + transfer->given, taken);
    transfer->given += taken;
    return (ssize_t)taken;
}

/* What is known of the size: asked for before the transfer, or said by the 150. */
static int expect(co_ftp_transfer *transfer, uint64_t offset, int64_t size)
{
    uint64_t said;
    if (size >= 0) {
        transfer->size_known = true;
        transfer->size = (uint64_t)size - offset;
        transfer->may_grow = offset == 0; /* whoever ignores REST sends more, too */
    } else if (offset == 0 && co_ftp_reply_bytes(co_buf_text(&transfer->client->reply), &said)) {
        transfer->size_known = true;
        transfer->size = said;
    }
    return 0;
}

static int download_begin(
    co_ftp_client *client, const char *path, uint64_t offset, struct co_ftp_transfer **ret)
{
    struct co_ftp_data_way way = {.verb = "RETR", .argument = path, .restart = offset};
    bool ascii = client->options.ascii;
    uint64_t size;
    int64_t known = -1;
    struct co_ftp_ahead ahead = {
        .type = ascii ? 'A' : 'I', .wants_door = true, .size_of = ascii ? NULL : path};
    int rc = co_ftp_client_ask_ahead(client, &ahead);
    if (rc == 0)
        rc = co_ftp_client_type(client, ahead.type);
    if (rc == 0 && !ascii) { /* a size is of bytes as they are stored */
        rc = co_ftp_client_size_ahead(client, &ahead, path, &size);
        known = rc == 0 ? (int64_t)size : -1;
        rc = rc == CO_ESTATUS ? 0 : rc;
    }
    way.door = ahead.door;
    if (rc == 0 && known >= 0 && offset > (uint64_t)known)
        rc = co_ftp_client_fail(client, CO_ECHANGED, "the file there is shorter");
    if (rc == 0)
        rc = co_ftp_data_way_open(client, &way);
    if (rc == 0)
        rc = co_ftp_transfer_new(client, &way, ret);
    if (rc < 0)
        return rc;
    (*ret)->ascii = ascii;
    return ascii ? 0 : expect(*ret, offset, known);
}

/* Reads what is here already once more. */
static int compare(co_ftp_transfer *transfer, co_text before)
{
    char bytes[1024];
    size_t total = before.size;
    while (before.size > 0) {
        size_t room = before.size < sizeof bytes ? before.size : sizeof bytes;
        ssize_t n = read_raw(transfer, bytes, room);
        if (n < 0)
            return (int)n;
        if (n == 0 || memcmp(bytes, before.at, (size_t)n) != 0)
            return fail(transfer, CO_ECHANGED,
                "the file there does not go on from what is here, or the server ignores REST");
        before = co_text_after(before, (size_t)n);
    }
    transfer->moved -= total;
    transfer->size -= transfer->size_known ? total : 0;
    return 0;
}

int co_ftp_download_resume(
    co_ftp_transfer **ret, co_ftp_client *client, const char *path, uint64_t offset, co_text before)
{
    struct co_ftp_transfer *transfer = NULL;
    int rc = co_ftp_client_begin(client, "download", path);
    if (rc == 0 && (before.size > offset || (client->options.ascii && offset > 0)))
        rc = co_ftp_client_fail(client, CO_EINVALID, "it cannot begin there");
    if (rc == 0)
        rc = download_begin(client, path, offset - before.size, &transfer);
    if (rc < 0)
        return rc;
    rc = compare(transfer, before);
    if (rc < 0)
        co_ftp_transfer_abort(transfer);
    else
        *ret = transfer;
    return rc;
}

int co_ftp_download_open(
    co_ftp_transfer **ret, co_ftp_client *client, const char *path, uint64_t offset)
{
    return co_ftp_download_resume(ret, client, path, offset, (co_text){0});
}

/* ---- uploads --------------------------------------------------------------------------------- */

/* How much is there before bytes are appended; unknown, it cannot be checked afterwards. */
static int look_before(co_ftp_client *client, struct co_ftp_transfer *plan, enum co_ftp_upload how)
{
    plan->check_size = !client->options.ascii;
    if (how != CO_FTP_APPEND || !plan->check_size)
        return 0;
    int rc = co_ftp_client_size(client, client->what, &plan->before);
    plan->check_size = rc == 0;
    return rc == CO_ESTATUS ? 0 : rc;
}

int co_ftp_upload_open(co_ftp_transfer **ret, co_ftp_client *client, const char *path,
    enum co_ftp_upload how, uint64_t offset)
{
    struct co_ftp_data_way way = {
        .verb = how == CO_FTP_APPEND ? "APPE" : "STOR", .argument = path, .restart = offset};
    struct co_ftp_transfer plan = {.before = how == CO_FTP_CONTINUE ? offset : 0};
    int rc = co_ftp_client_begin(client, "upload", path);
    if (rc == 0 && (client->options.ascii || how != CO_FTP_CONTINUE) && offset > 0)
        rc = co_ftp_client_fail(client, CO_EINVALID, "it cannot begin there");
    if (rc == 0)
        rc = co_ftp_client_type(client, client->options.ascii ? 'A' : 'I');
    if (rc == 0)
        rc = look_before(client, &plan, how);
    if (rc == 0)
        rc = co_ftp_data_way_open(client, &way);
    if (rc == 0)
        rc = co_ftp_transfer_new(client, &way, ret);
    if (rc < 0)
        return rc;
    (*ret)->upload = true;
    (*ret)->ascii = client->options.ascii;
    (*ret)->before = plan.before;
    (*ret)->check_size = plan.check_size;
    return 0;
}

static int write_raw(co_ftp_transfer *transfer, co_text bytes)
{
    const struct iovec piece = co_piece(bytes);
    int rc = transfer->failed;
    if (rc == 0 && bytes.size > 0)
        rc = co_pace_writev(&transfer->pace, transfer->data, &piece, 1);
    if (rc < 0)
        return fail(transfer, rc, rc == CO_ETOOSLOW ? "the server takes too long to read" : NULL);
    transfer->moved += bytes.size;
    return 0;
}

int co_ftp_transfer_write(co_ftp_transfer *transfer, const void *bytes, size_t size)
{
    co_text rest = {bytes, size};
    int rc = transfer->failed;
    if (!transfer->ascii)
        return write_raw(transfer, rest);
    while (rc == 0 && rest.size > 0) {
        co_text step = {rest.at, rest.size < TEXT_STEP ? rest.size : TEXT_STEP};
        co_buf_clear(&transfer->converted);
        co_ftp_text_out(&transfer->text, step, &transfer->converted);
        rc = transfer->converted.error ? fail(transfer, transfer->converted.error, NULL)
                                       : write_raw(transfer, co_buf_text(&transfer->converted));
        rest = co_text_after(rest, step.size);
    }
    return rc;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* What the server has still to say over TLS, tickets perhaps, must be read: the reset that a close
 * would make of it destroys what is on its way to the server. */
static void drain(co_ftp_transfer *transfer)
{
    const uint8_t *bytes;
    ssize_t n;
    while ((n = co_pace_peek(&transfer->pace, transfer->data, &bytes)) > 0)
        co_consume(transfer->data, (size_t)n);
}

/* Some proxies end both directions as soon as one has ended, tickets or no tickets: so the server
 * is waited for, which ends its own once it has heard the farewell. What it makes of it, its reply
 * tells. */
static void end_through_proxy(co_ftp_transfer *transfer)
{
    co_scope scope;
    co_scope_open(&scope, FAREWELL_MS);
    int rc = co_tls_end(transfer->data);
    (void)rc; /* to many a server the reply is farewell enough */
    co_scope_close(&scope);
}

/* 0 or negative. */
static int end_secure_upload(co_ftp_transfer *transfer)
{
    if (co_ftp_client_is_proxied(transfer->client)) {
        end_through_proxy(transfer);
        return co_status();
    }
    int rc = co_shutdown_write(transfer->data);
    if (rc == 0)
        drain(transfer);
    return rc;
}

/* Ends the data connection: 0 when all has gone or come over it. */
static int end_data(co_ftp_transfer *transfer)
{
    co_stream *data = transfer->data;
    int rc = transfer->failed;
    if (rc == 0 && !transfer->upload && !transfer->ended)
        rc = fail(transfer, CO_EEOF, "it was not read to its end");
    if (rc == 0 && transfer->upload && co_tls_is_on(data))
        rc = end_secure_upload(transfer);
    transfer->data = NULL;
    if (rc < 0) {
        co_abort(data);
        return rc;
    }
    rc = co_close(data);
    return transfer->upload ? rc : 0; /* to whom all has come it is all the same */
}

/* Of a file that may have been written to meanwhile. */
static int learn_size(co_ftp_transfer *transfer)
{
    int rc = co_ftp_client_size(transfer->client, transfer->path, &transfer->size);
    transfer->size_known = rc == 0;
    if (rc == CO_ESTATUS || (rc == 0 && transfer->moved > transfer->size))
        return co_ftp_client_fail(resume(transfer), CO_EFTP, "more came than the file has");
    return rc;
}

static int judge_download(co_ftp_transfer *transfer)
{
    char why[96];
    int rc = transfer->grown ? learn_size(transfer) : 0;
    if (rc < 0 || !transfer->size_known || transfer->moved == transfer->size)
        return rc;
    snprintf(why, sizeof why, "only %llu of %llu bytes came", (unsigned long long)transfer->moved,
        (unsigned long long)transfer->size);
    return co_ftp_client_fail(resume(transfer), CO_EEOF, why);
}

static int judge_upload(co_ftp_transfer *transfer)
{
    char why[96];
    uint64_t size, should = transfer->before + transfer->moved;
    if (!transfer->check_size)
        return 0;
    int rc = co_ftp_client_size(transfer->client, transfer->path, &size);
    if (rc < 0 || size == should) /* it need not be there any more, or to be seen */
        return rc == CO_ESTATUS ? 0 : rc;
    snprintf(why, sizeof why, "%llu bytes lie there, not %llu", (unsigned long long)size,
        (unsigned long long)should);
    return co_ftp_client_fail(resume(transfer), size < should ? CO_EEOF : CO_EFTP, why);
}

static int judge(co_ftp_transfer *transfer, int moved)
{
    co_ftp_client *client = transfer->client;
    if (moved < 0)
        return transfer->over ? moved : co_ftp_client_reason(client, moved);
    int code = transfer->over ? client->code : co_ftp_client_hear_final(client);
    if (code < 0)
        return code;
    if (code >= 400)
        return co_ftp_client_fail(client, CO_ESTATUS, NULL);
    if (code != 226 && code != 250) /* RFC 959 5.4 */
        return co_ftp_client_fail(client, CO_EFTP, "a reply that confirms nothing ended it");
    return transfer->upload ? judge_upload(transfer) : judge_download(transfer);
}

int co_ftp_transfer_finish(co_ftp_transfer *transfer)
{
    int rc = end_data(transfer);
    resume(transfer);
    rc = judge(transfer, rc);
    transfer_free(transfer);
    return rc;
}

void co_ftp_transfer_abort(co_ftp_transfer *transfer)
{
    if (!transfer)
        return;
    co_abort(transfer->data);
    transfer->client->cut = true;
    transfer_free(transfer);
}

int64_t co_ftp_transfer_size(const co_ftp_transfer *transfer)
{
    return transfer->size_known && !transfer->upload ? (int64_t)transfer->size : -1;
}

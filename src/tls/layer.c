/* SPDX-License-Identifier: MIT */
/*
 * TLS as a kind of stream, laid over the kind that the stream had.
 *
 *     co_read -> receive -> SSL_read  <- in  <- under->receive  <- network
 *     co_write -> send   -> SSL_write -> out -> under->send     -> network
 *
 * OpenSSL never waits: it reads from `in` and writes to `out`, and between two of its calls the
 * fiber moves these bytes. So one fiber may read while another writes, each in its own wait, and
 * OpenSSL is never entered twice. Only one fiber sends `out` at a time; what the other one's calls
 * add meanwhile (an answer to a KeyUpdate) is sent by it too.
 *
 * Both buffers are the runtime's and go back when they are empty: an idle connection holds none.
 */
#include "tls/layer.h"

#include "runtime/pool.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define RECORD_BYTES 16128 /* of data: four records, and a farewell, fill a buffer */
#define RECORD_ROOM  (RECORD_BYTES + 128)

/* ---- OpenSSL's side of the buffers --------------------------------------------------------- */

static int bio_read(BIO *bio, char *at, int size)
{
    struct co_stream *stream = BIO_get_data(bio);
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    size_t held = layer->in_end - layer->in_at, take = (size_t)size < held ? (size_t)size : held;
    BIO_clear_retry_flags(bio);
    if (take == 0) {
        if (!layer->under_ended)
            BIO_set_retry_read(bio);
        return layer->under_ended ? 0 : -1;
    }
    memcpy(at, layer->in + layer->in_at, take);
    layer->in_at += (uint32_t)take;
    return (int)take;
}

static bool has_room(const struct co_tls_layer *layer, size_t size)
{
    return CO_BUFFER_LARGE - layer->out_end >= size;
}

int co_tls_reserve_output(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    if (!layer->out)
        layer->out = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
    return layer->out ? 0 : -ENOMEM;
}

void co_tls_settle_output(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    if (layer->out_at < layer->out_end)
        return;
    if (layer->out)
        co_buffer_give(stream->rt, layer->out, CO_BUFFER_LARGE);
    layer->out = NULL;
    layer->out_at = layer->out_end = 0;
}

static int bio_write(BIO *bio, const char *at, int size)
{
    struct co_stream *stream = BIO_get_data(bio);
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    BIO_clear_retry_flags(bio);
    if (co_tls_reserve_output(stream) < 0)
        return -1;
    if (!has_room(layer, (size_t)size)) {
        BIO_set_retry_write(bio);
        return -1;
    }
    memcpy(layer->out + layer->out_end, at, (size_t)size);
    layer->out_end += (uint32_t)size;
    return size;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct co_stream *stream = BIO_get_data(bio);
    (void)number, (void)pointer;
    if (command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP)
        return 1;
    return command == BIO_CTRL_EOF && co_tls_layer_of(stream)->under_ended;
}

BIO_METHOD *co_tls_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "coronet");
    if (method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
        BIO_meth_set_ctrl(method, bio_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- the network's side -------------------------------------------------------------------- */

int co_tls_flush(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    long n = 1;
    if (layer->sending)
        return 0;
    layer->sending = true;
    while (n > 0 && layer->out_at < layer->out_end) {
        const struct iovec piece = {layer->out + layer->out_at, layer->out_end - layer->out_at};
        n = layer->under->send(stream, &piece, 1);
        layer->out_at += n > 0 ? (uint32_t)n : 0;
    }
    layer->sending = false;
    if (layer->waiting)
        co_fiber_wake(stream->rt, layer->waiting, 0);
    layer->waiting = NULL;
    co_tls_settle_output(stream);
    return n < 0 ? (int)n : 0;
}

static void wait_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    ((struct co_tls_layer *)(uintptr_t)fiber->wait->on)->waiting = NULL;
    co_fiber_wake(rt, fiber, code);
}

/* Sends all of `out`, whoever is at it. */
static int flush_all(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    const struct co_wait wait = {
        .what = "another fiber's sending", .on = layer, .interrupt = wait_interrupted};
    int rc = 0;
    while (rc == 0 && layer->out) {
        if (layer->sending) {
            layer->waiting = stream->rt->current;
            rc = co_fiber_wait(stream->rt, &wait);
        } else {
            rc = co_tls_flush(stream);
        }
    }
    return rc;
}

void co_tls_release_input(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    if (layer->in)
        co_buffer_give(stream->rt, layer->in, layer->in_room);
    layer->in = NULL;
    layer->in_at = layer->in_end = layer->in_room = 0;
}

/* What the kind beneath took into the stream is ciphertext: it is ours. */
static void take_over(struct co_stream *stream, size_t size)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_tls_release_input(stream);
    layer->in = stream->in;
    layer->in_room = stream->in_room;
    layer->in_end = (uint32_t)size;
    stream->in = NULL;
    stream->in_at = stream->in_end = stream->in_room = 0;
}

/* Receives into a buffer that is chosen when there is something. */
static long receive_small(struct co_stream *stream)
{
    uint8_t *plain = stream->in;
    uint32_t at = stream->in_at, end = stream->in_end, room = stream->in_room;
    stream->in = NULL;
    long n = co_tls_layer_of(stream)->under->receive(stream, NULL, 0);
    take_over(stream, n > 0 ? (size_t)n : 0);
    stream->in = plain;
    stream->in_at = at;
    stream->in_end = end;
    stream->in_room = room;
    return n;
}

static long receive_large(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_tls_release_input(stream);
    layer->in = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
    if (!layer->in)
        return -ENOMEM;
    layer->in_room = CO_BUFFER_LARGE;
    long n = layer->under->receive(stream, layer->in, layer->in_room);
    layer->in_end = n > 0 ? (uint32_t)n : 0;
    return n;
}

/* OpenSSL keeps none when a record is done, but after messages beside the data. */
static void forget_buffers(const struct co_tls_layer *layer)
{
    if (layer->done)
        SSL_free_buffers(layer->ssl);
}

/* Receives more ciphertext, OpenSSL having taken all there was. 0 or negative. */
static int fill(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    int rc = co_tls_flush(stream); /* the peer may be waiting for it; */
    if (rc < 0 && co_status() < 0) /* one that does not read may have said something */
        return rc;
    forget_buffers(layer);
    long n = layer->bulk ? receive_large(stream) : receive_small(stream);
    layer->bulk = n >= CO_BUFFER_SMALL;
    layer->under_ended |= n == 0;
    if (n <= 0)
        co_tls_release_input(stream);
    layer->taken += !layer->done && n > 0 ? (uint32_t)n : 0;
    if (layer->taken > CO_TLS_TAKEN_MAX)
        return co_fail(CO_ETLS, "%s shakes hands without end", co_peer(stream));
    return n < 0 ? (int)n : 0;
}

/* ---- OpenSSL's results --------------------------------------------------------------------- */

static bool is_cut(const struct co_tls_layer *layer, int error)
{
    return layer->under_ended &&
           (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_SYSCALL ||
               ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

static int distrust(struct co_stream *stream, long verdict)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    ERR_clear_error();
    return co_fail(CO_ECERTIFICATE, "cannot trust %s%s%s: %s", co_peer(stream),
        layer->host ? " as " : "", layer->host ? layer->host : "",
        layer->distrust ? layer->distrust : X509_verify_cert_error_string(verdict));
}

int co_tls_resolve(struct co_stream *stream, int result, const char *what)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    int error = SSL_get_error(layer->ssl, result);
    if (layer->asides > CO_TLS_ASIDES_MAX)
        return co_fail(CO_ETLS, "%s talks of keys without end", co_peer(stream));
    if (layer->tickets > CO_TLS_TICKETS_MAX)
        return co_fail(CO_ETLS, "%s gives tickets without end", co_peer(stream));
    if (error == SSL_ERROR_WANT_READ && !layer->under_ended) {
        int rc = fill(stream);
        return rc < 0 ? rc : 1;
    }
    if (error == SSL_ERROR_WANT_CLIENT_HELLO_CB)
        return 1; /* on another thread */
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (is_cut(layer, error)) {
        ERR_clear_error();
        return layer->done ? CO_ETRUNCATED : CO_EEOF;
    }
    long verdict = SSL_get_verify_result(layer->ssl);
    if (!layer->done && verdict != X509_V_OK)
        return distrust(stream, verdict);
    layer->reason = ERR_reason_error_string(ERR_peek_last_error());
    return co_tls_failure(CO_ETLS, what);
}

const char *co_tls_reason(const co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    return layer ? layer->reason : NULL;
}

int co_tls_explain(const co_stream *stream)
{
    const char *reason = co_tls_reason(stream);
    return reason ? co_fail(CO_ETLS, "cannot go on over TLS: %s", reason) : CO_ETLS;
}

/* ---- the stream's calls -------------------------------------------------------------------- */

static long decrypt(struct co_stream *stream, void *at, size_t size)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    int n, rc = 1;
    do {
        ERR_clear_error();
        n = SSL_read(layer->ssl, at, size < INT_MAX ? (int)size : INT_MAX);
        if (n <= 0)
            rc = co_tls_resolve(stream, n, "cannot read over TLS");
    } while (n <= 0 && rc > 0);
    if (layer->in_at == layer->in_end) {
        co_tls_release_input(stream);
        forget_buffers(layer);
    }
    layer->tickets -= n > 0 && layer->tickets > 0;
    return n > 0 ? n : rc;
}

/* Where hands were not shaken there is nothing to read, and OpenSSL, asked for it, would go on
 * shaking them with what still comes. That is taken all the same, so that TCP's reset does not
 * destroy the alert which says why. Negative. */
static long refuse(struct co_stream *stream)
{
    size_t taken = 0;
    long n;
    do {
        n = receive_large(stream);
        co_tls_release_input(stream);
        taken += n > 0 ? (size_t)n : 0;
    } while (n > 0 && taken < CO_TLS_TAKEN_MAX);
    return n < 0 ? n : CO_ETLS;
}

static long tls_receive(struct co_stream *stream, void *at, size_t size)
{
    if (!co_tls_layer_of(stream)->done)
        return refuse(stream);
    return co_stream_receive_by(decrypt, stream, at, size);
}

/* Pieces on their way into records. */
struct pieces {
    const struct iovec *at;
    unsigned count;
    size_t offset; /* in the first */
};

/* The next record's data: part of one piece, or small ones together in `scratch`. */
static size_t gather(struct pieces *pieces, uint8_t *scratch, const void **ret)
{
    size_t size = 0;
    while (pieces->count > 0 && size < RECORD_BYTES) {
        const uint8_t *from = (const uint8_t *)pieces->at->iov_base + pieces->offset;
        size_t left = pieces->at->iov_len - pieces->offset, room = RECORD_BYTES - size;
        size_t take = left < room ? left : room;
        bool alone = size == 0 && (take == RECORD_BYTES || pieces->count == 1);
        if (!alone && take > 0)
            memcpy(scratch + size, from, take);
        *ret = alone ? from : scratch;
        size += take;
        pieces->offset += take;
        if (take == left) {
            pieces->at++;
            pieces->count--;
            pieces->offset = 0;
        }
        if (alone)
            break;
    }
    return size;
}

static long encrypt(struct co_stream *stream, struct pieces *pieces, uint8_t *scratch)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    size_t sent = 0;
    while (pieces->count > 0 && has_room(layer, RECORD_ROOM)) {
        const void *data;
        size_t size = gather(pieces, scratch, &data);
        if (size == 0)
            break;
        ERR_clear_error();
        if (SSL_write(layer->ssl, data, (int)size) <= 0)
            return layer->reason ? co_tls_explain(stream)
                                 : co_tls_failure(CO_ETLS, "cannot write over TLS");
        sent += size;
    }
    return (long)sent;
}

/* What is in `out` counts as sent: when the scope ends meanwhile, the next call goes on with it.
 * What OpenSSL had to say itself, such as a ticket, goes with the data. */
static long tls_send(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    struct pieces rest = {.at = pieces, .count = count};
    if (!layer->done)
        return CO_ETLS; /* nor is anything said there */
    int rc = layer->sending || !has_room(layer, RECORD_ROOM) ? flush_all(stream) : 0;
    if (rc < 0)
        return rc;
    uint8_t *scratch = count > 1 ? co_buffer_take(stream->rt, CO_BUFFER_LARGE) : NULL;
    if (count > 1 && !scratch)
        return -ENOMEM;
    long n = encrypt(stream, &rest, scratch);
    if (scratch)
        co_buffer_give(stream->rt, scratch, CO_BUFFER_LARGE);
    if (n > 0)
        rc = co_tls_flush(stream);
    return rc < 0 && co_status() == 0 ? rc : n;
}

/* close_notify (RFC 8446 6.1); the other direction goes on. */
static int farewell(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    ERR_clear_error();
    if (layer->done && !(SSL_get_shutdown(layer->ssl) & SSL_SENT_SHUTDOWN))
        SSL_shutdown(layer->ssl);
    ERR_clear_error();
    return flush_all(stream);
}

static int tls_shutdown(struct co_stream *stream)
{
    int rc = farewell(stream);
    return rc < 0 ? rc : co_tls_layer_of(stream)->under->shutdown(stream);
}

static size_t tls_held(const struct co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    return layer->out_end - layer->out_at;
}

static long tls_unread(struct co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    long beneath = layer->under->unread(stream);
    return SSL_pending(layer->ssl) + (long)(layer->in_end - layer->in_at) +
           (beneath > 0 ? beneath : 0);
}

static void layer_free(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_tls_release_input(stream);
    if (layer->out)
        co_buffer_give(stream->rt, layer->out, CO_BUFFER_LARGE);
    SSL_free(layer->ssl);
    co_ticket_key_free(layer->family);
    co_tls_set_leave(layer->set);
    co_tls_leave(layer->tls);
    free(layer->wanted);
    free(layer->host);
    free(layer->distrust);
    free(layer->peer);
    free(layer);
    stream->layer = NULL;
}

/* OpenSSL reads record by record, so what is behind the peer's farewell was left in `in`. */
static void leave_in_clear(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    const struct co_stream_kind *under = layer->under;
    co_stream_release_input(stream);
    stream->in = layer->in;
    stream->in_at = layer->in_at;
    stream->in_end = layer->in_end;
    stream->in_room = layer->in_room;
    stream->ended = layer->under_ended;
    layer->in = NULL;
    layer_free(stream);
    stream->kind = under;
}

int co_tls_end(struct co_stream *stream)
{
    char more;
    if (co_stream_buffered(stream) > 0)
        return co_fail(CO_ETLS, "%s goes on in TLS where it ends", co_peer(stream));
    int rc = farewell(stream);
    if (rc < 0)
        return rc;
    long n = decrypt(stream, &more, 1);
    if (n > 0)
        return co_fail(CO_ETLS, "%s goes on in TLS where it ends", co_peer(stream));
    if (n == 0)
        leave_in_clear(stream);
    return (int)n;
}

static void tls_close(struct co_stream *stream, bool reset)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    const struct co_stream_kind *under = layer->under;
    if (!reset && !stream->write_shut && !stream->write_error) {
        bool held = tls_held(stream) > 0; /* a farewell that does not go out cuts nothing */
        co_scope grace;
        co_scope_shield(&grace, CO_TLS_GRACE_MS);
        int rc = farewell(stream);
        reset = (co_scope_close(&grace) < 0 || rc < 0) && held;
    }
    layer_free(stream);
    stream->kind = under;
    under->close(stream, reset);
}

void co_tls_take_parked(struct co_stream *stream)
{
    take_over(stream, stream->in_end);
    co_tls_layer_of(stream)->under_ended = stream->ended;
    stream->ended = false;
}

static bool has_input(const struct co_tls_layer *layer)
{
    return SSL_has_pending(layer->ssl) || layer->in || layer->under_ended;
}

/* A client that has shaken hands and asks for nothing yet gets its tickets now. */
static int tls_settle(struct co_stream *stream)
{
    return has_input(co_tls_layer_of(stream)) ? 0 : flush_all(stream);
}

static bool tls_park(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    if (has_input(layer) || layer->out)
        return true;
    if (!layer->under->park(stream))
        return false;
    co_tls_take_parked(stream);
    return true;
}

static void tls_unparked(struct co_stream *stream)
{
    co_tls_layer_of(stream)->under->unparked(stream);
    co_tls_take_parked(stream);
}

static void tls_unpark(struct co_stream *stream)
{
    co_tls_layer_of(stream)->under->unpark(stream);
}

const struct co_stream_kind co_tls_kind = {
    .name = "tls",
    .receive = tls_receive,
    .send = tls_send,
    .shutdown = tls_shutdown,
    .unread = tls_unread,
    .close = tls_close,
    .settle = tls_settle,
    .held = tls_held,
    .flush = flush_all,
    .park = tls_park,
    .unpark = tls_unpark,
    .unparked = tls_unparked,
};

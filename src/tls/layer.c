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
#include "net/stream.h"
#include "runtime/pool.h"
#include "tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define RECORD_BYTES   16128 /* of data: four records, and a farewell, fill a buffer */
#define RECORD_ROOM    (RECORD_BYTES + 128)
#define ASIDES_MAX     100  /* of a connection: a KeyUpdate is due after some 100 GiB */
#define CLOSE_GRACE_MS 1000 /* for the farewell of a peer that does not read */

struct layer {
    const struct co_stream_kind *under;
    co_tls *tls;
    struct co_tls_set *set; /* which the handshake chooses from */
    SSL *ssl;
    uint8_t *in, *out;
    uint32_t in_at, in_end, in_room, out_at, out_end;
    unsigned asides;          /* alerts, and messages of handshakes after the first */
    bool under_ended;         /* the peer's end, with or without its farewell */
    bool done;                /* the handshake */
    bool sending;             /* a fiber empties `out` */
    bool bulk;                /* a small buffer was filled: the next is large */
    struct co_fiber *waiting; /* for that fiber to be done */
};

static struct layer *layer_of(const struct co_stream *stream)
{
    return stream->layer;
}

/* ---- OpenSSL's side of the buffers --------------------------------------------------------- */

static int bio_read(BIO *bio, char *at, int size)
{
    struct co_stream *stream = BIO_get_data(bio);
    struct layer *layer = layer_of(stream);
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

static bool has_room(const struct layer *layer, size_t size)
{
    return CO_BUFFER_LARGE - layer->out_end >= size;
}

static int bio_write(BIO *bio, const char *at, int size)
{
    struct co_stream *stream = BIO_get_data(bio);
    struct layer *layer = layer_of(stream);
    BIO_clear_retry_flags(bio);
    if (!layer->out)
        layer->out = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
    if (!layer->out)
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
    return command == BIO_CTRL_EOF && layer_of(stream)->under_ended;
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

/* Sends what OpenSSL has written, unless another fiber is at it. 0 or as the kind's send. */
static int flush(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
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
    if (layer->out_at == layer->out_end) {
        if (layer->out)
            co_buffer_give(stream->rt, layer->out, CO_BUFFER_LARGE);
        layer->out = NULL;
        layer->out_at = layer->out_end = 0;
    }
    return n < 0 ? (int)n : 0;
}

static void wait_interrupted(struct co_rt *rt, struct co_fiber *fiber, int code)
{
    ((struct layer *)(uintptr_t)fiber->wait->on)->waiting = NULL;
    co_fiber_wake(rt, fiber, code);
}

/* Sends all of `out`, whoever is at it. */
static int flush_all(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    const struct co_wait wait = {
        .what = "another fiber's sending", .on = layer, .interrupt = wait_interrupted};
    int rc = 0;
    while (rc == 0 && layer->out) {
        if (layer->sending) {
            layer->waiting = stream->rt->current;
            rc = co_fiber_wait(stream->rt, &wait);
        } else {
            rc = flush(stream);
        }
    }
    return rc;
}

static void release_in(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    if (layer->in)
        co_buffer_give(stream->rt, layer->in, layer->in_room);
    layer->in = NULL;
    layer->in_at = layer->in_end = layer->in_room = 0;
}

/* What the kind beneath took into the stream is ciphertext: it is ours. */
static void take_over(struct co_stream *stream, size_t size)
{
    struct layer *layer = layer_of(stream);
    release_in(stream);
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
    long n = layer_of(stream)->under->receive(stream, NULL, 0);
    take_over(stream, n > 0 ? (size_t)n : 0);
    stream->in = plain;
    stream->in_at = at;
    stream->in_end = end;
    stream->in_room = room;
    return n;
}

static long receive_large(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    release_in(stream);
    layer->in = co_buffer_take(stream->rt, CO_BUFFER_LARGE);
    if (!layer->in)
        return -ENOMEM;
    layer->in_room = CO_BUFFER_LARGE;
    long n = layer->under->receive(stream, layer->in, layer->in_room);
    layer->in_end = n > 0 ? (uint32_t)n : 0;
    return n;
}

/* Receives more ciphertext, OpenSSL having taken all there was. 0 or negative. */
static int fill(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    int rc = flush(stream); /* the peer may be waiting for it */
    if (rc < 0)
        return rc;
    long n = layer->bulk ? receive_large(stream) : receive_small(stream);
    layer->bulk = n >= CO_BUFFER_SMALL;
    layer->under_ended |= n == 0;
    if (n <= 0)
        release_in(stream);
    return n < 0 ? (int)n : 0;
}

/* ---- OpenSSL's results --------------------------------------------------------------------- */

static bool is_cut(const struct layer *layer, int error)
{
    return layer->under_ended &&
           (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_SYSCALL ||
               ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

/* OpenSSL tells of each message. KeyUpdates, and refusals to renegotiate, cost us more than whoever
 * asks for them (attacks T01). */
static void count_asides(
    int sent, int version, int type, const void *at, size_t size, SSL *ssl, void *arg)
{
    struct layer *layer = arg;
    (void)sent, (void)version, (void)at, (void)size, (void)ssl;
    layer->asides += type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT;
}

/* What a call that did not succeed comes to. 1: call again, there is more ciphertext; 0: the peer
 * has said farewell; negative: failed. */
static int resolve(struct co_stream *stream, int result, const char *what)
{
    struct layer *layer = layer_of(stream);
    int error = SSL_get_error(layer->ssl, result);
    if (layer->asides > ASIDES_MAX)
        return co_fail(CO_ETLS, "%s talks of keys without end", co_peer(stream));
    if (error == SSL_ERROR_WANT_READ && !layer->under_ended) {
        int rc = fill(stream);
        return rc < 0 ? rc : 1;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (is_cut(layer, error)) {
        ERR_clear_error();
        return layer->done ? CO_ETRUNCATED : CO_EEOF;
    }
    long verdict = SSL_get_verify_result(layer->ssl);
    if (!layer->done && verdict != X509_V_OK) {
        ERR_clear_error();
        return co_fail(CO_ECERTIFICATE, "cannot trust %s: %s", co_peer(stream),
            X509_verify_cert_error_string(verdict));
    }
    return co_tls_failure(CO_ETLS, what);
}

/* ---- the stream's calls -------------------------------------------------------------------- */

static long decrypt(struct co_stream *stream, void *at, size_t size)
{
    struct layer *layer = layer_of(stream);
    int n, rc = 1;
    do {
        ERR_clear_error();
        n = SSL_read(layer->ssl, at, size < INT_MAX ? (int)size : INT_MAX);
        if (n <= 0)
            rc = resolve(stream, n, "cannot read over TLS");
    } while (n <= 0 && rc > 0);
    if (layer->in_at == layer->in_end)
        release_in(stream);
    return n > 0 ? n : rc;
}

static long tls_receive(struct co_stream *stream, void *at, size_t size)
{
    if (at)
        return decrypt(stream, at, size);
    uint8_t *own = co_buffer_take(stream->rt, CO_BUFFER_SMALL);
    if (!own)
        return -ENOMEM;
    long n = decrypt(stream, own, CO_BUFFER_SMALL);
    if (n <= 0) {
        co_buffer_give(stream->rt, own, CO_BUFFER_SMALL);
        return n;
    }
    stream->in = own;
    stream->in_room = CO_BUFFER_SMALL;
    return n;
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
    struct layer *layer = layer_of(stream);
    size_t sent = 0;
    while (pieces->count > 0 && has_room(layer, RECORD_ROOM)) {
        const void *data;
        size_t size = gather(pieces, scratch, &data);
        if (size == 0)
            break;
        ERR_clear_error();
        if (SSL_write(layer->ssl, data, (int)size) <= 0)
            return co_tls_failure(CO_ETLS, "cannot write over TLS");
        sent += size;
    }
    return (long)sent;
}

/* What is in `out` counts as sent: when the scope ends meanwhile, the next call goes on with it. */
static long tls_send(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    struct pieces rest = {.at = pieces, .count = count};
    int rc = flush_all(stream);
    if (rc < 0)
        return rc;
    uint8_t *scratch = count > 1 ? co_buffer_take(stream->rt, CO_BUFFER_LARGE) : NULL;
    if (count > 1 && !scratch)
        return -ENOMEM;
    long n = encrypt(stream, &rest, scratch);
    if (scratch)
        co_buffer_give(stream->rt, scratch, CO_BUFFER_LARGE);
    if (n > 0)
        rc = flush(stream);
    return rc < 0 && co_status() == 0 ? rc : n;
}

/* close_notify (RFC 8446 6.1); the other direction goes on. */
static int farewell(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    ERR_clear_error();
    if (layer->done)
        SSL_shutdown(layer->ssl);
    ERR_clear_error();
    return flush_all(stream);
}

static int tls_shutdown(struct co_stream *stream)
{
    int rc = farewell(stream);
    return rc < 0 ? rc : layer_of(stream)->under->shutdown(stream);
}

static long tls_unread(struct co_stream *stream)
{
    const struct layer *layer = layer_of(stream);
    long beneath = layer->under->unread(stream);
    return SSL_pending(layer->ssl) + (long)(layer->in_end - layer->in_at) +
           (beneath > 0 ? beneath : 0);
}

static void layer_free(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    release_in(stream);
    if (layer->out)
        co_buffer_give(stream->rt, layer->out, CO_BUFFER_LARGE);
    SSL_free(layer->ssl);
    co_tls_set_leave(layer->set);
    co_tls_leave(layer->tls);
    free(layer);
    stream->layer = NULL;
}

static void tls_close(struct co_stream *stream, bool reset)
{
    struct layer *layer = layer_of(stream);
    const struct co_stream_kind *under = layer->under;
    if (!reset && !stream->write_shut && !stream->write_error) {
        co_scope grace;
        co_scope_shield(&grace, CLOSE_GRACE_MS);
        reset = farewell(stream) < 0;
        reset |= co_scope_close(&grace) < 0;
    }
    layer_free(stream);
    stream->kind = under;
    under->close(stream, reset);
}

/* What a wait without a fiber brought: ciphertext, or the end of it. */
static void take_parked(struct co_stream *stream)
{
    take_over(stream, stream->in_end);
    layer_of(stream)->under_ended = stream->ended;
    stream->ended = false;
}

static bool has_input(const struct layer *layer)
{
    return SSL_has_pending(layer->ssl) || layer->in || layer->under_ended;
}

/* A client that has shaken hands and asks for nothing yet gets its tickets now. */
static int tls_settle(struct co_stream *stream)
{
    return has_input(layer_of(stream)) ? 0 : flush_all(stream);
}

static bool tls_park(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    if (has_input(layer) || layer->out)
        return true;
    if (!layer->under->park(stream))
        return false;
    take_parked(stream);
    return true;
}

static void tls_unparked(struct co_stream *stream)
{
    layer_of(stream)->under->unparked(stream);
    take_parked(stream);
}

static void tls_unpark(struct co_stream *stream)
{
    layer_of(stream)->under->unpark(stream);
}

static const struct co_stream_kind tls_kind = {
    .name = "tls",
    .receive = tls_receive,
    .send = tls_send,
    .shutdown = tls_shutdown,
    .unread = tls_unread,
    .close = tls_close,
    .settle = tls_settle,
    .park = tls_park,
    .unpark = tls_unpark,
    .unparked = tls_unparked,
};

/* ---- handshakes ---------------------------------------------------------------------------- */

static int layer_new(struct co_stream *stream, co_tls *tls)
{
    if (stream->layer)
        return co_fail(CO_EINVALID, "the stream has TLS already");
    if (co_stream_buffered(stream) > 0)
        return co_fail(CO_ETLS, "%s sent data in clear where TLS begins", co_peer(stream));
    ERR_clear_error();
    struct layer *layer = calloc(1, sizeof *layer);
    BIO *bio = layer ? BIO_new(tls->method) : NULL;
    struct co_tls_set *set = co_tls_set_enter(tls);
    SSL *ssl = bio ? SSL_new(set->contexts[0]) : NULL;
    if (!ssl) {
        co_tls_set_leave(set);
        BIO_free(bio);
        free(layer);
        ERR_clear_error();
        return -ENOMEM;
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    atomic_fetch_add(&tls->users, 1);
    co_stream_release_input(stream);
    *layer = (struct layer){.under = stream->kind, .tls = tls, .set = set, .ssl = ssl};
    stream->layer = layer;
    stream->kind = &tls_kind;
    return 0;
}

/* The peer shall know by an alert why it fails, if it reads. */
static void send_alert(struct co_stream *stream)
{
    co_scope grace;
    co_scope_shield(&grace, CLOSE_GRACE_MS);
    int rc = flush(stream);
    if (co_scope_close(&grace) < 0 || rc < 0)
        return; /* then it does not */
}

/* What a TLS 1.3 server has to say after the handshake are tickets: they go with its first reply.
 */
static bool owes_nothing(const SSL *ssl)
{
    return SSL_is_server(ssl) && SSL_version(ssl) == TLS1_3_VERSION;
}

static int handshake(struct co_stream *stream)
{
    struct layer *layer = layer_of(stream);
    co_scope scope;
    int n, rc = 1;
    co_scope_open(&scope, layer->tls->handshake_ms);
    do {
        ERR_clear_error();
        n = SSL_do_handshake(layer->ssl);
        if (n <= 0)
            rc = resolve(stream, n, "no TLS connection");
    } while (n <= 0 && rc > 0);
    layer->done = n > 0;
    SSL_set_msg_callback(layer->ssl, count_asides);
    SSL_set_msg_callback_arg(layer->ssl, layer);
    if (layer->in_at == layer->in_end)
        release_in(stream);
    if (layer->done)
        rc = owes_nothing(layer->ssl) ? 0 : flush(stream);
    else if (rc == 0)
        rc = CO_EEOF; /* a farewell instead of a handshake */
    int ended = co_scope_close(&scope);
    if (rc < 0)
        send_alert(stream);
    return ended < 0 ? ended : rc;
}

int co_tls_accept_as(co_stream *stream, co_tls *tls, const char *const *alpn)
{
    int rc = layer_new(stream, tls);
    if (rc < 0)
        return rc;
    SSL *ssl = layer_of(stream)->ssl;
    SSL_set_app_data(ssl, (void *)(uintptr_t)alpn);
    SSL_set_accept_state(ssl);
    return handshake(stream);
}

int co_tls_accept(co_stream *stream, co_tls *tls)
{
    return co_tls_accept_as(stream, tls, tls->alpn);
}

/* RFC 9525: an address must stand in the certificate as one, a name as a name. */
static int expect(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);
    void *name = (void *)(uintptr_t)host; /* the macro below is not const-correct */
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1)
        return 0;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (SSL_set1_host(ssl, host) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1)
        return co_tls_failure(CO_EINVALID, "not a host's name");
    return 0;
}

int co_tls_connect(co_stream *stream, co_tls *tls, const char *host)
{
    int rc = layer_new(stream, tls);
    if (rc == 0)
        rc = expect(layer_of(stream)->ssl, host);
    if (rc < 0)
        return rc;
    SSL_set_connect_state(layer_of(stream)->ssl);
    return handshake(stream);
}

bool co_tls_is_on(const co_stream *stream)
{
    const struct layer *layer = layer_of(stream);
    return layer && layer->done;
}

int co_tls_info(const co_stream *stream, struct co_tls_info *ret)
{
    const struct layer *layer = layer_of(stream);
    const uint8_t *alpn;
    unsigned alpn_size;
    if (!co_tls_is_on(stream))
        return -ENOTCONN;
    SSL_get0_alpn_selected(layer->ssl, &alpn, &alpn_size);
    *ret = (struct co_tls_info){
        .version = SSL_get_version(layer->ssl),
        .cipher = SSL_get_cipher_name(layer->ssl),
        .server = SSL_get_servername(layer->ssl, TLSEXT_NAMETYPE_host_name),
        .alpn = {(const char *)alpn, alpn_size},
        .resumed = SSL_session_reused(layer->ssl) == 1,
    };
    return 0;
}

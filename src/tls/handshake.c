/* SPDX-License-Identifier: MIT */
/* How a stream comes to its layer of TLS, and what that came to. */
#include "tls/begun.h"
#include "tls/layer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static int layer_new(struct co_stream *stream, co_tls *tls)
{
    if (stream->layer)
        return co_fail(CO_EINVALID, "the stream has TLS already");
    ERR_clear_error();
    struct co_tls_layer *layer = calloc(1, sizeof *layer);
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
    *layer = (struct co_tls_layer){.under = stream->kind, .tls = tls, .set = set, .ssl = ssl};
    stream->layer = layer;
    stream->kind = &co_tls_kind;
    co_tls_take_parked(stream);
    return 0;
}

/* Where a protocol in clear went before, what has been received belongs to it (attacks T04). */
static int refuse_clear(struct co_stream *stream)
{
    if (co_stream_buffered(stream) > 0)
        return co_fail(CO_ETLS, "%s sent data in clear where TLS begins", co_peer(stream));
    co_stream_release_input(stream);
    return 0;
}

/* The peer shall know by an alert why it fails, if it reads. */
static void send_alert(struct co_stream *stream)
{
    co_scope grace;
    co_scope_shield(&grace, CO_TLS_GRACE_MS);
    int rc = co_tls_flush(stream);
    if (co_scope_close(&grace) < 0 || rc < 0)
        return; /* then it does not */
}

/* What a TLS 1.3 server has to say after the handshake are tickets: they go with its first reply.
 */
static bool owes_nothing(const SSL *ssl)
{
    return SSL_is_server(ssl) && SSL_version(ssl) == TLS1_3_VERSION;
}

/* OpenSSL tells of each message. KeyUpdates, and refusals to renegotiate, cost us more than whoever
 * asks for them (attacks T01). */
static void count_asides(
    int sent, int version, int type, const void *at, size_t size, SSL *ssl, void *arg)
{
    struct co_tls_layer *layer = arg;
    (void)sent, (void)version, (void)at, (void)size, (void)ssl;
    layer->asides += type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT;
}

static int handshake(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_scope scope;
    int n, rc = 1;
    co_scope_open(&scope, layer->tls->handshake_ms);
    do {
        ERR_clear_error();
        n = SSL_do_handshake(layer->ssl);
        if (n <= 0)
            rc = co_tls_resolve(stream, n, "no TLS connection");
    } while (n <= 0 && rc > 0);
    layer->done = n > 0;
    SSL_set_msg_callback(layer->ssl, count_asides);
    SSL_set_msg_callback_arg(layer->ssl, layer);
    if (layer->in_at == layer->in_end)
        co_tls_release_input(stream);
    if (layer->done)
        rc = owes_nothing(layer->ssl) ? 0 : co_tls_flush(stream);
    else if (rc == 0)
        rc = CO_EEOF; /* a farewell instead of a handshake */
    int ended = co_scope_close(&scope);
    if (rc < 0)
        send_alert(stream);
    return ended < 0 ? ended : rc;
}

int co_tls_accept_begun(co_stream *stream, co_tls *tls, const char *const *alpn)
{
    int rc = layer_new(stream, tls);
    if (rc < 0)
        return rc;
    SSL *ssl = co_tls_layer_of(stream)->ssl;
    SSL_set_app_data(ssl, (void *)(uintptr_t)alpn);
    SSL_set_accept_state(ssl);
    return handshake(stream);
}

int co_tls_accept_as(co_stream *stream, co_tls *tls, const char *const *alpn)
{
    int rc = refuse_clear(stream);
    return rc < 0 ? rc : co_tls_accept_begun(stream, tls, alpn);
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
    int rc = refuse_clear(stream);
    if (rc == 0)
        rc = layer_new(stream, tls);
    if (rc == 0)
        rc = expect(co_tls_layer_of(stream)->ssl, host);
    if (rc < 0)
        return rc;
    SSL_set_connect_state(co_tls_layer_of(stream)->ssl);
    return handshake(stream);
}

bool co_tls_is_on(const co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    return layer && layer->done;
}

int co_tls_info(const co_stream *stream, struct co_tls_info *ret)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
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

/* SPDX-License-Identifier: MIT */
/*
 * How a stream comes to its layer of TLS, and what that came to.
 *
 * A client's hello takes 0.06 ms. What the client makes of the answer takes 0.5 ms with P-256 or
 * RSA of 2048 bits in the chain, 2.5 with P-384, and the server chooses: all of it is computed by
 * pool threads. A server knows beforehand what will take long (context.c).
 */
#include "codec/url.h"
#include "net/address.h"
#include "tls/layer.h"
#include "tls/session.h"
#include "tls/trust.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* A later stream of a client's has the earlier one's certificates, also when there are others by
 * now: a session is bound to them. earlier: NULL, there is none. */
static int layer_new(struct co_stream *stream, co_tls *tls, const struct co_stream *earlier)
{
    if (stream->layer)
        return co_fail(CO_EINVALID, "the stream has TLS already");
    ERR_clear_error();
    struct co_tls_layer *layer = calloc(1, sizeof *layer);
    BIO *bio = layer ? BIO_new(tls->method) : NULL;
    struct co_tls_set *set =
        earlier ? co_tls_set_share(co_tls_layer_of(earlier)->set) : co_tls_set_enter(tls);
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
 * asks for them; tickets, too, unless they come with data, as an FTP server's do, one for each
 * transfer (attacks T01). */
static void count_asides(
    int sent, int version, int type, const void *at, size_t size, SSL *ssl, void *arg)
{
    struct co_tls_layer *layer = arg;
    bool is_ticket = size > 0 && *(const uint8_t *)at == SSL3_MT_NEWSESSION_TICKET;
    (void)version, (void)ssl;
    if (sent || (type != SSL3_RT_HANDSHAKE && type != SSL3_RT_ALERT))
        return;
    if (type == SSL3_RT_HANDSHAKE && is_ticket)
        layer->tickets++;
    else
        layer->asides++;
}

/* A step of the handshake, on whichever thread; what failed is in that thread's queue. */
struct step {
    SSL *ssl;
    int result;
    unsigned long error;
};

static int compute(void *arg)
{
    struct step *step = arg;
    ERR_clear_error();
    step->result = SSL_do_handshake(step->ssl);
    step->error = ERR_peek_last_error();
    ERR_clear_error();
    return 0;
}

/* OpenSSL's result is *ret, and its error in this thread's queue. 0, or negative: not computed. */
static int compute_off_loop(struct co_stream *stream, int *ret)
{
    struct step step = {.ssl = co_tls_layer_of(stream)->ssl};
    int rc = co_tls_reserve_output(stream);
    if (rc == 0)
        rc = co_block(compute, &step);
    co_tls_settle_output(stream);
    ERR_clear_error();
    if (step.error) {
        ERR_new();
        ERR_set_error(ERR_GET_LIB(step.error), ERR_GET_REASON(step.error), NULL);
    }
    *ret = step.result;
    return rc;
}

/* 1: go on; 0: the peer has said farewell, or all is done; negative: failed. */
static int take_step(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    int n = 0, rc = 0;
    if (layer->off_loop) {
        rc = compute_off_loop(stream, &n);
    } else {
        ERR_clear_error();
        n = SSL_do_handshake(layer->ssl);
        layer->off_loop |= !SSL_is_server(layer->ssl); /* see the top */
    }
    layer->done = n > 0;
    if (rc < 0 || layer->done)
        return rc;
    return co_tls_resolve(stream, n, "no TLS connection");
}

static int handshake(struct co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_scope scope;
    int rc;
    co_scope_open(&scope, layer->tls->options.handshake_ms);
    do
        rc = take_step(stream);
    while (rc > 0);
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

/* 0 or -ENOMEM. */
static int tie(struct co_tls_layer *layer, const struct co_tls_terms *terms)
{
    if (terms->parent)
        memcpy(layer->bond, co_tls_layer_of(terms->parent)->bond, sizeof layer->bond);
    if (!terms->is_parent)
        return 0;
    co_random(layer->bond, sizeof layer->bond);
    layer->family = co_ticket_key_new();
    return layer->family ? 0 : -ENOMEM;
}

int co_tls_accept_on(co_stream *stream, co_tls *tls, const struct co_tls_terms *terms)
{
    int rc = terms->begun ? 0 : refuse_clear(stream);
    if (rc == 0)
        rc = layer_new(stream, tls, terms->earlier);
    if (rc < 0)
        return rc;
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    layer->begun = co_wall_seconds();
    co_tickets_turn(&tls->tickets);
    rc = tie(layer, terms);
    if (rc < 0)
        return rc;
    layer->terms = terms;
    SSL_set_accept_state(layer->ssl);
    if (terms->no_tickets)
        SSL_set_num_tickets(layer->ssl, 0);
    rc = handshake(stream);
    layer->terms = NULL;
    return rc;
}

void co_tls_offer_ticket(co_stream *stream)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    if (!co_tls_is_on(stream) || SSL_version(layer->ssl) != TLS1_3_VERSION ||
        layer->tls->options.no_resumption || layer->out)
        return; /* what is held already leaves no room that is sure to do */
    ERR_clear_error();
    layer->begun = co_wall_seconds();
    if (SSL_new_session_ticket(layer->ssl) == 1)
        SSL_do_handshake(layer->ssl); /* it is in `out` now */
    ERR_clear_error();
}

int co_tls_accept_as(co_stream *stream, co_tls *tls, const char *const *alpn)
{
    return co_tls_accept_on(stream, tls, &(struct co_tls_terms){.alpn = alpn});
}

int co_tls_accept(co_stream *stream, co_tls *tls)
{
    return co_tls_accept_as(stream, tls, tls->alpn);
}

static bool is_address(const char *host)
{
    co_address address;
    return co_address_of_number(host, 0, &address) == 0;
}

/* What all read as a name, or as the same address, and OpenSSL not as many: to it a dot before it,
 * or nothing, is all names (attacks T05). */
static bool is_name(const char *host)
{
    co_text plain;
    uint16_t port;
    size_t size = strlen(host);
    return co_url_authority(co_text_of(host), &plain, &port) == 0 && plain.size == size &&
           host[size - 1] != '.' && !is_address(host);
}

/* An address must stand in the certificate as one. Its interface is this machine's affair. */
static int expect_address(struct co_tls_layer *layer)
{
    layer->host[strcspn(layer->host, "%")] = '\0';
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(layer->ssl), layer->host) == 1
               ? 0
               : co_tls_failure(CO_EINVALID, "not a host's address");
}

/* A name may end with the root's dot, and stands without it in SNI and in certificates. */
static int expect_name(struct co_tls_layer *layer)
{
    size_t size = strlen(layer->host);
    X509_VERIFY_PARAM *expected = SSL_get0_param(layer->ssl);
    if (size > 0 && layer->host[size - 1] == '.')
        layer->host[size - 1] = '\0';
    if (!is_name(layer->host))
        return co_fail(CO_EINVALID, "\"%.80s\" is no host's name", layer->host);
    for (char *at = layer->host; *at; at++)
        *at = co_lower(*at);
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (SSL_set1_host(layer->ssl, layer->host) != 1 ||
        SSL_set_tlsext_host_name(layer->ssl, layer->host) != 1)
        return co_tls_failure(CO_EINVALID, "not a host's name");
    return 0;
}

/* RFC 9525. */
static int expect(struct co_stream *stream, const char *host, unsigned port)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    co_address peer;
    co_stream_peer(stream, &peer);
    layer->port = port ? port : co_address_port(&peer);
    layer->host = strdup(host);
    if (!layer->host)
        return -ENOMEM;
    return is_address(host) ? expect_address(layer) : expect_name(layer);
}

int co_tls_connect_on(
    co_stream *stream, co_tls *tls, const char *host, const struct co_tls_client_terms *terms)
{
    int rc = refuse_clear(stream);
    if (rc == 0)
        rc = layer_new(stream, tls, terms->parent);
    if (rc == 0)
        rc = expect(stream, host, terms->port);
    if (rc == 0 && terms->alpn)
        rc = co_tls_offer(NULL, co_tls_layer_of(stream)->ssl, terms->alpn);
    if (rc < 0)
        return rc;
    struct co_tls_layer *layer = co_tls_layer_of(stream);
    layer->is_child = terms->parent;
    if (layer->is_child)
        co_sessions_offer_of(layer, co_tls_layer_of(terms->parent));
    else
        co_sessions_offer(layer);
    SSL_set_connect_state(layer->ssl);
    return handshake(stream);
}

int co_tls_connect(co_stream *stream, co_tls *tls, const char *host)
{
    return co_tls_connect_on(stream, tls, host, &(struct co_tls_client_terms){0});
}

bool co_tls_is_on(const co_stream *stream)
{
    const struct co_tls_layer *layer = co_tls_layer_of(stream);
    return layer && layer->done;
}

/* Looked at when somebody asks, and then kept. */
static const char *peer_name(struct co_tls_layer *layer)
{
    const X509 *certificate = SSL_get0_peer_certificate(layer->ssl);
    if (!layer->peer && certificate && !layer->tls->trust.anyone)
        layer->peer = co_trust_name(certificate);
    ERR_clear_error();
    return layer->peer;
}

int co_tls_info(const co_stream *stream, struct co_tls_info *ret)
{
    struct co_tls_layer *layer = co_tls_layer_of(stream);
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
        .peer = peer_name(layer),
        .resumed = SSL_session_reused(layer->ssl) == 1,
    };
    return 0;
}

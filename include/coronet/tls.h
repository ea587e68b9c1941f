/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 and 1.3 over any stream, in place: the stream keeps its identity, and everything that
 * reads, writes, parks and closes it goes on as before, encrypted.
 *
 *     struct co_tls_options options = {.certificates = pairs, .certificate_count = 1};
 *     co_tls *tls;
 *     int rc = co_tls_server(&tls, &options);      // once
 *     ...
 *     rc = co_tls_accept(stream, tls);             // for each connection, before its first byte
 */
#ifndef CORONET_TLS_H
#define CORONET_TLS_H

#include "coronet/stream.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one side wants: certificates, trust, protocols. Used by any number of streams and threads.
 */
typedef struct co_tls co_tls;

/* A certificate chain, the server's own first, and its private key, both PEM; as text, not as
 * files' names, so that reading them is the caller's. */
struct co_tls_certificate {
    co_text chain, key;
};

struct co_tls_options {
    /* A server's; at least one. Chosen by the name that the client asks for (SNI, RFC 6066 3): the
     * first whose certificate is for that name, else the first. One for the same names whose key
     * is of another kind (RSA, ECDSA) stands beside it. A client's: none or one. */
    const struct co_tls_certificate *certificates;
    unsigned certificate_count;
    /* Protocols by ALPN (RFC 7301), best first, NULL-terminated; NULL: none. A server refuses a
     * client that offers others only (no_application_protocol), since a certificate serves several
     * protocols (ALPACA). */
    const char *const *alpn;
    /* A client's: the authorities it trusts, PEM; size 0: the system's. */
    co_text authorities;
    bool insecure;        /* a client that believes anyone: for tests alone */
    int64_t handshake_ms; /* for a whole handshake; 0: 30,000 */
};

/*
 * co_tls_server - make the context of servers.
 *
 * Does not suspend. TLS 1.2 (forward-secret AEAD suites only) and 1.3; no renegotiation,
 * compression or early data (RFC 9325). Its tickets (RFC 5077, RFC 8446 4.6.1) resume sessions in
 * any thread, for two hours, under the name and certificate they began with; they are sealed by
 * keys that this context alone has, new ones every two hours.
 *
 * ret: receives the context, co_tls_free ends it. options: only read, during the call.
 * Returns: 0; -ENOMEM; CO_EINVALID (a certificate or key cannot be read, or they do not belong
 * together), with detail for co_explain.
 */
CO_API int co_tls_server(co_tls **ret, const struct co_tls_options *options) CO_MUST_USE;

/*
 * co_tls_renew - give a server's context other certificates, whole or not at all.
 *
 * Does not suspend; any thread. New connections get the new ones, others stay as they are; tickets
 * stay good for those certificates that stay.
 * certificates: as in the options; only read, during the call.
 * Returns: as co_tls_server; after a failure the certificates are those of before.
 */
CO_API int co_tls_renew(
    co_tls *tls, const struct co_tls_certificate *certificates, unsigned count) CO_MUST_USE;

/*
 * co_tls_client - make the context of clients, which trust whom the options say.
 *
 * Does not suspend. As co_tls_server. options: NULL for defaults.
 * Returns: as co_tls_server.
 */
CO_API int co_tls_client(co_tls **ret, const struct co_tls_options *options) CO_MUST_USE;

/*
 * co_tls_free - give a context up. Streams that use it go on.
 *
 * Does not suspend; any thread. tls: NULL is allowed.
 */
CO_API void co_tls_free(co_tls *tls);

/*
 * co_tls_accept - shake hands on a stream, as the server.
 *
 * Suspends, for options.handshake_ms at most. The stream must be without TLS, and nothing may have
 * been read ahead from it: bytes that came before the handshake are no application data.
 * Returns: 0; CO_ETLS (the peer refused, or broke the protocol), CO_EEOF, CO_ECANCELED,
 * CO_EDEADLINE, -ENOMEM, -errno of the stream; with detail for co_explain. After a failure only
 * co_abort or co_close is left.
 */
CO_API int co_tls_accept(co_stream *stream, co_tls *tls);

/*
 * co_tls_accept_as - shake hands as the server of one protocol, whatever the context is for.
 *
 * Suspends. As co_tls_accept, so that servers of several protocols can share a context.
 * alpn: instead of the options' alpn; borrowed during the call.
 * Returns: as co_tls_accept.
 */
CO_API int co_tls_accept_as(co_stream *stream, co_tls *tls, const char *const *alpn);

/*
 * co_tls_connect - shake hands on a stream, as the client.
 *
 * Suspends. As co_tls_accept.
 * host: the name or address that the server must prove to be (RFC 9525), also sent as SNI when it
 * is a name.
 * Returns: as co_tls_accept; CO_ECERTIFICATE (the server is not who it should be), CO_EINVALID (not
 * a host's name).
 */
CO_API int co_tls_connect(co_stream *stream, co_tls *tls, const char *host);

/*
 * co_tls_is_on - is the stream encrypted, its handshake done?
 *
 * Does not suspend.
 * Returns: true when it is.
 */
CO_API bool co_tls_is_on(const co_stream *stream);

struct co_tls_info {
    const char *version; /* "TLSv1.3" */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384" */
    const char *server;  /* what the client asked for by SNI; NULL: nothing */
    co_text alpn;        /* the protocol agreed on; size 0: none */
    bool resumed;        /* by a ticket of an earlier connection */
};

/*
 * co_tls_info - what a stream's handshake came to.
 *
 * Does not suspend. ret: receives texts that live as long as the stream.
 * Returns: 0; -ENOTCONN when the stream has no TLS.
 */
CO_API int co_tls_info(const co_stream *stream, struct co_tls_info *ret);

#ifdef __cplusplus
}
#endif
#endif

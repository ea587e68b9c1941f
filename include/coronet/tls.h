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

/* A certificate chain, the owner's own first, and its private key, both PEM; as text, not as files'
 * names, so that reading them is the caller's. */
struct co_tls_certificate {
    co_text chain, key;
    /* A server's: what its authority says of it, an OCSP response (RFC 6960) in DER, shown to
     * clients that ask (RFC 6066 8) until it expires; size 0: nothing. */
    co_text ocsp;
};

/* Whether a server asks its clients for certificates. Who shows one must be trusted. */
enum co_tls_clients { CO_TLS_CLIENTS_ANY, CO_TLS_CLIENTS_ASKED, CO_TLS_CLIENTS_REQUIRED };

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
    /* Whom to trust, PEM. A client's: the authorities of servers; size 0: the system's. A server's:
     * those of its clients; needed when these are asked for certificates. */
    co_text authorities;
    /* Which certificates they have revoked, CRLs (RFC 5280 5), PEM. A server's stand beside its
     * clients' authorities alone. Each authority in a peer's chain, the topmost too, must have one
     * here that has not ended, or the peer is refused. Size 0: revocation is not asked about. */
    co_text crls;
    bool insecure;        /* a client that believes anyone: for tests alone */
    bool only_tls13;      /* no TLS 1.2 */
    bool no_resumption;   /* a server gives no tickets, a client keeps none */
    int64_t handshake_ms; /* for a whole handshake; 0: 30,000 */

    /* A client's: "sha256//" and, in base64, the SHA-256 of a public key (SubjectPublicKeyInfo, RFC
     * 7469 2.4), as curl has it. NULL-terminated. The server's own must be one of them. */
    const char *const *pins;
    bool pins_suffice;     /* and then nothing else is asked: no authority, no name, no date */
    unsigned sessions_max; /* a client's: that are kept to be resumed, one for each host and port;
                            * 0: 100 */

    enum co_tls_clients clients; /* a server's */
    /* A server's: who asks for a name that no certificate is for, or for none, is refused
     * (unrecognized_name) instead of shown the first one. Not for who is visited by address. */
    bool strict_names;

    /* Told each secret of each connection, a line in the form of NSS's key log: whoever has it
     * reads all that is said. Any thread; must not suspend. NULL: nobody. */
    void (*key_log)(void *arg, const char *line);
    void *key_log_arg;
};

/*
 * co_tls_server - make the context of servers.
 *
 * Does not suspend. TLS 1.2 (forward-secret AEAD suites only) and 1.3; no renegotiation,
 * compression or early data (RFC 9325). Its tickets (RFC 5077, RFC 8446 4.6.1) resume sessions in
 * any thread, for two hours, renewed for a day at most, and not beyond the end of a client's
 * certificate or of the CRLs; under the name, the certificate and the demands on clients that they
 * began with. They are sealed by keys that this context alone has, new ones every two hours.
 *
 * ret: receives the context, co_tls_free ends it. options: only read, during the call.
 * Returns: 0; -ENOMEM; CO_EINVALID (there is no certificate; one, its key or OCSP response cannot
 * be read, or they do not belong together; clients are to be trusted without an authority; a CRL
 * cannot be read, or nobody is asked for what it could revoke; a pin or a protocol's name is none)
 * and CO_ETLS (OpenSSL will not), with detail for co_explain.
 */
CO_API int co_tls_server(co_tls **ret, const struct co_tls_options *options) CO_MUST_USE;

/*
 * co_tls_renew - give a server's context other certificates of its own, whole or not at all.
 *
 * Does not suspend; any thread. New connections get the new ones, others stay as they are; tickets
 * stay good for those certificates that stay.
 * certificates: as in the options; only read, during the call.
 * Returns: as co_tls_server; after a failure the certificates are those of before.
 */
CO_API int co_tls_renew(
    co_tls *tls, const struct co_tls_certificate *certificates, unsigned count) CO_MUST_USE;

/*
 * co_tls_renew_trust - the same, and other authorities of its clients, and CRLs of theirs.
 *
 * Does not suspend; any thread. Sessions of clients that were trusted before are not resumed when
 * the authorities or CRLs are others.
 * authorities, crls: as in the options of a server; size 0 of `crls`: none any more.
 * Returns: as co_tls_renew.
 */
CO_API int co_tls_renew_trust(co_tls *tls, const struct co_tls_certificate *certificates,
    unsigned count, co_text authorities, co_text crls) CO_MUST_USE;

/*
 * co_tls_client - make the context of clients, which trust whom the options say.
 *
 * Does not suspend. As co_tls_server. Sessions that servers gave tickets for are kept and resumed
 * (RFC 8446 2.2) where host and port are the same, so never under another name; what one context
 * keeps another, with its own trust, pins and certificate, does not see.
 * options: NULL for defaults.
 * Returns: as co_tls_server.
 */
CO_API int co_tls_client(co_tls **ret, const struct co_tls_options *options) CO_MUST_USE;

/*
 * co_tls_free - give a context up. Streams that use it go on.
 *
 * Does not suspend; any thread. tls: NULL is allowed. key_log_arg is needed until the last stream
 * that uses the context has ended.
 */
CO_API void co_tls_free(co_tls *tls);

/*
 * co_tls_accept - shake hands on a stream, as the server.
 *
 * Suspends, for options.handshake_ms at most; what takes long (RSA beyond 2048 bits, P-384, all of
 * it where clients are asked for certificates) is computed by pool threads. The stream must be
 * without TLS, and nothing may have been read ahead from it: bytes that came before the handshake
 * are no application data.
 * tls: of a server; may be given up as soon as the call has returned.
 * Returns: 0; CO_ETLS (the peer refused, or broke the protocol, or was ahead of the handshake),
 * CO_ECERTIFICATE (a client's certificate cannot be trusted), CO_EINVALID (there is TLS already),
 * CO_EEOF, CO_ECANCELED, CO_EDEADLINE (handshake_ms too), -ENOMEM, -errno of the stream; with
 * detail for co_explain. After a failure only co_abort or co_close is left.
 * Later the peer may change its keys and ask to renegotiate, which is refused, a hundred times in
 * all; reading then fails with CO_ETLS. Reading fails with CO_ETRUNCATED where the stream beneath
 * ends without the peer's farewell (RFC 8446 6.1).
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
 * Suspends. As co_tls_accept; what is made of the server's answer is computed by pool threads, for
 * the server chooses what that takes. Its chain has at most ten certificates, 64 KiB in all, and
 * keys of at most 8192 bits, from 2048 (RSA) or 224 (elliptic curves) on.
 * host: the name or address that the server must prove to be (RFC 9525), also sent as SNI when it
 * is a name. Common names prove nothing. A name may end with a dot.
 * Later the server may give 32 tickets more than records of data.
 * Returns: as co_tls_accept; CO_ECERTIFICATE (the server is not who it should be), CO_EINVALID (not
 * a host's name, too).
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
    /* Whom the peer's certificate, which was verified, is for: its subject's common name, else its
     * first DNS name or mail address. NULL: it showed none, was not verified, or has no name of
     * printable UTF-8. */
    const char *peer;
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

/* SPDX-License-Identifier: MIT */
/* What protocols need of TLS beyond coronet/tls.h. */
#ifndef CO_TLS_TERMS_H
#define CO_TLS_TERMS_H

#include "coronet/tls.h"

/*
 * How a server shakes hands.
 *
 * A parent and its children are streams of one client, as FTP's control and data connections are:
 * who resumes the parent's session is who began it. That session is resumed on its children alone,
 * by a ticket, or by the number of TLS 1.2's sessions for clients that take no tickets; for as long
 * as the parent lives, since its tickets are sealed by a key that it alone has. What begins on a
 * child anew can be resumed nowhere: it may be a stranger's.
 */
struct co_tls_terms {
    const char *const *alpn; /* as co_tls_accept_as */
    bool is_parent;
    const co_stream *parent; /* a stream that shook hands as one; NULL: this is no child */
    /* Parent or not, an earlier stream of this client's shows which certificate is meant: this one
     * has the same ones to choose from, and where it is asked for no name, it goes by the name that
     * the earlier was asked for. */
    bool is_earlier;          /* there will be later ones */
    const co_stream *earlier; /* a stream that shook hands as one; NULL: there was none */
    /* No tickets behind the handshake of TLS 1.3: a client that only sends would close without
     * having read them, and the reset that TCP makes of it would destroy what it had sent. */
    bool no_tickets;
    /* Nothing but TLS was ever spoken on the stream: what has been received and not been read is
     * the handshake's beginning. */
    bool begun;
};

/* As co_tls_accept_as. terms: borrowed during the call. */
int co_tls_accept_on(co_stream *stream, co_tls *tls, const struct co_tls_terms *terms);

/* How a client of such a server shakes hands. */
struct co_tls_client_terms {
    const char *const *alpn; /* instead of the context's */
    unsigned port; /* the host's, by which sessions are kept; 0: that of the stream's peer, which is
                    * the host and no proxy */
    /* A stream that shook hands with the same server: its session is resumed, that of TLS 1.3 as
     * often as there are children, and none of this one's is kept. NULL: this is no child. */
    const co_stream *parent;
};

/* As co_tls_connect. terms: borrowed during the call. */
int co_tls_connect_on(
    co_stream *stream, co_tls *tls, const char *host, const struct co_tls_client_terms *terms);

/* Has a TLS 1.3 client get one more ticket, with what is said to it next: it may use each but once
 * (RFC 8446 C.4), and not have got one on a child. Does not suspend. */
void co_tls_offer_ticket(co_stream *stream);

/* Why TLS has failed on a stream, in OpenSSL's words: they name the peer's alert. Static; NULL: it
 * has not. Does not suspend. */
const char *co_tls_reason(const co_stream *stream);

/* Tells this fiber the same, for co_explain: it may not be the one that TLS failed for. CO_ETLS. */
int co_tls_explain(const co_stream *stream);

/* Ends TLS on a stream that goes on in clear: says farewell and waits for the peer's; what was
 * received behind that stays to be read. Suspends. 0; CO_ETLS when the peer goes on in TLS, or had
 * before; CO_ETRUNCATED, or as co_read. After a failure only co_abort or co_close is left. */
int co_tls_end(co_stream *stream);

#endif

/* SPDX-License-Identifier: MIT */
/* A way to a place through a proxy, for whatever is spoken there. */
#ifndef CO_DIAL_PROXY_H
#define CO_DIAL_PROXY_H

#include "base/buf.h"
#include "codec/http1_response.h"
#include "coronet/dial.h"
#include "dial/digest_login.h"
#include "net/address.h"

#define CO_PROXY_USER_MAX 1024 /* bytes of a name, and of a password */

enum co_proxy_kind {
    CO_PROXY_HTTP,
    CO_PROXY_HTTPS,
    CO_PROXY_SOCKS4,
    CO_PROXY_SOCKS4A,
    CO_PROXY_SOCKS5,
    CO_PROXY_SOCKS5H,
};

struct co_proxy {
    enum co_proxy_kind kind;
    uint16_t port;
    char host[CO_HOST_MAX + 1];      /* without brackets */
    char where[CO_HOST_MAX + 1 + 8]; /* "HOST:PORT", "[IPV6]:PORT" */
    struct co_buf user, password;    /* decoded; nothing: none */
};

/* Takes a proxy's URL apart. 0; CO_EINVALID with detail. co_proxy_end in any case. */
int co_proxy_parse(const char *url, struct co_proxy *ret);
void co_proxy_end(struct co_proxy *proxy);

/* Does it take whole URLs as targets (RFC 9112 3.2.2)? */
bool co_proxy_forwards(const struct co_proxy *proxy);

/* Does it lead to IPv4 addresses alone? */
bool co_proxy_is_socks4(const struct co_proxy *proxy);

/* What a proxy of HTTP has asked for. All-zero: nothing yet. */
struct co_proxy_login {
    bool known;
    struct co_digest_login digest; /* when known */
};

/* Appends the header line that tells it who asks (RFC 9110 11.7.2), if there is a user: for this
 * method and target, as on the request's line. 0, as co_digest_login_write. (proxy_login.c) */
int co_proxy_authorize(const struct co_proxy *proxy, struct co_proxy_login *login, co_text method,
    co_text target, struct co_buf *out);

/* After its response, may it be asked once more, now that it has said what to show? tries: 0 at
 * first, then the function's own. 1: yes; 0: it is what it is; -ENOMEM. (proxy_login.c) */
int co_proxy_login_answer(const struct co_proxy *proxy, struct co_proxy_login *login,
    unsigned *tries, const struct co_http1_response *head);

void co_proxy_login_end(struct co_proxy_login *login);

/* Connects to the proxy itself, with TLS if it wants that; the options' own proxy does not count.
 * Suspends. As co_dial and co_tls_connect. */
int co_proxy_reach(
    co_stream **ret, const struct co_proxy *proxy, const struct co_dial_options *options);

/* Connects to a place through the options' proxy. Suspends, without a deadline of its own. As
 * co_dial. */
int co_proxy_dial(
    co_stream **ret, const char *host, unsigned port, const struct co_dial_options *options);

/* Has a proxy of HTTP lead a stream to a host by CONNECT; another stream may have to be made in its
 * place. Suspends. As co_dial. (proxy_connect.c) */
int co_proxy_connect(co_stream **stream, const struct co_proxy *proxy, const char *host,
    unsigned port, const struct co_dial_options *options);

/* Has a proxy of SOCKS lead a stream to a host, or to one of its addresses (NULL: to the host's
 * name). Suspends. As co_dial. (proxy_socks.c) */
int co_proxy_socks(co_stream *stream, const struct co_proxy *proxy, const char *host, unsigned port,
    const co_address *address);

/* Is it the end of the connection, come too early? */
bool co_proxy_is_lost(int code);

/* What a failed read or write of the conversation comes to: -ECONNRESET with detail, or as it is.
 */
int co_proxy_lost(int code, const struct co_proxy *proxy);

/* Records "proxy HOST:PORT ..." for co_explain and returns the code. */
__attribute__((format(printf, 3, 4))) int co_proxy_fail(
    int code, const struct co_proxy *proxy, const char *format, ...);

#endif

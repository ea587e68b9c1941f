/* SPDX-License-Identifier: MIT */
/*
 * SOCKS 5 as its clients speak it (RFC 1928), with names and passwords (RFC 1929), and SOCKS 4 with
 * its successor 4a, which knows names ("SOCKS: A protocol for TCP proxy across firewalls", Lee).
 *
 * What a client says is appended to a buffer; what it hears is read from the start of the bytes
 * that have come: the reader returns how many of them are the proxy's words, 0 when more have to
 * come, or CO_EPROTO. What follows is the tunnel's.
 */
#ifndef CO_CODEC_SOCKS_H
#define CO_CODEC_SOCKS_H

#include "base/buf.h"

#define CO_SOCKS_TEXT_MAX 255 /* bytes of a name or a password */

/* How to log in (RFC 1928 3). */
enum co_socks_method { CO_SOCKS_OPEN = 0, CO_SOCKS_LOGIN = 2, CO_SOCKS_REFUSED = 0xff };

/* Kinds of addresses (RFC 1928 5). */
enum co_socks_address { CO_SOCKS_IPV4 = 1, CO_SOCKS_NAME = 3, CO_SOCKS_IPV6 = 4 };

/* What a reply says (RFC 1928 6). */
enum co_socks_reply {
    CO_SOCKS_GRANTED,
    CO_SOCKS_FAILED,
    CO_SOCKS_FORBIDDEN,
    CO_SOCKS_NETWORK_UNREACHABLE,
    CO_SOCKS_HOST_UNREACHABLE,
    CO_SOCKS_CONNECTION_REFUSED,
    CO_SOCKS_EXPIRED,
    CO_SOCKS_NO_COMMAND,
    CO_SOCKS_NO_ADDRESS,
};

/* What a reply of SOCKS 4 says. */
enum co_socks4_reply {
    CO_SOCKS4_GRANTED = 90,
    CO_SOCKS4_FAILED,     /* or the proxy did not want to */
    CO_SOCKS4_NO_IDENTD,  /* it asked our machine who asks, and nobody answered */
    CO_SOCKS4_OTHER_USER, /* it was told another user */
};

/* The first words: the methods that we can. */
void co_socks_greet(struct co_buf *out, bool with_login);

/* Who we are. CO_EINVALID for a name of no bytes, or for more than fit; out's error. */
int co_socks_login(struct co_buf *out, co_text name, co_text password);

/* Where to lead us: a name, or an address's 4 or 16 bytes. Returns as co_socks_login. */
int co_socks_connect(
    struct co_buf *out, enum co_socks_address kind, co_text address, uint16_t port);

/* The method that the proxy has chosen. */
ssize_t co_socks_method_read(co_text bytes, unsigned *ret_method);

/* Whether it believes who we are: 0 if so. */
ssize_t co_socks_login_read(co_text bytes, unsigned *ret_status);

/* What became of the connection. A refusal is only read up to its code: it is the end. */
ssize_t co_socks_reply_read(co_text bytes, unsigned *ret_reply);

/* A reply in words. */
const char *co_socks_reason(unsigned reply);

/* The same of SOCKS 4, in which all is said at once. user: may be empty; neither it nor a name can
 * hold a NUL; IPv6 has no place in it. */
int co_socks4_connect(
    struct co_buf *out, enum co_socks_address kind, co_text address, uint16_t port, co_text user);
ssize_t co_socks4_reply_read(co_text bytes, unsigned *ret_reply);
const char *co_socks4_reason(unsigned reply);

#endif

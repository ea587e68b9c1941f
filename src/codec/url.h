/* SPDX-License-Identifier: MIT */
/*
 * URLs (RFC 3986): taken apart, percent-decoded and encoded, and paths normalised.
 *
 * What WHATWG and RFC 3986 read differently (backslash, tab, control bytes, user info with '@'
 * twice, octal or hexadecimal IPv4 parts, percent-encoding in the host) is refused (attacks C09).
 */
#ifndef CO_CODEC_URL_H
#define CO_CODEC_URL_H

#include "base/buf.h"

struct co_url {
    co_text scheme;   /* as written; compare without case */
    co_text user;     /* still percent-encoded; at NULL when absent */
    co_text password; /* likewise */
    co_text host;     /* without brackets */
    bool host_is_ipv6;
    uint16_t port;    /* 0 when absent */
    co_text path;     /* still percent-encoded; empty or starting with '/' */
    co_text query;    /* without '?'; at NULL when absent, as of FTP's it always is */
    co_text fragment; /* without '#'; at NULL when absent */
};

/* Parses an absolute URL with an authority. 0, or CO_EINVALID. The slices point into `text`. The
 * host is an ASCII DNS name, a dotted quad or an IPv6 address, never empty; port 0 is refused. */
int co_url_parse(co_text text, struct co_url *ret);

/* Does a '?' begin a query? In URLs of FTP it is a part of the path (RFC 1738 3.2). */
bool co_url_has_query(co_text scheme);

/*
 * Appends the absolute URL that a reference means within a base (RFC 3986 5.2), without fragment;
 * bytes that no URL may hold are percent-encoded, and a host beyond ASCII becomes its ASCII form
 * (idna.h). The base's user is not carried over. The result is still to be parsed: nothing has been
 * checked. Returns out's error or 0.
 */
int co_url_resolve(const struct co_url *base, co_text reference, struct co_buf *out);

/* Is a well-formed host an address, not a name? */
bool co_url_host_is_address(co_text host);

/* Appends the URL with "***" for its user and password, which nobody shall read (attacks C11). Text
 * that is no URL loses all between "://" and its last '@'. */
void co_url_shown(co_text url, struct co_buf *out);

/*
 * Appends what somebody has typed, or a page says, as an absolute URL without fragment that
 * co_url_parse takes: spaces around it are left out, "http://" is put before what begins with a
 * host, and the rest is as co_url_resolve does it. 0; CO_EINVALID when it is none, and *ret_why
 * says why, in words that follow "URL: "; out's error, with *ret_why at NULL. Then `out` is as
 * before.
 */
int co_url_typed(co_text text, struct co_buf *out, const char **ret_why);

/* Checks "host", "host:port", "[::1]:port" (RFC 9112 3.2). 0 or CO_EINVALID. Port 0 when absent;
 * the host comes without brackets: one that holds a ':' is IPv6. */
int co_url_authority(co_text text, co_text *ret_host, uint16_t *ret_port);

/*
 * Percent-decodes a request's path and normalises it into `out` (empty at first) as a path relative
 * to the tree's root: no leading slash, no empty, "." or ".." segments, a trailing slash kept when
 * the request had one; "" is the root itself.
 *
 * "." and ".." are recognised after decoding, once only ("%252e" is the name "%2e"). A name's bytes
 * are raw: any encoding, and a backslash is an ordinary byte. After a failure `out` is empty:
 * CO_EOUTSIDE when ".." would rise above the root; CO_EINVALID for a path without its leading '/',
 * a malformed escape, an encoded '/' or a NUL; else out's own error.
 */
int co_url_path_decode(co_text path, struct co_buf *out);

/* Appends what percent-encoded text stands for. `out` may lie where the text does, which it never
 * gets ahead of. 0, CO_EINVALID for a malformed escape, out's error. */
int co_url_decode(co_text text, struct co_buf *out);

/* Appends `bytes` percent-encoded: all but the unreserved characters (RFC 3986 2.3), so that they
 * are safe in a path segment, a query value, HTML and quotes alike; '/' kept when keep_slash. */
void co_url_encode(struct co_buf *out, co_text bytes, bool keep_slash);

/* Finds the first `name` (compared decoded) in a query "a=1&b=2" and percent-decodes its value ('+'
 * is a space) to out. True when it was there and well-formed; otherwise out keeps what it held. */
bool co_url_query_get(co_text query, co_text name, struct co_buf *out);

#endif

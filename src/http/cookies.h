/* SPDX-License-Identifier: MIT */
/*
 * The cookie jar (RFC 6265bis 5.7 and 5.8): what is kept of what servers set, and who is told it.
 *
 * Cookies are kept by site: the registrable domain of whoever set them (by the public suffix list),
 * which holds all that a request could be told, so that a site can use up no room but its own.
 */
#ifndef CO_HTTP_COOKIES_H
#define CO_HTTP_COOKIES_H

#include "base/buf.h"
#include "codec/set_cookie.h"
#include "coronet/cookies.h"

#define CO_COOKIES_SITE_MAX 180         /* of one site; RFC 6265bis 6.1 wants 50 */
#define CO_COOKIES_MAX      3000        /* of all, as it has them there */
#define CO_COOKIES_TOLD_MAX 8192        /* bytes of a Cookie field; servers refuse longer ones */
#define CO_COOKIES_AGE_MAX  34560000LL  /* seconds: 400 days, RFC 6265bis 5.5 */
#define CO_COOKIES_FILE_MAX (32U << 20) /* bytes of a file: more than CO_COOKIES_MAX can make */

/* A request that cookies may be told to, or whose response sets some. */
struct co_cookie_place {
    bool secure;  /* by https; RFC 6265bis leaves it to us, and a loopback is not enough */
    co_text host; /* as in a URL, any case */
    co_text path; /* as in a URL, without query */
    int64_t now;  /* seconds since 1970 */
};

/* One that is kept, as others see it. */
struct co_cookie {
    co_text name, value, domain, path;
    bool host_only, secure, http_only;
    bool persistent;
    int64_t expires; /* seconds since 1970, of a persistent one */
    enum co_same_site same_site;
};

/* Makes an empty jar. secret: for its map. 0, -ENOMEM. */
int co_cookies_make(co_cookies **ret, const uint64_t secret[2]);

/* Takes a Set-Cookie field. 0; CO_EINVALID or CO_ETOOBIG when it is none, or may not be set from
 * there (attacks C03); -ENOMEM. */
int co_cookies_set(co_cookies *cookies, const struct co_cookie_place *place, co_text field);

/* Keeps one that a file holds. Returns as co_cookies_set. */
int co_cookies_put(co_cookies *cookies, const struct co_cookie *cookie, int64_t now);

/* Appends the value of a Cookie field: "a=b; c=d"; nothing when there are none. Returns out's error
 * or -ENOMEM. */
int co_cookies_tell(co_cookies *cookies, const struct co_cookie_place *place, struct co_buf *out);

/* All that have not expired, the oldest first. ret: to be freed; its texts live as long as the jar
 * is unchanged. 0, -ENOMEM. */
int co_cookies_all(
    const co_cookies *cookies, int64_t now, struct co_cookie **ret, size_t *ret_count);

/* The one of that name, domain and path; NULL. Lives as long as the jar is unchanged. */
const struct co_cookie *co_cookies_find(const co_cookies *cookies, const struct co_cookie *like);

/* What the file of that path held when the jar last read or wrote it: so a save can tell what has
 * changed since. 0, -ENOMEM. */
int co_cookies_remember(co_cookies *cookies, const char *path, co_text text);

/* That text; empty for any other file. */
co_text co_cookies_remembered(const co_cookies *cookies, const char *path);

/* Reads a file's text and puts what it holds; lines that are no cookies are passed over. 0,
 * CO_EINVALID when it is no such file, -ENOMEM. */
int co_cookies_read(co_cookies *cookies, co_text file, int64_t now);

/* Appends a file's text. 0, out's error, -ENOMEM. */
int co_cookies_write(const co_cookies *cookies, int64_t now, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A jar of cookies (RFC 6265bis) for HTTP clients. A client without one sends and takes none.
 *
 *     co_cookies *jar;
 *     int rc = co_cookies_new(&jar);
 *     if (rc == 0)
 *         rc = co_cookies_load(jar, "cookies.txt");
 *     struct co_http_client_options options = {.cookies = jar};
 *     ...
 *     rc = co_cookies_save(jar, "cookies.txt");
 *
 * What a response may set is what a browser would take: nothing for a public suffix ("co.uk") or
 * another host, nothing secure over clear text or instead of what is, `__Secure-` and `__Host-` as
 * they promise. A jar holds 180 cookies of a site and 3,000 in all; then the least recently used
 * go. Nothing is kept for longer than 400 days. SameSite is noted and means nothing to a client
 * that shows no pages.
 */
#ifndef CORONET_COOKIES_H
#define CORONET_COOKIES_H

#include "coronet/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Belongs to one runtime; any number of its clients may share it. */
typedef struct co_cookies co_cookies;

/*
 * co_cookies_new - make an empty jar.
 *
 * Does not suspend; inside a fiber.
 * ret: receives the jar, co_cookies_free ends it. Returns: 0, -ENOMEM.
 */
CO_API int co_cookies_new(co_cookies **ret) CO_MUST_USE;

/*
 * co_cookies_free - end a jar; NULL is allowed.
 *
 * Does not suspend. Its clients must have ended before.
 */
CO_API void co_cookies_free(co_cookies *cookies);

/*
 * co_cookies_load - add what a file holds, in Netscape's format, as curl, wget and browsers'
 * extensions write it.
 *
 * Suspends while a pool thread reads it. Lines that are no cookies are passed over; those that have
 * expired, too. path: borrowed during the call.
 * Returns: 0; -ENOENT and other -errno, -EINVAL when it is no regular file, CO_EINVALID when there
 * is something in it, comments apart, and no cookie, CO_ETOOBIG beyond 32 MiB, -ENOMEM,
 * CO_ECANCELED, CO_EDEADLINE.
 */
CO_API int co_cookies_load(co_cookies *cookies, const char *path) CO_MUST_USE;

/*
 * co_cookies_save - write what the jar holds to a file, in Netscape's format.
 *
 * Suspends while a pool thread writes it. What others have written there since the jar last read or
 * wrote that file stays, but for what has changed in the jar. The file is replaced as a whole,
 * synced, and readable by its owner alone; those of a session are in it, too, as expiring at 0. A
 * link is followed. Returns: as co_cookies_load, without -ENOENT for the file itself; -EBUSY when
 * another process has it for 10 s.
 */
CO_API int co_cookies_save(co_cookies *cookies, const char *path) CO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

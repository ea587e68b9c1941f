/* SPDX-License-Identifier: MIT */
/*
 * The hosts that want to be asked over TLS alone (HSTS, RFC 6797), for HTTP clients.
 *
 * A client that is given such a list asks these hosts by https where a URL or a redirection says
 * http, before anything has gone out, and notes what they say. Noted is only what came over TLS by
 * a server that proved to be who it should be; an address never is. At most 10,000 hosts are: then
 * no new ones.
 */
#ifndef CORONET_HSTS_H
#define CORONET_HSTS_H

#include "coronet/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Belongs to one runtime; any number of its clients may share it. */
typedef struct co_hsts co_hsts;

/*
 * co_hsts_new - make an empty list.
 *
 * Does not suspend; inside a fiber.
 * ret: receives the list, co_hsts_free ends it. Returns: 0, -ENOMEM.
 */
CO_API int co_hsts_new(co_hsts **ret) CO_MUST_USE;

/*
 * co_hsts_free - end a list; NULL is allowed.
 *
 * Does not suspend. Its clients must have ended before.
 */
CO_API void co_hsts_free(co_hsts *hsts);

/*
 * co_hsts_load - add what a file holds, in curl's format.
 *
 * Suspends while a pool thread reads it. Other lines are passed over. path: borrowed during the
 * call.
 * Returns: 0; -ENOENT and other -errno, -EINVAL when it is no regular file, CO_EINVALID when there
 * is something in it, comments apart, and no host, CO_ETOOBIG beyond 8 MiB, -ENOMEM, CO_ECANCELED,
 * CO_EDEADLINE.
 */
CO_API int co_hsts_load(co_hsts *hsts, const char *path) CO_MUST_USE;

/*
 * co_hsts_save - bring a file up to date, in curl's format.
 *
 * Suspends while a pool thread does. What other processes have written to the file meanwhile stays,
 * but for the hosts that this list has heard of since it was made. The file is replaced as a whole,
 * synced, and readable by its owner alone.
 * Returns: as co_hsts_load, without -ENOENT for the file itself; -EBUSY when another process has it
 * for 10 s.
 */
CO_API int co_hsts_save(co_hsts *hsts, const char *path) CO_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif

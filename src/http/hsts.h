/* SPDX-License-Identifier: MIT */
/* Hosts that are asked over TLS alone (RFC 6797 8). A host with a dot at its end is the same, the
 * case does not matter, and each host has its own word: a subdomain's changes none above it
 * (attacks C04). */
#ifndef CO_HTTP_HSTS_H
#define CO_HTTP_HSTS_H

#include "base/buf.h"
#include "codec/hsts.h"
#include "coronet/hsts.h"

#define CO_HSTS_MAX      10000      /* hosts; when there are so many, new ones are not noted */
#define CO_HSTS_FILE_MAX (8U << 20) /* bytes: more than CO_HSTS_MAX hosts take */

/* Makes an empty list. secret: for its map. 0, -ENOMEM. */
int co_hsts_make(co_hsts **ret, const uint64_t secret[2]);

/* Notes the field's value that a host sent over TLS, proven. now: seconds since 1970. 0;
 * CO_EINVALID when it is none, or the host an address; CO_ETOOBIG when there is no room; -ENOMEM.
 */
int co_hsts_note(co_hsts *hsts, co_text host, co_text field, int64_t now);

/* Is the host to be asked over TLS alone? */
bool co_hsts_covers(const co_hsts *hsts, co_text host, int64_t now);

/* Reads a file's text: what this list has not heard of itself is as the file says. 0,
 * CO_EINVALID when it is no such file, -ENOMEM. */
int co_hsts_read(co_hsts *hsts, co_text file, int64_t now);

/* Appends a file's text. Returns out's error. */
int co_hsts_write(const co_hsts *hsts, int64_t now, struct co_buf *out);

#endif

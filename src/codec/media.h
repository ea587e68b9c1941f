/* SPDX-License-Identifier: MIT */
/* Media types by file name suffix: Debian's table (media-types, /etc/mime.types) parsed from text,
 * and a small one built in for machines without it. */
#ifndef CO_CODEC_MEDIA_H
#define CO_CODEC_MEDIA_H

#include "base/map.h"

struct co_media; /* suffix to type; immutable once made, may be shared between threads */

/* Parses mime.types text ("type suffix suffix..."), which adds to the built-in types of the web:
 * these always hold, and of two lines for one suffix the first. text may be empty. Returns 0 or
 * -ENOMEM. Malformed lines are skipped. */
int co_media_new(struct co_media **ret, co_text text);
void co_media_free(struct co_media *media);

/* The type for a file name by its last suffix, without case; "application/octet-stream" if unknown.
 * text/... carries "; charset=utf-8". Lives as long as `media`. */
co_text co_media_type(const struct co_media *media, co_text name);

/* Is content of this type worth compressing? */
bool co_media_compressible(co_text type);

#endif

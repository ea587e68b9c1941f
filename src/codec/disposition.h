/* SPDX-License-Identifier: MIT */
/* The name that a Content-Disposition gives a file (RFC 6266, RFC 8187). */
#ifndef CO_CODEC_DISPOSITION_H
#define CO_CODEC_DISPOSITION_H

#include "base/buf.h"

/*
 * Appends what stands behind the last slash or backslash of filename*, where that is there and
 * well-formed, else of filename; as UTF-8, whatever it came in. Of what comes twice the first
 * counts, and what is malformed is passed over, as browsers have it (RFC 6266 3 leaves that to us).
 * Whether it may be a file's name here is not looked at. 0; CO_EINVALID when there is none; out's
 * error. After a failure `out` is as before, but for its error.
 */
int co_disposition_filename(co_text value, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* The name that a Content-Disposition gives a file (RFC 6266, RFC 8187). */
#ifndef CO_CODEC_DISPOSITION_H
#define CO_CODEC_DISPOSITION_H

#include "base/buf.h"

/*
 * Appends what stands behind the last slash or backslash of filename*, where that is there and
 * well-formed, else of filename; as UTF-8, whatever it came in. Whether it may be a file's name
 * here is not looked at. 0; CO_EINVALID when there is none, or the value is malformed (a parameter
 * twice, too: RFC 6266 4.1); out's error. After a failure `out` is as before, but for its error.
 */
int co_disposition_filename(co_text value, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648 4), strictly: padded, nothing but the alphabet, no bits left over. */
#ifndef CO_CODEC_BASE64_H
#define CO_CODEC_BASE64_H

#include "base/buf.h"

/* Appends the bytes that the text stands for. 0; CO_EINVALID when it is malformed, else the
 * buffer's error; out is as before then. */
int co_base64_decode(co_text text, struct co_buf *out);

/* Appends the text that stands for the bytes. */
void co_base64_encode(co_text bytes, struct co_buf *out);

#endif

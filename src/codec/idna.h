/* SPDX-License-Identifier: MIT */
/* Names of hosts beyond ASCII, as DNS has them (UTS 46, non-transitional; RFC 5891). */
#ifndef CO_CODEC_IDNA_H
#define CO_CODEC_IDNA_H

#include "base/buf.h"

/*
 * Appends the ASCII form of a name in UTF-8: "xn--..." for each label beyond ASCII. 0; CO_EINVALID
 * when it is none that may be looked up, or its mapping is no name any more but holds a slash, a
 * colon and the like, or becomes a number (attacks C09, C10); -ENOMEM; out's error.
 */
int co_idna_to_ascii(co_text name, struct co_buf *out);

#endif

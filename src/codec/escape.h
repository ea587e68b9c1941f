/* SPDX-License-Identifier: MIT */
/* Text from outside made harmless for where it goes: HTML, JSON, a log line, a terminal. Invalid
 * UTF-8 becomes U+FFFD in HTML and JSON, and \xHH in logs and terminals. */
#ifndef CO_CODEC_ESCAPE_H
#define CO_CODEC_ESCAPE_H

#include "base/buf.h"

void co_escape_html(struct co_buf *out, co_text text); /* element content and quoted attributes */
void co_escape_json(struct co_buf *out, co_text text); /* a string's inside, without the quotes */
void co_escape_log(struct co_buf *out, co_text text);  /* printable ASCII; '"' and '\' and the
                                                          rest as \xHH, as nginx writes them */
void co_escape_terminal(
    struct co_buf *out, co_text text); /* UTF-8 kept, controls and bidi as \xHH */

#endif

/* SPDX-License-Identifier: MIT */
/* Text from outside made harmless for where it goes: HTML, JSON, a log line, a terminal. Invalid
 * UTF-8 becomes U+FFFD in HTML and JSON, and \xHH in logs and terminals (attacks C08, M10). */
#ifndef CO_CODEC_ESCAPE_H
#define CO_CODEC_ESCAPE_H

#include "base/buf.h"

/* Element content and quoted attributes; controls, which HTML forbids, become U+FFFD. */
void co_escape_html(struct co_buf *out, co_text text);

/* A string's inside, without the quotes; what could move a terminal's cursor or turn its text
 * around is escaped too, since JSON lines end up on terminals. */
void co_escape_json(struct co_buf *out, co_text text);

/* Printable ASCII; '"', '\' and the rest as \xHH, as nginx writes them. */
void co_escape_log(struct co_buf *out, co_text text);

/* UTF-8 kept; controls, line separators and bidirectional controls as \xHH. */
void co_escape_terminal(struct co_buf *out, co_text text);

#endif

/* SPDX-License-Identifier: MIT */
/* Telnet beneath FTP's commands (RFC 854, 959 4.1), across the reads of a connection. */
#ifndef CO_CODEC_TELNET_H
#define CO_CODEC_TELNET_H

#include "base/buf.h"

/* Zero is the start. The socket keeps urgent data in line (SO_OOBINLINE), or a Synch loses a byte.
 */
struct co_telnet {
    uint8_t state; /* telnet.c's */
    uint8_t verb;  /* WILL, WONT, DO, DONT awaiting its option */
};

/*
 * Takes Telnet's commands out of the bytes, in place: IAC IAC is one 255, options that are offered
 * or asked for are refused (answers are appended to `answers`, at most once for each three bytes,
 * never to a refusal), all else (IP, DM, AYT, NOP, sub-negotiations ...) is dropped. A byte that is
 * no command of Telnet's stays when an IAC was before it: senders who do not double a 255 lose only
 * that, never the line's end. Gives the same bytes at every split of the input. Returns the new
 * size.
 */
size_t co_telnet_strip(struct co_telnet *telnet, char *bytes, size_t size, struct co_buf *answers);

/* Has the text a byte that Telnet would take for its own? */
static inline bool co_telnet_is_special(co_text text)
{
    return co_text_find(text, (char)255) >= 0;
}

/* Appends the text as Telnet sends it: each 255 is doubled. */
void co_telnet_write(struct co_buf *out, co_text text);

#endif

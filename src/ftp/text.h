/* SPDX-License-Identifier: MIT */
/* Type A (RFC 959 3.1.1.1): lines end in CR LF on the network, in LF here. Text that has CR LF
 * already keeps it as it is. Works at every split of the input. */
#ifndef CO_FTP_TEXT_H
#define CO_FTP_TEXT_H

#include "base/buf.h"

struct co_ftp_text {
    bool after_cr; /* the last byte was CR */
};

/* Appends a file's bytes as they go out; at most twice as many. */
void co_ftp_text_out(struct co_ftp_text *text, co_text bytes, struct co_buf *out);

/* How many they would be. */
uint64_t co_ftp_text_size(struct co_ftp_text *text, co_text bytes);

/* Appends what came in as a file has it; a CR at the end is held back until co_ftp_text_in_end. */
void co_ftp_text_in(struct co_ftp_text *text, co_text bytes, struct co_buf *out);
void co_ftp_text_in_end(struct co_ftp_text *text, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* The addresses of data connections in commands and replies (RFC 959 4.1.2, RFC 2428 2). They are
 * read, not judged: who may be connected to is the session's rule (attacks F01). */
#ifndef CO_CODEC_FTP_ADDRESS_H
#define CO_CODEC_FTP_ADDRESS_H

#include "base/buf.h"

#include <netinet/in.h>

union co_ftp_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* PORT's "h1,h2,h3,h4,p1,p2". 0 or CO_EINVALID. */
int co_ftp_port_parse(co_text argument, union co_ftp_address *ret);

/* EPRT's "|1|132.235.1.2|6275|", with any delimiter of 33 to 126. 0; -EAFNOSUPPORT for a protocol
 * other than 1 and 2 (reply 522); CO_EINVALID. */
int co_ftp_eprt_parse(co_text argument, union co_ftp_address *ret);

/* "h1,h2,h3,h4,p1,p2" for PORT and 227. */
void co_ftp_port_write(struct co_buf *out, const struct sockaddr_in *address);

/* "|1|132.235.1.2|6275|" for EPRT. */
void co_ftp_eprt_write(struct co_buf *out, const union co_ftp_address *address);

#endif

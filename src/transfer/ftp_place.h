/* SPDX-License-Identifier: MIT */
/*
 * An FTP URL: where its server is, who asks, and what it names.
 *
 * ftp:// is without TLS, ftps:// with it from the first byte on, ftpes:// by AUTH TLS or not at
 * all. A path begins at the folder of the login; "%2F" at its beginning is the server's root (RFC
 * 1738 3.2.2).
 */
#ifndef CO_TRANSFER_FTP_PLACE_H
#define CO_TRANSFER_FTP_PLACE_H

#include "base/buf.h"
#include "coronet/ftp_client.h"

struct co_ftp_place {
    enum co_ftp_security security;
    bool ascii; /* ";type=a": text, whose line ends are converted */
    uint16_t port;
    struct co_buf host, path;     /* ended by a NUL that their size does not count */
    struct co_buf user, password; /* likewise; room 0: anonymous */
    struct co_buf account;        /* likewise, of a netrc file; room 0: none (ACCT) */
};

bool co_ftp_is_url(const char *word);

/* A URL, of FTP's without ";type=a" and the like (RFC 1738 3.2.2). */
co_text co_ftp_plain_url(const char *url);

/* Takes a URL apart. user: "NAME:PASSWORD", which goes before the URL's; NULL: that. 0; CO_EINVALID
 * also for what no command can hold, a line's end or NUL: before anything is sent (attacks F15).
 * co_ftp_place_free in any case. */
int co_ftp_place_parse(struct co_ftp_place *ret, const char *url, const char *user);

/* Says who asks where no password is given, by a netrc file's text: nobody, or the user's of the
 * URL. 0; as co_netrc_find. */
int co_ftp_place_look_up(struct co_ftp_place *place, co_text netrc);

void co_ftp_place_free(struct co_ftp_place *place);

#endif

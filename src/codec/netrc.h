/* SPDX-License-Identifier: MIT */
/*
 * netrc files: who logs in where. Words between white space, as ftp and curl read them: machine,
 * default, login, password, account, macdef; a word in double quotes may hold spaces and the
 * escapes \n, \r, \t, \" and \\; '#' where a keyword could stand begins a comment.
 */
#ifndef CO_CODEC_NETRC_H
#define CO_CODEC_NETRC_H

#include "base/buf.h"

#define CO_NETRC_BYTES_MAX (1U << 20) /* of a file */
#define CO_NETRC_WORD_MAX  4096 /* bytes; a longer word is refused, never cut (CVE-2022-35260) */

struct co_netrc_login {
    struct co_buf name, password, account; /* the last: of FTP */
};

#define CO_NETRC_LOGIN                                                                             \
 ((struct co_netrc_login){                                                                         \
     CO_BUF(CO_NETRC_WORD_MAX), CO_BUF(CO_NETRC_WORD_MAX), CO_BUF(CO_NETRC_WORD_MAX)})

/*
 * Finds who logs in at a host: the first entry of that machine, or a default before any (RFC-less,
 * but all say that a default comes last).
 * host: compared without case. login: in, whose password is wanted; empty: anybody's. An entry of
 * another login is passed over then, and a default too; one with a password alone will do, as with
 * curl, where none has the login.
 * ret: empty at first.
 * Returns 1; 0 when there is none; CO_EINVALID when the file is malformed anywhere,
 * CO_ETOOBIG for a word or a file that is too long, the buffers' errors.
 */
int co_netrc_find(co_text file, co_text host, co_text login, struct co_netrc_login *ret);

void co_netrc_login_free(struct co_netrc_login *login);

#endif

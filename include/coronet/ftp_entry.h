/* SPDX-License-Identifier: MIT */
/* The type of an entry of a server's folder; who brings one is coronet/ftp_transfer.h. */
#ifndef CORONET_FTP_ENTRY_H
#define CORONET_FTP_ENTRY_H

#include "coronet/text.h"

#include <stdbool.h>

enum co_ftp_type { CO_FTP_FILE, CO_FTP_FOLDER, CO_FTP_LINK, CO_FTP_OTHER };

/* What a server says of a file. Texts are from outside, not escaped. */
struct co_ftp_entry {
    co_text name; /* of one component: never empty, ".", "..", nor with '/', CR, LF or NUL in it */
    enum co_ftp_type type;
    co_text target; /* a link's; size 0: unknown */
    bool size_known, mode_known;
    uint64_t size;    /* bytes */
    unsigned mode;    /* permission bits */
    int64_t modified; /* calendar seconds */
    /* How exact that is: 0: not known; 1: a second, in UTC; 60 or 86,400: what a line for people
     * says, in the server's own time zone, which nobody tells. */
    unsigned modified_within;
    co_text perm;   /* RFC 3659 7.5.5: what this user may do with it; size 0: unknown */
    co_text unique; /* 7.5.2: the same for two names of one file, and for no two; size 0: unknown */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What FTP says of files: lines of LIST (the form that every client reads), facts of MLSD and MLST
 * (RFC 3659 7), times (RFC 3659 2.3), quoted paths (RFC 959 Appendix II).
 */
#ifndef CO_CODEC_FTP_LIST_H
#define CO_CODEC_FTP_LIST_H

#include "base/buf.h"

/* An entry as the protocol shows it. */
struct co_ftp_shown {
    co_text name; /* bytes as they are, but CR, LF and NUL are written as '?' */
    bool folder;
    bool link;            /* to a folder, told as one */
    bool current, parent; /* a folder that is MLSD's cdir or pdir */
    uint64_t size;
    int64_t modified_seconds;
    uint32_t mode; /* permission bits */
    uint64_t inode, device;
    unsigned may; /* enum co_ftp_may: what this user may do with it */
};

enum co_ftp_may {
    CO_FTP_MAY_READ = 1,   /* a file's content, a folder's list */
    CO_FTP_MAY_CHANGE = 2, /* replace, append, delete, rename; a folder's entries too */
    CO_FTP_MAY_ADD = 4,    /* a folder: new files and folders in it */
};

/* Could the name stand in a listing at all? Names with CR, LF or NUL could forge lines: they are
 * not shown (attacks F20). */
bool co_ftp_name_is_shown(co_text name);

/*
 * "drwxr-xr-x   2 ftp      ftp          4096 Nov 28 02:34 name\r\n"; the year instead of the time
 * for what is more than half a year old or in the future, in UTC.
 */
void co_ftp_list_line(struct co_buf *out, const struct co_ftp_shown *entry, int64_t now);

enum co_ftp_facts {
    CO_FTP_FACT_TYPE = 1,
    CO_FTP_FACT_SIZE = 2,
    CO_FTP_FACT_MODIFY = 4,
    CO_FTP_FACT_PERM = 8,
    CO_FTP_FACT_UNIQUE = 16,
    CO_FTP_FACT_UNIX_MODE = 32,
    CO_FTP_FACTS_ALL = 63,
};

/*
 * "type=file;size=12;modify=20261128023400;perm=r;unique=801g2a;UNIX.mode=0644; name", without a
 * line end; only the facts asked for, and a folder has no size (RFC 3659 7.5.7). A link's type is
 * "OS.unix=slink:".
 */
void co_ftp_facts_write(struct co_buf *out, const struct co_ftp_shown *entry, unsigned facts);

/* The value of FEAT's MLST line: each fact, with a star when it is in `facts`: "type*;size*;...".
 */
void co_ftp_facts_names(struct co_buf *out, unsigned facts);

/* The value of the reply to OPTS MLST: only those in `facts`, "type;size;" (RFC 3659 7.9). */
void co_ftp_facts_chosen(struct co_buf *out, unsigned facts);

/* OPTS MLST's "type;size;": the facts named there; unknown ones are left out, case does not matter.
 */
unsigned co_ftp_facts_parse(co_text list);

/* "20261128023400", UTC; no NUL. Years 0 to 9999, clamped. */
#define CO_FTP_TIME_SIZE 14
void co_ftp_time_write(char text[CO_FTP_TIME_SIZE], int64_t seconds);

/* "YYYYMMDDHHMMSS" with an optional fraction, of which nanoseconds are kept. 0; CO_EINVALID, also
 * for what 64 bits of nanoseconds cannot count (beyond 1677 and 2262). */
int co_ftp_time_parse(co_text text, int64_t *ret_ns);

/* A path within the quotes of 257: doubles each quote. CR, LF and NUL become '?'. */
void co_ftp_quote(struct co_buf *out, co_text path);

#endif

/* SPDX-License-Identifier: MIT */
/* Command lines of FTP (RFC 959 5.3, RFC 2640 3.1). Bytes in, words out. Telnet, which lies beneath
 * them, is telnet.h's. */
#ifndef CO_CODEC_FTP_COMMAND_H
#define CO_CODEC_FTP_COMMAND_H

#include "base/base.h"

#define CO_FTP_LINE_MAX 4096 /* bytes of a command line with its end (attacks F11) */

/* Every verb that is known, in the order of their letters; which of them are served, and what HELP
 * says of them, is the session's. */
/* clang-format off */
#define CO_FTP_VERBS(X)                                                                            \
 X(ABOR) X(ACCT) X(ADAT) X(ALLO) X(APPE) X(AUTH) X(AVBL) X(CCC) X(CDUP) X(CLNT) X(CONF) X(CWD)     \
 X(DELE) X(ENC) X(EPRT) X(EPSV) X(FEAT) X(HASH) X(HELP) X(HOST) X(LANG) X(LIST) X(MDTM) X(MFF)     \
 X(MFMT) X(MIC) X(MKD) X(MLSD) X(MLST) X(MODE) X(NLST) X(NOOP) X(OPTS) X(PASS) X(PASV) X(PBSZ)     \
 X(PORT) X(PROT) X(PWD) X(QUIT) X(RANG) X(REIN) X(REST) X(RETR) X(RMD) X(RNFR) X(RNTO) X(SITE)     \
 X(SIZE) X(SMNT) X(STAT) X(STOR) X(STOU) X(STRU) X(SYST) X(TYPE) X(USER) X(XCRC) X(XMD5) X(XSHA1)  \
 X(XSHA256)
/* clang-format on */

enum co_ftp_verb {
    CO_FTP_UNKNOWN,
#define CO_FTP_VERB_ENUM(name) CO_FTP_##name,
    CO_FTP_VERBS(CO_FTP_VERB_ENUM)
#undef CO_FTP_VERB_ENUM
        CO_FTP_VERB_COUNT
};

struct co_ftp_command {
    enum co_ftp_verb verb; /* XCUP, XCWD, XMKD, XPWD and XRMD are CDUP, CWD, MKD, PWD and RMD */
    co_text name;          /* as it was sent */
    co_text argument;      /* behind the one space that ends the verb; spaces are part of it */
    bool has_argument;     /* "NOOP " has an empty one */
};

/* Bytes that end lines somewhere: none holds them but at its end. */
static inline bool co_ftp_breaks_line(char c)
{
    return c == '\r' || c == '\n' || c == '\0';
}

/*
 * Reads a line without its CRLF and without Telnet's commands; codes of theirs that have lost their
 * IAC are passed over before the verb. The slices point into the line. 0; CO_EINVALID when its verb
 * is empty or not of letters and digits; -EILSEQ when that is known and the argument holds NUL, CR
 * or LF, of one that is not CO_EINVALID again (RFC 2640 3.1 allows every other byte). Case does not
 * matter (RFC 959 5.3).
 */
int co_ftp_command_parse(co_text line, struct co_ftp_command *ret);

/* The verb's letters, in capitals; "" for CO_FTP_UNKNOWN. */
const char *co_ftp_verb_name(enum co_ftp_verb verb);

/*
 * Is this what a client of another protocol sends first: an HTTP request, SMTP's or SSH's greeting,
 * a TLS hello (attacks F09)? The line may be the start of one that has not ended yet, as a hello's
 * never does.
 */
bool co_ftp_is_other_protocol(co_text line);

#endif

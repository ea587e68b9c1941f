/* SPDX-License-Identifier: MIT */
/*
 * The control connection's grammar: Telnet beneath it (RFC 854, 959 4.1), command lines (RFC
 * 959 5.3, 2640 3.1), the addresses of PORT and EPRT (RFC 959 4.1.2, 2428 2). Bytes in, words out.
 */
#ifndef CO_CODEC_FTP_COMMAND_H
#define CO_CODEC_FTP_COMMAND_H

#include "base/buf.h"

#include <netinet/in.h>

#define CO_FTP_LINE_MAX 4096 /* bytes of a command line with its end (attacks F11) */

/* X(name, text of FEAT or NULL, syntax for HELP) is not kept here: the session's table has both. */
#define CO_FTP_VERBS(X)                                                                            \
 X(ABOR)                                                                                           \
 X(ACCT) X(ADAT) X(ALLO) X(APPE) X(AUTH) X(AVBL) X(CCC) X(CDUP) X(CLNT) X(CONF) X(CWD) X(DELE)     \
     X(ENC) X(EPRT) X(EPSV) X(FEAT) X(HASH) X(HELP) X(HOST) X(LANG) X(LIST) X(MDTM) X(MFF) X(MFMT) \
         X(MIC) X(MKD) X(MLSD) X(MLST) X(MODE) X(NLST) X(NOOP) X(OPTS) X(PASS) X(PASV) X(PBSZ)     \
             X(PORT) X(PROT) X(PWD) X(QUIT) X(RANG) X(REIN) X(REST) X(RETR) X(RMD) X(RNFR) X(RNTO) \
                 X(SITE) X(SIZE) X(SMNT) X(STAT) X(STOR) X(STOU) X(STRU) X(SYST) X(TYPE) X(USER)   \
                     X(XCRC) X(XMD5) X(XSHA1) X(XSHA256)

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

/*
 * Reads a line without its CRLF and without Telnet's bytes. The slices point into it. 0;
 * CO_EINVALID when it holds NUL, CR or LF, or its verb is empty or not of letters and digits (RFC
 * 2640 3.1 allows every other byte).
 */
int co_ftp_command_parse(co_text line, struct co_ftp_command *ret);

/* The verb's four letters. */
const char *co_ftp_verb_name(enum co_ftp_verb verb);

/* A line that another protocol's client would send first: an HTTP request, SMTP's or SSH's
 * greeting, a TLS hello (attacks F09). */
bool co_ftp_is_other_protocol(co_text line);

/*
 * Telnet (RFC 854), across the reads of a connection. Zero is the start.
 */
struct co_telnet {
    uint8_t state;    /* telnet.c's */
    uint8_t verb;     /* WILL, WONT, DO, DONT awaiting its option */
    bool interrupted; /* IP or a data mark was seen: the next command wants to be heard at once */
};

/*
 * Takes Telnet's commands out of the bytes, in place: IAC IAC is one 255, options that are offered
 * or asked for are refused (answers are appended to `answers`, at most once for each three bytes),
 * all else (IP, DM, AYT, NOP, sub-negotiations ...) is dropped. Gives the same bytes at every split
 * of the input. Returns the new size.
 */
size_t co_telnet_strip(struct co_telnet *telnet, char *bytes, size_t size, struct co_buf *answers);

/* ---- addresses of data connections ----------------------------------------------------------- */

/* An address in a command. */
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

/* "h1,h2,h3,h4,p1,p2" for 227. */
void co_ftp_port_write(struct co_buf *out, const struct sockaddr_in *address);

#endif

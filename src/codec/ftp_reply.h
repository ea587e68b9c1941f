/* SPDX-License-Identifier: MIT */
/*
 * Replies of FTP, as a client reads them (RFC 959 4.2): where one ends, and what the answers to
 * some commands hold.
 *
 * A reply is "CODE SP text CRLF", or "CODE-text CRLF", lines of any kind, and "CODE SP text CRLF"
 * with the same code. Lenient in two things that servers do: a line may end in LF alone, and the
 * last (or only) one may be a code and nothing else.
 */
#ifndef CO_CODEC_FTP_REPLY_H
#define CO_CODEC_FTP_REPLY_H

#include "base/base.h"

#define CO_FTP_REPLY_MAX       65536 /* bytes of a reply with all its lines */
#define CO_FTP_REPLY_LINES_MAX 1000

/* How far a search has come; all zeros at the beginning of each reply. */
struct co_ftp_reply_scan {
    size_t scanned; /* bytes of whole lines that are no end */
    unsigned lines;
    int code; /* of the first; 0: it has not come */
};

/* The size of the reply that the text begins with, lines' ends included; 0 when more has to come;
 * CO_EFTP for what is none, CO_ETOOBIG beyond one of the limits. The text may only have grown since
 * the last call. */
ssize_t co_ftp_reply_size(co_text text, struct co_ftp_reply_scan *scan);

/* The code of a whole reply. */
int co_ftp_reply_code(co_text reply);

/* Its text for people, without the code: of the first line that has any, but of the last one if
 * that has. */
co_text co_ftp_reply_gist(co_text reply);

/* What a line within a reply tells, behind a space (RFC 2389 3.2, RFC 3659 7.2) or behind the code,
 * which some servers put before each line; nothing when it is no such line. */
co_text co_ftp_reply_inner(co_text line);

/* The port of 227's "(h1,h2,h3,h4,p1,p2)": brackets may be missing (RFC 1123 4.1.2.6). What is said
 * of the address is not even looked at (attacks F03). 0 or CO_EFTP. */
int co_ftp_reply_passive(co_text reply, uint16_t *ret_port);

/* The port of 229's "(|||6446|)" with any delimiter (RFC 2428 3). 0 or CO_EFTP. */
int co_ftp_reply_extended(co_text reply, uint16_t *ret_port);

/* The path of 257's quotes, in which "" is a quote and a doubled 255 is one, into room for `size`
 * bytes with a NUL (attacks F14). Where the second one is missing it goes to the line's end. Its
 * length; CO_EFTP, CO_ETOOBIG.
 */
ssize_t co_ftp_reply_quoted(co_text reply, char *ret, size_t size);

/* The size in 150's "... (1234 bytes)", which RFC 959 does not ask for; false when there is none.
 */
bool co_ftp_reply_bytes(co_text reply, uint64_t *ret);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Every command, and which code it gets by RFC 959 5.4, RFC 1123 4.1.2, 2389, 2428, 2640, 3659 and
 * 7151. A row is a command with its argument, a column who asks.
 */
#ifndef CO_TEST_FTP_CODES_H
#define CO_TEST_FTP_CODES_H

#include "ftp_rig.h"

#include <ctype.h>

enum state { FRESH, NAMED, BROWSE, READ, LIST, ADD, CHANGE, ALL, STATES };

/* Who comes; NULL: nobody yet. NAMED has said USER and not yet PASS. */
static const char *const visitors[STATES] = {
    NULL, "all", "anonymous", "read", "list", "add", "change", "all"};

enum during { LATER, AT_ONCE }; /* answered behind the transfer that runs, or at once */

struct row {
    const char *line;
    int codes[STATES];
    enum during during;
};

/* clang-format off */
static const struct row rows[] = {
    /* line, {fresh, after USER, browse, read, list, add, change, all}, during a transfer */
    {"USER all", {331, 331, 331, 331, 331, 331, 331, 331}, LATER},
    {"USER", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"user all", {331, 331, 331, 331, 331, 331, 331, 331}, LATER},
    {"PASS", {503, 530, 503, 503, 503, 503, 503, 503}, LATER},
    {"PASS pw", {503, 230, 503, 503, 503, 503, 503, 503}, LATER},
    {"PASS no", {503, 530, 503, 503, 503, 503, 503, 503}, LATER},
    {"ACCT x", {202, 202, 202, 202, 202, 202, 202, 202}, LATER},
    {"ACCT", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"CWD sub", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"CWD", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"CWD none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"CWD file", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"XCWD sub", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"CDUP", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"CDUP x", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"XCUP", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"QUIT", {221, 221, 221, 221, 221, 221, 221, 221}, AT_ONCE},
    {"REIN", {220, 220, 220, 220, 220, 220, 220, 220}, LATER},
    {"HOST a.example", {220, 503, 503, 503, 503, 503, 503, 503}, LATER},
    {"HOST", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"PORT 127,0,0,1,200,1", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"PORT", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"PORT 1,2,3", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"PORT 127,0,0,2,200,1", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"PORT 127,0,0,1,3,255", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"EPRT |1|127.0.0.1|51201|", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"EPRT |1|127.0.0.2|51201|", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"EPRT |3|x|1|", {530, 530, 522, 522, 522, 522, 522, 522}, LATER},
    {"EPRT", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"EPRT x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"PASV", {530, 530, 227, 227, 227, 227, 227, 227}, LATER},
    {"PASV x", {530, 530, 227, 227, 227, 227, 227, 227}, LATER},
    {"EPSV", {530, 530, 229, 229, 229, 229, 229, 229}, LATER},
    {"EPSV 1", {530, 530, 229, 229, 229, 229, 229, 229}, LATER},
    {"EPSV 2", {530, 530, 522, 522, 522, 522, 522, 522}, LATER},
    {"EPSV 3", {530, 530, 522, 522, 522, 522, 522, 522}, LATER},
    {"EPSV ALL", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"EPSV x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"TYPE A", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE A N", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE I", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE AN", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE L8", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE L 8", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"TYPE L 7", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"TYPE E", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"TYPE A T", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"TYPE X", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"TYPE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"STRU F", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"STRU R", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"STRU P", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"STRU", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MODE S", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"MODE B", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"MODE C", {530, 530, 504, 504, 504, 504, 504, 504}, LATER},
    {"MODE Z", {530, 530, 200, 200, 200, 200, 200, 200}, LATER},
    {"MODE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RETR file", {530, 530, 425, 425, 550, 550, 550, 425}, LATER},
    {"RETR none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RETR sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RETR", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"STOR new", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
    {"STOR file", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
    {"STOR sub", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
    {"STOR none/new", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
    {"STOR", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"STOU", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
    {"APPE file", {530, 530, 550, 550, 550, 425, 425, 425}, LATER},
    {"APPE new", {530, 530, 550, 550, 550, 425, 425, 425}, LATER},
    {"APPE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ALLO 10", {530, 530, 202, 202, 202, 202, 202, 202}, LATER},
    {"ALLO 10 R 5", {530, 530, 202, 202, 202, 202, 202, 202}, LATER},
    {"ALLO 5 X", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ALLO 5 R", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ALLO x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ALLO", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST 5", {530, 530, 350, 350, 350, 350, 350, 350}, LATER},
    {"REST -1", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST 18446744073709551616", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RNFR file", {530, 530, 350, 350, 350, 550, 350, 350}, LATER},
    {"RNFR out", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RNFR /", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RNFR none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RNFR", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RNTO x", {530, 530, 503, 503, 503, 503, 503, 503}, LATER},
    {"RNTO", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ABOR", {530, 530, 226, 226, 226, 226, 226, 226}, AT_ONCE},
    {"ABOR x", {530, 530, 226, 226, 226, 226, 226, 226}, AT_ONCE},
    {"DELE file", {530, 530, 550, 550, 550, 550, 250, 250}, LATER},
    {"DELE none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"DELE out", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"DELE sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"DELE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RMD empty", {530, 530, 550, 550, 550, 550, 250, 250}, LATER},
    {"RMD sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RMD none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RMD out", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RMD file", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RMD", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"XRMD empty", {530, 530, 550, 550, 550, 550, 250, 250}, LATER},
    {"MKD new", {530, 530, 550, 550, 550, 257, 550, 257}, LATER},
    {"MKD sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"MKD none/new", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"MKD", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"XMKD new", {530, 530, 550, 550, 550, 257, 550, 257}, LATER},
    {"PWD", {530, 530, 257, 257, 257, 257, 257, 257}, AT_ONCE},
    {"XPWD", {530, 530, 257, 257, 257, 257, 257, 257}, AT_ONCE},
    {"PWD x", {530, 530, 257, 257, 257, 257, 257, 257}, AT_ONCE},
    {"LIST", {530, 530, 425, 450, 425, 450, 450, 425}, LATER},
    {"LIST none", {530, 530, 450, 450, 450, 450, 450, 450}, LATER},
    {"LIST -la", {530, 530, 425, 450, 425, 450, 450, 425}, LATER},
    {"LIST f*", {530, 530, 425, 450, 425, 450, 450, 425}, LATER},
    {"NLST", {530, 530, 425, 450, 425, 450, 450, 425}, LATER},
    {"NLST none", {530, 530, 450, 450, 450, 450, 450, 450}, LATER},
    {"MLSD", {530, 530, 425, 550, 425, 550, 550, 425}, LATER},
    {"MLSD none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"MLSD file", {530, 530, 501, 501, 501, 550, 501, 501}, LATER},
    {"MLST", {530, 530, 250, 250, 250, 250, 250, 250}, LATER},
    {"MLST file", {530, 530, 250, 250, 250, 550, 250, 250}, LATER},
    {"MLST none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"SITE HELP", {530, 530, 214, 214, 214, 214, 214, 214}, LATER},
    {"SITE CHMOD 600 file", {530, 530, 550, 550, 550, 550, 200, 200}, LATER},
    {"SITE CHMOD 4755 file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE CHMOD x file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE CHMOD 600", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE CHMOD 600 none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"SITE UTIME 20200101000000 file", {530, 530, 550, 550, 550, 550, 200, 200}, LATER},
    {"SITE UTIME x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE EXEC ls", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE CPFR file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SITE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"SYST", {215, 215, 215, 215, 215, 215, 215, 215}, AT_ONCE},
    {"STAT", {530, 530, 211, 211, 211, 211, 211, 211}, AT_ONCE},
    {"STAT file", {530, 530, 213, 213, 213, 450, 213, 213}, AT_ONCE},
    {"STAT sub", {530, 530, 212, 450, 212, 450, 450, 212}, AT_ONCE},
    {"STAT none", {530, 530, 450, 450, 450, 450, 450, 450}, AT_ONCE},
    {"HELP", {214, 214, 214, 214, 214, 214, 214, 214}, AT_ONCE},
    {"HELP RETR", {214, 214, 214, 214, 214, 214, 214, 214}, AT_ONCE},
    {"HELP NONE", {502, 502, 502, 502, 502, 502, 502, 502}, AT_ONCE},
    {"HELP AUTH", {502, 502, 502, 502, 502, 502, 502, 502}, AT_ONCE},
    {"NOOP", {200, 200, 200, 200, 200, 200, 200, 200}, AT_ONCE},
    {"NOOP x", {200, 200, 200, 200, 200, 200, 200, 200}, AT_ONCE},
    {"FEAT", {211, 211, 211, 211, 211, 211, 211, 211}, AT_ONCE},
    {"FEAT x", {211, 211, 211, 211, 211, 211, 211, 211}, AT_ONCE},
    {"OPTS UTF8 ON", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS UTF8 OFF", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS MLST size;", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS MLST", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS RETR x", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"OPTS MODE Z LEVEL 9", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS MODE Z LEVEL 10", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"OPTS HASH", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS HASH SHA-1", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"OPTS HASH SHA-0", {504, 504, 504, 504, 504, 504, 504, 504}, LATER},
    {"OPTS", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"LANG", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"LANG EN", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"LANG en-US", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"LANG enXX", {504, 504, 504, 504, 504, 504, 504, 504}, LATER},
    {"LANG FR", {504, 504, 504, 504, 504, 504, 504, 504}, LATER},
    {"SIZE file", {530, 530, 213, 213, 213, 550, 213, 213}, LATER},
    {"SIZE sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"SIZE none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"SIZE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MDTM file", {530, 530, 213, 213, 213, 550, 213, 213}, LATER},
    {"MDTM sub", {530, 530, 213, 213, 213, 213, 213, 213}, LATER},
    {"MDTM none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"MDTM", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFMT 20200102030405 file", {530, 530, 550, 550, 550, 550, 213, 213}, LATER},
    {"MFMT x file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFMT 20200102030405", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFMT 20200102030405 none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"MFMT", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFF Modify=20200102030405; file", {530, 530, 550, 550, 550, 550, 213, 213}, LATER},
    {"MFF UNIX.mode=0600; file", {530, 530, 550, 550, 550, 550, 213, 213}, LATER},
    {"MFF UNIX.mode=4755; file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFF x=y; file", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"MFF", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"CLNT x", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"CLNT", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"SMNT x", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"AUTH TLS", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"ADAT x", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"PBSZ 0", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"PROT P", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"CCC", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"MIC x", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"CONF x", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"ENC x", {502, 502, 502, 502, 502, 502, 502, 502}, LATER},
    {"HASH file", {530, 530, 213, 213, 550, 550, 550, 213}, LATER},
    {"RANG 1 2", {530, 530, 350, 350, 350, 350, 350, 350}, LATER},
    {"XCRC file", {530, 530, 250, 250, 550, 550, 550, 250}, LATER},
    {"XMD5 file", {530, 530, 250, 250, 550, 550, 550, 250}, LATER},
    {"XSHA1 file", {530, 530, 250, 250, 550, 550, 550, 250}, LATER},
    {"XSHA256 file", {530, 530, 250, 250, 550, 550, 550, 250}, LATER},
    {"AVBL", {530, 530, 213, 550, 213, 213, 550, 213}, LATER},
    {"NONE", {500, 500, 500, 500, 500, 500, 500, 500}, LATER},
    {"noop", {200, 200, 200, 200, 200, 200, 200, 200}, AT_ONCE},
    {"nOoP", {200, 200, 200, 200, 200, 200, 200, 200}, AT_ONCE},
    {"stor New", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},
};
/* clang-format on */

/* Over TLS the commands of TLS have codes of their own: test_ftps.c. */
static inline bool is_skipped(const struct row *row)
{
    static const char *const of_tls[] = {"AUTH", "HELP AUTH", "PBSZ", "PROT", "CCC"};
    for (size_t i = 0; i < CO_LENGTH(of_tls); i++)
        if (is_over_tls() && strncmp(row->line, of_tls[i], strlen(of_tls[i])) == 0)
            return true;
    return false;
}

/* What the rows before may have changed is as it was. */
static inline void mend_folder(void)
{
    static const char *const made[] = {"new", "New", "up", "x"};
    put_text("file", "one\ntwo\r\nxyz");
    put_text("sub/inner", "inner");
    unlinkat(site.fd, "new", AT_REMOVEDIR);
    for (size_t i = 0; i < CO_LENGTH(made); i++)
        unlinkat(site.fd, made[i], 0);
    if (mkdirat(site.fd, "empty", 0755) < 0)
        assert_int_equal(errno, EEXIST);
}

/* Refusals say something, in a sentence of printable characters (and nothing of ours). */
static inline void check_text(const char *line)
{
    const char *text = ftp.reply + 4, *end = strstr(ftp.reply, "\r\n");
    size_t size = end ? (size_t)(end - text) : 0;
    if (size < 10 || text[size - 1] != '.' || memmem(text, size, site.path, strlen(site.path)))
        fail_msg("%s is told: %s", line, ftp.reply);
    for (size_t i = 0; i < size; i++)
        assert_true(isprint((unsigned char)text[i]));
}

/* Gives or takes what a transfer waits for, after its 150. */
static inline void finish_transfer(const char *start)
{
    static const char *const uploads[] = {"STOR", "APPE", "STOU"};
    bool upload = false;
    for (size_t i = 0; i < CO_LENGTH(uploads); i++)
        upload |= strncasecmp(start, uploads[i], 4) == 0;
    if (upload)
        ftp_give("abc");
    else
        assert_int_equal(ftp_receive(), 0);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Every command in every state: which code it gets, by RFC 959 5.4, RFC 1123 4.1.2, 2389, 2428,
 * 2640, 3659 and 7151. A row is a command with its argument, a column a state.
 */
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
    {"ALLO x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ALLO", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST 5", {530, 530, 350, 350, 350, 350, 350, 350}, LATER},
    {"REST -1", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST 18446744073709551616", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST x", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"REST", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RNFR file", {530, 530, 350, 350, 350, 550, 350, 350}, LATER},
    {"RNFR none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RNFR", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RNTO x", {530, 530, 503, 503, 503, 503, 503, 503}, LATER},
    {"RNTO", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"ABOR", {530, 530, 226, 226, 226, 226, 226, 226}, AT_ONCE},
    {"ABOR x", {530, 530, 226, 226, 226, 226, 226, 226}, AT_ONCE},
    {"DELE file", {530, 530, 550, 550, 550, 550, 250, 250}, LATER},
    {"DELE none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"DELE sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"DELE", {530, 530, 501, 501, 501, 501, 501, 501}, LATER},
    {"RMD empty", {530, 530, 550, 550, 550, 550, 250, 250}, LATER},
    {"RMD sub", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
    {"RMD none", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
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
    {"MLSD file", {530, 530, 550, 550, 550, 550, 550, 550}, LATER},
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
    {"OPTS", {501, 501, 501, 501, 501, 501, 501, 501}, LATER},
    {"LANG", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"LANG EN", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
    {"LANG en-US", {200, 200, 200, 200, 200, 200, 200, 200}, LATER},
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
    {"stor New", {530, 530, 553, 553, 553, 425, 425, 425}, LATER},};
/* clang-format on */

static void come(enum state state)
{
    if (state == FRESH) {
        ftp_open();
    } else if (state == NAMED) {
        ftp_open();
        assert_int_equal(ftp_do("USER all"), 331);
    } else {
        ftp_login(visitors[state]);
    }
}

/* What the rows before may have changed is as it was. */
static void mend_folder(void)
{
    put_text("file", "one\ntwo\r\nxyz");
    unlinkat(site.fd, "new", AT_REMOVEDIR);
    unlinkat(site.fd, "up", 0);
    if (mkdirat(site.fd, "empty", 0755) < 0)
        assert_int_equal(errno, EEXIST);
}

/* Refusals say something, in a sentence of printable characters (and nothing of ours). */
static void check_text(const char *line)
{
    const char *text = ftp.reply + 4, *end = strstr(ftp.reply, "\r\n");
    size_t size = end ? (size_t)(end - text) : 0;
    if (size < 10 || text[size - 1] != '.' || memmem(text, size, site.path, strlen(site.path)))
        fail_msg("%s is told: %s", line, ftp.reply);
    for (size_t i = 0; i < size; i++)
        assert_true(isprint((unsigned char)text[i]));
}

static void expect(const struct row *row, enum state state, int code)
{
    if (code != row->codes[state])
        fail_msg("%s of column %d is %d, not %d", row->line, state, code, row->codes[state]);
    if (code >= 400)
        check_text(row->line);
}

static void try_column(enum state state)
{
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        come(state);
        expect(&rows[i], state, ftp_do(rows[i].line));
        ftp_hang_up();
        mend_folder();
    }
}

#define COLUMN_TEST(name, state)                                                                   \
 static void name(void **unused)                                                                   \
 {                                                                                                 \
  (void)unused;                                                                                    \
  try_column(state);                                                                               \
 }
COLUMN_TEST(codes_before_anything, FRESH)
COLUMN_TEST(codes_between_user_and_pass, NAMED)
COLUMN_TEST(codes_for_the_anonymous, BROWSE)
COLUMN_TEST(codes_for_those_who_may_read, READ)
COLUMN_TEST(codes_for_those_who_may_list, LIST)
COLUMN_TEST(codes_in_a_drop_box, ADD)
COLUMN_TEST(codes_for_those_who_may_change, CHANGE)
COLUMN_TEST(codes_for_those_who_may_all, ALL)

/* REIN brings back the beginning, whatever was set before (RFC 959 4.1.1). */
static void codes_after_rein(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        ftp_login("all");
        ftp_passive();
        assert_int_equal(ftp_do("CWD sub"), 250);
        assert_int_equal(ftp_do("EPSV ALL"), 200);
        assert_int_equal(ftp_do("REIN"), 220);
        expect(&rows[i], FRESH, ftp_do(rows[i].line));
        ftp_hang_up();
    }
}

/* ---- during a transfer ---------------------------------------------------------------------- */

static void finish_transfer(const char *start)
{
    if (strncmp(start, "STOR", 4) == 0)
        ftp_give("abc");
    else
        assert_int_equal(ftp_receive(), 0);
}

/* The row's command while `start` is under way. */
static void try_during(const struct row *row, const char *start)
{
    bool aborts = strncmp(row->line, "ABOR", 4) == 0;
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do(start), 150);
    ftp_send(row->line);
    bool at_once = ftp_is_answered();
    assert_int_equal(at_once, row->during);
    if (aborts) {
        assert_int_equal(ftp_reply(), 426);
        assert_int_equal(ftp_reply(), 226);
    } else if (at_once) {
        expect(row, ALL, ftp_reply());
        finish_transfer(start);
        assert_int_equal(ftp_reply(), 226);
    } else {
        finish_transfer(start);
        assert_int_equal(ftp_reply(), 226);
        expect(row, ALL, ftp_reply());
    }
    ftp_hang_up();
    mend_folder();
}

static void codes_during_a_download(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        try_during(&rows[i], "RETR large");
}

static void codes_during_an_upload(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i++)
        try_during(&rows[i], "STOR up");
}

static void codes_during_a_listing(void **unused)
{
    (void)unused;
    ftp_populate_many();
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(rows); i += 4)
        try_during(&rows[i], "MLSD many");
}

/* ---- after what prepares -------------------------------------------------------------------- */

/* Lines before, the command, its reply, and the final one of a transfer (0: there is none). */
struct sequence {
    const char *before[3];
    const char *line;
    int code, then;
};

static const struct sequence sequences[] = {
    /* RNFR counts for the next command alone (RFC 959 4.1.3). */
    {{"RNFR file"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RNTO sub", 553, 0},
    {{"RNFR file"}, "RNTO none/x", 553, 0},
    {{"RNFR file"}, "RNTO .hidden2", 553, 0},
    {{"RNFR sub"}, "RNTO sub/below", 553, 0},
    {{"RNFR empty"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RNTO", 501, 0},
    {{"RNFR file", "NOOP"}, "RNTO new", 503, 0},
    {{"RNFR file", "RNTO new"}, "RNTO new2", 503, 0},
    {{"RNFR file", "RNFR none"}, "RNTO new", 503, 0},
    {{"RNFR file", "NONE"}, "RNTO new", 250, 0},
    {{"RNFR file"}, "RETR file", 425, 0},
    {{"rnfr file"}, "rnto new", 250, 0},
    {{"CWD sub", "RNFR inner"}, "RNTO ../new", 250, 0},
    {{"RNFR file", "REIN"}, "RNTO new", 530, 0},
    {{"RNFR file", "USER all", "PASS pw"}, "RNTO new", 503, 0},
    /* REST too, but that what makes the connection may come between (RFC 3659 5). */
    {{"REST 5", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV", "REST 5"}, "RETR file", 150, 226},
    {{"EPSV", "REST 12"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13"}, "RETR file", 554, 0},
    {{"EPSV", "REST 9223372036854775807"}, "RETR file", 554, 0},
    {{"EPSV", "REST 13", "NOOP"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13", "REST x"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13", "REST 0"}, "RETR file", 150, 226},
    {{"EPSV", "REST 13"}, "LIST", 150, 226},
    {{"EPSV", "REST 13"}, "APPE file", 150, 226},
    {{"EPSV", "REST 13"}, "STOU", 150, 226},
    {{"EPSV", "REST 5"}, "STOR file", 150, 226},
    {{"EPSV", "REST 13"}, "STOR file", 554, 0},
    {{"EPSV", "REST 5"}, "STOR new", 554, 0},
    {{"EPSV", "TYPE A", "REST 5"}, "RETR file", 554, 0},
    {{"EPSV", "TYPE A", "REST 5"}, "STOR file", 554, 0},
    {{"EPSV", "REST 5", "TYPE A"}, "RETR file", 150, 226},
    /* A data connection that has been prepared. */
    {{"EPSV"}, "RETR file", 150, 226},
    {{"EPSV"}, "RETR none", 550, 0},
    {{"EPSV"}, "RETR sub", 550, 0},
    {{"EPSV"}, "RETR .hidden", 550, 0},
    {{"EPSV"}, "RETR out", 550, 0},
    {{"EPSV"}, "RETR ../file", 150, 226},
    {{"EPSV"}, "RETR sub/inner", 150, 226},
    {{"EPSV"}, "RETR /sub/./../file", 150, 226},
    {{"EPSV"}, "retr file", 150, 226},
    {{"EPSV", "TYPE A"}, "RETR file", 150, 226},
    {{"EPSV", "RETR none"}, "RETR file", 150, 226},
    {{"EPSV"}, "STOR new", 150, 226},
    {{"EPSV"}, "STOR file", 150, 226},
    {{"EPSV"}, "STOR sub", 553, 0},
    {{"EPSV"}, "STOR none/new", 553, 0},
    {{"EPSV"}, "STOR .hidden2", 553, 0},
    {{"EPSV", "TYPE A"}, "STOR new", 150, 226},
    {{"EPSV"}, "STOU", 150, 226},
    {{"EPSV"}, "STOU name", 150, 226},
    {{"EPSV"}, "APPE file", 150, 226},
    {{"EPSV"}, "APPE new", 150, 226},
    {{"EPSV"}, "APPE sub", 550, 0},
    {{"EPSV"}, "LIST", 150, 226},
    {{"EPSV"}, "LIST file", 150, 226},
    {{"EPSV"}, "LIST -la", 150, 226},
    {{"EPSV"}, "LIST -la sub", 150, 226},
    {{"EPSV"}, "LIST *", 150, 226},
    {{"EPSV"}, "LIST none", 450, 0},
    {{"EPSV"}, "LIST none/*", 450, 0},
    {{"EPSV"}, "NLST", 150, 226},
    {{"EPSV"}, "NLST sub", 150, 226},
    {{"EPSV"}, "MLSD", 150, 226},
    {{"EPSV"}, "MLSD sub", 150, 226},
    {{"EPSV"}, "MLSD file", 550, 0},
    {{"EPSV"}, "MLSD *", 550, 0},
    {{"EPSV", "ABOR"}, "RETR file", 425, 0},
    {{"EPSV", "REIN", "USER all"}, "RETR file", 530, 0},
    {{"EPSV", "RETR file", "-"}, "RETR file", 425, 0},
    {{"PASV"}, "RETR file", 150, 226},
    {{"PASV"}, "STOR new", 150, 226},
    {{"PASV"}, "LIST", 150, 226},
    {{"PASV", "PASV"}, "RETR file", 150, 226},
    {{"PASV", "EPSV"}, "RETR file", 150, 226},
    {{"PORT"}, "RETR file", 150, 226},
    {{"PORT"}, "STOR new", 150, 226},
    {{"PORT"}, "NLST", 150, 226},
    {{"EPRT"}, "RETR file", 150, 226},
    {{"EPRT"}, "APPE file", 150, 226},
    {{"EPRT"}, "MLSD", 150, 226},
    {{"PORT", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV", "PORT"}, "RETR file", 150, 226},
    {{"PORT", "PORT 127,0,0,2,200,1"}, "RETR file", 150, 226},
    /* EPSV ALL (RFC 2428 4). */
    {{"EPSV ALL"}, "PASV", 501, 0},
    {{"EPSV ALL"}, "PORT 127,0,0,1,200,1", 501, 0},
    {{"EPSV ALL"}, "EPRT |1|127.0.0.1|51201|", 501, 0},
    {{"EPSV ALL"}, "EPSV", 229, 0},
    {{"EPSV ALL"}, "EPSV ALL", 200, 0},
    {{"EPSV all"}, "PASV", 501, 0},
    {{"EPSV ALL", "EPSV"}, "RETR file", 150, 226},
    {{"EPSV ALL", "REIN", "USER all"}, "PASS pw", 230, 0},
    /* Who is there. */
    {{"REIN"}, "PASS pw", 503, 0},
    {{"REIN"}, "HOST a.example", 220, 0},
    {{"USER nobody"}, "PASS pw", 530, 0},
    {{"USER all"}, "PASS no", 530, 0},
    {{"USER all", "PASS no"}, "PASS pw", 230, 0},
    {{"USER all"}, "RETR file", 530, 0},
    {{"USER banned"}, "PASS pw", 421, 0},
    {{"USER homeless"}, "PASS pw", 421, 0},
    {{"USER anonymous"}, "PASS ", 230, 0},
    {{"USER ftp"}, "PASS a@b", 230, 0},
    {{"USER FTP"}, "PASS", 230, 0},
    {{"CWD sub"}, "RETR inner", 425, 0},
    {{"CWD sub", "CDUP"}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD .."}, "SIZE file", 213, 0},
    {{"CWD sub", "CWD"}, "SIZE file", 213, 0},
    {{"CWD sub", "RMD /sub"}, "PWD", 257, 0},
    {{"TYPE A"}, "SIZE file", 213, 0},
};

/* Sends a line of what comes before; "EPSV" and the like make the connection as well, "-" finishes
 * the transfer that runs. */
static void prepare(const char *line)
{
    if (strcmp(line, "EPSV") == 0) {
        ftp_epsv();
    } else if (strcmp(line, "PASV") == 0) {
        ftp_pasv();
    } else if (strcmp(line, "PORT") == 0 || strcmp(line, "EPRT") == 0) {
        ftp_data_end();
        assert_int_equal(ftp_port(line), 200);
    } else if (strcmp(line, "-") == 0) {
        assert_int_equal(ftp_receive(), 0);
        assert_int_equal(ftp_reply(), 226);
    } else {
        assert_true(ftp_do(line) > 0);
    }
}

static void try_sequence(const struct sequence *sequence)
{
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(sequence->before) && sequence->before[i]; i++)
        prepare(sequence->before[i]);
    int then = 0, code = ftp_do(sequence->line);
    if (code == 150) {
        static const char *const uploads[] = {"STOR", "APPE", "STOU"};
        bool upload = false;
        for (size_t i = 0; i < CO_LENGTH(uploads); i++)
            upload |= strncmp(sequence->line, uploads[i], 4) == 0;
        ftp_data_come();
        if (upload)
            ftp_give("abc");
        else
            assert_int_equal(ftp_receive(), 0);
        then = ftp_reply();
    }
    if (code != sequence->code || then != sequence->then)
        fail_msg("%s, %s: %d and %d, not %d and %d", sequence->before[0], sequence->line, code,
            then, sequence->code, sequence->then);
    if (code >= 400)
        check_text(sequence->line);
    ftp_hang_up();
}

static void codes_after_what_prepares(void **unused)
{
    (void)unused;
    ftp_start();
    for (size_t i = 0; i < CO_LENGTH(sequences); i++) {
        try_sequence(&sequences[i]);
        mend_folder();
        unlinkat(site.fd, "new", 0);
        put_text("sub/inner", "inner");
    }
}

static int all_tests(void *arg)
{
    (void)arg;
    const struct CMUnitTest tests[] = {
        FTP_TEST(codes_before_anything),
        FTP_TEST(codes_between_user_and_pass),
        FTP_TEST(codes_for_the_anonymous),
        FTP_TEST(codes_for_those_who_may_read),
        FTP_TEST(codes_for_those_who_may_list),
        FTP_TEST(codes_in_a_drop_box),
        FTP_TEST(codes_for_those_who_may_change),
        FTP_TEST(codes_for_those_who_may_all),
        FTP_TEST(codes_after_rein),
        FTP_TEST(codes_during_a_download),
        FTP_TEST(codes_during_an_upload),
        FTP_TEST(codes_during_a_listing),
        FTP_TEST(codes_after_what_prepares),
    };
    return cmocka_run_group_tests_name("ftp_codes", tests, NULL, NULL);
}

int main(void)
{
    return run_within("virtual", all_tests);
}

/* SPDX-License-Identifier: MIT */
/* Listings as the servers of the world write them. */
#include "test.h"

#include "codec/ftp_entry.h"

#include <stdio.h>
#include <time.h>

#define NOW 1795833240 /* 2026-11-28T02:34:00Z */

/* What becomes of one line. */
struct row {
    const char *line, *name; /* NULL: no entry */
    enum co_ftp_type type;
    int64_t size;         /* -1: not known */
    const char *modified; /* "YYYY-MM-DD hh:mm:ss", shorter as it is known; NULL: not known */
    int mode;             /* -1: not known */
    const char *target;
};

#define FILE_   CO_FTP_FILE
#define FOLDER_ CO_FTP_FOLDER
#define LINK_   CO_FTP_LINK
#define OTHER_  CO_FTP_OTHER
#define NONE(line)                                                                                 \
 {                                                                                                 \
  line, NULL, FILE_, -1, NULL, -1, NULL                                                            \
 }

static const struct row unix_rows[] = {
    {"-rw-r--r--   1 root     other        531 Jan 29 03:26 README", "README", FILE_, 531,
        "2026-01-29 03:26", 0644, NULL},
    {"dr-xr-xr-x   2 root     other        512 Apr  8  1994 etc", "etc", FOLDER_, -1, "1994-04-08",
        0555, NULL},
    {"dr-xr-xr-x   2 root     512 Apr  8  1994 etc", "etc", FOLDER_, -1, "1994-04-08", 0555, NULL},
    {"lrwxrwxrwx   1 root     other          7 Jan 25 00:17 bin -> usr/bin", "bin", LINK_, -1,
        "2026-01-25 00:17", 0777, "usr/bin"},
    {"lrwxrwxrwx 1 a b 9 Jan 25 2020 x -> y -> z", "x", LINK_, -1, "2020-01-25", 0777, "y -> z"},
    {"lrwxrwxrwx 1 a b 9 Jan 25 2020 broken", "broken", LINK_, -1, "2020-01-25", 0777, NULL},
    {"----------   1 owner    group         1803128 Jul 10 10:18 ls-lR.Z", "ls-lR.Z", FILE_,
        1803128, "2026-07-10 10:18", 0, NULL},
    {"d---------   1 owner    group               0 May  9 19:45 Softlib", "Softlib", FOLDER_, -1,
        "2026-05-09 19:45", 0, NULL},
    {"-rwxr-xr-x+  1 ann      users        12 Nov 27 12:00 acl", "acl", FILE_, 12,
        "2026-11-27 12:00", 0755, NULL},
    {"-rw-r--r--.  1 ann      users        12 Nov 27 12:00 selinux", "selinux", FILE_, 12,
        "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--@  1 ann      staff        12 Nov 27 12:00 mac", "mac", FILE_, 12,
        "2026-11-27 12:00", 0644, NULL},
    {"-rwsr-sr-t   1 root     root         12 Nov 27 12:00 set", "set", FILE_, 12,
        "2026-11-27 12:00", 07755, NULL},
    {"-rwSr-Sr-T   1 root     root         12 Nov 27 12:00 unset", "unset", FILE_, 12,
        "2026-11-27 12:00", 07644, NULL},
    {"-rw-r--r--   1 ann      users        12 Dec 24 18:00 last year", "last year", FILE_, 12,
        "2025-12-24 18:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Nov 28 12:00 a zone east", "a zone east", FILE_, 12,
        "2026-11-28 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Feb 29 12:00 leap", "leap", FILE_, 12,
        "2024-02-29 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Nov 27 12:00  a space before", " a space before",
        FILE_, 12, "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Nov 27 12:00 a space behind ", "a space behind ",
        FILE_, 12, "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Nov 27 12:00 a  b\tc", "a  b\tc", FILE_, 12,
        "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      Domain Users 12 Nov 27 12:00 group of two words",
        "group of two words", FILE_, 12, "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 may      10 12 Nov 27 12:00 owner May", "owner May", FILE_, 12,
        "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 1000     1000 9223372036854775807 Nov 27 12:00 huge", "huge", FILE_, INT64_MAX,
        "2026-11-27 12:00", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Nov 27 2026 Nov 27 2026", "Nov 27 2026", FILE_, 12,
        "2026-11-27", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29 Jan 03:26 day first", "day first", FILE_, 12,
        "2026-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29. Jan 2020 day with a dot", "day with a dot", FILE_,
        12, "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020-01-29 03:26 iso", "iso", FILE_, 12,
        "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020-01-29 03:26:07.123456789 +0130 full iso",
        "full iso", FILE_, 12, "2020-01-29 01:56:07", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 01-29 03:26 short iso", "short iso", FILE_, 12,
        "2026-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Wed Jan 29 03:26:07 2020 weekday", "weekday", FILE_,
        12, "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Jan 29 03:26:07 2020 old full time", "old full time",
        FILE_, 12, "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29. Mrz 03:26 German", "German", FILE_, 12,
        "2026-03-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 M\303\244r 29 03:26 German too", "German too", FILE_,
        12, "2026-03-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Dez 24 2020 German December", "German December",
        FILE_, 12, "2020-12-24", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 f\303\251v. 29 2020 French", "French", FILE_, 12,
        "2020-02-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 ao\303\273 29 2020 French August", "French August",
        FILE_, 12, "2020-08-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 ene 29 2020 Spanish", "Spanish", FILE_, 12,
        "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 gen 29 2020 Italian", "Italian", FILE_, 12,
        "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12  8\346\234\210 20\346\227\245 10:30 Japanese",
        "Japanese", FILE_, 12, "2026-08-20 10:30", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12  8\346\234\210 20 2004 Chinese", "Chinese", FILE_, 12,
        "2004-08-20", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12  8\346\234\210 20\346\227\245 2004\345\271\264 year",
        "year", FILE_, 12, "2004-08-20", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12  8\354\233\224 20\354\235\274 10:30 Korean", "Korean",
        FILE_, 12, "2026-08-20 10:30", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29. Juli, 03:26 with commas", "with commas", FILE_,
        12, "2026-07-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Jan 29, 2020 03:26 VShell", "VShell", FILE_, 12,
        "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Jan 29, 2020 one comma", "one comma", FILE_, 12,
        "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Jan 29 2020 03:26", "03:26", FILE_, 12, "2020-01-29",
        0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020/01/29 03:26 slashes", "slashes", FILE_, 12,
        "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29-01-2020 03:26 day before all", "day before all",
        FILE_, 12, "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29.01.2020 03:26 dots", "dots", FILE_, 12,
        "2020-01-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 long-one of-a-group123456789 Jan 29 03:26 no room for a space",
        "no room for a space", FILE_, -1, "2026-01-29 03:26", 0644, NULL},
    {"crw-rw-rw-   1 root     root       1,  3 Nov 27 12:00 null", "null", OTHER_, -1,
        "2026-11-27 12:00", 0666, NULL},
    {"srw-rw-rw-   1 root     root          0 Nov 27 12:00 socket", "socket", OTHER_, -1,
        "2026-11-27 12:00", 0666, NULL},
    {"prw-rw-rw-   1 root     root          0 Nov 27 12:00 pipe", "pipe", OTHER_, -1,
        "2026-11-27 12:00", 0666, NULL},
    {"-rw-r--r--   1 ann      users        12 29 f\303\251vr. 2020 French February",
        "French February", FILE_, 12, "2020-02-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 avril 29 2020 French April", "French April", FILE_,
        12, "2020-04-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29 ao\303\273t 2020 all of ao\303\273t",
        "all of ao\303\273t", FILE_, 12, "2020-08-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29 \321\204\320\265\320\262 2020 Russian", "Russian",
        FILE_, 12, "2020-02-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 \320\274\320\260\321\217 29 03:26 Russian May",
        "Russian May", FILE_, 12, "2026-05-29 03:26", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 29 kwi 2020 a month nobody knows",
        "a month nobody knows", FILE_, 12, NULL, 0644, NULL},
    {"drwxr-xr-x   2 ann      10           12 lis 29 03:26 or here", "or here", FOLDER_, -1, NULL,
        0755, NULL},
    {"-rw-r--r--   1 ann      users        12 2020\353\205\204  1\354\233\224 29\354\235\274 Korea",
        "Korea", FILE_, 12, "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020-01-29  iso of another year",
        "iso of another year", FILE_, 12, "2020-01-29", 0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020-01-29 10:99", "10:99", FILE_, 12, "2020-01-29",
        0644, NULL},
    {"-rw-r--r--   1 ann      users        12 2020.01.29 dots", "dots", FILE_, 12, "2020-01-29",
        0644, NULL},
    {"-rw-r--r--   1 ann      users        12 01-29 2020 +0100", "+0100", FILE_, 12, "2020-01-29",
        0644, NULL},
    {"-rw-r--r--   1 ann      users        12 Apr  4 24:00 the hour of no day",
        "the hour of no day", FILE_, 12, "2026-04-04", 0644, NULL},
    {"crw-------   1 root     sys      109,767 Nov 27 12:00 no space", "no space", OTHER_, -1,
        "2026-11-27 12:00", 0600, NULL},
    /* Connect:Enterprise: flags of its own */
    {"-C--E-----FTP B ANN          7  531 Jan 29 03:26 batch", "batch", FILE_, 531,
        "2026-01-29 03:26", -1, NULL},
    /* NetPresenz for the Mac: forks, or a folder's count, instead of links and a group */
    {"-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit", "MegaPhone.sit", FILE_,
        1392298, "1995-11-22", 0004, NULL},
    {"drwxrwxr-x               folder        2 May 10  1996 network", "network", FOLDER_, -1,
        "1996-05-10", 0775, NULL},
    /* NetWare */
    {"d [R----F--] supervisor            512       Jan 16 18:53    login", "login", FOLDER_, -1,
        "2026-01-16 18:53", -1, NULL},
    {"- [R----F--] rhesus             214059       Oct 20 15:27    cx.exe", "cx.exe", FILE_, 214059,
        "2026-10-20 15:27", -1, NULL},
    {"d[RWCEAFMS] admin 512 Oct 20 2004 folder", "folder", FOLDER_, -1, "2004-10-20", -1, NULL},
    NONE("total 12"),
    NONE("insgesamt 12"),
    NONE(""),
    NONE("   "),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 12:00 ."),
    NONE("drwxr-xr-x   1 ann      users        12 Nov 27 12:00 .."),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 12:00 ../../etc/passwd"),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 12:00 /etc/passwd"),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 12:00 "),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 12:00"),
    NONE("-rw-r--r--   1 ann      users        12 Nov 31 2020 no such day"),
    NONE("-rw-r--r--   1 ann      users        12 Nov 27 25:00 no such hour"),
    NONE("-rw-r--r--   1 ann      users        99999999999999999999 Nov 27 12:00 overflow"),
    NONE("-rw-r--r--   1 ann      10         2020 Nov 31 2020 no such day of a number's"),
    NONE("-rw-r--r-x-  1"),
    NONE("ls: cannot open directory"),
};

static const struct row other_rows[] = {
    {"04-27-00  09:09PM       <DIR>          licensed", "licensed", FOLDER_, -1, "2000-04-27 21:09",
        -1, NULL},
    {"07-18-2020  10:16AM       <DIR>          pub", "pub", FOLDER_, -1, "2020-07-18 10:16", -1,
        NULL},
    {"04-14-99  03:47PM                  589 readme.htm", "readme.htm", FILE_, 589,
        "1999-04-14 15:47", -1, NULL},
    {"04-14-2020  12:05AM                  589 midnight", "midnight", FILE_, 589,
        "2020-04-14 00:05", -1, NULL},
    {"04-14-2020  12:05PM                  589 noon", "noon", FILE_, 589, "2020-04-14 12:05", -1,
        NULL},
    {"2013-09-02  18:48       <DIR>          24 hours", "24 hours", FOLDER_, -1, "2013-09-02 18:48",
        -1, NULL},
    {"02-09-2013  18:48               1,234,567 groups", "groups", FILE_, 1234567,
        "2013-02-09 18:48", -1, NULL},
    {"27.04.2013  18:48               12 German", "German", FILE_, 12, "2013-04-27 18:48", -1,
        NULL},
    {"04/27/2013  06:48 PM               12 two words of time", "two words of time", FILE_, 12,
        "2013-04-27 18:48", -1, NULL},
    {"10-23-19  04:50PM       <JUNCTION>     link [C:\\target]", "link", LINK_, -1,
        "2019-10-23 16:50", -1, "C:\\target"},
    {"10-23-19  04:50PM       <SYMLINKD>     link [D:\\a b]", "link", LINK_, -1, "2019-10-23 16:50",
        -1, "D:\\a b"},
    {"04-14-99  03:47PM                  589  two spaces", " two spaces", FILE_, 589,
        "1999-04-14 15:47", -1, NULL},
    {"+i8388621.29609,m824255902,/,\tdev", "dev", FOLDER_, -1, "1996-02-13 23:58:22", -1, NULL},
    {"+i8388621.44468,m839956783,r,s10376,\tRFCEPLF", "RFCEPLF", FILE_, 10376,
        "1996-08-13 17:19:43", -1, NULL},
    {"+i8388621.48594,m825718503,r,s280,up644,\tdjb.html", "djb.html", FILE_, 280,
        "1996-03-01 22:15:03", -1, NULL},
    {"+r,\twith a\ttab", "with a\ttab", FILE_, -1, NULL, -1, NULL},
    {"README.TXT;3       2/4     30-JUN-2003 14:33:02  [USER,GROUP] (RWED,RWED,RE,)", "README.TXT",
        FILE_, -1, "2003-06-30 14:33", -1, NULL},
    {"CORE.DIR;1          1  8-SEP-1996 16:09 [SYSTEM] (RWE,RWE,RE,RE)", "CORE", FOLDER_, -1,
        "1996-09-08 16:09", -1, NULL},
    {"00README.TXT;1      2 30-DEC-1996 17:44 [SYSTEM] (RWED,RWED,RE,RE)", "00README.TXT", FILE_,
        -1, "1996-12-30 17:44", -1, NULL},
    {"ANN             77824 02/23/20 15:09:55 *DIR       home/", "home", FOLDER_, -1,
        "2020-02-23 15:09", -1, NULL},
    {"ANN             12345 02/03/20 15:09:55 *STMF      a file", "a file", FILE_, 12345,
        "2020-02-03 15:09", -1, NULL},
    {"ANN             12345 23.02.20 15:09:55 *FILE      DATA.FILE", "DATA.FILE", FILE_, 12345,
        "2020-02-23 15:09", -1, NULL},
    {"ANN                                     *MEM       DATA.FILE", "DATA.FILE", FILE_, -1, NULL,
        -1, NULL},
    {"ANN                19 02/23/20 15:09:55 *SYMLNK    link", "link", LINK_, -1,
        "2020-02-23 15:09", -1, NULL},
    {"    0           DIR   05-19-97   12:56  a folder", "a folder", FOLDER_, -1,
        "1997-05-19 12:56", -1, NULL},
    {"33280      A          02-09-107  13:49  OS2LDR", "OS2LDR", FILE_, 33280, "2007-02-09 13:49",
        -1, NULL},
    {"33280               02-09-2007  13:49  no attribute", "no attribute", FILE_, 33280,
        "2007-02-09 13:49", -1, NULL},
    NONE("33280      A          02-09-07   13:49"),
    NONE("33280      A          02-09-07   noon  x"),
    NONE("ANN             12345 02/23/20 15:09:55 *STMF"),
    NONE("ANN             12345 02/23/20 *STMF      no time"),
    NONE("ANN             12345 02/23/20 15:09:55 STMF       no star"),
    NONE("CII-MANUAL.TEX;1  %RMS-E-PRV, insufficient privilege or file protection violation"),
    NONE("Directory DISK$PCSA:[ANONYM]"),
    NONE("Total of 12 files, 34 blocks."),
    NONE("04-27-00  09:09PM       <WHAT>          x"),
    NONE("13-32-00  09:09PM       <DIR>          x"),
    NONE("+no tab"),
};

static const struct row facts_rows[] = {
    {"type=file;size=12;modify=20200129032607;perm=r;UNIX.mode=0644; a file", "a file", FILE_, 12,
        "2020-01-29 03:26:07", 0644, NULL},
    {"Type=Dir;Modify=20200129032607.123;Perm=el; folder", "folder", FOLDER_, -1,
        "2020-01-29 03:26:07", -1, NULL},
    {"type=dir;sizd=4096;size=4096; sized", "sized", FOLDER_, -1, NULL, -1, NULL},
    {"type=OS.unix=slink:/usr/bin;size=7; bin", "bin", LINK_, 7, NULL, -1, "/usr/bin"},
    {"type=OS.unix=symlink;size=7; bin", "bin", LINK_, 7, NULL, -1, NULL},
    {"type=OS.unix=chr-1/3; null", "null", OTHER_, -1, NULL, -1, NULL},
    {"size=12; no type", "no type", OTHER_, 12, NULL, -1, NULL},
    {" no facts", "no facts", OTHER_, -1, NULL, -1, NULL},
    {"type=file;   three spaces", "  three spaces", FILE_, -1, NULL, -1, NULL},
    {"type=file; a;b=c; d", "a;b=c; d", FILE_, -1, NULL, -1, NULL},
    {"type=file;unknown=x;size=5; known", "known", FILE_, 5, NULL, -1, NULL},
    {"type=file;size=-5; negative", "negative", FILE_, -1, NULL, -1, NULL},
    {"type=file;size=99999999999999999999; overflow", "overflow", FILE_, -1, NULL, -1, NULL},
    {"type=file;modify=20201301000000; no such month", "no such month", FILE_, -1, NULL, -1, NULL},
    {"type=file;unix.mode=0o640; pyftpdlib", "pyftpdlib", FILE_, -1, NULL, 0640, NULL},
    {"type=file;UNIX.mode=99; no mode", "no mode", FILE_, -1, NULL, -1, NULL},
    NONE("type=cdir;perm=el; ."),
    NONE("type=cdir;perm=el; /pub"),
    NONE("type=pdir;perm=el; .."),
    NONE("type=cdir;perm=el; pub"),
    NONE("type=file; ../x"),
    NONE("type=file; a/b"),
    NONE("type=file; .."),
    NONE("type=file; "),
    NONE("type=file;"),
    NONE("type=file"),
    NONE("type; x"),
    NONE("-rw-r--r--   1 ann users 12 Nov 27 12:00 not facts"),
};

/* 2020-01-29 03:26 of an entry, as exact as it is. */
static void write_time(char text[32], const struct co_ftp_entry *entry)
{
    static const int sizes[] = {10, 16, 19};
    char date[32];
    int size = entry->modified_within == 1    ? sizes[2]
               : entry->modified_within == 60 ? sizes[1]
                                              : sizes[0];
    time_t seconds = entry->modified;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    snprintf(text, 32, "%.*s", size, date);
}

static void check_row(const struct row *row, const struct co_ftp_entry *entry)
{
    char modified[32];
    assert_text(entry->name, row->name);
    assert_int_equal(entry->type, row->type);
    assert_int_equal(entry->size_known, row->size >= 0);
    if (row->size >= 0)
        assert_int_equal(entry->size, row->size);
    assert_int_equal(entry->mode_known, row->mode >= 0);
    if (row->mode >= 0)
        assert_int_equal(entry->mode, row->mode);
    assert_text(entry->target, row->target);
    assert_int_equal(entry->modified_within > 0, row->modified != NULL);
    if (row->modified) {
        write_time(modified, entry);
        assert_string_equal(modified, row->modified);
    }
}

static void check_rows(const struct row *rows, size_t count, bool facts)
{
    for (size_t i = 0; i < count; i++) {
        struct co_ftp_listing_reader reader = {.now = NOW, .facts = facts};
        struct co_ftp_entry entry;
        bool found = co_ftp_listing_read(&reader, co_text_of(rows[i].line), &entry);
        if (found != (rows[i].name != NULL))
            print_error("\"%s\"\n", rows[i].line);
        assert_int_equal(found, rows[i].name != NULL);
        if (found)
            check_row(&rows[i], &entry);
    }
}

static void reads_lines_of_unix_and_netware(void **unused)
{
    (void)unused;
    check_rows(unix_rows, CO_LENGTH(unix_rows), false);
}

static void reads_lines_of_dos_eplf_vms_and_ibm_i(void **unused)
{
    (void)unused;
    check_rows(other_rows, CO_LENGTH(other_rows), false);
}

static void reads_facts_rfc3659_7(void **unused)
{
    (void)unused;
    check_rows(facts_rows, CO_LENGTH(facts_rows), true);
}

/* ---- whole listings -------------------------------------------------------------------------- */

/* The names of a listing, each with its type's letter, in one line. */
static const char *names_of(const char *listing, struct co_ftp_listing_reader *reader)
{
    static char names[1024];
    co_text rest = co_text_of(listing);
    size_t size = 0;
    names[0] = '\0';
    while (rest.size > 0) {
        struct co_ftp_entry entry;
        ssize_t feed = co_text_find(rest, '\n');
        if (co_ftp_listing_read(reader, (co_text){rest.at, (size_t)feed}, &entry))
            size += (size_t)snprintf(names + size, sizeof names - size, "%c%.*s ",
                "fdlo"[entry.type], CO_TEXT_PRINT(entry.name));
        rest = co_text_after(rest, (size_t)feed + 1);
    }
    return names;
}

static void vms_wraps_long_names_and_keeps_versions(void **unused)
{
    struct co_ftp_listing_reader reader = {.now = NOW};
    (void)unused;
    assert_string_equal(
        names_of("Directory SYS$SYSDEVICE:[ANONYMOUS]\r\n\r\n"
                 "VERY_LONG_NAME_OF_A_FILE.TXT;12\r\n"
                 "                    2/4     30-JUN-2003 14:33:02  [A,B] (RWED,RWED,RE,)\r\n"
                 "VERY_LONG_NAME_OF_A_FILE.TXT;11\r\n"
                 "                    2/4     30-JUN-2003 14:32:02  [A,B] (RWED,RWED,RE,)\r\n"
                 "SUB.DIR;1  1/1  30-JUN-2003 14:33:02  [A,B] (RWED,RWED,RE,)\r\n"
                 "X.TXT;2  1/1  30-JUN-2003 14:33:02  [A,B] (RWED,RWED,RE,)\r\n"
                 "X.TXT;1  1/1  30-JUN-2003 14:33:02  [A,B] (RWED,RWED,RE,)\r\n\r\n"
                 "Total of 6 files, 9/20 blocks\r\n",
            &reader),
        "fVERY_LONG_NAME_OF_A_FILE.TXT dSUB fX.TXT ");
    assert_false(reader.some_not);
}

static void mvs_has_headings(void **unused)
{
    struct co_ftp_listing_reader sets = {.now = NOW}, members = {.now = NOW};
    (void)unused;
    assert_string_equal(
        names_of("Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname\r\n"
                 "WYOSPT 3420   2003/05/21  1  200  FB      80  8053  PS  48-MVS.FILE\r\n"
                 "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  49-MVS.DATASET\r\n"
                 "NRP004 3390   **NONE**    1   15  NONE     0     0  NONE 'QUOTED.FILE'\r\n"
                 "Migrated                                                 MIGRATED.FILE\r\n"
                 "TSO004 3390   VSAM                                       KEYED.FILE\r\n"
                 "V43525 Tape                                              TAPE.FILE\r\n"
                 "Pseudo Directory                                         PSEUDO\r\n",
            &sets),
        "f48-MVS.FILE d49-MVS.DATASET fQUOTED.FILE fMIGRATED.FILE fKEYED.FILE fTAPE.FILE dPSEUDO ");
    assert_string_equal(
        names_of(" Name     VV.MM   Created       Changed      Size  Init   Mod   Id\r\n"
                 " BNV00200  01.03 2002/01/30 2002/08/22 12:21    12    12     0 GSI\r\n"
                 " ALONE\r\n",
            &members),
        "fBNV00200 fALONE ");
}

static void unknown_lines_are_counted(void **unused)
{
    struct co_ftp_listing_reader unknown = {.now = NOW}, mixed = {.now = NOW}, none = {.now = NOW};
    (void)unused;
    assert_string_equal(names_of("what is this?\r\n", &unknown), "");
    assert_true(unknown.some_not && !unknown.some);
    assert_string_equal(names_of("what?\n-rw-r--r-- 1 a b 1 Jan 1 2020 x\n", &mixed), "fx ");
    assert_true(mixed.some_not && mixed.some);
    assert_string_equal(names_of("total 0\r\n\320\270\321\202\320\276\320\263\320\276 0\r\n"
                                 "ANN:[HOME.SUB]\r\n",
                            &none),
        "");
    assert_true(none.some && !none.some_not);
}

static void refused_names_are_counted_c07(void **unused)
{
    struct co_ftp_listing_reader lines = {.now = NOW}, facts = {.facts = true};
    (void)unused;
    assert_string_equal(names_of("drwxr-xr-x 2 a b 1 Jan 1 2020 .\r\n"
                                 "drwxr-xr-x 2 a b 1 Jan 1 2020 ..\r\n"
                                 "-rw-r--r-- 1 a b 1 Jan 1 2020 x\r\n",
                            &lines),
        "fx ");
    assert_int_equal(lines.refused, 0);
    names_of(
        "-rw-r--r-- 1 a b 1 Jan 1 2020 ../x\r\n-rw-r--r-- 1 a b 1 Jan 1 2020 a\rb\r\n", &lines);
    assert_int_equal(lines.refused, 2);
    names_of("type=cdir; /pub\r\ntype=pdir; /\r\ntype=dir; .\r\ntype=dir; ..\r\n", &facts);
    assert_int_equal(facts.refused, 0);
    names_of("type=file; /x\r\ntype=dir; a/b\r\n", &facts);
    assert_int_equal(facts.refused, 2);
    assert_false(lines.some_not || facts.some_not);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines_of_unix_and_netware),
        cmocka_unit_test(reads_lines_of_dos_eplf_vms_and_ibm_i),
        cmocka_unit_test(reads_facts_rfc3659_7),
        cmocka_unit_test(vms_wraps_long_names_and_keeps_versions),
        cmocka_unit_test(mvs_has_headings),
        cmocka_unit_test(unknown_lines_are_counted),
        cmocka_unit_test(refused_names_are_counted_c07),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

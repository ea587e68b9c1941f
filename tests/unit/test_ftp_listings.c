/* SPDX-License-Identifier: MIT */
/* What sessions say of files and folders: texts, sizes, times, listings. */
#include "ftp_rig.h"

#include <dlfcn.h>
#include <malloc.h>

/* ---- texts, sizes, times -------------------------------------------------------------------- */

static void text_is_converted_at_every_split(void **unused)
{
    static const char text[] = "a\r\nb\r\r\n\nc\rd\r\n\r";
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("TYPE A"), 200);
    for (size_t split = 0; split < sizeof text; split++) {
        ftp_epsv();
        assert_int_equal(ftp_do("STOR text"), 150);
        assert_int_equal(co_write(ftp.data, text, split), 0);
        co_sleep(100);
        ftp_give(text + split);
        assert_int_equal(ftp_reply(), 226);
        assert_string_equal(ftp_content("text"), "a\nb\r\n\nc\rd\n\r");
    }
}

static void size_in_type_a_is_what_a_transfer_brings(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("TYPE A"), 200);
    assert_int_equal(ftp_do("SIZE file"), 213);
    assert_int_equal(atoi(ftp.reply + 4), 13);
    assert_int_equal(ftp_fetch("RETR file"), 226);
    assert_string_equal(ftp.got, "one\r\ntwo\r\nxyz");
}

static void times_before_1970_are_rounded_down(void **unused)
{
    struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = -2, .tv_nsec = 500000000}};
    (void)unused;
    ftp_start();
    assert_int_equal(utimensat(site.fd, "file", times, 0), 0);
    ftp_login("all");
    assert_int_equal(ftp_do("MDTM file"), 213);
    assert_string_equal(ftp.reply, "213 19691231235958\r\n");
    assert_int_equal(ftp_do("MLST file"), 250);
    assert_true(ftp_said("modify=19691231235958;"));
    assert_int_equal(ftp_do("MFMT 19691231235957.25 file"), 213);
    assert_string_equal(ftp.reply, "213 Modify=19691231235957; file\r\n");
}

static void opts_mlst_may_choose_nothing(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("OPTS MLST"), 200);
    assert_string_equal(ftp.reply, "200 MLST OPTS\r\n");
    assert_int_equal(ftp_do("MLST file"), 250);
    assert_true(ftp_said("\r\n  /file\r\n"));
    assert_int_equal(ftp_do("OPTS MLST size;nonsense;Type;"), 200);
    assert_string_equal(ftp.reply, "200 MLST OPTS type;size;\r\n");
}

/* ---- listings ------------------------------------------------------------------------------- */

static void listings_hide_what_is_hidden(void **unused)
{
    static const char *const forms[] = {"LIST", "LIST -la", "NLST", "NLST -a", "MLSD", "NLST *"};
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(forms); i++) {
        assert_int_equal(ftp_fetch(forms[i]), 226);
        assert_true(
            ftp_brought("file\r\n") && ftp_brought("empty\r\n") && ftp_brought("large\r\n"));
        assert_false(ftp_brought(".hidden") || ftp_brought("out") || ftp_brought("passwd"));
    }
}

static void nlst_gives_names_that_can_be_asked_for(void **unused)
{
    static const struct {
        const char *line, *names;
    } cases[] = {
        {"NLST sub", "sub/inner\r\n"},
        {"NLST sub/", "sub/inner\r\n"},
        {"NLST /sub", "/sub/inner\r\n"},
        {"NLST sub/*", "sub/inner\r\n"},
        {"NLST f*", "file\r\n"},
        {"NLST ./f*", "./file\r\n"},
        {"NLST file", "file\r\n"},
        {"NLST sub/inner", "sub/inner\r\n"},
        {"NLST x*", ""},
        {"NLST empty", ""},
    };
    (void)unused;
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(ftp_fetch(cases[i].line), 226);
        assert_string_equal(ftp.got, cases[i].names);
    }
}

/* Clients give ls its flags; a dash may begin a name as well. */
static void a_dash_begins_flags_or_a_name(void **unused)
{
    static const struct {
        const char *line, *names;
    } cases[] = {
        {"NLST -dash.txt", "-dash.txt\r\n"},
        {"NLST -l -dash.txt", "-dash.txt\r\n"},
        {"NLST -- -la", "-la\r\n"},
        {"NLST -a1 -- -la", "-la\r\n"},
        {"NLST -- -l*", "-la\r\n"},
        {"NLST -*.txt", "-dash.txt\r\n"},
        {"NLST -la sub", "sub/inner\r\n"},
        {"NLST -l -a --full-time sub", "sub/inner\r\n"},
        {"NLST -- sub", "sub/inner\r\n"},
    };
    (void)unused;
    put_text("-dash.txt", "");
    put_text("-la", "");
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(ftp_fetch(cases[i].line), 226);
        assert_string_equal(ftp.got, cases[i].names);
    }
    assert_int_equal(ftp_fetch("LIST -la"), 226);
    assert_true(ftp_brought(" file\r\n") && ftp_brought(" -la\r\n"));
    assert_int_equal(ftp_do("STAT -dash.txt"), 213);
    assert_true(ftp_said(" -dash.txt\r\n") && !ftp_said(" file\r\n"));
}

/* Whoever removes a folder with all that is in it would empty what a link in it leads to, if that
 * were a folder like others to their client. */
static void who_may_remove_sees_links_to_folders_as_links(void **unused)
{
    (void)unused;
    assert_int_equal(symlinkat("sub", site.fd, "link"), 0);
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_fetch("MLSD"), 226);
    assert_true(ftp_brought("type=OS.unix=slink:;") && ftp_brought(" link\r\n"));
    assert_int_equal(ftp_fetch("LIST l*"), 226);
    assert_true(ftp.got[0] == 'l' || ftp_brought("\r\nl"));
    assert_int_equal(ftp_do("MLST link"), 250);
    assert_true(ftp_said("type=dir;"));
    assert_int_equal(ftp_fetch("NLST link"), 226);
    assert_string_equal(ftp.got, "link/inner\r\n");
    ftp_hang_up();
    ftp_login("list");
    assert_int_equal(ftp_fetch("MLSD"), 226);
    assert_false(ftp_brought("slink"));
    assert_int_equal(ftp_fetch("LIST"), 226);
    assert_false(ftp_brought("\r\nl"));
}

static void names_may_have_long_prefixes(void **unused)
{
    static char line[3000] = "NLST ";
    (void)unused;
    for (size_t i = 0; i < 1400; i++)
        memcpy(line + 5 + 2 * i, "./", 2);
    memcpy(line + 5 + 2 * 1400, "many", 5);
    ftp_populate_many();
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_fetch(line), 226);
    assert_int_equal(ftp.got_size, 1500 * (2800 + 5 + 204 + 2));
}

static void list_of_a_file_is_its_line(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_fetch("LIST sub/inner"), 226);
    assert_string_equal(ftp.got + ftp.got_size - 8, " inner\r\n");
    assert_int_equal(ftp_fetch("LIST f[h-j]le"), 226);
    assert_string_equal(ftp.got + ftp.got_size - 7, " file\r\n");
}

static void stat_of_a_pattern_lists_in_the_reply(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("STAT f*"), 212);
    assert_true(ftp_said(" file\r\n") && !ftp_said("large"));
    assert_int_equal(ftp_do("STAT file"), 213);
    assert_int_equal(ftp_do("STAT /"), 212);
    assert_true(ftp_said(" file\r\n") && ftp_said(" large\r\n") && !ftp_said("hidden"));
}

static void f20_no_name_forges_a_line(void **unused)
{
    static const char *const forms[] = {"LIST", "NLST", "MLSD"};
    (void)unused;
    put_text("bad\r\n226 Done.\r\n", "");
    put_text("bad\n", "");
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(forms); i++) {
        assert_int_equal(ftp_fetch(forms[i]), 226);
        assert_false(ftp_brought("bad"));
    }
    assert_int_equal(ftp_do("STAT /"), 212);
    assert_false(ftp_said("bad"));
}

/* RFC 854, "Telnet command structure"; RFC 3659 2.2. Data connections are no Telnet. */
static void a_byte_of_255_is_doubled_in_replies(void **unused)
{
    (void)unused;
    ftp_start();
    ftp_login("all");
    assert_int_equal(ftp_do("MKD a\xff\xff\"\xff\xff"), 257);
    assert_true(ftp_said("\"/a\xff\xff\"\"\xff\xff\" was made."));
    assert_int_equal(ftp_do("MLST a\xff\xff\"\xff\xff"), 250);
    assert_true(ftp_said("; /a\xff\xff\"\xff\xff\r\n"));
    assert_int_equal(ftp_do("STAT a*"), 212);
    assert_true(ftp_said(" a\xff\xff\"\xff\xff\r\n"));
    assert_int_equal(ftp_fetch("NLST a*"), 226);
    assert_string_equal(ftp.got, "a\xff\"\xff\r\n");
    assert_int_equal(ftp_do("CWD a\xff\xff\"\xff\xff"), 250);
    assert_int_equal(ftp_do("PWD"), 257);
    assert_true(ftp_said("\"/a\xff\xff\"\"\xff\xff\" is"));
}

static void f12_a_pattern_longer_than_names_is_none(void **unused)
{
    char line[400] = "NLST ";
    (void)unused;
    ftp_start();
    ftp_login("all");
    memset(line + 5, '*', 300);
    assert_int_equal(ftp_fetch(line), 450);
}

static void a_large_folder_begins_before_it_is_read(void **unused)
{
    char byte;
    (void)unused;
    ftp_populate_many();
    ftp_start();
    ftp_login("all");
    ftp_epsv();
    assert_int_equal(ftp_do("NLST many"), 150);
    assert_int_equal(co_read(ftp.data, &byte, 1), 1);
    for (unsigned i = 0; i < 1500; i++) { /* what is not read yet can still go */
        char name[256];
        snprintf(name, sizeof name, "many/%04u%0200d", i, 0);
        unlinkat(site.fd, name, 0);
    }
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp_reply(), 226);
    assert_true(ftp.got_size < 1500 * 211);
}

/* A folder in which the one file "again" is found so often: in the place of libc's readdir. */
#define ENTRIES    200000
#define AHEAD_MAX  20000      /* entries: what sockets hold, and a batch */
#define MEMORY_MAX (1u << 20) /* bytes, sockets included */

static struct {
    struct dirent entry;
    unsigned found, left;
} again;

struct dirent *readdir(DIR *folder)
{
    static struct dirent *(*next)(DIR *);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "readdir");
    struct dirent *found = again.left > 0 ? &again.entry : next(folder);
    if (!found || strcmp(found->d_name, "again") != 0)
        return found;
    if (again.left == 0) {
        again.entry = *found;
        again.left = ENTRIES;
        again.found = 0;
    }
    again.found++;
    return --again.left > 0 ? &again.entry : found;
}

/* Whoever reads one line of it holds up the reading of the folder. */
static void a_listing_of_200000_starts_at_once_and_takes_no_room(void **unused)
{
    static const char *const commands[] = {"LIST many", "MLSD many", "NLST many"};
    (void)unused;
    put_folder("many");
    put_text("many/again", "");
    ftp_start();
    ftp_login("all");
    for (size_t i = 0; i < CO_LENGTH(commands); i++) {
        char line[256];
        again.left = 0;
        ftp_epsv();
        size_t before = mallinfo2().uordblks;
        assert_int_equal(ftp_do(commands[i]), 150);
        ssize_t size = co_read_line(ftp.data, line, sizeof line);
        assert_true(size > 0);
        assert_in_range(again.found, 1, AHEAD_MAX);
        co_sleep(5000);
        assert_in_range(again.found, 1, AHEAD_MAX);
        assert_true(mallinfo2().uordblks < before + MEMORY_MAX);
        assert_int_equal(ftp_receive(), 0);
        assert_int_equal(ftp_reply(), 226);
        assert_int_equal(again.left, 0);
        assert_int_equal(ftp.got_size, (ENTRIES - 1) * (size_t)size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(text_is_converted_at_every_split),
        FTP_TEST(size_in_type_a_is_what_a_transfer_brings),
        FTP_TEST(times_before_1970_are_rounded_down),
        FTP_TEST(opts_mlst_may_choose_nothing),
        FTP_TEST(listings_hide_what_is_hidden),
        FTP_TEST(nlst_gives_names_that_can_be_asked_for),
        FTP_TEST(a_dash_begins_flags_or_a_name),
        FTP_TEST(who_may_remove_sees_links_to_folders_as_links),
        FTP_TEST(names_may_have_long_prefixes),
        FTP_TEST(list_of_a_file_is_its_line),
        FTP_TEST(stat_of_a_pattern_lists_in_the_reply),
        FTP_TEST(f20_no_name_forges_a_line),
        FTP_TEST(a_byte_of_255_is_doubled_in_replies),
        FTP_TEST(f12_a_pattern_longer_than_names_is_none),
        FTP_TEST(a_large_folder_begins_before_it_is_read),
        FTP_TEST(a_listing_of_200000_starts_at_once_and_takes_no_room),
    };
    return run_within("virtual", tests);
}

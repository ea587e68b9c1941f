/* SPDX-License-Identifier: MIT */
/* The permission of an FTP server: what it is asked, and that nothing is done that it refuses. */
#include "ftp_rig.h"

static struct {
    const char *refused; /* the command; NULL: none */
    int answer;          /* to that */
    int64_t sleep_ms;    /* before each answer */
    int slept;           /* how that ended */
    unsigned count, right, rights;
    char peer[64], scheme[8], user[16], command[16], path[64];
    void *held;
} permit;

static void keep(char *ret, size_t size, co_text text)
{
    snprintf(ret, size, "%.*s", CO_TEXT_PRINT(text));
}

static int permit_asked(void *arg, const struct co_ftp_wish *wish)
{
    assert_ptr_equal(arg, &permit);
    permit.count++;
    permit.right = wish->right;
    permit.rights = wish->account->rights;
    permit.held = wish->account->held;
    keep(permit.peer, sizeof permit.peer, co_text_of(wish->peer));
    keep(permit.scheme, sizeof permit.scheme, co_text_of(wish->scheme));
    keep(permit.user, sizeof permit.user, wish->user);
    keep(permit.command, sizeof permit.command, wish->command);
    keep(permit.path, sizeof permit.path, wish->path);
    permit.slept = permit.sleep_ms ? co_sleep(permit.sleep_ms) : 0;
    if (permit.slept < 0)
        return permit.slept;
    return permit.refused && strcmp(permit.refused, permit.command) == 0 ? permit.answer : 0;
}

static void start(const char *refused, int answer)
{
    memset(&permit, 0, sizeof permit);
    permit.refused = refused;
    permit.answer = answer;
    ftp.options.permit = permit_asked;
    ftp.options.permit_arg = &permit;
    ftp_start();
    ftp_login("all");
}

/* ---- what is asked --------------------------------------------------------------------------- */

static const struct row {
    const char *line, *command;
    int code; /* when it is refused */
    unsigned right;
    const char *path, *before; /* what is said before it, if anything */
} rows[] = {
    {"RETR file", "RETR", 550, CO_MAY_READ, "/file", NULL},
    {"SIZE sub/../file", "SIZE", 550, CO_MAY_READ, "/file", NULL},
    {"MDTM //file", "MDTM", 550, CO_MAY_READ, "/file", NULL},
    {"HASH file", "HASH", 550, CO_MAY_READ, "/file", NULL},
    {"XCRC file 1 2", "XCRC", 550, CO_MAY_READ, "/file", NULL},
    {"XMD5 file", "XMD5", 550, CO_MAY_READ, "/file", NULL},
    {"XSHA1 file", "XSHA1", 550, CO_MAY_READ, "/file", NULL},
    {"XSHA256 \"file\"", "XSHA256", 550, CO_MAY_READ, "/file", NULL},
    {"LIST", "LIST", 450, CO_MAY_LIST, "/", NULL},
    {"LIST -la sub", "LIST", 450, CO_MAY_LIST, "/sub", NULL},
    {"NLST sub", "NLST", 450, CO_MAY_LIST, "/sub", NULL},
    {"MLSD sub", "MLSD", 550, CO_MAY_LIST, "/sub", NULL},
    {"MLST file", "MLST", 550, CO_MAY_LIST, "/file", NULL},
    {"STAT sub", "STAT", 450, CO_MAY_LIST, "/sub", NULL},
    {"AVBL sub", "AVBL", 550, CO_MAY_LIST, "/sub", NULL},
    {"STOR sub/new", "STOR", 553, CO_MAY_ADD, "/sub/new", NULL},
    {"STOR file", "STOR", 553, CO_MAY_CHANGE, "/file", NULL},
    {"STOR file", "STOR", 553, CO_MAY_CHANGE, "/file", "REST 3"},
    {"APPE new", "APPE", 550, CO_MAY_ADD, "/new", NULL},
    {"APPE file", "APPE", 550, CO_MAY_CHANGE, "/file", NULL},
    {"MKD new", "MKD", 550, CO_MAY_ADD, "/new", NULL},
    {"XMKD new", "MKD", 550, CO_MAY_ADD, "/new", NULL},
    {"DELE file", "DELE", 550, CO_MAY_CHANGE, "/file", NULL},
    {"RMD empty", "RMD", 550, CO_MAY_CHANGE, "/empty", NULL},
    {"RNFR file", "RNFR", 550, CO_MAY_CHANGE, "/file", NULL},
    {"RNTO sub/other", "RNTO", 553, CO_MAY_CHANGE, "/sub/other", "RNFR file"},
    {"RNTO sub/inner", "RNTO", 553, CO_MAY_CHANGE, "/sub/inner", "RNFR file"},
    {"MFMT 20200101000000 file", "MFMT", 550, CO_MAY_CHANGE, "/file", NULL},
    {"MFF UNIX.mode=0600; file", "MFF", 550, CO_MAY_CHANGE, "/file", NULL},
    {"SITE CHMOD 600 file", "SITE", 550, CO_MAY_CHANGE, "/file", NULL},
    {"SITE UTIME 20200101000000 file", "SITE", 550, CO_MAY_CHANGE, "/file", NULL},
    {"CWD sub", "CWD", 550, 0, "/sub", NULL},
    {"CDUP", "CDUP", 550, 0, "/", "CWD sub"},
};

static void assert_asked(const struct row *row)
{
    assert_string_equal(permit.command, row->command);
    assert_string_equal(permit.path, row->path);
    assert_int_equal(permit.right, row->right);
}

static void assert_untouched(void)
{
    struct stat st;
    assert_string_equal(ftp_content("file"), "one\ntwo\r\nxyz");
    assert_int_equal(fstatat(site.fd, "file", &st, 0), 0);
    assert_int_equal(st.st_mtime, 1000000000);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_string_equal(ftp_content("sub/inner"), "inner");
    assert_int_equal(faccessat(site.fd, "empty", F_OK, 0), 0);
    assert_null(ftp_content("new"));
    assert_null(ftp_content("sub/new"));
    assert_null(ftp_content("sub/other"));
    assert_int_equal(faccessat(site.fd, "new", F_OK, 0), -1);
    assert_int_equal(partials(), 0);
}

static void nothing_is_done_that_is_refused(void **unused)
{
    (void)unused;
    start(NULL, -EPERM);
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        permit.refused = row->command;
        ftp_epsv();
        if (row->before)
            assert_in_range(ftp_do(row->before), 200, 399);
        assert_int_equal(ftp_do(row->line), row->code);
        assert_true(ftp_said("This account may not do that here."));
        assert_asked(row);
        assert_untouched();
    }
    assert_int_equal(ftp_do("PWD"), 257);
    assert_true(ftp_said("\"/sub\"")); /* from where CDUP was refused */
}

/* RETR and the like go on to 150; here only what is asked counts. */
static void each_command_is_asked_for_once_as_what_it_is(void **unused)
{
    (void)unused;
    start(NULL, 0);
    for (size_t i = 0; i < CO_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        ftp_hang_up();
        ftp_login("all");
        ftp_epsv();
        if (row->before)
            assert_in_range(ftp_do(row->before), 200, 399);
        unsigned before = permit.count;
        if (ftp_do(row->line) == 150)
            ftp_data_end();
        assert_int_equal(permit.count, before + 1);
        assert_asked(row);
        unlinkat(site.fd, "new", AT_REMOVEDIR);
        unlinkat(site.fd, "new", 0);
        unlinkat(site.fd, "sub/new", 0);
        unlinkat(site.fd, "sub/other", 0);
        mkdirat(site.fd, "empty", 0755);
        put_text("file", "one\ntwo\r\nxyz");
        put_text("sub/inner", "inner");
    }
    assert_int_equal(permit.rights, CO_MAY_ALL);
    assert_ptr_equal(permit.held, &ftp);
    assert_string_equal(permit.user, "all");
    assert_string_equal(permit.scheme, is_over_tls() ? "ftps" : "ftp");
    assert_memory_equal(permit.peer, "127.0.0.1:", 10);
}

static void a_unique_name_is_asked_for(void **unused)
{
    (void)unused;
    start("STOU", -EPERM);
    ftp_epsv();
    assert_int_equal(ftp_do("STOU"), 553);
    assert_memory_equal(permit.path, "/upload-", 8);
    assert_int_equal(permit.right, CO_MAY_ADD);
    assert_untouched();
}

static void a_pattern_is_asked_for_as_its_folder(void **unused)
{
    (void)unused;
    start(NULL, 0);
    assert_int_equal(ftp_fetch("NLST sub/in*"), 226);
    assert_string_equal(ftp.got, "sub/inner\r\n");
    assert_string_equal(permit.path, "/sub");
}

static void what_names_no_file_is_not_asked_for(void **unused)
{
    static const char *const lines[] = {"NOOP", "PWD", "STAT", "SITE HELP", "FEAT", "REST 3"};
    (void)unused;
    start(NULL, 0);
    for (size_t i = 0; i < CO_LENGTH(lines); i++)
        assert_in_range(ftp_do(lines[i]), 200, 399);
    assert_int_equal(permit.count, 0);
}

/* ---- what its answers mean ------------------------------------------------------------------- */

static void the_account_needs_its_own_right_too(void **unused)
{
    (void)unused;
    start(NULL, 0);
    ftp_hang_up();
    ftp_login("browse");
    assert_int_equal(ftp_do("DELE file"), 550);
    assert_int_equal(ftp_do("MKD new"), 550);
    assert_untouched();
}

static void an_answer_chooses_the_reply(void **unused)
{
    static const struct {
        int answer, code;
    } answers[] = {{-EPERM, 550}, {-ENOENT, 550}, {-EBUSY, 450}, {-ETIME, 451}, {1, 550}};
    (void)unused;
    start("DELE", 0);
    for (size_t i = 0; i < CO_LENGTH(answers); i++) {
        permit.answer = answers[i].answer;
        assert_int_equal(ftp_do("DELE file"), answers[i].code);
        assert_int_equal(ftp.heard.kind, CO_FTP_CHANGED);
        assert_true(ftp.heard.error < 0);
    }
    permit.answer = -ENOENT;
    assert_int_equal(ftp_do("DELE file"), 550);
    assert_true(ftp_said("No such file or folder."));
    assert_untouched();
}

static void who_may_add_replaces_nothing_that_comes_meanwhile(void **unused)
{
    (void)unused;
    start(NULL, 0);
    ftp_epsv();
    assert_int_equal(ftp_do("STOR new"), 150);
    assert_int_equal(permit.right, CO_MAY_ADD);
    put_text("new", "another's");
    ftp_give("mine");
    assert_int_equal(ftp_reply(), 553);
    assert_string_equal(ftp_content("new"), "another's");
}

static void an_interrupted_upload_goes_on_as_an_addition(void **unused)
{
    (void)unused;
    start(NULL, 0);
    ftp_epsv();
    assert_int_equal(ftp_do("STOR new"), 150);
    assert_int_equal(co_write(ftp.data, "abc", 3), 0);
    co_sleep(1000);
    ftp_hang_up();
    co_sleep(1000);
    ftp_login("all");
    assert_int_equal(ftp_do("REST 3"), 350);
    assert_int_equal(ftp_store("STOR new", "def"), 226);
    assert_int_equal(permit.right, CO_MAY_ADD);
    assert_string_equal(ftp_content("new"), "abcdef");
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void it_may_take_its_time(void **unused)
{
    (void)unused;
    start(NULL, 0);
    permit.sleep_ms = 3600 * 1000;
    int64_t before = co_now_ns();
    assert_int_equal(ftp_do("SIZE file"), 213);
    assert_in_range((co_now_ns() - before) / CO_SECOND, 3600, 3601);
}

static void a_transfer_goes_on_while_it_is_asked(void **unused)
{
    (void)unused;
    start(NULL, 0);
    ftp_epsv();
    assert_int_equal(ftp_do("RETR large"), 150);
    permit.sleep_ms = 5000;
    ftp_send("STAT sub");
    co_sleep(1000);
    assert_int_equal(ftp_receive(), 0);
    assert_int_equal(ftp.got_size, FTP_LARGE);
    assert_int_equal(ftp_reply(), 212);
    assert_int_equal(ftp_reply(), 226);
}

static void the_servers_cancel_ends_its_wait(void **unused)
{
    (void)unused;
    start(NULL, 0);
    permit.sleep_ms = 3600 * 1000;
    ftp_send("DELE file");
    co_sleep(1000);
    co_group_cancel(&ftp.group);
    assert_int_equal(co_group_close(&ftp.group), CO_ECANCELED);
    assert_int_equal(permit.slept, CO_ECANCELED);
    assert_untouched();
    co_group_open(&ftp.group, NULL); /* for ftp_stop */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FTP_TEST(nothing_is_done_that_is_refused),
        FTP_TEST(each_command_is_asked_for_once_as_what_it_is),
        FTP_TEST(a_unique_name_is_asked_for),
        FTP_TEST(a_pattern_is_asked_for_as_its_folder),
        FTP_TEST(what_names_no_file_is_not_asked_for),
        FTP_TEST(the_account_needs_its_own_right_too),
        FTP_TEST(an_answer_chooses_the_reply),
        FTP_TEST(who_may_add_replaces_nothing_that_comes_meanwhile),
        FTP_TEST(an_interrupted_upload_goes_on_as_an_addition),
        FTP_TEST(it_may_take_its_time),
        FTP_TEST(a_transfer_goes_on_while_it_is_asked),
        FTP_TEST(the_servers_cancel_ends_its_wait),
    };
    return run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
/* The FTP client against our own server, in clear and over TLS, both ways of both. */
#include "ftps_rig.h"

#include "ftp_script.h"

static struct {
    co_ftp_client *ftp;
    co_tls *tls;
    char got[4096];
    char said[1u << 16]; /* the dialogue */
    size_t said_size;
} own;

/* ---- helpers --------------------------------------------------------------------------------- */

static void hear(void *arg, bool sent, co_text line)
{
    (void)arg;
    own.said_size += (size_t)snprintf(own.said + own.said_size, sizeof own.said - own.said_size,
        "%s%.*s\n", sent ? "> " : "", CO_TEXT_PRINT(line));
}

/* A client's context of one version, which trusts anybody. */
static void trust_by(int version)
{
    co_tls_free(own.tls);
    assert_int_equal(co_tls_client(&own.tls, &(struct co_tls_options){.insecure = true}), 0);
    SSL_CTX_set_max_proto_version(own.tls->set->contexts[0], version);
    SSL_CTX_set_min_proto_version(own.tls->set->contexts[0], version);
}

static int come_in(struct co_ftp_client_options options)
{
    const co_listener *at = options.security == CO_FTP_IMPLICIT ? ftps.listener : ftp.listener;
    co_ftp_abort(own.ftp);
    own.ftp = NULL;
    own.said_size = 0;
    options.user = options.user ? options.user : "all";
    options.password = options.password ? options.password : "pw";
    options.tls = own.tls;
    options.dialogue = hear;
    return co_ftp_connect(
        &own.ftp, "127.0.0.1", co_address_port(co_listener_address(at)), &options);
}

/* Reads a whole file; how it ended. */
static int fetch(const char *path, uint64_t offset, co_text before)
{
    co_ftp_transfer *transfer;
    size_t size = 0;
    ssize_t n;
    own.got[0] = '\0';
    int rc = co_ftp_download_resume(&transfer, own.ftp, path, offset, before);
    if (rc < 0)
        return rc;
    while ((n = co_ftp_transfer_read(transfer, own.got + size, sizeof own.got - 1 - size)) > 0)
        size += (size_t)n;
    own.got[size] = '\0';
    return co_ftp_transfer_finish(transfer);
}

static int store(const char *path, enum co_ftp_upload how, uint64_t offset, const char *text)
{
    co_ftp_transfer *transfer;
    int rc = co_ftp_upload_open(&transfer, own.ftp, path, how, offset);
    if (rc < 0)
        return rc;
    co_ftp_transfer_write(transfer, text, strlen(text));
    return co_ftp_transfer_finish(transfer);
}

/* The names in a folder, in their order. */
static const char *names_of(const char *path)
{
    static char names[1024];
    struct co_ftp_entry entry;
    co_ftp_list *list;
    size_t size = 0;
    int rc = co_ftp_list_open(&list, own.ftp, path);
    names[0] = '\0';
    if (rc < 0)
        return co_error_name(rc);
    while ((rc = co_ftp_list_next(list, &entry)) > 0)
        size += (size_t)snprintf(names + size, sizeof names - size, "%.*s%s ",
            CO_TEXT_PRINT(entry.name), entry.type == CO_FTP_FOLDER ? "/" : "");
    co_ftp_list_close(list);
    return rc < 0 ? co_error_name(rc) : names;
}

static size_t size_of(const char *path)
{
    co_ftp_transfer *transfer;
    static char piece[1u << 16];
    size_t size = 0;
    ssize_t n;
    assert_int_equal(co_ftp_download_open(&transfer, own.ftp, path, 0), 0);
    while ((n = co_ftp_transfer_read(transfer, piece, sizeof piece)) > 0)
        size += (size_t)n;
    assert_int_equal(co_ftp_transfer_finish(transfer), 0);
    return size;
}

static bool has_name(const char *names, const char *name)
{
    const char *at = strstr(names, name);
    return at && at[strlen(name)] == ' ' && (at == names || at[-1] == ' ');
}

/* All that a client can do. */
static void do_everything(void)
{
    struct co_ftp_entry entry;
    uint64_t size = 0;
    char folder[64];
    assert_int_equal(fetch("file", 0, (co_text){0}), 0);
    assert_string_equal(own.got, "one\ntwo\r\nxyz");
    assert_int_equal(fetch("file", 9, CO_TEXT("two\r\n")), 0);
    assert_string_equal(own.got, "xyz");
    assert_int_equal(fetch("file", 9, CO_TEXT("two\n\n")), CO_ECHANGED);
    assert_int_equal(fetch("nothing", 0, (co_text){0}), CO_ESTATUS);
    assert_int_equal(size_of("large"), FTP_LARGE);
    assert_int_equal(store("new", CO_FTP_REPLACE, 0, "0123"), 0);
    assert_int_equal(store("new", CO_FTP_APPEND, 0, "45"), 0);
    assert_int_equal(store("new", CO_FTP_CONTINUE, 6, "67"), 0);
    assert_string_equal(ftp_content("new"), "01234567");
    assert_int_equal(co_ftp_size(own.ftp, "new", &size), 0);
    assert_int_equal(size, 8);
    assert_int_equal(co_ftp_set_time(own.ftp, "new", 1000000007), 0);
    assert_int_equal(co_ftp_chmod(own.ftp, "new", 0640), 0);
    assert_int_equal(co_ftp_stat(own.ftp, "/new", &entry), 0);
    assert_text(entry.name, "new");
    assert_true(entry.type == CO_FTP_FILE && entry.size_known && entry.size == 8);
    assert_true(entry.modified_within == 1 && entry.modified == 1000000007);
    assert_true(entry.mode_known && entry.mode == 0640);
    assert_int_equal(co_ftp_make_folder(own.ftp, "made"), 0);
    assert_int_equal(co_ftp_rename(own.ftp, "new", "made/moved"), 0);
    assert_int_equal(co_ftp_change_folder(own.ftp, "made"), 0);
    assert_int_equal(co_ftp_current_folder(own.ftp, folder, sizeof folder), 5);
    assert_string_equal(folder, "/made");
    assert_string_equal(names_of(NULL), "moved ");
    assert_int_equal(co_ftp_change_folder(own.ftp, ".."), 0);
    assert_string_equal(names_of("made"), "moved ");
    assert_true(has_name(names_of(""), "file") && has_name(names_of(""), "made/"));
    assert_int_equal(co_ftp_delete(own.ftp, "made/moved"), 0);
    assert_string_equal(names_of("made"), "");
    assert_int_equal(co_ftp_remove_folder(own.ftp, "made"), 0);
    assert_int_equal(co_ftp_stat(own.ftp, "made", &entry), CO_ESTATUS);
    assert_int_equal(co_ftp_last_code(own.ftp), 550);
    assert_int_equal(co_ftp_command(own.ftp, "SITE HELP"), 214);
    assert_int_equal(co_ftp_command(own.ftp, "pass another"), 503); /* a secret, too */
    assert_null(strstr(own.said, "another"));
    assert_true(co_ftp_last_text(own.ftp).size > 10);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void does_everything_in_clear(void **unused)
{
    (void)unused;
    ftps_start();
    for (int active = 0; active < 2; active++) {
        assert_int_equal(come_in((struct co_ftp_client_options){.active = active}), 0);
        do_everything();
        co_ftp_quit(own.ftp);
        own.ftp = NULL;
        assert_non_null(strstr(own.said, "> PASS ****\n"));
        assert_null(strstr(own.said, "pw\n"));
        assert_non_null(strstr(own.said, "> QUIT\n221 "));
        assert_non_null(strstr(own.said, active ? "> EPRT |1|127.0.0.1|" : "> EPSV\n"));
    }
}

/* F07: every data connection resumes the control connection's session, or it would be closed. */
static void f07_data_connections_resume_the_control_connections_session(void **unused)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)unused;
    ftp.options.tls_reuse = CO_FTP_REUSE_REQUIRE;
    ftp.options.require_tls = true;
    ftps_start();
    for (size_t i = 0; i < 4; i++) {
        struct co_ftp_client_options options = {
            .security = i % 2 ? CO_FTP_IMPLICIT : CO_FTP_EXPLICIT};
        trust_by(versions[i / 2]);
        assert_int_equal(come_in(options), 0);
        do_everything();
        options.active = true;
        assert_int_equal(come_in(options), 0);
        do_everything();
    }
}

static void f06_without_tls_there_nothing_is_said(void **unused)
{
    (void)unused;
    ftp_start();
    assert_int_equal(come_in((struct co_ftp_client_options){.security = CO_FTP_EXPLICIT}), CO_ETLS);
    assert_null(strstr(own.said, "USER"));
    assert_null(strstr(own.said, "PASS"));
}

static void a_server_that_cannot_be_trusted_hears_no_password(void **unused)
{
    (void)unused;
    ftps_start();
    assert_int_equal(
        come_in((struct co_ftp_client_options){.security = CO_FTP_EXPLICIT}), CO_ECERTIFICATE);
    assert_null(strstr(own.said, "USER"));
}

static void who_is_refused_is_told_so(void **unused)
{
    (void)unused;
    ftps_start();
    assert_int_equal(come_in((struct co_ftp_client_options){.password = "wrong"}), CO_ELOGIN);
    assert_int_equal(come_in((struct co_ftp_client_options){.user = "banned"}), CO_ESTATUS);
    assert_int_equal(come_in((struct co_ftp_client_options){.user = "read"}), 0);
    assert_int_equal(co_ftp_delete(own.ftp, "file"), CO_ESTATUS);
    assert_int_equal(store("new", CO_FTP_REPLACE, 0, "x"), CO_ESTATUS);
    assert_int_equal(fetch("file", 0, (co_text){0}), 0);
}

static void what_is_aborted_leaves_the_client_usable(void **unused)
{
    co_ftp_transfer *transfer;
    co_ftp_list *list;
    struct co_ftp_entry entry;
    char byte;
    (void)unused;
    ftp_populate_many();
    ftps_start();
    trust_by(TLS1_3_VERSION);
    for (int i = 0; i < 2; i++) {
        struct co_ftp_client_options options = {.security = i ? CO_FTP_EXPLICIT : CO_FTP_CLEAR};
        assert_int_equal(come_in(options), 0);
        assert_int_equal(co_ftp_download_open(&transfer, own.ftp, "large", 0), 0);
        assert_int_equal(co_ftp_transfer_size(transfer), FTP_LARGE);
        assert_int_equal(co_ftp_transfer_read(transfer, &byte, 1), 1);
        assert_int_equal(co_ftp_delete(own.ftp, "file"), -EBUSY);
        co_ftp_transfer_abort(transfer);
        assert_int_equal(fetch("file", 0, (co_text){0}), 0);
        assert_int_equal(co_ftp_download_open(&transfer, own.ftp, "large", 0), 0);
        assert_int_equal(co_ftp_transfer_finish(transfer), CO_ESTATUS);
        assert_int_equal(co_ftp_upload_open(&transfer, own.ftp, "half", CO_FTP_REPLACE, 0), 0);
        assert_int_equal(co_ftp_transfer_write(transfer, "half", 4), 0);
        co_ftp_transfer_abort(transfer);
        assert_int_equal(fetch("half", 0, (co_text){0}), CO_ESTATUS);
        assert_int_equal(co_ftp_list_open(&list, own.ftp, "many"), 0);
        assert_int_equal(co_ftp_list_next(list, &entry), 1);
        co_ftp_list_close(list);
        assert_string_equal(names_of("sub"), "inner ");
    }
}

static void text_has_the_line_ends_of_each_side(void **unused)
{
    (void)unused;
    ftps_start();
    assert_int_equal(come_in((struct co_ftp_client_options){.ascii = true}), 0);
    assert_int_equal(fetch("file", 0, (co_text){0}), 0);
    assert_string_equal(own.got, "one\ntwo\nxyz");
    assert_int_equal(store("new", CO_FTP_REPLACE, 0, "a\nb\r\nc"), 0);
    assert_string_equal(ftp_content("new"), "a\nb\nc");
    assert_int_equal(fetch("file", 3, (co_text){0}), CO_EINVALID);
}

static void f15_what_would_break_a_line_is_never_said(void **unused)
{
    static const char *const bad[] = {"a\r\nDELE file", "a\nb", "a\rb", "a\377b", ""};
    struct co_ftp_entry entry;
    co_ftp_list *list;
    uint64_t size;
    (void)unused;
    ftps_start();
    for (size_t i = 0; i < CO_LENGTH(bad) - 1; i++) {
        assert_int_equal(come_in((struct co_ftp_client_options){.user = bad[i]}), CO_EINVALID);
        assert_int_equal(come_in((struct co_ftp_client_options){.password = bad[i]}), CO_EINVALID);
        assert_int_equal(come_in((struct co_ftp_client_options){.account = bad[i]}), CO_EINVALID);
        assert_int_equal(own.said_size, 0);
    }
    assert_int_equal(come_in((struct co_ftp_client_options){0}), 0);
    own.said_size = 0;
    for (size_t i = 0; i < CO_LENGTH(bad); i++) {
        assert_int_equal(fetch(bad[i], 0, (co_text){0}), CO_EINVALID);
        assert_int_equal(store(bad[i], CO_FTP_REPLACE, 0, ""), CO_EINVALID);
        assert_int_equal(co_ftp_delete(own.ftp, bad[i]), CO_EINVALID);
        assert_int_equal(co_ftp_make_folder(own.ftp, bad[i]), CO_EINVALID);
        assert_int_equal(co_ftp_remove_folder(own.ftp, bad[i]), CO_EINVALID);
        assert_int_equal(co_ftp_rename(own.ftp, bad[i], "x"), CO_EINVALID);
        assert_int_equal(co_ftp_rename(own.ftp, "file", bad[i]), CO_EINVALID);
        assert_int_equal(co_ftp_set_time(own.ftp, bad[i], 0), CO_EINVALID);
        assert_int_equal(co_ftp_chmod(own.ftp, bad[i], 0), CO_EINVALID);
        assert_int_equal(co_ftp_change_folder(own.ftp, bad[i]), CO_EINVALID);
        assert_int_equal(co_ftp_stat(own.ftp, bad[i], &entry), CO_EINVALID);
        assert_int_equal(co_ftp_size(own.ftp, bad[i], &size), CO_EINVALID);
        assert_int_equal(co_ftp_command(own.ftp, bad[i]), CO_EINVALID);
        if (*bad[i])
            assert_int_equal(co_ftp_list_open(&list, own.ftp, bad[i]), CO_EINVALID);
    }
    assert_int_equal(own.said_size, 0);
    assert_non_null(ftp_content("file"));
}

/* ---- against a script ------------------------------------------------------------------------ */

#define SECURE_GREET                                                                               \
 "> 220 Hello", "< AUTH TLS", "> 234 Go", "T", "< USER ann", "> 331 p", "< PASS pw", "> 230 In",   \
     "< PBSZ 0", "< PROT P", "< FEAT"
#define SECURE_LOGIN SECURE_GREET, "> 200 0", "> 200 P", "> 502 What?"

static void store_securely(unsigned port, const void *arg)
{
    const struct co_ftp_client_options options = {.security = CO_FTP_EXPLICIT, .tls = own.tls};
    const int64_t *least_ms = arg;
    int64_t start = co_now_ns();
    CHECK_INT(script_connect(&own.ftp, port, &options), 0);
    CHECK_INT(store("f", CO_FTP_REPLACE, 0, "12345"), 0);
    CHECK((co_now_ns() - start) / CO_MS >= *least_ms);
    co_ftp_abort(own.ftp);
    own.ftp = NULL;
}

static void fetch_securely(unsigned port, const void *arg)
{
    const int *result = arg;
    struct co_ftp_client_options options = {.security = CO_FTP_EXPLICIT, .tls = own.tls};
    int rc = script_connect(&own.ftp, port, &options);
    if (rc == 0)
        rc = fetch("f", 0, (co_text){0});
    CHECK_INT(rc, *result);
    co_ftp_abort(own.ftp);
    own.ftp = NULL;
}

static void play_body_securely(const char *const *lines, script_body *body, const void *arg)
{
    static struct identity identity;
    if (!*identity.chain)
        identity = identity_new("DNS:localhost", 86400);
    const struct co_tls_certificate certificate = certificate_of(&identity);
    const struct co_tls_options options = {.certificates = &certificate, .certificate_count = 1};
    co_tls *tls;
    assert_int_equal(co_tls_server(&tls, &options), 0);
    trust_by(TLS1_3_VERSION);
    script_play_over(tls, lines, body, arg);
    co_tls_free(tls);
    assert_int_equal(atomic_load(&check_failures), 0);
}

static void play_securely(const char *const *lines, int result)
{
    play_body_securely(lines, fetch_securely, &result);
}

/* A close before that would answer what it has still to say by a reset, which destroys what is on
 * its way there. */
static void an_upload_is_not_closed_before_the_server_has_ended_too(void **unused)
{
    static const char *const lines[] = {SECURE_LOGIN, TYPED, "EPSV", "< STOR f", "> 150 Go", "O",
        "t", "u 12345", "d late", "Z 3", "d words", "Z 3", "d of it", "C", "> 226 Done", SIZED(5),
        NULL};
    static const int64_t least_ms = 6000;
    (void)unused;
    play_body_securely(lines, store_securely, &least_ms);
}

static void f08_a_download_without_farewell_is_not_whole(void **unused)
{
    static const char *const whole[] = {SECURE_LOGIN, "EPSV", TYPED, "< SIZE f", "> 550 No",
        "< RETR f", "> 150 Here", "O", "t", "D 123", "> 226 Done", NULL};
    static const char *const cut[] = {SECURE_LOGIN, "EPSV", TYPED, "< SIZE f", "> 550 No",
        "< RETR f", "> 150 Here", "O", "t", "d 123", "F", "> 226 Done", NULL};
    (void)unused;
    play_securely(whole, 0);
    assert_string_equal(own.got, "123");
    play_securely(cut, CO_ETRUNCATED);
    assert_string_equal(own.got, "123");
}

static void f06_data_that_the_server_will_not_encrypt_is_not_asked_for(void **unused)
{
    static const char *const lines[] = {SECURE_GREET, "> 200 0\r\n536 No\r\n502 What?", NULL};
    static const char *const none[] = {SECURE_GREET, "> 503 No\r\n503 No\r\n502 What?", NULL};
    (void)unused;
    play_securely(lines, CO_ETLS);
    play_securely(none, CO_ETLS);
}

static void data_in_clear_where_tls_was_agreed_on_is_no_data(void **unused)
{
    static const char *const lines[] = {SECURE_LOGIN, "EPSV", TYPED, "< SIZE f", "> 550 No",
        "< RETR f", "> 150 Here", "D in clear", "> 226 Done", NULL};
    static const char *const told[] = {SECURE_LOGIN, "EPSV", TYPED, "< SIZE f", "> 550 No",
        "< RETR f", "> 150 Here", "O", "X", "> 522 Session reuse required", NULL};
    (void)unused;
    play_securely(lines, CO_ETLS);
    play_securely(told, CO_ESTATUS);
}

/* ---- before and after ------------------------------------------------------------------------ */

static int teardown(void **state)
{
    co_ftp_abort(own.ftp);
    co_tls_free(own.tls);
    memset(&own, 0, sizeof own);
    return ftps_teardown(state);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, ftps_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(does_everything_in_clear),
        CLIENT_TEST(f07_data_connections_resume_the_control_connections_session),
        CLIENT_TEST(f06_without_tls_there_nothing_is_said),
        CLIENT_TEST(a_server_that_cannot_be_trusted_hears_no_password),
        CLIENT_TEST(who_is_refused_is_told_so),
        CLIENT_TEST(what_is_aborted_leaves_the_client_usable),
        CLIENT_TEST(text_has_the_line_ends_of_each_side),
        CLIENT_TEST(f08_a_download_without_farewell_is_not_whole),
        CLIENT_TEST(an_upload_is_not_closed_before_the_server_has_ended_too),
        CLIENT_TEST(f06_data_that_the_server_will_not_encrypt_is_not_asked_for),
        CLIENT_TEST(data_in_clear_where_tls_was_agreed_on_is_no_data),
        CLIENT_TEST(f15_what_would_break_a_line_is_never_said),
    };
    return run_within("virtual", tests);
}

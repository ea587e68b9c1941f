/* SPDX-License-Identifier: MIT */
/* Accounts of a served folder: Basic authentication (RFC 7617), homes, rights. */
#include "accounts_rig.h"

#define CHALLENGE "Basic realm=\"Coronet\", charset=\"UTF-8\""

static void everybody_reads_unless_told_otherwise(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(get("/a.txt"), 200);
    assert_int_equal(get("/"), 200);
    assert_int_equal(accounts.asked, 0);
    assert_string_equal(site.user, "");
}

static void without_anonymous_everything_wants_a_login(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    serve_accounts((struct co_http_files_options){.no_anonymous = true});
    static const char *const targets[] = {"/", "/a.txt", "/none", "/../x"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(get(targets[i]), 401);
        assert_field("WWW-Authenticate", CHALLENGE);
        assert_not_in_body("hello");
    }
    assert_int_equal(ask("GET", "/a.txt", ANN), 200);
    assert_body("hello\n", 6);
    assert_string_equal(site.user, "ann");
    assert_int_equal(accounts.left, 1);
    assert_int_equal(ask("GET", "/", ANN), 200);
    assert_int_equal(ask("GET", "/none", ANN), 404);
    assert_int_equal(accounts.left, 3);
}

static void nobody_enters_where_there_are_no_accounts(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    serve_at("/", &(struct co_http_files_options){.no_anonymous = true});
    assert_int_equal(ask("GET", "/a.txt", ANN), 403);
    assert_no_field("WWW-Authenticate");
}

static void a_wrong_password_is_asked_for_again_and_told_as_an_unknown_user_m07(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(ask("GET", "/a.txt", "Authorization: Basic YW5uOndyb25n\r\n"), 401);
    assert_field("WWW-Authenticate", CHALLENGE);
    assert_string_equal(site.user, "ann");
    size_t size = site.got_size;
    assert_int_equal(ask("GET", "/a.txt", "Authorization: Basic ZXZlOndyb25n\r\n"), 401);
    assert_int_equal(site.got_size, size);
    assert_int_equal(accounts.left, 0);
}

static void junk_for_credentials_is_a_wrong_password_m07(void **state)
{
    (void)state;
    static char huge[12000];
    static const char *const junk[] = {"Authorization: Basic =\r\n",
        "Authorization: Basic YW5u\r\n", "Authorization: Basic \xff\xfe\r\n",
        "Authorization: Basic YW5uOnNlY3JldA\r\n", "Authorization: Basic YW5uOnNlY3JldB==\r\n",
        "Authorization: Basic YW5uOnNlY3JldA== YW5u\r\n", "Authorization: basic x\r\n", huge};
    snprintf(huge, sizeof huge, "Authorization: Basic %08000d\r\n", 0);
    put_text("a.txt", "hello\n");
    for (size_t i = 0; i < CO_LENGTH(junk); i++) {
        assert_int_equal(ask("GET", "/a.txt", junk[i]), 401);
        assert_int_equal(accounts.asked, 0);
    }
    assert_int_equal(ask("GET", "/a.txt", "Authorization: bAsIc  YW5uOnNlY3JldA==\r\n"), 200);
}

static void other_schemes_log_nobody_in(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(ask("GET", "/a.txt", "Authorization: Bearer YW5uOnNlY3JldA==\r\n"), 200);
    assert_int_equal(ask("DELETE", "/a.txt", "Authorization: Basically YW5uOnNlY3JldA==\r\n"), 401);
    assert_int_equal(ask("DELETE", "/a.txt", "Authorization: Basic\r\n"), 401);
    assert_true(exists("a.txt"));
}

static void a_banned_address_is_told_when_to_come_again_m08(void **state)
{
    (void)state;
    accounts.result = -EBUSY;
    assert_int_equal(ask("GET", "/", ANN), 429);
    assert_non_null(field("Retry-After"));
    assert_no_field("WWW-Authenticate");
}

static void a_login_that_cannot_be_checked_is_the_servers_trouble(void **state)
{
    static const int errors[] = {-EAGAIN, -ENOMEM, -EPIPE, CO_EINVALID};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(errors); i++) {
        accounts.result = errors[i];
        assert_int_equal(ask("GET", "/", ANN), 503);
        assert_non_null(field("Retry-After"));
        assert_no_field("WWW-Authenticate");
    }
}

static void passwords_are_neither_asked_for_nor_taken_over_a_network(void **state)
{
    (void)state;
    static const char *const far[] = {"10.0.0.1:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80"};
    static const char *const near[] = {
        "127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "unix:/run/x"};
    only_in_clear("over TLS they are");
    put_text("a.txt", "hello\n");
    for (size_t i = 0; i < CO_LENGTH(far); i++) {
        assert_int_equal(co_address_parse(far[i], -1, &site.peer), 0);
        assert_int_equal(ask("GET", "/a.txt", ANN), 403);
        assert_in_body("password");
        assert_int_equal(ask("DELETE", "/a.txt", ""), 403);
        assert_no_field("WWW-Authenticate");
        assert_int_equal(get("/a.txt"), 200);
    }
    assert_int_equal(accounts.asked, 0);
    for (size_t i = 0; i < CO_LENGTH(near); i++) {
        assert_int_equal(co_address_parse(near[i], -1, &site.peer), 0);
        assert_int_equal(ask("GET", "/a.txt", ANN), 200);
        assert_int_equal(ask("DELETE", "/a.txt", ""), 401);
    }
}

static void an_account_sees_its_home_and_nothing_above(void **state)
{
    (void)state;
    put_folder("bob");
    put_text("bob/mine", "mine\n");
    put_text("others", "others\n");
    assert_int_equal(ask("GET", "/mine", BOB), 200);
    assert_int_equal(ask("GET", "/others", BOB), 404);
    assert_int_equal(ask("GET", "/bob/mine", BOB), 404);
    assert_int_equal(ask("GET", "/", BOB), 200);
    assert_in_body("mine");
    assert_not_in_body("others");
    assert_int_equal(get("/bob/mine"), 200);
}

static void a_home_that_is_another_folder_now_is_seen_at_once(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/x", BOB), 403);
    put_folder("bob");
    put_text("bob/x", "old\n");
    assert_int_equal(ask("GET", "/x", BOB), 200);
    assert_int_equal(renameat(site.fd, "bob", site.fd, "old"), 0);
    assert_int_equal(ask("GET", "/x", BOB), 403);
    put_folder("bob");
    put_text("bob/x", "new\n");
    assert_int_equal(ask("GET", "/x", BOB), 200);
    assert_body("new\n", 4);
}

static void homes_beyond_those_kept_open_work_too(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < 20; i++) {
            snprintf(accounts.home, sizeof accounts.home, "home%u", i);
            if (round == 0) {
                char name[64];
                put_folder(accounts.home);
                snprintf(name, sizeof name, "home%u/x", i);
                put_text(name, accounts.home);
            }
            assert_int_equal(ask("GET", "/x", BOB), 200);
            assert_body(accounts.home, strlen(accounts.home));
        }
}

static void a_home_does_not_lead_out(void **state)
{
    (void)state;
    put_text("outside", "x");
    assert_int_equal(symlinkat("/etc", site.fd, "bob"), 0);
    assert_int_equal(ask("GET", "/passwd", BOB), 403);
    strcpy(accounts.home, "..");
    assert_int_equal(ask("GET", "/", BOB), 403);
}

/* In virtual time only: it takes some seconds. */
static void an_account_is_sent_no_more_than_its_rate(void **state)
{
    (void)state;
    if (strcmp(co_backend_name(), "virtual") != 0)
        return;
    put("a", plain_bytes(40000), 40000);
    accounts.rate = 10000;
    int64_t start = co_now_ns();
    assert_int_equal(ask("GET", "/a", ANN), 200);
    assert_in_range((co_now_ns() - start) / CO_MS, 3000, 5000);
    start = co_now_ns();
    talk("GET /a HTTP/1.1\r\nHost: a\r\n" ANN "Range: bytes=0-0\r\n\r\n"
         "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"); /* the same connection, nobody's rate */
    assert_in_range((co_now_ns() - start) / CO_MS, 0, 100);
}

static void rights_hold_whoever_asks(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    static const char *const methods[] = {"PUT", "DELETE", "MKCOL", "MOVE"};
    for (size_t i = 0; i < CO_LENGTH(methods); i++) {
        const char *fields = "Content-Length: 0\r\nDestination: /b\r\n";
        char with_reader[256];
        snprintf(with_reader, sizeof with_reader, "%s" READER, fields);
        assert_int_equal(ask(methods[i], "/a.txt", fields), 401);
        assert_int_equal(ask(methods[i], "/a.txt", with_reader), 403);
        assert_no_field("WWW-Authenticate");
    }
    assert_content("a.txt", "hello\n");
    assert_int_equal(ask("GET", "/a.txt", READER), 200);
}

static void a_drop_box_takes_and_shows_nothing(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(ask_with("PUT", "/new", DROP, "x"), 201);
    assert_no_field("ETag");
    assert_int_equal(ask("GET", "/new", DROP), 403);
    assert_int_equal(ask_with("PUT", "/a.txt", DROP, "x"), 403);
    assert_int_equal(ask("DELETE", "/new", DROP), 403);
    assert_content("a.txt", "hello\n");
    assert_content("new", "x");
    serve_accounts((struct co_http_files_options){.anonymous_rights = CO_MAY_ADD});
    assert_int_equal(ask_with("PUT", "/stranger", "", "x"), 201);
    assert_int_equal(get("/stranger"), 401);
}

/* What lies there cannot be told from what does not, but for folders, which take uploads. */
/* A response is the same in the next second. */
static void undate(char *response)
{
    char *date = strstr(response, "\r\nDate: ");
    assert_non_null(date);
    for (date += 2; *date != '\r'; date++)
        *date = '-';
}

static void a_drop_box_answers_alike_for_what_is_there_and_what_is_not(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_text("index.html", "an index");
    put_folder("sub");
    static char there[GOT_MAX];
    static const char *const pairs[][2] = {{"/a.txt", "/b.txt"}, {"/a.txt/", "/b.txt/"},
        {"/sub/a.txt", "/none/a.txt"}, {"/?archive=tar", "/sub/?archive=tar"}};
    static const char *const methods[] = {"GET", "HEAD"};
    for (size_t i = 0; i < CO_LENGTH(pairs) * CO_LENGTH(methods); i++) {
        const char *const *pair = pairs[i / 2];
        int status = ask(methods[i % 2], pair[0], DROP);
        undate(site.got);
        memcpy(there, site.got, site.got_size + 1);
        assert_int_equal(ask(methods[i % 2], pair[1], DROP), status);
        undate(site.got);
        assert_in_range(status, 403, 404);
        assert_string_equal(site.got, there);
    }
    assert_int_equal(ask("GET", "/sub", DROP), 301);
    assert_field("Location", "/sub/");
    assert_int_equal(ask("GET", "/", DROP "Accept: application/json\r\n"), 403);
}

static void accounts_have_no_rights_beyond_those_of_the_server(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    serve_accounts((struct co_http_files_options){.rights_max = CO_MAY_BROWSE});
    assert_int_equal(ask("DELETE", "/a.txt", ANN), 405);
    assert_field("Allow", "GET, HEAD, OPTIONS");
    assert_int_equal(ask("GET", "/a.txt", ANN), 200);
    assert_int_equal(ask("GET", "/a.txt", DROP), 403);
}

static void allow_says_what_this_visitor_may(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_folder("sub");
    static const struct {
        const char *target, *fields, *allow;
    } cases[] = {
        {"/a.txt", "", "GET, HEAD, OPTIONS"},
        {"/a.txt", READER, "GET, HEAD, OPTIONS"},
        {"/a.txt", ANN, "GET, HEAD, PUT, DELETE, OPTIONS, MKCOL, MOVE"},
        {"/sub/", ANN, "GET, HEAD, POST, DELETE, OPTIONS, MKCOL, MOVE"},
        {"/a.txt", DROP, "PUT, OPTIONS, MKCOL"},
        {"/sub/", DROP, "GET, HEAD, POST, OPTIONS, MKCOL"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(ask("OPTIONS", cases[i].target, cases[i].fields), 204);
        assert_field("Allow", cases[i].allow);
    }
    assert_int_equal(ask("PROPFIND", "/a.txt", ANN), 405);
    assert_field("Allow", "GET, HEAD, PUT, DELETE, OPTIONS, MKCOL, MOVE");
    serve_accounts((struct co_http_files_options){.no_anonymous = true});
    assert_int_equal(ask("OPTIONS", "/a.txt", ""), 204);
    assert_field("Allow", "OPTIONS");
}

static void other_sites_never_get_more_than_reading(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    serve_accounts((struct co_http_files_options){.cors = "*", .no_anonymous = true});
    assert_int_equal(ask("OPTIONS", "/a.txt",
                         "Origin: https://b\r\nAccess-Control-Request-Method: PUT\r\n"
                         "Access-Control-Request-Headers: authorization\r\n"),
        204);
    assert_field("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    assert_no_field("Access-Control-Allow-Credentials");
    assert_int_equal(get("/a.txt"), 401);
    assert_field("Access-Control-Allow-Origin", "*");
}

static void pages_run_no_scripts_where_somebody_may_write(void **state)
{
    (void)state;
    static const char *const scripted[] = {"/a.html", "/a.svg", "/a.xml", "/a.xhtml"};
    for (size_t i = 0; i < CO_LENGTH(scripted); i++)
        put_text(scripted[i] + 1, "<svg/>");
    put_text("a.txt", "hello\n");
    put_text("a.txt.gz", "not looked for");
    for (size_t i = 0; i < CO_LENGTH(scripted); i++) {
        assert_int_equal(get(scripted[i]), 200);
        assert_field("Content-Security-Policy", "sandbox");
        assert_int_equal(ask("GET", scripted[i], "Range: bytes=0-0\r\n"), 206);
        assert_field("Content-Security-Policy", "sandbox");
    }
    assert_int_equal(ask("GET", "/a.txt", "Accept-Encoding: gzip\r\n"), 200);
    assert_no_field("Content-Security-Policy");
    assert_no_field("Content-Encoding");
    serve_accounts((struct co_http_files_options){.rights_max = CO_MAY_BROWSE});
    assert_int_equal(get("/a.html"), 200);
    assert_no_field("Content-Security-Policy");
}

static void etags_are_the_same_for_all_who_see_the_file_at_one_place(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_folder("bob");
    assert_int_equal(get("/a.txt"), 200);
    char tag[64];
    snprintf(tag, sizeof tag, "%s", field("ETag"));
    assert_int_equal(ask("GET", "/a.txt", ANN), 200);
    assert_field("ETag", tag);
    assert_int_equal(linkat(site.fd, "a.txt", site.fd, "bob/a.txt", 0), 0);
    assert_int_equal(ask("GET", "/a.txt", BOB), 200);
    assert_string_not_equal(field("ETag"), tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACCOUNTS_TEST(everybody_reads_unless_told_otherwise),
        ACCOUNTS_TEST(without_anonymous_everything_wants_a_login),
        ACCOUNTS_TEST(nobody_enters_where_there_are_no_accounts),
        ACCOUNTS_TEST(a_wrong_password_is_asked_for_again_and_told_as_an_unknown_user_m07),
        ACCOUNTS_TEST(junk_for_credentials_is_a_wrong_password_m07),
        ACCOUNTS_TEST(other_schemes_log_nobody_in),
        ACCOUNTS_TEST(a_banned_address_is_told_when_to_come_again_m08),
        ACCOUNTS_TEST(a_login_that_cannot_be_checked_is_the_servers_trouble),
        ACCOUNTS_TEST(passwords_are_neither_asked_for_nor_taken_over_a_network),
        ACCOUNTS_TEST(an_account_sees_its_home_and_nothing_above),
        ACCOUNTS_TEST(a_home_that_is_another_folder_now_is_seen_at_once),
        ACCOUNTS_TEST(homes_beyond_those_kept_open_work_too),
        ACCOUNTS_TEST(a_home_does_not_lead_out),
        ACCOUNTS_TEST(an_account_is_sent_no_more_than_its_rate),
        ACCOUNTS_TEST(rights_hold_whoever_asks),
        ACCOUNTS_TEST(a_drop_box_takes_and_shows_nothing),
        ACCOUNTS_TEST(a_drop_box_answers_alike_for_what_is_there_and_what_is_not),
        ACCOUNTS_TEST(accounts_have_no_rights_beyond_those_of_the_server),
        ACCOUNTS_TEST(allow_says_what_this_visitor_may),
        ACCOUNTS_TEST(other_sites_never_get_more_than_reading),
        ACCOUNTS_TEST(pages_run_no_scripts_where_somebody_may_write),
        ACCOUNTS_TEST(etags_are_the_same_for_all_who_see_the_file_at_one_place),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

/* SPDX-License-Identifier: MIT */
#include "accounts_rig.h"

#include "http/message.h"

/* ---- what is listed -------------------------------------------------------------------------- */

static void lists_what_can_be_asked_for(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_text(".hidden", "");
    put_folder("sub");
    assert_int_equal(symlinkat("nowhere", site.fd, "broken"), 0);
    assert_int_equal(symlinkat("/etc/passwd", site.fd, "outside"), 0);
    assert_int_equal(symlinkat("a.txt", site.fd, "alias"), 0);
    assert_int_equal(mkfifoat(site.fd, "fifo", 0644), 0);
    assert_int_equal(get("/"), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_in_body("href=\"./a.txt\"");
    assert_in_body("href=\"./alias\"");
    assert_in_body("href=\"./sub/\"");
    assert_not_in_body("hidden\"");
    assert_not_in_body("broken");
    assert_not_in_body("outside");
    assert_not_in_body("fifo");
    assert_in_body("1 folder, 2 files, 12\u00a0B");
    assert_not_in_body("Parent folder");
    assert_int_equal(get("/sub/"), 200);
    assert_in_body("This folder is empty.");
    assert_in_body("Parent folder");
    assert_in_body("<footer><p></p>");
}

static void what_is_no_folder_is_404(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(get("/a.txt/"), 404);
    assert_int_equal(get("/nowhere/"), 404);
    serve_at("/", &(struct co_http_files_options){.no_listing = true});
    assert_int_equal(get("/"), 404);
}

static void head_has_no_body(void **state)
{
    (void)state;
    assert_int_equal(ask("HEAD", "/", ""), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_body("", 0);
}

/* ---- names ---------------------------------------------------------------------------------- */

static void h23_names_are_escaped(void **state)
{
    (void)state;
    put_text("<script>alert(1).html", "");
    put_text("\"quoted\" & 'so'", "");
    put_text("two\nlines\x1b[31m", "");
    put_text("javascript:alert(1)", "");
    put_text("100% #1?.txt", "");
    put_text("Gr\u00fc\u00dfe.txt", "");
    put_text("broken\xff.txt", "");
    put_text("a\u202egpj.exe", "");
    assert_int_equal(get("/"), 200);
    assert_not_in_body("<script>");
    assert_in_body("href=\"./%3Cscript%3Ealert%281%29.html\"");
    assert_in_body("<span>&lt;script&gt;alert(1).html</span>");
    assert_not_in_body("\"quoted\"");
    assert_in_body("href=\"./%22quoted%22%20%26%20%27so%27\"");
    assert_not_in_body("two\nlines");
    assert_not_in_body("\x1b");
    assert_in_body("two&#x240a;lines&#x241b;[31m");
    assert_in_body("href=\"./javascript%3Aalert%281%29\"");
    assert_in_body("href=\"./100%25%20%231%3F.txt\"");
    assert_in_body("<span>Gr\u00fc\u00dfe.txt</span>");
    assert_in_body("<span>broken\ufffd.txt</span>");
    assert_in_body("href=\"./broken%FF.txt\"");
    assert_in_body("<span>a\ufffdgpj.exe</span>");
    assert_int_equal(get("/broken%FF.txt"), 200);
    assert_int_equal(get("/%22quoted%22%20%26%20%27so%27"), 200);
}

static void h23_the_path_is_escaped(void **state)
{
    (void)state;
    put_folder("<b>&\nx");
    put_folder("<b>&\nx/in");
    assert_int_equal(get("/%3Cb%3E%26%0Ax/in/"), 200);
    assert_not_in_body("<b>");
    assert_in_body("<title>Index of /&lt;b&gt;&amp;&#x240a;x/in/</title>");
    assert_in_body("<a href=\"./../\">&lt;b&gt;&amp;&#x240a;x</a>");
    assert_in_body("<a href=\"./../../\">Home</a>");
}

static void nothing_can_run_and_only_the_own_style_applies(void **state)
{
    (void)state;
    assert_int_equal(get("/"), 200);
    const char *policy = field("Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'none';"));
    const char *nonce = strstr(policy, "'nonce-") + 7;
    char style[80];
    snprintf(style, sizeof style, "<style nonce=\"%.32s\">", nonce);
    assert_in_body(style);
    assert_not_in_body("http://www.w3.org/2000/svg\"");
    assert_field("X-Content-Type-Options", "nosniff");
    assert_field("Cache-Control", "no-cache");
    assert_int_equal(get("/"), 200);
    assert_not_in_body(style);
}

/* ---- who may what ---------------------------------------------------------------------------- */

#define LOG_IN "<a rel=\"nofollow\" href=\"./?login\">Log in</a>"

static bool policy_has(const char *directive)
{
    return strstr(field("Content-Security-Policy"), directive);
}

static void a_page_that_all_may_only_read_says_nothing_of_writing(void **state)
{
    (void)state;
    serve_at("/", NULL);
    assert_int_equal(get("/"), 200);
    assert_not_in_body("You may");
    assert_not_in_body("<form");
    assert_not_in_body("<script");
    assert_true(policy_has("form-action 'none';"));
    assert_false(policy_has("script-src"));
}

static void whoever_may_add_has_a_form(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/", ANN), 200);
    assert_in_body("<form method=\"post\" enctype=\"multipart/form-data\">");
    assert_in_body("Logged in as <b>ann</b>. You may upload, replace, rename and delete.</p>");
    assert_not_in_body("Log in</a>");
    assert_true(policy_has("form-action 'self';"));
    assert_int_equal(ask("GET", "/", READER), 200);
    assert_in_body("Logged in as <b>reader</b>. You may read.</p>");
    assert_not_in_body("<form");
    assert_true(policy_has("form-action 'none';"));
    serve_at("/", &(struct co_http_files_options){.anonymous_rights = CO_MAY_BROWSE | CO_MAY_ADD});
    assert_int_equal(get("/"), 200);
    assert_in_body("<p>You may upload; nothing can be replaced.</p>");
    assert_in_body("<form");
}

static void whoever_may_add_and_not_list_gets_the_form_and_no_names(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_text("index.html", "an index");
    put_folder("secret");
    static char full[1u << 16];
    assert_int_equal(ask("GET", "/", DROP), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_in_body("Logged in as <b>drop</b>. You may upload; nothing can be replaced.</p>");
    assert_in_body("What lies here is not shown.");
    assert_in_body("<form method=\"post\" enctype=\"multipart/form-data\">");
    assert_true(policy_has("form-action 'self';"));
    assert_not_in_body("a.txt");
    assert_not_in_body("secret");
    assert_not_in_body("index");
    assert_not_in_body("<table");
    assert_not_in_body("<template");
    snprintf(full, sizeof full, "%s", strstr(site.body, "<body>"));
    assert_int_equal(unlinkat(site.fd, "a.txt", 0), 0);
    assert_int_equal(unlinkat(site.fd, "index.html", 0), 0);
    assert_int_equal(ask("GET", "/", DROP), 200);
    size_t until = (size_t)(strstr(full, "nonce") - full); /* the script's, drawn for each page */
    assert_memory_equal(strstr(site.body, "<body>"), full, until);
    assert_int_equal(ask("GET", "/secret/", DROP), 200);
    assert_in_body("<title>Upload to /secret/</title>");
    assert_int_equal(ask("HEAD", "/secret/", DROP), 200);
    serve_accounts((struct co_http_files_options){.anonymous_rights = CO_MAY_ADD});
    assert_int_equal(get("/"), 200);
    assert_in_body(LOG_IN " to see what is here.</p>");
}

static void a_form_to_a_box_says_how_many_files_have_come(void **state)
{
    (void)state;
    assert_int_equal(ask_with("POST", "/", DROP FORM, PART("a", "1") PART("b", "2") "--XX--"), 303);
    assert_field("Location", "./?uploaded=2");
    assert_content("b", "2");
    assert_int_equal(ask("GET", "/?uploaded=2", DROP), 200);
    assert_in_body("<p role=\"status\"><b>2 files uploaded.</b></p>");
    assert_int_equal(ask("GET", "/?uploaded=1", DROP), 200);
    assert_in_body("<b>1 file uploaded.</b>");
    assert_int_equal(ask("GET", "/?uploaded=%3Cscript%3E", DROP), 200);
    assert_not_in_body("uploaded.</b>");
    assert_int_equal(ask("GET", "/?uploaded=2", ANN), 200);
    assert_not_in_body("uploaded.</b>");
}

static void only_the_own_script_runs_and_only_for_those_who_may_write(void **state)
{
    (void)state;
    char script[80];
    assert_int_equal(ask("GET", "/", ANN), 200);
    const char *policy = field("Content-Security-Policy");
    const char *nonce = strstr(policy, "script-src 'nonce-") + 18;
    assert_non_null(strstr(policy, "connect-src 'self';"));
    assert_null(strstr(policy, "unsafe"));
    snprintf(script, sizeof script, "<script nonce=\"%.32s\">", nonce);
    assert_in_body(script);
    assert_in_body("<template id=\"tools\">");
    assert_not_in_body(" onclick=");
    assert_int_equal(ask("GET", "/", READER), 200);
    assert_not_in_body("<script");
    assert_not_in_body("<template");
    assert_false(policy_has("script-src"));
    assert_false(policy_has("connect-src"));
    serve_at("/", &(struct co_http_files_options){.anonymous_rights = CO_MAY_BROWSE | CO_MAY_ADD});
    assert_int_equal(get("/"), 200);
    assert_in_body("<script");
    assert_not_in_body("<template");
}

static void h23_the_visitors_name_is_escaped(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/", MARKUP), 200);
    assert_in_body("Logged in as <b>&lt;i&gt;</b>.");
}

static void a_stranger_is_told_what_logging_in_is_good_for(void **state)
{
    (void)state;
    put_folder("sub");
    assert_int_equal(get("/"), 200);
    assert_in_body("<p>You may read. " LOG_IN " to upload.</p>");
    assert_not_in_body("<form");
    assert_true(policy_has("form-action 'none';"));
    assert_int_equal(get("/sub/"), 200);
    assert_in_body("href=\"./../?login\""); /* the password is for all that is served */
    serve_accounts((struct co_http_files_options){.anonymous_rights = CO_MAY_BROWSE | CO_MAY_ADD});
    assert_int_equal(get("/"), 200);
    assert_in_body("You may upload; nothing can be replaced. " LOG_IN " to rename and delete.");
    serve_accounts((struct co_http_files_options){.rights_max = CO_MAY_BROWSE});
    assert_int_equal(get("/"), 200);
    assert_in_body("<p>You may read.</p>");
}

static void a_password_is_not_asked_for_where_others_listen(void **state)
{
    (void)state;
    only_in_clear("over TLS nobody does");
    assert_int_equal(co_address_parse("10.0.0.1:80", -1, &site.peer), 0);
    assert_int_equal(get("/"), 200);
    assert_in_body("You may read. Logging in is possible over TLS");
    assert_not_in_body("?login");
    assert_int_equal(get("/?login"), 403);
}

static void the_link_to_log_in_asks_and_leads_back(void **state)
{
    (void)state;
    put_folder("sub");
    assert_int_equal(get("/?login"), 401);
    assert_field("WWW-Authenticate", "Basic realm=\"Coronet\", charset=\"UTF-8\"");
    assert_int_equal(ask("GET", "/?login", ANN), 303);
    assert_field("Location", "./");
    assert_int_equal(ask("GET", "/sub/?login", ANN), 303);
    assert_int_equal(get("/?logins"), 200);
    serve_at("/", NULL);
    assert_int_equal(get("/?login"), 200);
}

/* ---- order ---------------------------------------------------------------------------------- */

/* The listed names, in their order, each with a space. */
static const char *order_of(const char *target)
{
    static char names[1024];
    assert_int_equal(get(target), 200);
    names[0] = '\0';
    size_t size = 0;
    for (const char *at = site.body; (at = strstr(at, "<span>")); at++)
        size += (size_t)snprintf(
            names + size, sizeof names - size, "%.*s ", (int)strcspn(at + 6, "<"), at + 6);
    return names;
}

static void sorts_by_name_size_and_date(void **state)
{
    (void)state;
    put("file10", "1234", 4);
    put("file9", "12345", 5);
    put("File1", "1", 1);
    put("file009a", "", 0);
    put_folder("zoo");
    put_folder("Ape");
    set_time("file10", 1000000001);
    set_time("file9", 1000000000);
    set_time("File1", 1000000003);
    set_time("file009a", 1000000002);
    set_time("zoo", 5);
    set_time("Ape", 4);
    assert_string_equal(order_of("/"), "Ape/ zoo/ File1 file9 file009a file10 ");
    assert_in_body("<th class=\"name\" aria-sort=\"ascending\">");
    assert_in_body("href=\"./?sort=name&amp;order=desc\"");
    assert_string_equal(
        order_of("/?sort=name&order=desc"), "zoo/ Ape/ file10 file009a file9 File1 ");
    assert_in_body("<a href=\"./zoo/?sort=name&amp;order=desc\">");
    assert_string_equal(order_of("/?sort=size"), "Ape/ zoo/ file009a File1 file10 file9 ");
    assert_string_equal(
        order_of("/?sort=size&order=desc"), "Ape/ zoo/ file9 file10 File1 file009a ");
    assert_in_body("<th class=\"size\" aria-sort=\"descending\">");
    assert_string_equal(order_of("/?sort=date"), "Ape/ zoo/ file9 file10 file009a File1 ");
    assert_string_equal(
        order_of("/?sort=date&order=desc"), "zoo/ Ape/ File1 file009a file10 file9 ");
    assert_string_equal(
        order_of("/?sort=%3Cscript%3E&order=x"), "Ape/ zoo/ File1 file9 file009a file10 ");
    assert_not_in_body("script");
}

static void sizes_are_for_people_and_exact_on_demand(void **state)
{
    (void)state;
    static const struct {
        off_t size;
        const char *cell;
    } cases[] = {
        {0, "title=\"0 bytes\">0\u00a0B<"},
        {1, "title=\"1 byte\">1\u00a0B<"},
        {999, "title=\"999 bytes\">999\u00a0B<"},
        {1000, "title=\"1,000 bytes\">1.0\u00a0kB<"},
        {9999, "title=\"9,999 bytes\">9.9\u00a0kB<"},
        {12345, "title=\"12,345 bytes\">12\u00a0kB<"},
        {1234567, "title=\"1,234,567 bytes\">1.2\u00a0MB<"},
        {5000000000, "title=\"5,000,000,000 bytes\">5.0\u00a0GB<"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        put_text("file", "");
        int fd = openat(site.fd, "file", O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, cases[i].size), 0);
        close(fd);
        assert_int_equal(get("/"), 200);
        assert_in_body(cases[i].cell);
    }
}

/* ---- programs ------------------------------------------------------------------------------- */

/* Which is another one on each file system: it has to be there, and no inode's number. */
static void take_id_out(char *json)
{
    static const char field[] = "\"id\":\"0123456789abcdef\",";
    char *at = strstr(json, "\"id\":");
    assert_non_null(at);
    memmove(at, at + strlen(field), strlen(at + strlen(field)) + 1);
}

static void programs_get_json(void **state)
{
    (void)state;
    put_text("a \"b\".txt", "hello\n");
    put_text("broken\xff", "");
    put_folder("sub");
    set_time("a \"b\".txt", 784111777);
    set_time("broken\xff", 0);
    set_time("sub", 1);
    assert_int_equal(ask("GET", "/", "Accept: application/json\r\n"), 200);
    assert_field("Content-Type", "application/json");
    assert_field("Vary", "Accept, Accept-Encoding");
    static const char expected[] =
        "{\"path\":\"/\",\"entries\":[\n"
        "{\"name\":\"sub\",\"href\":\"./sub/\",\"type\":\"folder\","
        "\"modified\":\"1970-01-01T00:00:01Z\"},\n"
        "{\"name\":\"a \\\"b\\\".txt\",\"href\":\"./a%20%22b%22.txt\",\"type\":\"file\",\"size\":6,"
        "\"modified\":\"1994-11-06T08:49:37Z\"},\n"
        "{\"name\":\"broken\ufffd\",\"href\":\"./broken%FF\",\"type\":\"file\",\"size\":0,"
        "\"modified\":\"1970-01-01T00:00:00Z\"}\n"
        "],\"truncated\":false}\n";
    take_id_out(site.body);
    assert_string_equal(site.body, expected);
    assert_int_equal(ask("GET", "/", "Accept: text/html, application/json;q=0.9\r\n"), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_int_equal(ask("GET", "/", "Accept: */*\r\n"), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_int_equal(ask("GET", "/sub/", "Accept: application/json\r\n"), 200);
    assert_string_equal(site.body, "{\"path\":\"/sub/\",\"entries\":[],\"truncated\":false}\n");
}

static void a_page_has_no_version_to_be_matched_rfc9110_13_1(void **state)
{
    (void)state;
    put_folder("sub");
    for (int archive = 0; archive < 2; archive++) {
        serve_at("/", &(struct co_http_files_options){.archive = archive});
        const char *target = archive ? "/sub/?archive=tar" : "/sub/";
        assert_int_equal(ask("GET", target, "If-Match: \"a\"\r\n"), 412);
        assert_int_equal(ask("GET", target, "If-Match: *\r\n"), 200);
        assert_int_equal(ask("GET", target, "If-None-Match: \"a\"\r\n"), 200);
        assert_int_equal(ask("GET", target, "If-None-Match: *\r\n"), 304);
        if (!archive)
            assert_field("Vary", "Accept, Accept-Encoding");
        static const char dates[] = "If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT\r\n"
                                    "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        assert_int_equal(ask("GET", target, dates), 200);
    }
    assert_int_equal(ask("GET", "/none/", "If-Match: \"a\"\r\n"), 404);
}

/* ---- large ones ------------------------------------------------------------------------------ */

static void a_large_folder_comes_in_pieces(void **state)
{
    (void)state;
    char name[64];
    unsigned count = 0;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "a file among a thousand others, number %u", i);
        put_text(name, "");
    }
    assert_int_equal(get("/"), 200);
    assert_in_body("1,000 files");
    for (const char *at = site.body; (at = strstr(at, "<span>")); at++)
        count++;
    assert_int_equal(count, 1000);
    size_t size = site.body_size;
    assert_int_equal(ask("GET", "/", "Accept-Encoding: gzip\r\n"), 200);
    assert_field("Content-Encoding", "gzip");
    assert_true(site.body_size < size / 8);
    gunzip();
    assert_int_equal(site.body_size, size);
    assert_in_body("number 999</span>");
}

#define HUGE_NAMES 20000 /* of 250 bytes: 6 MiB as entries */
#define READERS    10    /* hold more than all listings together may */

static void put_huge_folder(void)
{
    char name[300], tail[246] = ""; /* of names that are soon told apart */
    memset(tail, 'x', sizeof tail - 1);
    put_folder("huge");
    put_text("huge/0", "");
    for (unsigned i = 1; i < HUGE_NAMES; i++) { /* links are quicker made than files */
        snprintf(name, sizeof name, "huge/%05u%s", i, tail);
        assert_int_equal(linkat(site.fd, "huge/0", site.fd, name, 0), 0);
    }
}

/* Asks for the huge folder and reads no more than the start. */
static co_stream *begin_to_read(co_group *group)
{
    static const char request[] = "GET /huge/ HTTP/1.1\r\nHost: a\r\n\r\n";
    const uint8_t *bytes;
    co_stream *peer = site_connect(group, 4096);
    assert_int_equal(co_write(peer, request, sizeof request - 1), 0);
    assert_true(co_peek(peer, 12, &bytes) >= 12);
    assert_memory_equal(bytes, "HTTP/1.1 200", 12);
    return peer;
}

/* One reader less. */
static void end_reading(co_stream *peer, co_group *group)
{
    co_abort(peer);
    assert_int_equal(co_group_close(group), 0);
}

static void listings_at_once_hold_no_more_than_allowed(void **state)
{
    (void)state;
    co_stream *peers[READERS];
    co_group groups[READERS];
    put_huge_folder();
    /* A slow machine takes longer than a reader may be silent. */
    site.server->options.min_rate = -1;
    for (unsigned i = 0; i < READERS; i++) {
        co_group_open(&groups[i], NULL);
        peers[i] = begin_to_read(&groups[i]);
    }
    assert_int_equal(get("/huge/"), 503);
    assert_field("Connection", "close");
    assert_int_equal(get("/"), 200); /* small ones are served all the same */
    end_reading(peers[READERS - 1], &groups[READERS - 1]);
    assert_int_equal(ask("GET", "/huge/", "Accept-Encoding: gzip\r\n"), 200);
    for (unsigned i = READERS - 1; i-- > 0;)
        end_reading(peers[i], &groups[i]);
}

static void a_deep_path_is_shortened(void **state)
{
    (void)state;
    char path[256] = "", target[300];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(path + strlen(path), sizeof path - strlen(path), "%u", i);
        put_folder(path);
        strcat(path, "/");
    }
    snprintf(target, sizeof target, "/%s", path);
    assert_int_equal(get(target), 200);
    assert_in_body("Home</a><li>\u2026<li>");
    assert_in_body("<a href=\"./../\">38</a>");
    assert_in_body("<li aria-current=\"page\">39<");
    assert_not_in_body(">20</a>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(lists_what_can_be_asked_for),
        SITE_TEST(what_is_no_folder_is_404),
        SITE_TEST(head_has_no_body),
        SITE_TEST(h23_names_are_escaped),
        SITE_TEST(h23_the_path_is_escaped),
        SITE_TEST(nothing_can_run_and_only_the_own_style_applies),
        ACCOUNTS_TEST(a_page_that_all_may_only_read_says_nothing_of_writing),
        ACCOUNTS_TEST(whoever_may_add_has_a_form),
        ACCOUNTS_TEST(whoever_may_add_and_not_list_gets_the_form_and_no_names),
        ACCOUNTS_TEST(a_form_to_a_box_says_how_many_files_have_come),
        ACCOUNTS_TEST(only_the_own_script_runs_and_only_for_those_who_may_write),
        ACCOUNTS_TEST(h23_the_visitors_name_is_escaped),
        ACCOUNTS_TEST(a_stranger_is_told_what_logging_in_is_good_for),
        ACCOUNTS_TEST(a_password_is_not_asked_for_where_others_listen),
        ACCOUNTS_TEST(the_link_to_log_in_asks_and_leads_back),
        SITE_TEST(sorts_by_name_size_and_date),
        SITE_TEST(sizes_are_for_people_and_exact_on_demand),
        SITE_TEST(programs_get_json),
        SITE_TEST(a_page_has_no_version_to_be_matched_rfc9110_13_1),
        SITE_TEST(a_large_folder_comes_in_pieces),
        SITE_TEST(listings_at_once_hold_no_more_than_allowed),
        SITE_TEST(a_deep_path_is_shortened),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

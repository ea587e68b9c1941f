/* SPDX-License-Identifier: MIT */
#include "files_rig.h"

#include "codec/date.h"
#include "falsify.h"

#define BIG (200u << 10) /* bytes: more than the cache keeps in memory */

/* ---- what is there, and what is not ---------------------------------------------------------- */

static void sends_a_file(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(get("/a.txt"), 200);
    assert_field("Content-Type", "text/plain; charset=utf-8");
    assert_field("Content-Length", "6");
    assert_field("Accept-Ranges", "bytes");
    assert_field("X-Content-Type-Options", "nosniff");
    assert_field("Cache-Control", "no-cache");
    assert_non_null(field("ETag"));
    assert_non_null(field("Last-Modified"));
    assert_body("hello\n", 6);
    assert_int_equal(site.sent, 6);
}

static void sends_a_large_file(void **state)
{
    (void)state;
    put("big.bin", plain_bytes(BIG), BIG);
    assert_int_equal(get("/big.bin"), 200);
    assert_body(plain_bytes(BIG), BIG);
}

static void head_is_get_without_body_rfc9110_9_3_2(void **state)
{
    (void)state;
    put("big.bin", plain_bytes(BIG), BIG);
    put_text("a.txt", "hello\n");
    assert_int_equal(ask("HEAD", "/a.txt", ""), 200);
    assert_field("Content-Length", "6");
    assert_body("", 0);
    assert_int_equal(ask("HEAD", "/big.bin", ""), 200);
    assert_field("Content-Length", "204800");
    assert_body("", 0);
}

static void an_empty_file_is_a_file(void **state)
{
    (void)state;
    put_text("empty", "");
    assert_int_equal(get("/empty"), 200);
    assert_field("Content-Length", "0");
    assert_field("Content-Type", "application/octet-stream");
    assert_int_equal(ask("GET", "/empty", "Range: bytes=0-0\r\n"), 200);
    assert_no_field("Content-Range");
}

static void other_methods_are_405_with_allow_rfc9110_15_5_6(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "MKCOL", "MOVE"};
    for (size_t i = 0; i < CO_LENGTH(methods); i++) {
        assert_int_equal(ask(methods[i], "/a.txt", "Content-Length: 0\r\n"), 405);
        assert_field("Allow", "GET, HEAD, OPTIONS");
    }
    assert_int_equal(ask("OPTIONS", "/a.txt", ""), 204);
    assert_field("Allow", "GET, HEAD, OPTIONS");
}

static void what_is_not_there_is_404_and_its_page_says_nothing(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_text(".secret", "hidden");
    assert_int_equal(symlinkat("/etc/passwd", site.fd, "passwd"), 0);
    assert_int_equal(mkfifoat(site.fd, "fifo", 0644), 0);
    static const char *const targets[] = {"/b.txt", "/a.txt/", "/a.txt/b", "/.secret", "/passwd",
        "/fifo", "/%3Cscript%3E", "/a.txt%5c", "/%2e%2e%2e", "/\x7e"};
    for (size_t i = 0; i < CO_LENGTH(targets); i++) {
        assert_int_equal(get(targets[i]), 404);
        assert_not_in_body("script");
        assert_not_in_body(targets[i]);
    }
}

static void h12_nothing_outside_can_be_reached(void **state)
{
    (void)state;
    static const char *const targets[] = {"/../etc/passwd", "/%2e%2e/etc/passwd",
        "/..%2fetc/passwd", "/%252e%252e/etc/passwd", "//etc/passwd", "/;/../../etc/passwd",
        "/%c0%ae%c0%ae/etc/passwd", "/a%00b", "/....//etc/passwd", "/..\\etc\\passwd"};
    for (size_t i = 0; i < CO_LENGTH(targets); i++) {
        int status = get(targets[i]);
        assert_true(status == 404 || status == 400);
        assert_not_in_body("root:");
    }
}

static void what_may_not_be_read_is_403(void **state)
{
    (void)state;
    if (geteuid() == 0) /* may read everything */
        skip();
    put_text("private", "no");
    assert_int_equal(fchmodat(site.fd, "private", 0, 0), 0);
    assert_int_equal(get("/private"), 403);
}

static void hidden_files_are_shown_when_asked_for(void **state)
{
    (void)state;
    put_text(".secret", "hidden");
    serve_at("/", &(struct co_http_files_options){.hidden = true});
    assert_int_equal(get("/.secret"), 200);
}

static void a_folder_gets_its_slash_and_keeps_the_query(void **state)
{
    (void)state;
    put_folder("sub folder");
    assert_int_equal(get("/sub%20folder?sort=size"), 301);
    assert_field("Location", "/sub%20folder/?sort=size");
}

static void h21_a_redirect_stays_on_this_host(void **state)
{
    (void)state;
    put_folder("evil.example");
    assert_int_equal(get("//evil.example"), 301);
    assert_field("Location", "/evil.example/");
    assert_int_equal(get("//evil.example/%2e%2e//evil.example"), 301);
    assert_field("Location", "/evil.example/");
}

/* Not RFC 3986, but what curl sends of a query, and other clients of a path. */
static void bytes_beyond_ascii_need_no_escape(void **state)
{
    (void)state;
    put_text("gr\xc3\xbc\xc3\x9f"
             "e",
        "hello");
    put_folder("\xe4");
    assert_int_equal(get("/gr\xc3\xbc%c3%9fe?\xc3\xa4"), 200);
    assert_body("hello", 5);
    assert_int_equal(get("/\xe4?\xc3\xa4=%41"), 301);
    assert_field("Location", "/%E4/?%C3%A4=%41");
}

static void a_folder_shows_its_index(void **state)
{
    (void)state;
    put_folder("sub");
    put_text("sub/index.html", "<p>index");
    assert_int_equal(get("/sub/"), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_body("<p>index", 8);
    serve_at("/", &(struct co_http_files_options){.index = "home.html", .no_listing = true});
    assert_int_equal(get("/sub/"), 404);
    put_text("sub/home.html", "home");
    assert_int_equal(get("/sub/"), 200);
    assert_body("home", 4);
}

static void an_application_answers_for_what_is_not_there(void **state)
{
    (void)state;
    put_text("app.html", "app");
    put_text("real.txt", "real");
    serve_at("/", &(struct co_http_files_options){.spa = "app.html"});
    assert_int_equal(get("/users/7"), 200);
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_body("app", 3);
    assert_int_equal(get("/real.txt"), 200);
    assert_body("real", 4);
    assert_int_equal(ask("POST", "/users/7", "Content-Length: 0\r\n"), 405);
    serve_at("/", &(struct co_http_files_options){.spa = "/app.html"});
    assert_int_equal(get("/any/where"), 200);
    serve_at("/", &(struct co_http_files_options){.spa = ".//./app.html"});
    assert_int_equal(get("/any/where"), 200);
}

static void a_folder_may_have_a_place_of_its_own(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_folder("sub");
    serve_at("/shared/files/", NULL);
    assert_int_equal(get("/shared/files/a.txt"), 200);
    assert_int_equal(get("/a.txt"), 404);
    assert_int_equal(get("/shared/files/sub"), 301);
    assert_field("Location", "/shared/files/sub/");
}

static void options_make_fields(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    serve_at("/", &(struct co_http_files_options){.cache_seconds = 60, .cors = "*"});
    assert_int_equal(get("/a.txt"), 200);
    assert_field("Cache-Control", "max-age=60");
    assert_field("Access-Control-Allow-Origin", "*");
    assert_int_equal(get("/b.txt"), 404);
    assert_field("Access-Control-Allow-Origin", "*");
    serve_at("/", &(struct co_http_files_options){.cache_seconds = -1});
    assert_int_equal(get("/a.txt"), 200);
    assert_no_field("Cache-Control");
}

static void pages_of_other_sites_may_read_everything(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    put_folder("sub");
    serve_at("/", &(struct co_http_files_options){.cors = "https://b"});
    static const char *const targets[] = {"/", "/a.txt", "/sub", "/none"};
    for (size_t i = 0; i < CO_LENGTH(targets); i++) {
        get(targets[i]);
        assert_field("Access-Control-Allow-Origin", "https://b");
        assert_field("Access-Control-Expose-Headers", "*");
    }
    assert_int_equal(ask("OPTIONS", "/a.txt",
                         "Origin: https://b\r\nAccess-Control-Request-Method: GET\r\n"
                         "Access-Control-Request-Headers: range,x-own\r\n"),
        204);
    assert_field("Access-Control-Allow-Origin", "https://b");
    assert_field("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    assert_field("Access-Control-Allow-Headers", "range,x-own");
    assert_field("Allow", "GET, HEAD, OPTIONS");
    assert_int_equal(ask("OPTIONS", "/a.txt", ""), 204);
    assert_field("Allow", "GET, HEAD, OPTIONS");
    assert_no_field("Access-Control-Allow-Methods");
    serve_at("/", NULL);
    assert_int_equal(ask("OPTIONS", "/", "Access-Control-Request-Method: GET\r\n"), 204);
    assert_no_field("Access-Control-Allow-Methods");
}

static int files_hello(co_http_request *request, void *arg)
{
    (void)arg;
    return co_http_text(request, 200, "hello");
}

static void refuses_what_cannot_be_served(void **state)
{
    (void)state;
    serve_at("/no-slash", NULL);
    assert_int_equal(co_http_serve(site.server, "localhost:0", NULL), -EINVAL);
    serve_at("/", &(struct co_http_files_options){.cors = "*\r\nX: y"});
    assert_int_equal(co_http_serve(site.server, "localhost:0", NULL), -EINVAL);
    co_http_server_free(site.server);
    assert_int_equal(co_http_server_new(&site.server, NULL), 0);
    co_http_files(site.server, "/", "/no/such/folder", NULL);
    assert_int_equal(co_http_serve(site.server, "localhost:0", NULL), -ENOENT);
    assert_non_null(strstr(co_explain(-ENOENT), "\"/no/such/folder\""));
    co_http_server_free(site.server);
    assert_int_equal(co_http_server_new(&site.server, NULL), 0);
    co_http_route(site.server, "GET hello", files_hello, NULL);
    assert_int_equal(co_http_serve(site.server, "localhost:0", NULL), -EINVAL);
    assert_non_null(strstr(co_explain(-EINVAL), "\"GET hello\""));
}

/* ---- change --------------------------------------------------------------------------------- */

static void a_change_is_seen_by_the_next_request(void **state)
{
    (void)state;
    put_text("a.txt", "one");
    set_time("a.txt", 1000000000);
    assert_int_equal(get("/a.txt"), 200);
    const char *before = field("ETag");
    assert_int_equal(get("/a.txt"), 200);
    assert_string_equal(field("ETag"), before);
    put_text("a.txt", "three");
    assert_int_equal(get("/a.txt"), 200);
    assert_body("three", 5);
    assert_string_not_equal(field("ETag"), before);
    assert_int_equal(unlinkat(site.fd, "a.txt", 0), 0);
    assert_int_equal(get("/a.txt"), 404);
}

static void requests_that_come_together_get_the_same(void **state)
{
    (void)state;
    put_text("a.txt", "one");
    talk("GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n"
         "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    unsigned count = 0;
    for (const char *at = site.got; (at = strstr(at, "\r\n\r\none")); at++)
        count++;
    assert_int_equal(count, 2);
    assert_non_null(strstr(site.got, "HTTP/1.1 404"));
}

static void last_modified_is_never_in_the_future_rfc9110_8_8_2_1(void **state)
{
    (void)state;
    put_text("a.txt", "one");
    set_time("a.txt", co_wall_seconds() + 1000000);
    assert_int_equal(get("/a.txt"), 200);
    assert_string_equal(field("Last-Modified"), field("Date"));
    set_time("a.txt", 20000000000); /* more nanoseconds than 63 bits hold */
    assert_int_equal(get("/a.txt"), 200);
    assert_field("Last-Modified", field("Date"));
    set_time("a.txt", -20000000000);
    assert_int_equal(get("/a.txt"), 200);
    assert_no_field("Last-Modified");
    set_time("a.txt", 784111777);
    if (co_wall_seconds() < 784111777)
        skip();
    assert_int_equal(get("/a.txt"), 200);
    assert_field("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
}

/* ---- conditions ----------------------------------------------------------------------------- */

static void answers_conditions_by_tag_rfc9110_13_1(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    assert_int_equal(get("/a.txt"), 200);
    const char *tag = field("ETag");
    assert_int_equal(ask("GET", "/a.txt", with("If-None-Match", tag)), 304);
    assert_body("", 0);
    assert_string_equal(field("ETag"), tag);
    assert_field("Cache-Control", "no-cache");
    assert_field("Vary", "Accept-Encoding");
    assert_no_field("Content-Length");
    assert_no_field("Content-Type");
    assert_int_equal(ask("HEAD", "/a.txt", "If-None-Match: *\r\n"), 304);
    assert_int_equal(ask("GET", "/a.txt", "If-None-Match: \"other\"\r\n"), 200);
    assert_int_equal(ask("GET", "/a.txt", with("If-Match", tag)), 200);
    assert_int_equal(ask("GET", "/a.txt", "If-Match: \"other\"\r\n"), 412);
}

static void answers_conditions_by_date_rfc9110_13_1_3(void **state)
{
    (void)state;
    put_text("a.txt", "hello\n");
    set_time("a.txt", 10);
    const char *since = "If-Modified-Since: Thu, 01 Jan 1970 00:00:10 GMT\r\n";
    const char *earlier = "If-Modified-Since: Thu, 01 Jan 1970 00:00:09 GMT\r\n";
    if (co_wall_seconds() < 10)
        skip();
    assert_int_equal(ask("GET", "/a.txt", since), 304);
    assert_int_equal(ask("GET", "/a.txt", earlier), 200);
    assert_int_equal(
        ask("GET", "/a.txt", "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:09 GMT\r\n"), 412);
    assert_int_equal(ask("GET", "/a.txt",
                         "If-None-Match: \"x\"\r\n"
                         "If-Modified-Since: Thu, 01 Jan 1970 00:00:10 GMT\r\n"),
        200);
}

/* ---- a calendar that jumps ------------------------------------------------------------------- */

static const char *date_at(int64_t seconds)
{
    static char date[CO_DATE_SIZE + 1];
    co_date_write(date, seconds);
    return date;
}

/* Each response says what the calendar says then, and judges dates by it; forwards and back. */
static void m15_conditions_and_dates_follow_a_clock_that_jumps(void **state)
{
    (void)state;
    const int64_t jumps[] = {0, TEN_YEARS, 0, -TEN_YEARS, 1, 0};
    int64_t start = co_wall_seconds();
    put_text("a.txt", "hello\n");
    set_time("a.txt", start - 86400);
    falsify()->wall = jumped_wall;
    for (size_t i = 0; i < CO_LENGTH(jumps); i++) {
        calendar_jump = jumps[i];
        int64_t earliest = co_wall_seconds();
        bool is_past = jumps[i] >= 0; /* the file's last change */
        assert_int_equal(get("/a.txt"), 200);
        int64_t date, modified;
        assert_int_equal(co_date_read(co_text_of(field("Date")), earliest, &date), 0);
        assert_int_equal(co_date_read(co_text_of(field("Last-Modified")), earliest, &modified), 0);
        assert_in_range(date, earliest, co_wall_seconds());
        assert_true(modified == (is_past ? start - 86400 : date));
        /* RFC 9110 8.8.2.1: a change that is yet to come is taken for one of now. */
        const char *since = with("If-Unmodified-Since", date_at(start - TEN_YEARS / 2));
        assert_int_equal(ask("GET", "/a.txt", since), is_past ? 412 : 200);
    }
    falsify_end();
}

/* ---- ranges --------------------------------------------------------------------------------- */

static void sends_a_range_rfc9110_15_3_7_1(void **state)
{
    (void)state;
    static const struct {
        const char *range, *content_range;
        size_t from, size;
    } cases[] = {
        {"bytes=0-0", "bytes 0-0/204800", 0, 1},
        {"bytes=5-9", "bytes 5-9/204800", 5, 5},
        {"bytes=204799-", "bytes 204799-204799/204800", 204799, 1},
        {"bytes=-10", "bytes 204790-204799/204800", 204790, 10},
        {"bytes=100000-999999999", "bytes 100000-204799/204800", 100000, 104800},
    };
    put("big.bin", plain_bytes(BIG), BIG);
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(ask("GET", "/big.bin", with("Range", cases[i].range)), 206);
        assert_field("Content-Range", cases[i].content_range);
        assert_field("Content-Type", "application/octet-stream");
        assert_non_null(field("ETag"));
        assert_body(plain_bytes(BIG) + cases[i].from, cases[i].size);
    }
}

static void sends_a_range_of_a_small_file(void **state)
{
    (void)state;
    put_text("a.txt", "0123456789");
    assert_int_equal(ask("GET", "/a.txt", "Range: bytes=2-4\r\n"), 206);
    assert_field("Content-Range", "bytes 2-4/10");
    assert_field("Content-Length", "3");
    assert_body("234", 3);
}

/* Walks a multipart body; the parts' contents must be those of `whole`. The number of parts. */
static unsigned check_parts(const char *whole)
{
    const char *type = field("Content-Type");
    assert_non_null(strstr(type, "multipart/byteranges; boundary="));
    char mark[80];
    unsigned count = 0;
    int size = snprintf(mark, sizeof mark, "\r\n--%s", strstr(type, "=") + 1);
    char *at = site.body;
    while (memcmp(at, mark, (size_t)size) == 0 && memcmp(at + size, "--", 2) != 0) {
        unsigned long first, last, total;
        char *range = strstr(at, "Content-Range: bytes ");
        assert_int_equal(
            sscanf(range, "Content-Range: bytes %lu-%lu/%lu", &first, &last, &total), 3);
        assert_non_null(strstr(at, "\r\nContent-Type: "));
        at = strstr(range, "\r\n\r\n") + 4;
        assert_memory_equal(at, whole + first, last - first + 1);
        at += last - first + 1;
        count++;
    }
    assert_memory_equal(at, mark, (size_t)size);
    assert_string_equal(at + size, "--\r\n");
    return count;
}

static void sends_several_ranges_rfc9110_15_3_7_2(void **state)
{
    (void)state;
    put("big.bin", plain_bytes(BIG), BIG);
    put("small.bin", plain_bytes(5000), 5000);
    assert_int_equal(ask("GET", "/big.bin", "Range: bytes=0-9,100000-150000,-1\r\n"), 206);
    assert_int_equal(strtoul(field("Content-Length"), NULL, 10), site.body_size);
    assert_no_field("Content-Range");
    assert_int_equal(check_parts(plain_bytes(BIG)), 3);
    assert_int_equal(ask("GET", "/small.bin", "Range: bytes=4000-4009,0-0\r\n"), 206);
    assert_int_equal(strtoul(field("Content-Length"), NULL, 10), site.body_size);
    assert_int_equal(check_parts(plain_bytes(5000)), 2);
}

static void h14_many_ranges_get_the_whole(void **state)
{
    (void)state;
    static char ranges[20000];
    put("big.bin", plain_bytes(BIG), BIG);
    for (unsigned overlap = 0; overlap < 2; overlap++) {
        size_t size = (size_t)snprintf(ranges, sizeof ranges, "Range: bytes=0-0");
        for (unsigned i = 1; i < 1000; i++)
            size += (size_t)snprintf(ranges + size, sizeof ranges - size, ",%u-%u",
                overlap ? 5 : i * 200, overlap ? i + 5 : i * 200);
        snprintf(ranges + size, sizeof ranges - size, "\r\n");
        assert_int_equal(ask("GET", "/big.bin", ranges), 200);
        assert_body(plain_bytes(BIG), BIG);
    }
    assert_int_equal(ask("GET", "/big.bin", "Range: bytes=-18446744073709551617\r\n"), 206);
    assert_body(plain_bytes(BIG), BIG);
    assert_int_equal(ask("GET", "/big.bin", "Range: bytes=0-18446744073709551617\r\n"), 206);
    assert_body(plain_bytes(BIG), BIG);
}

static void ranges_are_for_get_alone_and_within_the_file_rfc9110_14_2(void **state)
{
    (void)state;
    put_text("a.txt", "0123456789");
    assert_int_equal(ask("HEAD", "/a.txt", "Range: bytes=2-4\r\n"), 200);
    assert_field("Content-Length", "10");
    assert_int_equal(ask("GET", "/a.txt", "Range: bytes=10-\r\n"), 416);
    assert_field("Content-Range", "bytes */10");
    assert_int_equal(ask("GET", "/a.txt", "Range: lines=1-2\r\n"), 200);
    assert_int_equal(ask("GET", "/a.txt", "Range: bytes=4-2\r\n"), 416);
}

static void a_range_depends_on_if_range_rfc9110_13_1_5(void **state)
{
    (void)state;
    char fields[600];
    put_text("a.txt", "0123456789");
    assert_int_equal(get("/a.txt"), 200);
    snprintf(fields, sizeof fields, "Range: bytes=2-4\r\nIf-Range: %s\r\n", field("ETag"));
    assert_int_equal(ask("GET", "/a.txt", fields), 206);
    assert_int_equal(ask("GET", "/a.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n"), 200);
    put_text("a.txt", "changed content");
    assert_int_equal(ask("GET", "/a.txt", fields), 200);
    assert_body("changed content", 15);
}

/* ---- a file that changes while it is sent ---------------------------------------------------- */

static void m03_a_file_that_shrinks_is_cut_off(void **state)
{
    (void)state;
    static const char request[] = "GET /big.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static char got[1u << 20];
    co_group group;
    ssize_t n, size = 0;
    put("big.bin", plain_bytes(1u << 20), 1u << 20);
    co_group_open(&group, NULL);
    co_stream *peer = site_connect(&group, 4096);
    assert_int_equal(co_write(peer, request, sizeof request - 1), 0);
    size = co_read(peer, got, 1000);
    assert_true(size > 0);
    assert_non_null(strstr(got, "Content-Length: 1048576\r\n"));
    put_text("big.bin", "short");
    while ((n = co_read(peer, got, sizeof got)) > 0)
        size += n;
    assert_true(size < 1 << 20);
    co_abort(peer);
    assert_int_equal(co_group_close(&group), 0);
    assert_int_equal(site.error, CO_EEOF);
}

static void grow_big(void)
{
    int fd = openat(site.fd, "big.bin", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
}

static void replace_big(void)
{
    put_text("other", "another one");
    assert_int_equal(renameat(site.fd, "other", site.fd, "big.bin"), 0);
}

static void a_file_that_grows_or_is_replaced_is_sent_as_it_was_found(void **state)
{
    static void (*const changes[])(void) = {grow_big, replace_big};
    static const char request[] = "GET /big.bin HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    static char got[(1u << 20) + 4096];
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(changes); i++) {
        co_group group;
        put("big.bin", plain_bytes(1u << 20), 1u << 20);
        co_group_open(&group, NULL);
        co_stream *peer = site_connect(&group, 4096);
        assert_int_equal(co_write(peer, request, sizeof request - 1), 0);
        ssize_t n, size = co_read(peer, got, 1000);
        assert_true(size > 0);
        changes[i]();
        while ((n = co_read(peer, got + size, sizeof got - (size_t)size)) > 0)
            size += n;
        co_abort(peer);
        assert_int_equal(co_group_close(&group), 0);
        const char *body = memmem(got, (size_t)size, "\r\n\r\n", 4);
        assert_non_null(body);
        assert_int_equal(got + size - (body + 4), 1 << 20);
        assert_memory_equal(body + 4, plain_bytes(1u << 20), 1u << 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(sends_a_file),
        SITE_TEST(sends_a_large_file),
        SITE_TEST(head_is_get_without_body_rfc9110_9_3_2),
        SITE_TEST(an_empty_file_is_a_file),
        SITE_TEST(other_methods_are_405_with_allow_rfc9110_15_5_6),
        SITE_TEST(what_is_not_there_is_404_and_its_page_says_nothing),
        SITE_TEST(h12_nothing_outside_can_be_reached),
        SITE_TEST(what_may_not_be_read_is_403),
        SITE_TEST(hidden_files_are_shown_when_asked_for),
        SITE_TEST(a_folder_gets_its_slash_and_keeps_the_query),
        SITE_TEST(h21_a_redirect_stays_on_this_host),
        SITE_TEST(bytes_beyond_ascii_need_no_escape),
        SITE_TEST(a_folder_shows_its_index),
        SITE_TEST(an_application_answers_for_what_is_not_there),
        SITE_TEST(a_folder_may_have_a_place_of_its_own),
        SITE_TEST(options_make_fields),
        SITE_TEST(pages_of_other_sites_may_read_everything),
        SITE_TEST(refuses_what_cannot_be_served),
        SITE_TEST(a_change_is_seen_by_the_next_request),
        SITE_TEST(requests_that_come_together_get_the_same),
        SITE_TEST(last_modified_is_never_in_the_future_rfc9110_8_8_2_1),
        SITE_TEST(answers_conditions_by_tag_rfc9110_13_1),
        SITE_TEST(answers_conditions_by_date_rfc9110_13_1_3),
        SITE_TEST(m15_conditions_and_dates_follow_a_clock_that_jumps),
        SITE_TEST(sends_a_range_rfc9110_15_3_7_1),
        SITE_TEST(sends_a_range_of_a_small_file),
        SITE_TEST(sends_several_ranges_rfc9110_15_3_7_2),
        SITE_TEST(h14_many_ranges_get_the_whole),
        SITE_TEST(ranges_are_for_get_alone_and_within_the_file_rfc9110_14_2),
        SITE_TEST(a_range_depends_on_if_range_rfc9110_13_1_5),
        SITE_TEST(m03_a_file_that_shrinks_is_cut_off),
        SITE_TEST(a_file_that_grows_or_is_replaced_is_sent_as_it_was_found),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

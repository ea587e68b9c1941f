/* SPDX-License-Identifier: MIT */
/* What uploads over HTTP may be, how fast, and whose they are. */
#include "accounts_rig.h"

/* ---- the largest file ----------------------------------------------------------------------- */

#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void limit_files_to(uint64_t bytes)
{
    serve_accounts((struct co_http_files_options){.upload_bytes_max = bytes});
}

/* The last answer refused a file, and says how large one may be. */
static void assert_limit_is_named(const char *bytes)
{
    char text[64];
    snprintf(text, sizeof text, "A file may have at most %s bytes here.\n", bytes);
    assert_memory_equal(site.got, "HTTP/1.1 413", 12);
    assert_string_equal(site.body, text);
    assert_int_equal(partials(), 0);
}

static void a_file_that_says_it_is_too_large_is_not_read(void **state)
{
    (void)state;
    limit_files_to(5);
    const char *expect = ANN "Content-Length: 6\r\nExpect: 100-continue\r\n";
    assert_int_equal(ask("PUT", "/a", expect), 413);
    assert_limit_is_named("5");
    assert_int_equal(ask_with("PUT", "/a", ANN, "01234"), 201);
}

static void a_file_that_grows_too_large_leaves_nothing(void **state)
{
    (void)state;
    limit_files_to(5);
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN CHUNKED "\r\n4\r\n0123\r\n2\r\n45\r\n0\r\n\r\n");
    assert_limit_is_named("5");
    assert_false(exists("a"));
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN CHUNKED "\r\n4\r\n0123\r\n1\r\n4\r\n0\r\n\r\n");
    assert_memory_equal(site.got, "HTTP/1.1 201", 12);
}

/* Many clients read no answer before all is sent; what a close resets they never read. */
static void a_refusal_is_heard_by_who_has_a_mebibyte_still_to_send(void **state)
{
    (void)state;
    static char text[1050000];
    limit_files_to(100000);
    int head = snprintf(
        text, sizeof text, "PUT /a HTTP/1.1\r\nHost: a\r\n" ANN CHUNKED "\r\n%x\r\n", 1u << 20);
    memset(text + head, 'x', 1 << 20);
    talk(text);
    assert_limit_is_named("100000");
}

static void of_a_file_in_parts_the_whole_counts(void **state)
{
    (void)state;
    limit_files_to(5);
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 0-1/6\r\n", "01"), 413);
    assert_limit_is_named("5");
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 0-1/*\r\n", "01"), 202);
    assert_int_equal(partials(), 1);
    assert_int_equal(ask_with("PUT", "/a", ANN "Content-Range: bytes 2-5/*\r\n", "2345"), 413);
    assert_int_equal(partials(), 1); /* refused before it was touched: it may go on otherwise */
    talk("PUT /a HTTP/1.1\r\nHost: a\r\n" ANN CHUNKED
         "Content-Range: bytes 2-4/5\r\n\r\n4\r\n2345\r\n0\r\n\r\n");
    assert_limit_is_named("5");
}

static void of_a_form_each_file_counts(void **state)
{
    (void)state;
    limit_files_to(5);
    assert_int_equal(
        ask_with("POST", "/", ANN FORM, PART("a", "01234") PART("b", "01234") "--XX--"), 303);
    assert_int_equal(
        ask_with("POST", "/", ANN FORM, PART("c", "1") PART("d", "012345") "--XX--"), 413);
    assert_limit_is_named("5");
    assert_content("c", "1");
    assert_false(exists("d"));
}

/* ---- the rate ------------------------------------------------------------------------------- */

#define SIZE 40000

/* Sends it all at once; how long it took to be stored, in milliseconds. */
static int64_t time_upload(const char *request)
{
    int64_t start = co_now_ns();
    talk(request);
    assert_memory_equal(site.got, "HTTP/1.1 20", 11);
    assert_int_equal(strlen(content("a")), 4095); /* all that it looks at */
    return (co_now_ns() - start) / CO_MS;
}

static const char *request_of(
    const char *method, const char *path, const char *fields, const char *start, const char *end)
{
    static char request[2 * SIZE];
    snprintf(request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s%.*s%s", method, path, fields,
        strlen(start) + SIZE + strlen(end), start, SIZE, plain_bytes(SIZE), end);
    return request;
}

/* In virtual time only: these take some seconds. */
static void an_account_uploads_no_faster_than_its_rate(void **state)
{
    (void)state;
    static const char start[] =
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
    if (strcmp(co_backend_name(), "virtual") != 0)
        return;
    assert_in_range(time_upload(request_of("PUT", "/a", ANN, "", "")), 0, 100);
    accounts.rate = 10000;
    assert_in_range(time_upload(request_of("PUT", "/a", ANN, "", "")), 3900, 4100);
    assert_in_range(time_upload(request_of(
                        "POST", "/", ANN FORM "Accept: application/json\r\n", start, "\r\n--XX--")),
        3900, 4100);
}

/* Each of the many small chunks may not cost the least sleep. */
static void a_rate_is_kept_in_small_chunks_too(void **state)
{
    (void)state;
    static char request[2 * SIZE];
    if (strcmp(co_backend_name(), "virtual") != 0)
        return;
    size_t at = (size_t)snprintf(
        request, sizeof request, "PUT /a HTTP/1.1\r\nHost: a\r\n" ANN CHUNKED "\r\n");
    for (unsigned i = 0; i < SIZE / 20; i++) /* with its framing a chunk has 15 bytes */
        at += (size_t)snprintf(request + at, sizeof request - at, "a\r\n0123456789\r\n");
    snprintf(request + at, sizeof request - at, "0\r\n\r\n");
    accounts.rate = 100000;
    assert_in_range(time_upload(request), 290, 320);
}

/* ---- what is told of it --------------------------------------------------------------------- */

static void each_file_that_comes_in_is_told_of(void **state)
{
    (void)state;
    put_folder("sub");
    ask_with("PUT", "/sub/a%20b", ANN, "12345");
    ask_with("PUT", "/c", ANN "Content-Range: bytes 0-2/5\r\n", "123");
    ask_with("PUT", "/c", ANN "Content-Range: bytes 3-4/5\r\n", "45");
    assert_string_equal(transfers_told(), "+/sub/a b 5 by ann, +/c 3 by ann!, +/c 2 by ann, ");
    ask_with("POST", "/sub/", ANN FORM, PART("x", "1") PART("deep/y", "22") "--XX--");
    assert_string_equal(transfers_told(), "+/sub/x 1 by ann, +/sub/deep/y 2 by ann, ");
    ask_with("POST", "/", ANN FORM, PART("x", "1") "--XX\r\n");
    talk("PUT /d HTTP/1.1\r\nHost: a\r\n" ANN "Content-Length: 3\r\n\r\n12");
    assert_string_equal(transfers_told(), "+/x 1 by ann, +/d 2 by ann!, ");
    ask_with("PUT", "/sub", ANN, "12345");
    ask_with("PUT", "/a", READER, "12345");
    assert_string_equal(transfers_told(), "");
}

static void each_file_that_goes_out_is_told_of_and_nothing_else(void **state)
{
    (void)state;
    put_text("a b", "12345");
    put_text("empty", "");
    put("large", plain_bytes(100000), 100000);
    get("/a%20b?query");
    ask("GET", "/a%20b", ANN "Range: bytes=1-2\r\n");
    get("/empty");
    get("/large");
    assert_string_equal(
        transfers_told(), "/a b 5 by , /a b 2 by ann, /empty 0 by , /large 100000 by , ");
    get("/");
    get("/none");
    ask("HEAD", "/empty", "");
    ask("GET", "/a%20b", "Range: bytes=7-8\r\n");
    ask("GET", "/a%20b", "If-None-Match: *\r\n");
    ask("DELETE", "/empty", ANN);
    assert_string_equal(transfers_told(), "");
    serve_accounts((struct co_http_files_options){.archive = true});
    get("/?archive=tar");
    assert_memory_equal(transfers_told(), "/ ", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ACCOUNTS_TEST(a_file_that_says_it_is_too_large_is_not_read),
        ACCOUNTS_TEST(a_file_that_grows_too_large_leaves_nothing),
        ACCOUNTS_TEST(a_refusal_is_heard_by_who_has_a_mebibyte_still_to_send),
        ACCOUNTS_TEST(of_a_file_in_parts_the_whole_counts),
        ACCOUNTS_TEST(of_a_form_each_file_counts),
        ACCOUNTS_TEST(an_account_uploads_no_faster_than_its_rate),
        ACCOUNTS_TEST(a_rate_is_kept_in_small_chunks_too),
        ACCOUNTS_TEST(each_file_that_comes_in_is_told_of),
        ACCOUNTS_TEST(each_file_that_goes_out_is_told_of_and_nothing_else),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

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

static int all_tests(void *arg)
{
    (void)arg;
    const struct CMUnitTest tests[] = {
        ACCOUNTS_TEST(a_file_that_says_it_is_too_large_is_not_read),
        ACCOUNTS_TEST(a_file_that_grows_too_large_leaves_nothing),
        ACCOUNTS_TEST(of_a_file_in_parts_the_whole_counts),
        ACCOUNTS_TEST(of_a_form_each_file_counts),
    };
    return cmocka_run_group_tests_name(co_backend_name(), tests, NULL, NULL);
}

int main(void)
{
    return run_within(NULL, all_tests) || run_within("virtual", all_tests);
}

/* SPDX-License-Identifier: MIT */
/* Folders as archives. What other programs make of them is tests/e2e/test_archive.py's. */
#include "files_rig.h"

static const struct co_http_files_options on = {.archive = true};

static bool holds(const char *text)
{
    return memmem(site.body, site.body_size, text, strlen(text)) != NULL;
}

static void sends_a_folder_by_its_name(void **state)
{
    (void)state;
    serve_at("/", &on);
    put_folder("sub \u00fc");
    put_text("sub \u00fc/a", "hello");
    assert_int_equal(get("/sub%20%C3%BC/?archive=tar"), 200);
    assert_field("Content-Type", "application/x-tar");
    assert_field("Content-Disposition",
        "attachment; filename=\"sub __.tar\"; filename*=UTF-8''sub%20%C3%BC.tar");
    assert_true(holds("path=sub \u00fc/a\n"));
    assert_int_equal(site.body_size, 4 * 512 + 1024);
    assert_int_equal(get("/?archive=zip"), 200);
    assert_field("Content-Type", "application/zip");
    assert_true(holds("files/sub \u00fc/a"));
    assert_int_equal(get("/?archive=tar.gz"), 200);
    gunzip();
    assert_true(holds("path=files/sub \u00fc/a\n"));
    assert_int_equal(ask("HEAD", "/?archive=zip", ""), 200);
    assert_body("", 0);
}

static void is_there_only_where_it_was_switched_on(void **state)
{
    (void)state;
    put_folder("sub");
    assert_int_equal(get("/?archive=tar"), 404);
    assert_int_equal(get("/"), 200);
    assert_not_in_body("?archive");
    serve_at("/", &(struct co_http_files_options){.archive = true, .no_listing = true});
    assert_int_equal(get("/?archive=tar"), 404);
    serve_at(
        "/", &(struct co_http_files_options){.archive = true, .anonymous_rights = CO_MAY_LIST});
    assert_int_equal(get("/?archive=tar"), 403);
    serve_at(
        "/", &(struct co_http_files_options){.archive = true, .anonymous_rights = CO_MAY_READ});
    assert_int_equal(get("/?archive=tar"), 403);
    serve_at("/", &on);
    assert_int_equal(get("/"), 200);
    assert_in_body("href=\"./?archive=tar.gz\"");
    assert_int_equal(get("/none/?archive=tar"), 404);
    assert_int_equal(get("/sub?archive=tar"), 301);
    assert_field("Location", "/sub/?archive=tar");
}

static void nothing_from_outside_is_in_it_m01(void **state)
{
    (void)state;
    serve_at("/", &on);
    assert_int_equal(symlinkat("/etc/passwd", site.fd, "passwd"), 0);
    assert_int_equal(symlinkat("/etc", site.fd, "etc"), 0);
    assert_int_equal(symlinkat(".", site.fd, "round"), 0);
    assert_int_equal(mkfifoat(site.fd, "fifo", 0644), 0);
    put_text("a", "hello");
    assert_int_equal(symlinkat("a", site.fd, "alias"), 0);
    assert_int_equal(get("/?archive=tar"), 200);
    assert_int_equal(site.body_size, 4 * 512 + 1024);
    assert_true(holds("files/a"));
    assert_true(holds("files/alias"));
}

static void hidden_names_are_not_in_it_h12(void **state)
{
    (void)state;
    serve_at("/", &on);
    put_text(".secret", "hello");
    put_folder(".git");
    put_text(".git/config", "hello");
    assert_int_equal(get("/?archive=tar"), 200);
    assert_int_equal(site.body_size, 1024);
    serve_at("/", &(struct co_http_files_options){.archive = true, .hidden = true});
    assert_int_equal(get("/?archive=tar"), 200);
    assert_true(holds("files/.git/config"));
}

/* ---- those who take their time ----------------------------------------------------------------
 */

#define AT_ONCE 4

/* A client that asks for the archive and reads what comes first. */
static co_stream *begin(co_group *group)
{
    static const char request[] =
        "GET /?archive=tar HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    char got[16];
    co_stream *peer = site_connect(group, 65536);
    assert_int_equal(co_write(peer, request, sizeof request - 1), 0);
    assert_true(co_read(peer, got, sizeof got) > 12);
    assert_memory_equal(got, "HTTP/1.1 200", 12);
    return peer;
}

static void a_file_that_shrinks_cuts_it_off_m03(void **state)
{
    (void)state;
    char got[1000];
    ssize_t n, size = 0;
    co_group group;
    serve_at("/", &on);
    put("big.bin", plain_bytes(1 << 20), 1 << 20);
    co_group_open(&group, NULL);
    co_stream *peer = begin(&group);
    put_text("big.bin", "short");
    while ((n = co_read(peer, got, sizeof got)) > 0)
        size += n;
    assert_true(size < 1 << 20);
    co_abort(peer);
    assert_int_equal(co_group_close(&group), 0);
    assert_int_equal(site.error, CO_EEOF);
}

static void no_more_than_a_few_are_made_at_once(void **state)
{
    (void)state;
    co_stream *peers[AT_ONCE];
    co_group group;
    serve_at("/", &on);
    put("big.bin", plain_bytes(1 << 20), 1 << 20);
    co_group_open(&group, NULL);
    for (size_t i = 0; i < AT_ONCE; i++)
        peers[i] = begin(&group);
    assert_int_equal(get("/?archive=tar"), 503);
    assert_field("Retry-After", "10");
    for (size_t i = 0; i < AT_ONCE; i++)
        co_abort(peers[i]);
    assert_int_equal(co_group_close(&group), 0); /* who is gone is not worked for */
    site.error = 0;
    assert_int_equal(get("/?archive=tar"), 200);
    assert_int_equal(site.body_size, 512 + (1 << 20) + 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(sends_a_folder_by_its_name),
        SITE_TEST(is_there_only_where_it_was_switched_on),
        SITE_TEST(nothing_from_outside_is_in_it_m01),
        SITE_TEST(hidden_names_are_not_in_it_h12),
        SITE_TEST(a_file_that_shrinks_cuts_it_off_m03),
        SITE_TEST(no_more_than_a_few_are_made_at_once),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

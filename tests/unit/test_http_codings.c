/* SPDX-License-Identifier: MIT */
/* Which form of a file is sent: its own, its sibling's, or one that we compress. */
#include "files_rig.h"

#include "tree/cache.h"

#define BIG (200u << 10) /* bytes: more than the cache keeps in memory */

static void compresses_small_text_rfc9110_8_4(void **state)
{
    (void)state;
    put("a.txt", plain_bytes(20000), 20000);
    assert_int_equal(get("/a.txt"), 200);
    const char *plain_tag = field("ETag");
    assert_field("Vary", "Accept-Encoding");
    assert_no_field("Content-Encoding");
    assert_int_equal(ask("GET", "/a.txt", "Accept-Encoding: gzip, deflate\r\n"), 200);
    assert_field("Content-Encoding", "gzip");
    assert_field("Vary", "Accept-Encoding");
    assert_no_field("Accept-Ranges");
    const char *tag = field("ETag");
    assert_string_not_equal(tag, plain_tag);
    assert_memory_equal(tag, "W/\"", 3);
    assert_true(site.body_size < 10000);
    assert_int_equal(strtoul(field("Content-Length"), NULL, 10), site.body_size);
    gunzip();
    assert_body(plain_bytes(20000), 20000);
    char fields[600];
    snprintf(fields, sizeof fields, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", tag);
    assert_int_equal(ask("GET", "/a.txt", fields), 304);
    assert_string_equal(field("ETag"), tag);
}

static void compresses_large_text_on_the_way(void **state)
{
    (void)state;
    put("a.txt", plain_bytes(BIG), BIG);
    assert_int_equal(ask("GET", "/a.txt", "Accept-Encoding: gzip\r\n"), 200);
    assert_field("Transfer-Encoding", "chunked");
    gunzip();
    assert_body(plain_bytes(BIG), BIG);
    assert_int_equal(ask("HEAD", "/a.txt", "Accept-Encoding: gzip\r\n"), 200);
    assert_field("Content-Encoding", "gzip");
}

static void a_range_is_of_the_file_itself_where_we_would_compress(void **state)
{
    (void)state;
    put("a.txt", plain_bytes(20000), 20000);
    assert_int_equal(
        ask("GET", "/a.txt", "Accept-Encoding: gzip\r\nRange: bytes=100-199\r\n"), 206);
    assert_no_field("Content-Encoding");
    assert_body(plain_bytes(20000) + 100, 100);
}

static void does_not_compress_what_is_small_or_dense_or_refused(void **state)
{
    (void)state;
    static char noise[5000];
    co_random(noise, sizeof noise);
    put("noise.txt", noise, sizeof noise);
    put("a.png", plain_bytes(20000), 20000);
    put("tiny.txt", plain_bytes(1000), 1000);
    put("a.txt", plain_bytes(20000), 20000);
    static const char *const targets[] = {"/noise.txt", "/a.png", "/tiny.txt"};
    for (size_t i = 0; i < CO_LENGTH(targets); i++) {
        assert_int_equal(ask("GET", targets[i], "Accept-Encoding: gzip\r\n"), 200);
        assert_no_field("Content-Encoding");
        assert_int_equal(ask("GET", targets[i], "Accept-Encoding: gzip\r\n"), 200);
    }
    assert_int_equal(ask("GET", "/a.png", ""), 200);
    assert_no_field("Vary");
    assert_int_equal(ask("GET", "/a.txt", "Accept-Encoding: gzip;q=0, *;q=0\r\n"), 200);
    assert_no_field("Content-Encoding");
    serve_at(
        "/", &(struct co_http_files_options){.no_compression = true, .no_precompressed = true});
    assert_int_equal(ask("GET", "/a.txt", "Accept-Encoding: gzip\r\n"), 200);
    assert_no_field("Content-Encoding");
    assert_no_field("Vary");
}

/* Files that have not just been changed stay in the cache, with what was made of them. */
static bool have_settled(const char *name)
{
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    assert_int_equal(fstatat(site.fd, name, &st, 0), 0);
    int64_t age = (now.tv_sec - st.st_ctim.tv_sec) * CO_SECOND + now.tv_nsec - st.st_ctim.tv_nsec;
    return age > 3 * CO_TREE_SETTLED_NS;
}

static void a_sibling_has_its_own_type_under_its_own_name(void **state)
{
    static const char *const names[] = {"/a.css", "/a.css.gz", "/b.css.gz", "/b.css"};
    (void)state;
    put_text("a.css", "plain");
    put_text("a.css.gz", "in gzip");
    put_text("b.css", "plain");
    put_text("b.css.gz", "in gzip");
    while (!have_settled("b.css.gz"))
        assert_int_equal(get("/b.css"), 200);
    for (int i = 0; i < 8; i++) {
        bool is_own = strstr(names[i % 4], ".gz") != NULL;
        assert_int_equal(ask("GET", names[i % 4], "Accept-Encoding: gzip\r\n"), 200);
        assert_field("Content-Type", is_own ? "application/gzip" : "text/css; charset=utf-8");
        assert_body("in gzip", 7);
        assert_int_equal(
            ask("GET", names[i % 4], "Accept-Encoding: gzip\r\nRange: bytes=3-\r\n"), 206);
        assert_field("Content-Type", is_own ? "application/gzip" : "text/css; charset=utf-8");
    }
}

static void sends_the_sibling_that_the_client_likes_best(void **state)
{
    (void)state;
    put_text("a.css", "plain");
    put_text("a.css.br", "in brotli");
    put_text("a.css.gz", "in gzip");
    static const struct {
        const char *accept, *coding, *body;
    } cases[] = {
        {"gzip, br", "br", "in brotli"},
        {"gzip;q=1, br;q=0.5", "gzip", "in gzip"},
        {"zstd, gzip;q=0.1", "gzip", "in gzip"},
        {"x-gzip", "gzip", "in gzip"},
        {"identity, br;q=0", NULL, "plain"},
        {"zstd", NULL, "plain"},
    };
    for (size_t i = 0; i < CO_LENGTH(cases); i++) {
        assert_int_equal(ask("GET", "/a.css", with("Accept-Encoding", cases[i].accept)), 200);
        assert_field("Content-Type", "text/css; charset=utf-8");
        assert_field("Vary", "Accept-Encoding");
        if (cases[i].coding)
            assert_field("Content-Encoding", cases[i].coding);
        else
            assert_no_field("Content-Encoding");
        assert_body(cases[i].body, strlen(cases[i].body));
    }
    assert_int_equal(get("/a.css.gz"), 200);
    assert_field("Content-Type", "application/gzip");
    assert_no_field("Content-Encoding");
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: br\r\nRange: bytes=3-\r\n"), 206);
    assert_field("Content-Encoding", "br");
    assert_body("brotli", 6);
}

/* Also one that is never compressed on the way; then others need not hear that it might be. */
static void a_file_of_any_type_has_siblings(void **state)
{
    (void)state;
    put_text("a.bin", "plain");
    put_text("a.bin.br", "in brotli");
    put_text("b.bin", "plain");
    assert_int_equal(ask("GET", "/a.bin", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_field("Content-Encoding", "br");
    assert_field("Content-Type", "application/octet-stream");
    assert_field("Vary", "Accept-Encoding");
    assert_body("in brotli", 9);
    assert_int_equal(ask("GET", "/b.bin", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_no_field("Content-Encoding");
    assert_no_field("Vary");
    assert_body("plain", 5);
    assert_int_equal(get("/a.bin"), 200);
    assert_body("plain", 5);
    serve_at("/", &(struct co_http_files_options){.no_precompressed = true});
    assert_int_equal(ask("GET", "/a.bin", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_no_field("Content-Encoding");
}

static void a_sibling_must_be_a_file_and_not_older(void **state)
{
    (void)state;
    put_text("a.css", "plain");
    put_text("a.css.gz", "of an older one");
    set_time("a.css.gz", 1000000000);
    put_folder("a.css.br");
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_no_field("Content-Encoding");
    set_time("a.css", 999999999);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_field("Content-Encoding", "gzip");
    assert_int_equal(unlinkat(site.fd, "a.css.gz", 0), 0);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: gzip, br\r\n"), 200);
    assert_no_field("Content-Encoding");
}

/* brotli gives it the file's time, but for the fraction of a second. */
static void a_sibling_may_have_its_time_in_whole_seconds(void **state)
{
    (void)state;
    const struct timespec earlier[] = {{1000000000, 4}, {1000000000, 4}};
    const struct timespec later[] = {{1000000000, 5}, {1000000000, 5}};
    put_text("a.css", "plain");
    put_text("a.css.br", "in brotli");
    assert_int_equal(utimensat(site.fd, "a.css", later, 0), 0);
    set_time("a.css.br", 1000000000);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: br\r\n"), 200);
    assert_field("Content-Encoding", "br");
    assert_int_equal(utimensat(site.fd, "a.css.br", earlier, 0), 0);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: br\r\n"), 200);
    assert_no_field("Content-Encoding");
    set_time("a.css.br", 999999999);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: br\r\n"), 200);
    assert_no_field("Content-Encoding");

    /* The file was written once more after it, within that second. */
    const struct timespec again[] = {{4000000000, 5}, {4000000000, 5}};
    assert_int_equal(utimensat(site.fd, "a.css", again, 0), 0);
    set_time("a.css.br", 4000000000);
    assert_int_equal(ask("GET", "/a.css", "Accept-Encoding: br\r\n"), 200);
    assert_no_field("Content-Encoding");
}

static void an_index_has_siblings_too(void **state)
{
    (void)state;
    put_text("index.html", "plain");
    put_text("index.html.zst", "in zstd");
    assert_int_equal(ask("GET", "/", "Accept-Encoding: zstd\r\n"), 200);
    assert_field("Content-Encoding", "zstd");
    assert_field("Content-Type", "text/html; charset=utf-8");
    assert_body("in zstd", 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(compresses_small_text_rfc9110_8_4),
        SITE_TEST(compresses_large_text_on_the_way),
        SITE_TEST(a_range_is_of_the_file_itself_where_we_would_compress),
        SITE_TEST(does_not_compress_what_is_small_or_dense_or_refused),
        SITE_TEST(a_sibling_has_its_own_type_under_its_own_name),
        SITE_TEST(sends_the_sibling_that_the_client_likes_best),
        SITE_TEST(a_file_of_any_type_has_siblings),
        SITE_TEST(a_sibling_must_be_a_file_and_not_older),
        SITE_TEST(a_sibling_may_have_its_time_in_whole_seconds),
        SITE_TEST(an_index_has_siblings_too),
    };
    return run_within(NULL, tests) || run_within("virtual", tests);
}

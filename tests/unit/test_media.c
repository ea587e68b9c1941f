/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "codec/media.h"

static struct co_media *media_of(const char *text)
{
    struct co_media *media = NULL;
    assert_int_equal(co_media_new(&media, co_text_of(text)), 0);
    return media;
}

static void assert_type(const struct co_media *media, const char *name, const char *expected)
{
    assert_text(co_media_type(media, co_text_of(name)), expected);
}

static void knows_the_web_without_a_file(void **state)
{
    (void)state;
    struct co_media *media = media_of(NULL);
    const char *cases[][2] = {{"index.html", "text/html; charset=utf-8"},
        {"a.css", "text/css; charset=utf-8"}, {"a.js", "text/javascript; charset=utf-8"},
        {"a.min.mjs", "text/javascript; charset=utf-8"}, {"a.wasm", "application/wasm"},
        {"a.json", "application/json"}, {"a.svg", "image/svg+xml"}, {"a.webp", "image/webp"},
        {"a.avif", "image/avif"}, {"a.woff2", "font/woff2"}, {"a.mp4", "video/mp4"},
        {"a.md", "text/markdown; charset=utf-8"}, {"a.tar.gz", "application/gzip"}};
    for (size_t i = 0; i < CO_LENGTH(cases); i++)
        assert_type(media, cases[i][0], cases[i][1]);
    co_media_free(media);
}

static void last_suffix_decides_without_case(void **state)
{
    (void)state;
    struct co_media *media = media_of("");
    assert_type(media, "A.HTML", "text/html; charset=utf-8");
    assert_type(media, "a.html.PnG", "image/png");
    const char *unknown[] = {"", ".", "html", "a.", "a.html.", "a.unheard", "a.html/b",
        "a.abcdefghijabcdefghijabcdefghijab", "a.abcdefghijabcdefghijabcdefghijabc", "a.html "};
    for (size_t i = 0; i < CO_LENGTH(unknown); i++)
        assert_type(media, unknown[i], "application/octet-stream");
    assert_text(co_media_type(media, (co_text){0}), "application/octet-stream");
    assert_text(co_media_type(media, CO_TEXT("a.html\0")), "application/octet-stream");
    co_media_free(media);
}

static void file_adds_to_the_builtin_types(void **state)
{
    (void)state;
    struct co_media *media =
        media_of("# comment x\n\ntext/plain\t\tSRT  c\r\nApplication/X-Foo foo # html bar\n"
                 "application/x-late js foo late\nmodel/obj obj");
    assert_type(media, "a.srt", "text/plain; charset=utf-8");
    assert_type(media, "a.C", "text/plain; charset=utf-8");
    assert_type(media, "a.foo", "application/x-foo");
    assert_type(media, "a.js", "text/javascript; charset=utf-8");
    assert_type(media, "a.late", "application/x-late");
    assert_type(media, "a.obj", "model/obj");
    assert_type(media, "a.bar", "application/octet-stream");
    assert_type(media, "a.html", "text/html; charset=utf-8");
    co_media_free(media);
}

static void malformed_lines_are_skipped(void **state)
{
    (void)state;
    struct co_media *media = media_of("nonsense a1\n/x a2\nx/ a3\nx/y/z a4\nx/y;q a5\nx/\x01y a6\n"
                                      "x/y:z a7\nx/\xc3\xa9 a8\n#x/y a9\n \t\r\nx/y a0");
    for (char c = '1'; c <= '9'; c++)
        assert_text(
            co_media_type(media, (co_text){(char[]){'.', 'a', c}, 3}), "application/octet-stream");
    assert_type(media, "a.a0", "x/y");
    co_media_free(media);
}

static void compresses_text_in_all_its_guises(void **state)
{
    (void)state;
    const char *yes[] = {"text/html", "Text/HTML; charset=utf-8", "application/json",
        "application/json ;x=y", "application/problem+json", "image/svg+xml", "APPLICATION/WASM",
        "application/javascript", "font/ttf"};
    const char *no[] = {"", "text", "image/png", "application/gzip", "application/octet-stream",
        "video/mp4", "font/woff2", "application/zip", "application/x-foo; note=text/html",
        "application/jsonx"};
    for (size_t i = 0; i < CO_LENGTH(yes); i++)
        assert_true(co_media_compressible(co_text_of(yes[i])));
    for (size_t i = 0; i < CO_LENGTH(no); i++)
        assert_false(co_media_compressible(co_text_of(no[i])));
    assert_false(co_media_compressible((co_text){0}));
    co_media_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_web_without_a_file),
        cmocka_unit_test(last_suffix_decides_without_case),
        cmocka_unit_test(file_adds_to_the_builtin_types),
        cmocka_unit_test(malformed_lines_are_skipped),
        cmocka_unit_test(compresses_text_in_all_its_guises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

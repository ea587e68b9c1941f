/* SPDX-License-Identifier: MIT */
#include "codec/media.h"

#include <errno.h>
#include <stdlib.h>

#define SUFFIX_SIZE_MAX 32 /* the longest of Debian's without a dot within has 25 bytes */
#define CHARSET         "; charset=utf-8"

/*
 * What a web server must know even without Debian's file, and what browsers insist on (modules and
 * streamed WebAssembly are refused under another type). In the file's own format, in lower case.
 */
static const char builtin[] = "text/html html htm\n"
                              "text/css css\n"
                              "text/javascript js mjs\n" /* RFC 9239 6 */
                              "text/plain txt text log\n"
                              "text/markdown md markdown\n"
                              "text/csv csv\n"
                              "text/vtt vtt\n"
                              "application/json json map\n"
                              "application/manifest+json webmanifest\n"
                              "application/wasm wasm\n"
                              "application/xml xml\n"
                              "application/xhtml+xml xhtml\n"
                              "application/atom+xml atom\n"
                              "application/rss+xml rss\n"
                              "application/pdf pdf\n"
                              "application/gzip gz\n"
                              "application/zstd zst\n"
                              "application/zip zip\n"
                              "application/x-tar tar\n"
                              "application/x-xz xz\n"
                              "image/svg+xml svg\n"
                              "image/png png\n"
                              "image/jpeg jpg jpeg\n"
                              "image/gif gif\n"
                              "image/webp webp\n"
                              "image/avif avif\n"
                              "image/vnd.microsoft.icon ico\n"
                              "font/woff woff\n"
                              "font/woff2 woff2\n"
                              "font/ttf ttf\n"
                              "font/otf otf\n"
                              "audio/mpeg mp3\n"
                              "audio/ogg ogg oga opus\n"
                              "audio/mp4 m4a\n"
                              "audio/flac flac\n"
                              "video/mp4 mp4 m4v\n"
                              "video/webm webm\n"
                              "video/ogg ogv\n"
                              "video/mp2t ts\n"
                              "application/vnd.apple.mpegurl m3u8\n";

struct media_type {
    struct media_type *next;
    size_t size;
    char text[]; /* with its charset */
};

struct co_media {
    struct co_map by_suffix; /* keys lie in `lower` or `builtin` */
    struct media_type *types;
    char *lower; /* the text it was made from, in lower case: types and suffixes know no case */
};

static co_text next_until(co_text *rest, const char *marks)
{
    size_t size = 0;
    while (size < rest->size && !strchr(marks, rest->at[size]))
        size++;
    co_text word = {rest->at, size};
    *rest = co_text_after(*rest, size + 1);
    return word;
}

/* The next word of a line; empty only at its end. A NUL separates too. */
static co_text next_word(co_text *line)
{
    co_text word = {0};
    while (line->size && word.size == 0)
        word = next_until(line, " \t\r");
    return word;
}

/* RFC 6838 4.2: it goes into a header as it is. */
static bool is_type(co_text type)
{
    size_t slashes = 0;
    for (size_t i = 0; i < type.size; i++) {
        char c = type.at[i];
        bool name = (c >= 'a' && c <= 'z') || co_is_digit(c) || memchr("!#$&-^_.+", c, 9);
        if (!name && c != '/')
            return false;
        slashes += c == '/';
    }
    return slashes == 1 && type.at[0] != '/' && type.at[0] != '#' && type.at[type.size - 1] != '/';
}

static struct media_type *type_add(struct co_media *media, co_text name)
{
    co_text charset = co_text_starts(name, CO_TEXT("text/")) ? CO_TEXT(CHARSET) : CO_TEXT("");
    struct media_type *type = malloc(sizeof *type + name.size + charset.size);
    if (!type)
        return NULL;
    memcpy(type->text, name.at, name.size);
    memcpy(type->text + name.size, charset.at, charset.size);
    type->size = name.size + charset.size;
    type->next = media->types;
    media->types = type;
    return type;
}

static int add_line(struct co_media *media, co_text line)
{
    co_text name = next_word(&line), suffix;
    struct media_type *type = NULL;
    if (!is_type(name))
        return 0;
    while ((suffix = next_word(&line)).size && suffix.at[0] != '#') {
        if (co_map_get(&media->by_suffix, suffix))
            continue; /* an earlier line's */
        if (!type && !(type = type_add(media, name)))
            return -ENOMEM;
        int rc = co_map_set(&media->by_suffix, suffix, type);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int add_lines(struct co_media *media, co_text text)
{
    int rc = 0;
    while (rc == 0 && text.size)
        rc = add_line(media, next_until(&text, "\n"));
    return rc;
}

int co_media_new(struct co_media **ret, co_text text)
{
    struct co_media *media = calloc(1, sizeof *media);
    if (!media)
        return -ENOMEM;
    /* No secret: those who ask for names cannot put any into the map. */
    co_map_init(&media->by_suffix, (const uint64_t[2]){0, 0});
    int rc = add_lines(media, (co_text){builtin, sizeof builtin - 1});
    if (rc < 0)
        goto fail;
    rc = -ENOMEM;
    media->lower = malloc(text.size + 1);
    if (!media->lower)
        goto fail;
    for (size_t i = 0; i < text.size; i++)
        media->lower[i] = co_lower(text.at[i]);
    rc = add_lines(media, (co_text){media->lower, text.size});
    if (rc < 0)
        goto fail;
    *ret = media;
    return 0;
fail:
    co_media_free(media);
    return rc;
}

void co_media_free(struct co_media *media)
{
    if (!media)
        return;
    while (media->types) {
        struct media_type *type = media->types;
        media->types = type->next;
        free(type);
    }
    co_map_free(&media->by_suffix);
    free(media->lower);
    free(media);
}

co_text co_media_type(const struct co_media *media, co_text name)
{
    char lower[SUFFIX_SIZE_MAX];
    size_t size = 0;
    while (size < name.size && size < sizeof lower && name.at[name.size - 1 - size] != '.') {
        size++;
        lower[sizeof lower - size] = co_lower(name.at[name.size - size]);
    }
    bool has_suffix = size < name.size && name.at[name.size - 1 - size] == '.';
    co_text suffix = {lower + sizeof lower - size, size};
    struct media_type *type = has_suffix ? co_map_get(&media->by_suffix, suffix) : NULL;
    return type ? (co_text){type->text, type->size} : CO_TEXT("application/octet-stream");
}

static bool ends_nocase(co_text text, co_text end)
{
    return text.size >= end.size &&
           co_text_equal_nocase(co_text_after(text, text.size - end.size), end);
}

bool co_media_compressible(co_text type)
{
    static const char *const others[] = {"application/json", "application/javascript",
        "application/xml", "application/wasm", "application/rtf", "application/x-sh",
        "application/x-ndjson", "application/vnd.ms-fontobject", "font/ttf", "font/otf",
        "image/bmp", "image/x-ms-bmp", "image/vnd.microsoft.icon", "image/x-icon"};
    ssize_t parameters = co_text_find(type, ';');
    co_text essence =
        co_text_trim((co_text){type.at, parameters < 0 ? type.size : (size_t)parameters});
    co_text start = {essence.at, essence.size < 5 ? essence.size : 5};
    if (co_text_equal_nocase(start, CO_TEXT("text/")) || ends_nocase(essence, CO_TEXT("+xml")) ||
        ends_nocase(essence, CO_TEXT("+json")))
        return true;
    for (size_t i = 0; i < CO_LENGTH(others); i++)
        if (co_text_equal_nocase(essence, co_text_of(others[i])))
            return true;
    return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * What parses keeps the parser's promises: slices within the text, a host of few characters, paths
 * that are relative and confined, and encoding that decodes to the same bytes. What is typed
 * becomes what parses, and stays so.
 */
#include "codec/idna.h"
#include "codec/url.h"

#define PATH_BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_within(co_text part, co_text text)
{
    return !part.at || (part.at >= text.at && part.at + part.size <= text.at + text.size);
}

static void check_host(co_text host)
{
    assert(host.size > 0);
    for (size_t i = 0; i < host.size; i++)
        assert(strchr("0123456789abcdefghijklmnopqrstuvwxyz-_.:", co_lower(host.at[i])));
}

static void check_url(co_text text)
{
    struct co_url url;
    if (co_url_parse(text, &url) < 0)
        return;
    check_host(url.host);
    assert(url.scheme.size > 0 && (url.path.size == 0 || url.path.at[0] == '/'));
    assert(!url.password.at || url.user.at);
    assert(url.host_is_ipv6 == (co_text_find(url.host, ':') >= 0));
    assert(lies_within(url.scheme, text) && lies_within(url.user, text));
    assert(lies_within(url.password, text) && lies_within(url.host, text));
    assert(lies_within(url.path, text) && lies_within(url.query, text));
    assert(lies_within(url.fragment, text));
    assert(co_text_find(url.user, '@') < 0 && co_text_find(url.password, '@') < 0);
}

static void check_authority(co_text text)
{
    co_text host;
    uint16_t port;
    if (co_url_authority(text, &host, &port) == 0)
        check_host(host);
}

static void check_segments(co_text path)
{
    assert(path.size == 0 || path.at[0] != '/');
    assert(co_text_find(path, '\0') < 0);
    while (path.size) {
        ssize_t slash = co_text_find(path, '/');
        co_text segment = {path.at, slash < 0 ? path.size : (size_t)slash};
        assert(segment.size > 0);
        assert(!co_text_equal(segment, CO_TEXT(".")) && !co_text_equal(segment, CO_TEXT("..")));
        path = co_text_after(path, segment.size + 1);
    }
}

/* A normalised path, encoded as a link and asked for again, is the same path. */
static void check_path(co_text text)
{
    struct co_buf path = CO_BUF(PATH_BYTES_MAX), link = CO_BUF(3 * PATH_BYTES_MAX);
    struct co_buf again = CO_BUF(PATH_BYTES_MAX);
    int rc = co_url_path_decode(text, &path);
    assert(rc == 0 || path.size == 0);
    if (rc == 0) {
        check_segments(co_buf_text(&path));
        co_buf_add_char(&link, '/');
        co_url_encode(&link, co_buf_text(&path), true);
        assert(co_url_path_decode(co_buf_text(&link), &again) == 0);
        assert(co_text_equal(co_buf_text(&path), co_buf_text(&again)));
    }
    co_buf_free(&path);
    co_buf_free(&link);
    co_buf_free(&again);
}

/* Any bytes as a query's value come back; the text as a query is only searched. */
static void check_query(co_text text)
{
    struct co_buf query = CO_BUF(3 * PATH_BYTES_MAX + 2), value = CO_BUF(PATH_BYTES_MAX);
    co_buf_add_string(&query, "a=");
    co_url_encode(&query, text, false);
    assert(co_url_query_get(co_buf_text(&query), CO_TEXT("a"), &value));
    assert(co_text_equal(co_buf_text(&value), text));
    co_buf_clear(&value);
    assert(co_url_query_get(text, CO_TEXT("a"), &value) || value.size == 0);
    co_buf_free(&query);
    co_buf_free(&value);
}

/* What is shown of a URL is all of it but its user. */
static void check_shown(co_text text)
{
    struct co_url url, seen;
    struct co_buf shown = CO_BUF(PATH_BYTES_MAX + 8);
    co_url_shown(text, &shown);
    assert(shown.error == 0);
    if (co_url_parse(text, &url) == 0) {
        assert(co_url_parse(co_buf_text(&shown), &seen) == 0 && !seen.password.at);
        assert(co_text_equal(seen.user, url.user.at ? CO_TEXT("***") : (co_text){0}));
        assert(co_text_equal(seen.host, url.host) && seen.port == url.port);
        assert(co_text_equal(seen.path, url.path) && co_text_equal(seen.query, url.query));
    }
    co_buf_free(&shown);
}

static void check_typed(co_text text)
{
    struct co_buf url = CO_BUF(4 * PATH_BYTES_MAX), again = CO_BUF(4 * PATH_BYTES_MAX);
    struct co_url parsed;
    const char *why;
    int rc = co_url_typed(text, &url, &why);
    assert((rc == CO_EINVALID) == (why != NULL) && (rc == 0 || url.size == 0));
    if (rc == 0) {
        assert(co_url_parse(co_buf_text(&url), &parsed) == 0);
        assert(co_url_typed(co_buf_text(&url), &again, &why) == 0);
        assert(co_text_equal(co_buf_text(&url), co_buf_text(&again)));
    }
    co_buf_free(&url);
    co_buf_free(&again);
}

/* A name's ASCII form is a host's, and its own. */
static void check_idna(co_text text)
{
    struct co_buf ascii = CO_BUF(2048);
    if (co_idna_to_ascii(text, &ascii) == 0) {
        for (size_t i = 0; i < ascii.size; i++)
            assert(strchr("0123456789abcdefghijklmnopqrstuvwxyz-_.", co_lower(ascii.at[i])));
    }
    co_buf_free(&ascii);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    if (size > PATH_BYTES_MAX)
        return 0;
    check_url(text);
    check_authority(text);
    check_path(text);
    check_query(text);
    check_shown(text);
    check_typed(text);
    check_idna(text);
    return 0;
}

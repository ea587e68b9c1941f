/* SPDX-License-Identifier: MIT */
/*
 * What is taken from a Set-Cookie field keeps its bounds and lies within it; what a file's line
 * holds is the same when it is written and read again.
 */
#include "codec/cookie_date.h"
#include "codec/cookie_line.h"
#include "codec/set_cookie.h"

#define LINE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_within(co_text part, co_text text)
{
    return !part.at || (part.at >= text.at && part.at + part.size <= text.at + text.size);
}

static void check_field(co_text text)
{
    struct co_set_cookie cookie;
    if (co_set_cookie_parse(text, &cookie) < 0)
        return;
    assert(text.size <= CO_SET_COOKIE_MAX && co_cookie_is_good(cookie.name, cookie.value));
    assert(lies_within(cookie.name, text) && lies_within(cookie.value, text));
    assert(lies_within(cookie.domain, text) && lies_within(cookie.path, text));
    assert(cookie.domain.size <= CO_COOKIE_ATTRIBUTE_MAX);
    assert(cookie.path.size <= CO_COOKIE_ATTRIBUTE_MAX);
    assert(cookie.path.size == 0 || cookie.path.at[0] == '/');
    assert(co_text_find(cookie.name, '=') < 0 && co_text_find(cookie.value, ';') < 0);
}

static void check_date(co_text text)
{
    int64_t seconds;
    if (co_cookie_date_read(text, &seconds) == 0)
        assert(seconds >= -11644473600LL && seconds <= 253402300799LL);
    if (co_date_read_loosely(text, 0, &seconds) == 0) /* a zone is less than a day */
        assert(seconds >= -62167305600LL && seconds <= 253402387199LL);
}

static void check_line(co_text text)
{
    struct co_cookie_line line, again;
    struct co_buf out = CO_BUF(LINE_MAX);
    if (co_cookie_line_parse(text, &line) == 0 && co_cookie_line_write(&line, &out) == 0) {
        /* A domain with a dot more is one that the jar refuses. */
        assert(co_cookie_line_parse((co_text){out.at, out.size - 1}, &again) == 0 ||
               line.domain.at[0] == '.' || line.domain.at[0] == '#');
        if (line.domain.at[0] != '.' && line.domain.at[0] != '#') {
            assert(co_text_equal(line.domain, again.domain));
            assert(co_text_equal(line.value, again.value) && line.expires == again.expires);
        }
    }
    co_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    check_field(text);
    check_date(text);
    if (size < LINE_MAX / 2)
        check_line(text);
    return 0;
}

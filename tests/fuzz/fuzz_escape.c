/* SPDX-License-Identifier: MIT */
/* Escaped text holds none of the bytes that matter where it goes. */
#include "codec/escape.h"

#define TEXT_BYTES_MAX 65536
#define GROWTH_MAX     6 /* the longest replacement of one byte: &quot; or \u00XX */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(co_text text, void (*escape)(struct co_buf *out, co_text text),
    const char *forbidden, const char *controls)
{
    struct co_buf out = CO_BUF(GROWTH_MAX * TEXT_BYTES_MAX);
    escape(&out, text);
    assert(!out.error);
    for (size_t i = 0; i < out.size; i++) {
        char c = out.at[i];
        assert(!strchr(forbidden, c) || !c);
        assert(((unsigned char)c >= ' ' && c != '\x7f') || (c && strchr(controls, c)));
    }
    /* No C1 control and no U+202A to U+202E, whose bytes would stand there as they are. */
    for (size_t i = 0; i + 2 < out.size && !*controls; i++) {
        const unsigned char *at = (const unsigned char *)out.at + i;
        assert(at[0] != 0xc2 || at[1] >= 0xa0);
        assert(at[0] != 0xe2 || at[1] != 0x80 || at[2] < 0xa8 || at[2] > 0xae);
    }
    co_buf_free(&out);
}

/* A JSON string's inside has no bare quote, and every backslash begins an escape. */
static void check_json(co_text text)
{
    struct co_buf out = CO_BUF(GROWTH_MAX * TEXT_BYTES_MAX);
    co_escape_json(&out, text);
    for (size_t i = 0; i < out.size; i++) {
        assert(out.at[i] != '"');
        if (out.at[i] == '\\') {
            assert(++i < out.size && strchr("\"\\nrtu", out.at[i]));
        }
    }
    co_buf_free(&out);
}

static unsigned hex_value(char c)
{
    const char *digits = "0123456789ABCDEF", *digit = strchr(digits, c);
    assert(c && digit);
    return (unsigned)(digit - digits);
}

/* What went into a log comes out of it: \xHH is its only escape. */
static void check_log(co_text text)
{
    struct co_buf out = CO_BUF(GROWTH_MAX * TEXT_BYTES_MAX);
    co_escape_log(&out, text);
    size_t at = 0;
    for (size_t i = 0; i < out.size; i++, at++) {
        unsigned value = (unsigned char)out.at[i];
        assert(value >= ' ' && value <= '~' && value != '"');
        if (value == '\\') {
            assert(out.size - i >= 4 && out.at[i + 1] == 'x');
            value = hex_value(out.at[i + 2]) << 4 | hex_value(out.at[i + 3]);
            i += 3;
        }
        assert(at < text.size && (unsigned char)text.at[at] == value);
    }
    assert(at == text.size);
    co_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    if (size > TEXT_BYTES_MAX)
        return 0;
    check(text, co_escape_html, "<>\"'", "\t\n\r");
    check(text, co_escape_json, "", "");
    check(text, co_escape_terminal, "", "");
    check_json(text);
    check_log(text);
    return 0;
}

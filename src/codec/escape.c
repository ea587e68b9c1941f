/* SPDX-License-Identifier: MIT */
#include "codec/escape.h"

#define INVALID     UINT32_MAX     /* instead of a code point */
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/*
 * Reads one code point at the start of a text that is not empty; returns its bytes. Of malformed
 * text it takes the longest start of a sequence, as one (Unicode 15, 3.9, table 3-7 and "U+FFFD
 * Substitution of Maximal Subparts"): overlong forms and surrogates never pass.
 */
static size_t utf8_next(co_text text, uint32_t *ret_code)
{
    const unsigned char *bytes = (const unsigned char *)text.at;
    unsigned char lead = bytes[0];
    *ret_code = lead < 0x80 ? lead : INVALID;
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    uint32_t code = lead & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if (i == text.size || bytes[i] < low || bytes[i] > high)
            return i;
        code = code << 6 | (bytes[i] & 0x3fU);
        low = 0x80;
        high = 0xbf;
    }
    *ret_code = code;
    return size;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Would it move a terminal's cursor, end a line or turn the text around it? */
static bool is_disruptive(uint32_t code)
{
    return is_control(code) || code == 0x061c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* Copies runs of code points that are `plain`; the others, and malformed pieces, go to `write`. */
static void escape(struct co_buf *out, co_text text, bool (*plain)(uint32_t code),
    void (*write)(struct co_buf *out, co_text piece, uint32_t code))
{
    size_t run = 0, at = 0;
    while (at < text.size) {
        uint32_t code;
        co_text piece = co_text_after(text, at);
        piece.size = utf8_next(piece, &code);
        if (code == INVALID || !plain(code)) {
            co_buf_add(out, text.at + run, at - run);
            write(out, piece, code);
            run = at + piece.size;
        }
        at += piece.size;
    }
    if (run < at)
        co_buf_add(out, text.at + run, at - run);
}

static bool html_plain(uint32_t code)
{
    if (is_control(code))
        return code == '\t' || code == '\n' || code == '\r';
    return code != '&' && code != '<' && code != '>' && code != '"' && code != '\'';
}

static void html_write(struct co_buf *out, co_text piece, uint32_t code)
{
    (void)piece;
    switch (code) {
    case '&': co_buf_add_string(out, "&amp;"); break;
    case '<': co_buf_add_string(out, "&lt;"); break;
    case '>': co_buf_add_string(out, "&gt;"); break;
    case '"': co_buf_add_string(out, "&quot;"); break;
    case '\'': co_buf_add_string(out, "&#39;"); break;
    default: co_buf_add_string(out, REPLACEMENT);
    }
}

void co_escape_html(struct co_buf *out, co_text text)
{
    escape(out, text, html_plain, html_write);
}

static bool json_plain(uint32_t code)
{
    return code != '"' && code != '\\' && !is_disruptive(code);
}

static void json_write(struct co_buf *out, co_text piece, uint32_t code)
{
    (void)piece;
    switch (code) {
    case '"': co_buf_add_string(out, "\\\""); break;
    case '\\': co_buf_add_string(out, "\\\\"); break;
    case '\n': co_buf_add_string(out, "\\n"); break;
    case '\r': co_buf_add_string(out, "\\r"); break;
    case '\t': co_buf_add_string(out, "\\t"); break;
    case INVALID: co_buf_add_string(out, REPLACEMENT); break;
    default: co_buf_addf(out, "\\u%04x", code); /* all disruptive ones are below U+10000 */
    }
}

void co_escape_json(struct co_buf *out, co_text text)
{
    escape(out, text, json_plain, json_write);
}

static bool log_plain(uint32_t code)
{
    return code >= ' ' && code <= '~' && code != '"' && code != '\\';
}

static void hex_write(struct co_buf *out, co_text piece, uint32_t code)
{
    (void)code;
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < piece.size; i++) {
        unsigned char c = (unsigned char)piece.at[i];
        co_buf_add(out, (char[4]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
    }
}

void co_escape_log(struct co_buf *out, co_text text)
{
    escape(out, text, log_plain, hex_write);
}

static bool terminal_plain(uint32_t code)
{
    return !is_disruptive(code);
}

void co_escape_terminal(struct co_buf *out, co_text text)
{
    escape(out, text, terminal_plain, hex_write);
}

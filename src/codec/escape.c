/* SPDX-License-Identifier: MIT */
#include "codec/escape.h"
#include "codec/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

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
        piece.size = co_utf8_next(piece, &code);
        if (code == CO_UTF8_INVALID || !plain(code)) {
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
    case CO_UTF8_INVALID: co_buf_add_string(out, REPLACEMENT); break;
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

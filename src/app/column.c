/* SPDX-License-Identifier: MIT */
#include "app/column.h"

#include "codec/escape.h"
#include "codec/utf8.h"

#define TEXT_MAX 65536 /* bytes of a name, made harmless */

struct range {
    uint32_t first, last;
};

/* Combining marks, joiners and selectors. Coarse: blocks, not characters. */
static const struct range narrow[] = {{0x300, 0x36F}, {0x483, 0x489}, {0x591, 0x5BD},
    {0x610, 0x61A}, {0x64B, 0x65F}, {0x6D6, 0x6DC}, {0xE31, 0xE31}, {0xE34, 0xE3A}, {0xE47, 0xE4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0x302A, 0x302D},
    {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF},
    {0xE0100, 0xE01EF}};

static const struct range wide[] = {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x23E9, 0x23EC},
    {0x25FD, 0x25FE}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x26A1, 0x26A1}, {0x26BD, 0x26BE},
    {0x26C4, 0x26C5}, {0x26D4, 0x26D4}, {0x26EA, 0x26EA}, {0x26F2, 0x26F5}, {0x26FA, 0x26FD},
    {0x2705, 0x2705}, {0x270A, 0x270B}, {0x2728, 0x2728}, {0x274C, 0x274E}, {0x2753, 0x2757},
    {0x2795, 0x2797}, {0x27B0, 0x27BF}, {0x2B1B, 0x2B1C}, {0x2B50, 0x2B55}, {0x2E80, 0x303E},
    {0x3041, 0xA4CF}, {0xA960, 0xA97C}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F}, {0xFF01, 0xFF60}, {0xFFE0, 0xFFE6}, {0x16FE0, 0x18CFF}, {0x1AFF0, 0x1B2FF},
    {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F19A}, {0x1F200, 0x1F320},
    {0x1F32D, 0x1F64F}, {0x1F680, 0x1F6FC}, {0x1F7E0, 0x1F7F0}, {0x1F90C, 0x1FAFF},
    {0x20000, 0x3FFFD}};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

unsigned co_column_width(uint32_t code)
{
    if (code < narrow[0].first)
        return 1;
    if (is_in(narrow, CO_LENGTH(narrow), code))
        return 0;
    return is_in(wide, CO_LENGTH(wide), code) ? 2 : 1;
}

/* A wide one that has only half of its room left is cut, too. */
static void add_cut(struct co_buf *out, co_text text, size_t columns)
{
    while (text.size > 0) {
        uint32_t code;
        size_t size = co_utf8_next(text, &code);
        unsigned width = co_column_width(code);
        if (width > columns)
            break;
        co_buf_add(out, text.at, size);
        text = co_text_after(text, size);
        columns -= width;
    }
    while (columns-- > 0)
        co_buf_add_char(out, ' ');
}

void co_column_add(struct co_buf *out, const char *name, size_t columns)
{
    struct co_buf text = CO_BUF(TEXT_MAX);
    co_escape_terminal(&text, co_text_of(name));
    add_cut(out, text.error ? (co_text){0} : co_buf_text(&text), columns);
    co_buf_free(&text);
}

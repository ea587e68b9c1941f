/* SPDX-License-Identifier: MIT */
#include "codec/base64.h"

#define GROUP 4 /* characters, which stand for three bytes */

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (co_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group with that many characters of padding. RFC 4648 3.5: the bits that no byte takes are
 * zero, so that there is one way to write each text. */
static int decode_group(const char *group, size_t padding, uint8_t ret[3])
{
    uint32_t bits = 0;
    for (size_t i = 0; i < GROUP - padding; i++) {
        int value = value_of(group[i]);
        if (value < 0)
            return CO_EINVALID;
        bits = bits << 6 | (uint32_t)value;
    }
    bits <<= 6 * padding;
    ret[0] = (uint8_t)(bits >> 16);
    ret[1] = (uint8_t)(bits >> 8);
    ret[2] = (uint8_t)bits;
    return (padding >= 1 && ret[2]) || (padding == 2 && ret[1]) ? CO_EINVALID : 0;
}

static char char_of(uint32_t value)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return alphabet[value & 63];
}

void co_base64_encode(co_text bytes, struct co_buf *out)
{
    for (; bytes.size > 0; bytes = co_text_after(bytes, 3)) {
        size_t count = bytes.size < 3 ? bytes.size : 3;
        uint32_t bits = 0;
        for (size_t i = 0; i < 3; i++)
            bits = bits << 8 | (i < count ? (uint8_t)bytes.at[i] : 0);
        co_buf_add_char(out, char_of(bits >> 18));
        co_buf_add_char(out, char_of(bits >> 12));
        co_buf_add_char(out, count > 1 ? char_of(bits >> 6) : '=');
        co_buf_add_char(out, count > 2 ? char_of(bits) : '=');
    }
}

static size_t padding_of(co_text text)
{
    size_t padding = 0;
    while (padding < 2 && text.size > padding && text.at[text.size - 1 - padding] == '=')
        padding++;
    return padding;
}

int co_base64_decode(co_text text, struct co_buf *out)
{
    size_t before = out->size, padding = padding_of(text);
    int rc = text.size % GROUP ? CO_EINVALID : 0;
    for (; rc == 0 && text.size; text = co_text_after(text, GROUP)) {
        uint8_t bytes[3];
        size_t unused = text.size == GROUP ? padding : 0;
        rc = decode_group(text.at, unused, bytes);
        if (rc == 0)
            co_buf_add(out, bytes, sizeof bytes - unused);
    }
    if (rc == 0)
        rc = out->error;
    if (rc < 0)
        out->size = before;
    return rc;
}

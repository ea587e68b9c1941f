/* SPDX-License-Identifier: MIT */
/* What base64 decodes is three quarters of its text, and there is one text for it. */
#include "codec/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char encoded(const uint8_t *bytes, size_t size, size_t at)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t bit = at * 6, byte = bit / 8;
    if (byte >= size)
        return '=';
    unsigned two = (unsigned)bytes[byte] << 8 | (byte + 1 < size ? bytes[byte + 1] : 0);
    return alphabet[two >> (10 - bit % 8) & 63];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_buf out = CO_BUF(1 << 20);
    int rc = co_base64_decode((co_text){(const char *)data, size}, &out);
    assert(rc == 0 || out.size == 0);
    assert(rc < 0 || (out.size + 2) / 3 * 4 == size);
    for (size_t i = 0; rc == 0 && i < size; i++)
        assert(encoded((const uint8_t *)out.at, out.size, i) == (char)data[i]);
    co_buf_free(&out);
    return 0;
}

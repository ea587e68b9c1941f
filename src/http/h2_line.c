/* SPDX-License-Identifier: MIT */
#include "http/h2_common.h"

bool co_h2_line_next(co_text *lines, co_text *name, co_text *value)
{
    if (lines->size == 0)
        return false;
    size_t size = (size_t)co_text_find(*lines, '\n') + 1;
    size_t colon = (size_t)co_text_find(*lines, ':');
    *name = (co_text){lines->at, colon};
    *value = (co_text){lines->at + colon + 2, size - colon - 4};
    *lines = co_text_after(*lines, size);
    return true;
}

nghttp2_nv co_h2_field(co_text name, co_text value, uint8_t flags)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.at, (uint8_t *)(uintptr_t)value.at, name.size,
        value.size, flags};
}

co_text co_h2_text(const nghttp2_rcbuf *bytes)
{
    nghttp2_vec vec = nghttp2_rcbuf_get_buf((nghttp2_rcbuf *)(uintptr_t)bytes);
    return (co_text){(const char *)vec.base, vec.len};
}

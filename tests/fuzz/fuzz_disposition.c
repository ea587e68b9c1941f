/* SPDX-License-Identifier: MIT */
/* Whatever a server calls a file is one component, in UTF-8, and not empty. */
#include "codec/disposition.h"
#include "codec/utf8.h"

#define NAME_MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_buf out = CO_BUF(NAME_MAX_BYTES);
    int rc = co_disposition_filename((co_text){(const char *)data, size}, &out);
    co_text name = co_buf_text(&out);
    assert(rc == 0 || name.size == 0);
    assert(rc < 0 || (name.size > 0 && name.size <= 2 * size));
    assert(co_text_find(name, '/') < 0 && co_text_find(name, '\\') < 0);
    while (name.size > 0) {
        uint32_t code;
        name = co_text_after(name, co_utf8_next(name, &code));
        assert(code != CO_UTF8_INVALID);
    }
    co_buf_free(&out);
    return 0;
}

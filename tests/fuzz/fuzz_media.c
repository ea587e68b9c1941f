/* SPDX-License-Identifier: MIT */
/* A table made of any text answers with types that are safe in a header. The first line is the
 * name to ask for, the rest the table. */
#include "codec/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct co_media *media, co_text name)
{
    co_text type = co_media_type(media, name);
    assert(type.size > 2 && co_text_find(type, '/') > 0);
    for (size_t i = 0; i < type.size; i++)
        assert(type.at[i] >= ' ' && type.at[i] <= '~' && type.at[i] != ',');
    co_media_compressible(type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    ssize_t line = co_text_find(text, '\n');
    co_text name = {text.at, line < 0 ? size : (size_t)line};
    struct co_media *media;
    if (size == 0 || co_media_new(&media, co_text_after(text, name.size + 1)) < 0)
        return 0;
    check(media, name);
    check(media, CO_TEXT("index.html"));
    check(media, CO_TEXT("a.b"));
    co_media_compressible(name);
    co_media_free(media);
    return 0;
}

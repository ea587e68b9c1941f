/* SPDX-License-Identifier: MIT */
/* A page has the same links however it arrives, and none that is longer than its bound. */
#include "codec/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPLITS_ALL 200 /* up to this size every split is tried */

static uint64_t add(uint64_t hash, co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.at[i]) * 0x100000001b3;
    return hash;
}

static uint64_t read_page(co_text page, size_t first, size_t step)
{
    struct co_links links;
    uint64_t hash = 0xcbf29ce484222325;
    co_links_start(&links);
    for (size_t at = 0, piece = first; at < page.size; at += piece, piece = step) {
        co_text input = {page.at + at, piece < page.size - at ? piece : page.size - at};
        for (int what; (what = co_links_next(&links, &input)) > 0;) {
            assert(links.href.size <= CO_LINKS_HREF_MAX);
            hash = add(hash, co_buf_text(&links.href));
            hash = add(hash, what == CO_LINKS_BASE ? CO_TEXT("#") : CO_TEXT("|"));
        }
        assert(input.size == 0);
    }
    hash = add(hash, co_buf_text(&links.title));
    assert(links.title.size <= CO_LINKS_TITLE_MAX);
    co_links_free(&links);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text page = {(const char *)data, size};
    uint64_t whole = read_page(page, size, size);
    assert(read_page(page, 1, 1) == whole);
    for (size_t first = 1; first < size && size <= SPLITS_ALL; first++)
        assert(read_page(page, first, size) == whole);
    return 0;
}

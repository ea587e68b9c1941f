/* SPDX-License-Identifier: MIT */
/* Whatever the file holds, a login is found only whole, within its bounds, and twice the same. */
#include "codec/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(co_text file, co_text login, struct co_buf found[2])
{
    found[0] = found[1] = CO_BUF(CO_NETRC_WORD_MAX);
    int rc = co_netrc_find(file, CO_TEXT("h"), login, &found[0], &found[1]);
    assert(rc == 1 || (found[0].size == 0 && found[1].size == 0) || rc < 0);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_buf found[2], again[2];
    co_text file = {(const char *)data, size};
    if (find(file, (co_text){0}, found) == 1) {
        /* Asked for by its name it is the same, unless it has none. */
        int rc = find(file, co_buf_text(&found[0]), again);
        assert(rc == 1 && co_text_equal(co_buf_text(&found[0]), co_buf_text(&again[0])));
        assert(co_text_equal(co_buf_text(&found[1]), co_buf_text(&again[1])));
        co_buf_free(&again[0]);
        co_buf_free(&again[1]);
    }
    co_buf_free(&found[0]);
    co_buf_free(&found[1]);
    return 0;
}

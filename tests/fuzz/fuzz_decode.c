/* SPDX-License-Identifier: MIT */
/*
 * However the bytes are split and whatever room there is, the same comes of them, and never more
 * than the room. The first byte chooses the codings, the second one how they are split.
 */
#include "coding/decode.h"

#include <stdlib.h>

#define OUT_MAX (1u << 20) /* bombs are the unit tests' */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode_all(const uint8_t *head, co_text coded, size_t piece, struct co_buf *all)
{
    const enum co_decode_kind kinds[] = {head[0] % CO_DECODE_COUNT, head[0] / 4 % CO_DECODE_COUNT};
    struct co_buf out = CO_BUF(piece);
    struct co_decode *decode;
    int rc = co_decode_new(&decode, kinds, head[0] & 0x80 ? 2 : 1);
    while (rc == 0 && coded.size > 0) {
        co_text bytes = {coded.at, piece < coded.size ? piece : coded.size};
        coded = co_text_after(coded, bytes.size);
        do {
            co_buf_clear(&out);
            rc = co_decode_step(decode, &bytes, &out);
            assert(out.size <= piece);
            co_buf_add_text(all, co_buf_text(&out));
        } while (rc == 0 && !all->error && (bytes.size > 0 || out.size == piece));
        if (all->error)
            break;
    }
    if (rc == 0)
        rc = co_decode_end(decode);
    assert(rc <= 0);
    co_decode_free(decode);
    co_buf_free(&out);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_buf once = CO_BUF(OUT_MAX), again = CO_BUF(OUT_MAX);
    if (size < 2)
        return 0;
    co_text coded = {(const char *)data + 2, size - 2};
    int whole = decode_all(data, coded, 65536, &once);
    int split = decode_all(data, coded, data[1] + 1U, &again);
    if (!once.error && !again.error) {
        assert((whole < 0) == (split < 0)); /* of two faults either may be seen first */
        assert(whole < 0 || co_text_equal(co_buf_text(&once), co_buf_text(&again)));
    }
    co_buf_free(&once);
    co_buf_free(&again);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Challenges lie within their field, end, and mean no control bytes; what is written as a quoted
 * string is read as the same. */
#include "codec/challenge.h"

#define TEXT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lies_within(co_text part, co_text text)
{
    return !part.at || (part.at >= text.at && part.at + part.size <= text.at + text.size);
}

static void check_param(const struct co_challenge_param *param, co_text text)
{
    struct co_buf value = CO_BUF(TEXT_MAX), quoted = CO_BUF(2 * TEXT_MAX + 8);
    struct co_challenge again;
    assert(param->name.size > 0 && lies_within(param->name, text));
    assert(lies_within(param->value, text) && co_challenge_value(param, &value) == 0);
    co_buf_add_string(&quoted, "a=");
    assert(co_quoted_write(co_buf_text(&value), &quoted) == 0);
    assert(co_challenge_params(co_buf_text(&quoted), &again) == 0 && again.count == 1);
    size_t size = value.size;
    assert(co_challenge_value(&again.params[0], &value) == 0 && value.size == 2 * size);
    assert(size == 0 || memcmp(value.at, value.at + size, size) == 0);
    co_buf_free(&value);
    co_buf_free(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_challenge challenge;
    co_text text = {(const char *)data, size}, rest = text;
    if (size >= TEXT_MAX / 2)
        return 0;
    for (;;) {
        size_t before = rest.size;
        if (co_challenge_next(&rest, &challenge) != 1)
            break;
        assert(rest.size < before && challenge.scheme.size > 0);
        assert(lies_within(challenge.scheme, text) && lies_within(challenge.token68, text));
        for (unsigned i = 0; i < challenge.count; i++)
            check_param(&challenge.params[i], text);
    }
    (void)co_challenge_params(text, &challenge);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* What is taken for a policy has an age; a line of a file is the same when it is written and read
 * again. */
#include "codec/hsts.h"

#define LINE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(co_text text)
{
    struct co_hsts_line line, again;
    struct co_buf out = CO_BUF(LINE_MAX);
    if (co_hsts_line_parse(text, &line) < 0)
        return;
    assert(line.host.size > 0 && co_text_find(line.host, ' ') < 0);
    co_hsts_line_write(&line, &out);
    if (line.subdomains || (line.host.at[0] != '.' && line.host.at[0] != '#')) {
        assert(co_hsts_line_parse((co_text){out.at, out.size - 1}, &again) == 0);
        assert(co_text_equal(line.host, again.host) && line.subdomains == again.subdomains);
        assert(line.expires == again.expires);
    }
    co_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    struct co_hsts_policy policy;
    if (co_hsts_parse(text, &policy) == 0)
        assert(policy.max_age >= 0);
    if (size < LINE_MAX / 2)
        check_line(text);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* A proxy's words end in the same place however they arrive, and never behind what has come; what
 * we say is what the proxy would read. */
#include "codec/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef ssize_t reader(co_text bytes, unsigned *ret);

/* Where the words end as they come byte by byte. */
static ssize_t trickle(reader *read, co_text text, unsigned *ret)
{
    ssize_t end = 0;
    for (size_t n = 0; end == 0 && n <= text.size; n++)
        end = read((co_text){text.at, n}, ret);
    return end;
}

/* Reads one part of the conversation; false when it goes no further. */
static bool check_reader(reader *read, co_text *text)
{
    unsigned at_once = 0, in_time = 0;
    ssize_t end = read(*text, &at_once);
    assert(trickle(read, *text, &in_time) == end && at_once == in_time);
    assert(end <= (ssize_t)text->size && at_once <= 0xff);
    if (end <= 0)
        return false;
    *text = co_text_after(*text, (size_t)end);
    return true;
}

static void check_words(co_text text)
{
    struct co_buf out = CO_BUF(600);
    size_t half = text.size / 2;
    co_text name = {text.at, half}, password = co_text_after(text, half);
    int rc = co_socks_login(&out, name, password);
    assert((rc == 0) == (name.size > 0 && name.size <= 255 && password.size <= 255));
    assert(rc < 0 || out.size == 3 + text.size);
    co_buf_clear(&out);
    rc = co_socks_connect(&out, CO_SOCKS_NAME, name, 80);
    assert((rc == 0) == (name.size > 0 && name.size <= 255));
    assert(rc < 0 || out.size == 7 + name.size);
    co_buf_clear(&out);
    bool has_nul = co_text_find(text, '\0') >= 0;
    rc = co_socks4_connect(&out, CO_SOCKS_NAME, name, 80, password);
    assert((rc == 0) == (!has_nul && name.size > 0 && name.size <= 255 && password.size <= 255));
    assert(rc < 0 || out.size == 10 + text.size);
    co_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size}, rest = text;
    if (check_reader(co_socks_method_read, &rest)) {
        co_text open = rest;
        check_reader(co_socks_reply_read, &open);
        if (check_reader(co_socks_login_read, &rest))
            check_reader(co_socks_reply_read, &rest);
    }
    rest = text;
    check_reader(co_socks_reply_read, &rest);
    rest = text;
    check_reader(co_socks4_reply_read, &rest);
    if (size > 0)
        assert(co_socks_reason(data[0]) && co_socks4_reason(data[0]));
    check_words(text);
    return 0;
}

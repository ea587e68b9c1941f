/* SPDX-License-Identifier: MIT */
/* A reply ends in the same place however it arrives, and what its answers hold lies within it. */
#include "codec/ftp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t find_end(co_text text, size_t step)
{
    struct co_ftp_reply_scan scan = {0};
    ssize_t end = 0;
    for (size_t n = 0; end == 0 && n < text.size;) {
        n = n + step < text.size ? n + step : text.size;
        end = co_ftp_reply_size((co_text){text.at, n}, &scan);
    }
    return end;
}

static void check_answers(co_text reply)
{
    char path[256];
    uint16_t port = 0;
    uint64_t bytes = 0;
    if (co_ftp_reply_passive(reply, &port) == 0)
        assert(port > 0);
    if (co_ftp_reply_extended(reply, &port) == 0)
        assert(port > 0);
    if (co_ftp_reply_bytes(reply, &bytes))
        assert(bytes <= INT64_MAX);
    ssize_t n = co_ftp_reply_quoted(reply, path, sizeof path);
    assert(n < (ssize_t)sizeof path && (n < 0 || strlen(path) == (size_t)n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size}, line;
    ssize_t end = find_end(text, size ? size : 1);
    assert(find_end(text, 1) == end && find_end(text, 7) == end);
    check_answers(text);
    if (end <= 0)
        return 0;
    assert((size_t)end <= size && end <= CO_FTP_REPLY_MAX && data[end - 1] == '\n');
    co_text reply = {text.at, (size_t)end}, rest = reply;
    int code = co_ftp_reply_code(reply);
    assert(code >= 100 && code <= 599);
    unsigned lines = 0;
    for (; co_text_next_line(&rest, &line); lines++)
        assert(co_text_find(line, '\n') < 0);
    assert(lines >= 1 && lines <= CO_FTP_REPLY_LINES_MAX);
    co_text gist = co_ftp_reply_gist(reply);
    assert(gist.size == 0 || (gist.at >= reply.at && gist.at + gist.size <= reply.at + reply.size));
    return 0;
}

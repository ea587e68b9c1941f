/* SPDX-License-Identifier: MIT */
/* A response's head ends in the same place however it arrives, and its slices lie within it. */
#include "codec/http1_response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t find_end(co_text text, size_t step)
{
    size_t scanned = 0;
    ssize_t end = 0;
    for (size_t n = step; end == 0; n += step) {
        n = n < text.size ? n : text.size;
        end = co_http1_response_size((co_text){text.at, n}, &scanned);
        if (n == text.size)
            break;
    }
    return end;
}

static void check_slice(co_text slice, const char *head, size_t size)
{
    assert(slice.at >= head && slice.at + slice.size <= head + size);
    for (size_t i = 0; i < slice.size; i++)
        assert(slice.at[i] != '\r' && slice.at[i] != '\n' && slice.at[i] != '\0');
}

static void check(const struct co_http1_response *response, const struct co_buf *head)
{
    assert(response->status >= 100 && response->status <= 999);
    assert(response->framing != CO_HTTP_LENGTH || response->body_size <= INT64_MAX);
    check_slice(response->reason, head->at, head->size);
    for (unsigned i = 0; i < response->field_count; i++) {
        check_slice(response->fields[i].name, head->at, head->size);
        check_slice(response->fields[i].value, head->at, head->size);
    }
}

static void read(co_text text, enum co_http_method method)
{
    struct co_http1_response response;
    struct co_buf head = CO_BUF(CO_HTTP1_RESPONSE_TEXT_MAX);
    co_buf_add_text(&head, text);
    if (co_http1_response_parse(&head, method, &response) == 0)
        check(&response, &head);
    co_buf_free(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    ssize_t end = find_end(text, size ? size : 1);
    assert(find_end(text, 1) == end && find_end(text, 7) == end);
    if (end <= 0)
        return 0;
    assert((size_t)end <= size);
    for (enum co_http_method method = CO_HTTP_GET; method <= CO_HTTP_HEAD; method++)
        read((co_text){text.at, (size_t)end}, method);
    return 0;
}

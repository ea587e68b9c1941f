/* SPDX-License-Identifier: MIT */
/* A response's head ends in the same place however it arrives, and its slices lie within it. */
#include "codec/http1_response.h"

#include <stdlib.h>

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

static void read(char *head, size_t size, enum co_http_method method)
{
    static struct co_http1_response response;
    if (co_http1_response_parse(head, size, method, &response) < 0)
        return;
    assert(response.status >= 100 && response.status <= 999);
    assert(response.framing != CO_HTTP_LENGTH || response.body_size <= INT64_MAX);
    check_slice(response.reason, head, size);
    for (unsigned i = 0; i < response.field_count; i++) {
        check_slice(response.fields[i].name, head, size);
        check_slice(response.fields[i].value, head, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    ssize_t end = find_end(text, size ? size : 1);
    assert(find_end(text, 1) == end && find_end(text, 7) == end);
    if (end <= 0)
        return 0;
    assert((size_t)end <= size);
    char *head = malloc((size_t)end);
    if (!head)
        return 0;
    for (enum co_http_method method = CO_HTTP_GET; method <= CO_HTTP_HEAD; method++) {
        memcpy(head, data, (size_t)end);
        read(head, (size_t)end, method);
    }
    free(head);
    return 0;
}

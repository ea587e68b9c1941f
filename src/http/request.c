/* SPDX-License-Identifier: MIT */
/* What a handler may ask of its request. */
#include "codec/url.h"
#include "http/message.h"

#include <errno.h>

/* The name of our own, which outlives the head's bytes: all methods that reach a handler have one.
 */
co_text co_http_method(const co_http_request *request)
{
    return co_text_of(co_http_method_name(request->head.method));
}

co_text co_http_path(const co_http_request *request)
{
    return co_buf_text(&request->path);
}

/* Decodes right into the caller's room: a buffer that may not grow is one that has all its room. */
ssize_t co_http_query(const co_http_request *request, const char *name, char *ret_text, size_t size)
{
    co_text query = request->head.query;
    if (size == 0)
        return CO_ETOOBIG;
    struct co_buf value = {.at = ret_text, .room = size - 1, .size_max = size - 1};
    if (!co_url_query_get(query, co_text_of(name), &value))
        return value.error ? value.error : -ENOENT;
    if (value.size && memchr(ret_text, '\0', value.size)) /* would read as a shorter value */
        return CO_EINVALID;
    ret_text[value.size] = '\0';
    return (ssize_t)value.size;
}

co_text co_http_header(const co_http_request *request, const char *name)
{
    return co_http_field_find(request->head.fields, request->head.field_count, co_text_of(name));
}

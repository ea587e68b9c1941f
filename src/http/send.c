/* SPDX-License-Identifier: MIT */
#include "http/send.h"

#include "runtime/pool.h"

#define CORK_MAX (CO_BUFFER_LARGE - 1) /* with one byte more the stream would write by itself */

static size_t total_of(const struct iovec *pieces, unsigned count)
{
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += pieces[i].iov_len;
    return total;
}

int co_http_flush(co_http_request *request)
{
    if (!request->corked)
        return 0;
    request->corked = false;
    request->held = 0;
    return co_pace_uncork(&request->writing, request->stream);
}

int co_http_send(co_http_request *request, const struct iovec *pieces, unsigned count)
{
    size_t total = total_of(pieces, count);
    if (request->held + total > CORK_MAX) {
        int rc = co_http_flush(request);
        if (rc < 0)
            return rc;
    }
    if (total > CORK_MAX || request->writing.limit_rate)
        return co_pace_writev(&request->writing, request->stream, pieces, count);
    if (!request->corked)
        co_cork(request->stream);
    request->corked = true;
    request->held += total;
    return co_writev(request->stream, pieces, count);
}

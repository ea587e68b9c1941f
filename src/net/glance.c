/* SPDX-License-Identifier: MIT */
/* A look at a stream that does not wait. A scope whose deadline is 0 would be over before the look.
 */
#include "net/stream.h"

#include <errno.h>

static int stop_waiting(void *group)
{
    co_group_cancel(group);
    return 0;
}

/* What is there is received at once. The other fiber runs when this one would wait, and stops it.
 */
static ssize_t peek_until_it_waits(struct co_stream *stream, const uint8_t **ret_bytes)
{
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, stop_waiting, &group);
    stream->likely = true;
    ssize_t n = co_peek(stream, 1, ret_bytes);
    int stopped = co_group_close(&group);
    if (stopped != CO_ECANCELED)
        return stopped; /* without memory for the other */
    int over = co_status();
    return n != CO_ECANCELED ? n : over < 0 ? over : -EAGAIN;
}

ssize_t co_stream_glance(struct co_stream *stream, const uint8_t **ret_bytes)
{
    int over = co_status();
    if (over < 0)
        return over;
    if (!stream->kind->glances || stream->out_size > 0)
        return peek_until_it_waits(stream, ret_bytes);
    stream->now = true;
    ssize_t n = co_peek(stream, 1, ret_bytes);
    stream->now = false;
    return n;
}

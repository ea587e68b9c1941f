/* SPDX-License-Identifier: MIT */
/* What a stream's own rooms share: stream.c, reading.c and writing.c. */
#ifndef CO_NET_STREAMING_H
#define CO_NET_STREAMING_H

#include "net/stream.h"

/* Is it the scope that ended the call? Then nothing is wrong with the stream. */
static inline bool co_stream_is_scope_code(long rc)
{
    return rc == CO_ECANCELED || rc == CO_EDEADLINE || rc == CO_EDRAIN || rc == CO_EDEADLOCK;
}

/* Gives the cork's buffer back, with whatever is in it. */
void co_stream_release_output(struct co_stream *stream);

/* Sends what the cork holds on behalf of the reader, who is about to wait; nobody is writing. A
 * writer who comes meanwhile waits. As co_write. */
int co_stream_empty_cork(struct co_stream *stream);

#endif

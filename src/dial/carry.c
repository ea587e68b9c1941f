/* SPDX-License-Identifier: MIT */
/*
 * A stream over a stream. TLS is a stream's layer, and a stream has one (tls/layer.c); what goes
 * through a proxy that is spoken to in TLS, in TLS of its own, needs a second. The stream beneath
 * belongs to the one above, and is nobody else's.
 */
#include "dial/carry.h"

#include "net/stream.h"

#include <errno.h>

#define PIECES_MAX 16 /* of one co_writev */

static struct co_stream *carrier_of(const struct co_stream *stream)
{
    return stream->state;
}

static long read_carrier(struct co_stream *stream, void *at, size_t size)
{
    return co_read(carrier_of(stream), at, size);
}

static long carried_receive(struct co_stream *stream, void *at, size_t size)
{
    return co_stream_receive_by(read_carrier, stream, at, size);
}

static long carried_send(struct co_stream *stream, const struct iovec *pieces, unsigned count)
{
    size_t size = 0;
    count = count < PIECES_MAX ? count : PIECES_MAX;
    for (unsigned i = 0; i < count; i++)
        size += pieces[i].iov_len;
    int rc = co_writev(carrier_of(stream), pieces, count);
    return rc < 0 ? rc : (long)size;
}

static int carried_shutdown(struct co_stream *stream)
{
    return co_shutdown_write(carrier_of(stream));
}

static long carried_unread(struct co_stream *stream)
{
    struct co_stream *carrier = carrier_of(stream);
    return (long)co_stream_buffered(carrier) + carrier->kind->unread(carrier);
}

static void carried_close(struct co_stream *stream, bool reset)
{
    if (reset)
        co_abort(carrier_of(stream));
    else if (co_close(carrier_of(stream)) < 0)
        return; /* its writes have told so */
}

/* Only servers' streams wait without a fiber, and these are a client's: it is as if there were
 * input, for which the handler then waits. */
static bool carried_park(struct co_stream *stream)
{
    (void)stream;
    return true;
}

static void carried_unpark(struct co_stream *stream)
{
    (void)stream;
}

static const struct co_stream_kind carried_kind = {
    .name = "carried",
    .receive = carried_receive,
    .send = carried_send,
    .shutdown = carried_shutdown,
    .unread = carried_unread,
    .close = carried_close,
    .park = carried_park,
    .unpark = carried_unpark,
    .unparked = carried_unpark,
};

/* What has come already is the new one's. */
static void hand_up(struct co_stream *from, struct co_stream *to)
{
    to->in = from->in;
    to->in_at = from->in_at;
    to->in_end = from->in_end;
    to->in_room = from->in_room;
    from->in = NULL;
    from->in_at = from->in_end = from->in_room = 0;
}

int co_carry(co_stream **stream)
{
    struct co_stream *above = co_stream_new(&carried_kind);
    if (!above)
        return -ENOMEM;
    above->state = *stream;
    above->peer = (*stream)->peer;
    hand_up(*stream, above);
    *stream = above;
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "http/outgoing.h"

#include "net/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES (128U << 10)

int co_http_outgoing_rewind(struct co_http_outgoing *body)
{
    if (!body->source || !body->begun)
        return 0;
    if (!body->source->rewind)
        return co_fail(-ESPIPE, "what was to be sent cannot be read a second time");
    int rc = body->source->rewind(body->source->arg);
    body->begun = rc < 0;
    return rc;
}

/* Does not suspend for long: is there anything to read, or the end? */
static bool has_spoken(co_stream *stream)
{
    const uint8_t *bytes;
    co_scope scope;
    if (co_stream_buffered(stream) > 0)
        return true;
    co_scope_open(&scope, 0);
    ssize_t n = co_peek(stream, 1, &bytes);
    return co_scope_close(&scope) != n || n >= 0;
}

/* One piece with what is around it: a chunk's size and line ends. */
static int send_piece(struct co_pace *pace, co_stream *stream, co_text piece, bool chunked)
{
    char size[24];
    struct iovec pieces[3] = {co_piece(piece)};
    if (!chunked)
        return co_pace_writev(pace, stream, pieces, 1);
    int length = snprintf(size, sizeof size, "%zx\r\n", piece.size);
    pieces[0] = co_piece((co_text){size, (size_t)length});
    pieces[1] = co_piece(piece);
    pieces[2] = co_piece(CO_TEXT("\r\n"));
    return co_pace_writev(pace, stream, pieces, 3);
}

static int send_all(
    struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream, char *room)
{
    const struct co_http_source *source = body->source;
    bool chunked = source->size < 0;
    uint64_t left = chunked ? UINT64_MAX : (uint64_t)source->size;
    while (left > 0) {
        ssize_t n = source->read(source->arg, room, left < PIECE_BYTES ? left : PIECE_BYTES);
        body->failed = n < 0 || (n == 0 && !chunked);
        if (body->failed)
            return n < 0 ? (int)n : CO_EEOF;
        if (has_spoken(stream))
            return 1;
        int rc = send_piece(pace, stream, (co_text){room, (size_t)n}, chunked);
        if (rc < 0)
            return rc;
        if (n == 0)
            return 0; /* that was the last chunk, which is empty */
        left -= (uint64_t)n;
    }
    return 0;
}

int co_http_outgoing_send(struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream)
{
    char *room = malloc(PIECE_BYTES);
    if (!room)
        return -ENOMEM;
    body->begun = true;
    int rc = send_all(body, pace, stream, room);
    free(room);
    return rc;
}

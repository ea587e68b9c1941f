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

/* One piece with what is around it: a chunk's size and line ends. The empty one is the last. */
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

ssize_t co_http_outgoing_read(struct co_http_outgoing *body, void *ret_bytes, size_t size)
{
    const struct co_http_source *source = body->source;
    bool is_sized = source->size >= 0;
    if (!body->begun)
        body->left = is_sized ? (uint64_t)source->size : UINT64_MAX;
    body->begun = true;
    ssize_t n = source->read(source->arg, ret_bytes, size < body->left ? size : body->left);
    body->failed = n < 0 || (n == 0 && is_sized);
    if (body->failed)
        return n < 0 ? n : CO_EEOF;
    body->left = n > 0 ? body->left - (uint64_t)n : 0;
    return n;
}

static int send_all(
    struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream, char *room)
{
    bool chunked = body->source->size < 0;
    while (!co_http_outgoing_is_told(body)) {
        ssize_t n = co_http_outgoing_read(body, room, PIECE_BYTES);
        if (n < 0)
            return (int)n;
        if (has_spoken(stream))
            return 1;
        int rc = send_piece(pace, stream, (co_text){room, (size_t)n}, chunked);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int co_http_outgoing_send(struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream)
{
    char *room = malloc(PIECE_BYTES);
    if (!room)
        return -ENOMEM;
    int rc = send_all(body, pace, stream, room);
    free(room);
    return rc;
}

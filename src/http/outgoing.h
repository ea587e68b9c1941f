/* SPDX-License-Identifier: MIT */
/* A request's body as its source tells it, piece by piece. */
#ifndef CO_HTTP_OUTGOING_H
#define CO_HTTP_OUTGOING_H

#include "coronet/http_client.h"
#include "net/pace.h"

struct co_http_outgoing {
    const struct co_http_source *source; /* NULL: there is none */
    bool begun;                          /* something of it has been told */
    bool failed;                         /* the source has */
    uint64_t left;                       /* bytes to come, if begun; 0: all has been told */
};

/* Is all of it told? */
static inline bool co_http_outgoing_is_told(const struct co_http_outgoing *body)
{
    return body->begun && body->left == 0;
}

/* Can it be told from its start? */
static inline bool co_http_outgoing_may_begin(const struct co_http_outgoing *body)
{
    return !body->source || !body->begun || body->source->rewind;
}

/* Before a request: from the start again, if it was begun. 0; -ESPIPE when it can be told only
 * once; the source's own failure. */
int co_http_outgoing_rewind(struct co_http_outgoing *body);

/* Up to size bytes of what comes next. Suspends. Returns the count; 0 at the end, where its size is
 * not known; CO_EEOF when the source has less than its size; the source's failure. */
ssize_t co_http_outgoing_read(struct co_http_outgoing *body, void *ret_bytes, size_t size);

/*
 * Sends all of it, in chunks when its size is not known (RFC 9112 7.1). Suspends. 0; 1 when the
 * peer has said something before its end, which is then not sent: an answer, or its farewell;
 * as co_http_outgoing_read and co_pace_writev.
 */
int co_http_outgoing_send(struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream);

#endif

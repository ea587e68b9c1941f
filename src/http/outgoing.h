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
};

/* Before a request: from the start again, if it was begun. 0; -ESPIPE when it can be told only
 * once; the source's own failure. */
int co_http_outgoing_rewind(struct co_http_outgoing *body);

/*
 * Sends all of it, in chunks when its size is not known (RFC 9112 7.1). Suspends. 0; 1 when the
 * peer has said something before its end, which is then not sent: an answer, or its farewell;
 * CO_EEOF when the source has less than its size; the source's failure, as co_pace_writev.
 */
int co_http_outgoing_send(struct co_http_outgoing *body, struct co_pace *pace, co_stream *stream);

#endif

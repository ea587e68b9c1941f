/* SPDX-License-Identifier: MIT */
/*
 * A session's output: small pieces gather in the stream's cork, so that the responses to requests
 * that came together go out together; everything else is written at once, in pace.
 */
#ifndef CO_HTTP_SEND_H
#define CO_HTTP_SEND_H

#include "http/message.h"
#include "net/stream.h"

/* Writes the pieces after what is held. Suspends only when they do not fit in the cork. */
int co_http_send(co_http_request *request, const struct iovec *pieces, unsigned count);

/* Sends what is held: before anybody waits for the peer. */
int co_http_flush(co_http_request *request);

#endif

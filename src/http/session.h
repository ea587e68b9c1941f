/* SPDX-License-Identifier: MIT */
/* What a session of either version does for a request. */
#ifndef CO_HTTP_SESSION_H
#define CO_HTTP_SESSION_H

#include "http/message.h"

/* Does what the request's head asks for: the route's handler, or an error page. Returns the
 * handler's result. */
int co_http_answer(co_http_request *request);

/* Tells whoever listens that the exchange is over. */
void co_http_tell(const co_http_request *request, int error);

/* Gives the peer a while to read our last words, and no more: a close right away would reset the
 * connection and destroy them (RFC 9112 9.6). Longer, while it is sending a body. */
void co_http_linger(co_stream *stream, bool sends_body);

#endif

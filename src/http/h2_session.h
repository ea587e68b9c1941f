/* SPDX-License-Identifier: MIT */
/* HTTP/2 (RFC 9113) on a connection: what the session of HTTP/1 hands over to. */
#ifndef CO_HTTP_H2_SESSION_H
#define CO_HTTP_H2_SESSION_H

#include "http/message.h"

/* Does the connection speak HTTP/2 already? */
bool co_h2_is_on(const co_stream *stream);

/* Shall it, by what TLS has agreed on or what the client has said? Waits for the rest of a preface
 * that has begun (RFC 9113 3.4). Negative when the wait failed. */
int co_h2_is_asked_for(co_stream *stream, const co_http_server *server);

/* Serves what has arrived, as co_http_session does. */
int co_h2_session(co_stream *stream, co_http_server *server);

#endif

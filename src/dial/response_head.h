/* SPDX-License-Identifier: MIT */
/* The head of a response as it comes from a stream: a server's, or a proxy's to CONNECT. */
#ifndef CO_DIAL_RESPONSE_HEAD_H
#define CO_DIAL_RESPONSE_HEAD_H

#include "base/buf.h"
#include "codec/http1_response.h"
#include "coronet/stream.h"

#define CO_HTTP_INTERIM_MAX 32 /* responses before the final one */

/*
 * Reads one head, interim or final. What follows it stays in the stream. Suspends.
 * text: receives the head, which ret points into; its ceiling is CO_HTTP1_RESPONSE_TEXT_MAX. After
 * a deadline it may hold the beginning of a long one, and the next call goes on from there.
 * ret_heard: set once anything of a response came.
 * Returns 0; CO_EEOF, CO_EHTTP, CO_ETOOBIG, as co_peek.
 */
int co_response_head_next(co_stream *stream, enum co_http_method method, struct co_buf *text,
    struct co_http1_response *ret, bool *ret_heard);

/* The same of the final response; interim ones (RFC 9110 15.2) are passed over. */
int co_response_head_read(co_stream *stream, enum co_http_method method, struct co_buf *text,
    struct co_http1_response *ret, bool *ret_heard);

#endif

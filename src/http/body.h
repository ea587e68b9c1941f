/* SPDX-License-Identifier: MIT */
/* The request's body (RFC 9112 6 and 7): read by the handler, or skipped when it was not wanted. */
#ifndef CO_HTTP_BODY_H
#define CO_HTTP_BODY_H

#include "http/message.h"

#define CO_HTTP_SKIP_MAX                                                                           \
 65536 /* bytes of an unwanted body; reading more costs more than a close                          \
        */

/* Forgets the last request's body; the head has just been parsed. */
void co_http_body_start(co_http_request *request);

/* Do the bytes that came with the head show that the body's chunks are malformed? Who does not read
 * the body would answer as if it were good, and only then end the connection. */
bool co_http_body_is_malformed(const co_http_request *request);

/* The next piece of the body where it lies: valid until the next call. Returns its size, else as
 * co_http_read, which it may be mixed with. */
ssize_t co_http_body_next(co_http_request *request, co_text *ret);

/* Moves up to `size` bytes of the body into a pipe, as co_stream_splice. Returns the count, else as
 * co_http_body_next; -EOPNOTSUPP when it has to be shown. */
long co_http_body_splice(co_http_request *request, int pipe_fd, size_t size);

/* Will skipping what is left of the body fail: because it is long, or because the client still
 * waits for a 100 before it sends it? Then the connection has to end. */
bool co_http_body_is_unwanted(const co_http_request *request);

/* Reads on to the next request, over what the handler left of this one. True when there. */
bool co_http_body_skip(co_http_request *request);

#endif

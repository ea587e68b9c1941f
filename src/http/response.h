/* SPDX-License-Identifier: MIT */
#ifndef CO_HTTP_RESPONSE_H
#define CO_HTTP_RESPONSE_H

#include "http/message.h"

/* Forgets the last request's response. */
void co_http_reply_start(co_http_request *request);

/*
 * Ends the response after its handler returned `result`: with an error page when there was none
 * yet, with the last chunk, or as broken. Returns 0, or why the exchange was cut short.
 */
int co_http_reply_finish(co_http_request *request, int result);

/* The lines that only responses over TLS have; empty on others. */
co_text co_http_secure_lines(const co_http_request *request);

#endif

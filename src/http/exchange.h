/* SPDX-License-Identifier: MIT */
/* One request and its response on one connection, the client's side (RFC 9112 3 and 4). */
#ifndef CO_HTTP_EXCHANGE_H
#define CO_HTTP_EXCHANGE_H

#include "base/buf.h"
#include "codec/http1_response.h"
#include "http/incoming.h"

/* What is asked, apart from where. */
struct co_http_question {
    enum co_http_method method;
    co_text head; /* the whole head with its empty line */
    co_text body;
    int64_t head_ms; /* to wait for the response's head */
    int64_t min_rate;
    uint64_t limit_rate;
};

struct co_http_answer {
    struct co_http1_response head;
    struct co_buf text; /* that head's slices point here */
    struct co_http_incoming body;
};

/*
 * Asks, and reads the head of the final response; interim ones (RFC 9110 15.2) are passed over.
 * Suspends. answer: zeros before; co_buf_free(&answer->text) ends it in any case.
 * ret_heard: whether anything of a response came: else the request may never have been read.
 * Returns 0; CO_EEOF, CO_EHTTP, CO_ETOOBIG, CO_EDEADLINE, CO_ETOOSLOW, as co_write and co_read.
 */
int co_http_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, bool *ret_heard);

/* Ends an exchange. True when its body was read to the end and the connection may be used again. */
bool co_http_exchange_end(struct co_http_answer *answer);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * How a message travels: what differs between HTTP/1 (transport1.c) and HTTP/2 (h2_reply.c,
 * h2_body.c). What is said, and when, is the same for both: response.c and body.c.
 */
#ifndef CO_HTTP_TRANSPORT_H
#define CO_HTTP_TRANSPORT_H

#include "http/message.h"

/* All suspend, obey the scope, and return 0 or a negative result unless they say otherwise. */
struct co_http_transport {
    unsigned major; /* HTTP/major */

    /* The response's head: `head` (a status line and fields, as co_http_reply_prepared has them),
     * the common fields and the handler's; and the body if it is there already. `next`: how it goes
     * on. */
    int (*head)(
        co_http_request *request, co_text head, co_text body, enum co_http_reply_state next);
    /* A piece of a body that was begun. */
    int (*write)(co_http_request *request, const void *bytes, size_t size);
    /* The same of a file; `span` tells afterwards how much is left. */
    int (*write_file)(co_http_request *request, struct co_pace_span *span);
    /* The end of a body that was begun. */
    int (*end)(co_http_request *request);

    /* Before the first byte of the request's body is read. `keep`: the head is asked for later. */
    int (*open_body)(co_http_request *request, bool keep);
    /* Answers 100, unless the body has begun to come. */
    int (*go_on)(co_http_request *request);
    /* As co_http_read and co_http_body_next, of the body that has not come to its end. */
    ssize_t (*read)(co_http_request *request, void *ret_bytes, size_t size);
    ssize_t (*show)(co_http_request *request, co_text *ret);
    /* As co_http_body_splice, likewise. May be NULL. */
    long (*splice)(co_http_request *request, int pipe_fd, size_t size);
    /* What was shown last has been read. */
    int (*consume_shown)(co_http_request *request);
};

extern const struct co_http_transport co_http1_transport;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Bodies made or compressed while they are sent: pieces of bounded size, each compressed on a pool
 * thread, so that neither the loop waits nor memory grows with the body.
 */
#ifndef CO_HTTP_SQUEEZE_H
#define CO_HTTP_SQUEEZE_H

#include "http/message.h"

#define CO_HTTP_PIECE (32u << 10) /* bytes of a body that are worked on at a time */

/* A body in the making: text gathers in `in`, and goes out by co_http_squeeze_flush. */
struct co_http_squeeze {
    co_http_request *request;
    struct co_gzip *gzip; /* NULL: sent as it is */
    struct co_buf in, out;
    bool last;
};

/* After the reply has begun. 0 or -ENOMEM. */
int co_http_squeeze_open(struct co_http_squeeze *squeeze, co_http_request *request, bool gzip);
/* Sends what has gathered, once that is a piece; all of it when it is the last. 0, or as
 * co_http_write. */
int co_http_squeeze_flush(struct co_http_squeeze *squeeze, bool last);
void co_http_squeeze_close(struct co_http_squeeze *squeeze);

/* Sends `size` bytes of a file, compressed. CO_EEOF when it has shrunk. */
int co_http_squeeze_file(co_http_request *request, int fd, uint64_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1.1 response (RFC 9112 2 to 6), as clients read it.
 *
 * What real servers do and no peer reads in two ways is let pass: bare LF at the ends of lines
 * (RFC 9112 2.2), folded lines (5.2), a missing reason, one length said twice. What would let the
 * body's end be found in two ways is refused.
 */
#ifndef CO_CODEC_HTTP1_RESPONSE_H
#define CO_CODEC_HTTP1_RESPONSE_H

#include "codec/http1.h"

#define CO_HTTP1_RESPONSE_HEAD_MAX   65536 /* bytes; as much as a stream can show at once */
#define CO_HTTP1_RESPONSE_FIELDS_MAX 256

struct co_http1_response {
    int status;      /* 100 to 999 */
    unsigned minor;  /* 0 or 1: HTTP/1.minor */
    co_text reason;  /* of no meaning; may be empty */
    bool keep_alive; /* the server means to go on (RFC 9112 9.3) */
    enum co_http_framing framing;
    uint64_t body_size; /* for CO_HTTP_LENGTH */
    unsigned field_count;
    struct co_http_field fields[CO_HTTP1_RESPONSE_FIELDS_MAX];
};

/*
 * Bytes of the head at the start of `bytes`, with its empty line; 0 when more have to come;
 * CO_EHTTP when it is no HTTP/1 response; CO_ETOOBIG beyond CO_HTTP1_RESPONSE_HEAD_MAX. scanned: 0
 * at first, then the function's own note, so that a head that trickles in costs linear time.
 */
ssize_t co_http1_response_size(co_text bytes, size_t *scanned);

/*
 * Reads a whole head. head: of that size; folded lines are joined in it (RFC 9112 5.2), and the
 * slices point into it. method: of the request, which decides about the body (RFC 9112 6.3).
 * Returns 0; CO_EHTTP when malformed; CO_ETOOBIG for too many fields.
 */
int co_http1_response_parse(
    char *head, size_t size, enum co_http_method method, struct co_http1_response *ret);

#endif

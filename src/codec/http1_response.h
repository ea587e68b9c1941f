/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1.1 response (RFC 9112 2 to 6), as clients read it.
 *
 * What real servers do and no peer reads in two ways is let pass: bare LF at the ends of lines
 * (RFC 9112 2.2), blanks before a colon (5.1), folded lines (5.2), a missing reason, one length
 * said twice, a length beside chunks, which then end the connection (6.3). What else would let the
 * body's end be found in two ways is refused.
 */
#ifndef CO_CODEC_HTTP1_RESPONSE_H
#define CO_CODEC_HTTP1_RESPONSE_H

#include "base/buf.h"
#include "codec/http1.h"

#define CO_HTTP1_RESPONSE_HEAD_MAX   307200 /* bytes: what the usual clients bear, 300 KiB */
#define CO_HTTP1_RESPONSE_FIELDS_MAX 5000

/* Bytes of a buffer that holds a head and, behind it, the table of its fields. */
#define CO_HTTP1_RESPONSE_TEXT_MAX                                                                 \
 (CO_HTTP1_RESPONSE_HEAD_MAX + (CO_HTTP1_RESPONSE_FIELDS_MAX + 1) * sizeof(struct co_http_field))

struct co_http1_response {
    int status;      /* 100 to 999 */
    unsigned minor;  /* 0 or 1: HTTP/1.minor */
    co_text reason;  /* of no meaning; may be empty */
    bool keep_alive; /* the server means to go on (RFC 9112 9.3) */
    enum co_http_framing framing;
    uint64_t body_size; /* for CO_HTTP_LENGTH */
    unsigned field_count;
    struct co_http_field *fields; /* they and their slices live in the buffer that was parsed */
};

/*
 * Bytes of the head at the start of `bytes`, with its empty line; 0 when more have to come;
 * CO_EHTTP when it is no HTTP/1 response; CO_ETOOBIG beyond CO_HTTP1_RESPONSE_HEAD_MAX. scanned: 0
 * at first, then the function's own note, so that a head that trickles in costs linear time.
 */
ssize_t co_http1_response_size(co_text bytes, size_t *scanned);

/*
 * Reads a whole head. text: it and nothing else; folded lines are joined in it (RFC 9112 5.2), and
 * all slices point into it; its room grows by the table of the fields. method: of the request,
 * which decides about the body (RFC 9112 6.3).
 * Returns 0; CO_EHTTP when malformed; CO_ETOOBIG for too many fields, or more than the buffer may
 * hold; -ENOMEM.
 */
int co_http1_response_parse(
    struct co_buf *text, enum co_http_method method, struct co_http1_response *ret);

#endif

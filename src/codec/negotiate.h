/* SPDX-License-Identifier: MIT */
/*
 * What a request's fields choose: preconditions (RFC 9110 13), content coding (12.5.3), media type
 * (12.5.1). Pure functions of field values and the representation's validators.
 */
#ifndef CO_CODEC_NEGOTIATE_H
#define CO_CODEC_NEGOTIATE_H

#include "codec/http1.h"

struct co_validators {
    co_text etag;     /* with quotes, strong; size 0 when there is none */
    int64_t modified; /* seconds since 1970; negative when unknown */
    bool exists;      /* is there a current representation? (If-Match: *, If-None-Match: *) */
};

/*
 * Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of
 * RFC 9110 13.2.2. `now` serves date parsing. Returns 200 (go on), 304 or 412.
 */
int co_precondition(
    const struct co_http1_request *request, const struct co_validators *validators, int64_t now);

/* Does If-Range (RFC 9110 13.1.5) allow the Range field to be honoured? True when absent. Only a
 * strong match counts; a date must equal Last-Modified and be at least a second older than `date`.
 */
bool co_if_range(
    co_text if_range, const struct co_validators *validators, int64_t date, int64_t now);

/* Content codings as a set. */
enum co_coding {
    CO_CODING_IDENTITY = 1,
    CO_CODING_GZIP = 2,
    CO_CODING_BR = 4,
    CO_CODING_ZSTD = 8,
};

/*
 * Chooses among the `available` codings by the q-values of all Accept-Encoding lines; on equal q
 * the server's order br, zstd, gzip, identity. Without the field: identity. Returns one coding;
 * identity as well when all are refused (a 406 helps nobody; RFC 9110 12.5.3 allows it).
 */
enum co_coding co_coding_choose(const struct co_http1_request *request, unsigned available);

/* The token of a coding ("gzip") and the suffix of its precompressed sibling (".gz"). */
const char *co_coding_name(enum co_coding coding);
const char *co_coding_suffix(enum co_coding coding);

/* Do the request's Accept lines prefer `type_a` over `type_b` ("application/json" over
 * "text/html", both without parameters)? On equal q: no. */
bool co_accept_prefers(const struct co_http1_request *request, co_text type_a, co_text type_b);

#endif

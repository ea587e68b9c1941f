/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) as it arrives: bytes in, tokens out, the same at every split.
 *
 * Strict: no comments, no trailing commas, no BOM, no lone surrogates, nothing but UTF-8. Bounded:
 * 64 levels, and the room of one key, string or number; the text as a whole may be of any length.
 */
#ifndef CO_CODEC_JSON_H
#define CO_CODEC_JSON_H

#include "base/buf.h"

#define CO_JSON_DEPTH_MAX 64

enum co_json_token {
    CO_JSON_MORE, /* all of the input was taken; the next token needs more */
    CO_JSON_OBJECT,
    CO_JSON_OBJECT_END,
    CO_JSON_ARRAY,
    CO_JSON_ARRAY_END,
    CO_JSON_KEY,    /* in `text`, as are the following two */
    CO_JSON_STRING, /* its escapes undone; may hold NUL */
    CO_JSON_NUMBER, /* as it was written */
    CO_JSON_TRUE,
    CO_JSON_FALSE,
    CO_JSON_NULL,
};

struct co_json {
    struct co_buf text; /* of the last key, string or number: until the next call */
    unsigned depth;     /* open objects and arrays, the one that a token opens included */
    /* The rest is private. */
    uint64_t objects; /* which of the levels are objects; the lowest bit is the innermost */
    int expected;     /* by the grammar */
    int within;       /* which token has begun */
    bool is_key;
    unsigned escape, escape_digits; /* \uXXXX so far */
    unsigned surrogate;             /* the first of a pair, waiting for the second */
    int error;                      /* the first one, kept */
};

/* Begins. text_max: the longest key, string or number in bytes. */
void co_json_start(struct co_json *json, size_t text_max);
void co_json_free(struct co_json *json);

/*
 * The next token of the input, which is shortened by what was taken. Returns an enum co_json_token;
 * CO_EINVALID for what is no JSON, CO_ETOOBIG beyond the bounds, -ENOMEM. Failures stay.
 */
int co_json_next(struct co_json *json, co_text *input);

/* After all input: 0 when it was one whole value, else CO_EINVALID or the failure before. A number
 * that is the whole text is not told. */
int co_json_finish(struct co_json *json);

#endif

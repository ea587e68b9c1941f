/* SPDX-License-Identifier: MIT */
/*
 * Challenges of WWW-Authenticate and Proxy-Authenticate (RFC 9110 11.3): schemes with a token or
 * with parameters, several in one field, between commas that parameters have as well.
 */
#ifndef CO_CODEC_CHALLENGE_H
#define CO_CODEC_CHALLENGE_H

#include "base/buf.h"

#define CO_CHALLENGE_PARAMS_MAX 16 /* of one challenge; Digest has eight */

struct co_challenge_param {
    co_text name;
    co_text value; /* of a quoted string what is between the quotes, its escapes as they are */
    bool quoted;
};

struct co_challenge {
    co_text scheme;  /* compare without case */
    co_text token68; /* empty: none */
    unsigned count;
    struct co_challenge_param params[CO_CHALLENGE_PARAMS_MAX];
};

/*
 * Takes the next challenge off a field's value; the slices point into it. 1; 0 at the end;
 * CO_EINVALID when the rest is malformed (a parameter twice is, too), CO_ETOOBIG for too many
 * parameters: nothing more is to be read then.
 */
int co_challenge_next(co_text *rest, struct co_challenge *ret);

/* Reads a list of parameters alone, as Authentication-Info has it (RFC 7615 3). 0, or as above. */
int co_challenge_params(co_text text, struct co_challenge *ret);

/* The parameter of that name, compared without case; NULL: there is none. */
const struct co_challenge_param *co_challenge_find(
    const struct co_challenge *challenge, co_text name);

/* Appends what a parameter's value means: without escapes. Returns out's error. */
int co_challenge_value(const struct co_challenge_param *param, struct co_buf *out);

/* Appends text as a quoted string (RFC 9110 5.6.4). CO_EINVALID when it has control bytes, which
 * none can hold; else out's error. */
int co_quoted_write(co_text text, struct co_buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* A client that knows the right answers, and tells a lie from an error. */
#ifndef CO_FAULT_HTTP_CLIENT_H
#define CO_FAULT_HTTP_CLIENT_H

#include "room.h"

#define PARTS_MAX    4
#define NEEDLES_MAX  5
#define PATTERN_SIZE (96u << 10)

/* All content there is: files, bodies and parts are pieces of it. */
extern char http_pattern[PATTERN_SIZE];
void http_pattern_make(void);

struct part {
    size_t first, size;
};

/* A request and its right answer. */
struct ask {
    const char *request;
    const char *body; /* sent after the client has heard "100 Continue"; NULL: none */
    int status;
    bool no_body;                     /* HEAD, 304 */
    struct part content;              /* of the pattern */
    const char *text;                 /* or this */
    struct part parts[PARTS_MAX];     /* or these, in a multipart body, the last of size 0 */
    const char *needles[NEEDLES_MAX]; /* or a body that ends with the first and has the others */
};

/*
 * Asks on a stream and judges what comes. Returns 0 for the right answer, 1 when the server said
 * that it could not (500, 503), or a negative error; what is neither is a room_problem. *ret_ends:
 * the connection can be used no more.
 */
int http_ask(co_stream *stream, const struct ask *ask, bool *ret_ends);

/* Only the reading half, for requests that have been sent together. */
int http_hear(co_stream *stream, const struct ask *ask, bool *ret_ends);

#endif

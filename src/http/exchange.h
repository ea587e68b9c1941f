/* SPDX-License-Identifier: MIT */
/*
 * One request and its response on a connection, the client's side: over HTTP/1 (RFC 9112 3 and 4,
 * exchange.c) or HTTP/2 (RFC 9113 8, h2_call.c).
 */
#ifndef CO_HTTP_EXCHANGE_H
#define CO_HTTP_EXCHANGE_H

#include "base/buf.h"
#include "codec/http1_response.h"
#include "dial/response_head.h"
#include "http/incoming.h"
#include "http/outgoing.h"

#include <errno.h>

/* A write failed for a reason of this machine's own: the peer, who has not heard all, will not
 * answer. Otherwise it may have said why it does not listen. */
static inline bool co_http_is_own_failure(int error)
{
    return error == -ENOMEM || error == -ENOBUFS || error == -EINTR;
}

#define CO_HTTP_EXPECT_MS 1000 /* to wait for a 100, which some never send (RFC 9110 10.1.1) */

struct co_h2_call;
struct co_http_answer;

/* What is asked, apart from where. */
struct co_http_question {
    enum co_http_method method;
    co_text head; /* the whole head with its empty line, as HTTP/1 has it */
    co_text body;
    struct co_http_outgoing *outgoing; /* instead of it, when it has a source; NULL: it has not */
    bool expects;     /* the server's word is waited for before that body: the head says so */
    int64_t place_ms; /* to wait for other requests of the same connection to end, at most */
    int64_t head_ms;  /* to wait for the response's head */
    int64_t stall_ms; /* as the client's, as are the rates */
    int64_t min_rate;
    uint64_t limit_rate;
};

/* What became of a request that failed. */
enum co_http_fate {
    CO_HTTP_UNHEARD, /* nothing has come of a response: it may never have been read */
    CO_HTTP_REFUSED, /* the server has not looked at it, and will not */
    CO_HTTP_TOO_NEW, /* the same, but over HTTP/1.1 it would (RFC 9113 7) */
    CO_HTTP_HEARD,
};

/* What an exchange leaves its connection as. */
enum co_http_rest {
    CO_HTTP_BROKEN_OFF, /* in the midst of a message, or with bytes that nobody asked for */
    CO_HTTP_OVER,       /* in good order, and the last one */
    CO_HTTP_REUSABLE,   /* for another one */
};

/* How an answer travels. */
struct co_http_way {
    unsigned version; /* as co_http_response_version; HTTP/1's minor is in the head */
    ssize_t (*next)(struct co_http_answer *answer, co_text *ret);
    long (*splice)(struct co_http_answer *answer, int pipe_fd, size_t size); /* may be NULL */
    enum co_http_rest (*end)(struct co_http_answer *answer);
};

struct co_http_answer {
    const struct co_http_way *way; /* NULL: there is none */
    struct co_http1_response head; /* as HTTP/1 would tell it */
    struct co_buf text;            /* that head's slices point here */
    struct co_http_incoming body;  /* HTTP/1's */
    bool is_asked;                 /* the same: all of the request went out */
    struct co_h2_call *call;       /* HTTP/2's */
};

/*
 * Asks, and reads the head of the final response; interim ones (RFC 9110 15.2) are passed over.
 * Suspends. stream: speaks HTTP/2 if co_h2_client_begin was called for it. answer: zeros before;
 * co_http_exchange_end and then co_buf_free(&answer->text) end it in any case. ret_fate: set unless
 * 0 is returned. A body that `expects` is sent once the server says 100, or says nothing for a
 * second; when it says something else, that is the answer (RFC 9110 10.1.1). Over HTTP/2 only one
 * that can be told but once waits.
 * Returns 0; CO_EEOF, CO_EHTTP, CO_ETOOBIG, CO_EDEADLINE, CO_ETOOSLOW, as co_write and co_read;
 * -EBUSY (and CO_HTTP_REFUSED) when there was no place on the connection in time.
 */
int co_http_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, enum co_http_fate *ret_fate);

/* The next piece of the answer's body, as co_http_incoming_next. */
ssize_t co_http_exchange_next(struct co_http_answer *answer, co_text *ret);

/* Ends an exchange. May suspend. */
enum co_http_rest co_http_exchange_end(struct co_http_answer *answer);

/* Ends the wait for a response's head, which came to rc: that it was too long is told in words. */
int co_http_waited(co_scope *scope, int rc);

#endif

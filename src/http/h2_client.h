/* SPDX-License-Identifier: MIT */
/*
 * HTTP/2 as a client speaks it (RFC 9113): many exchanges share a connection.
 *
 * There is no fiber of the connection's own. Whoever waits for something does what is to be done:
 * one fiber reads and feeds nghttp2 for all, the others wait to be woken by it; when it has what it
 * waited for, or is cancelled, another one that waits takes its turn. What is said is written by
 * whoever says it, and by a fiber of the exchange's own while a request has a body, so that no one
 * who reads is held up by a peer that does not.
 *
 *     h2_link.c    the connection: reading, writing, whose turn it is
 *     h2_call.c    one exchange
 *     h2_ask.c     its request
 *     h2_upload.c  that one's body
 *     h2_heard.c   what nghttp2 tells
 */
#ifndef CO_HTTP_H2_CLIENT_H
#define CO_HTTP_H2_CLIENT_H

#include "base/list.h"
#include "coronet/sync.h"
#include "http/exchange.h"
#include "http/h2_common.h"
#include "net/stream.h"

/* Frames that a response's head may take beyond the first: as large as frames come by default. */
#define CO_H2_CONTINUATIONS_MAX (CO_HTTP1_RESPONSE_HEAD_MAX / 16384 + 2)

#define CO_H2_CALLS_MAX 100 /* at once, whatever the server allows: nginx allows 128 */

/* Of bodies that have come and were not read: a response that nobody has begun to read may hold the
 * first, one that is read up to the second, all of a connection the third and its window. */
#define CO_H2_CALL_BYTES     65535
#define CO_H2_CALL_BYTES_MAX (8 << 20)
#define CO_H2_HELD_MAX       (32 << 20)
#define CO_H2_LINK_WINDOW    (16 << 20)

/* A connection. It stays with the stream, in its slot. */
struct co_h2_link {
    nghttp2_session *session;
    co_stream *stream;
    struct co_h2_meter meter;
    struct co_link calls; /* in order of their beginnings */
    unsigned open_count;  /* of those: nghttp2 knows them */
    unsigned uploads;     /* of those: a fiber writes what they have to say */
    struct co_pace reading, writing;
    bool is_paced;             /* those two have begun */
    bool is_read;              /* a fiber reads ... */
    co_scope *waiting;         /* ... and waits, in this scope ... */
    struct co_h2_call *reader; /* ... for this call */
    bool is_written;           /* a fiber writes */
    const uint8_t *carry;      /* a frame of nghttp2's that found no room */
    size_t carry_size;
    size_t data_left;  /* bytes of bodies that may be gathered now */
    size_t held, owed; /* bytes that were not read, and those that the peer may not replace yet */
    uint64_t received; /* bytes of bodies, of all calls */
    bool is_draining;  /* the peer takes no more requests */
    bool wants_http1;  /* because it wants HTTP/1.1 */
    bool is_mute;      /* nothing can be written any more; there may be more to read */
    int error;         /* why the connection is broken */
    struct co_h2_call *arriving; /* whose header block is being decoded */
};

struct co_h2_call {
    struct co_h2_link *h2;
    struct co_link link;
    int32_t id;          /* 0: not asked yet */
    bool is_open;        /* nghttp2 knows it */
    bool is_waiting;     /* its fiber is in co_h2_link_await */
    bool has_head, ends; /* the final head has come; the end */
    bool is_bare;        /* both at once */
    bool is_refused;     /* the server has not looked at it */
    bool wants_http1;    /* nor will it, over HTTP/2 */
    bool is_reset;       /* by the server */
    int error;           /* why it is broken */
    int failed;          /* what whoever reads has been told */
    co_event wake;       /* something of all this has changed */

    enum co_http_method method;
    struct co_buf head;   /* that is arriving, as HTTP/1 would tell it */
    int status;           /* of that head; 0: none yet */
    size_t decoded_bytes; /* of all its heads and trailers */
    unsigned fields, interim;

    struct co_h2_bytes bytes; /* of the body */
    size_t shown;             /* of these, to whoever reads */
    uint64_t read;
    int32_t window;
    struct co_pace reading, writing;

    struct co_http_outgoing *outgoing; /* tells the request's body; NULL: it is there */
    co_text body;                      /* what is there of it and still to be sent */
    bool is_told;                      /* nothing comes behind that */
    bool is_sent;                      /* all of it */
    bool needs_word, has_word;         /* it waits for the server to say 100, who has */
    uint64_t sent;                     /* bytes of it */
    bool has_moved;                    /* some of it, lately */
    int64_t silent_ns, silent_since;   /* how long its source took; 0: it does not now */
    co_event output;                   /* there is something to be written */
    co_event taken;                    /* the next piece of the body may come */
};

/* ---- h2_link.c */

/* The stream's owner speaks HTTP/2 on it, from now on. Does not suspend. 0 or -ENOMEM. */
int co_h2_client_begin(co_stream *stream);

bool co_h2_client_is_on(const co_stream *stream);

/* May one more exchange begin, at once or later? */
bool co_h2_client_takes_more(const co_stream *stream);

/* Looks at what has come while it was idle. Suspends shortly. True: it can be used. */
bool co_h2_client_is_fit(co_stream *stream);

/* Nothing is under way any more: says what is left to be said. Suspends. True: it may be kept. */
bool co_h2_client_rest(co_stream *stream);

/* Waits until `is_done`, and reads and writes meanwhile for whoever else waits. Suspends. 0; the
 * connection's error; as the scope says. */
int co_h2_link_await(struct co_h2_call *call, bool (*is_done)(const struct co_h2_call *call));

/* Whoever waits in co_h2_link_await looks whether it is done, also when it reads. */
void co_h2_call_wake(struct co_h2_call *call);

/* Has what is to be said written. Suspends. 0, whether that could be or not; as the scope says. */
int co_h2_link_say(struct co_h2_link *h2);

/* The same, if there is something, and nobody else whose task that is. */
int co_h2_link_say_more(struct co_h2_link *h2);

/* The same at the end of something, which nobody may be left to wait for: also when the scope has
 * ended, for a short time. */
void co_h2_link_say_last(struct co_h2_link *h2);

/* Is there anything to be said? */
bool co_h2_link_has_output(const struct co_h2_link *h2);

/* The connection is broken: everybody hears why. Does not suspend. */
void co_h2_link_fail(struct co_h2_link *h2, int error);

/* Whoever waits for a place may have one. */
void co_h2_link_place_free(struct co_h2_link *h2);

/* ---- h2_heard.c */

/* A session of nghttp2's with all that it needs to know. 0 or -ENOMEM. */
int co_h2_heard_new(struct co_h2_link *h2);

/* ---- h2_ask.c */

/* Waits for a place on the connection, at most for a time, and asks. Suspends. 0; -EBUSY; -ENOMEM;
 * as co_h2_link_await. */
int co_h2_ask(struct co_h2_call *call, const struct co_http_question *question);

/* ---- h2_upload.c */

/* What there is to be sent. Does not suspend. */
void co_h2_upload_prepare(struct co_h2_call *call, const struct co_http_question *question);

/* nghttp2 asks for the next bytes of a request's body. */
ssize_t co_h2_upload_fill(nghttp2_session *session, int32_t id, uint8_t *to, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *arg);

/* Sends the request's body, unless the response makes that needless. Suspends. 0; CO_ETOOSLOW; as
 * co_http_outgoing_read and co_h2_link_await. */
int co_h2_upload(struct co_h2_call *call);

/* ---- h2_call.c */

/* co_http_exchange over HTTP/2. */
int co_h2_client_exchange(co_stream *stream, const struct co_http_question *question,
    struct co_http_answer *answer, enum co_http_fate *ret_fate);

/* Breaks the exchange off: RST_STREAM. */
void co_h2_call_reset(struct co_h2_call *call, uint32_t code, int error);

#endif

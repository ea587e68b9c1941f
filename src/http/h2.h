/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of HTTP/2 share. nghttp2 frames, compresses and keeps the streams' states; it
 * never waits, and no fiber is switched within its calls.
 *
 *     h2_session.c  the connection: reads, feeds nghttp2, parks, ends
 *     h2_events.c   what nghttp2 tells: frames, streams
 *     h2_late.c     what comes on streams that have ended
 *     h2_head.c     a request's head, told as HTTP/1 (RFC 9113 8.3)
 *     h2_stream.c   a stream: a fiber that answers one request
 *     h2_body.c     its request's body: buffers bounded by the windows (RFC 9113 5.2)
 *     h2_reply.c    its response
 *     h2_field.c    that one's fields
 *     h2_memory.c   nghttp2's memory
 *     h2_output.c   what goes out: gathered, written by one fiber
 */
#ifndef CO_HTTP_H2_H
#define CO_HTTP_H2_H

#include "coronet/sync.h"
#include "http/h2_common.h"
#include "http/message.h"
#include "net/stream.h"

#define CO_H2_STREAMS_MAX  128       /* at work at once: pages ask for about 100 */
#define CO_H2_STREAM_BYTES (1 << 16) /* of a request's body that nobody has read yet ... */
#define CO_H2_WINDOW_BYTES                                                                         \
 (1 << 20) /* ... on all streams together, or on one that is being read                            \
            */

struct co_h2_stream;

/* What a head has come to so far (attacks B06). */
struct co_h2_decoded {
    size_t bytes; /* of names and values, and 32 for each (RFC 9113 6.5.2) */
    unsigned fields;
};

/* What the connections of a thread share. */
struct co_h2_store {
    nghttp2_mem memory;
    struct co_h2_stream *spare;
    unsigned spare_count;
    struct co_buf fields;  /* of a response, while it is handed to nghttp2 */
    void *common, *secure; /* the lines of all responses, as h2_field.c has made them */
};

/* A connection. It stays with the stream, in its slot, also while that is parked. */
struct co_h2 {
    nghttp2_session *session;
    co_stream *stream;
    co_http_server *server;
    struct co_http_shard *shard;
    struct co_h2_store *store;
    co_group *group;   /* of its fibers; NULL while parked */
    co_scope *waiting; /* of the fiber that reads, while it waits for input */
    unsigned at_work;  /* streams with a fiber */
    unsigned stream_count;
    uint64_t requests;             /* so far */
    int64_t idle_since;            /* ns: when the last stream ended, or the connection began */
    struct co_h2_stream *streams;  /* that are open, or have a fiber */
    struct co_h2_stream *arriving; /* whose header block is being decoded */
    struct co_h2_decoded passed;   /* of a block that is nobody's */
    struct co_h2_stream *queue, *queue_last; /* that wait for one */
    bool starting;                           /* the fiber of the queue's first */
    co_event begun;                          /* the queue is empty */

    struct co_h2_meter meter;
    int32_t opened_last; /* the last stream that was opened; -1: none yet */
    int32_t reset_last;  /* the last that was reset from here; 0: none */
    uint64_t opened;     /* which of the last were, and not passed over: bit 0 is opened_last */

    uint8_t *out; /* a large buffer of the runtime's, while there is something in it */
    uint32_t out_size;
    const uint8_t *carry; /* a frame of nghttp2's that found no room */
    uint32_t carry_size;
    uint64_t data_sent; /* bytes of bodies, of all streams */
    int64_t wrote_ns;   /* when something was written last */
    struct co_pace writing, reading;
    int64_t now_seconds; /* of the calendar, when the last input came */
    bool writer_on;      /* a fiber writes `out` ... */
    bool sending;        /* ... right now, so that nothing may be added */

    bool ended;    /* the peer sends no more */
    bool draining; /* it has been asked to send no more requests */
    int error;     /* why the connection is broken */
};

/* What a stream's fiber wants to be sent. */
struct co_h2_piece {
    const uint8_t *at; /* NULL: of a file */
    int fd;
    uint64_t offset;
    uint64_t left;
};

struct co_h2_stream {
    struct co_h2 *h2;
    struct co_h2_stream *next, *previous; /* or, of spare ones, next alone */
    struct co_h2_stream *queued;          /* the next in the queue */
    int32_t id;
    bool open;       /* nghttp2 knows it */
    bool has_fiber;  /* or waits for one */
    bool body_ended; /* END_STREAM has come */
    bool unread;     /* nobody reads the body, now or later */
    bool is_last;    /* the response ends with `piece` */
    bool cold;       /* the file's next bytes have to come from the disk */
    bool deferred;   /* nghttp2 does not ask for its bytes until it is told to */
    bool complete;   /* the response is whole, as far as its fiber is concerned */
    int error;       /* why it is broken */
    co_event wake;   /* something of all this has changed */

    /* The head that is arriving. */
    nghttp2_rcbuf *method, *path, *authority;
    struct co_buf head; /* as HTTP/1 would tell it */
    bool has_line;      /* the request line is there */
    bool has_length;    /* a Content-Length, too */
    size_t cookies_end; /* where in `head` the next crumb belongs; 0: none yet */
    struct co_h2_decoded decoded;
    int refused; /* the status that answers it; 0: none */

    struct co_h2_bytes body; /* unread */
    uint64_t window_read;    /* bytes that were read */
    char status[3];          /* of the response */
    struct co_h2_piece piece;
};

/* ---- h2_events.c */

/* A session of nghttp2's with all that it needs to know. 0 or -ENOMEM. */
int co_h2_session_new(struct co_h2 *h2);

/* ---- h2_memory.c */

/* What is kept in the shard, for all its connections. 0 or -ENOMEM. */
int co_h2_store_enter(struct co_http_shard *shard, struct co_h2_store **ret);

/* ---- h2_head.c */

/* A field of the request's head. 0 or an error of nghttp2's that ends the session. */
int co_h2_head_field(struct co_h2_stream *stream, nghttp2_rcbuf *name, nghttp2_rcbuf *value);

/* The same of a head that nobody reads, its stream being refused or gone. */
int co_h2_head_pass(struct co_h2 *h2, const nghttp2_rcbuf *name, const nghttp2_rcbuf *value);

/* The head is whole. `ends`: without a body. 0, or -1: it is none, and the stream is reset. */
int co_h2_head_end(struct co_h2_stream *stream, bool ends);

/* Forgets what the head was made of. */
void co_h2_head_forget(struct co_h2_stream *stream);

/* ---- h2_late.c */

void co_h2_note_opened(struct co_h2 *h2, int32_t id);
void co_h2_note_reset(struct co_h2 *h2, int32_t id);

/* What is wrong with a frame that begins, but for data; NGHTTP2_NO_ERROR: nothing that nghttp2 does
 * not see itself. */
uint32_t co_h2_frame_error(const struct co_h2 *h2, const nghttp2_frame_hd *frame);

/* The same of data, of whose frames nghttp2 does not tell when it ignores them: once it has been
 * fed what was counted. */
uint32_t co_h2_data_error(const struct co_h2 *h2);

/* ---- h2_stream.c */

/* A new stream of the peer's; NULL when memory is out. */
struct co_h2_stream *co_h2_stream_begin(struct co_h2 *h2, int32_t id);

/* Has it answered, by a fiber of its own. */
void co_h2_stream_run(struct co_h2_stream *stream);

/* Forgets those that no fiber could be had for. */
void co_h2_queue_drop(struct co_h2 *h2);

/* nghttp2 has closed it. */
void co_h2_stream_closed(struct co_h2_stream *stream);

/* Breaks it off: RST_STREAM. */
void co_h2_stream_reset(struct co_h2_stream *stream, uint32_t code);

/* All that are at work fail. */
void co_h2_streams_fail(struct co_h2 *h2, int error);

/* The connection is broken, or ended: every stream that waits for the peer hears of it. */
void co_h2_streams_wake(struct co_h2 *h2);

/* Frees the streams that are left. */
void co_h2_streams_free(struct co_h2 *h2);

/* Frees the spare ones. */
void co_h2_spare_free(struct co_h2_store *store);

/* ---- h2_body.c */

/* Bytes of the body have come. 0 or -ENOMEM. */
int co_h2_body_add(struct co_h2_stream *stream, const uint8_t *bytes, size_t size);

/* Throws away what has not been read, and what is still to come. */
void co_h2_body_drop(struct co_h2_stream *stream);

int co_h2_body_open(co_http_request *request, bool keep);
int co_h2_body_go_on(co_http_request *request);
ssize_t co_h2_body_read(co_http_request *request, void *ret_bytes, size_t size);
ssize_t co_h2_body_show(co_http_request *request, co_text *ret);
int co_h2_body_consume_shown(co_http_request *request);

/* ---- h2_reply.c */

/* nghttp2 asks for the next bytes of a response's body. */
ssize_t co_h2_reply_fill(nghttp2_session *session, int32_t id, uint8_t *buffer, size_t size,
    uint32_t *flags, nghttp2_data_source *source, void *arg);

extern const struct co_http_transport co_h2_transport;

/* ---- h2_field.c */

/* Makes the response's fields, in the store. at_once: nghttp2 encodes them before anything else
 * happens. */
void co_h2_fields_make(co_http_request *request, co_text status, co_text head, bool at_once);

/* ---- h2_output.c */

/* Would a frame that nghttp2 is told of now be encoded by the next co_h2_push? */
bool co_h2_output_is_ready(const struct co_h2 *h2);

/* Gathers what nghttp2 has to say, and has it written soon: when all requests that came together
 * have begun to be answered. */
void co_h2_push(struct co_h2 *h2);

/* Has what was gathered written, behind the fibers that are ready. */
void co_h2_write_soon(struct co_h2 *h2);

/* Writes what there is, in this fiber: when the session is over. */
int co_h2_output_finish(struct co_h2 *h2);

/* Gives the buffer back, with whatever is in it. */
void co_h2_output_release(struct co_h2 *h2);

/* The room for a frame's payload, right where it will be sent from; its size in ret. */
uint8_t *co_h2_output_room(struct co_h2 *h2, size_t *ret_size);

/* That room is filled: sends it behind its frame's head. */
void co_h2_output_frame(struct co_h2 *h2, const uint8_t *frame_head, size_t size);

/* ---- h2_session.c */

/* Nothing may go faster than that, either way, from now on; 0: no limit. */
void co_h2_limit(struct co_h2 *h2, uint64_t limit_rate);

/* When the server is drained the peer hears that it shall come with no more requests. Is there
 * something to be said for that? */
bool co_h2_heed_drain(struct co_h2 *h2);

/* What has begun is answered, nothing else will be. */
void co_h2_send_away(struct co_h2 *h2);

/* The connection is broken: everybody hears why. */
void co_h2_fail(struct co_h2 *h2, int error);

/* Nothing is at work any more: the fiber that reads may go. */
void co_h2_settled(struct co_h2 *h2);

#endif

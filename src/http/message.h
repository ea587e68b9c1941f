/* SPDX-License-Identifier: MIT */
/*
 * What the rooms of the HTTP server share: the server, its state in one shard, and a request with
 * its response.
 *
 * A request's life: session.c parses a head and decides its route, the handler reads the body
 * (body.c) and replies (response.c), then session.c reports it and finishes what is left of the
 * body. The slices of `head` point into the stream's buffer; reading the body moves them to a copy,
 * so they are good throughout the handler, but a slice that was copied out of there before is not.
 */
#ifndef CO_HTTP_MESSAGE_H
#define CO_HTTP_MESSAGE_H

#include "base/buf.h"
#include "codec/http1.h"
#include "coronet/http.h"
#include "http/incoming.h"
#include "net/pace.h"

#define CO_HTTP_FIELDS_MAX 16384 /* bytes of the fields that handlers set for one response */
#define CO_HTTP_USER_MAX   256   /* bytes of a user's name (attacks F19) */
#define CO_HTTP_DATE_LINE  37    /* "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" */

struct co_rt;
struct co_http_route;
struct co_http_transport;

/* ---- the server and its shards -------------------------------------------------------------- */

/* An object kept under a key, with its destructor. */
struct co_http_kept {
    struct co_http_kept *next;
    const void *key;
    void *value;
    void (*free_value)(void *value);
};

/* What one thread keeps for a server: nothing in here is locked. Lives as long as the server. */
struct co_http_shard {
    struct co_http_shard *next;
    const struct co_rt *rt;
    struct co_http_request *spare; /* requests for reuse, the warmest first */
    unsigned spare_count;
    int64_t date_seconds;      /* what the Date line says */
    struct co_buf common;      /* "Date: ...", "Server: ..." and options->headers as lines */
    struct co_http_kept *kept; /* caches of the rooms above, by key */
};

struct co_http_server {
    struct co_http_options options; /* with the defaults filled in */
    int error;                      /* the first failure of building */
    struct co_http_route *routes;   /* longest path first */
    struct co_buf common;           /* what shard->common holds after the date */
    struct co_buf secure;           /* lines of responses over TLS alone */
    struct co_http_kept *kept;      /* objects that live as long as the server */
    struct co_http_shard *shards;   /* list; grows only, by atomic exchange */
};

/* Keeps the first building error; 0 changes nothing. */
void co_http_server_fail(co_http_server *server, int error);

/* Makes the server own an object: freed with it, after the shards' values. On failure (the building
 * error) it is freed at once. */
void co_http_server_keep(co_http_server *server, void *value, void (*free_value)(void *value));

/* The server's state in this thread's runtime, made on first use. 0 or -ENOMEM. */
int co_http_shard_enter(co_http_server *server, struct co_http_shard **ret);

/* What the caller keeps in this shard, by an address of the caller's as key; made of zeros on first
 * use, and freed with the server. 0; 1: it has just been made; -ENOMEM. */
int co_http_shard_own(struct co_http_shard *shard, const void *key, size_t size,
    void (*free_value)(void *value), void **ret);

/* The Date line and the common fields, as they are at this second of the calendar. */
co_text co_http_shard_common(struct co_http_shard *shard, int64_t now);

/* Frees the shards and then what the server keeps: the latter may be used by the former. */
void co_http_shards_free(co_http_server *server);

/* A request of the shard's, or NULL when memory is out; and back. */
co_http_request *co_http_request_take(co_http_server *server, struct co_http_shard *shard);
void co_http_request_give(co_http_request *request);

/* ---- a request and its response -------------------------------------------------------------- */

enum co_http_body_state {
    CO_HTTP_BODY_UNREAD, /* the head is still in the stream's buffer, before the body */
    CO_HTTP_BODY_READING,
    CO_HTTP_BODY_DONE,
};

enum co_http_reply_state {
    CO_HTTP_REPLY_NONE,
    CO_HTTP_REPLY_SIZED,   /* begun: reply_left bytes are still to come */
    CO_HTTP_REPLY_CHUNKED, /* begun: chunks follow */
    CO_HTTP_REPLY_TO_END,  /* begun: ends with the connection (HTTP/1.0) */
    CO_HTTP_REPLY_DONE,
    CO_HTTP_REPLY_BROKEN, /* cut short: the connection can only be aborted */
};

/* A head that will be sent again. */
struct co_http_prepared {
    co_text head; /* as co_http_reply_prepared takes it */
    void *made;   /* by the transport, at first; free with free() */
};

struct co_http_request {
    struct co_http1_request head;
    co_http_server *server;
    struct co_http_shard *shard;
    const struct co_http_transport *transport;
    void *exchange; /* the transport's own: an HTTP/2 stream */
    co_stream *stream;
    struct co_http_request *next_spare;

    size_t head_bytes;     /* of the head in the stream's buffer, until it is consumed; or 0 */
    int64_t start_seconds; /* calendar time of the first byte */
    int64_t start_ns;      /* monotonic; only with a callback that is told */
    struct co_buf path;    /* decoded and normalised, with its leading slash */
    co_text beneath;       /* the path's part below the route: what a folder is asked for */
    struct co_buf kept;    /* copy of the head, once its bytes had to go for the body's */
    struct co_buf user;    /* named by the request's credentials */

    enum co_http_body_state body_state;
    struct co_http_incoming incoming; /* of HTTP/2 only the pace and what is shown */
    uint64_t body_bytes;              /* read so far */
    uint64_t body_bytes_max;          /* the server's, unless the handler has set another */
    int body_error;                   /* the first failure of reading, kept */
    bool continued;                   /* the client no longer waits for a 100 */

    enum co_http_reply_state reply_state;
    bool sends_file;                   /* a transfer, to be told of */
    int status;                        /* 0: no response yet */
    struct co_http_prepared *prepared; /* if the head is one of those */
    uint64_t reply_left;               /* CO_HTTP_REPLY_SIZED */
    uint64_t reply_bytes;              /* of the body that went out */
    struct co_buf fields;              /* set by the handler, as lines */
    int fields_error;                  /* what co_http_set refused, kept */
    int reply_error;                   /* why it is broken */

    /* Of the session, from one request to the next. */
    struct co_pace writing;
    size_t held; /* bytes in the stream's cork */
    bool corked; /* the stream's cork is on */
    bool close;  /* the connection ends after this response */
};

/* Tells that a file came in or went out, since start_ns; what the request knows is added. */
void co_http_tell_transfer(
    const co_http_request *request, int64_t start_ns, const struct co_http_transfer *known);

/* Is a body allowed in the response: not for HEAD, 204, 304 (RFC 9110 6.4.1)? */
bool co_http_reply_has_body(const co_http_request *request, int status);

/*
 * Replies with a head that was made before.
 *
 * head: status line and fields, each line with its CRLF, Content-Length where there is one, without
 * Date, the common fields, Connection and the empty line: those are added here, and what
 * co_http_set gave. body: sent only where a body is allowed; all goes out in one piece.
 */
int co_http_reply_prepared(
    co_http_request *request, int status, co_text head, const void *body, size_t body_bytes);

/* The same for a body of `size` bytes (announced in the head) that follows in pieces, by
 * co_http_write and co_http_write_file. When they are too few, the connection ends. */
int co_http_begin_sized(co_http_request *request, int status, co_text head, uint64_t size);

/* The same for a body of unknown size: chunked, or up to the connection's end for HTTP/1.0. The
 * head has neither Content-Length nor Transfer-Encoding. */
int co_http_begin_prepared(co_http_request *request, int status, co_text head);

/* A piece of the body from a file, after co_http_begin_sized. CO_EEOF when the file has shrunk: the
 * connection is aborted then, so that the peer can tell (attacks M03). */
int co_http_write_file(co_http_request *request, int fd, uint64_t offset, uint64_t size);

/* Replies with a part of a file: co_http_begin_sized and co_http_write_file. */
int co_http_reply_file(
    co_http_request *request, int status, co_text head, int fd, uint64_t offset, uint64_t size);

/* Replies with the small page of an error status; fields set before are kept. */
int co_http_reply_error(co_http_request *request, int status);

/* Replies with a redirection to a path on this very host. path: decoded, of whatever bytes; leading
 * slashes count as one (attacks H21). The request's query is kept. */
int co_http_redirect(co_http_request *request, int status, co_text path);

/* Redirects a request without TLS to the same place at options.https_port (308). */
int co_http_redirect_secure(co_http_request *request);

/* co_http_set for slices. */
int co_http_set_text(co_http_request *request, co_text name, co_text value);

#endif

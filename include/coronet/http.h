/* SPDX-License-Identifier: MIT */
/*
 * The server of HTTP/1.1 and HTTP/2: routes to handlers, folders of files, limits, an event for
 * each request.
 *
 * Over TLS clients choose by ALPN, in clear HTTP/2 takes prior knowledge (RFC 9113 3.3). Handlers
 * need not know: a connection of HTTP/2 runs up to 128 of them at once, each in a fiber of its own.
 *
 * A server is built, then served; building keeps its first error and co_http_serve returns it. A
 * handler runs in the connection's fiber, or the request's own, reads the request's body if it
 * wants it, and replies once.
 */
#ifndef CORONET_HTTP_H
#define CORONET_HTTP_H

#include "coronet/account.h"
#include "coronet/net.h"
#include "coronet/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct co_http_server co_http_server;
typedef struct co_http_request co_http_request;

/* A handler's negative result before it replied becomes a 500 (CO_EDEADLINE: 503). */
typedef int co_http_handler(co_http_request *request, void *arg);

/* What happened to one request, told once, when its response is complete or has failed. */
struct co_http_event {
    const char *peer;                                  /* as co_peer */
    const char *scheme;                                /* "http" or "https" */
    co_text method, target, host, referer, user_agent; /* as sent; unescaped */
    co_text user;          /* that Basic authentication named, right or wrong; else whom a verified
                            * client's certificate is for; empty: nobody */
    unsigned major, minor; /* HTTP/major.minor: 1.0, 1.1, 2.0 */
    int status;            /* of the response; 0 when none could be sent */
    uint64_t body_bytes;   /* of the response that went out */
    int64_t start_seconds; /* calendar time of the request's first byte */
    int64_t duration_ns;
    int error; /* 0, or why the exchange was cut short */
};

/* A file of a folder that went out or came in, told once, when that is complete or has failed,
 * before the request's own event. Archives are files too. */
struct co_http_transfer {
    const char *peer; /* as co_peer */
    co_text user;     /* who is logged in; empty: nobody */
    co_text path;     /* of the URL, decoded, without its query; of a form's file with its name */
    uint64_t bytes;   /* that were sent or received: in this request, and for this file */
    bool is_upload;
    int64_t start_seconds; /* calendar time */
    int64_t duration_ns;
    int error; /* 0, or why it failed; CO_EEOF for the part of an upload that is to be continued */
};

struct co_http_options {
    int64_t header_timeout_ms; /* for the whole head; 0: 30,000 */
    int64_t idle_timeout_ms;   /* between requests; 0: 60,000 */
    int64_t min_rate;          /* bytes per second either way, after 15 s; 0: 240; negative: none */
    uint64_t limit_rate;       /* bytes per second of a connection, each way; 0: no limit */
    uint64_t body_bytes_max;   /* of a request; more is 413; 0: 1 MiB */
    unsigned connections_max;  /* 0: 10,000 */
    unsigned requests_max;     /* on one connection; 0: no limit */
    int64_t drain_timeout_ms;  /* for the requests at work when drained; 0: 30,000 */
    co_access *access;         /* borrowed; NULL: that of the listener, if it has one */
    bool no_http2;             /* HTTP/1 alone; else both, by ALPN or the client's first bytes */
    bool no_server_field;      /* leave out "Server: coronet" */
    const char *const *headers; /* "Name: value" for every response, NULL-terminated; borrowed;
                                   Server and Cache-Control instead of ours; 8 KiB in all */
    int64_t hsts_seconds; /* browsers shall come by https alone so long (RFC 6797); 0: no word */
    unsigned https_port;  /* requests without TLS are sent there, on the same host; 0: answered */
    void (*event)(
        void *arg, const struct co_http_event *event); /* must not suspend; NULL: silence */
    void (*transfer)(void *arg, const struct co_http_transfer *transfer); /* as event */
    void *arg;                                                            /* of both */
};

/*
 * co_http_server_new - begin to build a server.
 *
 * Does not suspend.
 * options: NULL for the defaults; copied, but what it points to is borrowed.
 * Returns: 0, -ENOMEM.
 */
CO_API int co_http_server_new(
    co_http_server **ret, const struct co_http_options *options) CO_MUST_USE;

/*
 * co_http_server_free - free a server that no longer serves; NULL is allowed.
 *
 * Does not suspend.
 */
CO_API void co_http_server_free(co_http_server *server);

/*
 * co_http_route - add a handler.
 *
 * Does not suspend; before serving.
 * route: "GET /path" or "/path" for every method; a path ending in '/' takes all beneath it; the
 * longest match wins, the exact one first. GET serves HEAD too. Paths are compared decoded.
 * An error (-EINVAL, -EEXIST, -ENOMEM) stays with the server.
 */
CO_API void co_http_route(
    co_http_server *server, const char *route, co_http_handler *handler, void *arg);

struct co_http_files_options {
    const char *index;     /* the page of a folder; NULL: "index.html"; "": none */
    bool no_listing;       /* no listings: of folders without index, and to who may change them */
    bool hidden;           /* show dot files too */
    bool archive;          /* folders as archives, too; not with no_listing */
    const char *spa;       /* file (below the folder) that answers GETs of what does not exist */
    int64_t cache_seconds; /* Cache-Control: max-age; 0: "no-cache"; negative: no field */
    const char *cors;      /* Access-Control-Allow-Origin, also for preflights; NULL: none */
    bool no_precompressed; /* do not look for .br, .zst, .gz siblings */
    bool no_compression;   /* do not compress while sending */

    bool no_anonymous;             /* everybody must log in by `authenticate` */
    unsigned anonymous_rights;     /* enum co_right; 0: CO_MAY_BROWSE */
    co_authenticate *authenticate; /* asked of who names himself; NULL: credentials mean nothing */
    void (*leave)(void *arg, struct co_account *account); /* told when its request ends */
    void *authenticate_arg;                               /* of both */
    bool require_tls;    /* credentials are taken over TLS alone; else from this machine, too */
    unsigned rights_max; /* enum co_right: accounts have none beyond; 0: CO_MAY_ALL */
    uint64_t upload_bytes_max; /* of an uploaded file; more is 413; 0: no limit */
    bool no_sync;              /* do not wait for the disk before an upload is called complete */
};

/*
 * co_http_files - serve a folder.
 *
 * Suspends only to open the folder.
 * path: the prefix of URLs, ending in '/'. directory: opened at once, served confined: nothing
 * outside it can be reached, by whatever name or link. options: NULL for the defaults; copied, with
 * its strings. An error (-ENOENT, -ENOTDIR ...) stays with the server.
 *
 * Archives: "?archive=tar", "tar.gz" or "zip" of a folder sends all that its visitor may list and
 * read in it, made on the way. A thread makes four at once; more are 503. Links to folders and what
 * cannot be read are left out. A response that ends early is cut off, so that it never passes for a
 * whole: when a file shrinks (tar), or a zip's directory would grow beyond 16 MiB.
 *
 * Accounts: by Basic authentication (RFC 7617), only from this machine (loopback, Unix sockets) and
 * over TLS; elsewhere 403 says why. Writing, for whoever has the right: PUT (RFC 9110 9.3.4),
 * DELETE, MKCOL and MOVE (RFC 4918), and POST of a form's files to a folder; If-Match and its kin
 * are obeyed; scripts of other sites are refused (403). A file appears only when it is whole. PUT
 * with Content-Range continues one that was cut off: 202 until its last byte has come; HEAD tells
 * in Upload-Offset how much there is. Where anybody may write, pages are sent with
 * "Content-Security-Policy: sandbox", so that nobody's script acts for another visitor, and no
 * precompressed siblings are looked for.
 */
CO_API void co_http_files(co_http_server *server, const char *path, const char *directory,
    const struct co_http_files_options *options);

/*
 * co_http_serve - listen and serve.
 *
 * Suspends until drained (requests at work are finished first: returns 0) or cancelled. A server
 * may be served at several places, and by several shards, at once. where, options: as for co_serve;
 * only its listen and listening are used, with arg; may be NULL. Returns: the server's first
 * building error, else as co_serve.
 */
CO_API int co_http_serve(
    co_http_server *server, const char *where, const struct co_serve_options *options);

/*
 * co_http_serve_listener - the same on a listener that is open already; it stays open.
 *
 * Suspends and returns as co_http_serve.
 */
CO_API int co_http_serve_listener(co_http_server *server, co_listener *listener);

/*
 * co_https_serve - listen and serve by HTTP over TLS (RFC 9110 4.2.2).
 *
 * Suspends and returns as co_http_serve. A connection shakes hands first, within
 * header_timeout_ms; a client that offers other protocols than HTTP alone, by ALPN, is refused,
 * and a request in clear told so (400). Accounts may log in from anywhere.
 * tls: of a server; borrowed, any number of servers and shards may share it.
 */
CO_API int co_https_serve(
    co_http_server *server, co_tls *tls, const char *where, const struct co_serve_options *options);

/*
 * co_https_serve_listener - the same on a listener that is open already; it stays open.
 *
 * Suspends and returns as co_http_serve.
 */
CO_API int co_https_serve_listener(co_http_server *server, co_tls *tls, co_listener *listener);

/*
 * co_http_session - serve requests on one stream that is connected already: a co_handler.
 *
 * Suspends; may return CO_PARK between requests, so run it as a handler (or call it again after
 * that). server: a co_http_server. Returns: 0 when the session has ended, CO_PARK, or a negative
 * result.
 */
CO_API int co_http_session(co_stream *stream, void *server);

/* ---- the request -------------------------------------------------------------------------------
 */

/*
 * co_http_method - the request's method ("GET").
 *
 * Does not suspend.
 * Returns: text that lives until the handler returns.
 */
CO_API co_text co_http_method(const co_http_request *request);

/*
 * co_http_path - the request's path: decoded, normalised, beginning with '/'.
 *
 * Does not suspend.
 * Returns: text that lives until the handler returns; may hold any byte but NUL.
 */
CO_API co_text co_http_path(const co_http_request *request);

/*
 * co_http_query - one value of the query, decoded.
 *
 * Does not suspend.
 * ret_text: room for size bytes, NUL-terminated.
 * Returns: its length; -ENOENT when there is none that is well-formed, CO_ETOOBIG when it does not
 * fit, CO_EINVALID when it holds a NUL.
 */
CO_API ssize_t co_http_query(
    const co_http_request *request, const char *name, char *ret_text, size_t size);

/*
 * co_http_header - a header field's value.
 *
 * Does not suspend.
 * name: without regard to case.
 * Returns: text that lives until the body is read or the handler returns, trimmed; at NULL when
 * there is none; the first one when repeated.
 */
CO_API co_text co_http_header(const co_http_request *request, const char *name);

/*
 * co_http_read - read the request's body, chunked or not.
 *
 * Suspends; size > 0. The first call answers "Expect: 100-continue". Returns: a count; 0 at its
 * end; CO_ETOOBIG beyond body_bytes_max, CO_EHTTP, CO_EEOF when the peer closed before its end,
 * CO_ETOOSLOW, else as co_read. Failures stay.
 */
CO_API ssize_t co_http_read(co_http_request *request, void *ret_bytes, size_t size);

/* ---- the response ------------------------------------------------------------------------------
 */

/*
 * co_http_set - set a header field of the response.
 *
 * Does not suspend; before the reply.
 * A name that was set before is replaced, Set-Cookie is added; spaces around values are left out.
 * Returns: 0; -EINVAL when name is no token, value holds control bytes (both refused whole), or the
 * field is the server's own (Connection, Content-Length, Date, Transfer-Encoding ...); CO_EREPLIED;
 * CO_ETOOBIG above 16 KiB in all. The error stays with the request: the reply fails too.
 */
CO_API int co_http_set(co_http_request *request, const char *name, const char *value);

/*
 * co_http_reply - reply with a body that is in memory.
 *
 * Suspends.
 * status: 200 to 599. type: media type, unless a Content-Type has been set; NULL: none. body:
 * borrowed; sent only where the method and status allow one (not for HEAD, 204, 304).
 * Returns: 0; CO_EREPLIED; -EINVAL (status, type); CO_ETOOSLOW, as co_http_set failed, as co_write.
 */
CO_API int co_http_reply(
    co_http_request *request, int status, const char *type, const void *body, size_t body_bytes);

/*
 * co_http_text - reply with a C string as text/plain; charset=utf-8.
 *
 * Suspends and returns as co_http_reply.
 */
CO_API int co_http_text(co_http_request *request, int status, const char *text);

/*
 * co_http_begin - begin a reply whose body follows piece by piece (chunked for HTTP/1.1).
 *
 * Suspends and returns as co_http_reply. The head goes out with the first piece. The body ends when
 * the handler returns; a negative result closes the connection so that the peer can tell.
 */
CO_API int co_http_begin(co_http_request *request, int status, const char *type);

/*
 * co_http_write - a piece of the body, after co_http_begin.
 *
 * Suspends while the peer does not keep up.
 * Returns: as co_write; CO_ETOOSLOW; -EINVAL without co_http_begin.
 */
CO_API int co_http_write(co_http_request *request, const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * The HTTP client: one URL in one call, or a client that keeps connections for many.
 *
 *     co_http_response *response = NULL;
 *     int rc = co_http_get(&response, "http://localhost:8000/notes.txt");
 *     while (rc == 0 && (n = co_http_response_read(response, bytes, sizeof bytes)) > 0)
 *         fwrite(bytes, 1, (size_t)n, stdout);
 *     co_http_response_close(response);
 *
 * A response of whatever status is a success of the call: ask co_http_response_status.
 */
#ifndef CORONET_HTTP_CLIENT_H
#define CORONET_HTTP_CLIENT_H

#include "coronet/cookies.h"
#include "coronet/dial.h"
#include "coronet/hsts.h"
#include "coronet/tls.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connections and settings. Belongs to one runtime; any number of its fibers may share it. */
typedef struct co_http_client co_http_client;

/* What the server answered; its body is still to be read. */
typedef struct co_http_response co_http_response;

/* Which HTTP is spoken. What a server will not do over HTTP/2 (HTTP_1_1_REQUIRED, RFC 9113 7) is
 * asked once more over HTTP/1.1. */
enum co_http_version {
    CO_HTTP_ANY, /* over TLS HTTP/2 where the server knows it (by ALPN), else HTTP/1.1 */
    CO_HTTP_1,   /* HTTP/1.1 only */
    CO_HTTP_2,   /* HTTP/2 in clear, too, which its server must know (RFC 9113 3.3); TLS as ANY */
};

/*
 * When a request is made again (RFC 9110 9.2.2): after a failure that may pass, such as no
 * connection, or one that breaks or is silent before the response's head has come; and for a status
 * of 408, 429, 502, 503 or 504, or any of 5xx with a Retry-After, which says how long to wait
 * (10.2.3). Only where once more does no harm: its method is idempotent, or nothing of it was sent;
 * and its body can be told again.
 */
struct co_http_retries {
    unsigned times;   /* for each request, also one that a redirection leads to; 0: never */
    int64_t first_ms; /* to wait, then twice as long each time, give or take a quarter; 0: 1,000 */
    int64_t wait_max_ms;  /* but no longer than this; 0: 60,000 */
    int64_t after_max_ms; /* a server that asks for more is not asked again; 0: 300,000 */
};

struct co_http_client_options {
    co_tls *tls;            /* whom to trust; borrowed; its alpn is not used; NULL: the system's */
    int family;             /* AF_INET or AF_INET6 only; 0: both */
    int64_t connect_ms;     /* for look-up, connection and TLS together; 0: 30,000 */
    int64_t head_ms;        /* from the request's end to the response's head; 0: 60,000 */
    int64_t stall_ms;       /* silence within a body, either way; 0: 15,000 */
    int64_t min_rate;       /* bytes a second, either way, beyond that; 0: 1; negative: none */
    uint64_t limit_rate;    /* bytes a second of a connection, each way; 0: no limit */
    unsigned idle_max;      /* connections that are kept for later; 0: 32 */
    unsigned redirects_max; /* followed in a row; 0: 20 */
    struct co_http_retries retries; /* none unless asked for */
    bool no_redirects;              /* a redirection is a response like any other */
    const char *user_agent;         /* NULL: "coronet"; else a header's value */
    enum co_http_version version;
    bool compressed; /* ask for gzip, deflate, br and zstd, and decode what comes; else as it is */
    co_cookies *cookies; /* borrowed; NULL: none are sent or taken */
    co_hsts *hsts;       /* borrowed; NULL: no host's wish for TLS alone is heeded */
    co_text netrc;       /* a netrc file's text, for URLs without a password; borrowed */
    /* By which proxies; none unless they are named here: co_proxies_of_environment does so. What
     * goes to "http://" URLs a proxy of HTTP is told as it is (RFC 9112 3.2.2), all else goes
     * through a tunnel. */
    struct co_proxies proxies;
    co_tls *proxy_tls; /* whom to trust as an "https://" proxy; borrowed; NULL: as the system */
    const char *const *answers; /* as in co_dial_options */
    /* Told each line of the heads that are sent and received, without its end, at a head's end an
     * empty one; not what a proxy is asked for a tunnel. Of HTTP/2 as HTTP/1 would have it. Stars
     * are shown for cookies, and of requests for all but what says what is wanted or sent; what
     * could move a terminal's cursor is escaped. Must not suspend. NULL: nobody. */
    void (*dialogue)(void *arg, bool sent, co_text line);
    void *arg; /* of dialogue */
};

/*
 * co_http_client_new - make a client.
 *
 * Does not suspend; inside a fiber.
 * ret: receives the client, co_http_client_free ends it. options: NULL for the defaults; copied,
 * with its strings.
 * Returns: 0, -ENOMEM; CO_EINVALID (an answer is none), with detail.
 */
CO_API int co_http_client_new(
    co_http_client **ret, const struct co_http_client_options *options) CO_MUST_USE;

/*
 * co_http_client_free - end a client and its idle connections; NULL is allowed.
 *
 * Suspends while they are closed. Its responses must have been closed before.
 */
CO_API void co_http_client_free(co_http_client *client);

/* A body that is told piece by piece. */
struct co_http_source {
    int64_t size; /* bytes; -1: only its end will tell */
    /* Up to size bytes of it, at least one. May suspend. Returns the count; 0 at the end, which
     * before `size` bytes is CO_EEOF; a negative result ends the request, with it and without its
     * last byte: so the server can tell. */
    ssize_t (*read)(void *arg, void *ret_bytes, size_t size);
    /* From the start again: after a redirection, or when a kept connection was closed. 0 or
     * negative; NULL: it can be told only once. */
    int (*rewind)(void *arg);
    void *arg;
};

/* One request. */
struct co_http_fetch {
    const char *url;            /* "http://" or "https://" */
    const char *method;         /* NULL: GET, or POST with a body */
    const char *const *headers; /* "Name: value", NULL-terminated; instead of the usual ones */
    const char *user;           /* "NAME:PASSWORD", instead of the URL's */
    bool digest_only;           /* never tell the password itself: answer Digest (RFC 7616) alone */
    const char *bearer;         /* a token instead of a user (RFC 6750) */
    const void *body;           /* NULL: none */
    size_t body_bytes;
    const char *type;                    /* of the body; NULL: "application/octet-stream" */
    const struct co_http_source *source; /* instead of `body` */
    bool *sent; /* set when bytes of a request may have left; before, nobody can have acted on it */
};

/*
 * co_http_fetch - ask for something, following redirections (RFC 9110 15.4).
 *
 * Suspends until the head of the last response has come.
 * Over HTTP/2 requests to one place share a connection, as many at once as its server takes; one
 * that finds no place there within connect_ms gets another.
 * A connection that was kept and turns out to be closed is replaced by a new one, where repeating
 * the request is safe (RFC 9110 9.2.2); a request that the server has not looked at (RFC 9113 8.7),
 * or says that it was misdirected (421), goes to a new one whatever it is. Otherwise a request is
 * made again as the client's `retries` say, all of their waits within the scope; what the last one
 * met with is then the call's result. After a redirection to another scheme, host or port the user,
 * the token and `headers`, but for those that say what is wanted or sent (Accept, Range, If-...,
 * Content-... and the like), are left out for good, and who stands in a Location is never taken;
 * 303, and 301 and 302 after POST, go on as GET without the body. A user is told at once over TLS
 * and within this machine (Basic, RFC 7617); elsewhere, and where the server offers Digest (RFC
 * 7616), once it has asked. A token is told over TLS and within this machine alone, else
 * CO_EINVALID. A body with a source is sent when the server asks for it, or after a second (RFC
 * 9110 10.1.1), over HTTP/2 at once unless it can be told only once; a server that answers Expect
 * by 417 is asked once more without; and it ends early when the server answers early. Over HTTP/2 a
 * fiber of the call's own reads it, and is cancelled when there is nothing more to be read for.
 * ret: receives the response, for co_http_response_close. what: borrowed during the call. Returns:
 * 0; -ESPIPE (a body would have to be told again that can be told only once); as the source;
 * CO_EINVALID (a malformed URL, method or header, or one that is the client's own), CO_EHTTP (the
 * server broke the protocol, or redirects for ever), CO_ETOOBIG (a URL of more than 8 KiB, headers
 * of more than 64; a response's head of more than 300 KiB or 5,000 fields, or more than two content
 * codings), CO_EEOF, CO_EDEADLINE, CO_ETOOSLOW, CO_ECANCELED, as co_dial and
 * co_tls_connect; with detail for co_explain. A proxy that is told a request answers with statuses
 * of its own, such as 407.
 */
CO_API int co_http_fetch(
    co_http_response **ret, co_http_client *client, const struct co_http_fetch *what) CO_MUST_USE;

/*
 * co_http_get - GET one URL, by a client of its own.
 *
 * Suspends and returns as co_http_fetch, and -ENOMEM. It is not tried again. Closing the response
 * ends that client, too.
 */
CO_API int co_http_get(co_http_response **ret, const char *url) CO_MUST_USE;

/*
 * co_http_download - GET one URL into a file.
 *
 * The file appears, or takes the place of the one of that name, when it is whole and on the disk.
 * After a failure what has come stays in a hidden file beside it, from which the next call goes on
 * if the server still has that version. Suspends.
 * path: of the file; its folder must be there.
 * Returns: the file's bytes; CO_ESTATUS when the answer is no success; -ENOENT, -ENOSPC and the
 * like of the file; as co_http_fetch and co_http_response_read; with detail for co_explain.
 */
CO_API int64_t co_http_download(co_http_client *client, const char *url, const char *path);

/*
 * co_http_response_status - how the server answered.
 *
 * Does not suspend.
 * Returns: the status code (200).
 */
CO_API int co_http_response_status(const co_http_response *response);

/*
 * co_http_response_version - which HTTP the server spoke.
 *
 * Does not suspend.
 * Returns: 10, 11 or 20.
 */
CO_API int co_http_response_version(const co_http_response *response);

/*
 * co_http_response_url - where it came from, after redirections; without user and fragment.
 *
 * Does not suspend.
 * Returns: text that lives as long as the response.
 */
CO_API const char *co_http_response_url(const co_http_response *response);

/*
 * co_http_response_header - a header field's value.
 *
 * Does not suspend.
 * name: without regard to case.
 * Returns: text that lives as long as the response; at NULL when there is none; the first one when
 * repeated.
 */
CO_API co_text co_http_response_header(const co_http_response *response, const char *name);

/*
 * co_http_response_size - the length of its body, as announced.
 *
 * Does not suspend.
 * Returns: bytes; -1 when only its end will tell, as with what is decoded.
 */
CO_API int64_t co_http_response_size(const co_http_response *response);

/*
 * co_http_response_read - read the body.
 *
 * Suspends until there is something.
 * ret_bytes: room for size bytes (size > 0).
 * Returns: a count; 0 at its end; CO_EEOF when the connection ended before, or the body within its
 * content coding; CO_EHTTP (also for a corrupt coding), CO_ETOOBIG (decoded it grows beyond all
 * measure), CO_ETOOSLOW, CO_ETRUNCATED, else as co_read. Failures stay, a scope's end too.
 */
CO_API ssize_t co_http_response_read(co_http_response *response, void *ret_bytes, size_t size);

/*
 * co_http_response_close - give a response up; NULL is allowed.
 *
 * Suspends to close its connection, unless the body was read to its end: then the connection is
 * kept for the next request, or where the server will have no other, closed in good order, over TLS
 * by a close_notify whose answer nobody waits for. Over HTTP/2 the connection is kept in any case;
 * what is left of the body is called off.
 */
CO_API void co_http_response_close(co_http_response *response);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/* What the rooms of the HTTP client share. */
#ifndef CO_HTTP_CLIENT_ROOMS_H
#define CO_HTTP_CLIENT_ROOMS_H

#include "base/buf.h"
#include "codec/http1_response.h"
#include "codec/url.h"
#include "coronet/http_client.h"
#include "dial/proxy.h"
#include "http/client_login.h"
#include "http/outgoing.h"
#include "http/secrets.h"

/* The next piece of a response's body where it lies, valid until the next call. Returns its size,
 * else as co_http_response_read, which it must not be mixed with. */
ssize_t co_http_response_next(co_http_response *response, co_text *ret);

/* Moves up to `size` bytes of the body into a pipe, as co_stream_splice. Returns as
 * co_http_response_next; -EOPNOTSUPP when they have to be shown. */
long co_http_response_splice(co_http_response *response, int pipe_fd, size_t size);

/* Is what the server sends coded (RFC 9110 8.4), whether it is shown decoded or not? */
bool co_http_response_is_coded(const co_http_response *response);

/* Its Content-Type without parameters (RFC 9110 8.3.1); empty: it does not say. */
co_text co_http_response_type(const co_http_response *response);

/* Its Last-Modified in seconds since 1970; INT64_MIN: it does not say. */
int64_t co_http_response_modified(const co_http_response *response);

/* After how long the server would be asked again (RFC 9110 10.2.3); -1: it does not say. */
int64_t co_http_response_retry_after_ms(const co_http_response *response);

/* Appends its head as it came: the status line, each field, the empty line. */
void co_http_response_write_head(const co_http_response *response, struct co_buf *out);

#define CO_HTTP_URL_MAX          8192  /* bytes */
#define CO_HTTP_REQUEST_HEAD_MAX 65536 /* bytes */
#define CO_HTTP_USER_MAX         16384 /* bytes of name and password */

/* Where an errand has come to: the next request, as redirections have made it. */
struct co_http_errand {
    const struct co_http_fetch *what;
    const struct co_http_client_options *options;
    struct co_buf url;    /* absolute, without fragment, NUL-terminated */
    struct co_url parsed; /* its slices point into url */
    struct co_buf user;   /* "NAME:PASSWORD", or nothing */
    enum co_http_method method;
    co_text method_text;
    bool with_body;
    bool unasked; /* the body goes without the server's word: it does not know Expect (417) */
    struct co_http_outgoing outgoing; /* the body, when it has a source */
    struct co_buf asked_host;         /* of the place that was asked for, as is the following: */
    struct co_pool_place asked;       /* whom the caller's secrets were given for */
    bool strayed;                     /* a redirection has led away from it */
    const char *proxy_url;            /* whose way the request goes, borrowed; NULL: straight */
    struct co_proxy proxy;            /* the same taken apart */
    bool only_http1;                  /* the server wants no HTTP/2 for it */
    bool is_forwarded; /* it is the proxy that is asked, by the whole URL (RFC 9112 3.2.2) */
    struct co_http_login login; /* `logins` is set before the first head is written */
};

/* Begins: the URL as it was given. options: borrowed, with a user agent. 0, CO_EINVALID,
 * CO_ETOOBIG, -ENOMEM; co_http_errand_end in any case. */
int co_http_errand_start(struct co_http_errand *errand, const struct co_http_fetch *what,
    const struct co_http_client_options *options);

void co_http_errand_end(struct co_http_errand *errand);

/* Does the next request wait until the server wants its body (RFC 9110 10.1.1)? One that is told
 * may be long. */
static inline bool co_http_errand_expects(const struct co_http_errand *errand)
{
    const struct co_http_source *source = errand->outgoing.source;
    return source && source->size != 0 && !errand->unasked;
}

/* Goes on to where a redirection leads (RFC 9110 15.4). Returns as co_http_errand_start. */
int co_http_errand_redirect(struct co_http_errand *errand, int status, co_text location);

/* Chooses the way of the next request. 0; CO_EINVALID for a proxy that is none, with detail;
 * -ENOMEM. (client_way.c) */
int co_http_errand_choose_way(struct co_http_errand *errand);
void co_http_errand_forget_way(struct co_http_errand *errand);

/* Where the next request goes, by the way that was chosen; valid until the errand goes on. */
struct co_pool_place co_http_errand_place(const struct co_http_errand *errand);

/* May the next request tell it? */
bool co_http_errand_may_tell(const struct co_http_errand *errand, enum co_secret secret);

/* Writes the request's head, whole. 0, CO_EINVALID for a header that is none, out's error. */
int co_http_errand_head(struct co_http_errand *errand, struct co_buf *out);

/* Appends what is asked for, in origin-form (RFC 9112 3.2.1). */
void co_http_errand_target(const struct co_http_errand *errand, struct co_buf *out);

/* The same as it stands on the request's line: for a proxy in absolute-form (RFC 9112 3.2.2). */
void co_http_errand_asked_target(const struct co_http_errand *errand, struct co_buf *out);

/* Tells the options' dialogue of a request's head, and of a response's. (client_dialogue.c) */
void co_http_dialogue_ask(const struct co_http_client_options *options, co_text head, bool is_h2);
void co_http_dialogue_answer(
    const struct co_http_client_options *options, const struct co_http1_response *head, bool is_h2);

/* Takes what a response, also one that leads on, says for later. stream: it came by. 0, -ENOMEM. */
int co_http_errand_learn(const struct co_http_errand *errand, const struct co_http1_response *head,
    const co_stream *stream);

/* Makes an http URL one of https where the host wants it so (RFC 6797 8.3). url, parsed: of a URL
 * with its NUL; replaced then. 0, url's error. */
int co_http_errand_harden(
    const struct co_http_errand *errand, struct co_buf *url, struct co_url *parsed);

/* Adds the line of the cookies for the next request, if there are any. 0, out's error, -ENOMEM. */
int co_http_errand_add_cookies(const struct co_http_errand *errand, struct co_buf *lines);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * How a client shows who asks.
 *
 * A password is told at once (Basic, RFC 7617) where nobody can listen: over TLS, within this
 * machine. Elsewhere the server is asked first, and the strongest that it offers is taken. Where it
 * has once offered Digest the password itself is told no more, and later requests of the client
 * answer at once from what it has said.
 */
#ifndef CO_HTTP_CLIENT_LOGIN_H
#define CO_HTTP_CLIENT_LOGIN_H

#include "base/list.h"
#include "codec/http1_response.h"
#include "dial/proxy.h"

#define CO_HTTP_LOGINS_MAX 64 /* places and users whose challenges a client remembers */

struct co_http_errand;
struct co_url;

/* What a client remembers, the longest unused first. */
struct co_http_logins {
    struct co_link known;
    unsigned count;
    struct co_proxy_login proxy; /* of the one that is told what is asked of http: URLs */
};

void co_http_logins_start(struct co_http_logins *logins);
void co_http_logins_end(struct co_http_logins *logins);

enum co_http_shown {
    CO_HTTP_SHOWN_NOTHING,
    CO_HTTP_SHOWN_BASIC,
    CO_HTTP_SHOWN_REMEMBERED, /* Digest, by an earlier request's challenge */
    CO_HTTP_SHOWN_DIGEST,     /* by one for this very request */
};

/* Of one errand. */
struct co_http_login {
    struct co_http_logins *logins;
    bool by_hand;  /* the caller's own header says who asks */
    bool asked;    /* the server has asked for Basic */
    bool answered; /* it has been asked again by Digest */
    unsigned tries, proxy_tries;
    enum co_http_shown shown; /* by the latest request */
};

/* Says who asks at a URL without a password, by the client's netrc file: nobody, or the URL's user
 * without one, when it is not there. 0; CO_EINVALID or CO_ETOOBIG for the file, with detail; the
 * user's error. */
int co_http_login_look_up(struct co_http_errand *errand, const struct co_url *given);

/* Adds the line for the next request, if there is anything to show. 0, lines' error, CO_EINVALID
 * for a token that is none or that others could hear, with detail; -ENOMEM. */
int co_http_login_add(struct co_http_errand *errand, struct co_buf *lines);

/* Adds the line for the proxy, when it is asked (attacks C11). As co_proxy_authorize. */
int co_http_login_add_proxy(struct co_http_errand *errand, struct co_buf *lines);

/* After a response: may it be asked for once more, now that it has said what to show? 1: yes; 0: it
 * is what it is; -ENOMEM. */
int co_http_login_answer(struct co_http_errand *errand, const struct co_http1_response *head);

#endif

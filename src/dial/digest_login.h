/* SPDX-License-Identifier: MIT */
/* Digest authentication (RFC 7616), the client's side: an answer to a challenge, without the
 * password in it. Algorithms MD5, SHA-256, SHA-512-256, each with "-sess"; qop "auth", or none as
 * in RFC 2069. */
#ifndef CO_DIAL_DIGEST_LOGIN_H
#define CO_DIAL_DIGEST_LOGIN_H

#include "codec/challenge.h"
#include "coding/digest.h"

#define CO_DIGEST_LOGIN_BYTES_MAX 8192 /* of a challenge's values together */

/* What a challenge says. */
struct co_digest_login {
    enum co_digest_kind kind;
    co_text algorithm; /* as the server wrote it, in `text`; size 0: it did not */
    bool session;      /* "-sess" */
    bool qop;          /* "auth" was offered */
    bool userhash, stale;
    co_text realm, nonce, opaque; /* in `text`; opaque at NULL: none */
    unsigned count;               /* requests that this nonce was used for */
    struct co_buf text;
};

/* What it is to be answered for. */
struct co_digest_request {
    co_text name, password;
    co_text method, target; /* as on the request's line */
    co_text cnonce;
};

/* Reads a challenge of the scheme Digest. 0, and co_digest_login_end is due; CO_EINVALID when it
 * cannot be answered (no nonce or realm, an algorithm or a qop that is unknown); -ENOMEM. */
int co_digest_login_read(const struct co_challenge *challenge, struct co_digest_login *ret);
void co_digest_login_end(struct co_digest_login *login);

/* The server's new nonce, for the requests that follow (RFC 7616 3.5). 0, -ENOMEM, CO_ETOOBIG. */
int co_digest_login_renew(struct co_digest_login *login, co_text nonce);

/* Of two challenges, is the first the stronger one? */
bool co_digest_login_is_stronger(
    const struct co_digest_login *one, const struct co_digest_login *other);

/* Appends the value of an Authorization field, and counts the use. 0; CO_EINVALID for a name with
 * control bytes; -EOPNOTSUPP when the machine's policy forbids the algorithm; out's error. */
int co_digest_login_write(
    struct co_digest_login *login, const struct co_digest_request *request, struct co_buf *out);

/* The same with a cnonce at random, whatever the request's is. */
int co_digest_login_show(
    struct co_digest_login *login, const struct co_digest_request *request, struct co_buf *out);

#endif

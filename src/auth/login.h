/* SPDX-License-Identifier: MIT */
/*
 * Logging in: one gate for all protocols and shards of a server.
 *
 * Hashing is off the loop and at most two at a time (attacks M09); unknown user and wrong password
 * cost and say the same (M07); each failure delays the answer and, repeated, bans its address (an
 * IPv4 address or an IPv6 /64) for a while, and all of them share a budget (M08). A success from an
 * address is remembered for a short while (a keyed digest of name and password, never the
 * password), since HTTP clients send theirs with each request.
 */
#ifndef CO_AUTH_LOGIN_H
#define CO_AUTH_LOGIN_H

#include "auth/users.h"
#include "coronet/address.h"

struct co_login;

struct co_login_options {
    int64_t delay_ms; /* of the answer to a failure; doubles with each, up to eightfold; 0: 1,000;
                         negative: none */
    unsigned failures_max;     /* of one address before it is banned; 0: 10; one is forgiven each
                                  ban_ms / failures_max */
    int64_t ban_ms;            /* 0: 600,000 */
    bool anonymous;            /* co_login_anonymous succeeds */
    unsigned anonymous_rights; /* enum co_right; 0: read, list */
    int (*password_is)(void *arg, co_text password, const char *hash); /* as co_password_is, on a
                         pool thread; negative: it cannot be found out; NULL: co_password_is */
    void *password_arg;
};

/* Inside a fiber: its secrets come from the runtime. users: taken over, unless it fails. 0,
 * -ENOMEM. */
int co_login_new(
    struct co_login **ret, struct co_users *users, const struct co_login_options *options);

/* Nobody may be in co_login_check, nor logged in. NULL is allowed. */
void co_login_free(struct co_login *login);

/* Takes another table over (SIGHUP); any thread. Who is logged in keeps the user of the old one,
 * which goes when the last of them leaves. */
void co_login_users(struct co_login *login, struct co_users *users);

/*
 * Checks a name and password from a peer. Suspends: for a place, for the hash, for the delay of a
 * failure. Any thread with a runtime.
 * name, password: any bytes, borrowed. ret: a counted user, to be given back with co_login_leave;
 * lives as long as it is held.
 * Returns 0; -EACCES for every kind of no; -EBUSY when the peer's address is banned or too many
 * wait (say "try later"); CO_ECANCELED, CO_EDEADLINE; other negative results when it cannot be
 * found out, which is nobody's failure.
 */
int co_login_check(struct co_login *login, const co_address *peer, co_text name, co_text password,
    const struct co_user **ret);

/* The user "anonymous" with the directory itself as home, likewise to be given back. Does not
 * suspend. 0, -EACCES when there is none. */
int co_login_anonymous(struct co_login *login, const struct co_user **ret);

void co_login_leave(struct co_login *login, const struct co_user *user);

/* Is this address banned now? Does not suspend; inside a fiber. */
bool co_login_is_banned(struct co_login *login, const co_address *peer);

#endif

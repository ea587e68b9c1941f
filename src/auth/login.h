/* SPDX-License-Identifier: MIT */
/*
 * Logging in: one gate for all protocols and shards of a server.
 *
 * Hashing is off the loop and at most two at a time (attacks M09); unknown user and wrong password cost
 * and say the same (M07); each failure delays the answer and, repeated, bans its address (an IPv4 address
 * or an IPv6 /64) for a while, and all of them share a budget (M08). A success from an address is
 * remembered for a short while (a keyed digest of name and password, never the password), since HTTP
 * clients send theirs with each request.
 */
#ifndef CO_AUTH_LOGIN_H
#define CO_AUTH_LOGIN_H

#include "auth/users.h"

#include "coronet/address.h"

struct co_login;

struct co_login_options {
    int64_t delay_ms;     /* of the answer to a failure; doubles with each, up to 8 times; 0: 1,000 */
    unsigned failures_max; /* of one address before it is banned; 0: 10 */
    int64_t ban_ms;       /* 0: 600,000 */
    bool anonymous;       /* co_login_anonymous succeeds */
};

/* users: borrowed until replaced by co_login_users (any thread; the old table is freed when its last
 * login ends: users are counted) . 0, -ENOMEM. */
int co_login_new(struct co_login **ret, struct co_users *users, const struct co_login_options *options);
void co_login_free(struct co_login *login);

/* Takes another table over (SIGHUP). Sessions keep the user they have. */
void co_login_users(struct co_login *login, struct co_users *users);

/*
 * Checks a name and password from a peer. Suspends: for a place, for the hash, for the delay of a failure.
 * ret: a counted user, to be given back with co_login_leave; lives as long as it is held.
 * Returns 0; -EACCES for every kind of no; -EBUSY when the peer's address is banned or too many wait (say "try
 * later"); CO_ECANCELED, CO_EDEADLINE.
 */
int co_login_check(struct co_login *login, const co_address *peer, co_text name, co_text password,
    const struct co_user **ret);
void co_login_leave(struct co_login *login, const struct co_user *user);

/* Is this address banned now? Does not suspend. */
bool co_login_is_banned(struct co_login *login, const co_address *peer);

#endif

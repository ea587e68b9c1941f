/* SPDX-License-Identifier: MIT */
/*
 * The accounts of `coronet serve`, as the servers of all protocols ask for them, with the quotas
 * that they share. Passwords are checked by another process (app/secrets.h).
 */
#ifndef CO_APP_ACCOUNTS_H
#define CO_APP_ACCOUNTS_H

#include "base/buf.h"
#include "coronet/account.h"

struct co_accounts;

struct co_accounts_options {
    const char *directory; /* the served one: quotas begin with what lies in users' homes */
    /* The list of users, made by co_secrets_list: a descriptor to be closed, or -errno, having said
     * why. On a pool thread, as the next. */
    int (*list)(void *arg);
    /* Is it that user's? 1: it is, 0: it is not; negative: it cannot be found out. */
    int (*check)(void *arg, co_text name, co_text password);
    void *arg;              /* of both */
    bool write;             /* users may write, as far as their rights say */
    int64_t login_delay_ms; /* of the answer to a failure */
};

/* Gets the users. Inside a fiber; suspends. 0; -ENOMEM; what `list` returned; CO_EINVALID and
 * -errno with a sentence at `message`. */
int co_accounts_new(
    struct co_accounts **ret, const struct co_accounts_options *options, struct co_buf *message);
void co_accounts_free(struct co_accounts *accounts);

/* Gets the users again; on failure the users stay as they were. Returns as co_accounts_new.
 */
int co_accounts_reload(struct co_accounts *accounts, struct co_buf *message);

/* A co_authenticate, and what takes its answer back. */
int co_accounts_authenticate(
    void *accounts, const char *peer, co_text name, co_text password, struct co_account *ret);
void co_accounts_leave(void *accounts, struct co_account *account);

#endif

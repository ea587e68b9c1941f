/* SPDX-License-Identifier: MIT */
/*
 * The accounts of `coronet serve`: users of the command line or of a users file, as the servers of
 * all protocols ask for them, with the quotas that they share.
 */
#ifndef CO_APP_ACCOUNTS_H
#define CO_APP_ACCOUNTS_H

#include "base/buf.h"
#include "coronet/account.h"

struct co_accounts;

struct co_accounts_options {
    const char *directory;    /* the served one: quotas begin with what lies in users' homes */
    const char *const *users; /* "NAME:PASSWORD", NULL-terminated; NULL: none */
    const char *file;         /* a users file; NULL: none */
    int (*reopen)(
        void *arg); /* opens that file for a reload: a descriptor or -errno; NULL: we do */
    void *reopen_arg;
    bool write;             /* users may write, as far as their rights say */
    int64_t login_delay_ms; /* of the answer to a failure */
};

/* Reads the users. Inside a fiber; suspends. message: receives a sentence on failure. 0; -ENOMEM;
 * CO_EINVALID and -errno with a message. */
int co_accounts_new(
    struct co_accounts **ret, const struct co_accounts_options *options, struct co_buf *message);
void co_accounts_free(struct co_accounts *accounts);

/* Reads the users file again; on failure the users stay as they were. Returns as co_accounts_new.
 */
int co_accounts_reload(struct co_accounts *accounts, struct co_buf *message);

/* A co_authenticate, and what takes its answer back. */
int co_accounts_authenticate(
    void *accounts, const char *peer, co_text name, co_text password, struct co_account *ret);
void co_accounts_leave(void *accounts, struct co_account *account);

#endif

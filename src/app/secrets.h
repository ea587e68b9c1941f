/* SPDX-License-Identifier: MIT */
/*
 * Who has which password, and what of it those need to know who serve: for a process beside theirs,
 * so that whoever takes them over finds no hash to guess at.
 *
 * They get the list of users with "!NAME" for each hash, which a table of users (auth/users.h)
 * takes for one that nobody can log in by; what it stands for they ask.
 */
#ifndef CO_APP_SECRETS_H
#define CO_APP_SECRETS_H

#include "base/buf.h"

#define CO_SECRETS_BYTES_MAX    (16U << 20) /* of a users file */
#define CO_SECRETS_NAME_MAX     64
#define CO_SECRETS_PASSWORD_MAX 256

/* All passwords there are. */
struct co_secrets {
    co_text file;             /* a users file's text; empty: there is none */
    const char *const *given; /* "NAME:PASSWORD", NULL-terminated; NULL: none */
};

/* Is it "NAME:PASSWORD"? */
bool co_secret_is_good(const char *given);

/* Appends the list. 0; -ENOMEM; CO_EINVALID, -EEXIST with a sentence at `message`. */
int co_secrets_list(const struct co_secrets *secrets, struct co_buf *out, struct co_buf *message);

/* Is it this user's? Blocks as long as a hash takes, whoever it is. 1: it is, 0: it is not;
 * -ENOMEM, and as co_users_parse: nobody knows. */
int co_secrets_check(const struct co_secrets *secrets, co_text name, co_text password);

#endif

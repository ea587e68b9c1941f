/* SPDX-License-Identifier: MIT */
/*
 * The users file: who there is, with what password, home, rights and limits.
 *
 *     # made by coronet passwd; one user a line
 *     alice:$y$j9T$...:home=alice rights=read,list,add,change quota=10G rate=1M
 *     drop:$6$...:rights=add
 *     bob:*:
 *
 * A hash that is "*" or begins with '!' is of a user who cannot log in. In a home, spaces, '%' and
 * bytes that are not printable are written %XX. What is not named has its default.
 *
 * Bytes in, a table out; it does not change once made, so that threads may share it.
 */
#ifndef CO_AUTH_USERS_H
#define CO_AUTH_USERS_H

#include "base/buf.h"
#include "coronet/account.h"

#define CO_USER_NAME_MAX   64     /* letters, digits and "._@-"; not beginning with '.' or '-' */
#define CO_USER_HOME_MAX   1024   /* bytes */
#define CO_USERS_MAX       100000 /* of a table */
#define CO_USERS_BYTES_MAX (16U << 20) /* of a users file */

struct co_user {
    const char *name;
    const char *hash; /* crypt(3)'s */
    const char *home; /* relative, below the served directory, "" for itself; no ".." in it */
    unsigned rights;  /* enum co_right; a file names at least one, or means all */
    uint64_t quota;   /* bytes; 0: none */
    uint64_t rate;    /* bytes a second of each connection; 0: no limit */
};

struct co_users;

/* Reads a users file. message: receives "line 3: ..." on CO_EINVALID; may be NULL. 0, -ENOMEM,
 * CO_EINVALID. */
int co_users_parse(struct co_users **ret, co_text text, struct co_buf *message);

/* An empty table for `--user`; then co_users_add, before sharing, which copies: 0, -EEXIST,
 * -ENOMEM, CO_EINVALID (a member is malformed, or there are too many users). */
int co_users_new(struct co_users **ret);
int co_users_add(struct co_users *users, const struct co_user *user);

/* A table is counted: it is freed when as many have let go of it as have held it. The first hold is
 * its maker's. Any thread; NULL may be freed. */
void co_users_hold(struct co_users *users);
void co_users_free(struct co_users *users);

size_t co_users_count(const struct co_users *users);
const struct co_user *co_users_at(const struct co_users *users, size_t i);
const struct co_user *co_users_find(const struct co_users *users, co_text name); /* or NULL */

/* The table that a user, got from it, belongs to. */
struct co_users *co_users_of(const struct co_user *user);

bool co_user_name_is_good(co_text name);
bool co_user_home_is_good(co_text home);

/* Reads "read,list,add,change" or a part of it, never nothing. 0, CO_EINVALID. */
int co_user_rights_parse(co_text text, unsigned *ret);

/* Appends a user's line. */
void co_users_write(struct co_buf *out, const struct co_user *user);

/* Sets or adds a user's line in a users file's text, all other lines as they were; or leaves it
 * out. */
void co_users_edit(struct co_buf *out, co_text text, const struct co_user *user);
void co_users_edit_out(struct co_buf *out, co_text text, co_text name);

#endif

/* SPDX-License-Identifier: MIT */
/* Changing a users file's text. The command reads and writes the file and asks for the password. */
#ifndef CO_APP_PASSWD_H
#define CO_APP_PASSWD_H

#include "base/buf.h"

#define CO_PASSWD_LINE_MAX 256         /* bytes of a password */
#define CO_PASSWD_FILE_MAX (16U << 20) /* of a users file */

struct co_passwd_change {
    const char *name;
    co_text password; /* at NULL: kept */
    const char *home; /* NULL: kept, and so on; of a new user: the default */
    const char *rights;
    int64_t quota, rate; /* negative: kept */
    bool remove;
};

/* Is what is asked for well-formed? 0; CO_EINVALID, `why` says what is not. */
int co_passwd_check(const struct co_passwd_change *change, struct co_buf *why);

/* Does the file have the user? 0; CO_EINVALID when it is malformed (`why`); -ENOMEM. */
int co_passwd_find(bool *ret, co_text file, const char *name, struct co_buf *why);

/* The file's text with the change. Blocks for as long as a hash takes. 0; CO_EINVALID as above;
 * CO_ETOOBIG; -ENOENT when there is no such user to remove, or whose password could be kept;
 * -ENOMEM. */
int co_passwd_edit(
    struct co_buf *out, co_text file, const struct co_passwd_change *change, struct co_buf *why);

#endif

/* SPDX-License-Identifier: MIT */
#include "app/passwd.h"

#include "auth/password.h"
#include "auth/users.h"

#include <errno.h>

_Static_assert(CO_PASSWD_LINE_MAX == CO_PASSWORD_MAX, "what is asked for can be hashed");
_Static_assert(CO_PASSWD_FILE_MAX == CO_USERS_BYTES_MAX, "what is written can be read");

static int refuse(struct co_buf *why, const char *text)
{
    co_buf_add_string(why, text);
    return CO_EINVALID;
}

int co_passwd_check(const struct co_passwd_change *change, struct co_buf *why)
{
    unsigned rights;
    if (!co_user_name_is_good(co_text_of(change->name)))
        return refuse(why, "a user's name is letters, digits and \"._@-\", at most 64, and begins "
                           "with none of '.' and '-'");
    if (change->home && !co_user_home_is_good(co_text_of(change->home)))
        return refuse(why, "a home is a folder below the served one, such as people/alice: no "
                           "\"..\", no '/' before or behind it");
    if (change->rights && co_user_rights_parse(co_text_of(change->rights), &rights) < 0)
        return refuse(why, "rights are some of read,list,add,change");
    if (co_text_find(change->password, '\0') >= 0)
        return refuse(why, "a password has no NUL byte");
    return 0;
}

int co_passwd_find(bool *ret, co_text file, const char *name, struct co_buf *why)
{
    struct co_users *users;
    int rc = co_users_parse(&users, file, why);
    if (rc < 0)
        return rc;
    *ret = co_users_find(users, co_text_of(name)) != NULL;
    co_users_free(users);
    return 0;
}

/* before: the user as the file has it, or NULL. */
static int set(struct co_buf *out, co_text file, const struct co_passwd_change *change,
    const struct co_user *before)
{
    char hash[CO_HASH_MAX];
    struct co_user user = {"", NULL, "", CO_MAY_ALL, 0, 0};
    if (before)
        user = *before;
    user.name = change->name;
    if (change->password.at) {
        int rc = co_password_hash(change->password, hash);
        if (rc < 0)
            return rc;
        user.hash = hash;
    }
    if (!user.hash)
        return -ENOENT;
    if (change->home)
        user.home = change->home;
    if (change->rights)
        co_user_rights_parse(co_text_of(change->rights), &user.rights);
    if (change->quota >= 0)
        user.quota = (uint64_t)change->quota;
    if (change->rate >= 0)
        user.rate = (uint64_t)change->rate;
    co_users_edit(out, file, &user);
    return out->error;
}

int co_passwd_edit(
    struct co_buf *out, co_text file, const struct co_passwd_change *change, struct co_buf *why)
{
    struct co_users *users;
    int rc = co_passwd_check(change, why);
    if (rc == 0)
        rc = co_users_parse(&users, file, why);
    if (rc < 0)
        return rc;
    const struct co_user *before = co_users_find(users, co_text_of(change->name));
    if (!change->remove) {
        rc = set(out, file, change, before);
    } else if (before) {
        co_users_edit_out(out, file, co_text_of(change->name));
        rc = out->error;
    } else {
        rc = -ENOENT;
    }
    co_users_free(users);
    return rc;
}

/* SPDX-License-Identifier: MIT */
#include "app/secrets.h"

#include "auth/password.h"
#include "auth/users.h"

#include <errno.h>
#include <stdio.h>

_Static_assert(CO_SECRETS_NAME_MAX == CO_USER_NAME_MAX, "a name that is asked for can be there");
_Static_assert(CO_SECRETS_PASSWORD_MAX == CO_PASSWORD_MAX, "what is asked can be hashed");
_Static_assert(CO_SECRETS_BYTES_MAX == CO_USERS_BYTES_MAX, "what is read can be parsed");

/* Each is checked by co_secret_is_good first. */
static co_text name_of(const char *given)
{
    return (co_text){given, (size_t)(strchr(given, ':') - given)};
}

bool co_secret_is_good(const char *given)
{
    return strchr(given, ':') && co_user_name_is_good(name_of(given));
}

static const char *find_given(const struct co_secrets *secrets, co_text name)
{
    for (const char *const *given = secrets->given; given && *given; given++)
        if (co_text_equal(name_of(*given), name))
            return *given;
    return NULL;
}

/* ---- the list ----------------------------------------------------------------------------- */

static void list_user(struct co_buf *out, const struct co_user *user)
{
    char asked[CO_USER_NAME_MAX + 2];
    struct co_user listed = *user;
    snprintf(asked, sizeof asked, "!%s", user->name);
    listed.hash = asked;
    co_users_write(out, &listed);
}

static int list_given(const char *given, struct co_users *users, struct co_buf *message)
{
    char name[CO_USER_NAME_MAX + 1] = "";
    co_text text = name_of(given);
    memcpy(name, text.at, text.size);
    int rc = co_users_add(
        users, &(struct co_user){.name = name, .hash = "*", .home = "", .rights = CO_MAY_ALL});
    if (rc < 0)
        co_buf_addf(
            message, "--user %s: %s", name, rc == -EEXIST ? "it is there already" : co_explain(rc));
    return rc;
}

int co_secrets_list(const struct co_secrets *secrets, struct co_buf *out, struct co_buf *message)
{
    struct co_users *users;
    int rc = co_users_parse(&users, secrets->file, message);
    if (rc < 0)
        return rc;
    for (const char *const *given = secrets->given; rc == 0 && given && *given; given++)
        rc = list_given(*given, users, message);
    for (size_t i = 0; rc == 0 && i < co_users_count(users); i++)
        list_user(out, co_users_at(users, i));
    co_users_free(users);
    return rc < 0 ? rc : out->error;
}

/* ---- checking ----------------------------------------------------------------------------- */

/* In constant time, but for the length. */
static bool is_same(co_text a, co_text b)
{
    unsigned char differs = a.size != b.size;
    for (size_t i = 0; i < a.size && i < b.size; i++)
        differs |= (unsigned char)(a.at[i] ^ b.at[i]);
    return differs == 0;
}

int co_secrets_check(const struct co_secrets *secrets, co_text name, co_text password)
{
    const char *given = find_given(secrets, name);
    struct co_users *users;
    if (given) {
        (void)co_password_is(password, NULL); /* costs what others cost */
        return is_same(password, co_text_of(strchr(given, ':') + 1));
    }
    int rc = co_users_parse(&users, secrets->file, NULL);
    if (rc < 0)
        return rc;
    const struct co_user *user = co_users_find(users, name);
    int same = co_password_is(password, user ? user->hash : NULL);
    co_users_free(users);
    return same;
}

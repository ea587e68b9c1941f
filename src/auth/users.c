/* SPDX-License-Identifier: MIT */
/* The table of users. Each stands in one allocation with its strings; the table is a map by name
 * and the order in which they came. */
#include "auth/users.h"

#include "auth/password.h"
#include "base/map.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define ROOM_FIRST 16 /* users of the first allocation */

struct entry {
    struct co_user user;
    struct co_users *table;
    char strings[]; /* name, hash and home, each with its NUL */
};

struct co_users {
    struct entry **at;
    size_t count, room;
    struct co_map by_name;
    atomic_uint holders;
};

int co_users_new(struct co_users **ret)
{
    /* No secret: the names are those of the file, which is the administrator's. */
    static const uint64_t open_secret[2];
    struct co_users *users = calloc(1, sizeof *users);
    if (!users)
        return -ENOMEM;
    co_map_init(&users->by_name, open_secret);
    atomic_init(&users->holders, 1);
    *ret = users;
    return 0;
}

void co_users_hold(struct co_users *users)
{
    atomic_fetch_add(&users->holders, 1);
}

void co_users_free(struct co_users *users)
{
    if (!users || atomic_fetch_sub(&users->holders, 1) > 1)
        return;
    for (size_t i = 0; i < users->count; i++)
        free(users->at[i]);
    free(users->at);
    co_map_free(&users->by_name);
    free(users);
}

/* ---- what is good ------------------------------------------------------------------------- */

bool co_user_name_is_good(co_text name)
{
    if (name.size == 0 || name.size > CO_USER_NAME_MAX || name.at[0] == '.' || name.at[0] == '-')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = co_lower(name.at[i]);
        if (!co_is_digit(c) && !(c >= 'a' && c <= 'z') && (c == '\0' || !strchr("._@-", c)))
            return false;
    }
    return true;
}

static bool step_is_good(co_text step)
{
    return step.size > 0 && !co_text_equal(step, CO_TEXT(".")) &&
           !co_text_equal(step, CO_TEXT(".."));
}

bool co_user_home_is_good(co_text home)
{
    if (home.size == 0)
        return true;
    if (home.size > CO_USER_HOME_MAX || co_text_find(home, '\0') >= 0)
        return false;
    for (ssize_t slash; (slash = co_text_find(home, '/')) >= 0;) {
        if (!step_is_good((co_text){home.at, (size_t)slash}))
            return false;
        home = co_text_after(home, (size_t)slash + 1);
    }
    return step_is_good(home);
}

static bool hash_is_good(co_text hash)
{
    if (co_text_equal(hash, CO_TEXT("*")) || co_hash_is_known(hash))
        return true;
    for (size_t i = 0; i < hash.size; i++)
        if (hash.at[i] <= ' ' || hash.at[i] > '~' || hash.at[i] == ':')
            return false;
    return hash.size > 0 && hash.at[0] == '!' && hash.size < CO_HASH_MAX;
}

static bool user_is_good(const struct co_user *user)
{
    return co_user_name_is_good(co_text_of(user->name)) && hash_is_good(co_text_of(user->hash)) &&
           co_user_home_is_good(co_text_of(user->home)) && !(user->rights & ~(unsigned)CO_MAY_ALL);
}

/* ---- adding and finding ------------------------------------------------------------------- */

static const char *string_put(char **to, const char *string)
{
    const char *at = *to;
    size_t bytes = strlen(string) + 1;
    memcpy(*to, string, bytes);
    *to += bytes;
    return at;
}

static struct entry *entry_new(struct co_users *users, const struct co_user *user)
{
    size_t bytes = strlen(user->name) + strlen(user->hash) + strlen(user->home) + 3;
    struct entry *entry = malloc(sizeof *entry + bytes);
    if (!entry)
        return NULL;
    char *to = entry->strings;
    entry->table = users;
    entry->user = *user;
    entry->user.name = string_put(&to, user->name);
    entry->user.hash = string_put(&to, user->hash);
    entry->user.home = string_put(&to, user->home);
    return entry;
}

static int reserve(struct co_users *users)
{
    if (users->count < users->room)
        return 0;
    size_t room = users->room ? users->room * 2 : ROOM_FIRST;
    struct entry **at = realloc(users->at, room * sizeof *at);
    if (!at)
        return -ENOMEM;
    users->at = at;
    users->room = room;
    return 0;
}

int co_users_add(struct co_users *users, const struct co_user *user)
{
    if (!user_is_good(user) || users->count == CO_USERS_MAX)
        return CO_EINVALID;
    if (co_users_find(users, co_text_of(user->name)))
        return -EEXIST;
    struct entry *entry = reserve(users) < 0 ? NULL : entry_new(users, user);
    if (!entry)
        return -ENOMEM;
    if (co_map_set(&users->by_name, co_text_of(entry->user.name), entry) < 0) {
        free(entry);
        return -ENOMEM;
    }
    users->at[users->count++] = entry;
    return 0;
}

size_t co_users_count(const struct co_users *users)
{
    return users->count;
}

const struct co_user *co_users_at(const struct co_users *users, size_t i)
{
    return &users->at[i]->user;
}

const struct co_user *co_users_find(const struct co_users *users, co_text name)
{
    const struct entry *entry = co_map_get(&users->by_name, name);
    return entry ? &entry->user : NULL;
}

struct co_users *co_users_of(const struct co_user *user)
{
    return CO_CONTAINER((struct co_user *)(uintptr_t)user, struct entry, user)->table;
}

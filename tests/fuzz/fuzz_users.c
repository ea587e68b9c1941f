/* SPDX-License-Identifier: MIT */
/*
 * Any text as a users file: who is read from it keeps the bounds that the servers rely on, is found
 * by name, and is the same once written and read again; and one user can be set and removed while
 * the others stay who they are.
 */
#include "auth/users.h"

#define TEXT_MAX (4U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct co_user alice = {"alice", "*", "a b", CO_MAY_ADD, 1, 2};

static void check_same(const struct co_user *a, const struct co_user *b)
{
    assert(a && b && strcmp(a->name, b->name) == 0 && strcmp(a->hash, b->hash) == 0);
    assert(strcmp(a->home, b->home) == 0 && a->rights == b->rights);
    assert(a->quota == b->quota && a->rate == b->rate);
}

static void check_user(const struct co_users *users, const struct co_user *user)
{
    struct co_buf text = CO_BUF(TEXT_MAX);
    struct co_users *again;
    assert(co_users_find(users, co_text_of(user->name)) == user && co_users_of(user) == users);
    assert(co_user_name_is_good(co_text_of(user->name)));
    assert(user->home[0] != '/' && strcmp(user->home, "..") != 0 && !strstr(user->home, "/../"));
    assert(user->rights <= 15 && user->quota <= INT64_MAX && user->rate <= INT64_MAX);
    co_users_edit(&text, CO_TEXT(""), user);
    assert(co_users_parse(&again, co_buf_text(&text), NULL) == 0);
    assert(co_users_count(again) == 1);
    check_same(co_users_at(again, 0), user);
    co_users_free(again);
    co_buf_free(&text);
}

/* The text has one user more or less; the others are the same. */
static void check_edit(co_text text, const struct co_users *users, const struct co_user *user)
{
    struct co_buf with = CO_BUF(TEXT_MAX), without = CO_BUF(TEXT_MAX);
    struct co_users *set, *removed;
    co_text name = co_text_of(user->name);
    co_users_edit(&with, text, user);
    co_users_edit_out(&without, co_buf_text(&with), name);
    assert(co_users_parse(&set, co_buf_text(&with), NULL) == 0);
    assert(co_users_parse(&removed, co_buf_text(&without), NULL) == 0);
    check_same(co_users_find(set, name), user);
    assert(!co_users_find(removed, name));
    assert(co_users_count(removed) + 1 == co_users_count(set));
    for (size_t i = 0; i < co_users_count(users); i++) {
        const struct co_user *other = co_users_at(users, i);
        if (!co_text_equal(co_text_of(other->name), name))
            check_same(co_users_find(removed, co_text_of(other->name)), other);
    }
    co_users_free(set);
    co_users_free(removed);
    co_buf_free(&with);
    co_buf_free(&without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_buf message = CO_BUF(TEXT_MAX);
    struct co_users *users;
    co_text text = {(const char *)data, size};
    int rc = co_users_parse(&users, text, &message);
    assert(rc == 0 || message.size > 0);
    if (rc == 0) {
        for (size_t i = 0; i < co_users_count(users); i++)
            check_user(users, co_users_at(users, i));
        check_edit(text, users, &alice);
        co_users_free(users);
    }
    unsigned rights;
    co_user_rights_parse(text, &rights);
    co_buf_free(&message);
    return 0;
}

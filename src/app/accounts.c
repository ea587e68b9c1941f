/* SPDX-License-Identifier: MIT */
#include "app/accounts.h"

#include "auth/login.h"
#include "auth/password.h"
#include "base/map.h"
#include "coronet/net.h"
#include "runtime/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct co_accounts {
    struct co_accounts_options options;
    struct co_login *login;
    pthread_mutex_t lock; /* guards the quotas' map */
    struct co_map quotas; /* by user name; they outlive a reload, as what was written does */
};

/* ---- reading ----------------------------------------------------------------------------------
 */

/* On a pool thread: hashing is slow. */
struct given {
    const char *text; /* "NAME:PASSWORD" */
    char hash[CO_HASH_MAX];
};

static int hash_given(void *arg)
{
    struct given *given = arg;
    return co_password_hash(co_text_of(strchr(given->text, ':') + 1), given->hash);
}

static int add_given(struct co_users *users, const char *text, struct co_buf *message)
{
    struct given given = {.text = text};
    char name[CO_USER_NAME_MAX + 1] = "";
    const char *colon = strchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    if (size == 0 || size > CO_USER_NAME_MAX || !co_user_name_is_good((co_text){text, size})) {
        co_buf_addf(message, "--user wants NAME:PASSWORD, the name of letters, digits and ._@-");
        return CO_EINVALID;
    }
    memcpy(name, text, size);
    int rc = co_block(hash_given, &given);
    if (rc == 0)
        rc = co_users_add(users,
            &(struct co_user){.name = name, .hash = given.hash, .home = "", .rights = CO_MAY_ALL});
    if (rc < 0)
        co_buf_addf(
            message, "--user %s: %s", name, rc == -EEXIST ? "it is there already" : co_explain(rc));
    return rc;
}

static int read_file(const char *path, struct co_users **ret, struct co_buf *message)
{
    struct co_buf text = CO_BUF(CO_USERS_BYTES_MAX), why = CO_BUF(256);
    int rc = co_file_read_all(path, &text);
    if (rc < 0)
        co_buf_addf(message, "cannot read the users file %s: %s", path, co_explain(rc));
    else if ((rc = co_users_parse(ret, co_buf_text(&text), &why)) < 0)
        co_buf_addf(message, "users file %s: %.*s", path, CO_TEXT_PRINT(co_buf_text(&why)));
    explicit_bzero(text.at, text.size);
    co_buf_free(&text);
    co_buf_free(&why);
    return rc;
}

static int read_users(
    const struct co_accounts_options *options, struct co_users **ret, struct co_buf *message)
{
    struct co_users *users = NULL;
    int rc = options->file ? read_file(options->file, &users, message) : co_users_new(&users);
    for (const char *const *given = options->users; rc == 0 && given && *given; given++)
        rc = add_given(users, *given, message);
    if (rc < 0)
        co_users_free(users);
    else
        *ret = users;
    return rc;
}

int co_accounts_new(
    struct co_accounts **ret, const struct co_accounts_options *options, struct co_buf *message)
{
    struct co_users *users;
    uint64_t secret[2];
    struct co_accounts *accounts = calloc(1, sizeof *accounts);
    if (!accounts)
        return -ENOMEM;
    accounts->options = *options;
    co_random(secret, sizeof secret);
    co_map_init(&accounts->quotas, secret);
    pthread_mutex_init(&accounts->lock, NULL);
    int rc = read_users(options, &users, message);
    if (rc == 0) {
        rc = co_login_new(&accounts->login, users,
            &(struct co_login_options){
                .delay_ms = options->login_delay_ms ? options->login_delay_ms : -1});
        if (rc < 0)
            co_users_free(users);
    }
    if (rc < 0)
        co_accounts_free(accounts);
    else
        *ret = accounts;
    return rc;
}

void co_accounts_free(struct co_accounts *accounts)
{
    if (!accounts)
        return;
    co_login_free(accounts->login);
    for (size_t i = 0; i < accounts->quotas.room; i++)
        co_quota_free(accounts->quotas.entries[i].value);
    co_map_free(&accounts->quotas);
    pthread_mutex_destroy(&accounts->lock);
    free(accounts);
}

int co_accounts_reload(struct co_accounts *accounts, struct co_buf *message)
{
    struct co_users *users;
    int rc = read_users(&accounts->options, &users, message);
    if (rc == 0)
        co_login_users(accounts->login, users);
    return rc;
}

/* ---- logging in ---------------------------------------------------------------------------------
 */

int co_accounts_authenticate(
    void *arg, const char *peer, co_text name, co_text password, struct co_account *ret)
{
    struct co_accounts *accounts = arg;
    const struct co_user *user;
    co_address address = {0};
    co_address_parse(peer, 0, &address);
    int rc = co_login_check(accounts->login, &address, name, password, &user);
    if (rc < 0)
        return rc;
    unsigned rights = user->rights & (accounts->options.write ? CO_MAY_ALL : CO_MAY_BROWSE);
    if (rights == 0) { /* a drop box on a server that takes nothing */
        co_login_leave(accounts->login, user);
        return -EACCES;
    }
    *ret = (struct co_account){
        .home = user->home, .rights = rights, .rate = user->rate, .held = (void *)(uintptr_t)user};
    return 0;
}

void co_accounts_leave(void *arg, struct co_account *account)
{
    struct co_accounts *accounts = arg;
    co_login_leave(accounts->login, account->held);
}

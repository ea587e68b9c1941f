/* SPDX-License-Identifier: MIT */
#include "app/accounts.h"

#include "auth/login.h"
#include "base/map.h"
#include "coronet/net.h"
#include "runtime/file.h"
#include "tree/quota.h"
#include "tree/tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define RECOUNT_SHARE 20 /* homes are counted anew for at most one part in so many of the time */

struct co_accounts {
    struct co_accounts_options options;
    struct co_login *login;
    struct co_tree *tree; /* the served directory */
    pthread_mutex_t lock; /* guards the quotas' map */
    struct co_map quotas; /* struct kept; they outlive a reload, as what was written does */
};

/* A user's account of bytes. A user whose limit has changed gets another one. */
struct kept {
    co_quota *quota;
    int64_t counted_ns, took_ns; /* the last count; of whoever is alone in the account */
    co_text key;
    char text[]; /* "NAME LIMIT" */
};

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The list that was asked for, and then all of it: each on a pool thread. */
struct asking {
    const struct co_accounts_options *options;
    int fd;
};

static int list_run(void *arg)
{
    struct asking *asking = arg;
    asking->fd = asking->options->list(asking->options->arg);
    return asking->fd < 0 ? asking->fd : 0;
}

static int read_users(
    const struct co_accounts_options *options, struct co_users **ret, struct co_buf *message)
{
    struct asking asking = {.options = options, .fd = -1};
    struct co_buf text = CO_BUF(CO_USERS_BYTES_MAX);
    int rc = co_block(list_run, &asking);
    if (rc < 0)
        return rc;
    rc = co_file_read_taken(asking.fd, &text);
    if (rc == 0)
        rc = co_users_parse(ret, co_buf_text(&text), NULL);
    if (rc < 0)
        co_buf_addf(message, "cannot read the users: %s", co_explain(rc));
    co_buf_free(&text);
    return rc;
}

/* The table has "!NAME" for each hash. NULL: nobody's, who is asked for all the same. */
static int password_is(void *arg, co_text password, const char *hash)
{
    const struct co_accounts_options *options = arg;
    return options->check(options->arg, co_text_of(hash ? hash + 1 : ""), password);
}

/* Opened before privileges go, and for whoever may do everything: only bytes are counted. */
static int tree_open(struct co_accounts *accounts, struct co_buf *message)
{
    const char *directory = accounts->options.directory;
    int rc = co_tree_open(&accounts->tree, directory,
        &(struct co_tree_options){.hidden = true, .rights = CO_MAY_ALL});
    if (rc < 0)
        co_buf_addf(message, "cannot serve %s: %s", directory, co_explain(rc));
    return rc;
}

static void kept_free(struct kept *kept)
{
    if (kept)
        co_quota_free(kept->quota);
    free(kept);
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
    int rc = tree_open(accounts, message);
    if (rc == 0)
        rc = read_users(options, &users, message);
    if (rc == 0) {
        rc = co_login_new(&accounts->login, users,
            &(struct co_login_options){
                .delay_ms = options->login_delay_ms ? options->login_delay_ms : -1,
                .password_is = password_is,
                .password_arg = &accounts->options,
            });
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
        kept_free(accounts->quotas.entries[i].value);
    co_map_free(&accounts->quotas);
    co_tree_free(accounts->tree);
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

static struct kept *kept_new(const struct co_user *user)
{
    size_t room = strlen(user->name) + 24;
    struct kept *kept = malloc(sizeof *kept + room);
    if (!kept)
        return NULL;
    *kept = (struct kept){0};
    int size = snprintf(kept->text, room, "%s %llu", user->name, (unsigned long long)user->quota);
    kept->key = (co_text){kept->text, (size_t)size};
    return kept;
}

static struct kept *kept_find(struct co_accounts *accounts, co_text key)
{
    pthread_mutex_lock(&accounts->lock);
    struct kept *kept = co_map_get(&accounts->quotas, key);
    pthread_mutex_unlock(&accounts->lock);
    return kept;
}

/* Adds `own`, unless another login was faster. Whichever is there now, or NULL without memory; it
 * is `own` if that was taken over. */
static struct kept *kept_add(struct co_accounts *accounts, struct kept *own)
{
    pthread_mutex_lock(&accounts->lock);
    struct kept *kept = co_map_get(&accounts->quotas, own->key);
    if (!kept && co_map_set(&accounts->quotas, own->key, own) == 0)
        kept = own;
    pthread_mutex_unlock(&accounts->lock);
    return kept;
}

/* What lies in the home. */
static int measure(const struct co_accounts *accounts, const struct co_user *user,
    struct kept *kept, uint64_t *ret_used)
{
    struct co_tree *home;
    int64_t start_ns = co_now_ns();
    int rc = co_tree_open_below(&home, accounts->tree, co_text_of(user->home),
        &(struct co_tree_options){.hidden = true, .rights = CO_MAY_ALL});
    if (rc < 0)
        return rc;
    rc = co_tree_usage(home, ret_used);
    co_tree_free(home);
    kept->counted_ns = co_now_ns();
    kept->took_ns = kept->counted_ns - start_ns;
    return rc;
}

/* Begins an account. */
static int kept_begin(
    const struct co_accounts *accounts, const struct co_user *user, struct kept *kept)
{
    uint64_t used;
    int rc = measure(accounts, user, kept, &used);
    return rc < 0 ? rc : co_quota_new(&kept->quota, user->quota, used);
}

/* Somebody comes to an account. Whoever empties a drop box does that beside the server: so what has
 * refused something is counted anew, while nobody else can be writing. */
static void kept_enter(
    const struct co_accounts *accounts, const struct co_user *user, struct kept *kept)
{
    uint64_t ticket = co_quota_enter(kept->quota);
    if (!ticket || !co_quota_has_refused(kept->quota) ||
        co_now_ns() - kept->counted_ns < RECOUNT_SHARE * kept->took_ns)
        return;
    uint64_t booked = co_quota_used(kept->quota), used;
    if (measure(accounts, user, kept, &used) == 0)
        co_quota_correct(kept->quota, ticket, booked, used);
}

/* The user's account of bytes, made at the first login. */
static int quota_of(struct co_accounts *accounts, const struct co_user *user, co_quota **ret)
{
    int rc = 0;
    struct kept *own = kept_new(user);
    if (!own)
        return -ENOMEM;
    struct kept *kept = kept_find(accounts, own->key);
    if (!kept) {
        rc = kept_begin(accounts, user, own);
        kept = rc == 0 ? kept_add(accounts, own) : NULL;
    }
    if (kept != own)
        kept_free(own);
    if (kept)
        kept_enter(accounts, user, kept);
    *ret = kept ? kept->quota : NULL;
    return rc == 0 && !kept ? -ENOMEM : rc;
}

/* A home that is not there, or closed to us, is no reason here: who has none gets no further than
 * this. */
static int account_fill(
    struct co_accounts *accounts, const struct co_user *user, struct co_account *ret)
{
    struct co_account account = {
        .home = user->home,
        .rights = user->rights & (accounts->options.write ? CO_MAY_ALL : CO_MAY_BROWSE),
        .rate = user->rate,
        .held = (void *)(uintptr_t)user,
    };
    int rc = 0;
    if (account.rights == 0) /* a drop box on a server that takes nothing */
        return -EACCES;
    if (user->quota && account.rights & (CO_MAY_ADD | CO_MAY_CHANGE))
        rc = quota_of(accounts, user, &account.quota);
    if (rc < 0 && rc != -ENOENT && rc != -ENOTDIR && rc != -EACCES)
        return rc;
    *ret = account;
    return 0;
}

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
    rc = account_fill(accounts, user, ret);
    if (rc < 0)
        co_login_leave(accounts->login, user);
    return rc;
}

void co_accounts_leave(void *arg, struct co_account *account)
{
    struct co_accounts *accounts = arg;
    if (account->quota)
        co_quota_leave(account->quota);
    co_login_leave(accounts->login, account->held);
}

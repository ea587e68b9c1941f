/* SPDX-License-Identifier: MIT */
/*
 * Who may have a password checked, and when.
 *
 * The costly thing is the hash, so whatever can be known before is asked before: is the address
 * banned, did this very login succeed a moment ago. Then there are two places for the whole
 * process, given by rank: first to addresses from which somebody has logged in lately, then to
 * those of which nothing is known, last to those that failed. A flood of guesses is soon of the
 * last rank alone, and that rank stops altogether while the budget of failures is spent, so those
 * who know their password get past it; who comes from an address for the first time gets one try
 * whatever others do.
 *
 * Failures are kept as the time at which all of them will be forgiven, one each ban_ms /
 * failures_max; so is the budget's.
 */
#include "auth/login.h"

#include "auth/password.h"
#include "auth/places.h"
#include "auth/recent.h"
#include "base/client.h"
#include "coronet/fiber.h"
#include "runtime/rt.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define HASHES_AT_ONCE   2     /* leaves the other processors to those who are in */
#define WAITING_MAX      2048  /* of a rank: half a minute of hashing, and no client waits longer */
#define ADDRESSES_MAX    65536 /* with failures; 6 MiB at most */
#define TRUSTED_MAX      16384 /* addresses with a success */
#define SUCCESSES_MAX    16384 /* remembered logins */
#define DELAY_DEFAULT_MS 1000
#define DELAY_DOUBLINGS  3
#define BAN_DEFAULT_MS   600000
#define FAILURES_DEFAULT 10
#define BUDGET_FAILURES  1000                /* at once, of all addresses together ... */
#define BUDGET_NS        (100 * CO_MS)       /* ... and one more in this time */
#define REMEMBER_NS      (300 * CO_SECOND)   /* how long a login needs no hash */
#define TRUST_NS         (86400 * CO_SECOND) /* how long a success speaks for its address */

enum rank { TRUSTED, UNKNOWN, SUSPECT };

enum { REMEMBERED = 1 }; /* beside 0 and negative results: in, without a hash */

struct co_login {
    struct co_login_options options;
    int64_t forgive_ns; /* in which one failure of an address is forgiven */
    uint64_t secrets[2][2];
    struct co_users *guests; /* the table of the user "anonymous"; NULL: there is none */
    struct co_places places;
    pthread_mutex_t lock; /* guards the rest; held for a look-up, never across a wait */
    struct co_users *users;
    struct co_recent failures;  /* by address; until: of its ban */
    struct co_recent trusted;   /* by address */
    struct co_recent successes; /* by digest of address, name and password */
    int64_t budget_forgiven_at;
};

struct attempt {
    struct co_login *login;
    co_text name, password;
    bool has_address; /* a Unix socket's peer has none and cannot be banned */
    bool can_be;      /* such a name and password can be somebody's */
    bool good;
    enum rank rank;
    uint8_t address[CO_CLIENT_BYTES];
    uint8_t digest[CO_RECENT_KEY];
    struct co_users *users;     /* held */
    const struct co_user *user; /* of that table; NULL: unknown */
    const char *hash;           /* what the password is compared with, the user's or not */
};

_Static_assert(CO_PLACES_RANKS == SUSPECT + 1, "a queue for each rank");
_Static_assert(CO_CLIENT_BYTES == CO_RECENT_KEY, "addresses are keys");

/* ---- beginning and end -------------------------------------------------------------------- */

static int compare_here(void *arg, co_text password, const char *hash)
{
    (void)arg;
    return co_password_is(password, hash);
}

static void options_fill(struct co_login *login)
{
    struct co_login_options *options = &login->options;
    if (options->delay_ms == 0)
        options->delay_ms = DELAY_DEFAULT_MS;
    if (options->failures_max == 0)
        options->failures_max = FAILURES_DEFAULT;
    if (options->ban_ms == 0)
        options->ban_ms = BAN_DEFAULT_MS;
    if (options->anonymous_rights == 0)
        options->anonymous_rights = CO_MAY_BROWSE;
    if (!options->password_is)
        options->password_is = compare_here;
    login->forgive_ns = options->ban_ms * CO_MS / options->failures_max + 1; /* never 0 */
}

static int guests_new(struct co_users **ret, unsigned rights)
{
    const struct co_user anonymous = {"anonymous", "*", "", rights, 0, 0};
    struct co_users *guests;
    int rc = co_users_new(&guests);
    if (rc < 0)
        return rc;
    rc = co_users_add(guests, &anonymous);
    if (rc == 0)
        *ret = guests;
    else
        co_users_free(guests);
    return rc;
}

int co_login_new(
    struct co_login **ret, struct co_users *users, const struct co_login_options *options)
{
    struct co_login *login = calloc(1, sizeof *login);
    if (!login)
        return -ENOMEM;
    if (options)
        login->options = *options;
    options_fill(login);
    int rc =
        login->options.anonymous ? guests_new(&login->guests, login->options.anonymous_rights) : 0;
    if (rc < 0) {
        free(login);
        return rc;
    }
    co_random(login->secrets, sizeof login->secrets);
    login->users = users;
    co_recent_init(&login->failures, ADDRESSES_MAX, login->secrets[0]);
    co_recent_init(&login->trusted, TRUSTED_MAX, login->secrets[0]);
    co_recent_init(&login->successes, SUCCESSES_MAX, login->secrets[0]);
    co_places_init(&login->places, HASHES_AT_ONCE, WAITING_MAX);
    pthread_mutex_init(&login->lock, NULL);
    *ret = login;
    return 0;
}

void co_login_free(struct co_login *login)
{
    if (!login)
        return;
    pthread_mutex_destroy(&login->lock);
    co_places_end(&login->places);
    co_recent_free(&login->failures);
    co_recent_free(&login->trusted);
    co_recent_free(&login->successes);
    co_users_free(login->users);
    co_users_free(login->guests);
    explicit_bzero(login->secrets, sizeof login->secrets);
    free(login);
}

void co_login_users(struct co_login *login, struct co_users *users)
{
    pthread_mutex_lock(&login->lock);
    struct co_users *before = login->users;
    login->users = users;
    co_recent_free(&login->successes);
    pthread_mutex_unlock(&login->lock);
    co_users_free(before);
}

/* ---- who may try -------------------------------------------------------------------------- */

/* A digest that tells nothing without the secrets. */
static void digest_make(struct attempt *attempt)
{
    uint8_t bytes[1 + CO_CLIENT_BYTES + CO_USER_NAME_MAX + CO_PASSWORD_MAX];
    size_t size = 1 + CO_CLIENT_BYTES;
    bytes[0] = (uint8_t)attempt->name.size;
    memcpy(bytes + 1, attempt->address, CO_CLIENT_BYTES);
    memcpy(bytes + size, attempt->name.at, attempt->name.size);
    size += attempt->name.size;
    if (attempt->password.size > 0)
        memcpy(bytes + size, attempt->password.at, attempt->password.size);
    size += attempt->password.size;
    for (size_t half = 0; half < 2; half++) {
        uint64_t hash = co_siphash(attempt->login->secrets[half], bytes, size);
        memcpy(attempt->digest + half * sizeof hash, &hash, sizeof hash);
    }
    explicit_bzero(bytes, sizeof bytes);
}

static void attempt_begin(struct attempt *attempt, const co_address *peer)
{
    attempt->has_address = co_client_address(peer, attempt->address);
    if (attempt->has_address)
        co_client_widen(attempt->address);
    attempt->can_be =
        co_user_name_is_good(attempt->name) && attempt->password.size <= CO_PASSWORD_MAX;
    if (attempt->can_be)
        digest_make(attempt);
}

/* The table and the user in it as they are now. */
static void look_up(struct attempt *attempt)
{
    struct co_login *login = attempt->login;
    struct co_users *users = login->users;
    size_t count = co_users_count(users);
    co_users_hold(users);
    attempt->users = users;
    attempt->user = co_users_find(users, attempt->name);
    /* An unknown name costs what some user's hash costs, always the same one's, so that its time
     * tells nothing where users have hashes of several kinds (attacks M07). */
    uint64_t any = co_siphash(login->secrets[1], attempt->name.at, attempt->name.size);
    const struct co_user *like = attempt->user ? attempt->user
                                 : count > 0   ? co_users_at(users, any % count)
                                               : NULL;
    attempt->hash = like ? like->hash : NULL;
}

static bool entry_lasts(const struct co_recent_entry *entry, int64_t now)
{
    return entry && entry->until > now;
}

/* How many failures of an address are not forgiven yet. */
static int64_t failures_of(
    const struct co_login *login, const struct co_recent_entry *entry, int64_t now)
{
    if (!entry || entry->forgiven_at <= now)
        return 0;
    return (entry->forgiven_at - now + login->forgive_ns - 1) / login->forgive_ns;
}

/* 0: it may be tried, with this rank; REMEMBERED; -EBUSY. The ban comes first: what is remembered
 * must not become something to guess at without a hash. */
static int admit_locked(struct attempt *attempt, int64_t now)
{
    struct co_login *login = attempt->login;
    const struct co_recent_entry *failed = NULL, *trusted = NULL;
    if (attempt->has_address) {
        failed = co_recent_find(&login->failures, attempt->address);
        trusted = co_recent_find(&login->trusted, attempt->address);
    }
    if (entry_lasts(failed, now))
        return -EBUSY;
    if (attempt->can_be && entry_lasts(co_recent_find(&login->successes, attempt->digest), now)) {
        look_up(attempt);
        return REMEMBERED;
    }
    attempt->rank = entry_lasts(trusted, now)              ? TRUSTED
                    : failures_of(login, failed, now) == 0 ? UNKNOWN
                                                           : SUSPECT;
    bool spent = login->budget_forgiven_at - now >= BUDGET_FAILURES * BUDGET_NS;
    return attempt->rank == SUSPECT && spent ? -EBUSY : 0;
}

static int admit(struct attempt *attempt)
{
    int64_t now = co_now_ns();
    pthread_mutex_lock(&attempt->login->lock);
    int rc = admit_locked(attempt, now);
    pthread_mutex_unlock(&attempt->login->lock);
    return rc;
}

/* ---- trying ------------------------------------------------------------------------------- */

static int hash_run(void *arg)
{
    struct attempt *attempt = arg;
    const struct co_login_options *options = &attempt->login->options;
    int same = options->password_is(options->password_arg, attempt->password, attempt->hash);
    attempt->good = same > 0 && attempt->user;
    if (same == -EACCES || same == -EBUSY) /* of whatever failed, not of the visitor */
        return -EAGAIN;
    return same < 0 ? same : 0;
}

/* In a place. While the attempt waited for it, others from the address may have failed or
 * succeeded. */
static int hash_now(struct attempt *attempt)
{
    int rc = admit(attempt);
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&attempt->login->lock);
    look_up(attempt);
    pthread_mutex_unlock(&attempt->login->lock);
    return co_block(hash_run, attempt);
}

static int hash_in_turn(struct attempt *attempt)
{
    int rc = co_places_take(&attempt->login->places, attempt->rank);
    if (rc < 0)
        return rc;
    rc = hash_now(attempt);
    co_places_give(&attempt->login->places);
    return rc;
}

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void succeeded(struct attempt *attempt)
{
    struct co_login *login = attempt->login;
    int64_t now = co_now_ns();
    struct co_recent_entry *entry;
    pthread_mutex_lock(&login->lock);
    if (attempt->has_address && (entry = co_recent_touch(&login->trusted, attempt->address)))
        entry->until = now + TRUST_NS;
    if (attempt->users == login->users &&
        (entry = co_recent_touch(&login->successes, attempt->digest)))
        entry->until = now + REMEMBER_NS;
    pthread_mutex_unlock(&login->lock);
}

/* Counts the failure; returns how many the address has. */
static int64_t failed_locked(struct attempt *attempt, int64_t now)
{
    struct co_login *login = attempt->login;
    login->budget_forgiven_at = later_of(login->budget_forgiven_at, now) + BUDGET_NS;
    struct co_recent_entry *entry =
        attempt->has_address ? co_recent_touch(&login->failures, attempt->address) : NULL;
    if (!entry)
        return 1;
    entry->forgiven_at = later_of(entry->forgiven_at, now) + login->forgive_ns;
    int64_t count = failures_of(login, entry, now);
    if (count >= login->options.failures_max) {
        entry->until = now + login->options.ban_ms * CO_MS;
        entry->forgiven_at = now;
    }
    return count;
}

/* The delay is the fiber's alone: the place has been given back. */
static int failed(struct attempt *attempt)
{
    int64_t now = co_now_ns();
    pthread_mutex_lock(&attempt->login->lock);
    int64_t count = failed_locked(attempt, now);
    pthread_mutex_unlock(&attempt->login->lock);
    int64_t delay_ms = attempt->login->options.delay_ms;
    int64_t doublings = count - 1 < DELAY_DOUBLINGS ? count - 1 : DELAY_DOUBLINGS;
    int rc = delay_ms > 0 ? co_sleep(delay_ms << doublings) : 0;
    return rc < 0 ? rc : -EACCES;
}

int co_login_check(struct co_login *login, const co_address *peer, co_text name, co_text password,
    const struct co_user **ret)
{
    struct attempt attempt = {.login = login, .name = name, .password = password};
    attempt_begin(&attempt, peer);
    int rc = admit(&attempt);
    if (rc == 0 && attempt.can_be)
        rc = hash_in_turn(&attempt);
    if (rc == 0 && attempt.good)
        succeeded(&attempt);
    else if (rc == 0)
        rc = failed(&attempt);
    if (rc < 0) {
        co_users_free(attempt.users);
        return rc;
    }
    *ret = attempt.user;
    return 0;
}

int co_login_anonymous(struct co_login *login, const struct co_user **ret)
{
    if (!login->guests)
        return -EACCES;
    co_users_hold(login->guests);
    *ret = co_users_at(login->guests, 0);
    return 0;
}

void co_login_leave(struct co_login *login, const struct co_user *user)
{
    (void)login;
    co_users_free(co_users_of(user));
}

bool co_login_is_banned(struct co_login *login, const co_address *peer)
{
    uint8_t address[CO_CLIENT_BYTES];
    if (!co_client_address(peer, address))
        return false;
    co_client_widen(address);
    int64_t now = co_now_ns();
    pthread_mutex_lock(&login->lock);
    bool banned = entry_lasts(co_recent_find(&login->failures, address), now);
    pthread_mutex_unlock(&login->lock);
    return banned;
}

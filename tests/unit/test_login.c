/* SPDX-License-Identifier: MIT */
/*
 * The gate before the hashes: how many are computed, for whom, and what everybody else waits for.
 * Most run with a hash that costs nothing and is counted; each takes a millisecond or so of virtual
 * time, so what is asked of order, delays and budgets is exact.
 */
#include "auth/login.h"
#include "auth/password.h"
#include "fibers.h"

#include "runtime/rt.h"

#include <netinet/in.h>
#include <pthread.h>

#define DELAY_MS 1000
#define BAN_MS   600000
#define MINUTE   60000

static atomic_uint hashes, hashes_at_once, hashes_at_once_max;
static char last_hash[CO_HASH_MAX];

/* "right" is everybody's password. */
static int count_and_compare(void *arg, co_text password, const char *hash)
{
    (void)arg;
    unsigned now = atomic_fetch_add(&hashes_at_once, 1) + 1, max = atomic_load(&hashes_at_once_max);
    while (now > max && !atomic_compare_exchange_weak(&hashes_at_once_max, &max, now)) {
    }
    if (atomic_fetch_add(&hashes, 1) == 0)
        snprintf(last_hash, sizeof last_hash, "%s", hash ? hash : "none");
    atomic_fetch_sub(&hashes_at_once, 1);
    return co_text_equal(password, CO_TEXT("right"));
}

static struct co_users *users_of(const char *text)
{
    struct co_users *users = NULL;
    int rc = co_users_parse(&users, co_text_of(text), NULL);
    return CHECK_INT(rc, 0) ? users : NULL;
}

static struct co_login *gate(const char *text)
{
    const struct co_login_options options = {.password_is = count_and_compare};
    struct co_login *login = NULL;
    atomic_store(&hashes, 0);
    atomic_store(&hashes_at_once_max, 0);
    CHECK_INT(co_login_new(&login, users_of(text), &options), 0);
    return login;
}

#define ALICE "alice:$6$salt$alice:home=a\n"

static co_address ipv4(uint32_t number)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(number)};
    co_address address = {.size = sizeof in};
    memcpy(address.as.bytes, &in, sizeof in);
    return address;
}

static co_address ipv6(uint64_t network, uint64_t host)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6};
    co_address address = {.size = sizeof in};
    for (unsigned i = 0; i < 8; i++) {
        in.sin6_addr.s6_addr[i] = (uint8_t)(network >> (56 - 8 * i));
        in.sin6_addr.s6_addr[8 + i] = (uint8_t)(host >> (56 - 8 * i));
    }
    memcpy(address.as.bytes, &in, sizeof in);
    return address;
}

static int check(struct co_login *login, co_address peer, const char *name, const char *password)
{
    const struct co_user *user = NULL;
    int rc = co_login_check(login, &peer, co_text_of(name), co_text_of(password), &user);
    CHECK((rc == 0) == (user != NULL));
    if (user) {
        CHECK_STRING(user->name, name);
        co_login_leave(login, user);
    }
    return rc;
}

static int64_t passed_ms(int64_t since)
{
    return (co_now_ns() - since) / CO_MS;
}

VIRTUAL_TEST(the_right_password_enters_and_every_other_is_a_no)
{
    struct co_login *login = gate(ALICE);
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    CHECK_INT(check(login, ipv4(1), "alice", "wrong"), -EACCES);
    CHECK_INT(check(login, ipv4(1), "bob", "right"), -EACCES);
    CHECK_INT(check(login, ipv4(1), "", "right"), -EACCES);
    CHECK_INT(check(login, ipv4(1), "Alice", "right"), -EACCES);
    co_login_free(login);
    co_login_free(NULL);
    return 0;
}

/* Nobody's password is right even where it is that of the user whose hash stands in. */
VIRTUAL_TEST(unknown_and_wrong_take_the_same_time_and_hash_m07)
{
    struct co_login *login = gate(ALICE);
    int64_t start = co_now_ns();
    CHECK_INT(check(login, ipv4(1), "alice", "wrong"), -EACCES);
    int64_t wrong_ms = passed_ms(start);
    CHECK_STRING(last_hash, "$6$salt$alice");
    atomic_store(&hashes, 0);
    start = co_now_ns();
    CHECK_INT(check(login, ipv4(2), "mallory", "right"), -EACCES);
    int64_t unknown_ms = passed_ms(start);
    CHECK_INT(hashes, 1);
    CHECK_STRING(last_hash, "$6$salt$alice");
    CHECK(wrong_ms >= DELAY_MS && wrong_ms < DELAY_MS + 3);
    CHECK(unknown_ms >= DELAY_MS && unknown_ms < DELAY_MS + 3);
    co_login_free(login);

    login = gate(""); /* no users at all */
    CHECK_INT(check(login, ipv4(1), "mallory", "right"), -EACCES);
    CHECK_INT(hashes, 1);
    CHECK_STRING(last_hash, "none");
    co_login_free(login);
    return 0;
}

/* A user name or password of any size costs no hash and says nothing else. */
VIRTUAL_TEST(a_huge_name_or_password_is_only_wrong_f19)
{
    struct co_login *login = gate(ALICE);
    char *huge = malloc(65537);
    memset(huge, 'a', 65536);
    huge[65536] = '\0';
    CHECK_INT(check(login, ipv4(1), huge, "right"), -EACCES);
    CHECK_INT(check(login, ipv4(2), "alice", huge), -EACCES);
    CHECK_INT(hashes, 0);
    huge[CO_USER_NAME_MAX + 1] = '\0';
    CHECK_INT(check(login, ipv4(3), huge, "right"), -EACCES);
    CHECK_INT(hashes, 0);
    huge[CO_USER_NAME_MAX] = '\0';
    CHECK_INT(check(login, ipv4(4), huge, "right"), -EACCES);
    CHECK_INT(hashes, 1);
    free(huge);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(failures_delay_longer_and_longer_and_then_ban)
{
    static const int64_t delays_s[] = {1, 2, 4, 8, 8, 8, 8, 8, 8, 8};
    struct co_login *login = gate(ALICE);
    co_address peer = ipv4(0xc0000201), other = ipv4(0xc0000202);
    for (size_t i = 0; i < CO_LENGTH(delays_s); i++) {
        int64_t start = co_now_ns();
        CHECK(!co_login_is_banned(login, &peer));
        CHECK_INT(check(login, peer, "alice", "wrong"), -EACCES);
        CHECK_INT(passed_ms(start) / 1000, delays_s[i]);
    }
    CHECK(co_login_is_banned(login, &peer));
    CHECK(!co_login_is_banned(login, &other));
    CHECK_INT(check(login, peer, "alice", "right"), -EBUSY);
    CHECK_INT(hashes, 10);
    CHECK_INT(check(login, other, "alice", "right"), 0);
    CHECK_INT(co_sleep(BAN_MS), 0);
    CHECK(!co_login_is_banned(login, &peer));
    CHECK_INT(check(login, peer, "alice", "right"), 0);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(failures_are_forgiven_in_time)
{
    struct co_login *login = gate(ALICE);
    for (unsigned i = 0; i < 30; i++) {
        int64_t start = co_now_ns();
        CHECK_INT(check(login, ipv4(1), "alice", "wrong"), -EACCES);
        CHECK_INT(passed_ms(start) / 1000, 1);
        CHECK_INT(co_sleep(MINUTE), 0);
    }
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(the_delay_can_be_switched_off)
{
    const struct co_login_options options = {.delay_ms = -1, .password_is = count_and_compare};
    struct co_login *login;
    REQUIRE(co_login_new(&login, users_of(ALICE), &options) == 0);
    int64_t start = co_now_ns();
    for (unsigned i = 0; i < 10; i++)
        CHECK_INT(check(login, ipv4(1), "alice", "wrong"), -EACCES);
    CHECK(passed_ms(start) < 100);
    CHECK_INT(check(login, ipv4(1), "alice", "right"), -EBUSY);
    co_login_free(login);
    return 0;
}

static int answer_of_the_check;

static int answer(void *arg, co_text password, const char *hash)
{
    (void)arg, (void)password, (void)hash;
    return answer_of_the_check;
}

/* Nor may one of its errors be taken for a "no", or for a ban. */
VIRTUAL_TEST(what_cannot_be_found_out_is_no_failure)
{
    static const int errors[] = {-EAGAIN, -ENOMEM, -EPIPE, -EACCES, -EBUSY, CO_EINVALID};
    const struct co_login_options options = {.failures_max = 1, .password_is = answer};
    struct co_login *login;
    REQUIRE(co_login_new(&login, users_of(ALICE), &options) == 0);
    int64_t start = co_now_ns();
    for (size_t i = 0; i < CO_LENGTH(errors); i++) {
        answer_of_the_check = errors[i];
        int rc = check(login, ipv4(1), "alice", "right");
        CHECK(rc < 0 && rc != -EACCES && rc != -EBUSY);
    }
    CHECK(passed_ms(start) < 100);
    answer_of_the_check = 1;
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    co_login_free(login);
    return 0;
}

/* All behind a local proxy would be banned with one of them. */
VIRTUAL_TEST(peers_without_an_address_are_delayed_but_not_banned)
{
    struct co_login *login = gate(ALICE);
    for (unsigned i = 0; i < 20; i++)
        CHECK_INT(check(login, (co_address){0}, "alice", "wrong"), -EACCES);
    CHECK(!co_login_is_banned(login, &(co_address){0}));
    CHECK_INT(check(login, (co_address){0}, "alice", "right"), 0);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(a_success_is_remembered_for_its_address_name_and_password)
{
    struct co_login *login = gate(ALICE "bob:$6$salt$bob:\n");
    for (unsigned i = 0; i < 100; i++)
        CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    CHECK_INT(hashes, 1);
    CHECK_INT(check(login, ipv4(2), "alice", "right"), 0);
    CHECK_INT(hashes, 2);
    CHECK_INT(check(login, ipv4(1), "bob", "right"), 0);
    CHECK_INT(hashes, 3);
    CHECK_INT(check(login, ipv4(1), "alice", "righ"), -EACCES);
    CHECK_INT(hashes, 4);
    CHECK_INT(co_sleep(5 * MINUTE), 0);
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    CHECK_INT(hashes, 5);
    co_login_free(login);
    return 0;
}

/* ---- users that change --------------------------------------------------------------------- */

VIRTUAL_TEST(a_session_keeps_its_user_when_the_table_is_replaced)
{
    struct co_login *login = gate(ALICE);
    const struct co_user *before, *after;
    co_address peer = ipv4(1);
    REQUIRE(co_login_check(login, &peer, CO_TEXT("alice"), CO_TEXT("right"), &before) == 0);
    co_login_users(login, users_of("alice:$6$salt$new:home=new\n"));
    CHECK_STRING(before->home, "a");
    REQUIRE(co_login_check(login, &peer, CO_TEXT("alice"), CO_TEXT("right"), &after) == 0);
    CHECK_INT(hashes, 2); /* what was remembered of the old table is forgotten */
    CHECK_STRING(after->home, "new");
    co_login_leave(login, before);
    co_login_users(login, users_of("bob:*:\n"));
    CHECK_INT(check(login, peer, "alice", "right"), -EACCES);
    co_login_leave(login, after);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(anonymous_is_a_user_only_where_it_is_allowed)
{
    const struct co_login_options options = {.anonymous = true, .anonymous_rights = CO_MAY_ADD};
    struct co_login *login = gate(ALICE);
    const struct co_user *user;
    CHECK_INT(co_login_anonymous(login, &user), -EACCES);
    CHECK_INT(check(login, ipv4(1), "anonymous", "right"), -EACCES);
    co_login_free(login);
    REQUIRE(co_login_new(&login, users_of(""), &options) == 0);
    REQUIRE(co_login_anonymous(login, &user) == 0);
    CHECK_STRING(user->name, "anonymous");
    CHECK_INT(user->rights, CO_MAY_ADD);
    co_login_leave(login, user);
    co_login_free(login);
    return 0;
}

/* ---- many at once -------------------------------------------------------------------------- */

struct guess {
    struct co_login *login;
    co_address peer;
    const char *password;
    int64_t timeout_ms;
    int result;
};

static int guess(void *arg)
{
    struct guess *guess = arg;
    co_scope scope;
    co_scope_open(&scope, guess->timeout_ms ? guess->timeout_ms : -1);
    guess->result = check(guess->login, guess->peer, "alice", guess->password);
    co_scope_close(&scope);
    return 0;
}

/* From any address of a /64 it is the same client. */
VIRTUAL_TEST(a_hundred_thousand_guesses_from_one_network_cost_ten_hashes_m08)
{
    struct co_login *login = gate(ALICE);
    unsigned busy = 0;
    for (unsigned i = 0; i < 100000; i++)
        busy += check(login, ipv6(0x20010db800000000, i), "alice", "wrong") == -EBUSY;
    CHECK_INT(hashes, 10);
    CHECK_INT(busy, 100000 - 10);
    CHECK_INT(check(login, ipv6(0x20010db800000001, 1), "alice", "right"), 0);
    co_login_free(login);
    return 0;
}

/* Guesses that wait at the same time are no way past the ban either. */
VIRTUAL_TEST(guesses_at_once_from_one_address_end_with_its_ban)
{
    enum { COUNT = 500 };
    struct co_login *login = gate(ALICE);
    struct guess *guesses = calloc(COUNT, sizeof *guesses);
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        guesses[i] = (struct guess){.login = login, .peer = ipv4(1), .password = "wrong"};
        co_go(&group, guess, &guesses[i]);
    }
    CHECK_INT(co_group_close(&group), 0);
    CHECK(hashes <= 11); /* one may have been in the other place */
    free(guesses);
    co_login_free(login);
    return 0;
}

/*
 * Guesses from ten thousand addresses, a hundred at a time, ten from each: an address's first guess
 * is checked, further ones only while the budget lasts. Who knows the password enters meanwhile.
 */
VIRTUAL_TEST(guesses_from_many_addresses_share_a_budget_and_honest_users_enter_m08)
{
    enum { ROUNDS = 10, ADDRESSES = 10000, BATCH = 100 };
    struct co_login *login = gate(ALICE);
    struct guess guesses[BATCH];
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    int64_t start = co_now_ns();
    for (uint32_t i = 0; i < ROUNDS * ADDRESSES; i += BATCH) {
        co_group group;
        co_group_open(&group, NULL);
        for (uint32_t j = 0; j < BATCH; j++) {
            guesses[j] = (struct guess){.login = login,
                .peer = ipv4(0x0a000000 + (i + j) % ADDRESSES),
                .password = "wrong",
                .timeout_ms = 100}; /* they do not wait for the delay: neither does the budget */
            co_go(&group, guess, &guesses[j]);
        }
        if (i % ADDRESSES == 0) {
            int64_t began = co_now_ns();
            CHECK_INT(check(login, ipv4(0xc0000200 + i / ADDRESSES), "alice", "right"), 0);
            CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
            CHECK(passed_ms(began) < 1000);
        }
        CHECK_INT(co_group_close(&group), 0);
    }
    unsigned budget = 1000 + (unsigned)(passed_ms(start) / 100);
    CHECK(hashes <= ADDRESSES + budget + 2 * ROUNDS);
    CHECK(hashes >= ADDRESSES);
    co_login_free(login);
    return 0;
}

/* Whoever logged in from an address lately need not stand behind the guessers. */
VIRTUAL_TEST(known_addresses_go_first_and_failing_ones_last)
{
    enum { COUNT = 300 };
    struct co_login *login = gate(ALICE);
    struct guess *guesses = calloc(COUNT, sizeof *guesses);
    co_group group;
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    CHECK_INT(co_sleep(10 * MINUTE), 0); /* the login is forgotten, the address is not */
    co_group_open(&group, NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        guesses[i] =
            (struct guess){.login = login, .peer = ipv4(0x0a000000 + i), .password = "wrong"};
        co_go(&group, guess, &guesses[i]);
    }
    co_sleep(0);
    unsigned before = hashes;
    CHECK_INT(check(login, ipv4(1), "alice", "right"), 0);
    CHECK(hashes - before <= 5);
    CHECK_INT(co_group_close(&group), 0);
    free(guesses);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(too_many_who_wait_are_sent_away)
{
    enum { COUNT = 2500 };
    struct co_login *login = gate(ALICE);
    struct guess *guesses = calloc(COUNT, sizeof *guesses);
    unsigned busy = 0;
    co_group group;
    co_group_open(&group, NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        guesses[i] = (struct guess){.login = login, .peer = ipv4(i), .password = "right"};
        co_go(&group, guess, &guesses[i]);
    }
    CHECK_INT(co_group_close(&group), 0);
    for (uint32_t i = 0; i < COUNT; i++)
        busy += guesses[i].result == -EBUSY;
    CHECK_INT(busy, COUNT - 2048 - 2);
    free(guesses);
    co_login_free(login);
    return 0;
}

VIRTUAL_TEST(who_gives_up_waiting_leaves_the_place_to_others)
{
    enum { COUNT = 200 };
    struct co_login *login = gate(ALICE);
    struct guess *guesses = calloc(COUNT, sizeof *guesses);
    unsigned in = 0, late = 0;
    co_group group;
    co_group_open(&group, NULL);
    for (uint32_t i = 0; i < COUNT; i++) {
        guesses[i] = (struct guess){
            .login = login, .peer = ipv4(i), .password = "right", .timeout_ms = 1 + i % 7};
        co_go(&group, guess, &guesses[i]);
    }
    CHECK_INT(co_group_close(&group), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        in += guesses[i].result == 0;
        late += guesses[i].result == CO_EDEADLINE;
    }
    CHECK_INT(in + late, COUNT);
    CHECK(in > 0 && late > 0);
    CHECK_INT(check(login, ipv4(COUNT), "alice", "right"), 0); /* both places are there again */
    CHECK_INT(check(login, ipv4(COUNT + 1), "alice", "right"), 0);
    free(guesses);
    co_login_free(login);
    return 0;
}

/* ---- many at once, on real threads ---------------------------------------------------------- */

static int slow_and_right(void *arg, co_text password, const char *hash)
{
    (void)arg;
    int right = count_and_compare(NULL, password, hash);
    unsigned now = atomic_fetch_add(&hashes_at_once, 1) + 1, max = atomic_load(&hashes_at_once_max);
    while (now > max && !atomic_compare_exchange_weak(&hashes_at_once_max, &max, now)) {
    }
    co_password_is(password, "$6$rounds=1000$salt$hash");
    atomic_fetch_sub(&hashes_at_once, 1);
    return right;
}

struct crowd {
    struct co_login *login;
    unsigned count;
    atomic_uint entered;
};

static int enter(void *arg)
{
    struct crowd *crowd = arg;
    uint32_t number = atomic_fetch_add(&crowd->entered, 1);
    CHECK_INT(check(crowd->login, ipv4(number), "alice", "right"), 0);
    return 0;
}

static int enter_all(void *arg)
{
    struct crowd *crowd = arg;
    co_group group;
    co_group_open(&group, NULL);
    for (unsigned i = 0; i < crowd->count; i++)
        co_go(&group, enter, crowd);
    return co_group_close(&group);
}

static pthread_rwlock_t closed = PTHREAD_RWLOCK_INITIALIZER;
static pthread_t loop_thread;
static atomic_uint begun;

/* Hashes that do not end before the test says so. */
static int held_up(void *arg, co_text password, const char *hash)
{
    (void)arg;
    CHECK(!pthread_equal(pthread_self(), loop_thread));
    atomic_fetch_add(&begun, 1);
    pthread_rwlock_rdlock(&closed);
    pthread_rwlock_unlock(&closed);
    return slow_and_right(NULL, password, hash);
}

static int nothing(void *arg)
{
    (void)arg;
    return 1;
}

KERNEL_TEST(a_thousand_logins_at_once_leave_the_loop_and_the_pool_alone_m09)
{
    const struct co_login_options options = {.password_is = held_up};
    struct crowd crowd = {.count = 1000};
    co_group group;
    loop_thread = pthread_self();
    atomic_store(&begun, 0);
    atomic_store(&hashes, 0);
    atomic_store(&hashes_at_once_max, 0);
    REQUIRE(co_login_new(&crowd.login, users_of(ALICE), &options) == 0);
    pthread_rwlock_wrlock(&closed);
    co_group_open(&group, NULL);
    co_go(&group, enter_all, &crowd);
    while (atomic_load(&begun) < 2 || atomic_load(&crowd.entered) < 1000)
        CHECK_INT(co_sleep(1), 0);
    CHECK_INT(co_block(nothing, NULL), 1);
    CHECK_INT(begun, 2);
    pthread_rwlock_unlock(&closed);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(hashes, 1000);
    CHECK(hashes_at_once_max <= 2);
    co_login_free(crowd.login);
    return 0;
}

/* Places go from thread to thread. */
KERNEL_TEST(shards_share_the_two_places)
{
    const struct co_login_options options = {.password_is = slow_and_right};
    struct crowd crowd = {.count = 50};
    atomic_store(&hashes, 0);
    atomic_store(&hashes_at_once_max, 0);
    REQUIRE(co_login_new(&crowd.login, users_of(ALICE), &options) == 0);
    CHECK_INT(co_shards(4, enter_all, &crowd), 0);
    CHECK_INT(hashes, 200);
    CHECK(hashes_at_once_max <= 2);
    co_login_free(crowd.login);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_enters_and_every_other_is_a_no),
        cmocka_unit_test(unknown_and_wrong_take_the_same_time_and_hash_m07),
        cmocka_unit_test(a_huge_name_or_password_is_only_wrong_f19),
        cmocka_unit_test(failures_delay_longer_and_longer_and_then_ban),
        cmocka_unit_test(failures_are_forgiven_in_time),
        cmocka_unit_test(the_delay_can_be_switched_off),
        cmocka_unit_test(what_cannot_be_found_out_is_no_failure),
        cmocka_unit_test(peers_without_an_address_are_delayed_but_not_banned),
        cmocka_unit_test(a_success_is_remembered_for_its_address_name_and_password),
        cmocka_unit_test(a_session_keeps_its_user_when_the_table_is_replaced),
        cmocka_unit_test(anonymous_is_a_user_only_where_it_is_allowed),
        cmocka_unit_test(a_hundred_thousand_guesses_from_one_network_cost_ten_hashes_m08),
        cmocka_unit_test(guesses_at_once_from_one_address_end_with_its_ban),
        cmocka_unit_test(guesses_from_many_addresses_share_a_budget_and_honest_users_enter_m08),
        cmocka_unit_test(known_addresses_go_first_and_failing_ones_last),
        cmocka_unit_test(too_many_who_wait_are_sent_away),
        cmocka_unit_test(who_gives_up_waiting_leaves_the_place_to_others),
        cmocka_unit_test(a_thousand_logins_at_once_leave_the_loop_and_the_pool_alone_m09),
        cmocka_unit_test(shards_share_the_two_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

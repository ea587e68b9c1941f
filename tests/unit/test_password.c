/* SPDX-License-Identifier: MIT */
/* Password hashes: made, checked, and of whom nobody knows. */
#include "auth/password.h"
#include "test.h"

#include <crypt.h>
#include <time.h>

static void what_was_hashed_is_known_again_and_nothing_else_is(void **state)
{
    char hash[CO_HASH_MAX], again[CO_HASH_MAX];
    (void)state;
    assert_int_equal(co_password_hash(CO_TEXT("correct horse"), hash), 0);
    assert_memory_equal(hash, "$y$", 3);
    assert_true(co_hash_is_known(co_text_of(hash)));
    assert_int_equal(co_password_is(CO_TEXT("correct horse"), hash), 1);
    assert_int_equal(co_password_is(CO_TEXT("correct horsf"), hash), 0);
    assert_int_equal(co_password_is(CO_TEXT("correct hors"), hash), 0);
    assert_int_equal(co_password_is(CO_TEXT(""), hash), 0);
    assert_int_equal(co_password_hash(CO_TEXT("correct horse"), again), 0);
    assert_string_not_equal(hash, again); /* another salt */
}

/* Of kinds that other programs make, checked by what crypt(3) makes of the setting. */
static void checks_every_kind_that_it_knows(void **state)
{
    static const char *const settings[] = {"$6$rounds=1000$saltsalt", "$6$saltsalt",
        "$2b$04$abcdefghijklmnopqrstuu", "$2y$04$abcdefghijklmnopqrstuu", "$y$j75$saltsalt"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(settings); i++) {
        struct crypt_data *data = calloc(1, sizeof *data);
        assert_non_null(crypt_r("open sesame", settings[i], data));
        assert_true(co_hash_is_known(co_text_of(data->output)));
        assert_int_equal(co_password_is(CO_TEXT("open sesame"), data->output), 1);
        assert_int_equal(co_password_is(CO_TEXT("open sesamE"), data->output), 0);
        free(data);
    }
}

static void knows_no_weaker_or_broken_hashes(void **state)
{
    static const char *const unknown[] = {"", "*", "*0", "!", "secret", "$1$salt$hash",
        "$5$salt$hash", "$sha1$x", "_J9..CCCC", "$y", "$Y$j9T$a", "$6$salt$a:b", "$6$salt$\n"};
    (void)state;
    for (size_t i = 0; i < CO_LENGTH(unknown); i++) {
        assert_false(co_hash_is_known(co_text_of(unknown[i])));
        assert_int_equal(co_password_is(CO_TEXT("secret"), unknown[i]), 0);
    }
    assert_int_equal(co_password_is(CO_TEXT(""), "$y$"), 0);
    assert_int_equal(co_password_is(CO_TEXT("*0"), "$6$rounds=0"), 0);
}

static void refuses_what_crypt_would_cut_short(void **state)
{
    char hash[CO_HASH_MAX], large[CO_PASSWORD_MAX + 1];
    (void)state;
    memset(large, 'x', sizeof large);
    co_text most = {large, CO_PASSWORD_MAX}, more = {large, CO_PASSWORD_MAX + 1};
    assert_int_equal(co_password_hash(more, hash), CO_ETOOBIG);
    assert_int_equal(co_password_hash(CO_TEXT("secret\0more"), hash), CO_EINVALID);
    assert_int_equal(co_password_hash(most, hash), 0);
    assert_int_equal(co_password_is(most, hash), 1);
    assert_int_equal(co_password_is(more, hash), 0);
    assert_int_equal(co_password_hash(CO_TEXT("secret"), hash), 0);
    assert_int_equal(co_password_is(CO_TEXT("secret\0more"), hash), 0);
}

/* The least of several, of this thread's own processor time: whatever else the machine does. */
static int64_t cost_of(const char *hash)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        struct timespec before, after;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
        assert_int_equal(co_password_is(CO_TEXT("wrong"), hash), 0);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
        int64_t ns = (after.tv_sec - before.tv_sec) * CO_SECOND + after.tv_nsec - before.tv_nsec;
        least = ns < least ? ns : least;
    }
    return least;
}

/* The hash that stands for nobody costs what the hashes that we make cost. */
static void nobody_is_checked_at_the_cost_of_a_user_m07(void **state)
{
    static const char *const nobodys[] = {NULL, "*", "!", "$y$", "$y$j9T$x$x", "$6$rounds=1$"};
    char setting[CRYPT_GENSALT_OUTPUT_SIZE], hash[CO_HASH_MAX];
    struct crypt_data *data = calloc(1, sizeof *data);
    (void)state;
    assert_non_null(crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting));
    assert_memory_equal(setting, CO_HASH_NOBODY, strlen("$y$j9T$"));
    assert_non_null(crypt_rn("secret", CO_HASH_NOBODY, data, sizeof *data)); /* it is computed */
    free(data);
    assert_int_equal(co_password_hash(CO_TEXT("right"), hash), 0);
    int64_t cost = cost_of(hash);
    for (size_t i = 0; i < CO_LENGTH(nobodys); i++)
        assert_in_range(cost_of(nobodys[i]), cost / 2, cost * 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_hashed_is_known_again_and_nothing_else_is),
        cmocka_unit_test(checks_every_kind_that_it_knows),
        cmocka_unit_test(knows_no_weaker_or_broken_hashes),
        cmocka_unit_test(refuses_what_crypt_would_cut_short),
        cmocka_unit_test(nobody_is_checked_at_the_cost_of_a_user_m07),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "coronet/fiber.h"
#include "test.h"
#include "transfer/hosts.h"

static const char *const urls[] = {"http://a/1", "http://a/2", "http://a/3", "http://b/1",
    "http://a:81/1", "nonsense", "nonsense", "http://b/2"};

struct got {
    unsigned per_host;
    ssize_t taken[32];
    size_t count;
};

/* Takes all that can be had; gives the first back; and so on. */
static int take_all(void *arg)
{
    struct got *got = arg;
    struct co_hosts *hosts;
    int rc = co_hosts_new(&hosts, urls, CO_LENGTH(urls), got->per_host);
    for (size_t given = 0; rc == 0 && given < CO_LENGTH(urls); given++) {
        ssize_t index;
        while ((index = co_hosts_take(hosts)) >= 0)
            got->taken[got->count++] = index;
        if (given < got->count)
            co_hosts_give(hosts, (size_t)got->taken[given]);
    }
    co_hosts_free(hosts);
    return rc;
}

static void check(unsigned per_host, const ssize_t *expected)
{
    struct got got = {.per_host = per_host};
    assert_int_equal(co_run(take_all, &got, NULL), 0);
    assert_int_equal(got.count, CO_LENGTH(urls));
    for (size_t i = 0; i < got.count; i++)
        assert_int_equal(got.taken[i], expected[i]);
}

static void without_a_limit_their_order_is_kept(void **state)
{
    (void)state;
    check(0, (const ssize_t[]){0, 1, 2, 3, 4, 5, 6, 7});
}

static void a_full_host_holds_up_no_other(void **state)
{
    (void)state;
    check(1, (const ssize_t[]){0, 3, 4, 5, 1, 7, 6, 2});
    check(2, (const ssize_t[]){0, 1, 3, 4, 5, 6, 7, 2});
}

static void none_is_none(void **state)
{
    (void)state;
    co_hosts_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_their_order_is_kept),
        cmocka_unit_test(a_full_host_holds_up_no_other),
        cmocka_unit_test(none_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* What a fiber carries with it: whose it is, and when it is freed. */
#include "fibers.h"

static int freed;

static void count_freed(void *value)
{
    freed += *(int *)value;
}

static int use_locals(void *arg)
{
    static int one = 1, ten = 10, keys[5];
    (void)arg;
    CHECK(co_local_get(&keys[0]) == NULL);
    CHECK_INT(co_local_set(&keys[0], &one, count_freed), 0);
    CHECK_INT(co_local_set(&keys[0], &ten, count_freed), 0);
    CHECK_INT(freed, 1);
    for (int i = 1; i < 4; i++)
        CHECK_INT(co_local_set(&keys[i], &ten, i == 1 ? count_freed : NULL), 0);
    CHECK_INT(co_local_set(&keys[4], &ten, count_freed), -ENOSPC);
    CHECK(co_local_get(&keys[0]) == &ten);
    CHECK(co_local_get(&keys[4]) == NULL);
    return co_sleep(0);
}

FIBER_TEST(locals_belong_to_a_fiber_and_are_freed_with_it)
{
    freed = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, use_locals, NULL);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(freed, 21);
    return 0;
}

static int looked_up;

static void count_and_look(void *value)
{
    count_freed(value);
    CHECK(co_local_get(&looked_up) != value);
}

static int replace_local(void *arg)
{
    static int one = 1, ten = 10;
    (void)arg;
    CHECK_INT(co_local_set(&looked_up, &one, count_and_look), 0);
    CHECK_INT(co_local_set(&looked_up, &ten, count_and_look), 0);
    CHECK(co_local_get(&looked_up) == &ten);
    return 0;
}

FIBER_TEST(a_local_that_is_being_freed_is_no_longer_there)
{
    freed = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, replace_local, NULL);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(freed, 11);
    return 0;
}

static void wait_and_count(void *value)
{
    co_sleep(1);
    co_fail(-EIO, "the free_value's own trouble");
    count_freed(value);
}

static int fail_with_local(void *arg)
{
    static int one = 1, key;
    CHECK_INT(co_local_set(&key, &one, wait_and_count), 0);
    return co_fail(-ENOENT, "%s", (const char *)arg);
}

FIBER_TEST(freeing_a_local_may_wait_and_is_joined)
{
    static char why[] = "no such thing";
    freed = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, fail_with_local, why);
    CHECK_INT(co_group_close(&group), -ENOENT);
    CHECK_INT(freed, 1);
    CHECK_STRING(co_explain(-ENOENT), why);
    return 0;
}

static void count_thousand(void *value)
{
    freed += 1000 * *(int *)value;
}

static int set_again(void *arg)
{
    static int one = 1, ten = 10, keys[4];
    (void)arg;
    for (int i = 0; i < 4; i++) /* and none is free */
        CHECK_INT(co_local_set(&keys[i], &one, count_freed), 0);
    CHECK_INT(co_local_set(&keys[0], &one, count_freed), 0);
    CHECK_INT(freed, 0);
    CHECK(co_local_get(&keys[0]) == &one);
    CHECK_INT(co_local_set(&keys[0], &ten, count_freed), 0);
    CHECK_INT(freed, 1);
    CHECK_INT(co_local_set(&keys[1], &one, count_thousand), 0);
    CHECK_INT(co_local_set(&keys[2], &one, NULL), 0);
    CHECK_INT(freed, 1);
    return 0;
}

FIBER_TEST(the_same_value_set_again_is_not_freed)
{
    freed = 0;
    co_group group;
    co_group_open(&group, NULL);
    co_go(&group, set_again, NULL);
    CHECK_INT(co_group_close(&group), 0);
    CHECK_INT(freed, 1 + 10 + 1000 + 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locals_belong_to_a_fiber_and_are_freed_with_it),
        cmocka_unit_test(a_local_that_is_being_freed_is_no_longer_there),
        cmocka_unit_test(freeing_a_local_may_wait_and_is_joined),
        cmocka_unit_test(the_same_value_set_again_is_not_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

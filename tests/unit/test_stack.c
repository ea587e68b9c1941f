/* SPDX-License-Identifier: MIT */
/* Stacks and the guards between them, with and without the kernel's guard pages. */
#include "test.h"

#include "runtime/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define STACKS 70 /* more than a slab */

/* Asks the kernel, which does not trap. */
static bool is_readable(const char *at)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    ssize_t n = write(ends[1], at, 1);
    bool readable = n == 1 || errno != EFAULT;
    close(ends[0]);
    close(ends[1]);
    return readable;
}

static void check_guard(const struct co_stack *stack)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), guard = co_stack_guard_bytes();
    assert_true(stack->guarded);
    for (size_t beneath = page; beneath <= guard; beneath += page) {
        assert_false(is_readable(stack->bottom - beneath));
        assert_false(is_readable(stack->bottom - beneath + page - 1));
    }
    assert_true(is_readable(stack->bottom));
    assert_true(is_readable(stack->top - 1));
}

static void check_guards(void)
{
    struct co_stacks *stacks;
    struct co_stack taken[STACKS];
    assert_int_equal(co_stacks_new(&stacks), 0);
    for (int i = 0; i < STACKS; i++) {
        assert_int_equal(co_stack_take(stacks, CO_STACK_16K, &taken[i]), 0);
        assert_int_equal(taken[i].top - taken[i].bottom, 16 << 10);
        check_guard(&taken[i]);
    }
    for (int i = 0; i < STACKS; i++)
        co_stack_give(stacks, &taken[i]);
    co_stacks_free(stacks);
}

static void the_guard_is_as_large_as_what_compiled_code_may_step_over(void **state)
{
    (void)state;
    assert_true(co_stack_guard_bytes() >= CO_STACK_PROBE_BYTES);
    assert_true(co_stack_guard_bytes() % (size_t)sysconf(_SC_PAGESIZE) == 0);
    check_guards();
}

static void the_guard_is_as_large_without_the_kernels_guard_pages(void **state)
{
    (void)state;
    setenv("CORONET_MASK", "guard_install", 1);
    check_guards();
    unsetenv("CORONET_MASK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_is_as_large_as_what_compiled_code_may_step_over),
        cmocka_unit_test(the_guard_is_as_large_without_the_kernels_guard_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

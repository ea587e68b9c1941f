/* SPDX-License-Identifier: MIT */
/* Stacks, the guards between them, and how it is told that one ran over. */
#include "child.h"

#include "runtime/stack.h"

#include <pthread.h>

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

/* ---- stack overflow -------------------------------------------------------------------------- */

/* Volatile keeps the recursion from becoming a loop. */
static int overflow(volatile int depth)
{
    volatile char frame[128];
    frame[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + frame[0];
}

static int run_over(void *arg)
{
    (void)arg;
    return overflow(1);
}

static int start_run_over(void *arg)
{
    co_group group;
    (void)arg;
    co_group_open(&group, NULL);
    co_go(&group, run_over, NULL);
    return co_group_close(&group);
}

static int overflowing(void)
{
    return co_main(start_run_over, NULL);
}

/* Each thread needs an alternate stack of its own. */
static int start_run_over_in_shard(void *arg)
{
    return co_shard_index() == 1 ? start_run_over(arg) : co_sleep(PATIENCE_MS);
}

static int start_run_over_in_shards(void *arg)
{
    return co_shards(2, start_run_over_in_shard, arg);
}

static int overflowing_in_shard(void)
{
    const struct co_run_options options = {.report_overflow = true};
    return co_run(start_run_over_in_shards, NULL, &options);
}

static void *run_over_in_thread(void *options)
{
    co_run(start_run_over, NULL, options);
    return NULL;
}

static int start_thread(const struct co_run_options *options)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run_over_in_thread, (void *)(uintptr_t)options);
    return pthread_join(thread, NULL);
}

static int overflowing_in_thread(void)
{
    static const struct co_run_options options = {.report_overflow = true};
    return start_thread(&options);
}

/* A runtime that asks for nothing, beside one that has the handler installed. */
static int block_on_thread(void *arg)
{
    (void)arg;
    return start_thread(NULL);
}

static int overflowing_beside(void)
{
    return co_main(block_on_thread, NULL);
}

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *run_nothing(void *options)
{
    co_run(do_nothing, NULL, options);
    return NULL;
}

/* Another runtime that wanted the handler has ended meanwhile. */
static int outlive_other(void *arg)
{
    static const struct co_run_options options = {.report_overflow = true};
    pthread_t thread;
    (void)arg;
    pthread_create(&thread, NULL, run_nothing, (void *)(uintptr_t)&options);
    pthread_join(thread, NULL);
    return start_run_over(NULL);
}

static int overflowing_after_other(void)
{
    return co_main(outlive_other, NULL);
}

static void expect_overflow(struct child *child)
{
    int status = child_end(child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
    assert_non_null(strstr(child->text, "stack overflow in fiber run_over (stack of 64 KiB"));
}

static void a_stack_overflow_names_the_fiber(void **state)
{
    static struct child child;
    (void)state;
    if (IS_SLOW)
        skip(); /* sanitizers and valgrind catch the fault themselves */
    child_start(&child, overflowing);
    expect_overflow(&child);
    child_start(&child, overflowing_in_shard);
    expect_overflow(&child);
}

static void a_stack_overflow_is_named_in_every_thread(void **state)
{
    static int (*const mains[])(void) = {
        overflowing_in_thread, overflowing_beside, overflowing_after_other};
    static struct child child;
    (void)state;
    if (IS_SLOW)
        skip();
    for (size_t i = 0; i < sizeof mains / sizeof *mains; i++) {
        child_start(&child, mains[i]);
        expect_overflow(&child);
    }
}

static void own_handler(int signal)
{
    (void)signal;
}

static void the_handler_that_was_there_before_comes_back(void **state)
{
    const struct co_run_options options = {.report_overflow = true};
    struct sigaction own = {.sa_handler = own_handler}, before, after;
    stack_t stack_before, stack_after;
    (void)state;
    sigaction(SIGSEGV, &own, &before);
    sigaltstack(NULL, &stack_before);
    assert_int_equal(co_run(do_nothing, NULL, &options), 0);
    sigaltstack(NULL, &stack_after);
    sigaction(SIGSEGV, &before, &after);
    assert_true(after.sa_handler == own_handler);
    assert_int_equal(stack_after.ss_flags, stack_before.ss_flags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_is_as_large_as_what_compiled_code_may_step_over),
        cmocka_unit_test(the_guard_is_as_large_without_the_kernels_guard_pages),
        cmocka_unit_test(a_stack_overflow_names_the_fiber),
        cmocka_unit_test(a_stack_overflow_is_named_in_every_thread),
        cmocka_unit_test(the_handler_that_was_there_before_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

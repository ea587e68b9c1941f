/* SPDX-License-Identifier: MIT */
/* Which backend serves when the kernel refuses io_uring, and who is told of it. */
#include "child.h"

#define MASKED "function not implemented"

static char warned[128];

static void on_warning(void *arg, const char *text)
{
    (void)arg;
    snprintf(warned, sizeof warned, "%s", text);
}

static int say_backend(void *unused)
{
    (void)unused;
    say("on ");
    say(co_backend_name());
    return 0;
}

static int program(void)
{
    return co_main(say_backend, NULL);
}

/* Runs it without io_uring; all it says, and how it ends. */
static void expect_program(const char *asked, const char *said, int end)
{
    static struct child child;
    setenv("CORONET_MASK", "io_uring", 1);
    setenv("CORONET_BACKEND", asked, 1);
    child_start(&child, program);
    assert_int_equal(WEXITSTATUS(child_end(&child)), end);
    assert_string_equal(child.text, said);
}

static void a_program_that_asks_for_none_is_served_by_epoll(void **state)
{
    (void)state;
    expect_program("", "on epoll", 0);
    expect_program("auto", "on epoll", 0);
}

static void a_program_that_asks_for_io_uring_is_told_why_not(void **state)
{
    (void)state;
    expect_program("io_uring", "the backend io_uring is not to be had: " MASKED "\n", 1);
    expect_program("kqueue", "the backend kqueue is not to be had: invalid argument\n", 1);
    expect_program("epoll", "on epoll", 0);
}

static int on_epoll(void *unused)
{
    (void)unused;
    return strcmp(co_backend_name(), "epoll") == 0 ? 0 : -EPROTO;
}

static void who_embeds_it_hears_of_epoll_with_the_reason(void **state)
{
    const struct co_run_options options = {.warn = on_warning};
    (void)state;
    setenv("CORONET_MASK", "io_uring", 1);
    setenv("CORONET_BACKEND", "", 1);
    assert_int_equal(co_run(on_epoll, NULL, &options), 0);
    assert_string_equal(warned, "io_uring is not available (" MASKED "), using epoll");
    assert_int_equal(co_run(on_epoll, NULL, NULL), 0);
}

static void who_embeds_it_and_asks_for_io_uring_gets_no_other(void **state)
{
    const struct co_run_options options = {.backend = "io_uring", .warn = on_warning};
    (void)state;
    setenv("CORONET_MASK", "io_uring", 1);
    *warned = '\0';
    assert_int_equal(co_run(on_epoll, NULL, &options), -ENOSYS);
    assert_string_equal(warned, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_asks_for_none_is_served_by_epoll),
        cmocka_unit_test(a_program_that_asks_for_io_uring_is_told_why_not),
        cmocka_unit_test(who_embeds_it_hears_of_epoll_with_the_reason),
        cmocka_unit_test(who_embeds_it_and_asks_for_io_uring_gets_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

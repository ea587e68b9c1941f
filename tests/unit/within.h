/* SPDX-License-Identifier: MIT */
/* All tests of a program, their set-ups included, in one fiber. */
#ifndef CO_TEST_WITHIN_H
#define CO_TEST_WITHIN_H

#include "test.h"

#include "coronet/fiber.h"

struct listed {
    const struct CMUnitTest *tests;
    size_t count;
};

static inline int run_listed(void *arg)
{
    const struct listed *list = arg;
    return _cmocka_run_group_tests(co_backend_name(), list->tests, list->count, NULL, NULL);
}

/* cmocka's frames want more stack than most. */
static inline int run_list_within(const char *backend, struct listed list)
{
    struct co_run_options options = {.backend = backend, .stack_bytes = 1u << 20};
    return co_run(run_listed, &list, &options);
}

/* On a backend; NULL: on the machine's. */
#define run_within(backend, tests)                                                                 \
 run_list_within(backend, (struct listed){tests, CO_LENGTH(tests)})

#endif

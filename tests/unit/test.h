/* SPDX-License-Identifier: MIT */
/* What every unit test includes: cmocka with its prerequisites in their order, and slices. */
#ifndef CO_TEST_H
#define CO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

/* The environment variable CORONET_TEST leaves only the tests that match its pattern. */
__attribute__((constructor)) static void choose_tests(void)
{
    cmocka_set_test_filter(getenv("CORONET_TEST"));
}

#define assert_text(actual, expected)                                                              \
 do {                                                                                              \
  co_text text_actual = (actual), text_expected = co_text_of(expected);                            \
  assert_int_equal(text_actual.size, text_expected.size);                                          \
  assert_memory_equal(text_actual.at, text_expected.at, text_expected.size);                       \
 } while (0)

#endif

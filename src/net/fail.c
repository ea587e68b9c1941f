/* SPDX-License-Identifier: MIT */
/* How failures at some place are told. */
#include "net/fail.h"

#include "base/error.h"

int co_fail_at(int code, const char *what, const char *where, const char *why, const char *hint)
{
    if (!why)
        why = co_error_sentence(code);
    return co_fail(code, "cannot %s %.120s: %c%s%s", what, where, co_lower(why[0]), why + 1, hint);
}

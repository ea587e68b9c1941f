/* SPDX-License-Identifier: MIT */
/* What a look-up came to, as text. */
#ifndef CO_TEST_FOUND_H
#define CO_TEST_FOUND_H

#include "coronet.h"

#include <stdio.h>
#include <string.h>

/* The addresses, one after the other, or the error's name; until the next call. */
static inline const char *found_text(const co_address *found, int count)
{
    static char text[1024];
    if (count < 0)
        return co_error_name(count);
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        char one[CO_ADDRESS_TEXT_MAX];
        size_t size = strlen(text);
        snprintf(
            text + size, sizeof text - size, "%s%s", i ? " " : "", co_address_text(&found[i], one));
    }
    return text;
}

#endif

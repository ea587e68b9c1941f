/* SPDX-License-Identifier: MIT */
#include "runtime/feature.h"

#include <stdlib.h>
#include <string.h>

bool co_feature_masked(const char *name)
{
    const char *list = secure_getenv("CORONET_MASK");
    size_t size = strlen(name);
    while (list && *list) {
        size_t word = strcspn(list, ",");
        if (word == size && memcmp(list, name, size) == 0)
            return true;
        list += word + (list[word] == ',');
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
#include "base/base.h"

#include <stdlib.h>

co_text co_text_trim(co_text text)
{
    while (text.size && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

bool co_text_next_line(co_text *rest, co_text *ret_line)
{
    if (rest->size == 0)
        return false;
    ssize_t feed = co_text_find(*rest, '\n');
    size_t size = feed < 0 ? rest->size : (size_t)feed;
    *ret_line = (co_text){rest->at, size};
    if (size > 0 && rest->at[size - 1] == '\r')
        ret_line->size--;
    *rest = co_text_after(*rest, size + 1);
    return true;
}

bool co_text_is_foreign(co_text file, bool (*is_entry)(co_text line))
{
    bool says_something = false;
    co_text line;
    while (co_text_next_line(&file, &line)) {
        if (is_entry(line))
            return false;
        says_something |= line.size > 0 && !co_text_starts(line, CO_TEXT("#"));
    }
    return says_something;
}

char *co_text_copy(co_text text)
{
    char *copy = malloc(text.size + 1);
    if (!copy)
        return NULL;
    if (text.size > 0)
        memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    return copy;
}

int co_text_number(co_text text, uint64_t max, uint64_t *ret)
{
    uint64_t number = 0;
    if (text.size == 0)
        return CO_EINVALID;
    for (size_t i = 0; i < text.size; i++) {
        if (!co_is_digit(text.at[i]))
            return CO_EINVALID;
        if (__builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (uint64_t)(text.at[i] - '0'), &number) || number > max)
            return CO_EINVALID;
    }
    *ret = number;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Matching agrees with a matcher that tries each part of the pattern at each place of the name, and
 * takes time in proportion to their product (attacks F12): every step of it reads a character, and
 * these are counted. The first line of the input is the pattern, the rest the name.
 */
#include "codec/glob.h"
#include "codec/utf8.h"

static size_t steps;

static size_t counted_utf8_next(co_text text, uint32_t *ret_code)
{
    steps++;
    return co_utf8_next(text, ret_code);
}

#define co_utf8_next counted_utf8_next
#include "../../src/codec/glob.c"
#undef co_utf8_next

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAIVE_MAX 512 /* bytes of pattern and of name that the naive matcher is given */

/* Are there, for this part of the pattern (nothing but the part), names that it takes whole? */
static bool part_matches(co_text part, uint32_t code)
{
    if (part.at[0] == '?')
        return true;
    if (part.at[0] == '[' && part.size > 1)
        return is_in_set((co_text){part.at + 1, part.size - 2}, code);
    return code == take_escaped(&part);
}

/* The first part of a pattern: a set, an escape, or one character. */
static co_text first_part(co_text pattern)
{
    co_text rest = pattern, set;
    struct glob glob = {.pattern = co_text_after(pattern, 1)};
    if (pattern.at[0] == '[' && take_set(&glob, &set))
        return (co_text){pattern.at, set.size + 2};
    take_escaped(&rest);
    return (co_text){pattern.at, pattern.size - rest.size};
}

/* reached[i]: the parts so far may take the first i bytes of the name. */
static bool naive_match(co_text pattern, co_text name)
{
    bool reached[NAIVE_MAX + 1] = {true}, next[NAIVE_MAX + 1];
    if (name.size && name.at[0] == '.' && !begins_with_dot(pattern))
        return false;
    while (pattern.size) {
        co_text part = first_part(pattern), rest = name;
        bool star = part.at[0] == '*';
        memset(next, 0, sizeof next);
        next[0] = star && reached[0];
        while (rest.size) {
            size_t at = name.size - rest.size;
            uint32_t code = take(&rest);
            size_t end = name.size - rest.size;
            next[end] = star ? reached[end] || next[at] : reached[at] && part_matches(part, code);
        }
        memcpy(reached, next, sizeof reached);
        pattern = co_text_after(pattern, part.size);
    }
    return reached[name.size];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text input = {(const char *)data, size};
    ssize_t newline = co_text_find(input, '\n');
    if (newline < 0)
        return 0;
    co_text pattern = {input.at, (size_t)newline};
    co_text name = co_text_after(input, (size_t)newline + 1);
    steps = 0;
    bool matched = co_glob_match(pattern, name);
    assert(steps <= 4 * (pattern.size + 1) * (name.size + 1));
    if (pattern.size <= NAIVE_MAX && name.size <= NAIVE_MAX)
        assert(matched == naive_match(pattern, name));
    if (!co_glob_is_pattern(pattern) && co_text_find(pattern, '\\') < 0)
        assert(matched == co_text_equal(pattern, name));
    return 0;
}

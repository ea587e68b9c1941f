/* SPDX-License-Identifier: MIT */
#include "codec/range.h"
#include "codec/http1.h"

/* A part of a multipart response costs about this many bytes beside its content: two ranges with
 * fewer than that between them are cheaper sent as one (RFC 9110 15.3.7.2). */
#define PART_OVERHEAD 80

enum verdict { MALFORMED, UNSATISFIABLE, SATISFIABLE };

/* Positions may have any number of digits (RFC 9110 14.1.1): above 64 bits they saturate, which is
 * above every size as well. False when it is not a number. */
static bool read_position(co_text text, uint64_t *ret)
{
    uint64_t position = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!co_is_digit(text.at[i]))
            return false;
        if (__builtin_mul_overflow(position, 10U, &position) ||
            __builtin_add_overflow(position, (uint64_t)(text.at[i] - '0'), &position))
            position = UINT64_MAX;
    }
    *ret = position;
    return text.size > 0;
}

/* "-500", the last bytes. */
static enum verdict resolve_suffix(co_text digits, uint64_t size, struct co_range *ret)
{
    uint64_t length;
    if (!read_position(digits, &length))
        return MALFORMED;
    if (length == 0 || size == 0)
        return UNSATISFIABLE;
    ret->first = length < size ? size - length : 0;
    ret->last = size - 1;
    return SATISFIABLE;
}

static enum verdict resolve(co_text spec, uint64_t size, struct co_range *ret)
{
    ssize_t dash = co_text_find(spec, '-');
    if (dash < 0)
        return MALFORMED;
    co_text left = {spec.at, (size_t)dash}, right = co_text_after(spec, (size_t)dash + 1);
    uint64_t first, last = UINT64_MAX;
    if (left.size == 0)
        return resolve_suffix(right, size, ret);
    if (!read_position(left, &first) || (right.size && !read_position(right, &last)))
        return MALFORMED;
    if (last < first)
        return MALFORMED;
    if (first >= size)
        return UNSATISFIABLE;
    ret->first = first;
    ret->last = last < size ? last : size - 1;
    return SATISFIABLE;
}

static bool near(struct co_range a, struct co_range b)
{
    struct co_range lower = a.first < b.first ? a : b, upper = a.first < b.first ? b : a;
    return upper.first <= lower.last || upper.first - lower.last <= PART_OVERHEAD;
}

/* Adds a range; those that it joins become one, at the place of the first of them, for the order is
 * the client's (RFC 9110 15.3.7.2). One pass will do: what is near the joined range is near one of
 * its parts. Returns the new count. */
static unsigned add(struct co_range *ranges, unsigned count, struct co_range range)
{
    unsigned place = count, i = 0;
    while (i < count) {
        if (!near(ranges[i], range)) {
            i++;
            continue;
        }
        if (ranges[i].first < range.first)
            range.first = ranges[i].first;
        if (ranges[i].last > range.last)
            range.last = ranges[i].last;
        memmove(&ranges[i], &ranges[i + 1], (--count - i) * sizeof *ranges);
        place = i < place ? i : place;
    }
    memmove(&ranges[place + 1], &ranges[place], (count - place) * sizeof *ranges);
    ranges[place] = range;
    return count + 1;
}

int co_range_parse(co_text value, uint64_t size, struct co_range ret[CO_RANGES_MAX])
{
    const co_text unit = CO_TEXT("bytes=");
    if (value.size < unit.size || !co_text_equal_nocase((co_text){value.at, unit.size}, unit))
        return 0;
    co_text list = co_text_after(value, unit.size), spec;
    unsigned specs = 0, count = 0;
    uint64_t sum = 0; /* before coalescing: what overlaps counts twice (attacks H14) */
    while (co_http_list_next(&list, &spec)) {
        struct co_range range;
        enum verdict verdict = resolve(spec, size, &range);
        if (verdict == MALFORMED)
            return -416;
        if (++specs > CO_RANGES_MAX)
            return 0;
        if (verdict == UNSATISFIABLE)
            continue;
        if (__builtin_add_overflow(sum, range.last - range.first + 1, &sum) || sum > size)
            return 0;
        count = add(ret, count, range);
    }
    /* Nothing has no parts, but who asks for them all the same can be given all of it. */
    return count || size == 0 ? (int)count : -416;
}

/* ---- Content-Range ----------------------------------------------------------------------------
 */

/* Takes the number before `end` off the text. */
static int number_take(co_text *text, char end, uint64_t *ret)
{
    ssize_t at = co_text_find(*text, end);
    if (at < 0)
        return CO_EINVALID;
    co_text number = {text->at, (size_t)at};
    *text = co_text_after(*text, (size_t)at + 1);
    return co_text_number(number, INT64_MAX - 1, ret);
}

int co_content_range_parse(co_text value, struct co_content_range *ret)
{
    const co_text unit = CO_TEXT("bytes ");
    struct co_content_range range = {.size = UINT64_MAX};
    if (value.size < unit.size || !co_text_equal_nocase((co_text){value.at, unit.size}, unit))
        return CO_EINVALID;
    co_text rest = co_text_after(value, unit.size);
    int rc = number_take(&rest, '-', &range.first);
    if (rc == 0)
        rc = number_take(&rest, '/', &range.last);
    if (rc == 0 && !co_text_equal(rest, CO_TEXT("*")))
        rc = co_text_number(rest, INT64_MAX, &range.size);
    if (rc < 0 || range.first > range.last || range.last >= range.size)
        return CO_EINVALID;
    *ret = range;
    return 0;
}

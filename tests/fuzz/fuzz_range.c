/* SPDX-License-Identifier: MIT */
/* Ranges lie within the representation, apart from each other, and are not more than it. The first
 * line of the input is its size. */
#include "codec/range.h"

#define PART_BYTES 80 /* what a part costs beside its content */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is b below a, or further above its end than a part costs? */
static bool lie_apart(struct co_range a, struct co_range b)
{
    return b.last < a.first || (b.first > a.last && b.first - a.last > PART_BYTES);
}

static void check_ranges(const struct co_range *ranges, unsigned count, uint64_t size)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        assert(ranges[i].first <= ranges[i].last && ranges[i].last < size);
        assert(!__builtin_add_overflow(sum, ranges[i].last - ranges[i].first + 1, &sum));
        for (unsigned j = 0; j < i; j++)
            assert(lie_apart(ranges[i], ranges[j]) && lie_apart(ranges[j], ranges[i]));
    }
    assert(sum <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text input = {(const char *)data, size};
    uint64_t representation = 0;
    ssize_t newline = co_text_find(input, '\n');
    if (newline < 0)
        return 0;
    /* A line that is no number stands for the largest of sizes. */
    if (co_text_number((co_text){input.at, (size_t)newline}, UINT64_MAX, &representation) < 0)
        representation = UINT64_MAX;
    struct co_range ranges[CO_RANGES_MAX];
    int rc = co_range_parse(co_text_after(input, (size_t)newline + 1), representation, ranges);
    assert(rc == -416 || (rc >= 0 && rc <= CO_RANGES_MAX));
    if (rc > 0)
        check_ranges(ranges, (unsigned)rc, representation);
    struct co_content_range part;
    if (co_content_range_parse(co_text_after(input, (size_t)newline + 1), &part) == 0)
        assert(part.first <= part.last && part.last < part.size);
    return 0;
}

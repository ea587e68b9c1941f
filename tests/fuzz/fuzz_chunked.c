/* SPDX-License-Identifier: MIT */
/* A chunked body gives the same result however it arrives, and never more bytes than came. */
#include "codec/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPLITS_ALL 600 /* up to this size every split is tried */

struct outcome {
    int event;
    size_t taken; /* bytes used up; only when not failed */
    uint64_t body_size;
    uint64_t body_hash; /* FNV-1a */
};

static void feed(struct co_chunked *decoder, co_text input, struct outcome *outcome)
{
    co_text rest = input, data;
    while ((outcome->event = co_chunked_next(decoder, &rest, &data)) == CO_CHUNK_DATA) {
        assert(data.size > 0 && data.at >= input.at && data.at + data.size == rest.at);
        outcome->body_size += data.size;
        for (size_t i = 0; i < data.size; i++)
            outcome->body_hash = (outcome->body_hash ^ (uint8_t)data.at[i]) * 0x100000001b3;
    }
    assert(outcome->event == CO_EHTTP || rest.at + rest.size == input.at + input.size);
    assert(outcome->event != CO_CHUNK_MORE || rest.size == 0);
    if (outcome->event != CO_EHTTP)
        outcome->taken += input.size - rest.size;
}

static bool lenient;

/* The first piece has `first` bytes, those after it `step`. */
static struct outcome decode(const uint8_t *bytes, size_t size, size_t first, size_t step)
{
    struct co_chunked decoder = {.lenient = lenient};
    struct outcome outcome = {.event = CO_CHUNK_MORE, .body_hash = 0xcbf29ce484222325};
    size_t at = 0, piece = first < size ? first : size;
    do {
        feed(&decoder, (co_text){(const char *)bytes + at, piece}, &outcome);
        at += piece;
        piece = step < size - at ? step : size - at;
    } while (outcome.event == CO_CHUNK_MORE && at < size);
    if (outcome.event == CO_EHTTP)
        outcome.taken = 0;
    assert(outcome.event != CO_CHUNK_DATA && outcome.body_size <= size);
    return outcome;
}

static void check_same(struct outcome a, struct outcome b)
{
    assert(a.event == b.event && a.taken == b.taken);
    assert(a.body_size == b.body_size && a.body_hash == b.body_hash);
}

static struct outcome check(const uint8_t *data, size_t size)
{
    struct outcome whole = decode(data, size, size, size);
    check_same(decode(data, size, 1, 1), whole);
    for (size_t first = 0; first < size && size <= SPLITS_ALL; first++)
        check_same(decode(data, size, first, size), whole);
    return whole;
}

/* What can be read both ways is the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lenient = false;
    struct outcome strict = check(data, size);
    lenient = true;
    struct outcome loose = check(data, size);
    if (strict.event != CO_EHTTP && loose.event != CO_EHTTP)
        check_same(strict, loose);
    return 0;
}

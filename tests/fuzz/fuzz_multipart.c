/* SPDX-License-Identifier: MIT */
/* A form gives the same parts however it arrives, and never more bytes than came. The first line is
 * the Content-Type. */
#include "codec/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPLITS_ALL 300 /* up to this size every split is tried */

struct outcome {
    int event;
    unsigned parts;
    size_t content; /* bytes */
    uint64_t hash;  /* FNV-1a of what was told */
};

static void add(struct outcome *outcome, co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        outcome->hash = (outcome->hash ^ (uint8_t)text.at[i]) * 0x100000001b3;
}

static void check_path(co_text file)
{
    co_text path = co_multipart_path(file);
    assert(path.size == 0 || (path.at >= file.at && path.at[0] != '/'));
    assert(!co_text_starts(path, CO_TEXT("../")) && !co_text_equal(path, CO_TEXT("..")));
    assert(!path.size || !memmem(path.at, path.size, "/../", 4));
}

static void begin_part(struct outcome *outcome, struct co_multipart *decoder)
{
    co_text name, file;
    outcome->parts++;
    add(outcome, CO_TEXT("<"));
    if (co_multipart_disposition(decoder, &name, &file) < 0)
        return;
    add(outcome, name);
    add(outcome, file);
    check_path(file);
}

static void feed(struct outcome *outcome, struct co_multipart *decoder, co_text input)
{
    co_text data;
    for (;;) {
        outcome->event = co_multipart_next(decoder, &input, &data);
        if (outcome->event == CO_MULTIPART_PART)
            begin_part(outcome, decoder);
        if (outcome->event == CO_MULTIPART_DONE)
            add(outcome, CO_TEXT(">"));
        if (outcome->event == CO_MULTIPART_DATA) {
            assert(data.size > 0);
            add(outcome, data);
            outcome->content += data.size;
        }
        if (outcome->event == CO_MULTIPART_MORE) {
            assert(input.size == 0);
            return;
        }
        if (outcome->event < 0 || outcome->event == CO_MULTIPART_END)
            return;
    }
}

static struct outcome decode(co_text type, co_text body, size_t first, size_t step)
{
    static struct co_multipart decoder;
    struct outcome outcome = {.event = CO_MULTIPART_MORE, .hash = 0xcbf29ce484222325};
    int rc = co_multipart_start(&decoder, type);
    assert(rc == 0);
    size_t at = 0, piece = first < body.size ? first : body.size;
    while (outcome.event == CO_MULTIPART_MORE && at < body.size) {
        feed(&outcome, &decoder, (co_text){body.at + at, piece});
        at += piece;
        piece = step < body.size - at ? step : body.size - at;
    }
    assert(outcome.content <= body.size);
    return outcome;
}

static void check_same(struct outcome a, struct outcome b)
{
    assert(a.event == b.event && a.parts == b.parts);
    assert(a.content == b.content && a.hash == b.hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct co_multipart probe;
    co_text all = {(const char *)data, size};
    ssize_t end = co_text_find(all, '\n');
    co_text body = co_text_after(all, end < 0 ? size : (size_t)end + 1);
    co_text type = {all.at, end < 0 ? 0 : (size_t)end};
    if (co_multipart_start(&probe, type) < 0)
        return 0;
    struct outcome whole = decode(type, body, body.size, body.size);
    check_same(decode(type, body, 1, 1), whole);
    for (size_t first = 1; first < body.size && size <= SPLITS_ALL; first++)
        check_same(decode(type, body, first, body.size), whole);
    return 0;
}

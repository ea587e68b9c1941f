/* SPDX-License-Identifier: MIT */
/* A text reads the same however it arrives, and what opens also closes. */
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX   4096
#define SPLITS_ALL 200 /* up to this size every split is tried */

struct outcome {
    uint64_t hash; /* FNV-1a of the tokens */
    int end;
};

static void add(struct outcome *outcome, co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        outcome->hash = (outcome->hash ^ (uint8_t)text.at[i]) * 0x100000001b3;
}

static void add_token(struct outcome *outcome, const struct co_json *json, int token)
{
    char letter = (char)token;
    add(outcome, (co_text){&letter, 1});
    assert(json->depth <= CO_JSON_DEPTH_MAX && json->text.size <= TEXT_MAX);
    if (token >= CO_JSON_KEY && token <= CO_JSON_NUMBER)
        add(outcome, co_buf_text(&json->text));
}

static struct outcome read_text(co_text text, size_t first, size_t step)
{
    struct co_json json;
    struct outcome outcome = {.hash = 0xcbf29ce484222325};
    int token = 0;
    co_json_start(&json, TEXT_MAX);
    for (size_t at = 0, piece = first; at < text.size && token >= 0; at += piece, piece = step) {
        co_text input = {text.at + at, piece < text.size - at ? piece : text.size - at};
        while ((token = co_json_next(&json, &input)) > 0)
            add_token(&outcome, &json, token);
        assert(token < 0 || input.size == 0);
    }
    outcome.end = co_json_finish(&json);
    assert(outcome.end < 0 || json.depth == 0);
    co_json_free(&json);
    return outcome;
}

static void check_same(struct outcome a, struct outcome b)
{
    assert(a.end == b.end && a.hash == b.hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    co_text text = {(const char *)data, size};
    struct outcome whole = read_text(text, size, size);
    check_same(read_text(text, 1, 1), whole);
    for (size_t first = 1; first < size && size <= SPLITS_ALL; first++)
        check_same(read_text(text, first, size), whole);
    return 0;
}

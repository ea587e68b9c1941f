/* SPDX-License-Identifier: MIT */
/* A field's list, walked over its lines, is the same list as on one line, and stays the same when
 * its elements are joined again. The input's lines are the field's. */
#include "base/buf.h"
#include "codec/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX    16
#define TEXT_MAX     4096
#define VALUE_SPACES " \t"

static bool is_blank(char c)
{
    return strchr(VALUE_SPACES, c) && c;
}

/* An element is not empty, has no space around it and lies within its line. */
static void check_element(co_text element, co_text line)
{
    assert(element.size > 0);
    assert(element.at >= line.at && element.at + element.size <= line.at + line.size);
    assert(!is_blank(element.at[0]) && !is_blank(element.at[element.size - 1]));
}

static void join_list(co_text line, struct co_buf *out)
{
    co_text rest = line, element;
    while (co_http_list_next(&rest, &element)) {
        check_element(element, line);
        if (out->size)
            co_buf_add(out, ", ", 2);
        co_buf_add_text(out, element);
    }
}

/* The elements of all lines, each as co_http_list_next sees it, are what a walk finds. */
static void check_walk(const struct co_http_field *fields, unsigned count)
{
    struct co_http_walk walk = {.fields = fields, .count = count, .name = CO_TEXT("List")};
    co_text found, expected;
    for (unsigned i = 0; i < count; i++) {
        co_text rest = fields[i].value;
        while (co_http_list_next(&rest, &expected)) {
            assert(co_http_walk_element(&walk, &found));
            assert(found.at == expected.at && found.size == expected.size);
        }
    }
    assert(!co_http_walk_element(&walk, &found));
}

static void check_joined(co_text line)
{
    struct co_buf once = CO_BUF(4 * TEXT_MAX), twice = CO_BUF(4 * TEXT_MAX);
    join_list(line, &once);
    join_list(co_buf_text(&once), &twice);
    assert(co_text_equal(co_buf_text(&once), co_buf_text(&twice)));
    co_buf_free(&once);
    co_buf_free(&twice);
}

/* What may be sent has no byte that could end a line or a name. */
static void check_sets(co_text text)
{
    bool token = text.size > 0, value = true;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        value &= c == '\t' || (c >= ' ' && c != 0x7f);
        token &= c > ' ' && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
    }
    assert(co_http_is_token(text) == token);
    assert(co_http_is_field_value(text) == value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct co_http_field fields[LINES_MAX];
    unsigned count = 0;
    co_text rest = {(const char *)data, size};
    if (size == 0 || size > TEXT_MAX)
        return 0;
    while (rest.size && count < LINES_MAX) {
        ssize_t end = co_text_find(rest, '\n');
        co_text line = {rest.at, end < 0 ? rest.size : (size_t)end};
        fields[count++] = (struct co_http_field){CO_TEXT("list"), co_text_trim(line)};
        rest = co_text_after(rest, line.size + 1 < rest.size ? line.size + 1 : rest.size);
        check_joined(line);
        check_sets(line);
    }
    check_walk(fields, count);
    return 0;
}

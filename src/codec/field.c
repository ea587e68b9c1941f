/* SPDX-License-Identifier: MIT */
/* Header fields once they are parsed: finding them and walking their lists. */
#include "codec/charset.h"
#include "codec/http1.h"

co_text co_http_field_find(const struct co_http_field *fields, unsigned count, co_text name)
{
    struct co_http_walk walk = {.fields = fields, .count = count, .name = name};
    co_text value;
    return co_http_walk_line(&walk, &value) ? value : (co_text){NULL, 0};
}

/* Where the first element ends: at a comma outside of quoted strings (RFC 9110 5.6.4), or `end`. */
static const char *element_end(const char *at, const char *end)
{
    bool quoted = false;
    for (; at < end; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (*at == '\\' && quoted && at + 1 < end)
            at++;
        else if (*at == ',' && !quoted)
            break;
    }
    return at;
}

bool co_http_list_next(co_text *list, co_text *ret)
{
    while (list->size) {
        size_t size = (size_t)(element_end(list->at, list->at + list->size) - list->at);
        co_text element = co_text_trim((co_text){list->at, size});
        *list = co_text_after(*list, size + 1);
        if (element.size) {
            *ret = element;
            return true;
        }
    }
    return false;
}

bool co_http_walk_line(struct co_http_walk *walk, co_text *ret)
{
    while (walk->next < walk->count) {
        const struct co_http_field *field = &walk->fields[walk->next++];
        if (co_text_equal_nocase(field->name, walk->name)) {
            *ret = field->value;
            return true;
        }
    }
    return false;
}

bool co_http_walk_element(struct co_http_walk *walk, co_text *ret)
{
    do {
        if (co_http_list_next(&walk->rest, ret))
            return true;
    } while (co_http_walk_line(walk, &walk->rest));
    return false;
}

bool co_http_is_token(co_text text)
{
    return text.size && co_span(text.at, text.at + text.size, CO_SET_TOKEN) == text.at + text.size;
}

co_text co_http_take_token(co_text *text)
{
    const char *end = text->size ? co_span(text->at, text->at + text->size, CO_SET_TOKEN) : NULL;
    co_text token = {text->at, end ? (size_t)(end - text->at) : 0};
    *text = co_text_after(*text, token.size);
    return token;
}

bool co_http_take_quoted(co_text *text, co_text *ret)
{
    for (size_t i = 1; i < text->size; i++) {
        if (text->at[i] == '\\') {
            i++;
        } else if (text->at[i] == '"') {
            *ret = (co_text){text->at + 1, i - 1};
            *text = co_text_after(*text, i + 1);
            return true;
        }
    }
    return false;
}

bool co_http_is_field_value(co_text text)
{
    return text.size == 0 || co_span_value(text.at, text.at + text.size) == text.at + text.size;
}

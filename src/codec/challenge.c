/* SPDX-License-Identifier: MIT */
#include "codec/challenge.h"

#include "codec/http1.h"

static void skip_spaces(co_text *text)
{
    while (text->size && (text->at[0] == ' ' || text->at[0] == '\t'))
        *text = co_text_after(*text, 1);
}

/* A list may have empty elements (RFC 9110 5.6.1.2). */
static void skip_commas(co_text *text)
{
    skip_spaces(text);
    while (text->size && text->at[0] == ',') {
        *text = co_text_after(*text, 1);
        skip_spaces(text);
    }
}

static bool ends_element(co_text text)
{
    skip_spaces(&text);
    return text.size == 0 || text.at[0] == ',';
}

/* False when it does not end, or holds control bytes. */
static bool take_quoted(co_text *text, co_text *ret)
{
    return co_http_take_quoted(text, ret) && co_http_is_field_value(*ret);
}

/* RFC 9110 11.2: letters, digits, "-._~+/", then any number of "=". Takes nothing unless it is all
 * of an element. */
static co_text take_token68(co_text *text)
{
    size_t size = 0;
    while (size < text->size &&
           (co_is_digit(text->at[size]) ||
               (co_lower(text->at[size]) >= 'a' && co_lower(text->at[size]) <= 'z') ||
               memchr("-._~+/", text->at[size], 6)))
        size++;
    size_t letters = size;
    while (letters && size < text->size && text->at[size] == '=')
        size++;
    co_text token = {text->at, size};
    if (size == 0 || !ends_element(co_text_after(*text, size)))
        return (co_text){0};
    *text = co_text_after(*text, size);
    return token;
}

/* 1; 0 when what comes is no parameter; CO_EINVALID when it is one that is malformed. */
static int take_param(co_text *text, struct co_challenge_param *ret)
{
    co_text rest = *text;
    struct co_challenge_param param = {.name = co_http_take_token(&rest)};
    skip_spaces(&rest);
    if (param.name.size == 0 || !co_text_starts(rest, CO_TEXT("=")))
        return 0;
    rest = co_text_after(rest, 1);
    skip_spaces(&rest);
    param.quoted = co_text_starts(rest, CO_TEXT("\""));
    if (param.quoted ? !take_quoted(&rest, &param.value)
                     : (param.value = co_http_take_token(&rest)).size == 0)
        return CO_EINVALID;
    if (!ends_element(rest))
        return CO_EINVALID;
    *text = rest;
    *ret = param;
    return 1;
}

static int take_params(co_text *rest, struct co_challenge *challenge)
{
    struct co_challenge_param param;
    for (;;) {
        co_text before = *rest;
        skip_commas(rest);
        int rc = take_param(rest, &param);
        if (rc <= 0) {
            *rest = before;
            return rc;
        }
        if (challenge->count == CO_CHALLENGE_PARAMS_MAX)
            return CO_ETOOBIG;
        if (co_challenge_find(challenge, param.name))
            return CO_EINVALID;
        challenge->params[challenge->count++] = param;
    }
}

int co_challenge_next(co_text *rest, struct co_challenge *ret)
{
    skip_commas(rest);
    ret->count = 0;
    ret->token68 = (co_text){0};
    if (rest->size == 0)
        return 0;
    ret->scheme = co_http_take_token(rest);
    if (ret->scheme.size == 0)
        return CO_EINVALID;
    bool is_alone = ends_element(*rest);
    if (!co_text_starts(*rest, CO_TEXT(" ")))
        return is_alone ? 1 : CO_EINVALID;
    skip_spaces(rest);
    ret->token68 = take_token68(rest);
    if (ret->token68.size)
        return 1;
    int rc = take_params(rest, ret); /* behind a comma, too: RFC 9110 5.6.1.2 */
    if (rc < 0)
        return rc;
    return ret->count > 0 || is_alone ? 1 : CO_EINVALID;
}

int co_challenge_params(co_text text, struct co_challenge *ret)
{
    *ret = (struct co_challenge){0};
    int rc = take_params(&text, ret);
    skip_commas(&text);
    return rc < 0 ? rc : text.size ? CO_EINVALID : 0;
}

const struct co_challenge_param *co_challenge_find(
    const struct co_challenge *challenge, co_text name)
{
    for (unsigned i = 0; i < challenge->count; i++)
        if (co_text_equal_nocase(challenge->params[i].name, name))
            return &challenge->params[i];
    return NULL;
}

int co_challenge_value(const struct co_challenge_param *param, struct co_buf *out)
{
    co_text value = param->value;
    for (size_t i = 0; i < value.size; i++) {
        if (param->quoted && value.at[i] == '\\')
            i++;
        co_buf_add_char(out, value.at[i]);
    }
    return out->error;
}

int co_quoted_write(co_text text, struct co_buf *out)
{
    if (!co_http_is_field_value(text))
        return CO_EINVALID;
    co_buf_add_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            co_buf_add_char(out, '\\');
        co_buf_add_char(out, text.at[i]);
    }
    co_buf_add_char(out, '"');
    return out->error;
}

/* SPDX-License-Identifier: MIT */
#include "codec/json.h"

#include "codec/utf8.h"

#define WORD_MAX 5 /* bytes of "false" */

/* What the grammar allows next. */
enum expected {
    VALUE,
    FIRST_VALUE, /* or the array's end */
    FIRST_KEY,   /* or the object's end */
    KEY,
    COLON,
    COMMA, /* or the end of what is open */
    NOTHING,
};

/* The token that has begun, whose rest may still be on its way. */
enum within { BETWEEN, STRING, ESCAPE, UNICODE, NUMBER, WORD };

void co_json_start(struct co_json *json, size_t text_max)
{
    *json = (struct co_json){.text = CO_BUF(text_max), .expected = VALUE};
}

void co_json_free(struct co_json *json)
{
    co_buf_free(&json->text);
}

/* ---- the grammar ---------------------------------------------------------------------------- */

static bool awaits_value(const struct co_json *json)
{
    return json->expected == VALUE || json->expected == FIRST_VALUE;
}

static bool awaits_key(const struct co_json *json)
{
    return json->expected == KEY || json->expected == FIRST_KEY;
}

static void value_ended(struct co_json *json)
{
    json->within = BETWEEN;
    json->expected = json->depth > 0 ? COMMA : NOTHING;
}

static int open_level(struct co_json *json, bool is_object)
{
    if (!awaits_value(json))
        return CO_EINVALID;
    if (json->depth == CO_JSON_DEPTH_MAX)
        return CO_ETOOBIG;
    json->depth++;
    json->objects = json->objects << 1 | is_object;
    json->expected = is_object ? FIRST_KEY : FIRST_VALUE;
    return is_object ? CO_JSON_OBJECT : CO_JSON_ARRAY;
}

static int close_level(struct co_json *json, bool is_object)
{
    int empty = is_object ? FIRST_KEY : FIRST_VALUE;
    if (json->depth == 0 || (json->objects & 1) != is_object ||
        (json->expected != COMMA && json->expected != empty))
        return CO_EINVALID;
    json->depth--;
    json->objects >>= 1;
    value_ended(json);
    return is_object ? CO_JSON_OBJECT_END : CO_JSON_ARRAY_END;
}

static int separate(struct co_json *json, char c)
{
    if (json->expected != (c == ':' ? COLON : COMMA) || json->depth == 0)
        return CO_EINVALID;
    json->expected = c == ',' && json->objects & 1 ? KEY : VALUE;
    return 0;
}

static int begin_string(struct co_json *json)
{
    if (!awaits_value(json) && !awaits_key(json))
        return CO_EINVALID;
    json->is_key = awaits_key(json);
    json->within = STRING;
    return 0;
}

/* A byte between tokens. A token, 0, or an error. The first byte of a number or word stays. */
static int begin(struct co_json *json, co_text *input)
{
    char c = input->at[0];
    co_buf_clear(&json->text);
    if (co_is_digit(c) || c == '-' || (c >= 'a' && c <= 'z')) {
        json->within = c >= 'a' ? WORD : NUMBER;
        return awaits_value(json) ? 0 : CO_EINVALID;
    }
    *input = co_text_after(*input, 1);
    switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\r': return 0;
    case '"': return begin_string(json);
    case '{':
    case '[': return open_level(json, c == '{');
    case '}':
    case ']': return close_level(json, c == '}');
    case ':':
    case ',': return separate(json, c);
    default: return CO_EINVALID;
    }
}

/* ---- strings -------------------------------------------------------------------------------- */

static void add_code(struct co_buf *out, unsigned code)
{
    if (code < 0x80) {
        co_buf_add_char(out, (char)code);
        return;
    }
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    co_buf_add_char(out, (char)(leads[more] | code >> 6 * more));
    while (more-- > 0)
        co_buf_add_char(out, (char)(0x80 | (code >> 6 * more & 0x3f)));
}

static bool is_utf8(co_text text)
{
    while (text.size > 0) {
        uint32_t code;
        text = co_text_after(text, co_utf8_next(text, &code));
        if (code == CO_UTF8_INVALID)
            return false;
    }
    return true;
}

static int end_string(struct co_json *json)
{
    if (json->text.error || !is_utf8(co_buf_text(&json->text)))
        return json->text.error ? json->text.error : CO_EINVALID;
    if (!json->is_key) {
        value_ended(json);
        return CO_JSON_STRING;
    }
    json->within = BETWEEN;
    json->expected = COLON;
    return CO_JSON_KEY;
}

/* Plain bytes up to one that means something. */
static int read_string(struct co_json *json, co_text *input)
{
    size_t plain = 0;
    while (plain < input->size && input->at[plain] != '"' && input->at[plain] != '\\' &&
           (unsigned char)input->at[plain] >= ' ')
        plain++;
    if (plain > 0 && json->surrogate)
        return CO_EINVALID;
    co_buf_add(&json->text, input->at, plain);
    *input = co_text_after(*input, plain);
    if (input->size == 0)
        return json->text.error;
    char c = input->at[0];
    *input = co_text_after(*input, 1);
    if (c == '\\') {
        json->within = ESCAPE;
        return 0;
    }
    return c == '"' && !json->surrogate ? end_string(json) : CO_EINVALID;
}

static int read_escape(struct co_json *json, co_text *input)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char c = input->at[0];
    *input = co_text_after(*input, 1);
    if (c == 'u') {
        json->escape = json->escape_digits = 0;
        json->within = UNICODE;
        return 0;
    }
    const char *hit = c ? strchr(letters, c) : NULL;
    if (!hit || json->surrogate)
        return CO_EINVALID;
    co_buf_add_char(&json->text, meanings[hit - letters]);
    json->within = STRING;
    return 0;
}

/* RFC 8259 7: beyond the first 65,536 characters two escapes make one. */
static int end_unicode(struct co_json *json)
{
    bool is_high = json->escape >= 0xd800 && json->escape < 0xdc00;
    bool is_low = json->escape >= 0xdc00 && json->escape < 0xe000;
    json->within = STRING;
    if (is_low != (json->surrogate != 0))
        return CO_EINVALID;
    if (is_high)
        json->surrogate = json->escape;
    else if (is_low)
        add_code(&json->text, 0x10000 + ((json->surrogate & 0x3ff) << 10 | (json->escape & 0x3ff)));
    else
        add_code(&json->text, json->escape);
    if (is_low)
        json->surrogate = 0;
    return 0;
}

static int read_unicode(struct co_json *json, co_text *input)
{
    char c = co_lower(input->at[0]);
    *input = co_text_after(*input, 1);
    if (!co_is_digit(c) && (c < 'a' || c > 'f'))
        return CO_EINVALID;
    json->escape = json->escape << 4 | (unsigned)(co_is_digit(c) ? c - '0' : c - 'a' + 10);
    return ++json->escape_digits == 4 ? end_unicode(json) : 0;
}

/* ---- numbers and words ---------------------------------------------------------------------- */

static size_t digits_at(const char *at)
{
    size_t count = 0;
    while (co_is_digit(at[count]))
        count++;
    return count;
}

/* RFC 8259 6; `at` ends with a NUL. */
static bool is_number(const char *at)
{
    at += *at == '-';
    size_t digits = digits_at(at);
    if (digits == 0 || (digits > 1 && *at == '0'))
        return false;
    at += digits;
    if (*at == '.') {
        digits = digits_at(++at);
        at += digits;
    }
    if (digits > 0 && co_lower(*at) == 'e') {
        at++;
        at += *at == '+' || *at == '-';
        digits = digits_at(at);
        at += digits;
    }
    return digits > 0 && *at == '\0';
}

static int end_number(struct co_json *json)
{
    co_buf_add_char(&json->text, '\0');
    if (json->text.error)
        return json->text.error;
    json->text.size--;
    value_ended(json);
    return is_number(json->text.at) ? CO_JSON_NUMBER : CO_EINVALID;
}

static int end_word(struct co_json *json)
{
    static const co_text words[] = {CO_TEXT("true"), CO_TEXT("false"), CO_TEXT("null")};
    value_ended(json);
    for (int i = 0; i < (int)CO_LENGTH(words); i++)
        if (co_text_equal(co_buf_text(&json->text), words[i]))
            return CO_JSON_TRUE + i;
    return CO_EINVALID;
}

static bool is_number_byte(char c)
{
    return co_is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Both end with the first byte that cannot belong to them. */
static int read_run(struct co_json *json, co_text *input)
{
    bool is_word = json->within == WORD;
    size_t size = 0;
    while (size < input->size && (is_word ? input->at[size] >= 'a' && input->at[size] <= 'z'
                                          : is_number_byte(input->at[size])))
        size++;
    if (is_word && json->text.size + size > WORD_MAX)
        return CO_EINVALID;
    co_buf_add(&json->text, input->at, size);
    *input = co_text_after(*input, size);
    if (input->size == 0)
        return json->text.error;
    return is_word ? end_word(json) : end_number(json);
}

/* ---- all together --------------------------------------------------------------------------- */

static int step(struct co_json *json, co_text *input)
{
    switch (json->within) {
    case STRING: return read_string(json, input);
    case ESCAPE: return read_escape(json, input);
    case UNICODE: return read_unicode(json, input);
    case NUMBER:
    case WORD: return read_run(json, input);
    default: return begin(json, input);
    }
}

int co_json_next(struct co_json *json, co_text *input)
{
    int rc = json->error;
    while (rc == 0 && input->size > 0)
        rc = step(json, input);
    if (rc < 0)
        json->error = rc;
    return rc;
}

int co_json_finish(struct co_json *json)
{
    int rc = json->error;
    if (rc == 0 && json->within == NUMBER)
        rc = end_number(json);
    else if (rc == 0 && json->within == WORD)
        rc = end_word(json);
    if (rc >= 0)
        rc = json->within == BETWEEN && json->expected == NOTHING ? 0 : CO_EINVALID;
    return json->error = rc;
}

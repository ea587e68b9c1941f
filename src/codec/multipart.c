/* SPDX-License-Identifier: MIT */
#include "codec/multipart.h"

#include "codec/url.h"

#include <errno.h>

enum state {
    IN_CONTENT, /* of a part, or before the first one: looking for the delimiter */
    AFTER_DELIMITER,
    AFTER_DASH,    /* "--": the last delimiter */
    AFTER_PADDING, /* blanks behind a delimiter (RFC 2046 5.1.1), then CRLF */
    AFTER_CR,
    IN_HEAD,
    ENDED,
    FAILED,
};

/* ---- the boundary ---------------------------------------------------------------------------- */

/* bchars of RFC 2046 5.1.1. */
static bool is_boundary(co_text text)
{
    if (text.size == 0 || text.size > CO_MULTIPART_BOUNDARY_MAX || text.at[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i], lower = co_lower(c);
        bool plain = co_is_digit(c) || (lower >= 'a' && lower <= 'z');
        if (!plain && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return true;
}

/* Where a parameter ends: at a semicolon outside of quotes. */
static size_t parameter_size(co_text text)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < text.size && (quoted || text.at[i] != ';'); i++) {
        if (text.at[i] == '"')
            quoted = !quoted;
        else if (text.at[i] == '\\' && quoted && i + 1 < text.size && text.at[i + 1] == '"')
            i++;
    }
    return i;
}

/* Takes the next "name=value" off what follows a first word. False at the end. */
static bool parameter_next(co_text *rest, co_text *ret_name, co_text *ret_value)
{
    while (rest->size) {
        size_t size = parameter_size(*rest);
        co_text one = co_text_trim((co_text){rest->at, size});
        *rest = co_text_after(*rest, size + 1);
        ssize_t equals = co_text_find(one, '=');
        if (equals <= 0)
            continue;
        *ret_name = co_text_trim((co_text){one.at, (size_t)equals});
        *ret_value = co_text_trim(co_text_after(one, (size_t)equals + 1));
        return true;
    }
    return false;
}

static bool is_quoted(co_text value)
{
    return value.size >= 2 && value.at[0] == '"' && value.at[value.size - 1] == '"';
}

/* The first word of a value with parameters, and what follows it. */
static co_text first_word(co_text value, co_text *ret_rest)
{
    size_t size = parameter_size(value);
    *ret_rest = co_text_after(value, size + 1);
    return co_text_trim((co_text){value.at, size});
}

int co_multipart_start(struct co_multipart *decoder, co_text content_type)
{
    co_text rest, name, value, boundary = {0};
    if (!co_text_equal_nocase(first_word(content_type, &rest), CO_TEXT("multipart/form-data")))
        return -EINVAL;
    while (!boundary.at && parameter_next(&rest, &name, &value))
        if (co_text_equal_nocase(name, CO_TEXT("boundary")))
            boundary = is_quoted(value) ? (co_text){value.at + 1, value.size - 2} : value;
    if (!is_boundary(boundary))
        return -EINVAL;
    *decoder = (struct co_multipart){.delimiter_size = (uint8_t)(4 + boundary.size)};
    memcpy(decoder->delimiter, "\r\n--", 4);
    memcpy(decoder->delimiter + 4, boundary.at, boundary.size);
    decoder->matched = 2; /* the first delimiter may stand at the very beginning */
    return 0;
}

/* ---- content --------------------------------------------------------------------------------- */

/* Matches on: the delimiter begins with the only CR in it, so what does not match can begin a new
 * one with its next byte at the earliest. Returns false when the input is not a delimiter. */
static bool match(struct co_multipart *decoder, co_text *input)
{
    while (input->size && decoder->matched < decoder->delimiter_size) {
        if (input->at[0] != decoder->delimiter[decoder->matched])
            return false;
        decoder->matched++;
        *input = co_text_after(*input, 1);
    }
    return true;
}

/* Bytes before what may be a delimiter. */
static size_t plain_size(const struct co_multipart *decoder, co_text input)
{
    size_t from = 0;
    for (;;) {
        ssize_t found = co_text_find(co_text_after(input, from), '\r');
        if (found < 0)
            return input.size;
        from += (size_t)found;
        size_t left = input.size - from;
        size_t size = left < decoder->delimiter_size ? left : decoder->delimiter_size;
        if (memcmp(input.at + from, decoder->delimiter, size) == 0)
            return from;
        from++;
    }
}

/* What looked like the delimiter is content: it is there again in the delimiter itself. */
static int give_back(struct co_multipart *decoder, co_text *ret_data)
{
    *ret_data = (co_text){decoder->delimiter, decoder->matched};
    decoder->matched = 0;
    return decoder->in_part ? CO_MULTIPART_DATA : CO_MULTIPART_MORE;
}

/* One step of looking for the delimiter. MORE: nothing to report yet. */
static int content_step(struct co_multipart *decoder, co_text *input, co_text *ret_data)
{
    if (decoder->matched == 0) {
        *ret_data = (co_text){input->at, plain_size(decoder, *input)};
        *input = co_text_after(*input, ret_data->size);
        if (ret_data->size && decoder->in_part)
            return CO_MULTIPART_DATA;
    }
    if (!match(decoder, input))
        return give_back(decoder, ret_data);
    if (decoder->matched < decoder->delimiter_size)
        return CO_MULTIPART_MORE;
    decoder->matched = 0;
    decoder->state = AFTER_DELIMITER;
    bool done = decoder->in_part;
    decoder->in_part = false;
    return done ? CO_MULTIPART_DONE : CO_MULTIPART_MORE;
}

/* ---- between parts --------------------------------------------------------------------------- */

static char take_byte(co_text *input)
{
    char c = input->at[0];
    *input = co_text_after(*input, 1);
    return c;
}

static int fail(struct co_multipart *decoder)
{
    decoder->state = FAILED;
    return CO_EHTTP;
}

static int go(struct co_multipart *decoder, enum state state)
{
    decoder->state = (uint8_t)state;
    return CO_MULTIPART_MORE;
}

static int delimiter_step(struct co_multipart *decoder, char c)
{
    switch ((enum state)decoder->state) {
    case AFTER_DELIMITER:
    case AFTER_PADDING:
        if (c == '-' && decoder->state == AFTER_DELIMITER)
            return go(decoder, AFTER_DASH);
        if (c == ' ' || c == '\t')
            return go(decoder, AFTER_PADDING);
        return c == '\r' ? go(decoder, AFTER_CR) : fail(decoder);
    case AFTER_DASH:
        if (c != '-')
            return fail(decoder);
        decoder->state = ENDED;
        return CO_MULTIPART_END;
    default:
        if (c != '\n')
            return fail(decoder);
        decoder->head_size = 0;
        return go(decoder, IN_HEAD);
    }
}

static bool head_is_whole(const struct co_multipart *decoder)
{
    const char *end = decoder->head + decoder->head_size;
    return (decoder->head_size == 2 && memcmp(decoder->head, "\r\n", 2) == 0) ||
           (decoder->head_size >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0);
}

/* RFC 2046 5.1: fields as in a message, so one may go on in the next line (RFC 5322 2.2.3); lines
 * end with CRLF and nothing else does. */
static int head_step(struct co_multipart *decoder, char c)
{
    bool after_cr = decoder->head_size && decoder->head[decoder->head_size - 1] == '\r';
    bool after_line = decoder->head_size && decoder->head[decoder->head_size - 1] == '\n';
    if (decoder->head_size == CO_MULTIPART_HEAD_MAX || c == '\0' || after_cr != (c == '\n'))
        return fail(decoder);
    if (after_line && (c == ' ' || c == '\t'))
        memset(decoder->head + decoder->head_size - 2, ' ', 2);
    decoder->head[decoder->head_size++] = c;
    if (!head_is_whole(decoder))
        return CO_MULTIPART_MORE;
    decoder->state = IN_CONTENT;
    decoder->in_part = true;
    return CO_MULTIPART_PART;
}

static int step(struct co_multipart *decoder, co_text *input, co_text *ret_data)
{
    switch ((enum state)decoder->state) {
    case IN_CONTENT: return content_step(decoder, input, ret_data);
    case IN_HEAD: return head_step(decoder, take_byte(input));
    default: return delimiter_step(decoder, take_byte(input));
    }
}

int co_multipart_next(struct co_multipart *decoder, co_text *input, co_text *ret_data)
{
    int event = CO_MULTIPART_MORE;
    if (decoder->state == FAILED)
        return CO_EHTTP;
    if (decoder->state == ENDED) { /* RFC 2046 5.1.1: an epilogue is to be ignored */
        *input = co_text_after(*input, input->size);
        return CO_MULTIPART_END;
    }
    while (event == CO_MULTIPART_MORE && input->size)
        event = step(decoder, input, ret_data);
    return event;
}

/* ---- what a part is -------------------------------------------------------------------------- */

/* The value of Content-Disposition, which is the part's only field of interest. */
static co_text disposition_of(const struct co_multipart *decoder)
{
    co_text head = {decoder->head, decoder->head_size};
    while (head.size) {
        co_text line = {head.at, (size_t)co_text_find(head, '\r')};
        head = co_text_after(head, line.size + 2);
        ssize_t colon = co_text_find(line, ':');
        if (colon > 0 &&
            co_text_equal_nocase((co_text){line.at, (size_t)colon}, CO_TEXT("Content-Disposition")))
            return co_text_trim(co_text_after(line, (size_t)colon + 1));
    }
    return (co_text){0};
}

/* Takes the quotes off, in place. HTML 4.10.22.8 writes a quote as %22 and a line end as %0D%0A,
 * others write \"; any other backslash is one, since old browsers send whole Windows paths. */
static co_text unquote(struct co_multipart *decoder, co_text value)
{
    if (!is_quoted(value))
        return value;
    char *at = decoder->head + (value.at - decoder->head), *to = at;
    for (size_t i = 1; i + 1 < value.size; i++) {
        co_text rest = {value.at + i, value.size - 1 - i};
        bool escaped = co_text_starts(rest, CO_TEXT("\\\""));
        bool encoded = co_text_starts(rest, CO_TEXT("%22"));
        *to++ = escaped || encoded ? '"' : rest.at[0];
        i += escaped ? 1 : encoded ? 2 : 0;
    }
    return (co_text){at, (size_t)(to - at)};
}

/* The value of filename*, "UTF-8'language'percent-encoded" (RFC 8187 3.2.1), decoded in place. At
 * NULL when it is none. */
static co_text decode(struct co_multipart *decoder, co_text value)
{
    const co_text charset = CO_TEXT("UTF-8");
    co_text text = unquote(decoder, value);
    ssize_t quote = co_text_find(text, '\'');
    if (quote < 0 || !co_text_equal_nocase((co_text){text.at, (size_t)quote}, charset))
        return (co_text){0};
    text = co_text_after(text, charset.size + 1);
    quote = co_text_find(text, '\'');
    if (quote < 0)
        return (co_text){0};
    text = co_text_after(text, (size_t)quote + 1);
    char *at = decoder->head + (text.at - decoder->head);
    struct co_buf out = {.at = at, .room = text.size, .size_max = text.size};
    return co_url_decode(text, &out) < 0 ? (co_text){0} : co_buf_text(&out);
}

int co_multipart_disposition(struct co_multipart *decoder, co_text *ret_name, co_text *ret_file)
{
    co_text rest, name, value, field = {0}, file = {0}, decoded = {0};
    bool encoded = false;
    co_text disposition = disposition_of(decoder);
    if (!co_text_equal_nocase(first_word(disposition, &rest), CO_TEXT("form-data")))
        return CO_EHTTP;
    while (parameter_next(&rest, &name, &value)) {
        if (!field.at && co_text_equal_nocase(name, CO_TEXT("name"))) {
            field = unquote(decoder, value);
        } else if (!file.at && co_text_equal_nocase(name, CO_TEXT("filename"))) {
            file = unquote(decoder, value);
        } else if (!encoded && co_text_equal_nocase(name, CO_TEXT("filename*"))) {
            decoded = decode(decoder, value);
            encoded = true;
        }
    }
    if (encoded && !decoded.at && !file.at) /* a file all the same */
        return CO_EHTTP;
    *ret_name = field;
    *ret_file = decoded.at ? decoded : file;
    return 0;
}

/* The text behind its last `c`. */
static co_text after_last(co_text text, char c)
{
    const char *found = text.size ? memrchr(text.at, c, text.size) : NULL;
    return found ? co_text_after(text, (size_t)(found - text.at) + 1) : text;
}

/* Would a path of these components leave the folder, or mean nothing? */
static bool strays(co_text path)
{
    for (bool last = false; !last;) {
        ssize_t slash = co_text_find(path, '/');
        last = slash < 0;
        co_text name = {path.at, last ? path.size : (size_t)slash};
        if (name.size == 0 || co_text_equal(name, CO_TEXT(".")) ||
            co_text_equal(name, CO_TEXT("..")))
            return true;
        path = co_text_after(path, name.size + 1);
    }
    return false;
}

co_text co_multipart_path(co_text file)
{
    co_text path = after_last(file, '\\');
    if (strays(path))
        path = after_last(path, '/');
    return strays(path) ? (co_text){0} : path;
}

/* SPDX-License-Identifier: MIT */
#include "codec/http1_response.h"
#include "codec/charset.h"

/* ---- its end -------------------------------------------------------------------------------- */

/* "HTTP/1.": what does not begin so is another protocol's, or HTTP/0.9's body. */
static bool may_be_response(co_text bytes)
{
    co_text start = CO_TEXT("HTTP/1.");
    size_t size = bytes.size < start.size ? bytes.size : start.size;
    return memcmp(bytes.at, start.at, size) == 0;
}

ssize_t co_http1_response_size(co_text bytes, size_t *scanned)
{
    size_t end = bytes.size < CO_HTTP1_RESPONSE_HEAD_MAX ? bytes.size : CO_HTTP1_RESPONSE_HEAD_MAX;
    if (bytes.size > 0 && !may_be_response(bytes))
        return CO_EHTTP;
    for (size_t i = *scanned; i < end; i++) {
        if (bytes.at[i] != '\n')
            continue;
        if (i + 1 < end && bytes.at[i + 1] == '\n')
            return (ssize_t)i + 2;
        if (i + 2 < end && bytes.at[i + 1] == '\r' && bytes.at[i + 2] == '\n')
            return (ssize_t)i + 3;
    }
    *scanned = end > 2 ? end - 2 : 0; /* the start of the line behind may still have to come */
    return end == CO_HTTP1_RESPONSE_HEAD_MAX ? CO_ETOOBIG : 0;
}

/* ---- its lines ------------------------------------------------------------------------------ */

struct reader {
    char *at, *end;
};

/* The next line without its end, its bytes CR and NUL nowhere else. */
static int next_line(struct reader *reader, co_text *ret)
{
    char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (!newline)
        return CO_EHTTP;
    size_t size = (size_t)(newline - reader->at);
    if (size > 0 && newline[-1] == '\r')
        size--;
    *ret = (co_text){reader->at, size};
    reader->at = newline + 1;
    return memchr(ret->at, '\r', size) || memchr(ret->at, '\0', size) ? CO_EHTTP : 0;
}

/* Joins the lines that continue this one: their ends become spaces (RFC 9112 5.2). */
static void unfold(struct reader *reader)
{
    char *at = reader->at;
    for (;;) {
        char *newline = memchr(at, '\n', (size_t)(reader->end - at));
        if (!newline || newline + 1 >= reader->end || (newline[1] != ' ' && newline[1] != '\t'))
            return;
        if (newline > at && newline[-1] == '\r')
            newline[-1] = ' ';
        *newline = ' ';
        at = newline + 1;
    }
}

/* "HTTP/1.1 200 OK" (RFC 9112 4); the reason and the space before it may be missing. */
static int status_line(struct reader *reader, struct co_http1_response *response)
{
    co_text line;
    uint64_t status;
    int rc = next_line(reader, &line);
    if (rc < 0 || line.size < 12 || !co_is_digit(line.at[7]) || line.at[8] != ' ')
        return CO_EHTTP;
    if (co_text_number((co_text){line.at + 9, 3}, 999, &status) < 0 || status < 100)
        return CO_EHTTP;
    if (line.size > 12 && line.at[12] != ' ')
        return CO_EHTTP;
    response->minor = line.at[7] != '0';
    response->status = (int)status;
    response->reason = co_text_after(line, line.size > 12 ? 13 : 12);
    return 0;
}

/* The name before a colon; blanks behind it a proxy would take away (RFC 9112 5.1), but not
 * everybody knows a length again that has some. Empty: it is none. */
static co_text take_name(co_text line, size_t colon)
{
    co_text whole = {line.at, colon}, name = whole;
    while (name.size > 0 && (name.at[name.size - 1] == ' ' || name.at[name.size - 1] == '\t'))
        name.size--;
    bool frames = co_text_equal_nocase(name, CO_TEXT("content-length")) ||
                  co_text_equal_nocase(name, CO_TEXT("transfer-encoding"));
    return !co_http_is_token(name) || (frames && name.size < whole.size) ? (co_text){0} : name;
}

static int field_line(co_text line, struct co_http1_response *response)
{
    ssize_t colon = co_text_find(line, ':');
    co_text name = colon < 0 ? (co_text){0} : take_name(line, (size_t)colon);
    if (name.size == 0)
        return CO_EHTTP;
    if (response->field_count == CO_HTTP1_RESPONSE_FIELDS_MAX)
        return CO_ETOOBIG;
    response->fields[response->field_count++] =
        (struct co_http_field){name, co_text_trim(co_text_after(line, (size_t)colon + 1))};
    return 0;
}

/* ---- its body's end (RFC 9112 6.3) ---------------------------------------------------------- */

static bool has_no_body(int status, enum co_http_method method)
{
    return method == CO_HTTP_HEAD || status < 200 || status == 204 || status == 304 ||
           (method == CO_HTTP_CONNECT && status < 300);
}

/* Nothing but chunks: nobody has asked for another coding (TE), and its bytes would be taken for
 * the content. HTTP/1.0 knows no codings (RFC 9112 6.1), and "identity" is none (RFC 2616 3.6).
 * Servers do say chunks twice, or a length beside them. They are read once, but who read it
 * otherwise on the way saw the body end elsewhere: what comes behind it is not taken for an answer
 * (RFC 9112 6.3). */
static int read_codings(struct co_http1_response *response, struct co_http_walk *walk)
{
    co_text coding, length = CO_TEXT("content-length");
    unsigned count = 0;
    for (; co_http_walk_element(walk, &coding); count++) {
        if (co_text_equal_nocase(coding, CO_TEXT("identity")))
            continue;
        if (!co_text_equal_nocase(coding, CO_TEXT("chunked")) || response->minor == 0)
            return CO_EHTTP;
        response->framing = CO_HTTP_CHUNKED;
    }
    response->keep_alive &=
        count == 1 && !co_http_field_find(response->fields, response->field_count, length).at;
    return count > 0 ? 0 : CO_EHTTP;
}

/* One length, however often it is said (RFC 9110 8.6). */
static int read_length(struct co_http1_response *response)
{
    struct co_http_walk walk = {.fields = response->fields,
        .count = response->field_count,
        .name = CO_TEXT("content-length")};
    co_text text;
    uint64_t size;
    for (bool first = true; co_http_walk_element(&walk, &text); first = false) {
        if (co_text_number(text, INT64_MAX, &size) < 0 || (!first && size != response->body_size))
            return CO_EHTTP;
        response->body_size = size;
        response->framing = CO_HTTP_LENGTH;
    }
    return response->framing == CO_HTTP_LENGTH ? 0 : CO_EHTTP;
}

static int read_framing(struct co_http1_response *response, enum co_http_method method)
{
    const struct co_http_field *fields = response->fields;
    co_text length = co_http_field_find(fields, response->field_count, CO_TEXT("content-length"));
    struct co_http_walk codings = {
        .fields = fields, .count = response->field_count, .name = CO_TEXT("transfer-encoding")};
    if (has_no_body(response->status, method)) {
        response->framing = CO_HTTP_NO_BODY;
        return 0;
    }
    int rc = 0;
    response->framing = CO_HTTP_TO_END;
    if (co_http_field_find(fields, response->field_count, codings.name).at)
        rc = read_codings(response, &codings);
    if (rc == 0 && response->framing == CO_HTTP_TO_END && length.at)
        rc = read_length(response);
    response->keep_alive &= response->framing != CO_HTTP_TO_END;
    return rc;
}

static void read_connection(struct co_http1_response *response)
{
    struct co_http_walk walk = {
        .fields = response->fields, .count = response->field_count, .name = CO_TEXT("connection")};
    co_text option;
    bool close = false, keep = response->minor > 0;
    while (co_http_walk_element(&walk, &option)) {
        close |= co_text_equal_nocase(option, CO_TEXT("close"));
        keep |= co_text_equal_nocase(option, CO_TEXT("keep-alive"));
    }
    response->keep_alive = keep && !close;
}

/* Room for as many fields as there can be in so many lines, behind them. */
static int make_table(struct co_buf *text, struct co_http1_response *response)
{
    const size_t alignment = _Alignof(struct co_http_field);
    size_t lines = 0;
    for (size_t i = 0; i < text->size && lines < CO_HTTP1_RESPONSE_FIELDS_MAX; i++)
        lines += text->at[i] == '\n';
    size_t gap = -text->size % alignment; /* allocated memory begins at any alignment */
    char *room = co_buf_reserve(text, gap + lines * sizeof *response->fields);
    if (!room)
        return text->error;
    response->fields = (struct co_http_field *)(void *)(room + gap);
    return 0;
}

int co_http1_response_parse(
    struct co_buf *text, enum co_http_method method, struct co_http1_response *ret)
{
    co_text line;
    *ret = (struct co_http1_response){0};
    int rc = make_table(text, ret);
    struct reader reader = {text->at, text->at + text->size};
    if (rc == 0)
        rc = status_line(&reader, ret);
    while (rc == 0) {
        unfold(&reader);
        rc = next_line(&reader, &line);
        if (rc < 0 || line.size == 0)
            break;
        rc = field_line(line, ret);
    }
    if (rc < 0)
        return rc;
    read_connection(ret);
    return read_framing(ret, method);
}

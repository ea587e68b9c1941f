/* SPDX-License-Identifier: MIT */
#include "codec/disposition.h"

#include "codec/url.h"
#include "codec/utf8.h"

#define LATIN_TWO_BYTES 0x80 /* from here on ISO-8859-1 takes two bytes in UTF-8 */

/* ---- parameters ------------------------------------------------------------------------------ */

struct names {
    co_text plain, extended; /* at NULL: not there */
    bool is_quoted;          /* the plain one: without its quotes, quoted pairs still in it */
};

/* Cuts at the first ';' outside of quotes. *ret_rest: at NULL when there is none. */
static co_text cut_parameter(co_text text, co_text *ret_rest)
{
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted)
            i++;
        else if (c == ';' && !quoted) {
            *ret_rest = co_text_after(text, i + 1);
            return (co_text){text.at, i};
        }
    }
    *ret_rest = (co_text){0};
    return text;
}

/* Does a closing quote end the text, and none stand before? */
static bool is_quoted_string(co_text text)
{
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == '"')
            return i + 1 == text.size;
        if (text.at[i] == '\\')
            i++;
    }
    return false;
}

/* The first that can be read counts, as it does for browsers. */
static void take_name(co_text value, co_text *name, bool *ret_is_quoted)
{
    bool quoted = co_text_starts(value, CO_TEXT("\""));
    if (name->at || value.size == 0)
        return;
    if (quoted ? !is_quoted_string(value) : co_text_find(value, '"') >= 0)
        return;
    *name = quoted ? (co_text){value.at + 1, value.size - 2} : value;
    *ret_is_quoted = quoted;
}

/* What is no parameter is passed over, the type among it (RFC 6266 3). */
static void take_parameter(co_text text, struct names *names)
{
    bool as_well; /* quotes mean nothing around filename*, but some servers write them */
    ssize_t equals = co_text_find(text, '=');
    if (equals < 0)
        return;
    co_text name = co_text_trim((co_text){text.at, (size_t)equals});
    co_text value = co_text_trim(co_text_after(text, (size_t)equals + 1));
    if (co_text_equal_nocase(name, CO_TEXT("filename")))
        take_name(value, &names->plain, &names->is_quoted);
    else if (co_text_equal_nocase(name, CO_TEXT("filename*")))
        take_name(value, &names->extended, &as_well);
}

/* ---- their bytes ----------------------------------------------------------------------------- */

static bool is_utf8(co_text text)
{
    uint32_t code;
    while (text.size > 0) {
        text = co_text_after(text, co_utf8_next(text, &code));
        if (code == CO_UTF8_INVALID)
            return false;
    }
    return true;
}

static void add_latin(struct co_buf *out, co_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c >= LATIN_TWO_BYTES)
            co_buf_add(out, (char[2]){(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))}, 2);
        else
            co_buf_add_char(out, (char)c);
    }
}

/* RFC 9110 5.6.4. */
static int decode_plain(const struct names *names, struct co_buf *out)
{
    co_text text = names->plain;
    for (size_t i = 0; i < text.size; i++) {
        if (names->is_quoted && text.at[i] == '\\' && i + 1 < text.size)
            i++;
        co_buf_add_char(out, text.at[i]);
    }
    return out->error;
}

static bool is_utf8_by_name(co_text charset)
{
    return co_text_equal_nocase(charset, CO_TEXT("UTF-8")) ||
           co_text_equal_nocase(charset, CO_TEXT("UTF8"));
}

/* RFC 8187 3.2.1: charset'language'percent-encoded. *ret_latin: it is ISO-8859-1. */
static int decode_extended(co_text text, struct co_buf *out, bool *ret_latin)
{
    ssize_t charset = co_text_find(text, '\'');
    if (charset < 0)
        return CO_EINVALID;
    co_text name = {text.at, (size_t)charset};
    text = co_text_after(text, name.size + 1);
    ssize_t language = co_text_find(text, '\'');
    *ret_latin = co_text_equal_nocase(name, CO_TEXT("ISO-8859-1"));
    if (language < 0 || (!*ret_latin && !is_utf8_by_name(name)))
        return CO_EINVALID;
    return co_url_decode(co_text_after(text, (size_t)language + 1), out);
}

static co_text last_component(co_text path)
{
    for (size_t i = path.size; i > 0; i--)
        if (path.at[i - 1] == '/' || path.at[i - 1] == '\\')
            return co_text_after(path, i);
    return path;
}

/* Servers write names as they have them into filename, in whatever encoding; filename* says it. */
static int add_name(co_text decoded, bool is_latin, bool may_be_latin, struct co_buf *out)
{
    co_text name = last_component(decoded);
    bool utf8 = is_utf8(name);
    if (name.size == 0 || (!is_latin && !utf8 && !may_be_latin))
        return CO_EINVALID;
    if (is_latin || !utf8)
        add_latin(out, name);
    else
        co_buf_add_text(out, name);
    return out->error;
}

static int add_extended(const struct names *names, struct co_buf *out)
{
    struct co_buf decoded = CO_BUF(names->extended.size);
    bool is_latin;
    int rc =
        names->extended.at ? decode_extended(names->extended, &decoded, &is_latin) : CO_EINVALID;
    if (rc == 0)
        rc = add_name(co_buf_text(&decoded), is_latin, false, out);
    co_buf_free(&decoded);
    return rc;
}

static int add_plain(const struct names *names, struct co_buf *out)
{
    struct co_buf decoded = CO_BUF(names->plain.size);
    int rc = names->plain.at ? decode_plain(names, &decoded) : CO_EINVALID;
    if (rc == 0)
        rc = add_name(co_buf_text(&decoded), false, true, out);
    co_buf_free(&decoded);
    return rc;
}

int co_disposition_filename(co_text value, struct co_buf *out)
{
    struct names names = {0};
    size_t before = out->size;
    while (value.at) {
        co_text parameter = cut_parameter(value, &value);
        take_parameter(parameter, &names);
    }
    int rc = add_extended(&names, out);
    if (rc == CO_EINVALID)
        rc = add_plain(&names, out);
    if (rc < 0)
        out->size = before;
    return rc;
}

/* SPDX-License-Identifier: MIT */
/* References to absolute URLs (RFC 3986 5.2), as they stand in Location and in pages. */
#include "codec/url.h"

#include "codec/idna.h"

/* ---- bytes ---------------------------------------------------------------------------------- */

/* What browsers encode where they find it raw: spaces, controls, all beyond ASCII, and what no URL
 * may hold. But for the backslash, which some take for a slash: that one is refused later (C09). */
static bool is_url_byte(char c)
{
    switch (c) {
    case '"':
    case '<':
    case '>':
    case '^':
    case '`':
    case '{':
    case '|':
    case '}': return false;
    default: return c > ' ' && c < 0x7f;
    }
}

static void add_bytes(struct co_buf *out, co_text text)
{
    while (text.size > 0 && !out->error) {
        size_t plain = 0;
        while (plain < text.size && is_url_byte(text.at[plain]))
            plain++;
        co_buf_add(out, text.at, plain);
        if (plain < text.size)
            co_buf_addf(out, "%%%02X", (unsigned char)text.at[plain++]);
        text = co_text_after(text, plain);
    }
}

/* ---- parts ---------------------------------------------------------------------------------- */

static bool has_scheme(co_text reference)
{
    size_t size = 0;
    while (size < reference.size &&
           (co_is_digit(reference.at[size]) ||
               (co_lower(reference.at[size]) >= 'a' && co_lower(reference.at[size]) <= 'z') ||
               (size > 0 && memchr("+-.", reference.at[size], 3))))
        size++;
    return size > 0 && size < reference.size && reference.at[size] == ':' &&
           !co_is_digit(reference.at[0]);
}

/* What names the server; the user is not carried over to what a server says. */
static void add_origin(struct co_buf *out, const struct co_url *base)
{
    co_buf_add_text(out, base->scheme);
    co_buf_add_string(out, base->host_is_ipv6 ? "://[" : "://");
    co_buf_add_text(out, base->host);
    if (base->host_is_ipv6)
        co_buf_add_char(out, ']');
    if (base->port) {
        co_buf_add_char(out, ':');
        co_buf_add_number(out, base->port);
    }
}

/* Is it so many dots? "%2e" is one, too (RFC 3986 6.2.2.2). */
static bool is_dots(co_text segment, size_t count)
{
    for (; count > 0; count--) {
        size_t size = co_text_starts(segment, CO_TEXT(".")) ? 1 : 3;
        co_text dot = {segment.at, size < segment.size ? size : segment.size};
        if (size > 1 && !co_text_equal_nocase(dot, CO_TEXT("%2e")))
            return false;
        segment = co_text_after(segment, dot.size);
    }
    return segment.size == 0;
}

/* Adds segments to a path that begins at `start` of out and ends with '/'; dots are taken away as
 * they come (RFC 3986 5.2.4). */
static void add_segments(struct co_buf *out, size_t start, co_text path)
{
    while (path.size > 0 && !out->error) {
        ssize_t slash = co_text_find(path, '/');
        co_text segment = {path.at, slash < 0 ? path.size : (size_t)slash};
        path = co_text_after(path, segment.size + (slash >= 0));
        if (is_dots(segment, 1))
            continue;
        if (is_dots(segment, 2)) {
            while (out->size > start + 1 && out->at[--out->size - 1] != '/')
                ;
            continue;
        }
        add_bytes(out, segment);
        if (slash >= 0)
            co_buf_add_char(out, '/');
    }
}

/* The folder of the base's path, without the first '/'. */
static co_text folder_of(co_text path)
{
    while (path.size > 0 && path.at[path.size - 1] != '/')
        path.size--;
    return path.size > 0 ? co_text_after(path, 1) : path;
}

static void add_path(struct co_buf *out, const struct co_url *base, co_text path)
{
    size_t start = out->size;
    bool absolute = path.at[0] == '/';
    co_buf_add_char(out, '/');
    if (!absolute)
        add_segments(out, start, folder_of(base->path));
    add_segments(out, start, co_text_after(path, absolute));
}

static bool is_ascii(co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] >= 0x80)
            return false;
    return true;
}

/* A name that has no ASCII form is encoded like all else, which no host may be: it is refused when
 * the result is parsed. */
static void add_host(struct co_buf *out, co_text host)
{
    ssize_t colon = co_text_find(host, ':');
    co_text name = {host.at, colon < 0 ? host.size : (size_t)colon};
    if (is_ascii(name) || co_idna_to_ascii(name, out) == CO_EINVALID)
        add_bytes(out, name);
    add_bytes(out, co_text_after(host, name.size));
}

/* "//" and what follows it. */
static void add_with_authority(struct co_buf *out, co_text scheme, co_text text)
{
    size_t size = 2;
    while (size < text.size && text.at[size] != '/' && text.at[size] != '?')
        size++;
    co_text authority = {text.at, size};
    ssize_t at = co_text_find(authority, '@');
    co_text before = {text.at, at < 0 ? 2 : (size_t)at + 1};
    add_bytes(out, before);
    add_host(out, co_text_after(authority, before.size));
    text = co_text_after(text, size);
    ssize_t mark = co_url_has_query(scheme) ? co_text_find(text, '?') : -1;
    co_text path = {text.at, mark < 0 ? text.size : (size_t)mark};
    if (path.size > 0) {
        size_t start = out->size;
        co_buf_add_char(out, '/');
        add_segments(out, start, co_text_after(path, path.at[0] == '/'));
    }
    add_bytes(out, co_text_after(text, path.size));
}

int co_url_resolve(const struct co_url *base, co_text reference, struct co_buf *out)
{
    ssize_t mark = co_text_find(reference, '#');
    co_text text = {reference.at, mark < 0 ? reference.size : (size_t)mark};
    if (has_scheme(text)) {
        size_t scheme = (size_t)co_text_find(text, ':') + 1;
        add_bytes(out, (co_text){text.at, scheme});
        text = co_text_after(text, scheme);
        if (co_text_starts(text, CO_TEXT("//")))
            add_with_authority(out, (co_text){reference.at, scheme - 1}, text);
        else
            add_bytes(out, text);
        return out->error;
    }
    if (co_text_starts(text, CO_TEXT("//"))) {
        co_buf_add_text(out, base->scheme);
        co_buf_add_char(out, ':');
        add_with_authority(out, base->scheme, text);
        return out->error;
    }
    mark = co_text_find(text, '?');
    co_text path = {text.at, mark < 0 ? text.size : (size_t)mark};
    add_origin(out, base);
    if (path.size > 0)
        add_path(out, base, path);
    else
        co_buf_add_text(out, base->path);
    if (text.size == 0 && base->query.at) {
        co_buf_add_char(out, '?');
        co_buf_add_text(out, base->query);
    }
    add_bytes(out, co_text_after(text, path.size));
    return out->error;
}

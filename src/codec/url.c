/* SPDX-License-Identifier: MIT */
#include "codec/url.h"

#include <arpa/inet.h>

#define HOST_SIZE_MAX  253 /* RFC 1035 2.3.4: 255 octets on the wire */
#define LABEL_SIZE_MAX 63  /* RFC 1035 2.3.4 */
#define PORT_MAX       65535

static bool is_alpha(char c)
{
    return co_lower(c) >= 'a' && co_lower(c) <= 'z';
}

static bool is_unreserved(char c)
{
    return is_alpha(c) || co_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static int hex_value(char c)
{
    if (co_is_digit(c))
        return c - '0';
    c = co_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Cuts the slice before the first `mark`; *ret_rest is what follows it, at NULL when absent. */
static co_text cut(co_text text, char mark, co_text *ret_rest)
{
    ssize_t at = co_text_find(text, mark);
    *ret_rest = at < 0 ? (co_text){0} : co_text_after(text, (size_t)at + 1);
    return at < 0 ? text : (co_text){text.at, (size_t)at};
}

/* The next byte of percent-encoded text, -1 at its end, -2 for a malformed escape. */
static int decode_next(co_text *text)
{
    if (text->size == 0)
        return -1;
    char c = text->at[0];
    if (c != '%') {
        *text = co_text_after(*text, 1);
        return (unsigned char)c;
    }
    int high = text->size < 3 ? -1 : hex_value(text->at[1]);
    int low = high < 0 ? -1 : hex_value(text->at[2]);
    if (low < 0)
        return -2;
    *text = co_text_after(*text, 3);
    return high << 4 | low;
}

/*
 * A name whose last label is a number is an IPv4 address to WHATWG, in all the forms of inet_aton,
 * and a registered name to RFC 3986: only what both read as the same address may pass (C09).
 */
static bool is_number(co_text label)
{
    size_t from = label.size >= 2 && label.at[0] == '0' && co_lower(label.at[1]) == 'x' ? 2 : 0;
    for (size_t i = from; i < label.size; i++)
        if (from ? hex_value(label.at[i]) < 0 : !co_is_digit(label.at[i]))
            return false;
    return true;
}

/* Strict as inet_pton is, and faster: no short forms or leading zeros. */
static bool is_address_v4(co_text host)
{
    co_text rest = host, label;
    uint64_t number;
    unsigned count = 0;
    do {
        label = cut(rest, '.', &rest);
        if (label.size > 3 || (label.size > 1 && label.at[0] == '0') ||
            co_text_number(label, 255, &number) < 0)
            return false;
        count++;
    } while (rest.at);
    return count == 4;
}

/* Without zone ids. */
static bool is_address_v6(co_text host)
{
    char string[INET6_ADDRSTRLEN];
    uint8_t address[16];
    if (host.size >= sizeof string || co_text_find(host, '\0') >= 0)
        return false;
    memcpy(string, host.at, host.size);
    string[host.size] = '\0';
    return inet_pton(AF_INET6, string, address) == 1;
}

/* A DNS name of letters, digits, '-' and '_' (some hosts do have it), perhaps with its final dot.
 */
static bool is_name(co_text host)
{
    size_t size = host.size, label = 0; /* where the last one begins */
    if (size && host.at[size - 1] == '.')
        size--;
    if (size > HOST_SIZE_MAX)
        return false;
    for (size_t i = 0; i <= size; i++) {
        if (i == size || host.at[i] == '.') {
            if (i == label || i - label > LABEL_SIZE_MAX)
                return false;
            label = i < size ? i + 1 : label;
        } else if (!is_unreserved(host.at[i]) || host.at[i] == '~') {
            return false;
        }
    }
    bool number = is_number((co_text){host.at + label, size - label});
    return !number || is_address_v4(host);
}

bool co_url_host_is_address(co_text host)
{
    return is_address_v4(host) || is_address_v6(host);
}

int co_url_authority(co_text text, co_text *ret_host, uint16_t *ret_port)
{
    if (text.size == 0)
        return CO_EINVALID;
    bool bracketed = text.at[0] == '[';
    co_text rest, host = cut(co_text_after(text, bracketed), bracketed ? ']' : ':', &rest);
    uint64_t port = 0;
    if (bracketed) {
        if (!rest.at || !is_address_v6(host))
            return CO_EINVALID;
        if (cut(rest, ':', &rest).size)
            return CO_EINVALID;
    } else if (!is_name(host)) {
        return CO_EINVALID;
    }
    /* An empty port is as none (RFC 3986 3.2.3); a 0 would read so too, and is no port at all. */
    if (rest.size && (co_text_number(rest, PORT_MAX, &port) < 0 || port == 0))
        return CO_EINVALID;
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return 0;
}

/* RFC 3986 3.2.1: unreserved, sub-delims, ':' and well-formed escapes; so no second '@'. */
static bool is_userinfo(co_text text)
{
    while (text.size) {
        char c = text.at[0];
        if (c != '%' && !is_unreserved(c) && !memchr("!$&'()*+,;=:", c, 12))
            return false;
        if (decode_next(&text) < 0)
            return false;
    }
    return true;
}

static bool is_scheme(co_text scheme)
{
    if (scheme.size == 0 || !is_alpha(scheme.at[0]))
        return false;
    for (size_t i = 1; i < scheme.size; i++)
        if (!is_alpha(scheme.at[i]) && !co_is_digit(scheme.at[i]) &&
            !memchr("+-.", scheme.at[i], 3))
            return false;
    return true;
}

/* Printable ASCII without what parsers read differently or HTML and headers could break on; the
 * other bytes outside of RFC 3986 ("|" and the like) are common in the wild and harmless. */
static bool is_url_text(co_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>')
            return false;
    }
    return true;
}

static int parse_authority(co_text text, struct co_url *url)
{
    co_text host, user = cut(text, '@', &host);
    if (!host.at) {
        host = text;
    } else {
        if (!is_userinfo(user))
            return CO_EINVALID;
        url->user = cut(user, ':', &url->password);
    }
    url->host_is_ipv6 = host.size && host.at[0] == '[';
    return co_url_authority(host, &url->host, &url->port);
}

bool co_url_has_query(co_text scheme)
{
    static const co_text without[] = {CO_TEXT("ftp"), CO_TEXT("ftps"), CO_TEXT("ftpes")};
    for (size_t i = 0; i < CO_LENGTH(without); i++)
        if (co_text_equal_nocase(scheme, without[i]))
            return false;
    return true;
}

int co_url_parse(co_text text, struct co_url *ret)
{
    struct co_url url = {0};
    co_text rest;
    if (!is_url_text(text))
        return CO_EINVALID;
    text = cut(text, '#', &url.fragment);
    url.scheme = cut(text, ':', &rest);
    if (!is_scheme(url.scheme) || !co_text_starts(rest, CO_TEXT("//")))
        return CO_EINVALID;
    rest = co_text_after(rest, 2);
    if (co_url_has_query(url.scheme))
        rest = cut(rest, '?', &url.query);
    ssize_t slash = co_text_find(rest, '/');
    size_t authority_size = slash < 0 ? rest.size : (size_t)slash;
    url.path = co_text_after(rest, authority_size);
    int rc = parse_authority((co_text){rest.at, authority_size}, &url);
    if (rc < 0)
        return rc;
    *ret = url;
    return 0;
}

/* Nothing to decode, drop or refuse: the common request, answered with one scan and one copy. */
static bool path_is_plain(co_text path)
{
    for (size_t i = 0; i < path.size; i++) {
        char c = path.at[i];
        char next = i + 1 < path.size ? path.at[i + 1] : 'x';
        if (c == '%' || c == '\0' || (c == '/' && (next == '/' || next == '.')))
            return false;
    }
    return true;
}

/* Takes the last directory off a path that is empty or ends with '/'. */
static int path_rise(struct co_buf *out)
{
    if (out->size == 0)
        return CO_EOUTSIDE;
    const char *slash = memrchr(out->at, '/', out->size - 1);
    out->size = slash ? (size_t)(slash - out->at) + 1 : 0;
    return 0;
}

static int path_add_segment(struct co_buf *out, co_text segment, bool last)
{
    size_t start = out->size;
    int byte;
    while ((byte = decode_next(&segment)) >= 0) {
        if (byte == '\0' || byte == '/')
            return CO_EINVALID;
        co_buf_add_char(out, (char)byte);
    }
    if (byte == -2)
        return CO_EINVALID;
    if (out->error)
        return out->error;
    if (out->size == start)
        return 0;
    co_text name = {out->at + start, out->size - start};
    bool up = co_text_equal(name, CO_TEXT(".."));
    if (up || co_text_equal(name, CO_TEXT("."))) {
        out->size = start;
        return up ? path_rise(out) : 0;
    }
    if (!last)
        co_buf_add_char(out, '/');
    return out->error;
}

int co_url_path_decode(co_text path, struct co_buf *out)
{
    if (path.size == 0 || path.at[0] != '/')
        return CO_EINVALID;
    co_text rest = co_text_after(path, 1);
    if (path_is_plain(path)) {
        co_buf_add_text(out, rest);
        return out->error;
    }
    int rc = 0;
    while (rc == 0 && rest.at) {
        co_text segment = cut(rest, '/', &rest);
        rc = path_add_segment(out, segment, !rest.at);
    }
    if (rc < 0)
        out->size = 0;
    return rc;
}

int co_url_decode(co_text text, struct co_buf *out)
{
    while (text.size > 0) {
        ssize_t escape = co_text_find(text, '%');
        size_t plain = escape < 0 ? text.size : (size_t)escape;
        co_buf_add(out, text.at, plain);
        text = co_text_after(text, plain);
        int byte = decode_next(&text);
        if (byte == -2)
            return CO_EINVALID;
        if (byte >= 0)
            co_buf_add_char(out, (char)byte);
    }
    return out->error;
}

void co_url_encode(struct co_buf *out, co_text bytes, bool keep_slash)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (is_unreserved((char)c) || (keep_slash && c == '/'))
            co_buf_add_char(out, (char)c);
        else
            co_buf_add(out, (char[3]){'%', hex[c >> 4], hex[c & 15]}, 3);
    }
}

/* The next byte of a form's text, in which '+' is a space. */
static int form_next(co_text *text)
{
    bool plus = text->size && text->at[0] == '+';
    int byte = decode_next(text);
    return plus ? ' ' : byte;
}

static bool form_equal(co_text encoded, co_text name)
{
    int byte;
    while ((byte = form_next(&encoded)) >= 0) {
        if (name.size == 0 || (unsigned char)name.at[0] != byte)
            return false;
        name = co_text_after(name, 1);
    }
    return byte == -1 && name.size == 0;
}

bool co_url_query_get(co_text query, co_text name, struct co_buf *out)
{
    co_text value = {0};
    bool found = false;
    while (query.at && !found) {
        co_text pair = cut(query, '&', &query);
        found = form_equal(cut(pair, '=', &value), name);
    }
    size_t start = out->size;
    int byte = -2;
    while (found && (byte = form_next(&value)) >= 0)
        co_buf_add_char(out, (char)byte);
    if (byte == -1 && !out->error)
        return true;
    out->size = start;
    return false;
}

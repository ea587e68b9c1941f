/* SPDX-License-Identifier: MIT */
#include "codec/negotiate.h"
#include "codec/charset.h"
#include "codec/date.h"

/* An entity tag (RFC 9110 8.8.3): the opaque part with its quotes. */
struct etag {
    co_text opaque;
    bool weak;
};

/* Takes an entity tag off *text. A backslash in one is a byte like others, unlike in a quoted
 * string. False when there is none. */
static bool etag_take(co_text *text, struct etag *ret)
{
    bool weak = co_text_starts(*text, CO_TEXT("W/"));
    co_text rest = co_text_after(*text, weak ? 2 : 0);
    if (rest.size < 2 || rest.at[0] != '"')
        return false;
    const char *stop = co_span(rest.at + 1, rest.at + rest.size, CO_SET_ETAG);
    if (stop == rest.at + rest.size || *stop != '"')
        return false;
    size_t size = (size_t)(stop + 1 - rest.at);
    *ret = (struct etag){.opaque = {rest.at, size}, .weak = weak};
    *text = co_text_after(rest, size);
    return true;
}

/* Does one line of If-Match or If-None-Match name ours? What follows a malformed tag is void. */
static bool etag_line_matches(co_text line, const struct co_validators *validators, bool weakly)
{
    if (co_text_equal(line, CO_TEXT("*")))
        return validators->exists;
    struct etag tag;
    for (;;) {
        while (line.size && (line.at[0] == ',' || line.at[0] == ' ' || line.at[0] == '\t'))
            line = co_text_after(line, 1);
        if (!etag_take(&line, &tag))
            return false;
        if ((weakly || !tag.weak) && validators->etag.size &&
            co_text_equal(tag.opaque, validators->etag))
            return true;
    }
}

/* All lines of the field are one list (RFC 9110 5.3). */
static bool etags_match(const struct co_http1_request *request, co_text name,
    const struct co_validators *validators, bool weakly)
{
    struct co_http_walk walk = {
        .fields = request->fields, .count = request->field_count, .name = name};
    co_text line;
    while (co_http_walk_line(&walk, &line))
        if (etag_line_matches(line, validators, weakly))
            return true;
    return false;
}

/* Is the representation newer than a date field says? `unknown` when either has no date: the field
 * is to be ignored then (RFC 9110 13.1.3, 13.1.4). */
static bool newer(co_text field, const struct co_validators *validators, int64_t now, bool unknown)
{
    int64_t date;
    if (!field.at || validators->modified < 0 || co_date_read(field, now, &date) < 0)
        return unknown;
    return validators->modified > date;
}

int co_precondition(
    const struct co_http1_request *request, const struct co_validators *validators, int64_t now)
{
    /* RFC 9110 13.2.1: these select no representation. */
    if (request->method == CO_HTTP_CONNECT || request->method == CO_HTTP_OPTIONS ||
        request->method == CO_HTTP_TRACE)
        return 200;
    bool reads = request->method == CO_HTTP_GET || request->method == CO_HTTP_HEAD;
    if (request->if_match.at) {
        if (!etags_match(request, CO_TEXT("if-match"), validators, false))
            return 412;
    } else if (newer(request->if_unmodified_since, validators, now, false)) {
        return 412;
    }
    if (request->if_none_match.at) {
        if (etags_match(request, CO_TEXT("if-none-match"), validators, true))
            return reads ? 304 : 412;
    } else if (reads && !newer(request->if_modified_since, validators, now, true)) {
        return 304;
    }
    return 200;
}

bool co_if_range(
    co_text if_range, const struct co_validators *validators, int64_t date, int64_t now)
{
    if (!if_range.at)
        return true;
    struct etag tag;
    if (etag_take(&if_range, &tag))
        return if_range.size == 0 && !tag.weak && validators->etag.size &&
               co_text_equal(tag.opaque, validators->etag);
    int64_t modified;
    if (validators->modified < 0 || co_date_read(if_range, now, &modified) < 0)
        return false;
    /* RFC 9110 8.8.2.2: within the second of its change a date may stand for two contents. */
    return modified == validators->modified && modified < date;
}

/* An element "name;parameter;q=0.5" of Accept and its kin. */
struct preference {
    co_text name;
    int q; /* in thousandths */
};

/* "0", "0.5", "1.000": a weight in thousandths (RFC 9110 12.4.2), or -1. */
static int read_q(co_text text)
{
    int q = 0;
    if (text.size == 0 || text.size > 5 || (text.size > 1 && text.at[1] != '.'))
        return -1;
    for (size_t i = 0, scale = 1000; i < text.size; i++) {
        if (i == 1)
            continue;
        if (!co_is_digit(text.at[i]))
            return -1;
        q += (text.at[i] - '0') * (int)scale;
        scale /= 10;
    }
    return q <= 1000 ? q : -1;
}

/* The next well-formed element of a field over all its lines. Parameters other than q are passed
 * over: nothing that we serve differs in them. */
static bool next_preference(struct co_http_walk *walk, struct preference *ret)
{
    co_text element;
    while (co_http_walk_element(walk, &element)) {
        struct preference found = {.q = 1000};
        ssize_t end = co_text_find(element, ';');
        found.name = co_text_trim((co_text){element.at, end < 0 ? element.size : (size_t)end});
        while (end >= 0) {
            element = co_text_after(element, (size_t)end + 1);
            end = co_text_find(element, ';');
            co_text parameter =
                co_text_trim((co_text){element.at, end < 0 ? element.size : (size_t)end});
            if (parameter.size >= 2 && co_lower(parameter.at[0]) == 'q' && parameter.at[1] == '=')
                found.q = read_q(co_text_after(parameter, 2));
        }
        if (found.q >= 0) {
            *ret = found;
            return true;
        }
    }
    return false;
}

/* In the order of our preference. */
static const struct {
    enum co_coding coding;
    const char *name, *suffix;
} codings[] = {
    {CO_CODING_BR, "br", ".br"},
    {CO_CODING_ZSTD, "zstd", ".zst"},
    {CO_CODING_GZIP, "gzip", ".gz"},
    {CO_CODING_IDENTITY, "identity", ""},
};

enum coding_index { IDENTITY = 3, ANY = 4, UNKNOWN = 5 }; /* beside the places in the table */

static size_t coding_index(co_text name)
{
    if (co_text_equal(name, CO_TEXT("*")))
        return ANY;
    if (co_text_equal_nocase(name, CO_TEXT("x-gzip"))) /* RFC 9110 8.4.1.3 */
        name = CO_TEXT("gzip");
    for (size_t i = 0; i < CO_LENGTH(codings); i++)
        if (co_text_equal_nocase(name, co_text_of(codings[i].name)))
            return i;
    return UNKNOWN;
}

enum co_coding co_coding_choose(const struct co_http1_request *request, unsigned available)
{
    int q[UNKNOWN + 1] = {-1, -1, -1, -1, -1, -1};
    if (!request->accept_encoding.at)
        return CO_CODING_IDENTITY;
    struct co_http_walk walk = {.fields = request->fields,
        .count = request->field_count,
        .name = CO_TEXT("accept-encoding")};
    struct preference preference;
    while (next_preference(&walk, &preference))
        q[coding_index(preference.name)] = preference.q;
    enum co_coding best = CO_CODING_IDENTITY;
    int best_q = 0;
    for (size_t i = 0; i < CO_LENGTH(codings); i++) {
        int coding_q = q[i] >= 0 ? q[i] : q[ANY];
        if ((available & codings[i].coding) && coding_q > best_q) {
            best = codings[i].coding;
            best_q = coding_q;
        }
    }
    return best;
}

const char *co_coding_name(enum co_coding coding)
{
    for (size_t i = 0; i < CO_LENGTH(codings); i++)
        if (codings[i].coding == coding)
            return codings[i].name;
    return codings[IDENTITY].name;
}

const char *co_coding_suffix(enum co_coding coding)
{
    for (size_t i = 0; i < CO_LENGTH(codings); i++)
        if (codings[i].coding == coding)
            return codings[i].suffix;
    return codings[IDENTITY].suffix;
}

/* How closely a media range names a type: 0 not at all, 1 by "*" "/" "*", 2 by its type, 3 in full
 * (RFC 9110 12.5.1). */
static int media_match(co_text range, co_text type)
{
    if (co_text_equal(range, CO_TEXT("*/*")))
        return 1;
    if (co_text_equal_nocase(range, type))
        return 3;
    ssize_t slash = co_text_find(type, '/');
    size_t prefix = (size_t)(slash + 1);
    bool any = slash > 0 && range.size == prefix + 1 && range.at[prefix] == '*';
    return any && co_text_equal_nocase((co_text){range.at, prefix}, (co_text){type.at, prefix}) ? 2
                                                                                                : 0;
}

/* The q of the closest range; the highest of equally close ones. */
static int media_q(const struct co_http1_request *request, co_text type)
{
    struct co_http_walk walk = {
        .fields = request->fields, .count = request->field_count, .name = CO_TEXT("accept")};
    struct preference preference;
    int closest = 0, q = 0;
    while (next_preference(&walk, &preference)) {
        int match = media_match(preference.name, type);
        if (match > closest || (match && match == closest && preference.q > q)) {
            closest = match;
            q = preference.q;
        }
    }
    return q;
}

bool co_accept_prefers(const struct co_http1_request *request, co_text type_a, co_text type_b)
{
    return request->accept.at && media_q(request, type_a) > media_q(request, type_b);
}

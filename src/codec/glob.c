/* SPDX-License-Identifier: MIT */
/*
 * On a mismatch the last star takes one character more and the part behind it is tried again; stars
 * before it never need to, since whatever they leave to the last one it could also take itself. So
 * each character of the name starts one walk over the pattern at most.
 */
#include "codec/glob.h"
#include "codec/utf8.h"

#define BYTE 0x80000000 /* marks a byte that is no UTF-8: beyond all code points */

struct glob {
    co_text pattern, name;   /* what is left of them */
    const char *plain_from;  /* from here on a '[' is plain; NULL while none was found so */
    co_text star, star_name; /* what stood behind the last star, and the name there */
};

/* Takes a character off the start of a text that is not empty. */
static uint32_t take(co_text *text)
{
    uint32_t code;
    size_t size = co_utf8_next(*text, &code);
    if (code == CO_UTF8_INVALID) {
        code = BYTE | (uint8_t)text->at[0];
        size = 1;
    }
    *text = co_text_after(*text, size);
    return code;
}

static uint32_t take_escaped(co_text *text)
{
    uint32_t code = take(text);
    return code == '\\' && text->size ? take(text) : code;
}

/* ---- sets ----------------------------------------------------------------------------------- */

/* The classes of POSIX, of ASCII alone: pairs of what each begins and ends with. */
static const struct {
    co_text name;
    const char *ranges;
} classes[] = {
    {CO_TEXT("[:alnum:]"), "09AZaz"},
    {CO_TEXT("[:alpha:]"), "AZaz"},
    {CO_TEXT("[:blank:]"), "\t\t  "},
    {CO_TEXT("[:cntrl:]"), "\x01\x1f\x7f\x7f"},
    {CO_TEXT("[:digit:]"), "09"},
    {CO_TEXT("[:graph:]"), "!~"},
    {CO_TEXT("[:lower:]"), "az"},
    {CO_TEXT("[:print:]"), " ~"},
    {CO_TEXT("[:punct:]"), "!/:@[`{~"},
    {CO_TEXT("[:space:]"), "\t\r  "},
    {CO_TEXT("[:upper:]"), "AZ"},
    {CO_TEXT("[:xdigit:]"), "09AFaf"},
};

/* Takes a class off the start of a set; NULL when none stands there. */
static const char *take_class(co_text *set)
{
    for (size_t i = 0; co_text_starts(*set, CO_TEXT("[:")) && i < CO_LENGTH(classes); i++)
        if (co_text_starts(*set, classes[i].name)) {
            *set = co_text_after(*set, classes[i].name.size);
            return classes[i].ranges;
        }
    return NULL;
}

static bool is_in_class(const char *ranges, uint32_t code)
{
    bool found = false;
    for (; *ranges && !found; ranges += 2)
        found = (uint32_t)ranges[0] <= code && code <= (uint32_t)ranges[1];
    return found;
}

static bool is_negated(co_text set)
{
    return set.size && (set.at[0] == '!' || set.at[0] == '^');
}

/*
 * Takes the rest of a set behind its '['; false when it does not end. Where nothing but the bracket
 * of a class could end it, that does. Then no later one ends either: what would end that would end
 * this. Remembering it keeps the search from being done again.
 */
static bool take_set(struct glob *glob, co_text *ret)
{
    co_text set = glob->pattern, rest = set;
    const char *end = NULL; /* its first ']' */
    if (glob->plain_from && set.at >= glob->plain_from)
        return false;
    if (is_negated(rest))
        take(&rest);
    for (bool first = true; rest.size; first = false) {
        if (rest.at[0] == ']' && !first) {
            end = rest.at;
            break;
        }
        if (!take_class(&rest))
            take_escaped(&rest);
        else if (!end)
            end = rest.at - 1;
    }
    if (end) {
        *ret = (co_text){set.at, (size_t)(end - set.at)};
        glob->pattern = co_text_after(set, ret->size + 1);
        return true;
    }
    glob->plain_from = set.at;
    return false;
}

static bool is_in_set(co_text set, uint32_t code)
{
    bool negated = is_negated(set), found = false;
    if (negated)
        take(&set);
    while (set.size) {
        const char *ranges = take_class(&set);
        if (ranges) {
            found |= is_in_class(ranges, code);
            continue;
        }
        uint32_t low = take_escaped(&set), high = low;
        if (set.size >= 2 && set.at[0] == '-') {
            take(&set);
            high = take_escaped(&set);
        }
        found |= low <= code && code <= high;
    }
    return found != negated;
}

/* ---- matching ------------------------------------------------------------------------------- */

/* Takes one character of the name and what stands for it in the pattern; neither is empty. */
static bool take_match(struct glob *glob)
{
    co_text set;
    uint32_t code = take(&glob->name), wanted = take(&glob->pattern);
    switch (wanted) {
    case '?': return true;
    case '[': return take_set(glob, &set) ? is_in_set(set, code) : code == '[';
    case '\\': return code == (glob->pattern.size ? take(&glob->pattern) : '\\');
    default: return code == wanted;
    }
}

/* Lets the last star take one character more. */
static bool retry(struct glob *glob)
{
    if (!glob->star.at || glob->star_name.size == 0)
        return false;
    take(&glob->star_name);
    glob->pattern = glob->star;
    glob->name = glob->star_name;
    return true;
}

static bool begins_with_dot(co_text pattern)
{
    return co_text_starts(pattern, CO_TEXT(".")) || co_text_starts(pattern, CO_TEXT("\\."));
}

bool co_glob_match(co_text pattern, co_text name)
{
    struct glob glob = {.pattern = pattern, .name = name};
    if (co_text_starts(name, CO_TEXT(".")) && !begins_with_dot(pattern))
        return false;
    while (glob.pattern.size || glob.name.size) {
        if (glob.pattern.size && glob.pattern.at[0] == '*') {
            glob.pattern = co_text_after(glob.pattern, 1);
            glob.star = glob.pattern;
            glob.star_name = glob.name;
            if (glob.pattern.size == 0)
                return true;
        } else if (glob.name.size == 0) {
            return false; /* a star that takes more leaves still less */
        } else if ((glob.pattern.size == 0 || !take_match(&glob)) && !retry(&glob)) {
            return false;
        }
    }
    return true;
}

bool co_glob_is_pattern(co_text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '*' || text.at[i] == '?' || text.at[i] == '[')
            return true;
    }
    return false;
}

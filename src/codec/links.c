/* SPDX-License-Identifier: MIT */
#include "codec/links.h"

#include <errno.h>

enum state {
    TEXT,
    TAG_OPEN,    /* after '<' */
    DECLARATION, /* after "<!", "<?" or "</" and no letter: up to '>' */
    DASH,        /* after "<!-" */
    COMMENT,
    TAG_NAME,
    BEFORE_ATTRIBUTE,
    ATTRIBUTE,
    AFTER_ATTRIBUTE,
    BEFORE_VALUE,
    VALUE_DOUBLE,
    VALUE_SINGLE,
    VALUE_PLAIN,
    RAW, /* inside of a script and the like */
};

void co_links_start(struct co_links *links)
{
    *links = (struct co_links){
        .href = CO_BUF(CO_LINKS_HREF_MAX), .title = CO_BUF(CO_LINKS_TITLE_MAX), .state = TEXT};
}

void co_links_free(struct co_links *links)
{
    co_buf_free(&links->href);
    co_buf_free(&links->title);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c)
{
    return co_lower(c) >= 'a' && co_lower(c) <= 'z';
}

/* Names are cut: none that matters is as long. */
static void add_to_name(char name[CO_LINKS_NAME_MAX], unsigned *size, char c)
{
    if (*size < CO_LINKS_NAME_MAX - 1)
        name[(*size)++] = co_lower(c);
    name[*size] = '\0';
}

/* ---- character references ------------------------------------------------------------------- */

/* "#38", "#x26" or a name to a byte; 0: none of those that stand in links. */
static char byte_of(co_text name)
{
    static const struct {
        co_text name;
        char byte;
    } named[] = {{CO_TEXT("amp"), '&'}, {CO_TEXT("lt"), '<'}, {CO_TEXT("gt"), '>'},
        {CO_TEXT("quot"), '"'}, {CO_TEXT("apos"), '\''}};
    for (size_t i = 0; i < CO_LENGTH(named); i++)
        if (co_text_equal(name, named[i].name))
            return named[i].byte;
    if (name.size < 2 || name.at[0] != '#')
        return 0;
    unsigned value = 0, base = co_lower(name.at[1]) == 'x' ? 16 : 10;
    co_text digits = co_text_after(name, base == 16 ? 2 : 1);
    if (digits.size == 0)
        return 0;
    for (size_t i = 0; i < digits.size; i++) {
        char c = co_lower(digits.at[i]);
        unsigned digit = co_is_digit(c) ? (unsigned)(c - '0')
                         : c >= 'a'     ? (unsigned)(c - 'a') + 10
                                        : base;
        value = value * base + digit;
        if (digit >= base || value > 0x7f)
            return 0;
    }
    return (char)value;
}

#define REFERENCE_MAX 10 /* bytes between '&' and ';' that are looked at */

/* In place: what a reference stands for is never longer. Others stay as they are. */
static void undo_references(struct co_buf *text)
{
    size_t out = 0, in = 0;
    while (in < text->size) {
        char c = text->at[in++];
        if (c == '&') {
            co_text rest = {text->at + in, text->size - in};
            rest.size = rest.size < REFERENCE_MAX ? rest.size : REFERENCE_MAX;
            ssize_t end = co_text_find(rest, ';');
            char byte = end > 0 ? byte_of((co_text){rest.at, (size_t)end}) : 0;
            if (byte) {
                c = byte;
                in += (size_t)end + 1;
            }
        }
        text->at[out++] = c;
    }
    text->size = out;
}

/* HTML 2.4.1: a URL may be surrounded by spaces. */
static void trim(struct co_buf *text)
{
    size_t before = 0;
    while (text->size > 0 && is_space(text->at[text->size - 1]))
        text->size--;
    while (before < text->size && is_space(text->at[before]))
        before++;
    text->size -= before;
    if (before > 0)
        memmove(text->at, text->at + before, text->size);
}

/* ---- tags ----------------------------------------------------------------------------------- */

/* What the tag that is read tells: CO_LINKS_LINK, CO_LINKS_BASE, or 0. */
static int told_by(struct co_links *links)
{
    if (!links->has_href || links->href.error)
        return 0;
    if (strcmp(links->tag, "a") == 0)
        return CO_LINKS_LINK;
    if (strcmp(links->tag, "base") != 0 || links->has_base)
        return 0;
    links->has_base = true;
    return CO_LINKS_BASE;
}

static int end_tag(struct co_links *links)
{
    static const char *const raw[] = {"script", "style", "textarea", "title", "xmp", "iframe"};
    int told = told_by(links);
    links->state = TEXT;
    links->matched = 0;
    for (size_t i = 0; i < CO_LENGTH(raw); i++)
        if (strcmp(links->tag, raw[i]) == 0) {
            memcpy(links->raw, links->tag, sizeof links->raw);
            links->state = RAW;
        }
    if (told) {
        undo_references(&links->href);
        trim(&links->href);
    }
    return told;
}

static void begin_tag(struct co_links *links, char c)
{
    links->tag_size = 0;
    links->has_href = false;
    links->state = TAG_NAME;
    add_to_name(links->tag, &links->tag_size, c);
}

static int tag_open(struct co_links *links, char c)
{
    links->state = is_letter(c) || c == '/' ? TAG_NAME : c == '<' ? TAG_OPEN : TEXT;
    if (c == '!' || c == '?')
        links->state = DECLARATION;
    links->matched = c == '!';
    if (links->state == TAG_NAME)
        begin_tag(
            links, c); /* of a closing one the name begins with '/': it is none that matters */
    return 0;
}

static int declaration(struct co_links *links, char c)
{
    if (c == '-' && links->matched)
        links->state = DASH;
    else if (c == '>')
        links->state = TEXT;
    links->matched = 0;
    return 0;
}

static int dash(struct co_links *links, char c)
{
    links->state = c == '-' ? COMMENT : c == '>' ? TEXT : DECLARATION;
    links->matched = 2; /* "<!-->" is a whole comment */
    return 0;
}

/* Ends with "-->" or "--!>". */
static int comment(struct co_links *links, char c)
{
    if (c == '>' && links->matched >= 2)
        links->state = TEXT;
    else if (c == '-')
        links->matched = links->matched == 1 || links->matched == 2 ? 2 : 1;
    else
        links->matched = c == '!' && links->matched == 2 ? 3 : 0;
    return 0;
}

static int begin_attribute(struct co_links *links, char c)
{
    if (c == '>')
        return end_tag(links);
    links->state = BEFORE_ATTRIBUTE;
    if (is_space(c) || c == '/')
        return 0;
    links->attribute_size = 0;
    add_to_name(links->attribute, &links->attribute_size, c);
    links->state = ATTRIBUTE;
    return 0;
}

static int tag_name(struct co_links *links, char c)
{
    if (is_space(c) || c == '>' || c == '/')
        return begin_attribute(links, c);
    add_to_name(links->tag, &links->tag_size, c);
    return 0;
}

static int attribute(struct co_links *links, char c)
{
    if (c == '=')
        links->state = BEFORE_VALUE;
    else if (c == '>' || c == '/')
        return begin_attribute(links, c);
    else if (is_space(c))
        links->state = AFTER_ATTRIBUTE;
    else
        add_to_name(links->attribute, &links->attribute_size, c);
    return 0;
}

static int after_attribute(struct co_links *links, char c)
{
    if (is_space(c))
        return 0;
    if (c != '=')
        return begin_attribute(links, c);
    links->state = BEFORE_VALUE;
    return 0;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Of an attribute that comes twice the first one counts. */
static bool is_wanted(const struct co_links *links)
{
    return !links->has_href && strcmp(links->attribute, "href") == 0;
}

static void add_to_value(struct co_links *links, char c)
{
    if (is_wanted(links))
        co_buf_add_char(&links->href, c);
}

static int end_value(struct co_links *links, char c)
{
    links->has_href |= is_wanted(links);
    links->state = BEFORE_ATTRIBUTE;
    return c == '>' ? end_tag(links) : 0;
}

static int before_value(struct co_links *links, char c)
{
    if (is_space(c))
        return 0;
    if (is_wanted(links))
        co_buf_clear(&links->href);
    if (c == '>')
        return end_value(links, c);
    links->state = c == '"' ? VALUE_DOUBLE : c == '\'' ? VALUE_SINGLE : VALUE_PLAIN;
    if (links->state == VALUE_PLAIN)
        add_to_value(links, c);
    return 0;
}

static int value(struct co_links *links, char c)
{
    bool ends = links->state == VALUE_DOUBLE   ? c == '"'
                : links->state == VALUE_SINGLE ? c == '\''
                                               : c == '>' || is_space(c);
    if (ends)
        return end_value(links, c);
    add_to_value(links, c);
    return 0;
}

/* ---- raw text ------------------------------------------------------------------------------- */

/* Up to "</NAME" and then what is no letter. */
static int raw_text(struct co_links *links, char c)
{
    unsigned size = (unsigned)strlen(links->raw);
    if (strcmp(links->raw, "title") == 0 && links->matched == 0 && c != '<')
        co_buf_add_char(&links->title, c); /* what is too much is not kept */
    if (links->matched == size + 2 && !is_letter(c)) {
        begin_tag(links, '/');
        return tag_name(links, c);
    }
    bool fits = links->matched == 1 ? c == '/'
                : links->matched >= 2
                    ? links->matched < size + 2 && co_lower(c) == links->raw[links->matched - 2]
                    : c == '<';
    links->matched = fits ? links->matched + 1 : c == '<';
    return 0;
}

/* ---- all together --------------------------------------------------------------------------- */

static int text(struct co_links *links, char c)
{
    if (c == '<')
        links->state = TAG_OPEN;
    return 0;
}

static int step(struct co_links *links, char c)
{
    static int (*const steps[])(struct co_links *, char) = {
        [TEXT] = text,
        [TAG_OPEN] = tag_open,
        [DECLARATION] = declaration,
        [DASH] = dash,
        [COMMENT] = comment,
        [TAG_NAME] = tag_name,
        [BEFORE_ATTRIBUTE] = begin_attribute,
        [ATTRIBUTE] = attribute,
        [AFTER_ATTRIBUTE] = after_attribute,
        [BEFORE_VALUE] = before_value,
        [VALUE_DOUBLE] = value,
        [VALUE_SINGLE] = value,
        [VALUE_PLAIN] = value,
        [RAW] = raw_text,
    };
    return steps[links->state](links, c);
}

int co_links_next(struct co_links *links, co_text *input)
{
    if (links->error)
        return links->error;
    size_t taken = 0;
    int found = 0;
    while (found == 0 && taken < input->size)
        found = step(links, input->at[taken++]);
    *input = co_text_after(*input, taken);
    if (links->href.error == -ENOMEM || links->title.error == -ENOMEM)
        return links->error = -ENOMEM;
    return found;
}

/* SPDX-License-Identifier: MIT */
#include "codec/hsts.h"

#include "codec/date.h"
#include "codec/http1.h"

/* ---- the field ------------------------------------------------------------------------------ */

struct directive {
    co_text name, value; /* escapes stay in it: no directive that we know needs one */
    bool has_value;
};

/* Takes a directive and the semicolon behind it. False when it is malformed. */
static bool take_directive(co_text *text, struct directive *ret)
{
    *text = co_text_trim(*text);
    *ret = (struct directive){.name = co_http_take_token(text)};
    *text = co_text_trim(*text);
    ret->has_value = co_text_starts(*text, CO_TEXT("="));
    if (ret->has_value) {
        *text = co_text_trim(co_text_after(*text, 1));
        if (!co_text_starts(*text, CO_TEXT("\"")))
            ret->value = co_http_take_token(text);
        else if (!co_http_take_quoted(text, &ret->value))
            return false;
        *text = co_text_trim(*text);
    }
    if (text->size && text->at[0] != ';')
        return false;
    *text = co_text_after(*text, 1);
    return ret->name.size > 0 || !ret->has_value;
}

/* What is beyond 64 bits is as good as for ever. */
static bool read_age(co_text digits, int64_t *ret)
{
    int64_t age = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (!co_is_digit(digits.at[i]))
            return false;
        if (__builtin_mul_overflow(age, (int64_t)10, &age) ||
            __builtin_add_overflow(age, (int64_t)(digits.at[i] - '0'), &age))
            age = INT64_MAX;
    }
    *ret = age;
    return digits.size > 0;
}

int co_hsts_parse(co_text text, struct co_hsts_policy *ret)
{
    struct co_hsts_policy policy = {.max_age = -1};
    struct directive directive;
    while (text.size) {
        if (!take_directive(&text, &directive))
            return CO_EINVALID;
        if (co_text_equal_nocase(directive.name, CO_TEXT("max-age"))) {
            if (policy.max_age >= 0 || !read_age(directive.value, &policy.max_age))
                return CO_EINVALID;
        } else if (co_text_equal_nocase(directive.name, CO_TEXT("includeSubDomains"))) {
            if (policy.subdomains || directive.has_value)
                return CO_EINVALID;
            policy.subdomains = true;
        }
    }
    if (policy.max_age < 0)
        return CO_EINVALID;
    *ret = policy;
    return 0;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* `"20271231 23:59:59"`, in UTC. */
static bool read_time(co_text text, int64_t *ret)
{
    static const char form[] = "\"dddddddd dd:dd:dd\"";
    char digits[CO_DATE_DIGITS_SIZE];
    size_t count = 0;
    if (text.size != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (form[i] != 'd' && text.at[i] != form[i])
            return false;
        if (form[i] == 'd')
            digits[count++] = text.at[i];
    }
    return co_date_read_digits((co_text){digits, count}, ret) == 0;
}

int co_hsts_line_parse(co_text line, struct co_hsts_line *ret)
{
    line = co_text_trim(line);
    ssize_t space = co_text_find(line, ' ');
    if (space <= 0 || line.at[0] == '#')
        return CO_EINVALID;
    struct co_hsts_line read = {.host = {line.at, (size_t)space}};
    co_text time = co_text_trim(co_text_after(line, (size_t)space));
    read.subdomains = line.at[0] == '.';
    read.host = co_text_after(read.host, read.subdomains);
    if (co_text_equal(time, CO_TEXT("\"unlimited\"")))
        read.expires = INT64_MAX;
    else if (!read_time(time, &read.expires))
        return CO_EINVALID;
    if (read.host.size == 0)
        return CO_EINVALID;
    *ret = read;
    return 0;
}

void co_hsts_line_write(const struct co_hsts_line *line, struct co_buf *out)
{
    char digits[CO_DATE_DIGITS_SIZE];
    co_buf_add_string(out, line->subdomains ? "." : "");
    co_buf_add_text(out, line->host);
    if (line->expires == INT64_MAX) {
        co_buf_add_string(out, " \"unlimited\"\n");
        return;
    }
    co_date_write_digits(digits, line->expires);
    co_buf_addf(out, " \"%.8s %.2s:%.2s:%.2s\"\n", digits, digits + 8, digits + 10, digits + 12);
}

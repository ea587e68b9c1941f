/* SPDX-License-Identifier: MIT */
#include "codec/cookie_date.h"

#include "codec/date.h"

#define YEAR_MIN 1601 /* RFC 6265bis 5.1.1 */

struct parts {
    int hour, minute, second, day, month, year; /* negative: not found yet */
};

/* Tab, and the punctuation that no time, number or name is made of. */
static bool is_delimiter(char c)
{
    return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') ||
           (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/* Takes digits off the front, no fewer than `min` and no more than `max`, with something else
 * behind. */
static bool take_number(co_text *text, size_t min, size_t max, int *ret)
{
    size_t size = 0;
    int number = 0;
    while (size < text->size && co_is_digit(text->at[size])) {
        if (size == max)
            return false;
        number = 10 * number + (text->at[size++] - '0');
    }
    if (size < min)
        return false;
    *text = co_text_after(*text, size);
    *ret = number;
    return true;
}

static bool take_colon(co_text *text)
{
    if (!co_text_starts(*text, CO_TEXT(":")))
        return false;
    *text = co_text_after(*text, 1);
    return true;
}

/* "8:49:37", and whatever follows. */
static bool read_time(co_text token, struct parts *parts)
{
    int hour, minute, second;
    if (!take_number(&token, 1, 2, &hour) || !take_colon(&token) ||
        !take_number(&token, 1, 2, &minute) || !take_colon(&token) ||
        !take_number(&token, 1, 2, &second))
        return false;
    parts->hour = hour;
    parts->minute = minute;
    parts->second = second;
    return true;
}

static bool read_month(co_text token, struct parts *parts)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (token.size < 3)
        return false;
    for (int month = 0; month < 12; month++)
        if (co_text_equal_nocase((co_text){token.at, 3}, (co_text){names + 3 * month, 3})) {
            parts->month = month + 1;
            return true;
        }
    return false;
}

/* A token is the first part, in this order, that it looks like and that is not known yet. */
static void read_token(co_text token, struct parts *parts)
{
    if (parts->hour < 0 && read_time(token, parts))
        return;
    if (parts->day < 0 && take_number(&token, 1, 2, &parts->day))
        return;
    if (parts->month < 0 && read_month(token, parts))
        return;
    if (parts->year < 0)
        (void)take_number(&token, 2, 4, &parts->year);
}

static void read_tokens(co_text text, struct parts *parts)
{
    size_t at = 0;
    while (at < text.size) {
        size_t end = at;
        while (end < text.size && !is_delimiter(text.at[end]))
            end++;
        if (end > at)
            read_token((co_text){text.at + at, end - at}, parts);
        at = end + 1;
    }
}

/* "20261128023400" for a date whose parts are all there. */
static void write_digits(const struct parts *parts, char digits[CO_DATE_DIGITS_SIZE])
{
    const int pairs[] = {parts->year / 100, parts->year % 100, parts->month, parts->day,
        parts->hour, parts->minute, parts->second};
    for (size_t i = 0; i < CO_LENGTH(pairs); i++) {
        digits[2 * i] = (char)('0' + pairs[i] / 10);
        digits[2 * i + 1] = (char)('0' + pairs[i] % 10);
    }
}

int co_cookie_date_read(co_text text, int64_t *ret_seconds)
{
    struct parts parts = {-1, -1, -1, -1, -1, -1};
    char digits[CO_DATE_DIGITS_SIZE];
    read_tokens(text, &parts);
    if (parts.year >= 0 && parts.year <= 99)
        parts.year += parts.year >= 70 ? 1900 : 2000;
    if (parts.hour < 0 || parts.day < 0 || parts.month < 0 || parts.year < YEAR_MIN ||
        parts.second > 59)
        return CO_EINVALID;
    write_digits(&parts, digits);
    return co_date_read_digits((co_text){digits, sizeof digits}, ret_seconds);
}

/* Takes " GMT" or " +0200" off the end. *ret: the seconds that it is ahead of UTC. False for any
 * other zone, and for none. */
static bool take_zone(co_text *text, int64_t *ret)
{
    size_t at = text->size;
    while (at > 0 && text->at[at - 1] != ' ')
        at--;
    co_text zone = co_text_after(*text, at);
    uint64_t number;
    text->size = at;
    *ret = 0;
    if (at == 0 || co_text_equal_nocase(zone, CO_TEXT("GMT")) ||
        co_text_equal_nocase(zone, CO_TEXT("UTC")))
        return at > 0;
    if (zone.size != 5 || (zone.at[0] != '+' && zone.at[0] != '-') ||
        co_text_number(co_text_after(zone, 1), 2359, &number) < 0 || number % 100 > 59)
        return false;
    *ret = (int64_t)(number / 100 * 60 + number % 100) * (zone.at[0] == '-' ? -60 : 60);
    return true;
}

int co_date_read_loosely(co_text text, int64_t now, int64_t *ret_seconds)
{
    int64_t zone;
    if (co_date_read(text, now, ret_seconds) == 0)
        return 0;
    if (!take_zone(&text, &zone) || co_cookie_date_read(text, ret_seconds) < 0)
        return CO_EINVALID;
    *ret_seconds -= zone;
    return 0;
}

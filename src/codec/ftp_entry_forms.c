/* SPDX-License-Identifier: MIT */
#include "codec/ftp_entry_forms.h"

#include "codec/date.h"

#include <stdio.h>

#define DAY_SECONDS 86400
#define SHORT_MAX   9 /* digits that fit into an unsigned */

/* ---- words ----------------------------------------------------------------------------------- */

void co_ftp_words_split(co_text line, struct co_ftp_words *ret)
{
    size_t at = 0;
    ret->line = line;
    ret->count = 0;
    while (ret->count < CO_FTP_WORDS_MAX) {
        while (at < line.size && (line.at[at] == ' ' || line.at[at] == '\t'))
            at++;
        size_t begin = at;
        while (at < line.size && line.at[at] != ' ' && line.at[at] != '\t')
            at++;
        if (at == begin)
            return;
        ret->at[ret->count++] = (co_text){line.at + begin, at - begin};
    }
}

co_text co_ftp_words_behind(const struct co_ftp_words *words, unsigned word, bool skip_spaces)
{
    const co_text *before = &words->at[word];
    size_t from = (size_t)(before->at - words->line.at) + before->size + 1;
    co_text rest = co_text_after(words->line, from);
    while (skip_spaces && rest.size > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t'))
        rest = co_text_after(rest, 1);
    return rest;
}

bool co_ftp_small_number(co_text word, unsigned *ret)
{
    uint64_t number;
    if (word.size > SHORT_MAX || co_text_number(word, UINT32_MAX, &number) < 0)
        return false;
    *ret = (unsigned)number;
    return true;
}

bool co_ftp_numbers(co_text word, char separator, unsigned ret[3])
{
    for (unsigned i = 0; i < 3; i++) {
        ssize_t end = i < 2 ? co_text_find(word, separator) : (ssize_t)word.size;
        if (end < 0 || !co_ftp_small_number((co_text){word.at, (size_t)end}, &ret[i]))
            return false;
        word = co_text_after(word, (size_t)end + 1);
    }
    return true;
}

/* ---- moments --------------------------------------------------------------------------------- */

/* English; then German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Russian, where they
 * differ. */
unsigned co_ftp_month(co_text word)
{
    static const struct {
        char name[8];
        uint8_t month;
    } names[] = {{"jan", 1}, {"feb", 2}, {"mar", 3}, {"apr", 4}, {"may", 5}, {"jun", 6}, {"jul", 7},
        {"aug", 8}, {"sep", 9}, {"oct", 10}, {"nov", 11}, {"dec", 12}, {"sept", 9}, {"mrz", 3},
        {"m\303\244r", 3}, {"mai", 5}, {"okt", 10}, {"dez", 12}, {"janv", 1}, {"f\303\251v", 2},
        {"fevr", 2}, {"mars", 3}, {"avr", 4}, {"juin", 6}, {"juil", 7}, {"ao\303\273", 8},
        {"ene", 1}, {"abr", 4}, {"ago", 8}, {"dic", 12}, {"gen", 1}, {"mag", 5}, {"giu", 6},
        {"lug", 7}, {"set", 9}, {"ott", 10}, {"fev", 2}, {"out", 10}, {"mrt", 3}, {"mei", 5},
        {"maj", 5}, {"d\303\251c", 12}, {"juni", 6}, {"juli", 7}, {"f\303\251vr", 2}, {"avril", 4},
        {"ao\303\273t", 8}, {"\321\217\320\275\320\262", 1}, {"\321\204\320\265\320\262", 2},
        {"\320\274\320\260\321\200", 3}, {"\320\260\320\277\321\200", 4},
        {"\320\274\320\260\320\271", 5}, {"\320\274\320\260\321\217", 5},
        {"\320\270\321\216\320\275", 6}, {"\320\270\321\216\320\273", 7},
        {"\320\260\320\262\320\263", 8}, {"\321\201\320\265\320\275", 9},
        {"\320\276\320\272\321\202", 10}, {"\320\275\320\276\321\217", 11},
        {"\320\264\320\265\320\272", 12}};
    /* of Chinese and Japanese, and of Korean: "11" and this */
    const co_text moons[] = {CO_TEXT("\346\234\210"), CO_TEXT("\354\233\224")};
    unsigned number;
    while (word.size > 0 && (word.at[word.size - 1] == '.' || word.at[word.size - 1] == ','))
        word.size--;
    for (size_t i = 0; i < CO_LENGTH(names); i++)
        if (co_text_equal_nocase(word, co_text_of(names[i].name)))
            return names[i].month;
    for (size_t i = 0; i < CO_LENGTH(moons); i++) {
        size_t digits = word.size > moons[i].size ? word.size - moons[i].size : 0;
        if (digits && co_text_equal(co_text_after(word, digits), moons[i]) &&
            co_ftp_small_number((co_text){word.at, digits}, &number) && number <= 12)
            return number;
    }
    return 0;
}

/* AM and PM, which may be missing. False for another tail. */
static bool take_half_day(co_text tail, unsigned *hour)
{
    bool after_noon = co_text_equal_nocase(tail, CO_TEXT("PM"));
    if (tail.size == 0)
        return true;
    if ((!after_noon && !co_text_equal_nocase(tail, CO_TEXT("AM"))) || *hour > 12)
        return false;
    *hour = *hour % 12 + (after_noon ? 12 : 0);
    return true;
}

/* Two digits, or one, at the beginning; taken off. */
static bool take_digits(co_text *rest, unsigned *ret)
{
    size_t digits = 0;
    while (digits < rest->size && digits < 2 && co_is_digit(rest->at[digits]))
        digits++;
    bool good = co_ftp_small_number((co_text){rest->at, digits}, ret);
    *rest = co_text_after(*rest, digits);
    return good;
}

static bool take_colon(co_text *rest)
{
    bool good = rest->size > 0 && rest->at[0] == ':';
    if (good)
        *rest = co_text_after(*rest, 1);
    return good;
}

bool co_ftp_moment_read_time(co_text word, struct co_ftp_moment *moment)
{
    unsigned hour, minute, second = 0;
    if (!take_digits(&word, &hour) || !take_colon(&word) || !take_digits(&word, &minute))
        return false;
    if (take_colon(&word) && !take_digits(&word, &second))
        return false;
    if (word.size > 0 && word.at[0] == '.') {
        word = co_text_after(word, 1);
        while (word.size > 0 && co_is_digit(word.at[0]))
            word = co_text_after(word, 1);
    }
    if (!take_half_day(word, &hour) || hour > 24 || minute >= 60 || second >= 61)
        return false;
    moment->hour = hour % 24;
    moment->minute = minute;
    moment->second = second;
    moment->timed = hour < 24; /* 24 is the day's first hour to some and its end to others */
    return true;
}

static bool seconds_of(const struct co_ftp_moment *moment, int64_t *ret)
{
    char digits[CO_DATE_DIGITS_SIZE + 1];
    if (moment->year > 9999 || moment->month > 12 || moment->day > 31)
        return false;
    snprintf(digits, sizeof digits, "%04u%02u%02u%02u%02u%02u", moment->year % 10000,
        moment->month % 100, moment->day % 100, moment->hour % 100, moment->minute % 100,
        moment->second % 100);
    return co_date_read_digits((co_text){digits, CO_DATE_DIGITS_SIZE}, ret) == 0;
}

static unsigned year_of(int64_t now)
{
    char digits[CO_DATE_DIGITS_SIZE];
    unsigned year = 0;
    co_date_write_digits(digits, now);
    co_ftp_small_number((co_text){digits, 4}, &year);
    return year;
}

bool co_ftp_moment_take(const struct co_ftp_moment *moment, int64_t now, struct co_ftp_entry *entry)
{
    struct co_ftp_moment full = *moment;
    int64_t seconds = 0;
    bool good;
    if (moment->year) {
        good = seconds_of(&full, &seconds);
    } else { /* a day of tolerance for time zones; February 29th may be some years ago */
        full.year = year_of(now) + 1;
        for (int tries = 0; tries < 9; tries++, full.year--)
            if ((good = seconds_of(&full, &seconds)) && seconds <= now + DAY_SECONDS)
                break;
        good = good && seconds <= now + DAY_SECONDS;
    }
    if (good) {
        entry->modified = seconds;
        entry->modified_within = moment->timed ? 60 : DAY_SECONDS;
    }
    return good;
}

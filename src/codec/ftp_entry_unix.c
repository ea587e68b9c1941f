/* SPDX-License-Identifier: MIT */
/*
 * Lines of `ls -l`, and of what looks like it (NetWare's, NetPresenz's). Between the permissions
 * and the name is anything: links or none, a group or none, owners of several words. So the date is
 * looked for, with a size before it: in it the systems of the world differ less.
 */
#include "codec/ftp_entry_forms.h"

#define MODE_LETTERS 9

/* ---- dates ----------------------------------------------------------------------------------- */

static bool ends_with_comma(co_text word)
{
    return word.size > 0 && word.at[word.size - 1] == ',';
}

/* A day, perhaps with a dot, or with the sign that Chinese, Japanese or Korean put behind it. */
static bool read_day(co_text word, unsigned *ret)
{
    word.size -= ends_with_comma(word);
    size_t digits = 0;
    while (digits < word.size && co_is_digit(word.at[digits]))
        digits++;
    co_text tail = co_text_after(word, digits);
    bool known = tail.size == 0 || co_text_equal(tail, CO_TEXT(".")) ||
                 co_text_equal(tail, CO_TEXT("\346\227\245")) ||
                 co_text_equal(tail, CO_TEXT("\354\235\274"));
    return known && digits <= 2 && co_ftp_small_number((co_text){word.at, digits}, ret) &&
           *ret >= 1 && *ret <= 31;
}

static bool read_year(co_text word, unsigned *ret)
{
    const co_text signs[] = {CO_TEXT("\345\271\264"), CO_TEXT("\353\205\204")};
    for (size_t i = 0; i < CO_LENGTH(signs); i++)
        if (word.size > signs[i].size &&
            co_text_equal(co_text_after(word, word.size - signs[i].size), signs[i]))
            word.size -= signs[i].size;
    return word.size == 4 && co_ftp_small_number(word, ret) && *ret >= 1000;
}

/* "Nov 28 02:34", "Nov 28  2026", "28 Nov 02:34", "Nov 28 02:34:00 2026", VShell's "Nov 28, 2026
 * 02:34". Words taken, or 0. */
static unsigned read_named(const co_text *words, unsigned count, struct co_ftp_moment *moment)
{
    if (count < 3)
        return 0;
    unsigned first = co_ftp_month(words[0]);
    moment->month = first ? first : co_ftp_month(words[1]);
    if (moment->month == 0 || !read_day(words[first ? 1 : 0], &moment->day))
        return 0;
    if (read_year(words[2], &moment->year))
        return count > 3 && ends_with_comma(words[1]) && co_ftp_moment_read_time(words[3], moment)
                   ? 4
                   : 3;
    if (!co_ftp_moment_read_time(words[2], moment))
        return 0;
    return count > 3 && words[2].size == 8 && read_year(words[3], &moment->year) ? 4 : 3;
}

/* "Wed Jan 29 03:26:07 2020", as the oldest `ls` have it. */
static unsigned read_weekday(const co_text *words, unsigned count, struct co_ftp_moment *moment)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    for (size_t i = 0; i < CO_LENGTH(days); i++) {
        if (count < 5 || !co_text_equal(words[0], co_text_of(days[i])))
            continue;
        unsigned taken = read_named(words + 1, count - 1, moment);
        return taken ? taken + 1 : 0;
    }
    return read_named(words, count, moment);
}

/* "+0100": minutes east of Greenwich. */
static bool read_zone(co_text word, int *ret)
{
    unsigned zone;
    if (word.size != 5 || (word.at[0] != '+' && word.at[0] != '-') ||
        !co_ftp_small_number(co_text_after(word, 1), &zone))
        return false;
    int minutes = (int)(zone / 100 * 60 + zone % 100);
    *ret = word.at[0] == '-' ? -minutes : minutes;
    return true;
}

/* With its sign, and so no size: "2026\353\205\204 11\354\233\224 28\354\235\274" (Korean). */
static unsigned read_year_first(const co_text *words, unsigned count, struct co_ftp_moment *moment)
{
    if (count < 3 || words[0].size <= 4 || !read_year(words[0], &moment->year))
        return 0;
    moment->month = co_ftp_month(words[1]);
    return moment->month && read_day(words[2], &moment->day) ? 3 : 0;
}

/* "2026-11-28", "2026/11/28", "28.11.2026". */
static bool read_numbers(co_text word, struct co_ftp_moment *moment)
{
    unsigned n[3];
    if (!co_ftp_numbers(word, '-', n) && !co_ftp_numbers(word, '/', n) &&
        !co_ftp_numbers(word, '.', n))
        return false;
    unsigned day = n[0] < 1000 ? n[0] : n[2], year = n[0] < 1000 ? n[2] : n[0];
    *moment = (struct co_ftp_moment){.year = year, .month = n[1], .day = day};
    return year >= 1000;
}

/* "2026-11-28 02:34", with seconds, a fraction, a zone; "2026-11-28", which `ls` writes of another
 * year than "11-28 02:34"; "11-28 2025". */
static unsigned read_iso(const co_text *words, unsigned count, struct co_ftp_moment *moment)
{
    if (count < 2)
        return 0;
    if (read_numbers(words[0], moment))
        return co_ftp_moment_read_time(words[1], moment) ? 2 : 1;
    if (words[0].size != 5 || words[0].at[2] != '-' ||
        !co_ftp_small_number((co_text){words[0].at, 2}, &moment->month) ||
        !co_ftp_small_number(co_text_after(words[0], 3), &moment->day))
        return 0;
    bool good = read_year(words[1], &moment->year) || co_ftp_moment_read_time(words[1], moment);
    return good ? 2 : 0;
}

/* The words that a date takes, which begins at the first of these; 0: none does. */
static unsigned read_date(
    const co_text *words, unsigned count, int64_t now, struct co_ftp_entry *entry)
{
    struct co_ftp_moment moment = {0};
    int zone;
    unsigned taken = read_iso(words, count, &moment);
    bool iso = taken > 0 && moment.year > 0 && moment.timed;
    if (taken == 0) {
        moment = (struct co_ftp_moment){0};
        taken = read_weekday(words, count, &moment);
    }
    if (taken == 0)
        taken = read_year_first(words, count, &moment);
    if (taken == 0 || !co_ftp_moment_take(&moment, now, entry))
        return 0;
    if (iso && taken < count && read_zone(words[taken], &zone)) {
        entry->modified -= zone * 60;
        entry->modified_within = words[1].size > 5 ? 1 : 60;
        taken++;
    }
    return taken;
}

/* ---- the line -------------------------------------------------------------------------------- */

static bool read_type(char letter, enum co_ftp_type *ret)
{
    static const char letters[] = "-dlbcpsD";
    const char *at = strchr(letters, letter);
    if (!at || !letter)
        return false;
    *ret = letter == '-'   ? CO_FTP_FILE
           : letter == 'd' ? CO_FTP_FOLDER
           : letter == 'l' ? CO_FTP_LINK
                           : CO_FTP_OTHER;
    return true;
}

/* "rwxr-sr-t": its bits; false when it is none. */
static bool read_mode(co_text letters, unsigned *ret)
{
    static const char bits[] = "rwxrwxrwx";
    unsigned mode = 0;
    if (letters.size < MODE_LETTERS)
        return false;
    for (unsigned i = 0; i < MODE_LETTERS; i++) {
        char c = letters.at[i];
        bool special = i % 3 == 2 && strchr("sStTlL", c) && c;
        if (c != '-' && c != bits[i] && !special)
            return false;
        if (special)
            mode |= 04000U >> i / 3;
        if (c == bits[i] || c == 's' || c == 't')
            mode |= 0400U >> i;
    }
    *ret = mode;
    return true;
}

/* Connect:Enterprise's "-C--E-----FTP". */
static bool is_batch(co_text head)
{
    size_t flags = 0;
    while (flags < head.size &&
           (head.at[flags] == '-' || (head.at[flags] >= 'A' && head.at[flags] <= 'Z')))
        flags++;
    return head.at[0] == '-' && flags > MODE_LETTERS;
}

/* "drwxr-xr-x", or NetWare's "d [RWCEAFMS]": the word that comes next, or 0. */
static unsigned read_head(const struct co_ftp_words *words, struct co_ftp_entry *entry)
{
    co_text head = words->at[0];
    if (!read_type(head.at[0], &entry->type))
        return 0;
    if (head.size == 1 && words->count > 1 && words->at[1].at[0] == '[')
        return 2;
    if (head.size > 1 && head.at[1] == '[')
        return 1;
    entry->mode_known = read_mode(co_text_after(head, 1), &entry->mode);
    return entry->mode_known || is_batch(head) ? 1 : 0;
}

/* The name, and a link's target behind an arrow. */
static void read_name(co_text name, struct co_ftp_entry *entry)
{
    const co_text arrow = CO_TEXT(" -> ");
    entry->name = name;
    if (entry->type != CO_FTP_LINK)
        return;
    for (size_t i = 1; i + arrow.size < name.size; i++) {
        if (!co_text_starts(co_text_after(name, i), arrow))
            continue;
        entry->name.size = i;
        entry->target = co_text_after(name, i + arrow.size);
        return;
    }
}

/* Some align their columns until there is no room for a space: "users123456". How much of it is the
 * size nobody can tell. */
static bool is_glued(co_text word)
{
    return !co_is_digit(word.at[0]) && co_is_digit(word.at[word.size - 1]);
}

/* Looks for the date from a word on, with the size, or with what is glued to it, before it. */
static bool read_from(const struct co_ftp_words *words, unsigned first, bool glued, int64_t now,
    struct co_ftp_entry *entry)
{
    for (unsigned i = first + 1; i < words->count; i++) {
        uint64_t size = 0;
        bool sized = co_text_number(words->at[i - 1], INT64_MAX, &size) == 0;
        bool device = entry->type == CO_FTP_OTHER; /* "109,767" */
        if (!sized && !device && !(glued && is_glued(words->at[i - 1])))
            continue;
        unsigned taken = read_date(words->at + i, words->count - i, now, entry);
        if (taken == 0)
            continue;
        bool padded = !entry->mode_known || taken == 1; /* NetWare's, and a date alone */
        entry->size = size;
        entry->size_known = sized && entry->type == CO_FTP_FILE;
        read_name(co_ftp_words_behind(words, i + taken - 1, padded), entry);
        return true;
    }
    return false;
}

static bool is_dated(const co_text *words)
{
    struct co_ftp_moment moment;
    unsigned day;
    bool first = read_day(words[0], &day);
    co_text month = words[first ? 1 : 0];
    return (first || read_day(words[1], &day)) && !co_is_digit(month.at[0]) &&
           co_ftp_month(month) == 0 &&
           (read_year(words[2], &moment.year) || co_ftp_moment_read_time(words[2], &moment));
}

/* Of a language that is not known here the name of the month, and so the time, but nothing else. */
static bool read_foreign(
    const struct co_ftp_words *words, unsigned first, struct co_ftp_entry *entry)
{
    for (unsigned i = first + 3; i + 3 < words->count; i++) {
        if (co_text_number(words->at[i - 1], INT64_MAX, &entry->size) < 0 ||
            !is_dated(words->at + i))
            continue;
        entry->size_known = entry->type == CO_FTP_FILE;
        read_name(co_ftp_words_behind(words, i + 2, false), entry);
        return true;
    }
    return false;
}

bool co_ftp_entry_unix(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry = {0};
    unsigned first = words->count ? read_head(words, &entry) : 0;
    if (first == 0 ||
        (!read_from(words, first, false, now, &entry) &&
            !read_from(words, first, true, now, &entry) && !read_foreign(words, first, &entry)))
        return false;
    *ret = entry;
    return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * Dates by arithmetic on the proleptic Gregorian calendar. A year is counted from March, so that
 * the leap day comes last and the months' lengths follow one linear rule; 400 years are one era.
 *
 * The forms are patterns: a lower-case letter is a digit of a field, "nnn" the month's name, any
 * other byte stands for itself. One loop writes them, one reads them.
 */
#include "codec/date.h"

#define DAY_SECONDS     86400
#define ERA_DAYS        146097                  /* days in 400 years; whole weeks */
#define ERA_WEEKDAY     3                       /* 0000-03-01 is a Wednesday */
#define EPOCH_DAYS      719468                  /* from 0000-03-01 to 1970-01-01 */
#define SECONDS_MIN     (-62167219200LL)        /* 0000-01-01T00:00:00Z */
#define SECONDS_MAX     253402300799LL          /* 9999-12-31T23:59:59Z */
#define NAME_SIZE       3                       /* of a month, and of a short weekday */
#define MARCH_DAYS(mon) ((153 * (mon) + 2) / 5) /* days before the mon-th month after March */

static const char form_fixdate[] = ", dd nnn yyyy hh:mm:ss GMT";
static const char form_rfc850[] = ", dd-nnn-yy hh:mm:ss GMT";
static const char form_asctime[] = " nnn ed hh:mm:ss yyyy"; /* e: a digit or a space */
static const char form_log[] = "dd/nnn/yyyy:hh:mm:ss +0000";
static const char form_iso[] = "yyyy-oo-ddThh:mm:ssZ";
static const char form_digits[] = "yyyyooddhhmmss";
static const char form_list_time[] = "nnn ed hh:mm";
static const char form_list_year[] = "nnn ed  yyyy";

static const char weekdays[7][10] = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct date {
    int year;
    int month; /* 1 to 12 */
    int day, hour, minute, second;
    int weekday; /* 0 is Sunday; only set by date_of */
};

static int64_t seconds_of(const struct date *date)
{
    int year = date->year - (date->month <= 2) + 400; /* one era up, so that none is negative */
    int era = year / 400 - 1, year_of_era = year % 400;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
                     MARCH_DAYS((date->month + 9) % 12) + date->day - 1;
    int64_t days = (int64_t)era * ERA_DAYS + day_of_era - EPOCH_DAYS;
    return days * DAY_SECONDS + date->hour * 3600 + date->minute * 60 + date->second;
}

static struct date date_of(int64_t seconds)
{
    seconds = seconds < SECONDS_MIN ? SECONDS_MIN : seconds;
    seconds = seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
    seconds += (int64_t)(EPOCH_DAYS + ERA_DAYS) * DAY_SECONDS; /* never negative */
    int days = (int)(seconds / DAY_SECONDS), second = (int)(seconds % DAY_SECONDS);
    int era = days / ERA_DAYS - 1, day = days % ERA_DAYS;
    /* Without its leap days (the last of 4 years, not of 100, but of 400) a year is 365 days. */
    int year = (day - day / 1460 + day / 36524 - day / (ERA_DAYS - 1)) / 365;
    int day_of_year = day - (365 * year + year / 4 - year / 100);
    int month = (5 * day_of_year + 2) / 153; /* 0 is March */
    return (struct date){
        .year = era * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - MARCH_DAYS(month) + 1,
        .hour = second / 3600,
        .minute = second / 60 % 60,
        .second = second % 60,
        .weekday = (days + ERA_WEEKDAY) % 7,
    };
}

/* The field that a letter of a form stands for; NULL for others. */
static int *form_field(struct date *date, char letter)
{
    switch (letter) {
    case 'y': return &date->year;
    case 'o': return &date->month;
    case 'e':
    case 'd': return &date->day;
    case 'h': return &date->hour;
    case 'm': return &date->minute;
    case 's': return &date->second;
    default: return NULL;
    }
}

static void form_write(char *text, const char *form, struct date date)
{
    for (size_t i = strlen(form); i-- > 0;) { /* backwards: digits come last first */
        int *field = form_field(&date, form[i]);
        if (field) {
            text[i] = form[i] == 'e' && *field == 0 ? ' ' : (char)('0' + *field % 10);
            *field /= 10;
        } else if (form[i] == 'n') {
            i -= NAME_SIZE - 1;
            memcpy(text + i, months + (date.month - 1) * NAME_SIZE, NAME_SIZE);
        } else {
            text[i] = form[i];
        }
    }
}

/* The number of the month with this name, 1 to 12, or 0. Case matters (RFC 9110 5.6.7). */
static int month_of(const char *name)
{
    for (int month = 1; month <= 12; month++)
        if (memcmp(name, months + (month - 1) * NAME_SIZE, NAME_SIZE) == 0)
            return month;
    return 0;
}

static bool form_read(co_text text, const char *form, struct date *ret)
{
    struct date date = {0};
    if (text.size != strlen(form))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int *field = form_field(&date, form[i]);
        if (field && co_is_digit(text.at[i])) {
            *field = *field * 10 + (text.at[i] - '0');
        } else if (form[i] == 'n') {
            date.month = month_of(text.at + i);
            i += NAME_SIZE - 1;
        } else if (field ? form[i] != 'e' || text.at[i] != ' ' : text.at[i] != form[i]) {
            return false;
        }
    }
    *ret = date;
    return true;
}

/* The latest year with these two digits that is at most 50 years ahead (RFC 9110 5.6.7). */
static void resolve_century(struct date *date, int64_t now)
{
    struct date today = date_of(now);
    date->year += today.year - today.year % 100 + 100;
    today.year += 50;
    int64_t limit = seconds_of(&today);
    while (date->year > 9999 || (date->year >= 100 && seconds_of(date) > limit))
        date->year -= 100;
}

static bool date_exists(const struct date *date)
{
    if (date->month < 1 || date->month > 12 || date->day < 1 || date->hour > 23 ||
        date->minute > 59)
        return false;
    bool leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
    int days = date->month == 2 ? 28 + leap : 30 + (date->month + date->month / 8) % 2;
    bool leap_second = date->second == 60 && date->minute == 59 && date->hour == 23;
    return date->day <= days && (date->second < 60 || leap_second);
}

int co_date_read(co_text text, int64_t now, int64_t *ret_seconds)
{
    struct date date;
    size_t weekday = 0;
    while (weekday < 7 && !co_text_starts(text, (co_text){weekdays[weekday], NAME_SIZE}))
        weekday++;
    if (weekday == 7)
        return CO_EINVALID;
    co_text after = co_text_after(text, NAME_SIZE), name = co_text_of(weekdays[weekday]);
    if (co_text_starts(text, name) && form_read(co_text_after(text, name.size), form_rfc850, &date))
        resolve_century(&date, now);
    else if (!form_read(after, form_fixdate, &date) && !form_read(after, form_asctime, &date))
        return CO_EINVALID;
    if (!date_exists(&date))
        return CO_EINVALID;
    *ret_seconds = seconds_of(&date);
    return 0;
}

static void write_with_weekday(char *text, const char *form, int64_t seconds)
{
    struct date date = date_of(seconds);
    memcpy(text, weekdays[date.weekday], NAME_SIZE);
    form_write(text + NAME_SIZE, form, date);
}

void co_date_write(char text[CO_DATE_SIZE], int64_t seconds)
{
    write_with_weekday(text, form_fixdate, seconds);
}

void co_date_write_log(char text[CO_DATE_LOG_SIZE], int64_t seconds)
{
    form_write(text, form_log, date_of(seconds));
}

void co_date_write_asctime(char text[CO_DATE_ASCTIME_SIZE], int64_t seconds)
{
    write_with_weekday(text, form_asctime, seconds);
}

void co_date_write_iso(char text[CO_DATE_ISO_SIZE], int64_t seconds)
{
    form_write(text, form_iso, date_of(seconds));
}

/* "Z", "+02:00": seconds to be taken away. False for anything else. */
static bool read_zone(co_text text, int64_t *ret)
{
    struct date zone;
    *ret = 0;
    if (co_text_equal_nocase(text, CO_TEXT("Z")))
        return true;
    if (text.size == 0 || (text.at[0] != '+' && text.at[0] != '-') ||
        !form_read(co_text_after(text, 1), "hh:mm", &zone) || zone.hour > 23 || zone.minute > 59)
        return false;
    *ret = (zone.hour * 60 + zone.minute) * (text.at[0] == '-' ? -60 : 60);
    return true;
}

int co_date_read_iso(co_text text, int64_t *ret_seconds)
{
    struct date date;
    int64_t zone;
    const size_t whole = CO_DATE_ISO_SIZE - 1; /* without the zone */
    co_text rest = co_text_after(text, whole);
    if (text.size <= whole || !form_read((co_text){text.at, whole}, "yyyy-oo-ddThh:mm:ss", &date))
        return CO_EINVALID;
    if (rest.at[0] == '.') {
        size_t digits = 1;
        while (digits < rest.size && co_is_digit(rest.at[digits]))
            digits++;
        if (digits == 1)
            return CO_EINVALID;
        rest = co_text_after(rest, digits);
    }
    if (!read_zone(rest, &zone) || !date_exists(&date))
        return CO_EINVALID;
    *ret_seconds = seconds_of(&date) - zone;
    return 0;
}

void co_date_write_list(char text[CO_DATE_LIST_SIZE], int64_t seconds, bool with_year)
{
    form_write(text, with_year ? form_list_year : form_list_time, date_of(seconds));
}

void co_date_write_digits(char text[CO_DATE_DIGITS_SIZE], int64_t seconds)
{
    form_write(text, form_digits, date_of(seconds));
}

int co_date_read_digits(co_text text, int64_t *ret_seconds)
{
    struct date date;
    if (!form_read(text, form_digits, &date) || !date_exists(&date))
        return CO_EINVALID;
    *ret_seconds = seconds_of(&date);
    return 0;
}

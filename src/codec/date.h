/* SPDX-License-Identifier: MIT */
/* Dates as text, in UTC: those of HTTP (RFC 9110 5.6.7), the preferred form out, all three in;
 * those of logs, JSON and FTP. No locale, no time zone database, no clock. */
#ifndef CO_CODEC_DATE_H
#define CO_CODEC_DATE_H

#include "base/base.h"

#define CO_DATE_SIZE 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* Writes the IMF-fixdate of a time in seconds since 1970 (years 0 to 9999, clamped); no NUL. */
void co_date_write(char text[CO_DATE_SIZE], int64_t seconds);

/*
 * Reads an IMF-fixdate, RFC 850 or asctime date. `now` resolves RFC 850's two-digit years: more
 * than 50 years ahead means the past. A leap second (23:59:60) reads as the second after it; the
 * weekday must be one but need not be that date's. Returns 0, or CO_EINVALID when it is not a date.
 */
int co_date_read(co_text text, int64_t now, int64_t *ret_seconds);

/* "22/Nov/2026:03:02:55 +0000", as access logs write it (UTC); 26 bytes, no NUL. */
#define CO_DATE_LOG_SIZE 26
void co_date_write_log(char text[CO_DATE_LOG_SIZE], int64_t seconds);

/* "Sun Nov  6 08:49:37 1994", as asctime and xferlog have it; 24 bytes, no NUL. */
#define CO_DATE_ASCTIME_SIZE 24
void co_date_write_asctime(char text[CO_DATE_ASCTIME_SIZE], int64_t seconds);

/* "2026-11-22T03:02:55Z"; 20 bytes, no NUL. */
#define CO_DATE_ISO_SIZE 20
void co_date_write_iso(char text[CO_DATE_ISO_SIZE], int64_t seconds);

/* Reads it, and RFC 3339's other forms: with a fraction of a second, which is dropped, and with the
 * difference to UTC ("+02:00"). 0 or CO_EINVALID. */
int co_date_read_iso(co_text text, int64_t *ret_seconds);

/* "Nov 28 02:34" or "Nov  8  2026", as ls writes them; 12 bytes, no NUL. */
#define CO_DATE_LIST_SIZE 12
void co_date_write_list(char text[CO_DATE_LIST_SIZE], int64_t seconds, bool with_year);

/* "20261128023400" (RFC 3659 2.3); 14 bytes, no NUL. Reads as co_date_read does: 0 or CO_EINVALID.
 */
#define CO_DATE_DIGITS_SIZE 14
void co_date_write_digits(char text[CO_DATE_DIGITS_SIZE], int64_t seconds);
int co_date_read_digits(co_text text, int64_t *ret_seconds);

#endif

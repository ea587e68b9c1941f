/* SPDX-License-Identifier: MIT */
/* What the readers of LIST's forms share: a line's words, and dates without a year. */
#ifndef CO_CODEC_FTP_ENTRY_FORMS_H
#define CO_CODEC_FTP_ENTRY_FORMS_H

#include "codec/ftp_entry.h"

#define CO_FTP_WORDS_MAX 16 /* of a line that are looked at; a name may have more */

struct co_ftp_words {
    co_text line;
    unsigned count;
    co_text at[CO_FTP_WORDS_MAX];
};

/* Takes a line apart at its spaces. */
void co_ftp_words_split(co_text line, struct co_ftp_words *ret);

/* What stands behind a word: behind one space, or behind all of them. */
co_text co_ftp_words_behind(const struct co_ftp_words *words, unsigned word, bool skip_spaces);

/* A moment as a line for people has it. */
struct co_ftp_moment {
    unsigned year; /* 0: not said */
    unsigned month, day, hour, minute, second;
    bool timed; /* it has an hour */
};

/* Puts it into the entry, if it is one; without a year it is the latest that is not after tomorrow.
 */
bool co_ftp_moment_take(
    const struct co_ftp_moment *moment, int64_t now, struct co_ftp_entry *entry);

/* "Nov", in any case, or as some other languages have it; 1 to 12, or 0. */
unsigned co_ftp_month(co_text word);

/* "12:34", "12:34:56.789", "09:09PM". */
bool co_ftp_moment_read_time(co_text word, struct co_ftp_moment *moment);

/* Three numbers with the separator between them: "30-11-2026". */
bool co_ftp_numbers(co_text word, char separator, unsigned ret[3]);

/* A number of at most nine digits. */
bool co_ftp_small_number(co_text word, unsigned *ret);

/* The forms. */
bool co_ftp_entry_unix(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);
bool co_ftp_entry_dos(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);
bool co_ftp_entry_os2(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);
bool co_ftp_entry_ibm_i(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);
bool co_ftp_entry_eplf(co_text line, struct co_ftp_entry *ret);
bool co_ftp_entry_dataset(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);
bool co_ftp_entry_member(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);

/* What stands behind the name on a line of VMS's. */
bool co_ftp_entry_vms(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret);

#endif

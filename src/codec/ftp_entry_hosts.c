/* SPDX-License-Identifier: MIT */
/* Lines of LIST as DOS (and IIS), OS/2, VMS, MVS and IBM i write them, and EPLF (Bernstein's, for
 * programs). */
#include "codec/ftp_entry_forms.h"

#define CENTURY_TURN 70 /* two digits of a year from here on are of the 20th century */

/* ---- DOS ------------------------------------------------------------------------------------- */

/* "04-27-00", "04-27-100", "04-27-2000", "2000-04-27", "27.04.2000", "04/27/2000". */
static bool read_dos_date(co_text word, struct co_ftp_moment *moment)
{
    unsigned n[3];
    bool dots = co_ftp_numbers(word, '.', n);
    if (!dots && !co_ftp_numbers(word, '-', n) && !co_ftp_numbers(word, '/', n))
        return false;
    if (n[0] > 31)
        *moment = (struct co_ftp_moment){.year = n[0], .month = n[1], .day = n[2]};
    else if (dots || n[0] > 12)
        *moment = (struct co_ftp_moment){.year = n[2], .month = n[1], .day = n[0]};
    else
        *moment = (struct co_ftp_moment){.year = n[2], .month = n[0], .day = n[1]};
    if (moment->year < 200)
        moment->year += moment->year < CENTURY_TURN ? 2000 : 1900;
    return moment->month > 0 && moment->day > 0;
}

/* "1234", or "1,234" in groups. */
static bool read_grouped(co_text word, uint64_t *ret)
{
    char digits[32];
    size_t size = 0;
    for (size_t i = 0; i < word.size; i++) {
        bool groups = i > 0 && (word.at[i] == ',' || word.at[i] == '.');
        if (groups)
            continue;
        if (size == sizeof digits)
            return false;
        digits[size++] = word.at[i];
    }
    return co_text_number((co_text){digits, size}, INT64_MAX, ret) == 0;
}

/* IIS shows where a link leads in brackets. */
static void read_bracketed(struct co_ftp_entry *entry)
{
    co_text name = entry->name;
    if (name.size < 4 || name.at[name.size - 1] != ']')
        return;
    for (size_t i = 1; i + 2 < name.size; i++) {
        if (name.at[i] != ' ' || name.at[i + 1] != '[')
            continue;
        entry->name.size = i;
        entry->target = (co_text){name.at + i + 2, name.size - i - 3};
        return;
    }
}

bool co_ftp_entry_dos(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    static const struct {
        const char *name;
        enum co_ftp_type type;
    } kinds[] = {{"<DIR>", CO_FTP_FOLDER}, {"<JUNCTION>", CO_FTP_LINK}, {"<SYMLINKD>", CO_FTP_LINK},
        {"<SYMLINK>", CO_FTP_LINK}};
    struct co_ftp_entry entry = {0};
    struct co_ftp_moment moment;
    if (words->count < 4 || !read_dos_date(words->at[0], &moment))
        return false;
    if (!co_ftp_moment_read_time(words->at[1], &moment))
        return false;
    unsigned what = 2; /* "09:09 PM" is two words */
    if (co_text_equal_nocase(words->at[2], CO_TEXT("PM")) && moment.hour < 12)
        moment.hour += 12;
    if (words->at[2].size == 2 && words->count > 4 && (words->at[2].at[1] & ~0x20) == 'M')
        what = 3;
    bool known = false;
    for (size_t i = 0; i < CO_LENGTH(kinds); i++) {
        if (!co_text_equal_nocase(words->at[what], co_text_of(kinds[i].name)))
            continue;
        entry.type = kinds[i].type;
        known = true;
    }
    entry.size_known = !known && read_grouped(words->at[what], &entry.size);
    if (!known && !entry.size_known)
        return false;
    entry.name = co_ftp_words_behind(words, what, known);
    if (entry.type == CO_FTP_LINK)
        read_bracketed(&entry);
    if (!co_ftp_moment_take(&moment, now, &entry))
        return false;
    *ret = entry;
    return true;
}

/* ---- OS/2 ------------------------------------------------------------------------------------ */

/* "33280  A  02-09-97  13:49  OS2LDR", "0  DIR  05-19-97  12:56  a folder", with or without
 * attributes. */
bool co_ftp_entry_os2(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry = {0};
    struct co_ftp_moment moment;
    unsigned date = 1;
    if (words->count < 4 || co_text_number(words->at[0], INT64_MAX, &entry.size) < 0)
        return false;
    for (; date < words->count - 2 && !co_is_digit(words->at[date].at[0]); date++)
        if (co_text_equal(words->at[date], CO_TEXT("DIR")))
            entry.type = CO_FTP_FOLDER;
    if (date + 2 >= words->count || !read_dos_date(words->at[date], &moment) ||
        !co_ftp_moment_read_time(words->at[date + 1], &moment) ||
        !co_ftp_moment_take(&moment, now, &entry))
        return false;
    entry.size_known = entry.type == CO_FTP_FILE;
    entry.name = co_ftp_words_behind(words, date + 1, true);
    *ret = entry;
    return true;
}

/* ---- IBM i ----------------------------------------------------------------------------------- */

static enum co_ftp_type type_of_object(co_text type, co_text *name)
{
    static const char *const folders[] = {"*DIR", "*DDIR", "*LIB", "*FLR"};
    bool is_folder = name->size > 1 && name->at[name->size - 1] == '/';
    name->size -= is_folder;
    for (size_t i = 0; i < CO_LENGTH(folders); i++)
        is_folder |= co_text_equal(type, co_text_of(folders[i]));
    return is_folder                                 ? CO_FTP_FOLDER
           : co_text_equal(type, CO_TEXT("*SYMLNK")) ? CO_FTP_LINK
                                                     : CO_FTP_FILE;
}

/* "QSYS  77824 02/23/20 15:09:55 *DIR  home/"; a member has neither size nor date: "QSYS *MEM
 * DATA.FILE". The order of a date is the job's. */
bool co_ftp_entry_ibm_i(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry = {0};
    struct co_ftp_moment moment;
    unsigned type = words->count > 2 && words->at[1].at[0] == '*' ? 1 : 4;
    if (words->count < type + 2 || words->at[type].at[0] != '*')
        return false;
    if (type == 4) {
        entry.size_known = co_text_number(words->at[1], INT64_MAX, &entry.size) == 0;
        if (!entry.size_known || !read_dos_date(words->at[2], &moment) ||
            !co_ftp_moment_read_time(words->at[3], &moment) ||
            !co_ftp_moment_take(&moment, now, &entry))
            return false;
    }
    entry.name = co_ftp_words_behind(words, type, true);
    entry.type = type_of_object(words->at[type], &entry.name);
    entry.size_known &= entry.type == CO_FTP_FILE;
    *ret = entry;
    return true;
}

/* ---- EPLF ------------------------------------------------------------------------------------ */

static void take_eplf_fact(co_text fact, struct co_ftp_entry *entry)
{
    co_text value = co_text_after(fact, 1);
    uint64_t number;
    if (fact.size == 0)
        return;
    if (fact.at[0] == '/')
        entry->type = CO_FTP_FOLDER;
    if (fact.at[0] == 'r' && entry->type == CO_FTP_OTHER)
        entry->type = CO_FTP_FILE;
    if (fact.at[0] == 's' && co_text_number(value, INT64_MAX, &number) == 0) {
        entry->size = number;
        entry->size_known = true;
    }
    if (fact.at[0] == 'm' && co_text_number(value, INT64_MAX, &number) == 0) {
        entry->modified = (int64_t)number;
        entry->modified_within = 1;
    }
}

/* "+i8388621.29609,m824255902,/,\tdev" */
bool co_ftp_entry_eplf(co_text line, struct co_ftp_entry *ret)
{
    ssize_t tab = co_text_find(line, '\t');
    if (line.size < 2 || line.at[0] != '+' || tab < 0)
        return false;
    struct co_ftp_entry entry = {
        .type = CO_FTP_OTHER, .name = co_text_after(line, (size_t)tab + 1)};
    co_text facts = {line.at + 1, (size_t)tab - 1};
    while (facts.size > 0) {
        ssize_t comma = co_text_find(facts, ',');
        size_t size = comma < 0 ? facts.size : (size_t)comma;
        take_eplf_fact((co_text){facts.at, size}, &entry);
        facts = co_text_after(facts, size + 1);
    }
    *ret = entry;
    return true;
}

/* ---- VMS ------------------------------------------------------------------------------------- */

/* "30-JUN-2003" */
static bool read_vms_date(co_text word, struct co_ftp_moment *moment)
{
    ssize_t first = co_text_find(word, '-');
    if (first < 0)
        return false;
    co_text rest = co_text_after(word, (size_t)first + 1);
    ssize_t second = co_text_find(rest, '-');
    if (second < 0)
        return false;
    *moment = (struct co_ftp_moment){.month = co_ftp_month((co_text){rest.at, (size_t)second})};
    return moment->month > 0 &&
           co_ftp_small_number((co_text){word.at, (size_t)first}, &moment->day) &&
           co_ftp_small_number(co_text_after(rest, (size_t)second + 1), &moment->year) &&
           moment->year >= 1000;
}

/* "2/4  30-JUN-2003 14:33:02  [USER,GROUP] (RWED,RWED,RE,)": the size, which is in blocks and thus
 * no size in bytes, may be behind the date or missing. */
bool co_ftp_entry_vms(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    for (unsigned i = 0; i < words->count; i++) {
        struct co_ftp_moment moment;
        if (!read_vms_date(words->at[i], &moment))
            continue;
        if (i + 1 < words->count)
            co_ftp_moment_read_time(words->at[i + 1], &moment);
        return co_ftp_moment_take(&moment, now, ret);
    }
    return false;
}

/* ---- MVS ------------------------------------------------------------------------------------- */

/* Behind the heading "Volume Unit Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname". */
bool co_ftp_entry_dataset(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    struct co_ftp_moment moment = {0};
    struct co_ftp_entry entry = {0};
    unsigned n[3];
    if (words->count < 2)
        return false;
    co_text name = words->at[words->count - 1], kind = words->at[words->count - 2];
    bool partitioned = co_text_starts(kind, CO_TEXT("PO"));
    bool pseudo = words->count == 3 && co_text_equal(words->at[0], CO_TEXT("Pseudo"));
    bool bare = (words->count == 3 && co_text_equal(kind, CO_TEXT("Tape"))) ||
                (words->count == 4 && co_text_equal(kind, CO_TEXT("VSAM")));
    if (words->count == 2 && !co_text_equal_nocase(kind, CO_TEXT("Migrated")) &&
        !co_text_equal_nocase(kind, CO_TEXT("ARCIVE")))
        return false;
    if (words->count > 2 && words->count < 5 && !pseudo && !bare)
        return false;
    entry.type = partitioned || pseudo ? CO_FTP_FOLDER : CO_FTP_FILE;
    if (words->count > 4 && co_ftp_numbers(words->at[2], '/', n)) {
        moment = (struct co_ftp_moment){.year = n[0], .month = n[1], .day = n[2]};
        co_ftp_moment_take(&moment, now, &entry);
    }
    if (name.size > 2 && name.at[0] == '\'' && name.at[name.size - 1] == '\'')
        name = (co_text){name.at + 1, name.size - 2};
    entry.name = name;
    *ret = entry;
    return true;
}

/* Behind " Name     VV.MM   Created       Changed      Size  Init   Mod   Id": a member of a
 * partitioned data set, of which some have no more than a name. */
bool co_ftp_entry_member(const struct co_ftp_words *words, int64_t now, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry = {.type = CO_FTP_FILE};
    unsigned n[3];
    if (words->count == 0)
        return false;
    entry.name = words->at[0];
    if (words->count > 4 && co_ftp_numbers(words->at[3], '/', n)) {
        struct co_ftp_moment moment = {.year = n[0], .month = n[1], .day = n[2]};
        co_ftp_moment_read_time(words->at[4], &moment);
        co_ftp_moment_take(&moment, now, &entry);
    }
    *ret = entry;
    return true;
}

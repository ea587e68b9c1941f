/* SPDX-License-Identifier: MIT */
#include "codec/ftp_list.h"
#include "codec/date.h"
#include "codec/ftp_command.h"

#define HALF_A_YEAR   15778476 /* seconds of half a Gregorian year, as ls counts it */
#define MODE_BITS     0777
#define FRACTION_SIZE 9 /* digits of a second that nanoseconds have */
#define FOLDER_LINKS  2 /* what a folder has at least; clients read a number and ignore it */
#define ANY_MAY       (CO_FTP_MAY_READ | CO_FTP_MAY_CHANGE | CO_FTP_MAY_ADD)

bool co_ftp_name_is_shown(co_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (co_ftp_breaks_line(name.at[i]))
            return false;
    return name.size > 0;
}

/* A name within a line. */
static void add_name(struct co_buf *out, co_text name)
{
    for (size_t run = 0, i = 0; i <= name.size; i++) {
        bool end = i == name.size;
        if (!end && !co_ftp_breaks_line(name.at[i]))
            continue;
        co_buf_add(out, name.at + run, i - run);
        if (!end)
            co_buf_add_char(out, '?');
        run = i + 1;
    }
}

void co_ftp_list_line(struct co_buf *out, const struct co_ftp_shown *entry, int64_t now)
{
    char mode[] = "-rwxrwxrwx", date[CO_DATE_LIST_SIZE];
    int64_t modified = entry->modified_seconds;
    mode[0] = entry->link ? 'l' : entry->folder ? 'd' : '-';
    for (unsigned i = 0; i < 9; i++)
        if (!(entry->mode & 0400U >> i))
            mode[1 + i] = '-';
    co_date_write_list(date, modified, modified > now || modified < now - HALF_A_YEAR);
    co_buf_addf(out, "%s %3d ftp      ftp      %8llu %.*s ", mode, entry->folder ? FOLDER_LINKS : 1,
        (unsigned long long)entry->size, CO_DATE_LIST_SIZE, date);
    add_name(out, entry->name);
    co_buf_add_string(out, "\r\n");
}

/* ---- facts (RFC 3659 7.5) -------------------------------------------------------------------- */

static void type_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    co_buf_add_string(out, entry->link      ? "OS.unix=slink:"
                           : entry->current ? "cdir"
                           : entry->parent  ? "pdir"
                           : entry->folder  ? "dir"
                                            : "file");
}

static void size_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    co_buf_add_number(out, entry->size);
}

static void modify_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    char digits[CO_FTP_TIME_SIZE];
    co_ftp_time_write(digits, entry->modified_seconds);
    co_buf_add(out, digits, sizeof digits);
}

/* RFC 3659 7.5.5. Whoever may do anything with a folder may enter it, be it to leave something. */
static void perm_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    static const struct {
        char letter;
        bool folder;
        unsigned may; /* any of them */
    } perms[] = {
        {'a', false, CO_FTP_MAY_CHANGE},
        {'d', false, CO_FTP_MAY_CHANGE},
        {'f', false, CO_FTP_MAY_CHANGE},
        {'r', false, CO_FTP_MAY_READ},
        {'w', false, CO_FTP_MAY_CHANGE},
        {'c', true, CO_FTP_MAY_ADD},
        {'d', true, CO_FTP_MAY_CHANGE},
        {'e', true, ANY_MAY},
        {'f', true, CO_FTP_MAY_CHANGE},
        {'l', true, CO_FTP_MAY_READ},
        {'m', true, CO_FTP_MAY_ADD},
        {'p', true, CO_FTP_MAY_CHANGE},
    };
    for (size_t i = 0; i < CO_LENGTH(perms); i++)
        if (perms[i].folder == entry->folder && (perms[i].may & entry->may))
            co_buf_add_char(out, perms[i].letter);
}

/* The same for two names of one file, and for no two files (RFC 3659 7.5.2). */
static void unique_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    co_buf_addf(
        out, "%llxg%llx", (unsigned long long)entry->device, (unsigned long long)entry->inode);
}

static void unix_mode_write(struct co_buf *out, const struct co_ftp_shown *entry)
{
    co_buf_addf(out, "%04o", entry->mode & MODE_BITS);
}

static const struct {
    const char *name;
    enum co_ftp_facts bit;
    void (*write)(struct co_buf *out, const struct co_ftp_shown *entry);
} facts_known[] = {
    {"type", CO_FTP_FACT_TYPE, type_write},
    {"size", CO_FTP_FACT_SIZE, size_write},
    {"modify", CO_FTP_FACT_MODIFY, modify_write},
    {"perm", CO_FTP_FACT_PERM, perm_write},
    {"unique", CO_FTP_FACT_UNIQUE, unique_write},
    {"UNIX.mode", CO_FTP_FACT_UNIX_MODE, unix_mode_write},
};

void co_ftp_facts_write(struct co_buf *out, const struct co_ftp_shown *entry, unsigned facts)
{
    if (entry->folder)
        facts &= ~(unsigned)CO_FTP_FACT_SIZE;
    for (size_t i = 0; i < CO_LENGTH(facts_known); i++) {
        if (!(facts & facts_known[i].bit))
            continue;
        co_buf_add_string(out, facts_known[i].name);
        co_buf_add_char(out, '=');
        facts_known[i].write(out, entry);
        co_buf_add_char(out, ';');
    }
    co_buf_add_char(out, ' ');
    add_name(out, entry->name);
}

void co_ftp_facts_names(struct co_buf *out, unsigned facts)
{
    for (size_t i = 0; i < CO_LENGTH(facts_known); i++) {
        co_buf_add_string(out, facts_known[i].name);
        co_buf_add_string(out, facts & facts_known[i].bit ? "*;" : ";");
    }
}

void co_ftp_facts_chosen(struct co_buf *out, unsigned facts)
{
    for (size_t i = 0; i < CO_LENGTH(facts_known); i++) {
        if (facts & facts_known[i].bit) {
            co_buf_add_string(out, facts_known[i].name);
            co_buf_add_char(out, ';');
        }
    }
}

static unsigned fact_of(co_text name)
{
    for (size_t i = 0; i < CO_LENGTH(facts_known); i++)
        if (co_text_equal_nocase(name, co_text_of(facts_known[i].name)))
            return facts_known[i].bit;
    return 0;
}

unsigned co_ftp_facts_parse(co_text list)
{
    unsigned facts = 0;
    while (list.size) {
        ssize_t end = co_text_find(list, ';');
        size_t size = end < 0 ? list.size : (size_t)end;
        facts |= fact_of((co_text){list.at, size});
        list = co_text_after(list, size + 1);
    }
    return facts;
}

/* ---- times and quotes ------------------------------------------------------------------------ */

void co_ftp_time_write(char text[CO_FTP_TIME_SIZE], int64_t seconds)
{
    co_date_write_digits(text, seconds);
}

/* The fraction behind the point, one digit at least, in nanoseconds; what is finer is cut off. */
static bool read_fraction(co_text digits, int64_t *ret_ns)
{
    int64_t ns = 0;
    for (size_t i = 0; i < digits.size; i++)
        if (!co_is_digit(digits.at[i]))
            return false;
    for (size_t i = 0; i < FRACTION_SIZE; i++)
        ns = ns * 10 + (i < digits.size ? digits.at[i] - '0' : 0);
    *ret_ns = ns;
    return digits.size > 0;
}

int co_ftp_time_parse(co_text text, int64_t *ret_ns)
{
    int64_t seconds, ns, fraction = 0;
    co_text whole = {text.at, text.size < CO_FTP_TIME_SIZE ? text.size : CO_FTP_TIME_SIZE};
    co_text rest = co_text_after(text, CO_FTP_TIME_SIZE);
    if (co_date_read_digits(whole, &seconds) < 0)
        return CO_EINVALID;
    if (rest.size && (rest.at[0] != '.' || !read_fraction(co_text_after(rest, 1), &fraction)))
        return CO_EINVALID;
    if (__builtin_mul_overflow(seconds, CO_SECOND, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return CO_EINVALID;
    *ret_ns = ns;
    return 0;
}

void co_ftp_quote(struct co_buf *out, co_text path)
{
    while (path.size) {
        ssize_t quote = co_text_find(path, '"');
        size_t size = quote < 0 ? path.size : (size_t)quote + 1;
        add_name(out, (co_text){path.at, size});
        if (quote >= 0)
            co_buf_add_char(out, '"');
        path = co_text_after(path, size);
    }
}

/* SPDX-License-Identifier: MIT */
#include "codec/ftp_entry.h"

#include "codec/ftp_entry_forms.h"
#include "codec/ftp_list.h"

static bool is_dots(co_text name)
{
    return co_text_equal(name, CO_TEXT(".")) || co_text_equal(name, CO_TEXT(".."));
}

bool co_ftp_name_is_safe(co_text name)
{
    return co_ftp_name_is_shown(name) && co_text_find(name, '/') < 0 && !is_dots(name);
}

/* ---- facts (RFC 3659 7) ---------------------------------------------------------------------- */

/* The folder itself, or the one above, within its list. */
static bool is_around(co_text value)
{
    return co_text_equal_nocase(value, CO_TEXT("cdir")) ||
           co_text_equal_nocase(value, CO_TEXT("pdir"));
}

/* "OS.unix=slink:/target" and "OS.unix=symlink" are links where they are known at all. */
static void take_type(co_text value, struct co_ftp_entry *entry)
{
    const co_text links[] = {CO_TEXT("OS.unix=slink"), CO_TEXT("OS.unix=symlink")};
    entry->type = CO_FTP_OTHER;
    if (co_text_equal_nocase(value, CO_TEXT("file")))
        entry->type = CO_FTP_FILE;
    if (co_text_equal_nocase(value, CO_TEXT("dir")) || is_around(value))
        entry->type = CO_FTP_FOLDER;
    for (size_t i = 0; i < CO_LENGTH(links); i++) {
        co_text start = {value.at, value.size < links[i].size ? value.size : links[i].size};
        if (!co_text_equal_nocase(start, links[i]))
            continue;
        entry->type = CO_FTP_LINK;
        entry->target = co_text_after(value, links[i].size + 1);
    }
}

static void take_size(co_text value, struct co_ftp_entry *entry)
{
    entry->size_known = co_text_number(value, INT64_MAX, &entry->size) == 0;
}

static void take_modify(co_text value, struct co_ftp_entry *entry)
{
    int64_t ns;
    if (co_ftp_time_parse(value, &ns) < 0)
        return;
    entry->modified = co_seconds_of_ns(ns);
    entry->modified_within = 1;
}

static void take_mode(co_text value, struct co_ftp_entry *entry)
{
    unsigned mode = 0;
    if (co_text_starts(value, CO_TEXT("0o"))) /* pyftpdlib's */
        value = co_text_after(value, 2);
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '7')
            return;
        mode = (mode << 3 | (unsigned)(value.at[i] - '0')) & 07777;
    }
    entry->mode = mode;
    entry->mode_known = value.size > 0;
}

static void take_perm(co_text value, struct co_ftp_entry *entry)
{
    entry->perm = value;
}

static void take_unique(co_text value, struct co_ftp_entry *entry)
{
    entry->unique = value;
}

static void take_fact(co_text name, co_text value, struct co_ftp_entry *entry)
{
    static const struct {
        const char *name;
        void (*take)(co_text value, struct co_ftp_entry *entry);
    } facts[] = {{"type", take_type}, {"size", take_size}, {"sizd", take_size},
        {"modify", take_modify}, {"UNIX.mode", take_mode}, {"perm", take_perm},
        {"unique", take_unique}};
    for (size_t i = 0; i < CO_LENGTH(facts); i++)
        if (co_text_equal_nocase(name, co_text_of(facts[i].name)))
            facts[i].take(value, entry);
}

static int read_facts(co_text line, struct co_ftp_entry *ret, bool *ret_around)
{
    struct co_ftp_entry entry = {.type = CO_FTP_OTHER};
    *ret_around = false;
    while (line.size > 0 && line.at[0] != ' ') {
        ssize_t semicolon = co_text_find(line, ';'), equals = co_text_find(line, '=');
        if (semicolon < 0 || equals <= 0 || equals > semicolon)
            return CO_EFTP;
        co_text value = {line.at + equals + 1, (size_t)(semicolon - equals - 1)};
        co_text name = {line.at, (size_t)equals};
        take_fact(name, value, &entry);
        *ret_around |= co_text_equal_nocase(name, CO_TEXT("type")) && is_around(value);
        line = co_text_after(line, (size_t)semicolon + 1);
    }
    entry.name = co_text_after(line, 1);
    if (line.size == 0 || entry.name.size == 0)
        return CO_EFTP;
    if (entry.type == CO_FTP_FOLDER) /* what a folder itself takes is nobody's size */
        entry.size_known = false;
    *ret = entry;
    return 0;
}

int co_ftp_facts_read(co_text line, struct co_ftp_entry *ret)
{
    bool around;
    return read_facts(line, ret, &around);
}

/* ---- VMS's lines ----------------------------------------------------------------------------- */

/* "NAME.TYPE;3": the size of what is before the semicolon, or 0. */
static size_t versioned(co_text word)
{
    for (size_t i = word.size; i-- > 1;) {
        if (word.at[i] == ';')
            return i + 1 < word.size ? i : 0;
        if (!co_is_digit(word.at[i]))
            return 0;
    }
    return 0;
}

/* The name without its version, and a folder's without its type; older versions follow the newest
 * and are passed over. */
static bool take_vms_name(struct co_ftp_listing_reader *reader, struct co_ftp_entry *entry)
{
    const co_text folder = CO_TEXT(".DIR");
    co_text name = entry->name;
    if (name.size == reader->last && memcmp(name.at, reader->name, name.size) == 0)
        return false;
    memmove(reader->name, name.at, name.size); /* from there itself, where it was held */
    reader->last = name.size;
    entry->name.at = reader->name;
    entry->type = CO_FTP_FILE;
    if (name.size <= folder.size)
        return true;
    if (co_text_equal_nocase(co_text_after(name, name.size - folder.size), folder)) {
        entry->type = CO_FTP_FOLDER;
        entry->name.size -= folder.size;
    }
    return true;
}

/* A line of VMS's, or the rest of one that was wrapped behind the name. 1: an entry; 0: none; -1:
 * it is no such line. */
static int read_vms(struct co_ftp_listing_reader *reader, const struct co_ftp_words *words,
    struct co_ftp_entry *ret)
{
    size_t held = reader->held;
    reader->held = 0;
    struct co_ftp_entry entry = {0};
    size_t size = versioned(words->at[0]);
    if (size > 0 && size <= CO_FTP_NAME_MAX && words->count == 1) {
        if (size != reader->last || memcmp(words->at[0].at, reader->name, size) != 0)
            reader->last = 0;
        memcpy(reader->name, words->at[0].at, size);
        reader->held = size;
        return 0;
    }
    if (size == 0 && held == 0)
        return -1;
    if (!co_ftp_entry_vms(words, reader->now, &entry))
        return size > 0 && size <= CO_FTP_NAME_MAX ? 0 : -1;
    entry.name = size ? (co_text){words->at[0].at, size} : (co_text){reader->name, held};
    if (entry.name.size > CO_FTP_NAME_MAX)
        return -1;
    if (!take_vms_name(reader, &entry))
        return 0;
    *ret = entry;
    return 1;
}

/* ---- a line ---------------------------------------------------------------------------------- */

/* "DISK:[FOLDER.SUB]" */
static bool is_vms_folder(co_text word)
{
    return word.at[word.size - 1] == ']' && memmem(word.at, word.size, ":[", 2);
}

/* Headings, sums, empty lines. */
static bool is_none(struct co_ftp_listing_reader *reader, const struct co_ftp_words *words)
{
    static const char *const sums[] = {"total", "insgesamt", "gesamt", "totalt", "totale", "totaal",
        "razem", "celkem", "toplam", "itogo", "\320\270\321\202\320\276\320\263\320\276",
        "\345\220\210\350\250\210", "\346\200\273\347\224\250\351\207\217",
        "\355\225\251\352\263\204"};
    if (words->count == 0)
        return true;
    co_text first = words->at[0];
    for (size_t i = 0; words->count == 2 && i < CO_LENGTH(sums); i++)
        if (co_text_equal_nocase(first, co_text_of(sums[i])))
            return true;
    if (words->count > 5 && co_text_equal(first, CO_TEXT("Volume")) &&
        co_text_equal(words->at[1], CO_TEXT("Unit"))) {
        reader->listing = CO_FTP_LISTING_DATASETS;
        return true;
    }
    if (words->count > 2 && co_text_equal(first, CO_TEXT("Name")) &&
        (co_text_equal(words->at[1], CO_TEXT("VV.MM")) ||
            co_text_equal(words->at[1], CO_TEXT("Size")))) {
        reader->listing = CO_FTP_LISTING_MEMBERS;
        return true;
    }
    if (words->count == 1 && is_vms_folder(first))
        return true;
    return (words->count == 2 && co_text_equal(first, CO_TEXT("Directory"))) ||
           (words->count > 3 && co_text_equal(first, CO_TEXT("Total")) &&
               co_text_equal(words->at[1], CO_TEXT("of")));
}

static bool read_any(const struct co_ftp_words *words, const struct co_ftp_listing_reader *reader,
    struct co_ftp_entry *ret)
{
    switch (reader->listing) {
    case CO_FTP_LISTING_DATASETS: return co_ftp_entry_dataset(words, reader->now, ret);
    case CO_FTP_LISTING_MEMBERS: return co_ftp_entry_member(words, reader->now, ret);
    default:
        return co_ftp_entry_eplf(words->line, ret) || co_ftp_entry_unix(words, reader->now, ret) ||
               co_ftp_entry_dos(words, reader->now, ret) ||
               co_ftp_entry_ibm_i(words, reader->now, ret) ||
               co_ftp_entry_os2(words, reader->now, ret);
    }
}

static bool read_line(
    struct co_ftp_listing_reader *reader, co_text line, struct co_ftp_entry *ret, bool *ret_known)
{
    struct co_ftp_words words;
    *ret_known = true;
    co_ftp_words_split(line, &words);
    if (is_none(reader, &words))
        return false;
    if (reader->listing == CO_FTP_LISTING_ANY) {
        int vms = read_vms(reader, &words, ret);
        if (vms >= 0)
            return vms > 0;
    }
    return *ret_known = read_any(&words, reader, ret);
}

bool co_ftp_listing_read(
    struct co_ftp_listing_reader *reader, co_text line, struct co_ftp_entry *ret)
{
    struct co_ftp_entry entry;
    bool known, found, around = false;
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    if (reader->facts)
        found = known = read_facts(line, &entry, &around) == 0;
    else
        found = read_line(reader, line, &entry, &known);
    reader->some |= known && line.size > 0;
    reader->some_not |= !known;
    if (!found || around || is_dots(entry.name))
        return false;
    bool is_safe = co_ftp_name_is_safe(entry.name);
    reader->refused += !is_safe;
    if (is_safe)
        *ret = entry;
    return is_safe;
}

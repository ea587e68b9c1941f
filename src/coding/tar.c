/* SPDX-License-Identifier: MIT */
/* The tar format (POSIX.1-2017, pax): a header of 512 bytes before each file, and where that is too
 * small for what it should say, an extended one of text before it. */
#include "coding/archive_format.h"

#include <stdio.h>

#define BLOCK     512
#define RECORDS   32768           /* bytes of an extended header */
#define OCTAL_MAX 077777777777ULL /* what eleven octal digits hold: 8 GiB; as a time, 2242 */

/* A header, as POSIX has it. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], kind;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
    char rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static void pad(struct co_buf *out, uint64_t size)
{
    static const char zeros[BLOCK];
    co_buf_add(out, zeros, (size_t)(-size % BLOCK));
}

/* Octal digits that fill the field, but for its NUL. */
static void put_octal(char *field, size_t size, uint64_t number)
{
    field[size - 1] = '\0';
    for (size_t i = size - 1; i > 0; i--, number >>= 3)
        field[i - 1] = (char)('0' + (number & 7));
}

/* The sum of all bytes, where the sum's own field counts as spaces. */
static void put_checksum(struct header *header)
{
    unsigned sum = 0;
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++)
        sum += ((const unsigned char *)header)[i];
    put_octal(header->checksum, 7, sum);
}

static uint64_t in_field(uint64_t number)
{
    return number <= OCTAL_MAX ? number : 0;
}

/* Who owned the files is not told: whoever unpacks them does. */
static void add_header(struct co_buf *out, const struct co_archive_entry *entry, char kind)
{
    struct header header = {.kind = kind, .magic = "ustar", .version = {'0', '0'}};
    size_t slash = entry->is_folder && entry->name.size < sizeof header.name;
    size_t size = entry->name.size < sizeof header.name ? entry->name.size : sizeof header.name;
    memcpy(header.name, entry->name.at, size);
    if (slash)
        header.name[size] = '/';
    put_octal(header.mode, sizeof header.mode, entry->mode & 0777);
    put_octal(header.uid, sizeof header.uid, 0);
    put_octal(header.gid, sizeof header.gid, 0);
    put_octal(header.size, sizeof header.size, in_field(entry->size));
    put_octal(header.mtime, sizeof header.mtime,
        entry->modified < 0 ? 0 : in_field((uint64_t)entry->modified));
    put_octal(header.major, sizeof header.major, 0);
    put_octal(header.minor, sizeof header.minor, 0);
    put_checksum(&header);
    co_buf_add(out, &header, sizeof header);
}

static size_t count_digits(size_t number)
{
    size_t digits = 1;
    while (number /= 10)
        digits++;
    return digits;
}

/* "SIZE KEYWORD=VALUE\n", where the size counts its own digits, too. */
static void add_record(struct co_buf *out, const char *keyword, co_text value)
{
    size_t rest = strlen(keyword) + value.size + 3;
    size_t size = rest + count_digits(rest);
    if (count_digits(size) > count_digits(rest))
        size = rest + count_digits(size);
    co_buf_addf(out, "%zu %s=", size, keyword);
    co_buf_add_text(out, value);
    co_buf_add_char(out, '\n');
}

static bool is_ascii(co_text text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] >= 0x80)
            return false;
    return true;
}

/* What does not fit in the header. Names there have no encoding; here they are UTF-8, or said to be
 * bytes. */
static void add_records(struct co_buf *records, const struct co_archive_entry *entry)
{
    char number[24];
    size_t name_size = entry->name.size + entry->is_folder;
    if (name_size > sizeof((struct header *)0)->name || !is_ascii(entry->name)) {
        if (!entry->is_utf8)
            add_record(records, "hdrcharset", CO_TEXT("BINARY"));
        add_record(records, "path", entry->name);
    }
    if (entry->size > OCTAL_MAX) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)entry->size);
        add_record(records, "size", co_text_of(number));
    }
    if (entry->modified < 0 || (uint64_t)entry->modified > OCTAL_MAX) {
        snprintf(number, sizeof number, "%lld", (long long)entry->modified);
        add_record(records, "mtime", co_text_of(number));
    }
}

int co_tar_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out)
{
    struct co_buf records = CO_BUF(RECORDS);
    struct co_archive_entry own = *entry;
    own.size = archive->entry.size;
    add_records(&records, &own);
    int rc = records.error;
    if (rc == 0 && records.size > 0) {
        struct co_archive_entry extended = {
            .name = CO_TEXT("PaxHeader"), .size = records.size, .mode = 0644};
        add_header(out, &extended, 'x');
        co_buf_add_text(out, co_buf_text(&records));
        pad(out, records.size);
    }
    co_buf_free(&records);
    add_header(out, &own, entry->is_folder ? '5' : '0');
    return rc < 0 ? rc : out->error;
}

int co_tar_end(struct co_archive *archive, struct co_buf *out)
{
    if (archive->taken < archive->entry.size)
        return CO_EEOF;
    pad(out, archive->taken);
    return out->error;
}

/* Two empty blocks. */
int co_tar_finish(struct co_buf *out)
{
    static const char zeros[2 * BLOCK];
    co_buf_add(out, zeros, sizeof zeros);
    return out->error;
}

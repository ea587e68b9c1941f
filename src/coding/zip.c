/* SPDX-License-Identifier: MIT */
/*
 * The zip format (APPNOTE 6.3.9): each file with a header before it and, since only then they are
 * known, its sum and sizes behind it; at the end the directory of all.
 *
 * Every content is "deflated", with level 0 (5 bytes in 64 KiB) where that would gain nothing: the
 * end of what is merely stored could be found only from the directory, and not by whoever unpacks
 * what is still coming.
 */
#include "coding/archive_format.h"

#include "coding/gzip.h"

#include <errno.h>

#define WINDOW (-15) /* zlib's: the largest window, without wrapping */
#define MEMORY 8     /* zlib's default */
#define STEP   16384 /* bytes by which the output grows */

#define LOCAL     0x04034b50u
#define CENTRAL   0x02014b50u
#define BEHIND    0x08074b50u
#define END       0x06054b50u
#define END64     0x06064b50u
#define LOCATOR64 0x07064b50u

#define FLAG_BEHIND 0x0008u /* sum and sizes stand behind the content */
#define FLAG_UTF8   0x0800u
#define DEFLATED    8
#define UNIX        (3u << 8) /* the attributes are a mode */
#define VERSION     20        /* that unpacks folders and what is deflated, */
#define VERSION64   45        /* and what is larger than 4 GiB */
#define LARGE       UINT32_MAX
/* A file up to here needs no 64 bits, whatever deflating adds to it. */
#define SMALL_MAX 0xff000000u

static void put(struct co_buf *out, size_t size, uint64_t number)
{
    for (; size > 0; size--, number >>= 8)
        co_buf_add_char(out, (char)(number & 0xff));
}

/* ---- times ---------------------------------------------------------------------------------- */

#define DAY       86400
#define DOS_START 315532800  /* 1980-01-01 */
#define DOS_END   4102444800 /* 2100-01-01: until then each fourth year is a leap year */

/* MS-DOS' date and time, as UTC; the exact time stands in an extra field. */
static uint32_t dos_time(int64_t seconds)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (seconds < DOS_START || seconds >= DOS_END)
        seconds = DOS_START;
    uint32_t day = (uint32_t)((seconds - DOS_START) / DAY), second = (uint32_t)(seconds % DAY);
    uint32_t year = day / 1461 * 4, month = 0;
    day %= 1461;
    if (day >= 366) { /* the first of four is the leap year */
        year += 1 + (day - 366) / 365;
        day = (day - 366) % 365;
        day += day >= 59; /* no 29 February */
    }
    while (day >= days[month])
        day -= days[month++];
    uint32_t date = year << 9 | (month + 1) << 5 | (day + 1);
    return date << 16 | second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2;
}

static bool has_unix_time(int64_t seconds)
{
    return seconds >= INT32_MIN && seconds <= INT32_MAX;
}

#define TIME_SIZE 9
static void add_unix_time(struct co_buf *out, int64_t seconds)
{
    if (!has_unix_time(seconds))
        return;
    put(out, 2, 0x5455); /* "UT" */
    put(out, 2, TIME_SIZE - 4);
    put(out, 1, 1); /* the time of the last change alone */
    put(out, 4, (uint32_t)(int32_t)seconds);
}

/* ---- entries -------------------------------------------------------------------------------- */

int co_zip_new(struct co_archive *archive)
{
    int rc =
        deflateInit2(&archive->z, CO_GZIP_FAST, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY);
    return rc == Z_OK ? 0 : -ENOMEM;
}

static bool is_large(const struct co_archive *archive)
{
    return archive->entry.size > SMALL_MAX;
}

static bool has_content(const struct co_archive *archive)
{
    return archive->entry.size > 0;
}

/* Windows takes a backslash for a slash: "..\..\name" would lead out there. */
static void add_name(struct co_buf *out, const struct co_archive_entry *entry)
{
    for (size_t i = 0; i < entry->name.size; i++)
        co_buf_add_char(out, (char)(entry->name.at[i] == '\\' ? '_' : entry->name.at[i]));
    if (entry->is_folder)
        co_buf_add_char(out, '/');
}

/* What both headers of an entry have in common. The sum and the sizes are not known yet. wide: so
 * many bytes of an extra field hold the sizes; 0: they have 32 bits. */
static void add_common(struct co_buf *out, const struct co_archive *archive,
    const struct co_archive_entry *entry, size_t wide)
{
    uint32_t size = wide ? LARGE : 0;
    put(out, 2, is_large(archive) ? VERSION64 : VERSION);
    put(out, 2, (has_content(archive) ? FLAG_BEHIND : 0) | (entry->is_utf8 ? FLAG_UTF8 : 0));
    put(out, 2, has_content(archive) ? DEFLATED : 0);
    put(out, 4, dos_time(entry->modified));
    put(out, 4, 0);
    put(out, 4, size);
    put(out, 4, size);
    put(out, 2, entry->name.size + entry->is_folder);
    put(out, 2, wide + (has_unix_time(entry->modified) ? TIME_SIZE : 0));
}

#define LARGE_SIZE 20
static void add_local(
    struct co_buf *out, const struct co_archive *archive, const struct co_archive_entry *entry)
{
    bool large = is_large(archive);
    put(out, 4, LOCAL);
    add_common(out, archive, entry, large ? LARGE_SIZE : 0);
    add_name(out, entry);
    if (large) { /* says that the sizes behind the content have 64 bits */
        put(out, 2, 1);
        put(out, 2, LARGE_SIZE - 4);
        put(out, 8, 0);
        put(out, 8, 0);
    }
    add_unix_time(out, entry->modified);
}

#define SIZES_AT   16 /* of a record of the directory: where its sum and sizes stand */
#define RECORD64   28 /* bytes of the extra field with two sizes and the offset */
#define FOLDER_DOS 0x10u

/* The entry's record in the directory; its end fills in what is not known yet. The sizes and the
 * offset have 64 bits wherever one of them may need it. */
static void add_record(
    struct co_buf *out, const struct co_archive *archive, const struct co_archive_entry *entry)
{
    bool wide = is_large(archive) || archive->offset >= LARGE;
    unsigned mode = (entry->is_folder ? 0040000u : 0100000u) | (entry->mode & 0777);
    put(out, 4, CENTRAL);
    put(out, 2, UNIX | (wide ? VERSION64 : VERSION));
    add_common(out, archive, entry, wide ? RECORD64 : 0);
    put(out, 6, 0); /* no comment, the first disk, no text */
    put(out, 4, mode << 16 | (entry->is_folder ? FOLDER_DOS : 0));
    put(out, 4, wide ? LARGE : archive->offset);
    add_name(out, entry);
    add_unix_time(out, entry->modified);
    if (wide) {
        put(out, 2, 1);
        put(out, 2, RECORD64 - 4);
        put(out, 16, 0);
        put(out, 8, archive->offset);
    }
}

int co_zip_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out)
{
    size_t before = out->size;
    archive->record = archive->directory.size;
    add_record(&archive->directory, archive, entry);
    if (archive->directory.error)
        return archive->directory.error;
    add_local(out, archive, entry);
    archive->packed = 0;
    archive->crc = 0;
    archive->count++;
    archive->offset += out->size - before;
    deflateReset(&archive->z);
    deflateParams(&archive->z, entry->deflates ? CO_GZIP_FAST : 0, Z_DEFAULT_STRATEGY);
    return out->error;
}

int co_zip_add(struct co_archive *archive, co_text bytes, bool last, struct co_buf *out)
{
    z_stream *z = &archive->z;
    assert(bytes.size <= UINT_MAX);
    if (bytes.size > 0)
        archive->crc = (uint32_t)crc32(archive->crc, (const Bytef *)bytes.at, (uInt)bytes.size);
    z->next_in = (Bytef *)(uintptr_t)bytes.at;
    z->avail_in = (uInt)bytes.size;
    int rc;
    do {
        char *room = co_buf_reserve(out, STEP);
        if (!room)
            return out->error;
        z->next_out = (Bytef *)room;
        z->avail_out = STEP;
        rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH); /* cannot fail, having room */
        out->size += STEP - z->avail_out;
        archive->packed += STEP - z->avail_out;
    } while (rc != Z_STREAM_END && z->avail_out == 0);
    return 0;
}

/* Sum and sizes of the entry, as they are now known. */
static void add_sizes(struct co_buf *out, const struct co_archive *archive, bool wide)
{
    size_t size = wide ? 8 : 4;
    put(out, 4, archive->crc);
    put(out, size, archive->packed);
    put(out, size, archive->taken);
}

/* Fills them into the directory. */
static void settle(struct co_archive *archive)
{
    char room[32];
    struct co_buf sizes = {.at = room, .room = sizeof room, .size_max = sizeof room};
    char *record = archive->directory.at + archive->record;
    char *end = archive->directory.at + archive->directory.size;
    bool wide = memcmp(record + SIZES_AT + 4, "\xff\xff\xff\xff", 4) == 0;
    if (!wide) {
        add_sizes(&sizes, archive, false);
        memcpy(record + SIZES_AT, room, sizes.size);
        return;
    }
    put(&sizes, 4, archive->crc);
    put(&sizes, 8, archive->taken); /* the field's order is another */
    put(&sizes, 8, archive->packed);
    memcpy(record + SIZES_AT, room, 4);
    memcpy(end - RECORD64 + 4, room + 4, 16);
}

int co_zip_end(struct co_archive *archive, struct co_buf *out)
{
    if (!has_content(archive))
        return 0;
    int rc = co_zip_add(archive, (co_text){0}, true, out);
    if (rc < 0)
        return rc;
    size_t before = out->size;
    put(out, 4, BEHIND);
    add_sizes(out, archive, is_large(archive));
    settle(archive);
    archive->offset += archive->packed + (out->size - before);
    return out->error;
}

/* ---- the end -------------------------------------------------------------------------------- */

static void add_end64(struct co_buf *out, const struct co_archive *archive)
{
    put(out, 4, END64);
    put(out, 8, 44); /* bytes of this record behind here */
    put(out, 2, UNIX | VERSION64);
    put(out, 2, VERSION64);
    put(out, 8, 0); /* the first disk is the only one */
    put(out, 8, archive->count);
    put(out, 8, archive->count);
    put(out, 8, archive->directory.size);
    put(out, 8, archive->offset);
    put(out, 4, LOCATOR64);
    put(out, 4, 0);
    put(out, 8, archive->offset + archive->directory.size);
    put(out, 4, 1);
}

static void add_end(struct co_buf *out, const struct co_archive *archive)
{
    uint64_t count = archive->count < UINT16_MAX ? archive->count : UINT16_MAX;
    uint64_t offset = archive->offset < LARGE ? archive->offset : LARGE;
    if (count == UINT16_MAX || offset == LARGE)
        add_end64(out, archive);
    put(out, 4, END);
    put(out, 4, 0);
    put(out, 2, count);
    put(out, 2, count);
    put(out, 4, archive->directory.size);
    put(out, 4, offset);
    put(out, 2, 0);
}

int co_zip_finish(struct co_archive *archive, size_t step, struct co_buf *out)
{
    co_text left = co_text_after(co_buf_text(&archive->directory), archive->finished);
    bool more = left.size > step;
    left.size = more ? step : left.size;
    co_buf_add_text(out, left);
    archive->finished += left.size;
    if (!more)
        add_end(out, archive);
    return out->error ? out->error : more;
}

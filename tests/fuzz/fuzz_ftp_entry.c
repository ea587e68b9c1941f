/* SPDX-License-Identifier: MIT */
/* Whatever a listing says, an entry's name is one component of a path, and its texts lie within the
 * line or the reader. The first byte says whether the lines are facts. */
#include "codec/ftp_entry.h"
#include "codec/ftp_entry_forms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1795833240 /* 2026-11-28T02:34:00Z */

static bool lies_in(co_text part, const char *at, size_t size)
{
    return part.size == 0 || (part.at >= at && part.at + part.size <= at + size);
}

static void check(
    const struct co_ftp_entry *entry, co_text line, const struct co_ftp_listing_reader *reader)
{
    assert(co_ftp_name_is_safe(entry->name) && entry->name.size > 0);
    for (size_t i = 0; i < entry->name.size; i++)
        assert(!strchr("/\r\n", entry->name.at[i]));
    assert(!co_text_equal(entry->name, CO_TEXT(".")) && !co_text_equal(entry->name, CO_TEXT("..")));
    assert(lies_in(entry->name, line.at, line.size) ||
           lies_in(entry->name, reader->name, sizeof reader->name));
    assert(lies_in(entry->target, line.at, line.size) && lies_in(entry->perm, line.at, line.size));
    assert(entry->type <= CO_FTP_OTHER && entry->mode <= 07777);
    assert(!entry->size_known || entry->size <= INT64_MAX);
    assert(entry->modified_within <= 86400);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct co_ftp_listing_reader reader;
    memset(&reader, 0, sizeof reader);
    reader.now = NOW;
    reader.facts = size > 0 && data[0] == 'f';
    co_text rest = co_text_after((co_text){(const char *)data, size}, 1);
    while (rest.size > 0) {
        ssize_t feed = co_text_find(rest, '\n');
        co_text line = {rest.at, feed < 0 ? rest.size : (size_t)feed};
        struct co_ftp_entry entry;
        if (co_ftp_listing_read(&reader, line, &entry))
            check(&entry, line, &reader);
        if (co_ftp_facts_read(line, &entry) == 0)
            assert(lies_in(entry.name, line.at, line.size) && entry.name.size > 0);
        rest = co_text_after(rest, line.size + 1);
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "coding/archive.h"

#include "coding/archive_format.h"

#include <errno.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 16384 /* far more than paths have, and less than either format's limit */

int co_archive_new(struct co_archive **ret, enum co_archive_kind kind)
{
    struct co_archive *archive = calloc(1, sizeof *archive);
    if (!archive)
        return -ENOMEM;
    archive->kind = kind;
    archive->directory = CO_BUF(CO_ARCHIVE_DIRECTORY_MAX);
    if (kind == CO_ARCHIVE_ZIP && co_zip_new(archive) < 0) {
        free(archive);
        return -ENOMEM;
    }
    *ret = archive;
    return 0;
}

void co_archive_free(struct co_archive *archive)
{
    if (!archive)
        return;
    if (archive->kind == CO_ARCHIVE_ZIP)
        deflateEnd(&archive->z);
    co_buf_free(&archive->directory);
    free(archive);
}

static bool is_safe_part(co_text part)
{
    return part.size > 0 && !co_text_equal(part, CO_TEXT(".")) &&
           !co_text_equal(part, CO_TEXT(".."));
}

/* Does the name stay beneath the folder that it is unpacked in, by all its parts? */
static bool is_safe(co_text name)
{
    if (name.size > NAME_MAX_BYTES || co_text_find(name, '\0') >= 0)
        return false;
    for (;;) {
        ssize_t slash = co_text_find(name, '/');
        co_text part = {name.at, slash < 0 ? name.size : (size_t)slash};
        if (!is_safe_part(part))
            return false;
        if (slash < 0)
            return true;
        name = co_text_after(name, part.size + 1);
    }
}

int co_archive_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out)
{
    if (!is_safe(entry->name))
        return CO_EINVALID;
    archive->entry = *entry;
    archive->entry.name = (co_text){0};
    if (entry->is_folder)
        archive->entry.size = 0;
    archive->taken = 0;
    return archive->kind == CO_ARCHIVE_TAR ? co_tar_begin(archive, entry, out)
                                           : co_zip_begin(archive, entry, out);
}

int co_archive_add(struct co_archive *archive, co_text bytes, struct co_buf *out)
{
    assert(bytes.size <= archive->entry.size - archive->taken);
    archive->taken += bytes.size;
    if (archive->kind == CO_ARCHIVE_ZIP)
        return co_zip_add(archive, bytes, false, out);
    co_buf_add_text(out, bytes);
    return out->error;
}

int co_archive_end(struct co_archive *archive, struct co_buf *out)
{
    return archive->kind == CO_ARCHIVE_TAR ? co_tar_end(archive, out) : co_zip_end(archive, out);
}

int co_archive_finish(struct co_archive *archive, size_t step, struct co_buf *out)
{
    return archive->kind == CO_ARCHIVE_TAR ? co_tar_finish(out) : co_zip_finish(archive, step, out);
}

/* SPDX-License-Identifier: MIT */
/* What the two formats of archive.h share: the archive's state. */
#ifndef CO_CODING_ARCHIVE_FORMAT_H
#define CO_CODING_ARCHIVE_FORMAT_H

#include "coding/archive.h"

#include <zlib.h>

struct co_archive {
    enum co_archive_kind kind;
    struct co_archive_entry entry; /* the current one; its name is gone after its begin */
    uint64_t taken;                /* bytes of its content so far */
    /* of a zip */
    z_stream z;
    uint64_t offset; /* bytes that went out before the current entry */
    uint64_t packed; /* bytes of the current entry's content that went out */
    uint64_t count;
    uint32_t crc;
    struct co_buf directory;
    size_t record;   /* where the current entry's begins in it */
    size_t finished; /* bytes of it that went out */
};

int co_tar_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out);
int co_tar_end(struct co_archive *archive, struct co_buf *out);
int co_tar_finish(struct co_buf *out);

int co_zip_new(struct co_archive *archive);
int co_zip_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out);
int co_zip_add(struct co_archive *archive, co_text bytes, bool last, struct co_buf *out);
int co_zip_end(struct co_archive *archive, struct co_buf *out);
int co_zip_finish(struct co_archive *archive, size_t step, struct co_buf *out);

#endif

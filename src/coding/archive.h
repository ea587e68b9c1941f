/* SPDX-License-Identifier: MIT */
/*
 * Archives made while they are read: tar (POSIX.1-2017 pax, 4.2 "ustar" with extended headers) and
 * zip (PKWARE's APPNOTE 6.3), entry by entry: bytes in, bytes out, nothing waits.
 *
 * Nothing need be known of an entry before its turn but its size, and memory does not grow with
 * what is packed; but for the directory that ends a zip, which has a ceiling.
 */
#ifndef CO_CODING_ARCHIVE_H
#define CO_CODING_ARCHIVE_H

#include "base/buf.h"

/* Bytes of a zip's directory, which is kept until the end: 150,000 names of usual length. */
#define CO_ARCHIVE_DIRECTORY_MAX (16u << 20)

enum co_archive_kind {
    CO_ARCHIVE_TAR,
    CO_ARCHIVE_ZIP,
};

struct co_archive_entry {
    co_text name;     /* relative, of "/"-separated names; a folder's without slash at its end */
    uint64_t size;    /* of a file */
    int64_t modified; /* seconds since 1970 */
    unsigned mode;    /* permission bits */
    bool is_folder;
    bool is_utf8;  /* the name */
    bool deflates; /* a file worth compressing, where the format does that itself */
};

struct co_archive;

/* 0 or -ENOMEM (zip takes a quarter of a MiB). */
int co_archive_new(struct co_archive **ret, enum co_archive_kind kind);
void co_archive_free(struct co_archive *archive);

/*
 * The calls below append to `out`, whose error is returned, as are 0 and -ENOMEM.
 *
 * Begins an entry. CO_EINVALID for a name that could lead out of where the archive is unpacked
 * (absolute, with an empty, "." or ".." part, or a NUL), or is longer than the format allows. What
 * Windows would take for a slash is '_' in a zip. CO_ETOOBIG: the directory is full.
 */
int co_archive_begin(
    struct co_archive *archive, const struct co_archive_entry *entry, struct co_buf *out);

/* The next bytes of the file, in all no more than its size. */
int co_archive_add(struct co_archive *archive, co_text bytes, struct co_buf *out);

/* Ends the entry. CO_EEOF when a tar's file was shorter than it was said to be: no archive can
 * come of it. A zip says what there was. */
int co_archive_end(struct co_archive *archive, struct co_buf *out);

/* Ends the archive, some `step` bytes at a time. 1: call again, 0: done. */
int co_archive_finish(struct co_archive *archive, size_t step, struct co_buf *out);

#endif

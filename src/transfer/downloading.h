/* SPDX-License-Identifier: MIT */
/* What the rooms of downloads share: download.c gets a file from its beginning to its end,
 * segments.c in parts at once, download_ftp.c over FTP. */
#ifndef CO_TRANSFER_DOWNLOADING_H
#define CO_TRANSFER_DOWNLOADING_H

#include "base/buf.h"
#include "transfer/download.h"
#include "tree/upload.h"

struct co_version {
    struct co_buf name; /* URL, validator and length: whose the partial file is; empty: nobody's */
    co_text validator;  /* for If-Range, within the name */
    int64_t size;
    int64_t modified; /* seconds since 1970; CO_DOWNLOAD_NO_TIME: not told */
};

/* The file that is here. */
struct co_download_local {
    bool exists;
    uint64_t size;
    int64_t modified;
};

/* May its name be taken? 0, -EEXIST, -errno. Suspends. */
int co_download_look(const struct co_download *download, struct co_download_local *ret);

/* Is that the one of this time and size, or as new, if that matters? */
bool co_download_is_here(const struct co_download *download, const struct co_download_local *local,
    int64_t modified, int64_t size);

/* Opens the file for what comes from `offset` on. Suspends. */
int co_download_open(const struct co_download *download, const struct co_version *version,
    uint64_t offset, struct co_upload **ret);

/* The time that the file is to get. False: that of its last write. */
bool co_download_time(
    const struct co_download *download, const struct co_version *version, int64_t *ret_ns);

/* Lets the file have it. */
void co_download_date(
    const struct co_download *download, const struct co_version *version, struct co_upload *file);

/* May it have the name of a file that is there? */
bool co_download_replaces(const struct co_download *download);

/* Is the whole file what it must be? 0; as co_checksum_verify. Suspends. */
int co_download_verify(const struct co_download *download, const struct co_upload *file);

void co_download_tell(
    const struct co_download *download, uint64_t bytes, uint64_t resumed, int64_t size);

#define CO_DOWNLOAD_AT_ONCE_MAX (64U << 10) /* bytes: what one look at a connection can bring */

/* Is it small enough for that? */
static inline bool co_download_may_come_at_once(const struct co_version *version)
{
    return version->size >= 0 && version->size <= CO_DOWNLOAD_AT_ONCE_MAX;
}

/* Makes the file of the response's body if all of that is here, and small; nothing has its name. 0;
 * 1 when it is to be stored as others are, and then `first` has the bytes that were taken of the
 * body; first's error; as co_upload_whole. */
int co_download_at_once(const struct co_download *download, const struct co_version *version,
    co_http_response *response, struct co_buf *first);

/* ---- in segments ---------------------------------------------------------------------------- */

struct co_download_span {
    uint64_t at, end; /* what is missing: from at on, up to end */
};

/* One of the parts of a file that are got at once. */
struct co_download_part {
    struct co_download_parts *parts;
    const struct co_upload *file; /* where they lie */
    uint64_t start;               /* of its bytes; those before missing->at are here */
    struct co_download_span *missing;
};

/* Stores the next bytes of a part, as many as it lacks. 0; 1 once it has all; as co_upload_write_at
 * and _sync. Suspends. */
int co_download_part_take(struct co_download_part *part, const void *bytes, size_t size);

#define CO_DOWNLOAD_WHOLE 2 /* it has to be got as a whole, asked for anew */

/* Where parts come from. */
struct co_download_source {
    /* Brings what is missing of it to co_download_part_take, in its order. 0; CO_DOWNLOAD_WHOLE
     * when the server gives no parts, CO_ECHANGED when what has come is of no use any more; as
     * co_download_run. Several at once. Suspends. */
    int (*bring)(void *arg, struct co_download_part *part);
    /* All has come: is it one version? NULL: each answer has told it. 0; CO_ECHANGED; as
     * co_download_run. Suspends. */
    int (*check)(void *arg, const struct co_download_part *parts, size_t count);
    void *arg;
};

/* Asks for the bytes from range[0] to range[1] of that version over HTTP. 0; CO_DOWNLOAD_WHOLE when
 * the server gives none, or none that shows its version; CO_ECHANGED when it has another one;
 * CO_ESTATUS; as co_http_fetch. Suspends. */
int co_download_ask_for_part(struct co_download *download, const struct co_version *version,
    const uint64_t range[2], co_http_response **ret);

/* As co_download_segments, over HTTP. The response has told the version; it is gone, and NULL,
 * where it was of use. Suspends. */
int co_download_in_parts(
    struct co_download *download, const struct co_version *version, co_http_response **response);

/* Can it be that there are segments, or will be? */
bool co_download_may_segment(const struct co_download *download, const struct co_version *version);

/* Gets it in segments, if that is wanted and can be, or was begun so. 0; 1 when it is to be got as
 * a whole; CO_DOWNLOAD_WHOLE when likewise, but asked for anew, as the source is; as
 * co_download_run. */
int co_download_segments(struct co_download *download, const struct co_version *version,
    const struct co_download_source *source);

#endif

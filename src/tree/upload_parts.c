/* SPDX-License-Identifier: MIT */
/* The part of upload.h for parts in any order. */
#include "tree/uploading.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

struct part {
    struct co_upload *upload;
    const void *bytes;
    size_t size;
    uint64_t offset;
};

static int resize(void *arg)
{
    struct part *part = arg;
    struct co_upload *upload = part->upload;
    if (part->offset <= upload->size)
        return co_upload_cut(upload, part->offset);
    int rc = co_quota_take_beyond(
        upload->place.tree->quota, part->offset - upload->size, upload->beyond);
    if (rc == 0 && ftruncate(upload->fd, (off_t)part->offset) < 0) {
        rc = -errno;
        co_quota_give(upload->place.tree->quota, part->offset - upload->size);
    }
    if (rc == 0)
        upload->size = part->offset;
    return rc;
}

int co_upload_resize(struct co_upload *upload, uint64_t size)
{
    struct part part = {.upload = upload, .offset = size};
    if (size > upload->size_max)
        return -EFBIG;
    return co_lookup_offload(resize, &part);
}

static int write_part(void *arg)
{
    struct part *part = arg;
    while (part->size > 0) {
        ssize_t n = pwrite(part->upload->fd, part->bytes, part->size, (off_t)part->offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        part->bytes = (const char *)part->bytes + n;
        part->size -= (size_t)n;
        part->offset += (uint64_t)n;
    }
    return 0;
}

/* Where the file system can tell that it need not wait, here; else by the pool. */
int co_upload_write_at(struct co_upload *upload, const void *bytes, size_t size, uint64_t offset)
{
    struct part part = {upload, bytes, size, offset};
    const struct iovec piece = {(void *)(uintptr_t)bytes, size};
    if (size > upload->size || offset > upload->size - size)
        return -EINVAL;
    ssize_t n =
        co_lookup_may_wait() ? 0 : pwritev2(upload->fd, &piece, 1, (off_t)offset, RWF_NOWAIT);
    if (n > 0) {
        part.bytes = (const char *)bytes + n;
        part.size -= (size_t)n;
        part.offset += (uint64_t)n;
    }
    return part.size > 0 ? co_lookup_offload(write_part, &part) : 0;
}

ssize_t co_upload_read_at(
    const struct co_upload *upload, void *ret_bytes, size_t size, uint64_t offset)
{
    return co_tree_read(upload->fd, ret_bytes, size, offset);
}

static int sync_bytes(void *arg)
{
    struct part *part = arg;
    return fsync(part->upload->fd) < 0 ? -errno : 0;
}

int co_upload_sync(struct co_upload *upload)
{
    struct part part = {.upload = upload};
    return co_lookup_offload(sync_bytes, &part);
}

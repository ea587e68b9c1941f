/* SPDX-License-Identifier: MIT */
#include "transfer/local_file.h"

#include "base/map.h"

#include <errno.h>
#include <stdio.h>

/* Nobody else's names are hashed by these: they only have to be two. */
static const uint64_t keys[2][2] = {{1, 2}, {3, 4}};

static void write_version(struct co_local_file *file)
{
    const struct co_file_identity *identity = &file->identity;
    const uint64_t all[] = {identity->size, identity->inode, identity->device,
        (uint64_t)identity->modified_ns, (uint64_t)identity->changed_ns};
    snprintf(file->version, sizeof file->version, "%016llx%016llx",
        (unsigned long long)co_siphash(keys[0], all, sizeof all),
        (unsigned long long)co_siphash(keys[1], all, sizeof all));
}

static int look(struct co_local_file *file)
{
    int rc = co_file_identify(file->fd, &file->identity);
    if (rc == 0)
        write_version(file);
    return rc;
}

int co_local_file_take(struct co_local_file *file, int fd)
{
    *file = (struct co_local_file){.fd = fd, .owned = true};
    int rc = look(file);
    if (rc == 0 && !file->identity.is_regular)
        rc = co_fail(-EINVAL, "it is neither a file nor a link to one");
    if (rc < 0)
        co_local_file_close(file);
    return rc;
}

/* Does it have bytes where it tells of none, as /proc's files do? Then only its end tells. */
static bool is_of_unknown_size(const struct co_local_file *file)
{
    uint8_t first;
    return file->identity.size == 0 && co_file_read_at(file->fd, &first, sizeof first, 0) > 0;
}

int co_local_file_open(struct co_local_file *file, const char *path)
{
    int fd;
    if (strcmp(path, "-") == 0) {
        *file = (struct co_local_file){.fd = 0};
        return look(file);
    }
    int rc = co_file_open(path, &fd);
    if (rc == 0)
        rc = co_local_file_take(file, fd);
    if (rc == 0 && is_of_unknown_size(file))
        file->identity.is_regular = false;
    return rc;
}

void co_local_file_close(struct co_local_file *file)
{
    if (file->owned)
        co_file_close(file->fd);
    file->owned = false;
}

int64_t co_local_file_size(const struct co_local_file *file)
{
    return file->identity.is_regular ? (int64_t)file->identity.size : -1;
}

int64_t co_local_file_changed(const struct co_local_file *file)
{
    const struct co_file_identity *identity = &file->identity;
    return co_seconds_of_ns(identity->modified_ns > identity->changed_ns ? identity->modified_ns
                                                                         : identity->changed_ns);
}

static bool has_changed(const struct co_local_file *file)
{
    struct co_file_identity now;
    const struct co_file_identity *then = &file->identity;
    return co_file_identify(file->fd, &now) < 0 || now.size != then->size ||
           now.modified_ns != then->modified_ns || now.changed_ns != then->changed_ns;
}

ssize_t co_local_file_read(
    const struct co_local_file *file, void *ret_bytes, size_t size, uint64_t offset)
{
    if (!file->identity.is_regular)
        return co_file_read_next(file->fd, ret_bytes, size);
    ssize_t n = co_file_read_at(file->fd, ret_bytes, size, offset);
    bool is_last = n >= 0 && offset + (uint64_t)n >= file->identity.size;
    if ((n == 0 && offset < file->identity.size) || (is_last && has_changed(file)))
        return co_fail(-ESTALE, "it changed while it was sent");
    return n;
}

/* SPDX-License-Identifier: MIT */
/* What a mirror's rooms share: mirror.c goes through the folders, mirror_file.c has what happens to
 * a file. */
#ifndef CO_TRANSFER_MIRRORING_H
#define CO_TRANSFER_MIRRORING_H

#include "coronet/fiber.h"
#include "transfer/local_name.h"
#include "transfer/mirror.h"
#include "transfer/mirror_folder.h"
#include "transfer/pending.h"

#include <errno.h>

#define CO_MIRROR_PATH_ROOM (CO_PENDING_PATH_MAX + CO_LOCAL_NAME_MAX + 2)

struct co_mirror_walk {
    struct co_mirror *mirror;
    co_group jobs;
    struct co_pending pending;
    struct co_buf path; /* of the folder that is looked at */
    struct co_lineage lineage;
    struct co_folder from, to;
    size_t index;          /* of the next file */
    struct co_crowd crowd; /* of those that come down */
};

/* Does the answer mean that there is no such thing? */
static inline bool co_mirror_is_absent(int rc, int status)
{
    return rc == -ENOENT || (rc == CO_ESTATUS && status == 404);
}

/* Asks the other side, and again where that may help: see co_job_insist. */
int co_mirror_insist(struct co_mirror_walk *walk, const char *what,
    int (*attempt)(void *arg, unsigned nth, int *ret_status, bool *ret_final), void *arg,
    int *ret_status);

/* Makes a file as it is on the other side, by a fiber of its own: waits until one of them is free.
 * to: what is there; NULL: nothing. Negative only when nothing more can be done. */
int co_mirror_begin_file(struct co_mirror_walk *walk, const struct co_remote_entry *from,
    const struct co_remote_entry *to);

#endif

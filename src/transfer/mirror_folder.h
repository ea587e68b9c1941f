/* SPDX-License-Identifier: MIT */
/* What a folder holds, all of it at once, with a look-up by name: both sides of a mirror have to be
 * known before anything is done. Bounded; a folder beyond the bounds fails. */
#ifndef CO_TRANSFER_MIRROR_FOLDER_H
#define CO_TRANSFER_MIRROR_FOLDER_H

#include "base/map.h"
#include "transfer/remote.h"

#define CO_FOLDER_ENTRIES_MAX 1000000
#define CO_FOLDER_NAMES_MAX   (128U << 20) /* bytes */

struct co_folder {
    struct co_remote_entry *entries; /* count of them, no name twice */
    size_t count;
    bool is_whole;
    size_t refused;
    /* The rest is private. */
    struct co_buf room, names;
    struct co_map map;
};

/* Lists. Suspends. As the kind's list; CO_ETOOBIG. Close it in any case. */
int co_folder_list(
    struct co_folder *folder, struct co_remote *remote, co_text path, int *ret_status);
void co_folder_close(struct co_folder *folder);

/* NULL: there is none of that name. */
const struct co_remote_entry *co_folder_find(const struct co_folder *folder, co_text name);

#endif

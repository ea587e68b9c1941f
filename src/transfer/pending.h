/* SPDX-License-Identifier: MIT */
/* The folders of a tree that are still to be looked at: a stack, so that a walk needs no recursion
 * and little memory, however the tree is shaped. */
#ifndef CO_TRANSFER_PENDING_H
#define CO_TRANSFER_PENDING_H

#include "base/buf.h"

#define CO_PENDING_DEPTH_MAX 64          /* levels: a folder that holds itself is no deeper */
#define CO_PENDING_BYTES_MAX (64U << 20) /* of all paths that wait */
#define CO_PENDING_PATH_MAX  4095        /* bytes: what the kernel takes */

/* Which folders a folder is and lies in, as far as its server tells them apart. */
struct co_lineage {
    uint64_t of[CO_PENDING_DEPTH_MAX];
    unsigned count;
};

struct co_pending {
    struct co_buf paths;    /* each ended by a NUL */
    struct co_buf lineages; /* of each its identities, and how many those are */
};

#define CO_PENDING ((struct co_pending){CO_BUF(CO_PENDING_BYTES_MAX), CO_BUF(CO_PENDING_BYTES_MAX)})

/* Adds name, a folder within parent ("": the root). 0; CO_ETOOBIG when it is too deep, too long, or
 * too many wait; -ENOMEM. */
int co_pending_add(struct co_pending *pending, co_text parent, co_text name);

/* The same, or -ELOOP when the folder is one of those that it lies in, as a link can be: no way
 * through it ends. Says in words what is wrong. above: of its parent, or NULL. identity: the
 * folder's; 0: not told. */
int co_pending_enter(struct co_pending *pending, co_text parent, co_text name,
    const struct co_lineage *above, uint64_t identity);

/* Takes the latest, replacing ret_path, which is ended by a NUL that its size does not count, and
 * ret_lineage, unless that is NULL. False when there is none. */
bool co_pending_take(
    struct co_pending *pending, struct co_buf *ret_path, struct co_lineage *ret_lineage);

void co_pending_free(struct co_pending *pending);

/* Appends parent, a slash where it is needed, and name; ended by a NUL that the size does not
 * count. */
int co_path_join(struct co_buf *out, co_text parent, co_text name);

#endif

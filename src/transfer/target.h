/* SPDX-License-Identifier: MIT */
/* The folder here that files go to, or come from. */
#ifndef CO_TRANSFER_TARGET_H
#define CO_TRANSFER_TARGET_H

#include "tree/tree.h"

struct co_target {
    struct co_tree *tree;
    const char *path; /* borrowed */
    bool is_made;     /* by us, as it was missing */
};

/* makes: a folder that is missing is made, its parent is not. Suspends then. 0; the failure, with
 * detail for co_explain. */
int co_target_open(struct co_target *ret, const char *path, bool makes);

/* A folder that was made goes again, unless something lies in it or `keep`; also where the run was
 * cancelled. Suspends then. What is not open is let be. */
void co_target_close(struct co_target *target, bool keep);

#endif

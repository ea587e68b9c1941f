/* SPDX-License-Identifier: MIT */
#include "transfer/target.h"

#include "coronet/fiber.h"
#include "net/fail.h"
#include "runtime/file.h"

#include <errno.h>

#define GRACE_MS 5000 /* to take the folder back when the run was cancelled */

int co_target_open(struct co_target *ret, const char *path, bool makes)
{
    /* Dot files are files: what is taken or brought is all of it. */
    static const struct co_tree_options whole = {
        .hidden = true, .rights = CO_MAY_ALL, .at_once = true};
    *ret = (struct co_target){.path = path};
    int rc = co_tree_open(&ret->tree, path, &whole);
    if (rc == -ENOENT && makes) {
        rc = co_file_make_folder(path);
        ret->is_made = rc == 0;
        if (rc == 0)
            rc = co_tree_open(&ret->tree, path, &whole);
    }
    return rc < 0 ? co_fail_at(rc, "open", path, NULL, "") : 0;
}

void co_target_close(struct co_target *target, bool keep)
{
    co_scope grace;
    co_tree_free(target->tree);
    target->tree = NULL;
    if (!target->is_made || keep)
        return;
    co_scope_shield(&grace, GRACE_MS);
    (void)co_file_remove_folder(target->path);
    (void)co_scope_close(&grace);
}

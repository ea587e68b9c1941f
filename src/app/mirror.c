/* SPDX-License-Identifier: MIT */
#include "app/mirror.h"

#include "coronet/fiber.h"
#include "net/fail.h"
#include "runtime/file.h"

#include <errno.h>

#define GRACE_MS 5000 /* to take the folder back when the run was cancelled */

/* Dot files are files: what is mirrored is all of it. */
static const struct co_tree_options whole = {.hidden = true, .rights = CO_MAY_ALL, .at_once = true};

static int open_folder(struct co_mirror_settings *settings, bool *ret_made)
{
    struct co_mirror *mirror = &settings->mirror;
    int rc = co_tree_open(&mirror->tree, settings->folder, &whole);
    if (rc == -ENOENT && !mirror->is_upload && !mirror->dry_run) {
        rc = co_file_make_folder(settings->folder);
        *ret_made = rc == 0;
        if (rc == 0)
            rc = co_tree_open(&mirror->tree, settings->folder, &whole);
    }
    return rc < 0 ? co_fail_at(rc, "open", settings->folder, NULL, "") : 0;
}

static int run(struct co_mirror_settings *settings)
{
    struct co_mirror *mirror = &settings->mirror;
    struct co_remote *here = NULL, *there = NULL;
    int rc = co_remote_local_open(&here, mirror->tree);
    if (rc == 0)
        rc = co_remote_open(&there, &settings->remote);
    if (rc == 0) {
        mirror->from = mirror->is_upload ? here : there;
        mirror->to = mirror->is_upload ? there : here;
        rc = co_mirror_run(mirror);
    }
    co_remote_close(here);
    co_remote_close(there);
    return rc;
}

/* Also where the run was cancelled. Whatever else has come to lie in it keeps it. */
static void remove_folder(const struct co_mirror_settings *settings)
{
    co_scope grace;
    co_scope_shield(&grace, GRACE_MS);
    (void)co_file_remove_folder(settings->folder);
    (void)co_scope_close(&grace);
}

int co_app_mirror(struct co_mirror_settings *settings)
{
    struct co_mirror *mirror = &settings->mirror;
    struct co_means means;
    bool made = false;
    int rc = open_folder(settings, &made);
    if (rc < 0)
        return rc;
    rc = co_means_open(&means, &settings->means);
    co_means_offer(&means, &settings->remote);
    if (rc == 0)
        rc = run(settings);
    co_means_close(&means);
    co_tree_free(mirror->tree);
    if (made && !mirror->is_begun)
        remove_folder(settings);
    return rc;
}

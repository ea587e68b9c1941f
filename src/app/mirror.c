/* SPDX-License-Identifier: MIT */
#include "app/mirror.h"

#include "net/fail.h"
#include "runtime/file.h"

#include <errno.h>

/* Dot files are files: what is mirrored is all of it. */
static const struct co_tree_options whole = {.hidden = true, .rights = CO_MAY_ALL, .at_once = true};

static int open_folder(struct co_mirror_settings *settings)
{
    struct co_mirror *mirror = &settings->mirror;
    int rc = co_tree_open(&mirror->tree, settings->folder, &whole);
    if (rc == -ENOENT && !mirror->is_upload && !mirror->dry_run) {
        rc = co_file_make_folder(settings->folder);
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

int co_app_mirror(struct co_mirror_settings *settings)
{
    struct co_mirror *mirror = &settings->mirror;
    struct co_means means;
    int rc = open_folder(settings);
    if (rc < 0)
        return rc;
    rc = co_means_open(&means, &settings->means);
    co_means_offer(&means, &settings->remote);
    if (rc == 0)
        rc = run(settings);
    co_means_close(&means);
    co_tree_free(mirror->tree);
    return rc;
}

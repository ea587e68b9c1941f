/* SPDX-License-Identifier: MIT */
#include "app/mirror.h"

#include "transfer/target.h"

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
    struct co_target target;
    struct co_means means;
    int rc = co_target_open(&target, settings->folder, !mirror->is_upload && !mirror->dry_run);
    if (rc < 0)
        return rc;
    mirror->tree = target.tree;
    rc = co_means_open(&means, &settings->means);
    co_means_offer(&means, &settings->remote);
    if (rc == 0)
        rc = run(settings);
    co_means_close(&means);
    co_target_close(&target, mirror->is_begun);
    return rc;
}

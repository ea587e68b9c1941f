/* SPDX-License-Identifier: MIT */
/* Which backend a runtime uses: the one asked for, or the best that the kernel grants. */
#include "runtime/backend.h"
#include "runtime/rt.h"

#include <errno.h>
#include <stdlib.h>

/* In order of preference; a simulated one is used only when asked for by name. */
static const struct co_backend *const backends[] = {
    &co_backend_uring,
    &co_backend_epoll,
    &co_backend_virtual,
};

static int backend_open(struct co_rt *rt, const struct co_backend *backend)
{
    rt->backend = backend;
    return backend->open(rt);
}

static int backend_named(struct co_rt *rt, const char *name)
{
    for (size_t i = 0; i < CO_LENGTH(backends); i++)
        if (strcmp(backends[i]->name, name) == 0)
            return backend_open(rt, backends[i]);
    return -EINVAL;
}

static bool is_auto(const char *name)
{
    return !name || !*name || strcmp(name, "auto") == 0;
}

int co_backend_choose(struct co_rt *rt)
{
    const char *name = rt->options->backend;
    if (is_auto(name))
        name = getenv("CORONET_BACKEND");
    if (!is_auto(name))
        return backend_named(rt, name);
    int rc = -ENOSYS;
    for (size_t i = 0; i < CO_LENGTH(backends) && rc == -ENOSYS; i++) {
        if (backends[i]->is_virtual)
            continue;
        if (i > 0 && rt->options->warn)
            rt->options->warn(rt->options->warn_arg, "io_uring is not available, using epoll");
        rc = backend_open(rt, backends[i]);
    }
    return rc;
}

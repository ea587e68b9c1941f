/* SPDX-License-Identifier: MIT */
/* Which backend a runtime uses: the one asked for, or the best that the kernel grants. */
#include "base/error.h"
#include "runtime/backend.h"
#include "runtime/fiber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Why the backend that was tried is not to be had. */
static const char *reason(const struct co_rt *rt, int rc)
{
    return co_error_sentence(rt->uring_refusal < 0 ? rt->uring_refusal : rc);
}

/* Who asks for one by name gets no other in its stead. */
static int backend_asked_for(struct co_rt *rt, const char *name)
{
    char text[128];
    int rc = backend_named(rt, name);
    if (rc < 0) {
        snprintf(text, sizeof text, "the backend %.20s is not to be had: %s", name, reason(rt, rc));
        co_detail_set(&rt->exit_detail, rc, text);
    }
    return rc;
}

static void warn_of_epoll(const struct co_rt *rt, int rc)
{
    char text[128];
    if (!rt->options->warn)
        return;
    snprintf(text, sizeof text, "io_uring is not available (%s), using epoll", reason(rt, rc));
    rt->options->warn(rt->options->warn_arg, text);
}

int co_backend_choose(struct co_rt *rt)
{
    const char *name = rt->options->backend;
    if (is_auto(name))
        name = getenv("CORONET_BACKEND");
    if (!is_auto(name))
        return backend_asked_for(rt, name);
    int rc = backend_open(rt, &co_backend_uring);
    if (rc != -ENOSYS)
        return rc;
    warn_of_epoll(rt, rc);
    return backend_open(rt, &co_backend_epoll);
}

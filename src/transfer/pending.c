/* SPDX-License-Identifier: MIT */
#include "transfer/pending.h"

static unsigned depth_of(co_text path)
{
    unsigned depth = 1;
    for (size_t i = 0; i < path.size; i++)
        depth += path.at[i] == '/';
    return depth;
}

int co_path_join(struct co_buf *out, co_text parent, co_text name)
{
    co_buf_add_text(out, parent);
    if (parent.size > 0 && name.size > 0)
        co_buf_add_char(out, '/');
    co_buf_add_text(out, name);
    co_buf_add_char(out, '\0');
    if (!out->error)
        out->size--;
    return out->error;
}

int co_pending_add(struct co_pending *pending, co_text parent, co_text name)
{
    struct co_buf *paths = &pending->paths;
    if (parent.size + 1 + name.size > CO_PENDING_PATH_MAX ||
        depth_of(parent) >= CO_PENDING_DEPTH_MAX)
        return CO_ETOOBIG;
    if (paths->size + parent.size + name.size + 2 > paths->size_max)
        return CO_ETOOBIG; /* and those that wait stay */
    co_path_join(paths, parent, name);
    co_buf_add_char(paths, '\0');
    return paths->error;
}

bool co_pending_take(struct co_pending *pending, struct co_buf *ret_path)
{
    struct co_buf *paths = &pending->paths;
    if (paths->size == 0)
        return false;
    size_t at = --paths->size;
    while (at > 0 && paths->at[at - 1] != '\0')
        at--;
    co_buf_clear(ret_path);
    co_path_join(ret_path, (co_text){0}, (co_text){paths->at + at, paths->size - at});
    paths->size = at;
    return !ret_path->error;
}

void co_pending_free(struct co_pending *pending)
{
    co_buf_free(&pending->paths);
}

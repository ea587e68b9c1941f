/* SPDX-License-Identifier: MIT */
#include "transfer/pending.h"

#include <errno.h>

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

static bool holds(const struct co_lineage *lineage, uint64_t identity)
{
    for (unsigned i = 0; i < lineage->count; i++)
        if (lineage->of[i] == identity)
            return true;
    return false;
}

/* That of a folder with this identity below. */
static int add_lineage(struct co_buf *lineages, const struct co_lineage *above, uint64_t identity)
{
    unsigned count = above->count;
    co_buf_add(lineages, above->of, count * sizeof above->of[0]);
    if (identity != 0 && count < CO_PENDING_DEPTH_MAX) {
        co_buf_add(lineages, &identity, sizeof identity);
        count++;
    }
    co_buf_add(lineages, &count, sizeof count);
    return lineages->error;
}

static void take_lineage(struct co_buf *lineages, struct co_lineage *ret)
{
    unsigned count;
    lineages->size -= sizeof count;
    memcpy(&count, lineages->at + lineages->size, sizeof count);
    lineages->size -= count * sizeof ret->of[0];
    if (!ret)
        return;
    ret->count = count;
    memcpy(ret->of, lineages->at + lineages->size, count * sizeof ret->of[0]);
}

static int add(struct co_pending *pending, co_text parent, co_text name,
    const struct co_lineage *above, uint64_t identity)
{
    struct co_buf *paths = &pending->paths, *lineages = &pending->lineages;
    if (parent.size + 1 + name.size > CO_PENDING_PATH_MAX ||
        depth_of(parent) >= CO_PENDING_DEPTH_MAX)
        return CO_ETOOBIG;
    if (paths->size + parent.size + name.size + 2 > paths->size_max ||
        lineages->size + sizeof *above > lineages->size_max)
        return CO_ETOOBIG; /* and those that wait stay */
    co_path_join(paths, parent, name);
    co_buf_add_char(paths, '\0');
    return paths->error ? paths->error : add_lineage(lineages, above, identity);
}

static const struct co_lineage none;

int co_pending_add(struct co_pending *pending, co_text parent, co_text name)
{
    return add(pending, parent, name, &none, 0);
}

int co_pending_enter(struct co_pending *pending, co_text parent, co_text name,
    const struct co_lineage *above, uint64_t identity)
{
    if (!above)
        above = &none;
    if (holds(above, identity))
        return co_fail(-ELOOP, "it is a link to a folder that it lies in");
    int rc = add(pending, parent, name, above, identity);
    return rc == CO_ETOOBIG ? co_fail(rc, "it lies too deep, or too many folders wait") : rc;
}

bool co_pending_take(
    struct co_pending *pending, struct co_buf *ret_path, struct co_lineage *ret_lineage)
{
    struct co_buf *paths = &pending->paths;
    if (paths->size == 0 || pending->lineages.error)
        return false;
    size_t at = --paths->size;
    while (at > 0 && paths->at[at - 1] != '\0')
        at--;
    co_buf_clear(ret_path);
    co_path_join(ret_path, (co_text){0}, (co_text){paths->at + at, paths->size - at});
    paths->size = at;
    take_lineage(&pending->lineages, ret_lineage);
    return !ret_path->error;
}

void co_pending_free(struct co_pending *pending)
{
    co_buf_free(&pending->paths);
    co_buf_free(&pending->lineages);
}
